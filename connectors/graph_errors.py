"""What Graph's errors mean: each becomes one of the five of `connectors.contract`, by its code, not by HTTP status.

Codes and subcodes: Graph API guides, "Handling Errors" and "Rate Limiting"; Instagram Platform, "Error Codes".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from connectors.contract import ConnectorError, Malformed, RateLimited, Refused, Transient, Unauthorised

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

UNKNOWN_WAIT = timedelta(minutes=30)
"""How long to wait when throttled and not told how long: Graph counts over a sliding hour; each try lengthens it."""

ABUSE_WAIT = timedelta(hours=6)
"""How long to wait after code 368 (writing blocked as abusive), for which Graph gives no time."""

_THROTTLED = frozenset({4, 17, 32, 341, 613, 80000, 80001, 80002, 80003, 80004, 80005, 80006, 80008, 80009, 80014})
_KEY_DEAD = frozenset({25, 102, 104, 190, 450, 452, 492})  # 25 is Instagram's
_PERMISSION = 10
_NOT_PERMITTED = frozenset({3, _PERMISSION})
_NOT_PERMITTED_RANGE = range(200, 300)
_HICCUP = frozenset({-1, -2, 1, 2})
_ABUSE = 368
_ABUSE_ON_INSTAGRAM = (4, 2207051)  # there it looks like a limit, and its subcode tells
_PARAMETER = 100
_NO_SUCH_OBJECT = 33  # subcode of 100
_NO_SUCH_ALIAS = 803
_NO_SUCH_MEDIA = 24  # Instagram's
_TOO_LATE_TO_WRITE = frozenset({2018278, 2534022})  # subcodes of 10: the time in which a message may be sent is over
_WHY_DEAD = {
    458: "the app was removed",
    459: "the person must sign in to Facebook and pass a checkpoint",
    460: "the password was changed",
    463: "the token has expired",
    464: "the person's account is not confirmed",
    467: "the token is invalid",
    2207050: "the Instagram account is restricted, inactive, or must pass a checkpoint",
    492: "the person lost their role on the Page",
}
_SERVER_ERROR = 500
_TOO_MANY = 429
_SENSE = 100_000


class Missing(Refused):
    """Graph's 100/33, 803 and 24: there is no such object, or it is not for this token. Graph does not say which."""


class NotPermitted(Unauthorised):
    """Codes 3, 10 and, on reading, 200 to 299: the token is alive, and does not reach this one thing."""


class LostPlace(Transient):
    """A list cannot be read on: the item its place was named after is gone, or Graph goes no further in it."""


class Kind(Enum):
    """What was asked, where that decides what an error means."""

    READ = auto()
    FURTHER_PAGE = auto()
    WRITE = auto()


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer that is none: its HTTP status and headers, and its body without our token."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def unnamed(self, now: datetime) -> ConnectorError:
        """What it means where it holds no error of Graph's."""
        if self.status >= _SERVER_ERROR:
            return Transient(f"Facebook answered with HTTP {self.status}")
        if self.status == _TOO_MANY:
            return throttled(f"Facebook answered with HTTP {self.status}", self.headers, now)
        return Malformed(f"Facebook answered with HTTP {self.status} and no Graph answer", payload=self.body)

    def named(  # noqa: PLR0911  one line of the table each
        self, error: Mapping[str, Any], text: str, kind: Kind, now: datetime
    ) -> ConnectorError:
        """Say which of the five errors an error of Graph's is; `text` tells it in words that may be shown."""
        code, subcode = (_number(error.get(name)) for name in ("code", "error_subcode"))
        if code == _ABUSE or (code, subcode) == _ABUSE_ON_INSTAGRAM:
            return RateLimited(text, until=now + ABUSE_WAIT)
        if code in _THROTTLED:
            return throttled(text, self.headers, now)
        if code in _KEY_DEAD or "appsecret_proof" in str(error.get("message")):
            why = _WHY_DEAD.get(subcode)
            return Unauthorised(f"{why}: {text}" if why else text)
        if (code, subcode) == (_PARAMETER, _NO_SUCH_OBJECT) or code in (_NO_SUCH_ALIAS, _NO_SUCH_MEDIA):
            return Missing(text)
        if code == _PERMISSION and subcode in _TOO_LATE_TO_WRITE:
            return Refused(text)
        if code in _NOT_PERMITTED or (code in _NOT_PERMITTED_RANGE and kind is not Kind.WRITE):
            return NotPermitted(text)
        if code in _HICCUP or error.get("is_transient") is True or self.status >= _SERVER_ERROR:
            return Transient(text)
        if kind is Kind.WRITE:
            return Refused(text)
        if code == _PARAMETER and kind is Kind.FURTHER_PAGE:
            return LostPlace(f"a list could not be read to its end: {text}")
        return Malformed(text, payload=self.body)


def throttled(text: str, headers: Mapping[str, str], now: datetime, untold: timedelta = UNKNOWN_WAIT) -> RateLimited:
    """Until when: X-Business-Use-Case-Usage tells it in minutes, where it comes; else for as long as `untold`."""
    minutes = max(figures(headers, "estimated_time_to_regain_access"), default=0)
    return RateLimited(text, until=now + (timedelta(minutes=minutes) if minutes else untold))


def figures(headers: Mapping[str, str], *names: str) -> Iterator[float]:
    """What the usage reports among an answer's headers say under `names`; a figure beyond all sense is left out.

    They come only once enough calls were made, each in a form of its own. One that cannot be read tells nothing, and
    is no reason to throw away the answer it came with.
    """
    for header in ("x-app-usage", "x-page-usage", "x-business-use-case-usage"):
        try:
            report = json.loads(headers.get(header, "{}"))
        except ValueError:
            continue
        if not isinstance(report, dict):
            continue
        nested = [entry for entries in report.values() if isinstance(entries, list) for entry in entries]
        figures = [entry.get(name) for entry in [report, *nested] if isinstance(entry, dict) for name in names]
        yield from (figure for figure in figures if isinstance(figure, int | float) and 0 <= figure <= _SENSE)


def _number(value: object) -> int:
    """An error's code or subcode; 0, which is none, where it is no number."""
    return value if isinstance(value, int) else 0
