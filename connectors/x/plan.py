"""What reading an account costs in dollars and requests, as walk.py reads it and prices.py has it.

X bills what its answers hold, the same thing once in a UTC day; polls that bring nothing are free.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from connectors.planning import DAY, MONTH, Cost
from connectors.x import prices
from connectors.x.walk import MOST_ROOTS, PACE, SWEEP, UNPACED, YOUNG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.planning import Load

AUTHORS = "names of authors"
_TERMS_A_QUERY = 11
_TERMS = 2
"""What a search asks of one post: its conversation and its quotes."""


def plan(load: Load) -> Cost:
    """Requests a day and dollars a month of one account.

    Names are those that the credentials ask for unless they say otherwise. An act is looked at before and after, with
    its author, and perhaps its post is read.
    """
    twice = 1 + prices.READ_TWICE
    names = min(prices.NAMES_A_MONTH, load.comments * load.authors)
    mills = {
        "replies": load.comments * prices.POST * twice,
        "the City's posts": load.posts * prices.POST * twice,
        AUTHORS: names * prices.USER,
        "acts and looks": MONTH * load.acts * (prices.MANAGE + prices.USER + prices.POST),
    }
    dollars = {part: much / prices.MILL for part, much in mills.items()}
    lively = _queries(_lively(load))
    searches = min(load.polls, DAY / (lively * PACE)) if lively > UNPACED else load.polls
    sweeps = min(load.polls, DAY / SWEEP) * _queries(min(MOST_ROOTS, load.posts * load.past))
    calls = load.polls * 2 + searches * lively + sweeps + names / MONTH + load.acts * 4
    return Cost(calls=calls, hour=calls / 24, dollars=sum(dollars.values()), detection=load.poll, parts=dollars)


def runs_dry(loads: Sequence[Load], budget: float | None) -> str | None:
    """Whether the month costs more than the City will pay, or a window has too few requests."""
    if any(prices.WINDOW / load.poll > prices.MENTIONS_LIMIT for load in loads):
        return f"X: more than {prices.MENTIONS_LIMIT} polls in 15 minutes are not allowed. Poll less often."
    dollars = sum(plan(load).dollars for load in loads)
    if budget is not None and dollars > budget:
        names = sum(plan(load).parts[AUTHORS] for load in loads)
        return (
            f"X: reading would cost ${dollars:,.2f} a month, ${names:,.2f} of it for names of authors, and the budget "
            f"is ${budget:,.2f}; X stops answering when the credit is used up. Polling less often changes little."
        )
    return None


def _lively(load: Load) -> float:
    """How many conversations are searched at every poll: the young ones, and older ones that were answered today."""
    young = load.posts * (YOUNG / DAY) / MONTH
    older = max(0.0, load.recent - young)
    answered_there = load.comments / MONTH * older / max(load.recent, 1)
    return young + _distinct(older, answered_there)


def _queries(conversations: float) -> int:
    return ceil(conversations * _TERMS / _TERMS_A_QUERY)


def _distinct(things: float, draws: float) -> float:
    """How many of `things` are met in so many draws."""
    return things * (1 - (1 - 1 / things) ** draws) if things > 1 else min(things, draws)
