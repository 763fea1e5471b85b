"""Calls to a Bluesky server (XRPC), the session they need, and what each way of failing means.

Sources: atproto.com/specs/xrpc (errors), docs.bsky.app/docs/advanced-guides/rate-limits, lexicons com.atproto.server.*.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import requests

from connectors.contract import Malformed, RateLimited, Refused, Transient, Unauthorised

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.transport import Transport

SERVER = "https://bsky.social"
RENEWED = timedelta(hours=1)
"""How old an access token may get: it is good for two hours or so, and the token that renews it for weeks."""
PAUSE = timedelta(minutes=5)
"""How long to wait where the server names no end: most things are counted over five minutes."""
_OPEN, _RENEW = "com.atproto.server.createSession", "com.atproto.server.refreshSession"
_KEY_DEAD = frozenset({"InvalidToken", "AccountTakedown", "AccountDeactivated"})
_WORD = re.compile(r"[A-Za-z]{1,60}")


class Absent(Exception):
    """What was asked for is not there."""


class Api:
    """One account's way to its server."""

    def __init__(self, credentials: Mapping[str, str], transport: Transport) -> None:
        """Take `identifier` (handle or DID), `app_password` and, where it is not bsky.social, `server`."""
        self._known = {"identifier": credentials["identifier"], "password": credentials["app_password"]}
        self._server = credentials.get("server", SERVER).rstrip("/")
        self._http = transport.session()
        self._session: tuple[datetime, str, str] | None = None
        transport.secrets = (*transport.secrets, credentials["app_password"])

    def ask(self, name: str, now: datetime, *, write: Mapping[str, Any] | None = None, **params: object) -> bytes:
        """Read, or write, and give the body of the answer.

        Raises Absent where there is no such thing to be read, and the contract's errors.
        """
        return self._call(name, now, self._access(now), params=params, json=write)

    def _access(self, now: datetime) -> str:
        old, self._session = self._session, None
        if old and timedelta() <= now - old[0] < RENEWED:
            self._session = old
            return old[1]
        body = self._call(_RENEW, now, old[2]) if old else self._call(_OPEN, now, json=self._known)
        match _json(body):
            case {"accessJwt": str(access), "refreshJwt": str(renewal)} if (access + renewal).isascii():
                self._session = (now, access, renewal)
                return access
        message = "the answer to opening a session holds no tokens"
        raise Malformed(message, payload=b"(not kept: it may hold a token)")

    def _call(self, name: str, now: datetime, token: str = "", **sent: Any) -> bytes:
        """Send it with POST where it changes something."""
        method = "POST" if name in (_OPEN, _RENEW) or sent.get("json") else "GET"
        headers = {"authorization": f"Bearer {token}"} if token else {}
        url = f"{self._server}/xrpc/{name}"
        try:
            answer = self._http.request(method, url, headers=headers, allow_redirects=False, **sent)
        except requests.RequestException as error:
            message = f"Bluesky could not be reached: {type(error).__name__}"
            raise Transient(message) from None
        if answer.status_code != HTTPStatus.OK:
            raise self._failure(answer, now, acting=method == "POST" and bool(token) and name != _RENEW)
        return answer.content

    def _failure(self, answer: requests.Response, now: datetime, *, acting: bool) -> Exception:
        """Name the error of an answer other than 200; of its words only the error's name is safe to show."""
        found, status = _json(answer.content), answer.status_code
        name = str(found.get("error", "")) if isinstance(found, dict) else ""
        told = f"Bluesky answered {status} {name}".strip() if _WORD.fullmatch(name) else f"Bluesky answered {status}"
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return RateLimited(told, until=_until(answer.headers.get("ratelimit-reset", ""), now))
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or name in ("InvalidSwap", "ExpiredToken"):
            self._session = None if name == "ExpiredToken" else self._session
            return Transient(told)
        if status == HTTPStatus.UNAUTHORIZED or name in _KEY_DEAD:
            return Unauthorised(f"{told}; is the app password still good?")
        if acting:
            return Refused(told)
        if name in ("NotFound", "RecordNotFound"):
            return Absent(name)
        return Malformed(told, payload=answer.content or b"(empty)")


def _until(reset: str, now: datetime) -> datetime:
    """When the limit begins anew: a minute off at least and a day at most."""
    if not (reset.isascii() and reset.isdecimal()):
        return now + PAUSE
    latest = min(int(reset[:12]), int((now + timedelta(days=1)).timestamp()))
    return max(datetime.fromtimestamp(latest, UTC), now + timedelta(minutes=1))


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
