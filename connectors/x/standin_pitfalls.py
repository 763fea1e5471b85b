"""The pitfalls of X's stand-in by name: what the real X does now and then, switched on singly or all together by seed.

What X always does (paging, the seven days of search, edits as new identifiers, long texts in a note, partial errors for
what is not there, limits, the bill) needs no switch and is always so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from connectors.standin.faults import Pitfall, Pitfalls

SOME: Final = 0.3
RARE: Final = 0.05

PITFALLS: Final = (
    Pitfall(
        name="late_mentions",
        says="some mentions show minutes after they were written, below identifiers already seen",
        share=SOME,
    ),
    Pitfall(
        name="untagged",
        says="some direct replies do not name the City, and only a search of the conversation finds them",
        share=SOME,
    ),
    Pitfall(name="duplicates", says="the last item of a page is also the first of the next"),
    Pitfall(name="empty_pages", says="a page without anything, but with the token of the next, comes first"),
    Pitfall(name="partial_errors", says="a list carries an error about something else beside its items"),
    Pitfall(
        name="internal_error", says="a look-up answers 200 with an error of X's own in place of an item", share=RARE
    ),
    Pitfall(name="vanishing", says="a reply is deleted by its author just before it is hidden"),
    Pitfall(name="protected", says="a reply's author protects their account just before it is hidden"),
    Pitfall(name="no_reset", says="429 without a time", share=RARE),
    Pitfall(name="day_limit", says="429 with headers of the limit of 24 hours, while the window has room", share=RARE),
    Pitfall(name="monthly_cap", says="429 because the month's reads are used up", share=RARE),
    Pitfall(name="no_credits", says="402", share=RARE),
    Pitfall(name="spend_cap", says="403 because the spending limit is reached", share=RARE),
    Pitfall(name="refresh_lost", says="tokens are renewed, and the answer never arrives", share=RARE),
    Pitfall(name="unavailable_html", says="503 with a web page", share=RARE),
    Pitfall(name="unavailable_empty", says="503 with nothing", share=RARE),
    Pitfall(name="drip", says="an answer that comes a byte at a time", share=RARE),
    Pitfall(name="withheld", says="an item whose author is null because it is withheld", share=SOME),
    Pitfall(
        name="silent_fields", says="author and time are left out in silence, as of withdrawn field names", share=RARE
    ),
    Pitfall(name="stale_since_id", says="a search declines the since_id as too old", share=RARE),
    Pitfall(name="full_conversation", says="a reply is not hidden because 725 in its conversation are"),
    Pitfall(name="stream_duplicates", says="the stream gives each event twice"),
    Pitfall(name="stream_disorder", says="the stream gives events in the wrong order"),
    Pitfall(name="stream_error", says="the stream says that it ends, and ends", share=RARE),
    Pitfall(name="stream_break", says="the stream ends without a word, in the middle of a line", share=RARE),
    Pitfall(name="subscription_unavailable", says="503 to changing a subscription"),
)


@dataclass(slots=True)
class Turns(Pitfalls):
    """Those pitfalls that strike requests strike every so many; `turns` counts the requests they might have struck."""

    turns: int = 0

    def seeded(self, seed: int, share: float = RARE) -> None:
        """Switch on all of them."""
        self.seed = seed
        for name in self.names:
            self.turn(name, share)

    def meets(self, name: str, thing: str = "") -> bool:
        """Whether it happens now, or to this thing, which it then does every time."""
        if not thing:
            self.turns += 1
        return self.strikes(name, thing or str(self.turns))
