"""When each recipient's e-mail digest is due: at their hour, on their clock, daily or on the City's business days."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot import workdays
from bot.domain.schedule import digest_due, last_time, next_time

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date, datetime

    from bot.settings import Pio, Settings


def due(settings: Settings, pio: Pio, last: datetime | None, now: datetime) -> bool:
    """Whether a digest is due and has not been made since; `last`: when the last one was made."""
    return digest_due(last, pio.hour, now, _zone(settings, pio), _days(settings, pio))


def last_due(settings: Settings, pio: Pio, now: datetime) -> datetime:
    """When the last digest should have been made (UTC)."""
    return last_time(time(pio.hour), now, _zone(settings, pio), _days(settings, pio))


def next_due(settings: Settings, pio: Pio, now: datetime) -> datetime:
    """When the next digest will be made (UTC)."""
    return next_time(time(pio.hour), now, _zone(settings, pio), _days(settings, pio))


def _zone(settings: Settings, pio: Pio) -> ZoneInfo:
    return ZoneInfo(pio.time_zone) if pio.time_zone else settings.zone


def _days(settings: Settings, pio: Pio) -> Callable[[date], bool] | None:
    """The days on which a digest is wanted; None: every day. The file of holidays is read when it is needed."""
    return workdays.read(settings.holidays).is_open if pio.days == "business" else None
