"""The methods of YouTube's API that the stand-in knows: what each takes, what it costs, and what it does."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from connectors.standin.server import Response
from connectors.standin.world import APP, AUTHOR
from connectors.youtube.standin_call import (
    FORMATS,
    MOST_IDS,
    ORDERS,
    PLATFORM_NAME,
    STATES,
    STATS,
    SWITCH,
    THREADS_OF,
    Call,
    Method,
    Parameters,
    page,
)
from connectors.youtube.standin_chat import delete_message, list_messages
from connectors.youtube.standin_errors import No, Reason, answer
from connectors.youtube.standin_show import PUBLISHED, moderation, on_channel, shown, tagged_stats, uploads_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.standin.world import World, WorldComment, WorldPost

LONGEST_COMMENT = 10_000


def list_threads(call: Call) -> Response:
    """commentThreads.list. A thread is in the list of a status if its first comment or any reply has that status."""
    chosen = call.chosen(*THREADS_OF)
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
    return page(call, "commentThread", tops, lambda top: show.thread(top, state))


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
        if call.closed(video):
            raise No(Reason.COMMENTS_DISABLED)
        if call.pitfalls.strikes("members_only", video.id):
            raise No(Reason.FORBIDDEN)
        found = [comment for comment in call.world.under(video) if not on_channel(comment, quirks, call.pitfalls)]
    else:
        found = call.world.comments_of(call.channel(value))
        if chosen == "channelId":
            found = [comment for comment in found if on_channel(comment, quirks, call.pitfalls)]
    tops = [one for one in found if one.parent is None and call.comment(one.id)]
    return sorted((top for top in tops if not call.closed(top.post)), key=lambda top: top.at)[::-1]


def list_comments(call: Call) -> Response:
    """comments.list: published comments by their identifiers, or the published replies to one."""
    if call.chosen("id", "parentId") == "id":
        names = call.many("id")
        if len(names) > MOST_IDS:
            raise No(Reason.INVALID_PARAMETER)
        found = [comment for name in names if (comment := call.comment(name)) and shown(comment)]
        return page(call, "comment", found, call.show().comment)
    parent = call.comment(call.one("parentId"))
    if parent is None or not shown(parent):
        raise No(Reason.COMMENT_NOT_FOUND)
    if call.closed(parent.post):
        raise No(Reason.COMMENTS_DISABLED)
    return page(call, "comment", call.replies_of(parent), call.show().comment)


def list_videos(call: Call) -> Response:
    """videos.list by identifier."""
    call.chosen("id")
    names = call.many("id")
    if len(names) > MOST_IDS:
        raise No(Reason.INVALID_PARAMETER)
    found = [video for name in names if (video := call.video(name))]
    return page(call, "video", found, call.show().video)


def batch_stats(call: Call) -> Response:
    """videos.batchGetStats: counts of videos by identifier; those that are not there are left out."""
    names = call.many("id")
    if len(names) > MOST_IDS:
        raise No(Reason.INVALID_PARAMETER)
    found = [video for name in names if (video := call.video(name)) and not call.pitfalls.strikes("private", video.id)]
    show = call.show()
    return answer(tagged_stats(map(show.stats, found)))


def list_channels(call: Call) -> Response:
    """channels.list of the caller's own, by identifier or by handle."""
    chosen = call.chosen("mine", "id", "forHandle")
    wanted = {call.viewer} if chosen == "mine" else set(call.many(chosen))
    found = [one for one in call.channels() if wanted & {one.id, one.handle, f"@{one.handle}"}]
    return page(call, "channel", found, call.show().channel)


def list_uploads(call: Call) -> Response:
    """playlistItems.list of a playlist of uploads, newest first. There is none before the first upload."""
    name = call.one("playlistId")
    channels = [one for one in call.channels() if uploads_of(one) == name]
    videos = [video for one in channels for video in call.world.posts_of(one) if video.deleted_by is None]
    if not videos:
        raise No(Reason.PLAYLIST_NOT_FOUND)
    videos = sorted(videos, key=lambda video: video.at)[::-1]
    placed: list[tuple[int, WorldPost]] = list(enumerate(videos))
    return page(call, "playlistItem", placed, lambda item: call.show().upload(item[1], item[0]))


