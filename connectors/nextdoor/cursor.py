"""What was listed of one Nextdoor account, as the text that is kept between polls: so that what is missing is noticed.

Nextdoor lists no more than the newest 50 posts of each member of staff. A post that is missing there fell out of the
list if the list is full and only holds newer ones; then nothing is known of it. Otherwise it was deleted.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.domain.types import Cursor
from connectors.nextdoor.parse import item_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connectors.nextdoor.parse import Listed

NEWEST = 50
"""Most posts that Nextdoor lists (civicplus.help: "the 50 most recent posts")."""


@dataclass(frozen=True, slots=True)
class Known:
    """A post that was listed: whose it is, when it was published (seconds), and the comments listed under it."""

    staff: str
    at: int
    comments: frozenset[str]


@dataclass(slots=True)
class Mark:
    """The posts that were listed, by identifier, and everybody who ever published one: they write for the City."""

    posts: dict[str, Known] = field(default_factory=dict)
    city: set[str] = field(default_factory=set)

    @classmethod
    def read(cls, cursor: Cursor | None) -> Mark:
        """Understand a kept text. Raises KeyError, TypeError or ValueError for what is none of ours."""
        if cursor is None or not cursor.text:
            return cls()
        kept = json.loads(cursor.text)
        return cls(
            {
                post: Known(str(entry["by"]), int(entry["at"]), frozenset(item_of(post, each) for each in entry["c"]))
                for post, entry in kept["posts"].items()
            },
            {str(author) for author in kept["city"]},
        )

    def cursor(self) -> Cursor:
        """The text to be kept."""
        posts = {
            post: {
                "by": known.staff,
                "at": known.at,
                "c": sorted(comment.removeprefix(item_of(post, "")) for comment in known.comments),
            }
            for post, known in sorted(self.posts.items())
        }
        return Cursor(text=json.dumps({"city": sorted(self.city), "posts": posts}, separators=(",", ":")))

    def take(self, staff: str, listed: Listed) -> list[str]:
        """Take in a post as it is listed now; give the comments that were listed under it before and are not now."""
        post = listed.post.ref.item
        now = frozenset(comment.ref.item for comment in listed.comments)
        before = self.posts[post].comments if post in self.posts else frozenset()
        self.posts[post] = Known(staff, int(listed.post.posted_at.timestamp()), now)
        return sorted(before - now)

    def drop_missing(self, listings: Mapping[str, Sequence[Listed]]) -> list[str]:
        """Forget posts that are listed no more; give the comments of those that were deleted, not only grown old."""
        there = {listed.post.ref.item for listing in listings.values() for listed in listing}
        gone: list[str] = []
        for post in sorted(self.posts.keys() - there):
            known = self.posts.pop(post)
            listing = listings.get(known.staff)
            if listing is not None and not may_lack(listing, known.at):
                gone += sorted(known.comments)
        return gone


def may_lack(listing: Sequence[Listed], at: int) -> bool:
    """Whether a list may lack a post from that time (seconds) only because it is full of newer ones."""
    return len(listing) >= NEWEST and all(int(listed.post.posted_at.timestamp()) >= at for listed in listing)
