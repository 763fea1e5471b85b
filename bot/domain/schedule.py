"""Arithmetic on time: when something is due again. Nothing here waits or reads a clock."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import date
    from zoneinfo import ZoneInfo

LONGEST_WAIT = timedelta(hours=1)
FAR_ENOUGH = 31
"""Within so many days there is one on which a digest is due, whatever the holidays are."""


def retry_at(
    attempts: int, now: datetime, first: timedelta = timedelta(seconds=2), longest: timedelta = LONGEST_WAIT
) -> datetime:
    """When to try again after `attempts` failures (1 or more): doubling from `first`, `longest` at most."""
    doublings = min(max(attempts, 1) - 1, 20)
    return now + min(first * (1 << doublings), longest)


def day_starts(now: datetime, zone: ZoneInfo) -> datetime:
    """The UTC time at which the City's present day began; budgets are counted from there."""
    local = now.astimezone(zone)
    return datetime.combine(local.date(), time(), tzinfo=zone).astimezone(UTC)


def digest_due(
    last: datetime | None, hour: int, now: datetime, zone: ZoneInfo, on: Callable[[date], bool] | None = None
) -> bool:
    """Whether an e-mail digest (at `hour` o'clock in `zone`) is due and has not been made since that hour.

    Counting from the last digest rather than from a timer makes a missed hour due at once, and the repeated hour of
    an autumn clock change due once. `on`: as in `last_time`.
    """
    return last is None or last < last_time(time(hour), now, zone, on)


def last_time(hour: time, now: datetime, zone: ZoneInfo, on: Callable[[date], bool] | None = None) -> datetime:
    """The last moment (UTC) at which a clock in `zone` showed that hour, on a day of which `on` (if given) is true.

    Where none of the last `FAR_ENOUGH` days is one, today's or yesterday's.
    """
    today = now.astimezone(zone).date()
    moments = (
        datetime.combine(today - timedelta(days=d), hour, tzinfo=zone).astimezone(UTC) for d in range(FAR_ENOUGH)
    )
    past = [moment for moment in moments if moment <= now]
    return next((moment for moment in past if on is None or on(moment.astimezone(zone).date())), past[0])


def next_time(hour: time, now: datetime, zone: ZoneInfo, on: Callable[[date], bool] | None = None) -> datetime:
    """The next moment (UTC) at which a clock in `zone` shows that hour, on a day of which `on` (if given) is true."""
    today = now.astimezone(zone).date()
    moments = (
        datetime.combine(today + timedelta(days=d), hour, tzinfo=zone).astimezone(UTC) for d in range(FAR_ENOUGH)
    )
    ahead = [moment for moment in moments if moment > now]
    return next((moment for moment in ahead if on is None or on(moment.astimezone(zone).date())), ahead[0])


def next_round(now: datetime, every: timedelta) -> datetime:
    """The next moment (UTC) that is a whole number of `every` after midnight of some day long ago."""
    begun = datetime(2000, 1, 1, tzinfo=UTC)
    return begun + every * ((now - begun) // every + 1)


def look_due(hours: Collection[time], days: Collection[int], now: datetime, zone: ZoneInfo) -> datetime | None:
    """The last moment (UTC) at which somebody should have looked: one of `hours` of the City's clock on one of `days`.

    Days are counted from Monday, 0. None if there are no hours, or no such moment within the last week.
    """
    today = now.astimezone(zone).date()
    for back in range(8):
        day = today - timedelta(days=back)
        if day.weekday() not in days:
            continue
        moments = (datetime.combine(day, hour, tzinfo=zone).astimezone(UTC) for hour in hours)
        if past := [moment for moment in moments if moment <= now]:
            return max(past)
    return None
