"""Comments suspected to show the sexual abuse of a child: identifiers only, no copies, sealed off from everybody.

A person says so, once; it is never taken back by the program, since what is lawful to look at is not for it to say.
Whoever shows, mails, fetches, captures or hands over anything of a comment asks `is_withheld` first. What was recorded
before stays as it is, for those who may lawfully see it: destroying it could destroy evidence of a crime.

Of orders, only one to hide is still carried out (`forbids`): it takes the comment from the public, keeps every bit of
it where the police can ask for it, and needs no new copy, since its evidence was sealed before anybody suspected.
Deleting would destroy evidence, showing again would spread it, and by hand somebody would have to look at it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from archive import ledger, tables
from bot.domain.types import Action

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from archive.database import Tx
    from bot.domain.types import Agent, Order, Ref

INSTEAD = "(Withheld by order of a person: it must not be shown, copied or sent on. Only its identifiers are given.)"
"""What stands in place of a withheld comment's words and pictures."""
NOT_CARRIED_OUT = (
    "it is withheld, as suspected to show the sexual abuse of a child: it is neither deleted, which would destroy "
    "evidence, nor shown again, nor is anybody sent to it"
)
WHY_NOT = "it is withheld, as suspected to show the sexual abuse of a child: it is never fetched, captured or sent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """Who withheld which comment, when, and what they said."""

    ref: Ref
    agent: Agent
    why: str
    at: datetime


def withhold(tx: Tx, ref: Ref, *, agent: Agent, why: str, now: datetime) -> bool:
    """Withhold a comment in all its wordings, for good; give whether it was not withheld before."""
    if is_withheld(tx, ref):
        return False
    row = {"ref": ref, "agent": agent, "why": why, "at": now}
    ledger.append(
        tx, kind="comment.withheld", ref=ref, agent=agent, at=now, detail={"why": why}, rows=[(tables.withheld, row)]
    )
    return True


def is_withheld(tx: Tx, ref: Ref) -> bool:
    """Whether nothing of this comment may be shown, mailed, fetched, captured or handed over."""
    return tx.execute(select(1).where(tables.withheld.c.ref == ref)).first() is not None


def among(tx: Tx, refs: Iterable[Ref]) -> set[Ref]:
    """Give those of these comments of which nothing may be shown."""
    table = tables.withheld
    return set(tx.execute(select(table.c.ref).where(table.c.ref.in_(list(refs)))).scalars())


def forbids(tx: Tx, order: Order, *, by_hand: bool) -> bool:
    """Whether an order must not be carried out because its comment is withheld; `by_hand`: staff would do it."""
    return (by_hand or order.action is not Action.HIDE) and is_withheld(tx, order.ref)


def every(tx: Tx) -> list[Withheld]:
    """Give all that is withheld, oldest first."""
    table = tables.withheld
    rows = tx.execute(select(table).order_by(table.c.entry))
    return [Withheld(ref=row.ref, agent=row.agent, why=row.why, at=row.at) for row in rows]
