"""Holds what clients ask of the Facebook stand-in, and what it answers, against the tables in Meta's own SDK.

facebook-business lists, for every call, the method, path, parameters and enumerations, and for every object its fields
and their types. It leaves out what any call may carry (`UNIVERSAL`), the envelope of lists and errors, and the
debug_token and batch calls; those are held against the Graph API guides here.
"""

from __future__ import annotations

import json
import re
import warnings
from typing import TYPE_CHECKING, Any

from connectors import verbatim
from connectors.facebook import parse
from connectors.standin import graph
from connectors.standin.server import PAGE, Exchange, Request, Response

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from facebook_business.adobjects.ad import Ad
    from facebook_business.adobjects.adaccount import AdAccount
    from facebook_business.adobjects.adcreative import AdCreative
    from facebook_business.adobjects.advideo import AdVideo
    from facebook_business.adobjects.application import Application
    from facebook_business.adobjects.comment import Comment
    from facebook_business.adobjects.livevideo import LiveVideo
    from facebook_business.adobjects.page import Page
    from facebook_business.adobjects.pagepost import PagePost
    from facebook_business.adobjects.photo import Photo
    from facebook_business.adobjects.recommendation import Recommendation
    from facebook_business.adobjects.user import User
    from facebook_business.api import FacebookAdsApi, FacebookRequest
    from facebook_business.session import FacebookSession
    from facebook_business.typechecker import TypeChecker

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bot.domain.types import Account
    from bot.domain.types import Comment as OurComment
    from bot.domain.types import Post as OurPost

UNIVERSAL = {
    "access_token": r"\S+",
    "after": r"\S+",
    "appsecret_proof": r"[0-9a-f]{64}",
    "before": r"\S+",
    "fields": r"[\w,.{}()]+",
    "limit": r"\d+",
    "summary": r"true|false|[a-z_,]+",
    "until": r"\S+",
    "__paging_token": r"\S+",
}
_API = FacebookAdsApi(FacebookSession("1", "secret", "token"), api_version="v26.0")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000")
_EDGES: dict[str, tuple[FacebookRequest, ...]] = {
    "accounts": (User("1", api=_API).get_accounts(pending=True),),
    "comments": (PagePost("1", api=_API).get_comments(pending=True), Comment("1", api=_API).get_comments(pending=True)),
    "feed": (Page("1", api=_API).get_feed(pending=True),),
    "posts": (Page("1", api=_API).get_posts(pending=True),),
    "published_posts": (Page("1", api=_API).get_published_posts(pending=True),),
    "visitor_posts": (Page("1", api=_API).get_visitor_posts(pending=True),),
    "ads_posts": (Page("1", api=_API).get_ads_posts(pending=True),),
    "photos": (Page("1", api=_API).get_photos(pending=True),),
    "videos": (Page("1", api=_API).get_videos(pending=True),),
    "video_reels": (Page("1", api=_API).get_video_reels(pending=True),),
    "live_videos": (Page("1", api=_API).get_live_videos(pending=True),),
    "subscribed_apps": (Page("1", api=_API).get_subscribed_apps(pending=True),),
    "ratings": (Page("1", api=_API).get_ratings(pending=True),),
    "tagged": (Page("1", api=_API).get_tagged(pending=True),),
    "ads": (AdAccount("act_1", api=_API).get_ads(pending=True),),
}
_SENT: dict[str, tuple[FacebookRequest, ...]] = {
    "comments": (Comment("1", api=_API).create_comment(pending=True),),
    "messages": (Page("1", api=_API).create_message(pending=True),),
    "subscribed_apps": (Page("1", api=_API).create_subscribed_app(pending=True),),
}
_MADE = {
    "comments": {"id": str},
    "messages": {"recipient_id": str, "message_id": str},
    "subscribed_apps": {"success": bool},
}
_PLAIN_NODES = tuple(kind("1", api=_API).api_get(pending=True) for kind in (Page, User, Photo, AdVideo, LiveVideo))
_OBJECTS = (Comment, Page, PagePost, User, Photo, AdVideo, LiveVideo, Recommendation, Ad, AdCreative)
# Edges, like `comments`; of reactions only the number is asked for.
_UNLISTED = {(User, "accounts"), (Page, "picture"), (Application, "subscribed_fields"), (PagePost, "reactions")}
_PAIRED_NODES = {
    "GET": (Comment("1", api=_API).api_get(pending=True), PagePost("1", api=_API).api_get(pending=True)),
    "POST": (Comment("1", api=_API).api_update(pending=True),),
    "DELETE": (Comment("1", api=_API).api_delete(pending=True),),
}
_CHILDREN = {"comments": Comment, "parent": Comment, "video": AdVideo, "creative": AdCreative, "reviewer": User}
_LISTS = {
    "ratings": parse.review,
    "feed": parse.listed,
    "photos": parse.photo,
    "videos": parse.video,
    "live": parse.live,
}
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
    if exchange.verb == PAGE:
        return []
    problems = list(_exchange(exchange.request, exchange.response))
    return [f"{exchange.request.method} {exchange.request.path}: {problem}" for problem in problems]


def parsed(name: str, body: bytes, account: Account) -> Iterable[OurPost | OurComment]:
    """Read a golden answer: a list of things, a list of comments, or one comment, as its name says."""
    for kind, read in _LISTS.items():
        if name.startswith(kind):
            return [read(value, raw, account).post for value, raw in verbatim.items(body, "data")]
    if name.startswith("comments"):
        return [parse.comment(value, raw, account) for value, raw in verbatim.items(body, "data")]
    return [parse.comment(json.loads(body), body, account)]


