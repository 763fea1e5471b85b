"""Finds out under which post of the City something on X stands: as a reply in its conversation, or by quoting it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connectors.x.prices import PAGE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from connectors.x.api import Api
    from connectors.x.parse import Tweet

_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something stands: under the City's post `root`, in answer to `parent` (None: to the post itself).

    `quote`: it is no reply, but quotes the post or what the City said under it, in a conversation of its own.
    """

    root: Tweet
    parent: str | None
    quote: bool


class Threads:
    """Remembers what was met, under each of its wordings, so that nothing has to be looked up (and paid for) twice.

    What X does not show is asked for anew each time `begin` was called.
    """

    def __init__(self, api: Api, account: str) -> None:
        """`account` is the City's."""
        self._api = api
        self._account = account
        self._known: dict[str, Tweet] = {}
        self._missing: set[str] = set()

    def begin(self) -> None:
        """Forget what X did not show, and everything if it has become much."""
        self._missing.clear()
        if len(self._known) > _REMEMBERED:
            self._known.clear()

    def learn(self, tweets: Iterable[Tweet], now: datetime, *, reading: bool = False) -> list[Tweet]:
        """Remember these, and look up what must be known to place them: first the posts, then what is answered there.

        Gives what is answered in the City's conversations and had to be looked up. When `reading`, some look-ups are
        left for those who act.
        """
        tweets = list(tweets)
        self._remember(tweets)
        self._look_up((tweet.conversation for tweet in tweets), now, reading=reading)
        inside = [tweet for tweet in tweets if self._is_citys(tweet.conversation)]
        outside = [tweet for tweet in tweets if not self._is_citys(tweet.conversation)]
        answered = self._look_up((tweet.replied_to for tweet in inside), now, reading=reading)
        self._look_up((tweet.quoted for tweet in outside), now, reading=reading)
        quoted = (self._known.get(tweet.quoted or "") for tweet in outside)
        self._look_up((one.conversation for one in quoted if one and self._said_by_city(one)), now, reading=reading)
        return [tweet for tweet in answered if self._is_citys(tweet.conversation)]

    def place(self, tweet: Tweet) -> Place | None:
        """Where it stands, None if under no post of the City that X shows. Only after `learn`."""
        root = self._known.get(tweet.conversation)
        if root and self._said_by_city(root):
            return Place(root=root, parent=self._first(tweet.replied_to, root), quote=False)
        quoted = self._known.get(tweet.quoted or "")
        if quoted and self._said_by_city(quoted):
            root = self._known.get(quoted.conversation)
            if root and self._said_by_city(root):
                return Place(root=root, parent=self._first(quoted.id, root), quote=True)
        return None

    def foreign(self, tweet: Tweet) -> bool:
        """Whether X shows that somebody else began the conversation. Only after `learn`."""
        root = self._known.get(tweet.conversation)
        return root is not None and not self._said_by_city(root)

    def _first(self, answered: str | None, root: Tweet) -> str | None:
        """The first identifier of what is answered, None if that is the post itself."""
        if answered is None:
            return None
        parent = self._known.get(answered)
        first = parent.first if parent else answered
        return None if first == root.first else first

    def _is_citys(self, identifier: str) -> bool:
        found = self._known.get(identifier)
        return found is not None and self._said_by_city(found)

    def _said_by_city(self, tweet: Tweet) -> bool:
        return tweet.author.id == self._account

    def _remember(self, tweets: Iterable[Tweet]) -> None:
        """Keep each under all its wordings. What names fewer wordings than is known already is an older copy."""
        for tweet in tweets:
            for name in tweet.history:
                before = self._known.get(name)
                if before is None or len(before.history) <= len(tweet.history):
                    self._known[name] = tweet

    def _look_up(self, names: Iterable[str | None], now: datetime, *, reading: bool) -> list[Tweet]:
        found: list[Tweet] = []
        asked_for = (name for name in dict.fromkeys(names) if name and name not in self._missing)
        missing = [name for name in asked_for if name not in self._known]
        for begin in range(0, len(missing), PAGE):
            asked = missing[begin : begin + PAGE]
            shown = self._api.look_up(asked, now, reading=reading).tweets
            self._remember(shown)
            found += shown
            self._missing.update(name for name in asked if name not in self._known)
        return found
