"""Holds what clients ask of the Instagram stand-in, and what it answers, against the tables in Meta's own SDK.

facebook-business lists, for every call, the method, path, parameters and enumerations, and for every object its fields
and their types. It leaves out what any call may carry (`UNIVERSAL`), the envelope of lists and errors, the lists that
may be asked for as fields (`LISTS`), and the debug_token and batch calls; those are held against Meta's guides here.
"""

from __future__ import annotations

import json
import re
import warnings
from typing import TYPE_CHECKING, Any

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
    from facebook_business.api import FacebookAdsApi, FacebookRequest
    from facebook_business.session import FacebookSession
    from facebook_business.typechecker import TypeChecker

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bot.domain.types import Account, Comment, Post

ACCOUNT = "17841405309211844"
UNIVERSAL = {
    "access_token": r"\S+",
    "after": r"\S+",
    "appsecret_proof": r"[0-9a-f]{64}",
    "before": r"\S+",
    "fields": r"[\w,.{}()]+",
    "limit": r"\d+",
    "summary": r"true",
}
_API = FacebookAdsApi(FacebookSession("1", "secret", "token"), api_version="v26.0")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000")
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
_ERROR = {
    "message": str,
    "type": str,
    "code": int,
    "error_subcode": int,
    "is_transient": bool,
    "error_user_title": str,
    "error_user_msg": str,
    "error_data": dict,
    "fbtrace_id": str,
}
_ABOUT_TOKEN = {
    "app_id": str,
    "application": str,
    "type": str,
    "is_valid": bool,
    "expires_at": int,
    "data_access_expires_at": int,
    "issued_at": int,
    "scopes": list,
    "granular_scopes": list,
    "profile_id": str,
    "user_id": str,
    "error": dict,
}


def check(exchange: Exchange) -> list[str]:
    """Say everything that the tables do not allow in one exchange; nothing if it is all right."""
    if exchange.verb in (PAGE, FILE):
        return []
    problems = list(_exchange(exchange.request, exchange.response))
    return [f"{exchange.request.method} {exchange.request.path}: {problem}" for problem in problems]


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
        yield from _batch(call, response)
    elif call.path == ("debug_token",):
        yield from _debug_token(call, response)
    else:
        candidates = _candidates(call)
        if not candidates:
            yield "the SDK knows no such call"
            return
        found = [[*_asked(candidate, call), *_answered(candidate, call, response)] for candidate in candidates]
        yield from min(found, key=len)


def _candidates(call: graph.Call) -> tuple[FacebookRequest, ...]:
    if len(call.path) == 1:
        return _NODES.get(call.method, ())
    edge = _EDGES.get((call.method, call.path[1]))
    return (edge,) if edge and len(call.path) == 2 else ()


def _asked(contract: FacebookRequest, call: graph.Call) -> Iterator[str]:
    """Whether the parameters are the call's own or universal, and their values of the kind."""
    checker = contract._param_checker
    for name, value in call.params.items():
        if checker.is_valid_key(name):
            if checker.get_type(name) == "Object":
                yield from [] if isinstance(_json(value), dict) else [f"parameter {name} is not an object"]
            elif not checker.is_valid_pair(name, _json(value) if checker.get_type(name).startswith("list<") else value):
                yield f"parameter {name}={value!r} is not {checker.get_type(name)}"
        elif name not in UNIVERSAL:
            yield f"parameter {name!r} is not the call's"
        elif not re.fullmatch(UNIVERSAL[name], value):
            yield f"parameter {name}={value!r} has not the form it should"
    if "fields" in call.params:
        yield from _fields(contract._target_class, graph.fields(call.params["fields"], ""))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


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
    if "json" not in response.headers.get("content-type", ""):
        return
    value = json.loads(response.body)
    if response.status != 200:
        yield from _error(value)
    elif contract._method == "GET":
        yield from (_list if len(call.path) > 1 else _object)(contract._target_class, value)
    elif len(call.path) > 1 and call.path[1] != "subscribed_apps":
        if set(value) != _MADE[call.path[1]] or not all(isinstance(part, str) for part in value.values()):
            yield f"what was made is not named as it should be: {value}"
    elif not (isinstance(value, dict) and isinstance(value.get("success"), bool)):
        yield "a write does not answer with `success`"


def _error(value: Any) -> Iterator[str]:
    error = value.get("error") if isinstance(value, dict) and set(value) == {"error"} else None
    if not isinstance(error, dict):
        yield "an error without its envelope"
        return
    yield from _typed(error, _ERROR)
    yield from (f"an error without {name}" for name in ("message", "type", "code", "fbtrace_id") if name not in error)


def _list(target: Any, value: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"a list has no {name!r}" for name in set(value) - {"data", "paging"})
    for item in value["data"]:
        yield from _object(target, item)
    paging = value.get("paging", {})
    yield from _typed(paging, {"cursors": dict, "next": str, "previous": str})
    yield from _typed(paging.get("cursors", {}), {"before": str, "after": str})


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
        elif not checker.is_type(target._field_types[name], part):
            yield f"{target.__name__}.{name} is not {target._field_types[name]}: {part!r}"
        elif target._field_types[name] == "datetime" and not _TIME.fullmatch(str(part)):
            yield f"{target.__name__}.{name} is not a time in Graph's spelling: {part!r}"
    if not isinstance(value.get("id"), str):
        yield f"a {target.__name__} without its id as text"


def _typed(value: Mapping[str, Any], known: Mapping[str, type]) -> Iterator[str]:
    for name, part in value.items():
        if name not in known:
            yield f"{name!r} is not known"
        elif type(part) is not known[name]:
            yield f"{name} is not {known[name].__name__}: {part!r}"


def _debug_token(call: graph.Call, response: Response) -> Iterator[str]:
    if call.method != "GET" or "input_token" not in call.params:
        yield "debug_token is read, with input_token"
    value = json.loads(response.body)
    yield from _typed(value["data"], _ABOUT_TOKEN) if response.status == 200 else _error(value)


def _batch(call: graph.Call, response: Response) -> Iterator[str]:
    unknown = set(call.params) - {"batch", "include_headers", "appsecret_proof"}
    yield from (f"a batch takes no {name!r}" for name in unknown)
    if "json" not in response.headers.get("content-type", ""):
        return
    answers = json.loads(response.body)
    if not isinstance(answers, list):
        yield from _error(answers)
        return
    for part, answer in zip(graph.operations(call), answers, strict=True):
        headers = {"content-type": "application/json"}
        yield from _exchange(part, Response(status=answer["code"], body=answer["body"].encode(), headers=headers))
