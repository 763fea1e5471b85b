"""What reading a channel costs of the project's daily quota: the figures of costs.py, for the planner."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from connectors.planning import DAY, MONTH, Cost
from connectors.youtube import costs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.planning import Load

READING, ACTING, STATS = "reading", "acts and looks", "counts of comments (a quota of their own)"


def plan(load: Load) -> Cost:
    """Units and calls a day of one channel."""
    channel = costs.Load(videos=load.posts / MONTH, comments=load.comments / MONTH, replies=load.replies)
    read = costs.reading(channel, load.poll)
    parts = {READING: read[costs.UNITS], ACTING: load.acts * costs.acting(1)}
    calls = parts[READING] + read[costs.STATS] + load.acts * 5 + 24  # an access token lasts an hour
    detection = costs.detection(load.poll)[1]
    parts_and_stats = {**parts, STATS: read[costs.STATS]}
    return Cost(calls=calls, hour=calls / 24, units=sum(parts.values()), detection=detection, parts=parts_and_stats)


def runs_dry(loads: Sequence[Load], budget: float | None) -> str | None:  # noqa: ARG001  YouTube takes no money
    """Whether the day's units end before midnight in California, the reserve for acting left out."""
    planned = [plan(load) for load in loads]
    stats = sum(cost.parts[STATS] for cost in planned)
    units = sum(cost.units for cost in planned)
    given_out = max(costs.A_DAY[costs.UNITS], *(load.granted or 0 for load in loads))
    for what, asked, given in (
        ("units", units, given_out - costs.RESERVE),
        ("counts of comments", stats, costs.A_DAY[costs.STATS]),
    ):
        if asked > given:
            hours = DAY * given / asked / timedelta(hours=1)
            return (
                f"YouTube: {asked:,.0f} {what} a day are needed and {given:,.0f} are there for reading; they "
                f"would end {hours:.0f} hours after midnight in California. "
                "Poll less often."
            )
    return None
