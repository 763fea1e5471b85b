"""The calls to Nextdoor's partner API that we make, and what each way of failing means.

Sources: "Nextdoor Share API" (documenter.gw.postman.com/view/metadata/2s93K1qKws) for the token, the scopes and the
status codes 200, 400, 401, 403 and 500; "Get your posts" as github.com/Kukushaa/nextdoor-java-sdk (f4cb77c) mirrors it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import requests

from connectors.contract import Malformed, RateLimited, Transient, Unauthorised

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.transport import Exchange, Transport

HOST = "nextdoor.com"
TOKEN_URL = "https://auth.nextdoor.com/v2/token"  # noqa: S105  an address, not a secret
BASE = "/external/api/partner/v1"
PAUSE = timedelta(minutes=15)
"""How long we wait after a 429 that names no time; Nextdoor publishes no limits."""
_EARLY = timedelta(minutes=1)
_DAY = timedelta(days=1)


@dataclass(slots=True)
class _Access:
    """What one member of staff granted: the refresh token, and the access token that it last gave."""

    refresh_token: str
    access_token: str = ""
    until: datetime | None = None


class Api:
    """The partner API as the City's posting staff see it. Every method raises only the contract's errors."""

    def __init__(self, credentials: Mapping[str, str], transport: Transport) -> None:
        """Take `client_id`, `client_secret` and one `refresh_token.NAME` for each member of staff who posts.

        `host` and `token_url` may name others than Nextdoor's in the United States. KeyError if something is missing.
        """
        self._client = (credentials["client_id"], credentials["client_secret"])
        self._base = f"https://{credentials.get('host', HOST)}{BASE}"
        self._token_url = credentials.get("token_url", TOKEN_URL)
        self._transport = transport
        self._session = transport.session()
        self._staff = {
            name.partition(".")[2]: _Access(token)
            for name, token in sorted(credentials.items())
            if name.startswith("refresh_token.")
        }
        if not self._staff:
            missing = "refresh_token.NAME"
            raise KeyError(missing)

    @property
    def staff(self) -> tuple[str, ...]:
        """The members of staff whose posts can be read, as the credential names them."""
        return tuple(self._staff)

    def posts(self, staff: str, profile: str, now: datetime) -> bytes:
        """The newest posts of a member of staff for the agency `profile`, with all comments under each."""
        return self._ask(staff, "/post/", {"secure_profile_id": profile}, now)

    def profiles(self, staff: str, now: datetime) -> bytes:
        """The profiles that a member of staff may use."""
        return self._ask(staff, "/me/profiles/", {}, now)

    def _ask(self, staff: str, path: str, query: Mapping[str, str], now: datetime) -> bytes:
        """Make one call, with a new access token if the one at hand is no longer taken."""
        access = self._staff[staff]
        held = bool(access.access_token) and access.until is not None and now < access.until
        if not held:
            self._renew(staff, access, now)
        answer = self._get(path, query, access)
        if held and answer.status == HTTPStatus.UNAUTHORIZED:
            self._renew(staff, access, now)
            answer = self._get(path, query, access)
        if answer.status != HTTPStatus.OK:
            raise _failure(answer, f"Nextdoor answered {answer.status} to {staff}", now)
        return answer.body

    def _get(self, path: str, query: Mapping[str, str], access: _Access) -> Exchange:
        headers = {"Authorization": f"Bearer {access.access_token}", "Accept": "application/json"}
        return self._send("GET", f"{self._base}{path}", params=query, headers=headers)

    def _renew(self, staff: str, access: _Access, now: datetime) -> None:
        """Trade the refresh token for an access token."""
        form = {"grant_type": "refresh_token", "refresh_token": access.refresh_token}
        answer = self._send("POST", self._token_url, data=form, auth=self._client)
        if answer.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            message = f"Nextdoor no longer lets {staff} in ({answer.status}); let them connect their account again"
            raise Unauthorised(message)
        if answer.status != HTTPStatus.OK:
            raise _failure(answer, f"Nextdoor answered {answer.status} when access of {staff} was renewed", now)
        match _json(answer.body):
            case {"access_token": str(token), **rest} if token:
                access.access_token = token
            case _:
                kept_out = f"{len(answer.body)} bytes, not kept because they may hold a token"
                message = "the token endpoint's answer holds no token"
                raise Malformed(message, payload=kept_out.encode())
        lasts = rest.get("expires_in")
        seconds = lasts if isinstance(lasts, int) and not isinstance(lasts, bool) else 0
        access.until = now + timedelta(seconds=min(max(seconds, 0), 86_400)) - _EARLY
        renewed = rest.get("refresh_token")
        access.refresh_token = renewed if isinstance(renewed, str) and renewed else access.refresh_token
        self._transport.secrets = (*self._transport.secrets, access.access_token, access.refresh_token)[-64:]

    def _send(self, method: str, url: str, **more: Any) -> Exchange:
        try:
            self._session.request(method, url, allow_redirects=False, **more)
        except requests.RequestException as error:
            message = self._transport.mask(f"Nextdoor could not be reached: {type(error).__name__}")
            raise Transient(message) from None
        answer = self._transport.last
        if answer is None:
            message = "Nextdoor gave no answer"
            raise Transient(message)
        return answer


def _failure(answer: Exchange, told: str, now: datetime) -> Exception:
    """What an answer other than 200 means. Its words are left out: nobody promises that they hold no token."""
    status = answer.status
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimited(told, until=_until(answer.headers, now))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        return Transient(told)
    if status == HTTPStatus.FORBIDDEN:
        return Unauthorised(f"{told}: the grant lacks a scope; openid, post:read and profile:read are needed")
    if status == HTTPStatus.UNAUTHORIZED:
        return Unauthorised(f"{told}: let them connect their account again")
    return Malformed(told, payload=answer.body or b"(empty)")


def _until(headers: Mapping[str, str], now: datetime) -> datetime:
    said = headers.get("retry-after", "")
    if not (said.isascii() and said.isdecimal()):
        return now + PAUSE
    return now + min(max(timedelta(seconds=int(said[:9])), timedelta(seconds=1)), _DAY)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
