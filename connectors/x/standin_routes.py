"""Which requests X's stand-in answers: their paths, limits and parameters, and how each is billed."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SHAPE = frozenset(
    ["expansions", "tweet.fields", "post.fields", "user.fields", "media.fields", "place.fields", "poll.fields"]
)
_RANGE = frozenset(["max_results", "since_id", "until_id", "start_time", "end_time"])
_PAGED = frozenset(["max_results", "pagination_token"])


@dataclass(frozen=True, slots=True)
class Route:
    """One kind of request: its stand-in verb, how often one caller may make it in a window, and what it may carry.

    `bills`: what its data are billed as, "" if they are not. `way`: the only kind of token that it takes, "" if any.
    """

    method: str
    path: re.Pattern[str]
    verb: str
    answer: str
    limit: int
    parameters: frozenset[str]
    bills: str = ""
    way: str = ""


def _route(  # noqa: PLR0913  a route has that many sides
    method: str,
    path: str,
    verb: str,
    answer: str,
    limit: int,
    *parameters: str,
    bills: str = "",
    way: str = "",
) -> Route:
    return Route(method, re.compile(path), verb, answer, limit, frozenset(parameters), bills, way)


ROUTES = (
    _route("GET", r"/2/users/me", "me", "_me", 75, *_SHAPE, bills="user"),
    _route("GET", r"/2/users/by/username/(?P<handle>\w+)", "me", "_user", 900, *_SHAPE, bills="user"),
    _route(
        "GET",
        r"/2/users/(?P<user>\w+)/tweets",
        "list",
        "_timeline",
        900,
        *_SHAPE,
        *_RANGE,
        "pagination_token",
        "exclude",
        bills="post",
    ),
    _route(
        "GET",
        r"/2/users/(?P<user>\w+)/mentions",
        "list",
        "_mentions",
        300,
        *_SHAPE,
        *_RANGE,
        "pagination_token",
        bills="post",
    ),
    _route("GET", r"/2/users/(?P<user>\w+)/followers", "list", "_followers", 300, *_SHAPE, *_PAGED, bills="follower"),
    _route("GET", r"/2/users", "people", "_users", 900, *_SHAPE, "ids", bills="user"),
    _route("GET", r"/2/users/(?P<user>\w+)", "me", "_user", 900, *_SHAPE, bills="user"),
    _route(
        "GET",
        r"/2/tweets/search/recent",
        "list",
        "_search",
        300,
        *_SHAPE,
        *_RANGE,
        "query",
        "next_token",
        "pagination_token",
        "sort_order",
        bills="post",
    ),
    _route("GET", r"/2/tweets", "look", "_lookup", 5000, *_SHAPE, "ids", bills="post"),
    _route("POST", r"/2/tweets", "post", "_post", 100),
    _route("GET", r"/2/tweets/(?P<tweet>\d+)", "look", "_one", 900, *_SHAPE, bills="post"),
    _route(
        "GET",
        r"/2/tweets/(?P<tweet>\d+)/quote_tweets",
        "list",
        "_quoting",
        75,
        *_SHAPE,
        *_PAGED,
        "exclude",
        bills="post",
    ),
    _route("PUT", r"/2/tweets/(?P<tweet>\d+)/hidden", "hide", "_hide", 50),
    _route("DELETE", r"/2/tweets/(?P<tweet>\d+)", "delete", "_delete", 50),
    _route("GET", r"/2/activity/subscriptions", "subscriptions", "_subscriptions", 500, way="app"),
    _route("POST", r"/2/activity/subscriptions", "subscriptions", "_subscribe", 500, way="app"),
    _route("PUT", r"/2/activity/subscriptions/(?P<number>\d+)", "subscriptions", "_change", 500, way="app"),
    _route("DELETE", r"/2/activity/subscriptions/(?P<number>\d+)", "subscriptions", "_unsubscribe", 500, way="app"),
)
STREAM = "/2/activity/stream"
TOKEN = "/2/oauth2/token"  # noqa: S105  a path
PICTURES = "/media/"
