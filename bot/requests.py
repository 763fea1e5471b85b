"""What of records requests a person must know today: those that wait, those that are due, those overdue."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from archive import requests

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from archive.database import Tx
    from archive.requests import Request

SOON = timedelta(days=1)


def lines(tx: Tx, zone: ZoneInfo, now: datetime) -> Iterator[str]:
    """Say of each request that waits for an answer when it is due, those first that are due first."""
    for one in requests.every(tx):
        yield f"Records request {one.id}: {standing(one, zone, now)}"


def pressing(tx: Tx, zone: ZoneInfo, now: datetime) -> list[str]:
    """Say which requests are overdue or due within a day."""
    near = [one for one in requests.every(tx) if one.due_at - now <= SOON]
    return [f"Records request {one.id}: {standing(one, zone, now)}" for one in near]


def standing(one: Request, zone: ZoneInfo, now: datetime) -> str:
    """Where a request stands, in words."""
    if one.closed_at is not None:
        return f"closed {one.closed_at.astimezone(zone):%Y-%m-%d %H:%M}: {one.outcome}"
    due = f"{one.due_at.astimezone(zone):%a %Y-%m-%d %H:%M %Z}"
    if one.is_overdue(now):
        return f"OVERDUE since {due}"
    return f"due {due}" + (f" (delayed: {one.delayed_why})" if one.delayed_why else "")
