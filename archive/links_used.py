"""Which signed links were used: each holds once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from archive import tables

if TYPE_CHECKING:
    from datetime import datetime

    from archive.database import Tx
    from bot.domain.types import Agent


def use(tx: Tx, link: str, purpose: str, agent: Agent, now: datetime) -> bool:
    """Use a link up; give whether it had not been used before."""
    if used_at(tx, link) is not None:
        return False
    tx.execute(insert(tables.link_used).values(id=link, purpose=purpose, agent=agent, at=now))
    return True


def used_at(tx: Tx, link: str) -> datetime | None:
    """Give when a link was used, or None if it was not."""
    found: datetime | None = tx.execute(
        select(tables.link_used.c.at).where(tables.link_used.c.id == link)
    ).scalar_one_or_none()
    return found
