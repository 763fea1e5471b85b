"""The methods of YouTube's API that the stand-in knows: what each takes, what it costs, and what it does."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from connectors.standin.server import Response
from connectors.standin.world import APP
from connectors.youtube.standin_errors import No, Reason, answer
from connectors.youtube.standin_show import (
    PUBLISHED,
    Live,
    Quirks,
    Show,
    chat_of,
    in_chat,
    moderation,
    public_replies,
    shown,
    tagged_list,
    tagged_stats,
    uploads_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from connectors.standin.world import World, WorldAccount, WorldComment, WorldPost
    from connectors.youtube.standin_show import Resource

PLATFORM_NAME = "youtube"
MOST_IDS = 50
POLLING = timedelta(seconds=5)
"""How long a client is to wait before it asks a chat for its next page."""

T = TypeVar("T")
Allowed = tuple[str, ...] | range | None
Parameters = dict[str, Allowed]
"""By name: the values or the range allowed, None for any."""

_STATES: Allowed = ("published", "heldForReview", "likelySpam", "rejected")
_FORMATS: Allowed = ("textFormatUnspecified", "html", "plainText")
_ORDERS: Allowed = ("orderUnspecified", "time", "relevance")
_SWITCH: Allowed = ("true", "false")
_COMMON = frozenset({"alt", "key", "prettyPrint", "quotaUser"})
_THREADS_OF = ("allThreadsRelatedToChannelId", "videoId", "id", "channelId")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request to the API: which channel's owner asks, with which parameters, of which stand-in."""

    world: World
    quirks: Quirks
    base: str
    viewer: str
    query: Mapping[str, list[str]]
    answered: dict[str, list[WorldComment]] = field(default_factory=dict)
    counted: Counter[str] = field(default_factory=Counter)

    def one(self, name: str, default: str = "") -> str:
        """A parameter's first value."""
        return self.query.get(name, [default])[0]

    def many(self, name: str) -> list[str]:
        """A list parameter: repeated, or separated by commas, or both."""
        return [value for text in self.query.get(name, []) for value in text.split(",") if value]

    def chosen(self, *filters: str) -> str:
        """Which of the filters is given. Exactly one must be."""
        given = [name for name in filters if name in self.query]
        if not given:
            raise No(Reason.MISSING_REQUIRED_PARAMETER)
        if len(given) > 1:
            raise No(Reason.INCOMPATIBLE_PARAMETERS)
        return given[0]

    def show(self) -> Show:
        """The world as it is to be shown to the caller."""
        return Show(
            world=self.world,
            quirks=self.quirks,
            base=self.base,
            viewer=self.viewer,
            parts=frozenset(self.many("part")),
            plain=self.one("textFormat") == "plainText",
            by_id="id" in self.query,
            replies=self.replies,
            count=self.count,
        )

    def comment(self, name: str) -> WorldComment | None:
        """A comment that has not been deleted, nor its video."""
        comment = self.world.comments.get((PLATFORM_NAME, name))
        there = comment and comment.deleted_by is None and comment.post.deleted_by is None and not in_chat(comment)
        return comment if there else None

    def video(self, name: str) -> WorldPost | None:
        """A video that has not been deleted."""
        video = self.world.posts.get((PLATFORM_NAME, name))
        return video if video and video.deleted_by is None else None

    def channel(self, name: str) -> WorldAccount:
        """A channel by its identifier."""
        account = self.world.accounts.get((PLATFORM_NAME, name))
        if account is None:
            raise No(Reason.CHANNEL_NOT_FOUND)
        return account

    def replies(self, top: WorldComment) -> list[WorldComment]:
        """The replies to a comment, oldest first; all of the world's are sorted out once for a request."""
        if not self.answered:
            for comment in self.world.comments.values():
                if comment.parent is not None:
                    self.answered.setdefault(comment.parent.id, []).append(comment)
        return self.answered.get(top.id, [])

    def count(self, video: WorldPost) -> int:
        """How many comments a video says it has; all of the world's are counted once for a request."""
        if not self.counted:
            self.counted.update(
                comment.post.id for comment in self.world.comments.values() if shown(comment) and not in_chat(comment)
            )
        return self.counted[video.id]

    def channels(self) -> list[WorldAccount]:
        """All channels of the City."""
        return [account for account in self.world.accounts.values() if account.platform == PLATFORM_NAME]


