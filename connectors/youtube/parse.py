"""Reads YouTube's answers into our nouns.

What YouTube leaves out: `videoId` (comments.list, and whatever is written on the channel itself), `authorChannelId`
and the author's name (closed accounts), `moderationStatus` (the id filter), `textOriginal` (readers who neither wrote
the comment nor own the channel). What no comment can do without is looked for, and its absence is Malformed.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bot.domain.types import Attachment, Author, Comment, Post, Ref, Speaker, Visibility
from connectors import verbatim
from connectors.contract import Malformed
from connectors.counting import counts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.domain.types import Account

WEB = "https://www.youtube.com"
EMBEDDED = 5
"""How many replies, at most, come with their thread."""

_SHOWN = {
    "published": Visibility.VISIBLE,
    "heldForReview": Visibility.HIDDEN,
    "likelySpam": Visibility.HIDDEN,
    "rejected": Visibility.HIDDEN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """A top-level comment, those of its replies that came with it, and how many YouTube says there are."""

    top: Comment
    replies: tuple[Comment, ...]
    total: int
    video: str | None

    @property
    def comments(self) -> tuple[Comment, ...]:
        """All that came."""
        return (self.top, *self.replies)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A stream that runs, with its chat if it has one, or that is to begin (`begins`)."""

    chat: str | None
    begins: datetime | None


def stream_of(video: bytes) -> Stream | None:
    """The stream that a video is or will be, from its resource with snippet and liveStreamingDetails; None if none."""
    with contract(video):
        item = json.loads(video)
        state = maybe(item["snippet"], "liveBroadcastContent")
        told = item.get("liveStreamingDetails", {})
        if state not in ("live", "upcoming") or "actualEndTime" in told:
            return None
        begins = time(told, "scheduledStartTime") if state == "upcoming" and "scheduledStartTime" in told else None
        return Stream(chat=maybe(told, "activeLiveChatId") if state == "live" else None, begins=begins)


def next_page(body: bytes) -> str | None:
    """The token of the page after this one; None on the last. A short or empty page says nothing of what follows."""
    with contract(body):
        token = json.loads(body).get("nextPageToken")
        if not isinstance(token, str | None):
            message = "nextPageToken"
            raise TypeError(message)
        return token or None


def identities(body: bytes) -> list[tuple[str, str]]:
    """Identifier and title of each channel in an answer of channels.list."""
    with contract(body):
        return [(text(item, "id"), text(item["snippet"], "title")) for item, _ in verbatim.items(body, "items")]


def uploads(body: bytes) -> str | None:
    """The playlist of a channel's uploads, from an answer of channels.list; None if there is no such channel."""
    with contract(body):
        for item, _ in verbatim.items(body, "items"):
            return text(item["contentDetails"]["relatedPlaylists"], "uploads")
        return None


def listed_videos(body: bytes) -> list[str]:
    """The videos of one page of playlistItems.list, in its order."""
    with contract(body):
        return [text(item["contentDetails"], "videoId") for item, _ in verbatim.items(body, "items")]


def comment_counts(body: bytes) -> dict[str, int]:
    """How many comments each video has, from videos.batchGetStats; those with comments switched off are left out."""
    with contract(body):
        return {
            text(item, "id"): int(item["statistics"]["commentCount"])
            for item, _ in verbatim.items(body, "items")
            if "commentCount" in item.get("statistics", {})
        }


