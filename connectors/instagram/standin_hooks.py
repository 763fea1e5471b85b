"""The web hooks of the stand-in: new comments and mentions, told as Instagram tells them.

See connectors.standin.graph_hooks. From "Webhooks for Instagram" (Graph API reference) and the payloads that users of
it have published. Only what is new is told: there is no hook for an edit, a deletion or a hiding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from connectors.instagram.standin_keys import APP_SECRET, VERIFY_TOKEN
from connectors.standin import graph_hooks

if TYPE_CHECKING:
    from connectors.instagram.standin import StandIn
    from connectors.standin.world import WorldAccount, WorldComment


class Hooks(graph_hooks.Hooks):
    """Tells one address what is new under one account's media."""

    kind: ClassVar[str] = "instagram"
    secret: ClassVar[str] = APP_SECRET
    word: ClassVar[str] = VERIFY_TOKEN
    unknown: ClassVar[tuple[dict[str, Any], ...]] = ({"field": "story_insights", "value": None},)

    def __init__(self, standin: StandIn, account: WorldAccount) -> None:
        """Take the account; what is there now is old."""
        self._standin = standin
        self._told: set[str] = set()
        super().__init__(standin.world, standin.pitfalls, account)

    def changes(self) -> list[dict[str, Any]]:
        """What is new since the last time."""
        new = [one for one in self._world.comments_of(self._account) if one.id not in self._told]
        mentions = [ident for ident in self._standin.mentions if ident not in self._told]
        self._told |= {one.id for one in new} | set(mentions)
        return [
            *({"field": "comments", "value": self._value(one)} for one in new),
            *({"field": "mentions", "value": {"media_id": "17999", "comment_id": ident}} for ident in mentions),
        ]

    def _value(self, comment: WorldComment) -> dict[str, Any]:
        value: dict[str, Any] = {
            "id": comment.id,
            "text": comment.text,
            "media": {"id": comment.post.id, "media_product_type": self._standin.shape(comment.post).product},
        }
        if comment.author:
            value["from"] = {"id": comment.author.id, "username": comment.author.handle}
        return value | ({"parent_id": comment.parent.id} if comment.parent else {})