def moderate(call: Call) -> Response:
    """comments.setModerationStatus: all of the comments named, or none of them."""
    state = call.one("moderationStatus")
    if call.one("banAuthor") == "true" and state != "rejected":
        raise No(Reason.BAN_WITHOUT_REJECT)
    if state == "likelySpam":
        raise No(Reason.OPERATION_NOT_SUPPORTED)
    for comment in [_moderated(call, name, state) for name in call.many("id")]:
        call.later(partial(_set, call.world, comment, state))
    return Response(status=204)


def _set(world: World, comment: WorldComment, state: str) -> None:
    if state == "rejected":
        world.delete(comment, APP)
    elif state == PUBLISHED:
        world.unhide(comment, APP)
    else:
        world.hide(comment, APP)


def _moderated(call: Call, name: str, state: str) -> WorldComment:
    """The comment to be set to `state`, if that can be done."""
    comment = call.world.comments.get((PLATFORM_NAME, name))
    if comment and comment.deleted_by is None and call.pitfalls.strikes("gone_before_write", comment.id):
        call.world.delete(comment, AUTHOR)
    if comment is None or comment.deleted_by == AUTHOR:
        raise No(Reason.COMMENT_NOT_FOUND)
    rejected_again = comment.deleted_by == APP and state == "rejected"
    if comment.account.id != call.viewer or not (call.comment(name) or rejected_again):
        raise No(Reason.PROCESSING_FAILURE)
    if not comment.hideable and state != PUBLISHED:
        raise No(Reason.FORBIDDEN)
    return comment


def insert(call: Call) -> Response:
    """comments.insert: the caller's answer below a comment."""
    sent = call.body.get("snippet", {}) if isinstance(call.body, dict) else {}
    words, name = str(sent.get("textOriginal", "")), str(sent.get("parentId", ""))
    if not name:
        raise No(Reason.PARENT_ID_MISSING)
    if not words:
        raise No(Reason.COMMENT_TEXT_REQUIRED)
    if len(words) > LONGEST_COMMENT:
        raise No(Reason.COMMENT_TEXT_TOO_LONG)
    parent = call.comment(name)
    if parent is None:
        raise No(Reason.PARENT_COMMENT_NOT_FOUND)
    if not shown(parent):
        raise No(Reason.PARENT_COMMENT_IS_PRIVATE)
    author = call.channel(call.viewer).person
    return answer(call.show().comment(call.world.add_comment(parent.post, words, author=author, parent=parent)))


def delete(call: Call) -> Response:
    """comments.delete: only what the caller wrote."""
    comment = call.comment(call.one("id"))
    if comment is None:
        raise No(Reason.COMMENT_NOT_FOUND)
    if comment.author is None or comment.author.id != call.viewer:
        raise No(Reason.FORBIDDEN)
    call.world.delete(comment, APP)
    return Response(status=204)


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
            **dict.fromkeys((*THREADS_OF, "searchTerms")),
            "moderationStatus": STATES,
            "order": ORDERS,
            "textFormat": FORMATS,
        },
    ),
    ("GET", "comments"): Method(
        name="youtube.comments.list",
        cost=1,
        answer=list_comments,
        parameters={**_HUNDRED, "id": None, "parentId": None, "textFormat": FORMATS},
    ),
    ("POST", "comments/setModerationStatus"): Method(
        name="youtube.comments.setModerationStatus",
        cost=50,
        answer=moderate,
        parameters={"id": None, "moderationStatus": STATES, "banAuthor": SWITCH},
        required=("id", "moderationStatus"),
    ),
    ("POST", "comments"): Method(name="youtube.comments.insert", cost=50, answer=insert, parameters={"part": None}),
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
        parameters={**_FIFTY, "mine": SWITCH, "forHandle": None},
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