def video_named(body: bytes) -> str | None:
    """The video that the first item of a list of comments or threads names; None if it names none."""
    with contract(body):
        for item, _ in verbatim.items(body, "items"):
            return maybe(item["snippet"], "videoId")
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parser:
    """Knows whose channel it reads, and at which address the public sees it."""

    account: Account
    web: str = WEB

    def ref(self, item: str) -> Ref:
        """Name something on this channel."""
        return Ref(platform=self.account.platform, account=self.account.id, item=item)

    def threads(self, body: bytes, *, public: bool) -> list[Thread]:
        """The threads of one page of commentThreads.list; `public`: of the published ones, not of those held back."""
        with contract(body):
            return [self._thread(item, raw, public=public) for item, raw in verbatim.items(body, "items")]

    def comments(self, body: bytes, *, video: str | None) -> list[Comment]:
        """The comments of one page of comments.list, which gives published ones only; `video` where it names none."""
        with contract(body):
            return [
                self._comment(item, raw, video=video, otherwise=Visibility.VISIBLE)
                for item, raw in verbatim.items(body, "items")
            ]

    def videos(self, body: bytes) -> list[Post]:
        """The posts of one page of videos.list."""
        with contract(body):
            return [
                self._post(item, raw, f"{self.web}/watch?v={quote(text(item, 'id'))}")
                for item, raw in verbatim.items(body, "items")
            ]

    def channels(self, body: bytes) -> list[Post]:
        """The channel itself as a post, for what is written on it rather than under a video; from channels.list."""
        with contract(body):
            return [self._post(item, raw, self._channel_url) for item, raw in verbatim.items(body, "items")]

    @property
    def _channel_url(self) -> str:
        return f"{self.web}/channel/{quote(self.account.id)}"

    def _thread(self, item: Mapping[str, Any], raw: bytes, *, public: bool) -> Thread:
        snippet = item["snippet"]
        video = maybe(snippet, "videoId")
        first = snippet["topLevelComment"]
        otherwise = Visibility.VISIBLE if public else Visibility.UNKNOWN
        top = self._comment(first, verbatim.member(raw, "snippet", "topLevelComment"), video=video, otherwise=otherwise)
        below = Visibility.HIDDEN if top.visibility is Visibility.HIDDEN else None
        replies = tuple(
            self._comment(reply, reply_raw, video=video, otherwise=otherwise, always=below)
            for reply, reply_raw in verbatim.items(raw, "replies", "comments")
        )
        top = replace(top, counts={**top.counts, **counts(snippet, replies="totalReplyCount")})
        return Thread(top=top, replies=replies, total=_count(snippet, "totalReplyCount"), video=video)

    def _comment(
        self,
        item: Mapping[str, Any],
        raw: bytes,
        *,
        video: str | None,
        otherwise: Visibility,
        always: Visibility | None = None,
    ) -> Comment:
        """Read one comment. `always` is its visibility whatever it says (replies vanish with what they answer)."""
        identifier, snippet = text(item, "id"), item["snippet"]
        video = maybe(snippet, "videoId") or video
        parent = text(snippet, "parentId") if snippet.get("parentId") else None
        author = _author(snippet)
        status = maybe(snippet, "moderationStatus")
        return Comment(
            ref=self.ref(identifier),
            post=self.ref(video or self.account.id),
            parent=self.ref(parent) if parent else None,
            author=author,
            speaker=Speaker.CITY if author.id == self.account.id else Speaker.PUBLIC,
            text=_wording(snippet),
            posted_at=time(snippet, "publishedAt"),
            url=self._comment_url(video, identifier),
            visibility=always or (_SHOWN.get(status, Visibility.UNKNOWN) if status else otherwise),
            attachments=_images(snippet, identifier),
            raw=raw,
            counts=counts(snippet, likes="likeCount"),
        )

    def _comment_url(self, video: str | None, comment: str) -> str:
        if video:
            return f"{self.web}/watch?v={quote(video)}&lc={quote(comment)}"
        return f"{self._channel_url}?lc={quote(comment)}"

    def _post(self, item: Mapping[str, Any], raw: bytes, url: str) -> Post:
        snippet = item["snippet"]
        title, description = text(snippet, "title"), maybe(snippet, "description")
        return Post(
            ref=self.ref(text(item, "id")),
            author=Author(id=self.account.id, name=maybe(snippet, "channelTitle") or self.account.name),
            text=f"{title}\n\n{description}" if description else title,
            posted_at=time(snippet, "publishedAt"),
            url=url,
            raw=raw,
            counts=_figures(item.get("statistics", {})),
        )


def _figures(statistics: Mapping[str, Any]) -> dict[str, int]:
    """Likes, comments and views of a video, which YouTube writes as text; it leaves out what its owner hides."""
    names = {"likes": "likeCount", "comments": "commentCount", "views": "viewCount"}
    said = {name: statistics.get(field) for name, field in names.items()}
    return {
        name: int(text) for name, text in said.items() if isinstance(text, str) and text.isascii() and text.isdigit()
    }


@contextmanager
def contract(body: bytes) -> Iterator[None]:
    """Turn whatever an unexpected answer makes fall over into Malformed, with the answer as payload."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        what = f": {error}" if isinstance(error, KeyError) else ""
        message = f"YouTube's answer is not as published ({type(error).__name__}{what})"
        raise Malformed(message, payload=body) from None


def _wording(snippet: Mapping[str, Any]) -> str:
    """The text as it was typed where YouTube gives that, else as it is shown; a picture alone has none."""
    written = maybe(snippet, "textOriginal")
    if written is None:
        written = maybe(snippet, "textDisplay")
    if written is None and "imageUrl" not in snippet:
        message = "textDisplay"
        raise KeyError(message)
    return written or ""


def _author(snippet: Mapping[str, Any]) -> Author:
    name = maybe(snippet, "authorDisplayName")
    return Author(
        id=maybe(snippet.get("authorChannelId") or {}, "value") or None,
        name=name or None,
        handle=name[1:] if name and name.startswith("@") else None,
        url=maybe(snippet, "authorChannelUrl") or None,
    )


def _images(snippet: Mapping[str, Any], comment: str) -> tuple[Attachment, ...]:
    """The picture that came with a comment. Its address is signed anew with every reading, so it cannot name it."""
    url = maybe(snippet, "imageUrl")
    return (Attachment(id=f"{comment}/image", kind="image", url=url),) if url else ()


def text(item: Mapping[str, Any], name: str) -> str:
    """A text that must be there and not be empty."""
    value = item[name]
    if not isinstance(value, str) or not value:
        raise TypeError(name)
    value.encode()  # half a surrogate pair names nothing; ValueError
    return value


def maybe(item: Mapping[str, Any], name: str) -> str | None:
    """A text that may be missing."""
    value = item.get(name)
    if not isinstance(value, str | None):
        raise TypeError(name)
    return value


def _count(item: Mapping[str, Any], name: str) -> int:
    value = item.get(name, 0)
    if not isinstance(value, int):
        raise TypeError(name)
    return value


def time(item: Mapping[str, Any], name: str) -> datetime:
    """A time, in UTC. ValueError if it has no zone."""
    moment = datetime.fromisoformat(text(item, name))
    if moment.tzinfo is None:
        raise ValueError(name)
    return moment.astimezone(UTC)
