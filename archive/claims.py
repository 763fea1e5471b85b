"""Who has which waiting case in hand, so that no two people decide the same one. A claim ends by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select

from archive import tables

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from archive.database import Tx
    from bot.domain.types import Ref

LASTS = timedelta(minutes=10)
"""How long a case is in somebody's hands without a sign of them."""
FRESH = timedelta(minutes=1)
"""A claim is good enough for so long after it was made or renewed, and is not written again."""

_claim = tables.claim.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who has a case in hand, and until when if nothing more is heard of them."""

    ref: Ref
    login: str
    until: datetime


def take(tx: Tx, ref: Ref, login: str, now: datetime) -> Claim:
    """Take a case in hand, or keep it there; give whose it is now, which may be somebody else's."""
    held = of(tx, ref, now)
    if held is not None and held.login != login:
        return held
    tx.execute(delete(tables.claim).where(_claim.ref == ref))
    tx.execute(insert(tables.claim).values(ref=ref, login=login, until=now + LASTS))
    return Claim(ref=ref, login=login, until=now + LASTS)


def is_settled(held: Claim | None, login: str, now: datetime) -> bool:
    """Whether `take` would change nothing worth a write: it is another's, or has just been taken by this person."""
    return held is not None and (held.login != login or held.until - now > LASTS - FRESH)


def of(tx: Tx, ref: Ref, now: datetime) -> Claim | None:
    """Give who has a case in hand at this moment, or None."""
    row = tx.execute(select(tables.claim).where(_claim.ref == ref, _claim.until > now)).one_or_none()
    return Claim(ref=row.ref, login=row.login, until=row.until) if row else None


def among(tx: Tx, refs: Iterable[Ref], now: datetime) -> dict[Ref, Claim]:
    """Give those of these cases that are in somebody's hands."""
    query = select(tables.claim).where(_claim.ref.in_(list(refs)), _claim.until > now)
    return {row.ref: Claim(ref=row.ref, login=row.login, until=row.until) for row in tx.execute(query)}


def give_back(tx: Tx, ref: Ref, login: str) -> None:
    """Give a case back that this person has in hand; another's stays where it is."""
    tx.execute(delete(tables.claim).where(_claim.ref == ref, _claim.login == login))


def sweep(tx: Tx, now: datetime) -> None:
    """Remove claims that are over."""
    tx.execute(delete(tables.claim).where(_claim.until <= now))
