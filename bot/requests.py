"""What of records requests a person must know today: those that wait, those that are due, those overdue."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from archive.requests import Request

SOON = timedelta(days=1)


def lines(asked: Iterable[Request], zone: ZoneInfo, now: datetime) -> Iterator[str]:
    """Say of each request that waits for an answer when it is due."""
    for one in asked:
        yield f"Records request {one.id}: {standing(one, zone, now)}"


def pressing(asked: Iterable[Request], now: datetime) -> list[Request]:
    """Give the requests that are overdue or due within a day."""
    return [one for one in asked if one.due_at - now <= SOON]


def standing(one: Request, zone: ZoneInfo, now: datetime) -> str:
    """Where a request stands, in words."""
    if one.closed_at is not None:
        return f"closed {one.closed_at.astimezone(zone):%Y-%m-%d %H:%M}: {one.outcome}"
    due = f"{one.due_at.astimezone(zone):%a %Y-%m-%d %H:%M %Z}"
    if one.is_overdue(now):
        return f"OVERDUE since {due}"
    return f"due {due}" + (f" (delayed: {one.delayed_why})" if one.delayed_why else "")
