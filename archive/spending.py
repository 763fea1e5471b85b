"""What each account has cost, a day (UTC) at a time: requests, units of a quota, thousandths of a dollar.

The running day is a figure that grows with every poll, which is too often for the ledger. A day that has passed is told
there once, in one line for all accounts, and its figures change no more.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select, update

from archive import ledger, tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archive.database import Tx
    from archive.stored import Json

_spending = tables.spending.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What an account, or several, cost in some time. `mills` are thousandths of a dollar."""

    calls: int
    units: int
    mills: int


def book(tx: Tx, key: str, spent: Cost, now: datetime) -> None:
    """Add to what an account has cost today."""
    day = now.astimezone(UTC).date().isoformat()
    more = asdict(spent)
    grown = tx.execute(
        update(tables.spending)
        .where(_spending.account == key, _spending.day == day)
        .values({name: _spending[name] + amount for name, amount in more.items()})
    )
    if not grown.rowcount:
        tx.execute(insert(tables.spending).values(account=key, day=day, told=False, **more))


def tell_days(tx: Tx, now: datetime) -> None:
    """Put days that have passed into the ledger, each once."""
    today = now.astimezone(UTC).date().isoformat()
    query = select(tables.spending).where(_spending.told == False, _spending.day < today)  # noqa: E712 - a column's condition
    days: dict[str, dict[str, Json]] = {}
    for row in tx.execute(query.order_by(_spending.day, _spending.account)):
        days.setdefault(row.day, {})[row.account] = {"calls": row.calls, "units": row.units, "mills": row.mills}
    for day, accounts in days.items():
        detail: dict[str, Json] = {"day": day, "accounts": accounts}
        ledger.append(tx, kind="spending.day", agent=ledger.DAEMON, at=now, detail=detail)
        tx.execute(update(tables.spending).where(_spending.day == day).values(told=True))


def by_platform(tx: Tx, first: date, last: date) -> Mapping[str, Cost]:
    """What all accounts of each platform cost from one day to another, both included."""
    account = tables.account.c
    sums = [func.sum(_spending[name]).label(name) for name in ("calls", "units", "mills")]
    query = (
        select(account.platform, *sums)
        .join_from(tables.spending, tables.account, account.key == _spending.account)
        .where(_spending.day >= first.isoformat(), _spending.day <= last.isoformat())
        .group_by(account.platform)
        .order_by(account.platform)
    )
    return {
        row.platform: Cost(calls=int(row.calls), units=int(row.units), mills=int(row.mills))
        for row in tx.execute(query)
    }


def month_of(day: date) -> tuple[date, date]:
    """The first and the last day of the month in which a day lies."""
    first = day.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
