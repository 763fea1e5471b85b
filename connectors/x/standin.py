"""X's API v2 and public pages over the little world.

Kept: both dialects, real signatures, tokens that are renewed once, paging, the seven days of search, partial errors in
a 200, limits counted per window, edits as new identifiers, quotes, hiding in own conversations only, nothing that would
tell whether a reply is hidden, the activity stream, and a bill. What X does only now and then is in standin_pitfalls.
Left out: webhooks, video, and the City's name that X puts before the text of a reply.
"""

from __future__ import annotations

import base64
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from connectors.standin import faults, page
from connectors.standin.server import PAGE, Request, Response
from connectors.standin.world import APP, Person, WorldComment, WorldPost
from connectors.x import prices, snowflake, standin_auth, standin_search, standin_shape, standin_troubles
from connectors.x import standin_ask as ask
from connectors.x.standin_bill import Ledger
from connectors.x.standin_pitfalls import PITFALLS, Turns
from connectors.x.standin_routes import PICTURES, ROUTES, STREAM, TOKEN, Route
from connectors.x.standin_shape import Asked, Shown, stamp
from connectors.x.standin_shelf import Shelf
from connectors.x.standin_stream import Activity

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
_PERMALINK = re.compile(r"/[^/]+/status/(?P<tweet>\d+)")