MAIN = "units"
STATS = "stats"
"""The quota buckets that a day has; each holds the same number of units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One method of the API; `name` is the discovery document's."""

    name: str
    cost: int
    answer: Callable[[Call], Response]
    parameters: Parameters
    required: tuple[str, ...] = ("part",)
    bucket: str = MAIN

    def check(self, query: Mapping[str, list[str]]) -> None:
        """Look at every parameter, as YouTube does before it looks at anything else."""
        if any(name not in self.parameters and name not in _COMMON for name in query):
            raise No(Reason.UNEXPECTED_PARAMETER)
        if any(not query.get(name, [""])[0] for name in self.required):
            raise No(Reason.MISSING_REQUIRED_PARAMETER)
        for name, allowed in self.parameters.items():
            if not all(_fits(value, allowed) for value in query.get(name, ())):
                raise No(Reason.INVALID_PARAMETER)


def _fits(value: str, allowed: Allowed) -> bool:
    if isinstance(allowed, range):
        return value.isdigit() and int(value) in allowed
    return allowed is None or value in allowed


def list_threads(call: Call) -> Response:
    """commentThreads.list. A thread is in the list of a status if its first comment or any reply has that status."""
    chosen = call.chosen(*_THREADS_OF)
    state = call.one("moderationStatus", PUBLISHED)
    if chosen == "id" and ("moderationStatus" in call.query or "searchTerms" in call.query):
        raise No(Reason.INCOMPATIBLE_PARAMETERS)
    if state == "rejected":
        raise No(Reason.OPERATION_NOT_SUPPORTED)
    tops = _tops(call, chosen)
    if state == PUBLISHED:
        tops = [top for top in tops if shown(top)]
    else:
        if chosen != "videoId" and call.one(chosen) != call.viewer:
            raise No(Reason.FORBIDDEN)
        if any(top.account.id != call.viewer for top in tops):
            raise No(Reason.FORBIDDEN)
        tops = [top for top in tops if _holds(call, top, state)]
    if terms := call.one("searchTerms").casefold():
        tops = [top for top in tops if terms in top.text.casefold()]
    if call.one("order") == "relevance":
        tops.sort(key=lambda top: -len(call.replies(top)))
    show = call.show()
    return _page(call, "commentThread", tops, lambda top: show.thread(top, state))


def _holds(call: Call, top: WorldComment, state: str) -> bool:
    return any(one.deleted_by is None and moderation(one) == state for one in (top, *call.replies(top)))


def _tops(call: Call, chosen: str) -> list[WorldComment]:
    """The top-level comments that a filter names, newest first."""
    if chosen == "id":
        return [top for name in call.many("id") if (top := call.comment(name)) and top.parent is None]
    value, quirks = call.one(chosen), call.quirks
    if chosen == "videoId":
        video = call.video(value)
        if video is None:
            raise No(Reason.VIDEO_NOT_FOUND)
        if video.id in quirks.comments_off:
            raise No(Reason.COMMENTS_DISABLED)
        found = [comment for comment in call.world.under(video) if comment.id not in quirks.on_channel]
    else:
        found = call.world.comments_of(call.channel(value))
        if chosen == "channelId":
            found = [comment for comment in found if comment.id in quirks.on_channel]
    tops = [one for one in found if one.parent is None and call.comment(one.id)]
    return sorted((top for top in tops if top.post.id not in quirks.comments_off), key=lambda top: top.at)[::-1]


def list_comments(call: Call) -> Response:
    """comments.list: published comments by their identifiers, or the published replies to one."""
    if call.chosen("id", "parentId") == "id":
        names = call.many("id")
        if len(names) > MOST_IDS:
            raise No(Reason.INVALID_PARAMETER)
        found = [comment for name in names if (comment := call.comment(name)) and shown(comment)]
        return _page(call, "comment", found, call.show().comment)
    parent = call.comment(call.one("parentId"))
    if parent is None or not shown(parent):
        raise No(Reason.COMMENT_NOT_FOUND)
    if parent.post.id in call.quirks.comments_off:
        raise No(Reason.COMMENTS_DISABLED)
    return _page(call, "comment", public_replies(call.replies(parent), call.quirks), call.show().comment)


