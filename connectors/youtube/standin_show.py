"""How the stand-in shows the world: comments, threads, videos and channels as resources of YouTube's API."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from html import escape
from itertools import count
from typing import TYPE_CHECKING

from connectors.standin.world import PLATFORM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from connectors.standin.faults import Pitfalls
    from connectors.standin.world import World, WorldAccount, WorldComment, WorldPost

EMBEDDED = 5
IMAGE_HOLDS = timedelta(hours=6)
PUBLISHED = "published"
_CHANNELS_SINCE = "2012-05-01T16:00:00Z"

Resource = dict[str, object]


@dataclass(slots=True)
class Quirks:
    """What YouTube sometimes does, for tests to switch on."""

    page_size: int | None = None
    """Lists give at most this many at a time, whatever was asked for."""
    empty_first: bool = False
    """Lists of comments begin with a page that has nothing on it but the way to the next."""
    newest_reply_first: bool = False
    """The order of comments.list(parentId), which has changed twice."""
    comments_off: set[str] = field(default_factory=set)
    """Videos whose comments are switched off."""
    on_channel: set[str] = field(default_factory=set)
    """Top-level comments that stand on the channel itself: they name no video."""
    images: dict[str, str] = field(default_factory=dict)
    """Pictures that came with comments."""
    description: str = ""
    """What the channel says of itself."""
    subscribers_hidden: bool = False
    streams: dict[str, Live] = field(default_factory=dict)
    """Videos that are, were or will be live streams."""


@dataclass(slots=True)
class Live:
    """A live stream: it begins at a time, has a chat while it runs, and ends when somebody ends it."""

    begins: datetime
    ended: datetime | None = None
    chat: bool = True
    read_at: datetime | None = None

    def state(self, now: datetime) -> str:
        """YouTube's word for it."""
        if self.ended:
            return "none"
        return "live" if now >= self.begins else "upcoming"


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """Shows the world to `viewer`, a channel. `parts` are those asked for; `plain`: text without markup.

    `by_id`: things were asked for by their identifiers, which makes YouTube leave out the moderation status.
    """

    world: World
    quirks: Quirks
    pitfalls: Pitfalls
    base: str
    viewer: str
    parts: frozenset[str]
    replies: Callable[[WorldComment], list[WorldComment]]
    count: Callable[[WorldPost], int]
    plain: bool = False
    by_id: bool = False

    def thread(self, top: WorldComment, state: str = PUBLISHED) -> Resource:
        """A thread as it stands in the list of that moderation status."""
        published = public_replies(self.replies(top), self.quirks, self.pitfalls)
        snippet = {
            "channelId": top.account.id,
            **self._video_of(top),
            "topLevelComment": self._whole(top),
            "canReply": True,
            "totalReplyCount": len(published),
            "isPublic": shown(top),
        }
        replies = published if state == PUBLISHED else self._held_with(top, state)
        embedded = [self._whole(reply) for reply in replies[:EMBEDDED]]
        return self._resource(
            "commentThread", top.id, snippet=snippet, **({"replies": {"comments": embedded}} if embedded else {})
        )

    def comment(self, comment: WorldComment) -> Resource:
        """A comment as comments.list gives it, which does not name the video."""
        return self._resource("comment", comment.id, snippet=self._snippet(comment))

    def video(self, video: WorldPost) -> Resource:
        """A video with its counts; no count of comments where these are switched off."""
        live = self.quirks.streams.get(video.id)
        counts = {"viewCount": "100", "likeCount": "3", "favoriteCount": "0"}
        if not closed(video, self.quirks, self.pitfalls):
            counts["commentCount"] = str(self.count(video))
        snippet = {
            **self._about(video),
            "categoryId": "25",
            "liveBroadcastContent": live.state(self.world.clock()) if live else "none",
            "localized": dict(zip(("title", "description"), _titled(video.text), strict=True)),
        }
        details = {"liveStreamingDetails": self._streaming(video, live)} if live else {}
        return self._resource("video", video.id, snippet=snippet, statistics=counts, **details)

    def message(self, comment: WorldComment) -> Resource:
        """A message of a live chat."""
        author = comment.author
        snippet = {
            "type": "textMessageEvent",
            "liveChatId": chat_of(comment.post),
            **({"authorChannelId": author.id} if author else {}),
            "publishedAt": _time(comment.at),
            "hasDisplayContent": True,
            "displayMessage": comment.text,
            "textMessageDetails": {"messageText": comment.text},
        }
        details = {
            "channelId": author.id if author else "",
            "channelUrl": f"http://www.youtube.com/channel/{author.id}" if author else "",
            "displayName": f"@{author.handle}" if author else "",
            "profileImageUrl": f"{self.base}/avatar/{author.id if author else 'none'}",
            "isVerified": False,
            "isChatOwner": author is not None and author.id == comment.account.id,
            "isChatSponsor": False,
            "isChatModerator": False,
        }
        return self._resource("liveChatMessage", comment.id.rpartition("/")[2], snippet=snippet, authorDetails=details)

    def _streaming(self, video: WorldPost, live: Live) -> Resource:
        """When a stream begins and ended, and its chat while it runs."""
        if live.state(self.world.clock()) == "upcoming":
            return {"scheduledStartTime": _time(live.begins)}
        ended = {"actualEndTime": _time(live.ended)} if live.ended else {}
        chat = {"activeLiveChatId": chat_of(video)} if live.chat and not live.ended else {}
        return {"actualStartTime": _time(live.begins), **ended, **chat}

    def stats(self, video: WorldPost) -> Resource:
        """A video's counts alone."""
        counts = {"viewCount": "100", "likeCount": "3"}
        if not closed(video, self.quirks, self.pitfalls):
            counts["commentCount"] = str(self.count(video))
        return self._resource("videoStats", video.id, statistics=counts)

    def upload(self, video: WorldPost, place: int) -> Resource:
        """A video as an item of the playlist of uploads."""
        playlist = uploads_of(video.account)
        snippet = {
            **self._about(video),
            "playlistId": playlist,
            "position": place,
            "resourceId": {"kind": "youtube#video", "videoId": video.id},
        }
        details = {"videoId": video.id, "videoPublishedAt": _time(video.at)}
        name = base64.urlsafe_b64encode(f"{playlist}.{video.id}".encode()).decode()
        return self._resource("playlistItem", name, snippet=snippet, contentDetails=details)

    def channel(self, account: WorldAccount) -> Resource:
        """A channel with its playlist of uploads."""
        snippet = {
            "title": account.name,
            "description": self.quirks.description,
            "customUrl": f"@{account.handle}",
            "publishedAt": _CHANNELS_SINCE,
            "thumbnails": _thumbnails(f"{self.base}/avatar/{account.id}"),
            "localized": {"title": account.name, "description": self.quirks.description},
        }
        counts = {
            "viewCount": "100",
            "subscriberCount": "0" if self.quirks.subscribers_hidden else "1230",
            "hiddenSubscriberCount": self.quirks.subscribers_hidden,
            "videoCount": str(len(self.world.posts_of(account))),
        }
        details = {"relatedPlaylists": {"likes": "", "uploads": uploads_of(account)}}
        branding = {"channel": {"title": account.name, "description": self.quirks.description, "country": "US"}}
        return self._resource(
            "channel",
            account.id,
            snippet=snippet,
            contentDetails=details,
            statistics=counts,
            brandingSettings=branding,
        )

    def _held_with(self, top: WorldComment, state: str) -> list[WorldComment]:
        """The replies that come with a thread of held comments: those held, or all if the first one is."""
        replies = [reply for reply in self.replies(top) if reply.deleted_by is None]
        return [reply for reply in replies if state in (moderation(reply), moderation(top))]

    def _whole(self, comment: WorldComment) -> Resource:
        """A comment as it stands in a thread, with all its parts."""
        snippet = {**self._video_of(comment), **self._snippet(comment)}
        return _tagged("comment", comment.id, {"snippet": snippet})

    def _snippet(self, comment: WorldComment) -> Resource:
        owner = comment.account.id == self.viewer
        wrote = comment.author is not None and comment.author.id == self.viewer
        return {
            "channelId": comment.account.id,
            "textDisplay": comment.text if self.plain else escape(comment.text).replace("\n", "<br>"),
            **({"textOriginal": comment.text} if owner or wrote else {}),
            **({"parentId": comment.parent.id} if comment.parent else {}),
            **self._author(comment),
            "canRate": True,
            "viewerRating": "none",
            "likeCount": 0,
            **({"moderationStatus": moderation(comment)} if owner and not self.by_id else {}),
            "publishedAt": _time(comment.at),
            "updatedAt": _time(comment.wordings[-1].at),
            **self._image(comment),
        }

    def _author(self, comment: WorldComment) -> Resource:
        author = comment.author
        if author is None or self.pitfalls.strikes("authors_missing", comment.id):
            return {"authorChannelUrl": "", "authorProfileImageUrl": f"{self.base}/avatar/none"}
        return {
            "authorDisplayName": f"@{author.handle}",
            "authorProfileImageUrl": f"{self.base}/avatar/{author.id}",
            "authorChannelUrl": f"http://www.youtube.com/@{author.handle}",
            "authorChannelId": {"value": author.id},
        }

    def _image(self, comment: WorldComment) -> Resource:
        """The picture, under an address signed for six hours: another at every reading."""
        picture = self.quirks.images.get(comment.id)
        if picture is None and self.pitfalls.strikes("images", comment.id):
            picture = f"{self.base}/image/{comment.id}"
        until = int((self.world.clock() + IMAGE_HOLDS).timestamp())
        signed = f"expire={until}&sig={scramble(comment.id, next(_SERIAL))}"
        return {"imageUrl": f"{picture}?{signed}"} if picture else {}

    def _video_of(self, comment: WorldComment) -> Resource:
        top = comment.parent or comment
        return {} if on_channel(top, self.quirks, self.pitfalls) else {"videoId": comment.post.id}

    def _about(self, video: WorldPost) -> Resource:
        title, description = _titled(video.text)
        return {
            "publishedAt": _time(video.at),
            "channelId": video.account.id,
            "title": title,
            "description": description,
            "thumbnails": _thumbnails(f"{self.base}/vi/{video.id}/default.jpg"),
            "channelTitle": video.account.name,
        }

    def _resource(self, kind: str, name: str, **parts: object) -> Resource:
        """A resource with those of its parts that were asked for."""
        return _tagged(kind, name, {part: value for part, value in parts.items() if part in self.parts})


