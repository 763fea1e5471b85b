"""The City's retention schedule: one YAML file, in which every mistake is told with its line.

What the file does not map is kept for ever. Its hash stands in every disposition: who approves destruction does so
under one exact wording.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from archive.retention import Period, Series
from rules.source import read_typed

if TYPE_CHECKING:
    from bot.settings import Settings


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Period(_Strict):
    years: int = Field(default=0, ge=0)
    months: int = Field(default=0, ge=0)
    days: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _is_some_time(self) -> _Period:
        if not (self.years or self.months or self.days):
            message = (
                "a period of nothing would destroy everything at once; write years, months or days, or `permanent`"
            )
            raise ValueError(message)
        return self


class _Series(_Strict):
    id: Annotated[str, Field(min_length=1)]
    title: Annotated[str, Field(min_length=1)]
    covers: Literal["comments", "city_comments", "received", "followers"]
    trigger: Literal["posted", "recorded"] = "recorded"
    period: _Period | Literal["permanent"]
    authority: Annotated[str, Field(min_length=1)]


class _File(_Strict):
    series: tuple[_Series, ...] = ()

    @model_validator(mode="after")
    def _each_once(self) -> _File:
        for what in ("id", "covers"):
            said = [getattr(series, what) for series in self.series]
            twice = sorted({each for each in said if said.count(each) > 1})
            if twice:
                message = f"more than one series has the {what} {', '.join(twice)}; which one holds would be unclear"
                raise ValueError(message)
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A schedule as it was read: `text` and its SHA-256 (hex), which dispositions cite."""

    series: tuple[Series, ...]
    text: str
    sha256: str

    def get(self, id_: str) -> Series:
        """Give the series of that identifier. Raises LookupError if the schedule has none."""
        for series in self.series:
            if series.id == id_:
                return series
        message = (
            f"the retention schedule has no series {id_}; it has: {', '.join(s.id for s in self.series) or 'none'}"
        )
        raise LookupError(message)


def load(settings: Settings) -> Schedule:
    """Read the schedule that the settings name. Raises LookupError if they name none, FileProblems for mistakes."""
    if settings.retention is None:
        message = "the settings name no retention schedule (retention: schedule: …), so everything is kept for ever"
        raise LookupError(message)
    path = settings.retention.schedule
    if not path.is_file():
        message = f"there is no retention schedule {path}; everything is kept until there is"
        raise LookupError(message)
    file = read_typed(path, _File)
    body = path.read_bytes()
    series = tuple(
        Series(
            id=each.id,
            title=each.title,
            covers=each.covers,
            trigger=each.trigger,
            period=None if isinstance(each.period, str) else Period(**each.period.model_dump()),
            authority=each.authority,
        )
        for each in file.series
    )
    return Schedule(series=series, text=body.decode("utf-8"), sha256=hashlib.sha256(body).hexdigest())
