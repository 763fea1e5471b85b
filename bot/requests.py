"""Records requests as people meet them: put on record with the day they are due, and what of them presses today."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from archive import requests
from bot import workdays
from bot.digest_words import EN, when_due

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from archive.database import Tx
    from archive.requests import Request, Withheld
    from bot.digest_words import Words
    from bot.domain.types import Agent
    from bot.settings import Settings

SOON = timedelta(days=1)


def begin(  # noqa: PLR0913  a request is all of this
    tx: Tx,
    settings: Settings,
    *,
    who: str,
    contact: str,
    wanted: str,
    received_at: datetime,
    agent: Agent,
    now: datetime,
    referred_by: str = "",
    first_asked_at: datetime | None = None,
) -> Request:
    """Put a request on record that the custodian received then; its time begins there (RSMo 610.023.3).

    Raises ValueError, with a sentence, if that was later than now, or if only half is said of who passed it on.
    """
    if received_at > now:
        message = "A request cannot have been received later than now."
        raise ValueError(message)
    if bool(referred_by) != bool(first_asked_at):
        message = "Of a request that was passed on say both who did, and when it was first asked."
        raise ValueError(message)
    name = requests.open_request(
        tx,
        year=received_at.astimezone(settings.zone).year,
        who=who,
        contact=contact,
        wanted=wanted,
        received_at=received_at,
        due_at=workdays.read(settings.holidays).due(received_at, settings.zone).astimezone(UTC),
        agent=agent,
        now=now,
        referred_by=referred_by,
        first_asked_at=first_asked_at,
    )
    return requests.request(tx, name)


def place_in_words(place: Withheld) -> str:
    """Which place is withheld, without what stands there."""
    return f"{place.comment} {f'characters {place.start + 1} to {place.end}' if place.end else place.field}"


def lines(asked: Iterable[Request], zone: ZoneInfo, now: datetime) -> Iterator[str]:
    """Say of each request that waits for an answer when it is due."""
    for one in asked:
        yield f"Records request {one.id}: {standing(one, zone, now)}"


def pressing(asked: Iterable[Request], now: datetime) -> list[Request]:
    """Give the requests that are overdue or due within a day."""
    return [one for one in asked if one.due_at - now <= SOON]


def standing(one: Request, zone: ZoneInfo, now: datetime, words: Words = EN) -> str:
    """Where a request stands, in words."""
    if one.closed_at is not None:
        at = f"{one.closed_at.astimezone(zone):%Y-%m-%d %H:%M}"
        return words["closed_request"].format(at=at, outcome=one.outcome)
    due = when_due(words, zone, one.due_at)
    if one.is_overdue(now):
        return words["overdue_since"].format(due=due)
    said = words["due"].format(due=due)
    return words["delayed"].format(due=said, why=one.delayed_why) if one.delayed_why else said
