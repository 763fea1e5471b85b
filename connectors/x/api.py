"""The calls to X that we make, through tweepy, and what each way of failing means.

tweepy has its host built in (api.twitter.com, which X still serves), brings no time-outs and would, if asked to wait
for limits, recurse without end on answers that name none. It therefore gets our session, never waits, and hands over
answers as they came. What went wrong is judged here from status and problem type.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import requests
import tweepy

from connectors.contract import Malformed, RateLimited, Refused, Transient, Unauthorised
from connectors.x import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from connectors.transport import Exchange, Transport
    from connectors.x.parse import Page, Tweet

for _chatty in ("tweepy", "oauthlib", "requests_oauthlib"):
    logging.getLogger(_chatty).setLevel(logging.WARNING)  # their DEBUG lines hold tokens and whole answers

PAGE = 100
"""Most items X gives in one answer, and most identifiers it looks up at once."""
PAGES = 500
WINDOW = timedelta(minutes=15)
"""X counts requests in windows of this length; where it names no end, we wait for one whole window."""
_DAY = timedelta(days=1)
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
        "referenced_tweets",
        "withheld",
    ],
    "expansions": ["author_id", "attachments.media_keys"],
    "user_fields": ["name", "username", "protected", "verified_type"],
    "media_fields": ["type", "url", "preview_image_url", "alt_text"],
}
_TOKEN_TOO_WEAK = ("unsupported-authentication", "client-forbidden", "oauth1-permissions", "usage-capped", "credits")
_LIMITS = ("x-rate-limit", "x-app-limit-24hour", "x-user-limit-24hour")


class Api:
    """X as one account sees it. Every method raises only connector errors; `now` dates the limits X states."""

    def __init__(self, client: tweepy.Client, transport: Transport, *, user_auth: bool) -> None:
        """`user_auth`: sign by OAuth 1.0a; otherwise the client's bearer token is an OAuth 2.0 user token."""
        client.session = transport.session()
        self._client = client
        self._transport = transport
        self._user_auth = user_auth
        self._web = (transport.web or parse.WEB).rstrip("/")

    def me(self, now: datetime) -> Mapping[str, Any]:
        """The user whose credentials these are: at least `id` and `username`."""
        body = self._ask(self._client.get_me, now).body
        user = parse.document(body).get("data")
        if not isinstance(user, dict) or not {"id", "username"} <= user.keys():
            message = "X's answer does not say whose credentials these are"
            raise Malformed(message, payload=body)
        return user

    def own(self, user: str, since_id: str | None, now: datetime) -> list[Tweet]:
        """What the user wrote after `since_id`, reposts left out."""
        return self._pages(
            self._client.get_users_tweets, "pagination_token", now, id=user, since_id=since_id, exclude=["retweets"]
        )

    def mentions(self, user: str, since_id: str | None, now: datetime) -> list[Tweet]:
        """What names the user, written after `since_id`: the newest 800 at most, X gives no more."""
        return self._pages(self._client.get_users_mentions, "pagination_token", now, id=user, since_id=since_id)

    def search(self, query: str, since_id: str | None, now: datetime) -> list[Tweet]:
        """What matches the query, written after `since_id` and in the last seven days."""
        return self._pages(self._client.search_recent_tweets, "next_token", now, query=query, since_id=since_id)

    def look_up(self, identifiers: Iterable[str], now: datetime) -> Page:
        """What X shows of up to 100 identifiers, each in the wording that it names."""
        body = self._ask(self._client.get_tweets, now, ids=list(identifiers), **_FIELDS).body
        return parse.page(body, self._web)

    def set_hidden(self, identifier: str, now: datetime, *, hidden: bool) -> bool | None:
        """Hide a reply or show it again; give whether X says it is hidden now, None if there is no such reply.

        Raises Refused for a reply outside the account's own conversations, among others: X gives no reason to tell by.
        """
        call = self._client.hide_reply if hidden else self._client.unhide_reply
        answer = self._ask(call, now, id=identifier, acting=True)
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        return parse.hidden(answer.body, identifier)

    def _pages(self, call: Callable[..., Any], token_name: str, now: datetime, **params: Any) -> list[Tweet]:
        """Everything a list gives, newest first. Empty pages may come in the middle; only a missing token ends it."""
        found: list[Tweet] = []
        asked = {name: value for name, value in params.items() if value is not None}
        for _ in range(PAGES):
            page = parse.page(self._ask(call, now, max_results=PAGE, **asked, **_FIELDS).body, self._web, listed=True)
            found.extend(page.tweets)
            if page.next_token is None:
                return found
            asked[token_name] = page.next_token
        message = f"X's list has not ended after {PAGES} pages"
        raise Malformed(message)

    def _ask(self, call: Callable[..., Any], now: datetime, *, acting: bool = False, **params: Any) -> Exchange:
        """Make one call and give its answer, or the error that the answer means. 404 is an answer when `acting`."""
        before = self._transport.last
        try:
            call(user_auth=self._user_auth, **params)
        except requests.RequestException as error:
            raise Transient(self._transport.mask(f"X could not be reached: {error}")) from error
        except (tweepy.TweepyException, AttributeError, RecursionError, TypeError, ValueError):
            # Judged below. tweepy's own errors trip over bodies that are no JSON object, hence all but the first.
            if self._transport.last is None or self._transport.last is before:
                raise
        answer = self._transport.last
        if answer is None:
            message = "X gave no answer"
            raise Transient(message)
        if not _fine(answer.status) and not (acting and answer.status == HTTPStatus.NOT_FOUND):
            raise self._error(answer, now, acting=acting)
        return answer

    def _error(self, answer: Exchange, now: datetime, *, acting: bool) -> Exception:
        """What an answer other than 2xx means."""
        kind, words = _problem(answer.body)
        reason = self._transport.mask(f"X answered {answer.status}: {words}")
        status = answer.status
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return RateLimited(reason, until=_until(answer.headers, now))
        if status == HTTPStatus.FORBIDDEN and acting and kind not in _TOKEN_TOO_WEAK:
            return Refused(reason)
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.FORBIDDEN):
            return Unauthorised(reason)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
            return Transient(reason)
        return Malformed(reason, payload=answer.body)


def _fine(status: int) -> bool:
    return HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES


def _problem(body: bytes) -> tuple[str, str]:
    """The last part of a problem's type, and its title and detail in at most 200 characters."""
    try:
        problem = json.loads(body)
    except (ValueError, RecursionError):
        problem = None
    if not isinstance(problem, dict):
        return "", "an answer that is not JSON"
    words = ": ".join(str(problem[name]) for name in ("title", "detail") if problem.get(name))
    return str(problem.get("type", "")).rpartition("/")[2], words[:200] or "no reason given"


def _until(headers: Mapping[str, str], now: datetime) -> datetime:
    """When every limit that is used up begins anew: a minute off at least, a day at most, a window if X names none."""
    resets = [
        int(headers[f"{limit}-reset"])
        for limit in _LIMITS
        if headers.get(f"{limit}-reset", "").isdecimal() and headers.get(f"{limit}-remaining", "0") == "0"
    ]
    if not resets:
        return now + WINDOW
    latest = min(max(resets), int((now + _DAY).timestamp()))
    return max(datetime.fromtimestamp(latest, UTC), now + timedelta(minutes=1))
