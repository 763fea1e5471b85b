"""The web hooks of the stand-in: what happened on a Page, told as Facebook tells it.

See connectors.standin.graph_hooks. From "Webhooks for Pages" and the payloads that users of it have published. A
comment's `remove` carries neither words nor time. Nothing tells of what Facebook did by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from connectors.facebook.standin_keys import APP_SECRET, VERIFY_TOKEN
from connectors.standin import graph_hooks, world

if TYPE_CHECKING:
    from connectors.facebook.standin import StandIn
    from connectors.standin.world import WorldAccount, WorldComment


@dataclass(frozen=True, slots=True)
class _Known:
    text: str
    hidden: bool
    deleted: bool


class Hooks(graph_hooks.Hooks):
    """Tells one address what happens on one Page."""

    kind: ClassVar[str] = "page"
    secret: ClassVar[str] = APP_SECRET
    word: ClassVar[str] = VERIFY_TOKEN
    unknown: ClassVar[tuple[dict[str, Any], ...]] = (
        {"field": "feed", "value": {"item": "reaction", "verb": "sparkle", "since_v": 27}},
        {"field": "page_weather", "value": None},
    )

    def __init__(self, standin: StandIn, account: WorldAccount) -> None:
        """Take the Page; what is on it now is old."""
        self._standin = standin
        self._known: dict[str, _Known] = {}
        super().__init__(standin.world, standin.pitfalls, account)

    def changes(self) -> list[dict[str, Any]]:
        """What people and the app did since the last time."""
        told = []
        for comment in self._world.comments_of(self._account):
            before, now = self._known.get(comment.id), self._seen(comment)
            self._known[comment.id] = now
            told += [{"field": "feed", "value": self._value(comment, v)} for v in _verbs(before, now, comment)]
        return told

    def _seen(self, comment: WorldComment) -> _Known:
        return _Known(comment.text, comment.hidden_by is not None, comment.deleted_by is not None)

    def _value(self, comment: WorldComment, verb: str) -> dict[str, Any]:
        value: dict[str, Any] = {
            "item": "comment",
            "verb": verb,
            "comment_id": comment.id,
            "post_id": comment.post.id,
            "parent_id": comment.parent.id if comment.parent else comment.post.id,
        }
        if comment.author:
            value["from"] = {"id": comment.author.id, "name": comment.author.name}
        if verb != "remove":
            value |= {"created_time": int(comment.at.timestamp()), "message": comment.text}
            value["post"] = {"id": comment.post.id, "permalink_url": self._standin.post_url(comment.post)}
        return value


def _verbs(before: _Known | None, now: _Known, comment: WorldComment) -> list[str]:
    """What happened between two sights of a comment; what Facebook did itself is not told."""
    if before is None:
        return ["add"]
    verbs = ["edited"] if before.text != now.text else []
    if before.hidden != now.hidden and comment.hidden_by != world.PLATFORM:
        verbs.append("hide" if now.hidden else "unhide")
    if now.deleted and not before.deleted and comment.deleted_by != world.PLATFORM:
        verbs.append("remove")
    return verbs
