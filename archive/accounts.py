"""The City's accounts as the program works them: how far they are read, when to ask again, why one stopped."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from archive import ledger, tables
from bot.domain.types import Account, Cursor

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Row

    from archive.database import Tx
    from bot.domain.types import Agent

TOLD_EACH = 10
"""Of failures in a row, the first and then each tenth gets a ledger line; the number of all is kept."""


class UnknownAccount(LookupError):
    """No account of that key is registered. Accounts come from the settings when the daemon starts."""

    def __init__(self, key: str) -> None:
        """Name the key, ``platform:id``."""
        super().__init__(f"no account {key} is registered; add it to the settings and start the daemon again")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountStanding:
    """Where an account stands. `failures` counts failed polls in a row; `stopped_why` is None unless it is stopped."""

    account: Account
    cursor: Cursor | None
    polled_at: datetime | None
    poll_not_before: datetime | None
    act_not_before: datetime | None
    failures: int
    stopped_why: str | None
    stopped_at: datetime | None


def register(tx: Tx, account: Account, now: datetime) -> None:
    """Make an account known, or note that its name or mode is another now. Cursor and standing stay."""
    known = standing(tx, account.key)
    if known and known.account == account:
        return
    said = {"name": account.name, "mode": account.mode}
    if known is None:
        tx.execute(
            insert(tables.account).values(key=account.key, platform=account.platform, id=account.id, failures=0, **said)
        )
        _note(tx, account.key, "registered", now, **said)
        return
    _set(tx, account.key, **said)
    _note(tx, account.key, "changed", now, **said, was={"name": known.account.name, "mode": known.account.mode})


def standing(tx: Tx, key: str) -> AccountStanding | None:
    """Give where an account stands, or None if it is not registered."""
    row = tx.execute(select(tables.account).where(tables.account.c.key == key)).one_or_none()
    return _standing(row) if row else None


def all_standing(tx: Tx) -> list[AccountStanding]:
    """Give where every account stands, in the order of their keys."""
    return [_standing(row) for row in tx.execute(select(tables.account).order_by(tables.account.c.key))]


def move_cursor(tx: Tx, key: str, cursor: Cursor) -> None:
    """Note how far an account has been read, in the transaction that records what was read."""
    _set(tx, key, cursor=cursor.text)


def polled(tx: Tx, key: str, now: datetime) -> None:
    """Note that a poll went through to its end."""
    failures = _known(tx, key).failures
    _set(tx, key, polled_at=now, poll_not_before=None, failures=0)
    if failures:
        _note(tx, key, "polling_recovered", now, failures=failures)


def poll_failed(tx: Tx, key: str, *, why: str, until: datetime, now: datetime) -> None:
    """Note that a poll failed and is not to be tried again before `until`."""
    failures = _known(tx, key).failures + 1
    _set(tx, key, poll_not_before=until, failures=failures)
    if failures == 1 or failures % TOLD_EACH == 0:
        _note(tx, key, "polling_failed", now, why=why, until=until.isoformat(), failures=failures)


def limit_acting(tx: Tx, key: str, until: datetime, why: str, now: datetime) -> None:
    """Note that the platform wants no acts on this account before `until`."""
    _known(tx, key)
    _set(tx, key, act_not_before=until)
    _note(tx, key, "limited", now, why=why, until=until.isoformat())


def stop(tx: Tx, key: str, why: str, now: datetime, payload: bytes | None = None) -> None:
    """Stop polling and acting on an account until `resume`; keep the `payload` that nobody could read.

    An account that is stopped already stays so, with its first reason.
    """
    if _known(tx, key).stopped_why is not None:
        return
    _set(tx, key, stopped_why=why, stopped_at=now)
    sha256 = hashlib.sha256(payload).hexdigest() if payload else None
    row = {"sha256": sha256, "account": key, "body": payload, "kept_at": now}
    is_new = sha256 is not None and not _kept(tx, sha256)
    ledger.append(
        tx,
        kind="account.stopped",
        agent=ledger.DAEMON,
        at=now,
        detail={"account": key, "why": why, "payload": sha256},
        rows=[(tables.payload, row)] if is_new else [],
    )


def resume(tx: Tx, key: str, agent: Agent, now: datetime) -> None:
    """Let a stopped account be worked again. Nothing happens to one that is not stopped."""
    why = _known(tx, key).stopped_why
    if why is None:
        return
    _set(tx, key, stopped_why=None, stopped_at=None, poll_not_before=None, act_not_before=None, failures=0)
    detail = {"account": key, "was": why}
    ledger.append(tx, kind="account.resumed", agent=agent, at=now, detail=detail)


def _known(tx: Tx, key: str) -> AccountStanding:
    found = standing(tx, key)
    if found is None:
        raise UnknownAccount(key)
    return found


def _set(tx: Tx, key: str, **values: Any) -> None:
    tx.execute(update(tables.account).where(tables.account.c.key == key).values(**values))


def _note(tx: Tx, key: str, what: str, now: datetime, **detail: Any) -> None:
    ledger.append(tx, kind=f"account.{what}", agent=ledger.DAEMON, at=now, detail={"account": key, **detail})


def _kept(tx: Tx, sha256: str) -> bool:
    return bool(tx.execute(select(1).where(tables.payload.c.sha256 == sha256)).first())


def _standing(row: Row[Any]) -> AccountStanding:
    return AccountStanding(
        account=Account(platform=row.platform, id=row.id, name=row.name, mode=row.mode),
        cursor=None if row.cursor is None else Cursor(text=row.cursor),
        polled_at=row.polled_at,
        poll_not_before=row.poll_not_before,
        act_not_before=row.act_not_before,
        failures=row.failures,
        stopped_why=row.stopped_why,
        stopped_at=row.stopped_at,
    )
