"""Who is signed in to the console. What a browser holds is a random text; the database knows its hash alone."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, or_, select, update

from archive import tables

if TYPE_CHECKING:
    from datetime import datetime

    from archive.database import Tx

NOTED_EACH = timedelta(minutes=1)
"""How exactly it is known when a session was used last."""

_session = tables.session_.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One session. `grant` (encrypted) is what the sign-in service is asked with, if it was that let the person in."""

    id: str
    login: str
    begun_at: datetime
    seen_at: datetime
    asked_at: datetime | None
    grant: str | None


def begin(tx: Tx, login: str, now: datetime, *, grant: str | None = None) -> str:
    """Begin a session; give what the browser is to hold, which nobody can tell again."""
    token = secrets.token_urlsafe(32)
    asked_at = now if grant else None
    values = {"id": _hashed(token), "login": login, "begun_at": now, "seen_at": now}
    tx.execute(insert(tables.session_).values(**values, asked_at=asked_at, grant=grant))
    return token


def of(tx: Tx, token: str, now: datetime, *, idle: timedelta, longest: timedelta) -> Session | None:
    """Give the session of what a browser holds; None if there is none, or if it lay idle or lasted for too long."""
    row = tx.execute(select(tables.session_).where(_session.id == _hashed(token))).one_or_none()
    if row is None or now - row.seen_at > idle or now - row.begun_at > longest:
        return None
    return Session(
        id=row.id,
        login=row.login,
        begun_at=row.begun_at,
        seen_at=row.seen_at,
        asked_at=row.asked_at,
        grant=row.grant,
    )


def used(tx: Tx, session: Session, now: datetime) -> None:
    """Note that a session is in use."""
    if now - session.seen_at >= NOTED_EACH:
        tx.execute(update(tables.session_).where(_session.id == session.id).values(seen_at=now))


def asked(tx: Tx, session: Session, grant: str, now: datetime) -> None:
    """Note that the sign-in service still welcomes the person, and with what it is asked the next time."""
    tx.execute(update(tables.session_).where(_session.id == session.id).values(asked_at=now, grant=grant))


def end(tx: Tx, session: Session) -> None:
    """End a session."""
    tx.execute(delete(tables.session_).where(_session.id == session.id))


def sweep(tx: Tx, now: datetime, *, idle: timedelta, longest: timedelta) -> None:
    """Remove sessions that lay idle or lasted for too long."""
    over = or_(_session.seen_at < now - idle, _session.begun_at < now - longest)
    tx.execute(delete(tables.session_).where(over))


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
