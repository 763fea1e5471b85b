"""Holds what clients ask of the Instagram stand-in, and what it answers, against the tables in Meta's own SDK.

See tests/graph_oracle.py, which checks what is the same for Facebook. The tables leave out, too, which lists may be
asked for as fields (`LISTS`); that is held against Meta's guides here.
"""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

import graph_oracle as meta

from connectors.instagram import parse
from connectors.instagram.standin import FILE
from connectors.standin import graph
from connectors.standin.server import PAGE, Exchange, Request, Response

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from facebook_business.adobjects.application import Application
    from facebook_business.adobjects.igcomment import IGComment
    from facebook_business.adobjects.igcommentfromuser import IGCommentFromUser
    from facebook_business.adobjects.igmedia import IGMedia
    from facebook_business.adobjects.iguser import IGUser
    from facebook_business.adobjects.page import Page
    from facebook_business.adobjects.user import User
    from facebook_business.typechecker import TypeChecker

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from facebook_business.api import FacebookRequest

    from bot.domain.types import Account, Comment, Post

ACCOUNT = "17841405309211844"
UNIVERSAL = meta.UNIVERSAL | {"summary": r"true"}
_API = meta.API
_PAGE, _PERSON = Page("1", api=_API), User("1", api=_API)
_USER, _MEDIUM, _COMMENT = IGUser("1", api=_API), IGMedia("1", api=_API), IGComment("1", api=_API)
_NODES = {
    "GET": tuple(one.api_get(pending=True) for one in (_USER, _MEDIUM, _COMMENT, _PAGE, _PERSON)),
    "POST": (_COMMENT.api_update(pending=True), _MEDIUM.api_update(pending=True)),
    "DELETE": (_COMMENT.api_delete(pending=True),),
}
_EDGES = {
    ("GET", "accounts"): _PERSON.get_accounts(pending=True),
    ("GET", "children"): _MEDIUM.get_children(pending=True),
    ("GET", "comments"): _MEDIUM.get_comments(pending=True),
    ("GET", "live_media"): _USER.get_live_media(pending=True),
    ("GET", "media"): _USER.get_media(pending=True),
    ("GET", "replies"): _COMMENT.get_replies(pending=True),
    ("GET", "stories"): _USER.get_stories(pending=True),
    ("GET", "subscribed_apps"): _PAGE.get_subscribed_apps(pending=True),
    ("GET", "tags"): _USER.get_tags(pending=True),
    ("POST", "comments"): _MEDIUM.create_comment(pending=True),
    ("POST", "messages"): _PAGE.create_message(pending=True),
    ("POST", "replies"): _COMMENT.create_reply(pending=True),
    ("POST", "subscribed_apps"): _PAGE.create_subscribed_app(pending=True),
}
LISTS = {(IGMedia, "children"): IGMedia, (IGMedia, "comments"): IGComment, (IGComment, "replies"): IGComment}
"""Lists that may be asked for as fields of an object, and what is in them."""

_PARTS = {
    (IGComment, "media"): IGMedia,
    (IGComment, "from"): IGCommentFromUser,
    (IGComment, "user"): IGUser,
    (IGMedia, "owner"): IGUser,
    (IGUser, "mentioned_comment"): IGComment,
    (IGUser, "mentioned_media"): IGMedia,
    (Page, "instagram_business_account"): IGUser,
}
_MADE = {"messages": {"recipient_id", "message_id"}, "comments": {"id"}, "replies": {"id"}}


def check(exchange: Exchange) -> list[str]:
    """Say everything that the tables do not allow in one exchange; nothing if it is all right."""
    if exchange.verb in (PAGE, FILE):
        return []
    return meta.told(exchange, _exchange(exchange.request, exchange.response))


