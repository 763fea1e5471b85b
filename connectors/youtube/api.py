"""One request at a time to YouTube's API, with every way to fail turned into a word that says what now.

Nothing but a good answer gets past `_Gate` into Google's libraries: google-auth would otherwise wait and try again on
its own when the token endpoint falters, and both libraries build their exceptions out of whatever the body holds.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import requests
from google.auth.exceptions import GoogleAuthError
from google.oauth2.credentials import Credentials
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.discovery import build_from_document  # type: ignore[attr-defined]
from googleapiclient.discovery_cache import get_static_doc

from connectors.contract import Malformed, RateLimited, Transient, Unauthorised
from connectors.meter import Used
from connectors.youtube.costs import A_DAY, UNITS, bucket, cost
from connectors.youtube.quota import ledger_of, quota_resets

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import httplib2
    from googleapiclient._apis.youtube.v3 import YouTubeResource
    from googleapiclient.http import HttpRequest

    from connectors.transport import Transport

SCOPE = "https://www.googleapis.com/auth/youtube.force-ssl"
TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105  an address, not a secret
PAUSE = timedelta(minutes=1)

_DAY_SPENT = frozenset({"quotaExceeded", "dailyLimitExceeded"})
_TOO_FAST = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "rate_limit_exceeded"})
_WORD = re.compile(r"[A-Za-z_]{1,60}")
_OK = range(200, 300)
_LONGEST = 10**7  # seconds that an access token may last; more is no time


@cache
def _service() -> YouTubeResource:
    """What makes requests, as the library builds it from the description of the API that it brings.

    There is one for all accounts, since it is large. It can send nothing; `Api.ask` says over which line.
    """
    description: str = get_static_doc("youtube", "v3")  # type: ignore[no-untyped-call]
    service: YouTubeResource = build_from_document(description, http=object())
    return service


class Declined(Exception):
    """YouTube answered a request with "no" (a 3xx or 4xx that is neither about the token nor about a limit)."""

    def __init__(self, status: int, reason: str, payload: bytes) -> None:
        """Take the HTTP status, YouTube's own word for the reason ("" if it gave none), and the bytes that came."""
        super().__init__(f"YouTube says no: {status} {reason}".rstrip())
        self.status = status
        self.reason = reason
        self.payload = payload


class Absent(Exception):
    """What was asked about is not there: it never was, or it is gone."""


class CommentsOff(Absent):
    """The video's, or the channel's, comments are switched off: a state, not a failure."""


class Barred(Unauthorised):
    """YouTube does not let us at this. Of one video that is a state: it is private, for members, or not ours."""


class PageLost(Exception):
    """The page token no longer names a page; the list has to be read from its beginning."""


class Api:
    """The API as one channel's owner sees it. `youtube` makes requests; `ask` and `read` send them."""

    def __init__(self, credentials: Mapping[str, str], transport: Transport) -> None:
        """Take `client_id`, `client_secret`, `refresh_token` and, where it is not Google's own, `token_uri`.

        `units_a_day` is what Google grants the project, if that is more than everybody gets.
        """
        token_uri = credentials.get("token_uri") or TOKEN_URI
        signer = Credentials(  # type: ignore[no-untyped-call]
            None,
            refresh_token=credentials["refresh_token"],
            client_id=credentials["client_id"],
            client_secret=credentials["client_secret"],
            token_uri=token_uri,
        )
        self._http = AuthorizedHttp(signer, http=_Gate(transport, token_uri))
        self._transport = transport
        self.ledger = ledger_of(f"{credentials['client_id']} {transport.api}")
        self.ledger.granted(int(credentials.get("units_a_day", A_DAY[UNITS])))
        self.youtube = _service()

    def ask(self, request: HttpRequest, *, now: datetime) -> bytes:
        """Send a request and give the body of its answer.

        Raises Declined where YouTube says no, and of the contract's errors Transient, RateLimited, Unauthorised and
        Malformed (an answer that is no JSON).
        """
        method = str(request.methodId)
        self.ledger.book(method, now)
        self._transport.meter.add(units=cost(method) if bucket(method) == UNITS else 0)
        self._transport.meter.used = Used(self.ledger.share(UNITS, now), "of the day's units")
        try:
            request.execute(http=self._http, num_retries=0)
        except _NotGood as answer:
            if _reason(answer.body) in _DAY_SPENT:
                self.ledger.all_spent(method, now)
            raise _failure(answer, now) from None
        except requests.RequestException as error:
            message = f"YouTube could not be reached: {type(error).__name__}"
            raise Transient(message) from error
        except GoogleAuthError as error:
            message = f"access could not be renewed: {type(error).__name__}; grant it anew"
            raise Unauthorised(message) from None
        except (ValueError, RecursionError) as error:
            message = f"YouTube's answer is no JSON: {type(error).__name__}"
            raise Malformed(message, payload=self._body()) from None
        return self._body()

    def read(self, request: HttpRequest, *, now: datetime, yielding: bool = False) -> bytes:
        """Send a request that only reads. As `ask`, but a "no" is Absent, PageLost or one of the contract's errors.

        `yielding`: raise RateLimited instead of asking when all that is left of the day is the reserve for acting.
        """
        if yielding:
            self.ledger.may_read(str(request.methodId), now)
        try:
            return self.ask(request, now=now)
        except Declined as no:
            raise _unreadable(no) from None

    def _body(self) -> bytes:
        return self._transport.last.body if self._transport.last else b""


