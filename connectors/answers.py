"""What connectors share that decode a platform's answers themselves: whatever is not as published is Malformed."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import requests

from bot.domain.types import Ref
from connectors import verbatim
from connectors.contract import Malformed, Transient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.domain.types import Account


@contextmanager
def as_published(body: bytes, whose: str) -> Iterator[None]:
    """Give Malformed for every way in which an answer fails to be what its platform (`whose`) has published."""
    try:
        yield
    except (AttributeError, LookupError, OverflowError, RecursionError, TypeError, ValueError) as error:
        message = f"{whose}'s answer is not as published ({type(error).__name__})"
        raise Malformed(message, payload=body or b"(empty)") from None


def listed(body: bytes, name: str, whose: str) -> list[tuple[Any, bytes]]:
    """The items of a list, each with its own bytes. Raises Malformed, also if there is no such list."""
    with as_published(body, whose):
        verbatim.member(body, name)
        return list(verbatim.items(body, name))


def decoded(body: bytes) -> Any:
    """An answer as JSON, None if it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def text(value: object) -> str:
    """The value, if it is a text. Raises TypeError."""
    if isinstance(value, str):
        return value
    message = f"a text, where there is {type(value).__name__}"
    raise TypeError(message)


def ref(account: Account, item: str) -> Ref:
    """What names an item of an account."""
    return Ref(platform=account.platform, account=account.id, item=item)


def until(reset: str, now: datetime, pause: timedelta) -> datetime:
    """When a limit ends, by a header that gives seconds since 1970: at least a minute off, at most a day.

    After `pause` where the header gives none.
    """
    if not (reset.isascii() and reset.isdecimal()):
        return now + pause
    latest = min(int(reset[:12]), int((now + timedelta(days=1)).timestamp()))
    return max(datetime.fromtimestamp(latest, UTC), now + timedelta(minutes=1))


def asked(http: requests.Session, method: str, url: str, whose: str, **sent: Any) -> requests.Response:
    """Send a request and give the answer, whatever its status; Transient if none comes. No redirect is followed."""
    try:
        return http.request(method, url, allow_redirects=False, **sent)
    except requests.RequestException as error:
        # Its text holds the address that was asked; its name says enough.
        message = f"{whose} could not be reached: {type(error).__name__}"
        raise Transient(message) from None


def pages(ask: Callable[[str | None], bytes], whose: str, name: str = "cursor") -> Iterator[bytes]:
    """A list page by page; each names the place of the next, and only the last names none. Raises Malformed."""
    been: list[str | None] = [None]
    while been[-1] or len(been) == 1:
        body = ask(been[-1])
        with as_published(body, whose):
            place = json.loads(body).get(name)
            if place and (place in been or not place.isascii()):
                message = "a list leads back to where it was, or nowhere"
                raise ValueError(message)
        been.append(place)
        yield body
