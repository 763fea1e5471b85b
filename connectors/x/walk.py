"""One poll of one X account: reads the lists that are due, finds out whose conversation each item is in, makes batches.

X lists newest first and lets us ask only for what is newer than an identifier. A list is therefore read to its end
before anything of it is given, and then given oldest first; were it given page by page, a break in the middle would
leave a gap that no later poll fills.

What is due: the account's own timeline and its mentions, always. The hot conversations, which are young or were
answered within a day, at nearly every poll; the old ones once an hour. Asking costs nothing at X, only what comes does,
and nothing twice on one day in UTC; so shortly before midnight everything of the day is read once more, for free.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from bot.domain.types import Batch
from connectors.x import parse, prices, snowflake
from connectors.x.cursor import SEARCHABLE, Mark, Reach

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.domain.types import Account, Comment, Post
    from connectors.x.api import Api
    from connectors.x.names import Names
    from connectors.x.parse import Tweet
    from connectors.x.threads import Threads

YOUNG = timedelta(hours=48)
WARM = timedelta(hours=24)
MOST_WARM = 30
MOST_ROOTS = 100
"""Conversations that are searched at all: those under the newest of the City's posts."""
UNPACED = 4
"""Up to so many searches are made at every poll: 300 are allowed in 15 minutes."""
PACE = timedelta(seconds=15)
"""Where more are needed, the searches come round once in so long for each of them."""
SWEEP = timedelta(hours=1)
FULL = time(23, 0)
"""From this time on (UTC), once a day, everything of the day is read again."""


