"""The calls to X that we make, through tweepy, and what they cost.

tweepy has its host built in (api.twitter.com, which X still serves), brings no time-outs and would, if asked to wait
for limits, recurse without end on answers that name none. It therefore gets our session, never waits, and hands over
answers as they came. Names of authors are not asked for along with what they wrote: X bills each as a user.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import requests
import tweepy

from connectors.contract import Malformed, RateLimited, Refused, Transient
from connectors.transport import TooLarge
from connectors.x import parse, prices, problems
from connectors.x.bill import Bill
from connectors.x.prices import PAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from bot.domain.types import Author
    from connectors.transport import Exchange, Transport
    from connectors.x.parse import Page, Tweet
    from connectors.x.tokens import Tokens

for _chatty in ("tweepy", "oauthlib", "requests_oauthlib"):
    logging.getLogger(_chatty).setLevel(logging.WARNING)  # their DEBUG lines hold tokens and whole answers

PAGES = 500
FOLLOWERS = 1000
"""Most followers in one answer."""
KEPT_FOR_ACTING = 100
"""Look-ups in a window that reading leaves alone: looking comes before acting, and acting before reading."""
_FIELDS: dict[str, Any] = {
    "tweet_fields": [
        "attachments",
        "author_id",
        "conversation_id",
        "created_at",
        "display_text_range",
        "edit_controls",
        "edit_history_tweet_ids",
        "entities",
        "in_reply_to_user_id",
        "lang",
        "note_tweet",
        "possibly_sensitive",
        "public_metrics",
        "referenced_tweets",
        "withheld",
    ],
    "expansions": ["attachments.media_keys"],
    "media_fields": ["type", "url", "preview_image_url", "alt_text"],
}
_USER_FIELDS = ["name", "username", "protected", "verified_type"]
_SIGNED = {**_FIELDS, "expansions": ["author_id", "attachments.media_keys"], "user_fields": _USER_FIELDS}
_PROFILE_FIELDS = [*_USER_FIELDS, "description", "entities", "profile_image_url", "public_metrics", "url"]


class Api:
    """X as one account sees it. Every method raises only connector errors; `now` dates the limits X states.

    `bill` is what was spent. `web` is where people read X.
    """

    def __init__(
        self, client: tweepy.Client, transport: Transport, *, tokens: Tokens | None, signed: bool, owned: bool = False
    ) -> None:
        """`signed`: by OAuth 1.0a; otherwise with the OAuth 2.0 user token that `tokens` keep, or the client holds."""
        client.session = transport.session()
        self._client = client
        self._transport = transport
        self._tokens = tokens
        self._signed = signed
        self._headers: dict[str, Mapping[str, str]] = {}
        self.bill = Bill(owned=owned, meter=transport.meter)
        self.web = (transport.web or parse.WEB).rstrip("/")

    def me(self, now: datetime) -> Mapping[str, Any]:
        """The user whose credentials these are: at least `id` and `username`."""
        body = self._ask(self._client.get_me, now).body
        user = parse.document(body).get("data")
        if not isinstance(user, dict) or not all(isinstance(user.get(name), str) for name in ("id", "username")):
            message = "X's answer does not say whose credentials these are"
            raise Malformed(message, payload=body)
        self.bill.users([user["id"]], now)
        return user

    def own_page(self, now: datetime) -> bytes:
        """The account's own profile with its count of followers, as X gave it."""
        body = self._ask(self._client.get_me, now, user_fields=_PROFILE_FIELDS).body
        self.bill.users([parse.identifier_in(body)], now)
        return body

    def own(self, user: str, since_id: str | None, now: datetime) -> list[Tweet]:
        """What the user wrote after `since_id`, reposts left out."""
        call = self._client.get_users_tweets
        return self._listed(
            call, "pagination_token", now, own_list=True, id=user, since_id=since_id, exclude=["retweets"]
        )

    def mentions(self, user: str, since_id: str | None, now: datetime) -> list[Tweet]:
        """What names the user, written after `since_id`: the newest 800 at most, X gives no more."""
        call = self._client.get_users_mentions
        return self._listed(call, "pagination_token", now, own_list=True, id=user, since_id=since_id)

    def search(self, query: str, since_id: str | None, now: datetime) -> list[Tweet]:
        """What matches the query, written after `since_id` and in the last seven days.

        X declines a `since_id` from before that, which by our clock may be younger; then all seven days are read.
        """
        call = self._client.search_recent_tweets
        if since_id is not None:
            try:
                return self._listed(call, "next_token", now, query=query, since_id=since_id)
            except _StaleSinceId:
                pass  # told by X alone, and dealt with by what follows
        return self._listed(call, "next_token", now, query=query)

    def look_up(
        self, identifiers: Iterable[str], now: datetime, *, signed: bool = False, reading: bool = False
    ) -> Page:
        """What X shows of up to 100 identifiers, each in the wording that it names; if `signed`, with authors' names.

        When `reading`, some requests are left for those who act.
        """
        fields, kept = _SIGNED if signed else _FIELDS, KEPT_FOR_ACTING if reading else 0
        body = self._ask(self._client.get_tweets, now, kept=kept, ids=list(identifiers), **fields).body
        page = parse.page(body, self.web)
        self.bill.posts((tweet.id for tweet in page.tweets), now)
        self.bill.users(page.users, now)
        if page.failed:
            message = "X says that something of its own went wrong"
            raise Transient(message)
        return page

    def people(self, identifiers: Iterable[str], now: datetime) -> Mapping[str, Author]:
        """Who they are, by identifier, of up to 100."""
        body = self._ask(self._client.get_users, now, ids=list(identifiers), user_fields=_USER_FIELDS).body
        found = parse.people(body, self.web)
        self.bill.users(found, now)
        return found

    def followers(self, user: str, now: datetime) -> Iterator[tuple[Mapping[str, Author], bytes]]:
        """Everybody who follows the user, a page at a time. Each follower is billed."""
        asked: dict[str, Any] = {"id": user, "max_results": FOLLOWERS, "user_fields": _USER_FIELDS}
        for _ in range(PAGES):
            body = self._ask(self._client.get_users_followers, now, **asked).body
            found = parse.people(body, self.web)
            self.bill.followers(found, now)
            yield found, body
            token = parse.next_token(body)
            if token is None:
                return
            asked["pagination_token"] = token
        message = f"X's list has not ended after {PAGES} pages"
        raise Malformed(message)

    def set_hidden(self, identifier: str, now: datetime, *, hidden: bool) -> bool | None:
        """Hide a reply or show it again; give whether X says it is hidden now, None if there is no such reply.

        Raises Refused for a reply outside the account's own conversations, among others: X gives no reason to tell by.
        """
        call = self._client.hide_reply if hidden else self._client.unhide_reply
        answer = self._ask(call, now, limit="hidden", costs=("hiding", prices.MANAGE), id=identifier, acting=True)
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        return parse.hidden(answer.body, identifier)

    def answer(self, identifier: str, text: str, now: datetime) -> str:
        """Reply in public; give the identifier of the reply. Asking twice replies twice."""
        price = prices.ANSWER_WITH_LINK if "://" in text else prices.ANSWER
        asked: dict[str, Any] = {"in_reply_to_tweet_id": identifier, "text": text}
        answer = self._ask(self._client.create_tweet, now, costs=("answers", price), acting=True, **asked)
        if answer.status == HTTPStatus.NOT_FOUND:
            message = "X shows nothing there that could be answered"
            raise Refused(message)
        return parse.identifier_in(answer.body)

    def fetch(self, url: str, now: datetime) -> Exchange:
        """Fetch a picture from X's own store, with no credentials."""
        with self._transport.session() as session:
            try:
                session.get(url, allow_redirects=False)
            except TooLarge as error:
                raise Refused(str(error)) from error
            except (requests.RequestException, ValueError) as error:
                raise Transient(self._transport.mask(f"X could not be reached: {error}")) from error
        answer = self._transport.last
        if answer is None:
            message = "X gave no answer"
            raise Transient(message)
        if answer.status == HTTPStatus.OK:
            return answer
        if answer.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.FORBIDDEN):
            message = f"X has it no more (answer {answer.status})"
            raise Refused(message)
        raise problems.error_of(answer, now, self._transport.mask, acting=False)

    def _listed(
        self, call: Callable[..., Any], token_name: str, now: datetime, *, own_list: bool = False, **params: Any
    ) -> list[Tweet]:
        """Everything a list gives, newest first. Empty pages may come in the middle; only a missing token ends it."""
        found: list[Tweet] = []
        asked = {name: value for name, value in params.items() if value is not None}
        for _ in range(PAGES):
            page = parse.page(self._ask(call, now, max_results=PAGE, **asked, **_FIELDS).body, self.web, listed=True)
            self.bill.posts((tweet.id for tweet in page.tweets), now, own_list=own_list)
            found.extend(page.tweets)
            if page.next_token is None:
                return found
            asked[token_name] = page.next_token
        message = f"X's list has not ended after {PAGES} pages"
        raise Malformed(message)

    def _ask(  # noqa: PLR0913  a request has that many sides
        self,
        call: Callable[..., Any],
        now: datetime,
        *,
        limit: str = "",
        kept: int = 0,
        costs: tuple[str, int] | None = None,
        acting: bool = False,
        **params: Any,
    ) -> Exchange:
        """Make one call and give its answer, or the error that the answer means. 404 is an answer when `acting`.

        `limit` names what is counted together with it, `kept` how much of that is left alone. What it `costs` by
        itself is booked if it may have been taken.
        """
        limit = limit or call.__name__
        full = problems.full_until(self._headers.get(limit, {}), now, kept=kept)
        if full:
            message = "by X's own count no more such requests may be made for now"
            raise RateLimited(message, until=full)
        answer = self._sent(call, now, costs, params)
        if not _fine(answer.status):
            self._headers.pop(limit, None)
            if problems.is_stale_since(answer):
                message = "X takes the since_id for too old"
                raise _StaleSinceId(message, payload=answer.body)
            if not (acting and answer.status == HTTPStatus.NOT_FOUND):
                raise problems.error_of(answer, now, self._transport.mask, acting=acting)
            return answer
        self._headers[limit] = answer.headers
        self._transport.meter.used = problems.used(answer.headers) or self._transport.meter.used
        if costs:
            self.bill.request(*costs, now)
        return answer

    def _sent(
        self, call: Callable[..., Any], now: datetime, costs: tuple[str, int] | None, params: Mapping[str, Any]
    ) -> Exchange:
        """Send, and give whatever was answered. An answer that is lost may have been billed, and is booked."""
        if self._tokens:
            self._client.bearer_token = self._tokens.access(now)
        before = self._transport.last
        try:
            call(user_auth=self._signed, **params)
        except requests.RequestException as error:
            if costs:
                self.bill.request(*costs, now)
            raise Transient(self._transport.mask(f"X could not be reached: {error}")) from error
        except (tweepy.TweepyException, AttributeError, LookupError, TypeError, ValueError, RecursionError):
            # Judged by the caller. tweepy's own errors trip over bodies that are no JSON object, hence the others.
            if self._transport.last is None or self._transport.last is before:
                raise
        answer = self._transport.last
        if answer is None:
            message = "X gave no answer"
            raise Transient(message)
        return answer


class _StaleSinceId(Malformed):
    """A search asked for more than X searches."""


def _fine(status: int) -> bool:
    return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
