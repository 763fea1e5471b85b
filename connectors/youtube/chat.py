"""The chat of a live stream: read while the stream runs, looked at, and deleted message by message.

A message has a name that only its chat knows, and the chat is known by its video, so ours is ``chat/VIDEO/MESSAGE``.
YouTube can delete a message for good and cannot hold one for review. When a stream has ended its chat answers nothing
any more: what is shown of it then cannot be told.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bot.domain.types import Author, Comment, Sighting, Speaker, Visibility
from connectors import verbatim
from connectors.contract import Refused
from connectors.youtube.api import Absent, Barred, Declined
from connectors.youtube.parse import contract, maybe, text, time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.domain.types import Ref
    from connectors.youtube.lists import Lists
    from connectors.youtube.parse import Parser

MOST_MESSAGES = 2_000
"""Messages on a page, at most; it begins with the oldest that YouTube still gives."""
_MARK = "chat/"
_WORDS = (
    ("textMessageDetails", "messageText"),
    ("superChatDetails", "userComment"),
    ("memberMilestoneChatDetails", "userComment"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatPage:
    """Messages, oldest first; `after` names the next page, which is not to be asked for before `wait` has passed."""

    messages: list[Comment]
    listed: int
    after: str | None
    wait: timedelta


def in_chat(ref: Ref) -> bool:
    """Whether that is a message of a chat, not a comment."""
    return ref.item.startswith(_MARK)


def chat_page(parser: Parser, body: bytes, video: str) -> ChatPage:
    """Read an answer of liveChatMessages.list about the chat of that video. Raises Malformed."""
    with contract(body):
        whole = json.loads(body)
        listed = list(verbatim.items(body, "items"))
        said = [_message(parser, item, raw, video) for item, raw in listed]
        return ChatPage(
            messages=[message for message in said if message],
            listed=len(listed),
            after=None if "offlineAt" in whole else maybe(whole, "nextPageToken"),
            wait=timedelta(milliseconds=int(whole.get("pollingIntervalMillis", 0))),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Chats:
    """The chats of one channel at one moment. Raises the contract's errors."""

    lists: Lists

    def page(self, chat: str, video: str, after: str | None = None) -> ChatPage | None:
        """A page of a chat; None if the chat is over. Costs 5 units. Raises PageLost if `after` names no page."""
        request = self.lists.api.youtube.liveChatMessages().list(
            liveChatId=chat, part="id,snippet,authorDetails", maxResults=MOST_MESSAGES, pageToken=after
        )
        try:
            body = self.lists.api.read(request, now=self.lists.now, yielding=self.lists.yielding)
        except (Absent, Barred):
            return None
        return chat_page(self.lists.parser, body, video)

    def look(self, ref: Ref) -> Sighting:
        """Look for a message among all that its chat gives. GONE if it is not there; UNKNOWN if that cannot be told."""
        video, _, _ = ref.item.removeprefix(_MARK).partition("/")
        there, stream = self.lists.stream(video)
        page = self.page(stream.chat, video) if stream and stream.chat else None
        for message in page.messages if page else ():
            if message.ref == ref:
                return Sighting(ref=ref, visibility=Visibility.VISIBLE, seen_at=self.lists.now, comment=message)
        gone = not there or (page is not None and page.listed < MOST_MESSAGES)
        return Sighting(ref=ref, visibility=Visibility.GONE if gone else Visibility.UNKNOWN, seen_at=self.lists.now)

    def delete(self, ref: Ref) -> Visibility:
        """Delete a message for good. Raises Refused where YouTube will not, as when the stream has ended."""
        _, _, message = ref.item.removeprefix(_MARK).partition("/")
        try:
            self.lists.api.ask(self.lists.api.youtube.liveChatMessages().delete(id=message), now=self.lists.now)
        except Declined as no:
            if self.look(ref).visibility is Visibility.GONE:
                return Visibility.GONE
            told = f"YouTube will not delete this message of a live chat: {no.status} {no.reason}".rstrip()
            raise Refused(told) from None
        return Visibility.UNKNOWN


def _message(parser: Parser, item: Mapping[str, Any], raw: bytes, video: str) -> Comment | None:
    """One message; None for what the chat says of itself (that it ended, who became a member, who was banned)."""
    snippet, written = item["snippet"], _written(item["snippet"])
    if written is None:
        return None
    details = item.get("authorDetails") or {}
    author = maybe(details, "channelId") or maybe(snippet, "authorChannelId") or None
    name = maybe(details, "displayName") or None
    return Comment(
        ref=parser.ref(f"{_MARK}{video}/{text(item, 'id')}"),
        post=parser.ref(video),
        parent=None,
        author=Author(
            id=author,
            name=name,
            handle=name[1:] if name and name.startswith("@") else None,
            url=maybe(details, "channelUrl") or None,
        ),
        speaker=Speaker.CITY if author == parser.account.id else Speaker.PUBLIC,
        text=written,
        posted_at=time(snippet, "publishedAt"),
        url=f"{parser.web}/live_chat?is_popout=1&v={quote(video)}",
        visibility=Visibility.VISIBLE,
        raw=raw,
    )


def _written(snippet: Mapping[str, Any]) -> str | None:
    """What somebody wrote, with or without money; None where the chat itself speaks."""
    for kind, name in _WORDS:
        if found := maybe(snippet.get(kind) or {}, name):
            return found
    return maybe(snippet, "displayMessage") if snippet.get("type") == "textMessageEvent" else None