_SERIAL: Iterator[int] = count(1)


def moderation(comment: WorldComment) -> str:
    """A comment's moderation status. What the platform hid is likely spam; what people hid is held for review."""
    if comment.hidden_by is None:
        return PUBLISHED
    return "likelySpam" if comment.hidden_by == PLATFORM else "heldForReview"


def shown(comment: WorldComment) -> bool:
    """Whether the public sees a comment: it goes with the video, and a reply with what it answers."""
    return comment.public and comment.post.deleted_by is None and (comment.parent is None or comment.parent.public)


def in_chat(comment: WorldComment) -> bool:
    """Whether that was said in a chat, not written under the video."""
    return comment.id.startswith("chat/")


def chat_of(video: WorldPost) -> str:
    """The name of a stream's chat."""
    return f"Cg0KC{scramble(video.id, 1)[:30]}"


def closed(video: WorldPost, quirks: Quirks, pitfalls: Pitfalls) -> bool:
    """Whether nobody can comment under a video."""
    struck = pitfalls.strikes("comments_off", video.id) or pitfalls.strikes("made_for_kids", video.id)
    return struck or video.id in quirks.comments_off


def on_channel(top: WorldComment, quirks: Quirks, pitfalls: Pitfalls) -> bool:
    """Whether a thread stands on the channel itself."""
    return top.id in quirks.on_channel or pitfalls.strikes("no_video", top.id)


