"""One poll of one channel: what is read at every poll, and what more slowly.

YouTube lists threads by the time they were begun and cannot be asked for what is new since a time. So every poll reads
from the newest thread down to what is known. That finds new threads, and, among the threads on the pages it reads,
edits and new replies. A new reply under an old thread shows only in the video's count of comments: where that has
changed, the threads under the video are read again. Nothing at all shows an edit of an old comment: for these,
everything is read again at a slower rhythm, some pages at a time. What YouTube or the City's staff hold back is in
lists of its own.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from bot.domain.types import Batch
from connectors.youtube.api import PageLost
from connectors.youtube.lists import HELD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from bot.domain.types import Comment
    from connectors.youtube.lists import Lists, ThreadPage
    from connectors.youtube.parse import Thread
    from connectors.youtube.progress import Progress

OVERLAP = timedelta(minutes=10)
"""How far below the newest known thread a poll reads on: some become visible late."""

UPLOADS_EVERY = timedelta(hours=1)
HELD_EVERY = timedelta(hours=1)
HELD_PAGES = 10
AGAIN_EVERY = timedelta(hours=12)
AGAIN_PAGES = 10
"""How many pages of the reading again one poll takes."""

COUNTED_VIDEOS = 300
"""How many videos, the newest ones, are asked for their counts at each poll."""
COUNTED_PAGES = 10
"""How many pages of threads are read again under one video whose count has changed."""

_MOST_VIDEOS = 50


def due(last: datetime | None, every: timedelta, now: datetime) -> bool:
    """Whether something last done at `last` is to be done again; also if the clock has been set back since."""
    return last is None or not timedelta() <= now - last < every


class Reading:
    """One poll. `batches` may be dropped at any batch: each carries a cursor of its own."""

    def __init__(self, lists: Lists, progress: Progress) -> None:
        """Take the channel's lists and how far they have been read."""
        self._lists = lists
        self._progress = progress

    def batches(self) -> Iterator[Batch]:
        """Read. Raises the contract's errors."""
        counts = self._counts()
        yield from self._newest()
        yield from self._changed(counts)
        if due(self._progress.uploads_at, UPLOADS_EVERY, self._lists.now):
            yield from self._uploads()
            yield from self._remembered()
        if due(self._progress.held_at, HELD_EVERY, self._lists.now):
            yield from self._held()
        if self._progress.again_page or due(self._progress.again_at, AGAIN_EVERY, self._lists.now):
            yield from self._again()

    def _newest(self) -> Iterator[Batch]:
        """Published threads down to what is known, given oldest first, so that `read_to` is true of every batch."""
        known = self._progress.read_to
        pages = _down_to(self._lists.threads(), known - OVERLAP if known else None)
        for threads in reversed(pages):
            begun = [thread.top.posted_at for thread in threads]
            newest = max(filter(None, [*begun, self._progress.read_to]), default=None)
            yield self._batch(threads, self._grown(threads), read_to=newest)
        if known is None and self._progress.again_at is None:
            yield self._batch([], again_at=self._lists.now)

    def _uploads(self) -> Iterator[Batch]:
        """Videos as posts, also those that nobody has commented on; after the first time only down to what is known."""
        playlist = self._progress.playlist or self._lists.playlist()
        new: list[str] = []
        for names in self._lists.uploads(playlist):
            unknown = [name for name in names if name not in self._progress.videos]
            new += unknown
            if self._progress.uploads_at and names and not unknown:
                break
        new.reverse()
        for start in range(0, len(new), _MOST_VIDEOS):
            yield self._batch([], also=new[start : start + _MOST_VIDEOS])
        yield self._batch([], playlist=playlist, uploads_at=self._lists.now)

    def _counts(self) -> dict[str, int]:
        return self._lists.comment_counts(self._progress.videos[-COUNTED_VIDEOS:])

    def _changed(self, counts: Mapping[str, int]) -> Iterator[Batch]:
        """What stands under videos whose count of comments is not what it was when that was last read.

        The counts were asked for before anything was read, so that what comes in between shows at the next poll.
        """
        for video, number in counts.items():
            if self._progress.counts.get(video) != number:
                for page in islice(self._lists.threads_under(video), COUNTED_PAGES):
                    yield self._batch(page.threads, self._grown(page.threads))
                yield self._batch([], counts=self._progress.recounted({video: number}).counts)

    def _remembered(self) -> Iterator[Batch]:
        """The counts after the very first reading, which has read everything there was."""
        if not self._progress.counts:
            yield self._batch([], counts=self._counts())

    def _held(self) -> Iterator[Batch]:
        """What is held for review and what YouTube takes for spam: submitted, and not shown to the public.

        After the first time only the newest pages: what stands further down was read when it was newer.
        """
        most = None if self._progress.held_at is None else HELD_PAGES
        for status in HELD:
            pages = [page.threads for page in islice(self._lists.threads(status), most)]
            for threads in reversed(pages):
                yield self._batch(threads)
        yield self._batch([], held_at=self._lists.now)

    def _again(self) -> Iterator[Batch]:
        """Some pages of everything published, with all replies of long threads; after the last, the posts as well."""
        try:
            pages = self._lists.threads(start=self._progress.again_page)
            for page in islice(pages, AGAIN_PAGES):
                yield self._batch(page.threads, [t for t in page.threads if _long(t)], **self._after(page))
        except PageLost:  # it begins anew in the next poll
            yield self._batch([], again_page=None)

    def _after(self, page: ThreadPage) -> dict[str, Any]:
        """What the reading again has come to with this page."""
        if page.after is not None:
            return {"again_page": page.after}
        return {"again_page": None, "again_at": self._lists.now, "videos": (), "uploads_at": None}

    def _grown(self, threads: Iterable[Thread]) -> list[Thread]:
        """The threads with more replies than came with them and another number of them than when all were read."""
        known = self._progress.long
        return [thread for thread in threads if _long(thread) and known.get(thread.top.ref.item) != thread.total]

    def _batch(
        self, threads: Sequence[Thread], ask: Iterable[Thread] = (), *, also: Sequence[str] = (), **changes: Any
    ) -> Batch:
        """A batch of these threads, all replies of those in `ask`, and their videos and those in `also`, if new."""
        comments = {comment.ref: comment for thread in threads for comment in thread.comments}
        counts: dict[str, int] = {}
        for thread in ask:
            comments |= {reply.ref: reply for reply in self._lists.replies(thread)}
            counts[thread.top.ref.item] = thread.total
        wanted = [*also, *(comment.post.item for comment in comments.values())]
        posts = self._lists.posts(name for name in wanted if name not in self._progress.videos)
        given = self._progress.counted(counts).given(post.ref.item for post in posts)
        self._progress = replace(given, **changes)
        oldest_first = sorted(comments.values(), key=_age)
        return Batch(posts=tuple(posts), comments=tuple(oldest_first), cursor=self._progress.cursor)


def _down_to(pages: Iterable[ThreadPage], edge: datetime | None) -> list[list[Thread]]:
    """The pages whose last thread is the first to have been begun before `edge`, and all above it.

    The last thread decides, not the first: a pinned one may stand above its time.
    """
    taken: list[list[Thread]] = []
    for page in pages:
        taken.append(page.threads)
        if edge is not None and page.threads and page.threads[-1].top.posted_at < edge:
            break
    return taken


def _long(thread: Thread) -> bool:
    return thread.total > len(thread.replies)


def _age(comment: Comment) -> tuple[datetime, bool, str]:
    """Oldest first, and what is answered before the answer."""
    return comment.posted_at, comment.parent is not None, comment.ref.item
