"""Answers of X's stand-in that have nothing to do with what was asked: no money, no room, no service."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from connectors.standin.server import Response
from connectors.x import standin_ask as ask
from connectors.x import standin_shape

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from connectors.x.standin_pitfalls import Turns
    from connectors.x.standin_shape import Asked


def trouble(pitfalls: Turns, now: datetime) -> Response | None:
    """One of them, if it is switched on and met."""
    for name, answer in (
        ("unavailable_html", Response.page("<html><body>503</body></html>", status=503)),
        ("unavailable_empty", Response(status=503)),
        ("no_reset", ask.problem(429, "Too Many Requests")),
        ("day_limit", ask.problem(429, "Too Many Requests", headers=_day_limit(int(now.timestamp())))),
        ("monthly_cap", Response.of(capped(), status=429)),
        ("no_credits", Response.of(broke(), status=402)),
        ("spend_cap", ask.problem(403, "Forbidden", detail="Your account has reached its spend cap.")),
    ):
        if pitfalls.meets(name):
            return answer
    return None


def broke() -> dict[str, Any]:
    """No credit is left."""
    return {
        "account_id": 1,
        "title": "CreditsDepleted",
        "detail": "Your enrolled account [1] does not have any credits to fulfill this request.",
        "type": f"{standin_shape.TWEET.problems}credits",
    }


def capped() -> dict[str, Any]:
    """The month's reads are used up."""
    return {
        "title": "UsageCapExceeded",
        "detail": "Usage cap exceeded: Monthly product cap",
        "type": f"{standin_shape.POST.problems}usage-capped",
        "period": "Monthly",
        "scope": "Product",
    }


def _day_limit(now: int) -> dict[str, str]:
    return {
        "x-rate-limit-limit": "300",
        "x-rate-limit-remaining": "299",
        "x-rate-limit-reset": str(now + 60),
        "x-user-limit-24hour-limit": "1000",
        "x-user-limit-24hour-remaining": "0",
        "x-user-limit-24hour-reset": str(now + 7200),
    }


def internal_error(asked: Asked, identifier: str) -> dict[str, Any]:
    """X failed to bring something."""
    return {
        "value": identifier,
        "title": "Internal Error",
        "detail": "Something went wrong on our side.",
        "resource_type": asked.dialect.one,
        "resource_id": identifier,
        "type": f"{asked.dialect.problems}internal-error",
    }


def dripping(body: bytes) -> Iterator[bytes]:
    """A byte at a time."""
    for byte in body:
        time.sleep(0.05)
        yield bytes([byte])
