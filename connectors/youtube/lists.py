"""A channel's lists, page by page, as its owner sees them. Each page costs one unit of the project's quota."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from connectors.contract import Malformed, Transient, Unauthorised
from connectors.youtube import parse
from connectors.youtube.api import Absent, Barred, CommentsOff, PageLost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from googleapiclient.http import HttpRequest

    from bot.domain.types import Comment, Post
    from connectors.youtube.api import Api
    from connectors.youtube.parse import Parser, Stream, Thread

Status = Literal["published", "heldForReview", "likelySpam"]
HELD: tuple[Status, ...] = ("heldForReview", "likelySpam")

VIDEO_PARTS = "snippet,liveStreamingDetails,statistics"
_MOST_COMMENTS = 100
_MOST_VIDEOS = 50
_NOTHING = b"{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadPage:
    """One page of threads, newest first, and the token of the one after it (None: this was the last)."""

    threads: list[Thread]
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """One channel at one moment. Everything here raises the contract's errors (never Refused)."""

    api: Api
    parser: Parser
    now: datetime
    yielding: bool = False
    """Whether to stop, with RateLimited, when all that is left of the day's quota is the reserve for acting."""

    @property
    def channel(self) -> str:
        """The channel's identifier."""
        return self.parser.account.id

    def threads(self, status: Status = "published", *, start: str | None = None) -> Iterator[ThreadPage]:
        """The threads of the whole channel, newest first, from page `start` on.

        Raises PageLost if `start` no longer names a page. A channel whose comments are switched off has no pages.
        """
        try:
            yield from self._threads(status, start, allThreadsRelatedToChannelId=self.channel)
        except Absent as error:
            message = f"YouTube does not find the channel's comments: {error}"
            raise Unauthorised(message) from None

    def threads_under(self, video: str) -> Iterator[ThreadPage]:
        """The published threads under one video, newest first; none if the video is gone by now, or not for us."""
        try:
            yield from self._threads("published", None, videoId=video)
        except (Absent, Barred):
            return

    def _threads(self, status: Status, start: str | None, **of: str) -> Iterator[ThreadPage]:
        ask = partial(
            self.api.youtube.commentThreads().list,
            part="snippet,replies",
            moderationStatus=status,
            order="time",
            textFormat="plainText",
            maxResults=_MOST_COMMENTS,
            **of,
        )
        try:
            for body, after in self._pages(ask, start):
                yield ThreadPage(threads=self.parser.threads(body, public=status == "published"), after=after)
        except CommentsOff:
            return

    def comment_counts(self, videos: Iterable[str]) -> dict[str, int]:
        """How many comments each of these videos has. Costs one unit of a quota of its own for every 50 videos.

        https://developers.google.com/youtube/v3/determine_quota_cost (videos.batchGetStats)
        """
        names = list(videos)
        counts: dict[str, int] = {}
        for begin in range(0, len(names), _MOST_VIDEOS):
            some = names[begin : begin + _MOST_VIDEOS]
            counts |= parse.comment_counts(
                self._read(self.api.youtube.videos().batchGetStats(part="statistics", id=some))
            )
        return counts

    def replies(self, thread: Thread) -> list[Comment]:
        """All published replies of a thread; none if it is gone by now, or not for us any more."""
        ask = partial(
            self.api.youtube.comments().list,
            part="snippet",
            parentId=thread.top.ref.item,
            textFormat="plainText",
            maxResults=_MOST_COMMENTS,
        )
        try:
            pages = [self.parser.comments(body, video=thread.video) for body, _ in self._pages(ask)]
        except (Absent, Barred):
            return []
        return [reply for page in pages for reply in page]

    def comment(self, item: str) -> Comment | None:
        """The comment of that name as the public reads it; None if the public does not."""
        body = self._read(self.api.youtube.comments().list(part="snippet", id=item, textFormat="plainText"))
        found = self.parser.comments(body, video=None)
        if found and parse.video_named(body) is None:
            found = self.parser.comments(body, video=self._video_of(found[0]))
        return found[0] if found else None

    def posts(self, names: Iterable[str]) -> list[Post]:
        """The videos of these names, oldest first, and the channel itself if it is among them."""
        wanted = list(dict.fromkeys(names))
        videos = [name for name in wanted if name != self.channel]
        posts: list[Post] = []
        for start in range(0, len(videos), _MOST_VIDEOS):
            some = videos[start : start + _MOST_VIDEOS]
            posts += self.parser.videos(self._read(self.api.youtube.videos().list(part=VIDEO_PARTS, id=some)))
        if self.channel in wanted:
            channels = self.api.youtube.channels()
            posts += self.parser.channels(self._read(channels.list(part="snippet", id=self.channel)))
        return sorted(posts, key=lambda post: (post.posted_at, post.ref.item))

    def stream(self, video: str) -> tuple[bool, Stream | None]:
        """Whether a video is there, and the stream that it is or will be."""
        body = self._read(self.api.youtube.videos().list(part=VIDEO_PARTS, id=video))
        found = self.parser.videos(body)
        return bool(found), parse.stream_of(found[0].raw) if found else None

    def playlist(self) -> str:
        """The name of the playlist of uploads."""
        name = parse.uploads(self._read(self.api.youtube.channels().list(part="contentDetails", id=self.channel)))
        if name is None:
            message = f"YouTube knows no channel {self.channel}"
            raise Unauthorised(message)
        return name

    def uploads(self, playlist: str) -> Iterator[list[str]]:
        """The names of the videos in the playlist of uploads, newest first, page by page."""
        ask = partial(
            self.api.youtube.playlistItems().list,
            part="contentDetails",
            playlistId=playlist,
            maxResults=_MOST_VIDEOS,
        )
        try:
            for body, _ in self._pages(ask):
                yield parse.listed_videos(body)
        except Absent:  # YouTube makes the playlist with the first upload
            return

    def _video_of(self, comment: Comment) -> str | None:
        """The video under which a comment stands, which comments.list does not say, from its thread."""
        top = comment.parent or comment.ref
        threads = self.api.youtube.commentThreads()
        return parse.video_named(self._read(threads.list(part="snippet", id=top.item, textFormat="plainText")))

    def _read(self, request: HttpRequest) -> bytes:
        """The answer, or an empty one where YouTube says that there is nothing of that name."""
        try:
            return self.api.read(request, now=self.now, yielding=self.yielding)
        except Absent:
            return _NOTHING
        except PageLost:
            message = "YouTube speaks of a page token where none was sent"
            raise Malformed(message) from None

    def _pages(self, ask: Callable[..., HttpRequest], start: str | None = None) -> Iterator[tuple[bytes, str | None]]:
        """Each page's body and the token of the next one. A short or empty page does not mean that it is the last."""
        token, seen = start, {start}
        while True:
            try:
                body = self.api.read(ask(pageToken=token), now=self.now, yielding=self.yielding)
            except PageLost:
                if token is not None and token == start:
                    raise
                message = "the list changed while it was being read"
                raise Transient(message) from None
            token = parse.next_page(body)
            if token is not None and token in seen:
                message = "YouTube's pages go round in a circle"
                raise Malformed(message, payload=body)
            yield body, token
            if token is None:
                return
            seen.add(token)
