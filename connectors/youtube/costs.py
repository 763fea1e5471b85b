"""What YouTube's API costs and what reading a channel takes of it: figures alone, for planning; nothing here calls.

The prices are YouTube's (https://developers.google.com/youtube/v3/determine_quota_cost, revision history 2026-06-01 and
2026-06-03); how often something is read is our own choice, and `reading.py` goes by it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

UNITS = "units"
STATS = "stats"

A_DAY: Mapping[str, int] = {UNITS: 10_000, STATS: 10_000}
"""Units a day that a Google project has in each bucket, for all of its channels together, from midnight in California.

`STATS` is spent by videos.batchGetStats alone, `UNITS` by everything else. More of the latter has to be asked for (an
audit), and is then told in the settings (`units_a_day` of an account).
"""

RESERVE = 1_500
"""Units kept back from reading for acting: 30 calls, each for up to 50 comments."""

MOST_IDS = 50
"""Comments that one call of comments.setModerationStatus may name, and videos that one call may ask about."""

ACTS = frozenset({"youtube.comments.delete", "youtube.comments.setModerationStatus"})
"""Calls after which there are fewer comments, or more, by our doing."""

PAGE = 100
"""Threads, or comments, on a page."""

COST: Mapping[str, int] = {
    "youtube.channels.list": 1,
    "youtube.commentThreads.list": 1,
    "youtube.comments.delete": 50,
    "youtube.comments.insert": 50,
    "youtube.comments.list": 1,
    "youtube.comments.setModerationStatus": 50,
    "youtube.liveChatMessages.delete": 20,
    "youtube.liveChatMessages.list": 5,
    "youtube.playlistItems.list": 1,
    "youtube.videos.batchGetStats": 1,
    "youtube.videos.list": 1,
}
"""Units of one call, of however many comments, by the method's name in the discovery document."""

POLL_EVERY = timedelta(minutes=2)
"""How often a channel is best polled: twelve channels then ask for counts 8,640 times a day."""
NEWEST_EVERY = timedelta(minutes=20)
"""How long the newest threads of a channel go unread where no count of comments has changed."""
UPLOADS_EVERY = timedelta(hours=2)
COLD_EVERY = timedelta(hours=2)
"""How often videos are counted that are not among those where something last happened."""
HELD_EVERY = timedelta(hours=4)
AGAIN_EVERY = timedelta(days=1)
"""How often what was begun in the last `AGAIN_BACK` is read again in full."""
AGAIN_BACK = timedelta(days=14)
WHOLE_EVERY = timedelta(days=28)
"""How often everything a channel has is read again, however old."""
HOT_VIDEOS = 50
"""How many videos, those where something happened last, are counted at every poll: one call."""
COUNTED_VIDEOS = 300

_DAY = timedelta(days=1)


def bucket(method: str) -> str:
    """Which of the two quotas a method spends."""
    return STATS if method == "youtube.videos.batchGetStats" else UNITS


def cost(method: str) -> int:
    """Units that one call of a method costs. KeyError for one that this connector does not call."""
    return COST[method]


def acting(comments: int) -> int:
    """Units for acting on so many comments at once, looks before and after (1 and up to 3 units each) included."""
    return math.ceil(comments / MOST_IDS) * COST["youtube.comments.setModerationStatus"] + 4 * comments


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one channel gets: new videos and new comments a day, and which share of the comments are replies.

    `late` is the share of comments that stand under threads older than the newest hundred; `streamed` is how long a
    live stream with chat runs, on an average day.
    """

    videos: float
    comments: float
    replies: float = 0.3
    late: float = 0.1
    streamed: timedelta = timedelta()


def reading(load: Load, every: timedelta = POLL_EVERY) -> dict[str, float]:
    """Units a day, by bucket, that reading one channel takes when it is polled so often.

    Comments are taken to come one by one at any time of the day, which costs most: comments that come together are
    read together.
    """
    polls = _DAY / every
    per_poll = load.comments / polls
    quiet = NEWEST_EVERY / every
    # A read follows the first poll that finds something, or the one that ends the quiet time.
    polls_between = math.expm1(-per_poll * quiet) / math.expm1(-per_poll) if per_poll else quiet
    units = polls / polls_between
    units += load.comments * load.late
    units += _DAY / UPLOADS_EVERY + 2 * (_DAY / HELD_EVERY)
    threads = load.comments * (1 - load.replies) * (AGAIN_BACK / _DAY)
    units += (threads / PAGE + load.videos * (AGAIN_BACK / _DAY) / MOST_IDS) * (_DAY / AGAIN_EVERY) + 1
    units += load.videos
    units += COST["youtube.liveChatMessages.list"] * (load.streamed / every)
    cold = math.ceil((COUNTED_VIDEOS - HOT_VIDEOS) / MOST_IDS) * (_DAY / COLD_EVERY)
    return {UNITS: units, STATS: polls + cold}


def detection(every: timedelta = POLL_EVERY) -> tuple[timedelta, timedelta]:
    """How long a comment under a known video goes unseen: on average, and at most (if its count does not lag)."""
    return every / 2, every
