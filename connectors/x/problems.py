"""What an answer of X's other than 2xx means: which of the five errors, and until when to wait."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING

from connectors.contract import ConnectorError, Malformed, RateLimited, Refused, Transient, Unauthorised
from connectors.meter import Used
from connectors.x.prices import WINDOW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from connectors.transport import Exchange

_DAY = timedelta(days=1)
_DIGITS = 15
_TOKEN_TOO_WEAK = ("unsupported-authentication", "client-forbidden", "oauth1-permissions", "usage-capped", "credits")
_NO_MONEY = ("credit", "spend cap", "spending limit")
_LIMITS = ("x-rate-limit", "x-app-limit-24hour", "x-user-limit-24hour")
_NOT_DONE = (HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY)


def error_of(answer: Exchange, now: datetime, mask: Callable[[str], str], *, acting: bool) -> ConnectorError:
    """What the answer means; `acting`: it answers an order, which X may refuse without anything being wrong."""
    kind, words = _problem(answer.body)
    reason = mask(f"X answered {answer.status}: {words}")
    status = answer.status
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return RateLimited(reason, until=until(answer.headers, now))
    if status == HTTPStatus.PAYMENT_REQUIRED or any(sign in words.casefold() for sign in _NO_MONEY):
        return Unauthorised(f"{reason}. Nothing is read or hidden until the developer account at X has credit again")
    if acting and status in _NOT_DONE and kind not in _TOKEN_TOO_WEAK:
        return Refused(reason)
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return Unauthorised(reason)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        return Transient(reason)
    return Malformed(reason, payload=answer.body)


def is_stale_since(answer: Exchange) -> bool:
    """Whether a search was declined because its `since_id` lies further back than search reaches."""
    if answer.status != HTTPStatus.BAD_REQUEST:
        return False
    try:
        problems = json.loads(answer.body)["errors"]
        return any("since_id" in problem.get("parameters", {}) for problem in problems)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return False


def until(headers: Mapping[str, str], now: datetime) -> datetime:
    """When every limit that is used up begins anew: a minute off at least, a day at most, a window if X names none."""
    resets = [reset for left, reset in _windows(headers, left=0) if left == 0]
    if not resets:
        return now + WINDOW
    latest = min(max(resets), int((now + _DAY).timestamp()))
    return max(datetime.fromtimestamp(latest, UTC), now + timedelta(minutes=1))


def full_until(headers: Mapping[str, str], now: datetime, *, kept: int) -> datetime | None:
    """Until when one more request would go beyond a limit of which `kept` are to be left; None if it would not."""
    resets = [reset for left, reset in _windows(headers, left=None) if left <= kept and reset > now.timestamp()]
    if not resets:
        return None
    return datetime.fromtimestamp(min(max(resets), int((now + _DAY).timestamp())), UTC)


def used(headers: Mapping[str, str]) -> Used | None:
    """How much of a limit is used: of the day's, where X tells of one, else of that of some minutes; None untold."""
    for limit in reversed(_LIMITS):
        most, left = headers.get(f"{limit}-limit", ""), headers.get(f"{limit}-remaining", "")
        if _is_count(most) and _is_count(left) and int(most) >= max(1, int(left)):
            brief = limit == _LIMITS[0]
            return Used(1 - int(left) / int(most), "of some minutes' calls" if brief else "of a day's calls", brief)
    return None


def _windows(headers: Mapping[str, str], *, left: int | None) -> Iterator[tuple[int, int]]:
    """How many requests are left in each window and when it ends; `left` where X does not say how many."""
    for limit in _LIMITS:
        reset, remaining = headers.get(f"{limit}-reset", ""), headers.get(f"{limit}-remaining", "")
        if not _is_count(reset):
            continue
        if _is_count(remaining):
            yield int(remaining), int(reset)
        elif left is not None:
            yield left, int(reset)


def _is_count(text: str) -> bool:
    return text.isdecimal() and len(text) <= _DIGITS


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
