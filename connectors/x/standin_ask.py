"""Reads what a request to X's stand-in asks for, and declines in X's own words what X would decline."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

from connectors.standin.server import Response
from connectors.x import snowflake, standin_shape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.standin.server import Request


class Declined(Exception):
    """A request that is answered with an error; `response` is that answer."""

    def __init__(self, response: Response) -> None:
        """Take the answer."""
        super().__init__(response.status)
        self.response = response


def problem(
    status: int, title: str, *, detail: str | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """One of X's plain errors, whose detail mostly says the title again."""
    body = {"title": title, "detail": detail or title, "type": "about:blank", "status": status}
    return Response.of(body, status=status, headers=headers)


def app_only() -> Response:
    """Decline a token that speaks for no user."""
    body = {
        "title": "Unsupported Authentication",
        "detail": "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint. Supported "
        "authentication types are [OAuth 1.0a User Context, OAuth 2.0 User Context].",
        "type": f"{standin_shape.POST.problems}unsupported-authentication",
        "status": 403,
    }
    return Response.of(body, status=403)


def invalid(parameter: str, value: str, message: str) -> NoReturn:
    """Decline a request for one of its parameters. Raises Declined."""
    body = {
        "errors": [{"parameters": {parameter: [value]}, "message": message}],
        "title": "Invalid Request",
        "detail": "One or more parameters to your request was invalid.",
        "type": f"{standin_shape.POST.problems}invalid-request",
    }
    raise Declined(Response.of(body, status=400))


def known_parameters(request: Request, known: frozenset[str]) -> None:
    """Decline parameters that this kind of request does not have."""
    for name in request.query:
        if name not in known:
            invalid(name, request.one(name), f"The query parameter [{name}] is not one of [{','.join(sorted(known))}]")


def number(request: Request, name: str, least: int, most: int, usual: int) -> int:
    """A number between `least` and `most`; `usual` where the request says none."""
    text = request.one(name, str(usual))
    if not text.isdecimal() or not least <= int(text) <= most:
        words = f"The `{name}` query parameter value [{text}] is not between {least} and {most}"
        invalid(name, text, words)
    return int(text)


def bounds(request: Request) -> tuple[int, int]:
    """The identifiers, both left out, between which the request asks, whether by identifiers or by times."""
    since, until = 0, 1 << 63
    for name in ("since_id", "until_id"):
        if not request.one(name, "0").isdecimal():
            invalid(name, request.one(name), f"The `{name}` query parameter value is not a valid id")
    if request.one("since_id"):
        since = int(request.one("since_id"))
    if request.one("until_id"):
        until = int(request.one("until_id"))
    try:
        if request.one("start_time"):
            since = max(since, snowflake.first_at(_time(request.one("start_time"))) - 1)
        if request.one("end_time"):
            until = min(until, snowflake.first_at(_time(request.one("end_time"))))
    except ValueError:
        invalid("start_time", request.one("start_time"), "The time is not a valid RFC3339 date time")
    return since, until


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def position(request: Request) -> int:
    """Where the page before ended, from its token; beyond everything for the first page."""
    token = request.one("next_token") or request.one("pagination_token")
    if not token:
        return 1 << 63
    padded = token.upper() + "=" * (-len(token) % 8)
    try:
        return int(base64.b32hexdecode(padded))
    except ValueError:
        invalid("next_token", token, "The token is not one that was given")
