"""One City account on X, through API v2 with tweepy: finds replies and quotes, looks at them, hides and shows replies.

The account's own timeline gives its posts. The mentions timeline gives replies that name the City, however old the
post. Searches give those that do not (replies to replies, and replies whose author took the City's name out) and
quotes, which stand in conversations of their own and can never be hidden.

What X does not tell: whether a reply is hidden. `look` therefore says UNKNOWN of every reply that is there; the answer
to hiding itself is the only word X gives.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

import requests
import tweepy

from bot.domain.types import Action, Sighting, Visibility
from connectors.contract import Capabilities, Followers, Health, Malformed, Media, Refused, Unauthorised
from connectors.x import parse, stream
from connectors.x.api import Api
from connectors.x.cursor import Mark
from connectors.x.names import Names
from connectors.x.prices import NAMES_A_MONTH
from connectors.x.threads import Threads
from connectors.x.tokens import Tokens
from connectors.x.walk import Walk

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime, timedelta

    from bot.domain.types import Account, Attachment, Author, Batch, Cursor, Ref
    from connectors.contract import ConnectorError, Profile
    from connectors.transport import Transport
    from connectors.x.bill import Bill
    from connectors.x.parse import Tweet
    from connectors.x.threads import Place

PICTURES = "pbs.twimg.com"
"""The one place from which X hands out pictures."""
_MOST_HIDDEN = "X says no reason; it refuses, among others, a 726th hidden reply in one conversation"
_QUOTE = "it quotes the City in a conversation of its own, and X hides only replies"


def connect(account: Account, credentials: Mapping[str, str], transport: Transport) -> XConnector:
    """Make the connector of one account; KeyError if a credential is missing, LookupError for one that makes no sense.

    To sign with, one of: `api_key`, `api_secret`, `access_token` and `access_secret` (OAuth 1.0a, does not expire: for
    a daemon); `client_id`, `tokens` (a path) and `refresh_token`, perhaps with `client_secret` (OAuth 2.0, renewed
    here); `user_token` (OAuth 2.0, two hours: for a trial). Besides, `names` (how many authors' names a month, or
    `all`), `owns_app` and `list_followers` (`yes`), and `stream_token`, the app's own bearer token, to be told at once
    what is new.
    """
    names = credentials.get("names", str(NAMES_A_MONTH))
    options = {"names", "owns_app", "list_followers", "tokens", "client_id"}
    secrets = (value for name, value in credentials.items() if name not in options)
    known = tuple(value for value in transport.secrets if value not in {credentials.get(name) for name in options})
    transport.secrets = tuple(dict.fromkeys((*known, *secrets)))
    tokens, signed = None, False
    if "user_token" in credentials:
        client = tweepy.Client(bearer_token=credentials["user_token"], return_type=requests.Response)
    elif "client_id" in credentials:
        client = tweepy.Client(return_type=requests.Response)
        tokens = Tokens(
            Path(credentials["tokens"]),
            transport,
            client=credentials["client_id"],
            secret=credentials.get("client_secret"),
            first=credentials.get("refresh_token"),
        )
    else:
        signed = True
        client = tweepy.Client(
            consumer_key=credentials["api_key"],
            consumer_secret=credentials["api_secret"],
            access_token=credentials["access_token"],
            access_token_secret=credentials["access_secret"],
            return_type=requests.Response,
        )
    api = Api(client, transport, tokens=tokens, signed=signed, owned=credentials.get("owns_app") == "yes")
    if names != "all" and not (names.isascii() and names.isdecimal()):
        message = "`names` in the credentials is neither a number nor `all`"
        raise LookupError(message)
    return XConnector(
        account,
        api,
        names=Names(api, None if names == "all" else int(names)),
        lists_followers=credentials.get("list_followers") == "yes",
        news=(replace(transport, last=None), credentials["stream_token"]) if "stream_token" in credentials else None,
    )


class XConnector:
    """See connectors.contract: Connector, HasProfile, HasFollowers, HasMedia, Notifies and Streams."""

    platform: ClassVar[str] = "x"
    can: ClassVar[Capabilities] = Capabilities(
        actions=frozenset({Action.HIDE, Action.RESTORE}), sees_edits=True, sees_visibility=False, push=True
    )

    def __init__(
        self,
        account: Account,
        api: Api,
        *,
        names: Names,
        lists_followers: bool = False,
        news: tuple[Transport, str] | None = None,
    ) -> None:
        """Work `account` through `api`; `news` is the way to X's stream and the token that opens it."""
        self._account = account
        self._api = api
        self._names = names
        self._lists_followers = lists_followers
        self._threads = Threads(api, account.id)
        self._quotes: set[str] = set()
        self._news = news

    @property
    def bill(self) -> Bill:
        """What this connector has spent at X."""
        return self._api.bill

    @property
    def line(self) -> str:
        """The app's stream is one for all its accounts; empty without its token."""
        return hashlib.sha256(self._news[1].encode()).hexdigest() if self._news else ""

    def listen(self, accounts: Collection[str], *, now: datetime) -> Iterator[frozenset[str]]:
        """See to it that X tells what concerns these accounts, and give whom it tells of."""
        if not self._news:
            message = "`stream_token` is not among the credentials, so there is no stream"
            raise Unauthorised(message)
        for account in sorted(accounts):
            stream.subscribe(*self._news, account, now=now)
        yield from stream.wakes(*self._news, accounts, now=now)

    def rest(self, error: ConnectorError, tries: int) -> timedelta:
        """As long as X asks for (`stream.pause`)."""
        return stream.pause(error, tries)

    def check(self, *, now: datetime) -> Health:
        """Ask X whose credentials these are. Whether they may also write shows only when something is hidden."""
        user = self._api.me(now)
        identity = f"@{user['username']} ({user['id']})"
        if user["id"] != self._account.id:
            note = f"these credentials are those of {identity}, the account is {self._account.id}"
            return Health(ok=False, identity=identity, notes=(note,))
        notes = ("X does not let anybody read whether a reply is hidden", self._names.told(), self.bill.told(now))
        return Health(ok=True, identity=identity, notes=notes)

    def poll(self, cursor: Cursor | None, *, now: datetime) -> Iterator[Batch]:
        """Give the City's posts, all replies in their conversations and all quotes, the last half hour always again."""
        try:
            mark = Mark.read(cursor)
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            message = "the kept cursor is not one of X's; start again without it"
            raise Malformed(message, payload=cursor.text.encode() if cursor else b"") from error
        yield from Walk(self._api, self._threads, self._names, self._account, mark, now).batches()

    def look(self, ref: Ref, *, now: datetime) -> Sighting:
        """Give the latest wording. Deleted, protected and suspended are GONE: X shows no more of them than that."""
        tweet = self._latest(ref, now)
        if tweet is None:
            return Sighting(ref=ref, visibility=Visibility.GONE, seen_at=now)
        place = self._place(ref, tweet, now)
        if place:
            root, parent = place.root.first, place.parent
        else:
            root, parent = tweet.conversation, None if tweet.replied_to == tweet.conversation else tweet.replied_to
        comment = parse.comment(tweet, self._account, root=root, parent=parent)
        return Sighting(ref=ref, visibility=comment.visibility, seen_at=now, comment=comment)

    def act(self, ref: Ref, action: Action, *, now: datetime) -> Visibility:
        """Hide a reply or show it again, in its latest wording. Raises Refused for everything else, and for deleting.

        What X would refuse anyway is refused before it is asked: quotes, what the account itself wrote, and what
        stands in conversations that somebody else began.
        """
        if action not in self.can.actions:
            message = f"X lets nobody {action} what others wrote"
            raise Refused(message)
        if ref.item in self._quotes:
            raise Refused(_QUOTE)
        tweet = self._latest(ref, now)
        if tweet is None:
            return Visibility.GONE
        self._must_be_ours_to_hide(ref, tweet, now)
        try:
            hidden = self._api.set_hidden(tweet.id, now, hidden=action is Action.HIDE)
        except Refused as refused:
            message = f"{refused}. {_MOST_HIDDEN}"
            raise Refused(message) from refused
        if hidden is None:
            return Visibility.GONE
        return Visibility.HIDDEN if hidden else Visibility.VISIBLE

    def profile(self, *, now: datetime) -> Profile:
        """Read the City's own page, with the addresses behind X's short links."""
        return parse.profile(self._api.own_page(now))

    def followers(self, *, now: datetime) -> Followers:
        """Count them. They are listed only if the credentials say so, since X bills each one at every listing."""
        body = self._api.own_page(now)
        count = parse.followers(body)
        if not self._lists_followers:
            why = "not listed: X bills every follower on the list; `list_followers` in the credentials asks for it"
            return Followers(count=count, why=why, raw=body)
        people: list[Author] = []
        raw = [body]
        for page, answer in self._api.followers(self._account.id, now):
            people += page.values()
            raw.append(answer)
        return Followers(count=count, people=tuple(people), raw=b"\n".join(raw))

    def media(self, attachment: Attachment, *, now: datetime) -> Media:
        """Fetch a picture, or the picture that stands for a video. Only from X's own store."""
        address = urlsplit(attachment.url or "")
        if (address.scheme, address.netloc) != ("https", PICTURES):
            message = f"there is nothing of X's own to fetch: {address.netloc or 'no address'}"
            raise Refused(message)
        answer = self._api.fetch(address.geturl(), now)
        return Media(body=answer.body, kind=answer.headers.get("content-type", "application/octet-stream"))

    def notify(self, ref: Ref, text: str, *, now: datetime) -> str:
        """Reply in public to an author who named the City or quoted it; X lets a program answer nobody else."""
        tweet = self._latest(ref, now)
        if tweet is None:
            message = "it is not there any more, so nobody can be answered there"
            raise Refused(message)
        place = self._place(ref, tweet, now)
        summoned = self._account.id in tweet.named or (place is not None and place.quote)
        if not summoned or tweet.author.id == self._account.id:
            message = "X lets a program answer only those who named the account or quoted its post"
            raise Refused(message)
        return self._api.answer(tweet.id, text, now)

    def _must_be_ours_to_hide(self, ref: Ref, tweet: Tweet, now: datetime) -> None:
        """Raise Refused for what X hides for nobody or not for this account."""
        if tweet.author.id == self._account.id:
            message = "X does not hide what the account itself wrote"
            raise Refused(message)
        if tweet.reposted:
            message = "X does not hide what only passes on another's words"
            raise Refused(message)
        place = self._place(ref, tweet, now)
        if place and place.quote:
            raise Refused(_QUOTE)
        if place is None and self._threads.foreign(tweet):
            message = "somebody else began this conversation, and X hides only replies in the account's own"
            raise Refused(message)

    def _place(self, ref: Ref, tweet: Tweet, now: datetime) -> Place | None:
        """Where it stands; remembers what is a quote, so that nobody asks again."""
        self._threads.begin()
        self._threads.learn([tweet], now)
        place = self._threads.place(tweet)
        if place and place.quote:
            self._quotes.add(ref.item)
        return place

    def _latest(self, ref: Ref, now: datetime) -> Tweet | None:
        """The newest wording, None if X shows none. An identifier always brings up its own wording, however old."""
        tweet = self._look_up(ref.item, now)
        if tweet is None or tweet.id == tweet.history[-1]:
            return tweet
        return self._look_up(tweet.history[-1], now)

    def _look_up(self, identifier: str, now: datetime) -> Tweet | None:
        found = self._api.look_up([identifier], now, signed=True)
        for tweet in found.tweets:
            if tweet.id == identifier:
                return tweet
        if identifier in found.gone:
            return None
        message = f"X neither shows {identifier} nor says that it is not there"
        raise Malformed(message, payload=found.raw)
