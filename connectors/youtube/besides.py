"""Besides moderating: what a channel's page says, how many follow it, and answers in public."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from connectors import verbatim
from connectors.contract import Followers, Profile, Refused, Unauthorised
from connectors.youtube.api import Absent, Declined, PageLost
from connectors.youtube.chat import in_chat
from connectors.youtube.parse import contract, maybe, text

if TYPE_CHECKING:
    from datetime import datetime

    from bot.domain.types import Ref
    from connectors.youtube.api import Api

IMAGE_HOSTS = ("ggpht.com", "googleusercontent.com", "ytimg.com")
_LINK = re.compile(r"https?://[^\s<>\"]+")
_AFTER_A_LINK = ".,;:!?)]}'"


def profile(api: Api, channel: str, *, now: datetime) -> Profile:
    """The channel's page; its list of links is not in the API, so `links` are those in its text. Costs 1 unit."""
    item, raw = _channel(api, channel, "snippet,brandingSettings", now)
    with contract(raw):
        snippet = item["snippet"]
        said = maybe(snippet, "description") or ""
        return Profile(
            name=text(snippet, "title"),
            handle=(maybe(snippet, "customUrl") or "").removeprefix("@") or None,
            text=said,
            links=tuple(link.rstrip(_AFTER_A_LINK) for link in _LINK.findall(said)),
            picture=maybe(snippet.get("thumbnails", {}).get("default", {}), "url"),
            raw=raw,
        )


def followers(api: Api, channel: str, *, now: datetime) -> Followers:
    """How many subscribe, rounded to three figures by YouTube; None if the channel hides it. Costs 1 unit."""
    item, raw = _channel(api, channel, "statistics", now)
    with contract(raw):
        told = item["statistics"]
        if told.get("hiddenSubscriberCount"):
            return Followers(count=None, why=f"the channel hides how many subscribe; {_NO_LIST}", raw=raw)
        return Followers(count=int(told["subscriberCount"]), why=f"rounded by YouTube; {_NO_LIST}", raw=raw)


def notify(api: Api, ref: Ref, words: str, *, now: datetime) -> str:
    """Answer a comment in public, below the first comment of its thread; give the answer's name. Costs 50 units."""
    if in_chat(ref):
        message = "a message of a live chat cannot be answered"
        raise Refused(message)
    top, _, _ = ref.item.partition(".")
    request = api.youtube.comments().insert(part="snippet", body={"snippet": {"parentId": top, "textOriginal": words}})
    try:
        body = api.ask(request, now=now)
    except Declined as no:
        told = f"YouTube will not take this answer: {no.status} {no.reason}".rstrip()
        raise Refused(told) from None
    with contract(body):
        return text(json.loads(body), "id")


_NO_LIST = (
    "YouTube lists only those who made their subscriptions public, and not all of them, so no list would be complete"
)


def _channel(api: Api, channel: str, part: str, now: datetime) -> tuple[Any, bytes]:
    """The channel's own resource with these parts, and its bytes."""
    try:
        body = api.read(api.youtube.channels().list(part=part, id=channel), now=now)
    except (Absent, PageLost):
        body = b"{}"
    with contract(body):
        for item, raw in verbatim.items(body, "items"):
            return item, raw
    message = f"YouTube knows no channel {channel}"
    raise Unauthorised(message)
