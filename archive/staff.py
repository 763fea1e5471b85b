"""People of the City who may sign in to the console: their roles, on which accounts, and how they prove who they are.

A person is named for ever by their `login`, which is also the name under which what they decide goes into the record.
Nobody is removed: whoever leaves is disabled, and every session of theirs ends with it. Each change is a ledger line;
what proves an identity is in none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from archive import ledger, tables
from bot.domain.types import Role

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    from sqlalchemy import Row

    from archive.database import Tx
    from archive.stored import Json
    from bot.domain.types import Agent

TRIES = 5
"""So many failures in a row lock a person out,"""
LOCKED = timedelta(minutes=15)
"""for so long."""

_staff = tables.staff.c


class Unknown(LookupError):
    """Nobody of that name may sign in."""

    def __init__(self, login: str) -> None:
        """Name the login."""
        super().__init__(f"nobody is called {login}; `citymod console user list` names those who are known")


class Taken(Exception):
    """Somebody of that name is known already."""

    def __init__(self, login: str) -> None:
        """Name the login."""
        super().__init__(f"{login} is known already; `citymod console user role` and `enable` change what they may do")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may sign in. `accounts` are keys; none: all of them. `password` and `totp` are not in the clear."""

    login: str
    name: str
    roles: frozenset[Role]
    accounts: frozenset[str]
    password: str | None
    totp: str | None
    totp_used: int | None
    subject: str | None
    failures: int
    locked_until: datetime | None
    disabled_at: datetime | None

    def may_see(self, account_key: str) -> bool:
        """Whether an account is among those that this person works with."""
        return not self.accounts or account_key in self.accounts

    def is_locked(self, now: datetime) -> bool:
        """Whether too many failures keep the person out at this moment."""
        return self.locked_until is not None and now < self.locked_until


# Who there is ---------------------------------------------------------------------------------------------------------


def add(  # noqa: PLR0913  a person is all of this
    tx: Tx,
    login: str,
    *,
    name: str,
    roles: Collection[Role],
    accounts: Collection[str],
    password: str | None,
    totp: str | None,
    agent: Agent,
    now: datetime,
) -> None:
    """Let somebody sign in. Raises `Taken` if the login is known."""
    if by_login(tx, login) is not None:
        raise Taken(login)
    said = {"roles": sorted(roles), "accounts": sorted(accounts)}
    tx.execute(
        insert(tables.staff).values(
            login=login, name=name, password=password, totp=totp, failures=0, added_at=now, **said
        )
    )
    _note(tx, "added", login, agent, now, name=name, **said)


def by_login(tx: Tx, login: str) -> Person | None:
    """Give the person of that login, or None."""
    row = tx.execute(select(tables.staff).where(_staff.login == login)).one_or_none()
    return _read(row) if row else None


def every(tx: Tx) -> list[Person]:
    """Give all people, those who were disabled, too, by their logins."""
    return [_read(row) for row in tx.execute(select(tables.staff).order_by(_staff.login))]


def set_roles(  # noqa: PLR0913  who may what, says who, when
    tx: Tx, login: str, *, roles: Iterable[Role], accounts: Iterable[str], agent: Agent, now: datetime
) -> None:
    """Say anew what somebody may do, and on which accounts (none: all). It holds from their next request on."""
    was = _known(tx, login)
    said: dict[str, Json] = {"roles": sorted(roles), "accounts": sorted(accounts)}
    _set(tx, login, **said)
    _note(tx, "changed", login, agent, now, **said, was={"roles": sorted(was.roles), "accounts": sorted(was.accounts)})


def set_proofs(  # noqa: PLR0913  what proves who somebody is
    tx: Tx, login: str, *, password: str | None, totp: str | None, agent: Agent, now: datetime
) -> None:
    """Give somebody another password and another generator of codes; every session of theirs ends."""
    _known(tx, login)
    _set(tx, login, password=password, totp=totp, totp_used=None, failures=0, locked_until=None)
    end_sessions(tx, login)
    _note(tx, "proofs_changed", login, agent, now)


def disable(tx: Tx, login: str, *, why: str, agent: Agent, now: datetime) -> None:
    """Let somebody in no more, from this moment on: sessions end, cases in hand are given back."""
    _known(tx, login)
    _set(tx, login, disabled_at=now)
    end_sessions(tx, login)
    tx.execute(delete(tables.claim).where(tables.claim.c.login == login))
    _note(tx, "disabled", login, agent, now, why=why)


def enable(tx: Tx, login: str, *, why: str, agent: Agent, now: datetime) -> None:
    """Let somebody in again, with what they could do before; a lock is lifted, too."""
    _known(tx, login)
    _set(tx, login, disabled_at=None, failures=0, locked_until=None)
    _note(tx, "enabled", login, agent, now, why=why)


# How they prove who they are ------------------------------------------------------------------------------------------


def failed(tx: Tx, login: str, now: datetime) -> None:
    """Note that somebody failed to prove that they are this person; the `TRIES`-th time locks the person out."""
    failures = _known(tx, login).failures + 1
    if failures < TRIES:
        _set(tx, login, failures=failures)
        return
    _set(tx, login, failures=0, locked_until=now + LOCKED)
    _note(tx, "locked", login, ledger.DAEMON, now, until=(now + LOCKED).isoformat())


def proved(tx: Tx, login: str, *, totp_used: int | None = None, password: str | None = None) -> None:
    """Note that somebody proved who they are, with the code of that time step; a `password` hashed anew is kept."""
    values: dict[str, Any] = {"failures": 0, "locked_until": None}
    values |= {"totp_used": totp_used} if totp_used is not None else {}
    _set(tx, login, **values | ({"password": password} if password else {}))


def bind(tx: Tx, login: str, subject: str, now: datetime) -> None:
    """Note how the sign-in service names a person, at their first sign-in: nobody else has that login from then on."""
    _set(tx, login, subject=subject)
    _note(tx, "bound", login, ledger.DAEMON, now)


def end_sessions(tx: Tx, login: str) -> None:
    """End every session of a person."""
    tx.execute(delete(tables.session_).where(tables.session_.c.login == login))


def _known(tx: Tx, login: str) -> Person:
    found = by_login(tx, login)
    if found is None:
        raise Unknown(login)
    return found


def _set(tx: Tx, login: str, **values: Any) -> None:
    tx.execute(update(tables.staff).where(_staff.login == login).values(**values))


def _note(tx: Tx, what: str, login: str, agent: Agent, now: datetime, **detail: Any) -> None:
    ledger.append(tx, kind=f"staff.{what}", agent=agent, at=now, detail={"login": login, **detail})


def _read(row: Row[Any]) -> Person:
    return Person(
        login=row.login,
        name=row.name,
        roles=frozenset(map(Role, row.roles)),
        accounts=frozenset(row.accounts),
        password=row.password,
        totp=row.totp,
        totp_used=row.totp_used,
        subject=row.subject,
        failures=row.failures,
        locked_until=row.locked_until,
        disabled_at=row.disabled_at,
    )