def parsed(name: str, body: bytes, account: Account) -> Iterable[Post | Comment]:
    """Read a golden answer: a list of media, of comments with their replies, or one comment, as its name says."""
    if name.startswith("media"):
        return [parse.listed(value, raw, account).post for value, raw in parse.items(body, "data")]
    if name.startswith("tags"):
        return [parse.medium(value, raw, account, own=False) for value, raw in parse.items(body, "data")]
    if name.startswith("comments"):
        place = parse.place_of(parse.medium(_MEDIUM_OF_THREADS, b"", account))
        threads = parse.items(body, "data")
        return [one for value, raw in threads for one in parse.thread(value, raw, account, place)]
    return [parse.comment(json.loads(body), body, account)]


_MEDIUM_OF_THREADS = {
    "id": "17900000000031676",
    "timestamp": "2026-11-20T16:00:00+0000",
    "permalink": "https://www.instagram.com/p/C0ffee12345/",
    "username": "cityofexample",
}


def _exchange(request: Request, response: Response) -> Iterator[str]:
    call = graph.Call.of(request)
    if not call.path:
        yield from meta.batch(call, response, _exchange)
    elif call.path == ("debug_token",):
        yield from meta.debug_token(call, response)
    else:
        yield from meta.of_calls(call, response, _candidates(call), _asked, _answered)


def _candidates(call: graph.Call) -> tuple[FacebookRequest, ...]:
    if len(call.path) == 1:
        return _NODES.get(call.method, ())
    edge = _EDGES.get((call.method, call.path[1]))
    return (edge,) if edge and len(call.path) == 2 else ()


def _asked(contract: FacebookRequest, call: graph.Call) -> Iterator[str]:
    yield from meta.parameters(contract, call, UNIVERSAL)
    if "fields" in call.params:
        yield from _fields(contract._target_class, graph.fields(call.params["fields"], ""))


def _fields(target: Any, asked: tuple[graph.Field, ...]) -> Iterator[str]:
    for one in asked:
        if inner := LISTS.get((target, one.name)):
            yield from (f"the list {one.name} takes no {name!r}" for name in one.args if name not in UNIVERSAL)
            yield from _fields(inner, one.inner)
        elif one.name not in target._field_types:
            yield f"{target.__name__} has no field {one.name!r}"
        elif inner := _PARTS.get((target, one.name)):
            yield from _fields(inner, one.inner)


def _answered(contract: FacebookRequest, call: graph.Call, response: Response) -> Iterator[str]:
    """Whether the answer is an error in its envelope, a list in its own, or an object with its fields."""
    if not meta.is_json(response):
        return
    value = json.loads(response.body)
    if response.status != 200:
        yield from meta.error(value)
    elif contract._method == "GET":
        yield from (_list if len(call.path) > 1 else _object)(contract._target_class, value)
    elif len(call.path) > 1 and call.path[1] != "subscribed_apps":
        if set(value) != _MADE[call.path[1]] or not all(isinstance(part, str) for part in value.values()):
            yield f"what was made is not named as it should be: {value}"
    elif not (isinstance(value, dict) and isinstance(value.get("success"), bool)):
        yield "a write does not answer with `success`"


def _list(target: Any, value: Mapping[str, Any]) -> Iterator[str]:
    yield from meta.paged(value)
    for item in value["data"]:
        yield from _object(target, item)


def _object(target: Any, value: Mapping[str, Any]) -> Iterator[str]:
    checker = TypeChecker(target._field_types, {})
    for name, part in value.items():
        if inner := LISTS.get((target, name)):
            yield from _list(inner, part)
        elif (target, name) == (Application, "subscribed_fields"):
            yield from () if isinstance(part, list) else ("subscribed_fields is no list",)
        elif name not in target._field_types:
            yield f"{target.__name__} has no field {name!r}"
        elif inner := _PARTS.get((target, name)):
            yield from _object(inner, part)
        else:
            yield from meta.field(target, name, part, checker)
    if not isinstance(value.get("id"), str):
        yield f"a {target.__name__} without its id as text"
