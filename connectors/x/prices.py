"""What X charges and how often it may be asked: figures alone, for the bill and for planning.

Money is counted in mills, thousandths of a dollar, so that sums are exact. X bills what an answer holds, not how often
it is asked: an answer without content is free, and so is whatever was billed before on the same day in UTC.

Sources: docs.x.com, x-api/getting-started/pricing and x-api/fundamentals/rate-limits, both as of 22 August 2026.
"""

from __future__ import annotations

from datetime import timedelta

MILL = 1000
"""Mills in a dollar."""

POST = 5
"""A post or reply that an answer holds."""
USER = 10
"""A user that an answer holds, also where it came by way of an expansion (taken for so; see README, Unsure)."""
FOLLOWER = 10
"""One user in a list of followers."""
OWNED = 1
"""A post or follower of the account that owns the developer app, from its own timelines and lists."""
MANAGE = 5
"""One request to hide or to show again."""
ANSWER = 10
"""One reply sent to somebody who spoke to the account."""
ANSWER_WITH_LINK = 200
"""The same with an address in it."""
EVENT = 5
"""One event of the activity stream."""

WINDOW = timedelta(minutes=15)
"""Requests are counted in windows of this length. The figures below are for one account in one window."""
TIMELINE_LIMIT = 900
MENTIONS_LIMIT = 300
SEARCH_LIMIT = 300
LOOK_UP_LIMIT = 5000
HIDE_LIMIT = 50
USERS_LIMIT = 900

QUERY = 512
"""Most characters of a search query."""
PAGE = 100
"""Most items in one answer, and most identifiers that are looked up at once."""
BACKLOG_POSTS = 3200
BACKLOG_MENTIONS = 800
"""What the very first reading of an account may bring at most, and therefore cost, once."""
MONTH_OF_READS = 3_000_000
"""Most posts that an app may read in a month, whatever it pays."""

NAMES_A_MONTH = 50
"""Authors whose names are asked for in a month by polling, unless the credentials say otherwise."""

READ_TWICE = 0.03
"""What of everything read is read, and paid for, on two days, around midnight. Measured on the stand-in."""


def dollars(mills: int) -> str:
    """Print an amount in full, for people."""
    return f"${mills / MILL:,.3f}"
