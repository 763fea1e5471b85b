"""Second opinions on what people decided: who looked again at which decision, and whether they agree."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from archive import ledger, tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from archive.database import Tx
    from archive.stored import Json
    from bot.domain.types import Agent, Ref

REVIEWED = "review.second"
ONE_IN = 20
"""Of so many decisions one is looked at again: 5 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A decision that is to be looked at again; `line` is its ledger line."""

    line: int
    ref: Ref
    revision: str
    kind: str
    agent: Agent
    why: str
    at: datetime


def is_chosen(ref: Ref, revision: str) -> bool:
    """Whether a decision on that wording is among those that are looked at again: by its hash, so nobody can choose."""
    return int(hashlib.sha256(f"second\n{ref}\n{revision}".encode()).hexdigest(), 16) % ONE_IN == 0


def chosen(tx: Tx, since: datetime) -> Iterator[Chosen]:
    """Give what people decided since then, as far as it is to be looked at again, oldest first."""
    decision = tables.decision.c
    rows = tx.execute(
        select(tables.decision)
        .where(decision.entry >= ledger.first_since(tx, since), decision.kind.in_(("uphold", "dismiss")))
        .order_by(decision.entry)
    )
    for row in rows:
        if is_chosen(row.ref, row.revision):
            told = {"kind": row.kind, "agent": row.agent, "why": row.why, "at": row.at}
            yield Chosen(line=row.entry, ref=row.ref, revision=row.revision, **told)


def done(tx: Tx) -> dict[int, bool]:
    """Give for each decision (by its line) that was looked at again whether the second opinion agreed."""
    return {int(line.detail["line"]): bool(line.detail["agrees"]) for line in ledger.entries(tx, kinds=(REVIEWED,))}


def record(  # noqa: PLR0913  an opinion is all of this
    tx: Tx, one: Chosen, *, agrees: bool, agent: Agent, why: str, now: datetime
) -> None:
    """Write a second opinion down. It changes nothing about the case; whoever disagrees talks to the first."""
    detail: dict[str, Json] = {
        "line": one.line,
        "revision": one.revision,
        "decision": one.kind,
        "agrees": agrees,
        "why": why,
    }
    ledger.append(tx, kind=REVIEWED, ref=one.ref, agent=agent, at=now, detail=detail)
