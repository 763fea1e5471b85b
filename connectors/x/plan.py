"""What reading an account costs in dollars and requests, as walk.py reads it.

X bills each post that it gives at $0.005 and each user at $0.010, the same one once in a UTC day (a soft guarantee),
and hiding at $0.005; polls that bring nothing are free (docs.x.com, x-api/getting-started/pricing, August 2026). Users
are given because names of authors are asked for with every post.
"""

from __future__ import annotations

from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING

from connectors.planning import DAY, MONTH, Cost

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.planning import Load

POST, USER, HIDE = 0.005, 0.010, 0.005
AUTHORS = "names of authors"
WINDOW = timedelta(minutes=15)
MENTIONS = 300
"""Requests for mentions in a window (docs.x.com, x-api/fundamentals/rate-limits)."""
_ROOTS_A_QUERY = 10
_UNPACED = 4
_PACE = timedelta(seconds=15)


def plan(load: Load) -> Cost:
    """Requests a day and dollars a month of one account.

    Every poll reads half an hour again, and so always the newest post and the newest reply: billed once a day.
    """
    daily = load.comments / MONTH
    threads = _distinct(load.recent, daily)
    own = 1 + min(1.0, daily)
    dollars = {
        "replies": load.comments * POST,
        "the City's posts": load.posts * POST,
        AUTHORS: MONTH * (daily * load.authors + own) * USER,
        "the newest post and reply, every day anew": MONTH * own * POST,
        "the posts that replies stand under, every day anew": MONTH * max(threads - load.posts / MONTH, 0) * POST,
        "the replies that replies answer, looked up with their authors": load.comments * load.replies * (POST + USER),
        "acts and looks": MONTH * load.acts * (HIDE + POST),
    }
    queries = ceil(load.recent / _ROOTS_A_QUERY)
    searches = min(load.polls, DAY / (queries * _PACE)) if queries > _UNPACED else load.polls
    calls = load.polls * 2 + searches * queries + load.polls * min(1.0, daily) + load.acts * 3
    return Cost(calls=calls, hour=calls / 24, dollars=sum(dollars.values()), detection=load.poll, parts=dollars)


def runs_dry(loads: Sequence[Load], budget: float | None) -> str | None:
    """Whether the month costs more than the City will pay, or a window has too few requests."""
    if any(WINDOW / load.poll > MENTIONS for load in loads):
        return f"X: more than {MENTIONS} polls in 15 minutes are not allowed. Poll less often."
    dollars = sum(plan(load).dollars for load in loads)
    if budget is not None and dollars > budget:
        names = sum(plan(load).parts[AUTHORS] for load in loads)
        return (
            f"X: reading would cost ${dollars:,.2f} a month, ${names:,.2f} of it for names of authors, and the budget "
            f"is ${budget:,.2f}; X stops answering when the credit is used up. Polling less often changes little."
        )
    return None


def _distinct(things: float, draws: float) -> float:
    """How many of `things` are met in so many draws."""
    return things * (1 - (1 - 1 / things) ** draws) if things > 1 else min(things, draws)
