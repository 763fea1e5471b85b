"""Who looked at what in the console, searched for what, and was let in or turned away.

What people decide is in the ledger. Looking is far more frequent, so it is kept in a table of its own, which only
grows. Each row is one request that was answered, written before the answer went out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from archive import tables

if TYPE_CHECKING:
    from datetime import datetime

    from archive.database import Tx
    from bot.domain.types import Ref

_access = tables.access.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One row: who did `what` from which `origin` (network address), about which comment, and with which words."""

    number: int
    at: datetime
    login: str
    what: str
    ref: Ref | None
    said: str | None
    origin: str | None


def note(  # noqa: PLR0913  who, what, about what, with which words, from where, when
    tx: Tx, login: str, what: str, *, now: datetime, ref: Ref | None = None, said: str = "", origin: str = ""
) -> None:
    """Write one row."""
    values = {"at": now, "login": login, "what": what, "ref": ref, "said": said or None, "origin": origin or None}
    tx.execute(insert(tables.access).values(**values))


def latest(tx: Tx, limit: int, *, login: str = "", ref: Ref | None = None, before: int | None = None) -> list[Access]:
    """Give up to `limit` rows, the last first: of one person, about one comment, written before number `before`."""
    query = select(tables.access).order_by(_access.number.desc()).limit(limit)
    if login:
        query = query.where(_access.login == login)
    if ref is not None:
        query = query.where(_access.ref == ref)
    if before is not None:
        query = query.where(_access.number < before)
    names = ("number", "at", "login", "what", "ref", "said", "origin")
    return [Access(**{name: getattr(row, name) for name in names}) for row in tx.execute(query)]
