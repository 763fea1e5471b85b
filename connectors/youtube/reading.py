"""One poll of one channel: what is read at every poll, and what more slowly.

YouTube lists threads by the time they were begun and cannot be asked for what is new since a time. What costs nothing
of the quota that everything else shares is a count of each video's comments. So every poll counts, under the videos
where something happened last (all others more slowly), and reads only where a count has changed: the newest threads of
the channel, down to what is known; and if what is new there does not make up the change, the threads under that very
video, which finds a new reply under an old thread. A count may lag, and a video may be too new to be known: therefore
the newest threads are read every twenty minutes in any case.

Nothing at all shows an edit of an old comment. For these, what was begun in the last two weeks is read again every
day, and everything every four weeks, some pages at a time. What YouTube or the City's staff hold back is in lists of
its own. How often what is read, and what it costs, is in costs.py. What can wait does so while more of the day's quota
is spent than of the day; and nothing is read when all that is left is the reserve for acting.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from bot.domain.types import Batch
from connectors.contract import RateLimited
from connectors.youtube import costs
from connectors.youtube.api import PageLost
from connectors.youtube.chat import Chats
from connectors.youtube.lists import HELD
from connectors.youtube.parse import stream_of
from connectors.youtube.quota import quota_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bot.domain.types import Comment, Post
    from connectors.youtube.lists import Lists, ThreadPage
    from connectors.youtube.parse import Thread
    from connectors.youtube.progress import Progress

OVERLAP = timedelta(minutes=10)
"""How far below the newest known thread a poll reads on: some become visible late."""

STREAM_EVERY = timedelta(minutes=10)
"""How often a stream is looked after that is due to begin, from so long before its time on."""
GIVEN_UP = timedelta(days=1)
"""How long after its time a stream that has not begun is forgotten."""
BLIND_EVERY = timedelta(minutes=5)
"""How often the newest threads are read while counts cannot be asked for."""
HELD_PAGES = 10
AGAIN_PAGES = 10
"""How many pages of the reading again one poll takes."""
COUNTED_PAGES = 10
"""How many pages of threads are read again under one video whose count has changed."""


def due(last: datetime | None, every: timedelta, now: datetime) -> bool:
    """Whether something last done at `last` is to be done again; also if the clock has been set back since."""
    return last is None or not timedelta() <= now - last < every


class Reading:
    """One poll. `batches` may be dropped at any batch: each carries a cursor of its own."""

    def __init__(self, lists: Lists, progress: Progress) -> None:
        """Take the channel's lists and how far they have been read."""
        self._lists = lists
        self._progress = progress
        self._ledger = lists.api.ledger
        self._accounted: Counter[str] = Counter()

    def batches(self) -> Iterator[Batch]:
        """Read. Raises the contract's errors."""
        now = self._lists.now
        self._remember_spending()
        if not self._progress.uploads_at:  # counts are asked for before anything is read that they count
            yield from self._uploads()
        counts = self._counts()
        changed = {name: number for name, number in (counts or {}).items() if number != self._known(name)}
        every = costs.NEWEST_EVERY if counts is not None else BLIND_EVERY
        if changed or not self._progress.videos or due(self._progress.newest_at, every, now) or self._acted():
            yield from self._newest()
        yield from self._changed(changed)
        yield from self._streams()
        if not self._ledger.ahead(costs.UNITS, now):
            yield from self._slowly()
        yield self._batch([])

    def _acted(self) -> bool:
        """Whether we acted since the newest were read: what we take away hides in the counts what comes."""
        acted, read = self._ledger.acted_at, self._progress.newest_at
        return acted is not None and (read is None or read <= acted)

    def _slowly(self) -> Iterator[Batch]:
        """What can wait."""
        now = self._lists.now
        if due(self._progress.uploads_at, costs.UPLOADS_EVERY, now):
            yield from self._uploads()
        if due(self._progress.held_at, costs.HELD_EVERY, now):
            yield from self._held()
        if self._progress.again_page or due(self._progress.again_at, costs.AGAIN_EVERY, now):
            yield from self._again()

    def _remember_spending(self) -> None:
        """Let the project's ledger know what was spent before the program was started again."""
        spent = dict(self._progress.spent)
        if spent.pop("day", None) == quota_day(self._lists.now).isoformat():
            self._ledger.at_least(spent, self._lists.now)

    def _newest(self) -> Iterator[Batch]:
        """Published threads down to what is known, given oldest first, so that `read_to` is true of every batch."""
        known = self._progress.read_to
        pages = _down_to(self._lists.threads(), known - OVERLAP if known else None)
        for threads in reversed(pages):
            begun = [thread.top.posted_at for thread in threads]
            newest = max(filter(None, [*begun, self._progress.read_to]), default=None)
            self._account_for(threads, known)
            grown = self._grown(threads)
            self._progress = self._progress.counted({thread.top.ref.item: thread.total for thread in threads})
            yield self._batch(threads, grown, read_to=newest)
        now, progress = self._lists.now, self._progress
        if progress.newest_at is not None:
            progress = progress.stirred(video for video, new in self._accounted.items() if new > 0)
        again_at, whole_at = progress.again_at or now, progress.whole_at or now  # the first reading reads everything
        yield self._batch([], newest_at=now, again_at=again_at, whole_at=whole_at, videos=progress.videos)

    def _account_for(self, threads: Iterable[Thread], known: datetime | None) -> None:
        """Count what is new among these threads, by video."""
        for thread in threads:
            had = self._progress.long.get(thread.top.ref.item)
            if had is not None:
                self._accounted[thread.top.post.item] += thread.total - had
            elif known is None or thread.top.posted_at > known:
                self._accounted[thread.top.post.item] += thread.total + 1

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
        for start in range(0, len(new), costs.MOST_IDS):
            yield self._batch([], also=new[start : start + costs.MOST_IDS])
        yield self._batch([], playlist=playlist, uploads_at=self._lists.now)

    def _counts(self) -> dict[str, int] | None:
        """How many comments there are under the videos whose turn it is; None if that cannot be asked now."""
        now, videos = self._lists.now, self._progress.videos[-costs.COUNTED_VIDEOS :]
        if self._ledger.ahead(costs.STATS, now):
            return None
        cold = due(self._progress.cold_at, costs.COLD_EVERY, now)
        try:
            counts = self._lists.comment_counts(videos if cold else videos[-costs.HOT_VIDEOS :])
        except RateLimited:  # of a quota of its own; if it is not that alone, the next request says so
            return None
        if cold and videos:
            self._progress = replace(self._progress, cold_at=now)
        return counts

    def _known(self, video: str) -> int:
        return self._progress.counts.get(video, 0)

    def _changed(self, counts: Mapping[str, int]) -> Iterator[Batch]:
        """What stands under videos where the newest threads do not make up the change of the count.

        The counts were asked for before anything was read, so that what comes in between shows at the next poll.
        """
        whole = {video: n for video, n in counts.items() if self._accounted[video] == n - self._known(video)}
        if whole:
            yield self._stirred(whole)
        for video in [name for name in counts if name not in whole]:
            for page in islice(self._lists.threads_under(video), COUNTED_PAGES):
                yield self._batch(page.threads, self._grown(page.threads))
            yield self._stirred({video: counts[video]})

    def _stirred(self, counts: Mapping[str, int]) -> Batch:
        """An empty batch whose cursor says that what these counts count has been read."""
        stirred = self._progress.recounted(counts).stirred(counts)
        return self._batch([], counts=stirred.counts, videos=stirred.videos)

    def _streams(self) -> Iterator[Batch]:
        """What is said in the chats of streams that run, and whether those begin that are to."""
        for video, known in list(self._progress.streams.items()):
            if datetime.fromisoformat(known["next"]) <= self._lists.now:
                said, then = self._chat(video, known)
                kept = {name: one for name, one in self._progress.streams.items() if name != video}
                yield self._batch([], said=said, streams=kept | ({video: then} if then else {}))

    def _chat(self, video: str, known: Mapping[str, str]) -> tuple[Sequence[Comment], Mapping[str, str] | None]:
        """The next page of a stream's chat, and where and when to go on; None: never."""
        now = self._lists.now
        name = known.get("chat")
        if name is None:
            _, stream = self._lists.stream(video)
            name = stream.chat if stream else None
            if stream and name is None and stream.begins and now < stream.begins + GIVEN_UP:
                return (), {"next": max(stream.begins - STREAM_EVERY, now + STREAM_EVERY).isoformat()}
            if name is None:
                return (), None
        try:
            page = Chats(lists=self._lists).page(name, video, known.get("page"))
        except PageLost:
            return (), {"chat": name, "next": now.isoformat()}
        except RateLimited as error:  # of chats alone, or the next request says so
            return (), {**known, "chat": name, "next": error.until.isoformat()}
        if page is None or page.after is None:
            return page.messages if page else (), None
        return page.messages, {"chat": name, "page": page.after, "next": (now + page.wait).isoformat()}

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
        """Some pages of what is published, with all replies of long threads; after the last, the videos as well."""
        now, start = self._lists.now, self._progress.again_page
        whole = self._progress.whole if start else due(self._progress.whole_at, costs.WHOLE_EVERY, now)
        try:
            for page in islice(self._lists.threads(start=start), AGAIN_PAGES):
                more = page.after is not None and (whole or not _begun_before(page.threads, now - costs.AGAIN_BACK))
                done = {"again_page": page.after, "whole": whole} if more else {"again_page": None, "again_at": now}
                yield self._batch(page.threads, [thread for thread in page.threads if _long(thread)], **done)
                if not more:
                    yield from self._videos_again(whole=whole)
                    return
        except PageLost:  # it begins anew in the next poll
            yield self._batch([], again_page=None)

    def _videos_again(self, *, whole: bool) -> Iterator[Batch]:
        """The videos anew, for their titles may have changed: those that are counted, or all, by the next poll."""
        if whole:
            yield self._batch([], whole_at=self._lists.now, videos=(), uploads_at=None)
        else:
            yield self._batch([], anew=self._progress.videos[-costs.COUNTED_VIDEOS :])

    def _grown(self, threads: Iterable[Thread]) -> list[Thread]:
        """The threads with more replies than came with them and another number of them than when all were read."""
        known = self._progress.long
        return [thread for thread in threads if _long(thread) and known.get(thread.top.ref.item) != thread.total]

    def _batch(
        self,
        threads: Sequence[Thread],
        ask: Iterable[Thread] = (),
        *,
        said: Sequence[Comment] = (),
        also: Sequence[str] = (),
        anew: Sequence[str] = (),
        **changes: Any,
    ) -> Batch:
        """A batch of these threads, all replies of those in `ask`, and their videos and those in `also`, if new.

        `said`: messages of a chat; `anew`: videos that are given although they are not new.
        """
        comments = {comment.ref: comment for comment in said}
        comments |= {comment.ref: comment for thread in threads for comment in thread.comments}
        counts: dict[str, int] = {}
        for thread in ask:
            comments |= {reply.ref: reply for reply in self._lists.replies(thread)}
            counts[thread.top.ref.item] = thread.total
        wanted = [*also, *(comment.post.item for comment in comments.values())]
        posts = self._lists.posts([*anew, *(name for name in wanted if name not in self._progress.videos)])
        given = self._progress.counted(counts).given(post.ref.item for post in posts)
        streams = {**self._new_streams(posts), **given.streams}
        self._progress = replace(given, **{"streams": streams, "spent": self._spent(), **changes})
        oldest_first = sorted(comments.values(), key=_age)
        return Batch(posts=tuple(posts), comments=tuple(oldest_first), cursor=self._progress.cursor)

    def _new_streams(self, posts: Sequence[Post]) -> dict[str, Mapping[str, str]]:
        """Those of the videos that run as streams, or will; their chats are looked for at once."""
        return {post.ref.item: {"next": self._lists.now.isoformat()} for post in posts if stream_of(post.raw)}

    def _spent(self) -> dict[str, Any]:
        now = self._lists.now
        return {"day": quota_day(now).isoformat()} | {of: self._ledger.spent(of, now) for of in costs.A_DAY}


def _down_to(pages: Iterable[ThreadPage], edge: datetime | None) -> list[list[Thread]]:
    """The pages whose last thread is the first to have been begun before `edge`, and all above it."""
    taken: list[list[Thread]] = []
    for page in pages:
        taken.append(page.threads)
        if edge is not None and _begun_before(page.threads, edge):
            break
    return taken


def _begun_before(threads: Sequence[Thread], edge: datetime) -> bool:
    """Whether a page reaches below a time. Its last thread decides: a pinned one may stand above its own."""
    return bool(threads) and threads[-1].top.posted_at < edge


def _long(thread: Thread) -> bool:
    return thread.total > len(thread.replies)


def _age(comment: Comment) -> tuple[datetime, bool, str]:
    """Oldest first, and what is answered before the answer."""
    return comment.posted_at, comment.parent is not None, comment.ref.item