def list_videos(call: Call) -> Response:
    """videos.list by identifier."""
    call.chosen("id")
    names = call.many("id")
    if len(names) > MOST_IDS:
        raise No(Reason.INVALID_PARAMETER)
    found = [video for name in names if (video := call.video(name))]
    return _page(call, "video", found, call.show().video)


def batch_stats(call: Call) -> Response:
    """videos.batchGetStats: counts of videos by identifier; those that are not there are left out."""
    names = call.many("id")
    if len(names) > MOST_IDS:
        raise No(Reason.INVALID_PARAMETER)
    found = [video for name in names if (video := call.video(name))]
    show = call.show()
    return answer(tagged_stats(map(show.stats, found)))


def list_channels(call: Call) -> Response:
    """channels.list of the caller's own, by identifier or by handle."""
    chosen = call.chosen("mine", "id", "forHandle")
    wanted = {call.viewer} if chosen == "mine" else set(call.many(chosen))
    found = [one for one in call.channels() if wanted & {one.id, one.handle, f"@{one.handle}"}]
    return _page(call, "channel", found, call.show().channel)


def list_uploads(call: Call) -> Response:
    """playlistItems.list of a playlist of uploads, newest first. There is none before the first upload."""
    name = call.one("playlistId")
    channels = [one for one in call.channels() if uploads_of(one) == name]
    videos = [video for one in channels for video in call.world.posts_of(one) if video.deleted_by is None]
    if not videos:
        raise No(Reason.PLAYLIST_NOT_FOUND)
    videos = sorted(videos, key=lambda video: video.at)[::-1]
    placed: list[tuple[int, WorldPost]] = list(enumerate(videos))
    return _page(call, "playlistItem", placed, lambda item: call.show().upload(item[1], item[0]))


def moderate(call: Call) -> Response:
    """comments.setModerationStatus: all of the comments named, or none of them."""
    state = call.one("moderationStatus")
    if call.one("banAuthor") == "true" and state != "rejected":
        raise No(Reason.BAN_WITHOUT_REJECT)
    if state == "likelySpam":
        raise No(Reason.OPERATION_NOT_SUPPORTED)
    for comment in [_moderated(call, name, state) for name in call.many("id")]:
        if state == "rejected":
            call.world.delete(comment, APP)
        elif state == PUBLISHED:
            call.world.unhide(comment, APP)
        else:
            call.world.hide(comment, APP)
    return Response(status=204)


def _moderated(call: Call, name: str, state: str) -> WorldComment:
    """The comment to be set to `state`, if that can be done."""
    comment = call.world.comments.get((PLATFORM_NAME, name))
    if comment is None:
        raise No(Reason.COMMENT_NOT_FOUND)
    rejected_again = comment.deleted_by == APP and state == "rejected"
    if comment.account.id != call.viewer or not (call.comment(name) or rejected_again):
        raise No(Reason.PROCESSING_FAILURE)
    if not comment.hideable and state != PUBLISHED:
        raise No(Reason.FORBIDDEN)
    return comment


