"""How stand-ins behind Graph subscribe a Page to its app's web hooks: ``/{page}/subscribed_apps``.

"Page Subscribed Apps" (Graph API reference).

Asking and subscribing want `pages_manage_metadata` ("Webhooks for Pages").
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from connectors.standin.graph import Trouble
from connectors.standin.graph_troubles import not_permitted

if TYPE_CHECKING:
    from collections.abc import Collection

    from connectors.standin.faults import Pitfalls
    from connectors.standin.graph import Call

APPS: Final = "subscribed_apps"
FIELDS: Final = frozenset({"feed", "mention", "ratings", "messages", "live_videos", "videos"})
"""Some of the 110 fields there are."""
_OTHER: Final = {"name": "A chat tool", "id": "2210000000000077", "subscribed_fields": ["messages", "feed"]}
_PERMISSION = "pages_manage_metadata"


class Apps:
    """Which fields of each Page the app is told of: the feed, unless something else was subscribed."""

    def __init__(self, app_id: str, pitfalls: Pitfalls) -> None:
        """Take the app."""
        self.fields: dict[str, list[str]] = {}
        self._app = {"category": "Business", "link": "https://city.example/", "name": "citymod", "id": app_id}
        self._pitfalls = pitfalls

    def answer(self, page: str, call: Call, lacks: Collection[str]) -> object:
        """Tell or change what is subscribed of a Page; `lacks`: permissions the token has not. Raises Trouble."""
        if _PERMISSION in lacks or self._pitfalls.strikes("hooks_not_permitted"):
            raise not_permitted(_PERMISSION)
        return self._subscribed(page) if call.method == "GET" else self._subscribe(page, call)

    def _subscribed(self, page: str) -> object:
        told = [_OTHER] if self._pitfalls.strikes("another_app") else []
        fields = self.fields.get(page, ["feed"])
        if fields and not self._pitfalls.strikes("not_subscribed"):
            told = [*told, {**self._app, "subscribed_fields": list(fields)}]
        return {"data": told}

    def _subscribe(self, page: str, call: Call) -> object:
        """Subscribe to fields, given as a list or parted by commas, in place of those before."""
        told = call.params.get("subscribed_fields", "")
        try:
            wanted = [str(name) for name in json.loads(told)]
        except (ValueError, TypeError):
            wanted = [name.strip() for name in told.split(",") if name.strip()]
        if not wanted:
            message = "(#100) The parameter subscribed_fields is required."
            raise Trouble(message, 100)
        if unknown := [name for name in wanted if name not in FIELDS]:
            known = ", ".join(sorted(FIELDS))
            message = f"(#100) Param subscribed_fields[0] must be one of {{{known}}} - got {unknown[0]!r}."
            raise Trouble(message, 100)
        self.fields[page] = wanted
        return {"success": True}
