"""That somebody in charge of the City's files has received evidence: who said so, how and when (AR 1-27 5.C.1.f)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from archive import ledger, outbox, tables

if TYPE_CHECKING:
    from datetime import datetime

    from archive.database import Tx
    from archive.ledger import Entry
    from bot.domain.types import Agent, Evidence

ACKNOWLEDGED = "evidence.acknowledged"


def acknowledge(tx: Tx, sealed: Evidence, *, agent: Agent, how: str, now: datetime) -> bool:
    """Write down that `agent` has received a piece of evidence; give whether that is new. The first word counts."""
    if of(tx, sealed) is not None:
        return False
    detail = {"evidence": sealed.id, "how": how}
    ledger.append(tx, kind=ACKNOWLEDGED, ref=sealed.ref, agent=agent, at=now, detail=detail)
    return True


def of(tx: Tx, sealed: Evidence) -> Entry | None:
    """Give the line in which somebody acknowledged a piece of evidence, or None."""
    lines = ledger.entries(tx, ref=sealed.ref, kinds=(ACKNOWLEDGED,))
    return next((line for line in lines if line.detail["evidence"] == sealed.id), None)


def tally(tx: Tx) -> tuple[int, int]:
    """Count the evidence mails that a server took, and those of them that were acknowledged."""
    lines = select(func.count()).where(tables.ledger.c.kind == ACKNOWLEDGED)
    return outbox.count_sent(tx, "evidence"), int(tx.execute(lines).scalar_one())
