"""Gaps: from when to when an account was not read for longer than its interval allows, and why (AR 1-27 5.C.1.b).

A gap is written down by the reading that ends it, from what the archive knew before: the end of the last reading. So a
daemon that was killed leaves one as well, as soon as another has read the account again. Until then the gap is open,
and `of_period` tells it from the same two times.

A gap does not mean that comments were lost. Platforms list what was written meanwhile; what cannot be known any more is
what was changed, hidden or deleted in between without leaving a trace.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from archive import accounts, ledger, tables
from archive.stored import utc_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from archive.database import Tx

STARTED = "daemon.started"
LEEWAY = timedelta(minutes=1)
_TOLD = {
    "account.stopped": "the account was stopped",
    "account.polling_failed": "reading failed",
    STARTED: "the program was not running until it was started again",
}
_gap = tables.gap.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """An account was not read between two times. `open`: nor since, as far as was asked."""

    account: str
    since: datetime
    until: datetime
    why: str
    open: bool = False


def allowed(interval: timedelta) -> timedelta:
    """How long an account that is read each `interval` may go unread: one reading may be late, or take a while."""
    return 2 * interval + LEEWAY


def note(tx: Tx, key: str, *, interval: timedelta, began: datetime, now: datetime) -> Gap | None:
    """Write down the gap that a reading which went through to its end closes, if there is one; give it.

    Call it before the account's standing says that it was read. `began` and `now` are when the reading began and ended.
    """
    since = _unread_since(tx, key)
    if since is None or now - since <= allowed(interval):
        return None
    gap = Gap(account=key, since=since, until=now, why=_why(tx, key, since, began, interval))
    row = {"account": key, "since": since, "until": now, "why": gap.why}
    said = {"account": key, "since": utc_text(since), "until": utc_text(now), "why": gap.why}
    ledger.append(tx, kind="gap.recorded", agent=ledger.DAEMON, at=now, detail=said, rows=[(tables.gap, row)])
    return gap


def of_period(  # noqa: PLR0913 - whose gaps, in which period, as seen when
    tx: Tx, key: str, since: datetime, until: datetime, *, interval: timedelta, now: datetime
) -> list[Gap]:
    """Give every gap of an account that reaches into a period, oldest first, with the one that is open `now`, if any.

    The gaps are given whole, also where they begin before the period or end after it.
    """
    query = select(tables.gap).where(_gap.account == key, _gap.since < until, _gap.until > since).order_by(_gap.entry)
    found = [Gap(account=key, since=row.since, until=row.until, why=row.why) for row in tx.execute(query)]
    last = open_gap(tx, key, interval=interval, now=now)
    return [*found, last] if last and last.since < until and last.until > since else found


def open_gap(tx: Tx, key: str, *, interval: timedelta, now: datetime) -> Gap | None:
    """Give the gap in which an account is at this moment, if it is in one."""
    since = _unread_since(tx, key)
    if since is None or now - since <= allowed(interval):
        return None
    return Gap(account=key, since=since, until=now, why=_why(tx, key, since, now, interval), open=True)


def _unread_since(tx: Tx, key: str) -> datetime | None:
    """When an account was last read to the end; before its first reading, when it was registered."""
    standing = accounts.standing(tx, key)
    if standing is None:
        raise accounts.UnknownAccount(key)
    if standing.polled_at is not None:
        return standing.polled_at
    for line in ledger.entries(tx, kinds=["account.registered"]):
        if line.detail.get("account") == key:
            return line.at
    return None


def _why(tx: Tx, key: str, since: datetime, began: datetime, interval: timedelta) -> str:
    """The reasons on record for the time between two readings, each said once, in their order."""
    said = list(dict.fromkeys(_reasons(tx, key, since)))
    if said:
        return "; ".join(said)
    if began - since <= allowed(interval):
        return "one reading took this long"
    return "the program did not read it, and nothing on record says why"


def _reasons(tx: Tx, key: str, since: datetime) -> Iterator[str]:
    stopped = accounts.standing(tx, key)
    if stopped and stopped.stopped_why and stopped.stopped_at and stopped.stopped_at <= since:
        yield f"the account was stopped: {stopped.stopped_why}"
    line_ = tables.ledger.c
    before = select(func.max(line_.seq)).where(line_.kind.in_(_TOLD), line_.at <= utc_text(since))
    for line in ledger.entries(tx, after=tx.execute(before).scalar_one() or 0, kinds=tuple(_TOLD)):
        if line.kind == STARTED:
            yield _TOLD[STARTED]
        elif line.detail.get("account") == key:
            yield f"{_TOLD[line.kind]}: {line.detail.get('why', '')}".rstrip(": ")
