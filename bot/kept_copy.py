"""Before a copy is hidden: whether the public still sees the one that is to stay.

A repetition is found in what is on record (rules/match/repeat.py), and that may be hours old: what staff hide, YouTube
tells only when its list of held comments is read again. Were the order carried out then, no copy would be left. So the
copy that stays is looked at first, as the comment itself is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive import accounts, cases, records
from bot.domain.judge import may_act
from bot.domain.types import AgentKind, Ref, Visibility
from connectors.contract import Malformed, Unauthorised
from rules.match.repeat import copy_that_stays

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from archive.cases import StoredVerdict
    from archive.database import Tx
    from bot.domain.types import Order
    from bot.parts import Parts


class CannotTell(Exception):
    """It cannot be found out whether the public still sees the copy that is to stay. The message says why."""


def overtaken(parts: Parts, order: Order, clock: Callable[[], datetime]) -> str | None:
    """Why a repetition carries this order no more; None if it does, or if the order rests on something else as well.

    Asks the platform. Raises `CannotTell` and the connector's errors.
    """
    if order.agent.kind is not AgentKind.RULE:
        return None
    with parts.database.read() as tx:
        verdict = cases.verdict_on(tx, order.ref, order.revision)
    stays = _stay(parts, verdict) if verdict else []
    for kept in stays:
        if verdict and not _seen(parts, order, kept, verdict, clock):
            return f"the public no longer sees {kept} as it was, the copy that was to stay"
    return None


def _stay(parts: Parts, verdict: StoredVerdict) -> list[Ref]:
    """The copies that stay by the rules a verdict rests on; none if anything else carries the verdict, too."""
    acting = [copy_that_stays(match.matcher) for match in may_act(verdict.verdict.matches, parts.rulebook.policy)]
    named = [Ref.parse(name) for name in acting if name]
    return list(dict.fromkeys(named)) if len(named) == len(acting) else []


def _seen(parts: Parts, order: Order, kept: Ref, verdict: StoredVerdict, clock: Callable[[], datetime]) -> bool:
    """Look at the copy that stays and record what is there; give whether the public sees it in the same words."""
    key = f"{kept.platform}:{kept.account}"
    connector = parts.actors.get(key)
    with parts.database.read() as tx:
        standing = accounts.standing(tx, key)
    if connector is None or standing is None or standing.stopped_why:
        message = f"nobody can look at {kept}, the copy that is to stay: its account is not worked"
        raise CannotTell(message)
    try:
        seen = connector.look(kept, now=clock())
    except (Unauthorised, Malformed) as error:
        if (kept.platform, kept.account) == (order.ref.platform, order.ref.account):
            raise
        message = f"{kept}, the copy that is to stay, could not be looked at: {error}"  # its own poll stops its account
        raise CannotTell(message) from error
    with parts.database.begin() as tx:
        records.sight(tx, seen, account=standing.account, now=clock())
        if seen.visibility is Visibility.UNKNOWN and connector.can.sees_visibility:
            message = f"the platform does not say whether {kept}, the copy that is to stay, is seen"
            raise CannotTell(message)
        return records.is_shown(tx, kept) and records.comment(tx, kept).text == _compared(tx, verdict, kept)


def _compared(tx: Tx, verdict: StoredVerdict, kept: Ref) -> str | None:
    """The words with which a comment was compared when this verdict was given."""
    recorded = cases.standing_of(tx, verdict) or {}
    return next((said["text"] for said in recorded.get("earlier", ()) if said["ref"] == str(kept)), None)
