"""One City account on X, through API v2 with tweepy: finds replies, looks at them, hides them and shows them again.

Three sources are read at every poll. The account's own timeline gives its posts. The mentions timeline gives replies
that name the City, however old the post. A search of the conversations of the last seven days gives those that do not:
replies to replies, and replies whose author took the City's name out.

What X does not tell: whether a reply is hidden. `look` therefore says UNKNOWN of every reply that is there; the answer
to hiding itself is the only word X gives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import requests
import tweepy

from bot.domain.types import Action, Sighting, Visibility
from connectors.contract import Capabilities, Health, Malformed, Refused
from connectors.x import parse
from connectors.x.api import Api
from connectors.x.cursor import Mark
from connectors.x.walk import Walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from bot.domain.types import Account, Batch, Cursor, Ref
    from connectors.transport import Transport
    from connectors.x.parse import Tweet


def connect(account: Account, credentials: Mapping[str, str], transport: Transport) -> XConnector:
    """Make the connector of one account; KeyError if a credential is missing.

    Either `api_key`, `api_secret`, `access_token` and `access_secret` (OAuth 1.0a, does not expire: for a daemon) or
    `user_token` (OAuth 2.0 user context, lasts two hours: for a trial).
    """
    transport.secrets = (*transport.secrets, *credentials.values())
    signed = "user_token" not in credentials
    if signed:
        client = tweepy.Client(
            consumer_key=credentials["api_key"],
            consumer_secret=credentials["api_secret"],
            access_token=credentials["access_token"],
            access_token_secret=credentials["access_secret"],
            return_type=requests.Response,
        )
    else:
        client = tweepy.Client(bearer_token=credentials["user_token"], return_type=requests.Response)
    return XConnector(account, Api(client, transport, user_auth=signed))


class XConnector:
    """See connectors.contract.Connector."""

    platform: ClassVar[str] = "x"
    can: ClassVar[Capabilities] = Capabilities(
        actions=frozenset({Action.HIDE, Action.RESTORE}), sees_edits=True, sees_visibility=False
    )

    def __init__(self, account: Account, api: Api) -> None:
        """Work `account` through `api`."""
        self._account = account
        self._api = api

    def check(self, *, now: datetime) -> Health:
        """Ask X whose credentials these are. Whether they may also write shows only when something is hidden."""
        user = self._api.me(now)
        identity = f"@{user['username']} ({user['id']})"
        if user["id"] != self._account.id:
            note = f"these credentials are those of {identity}, the account is {self._account.id}"
            return Health(ok=False, identity=identity, notes=(note,))
        return Health(ok=True, identity=identity, notes=("X does not let anybody read whether a reply is hidden",))

    def poll(self, cursor: Cursor | None, *, now: datetime) -> Iterator[Batch]:
        """Give the City's posts and all replies in their conversations, the last half hour always again."""
        try:
            mark = Mark.read(cursor)
        except (KeyError, TypeError, ValueError) as error:
            message = "the kept cursor is not one of X's; start again without it"
            raise Malformed(message, payload=cursor.text.encode() if cursor else b"") from error
        yield from Walk(self._api, self._account, mark, now).batches()

    def look(self, ref: Ref, *, now: datetime) -> Sighting:
        """Give the latest wording. Deleted, protected and suspended are GONE: X shows no more of them than that."""
        tweet = self._latest(ref, now)
        if tweet is None:
            return Sighting(ref=ref, visibility=Visibility.GONE, seen_at=now)
        parent = None if tweet.replied_to == tweet.conversation else tweet.replied_to
        comment = parse.comment(tweet, self._account, root=tweet.conversation, parent=parent)
        return Sighting(ref=ref, visibility=comment.visibility, seen_at=now, comment=comment)

    def act(self, ref: Ref, action: Action, *, now: datetime) -> Visibility:
        """Hide a reply or show it again, in its latest wording. Nobody can delete another's reply on X: Refused."""
        if action not in self.can.actions:
            message = f"X lets nobody {action} what others wrote"
            raise Refused(message)
        tweet = self._latest(ref, now)
        if tweet is None:
            return Visibility.GONE
        if tweet.author.id == self._account.id:
            message = "X does not hide what the account itself wrote"
            raise Refused(message)
        hidden = self._api.set_hidden(tweet.id, now, hidden=action is Action.HIDE)
        if hidden is None:
            return Visibility.GONE
        return Visibility.HIDDEN if hidden else Visibility.VISIBLE

    def _latest(self, ref: Ref, now: datetime) -> Tweet | None:
        """The newest wording, None if X shows none. An identifier always brings up its own wording, however old."""
        tweet = self._look_up(ref.item, now)
        if tweet is None or tweet.id == tweet.history[-1]:
            return tweet
        return self._look_up(tweet.history[-1], now)

    def _look_up(self, identifier: str, now: datetime) -> Tweet | None:
        found = self._api.look_up([identifier], now)
        for tweet in found.tweets:
            if tweet.id == identifier:
                return tweet
        if identifier in found.gone:
            return None
        message = f"X neither shows {identifier} nor says that it is not there"
        raise Malformed(message, payload=found.raw)
