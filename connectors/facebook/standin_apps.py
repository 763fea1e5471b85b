"""How the stand-in subscribes a Page to its app's web hooks: ``/{page}/subscribed_apps`` ("Page Subscribed Apps").

Asking and subscribing want `pages_manage_metadata` ("Webhooks for Pages").
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from connectors.facebook.standin_keys import APP_ID
from connectors.standin.graph import Trouble

if TYPE_CHECKING:
    from connectors.facebook.standin import StandIn
    from connectors.standin.graph import Call
    from connectors.standin.world import WorldAccount

APPS: Final = "subscribed_apps"
FIELDS: Final = frozenset({"feed", "mention", "ratings", "messages", "live_videos", "videos"})
"""Some of the 110 fields there are."""


def subscribed(standin: StandIn, account: WorldAccount) -> object:
    """The apps that are told what happens on a Page, with the fields of each."""
    fields = standin.subscribed.get(account.id, ["feed"])
    if standin.pitfalls.strikes("not_subscribed") or not fields:
        return {"data": []}
    app = {"category": "Business", "link": "https://city.example/", "name": "citymod", "id": APP_ID}
    return {"data": [{**app, "subscribed_fields": list(fields)}]}


def subscribe(standin: StandIn, account: WorldAccount, call: Call) -> object:
    """Subscribe to fields, given as a list or parted by commas. Raises Trouble."""
    told = call.params.get("subscribed_fields", "")
    try:
        wanted = [str(name) for name in json.loads(told)]
    except (ValueError, TypeError):
        wanted = [name.strip() for name in told.split(",") if name.strip()]
    if not wanted:
        message = "(#100) The parameter subscribed_fields is required."
        raise Trouble(message, 100)
    if unknown := [name for name in wanted if name not in FIELDS]:
        message = (
            f"(#100) Param subscribed_fields[0] must be one of {{{', '.join(sorted(FIELDS))}}} - got {unknown[0]!r}."
        )
        raise Trouble(message, 100)
    standin.subscribed[account.id] = wanted
    return {"success": True}
