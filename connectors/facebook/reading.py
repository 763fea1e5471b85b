"""Reads a Page: its posts and everything else that can be commented on, their comments, and recent comments again.

Theory of operation
-------------------
* The feed is asked on every poll; it holds the Page's and visitors' posts. What no feed holds (reels, photos, videos,
  live videos, advertisements, recommendations) is asked for every `ELSEWHERE`. One of these lists that the token does
  not reach is left out and remembered in `closed`, and does not keep the others from being read.
* Recommendations, and posts of others that name the Page, are put on record. Where Graph gives comments on a
  recommendation they are read; the posts of others are theirs, and what is said there is nobody's to moderate here.
* A photo's or video's list of comments may be that of its post, wholly or in part. What stands under the post is the
  post's; only the rest is the photo's. So one comment is never two, whatever lists it shows in.
* Comments of the last `FRESH` are read again by their identifiers every `AGAIN`, since nothing else tells of an edit.
* When much of what we may ask is used (`EASED`), only news are read; when nearly all is, nothing
  (`connectors.graph.PRESSED`). What is left is for acting.

What is only a matter of pace is kept here and not in the cursor: after a restart it is merely done once more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from bot.domain.types import Batch
from connectors import verbatim
from connectors.contract import ConnectorError, Malformed, Transient, Unauthorised
from connectors.facebook import parse
from connectors.facebook.place import Place, key
from connectors.graph import BATCH_MOST
from connectors.graph_errors import LostPlace, Missing, NotPermitted
from connectors.graph_place import Due

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from bot.domain.types import Account, Comment, Cursor, Post
    from connectors.facebook.adverts import Adverts
    from connectors.facebook.parse import Listed
    from connectors.graph import Graph, Page

ELSEWHERE = timedelta(minutes=5)
FRESH = timedelta(hours=24)
AGAIN = timedelta(minutes=3)
EASED = 75  # percent of what we may ask
_PAGE = "100"


@dataclass(frozen=True, slots=True)
class Edge:
    """A list of things on a Page beside the feed, how to ask for it and how to read one of its items.

    `least`: a field that every item has, with which is tried whether the list is given at all. `daily`: asked for only
    when everything is due.
    """

    name: str
    fields: str
    read: Callable[[Any, bytes, Account], Listed]
    params: tuple[tuple[str, str], ...] = ()
    least: str = "id"
    daily: bool = False


EDGES = (
    Edge("visitor_posts", parse.POST_FIELDS, parse.listed),
    Edge("ads_posts", parse.POST_FIELDS, parse.listed, (("include_inline_create", "true"),)),
    Edge("photos", parse.PHOTO_FIELDS, parse.photo, (("type", "uploaded"),)),
    Edge("videos", parse.VIDEO_FIELDS, parse.video, (("type", "uploaded"),)),
    Edge("video_reels", parse.VIDEO_FIELDS, parse.video),
    Edge("live_videos", parse.LIVE_FIELDS, parse.live),
    Edge("ratings", parse.REVIEW_FIELDS, parse.review, least="created_time"),
    Edge("tagged", parse.POST_FIELDS, parse.tagged, daily=True),
)
AD_ACCOUNT = "the ad account's posts"


class Reader:
    """Reads one Page with one token.

    `unreadable` are posts whose comments Graph does not give; `closed` says of lists beside the feed why they cannot be
    read.
    """

    def __init__(self, account: Account, graph: Graph, adverts: Adverts | None = None) -> None:
        """Take the Page, the way to it, and the ad account that runs its ads, if the City gave one."""
        self.unreadable: frozenset[str] = frozenset()
        self.closed: dict[str, str] = {}
        self._account = account
        self._graph = graph
        self._adverts = adverts
        self._elsewhere: datetime | None = None
        self._again_at: datetime | None = None
        self._fresh: dict[str, tuple[Post, datetime]] = {}
        self._threads: dict[str, frozenset[str]] = {}
        self._told: set[tuple[str, str]] = set()

    def poll(self, cursor: Cursor | None, now: datetime) -> Iterator[Batch]:
        """Give what is new; a batch is a post with one page of its comments.

        What cannot be read to the end does not keep the rest from being read; it is complained of after it.
        """
        place = saved = Place.of(cursor)
        lost: LostPlace | None = None
        self._threads = {}
        due, found = self._listing(place, now)
        mute = [listed.post for listed in found if listed.thread is None]
        for listed in sorted(found, key=key):
            if listed.thread is None or not place.wants(listed, due, now):
                continue
            reached = place.after(listed, due)
            if listed.story and listed.count == 0:
                place = reached
                continue
            try:
                yield from self._comments(listed, place.cursor, reached.cursor, now)
                place = saved = reached
            except LostPlace as error:
                place, lost = place.broken(listed, due), LostPlace(f"{listed.post.ref}: {error}")
        yield from self._recorded(mute, place.cursor)
        yield from self._reread(due, place.cursor, now)
        done = place if lost else place.done(due, now)
        if done != saved:
            yield Batch(posts=(), comments=(), cursor=done.cursor)
        if lost:
            raise lost

    def first_post(self, now: datetime) -> None:
        """See that the feed of the Page can be read."""
        next(self._feed(now, fields="id", limit="1"), None)

    def probe(self, now: datetime) -> None:
        """See which of the lists beside the feed can be read; `closed` tells."""
        for edge in EDGES:
            self._open(edge, partial(self._first, edge, now))
        if self._adverts:
            self._adverts.probe(now)
            self._note_adverts(self._adverts)

    def _listing(self, place: Place, now: datetime) -> tuple[Due, list[Listed]]:
        """Which reading it is, and what there is to be read: everything when all is due, else the latest."""
        due = place.due(now)
        found: dict[str, Listed] = {}
        for page in self._feed(now, fields=parse.POST_FIELDS, limit=_PAGE):
            self._graph.relent(now=now)
            due = Due.NEWS if self._graph.usage() >= EASED else due
            found |= {one.post.ref.item: one for one in self._read(page, parse.listed)}
            if found and due is Due.NEWS:
                break
        waited = self._elsewhere is None or now - self._elsewhere >= ELSEWHERE
        if self._graph.usage() < EASED and (waited or due is not Due.NEWS):
            for edge in EDGES:
                if due is Due.FULL or not (edge.daily or edge.name in self.closed):
                    self._open(edge, partial(self._add, found, edge, due, now))
            if self._adverts:
                self._advertised(found, self._adverts, due, now)
            self._elsewhere = now
        return due, list(found.values())

    def _open(self, edge: Edge, ask: Callable[[], object]) -> None:
        """Ask for a list that the token may not reach, and remember whether it does."""
        try:
            ask()
            self.closed.pop(edge.name, None)
        except (NotPermitted, Missing) as error:
            self.closed[edge.name] = str(error)

    def _first(self, edge: Edge, now: datetime) -> None:
        next(self._pages(edge, now, fields=edge.least, limit="1"), None)

    def _add(self, found: dict[str, Listed], edge: Edge, due: Due, now: datetime) -> None:
        """Add what a list holds beside what is found already: all of it when everything is due, else the newest."""
        front = True
        for page in self._pages(edge, now, fields=edge.fields, limit=_PAGE):
            listed = [replace(one, front=front) for one in self._read(page, edge.read)]
            found |= {one.post.ref.item: one for one in listed if one.post.ref.item not in found}
            front = front and not listed
            if listed and due is not Due.FULL:
                break

    def _advertised(self, found: dict[str, Listed], adverts: Adverts, due: Due, now: datetime) -> None:
        """Add the posts that only advertisements show: of the running ones, or of all when everything is due."""
        named = [post for post in adverts.posts(now, ever=due is Due.FULL) if post not in found]
        self._note_adverts(adverts)
        for many in (named[at : at + BATCH_MOST] for at in range(0, len(named), BATCH_MOST)):
            for post, answer in self._graph.many(many, now=now, fields=parse.POST_FIELDS).items():
                if isinstance(answer, Missing | NotPermitted):
                    continue  # deleted, or of an ad that shows another Page's post
                if isinstance(answer, ConnectorError) and not isinstance(answer, Transient):
                    raise answer
                read = (
                    self._graph.get(post, now=now, fields=parse.POST_FIELDS)
                    if isinstance(answer, Transient)
                    else answer
                )
                listed = parse.listed(read.value, read.body, self._account)
                found[listed.post.ref.item] = listed
            self._graph.relent(now=now)

    def _note_adverts(self, adverts: Adverts) -> None:
        self.closed.pop(AD_ACCOUNT, None)
        if adverts.why:
            self.closed[AD_ACCOUNT] = adverts.why

    def _recorded(self, mute: Sequence[Post], here: Cursor) -> Iterator[Batch]:
        """Give what is recorded and has no comments that could be read, each wording once."""
        new = {(post.ref.item, post.text): post for post in mute if (post.ref.item, post.text) not in self._told}
        self._told |= new.keys()
        if new:
            yield Batch(posts=tuple(sorted(new.values(), key=lambda post: post.posted_at)), comments=(), cursor=here)

    def _comments(self, listed: Listed, here: Cursor, beyond: Cursor, now: datetime) -> Iterator[Batch]:
        """All comments of a post, replies included, hidden ones included, one batch for each page Graph gives.

        Only the last batch moves the cursor from `here` to `beyond`: a page's own place in the list dies with the
        comment it is named after.
        """
        post, item = listed.post, listed.post.ref.item
        posts_own = self._thread(listed.story, now) if listed.story else frozenset()
        names: set[str] = set()
        try:
            for page in self._thread_pages(listed.thread or item, now, parse.COMMENT_FIELDS):
                found = [parse.comment(value, raw, self._account, post.ref) for value, raw in _items(page.body)]
                names |= {_own_part(comment.ref.item) for comment in found}
                comments = [comment for comment in found if _own_part(comment.ref.item) not in posts_own]
                comments.sort(key=lambda comment: (comment.posted_at, comment.parent is not None))
                self._remember(post, comments, now)
                shown = (post,) if comments or not listed.story else ()
                yield Batch(posts=shown, comments=tuple(comments), cursor=here if page.more else beyond)
                self._graph.relent(now=now)
            self.unreadable -= {item}
            self._threads[item] = frozenset(names)
        except Missing:
            # Deleted since it was listed, or somebody else's post that names the Page: then it stays listed.
            self.unreadable |= {item}
            yield Batch(posts=(post,), comments=(), cursor=beyond)

    def _thread(self, post: str, now: datetime) -> frozenset[str]:
        """What stands under a post itself: the comments' own parts of their identifiers, whatever the rest is."""
        if post not in self._threads:
            try:
                pages = list(self._thread_pages(post, now, "id"))
                values = [value for page in pages for value, _ in _items(page.body)]
                self._threads[post] = frozenset(_own_part(str(value.get("id"))) for value in values)
            except Missing:
                self._threads[post] = frozenset()  # a reel's post is none that Graph knows
        return self._threads[post]

    def _thread_pages(self, item: str, now: datetime, fields: str) -> Iterator[Page]:
        return self._graph.pages(
            item,
            "comments",
            now=now,
            fields=fields,
            filter="stream",
            order="chronological",
            live_filter="no_filter",
            limit=_PAGE,
        )

    def _remember(self, post: Post, comments: list[Comment], now: datetime) -> None:
        """Keep which comments are recent, the newest as many as one request can ask for."""
        self._fresh |= {comment.ref.item: (post, comment.posted_at) for comment in comments}
        recent = [(item, known) for item, known in self._fresh.items() if now - known[1] < FRESH]
        self._fresh = dict(sorted(recent, key=lambda one: one[1][1])[-BATCH_MOST:])

    def _reread(self, due: Due, here: Cursor, now: datetime) -> Iterator[Batch]:
        """Read recent comments again by their identifiers, unless their lists have just been read or time is short."""
        waited = self._again_at is None or now - self._again_at >= AGAIN
        if due is Due.NEWS and not (waited and self._graph.usage() < EASED):
            return
        self._again_at = now
        self._fresh = {item: known for item, known in self._fresh.items() if now - known[1] < FRESH}
        if due is not Due.NEWS or not self._fresh:
            return
        comments, problem = self._by_name(now)
        posts = {self._fresh[comment.ref.item][0].ref: self._fresh[comment.ref.item][0] for comment in comments}
        in_order = sorted(posts.values(), key=lambda post: post.posted_at)
        comments.sort(key=lambda comment: (comment.posted_at, comment.parent is not None))
        yield Batch(posts=tuple(in_order), comments=tuple(comments), cursor=here)
        if problem:
            raise problem

    def _by_name(self, now: datetime) -> tuple[list[Comment], ConnectorError | None]:
        """The recent comments as they are now, and what went wrong with one of them that is not its own affair.

        One that is missing is dropped here; that it is gone is said by looking at it.
        """
        comments, problem = [], None
        for item, answer in self._graph.many(list(self._fresh), now=now, fields=parse.COMMENT_FIELDS).items():
            if isinstance(answer, Missing | NotPermitted):
                del self._fresh[item]
            elif isinstance(answer, ConnectorError):
                problem = problem if isinstance(answer, Transient) else answer
            else:
                post = self._fresh[item][0]
                comments.append(named(parse.comment(answer.value, answer.body, self._account, post.ref), item))
        return comments, problem

    def _feed(self, now: datetime, **params: str) -> Iterator[Page]:
        """The feed page by page. Raises Unauthorised if there is no such Page for us."""
        try:
            yield from self._graph.pages(self._account.id, "feed", now=now, **params)
        except Missing as missing:
            message = f"the Page {self._account.id} cannot be read with this token: {missing}"
            raise Unauthorised(message) from None

    def _pages(self, edge: Edge, now: datetime, **params: str) -> Iterator[Page]:
        return self._graph.pages(self._account.id, edge.name, now=now, **dict(edge.params), **params)

    def _read(self, page: Page, read: Callable[[Any, bytes, Account], Listed]) -> Iterator[Listed]:
        for value, raw in _items(page.body):
            yield read(value, raw, self._account)


def named(comment: Comment, item: str) -> Comment:
    """The comment under the name it was asked for by, which may differ in what it is said to stand under.

    Raises Malformed if it is another one.
    """
    if _own_part(comment.ref.item) != _own_part(item):
        message = f"asked for {item}, and another comment came"
        raise Malformed(message, payload=comment.raw)
    return replace(comment, ref=replace(comment.ref, item=item))


def _own_part(ident: str) -> str:
    """What names a comment itself, without what it stands under."""
    return ident.rpartition("_")[2]


def _items(body: bytes) -> Iterator[tuple[Any, bytes]]:
    """The items of a list with their own bytes. Raises Malformed."""
    try:
        yield from verbatim.items(body, "data")
    except ValueError as error:
        raise Malformed(str(error), payload=body) from None
