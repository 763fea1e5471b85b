"""What reading a Page costs in calls to the Graph API, as reading.py and place.py read it.

With a Page's token Graph allows 4,800 calls in 24 hours for each person who engaged with the Page in that time
(developers.facebook.com/docs/graph-api/overview/rate-limiting, Business Use Case limits); no price is asked.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from connectors.facebook.reading import AGAIN, EDGES, ELSEWHERE
from connectors.graph import BATCH_MOST
from connectors.graph_place import SWEEP
from connectors.planning import DAY, MONTH, Cost

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from connectors.planning import Load

HOUR_EACH = 200
"""Calls an hour for each person engaged: an even share of the 4,800."""
SHARE = 0.8
"""How much of that may be planned; the rest is for acting."""
_PAGE = 100
_OFTEN = sum(not edge.daily for edge in EDGES)
"""Lists beside the feed."""
_STIRRED = 1.7
"""Posts on which something happened in the last week, for each post of that week: most of the week before's, too."""


def plan(load: Load) -> Cost:
    """Calls a day of one Page."""
    posts = load.posts * (load.past + 0.5)
    feed = max(1, ceil(posts / _PAGE))
    each = max(1, ceil(load.comments / max(load.posts, 1) / _PAGE))
    fresh = load.comments / MONTH
    stirred = load.recent * _STIRRED
    sweeps = _times(load, SWEEP)
    parts = {
        "the newest posts, every poll": load.polls,
        "posts where something changed": (load.comments + load.posts) / MONTH * each,
        "the rest of the feed, every 10 minutes": sweeps * (feed - 1),
        "posts commented on in the last week, every 10 minutes": sweeps * stirred * each,
        "all older posts, once a day": max(posts - stirred, 0) * each,
        "reels, photos, videos, live videos, ads and reviews, every 5 minutes": _OFTEN * _times(load, ELSEWHERE),
        "the ad account, and what it alone names": _times(load, ELSEWHERE) * _ads_asked(load) + sweeps * load.ads,
        "comments of the last day by identifier, every 3 minutes": _times(load, AGAIN) * ceil(fresh / BATCH_MOST),
        "acts and looks": load.acts * 4,
    }
    calls = sum(parts.values())
    daily = parts["all older posts, once a day"]
    # Graph counts each identifier of a batch as a call.
    named = _times(load, AGAIN) * fresh + _times(load, ELSEWHERE) * load.ads
    return Cost(calls=calls, hour=(calls + named - daily) / 24 + daily, detection=load.poll, parts=parts)


def runs_dry(loads: Sequence[Load], budget: float | None) -> str | None:  # noqa: ARG001  Graph takes no money
    """Whether a Page's calls in its fullest hour are more than its engaged people give it."""
    for load in loads:
        engaged = max(1.0, load.comments / MONTH * load.authors)
        allowed = HOUR_EACH * engaged * SHARE
        if (asked := plan(load).hour) > allowed:
            return (
                f"Facebook: up to {asked:,.0f} calls an hour are needed for a Page, and {allowed:,.0f} are sure "
                f"({HOUR_EACH} for each of {engaged:.0f} people who write on a day, a fifth kept for acting). "
                "Poll less often."
            )
    return None


def _ads_asked(load: Load) -> float:
    """Requests each time: the list of ads, and their posts in batches. None where there is no ad account."""
    return 1 + ceil(load.ads / BATCH_MOST) if load.ads else 0


def _times(load: Load, every: timedelta) -> float:
    """How often a day something is done whose time comes round at a poll."""
    return DAY / (load.poll * ceil(every / load.poll))
