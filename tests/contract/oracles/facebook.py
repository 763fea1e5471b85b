"""Holds what clients ask of the Facebook stand-in, and what it answers, against the tables in Meta's own SDK.

See tests/graph_oracle.py, which checks what is the same for Instagram.
"""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

import graph_oracle as meta

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
    from facebook_business.typechecker import TypeChecker

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from facebook_business.api import FacebookRequest

    from bot.domain.types import Account
    from bot.domain.types import Comment as OurComment
    from bot.domain.types import Post as OurPost

UNIVERSAL = meta.UNIVERSAL | {"summary": r"true|false|[a-z_,]+", "until": r"\S+", "__paging_token": r"\S+"}
_API = meta.API
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


def check(exchange: Exchange) -> list[str]:
    """Say everything that the tables do not allow in one exchange; nothing if it is all right."""
    if exchange.verb == PAGE:
        return []
    return meta.told(exchange, _exchange(exchange.request, exchange.response))


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
        yield from meta.batch(call, response, _exchange) if call.method == "POST" else _several(call, response)
    elif call.path == ("debug_token",):
        yield from meta.debug_token(call, response)
    else:
        yield from meta.of_calls(call, response, _candidates(call), _asked, _answered)


def _candidates(call: graph.Call) -> tuple[FacebookRequest, ...]:
    if len(call.path) > 1:
        known = {"GET": _EDGES, "POST": _SENT}.get(call.method, {})
        return known.get(call.path[1], ()) if len(call.path) == 2 else ()
    if "_" in call.path[0] or (not call.path[0].isdigit() and call.path[0] != "me"):
        return _PAIRED_NODES.get(call.method, ())
    return _PLAIN_NODES if call.method == "GET" else ()


def _asked(contract: FacebookRequest, call: graph.Call) -> Iterator[str]:
    yield from meta.parameters(contract, call, UNIVERSAL)
    if "fields" in call.params and contract._target_class in _OBJECTS:
        yield from _fields(contract._target_class, graph.fields(call.params["fields"], ""))


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
    if not meta.is_json(response):
        return
    value = json.loads(response.body)
    if response.status != 200:
        yield from meta.error(value)
    elif contract._method == "POST" and len(call.path) > 1:
        yield from meta.typed(value, _MADE[call.path[1]])
    elif contract._method != "GET":
        if not (isinstance(value, dict) and isinstance(value.get("success"), bool)):
            yield "a write does not answer with `success`"
    elif len(call.path) > 1:
        yield from _list(contract._target_class, value)
    else:
        yield from _object(contract._target_class, value)


def _list(target: Any, value: Mapping[str, Any]) -> Iterator[str]:
    yield from meta.paged(value, "summary")
    for item in value["data"]:
        yield from _object(target, item)
    yield from meta.typed(value.get("summary", {}), {"order": str, "total_count": int, "can_comment": bool})


def _object(target: Any, value: Mapping[str, Any]) -> Iterator[str]:
    checker = TypeChecker(target._field_types, {})
    for name, part in value.items():
        if name == "comments":
            yield from _list(Comment, part)
        elif (name == "tasks" and target is Page) or (target, name) in _UNLISTED:
            pass  # an account's tasks are the user's, not the Page's; a picture is a list of one
        elif name not in target._field_types:
            yield f"{target.__name__} has no field {name!r}"
        else:
            yield from meta.field(target, name, part, checker)
            if name in _CHILDREN:
                yield from _object(_CHILDREN[name], part)
    if target is not Recommendation and not isinstance(value.get("id"), str):
        yield f"a {target.__name__} without its id as text"


def _several(call: graph.Call, response: Response) -> Iterator[str]:
    """``GET /?ids=…``: objects by their identifiers, or one error for all of them."""
    yield from (f"`ids` does not go with {name!r}" for name in set(call.params) - {"ids", *UNIVERSAL})
    value = json.loads(response.body)
    if response.status != 200:
        yield from meta.error(value)
    elif set(value) != set(call.params.get("ids", "").split(",")):
        yield "the answer does not hold what was asked for"
    else:
        for one in value.values():
            yield from min((list(_object(target, one)) for target in _OBJECTS), key=len)
