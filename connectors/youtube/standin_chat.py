"""The chat of a live stream, as the stand-in's API gives it: while the stream runs, and not too often."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from connectors.standin.server import Response
from connectors.standin.world import APP
from connectors.youtube.standin_call import PLATFORM_NAME, Call, position, token
from connectors.youtube.standin_errors import No, Reason, answer
from connectors.youtube.standin_show import Live, chat_of, in_chat, tagged_list

if TYPE_CHECKING:
    from connectors.standin.world import WorldPost

POLLING = timedelta(seconds=5)
"""How long a client is to wait before it asks a chat for its next page."""


def list_messages(call: Call) -> Response:
    """liveChatMessages.list: what was said since a page, or all that is still given; only while the stream runs."""
    video, live = _chat(call, call.one("liveChatId"))
    now = call.world.clock()
    if live.read_at and "pageToken" in call.query and now - live.read_at < POLLING:
        raise No(Reason.RATE_LIMIT_EXCEEDED)
    live.read_at = now
    said = [comment for comment in call.world.under(video) if in_chat(comment)]
    most = int(call.one("maxResults", "500"))
    start = position(call) if call.one("pageToken") else max(0, len(said) - most)
    end = min(len(said), start + most)
    show = call.show()
    items = [show.message(comment) for comment in said[start:end] if comment.deleted_by is None]
    more = {
        "pollingIntervalMillis": int(POLLING.total_seconds() * 1000),
        "nextPageToken": token(call, end),
        "pageInfo": {"totalResults": len(said), "resultsPerPage": len(items)},
    }
    return answer(tagged_list("liveChatMessage", items, **more))


def delete_message(call: Call) -> Response:
    """liveChatMessages.delete: the owner may delete what anybody said."""
    name = call.one("id")
    named = [
        one
        for (platform, item), one in call.world.comments.items()
        if platform == PLATFORM_NAME and in_chat(one) and item.rpartition("/")[2] == name
    ]
    if not named or named[0].deleted_by is not None:
        raise No(Reason.LIVE_CHAT_MESSAGE_NOT_FOUND)
    _chat(call, chat_of(named[0].post))
    if named[0].account.id != call.viewer:
        raise No(Reason.FORBIDDEN)
    call.world.delete(named[0], APP)
    return Response(status=204)


def _chat(call: Call, name: str) -> tuple[WorldPost, Live]:
    """The stream whose chat that is."""
    for video, live in call.quirks.streams.items():
        post = call.video(video)
        if post and chat_of(post) == name:
            if live.state(call.world.clock()) != "live":
                raise No(Reason.LIVE_CHAT_ENDED)
            if not live.chat:
                raise No(Reason.LIVE_CHAT_DISABLED)
            return post, live
    raise No(Reason.LIVE_CHAT_NOT_FOUND)
