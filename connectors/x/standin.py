"""X's API v2 and public pages over the little world.

Kept: both dialects, real signatures, paging, the seven days of search, partial errors in a 200, limits counted per
window, edits as new identifiers, hiding in own conversations only, and nothing that would tell whether a reply is
hidden. Left out: Activity API, streams, webhooks, media, the City's name that X puts before the text of a reply, and
the shortening of links.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from connectors.standin import faults, page
from connectors.standin.server import PAGE, Request, Response
from connectors.standin.world import APP, WorldComment, WorldPost
from connectors.x import snowflake, standin_auth, standin_search, standin_shape
from connectors.x import standin_ask as ask
from connectors.x.standin_shape import Asked, Shown, stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from connectors.standin.world import World, WorldAccount
    from connectors.x.standin_auth import Caller

WINDOW = timedelta(minutes=15)
WEEK = timedelta(days=7)
LOOKUP = 100
MOST_HIDDEN = 725
QUERY = 512
TIMELINE = 3200
TIMELINE_WITHOUT_REPLIES = 800
MENTIONS = 800
_SHAPE = frozenset(
    ["expansions", "tweet.fields", "post.fields", "user.fields", "media.fields", "place.fields", "poll.fields"]
)
_RANGE = frozenset(["max_results", "since_id", "until_id", "start_time", "end_time"])


@dataclass(frozen=True, slots=True)
class Route:
    """One kind of request: its stand-in verb, how often one caller may make it in a window, and what it may carry."""

    method: str
    path: re.Pattern[str]
    verb: str
    answer: str
    limit: int
    parameters: frozenset[str]


def _route(method: str, path: str, verb: str, answer: str, limit: int, *parameters: str) -> Route:
    return Route(method, re.compile(path), verb, answer, limit, frozenset(parameters))


ROUTES = (
    _route("GET", r"/2/users/me", "me", "_me", 75, *_SHAPE),
    _route("GET", r"/2/users/by/username/(?P<handle>\w+)", "me", "_user", 900, *_SHAPE),
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
    ),
    _route("GET", r"/2/users/(?P<user>\w+)/mentions", "list", "_mentions", 300, *_SHAPE, *_RANGE, "pagination_token"),
    _route("GET", r"/2/users/(?P<user>\w+)", "me", "_user", 900, *_SHAPE),
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
    ),
    _route("GET", r"/2/tweets", "look", "_lookup", 5000, *_SHAPE, "ids"),
    _route("GET", r"/2/tweets/(?P<tweet>\d+)", "look", "_one", 900, *_SHAPE),
    _route("PUT", r"/2/tweets/(?P<tweet>\d+)/hidden", "hide", "_hide", 50),
    _route("DELETE", r"/2/tweets/(?P<tweet>\d+)", "delete", "_delete", 50),
)
_PERMALINK = re.compile(r"/[^/]+/status/(?P<tweet>\d+)")


class StandIn:
    """See connectors.standin.server.StandIn. Settings that a test may change are the attributes set in __init__."""

    platform: ClassVar[str] = "x"

    def __init__(self, world: World) -> None:
        """Show `world`.

        `search_lag`: how long new replies are not found by search. `credits`: whether the City has paid. `withdrawn`:
        fields that are silently given no more. `limits`: requests per window by verb, in place of X's own.
        """
        self.world = world
        self.base = ""
        self.search_lag = timedelta()
        self.credits = True
        self.withdrawn: set[str] = set()
        self.limits: dict[str, int] = {}
        self._used: dict[tuple[str, str], tuple[datetime, int]] = {}
        world.minters[self.platform] = self
        world.replies_outlive.add(self.platform)

    # What the server and the demo ask

    def verb(self, request: Request) -> str:
        """Name the kind of request."""
        route, _ = self._routed(request)
        if route is None:
            return PAGE if _PERMALINK.fullmatch(request.path) else "other"
        if route.verb == "hide" and request.json == {"hidden": False}:
            return "unhide"
        return route.verb

    def handle(self, request: Request) -> Response:
        """Answer as X would."""
        with self.world.lock:
            route, arguments = self._routed(request)
            if route is None:
                return self._page(request)
            caller = standin_auth.caller(
                request, self._accounts(), (self.base, f"http://{request.headers.get('host')}")
            )
            if caller is None:
                return self.fault(faults.UNAUTHORISED, request)
            headers = self._counted(route, caller)
            if headers["x-rate-limit-remaining"] == "-1":
                return ask.problem(429, "Too Many Requests", headers={**headers, "x-rate-limit-remaining": "0"})
            try:
                answer: Callable[..., dict[str, Any]] = getattr(self, route.answer)
                self._paid()
                ask.known_parameters(request, route.parameters)
                return Response.of(answer(request, caller, **arguments), headers=headers)
            except ask.Declined as declined:
                response = declined.response
                return Response(status=response.status, body=response.body, headers={**headers, **response.headers})

    def fault(self, name: str, request: Request) -> Response:  # noqa: ARG002  all requests fail alike
        """Answer as X does when that goes wrong."""
        if name == faults.UNAUTHORISED:
            return ask.problem(401, "Unauthorized")
        if name == faults.RATE_LIMITED:
            reset = int((self.world.clock() + timedelta(minutes=2)).timestamp())
            headers = {"x-rate-limit-limit": "300", "x-rate-limit-remaining": "0", "x-rate-limit-reset": str(reset)}
            return ask.problem(429, "Too Many Requests", headers=headers)
        if name == faults.RATE_LIMITED_NO_RESET:
            capped = {
                "title": "UsageCapExceeded",
                "detail": "Usage cap exceeded: Monthly product cap",
                "type": f"{standin_shape.POST.problems}usage-capped",
                "period": "Monthly",
                "scope": "Product",
            }
            return Response.of(capped, status=429)
        return ask.problem(403, "Forbidden")

    def credentials(self, account: WorldAccount) -> dict[str, str]:
        """OAuth 1.0a keys of an account."""
        return {
            "api_key": standin_auth.API_KEY,
            "api_secret": standin_auth.API_SECRET,
            "access_token": standin_auth.access_token(account),
            "access_secret": standin_auth.access_secret(account),
        }

    def post_url(self, post: WorldPost) -> str:
        """The permalink of a post."""
        return f"{self.base}/{post.author.handle}/status/{post.id}"

    def comment_url(self, comment: WorldComment) -> str:
        """The permalink of a comment's present wording."""
        handle = comment.author.handle if comment.author else "i"
        return f"{self.base}/{handle}/status/{comment.wordings[-1].id}"

    def mint_post(self, account: WorldAccount, at: datetime, number: int) -> str:  # noqa: ARG002
        """An identifier that tells its time, as all of X's do."""
        return str(snowflake.first_at(at) | (number & snowflake.LOW_BITS))

    def mint_comment(self, post: WorldPost, parent: WorldComment | None, at: datetime, number: int) -> str:  # noqa: ARG002
        """The same: posts and replies are one kind of thing on X."""
        return self.mint_post(post.account, at, number)

    # Answers, one for each route

    def _me(self, request: Request, caller: Caller) -> dict[str, Any]:
        if caller.account is None:
            raise ask.Declined(ask.app_only())
        return {"data": self._asked(request).user(caller.account.person)}

    def _user(self, request: Request, _: Caller, user: str = "", handle: str = "") -> dict[str, Any]:
        asked = self._asked(request)
        for account in self._accounts():
            if user == account.id or handle.casefold() == account.handle.casefold():
                return {"data": asked.user(account.person)}
        name, value = ("id", user) if user else ("username", handle)
        return {"errors": [asked.dialect.not_found(name, value, "user")]}

    def _timeline(self, request: Request, _: Caller, user: str) -> dict[str, Any]:
        without_replies = "replies" in request.one("exclude").split(",")
        found = [shown for shown in self._all() if shown.author_id == user and not (without_replies and shown.answers)]
        return self._list(request, found[: TIMELINE_WITHOUT_REPLIES if without_replies else TIMELINE], least=5)

    def _mentions(self, request: Request, _: Caller, user: str) -> dict[str, Any]:
        handles = [account.handle for account in self._accounts() if account.id == user]
        found = [
            shown
            for shown in self._all()
            if shown.author_id != user and any(shown.mentions(handle) for handle in handles)
        ]
        return self._list(request, found[:MENTIONS], least=5)

    def _search(self, request: Request, _: Caller) -> dict[str, Any]:
        query = request.one("query")
        if not 1 <= len(query) <= QUERY:
            ask.invalid("query", query, f"The length of the `query` query parameter is not between 1 and {QUERY}")
        try:
            wanted = standin_search.compiled(query)
        except standin_search.BadQuery as error:
            ask.invalid("query", query, f"There were errors processing your request: {error}")
        now = self.world.clock()
        self._searchable(request, now)
        found = [
            shown
            for shown in self._all()
            if now - WEEK <= snowflake.time_of(shown.id) <= now - self.search_lag and wanted(shown)
        ]
        return self._list(request, found, least=10)

    def _lookup(self, request: Request, _: Caller) -> dict[str, Any]:
        identifiers = [part for part in request.one("ids").split(",") if part]
        if not 1 <= len(identifiers) <= LOOKUP:
            ask.invalid("ids", "", f"The number of values in the `ids` query parameter is not between 1 and {LOOKUP}")
        for identifier in identifiers:
            if not identifier.isdecimal():
                ask.invalid("ids", identifier, f"The `ids` query parameter value [{identifier}] is not valid")
        asked = self._asked(request)
        found, missing = [], []
        for identifier in identifiers:
            shown = self._wording(identifier)
            if shown:
                found.append(shown)
            else:
                missing.append(asked.dialect.not_found("ids", identifier))
        return _answer(asked, found, missing)

    def _one(self, request: Request, _: Caller, tweet: str) -> dict[str, Any]:
        asked = self._asked(request)
        shown = self._wording(tweet)
        if shown is None:
            return {"errors": [asked.dialect.not_found("id", tweet)]}
        whole = _answer(asked, [shown], [])
        return {**whole, "data": whole["data"][0]}

    def _hide(self, request: Request, caller: Caller, tweet: str) -> dict[str, Any]:
        wish = request.json
        if not isinstance(wish, dict) or not isinstance(wish.get("hidden"), bool):
            ask.invalid("hidden", "", "$.hidden: is missing but it is required")
        comment = self._hideable(caller, tweet)
        if wish["hidden"]:
            already = sum(1 for other in self.world.under(comment.post) if other.hidden_by and not other.deleted_by)
            if comment.hidden_by is None and already >= MOST_HIDDEN:
                raise ask.Declined(ask.problem(403, "Forbidden"))
            self.world.hide(comment, APP)
        else:
            self.world.unhide(comment, APP)
        return {"data": {"hidden": comment.hidden_by is not None}}

    def _hideable(self, caller: Caller, tweet: str) -> WorldComment:
        """The reply, if this caller may hide it: in the caller's own conversation, by somebody else, and there."""
        if caller.account is None:
            raise ask.Declined(ask.app_only())
        shown = self._wording(tweet)
        if shown is None:
            raise ask.Declined(Response.of({**standin_shape.POST.not_found("id", tweet), "status": 404}, status=404))
        source = shown.source
        if (
            not isinstance(source, WorldComment)
            or source.post.author.id != caller.account.id
            or shown.author_id == caller.account.id
            or not source.hideable
        ):
            raise ask.Declined(ask.problem(403, "Forbidden"))
        return source

    def _delete(self, _: Request, caller: Caller, tweet: str) -> dict[str, Any]:
        if caller.account is None:
            raise ask.Declined(ask.app_only())
        shown = self._wording(tweet)
        if shown is None or shown.author_id != caller.account.id:
            raise ask.Declined(ask.problem(403, "Forbidden", detail="You are not permitted to perform this action."))
        if isinstance(shown.source, WorldComment):
            self.world.delete(shown.source, APP)
        else:
            self.world.delete_post(shown.source, APP)
        return {"data": {"deleted": True}}

    def _page(self, request: Request) -> Response:
        """The public page of whatever the permalink names; a hidden reply is left out of it."""
        permalink = _PERMALINK.fullmatch(request.path)
        if permalink is None:
            return ask.problem(404, "Not Found")
        shown = self._wording(permalink["tweet"])
        if shown is None:
            return Response.page(page.not_available(self.platform), status=404)
        if isinstance(shown.source, WorldComment):
            linked, post = shown.source, shown.source.post
        else:
            linked, post = None, shown.source
        return Response.page(page.render(self.platform, post, self.world.under(post), linked))

    # What they share

    def _routed(self, request: Request) -> tuple[Route | None, Mapping[str, str]]:
        for route in ROUTES:
            match = route.path.fullmatch(request.path)
            if match and route.method == request.method:
                return route, match.groupdict()
        return None, {}

    def _accounts(self) -> list[WorldAccount]:
        return [account for (platform, _), account in self.world.accounts.items() if platform == self.platform]

    def _asked(self, request: Request) -> Asked:
        return Asked.by(request, self.withdrawn)

    def _all(self) -> list[Shown]:
        """Everything that is there, in its present wording, newest first."""
        posts = [
            standin_shape.of_post(post)
            for (platform, _), post in self.world.posts.items()
            if platform == self.platform and post.deleted_by is None
        ]
        comments = [
            standin_shape.of_comment(comment)
            for (platform, _), comment in self.world.comments.items()
            if platform == self.platform and comment.deleted_by is None
        ]
        return sorted([*posts, *comments], key=lambda shown: int(shown.id), reverse=True)

    def _wording(self, identifier: str) -> Shown | None:
        """What an identifier names, in just that wording."""
        post = self.world.posts.get((self.platform, identifier))
        if post:
            return None if post.deleted_by else standin_shape.of_post(post)
        for (platform, _), comment in self.world.comments.items():
            if platform == self.platform and comment.deleted_by is None:
                for number, wording in enumerate(comment.wordings):
                    if wording.id == identifier:
                        return standin_shape.of_comment(comment, number)
        return None

    def _list(self, request: Request, found: Iterable[Shown], *, least: int) -> dict[str, Any]:
        """One page of a list, newest first, with the token of the next."""
        size = ask.number(request, "max_results", least, LOOKUP, 10)
        since, until = ask.bounds(request)
        after = ask.position(request)
        inside = [shown for shown in found if since < int(shown.id) < min(until, after)]
        given, rest = inside[:size], inside[size:]
        meta: dict[str, Any] = {"result_count": len(given)}
        if given:
            meta |= {"newest_id": given[0].id, "oldest_id": given[-1].id}
        if rest:
            meta["next_token"] = base64.b32hexencode(given[-1].id.encode()).decode().rstrip("=").lower()
        return {**_answer(self._asked(request), given, []), "meta": meta}

    def _searchable(self, request: Request, now: datetime) -> None:
        """Refuse what search refuses: asking for more than seven days, or for a time and an identifier at once."""
        oldest = snowflake.first_at(now - WEEK)
        since_id = request.one("since_id")
        if since_id and int(since_id) < oldest:
            words = (
                f"'since_id' must be a tweet id created after {(now - WEEK):%Y-%m-%dT%H:%MZ}. Please use a 'since_id' "
                f"that is larger than {oldest}"
            )
            ask.invalid("since_id", since_id, words)
        start = request.one("start_time")
        if start and datetime.fromisoformat(start) < now - WEEK:
            ask.invalid("start_time", start, f"'start_time' must be on or after {stamp(now - WEEK)}")
        if since_id and (start or request.one("end_time")):
            ask.invalid("since_id", since_id, "Invalid use of since_id in conjunction with start_time or end_time")

    def _paid(self) -> None:
        if not self.credits:
            broke = {
                "account_id": 1,
                "title": "CreditsDepleted",
                "detail": "Your enrolled account [1] does not have any credits to fulfill this request.",
                "type": f"{standin_shape.TWEET.problems}credits",
            }
            raise ask.Declined(Response.of(broke, status=402))

    def _counted(self, route: Route, caller: Caller) -> dict[str, str]:
        """Count the request in its window and give X's headers for it; -1 remain when it is one too many."""
        now = self.world.clock()
        limit = self.limits.get(route.verb, route.limit)
        key = (route.answer, f"{caller.way} {caller.account.id if caller.account else ''}")
        begun, used = self._used.get(key, (now, 0))
        if now - begun >= WINDOW:
            begun, used = now, 0
        self._used[key] = (begun, used + 1)
        return {
            "x-rate-limit-limit": str(limit),
            "x-rate-limit-remaining": str(max(-1, limit - used - 1)),
            "x-rate-limit-reset": str(int((begun + WINDOW).timestamp())),
        }


def _answer(asked: Asked, found: list[Shown], problems: list[dict[str, Any]]) -> dict[str, Any]:
    """Items, what they refer to and what is missing; each part is left out when it is empty."""
    whole = {
        "data": [asked.shape(shown) for shown in found],
        "includes": asked.includes(found),
        "errors": [*problems, *asked.hidden_authors(found)],
    }
    return {name: value for name, value in whole.items() if value}
