"""The ways in which Nextdoor is awkward, by name: from its published API, and what archivers report of it.

What rests on reports alone is listed under *Unsure* in README.md.
"""

from __future__ import annotations

from typing import Final

from connectors.standin.faults import Pitfall

SOME: Final = 0.3
RARE: Final = 0.05


def _always(name: str, says: str) -> Pitfall:
    return Pitfall(name=name, says=says, always=True)


PITFALLS: Final = (
    Pitfall(name="authors_missing", says="some comments do not say who wrote them", share=SOME),
    Pitfall(name="login_tokens", says="addresses carry tokens that sign in whoever follows them"),
    Pitfall(name="token_ends_early", says="an access token stops working before its time", share=RARE),
    Pitfall(name="grant_taken_back", says="members of staff took their grants back: 400 invalid_grant"),
    Pitfall(name="removed_by_nextdoor", says="Nextdoor removes some comments minutes later, without a word", share=0.1),
    Pitfall(name="gone_from_the_list", says="some posts are in no list any more, and all under them", share=RARE),
    Pitfall(name="busy", says="some requests are answered with 429, and no time", share=RARE),
    Pitfall(name="out_of_order", says="some requests are answered with 500, which is to be tried again", share=RARE),
    _always("newest_fifty", "each member of staff has their newest 50 posts listed, and nobody else's"),
    _always("no_names", "a comment has no name of its author, and no title"),
    _always("nothing_hidden", "whatever was removed is not there; nothing says that it was, or by whom"),
    _always("flat", "all comments of a post come in one list, and name what they answer"),
    _always("ends", "an access token ends after an hour"),
    _always("no_acts", "nothing hides or deletes what a neighbour wrote"),
)
