"""Whether Meta pushes what happens on an account: an app hears of it once it is subscribed to the account's Page.

``/{page}/subscribed_apps`` tells and changes it, with a Page's token ("Page Subscribed Apps", Graph API reference, and
"Webhooks for Pages"); an Instagram account is subscribed by its Page. Subscribing replaces what was subscribed before.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from connectors import verbatim
from connectors.contract import Malformed, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from connectors.graph import Graph

FEED = "feed"
"""The field that matters: without it nothing is pushed that a poll would find."""

_EDGE = "subscribed_apps"


def subscribed(graph: Graph, app_id: str | None, *, now: datetime) -> frozenset[str]:
    """The fields of which an app is told what happens; none if it is not subscribed. Raises the five errors.

    `subscribed_fields` stands in "Webhooks for Pages"; where it is not sent, being listed is taken for it.
    """
    if not app_id:
        message = "which of the Page's apps is the City's is not known: give app_id"
        raise Refused(message)
    found: set[str] = set()
    for page in graph.pages("me", _EDGE, now=now):
        for app in _apps(page.body):
            if app.get("id") == app_id:
                told = app.get("subscribed_fields") or [FEED]
                found |= {str(field) for field in (told if isinstance(told, list) else [FEED])}
    return frozenset(found)


def subscribe(graph: Graph, app_id: str | None, *, now: datetime) -> frozenset[str]:
    """Subscribe an app to `FEED` beside what it has, and give what Graph then shows. Raises as `subscribed`."""
    fields = subscribed(graph, app_id, now=now) | {FEED}
    answer = graph.send("me", _EDGE, now=now, subscribed_fields=json.dumps(sorted(fields)))
    if answer.value.get("success") is not True:
        message = "Graph did not say that it subscribed the app"
        raise Refused(message)
    return subscribed(graph, app_id, now=now)


def _apps(body: bytes) -> Iterator[dict[str, Any]]:
    try:
        yield from (value for value, _ in verbatim.items(body, "data") if isinstance(value, dict))
    except ValueError as error:
        raise Malformed(str(error), payload=body) from None
