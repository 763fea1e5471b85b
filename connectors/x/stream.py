"""X's activity stream: says which account to poll now, seconds after something was written. Never the only source.

X sends no event for replies to replies, nor for a name that it put before a reply itself; events come twice, late, in
any order, or not at all. So an event is only a reason to poll sooner, and what it holds is not read. Each is billed
like a post, on top of the post that the poll then reads (docs.x.com, x-api/activity, as of 22 August 2026).

The caller opens the stream again after an error, not before `pause` has passed.
"""

from __future__ import annotations

import json
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import requests

from connectors.contract import Malformed, RateLimited, Transient
from connectors.transport import Exchange, pieces
from connectors.x import prices, problems

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import datetime

    from connectors.contract import ConnectorError
    from connectors.transport import Transport

ADDRESS = "https://api.x.com/2/activity/stream"
SUBSCRIPTIONS = "https://api.x.com/2/activity/subscriptions"
KINDS = ("post.mention.create", "post.reply.create", "post.quote.create")
SILENCE = 45.0
"""Seconds without even a keep-alive after which the stream is taken for dead; X sends one every 20 at least."""
LONGEST = 1024 * 1024
"""Bytes of the longest line that is taken for an event."""
REMEMBERED = 10_000
_BROKEN, _MOST_BROKEN = timedelta(milliseconds=250), timedelta(seconds=16)
_DECLINED, _MOST_DECLINED = timedelta(seconds=5), timedelta(seconds=320)
_LIMITED = timedelta(seconds=60)


def wakes(transport: Transport, token: str, accounts: Collection[str], *, now: datetime) -> Iterator[frozenset[str]]:
    """Give, for each line that comes, the accounts to poll now: none for a keep-alive, or for what came before.

    `token` is the app's own bearer token, `accounts` are identifiers. Never ends but by an error: Transient when the
    stream breaks, RateLimited, Unauthorised, Malformed.
    """
    transport.secrets = tuple(dict.fromkeys((*transport.secrets, token)))
    heard: dict[str, None] = {}
    try:
        with transport.endless(ADDRESS, {"Authorization": f"Bearer {token}"}, silence=SILENCE) as response:
            if response.status_code != HTTPStatus.OK:
                raise problems.error_of(_declined(response), now, transport.mask, acting=False)
            for line in _lines(pieces(response)):
                if line:
                    transport.meter.add(mills=prices.EVENT)
                yield _woken(line, accounts, heard)
    except requests.RequestException as error:
        raise Transient(transport.mask(f"X's stream broke off: {error}")) from error
    message = "X's stream ended"
    raise Transient(message)


def subscribe(transport: Transport, token: str, account: str, *, now: datetime) -> int:
    """See to it that X sends what concerns an account; give how many subscriptions had to be added.

    The account must have let the app in by OAuth 2.0. A subscription is never changed, since X's answer to that was
    seen to fail for days: what is missing is added.
    """
    transport.secrets = tuple(dict.fromkeys((*transport.secrets, token)))
    kept = _asked(transport, token, None, now).get("data", [])
    try:
        listed = [(each["event_type"], each["filter"].get("user_id")) for each in kept]
    except (AttributeError, KeyError, TypeError) as error:
        message = f"X's answer lacks or misspells {error}"
        raise Malformed(message, payload=json.dumps(kept).encode()) from error
    missing = [kind for kind in KINDS if (kind, account) not in listed]
    for kind in missing:
        _asked(transport, token, {"event_type": kind, "filter": {"user_id": account}, "tag": kind}, now)
    return len(missing)


def pause(error: ConnectorError, tries: int) -> timedelta:
    """How long X wants to be left alone after so many tries in a row (1: the first) that ended with such an error."""
    if isinstance(error, RateLimited):
        return _LIMITED * (1 << min(tries - 1, 10))
    if isinstance(error, Transient):
        return min(_BROKEN * (1 << min(tries - 1, 10)), _MOST_BROKEN)
    return min(_DECLINED * (1 << min(tries - 1, 10)), _MOST_DECLINED)


def _lines(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a stream, without their ends. What comes after the last end was cut off and is no line."""
    rest = b""
    for part in parts:
        *whole, rest = (rest + part).split(b"\n")
        yield from (line.strip() for line in whole)
        if len(rest) > LONGEST:
            message = "a line of X's stream does not end"
            raise Malformed(message, payload=rest[:LONGEST])


def _woken(line: bytes, accounts: Collection[str], heard: dict[str, None]) -> frozenset[str]:
    """Whom one line concerns. Raises Transient where X says that the stream ends."""
    if not line:
        return frozenset()
    try:
        said: dict[str, Any] = json.loads(line)
        if "errors" in said:
            titles = ", ".join(str(problem.get("title", "")) for problem in said["errors"])
            message = f"X ended the stream: {titles[:200]}"
            raise Transient(message)
        event = said["data"]
        name, kind, account = str(event["event_uuid"]), event["event_type"], str(event["filter"].get("user_id"))
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        message = f"a line of X's stream is no event ({type(error).__name__})"
        raise Malformed(message, payload=line) from error
    if name in heard or kind not in KINDS or account not in accounts:
        return frozenset()
    heard[name] = None
    if len(heard) > REMEMBERED:
        del heard[next(iter(heard))]
    return frozenset({account})


def _declined(response: requests.Response) -> Exchange:
    """An answer in place of the stream, as much of it as tells why."""
    body = next(pieces(response), b"")
    return Exchange(response.status_code, {name.lower(): value for name, value in response.headers.items()}, body)


def _asked(transport: Transport, token: str, wish: dict[str, Any] | None, now: datetime) -> dict[str, Any]:
    """List the subscriptions, or add the one that is wished for."""
    with transport.session() as session:
        session.headers["Authorization"] = f"Bearer {token}"
        try:
            session.request("POST" if wish else "GET", SUBSCRIPTIONS, json=wish, allow_redirects=False)
        except requests.RequestException as error:
            raise Transient(transport.mask(f"X could not be reached: {error}")) from error
    answer = transport.last
    if answer is None or not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        raise problems.error_of(answer or Exchange(503, {}, b""), now, transport.mask, acting=False)
    try:
        given = json.loads(answer.body)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        message = "X's answer about subscriptions is not a JSON object"
        raise Malformed(message, payload=answer.body)
    return given
