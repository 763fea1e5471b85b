"""What reading a channel costs of the project's daily quota, as reading.py reads it.

Every list costs 1 unit a page and every moderation 50; 10,000 units a day are shared by all channels and given out
anew at midnight in California; videos.batchGetStats has 10,000 of its own
(developers.google.com/youtube/v3/determine_quota_cost, revision history 2026-06-01).
"""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING

from connectors.planning import DAY, MONTH, Cost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.planning import Load

QUOTA = 10_000
RESERVE = 1_500
"""Units kept for acting: 30 calls."""
HOURLY, TWICE = 24, 2
STATS = "counts of comments (a quota of their own)"
_ACT, _LOOK = 50, 3


def plan(load: Load) -> Cost:
    """Units and calls a day of one channel. All published threads of the past are read again twice a day."""
    videos = load.posts * (load.past + 0.5)
    threads = load.comments * (1 - load.replies) * (load.past + 0.5)
    parts = {
        "newest threads, every poll": load.polls,
        "threads under videos whose count changed": load.comments / MONTH,
        "new videos": load.posts / MONTH,
        "list of uploads, every hour": HOURLY + TWICE * _pages(videos, 50),
        "held comments and likely spam, every hour": HOURLY * 2.0,
        "everything again, twice a day": TWICE * (_pages(threads, 100) + _pages(videos, 50)),
        "acts and looks": load.acts * (_ACT + _LOOK),
    }
    stats = load.polls * _pages(min(videos, 300), 50)
    units = sum(parts.values())
    calls = units - load.acts * (_ACT - 1) + stats + HOURLY  # an access token lasts an hour
    return Cost(calls=calls, hour=calls / 24, units=units, detection=load.poll, parts={**parts, STATS: stats})


def runs_dry(loads: Sequence[Load], budget: float | None) -> str | None:  # noqa: ARG001  YouTube takes no money
    """Whether the day's units end before midnight in California, the reserve for acting left out."""
    costs = [plan(load) for load in loads]
    stats = sum(cost.parts[STATS] for cost in costs)
    units = sum(cost.units for cost in costs)
    for what, asked, given in (("units", units, QUOTA - RESERVE), ("counts of comments", stats, QUOTA)):
        if asked > given:
            hours = DAY * given / asked / timedelta(hours=1)
            return (
                f"YouTube: {asked:,.0f} {what} a day are needed and {given:,} are there (of {QUOTA:,}, "
                f"{QUOTA - given:,} kept for acting); they would end {hours:.0f} hours after midnight in California. "
                "Poll less often."
            )
    return None


def _pages(items: float, size: int) -> int:
    return max(1, ceil(items / size))
