"""X's published contract: the models of its official Python SDK (post.*), and the same under the older names (tweet.*).

Every object is closed: what the models do not know is a breach. The SDK itself would let it pass.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator
from xdk import schemas

from connectors.x import parse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import BaseModel

    from bot.domain.types import Account, Comment, Post
    from connectors.standin.server import Exchange, Request

_SHAPE = {"expansions", "post.fields", "tweet.fields", "user.fields", "media.fields", "place.fields", "poll.fields"}
_RANGE = {"max_results", "since_id", "until_id", "start_time", "end_time"}
_ROUTES: tuple[tuple[str, str, type[BaseModel], set[str], range], ...] = (
    ("GET", r"/2/users/me", schemas.GetUsersMeResponse, _SHAPE, range(0)),
    ("GET", r"/2/users/by/username/\w+", schemas.GetUsersByUsernameResponse, _SHAPE, range(0)),
    (
        "GET",
        r"/2/users/\d+/tweets",
        schemas.GetUsersPostsResponse,
        _SHAPE | _RANGE | {"pagination_token", "exclude"},
        range(5, 101),
    ),
    (
        "GET",
        r"/2/users/\d+/mentions",
        schemas.GetUsersMentionsResponse,
        _SHAPE | _RANGE | {"pagination_token"},
        range(5, 101),
    ),
    (
        "GET",
        r"/2/users/\d+/followers",
        schemas.GetUsersFollowersResponse,
        _SHAPE | {"max_results", "pagination_token"},
        range(1, 1001),
    ),
    ("GET", r"/2/users", schemas.GetUsersByIdsResponse, _SHAPE | {"ids"}, range(0)),
    ("GET", r"/2/users/\d+", schemas.GetUsersByIdResponse, _SHAPE, range(0)),
    (
        "GET",
        r"/2/tweets/search/recent",
        schemas.SearchPostsRecentResponse,
        _SHAPE | _RANGE | {"query", "next_token", "pagination_token", "sort_order"},
        range(10, 101),
    ),
    ("GET", r"/2/tweets", schemas.GetPostsByIdsResponse, _SHAPE | {"ids"}, range(0)),
    ("POST", r"/2/tweets", schemas.CreatePostsResponse, set(), range(0)),
    (
        "GET",
        r"/2/tweets/\d{1,19}/quote_tweets",
        schemas.GetPostsQuotedPostsResponse,
        _SHAPE | {"max_results", "pagination_token", "exclude"},
        range(10, 101),
    ),
    ("GET", r"/2/tweets/\d{1,19}", schemas.GetPostsByIdResponse, _SHAPE, range(0)),
    ("PUT", r"/2/tweets/\d{1,19}/hidden", schemas.HidePostsReplyResponse, set(), range(0)),
    ("DELETE", r"/2/tweets/\d{1,19}", schemas.DeletePostsResponse, set(), range(0)),
)
_OLD_NAMES = (
    ("edit_history_tweet_ids", "edit_history_post_ids"),
    ("referenced_tweets", "referenced_posts"),
    ("note_tweet", "note_post"),
    ("retweet_count", "repost_count"),
    ("https://api.twitter.com/2/problems/", "https://api.x.com/2/problems/"),
)
_TWEET_FIELDS = re.compile(
    "article|attachments|author_id|card_uri|community_id|context_annotations|conversation_id|created_at|"
    "display_text_range|edit_controls|edit_history_tweet_ids|entities|geo|id|in_reply_to_user_id|lang|media_metadata|"
    "note_tweet|possibly_sensitive|public_metrics|referenced_tweets|reply_settings|scopes|source|text|withheld"
)
_ERRORS = {400, 401, 402, 403, 404, 429, 500, 503}
_IDENTIFIER = re.compile(r"\d{1,19}")


def check(exchange: Exchange) -> list[str]:
    """Every breach of the contract in one exchange, by either side."""
    request, response = exchange.request, exchange.response
    for method, path, model, parameters, sizes in _ROUTES:
        if method == request.method and re.fullmatch(path, request.path):
            said = list(_asked(request, parameters, sizes))
            if response.status in _ERRORS:
                return said
            return [*said, *_answered(response.body, model, tweet="tweet.fields" in request.query)]
    return [f"there is no {request.method} {request.path}"]


def parsed(name: str, body: bytes, account: Account) -> Iterable[Post | Comment]:
    """Quotes stand under what they quote; posts are what else begins its own conversation; the rest are replies."""
    for tweet in parse.page(body).tweets:
        if tweet.quoted and not tweet.replied_to:
            yield parse.comment(tweet, account, root=tweet.quoted, parent=None)
        elif tweet.conversation in tweet.history:
            yield parse.post(tweet, account)
        else:
            parent = None if tweet.replied_to == tweet.conversation else tweet.replied_to
            yield parse.comment(tweet, account, root=tweet.conversation, parent=parent)


def _asked(request: Request, parameters: set[str], sizes: range) -> Iterable[str]:
    """What is wrong with a request."""
    yield from (f"no parameter {name}" for name in request.query if name not in parameters)
    yield from (f"{name} given more than once" for name, values in request.query.items() if len(values) > 1)
    fields = request.one("tweet.fields", "text").split(",")
    yield from (f"no tweet field {field}" for field in fields if not _TWEET_FIELDS.fullmatch(field))
    identifiers = (name for name in ("since_id", "until_id") if name in request.query)
    yield from (f"{name} is no identifier" for name in identifiers if not _IDENTIFIER.fullmatch(request.one(name)))
    if {"tweet.fields", "post.fields"} <= request.query.keys():
        yield "both dialects in one request"
    if "max_results" in request.query and int(request.one("max_results")) not in sizes:
        yield f"max_results {request.one('max_results')} not in {sizes}"
    if not 1 <= len(request.one("query", "any")) <= 512:
        yield f"query of {len(request.one('query'))} characters"
    if not 1 <= len(request.one("ids", "1").split(",")) <= 100:
        yield "ids holds none or more than 100"
    if request.method == "PUT" and set(request.json or {}) != {"hidden"}:
        yield f"body {request.body!r}"


def _answered(body: bytes, model: type[BaseModel], *, tweet: bool) -> Iterable[str]:
    """What is wrong with an answer."""
    whole = json.loads(body)
    if tweet:
        whole = _renamed(whole)
    for error in _validator(model).iter_errors(whole):
        yield f"answer at {'/'.join(map(str, error.absolute_path))}: {error.message[:200]}"
    if "data" in whole and not whole["data"]:
        yield "data is there and empty"
    if any(value is None for value in whole.values()):
        yield "null where X leaves out"


def _renamed(value: Any) -> Any:
    """An answer under the older names, told under the newer ones."""
    text = json.dumps(value)
    for old, new in _OLD_NAMES:
        text = text.replace(f'"{old}', f'"{new}')
    renamed = json.loads(text)
    includes = renamed.get("includes", {})
    if "tweets" in includes:
        includes["posts"] = includes.pop("tweets")
    return renamed


@cache
def _validator(model: type[BaseModel]) -> Draft202012Validator:
    return Draft202012Validator(_closed(model.model_json_schema()))


def _closed(schema: Any) -> Any:
    """The schema with every object that names its properties closed to others."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(part) for name, part in schema.items()}
    if "properties" in closed:
        closed["additionalProperties"] = False
    return closed