def _exchange(request: Request, response: Response) -> Iterator[str]:
    call = graph.Call.of(request)
    if not call.path:
        yield from _batch(call, response) if call.method == "POST" else _several(call, response)
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
    if len(call.path) > 1:
        known = {"GET": _EDGES, "POST": _SENT}.get(call.method, {})
        return known.get(call.path[1], ()) if len(call.path) == 2 else ()
    if "_" in call.path[0] or (not call.path[0].isdigit() and call.path[0] != "me"):
        return _PAIRED_NODES.get(call.method, ())
    return _PLAIN_NODES if call.method == "GET" else ()


def _asked(contract: FacebookRequest, call: graph.Call) -> Iterator[str]:
    """Whether the parameters are the call's own or universal, and their values of the kind."""
    checker = contract._param_checker
    for name, value in call.params.items():
        if checker.is_valid_key(name):
            if not checker.is_valid_pair(
                name, _decoded(value) if checker.get_type(name).startswith(("Object", "list<")) else value
            ):
                yield f"parameter {name}={value!r} is not {checker.get_type(name)}"
        elif name not in UNIVERSAL:
            yield f"parameter {name!r} is not the call's"
        elif not re.fullmatch(UNIVERSAL[name], value):
            yield f"parameter {name}={value!r} has not the form it should"
    if "fields" in call.params and contract._target_class in _OBJECTS:
        yield from _fields(contract._target_class, graph.fields(call.params["fields"], ""))


def _decoded(value: str) -> Any:
    """An object travels in a form as JSON; what is none stays as it is."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def _fields(target: Any, asked: tuple[graph.Field, ...]) -> Iterator[str]:
    for one in asked:
        known = one.name in target._field_types or (target, one.name) in _UNLISTED
        if not known and one.name != "comments":
            yield f"{target.__name__} has no field {one.name!r}"
        if one.name in _CHILDREN:
            yield from _fields(_CHILDREN[one.name], one.inner)
        if one.name == "comments":
            edge = graph.Call("GET", None, ("1", "comments"), one.args, "")
            yield from _asked(_EDGES["comments"][0], edge)


def _answered(contract: FacebookRequest, call: graph.Call, response: Response) -> Iterator[str]:
    """Whether the answer is an error in its envelope, a list in its own, or an object with its fields."""
    if "json" not in response.headers.get("content-type", ""):
        return
    value = json.loads(response.body)
    if response.status != 200:
        yield from _error(value)
    elif contract._method == "POST" and len(call.path) > 1:
        yield from _typed(value, _MADE[call.path[1]])
    elif contract._method != "GET":
        if not (isinstance(value, dict) and isinstance(value.get("success"), bool)):
            yield "a write does not answer with `success`"
    elif len(call.path) > 1:
        yield from _list(contract._target_class, value)
    else:
        yield from _object(contract._target_class, value)


def _error(value: Any) -> Iterator[str]:
    error = value.get("error") if isinstance(value, dict) and set(value) == {"error"} else None
    if not isinstance(error, dict):
        yield "an error without its envelope"
        return
    yield from _typed(error, _ERROR)
    yield from (f"an error without {name}" for name in ("message", "type", "code", "fbtrace_id") if name not in error)


def _list(target: Any, value: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"a list has no {name!r}" for name in set(value) - {"data", "paging", "summary"})
    for item in value["data"]:
        yield from _object(target, item)
    paging = value.get("paging", {})
    yield from _typed(paging, {"cursors": dict, "next": str, "previous": str})
    yield from _typed(paging.get("cursors", {}), {"before": str, "after": str})
    yield from _typed(value.get("summary", {}), {"order": str, "total_count": int, "can_comment": bool})


def _object(target: Any, value: Mapping[str, Any]) -> Iterator[str]:
    checker = TypeChecker(target._field_types, {})
    for name, part in value.items():
        if name == "comments":
            yield from _list(Comment, part)
        elif (name == "tasks" and target is Page) or (target, name) in _UNLISTED:
            pass  # an account's tasks are the user's, not the Page's; a picture is a list of one
        elif name not in target._field_types:
            yield f"{target.__name__} has no field {name!r}"
        elif not checker.is_type(target._field_types[name], part):
            yield f"{target.__name__}.{name} is not {target._field_types[name]}: {part!r}"
        elif target._field_types[name] == "datetime" and not _TIME.fullmatch(str(part)):
            yield f"{target.__name__}.{name} is not a time in Graph's spelling: {part!r}"
        elif name in _CHILDREN:
            yield from _object(_CHILDREN[name], part)
    if target is not Recommendation and not isinstance(value.get("id"), str):
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


def _several(call: graph.Call, response: Response) -> Iterator[str]:
    """``GET /?ids=…``: objects by their identifiers, or one error for all of them."""
    yield from (f"`ids` does not go with {name!r}" for name in set(call.params) - {"ids", *UNIVERSAL})
    value = json.loads(response.body)
    if response.status != 200:
        yield from _error(value)
    elif set(value) != set(call.params.get("ids", "").split(",")):
        yield "the answer does not hold what was asked for"
    else:
        for one in value.values():
            yield from min((list(_object(target, one)) for target in _OBJECTS), key=len)


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
        if answer is None:
            continue
        headers = {"content-type": "application/json"}
        yield from _exchange(part, Response(status=answer["code"], body=answer["body"].encode(), headers=headers))
