"""The pitfalls of X's stand-in by name: what the real X does now and then, switched on singly or all together by seed.

What X always does (paging, the seven days of search, edits as new identifiers, long texts in a note, partial errors for
what is not there, limits, the bill) needs no switch and is always so.
"""

from __future__ import annotations

import hashlib
import random
from typing import Final

NAMES: Final = {
    "late_mentions": "some mentions show minutes after they were written, below identifiers already seen",
    "untagged": "some direct replies do not name the City, and only a search of the conversation finds them",
    "duplicates": "the last item of a page is also the first of the next",
    "empty_pages": "a page without anything, but with the token of the next, comes first",
    "partial_errors": "a list carries an error about something else beside its items",
    "internal_error": "a look-up answers 200 with an error of X's own in place of an item",
    "vanishing": "a reply is deleted by its author just before it is hidden",
    "no_reset": "429 without a time",
    "day_limit": "429 with headers of the limit of 24 hours, while the window has room",
    "monthly_cap": "429 because the month's reads are used up",
    "no_credits": "402",
    "spend_cap": "403 because the spending limit is reached",
    "refresh_lost": "tokens are renewed, and the answer never arrives",
    "unavailable_html": "503 with a web page",
    "unavailable_empty": "503 with nothing",
    "drip": "an answer that comes a byte at a time",
    "withheld": "an item whose author is null because it is withheld",
    "silent_fields": "author and time are left out in silence, as of withdrawn field names",
    "stale_since_id": "a search declines the since_id as too old",
    "full_conversation": "a reply is not hidden because 725 in its conversation are",
    "stream_duplicates": "the stream gives each event twice",
    "stream_disorder": "the stream gives events in the wrong order",
    "stream_error": "the stream says that it ends, and ends",
    "stream_break": "the stream ends without a word, in the middle of a line",
    "subscription_unavailable": "503 to changing a subscription",
}


class Pitfalls:
    """Which of them are on, and how often. The same seed meets the same requests with the same."""

    def __init__(self, seed: int = 0) -> None:
        """Nothing is on yet."""
        self._seed = seed
        self._random = random.Random(seed)  # noqa: S311  events, not secrets
        self._rates: dict[str, float] = {}

    def switch(self, name: str, rate: float = 1.0) -> None:
        """Let it happen at this rate from 0 to 1; 0 switches it off. Raises ValueError for an unknown name."""
        if name not in NAMES:
            message = f"no pitfall {name!r}; there are: {', '.join(NAMES)}"
            raise ValueError(message)
        self._rates[name] = rate

    def seeded(self, seed: int, rate: float = 0.05) -> None:
        """Switch on all of them."""
        self._seed = seed
        self._random.seed(seed)
        self._rates = dict.fromkeys(NAMES, rate)

    def clear(self) -> None:
        """Switch off all of them."""
        self._rates.clear()

    def meets(self, name: str, thing: str = "") -> bool:
        """Whether it happens now, or to this thing, which it then does every time."""
        rate = self._rates.get(name, 0.0)
        if not thing or rate in (0.0, 1.0):
            return rate > 0 and self._random.random() < rate
        drawn = hashlib.sha256(f"{self._seed} {name} {thing}".encode()).digest()
        return int.from_bytes(drawn[:4]) < rate * 2**32
