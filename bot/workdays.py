"""Business days: weekdays on which the City's offices are open, by a file of its holidays.

RSMo 610.023.3 gives until the end of the third business day following the date on which the custodian received a
request. Without a file only weekends count as closed, which can only make a request due sooner than it is.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from rules.source import read_typed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from zoneinfo import ZoneInfo

ANSWER_DAYS = 3
_WEEK = ("mon", "tue", "wed", "thu", "fri")
_DAYS_OF_WEEK = 7
_ANY_YEAR = 2026


class Closed(BaseModel):
    """One holiday: by its name in US federal law (`federal`), by a weekday of a month, or by its date.

    `days_after` moves it, as from Thanksgiving to the Friday after.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    federal: str | None = None
    month: Annotated[int, Field(ge=1, le=12)] | None = None
    weekday: str | None = None
    which: Annotated[int, Field(ge=1, le=5)] | None = None
    on: date | None = None
    days_after: int = 0

    @model_validator(mode="after")
    def _is_said_one_way(self) -> Closed:
        by_weekday = self.month and self.which and self.weekday in _WEEK
        if sum((self.federal is not None, bool(by_weekday), self.on is not None)) != 1:
            message = f"{self.name}: say either federal, or month, weekday (mon to fri) and which, or on (a date)"
            raise ValueError(message)
        return self

    def dates(self, year: int) -> Iterator[date]:
        """When offices are closed for it in that year; LookupError if federal law knows no such name."""
        for day in self._days(year):
            yield day + timedelta(days=self.days_after)

    def _days(self, year: int) -> Iterator[date]:
        if self.on is not None:
            yield from [self.on] if self.on.year == year else []
        elif self.federal is not None:
            yield from _federal(self.federal, year)
        elif self.month and self.which and self.weekday:
            first = date(year, self.month, 1)
            ahead = (_WEEK.index(self.weekday) - first.weekday()) % _DAYS_OF_WEEK
            yield first + timedelta(days=ahead + _DAYS_OF_WEEK * (self.which - 1))


class Calendar(BaseModel):
    """All holidays of a city, with where they are laid down, and the hour at which a business day ends."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    source: str = ""
    closes: time = time(17)
    closed: tuple[Closed, ...] = ()

    def is_open(self, day: date) -> bool:
        """Whether it is a business day."""
        # A New Year's Day on a Saturday is observed in the year before.
        years = (day.year, day.year + 1)
        return day.weekday() < len(_WEEK) and all(day not in one.dates(year) for one in self.closed for year in years)

    def after(self, day: date, count: int) -> date:
        """Give the business day that is the `count`-th after `day`, which does not count itself."""
        while count:
            day += timedelta(days=1)
            count -= self.is_open(day)
        return day

    def due(self, received: datetime, zone: ZoneInfo, days: int = ANSWER_DAYS) -> datetime:
        """Give the end of the third business day after the date of receipt (RSMo 610.023.3), on the City's clock.

        `days`: of another than the third.
        """
        day = self.after(received.astimezone(zone).date(), days)
        return datetime.combine(day, self.closes, zone)


def read(path: Path | None) -> Calendar:
    """Read the file of holidays. Raises rules.source.FileProblems, and LookupError for a name that nobody knows."""
    calendar = read_typed(path, Calendar) if path else Calendar()
    for one in calendar.closed:
        list(one.dates(_ANY_YEAR))
    return calendar


@cache
def _federal(name: str, year: int) -> tuple[date, ...]:
    """The days of a federal holiday, the one on which it is observed included."""
    import holidays  # large, and many cities name none of these

    known = holidays.country_holidays("US", years=[year, year + 1], observed=True)
    days = {day for day in known if known[day].removesuffix(" (observed)") == name}
    if not days:
        message = f"no federal holiday is called {name!r}; there are: {', '.join(sorted(set(known.values())))}"
        raise LookupError(message)
    return tuple(sorted(day for day in days if year in (day.year, (day + timedelta(days=1)).year)))
