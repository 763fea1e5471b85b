"""Asks X for the names of authors, which it bills one by one: each once in thirty days, and not more than agreed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from connectors.x import parse
from connectors.x.prices import PAGE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.domain.types import Author
    from connectors.x.api import Api
    from connectors.x.cursor import Mark
    from connectors.x.parse import Tweet

REMEMBERED = timedelta(days=30)


class Names:
    """Remembers who is who, as long as the connector lives. Without a name an author is on record by identifier."""

    def __init__(self, api: Api, most: int | None) -> None:
        """`most`: how many authors may be asked for in a month in UTC; None: everybody, 0: nobody."""
        self._api = api
        self._most = most
        self._known: dict[str, tuple[datetime, Author | None]] = {}

    def ask(self, tweets: Iterable[Tweet], mark: Mark, now: datetime) -> Mark:
        """Ask for the authors that are not known, as many as the month allows; give the mark with the count."""
        self._forget(now)
        month = f"{now.astimezone(UTC):%Y-%m}"
        mark = mark if mark.month == month else replace(mark, month=month, named=0)
        authors = dict.fromkeys(tweet.author.id for tweet in tweets if tweet.author.id and not tweet.author.name)
        wanted = [author for author in authors if author not in self._known]
        if self._most is not None:
            wanted = wanted[: max(0, self._most - mark.named)]
        for begin in range(0, len(wanted), PAGE):
            asked = wanted[begin : begin + PAGE]
            found = self._api.people(asked, now)
            self._known |= {author: (now, found.get(author)) for author in asked}
        return replace(mark, named=mark.named + len(wanted))

    def sign(self, tweet: Tweet) -> Tweet:
        """The same with its author's name, where that is known."""
        _, author = self._known.get(tweet.author.id or "", (None, None))
        return parse.signed(tweet, author, self._api.web) if author else tweet

    def told(self) -> str:
        """One sentence for people."""
        if self._most is None:
            return "the names of all authors are asked for, each once in 30 days"
        return f"the names of at most {self._most} authors are asked for in a month; others are recorded by identifier"

    def _forget(self, now: datetime) -> None:
        """Names change: what was told long ago is asked for again."""
        old = [author for author, (asked, _) in self._known.items() if not timedelta() <= now - asked < REMEMBERED]
        for author in old:
            del self._known[author]
