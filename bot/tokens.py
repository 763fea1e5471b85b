"""Tries each account's credential once a day, so that one that is about to end is noticed before it does.

Whatever a platform's own check finds becomes a ledger line. A check that fails is a call to on-call staff and a line in
the e-mail digest; the account is stopped only by what reading or acting then meet.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from archive import accounts, jobs, ledger
from archive.jobs import Run
from bot.alarms import alarm
from bot.log import logger
from connectors.contract import ConnectorError, Health, RateLimited, Transient

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from archive.database import Tx
    from bot.parts import Parts

DAILY = timedelta(hours=24)
AGAIN = timedelta(hours=1)
"""How soon it is tried again where nobody could tell."""
CHECKED, FAILED = "token.checked", "token.failed"

log = logger("tokens")


def look(parts: Parts, key: str, clock: Callable[[], datetime]) -> bool:
    """Check an account's credential if a day has gone by; give whether it was time. Raises nothing of the platform's.

    Call it in the thread that polls the account: it uses the same connector.
    """
    now = clock()
    with parts.database.read() as tx:
        last = jobs.last(tx, name_of(key))
        standing = accounts.standing(tx, key)
    if last and last.next_at and now < last.next_at:
        return False
    if standing is None or standing.stopped_why or not parts.settings.entry(key).credential:
        return False  # that it is stopped is told by itself
    try:
        health = parts.readers[key].check(now=now)
    except (Transient, RateLimited) as error:
        _note(parts, key, now, clock(), why=f"nobody could tell: {error}", next_at=now + AGAIN)
        return True
    except ConnectorError as error:
        health = Health(ok=False, identity=f"{type(error).__name__}: {error}")
    _record(parts, key, health, now, clock())
    return True


def name_of(key: str) -> str:
    """The name by which an account's check stands in the book of jobs."""
    return f"token check {key}"


def _record(parts: Parts, key: str, health: Health, began: datetime, now: datetime) -> None:
    said = "; ".join((health.identity, *health.notes))
    _note(parts, key, began, now, why=None if health.ok else said, next_at=began + DAILY)
    with parts.database.begin() as tx:
        detail = {"account": key, "why": said}
        kind = CHECKED if health.ok else FAILED
        ledger.append(tx, kind=kind, agent=ledger.DAEMON, at=now, detail=detail)
        if not health.ok:
            _call(tx, parts, key, said, now)
    log.info("token checked", account=key, ok=health.ok)


def _note(parts: Parts, key: str, began: datetime, ended: datetime, *, why: str | None, next_at: datetime) -> None:  # noqa: PLR0913  a run is all of this
    run = Run(
        name=name_of(key),
        every=DAILY.total_seconds(),
        began_at=began,
        ended_at=ended,
        next_at=next_at,
        why=why,
        noted_at=ended,
    )
    with parts.database.begin() as tx:
        jobs.note(tx, [run])


def _call(tx: Tx, parts: Parts, key: str, said: str, now: datetime) -> None:
    alarm(
        tx,
        parts.settings,
        "token",
        key=f"token:{key}:{now.date()}",
        now=now,
        name=parts.settings.entry(key).name,
        platform=parts.settings.entry(key).platform,
        account=key,
        said=said,
    )