def public_replies(replies: Iterable[WorldComment], quirks: Quirks, pitfalls: Pitfalls) -> list[WorldComment]:
    """Of the replies to one comment those that the public sees, in the order of the day."""
    seen = [reply for reply in replies if shown(reply)]
    return seen[::-1] if quirks.newest_reply_first or pitfalls.strikes("newest_reply_first") else seen


def uploads_of(account: WorldAccount) -> str:
    """The name of a channel's playlist of uploads."""
    return "UU" + account.id.removeprefix("UC")


def scramble(text: str, number: int) -> str:
    """43 characters that look made up and are the same every time."""
    return base64.urlsafe_b64encode(hashlib.sha256(f"{text}/{number}".encode()).digest()).decode().rstrip("=")


def tagged_list(kind: str, items: Iterable[Resource], **more: object) -> Resource:
    """A page of a list. YouTube leaves `items` out of an empty list of channels, of no other."""
    listed = list(items)
    content = {**more, **({"items": listed} if listed or kind != "channel" else {})}
    return {"kind": f"youtube#{kind}ListResponse", "etag": _etag(content), **content}


def tagged_stats(items: Iterable[Resource]) -> Resource:
    """The answer of videos.batchGetStats, which is no list of pages."""
    content = {"items": list(items)}
    return {"kind": "youtube#batchGetStatsResponse", "etag": _etag(content), **content}


def _tagged(kind: str, name: str, parts: Mapping[str, object]) -> Resource:
    return {"kind": f"youtube#{kind}", "etag": _etag(parts), "id": name, **parts}


def _titled(text: str) -> tuple[str, str]:
    """A video's title and its description: what follows the first blank line. No title is too long in this world."""
    title, _, description = text.partition("\n\n")
    return title, description


def _thumbnails(url: str) -> Resource:
    return {"default": {"url": url, "width": 120, "height": 90}}


def _etag(value: object) -> str:
    return scramble(json.dumps(value, sort_keys=True), 0)[:27]


def _time(at: datetime) -> str:
    """Whole seconds, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
