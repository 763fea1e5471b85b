"""Nextdoor's contract, as far as it is published: the models of nextdoor-java-sdk (f4cb77c), closed.

The SDK's models leave out what they do not know. Here every object is closed, so that the stand-in invents nothing;
`author_id` of a comment is let in as the one field that we expect besides (README.md, Unsure).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

from connectors.nextdoor import parse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.domain.types import Account, Comment, Post
    from connectors.standin.server import Exchange

NAMELESS = True  # an identifier, and no name, of who wrote a comment
PUBLIC = False  # only neighbours who are signed in see a post
LOOK = "list"  # a comment is looked for in the list

WHOLE = {"type": "integer", "minimum": 0}
TEXT = {"type": "string"}


def _object(required: Iterable[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": list(required), "properties": properties}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


MEDIA = _object((), is_photo={"type": "boolean"}, is_video={"type": "boolean"}, url=TEXT, width=WHOLE, height=WHOLE)
REACTION = _object((), id=WHOLE, post_id=WHOLE, comment_id=WHOLE, type=TEXT)
COMMENT = _object(
    ("id", "body", "creation_date_epoch_seconds"),
    id=WHOLE,
    body=TEXT,
    creation_date_epoch_seconds=WHOLE,
    parent_comment_id={"type": ["integer", "null"]},
    author_id=WHOLE,
)
POST = _object(
    ("id", "author_id", "body", "url", "creation_date_epoch_seconds", "comments"),
    id=TEXT,
    author_id=WHOLE,
    title=TEXT,
    body=TEXT,
    url=TEXT,
    embed_url=TEXT,
    creation_date_epoch_seconds=WHOLE,
    media=_list(MEDIA),
    reactions=_list(REACTION),
    comments=_list(COMMENT),
)
PROFILE = _object(("secure_profile_id",), secure_profile_id=TEXT, name=TEXT, type=TEXT)
ROUTES: dict[tuple[str, str], tuple[dict[str, Any], set[str], set[str]]] = {
    ("POST", "/v2/token"): (
        _object(("access_token", "expires_in"), access_token=TEXT, expires_in=WHOLE, token_type=TEXT),
        set(),
        {"grant_type", "refresh_token"},
    ),
    ("GET", "/external/api/partner/v1/post/"): (
        _object(("posts", "posts_length"), posts=_list(POST), posts_length=WHOLE),
        {"secure_profile_id"},
        set(),
    ),
    ("GET", "/external/api/partner/v1/me/profiles/"): (
        _object(
            ("profiles",), profiles=_list(_object(("secure_profile_id",), secure_profile_id=TEXT, name=TEXT, type=TEXT))
        ),
        set(),
        set(),
    ),
}
ERRORS = {400, 401, 403, 429, 500}


def check(exchange: Exchange) -> list[str]:
    """Every breach of the contract in one exchange, by either side."""
    request, response = exchange.request, exchange.response
    route = ROUTES.get((request.method, request.path))
    if route is None:
        return [f"there is no {request.method} {request.path}"]
    shape, query, form = route
    said = [f"no parameter {name}" for name in request.query.keys() - query]
    said += [f"{name} is missing" for name in query - request.query.keys()]
    said += [f"no field {name}" for name in request.form.keys() - form] if request.method == "POST" else []
    scheme = "Basic " if request.path == "/v2/token" else "Bearer "
    said += [] if request.headers.get("authorization", "").startswith(scheme) else [f"no {scheme}authorization"]
    if response.status in ERRORS:
        return said
    found = Draft202012Validator(shape).iter_errors(json.loads(response.body))
    return [*said, *(f"answer at {'/'.join(map(str, one.absolute_path))}: {one.message[:200]}" for one in found)]


def parsed(name: str, body: bytes, account: Account) -> Iterable[Post | Comment]:
    """A list of posts, each followed by its comments."""
    for listed in parse.listing(body, account, parse.authors(body)):
        yield listed.post
        yield from listed.comments
