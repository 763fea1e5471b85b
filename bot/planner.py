"""What polling the configured accounts will cost, and whether it can go on until midnight: ``citymod plan``."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from connectors.meter import MILL
from connectors.planning import Load, planners

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from archive.spending import Cost
    from bot.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What all accounts of one platform cost together; `refused` says why they cannot be read so.

    Calls and units are a day's, dollars a month's; `detection` is in seconds, the longest of any account. `so_far` is
    what the running month has cost by now in dollars, None where nothing was booked.
    """

    platform: str
    accounts: int
    calls: float
    units: float
    dollars: float
    detection: float
    parts: dict[str, float]
    refused: str | None
    so_far: float | None = None

    def told(self) -> dict[str, Any]:
        """The same as plain JSON, in figures that mean something."""
        told = {**asdict(self), "dollars": round(self.dollars, 2), "dollars_a_day": round(self.dollars / 30, 2)}
        parts = {name: round(value, 1) for name, value in self.parts.items()}
        return {**told, "calls": round(self.calls), "units": round(self.units), "parts": parts}


def estimates(
    settings: Settings,
    *,
    posts: float,
    comments: float,
    ads: float = 0,
    so_far: Mapping[str, Cost] = MappingProxyType({}),
) -> Iterator[Estimate]:
    """What each platform costs if so many posts and comments a month come to its accounts together, evenly spread.

    `ads` are advertisements that run at a time, where an ad account is read (Facebook).
    Platforms without a planner are left out: nothing is known of their cost. `so_far` is what this month has cost.
    """
    for platform, planner in planners().items():
        if entries := [entry for entry in settings.accounts if entry.platform == platform]:
            share = 1 / len(entries)
            loads = [
                Load(
                    posts=posts * share,
                    comments=comments * share,
                    ads=ads * share,
                    poll=timedelta(seconds=entry.poll_seconds),
                    granted=entry.units_a_day,
                )
                for entry in entries
            ]
            costs = [planner.plan(load) for load in loads]
            parts: dict[str, float] = defaultdict(float)
            for cost in costs:
                for name, amount in cost.parts.items():
                    parts[name] += amount
            yield Estimate(
                platform=platform,
                accounts=len(costs),
                calls=sum(cost.calls for cost in costs),
                units=sum(cost.units for cost in costs),
                dollars=sum(cost.dollars for cost in costs),
                detection=max(cost.detection for cost in costs).total_seconds(),
                parts=dict(parts),
                refused=planner.runs_dry(loads, settings.dollars_a_month),
                so_far=so_far[platform].mills / MILL if platform in so_far else None,
            )
