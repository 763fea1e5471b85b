"""Bluesky's published contract: its lexicons (github.com/bluesky-social/atproto, lexicons/), told as closed tables.

For each object the members it must have, and those it may have besides; what is in neither is a breach.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from connectors.bluesky import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.domain.types import Account, Comment, Post
    from connectors.standin.server import Exchange, Request

ACCOUNT = "did.plc.cityofexample22223333444"


class Shape(NamedTuple):
    """An object: what is in it, each member with its own kind (a Shape, a list of one, or a word of `_WORDS`)."""

    must: dict[str, Any]
    may: dict[str, Any]


_RESULT = re.compile(r"[a-z2-7]{59}")
_WORDS = {
    "text": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "truth": lambda value: isinstance(value, bool),
    "anything": lambda _: True,
    "time": lambda value: isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None,
    "did": lambda value: isinstance(value, str) and bool(re.fullmatch(r"did:[a-z]+:[A-Za-z0-9._:%-]+", value)),
    "at-uri": lambda value: isinstance(value, str) and bool(re.fullmatch(r"at://did:[^/]+/[A-Za-z.]+/[^/]+", value)),
    "cid": lambda value: isinstance(value, str) and bool(_RESULT.fullmatch(value)),
    "handle": lambda value: isinstance(value, str) and bool(re.fullmatch(r"([a-z0-9-]+\.)+[a-z]+", value)),
    "jwt": lambda value: isinstance(value, str) and value.count(".") == 2,
}
_REF = Shape({"uri": "at-uri", "cid": "cid"}, {})
_AUTHOR = Shape(
    {"did": "did", "handle": "handle"},
    {"displayName": "text", "avatar": "text", "viewer": "anything", "labels": ["anything"], "createdAt": "time"},
)
_POST = Shape(
    {"$type": "text", "text": "text", "createdAt": "time"},
    {
        "reply": Shape({"root": _REF, "parent": _REF}, {}),
        "embed": "anything",
        "facets": ["anything"],
        "langs": ["text"],
        "labels": "anything",
        "tags": ["text"],
    },
)
_GATE = Shape(
    {"$type": "text", "post": "at-uri", "createdAt": "time"}, {"allow": ["anything"], "hiddenReplies": ["at-uri"]}
)
_GATE_VIEW = Shape({}, {"uri": "at-uri", "cid": "cid", "record": _GATE, "lists": ["anything"]})
_VIEW = Shape(
    {"uri": "at-uri", "cid": "cid", "author": _AUTHOR, "record": _POST, "indexedAt": "time"},
    {
        "embed": "anything",
        "replyCount": "number",
        "repostCount": "number",
        "likeCount": "number",
        "quoteCount": "number",
        "viewer": "anything",
        "labels": ["anything"],
        "threadgate": _GATE_VIEW,
    },
)
_NODE = Shape({"$type": "text", "post": _VIEW}, {"parent": "anything", "replies": []})
_NODE.may["replies"].append(_NODE)
_NOTIFICATION = Shape(
    {
        "uri": "at-uri",
        "cid": "cid",
        "author": _AUTHOR,
        "reason": "text",
        "record": _POST,
        "isRead": "truth",
        "indexedAt": "time",
    },
    {"reasonSubject": "at-uri", "labels": ["anything"]},
)
_WHO = {"handle": "handle", "did": "did"}
_WHO_MORE = {"active": "truth", "status": "text", "didDoc": "anything", "email": "text", "emailConfirmed": "truth"}
_SESSION = Shape({"accessJwt": "jwt", "refreshJwt": "jwt", **_WHO}, _WHO_MORE)
_METHODS: dict[str, tuple[str, set[str], Shape]] = {
    "com.atproto.server.createSession": ("POST", {"identifier", "password", "authFactorToken"}, _SESSION),
    "com.atproto.server.refreshSession": ("POST", set(), _SESSION),
    "com.atproto.server.getSession": ("GET", set(), Shape(_WHO, _WHO_MORE)),
    "app.bsky.feed.getAuthorFeed": (
        "GET",
        {"actor", "limit", "cursor", "filter", "includePins"},
        Shape({"feed": [Shape({"post": _VIEW}, {"reply": "anything", "reason": "anything"})]}, {"cursor": "text"}),
    ),
    "app.bsky.notification.listNotifications": (
        "GET",
        {"reasons", "limit", "priority", "cursor", "seenAt"},
        Shape({"notifications": [_NOTIFICATION]}, {"cursor": "text", "priority": "truth", "seenAt": "time"}),
    ),
    "app.bsky.feed.getPostThread": (
        "GET",
        {"uri", "depth", "parentHeight"},
        Shape({"thread": _NODE}, {"threadgate": _GATE_VIEW}),
    ),
    "app.bsky.feed.getPosts": ("GET", {"uris"}, Shape({"posts": [_VIEW]}, {})),
    "com.atproto.repo.getRecord": (
        "GET",
        {"repo", "collection", "rkey", "cid"},
        Shape({"uri": "at-uri", "value": _GATE}, {"cid": "cid"}),
    ),
    "com.atproto.repo.putRecord": (
        "POST",
        {"repo", "collection", "rkey", "validate", "record", "swapRecord", "swapCommit"},
        Shape({"uri": "at-uri", "cid": "cid"}, {"commit": "anything", "validationStatus": "text"}),
    ),
}
_BOUNDS = {"limit": (1, 100), "depth": (0, 1000), "parentHeight": (0, 1000)}
_FILTERS = {
    "posts_with_replies",
    "posts_no_replies",
    "posts_with_media",
    "posts_and_author_threads",
    "posts_with_video",
}


def check(exchange: Exchange) -> list[str]:
    """Every breach of the contract in one exchange, by either side."""
    request, response = exchange.request, exchange.response
    name = request.path.removeprefix("/xrpc/")
    if name not in _METHODS or _METHODS[name][0] != request.method:
        return [f"there is no {request.method} {request.path}"]
    _, known, answer = _METHODS[name]
    said = list(_asked(request, known))
    if response.status != 200:
        failure = Shape({"error": "text"}, {"message": "text"})
        return [*said, *_breaches(json.loads(response.body), failure, "error")]
    return [*said, *_breaches(json.loads(response.body), answer, "answer")]


def parsed(name: str, body: bytes, account: Account) -> Iterable[Post | Comment]:
    """A thread gives its post and the comments in it; posts that were asked for give what each is."""
    if name.startswith("thread"):
        found = [it for it, _ in parse.thread(body, "https://bsky.app")]
        yield found[0].post(account)
        for it in found[1:]:
            yield it.comment(account, hidden=it.uri in found[0].hides)
    else:
        for view, raw in parse.items(body, "posts"):
            it = parse.written(view, raw, "https://bsky.app")
            yield it.comment(account, hidden=False) if it.under else it.post(account)


def _asked(request: Request, known: set[str]) -> Iterator[str]:
    """What is wrong with a request."""
    sent = request.json if request.method == "POST" and request.body else {}
    yield from (f"no parameter {name}" for name in {*request.query, *sent} if name not in known)
    for name, (least, most) in _BOUNDS.items():
        if name in request.query and not least <= int(request.one(name)) <= most:
            yield f"{name} {request.one(name)} is not between {least} and {most}"
    if not 0 <= len(request.query.get("uris", ())) <= 25:
        yield "more than 25 uris"
    if request.one("filter", "posts_no_replies") not in _FILTERS:
        yield f"no filter {request.one('filter')}"
    if "record" in sent:
        yield from _breaches(sent["record"], _GATE, "record")
        if len(sent["record"].get("hiddenReplies", ())) > 300:
            yield "more than 300 replies hidden"


def _breaches(value: Any, kind: Any, where: str) -> Iterator[str]:
    """What is wrong with a value that should be of this kind."""
    if isinstance(kind, str):
        if not _WORDS[kind](value):
            yield f"{where} is no {kind}: {str(value)[:80]}"
    elif isinstance(kind, list):
        if not isinstance(value, list):
            yield f"{where} is no list"
        else:
            for number, one in enumerate(value):
                yield from _breaches(one, kind[0], f"{where}/{number}")
    elif not isinstance(value, dict):
        yield f"{where} is no object"
    else:
        yield from (f"{where} lacks {name}" for name in kind.must.keys() - value.keys())
        yield from (f"{where} has {name}" for name in value.keys() - kind.must.keys() - kind.may.keys())
        for name, inner in {**kind.must, **kind.may}.items():
            if name in value:
                yield from _breaches(value[name], inner, f"{where}/{name}")
