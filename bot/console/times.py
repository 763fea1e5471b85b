"""Reads days and times as browsers send them, by the City's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from bot.console.door import Refused

if TYPE_CHECKING:
    from bot.console.desk import Visit


def midnight(visit: Visit, text: str, days: int = 0) -> datetime | None:
    """Give the beginning of a day, some days later; None if nothing is said. Raises Refused."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text) + timedelta(days=days)
    except (ValueError, OverflowError):
        raise Refused(409, f"{text} is no day; write one such as 2026-11-28.") from None
    return datetime.combine(day, time(), tzinfo=visit.desk.settings.zone).astimezone(UTC)


def moment(visit: Visit, text: str) -> datetime | None:
    """Give a time; None if nothing is said. Raises Refused."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=visit.desk.settings.zone).astimezone(UTC)
    except ValueError:
        raise Refused(409, f"{text} is no time; write one such as 2026-11-28T10:05.") from None
