"""One poll of one X account: reads the three sources, finds out whose conversation each reply is in, makes batches.

X lists newest first and lets us ask only for what is newer than an identifier. A source is therefore read to its end
before anything of it is given, and then given oldest first; were it given page by page, a break in the middle would
leave a gap that no later poll fills.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.domain.types import Batch
from connectors.x import parse, snowflake
from connectors.x.api import PAGE
from connectors.x.cursor import SEARCHABLE, Mark, later, since

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.domain.types import Account, Comment, Post
    from connectors.x.api import Api
    from connectors.x.parse import Tweet

QUERY = 512
"""Most characters of a search query."""
UNPACED = 4
"""Up to so many searches are made at every poll: 300 are allowed in 15 minutes."""
PACE = timedelta(seconds=15)
"""Where more are needed, the searches come round once in so long for each of them."""


class Walk:
    """What one poll has learned so far. `known` holds every wording met, None for what X does not show us."""

    def __init__(self, api: Api, account: Account, mark: Mark, now: datetime) -> None:
        """Begin after `mark`."""
        self._api = api
        self._account = account
        self._mark = mark
        self._now = now
        self._known: dict[str, Tweet | None] = {}
        self._given: set[str] = set()

    def batches(self) -> Iterator[Batch]:
        """Everything new, source after source; at the end, where the mark still moved, an empty batch with it."""
        kept = self._mark
        for source in (self._own, self._mentions, self._replies):
            for batch in source():
                kept = self._mark
                yield batch
        if self._mark != kept:
            yield Batch(posts=(), comments=(), cursor=self._mark.cursor)

    def _own(self) -> Iterator[Batch]:
        """The City's own posts, and its own replies under them."""
        tweets = self._api.own(self._account.id, since(self._mark.own), self._now)
        for chunk in self._chunks(tweets):
            roots = (tweet.conversation for tweet in chunk if tweet.conversation in tweet.history)
            self._mark = replace(
                self._mark, own=later(self._mark.own, chunk[-1].id), roots=self._young([*self._mark.roots, *roots])
            )
            yield self._batch(chunk)

    def _mentions(self) -> Iterator[Batch]:
        """What names the City, wherever it was written."""
        tweets = self._api.mentions(self._account.id, since(self._mark.mentions), self._now)
        for chunk in self._chunks(tweets):
            self._mark = replace(self._mark, mentions=later(self._mark.mentions, chunk[-1].id))
            yield self._batch(chunk)

    def _replies(self) -> Iterator[Batch]:
        """What was said in the conversations of the last seven days without naming the City."""
        self._mark = replace(self._mark, roots=self._young(self._mark.roots))
        queries = list(_queries(self._mark.roots, self._account.id))
        if not self._due(len(queries)):
            return
        after = since(self._mark.replies, oldest=self._now - SEARCHABLE)
        tweets = [tweet for query in queries for tweet in self._api.search(query, after, self._now)]
        for chunk in self._chunks(tweets):
            self._mark = replace(self._mark, replies=later(self._mark.replies, chunk[-1].id))
            yield self._batch(chunk)
        self._mark = replace(self._mark, swept=self._now)

    def _young(self, roots: Iterable[str]) -> tuple[str, ...]:
        """Those young enough to be searched, each once."""
        return tuple(dict.fromkeys(root for root in roots if snowflake.time_of(root) > self._now - SEARCHABLE))

    def _due(self, searches: int) -> bool:
        """Whether the searches may be made now. A clock that went back makes them due."""
        if searches <= UNPACED or self._mark.swept is None:
            return searches > 0
        return not timedelta() <= self._now - self._mark.swept < searches * PACE

    def _chunks(self, tweets: list[Tweet]) -> Iterator[list[Tweet]]:
        """Oldest first, a batch's worth at a time, after learning what they hang under."""
        self._learn(tweets)
        ordered = sorted(tweets, key=lambda tweet: int(tweet.id))
        for begin in range(0, len(ordered), PAGE):
            yield ordered[begin : begin + PAGE]

    def _learn(self, tweets: Iterable[Tweet]) -> None:
        """Remember these and look up the posts and parents they name that were not met yet."""
        self._remember(tweets)
        named = [name for tweet in tweets for name in (tweet.conversation, tweet.replied_to) if name]
        missing = [name for name in dict.fromkeys(named) if name not in self._known]
        for begin in range(0, len(missing), PAGE):
            asked = missing[begin : begin + PAGE]
            self._remember(self._api.look_up(asked, self._now).tweets)
            for name in asked:
                self._known.setdefault(name, None)

    def _remember(self, tweets: Iterable[Tweet]) -> None:
        for tweet in tweets:
            for name in tweet.history:
                self._known[name] = tweet

    def _batch(self, chunk: list[Tweet]) -> Batch:
        """What of these belongs to the City's own conversations and was not given yet in this poll."""
        posts: list[Post] = []
        comments: list[Comment] = []
        for tweet in chunk:
            root = self._known[tweet.conversation]
            if root is None or root.author.id != self._account.id:
                continue
            if self._first_time(root):
                posts.append(parse.post(root, self._account))
            if tweet.first != root.first and self._first_time(tweet):
                parent = self._parent(tweet, root)
                comments.append(parse.comment(tweet, self._account, root=root.first, parent=parent))
        return Batch(
            posts=tuple(sorted(posts, key=lambda post: post.posted_at)),
            comments=tuple(sorted(comments, key=lambda comment: comment.posted_at)),
            cursor=self._mark.cursor,
        )

    def _first_time(self, tweet: Tweet) -> bool:
        if tweet.id in self._given:
            return False
        self._given.add(tweet.id)
        return True

    def _parent(self, tweet: Tweet, root: Tweet) -> str | None:
        """The first identifier of what this answers, None if that is the post itself."""
        if tweet.replied_to is None:
            return None
        parent = self._known[tweet.replied_to]
        first = parent.first if parent else tweet.replied_to
        return None if first == root.first else first


def _queries(roots: Iterable[str], account: str) -> Iterator[str]:
    """Searches for all replies in these conversations but the account's own, each within X's length."""
    rest = f") is:reply -is:retweet -from:{account}"
    query = ""
    for root in roots:
        term = f"conversation_id:{root}"
        longer = f"{query} OR {term}" if query else f"({term}"
        if query and len(longer) + len(rest) > QUERY:
            yield query + rest
            longer = f"({term}"
        query = longer
    if query:
        yield query + rest