class _NotGood(Exception):
    """An answer that is not 2xx, or a token answer without a token in it."""

    def __init__(self, status: int, body: bytes, *, token: bool) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.body = body
        self.token = token


class _Gate:
    """Stands between Google's libraries and the transport, and lets good answers pass."""

    def __init__(self, transport: Transport, token_uri: str) -> None:
        self._http = transport.google()
        self._token_uri = token_uri

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> tuple[httplib2.Response, bytes]:
        token = uri == self._token_uri
        response, content = self._http.request(uri, method, body, headers)
        if response.status not in _OK or (token and not _holds_token(content)):
            raise _NotGood(response.status, content, token=token)
        return response, content

    def close(self) -> None:
        self._http.close()


def _holds_token(body: bytes) -> bool:
    match _json(body):
        case {"access_token": str(token), "expires_in": int(seconds)}:
            return token.isascii() and 0 < seconds < _LONGEST
        case _:
            return False


def _failure(answer: _NotGood, now: datetime) -> Exception:
    """Name the error of an answer; README.md has the table."""
    status, reason = answer.status, _reason(answer.body)
    told = f"{status} {reason}".rstrip()
    if status >= 500 or status == 408:  # noqa: PLR2004  "server error" and "request time-out"
        return Transient(f"YouTube has trouble: {told}")
    if reason in _DAY_SPENT:
        return RateLimited(f"the project's quota for today is spent: {told}", until=quota_resets(now))
    if reason in _TOO_FAST or status == 429:  # noqa: PLR2004  "too many requests"
        return RateLimited(f"too many requests: {told}", until=now + PAUSE)
    if answer.token and status in _OK:
        kept_out = f"{len(answer.body)} bytes, not kept because they may hold a token"
        return Malformed("the token endpoint's answer holds no token", payload=kept_out.encode())
    if answer.token or status == 401:  # noqa: PLR2004  "unauthorized"
        return Unauthorised(f"Google no longer lets us in: {told}; grant access anew")
    return Declined(status, reason, answer.body)


def _unreadable(no: Declined) -> Exception:
    """Name the error of a "no" to a request that only reads."""
    named: dict[str, Exception] = {
        "channelNotFound": Unauthorised(f"{no}; is this the channel's identifier?"),
        "commentsDisabled": CommentsOff(no.reason),
        "invalidPageToken": PageLost(no.reason),
        "liveChatDisabled": Absent(no.reason),
        "liveChatEnded": Absent(no.reason),
        "pageTokenInvalid": PageLost(no.reason),
        "processingFailure": Transient(str(no)),
    }
    by_status: dict[int, Exception] = {
        403: Barred(f"{no}; is it the channel's owner who granted access?"),
        404: Absent(no.reason),
    }
    return named.get(no.reason) or by_status.get(no.status) or Malformed(str(no), payload=no.payload)


def _reason(body: bytes) -> str:
    """YouTube's word for what is wrong: one short word, safe to show; "" if the body has none."""
    match _json(body):
        case {"error": {"errors": [{"reason": str(word)}, *_]}}:
            pass
        case {"error": {"status": str(word)}} | {"error": str(word)}:
            pass
        case _:
            return ""
    return word if _WORD.fullmatch(word) else ""


def _json(body: bytes) -> Any:
    try:
        return cast("Any", json.loads(body))
    except (ValueError, RecursionError):
        return None
