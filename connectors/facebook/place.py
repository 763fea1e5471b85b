"""How far a Page has been read: what the cursor's text holds, and what it says about the next reading.

Posts are read in the order in which something last happened to them (Graph's `updated_time`), so one time, `mark`,
tells that everything before it is read. Beside it the cursor keeps what the feed said of the `KEPT` latest posts; when
that is said differently, their comments are read again. Neither tells of an edit, of something hidden by staff, or of
a comment gone: `updated_time` does not move for them. So posts where something happened in the last `RECENT` are read
again every `SWEEP`, and all posts every `FULL`; an interrupted reading goes on where it was.

Photos and videos have comments apart from their posts, and no time that moves with them. Of the newest of them the
cursor keeps how many comments they had (`others`), and they are read again when the number is another.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.domain.types import Cursor

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from connectors.facebook.parse import Listed

KEPT = 200
KEPT_OTHERS = 600
RECENT = timedelta(days=7)
SWEEP = timedelta(minutes=10)
FULL = timedelta(days=1)


class Due(StrEnum):
    """Which reading is due: of everything, of what happened lately, or only of what changed."""

    FULL = "full"
    SWEEP = "sweep"
    NEWS = "news"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in the reading of a Page. Times are in seconds since 1970.

    `posts` maps a post to what the feed said of it when its comments were last read, `others` does so for photos and
    videos, the one read last at the end; `swept` and `full` are when the
    last complete reading of each kind began; `reading` is the kind that is under way and `through` the post (with its
    `updated_time`) that it has come to.
    """

    posts: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)
    mark: int = 0
    swept: int = 0
    full: int = 0
    reading: Due = Due.NEWS
    through: tuple[int, str] = (0, "")

    @classmethod
    def of(cls, cursor: Cursor | None) -> Place:
        """Read a cursor. One that cannot be read means the beginning: reading again repeats, and never skips."""
        try:
            found = json.loads(cursor.text) if cursor else {}
            return cls(
                posts={str(post): str(said) for post, said in dict(found.get("posts", {})).items()},
                others={str(item): str(said) for item, said in dict(found.get("others", {})).items()},
                mark=int(found.get("mark", 0)),
                swept=int(found.get("swept", 0)),
                full=int(found.get("full", 0)),
                reading=Due(found.get("reading", Due.NEWS)),
                through=_through(*found.get("through", (0, ""))),
            )
        except (ValueError, TypeError, AttributeError, OverflowError):
            return cls()

    @property
    def cursor(self) -> Cursor:
        """The same as a cursor."""
        return Cursor(text=json.dumps(asdict(self), separators=(",", ":")))

    def due(self, now: datetime) -> Due:
        """Which reading is due."""
        if now.timestamp() - self.full >= FULL.total_seconds():
            return Due.FULL
        return Due.SWEEP if now.timestamp() - self.swept >= SWEEP.total_seconds() else Due.NEWS

    def wants(self, listed: Listed, due: Due, now: datetime) -> bool:
        """Whether the comments of a post or object are to be read in a reading of that kind."""
        if self._changed(listed):
            return True
        if due is self.reading and key(listed) <= self.through:
            return False
        return due is Due.FULL or (due is Due.SWEEP and listed.updated >= (now - RECENT).timestamp())

    def after(self, listed: Listed, due: Due) -> Place:
        """The place once the comments of a post or object have been read; they come in the order of their `key`."""
        return replace(self._with(listed, _said(listed)), reading=due, through=key(listed))

    def broken(self, listed: Listed, due: Due) -> Place:
        """The place once comments could not be read to the end: as `after`, but they are wanted again."""
        return replace(self._with(listed, f"{listed.updated}.broken"), reading=due, through=key(listed))

    def done(self, due: Due, now: datetime) -> Place:
        """The place once everything that was due `now` has been read."""
        begun = int(now.timestamp())
        if due is Due.NEWS:
            return self
        full = begun if due is Due.FULL else self.full
        return replace(self, swept=begun, full=full, reading=Due.NEWS, through=(0, ""))

    def _with(self, listed: Listed, said: str) -> Place:
        item = listed.post.ref.item
        if listed.apart:
            others = {name: old for name, old in self.others.items() if name != item}
            kept = [*others.items(), (item, said)] if listed.front else list(others.items())
            return replace(self, others=dict(kept[-KEPT_OTHERS:]))
        posts = {**self.posts, item: said}
        latest = sorted(posts, key=lambda post: (int(posts[post].partition(".")[0]), post))[-KEPT:]
        return replace(self, posts={post: posts[post] for post in latest}, mark=max(self.mark, listed.updated))

    def _changed(self, listed: Listed) -> bool:
        item = listed.post.ref.item
        if listed.apart:
            return listed.front and self.others.get(item) != _said(listed)
        known = self.posts.get(item)
        if known is not None:
            return known != _said(listed)
        return listed.updated >= self.mark


def key(listed: Listed) -> tuple[int, str]:
    """The order in which posts are read: by when something last happened to them."""
    return listed.updated, listed.post.ref.item


def _said(listed: Listed) -> str:
    return str(listed.count) if listed.apart else f"{listed.updated}.{listed.count}"


def _through(updated: object, post: object) -> tuple[int, str]:
    return int(str(updated)), str(post)
