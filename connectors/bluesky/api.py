"""Calls to a Bluesky server (XRPC), the session they need, and what each way of failing means.

Sources: atproto.com/specs/xrpc (errors), docs.bsky.app/docs/advanced-guides/rate-limits, lexicons com.atproto.server.*.
"""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from connectors.answers import asked, decoded, until
from connectors.contract import Malformed, RateLimited, Refused, Transient, Unauthorised

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    import requests

    from connectors.transport import Transport

SERVER = "https://bsky.social"
RENEWED, PAUSE = timedelta(hours=1), timedelta(minutes=5)
"""How old a session may get (it is good for two hours or so; 300 a day may be opened), and the wait if none is told."""
_OPEN = "com.atproto.server.createSession"
_KEY_DEAD = frozenset({"InvalidToken", "AccountTakedown", "AccountDeactivated"})


class Absent(Exception):
    """What was asked for is not there."""


class Api:
    """One account's way to its server."""

    def __init__(self, credentials: Mapping[str, str], transport: Transport) -> None:
        """Take `identifier` (handle or DID), `app_password` and, where it is not bsky.social, `server`."""
        self._known = {"identifier": credentials["identifier"], "password": credentials["app_password"]}
        self._server = credentials.get("server", SERVER).rstrip("/")
        self._http = transport.session()
        self._session: tuple[datetime, str] | None = None
        transport.secrets = (*transport.secrets, credentials["app_password"])

    def ask(self, name: str, now: datetime, *, write: Mapping[str, Any] | None = None, **params: object) -> bytes:
        """Read, or write, and give the body of the answer. Raises Absent for what is not there, and the five errors."""
        return self._call(name, now, self._access(now), params=params, json=write)

    def _access(self, now: datetime) -> str:
        if self._session and timedelta() <= now - self._session[0] < RENEWED:
            return self._session[1]
        match decoded(self._call(_OPEN, now, json=self._known)):
            case {"accessJwt": str(access)} if access.isascii():
                self._session = (now, access)
                return access
        message = "the answer to opening a session holds no tokens"
        raise Malformed(message, payload=b"(not kept: it may hold a token)")

    def _call(self, name: str, now: datetime, token: str = "", **sent: Any) -> bytes:
        """Send it with POST where it changes something."""
        method = "POST" if sent.get("json") else "GET"
        headers = {"authorization": f"Bearer {token}"} if token else {}
        answer = asked(self._http, method, f"{self._server}/xrpc/{name}", "Bluesky", headers=headers, **sent)
        if answer.status_code != HTTPStatus.OK:
            raise self._failure(answer, now, acting=method == "POST" and name != _OPEN)
        return answer.content

    def _failure(self, answer: requests.Response, now: datetime, *, acting: bool) -> Exception:
        """Name the error of an answer other than 200; of its words only the error's name is safe to show."""
        found, status = decoded(answer.content), answer.status_code
        name = str(found.get("error", ""))[:60] if isinstance(found, dict) else ""
        told = f"Bluesky answered {status} {name if name.isascii() and name.isalpha() else ''}".strip()
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return RateLimited(told, until=until(answer.headers.get("ratelimit-reset", ""), now, PAUSE))
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