def list_messages(call: Call) -> Response:
    """liveChatMessages.list: what was said since a page, or all that is still given; only while the stream runs."""
    video, live = _chat(call, call.one("liveChatId"))
    now = call.world.clock()
    if live.read_at and "pageToken" in call.query and now - live.read_at < POLLING:
        raise No(Reason.RATE_LIMIT_EXCEEDED)
    live.read_at = now
    said = [comment for comment in call.world.under(video) if in_chat(comment)]
    most = int(call.one("maxResults", "500"))
    start = _position(call.one("pageToken"), _mark(call)) if call.one("pageToken") else max(0, len(said) - most)
    end = min(len(said), start + most)
    show = call.show()
    items = [show.message(comment) for comment in said[start:end] if comment.deleted_by is None]
    more = {
        "pollingIntervalMillis": int(POLLING.total_seconds() * 1000),
        "nextPageToken": _token(call, end),
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


def delete(call: Call) -> Response:
    """comments.delete: only what the caller wrote."""
    comment = call.comment(call.one("id"))
    if comment is None:
        raise No(Reason.COMMENT_NOT_FOUND)
    if comment.author is None or comment.author.id != call.viewer:
        raise No(Reason.FORBIDDEN)
    call.world.delete(comment, APP)
    return Response(status=204)


def _page(call: Call, kind: str, found: Sequence[T], show: Callable[[T], Resource]) -> Response:
    """One page of a list. Its token is a position, so what is added above meanwhile shifts everything."""
    asked = len(found) if "id" in call.query else int(call.one("maxResults", "20" if "comment" in kind else "5"))
    size = min(asked, call.quirks.page_size or asked)
    if call.quirks.empty_first and "comment" in kind and not {"pageToken", "id"} & call.query.keys():
        size = 0
    mark = _mark(call)
    start = _position(call.one("pageToken"), mark)
    items = [show(one) for one in found[start : start + size]]
    more: Resource = {}
    if start + size < len(found):
        more["nextPageToken"] = _token(call, start + size)
    more["pageInfo"] = {"totalResults": len(items), "resultsPerPage": asked}
    return answer(tagged_list(kind, items, **more))


def _mark(call: Call) -> str:
    """Names what makes a list the same list on its next page."""
    same = {name: values for name, values in call.query.items() if name not in ("pageToken", "maxResults", *_COMMON)}
    return hashlib.sha256(repr(sorted(same.items())).encode()).hexdigest()[:8]


def _token(call: Call, place: int) -> str:
    """Names a place in the list that is asked for."""
    return base64.urlsafe_b64encode(f"{_mark(call)}:{place}".encode()).decode()


def _position(token: str, mark: str) -> int:
    """Where a page begins."""
    if not token:
        return 0
    try:
        marked, _, place = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
    except ValueError:
        raise No(Reason.INVALID_PAGE_TOKEN) from None
    if marked != mark or not place.isdigit():
        raise No(Reason.INVALID_PAGE_TOKEN)
    return int(place)


_PAGED: Parameters = {"part": None, "pageToken": None}
_HUNDRED: Parameters = {**_PAGED, "maxResults": range(1, 101)}
_FIFTY: Parameters = {**_PAGED, "maxResults": range(51), "id": None}

METHODS: Mapping[tuple[str, str], Method] = {
    ("GET", "commentThreads"): Method(
        name="youtube.commentThreads.list",
        cost=1,
        answer=list_threads,
        parameters={
            **_HUNDRED,
            **dict.fromkeys((*_THREADS_OF, "searchTerms")),
            "moderationStatus": _STATES,
            "order": _ORDERS,
            "textFormat": _FORMATS,
        },
    ),
    ("GET", "comments"): Method(
        name="youtube.comments.list",
        cost=1,
        answer=list_comments,
        parameters={**_HUNDRED, "id": None, "parentId": None, "textFormat": _FORMATS},
    ),
    ("POST", "comments/setModerationStatus"): Method(
        name="youtube.comments.setModerationStatus",
        cost=50,
        answer=moderate,
        parameters={"id": None, "moderationStatus": _STATES, "banAuthor": _SWITCH},
        required=("id", "moderationStatus"),
    ),
    ("DELETE", "comments"): Method(
        name="youtube.comments.delete", cost=50, answer=delete, parameters={"id": None}, required=("id",)
    ),
    ("GET", "liveChat/messages"): Method(
        name="youtube.liveChatMessages.list",
        cost=5,
        answer=list_messages,
        parameters={**_PAGED, "liveChatId": None, "maxResults": range(200, 2001), "hl": None},
        required=("part", "liveChatId"),
    ),
    ("DELETE", "liveChat/messages"): Method(
        name="youtube.liveChatMessages.delete",
        cost=20,
        answer=delete_message,
        parameters={"id": None},
        required=("id",),
    ),
    ("GET", "videos"): Method(name="youtube.videos.list", cost=1, answer=list_videos, parameters=_FIFTY),
    ("GET", "videos:batchGetStats"): Method(
        name="youtube.videos.batchGetStats",
        cost=1,
        answer=batch_stats,
        parameters={"part": None, "id": None},
        required=("part", "id"),
        bucket=STATS,
    ),
    ("GET", "channels"): Method(
        name="youtube.channels.list",
        cost=1,
        answer=list_channels,
        parameters={**_FIFTY, "mine": _SWITCH, "forHandle": None},
    ),
    ("GET", "playlistItems"): Method(
        name="youtube.playlistItems.list",
        cost=1,
        answer=list_uploads,
        parameters={**_PAGED, "maxResults": range(51), "playlistId": None},
        required=("part", "playlistId"),
    ),
}
"""By HTTP method and path. Costs: https://developers.google.com/youtube/v3/determine_quota_cost."""
