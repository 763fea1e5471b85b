"""Asks the City's own model server about comments before they are judged, and tells when it does not answer.

The network is never asked while a transaction is open. Whatever goes wrong, the comments are judged without scores: a
score may put a question to a person and no more, so its absence hides nothing and only leaves a question unasked.
An outage is told once, and each failed call is on record (P11); how long to wait after it is read from that record,
so that neither a dead server nor a restart of the program holds up judging.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from archive import ledger, records
from archive.ledger import DAEMON
from bot.alarms import alarm
from bot.domain.schedule import retry_at
from bot.domain.types import Speaker
from bot.log import logger
from connectors.contract import ConnectorError
from rules.context import ModelScore

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from archive.cases import Case
    from archive.database import Tx
    from archive.ledger import Entry
    from archive.stored import Json
    from bot.domain.types import Ref
    from bot.parts import Parts
    from connectors.moderation import ModerationServer

SERVER = "server"
"""The name under which rules find the scores of the City's own server."""

_FAILED, _ANSWERS = "moderation.failed", "moderation.answers"

log = logger("scoring")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What the server said of wordings, and what went wrong with the rest. `before` is the outage that it was in."""

    scores: Mapping[tuple[Ref, str], ModelScore] = field(default_factory=dict)
    failed: str | None = None
    without: int = 0
    before: Entry | None = None

    def of(self, case: Case) -> Mapping[str, ModelScore]:
        """Give the scores of a case's present wording, as rules look for them."""
        score = self.scores.get((case.ref, case.revision))
        return {} if score is None else {SERVER: score}


def ask(parts: Parts, server: ModerationServer, standing: Iterable[Case], now: datetime) -> Scored:
    """Ask about what the public wrote. Raises nothing that a server does; opens no transaction that it keeps."""
    with parts.database.read() as tx:
        before = _outage(tx)
        texts = {
            (case.ref, case.revision): comment.text
            for case in standing
            if (comment := records.comment(tx, case.ref, case.revision)).speaker is Speaker.PUBLIC
            and comment.text.strip()
        }
    if not texts or (before is not None and now < retry_at(_failures(before), before.at)):
        return Scored(before=before)
    scores: dict[tuple[Ref, str], ModelScore] = {}
    failed = None
    try:
        for name, said in zip(texts, server.scores(list(texts.values())), strict=False):
            scores[name] = ModelScore(model=server.model, version=said.version, categories=said.categories)
    except ConnectorError as error:
        failed = f"{type(error).__name__}: {error}"
    return Scored(scores=scores, failed=failed, without=len(texts) - len(scores), before=before)


def tell(parts: Parts, tx: Tx, scored: Scored, now: datetime) -> None:
    """Write down that the server failed, or answers again; call on-call staff when an outage begins."""
    if scored.failed is None:
        if scored.before is not None and scored.scores:
            since = str(scored.before.detail["since"])
            why = f"comments that were judged since {since} may have been judged without its scores"
            ledger.append(tx, kind=_ANSWERS, ref=None, agent=DAEMON, at=now, detail={"since": since, "why": why})
        return
    failures = 1 + (_failures(scored.before) if scored.before else 0)
    since = str(scored.before.detail["since"]) if scored.before else f"{now:%Y-%m-%d %H:%M:%S} UTC"
    detail: dict[str, Json] = {"why": scored.failed, "comments": scored.without, "failures": failures, "since": since}
    ledger.append(tx, kind=_FAILED, ref=None, agent=DAEMON, at=now, detail=detail)
    log.warning("the model server failed", why=scored.failed, failures=failures, comments=scored.without)
    if failures == 1:
        alarm(
            tx,
            parts.settings,
            "moderation",
            key=f"moderation:{now.isoformat()}",
            now=now,
            comments=scored.without,
            why=scored.failed,
        )


def _outage(tx: Tx) -> Entry | None:
    """The last failure, unless the server has answered since."""
    last = ledger.last(tx, (_FAILED, _ANSWERS))
    return last if last is not None and last.kind == _FAILED else None


def _failures(outage: Entry) -> int:
    return int(str(outage.detail["failures"]))