class Walk:
    """One poll after `mark`."""

    def __init__(  # noqa: PLR0913  what a poll needs
        self, api: Api, threads: Threads, names: Names, account: Account, mark: Mark, now: datetime
    ) -> None:
        """Begin. `threads` and `names` outlive the poll."""
        threads.begin()
        self._api = api
        self._threads = threads
        self._names = names
        self._account = account
        self._mark = mark
        self._now = now
        self._given: set[str] = set()
        self._floor = self._beginning_of_day()

    def batches(self) -> Iterator[Batch]:
        """Everything new, list after list; at the end, where the mark still moved, an empty batch with it."""
        kept = self._mark
        for source in (self._own, self._mentions, self._hot, self._old):
            for batch in source():
                kept = self._mark
                yield batch
        if self._floor is not None:
            self._mark = replace(self._mark, full=f"{self._now.astimezone(UTC):%Y-%m-%d}")
        if self._mark != kept:
            yield Batch(posts=(), comments=(), cursor=self._mark.cursor)

    def _own(self) -> Iterator[Batch]:
        """The City's own posts, and its own replies under them."""
        tweets = self._api.own(self._account.id, self._since(self._mark.own), self._now)
        for chunk in self._chunks(tweets):
            roots = [tweet.conversation for tweet in chunk if tweet.conversation in tweet.history]
            kept = sorted({*self._mark.roots, *roots}, key=int)[-MOST_ROOTS:]
            self._mark = replace(self._mark, own=self._mark.own.past(chunk[-1].id), roots=tuple(kept))
            yield self._batch(chunk)
        self._mark = replace(self._mark, own=self._mark.own.to_the_end(self._now))

    def _mentions(self) -> Iterator[Batch]:
        """What names the City, wherever it was written."""
        tweets = self._api.mentions(self._account.id, self._since(self._mark.mentions), self._now)
        for chunk in self._chunks(tweets):
            self._mark = replace(self._mark, mentions=self._mark.mentions.past(chunk[-1].id))
            yield self._batch(chunk)
        self._mark = replace(self._mark, mentions=self._mark.mentions.to_the_end(self._now))

    def _hot(self) -> Iterator[Batch]:
        """What was said under young posts and in lively conversations without naming the City, and their quotes."""
        young = [root for root in self._mark.roots if snowflake.time_of(root) > self._now - YOUNG]
        warm = [root for root, answered in self._mark.warm if answered > self._now - WARM]
        queries = list(_queries([*young, *warm], self._account.id))
        if not (self._floor or self._due(len(queries))):
            return
        for chunk in self._chunks(self._found(queries, self._mark.hot)):
            self._mark = replace(self._mark, hot=self._mark.hot.past(chunk[-1].id))
            yield self._batch(chunk)
        self._mark = replace(self._mark, hot=self._ended(self._mark.hot))
        if len(queries) > UNPACED:
            self._mark = replace(self._mark, searched=self._now)

    def _old(self) -> Iterator[Batch]:
        """The same under older posts. A post that is young no more falls in here, and nothing is missed between."""
        old = [root for root in self._mark.roots if snowflake.time_of(root) <= self._now - YOUNG]
        swept = self._mark.swept
        if not (self._floor or swept is None or not timedelta() <= self._now - swept < SWEEP):
            return
        for chunk in self._chunks(self._found(_queries(old, self._account.id), self._mark.old)):
            self._mark = replace(self._mark, old=self._mark.old.past(chunk[-1].id))
            yield self._batch(chunk)
        self._mark = replace(self._mark, old=self._ended(self._mark.old), swept=self._now)

    def _ended(self, reach: Reach) -> Reach:
        """How far the searches have come: as far as the lists, so that what wakes up is not read from long ago."""
        return reach.to_the_end(self._now, self._mark.own, self._mark.mentions)

    def _found(self, queries: Iterable[str], reach: Reach) -> list[Tweet]:
        """What the searches find, each item once."""
        after = self._since(reach, oldest=self._now - SEARCHABLE)
        found = (tweet for query in queries for tweet in self._api.search(query, after, self._now))
        return list({tweet.id: tweet for tweet in found}.values())

    def _since(self, reach: Reach, *, oldest: datetime | None = None) -> str | None:
        """From where to read: as far as was read, or from the beginning of the day where that is due."""
        after = reach.since(oldest=oldest)
        if after is None or self._floor is None:
            return after
        return str(min(int(after), snowflake.first_at(self._floor)))

    def _beginning_of_day(self) -> datetime | None:
        """When the day began, if it is time to read all of it again."""
        now = self._now.astimezone(UTC)
        if now.time() < FULL or self._mark.full == f"{now:%Y-%m-%d}":
            return None
        return datetime.combine(now.date(), time(), UTC)

    def _due(self, searches: int) -> bool:
        """Whether the searches may be made now (none at all: always). A clock that went back makes them due."""
        if searches <= UNPACED or self._mark.searched is None:
            return True
        return not timedelta() <= self._now - self._mark.searched < searches * PACE

    def _chunks(self, tweets: list[Tweet]) -> Iterator[list[Tweet]]:
        """Oldest first, a batch's worth at a time, after learning what they hang under, and with what was met so."""
        answered = self._threads.learn(tweets, self._now, reading=True)
        found = {tweet.id: tweet for tweet in [*tweets, *self._answered(answered)]}
        ordered = sorted(found.values(), key=lambda tweet: int(tweet.id))
        for begin in range(0, len(ordered), prices.PAGE):
            yield ordered[begin : begin + prices.PAGE]

    def _answered(self, answered: Iterable[Tweet]) -> list[Tweet]:
        """What is answered in conversations that are searched no more, and shows in no list: read as it reads today.

        What a look-up shows may be an earlier wording; a search gives the latest. The very first reading asks for none.
        """
        searchable = [tweet for tweet in answered if snowflake.time_of(tweet.id) > self._now - SEARCHABLE]
        unsearched = [tweet for tweet in searchable if tweet.conversation not in self._mark.roots]
        if not unsearched or self._mark.swept is None:
            return []
        after = str(min(int(tweet.id) for tweet in unsearched) - 1)
        queries = _queries((tweet.conversation for tweet in unsearched), self._account.id)
        found = [tweet for query in queries for tweet in self._api.search(query, after, self._now)]
        self._threads.learn(found, self._now, reading=True)
        return found

    def _batch(self, chunk: list[Tweet]) -> Batch:
        """What of these belongs to the City's own conversations or quotes it, and was not given yet in this poll."""
        posts: list[Tweet] = []
        comments: list[tuple[Tweet, str, str | None]] = []
        for tweet in chunk:
            place = self._threads.place(tweet)
            if place is None or tweet.reposted:
                continue
            if self._first_time(place.root):
                posts.append(place.root)
            if tweet.first != place.root.first and self._first_time(tweet):
                comments.append((tweet, place.root.first, place.parent))
        self._warm(comments)
        self._mark = self._names.ask([*posts, *(tweet for tweet, _, _ in comments)], self._mark, self._now)
        return Batch(
            posts=tuple(sorted(map(self._post, posts), key=lambda post: post.posted_at)),
            comments=tuple(
                sorted((self._comment(*comment) for comment in comments), key=lambda comment: comment.posted_at)
            ),
            cursor=self._mark.cursor,
        )

    def _post(self, tweet: Tweet) -> Post:
        return parse.post(self._names.sign(tweet), self._account)

    def _comment(self, tweet: Tweet, root: str, parent: str | None) -> Comment:
        return parse.comment(self._names.sign(tweet), self._account, root=root, parent=parent)

    def _warm(self, comments: Iterable[tuple[Tweet, str, str | None]]) -> None:
        """Remember which conversations are lively."""
        warm = {root: at for root, at in self._mark.warm if at > self._now - WARM}
        for tweet, root, _ in comments:
            if snowflake.time_of(root) <= self._now - YOUNG:
                warm[root] = max(tweet.posted_at, warm.get(root, tweet.posted_at))
        kept = sorted(warm.items(), key=lambda item: item[1])[-MOST_WARM:]
        self._mark = replace(self._mark, warm=tuple(kept))

    def _first_time(self, tweet: Tweet) -> bool:
        if tweet.id in self._given:
            return False
        self._given.add(tweet.id)
        return True


def _queries(roots: Iterable[str], account: str) -> Iterator[str]:
    """Searches for all replies in these conversations and quotes of these posts, each within X's length.

    Not for what the account itself says, which its timeline gives.
    """
    rest = f") -is:retweet -from:{account}"
    wanted = list(dict.fromkeys(roots))
    terms = [f"{operator}:{root}" for operator in ("conversation_id", "quotes_of_tweet_id") for root in wanted]
    query = ""
    for term in terms:
        longer = f"{query} OR {term}" if query else f"({term}"
        if query and len(longer) + len(rest) > prices.QUERY:
            yield query + rest
            longer = f"({term}"
        query = longer
    if query:
        yield query + rest
