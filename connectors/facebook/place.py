"""How far a Page has been read: what the cursor's text holds, and what it says about the next reading.

Posts are read in the order in which something last happened to them (Graph's `updated_time`), so one time, `mark`,
tells that everything before it is read. Beside it the cursor keeps what the feed said of the `KEPT` latest posts; when
that is said differently, their comments are read again. For what neither tells of, see connectors/graph_place.py.

Photos and videos have comments apart from their posts, and no time that moves with them. Of the newest of them the
cursor keeps how many comments they had (`others`), and they are read again when the number is another.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from connectors.graph_place import Due, GraphPlace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from connectors.facebook.parse import Listed

KEPT = 200
KEPT_OTHERS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Place(GraphPlace):
    """A place in the reading of a Page; see GraphPlace.

    `posts` maps a post to what the feed said of it when its comments were last read, `others` does so for photos and
    videos, the one read last at the end. What comes in a reading's turn does so by when something last happened to it.
    """

    posts: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)
    mark: int = 0

    @classmethod
    def own(cls, found: Mapping[str, Any]) -> dict[str, Any]:
        """What was said of posts, photos and videos."""
        return {
            "posts": {str(post): str(said) for post, said in dict(found.get("posts", {})).items()},
            "others": {str(item): str(said) for item, said in dict(found.get("others", {})).items()},
            "mark": int(found.get("mark", 0)),
        }

    def wants(self, listed: Listed, due: Due, now: datetime) -> bool:
        """Whether the comments of a post or object are to be read in a reading of that kind."""
        return self._changed(listed) or self.turn(due, key(listed), listed.updated, now)

    def after(self, listed: Listed, due: Due) -> Place:
        """The place once the comments of a post or object have been read; they come in the order of their `key`."""
        return replace(self._with(listed, _said(listed)), reading=due, through=key(listed))

    def broken(self, listed: Listed, due: Due) -> Place:
        """The place once comments could not be read to the end: as `after`, but they are wanted again."""
        return replace(self._with(listed, f"{listed.updated}.broken"), reading=due, through=key(listed))

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
