"""What the public is told of acts: when a comment was hidden, under which clause, how long; no words and no names.

Everything is told from the record alone, so that the same archive always gives the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import select

from archive import ledger, orders, tables
from bot.domain.types import AgentKind, Ref, Speaker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from archive.database import Tx
    from archive.ledger import Entry

PAGE = 5_000
DONE, UNDONE = "case.enforced", "case.restored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One comment taken from the public by one order. `clause`: the first of those that the order rests on.

    `until`: when the platform showed it again by an order of the City; None while it has not.
    """

    order: str
    ref: Ref
    account: str
    clause: str
    action: str
    by_person: bool
    at: datetime
    until: datetime | None = None

    @property
    def minutes(self) -> float | None:
        """How long it was hidden; None while it is."""
        return (self.until - self.at).total_seconds() / 60 if self.until else None


def every(tx: Tx) -> list[Act]:
    """Give every act there ever was, in the order in which they were confirmed."""
    found: list[Act] = []
    open_acts: dict[Ref, int] = {}
    for line in ledger.entries(tx, kinds=(DONE, UNDONE)):
        if line.ref is None:
            continue
        if line.kind == DONE:
            open_acts[line.ref] = len(found)
            found.append(_act(tx, line, line.ref))
        elif line.ref in open_acts:
            at = open_acts.pop(line.ref)
            found[at] = replace(found[at], until=line.at)
    return found


def _act(tx: Tx, line: Entry, ref: Ref) -> Act:
    order = orders.order(tx, str(line.detail["order"]))
    if order is None:
        message = f"ledger line {line.seq} speaks of an order that is not there; run citymod verify"
        raise LookupError(message)
    clauses = orders.clauses(tx, order)
    return Act(
        order=order.id,
        ref=ref,
        account=f"{ref.platform}:{ref.account}",
        clause=min(clauses, key=lambda code: int(code.removeprefix("C")), default=""),
        action=str(order.action),
        by_person=order.agent.kind is AgentKind.PERSON,
        at=line.at,
    )


def recorded(tx: Tx) -> Iterator[tuple[str, datetime]]:
    """Give for each comment of the public on which account it was recorded, and when."""
    comment, after = tables.comment.c, 0
    query = select(comment.entry, comment.account, comment.first_seen_at).where(comment.speaker == Speaker.PUBLIC)
    while rows := tx.execute(query.where(comment.entry > after).order_by(comment.entry).limit(PAGE)).all():
        yield from ((row.account, row.first_seen_at) for row in rows)
        after = rows[-1].entry