class StandIn:
    """See connectors.standin.server.StandIn. Settings that a test may change are the attributes set in __init__."""

    platform: ClassVar[str] = "x"

    def __init__(self, world: World) -> None:
        """Show `world`.

        `search_lag`: how long new replies are not found by search. `credits`: whether the City has paid. `withdrawn`:
        fields that are silently given no more. `limits`: requests per window by verb, in place of X's own. `owner`:
        the account that owns the developer app. `profiles` and `followers`: what more there is to users, and who
        follows them, by identifier. `late`: how long what is late is not shown. `shelf` is what there is.
        """
        self.world = world
        self.base = ""
        self.search_lag = timedelta()
        self.credits = True
        self.withdrawn: set[str] = set()
        self.limits: dict[str, int] = {}
        self.owner = ""
        self.late = timedelta(minutes=10)
        self.profiles: dict[str, dict[str, Any]] = {}
        self.followers: dict[str, list[Person]] = {}
        self.pitfalls = Turns(PITFALLS)
        self.shelf = Shelf(world, self.pitfalls)
        self.ledger = Ledger()
        self._protected: set[str] = set()
        self.grants = standin_auth.Grants()
        self.activity = Activity(world, self.shelf.everything, self.pitfalls, self.ledger)
        self._used: dict[tuple[str, str], tuple[datetime, int]] = {}
        world.minters[self.platform] = self
        world.replies_outlive.add(self.platform)

    # What the server and the demo ask

    def verb(self, request: Request) -> str:
        """Name the kind of request."""
        route, _ = self._routed(request)
        if route is None:
            special = {STREAM: "stream", TOKEN: "token"}.get(request.path)
            is_page = _PERMALINK.fullmatch(request.path) or request.path.startswith(PICTURES)
            return special or (PAGE if is_page else "other")
        if route.verb == "hide" and request.json == {"hidden": False}:
            return "unhide"
        return route.verb

    def handle(self, request: Request) -> Response:
        """Answer as X would."""
        with self.world.lock:
            if request.path == TOKEN and request.method == "POST":
                lost = self.pitfalls.meets("refresh_lost")
                return standin_auth.renewed(self.grants, request, self.world.clock(), lost=lost)
            route, arguments = self._routed(request)
            if route is None and request.path != STREAM:
                return self._page(request)
            bases = (self.base, f"http://{request.headers.get('host')}")
            caller = standin_auth.caller(request, self.shelf.accounts(), bases, self.grants, self.world.clock())
            if caller is None:
                return self.fault(faults.UNAUTHORISED, request)
            trouble = standin_troubles.trouble(self.pitfalls, self.world.clock())
            if trouble:
                return trouble
            if route is None:
                return (
                    self.activity.stream(self.shelf.accounts())
                    if caller.way == "app"
                    else ask.problem(403, "Forbidden")
                )
            return self._answered(request, route, caller, arguments)

    def _answered(self, request: Request, route: Route, caller: Caller, arguments: Mapping[str, str]) -> Response:
        headers = self._counted(route, caller)
        if headers["x-rate-limit-remaining"] == "-1":
            return ask.problem(429, "Too Many Requests", headers={**headers, "x-rate-limit-remaining": "0"})
        try:
            if route.way not in ("", caller.way):
                raise ask.Declined(ask.problem(403, "Forbidden"))  # noqa: TRY301  declined like all else
            answer: Callable[..., dict[str, Any]] = getattr(self, route.answer)
            self._paid()
            ask.known_parameters(request, route.parameters)
            given = answer(request, caller, **arguments)
        except ask.Declined as declined:
            response = declined.response
            return Response(status=response.status, body=response.body, headers={**headers, **response.headers})
        if route.bills:
            owned = self.owner != "" and caller.account is not None and caller.account.id == self.owner
            mine = route.answer in ("_timeline", "_mentions", "_followers") and arguments.get("user") == self.owner
            self.ledger.read(given, route.bills, self.world.clock(), owned=owned and mine)
        response = Response.of(given, status=201 if route.answer == "_post" else 200, headers=headers)
        if self.pitfalls.meets("drip"):
            return Response(status=200, headers=headers, pieces=standin_troubles.dripping(response.body))
        return response

    def fault(self, name: str, request: Request) -> Response:  # noqa: ARG002  all requests fail alike
        """Answer as X does when that goes wrong."""
        if name == faults.UNAUTHORISED:
            return ask.problem(401, "Unauthorized")
        if name == faults.RATE_LIMITED:
            reset = int((self.world.clock() + timedelta(minutes=2)).timestamp())
            headers = {"x-rate-limit-limit": "300", "x-rate-limit-remaining": "0", "x-rate-limit-reset": str(reset)}
            return ask.problem(429, "Too Many Requests", headers=headers)
        if name == faults.RATE_LIMITED_NO_RESET:
            return Response.of(standin_troubles.capped(), status=429)
        return ask.problem(403, "Forbidden")

    def switch(self, names: Iterable[str], *, seed: int | None = None) -> None:
        """Switch these pitfalls on and all others off. Raises ValueError if one is unknown."""
        self.pitfalls.switch(names, seed=seed)

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
        for account in self.shelf.accounts():
            if user == account.id or handle.casefold() == account.handle.casefold():
                return {"data": asked.user(account.person)}
        name, value = ("id", user) if user else ("username", handle)
        return {"errors": [asked.dialect.not_found(name, value, "user")]}

    def _users(self, request: Request, _: Caller) -> dict[str, Any]:
        wanted = [part for part in request.one("ids").split(",") if part]
        if not 1 <= len(wanted) <= LOOKUP:
            ask.invalid("ids", "", f"The number of values in the `ids` query parameter is not between 1 and {LOOKUP}")
        asked = self._asked(request)
        people = self.shelf.people()
        found = [asked.user(people[identifier]) for identifier in wanted if identifier in people]
        missing = [asked.dialect.not_found("ids", name, "user") for name in wanted if name not in people]
        return {name: value for name, value in (("data", found), ("errors", missing)) if value}

    def _followers(self, request: Request, _: Caller, user: str) -> dict[str, Any]:
        people = self.followers.get(user, [])
        size = ask.number(request, "max_results", 1, 1000, 100)
        token = request.one("pagination_token", "0")
        begin = int(token) if token.isdecimal() else 0
        given = people[begin : begin + size]
        meta: dict[str, Any] = {"result_count": len(given)}
        if begin + size < len(people):
            meta["next_token"] = str(begin + size)
        shown = [self._asked(request).user(person) for person in given]
        return {**({"data": shown} if shown else {}), "meta": meta}

    def _quoting(self, request: Request, _: Caller, tweet: str) -> dict[str, Any]:
        return self._list(request, [shown for shown in self.shelf.everything() if shown.quoted == tweet], least=10)

    def _post(self, request: Request, caller: Caller) -> dict[str, Any]:
        """A reply of the account's own; to others only if they spoke to it."""
        if caller.account is None:
            raise ask.Declined(ask.app_only())
        wish = request.json if isinstance(request.json, dict) else {}
        text, target = wish.get("text"), (wish.get("reply") or {}).get("in_reply_to_tweet_id")
        shown = self.shelf.wording(str(target))
        if not isinstance(text, str) or not text or shown is None or not isinstance(shown.source, WorldComment):
            ask.invalid("reply.in_reply_to_tweet_id", str(target), "$.reply.in_reply_to_tweet_id is not valid")
        if not (shown.says(caller.account.handle) or shown.quoted):
            raise ask.Declined(ask.problem(403, "Forbidden", detail="You may only reply to those who spoke to you."))
        answer = self.world.add_comment(
            shown.source.post, text, author=caller.account.person, parent=shown.source, hideable=False
        )
        self.ledger.charge("answer", prices.ANSWER_WITH_LINK if "://" in text else prices.ANSWER, self.world.clock())
        return {"data": {"id": answer.id, "text": text, "edit_history_post_ids": [answer.id]}}

    def _subscriptions(self, *_: object) -> dict[str, Any]:
        found = list(self.activity.subscriptions.values())
        return {"data": found} if found else {}

    def _subscribe(self, request: Request, _: Caller) -> dict[str, Any]:
        return self.activity.subscribe(request)

    def _change(self, request: Request, _: Caller, number: str) -> dict[str, Any]:
        return self.activity.change(number, request)

    def _unsubscribe(self, _: Request, __: Caller, number: str) -> dict[str, Any]:
        return self.activity.unsubscribe(number)

    def _timeline(self, request: Request, _: Caller, user: str) -> dict[str, Any]:
        without_replies = "replies" in request.one("exclude").split(",")
        found = [
            shown
            for shown in self.shelf.everything(ask.bounds(request)[0])
            if shown.author_id == user and not (without_replies and shown.answers)
        ]
        return self._list(request, found[: TIMELINE_WITHOUT_REPLIES if without_replies else TIMELINE], least=5)

    def _mentions(self, request: Request, _: Caller, user: str) -> dict[str, Any]:
        handles = [account.handle for account in self.shelf.accounts() if account.id == user]
        found = [
            shown
            for shown in self.shelf.everything(ask.bounds(request)[0])
            if shown.author_id != user
            and any(shown.mentions(handle) for handle in handles)
            and not self._is_late(shown)
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
            for shown in self.shelf.everything(ask.bounds(request)[0])
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
            shown = self.shelf.wording(identifier)
            if self.pitfalls.meets("internal_error"):
                missing.append(standin_troubles.internal_error(asked, identifier))
            elif identifier in self._protected:
                missing.append(asked.dialect.not_authorized("ids", identifier))
            elif shown:
                found.append(shown)
            else:
                missing.append(asked.dialect.not_found("ids", identifier))
        return _answer(asked, found, missing)

    def _one(self, request: Request, _: Caller, tweet: str) -> dict[str, Any]:
        asked = self._asked(request)
        shown = self.shelf.wording(tweet)
        if tweet in self._protected:
            return {"errors": [asked.dialect.not_authorized("id", tweet)]}
        if shown is None:
            return {"errors": [asked.dialect.not_found("id", tweet)]}
        whole = _answer(asked, [shown], [])
        return {**whole, "data": whole["data"][0]}

    def _hide(self, request: Request, caller: Caller, tweet: str) -> dict[str, Any]:
        wish = request.json
        if not isinstance(wish, dict) or not isinstance(wish.get("hidden"), bool):
            ask.invalid("hidden", "", "$.hidden: is missing but it is required")
        if self.pitfalls.meets("vanishing"):
            self._vanish(tweet)
        if self.pitfalls.meets("protected"):
            self._protected.add(tweet)
        comment = self._hideable(caller, tweet)
        if wish["hidden"]:
            if self.pitfalls.meets("full_conversation"):
                raise ask.Declined(ask.problem(403, "Forbidden"))
            already = sum(1 for other in self.world.under(comment.post) if other.hidden_by and not other.deleted_by)
            if comment.hidden_by is None and already >= MOST_HIDDEN:
                raise ask.Declined(ask.problem(403, "Forbidden"))
            self.world.hide(comment, APP)
        else:
            self.world.unhide(comment, APP)
        self.ledger.charge("hiding", prices.MANAGE, self.world.clock())
        return {"data": {"hidden": comment.hidden_by is not None}}

    def _hideable(self, caller: Caller, tweet: str) -> WorldComment:
        """The reply, if this caller may hide it: in the caller's own conversation, by somebody else, and there."""
        if caller.account is None:
            raise ask.Declined(ask.app_only())
        shown = None if tweet in self._protected else self.shelf.wording(tweet)
        if shown is None:
            raise ask.Declined(Response.of({**standin_shape.POST.not_found("id", tweet), "status": 404}, status=404))
        source = shown.source
        if (
            not isinstance(source, WorldComment)
            or shown.quoted
            or source.post.author.id != caller.account.id
            or shown.author_id == caller.account.id
            or not source.hideable
        ):
            raise ask.Declined(ask.problem(403, "Forbidden"))
        return source

    def _delete(self, _: Request, caller: Caller, tweet: str) -> dict[str, Any]:
        if caller.account is None:
            raise ask.Declined(ask.app_only())
        shown = self.shelf.wording(tweet)
        if shown is None or shown.author_id != caller.account.id:
            raise ask.Declined(ask.problem(403, "Forbidden", detail="You are not permitted to perform this action."))
        if isinstance(shown.source, WorldComment):
            self.world.delete(shown.source, APP)
        else:
            self.world.delete_post(shown.source, APP)
        return {"data": {"deleted": True}}

    def _page(self, request: Request) -> Response:
        """The public page of whatever the permalink names; a hidden reply is left out of it."""
        if request.path.startswith(PICTURES):
            return self._picture(request.path)
        permalink = _PERMALINK.fullmatch(request.path)
        if permalink is None:
            return ask.problem(404, "Not Found")
        shown = self.shelf.wording(permalink["tweet"])
        if shown is None:
            return Response.page(page.not_available(self.platform), status=404)
        if isinstance(shown.source, WorldComment):
            linked, post = shown.source, shown.source.post
        else:
            linked, post = None, shown.source
        return Response.page(page.render(self.platform, post, self.world.under(post), linked))

    def _picture(self, path: str) -> Response:
        medium = self.shelf.medium(path)
        if medium is None:
            return ask.problem(404, "Not Found")
        return Response(status=200, body=medium.body, headers={"content-type": medium.kind})

    # What they share

    def _vanish(self, identifier: str) -> None:
        shown = self.shelf.wording(identifier)
        if shown and isinstance(shown.source, WorldComment):
            self.world.delete(shown.source, "author")

    def _is_late(self, shown: Shown) -> bool:
        young = self.world.clock() - shown.at < self.late
        return young and self.pitfalls.meets("late_mentions", shown.id)

    def _routed(self, request: Request) -> tuple[Route | None, Mapping[str, str]]:
        for route in ROUTES:
            match = route.path.fullmatch(request.path)
            if match and route.method == request.method:
                return route, match.groupdict()
        return None, {}

    def _asked(self, request: Request) -> Asked:
        withdrawn = self.withdrawn | ({"author_id", "created_at"} if self.pitfalls.meets("silent_fields") else set())
        named = {account.handle.casefold(): account.id for account in self.shelf.accounts()}
        return Asked.by(request, withdrawn, named, self.profiles)

    def _list(self, request: Request, found: Iterable[Shown], *, least: int) -> dict[str, Any]:
        """One page of a list, newest first, with the token of the next."""
        size = ask.number(request, "max_results", least, LOOKUP, 10)
        since, until = ask.bounds(request)
        after = ask.position(request)
        inside = [shown for shown in found if since < int(shown.id) < min(until, after)]
        if not (request.one("next_token") or request.one("pagination_token")) and self.pitfalls.meets("empty_pages"):
            size = 0
        given, rest = inside[:size], inside[size:]
        if given and after < 1 << 63 and self.pitfalls.meets("duplicates"):
            given = [*(shown for shown in found if int(shown.id) == after), *given]
        meta: dict[str, Any] = {"result_count": len(given)}
        if given:
            meta |= {"newest_id": given[0].id, "oldest_id": given[-1].id}
        if rest:
            last = given[-1].id if given else str((1 << 63) - 1)
            meta["next_token"] = base64.b32hexencode(last.encode()).decode().rstrip("=").lower()
        asked = self._asked(request)
        odd = [asked.dialect.not_found("referenced", "7")] if self.pitfalls.meets("partial_errors") else []
        return {**_answer(asked, given, odd), "meta": meta}

    def _searchable(self, request: Request, now: datetime) -> None:
        """Refuse what search refuses: asking for more than seven days, or for a time and an identifier at once."""
        oldest = snowflake.first_at(now - WEEK)
        since_id = request.one("since_id")
        if since_id and (int(since_id) < oldest or self.pitfalls.meets("stale_since_id")):
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
            raise ask.Declined(Response.of(standin_troubles.broke(), status=402))

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
