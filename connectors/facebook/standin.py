"""A Facebook Page as Graph v26.0 shows it, over the shared world, with the public page that a permalink opens.

From Graph's reference pages (User, Page, Page Post, Comment, Debug Token) and the tables of facebook-business 26.0.3.
Where those leave something open, the choice made here says so: "unsure".
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

from connectors.standin import faults, graph, page, world
from connectors.standin.graph import Call, Trouble
from connectors.standin.server import PAGE, Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connectors.standin.graph import Field
    from connectors.standin.server import Request
    from connectors.standin.world import Person, World, WorldAccount, WorldComment, WorldPost

APP_ID = "2210000000000042"
APP_SECRET = "standin0app0secret0of0no0use0elsewhere"  # noqa: S105  it opens nothing but this stand-in
PERSON = world.Person(id="10220000000000099", name="Page Staff", handle="page.staff")
FEEDS = ("feed", "posts", "published_posts", "visitor_posts")
SCOPES = ["pages_show_list", "pages_read_engagement", "pages_read_user_content", "pages_manage_engagement"]
MINUTES = 7
_FIRST_ID = 122_100_000_000_000_000
_POST_DEFAULT = "created_time,message,id"
_COMMENT_DEFAULT = "created_time,from,message,id"


@dataclass(slots=True, kw_only=True)
class Quirks:
    """What differs from Page to Page and from comment to comment; tests switch it.

    `can_hide`: whether the field of that name is sent. `feed_by_time`: the feed pages by time and not by cursor.
    `ranked`: comments come in an order of Facebook's own. `phantoms`: how many comments are counted and not shown.
    `refusal`: the code with which a comment that cannot be hidden is refused (unsure: 200 or 100).
    `writes_blocked`: every write is answered with 368. `writes_missing`: with 100/33, as if nothing were there.
    `lacks`: permissions the token does not have. `success`: what a write that worked answers.
    """

    can_hide: bool = True
    feed_by_time: bool = False
    ranked: bool = False
    phantoms: int = 0
    refusal: int = 200
    writes_blocked: bool = False
    writes_missing: bool = False
    lacks: frozenset[str] = frozenset()
    success: object = field(default_factory=lambda: {"success": True})


class StandIn:
    """Graph and www.facebook.com at one address."""

    platform: ClassVar[str] = "facebook"

    def __init__(self, world: World) -> None:
        """Take the world and become the one who names posts and comments on Facebook in it."""
        self.world = world
        self.base = ""
        self.manners = graph.Manners()
        self.quirks = Quirks()
        self._traces = itertools.count(1)
        world.minters[self.platform] = self

    def mint_post(self, account: WorldAccount, at: datetime, number: int) -> str:  # noqa: ARG002
        """``{page}_{post}``, as text beyond 2^53."""
        return f"{account.id}_{_FIRST_ID + number * 7919}"

    def mint_comment(self, post: WorldPost, parent: WorldComment | None, at: datetime, number: int) -> str:  # noqa: ARG002
        """``{post}_{comment}``; a reply, too, begins with the post's part."""
        return f"{_own_part(post.id)}_{_FIRST_ID + number * 7919}"

    def credentials(self, account: WorldAccount) -> dict[str, str]:
        """What the connector of a Page needs."""
        return {"page_token": self.page_token(account), "app_id": APP_ID, "app_secret": APP_SECRET}

    def page_token(self, account: WorldAccount) -> str:
        """A Page's token."""
        return f"EAAStandInPage{account.id}"

    user_token = f"EAAStandInUser{PERSON.id}"
    expired_token = "EAAStandInExpired"  # noqa: S105  it is a made-up one

    def post_url(self, post: WorldPost) -> str:
        """The public address of a post."""
        return f"{self.base}/{post.account.handle}/posts/{_own_part(post.id)}"

    def comment_url(self, comment: WorldComment) -> str:
        """The public address of a comment, a reply's with its parent's."""
        own = _own_part(comment.id)
        named = {"comment_id": _own_part(comment.parent.id), "reply_comment_id": own} if comment.parent else None
        return f"{self.post_url(comment.post)}?{urlencode(named or {'comment_id': own})}"

    def verb(self, request: Request) -> str:
        """Name the kind of request."""
        if _public(request):
            return PAGE
        call = Call.of(request)
        if not call.path:
            return "batch"
        if len(call.path) > 1:
            return "list"
        if call.method == "DELETE":
            return "delete"
        if call.method == "POST":
            return "unhide" if call.params.get("is_hidden", "").lower() in ("false", "0") else "hide"
        return "look" if "_" in call.path[0] and (self.platform, call.path[0]) not in self.world.posts else "node"

    def handle(self, request: Request) -> Response:
        """Answer as Facebook would."""
        with self.world.lock:
            if _public(request):
                return self._public_page(request)
            call = Call.of(request)
            try:
                return self._answer(self._route(call), call)
            except Trouble as trouble:
                return self._trouble(trouble, call)

    def fault(self, name: str, request: Request) -> Response:
        """Answer as Facebook does when that goes wrong."""
        call = Call.of(request)
        headers = self.manners.headers(self._business(call), MINUTES)
        throttled = (
            "(#80001) There have been too many calls to this Page account. Wait a bit and try again. For more info, "
            "please refer to https://developers.facebook.com/docs/graph-api/overview/rate-limiting."
        )
        troubles = {
            faults.UNAUTHORISED: _expired(),
            faults.REFUSED: Trouble("(#200) Permissions error", 200, status=403),
            faults.RATE_LIMITED: Trouble(throttled, 80001, headers=headers),
            faults.RATE_LIMITED_NO_RESET: Trouble(throttled, 80001, headers={"x-business-use-case-usage": "{}"}),
        }
        return self._trouble(troubles[name], call)

    # Who asks

    def _page_of(self, call: Call) -> WorldAccount | None:
        """The Page whose token was sent; None for a person's. Raises Trouble."""
        if not call.token:
            message = "An access token is required to request this resource."
            raise Trouble(message, 104, status=401)
        self._check_proof(call)
        for account in self._accounts():
            if call.token == self.page_token(account):
                return account
        if call.token == self.expired_token:
            raise _expired()
        if call.token not in (self.user_token, f"{APP_ID}|{APP_SECRET}"):
            message = "Invalid OAuth access token - Cannot parse access token"
            raise Trouble(message, 190, status=401)
        return None

    def _check_proof(self, call: Call) -> None:
        sent = call.params.get("appsecret_proof")
        if sent is None and self.manners.proof_required:
            message = "API calls from the server require an appsecret_proof argument"
            raise Trouble(message, 100, type="GraphMethodException")
        if sent is not None and sent != graph.proof(call.token, APP_SECRET):
            message = "Invalid appsecret_proof provided in the API argument"
            raise Trouble(message, 100, type="GraphMethodException")

    def _need(self, permission: str) -> None:
        if permission in self.quirks.lacks:
            message = f"(#10) This endpoint requires the '{permission}' permission to be granted"
            raise Trouble(message, 10, status=403)

    def _accounts(self) -> list[WorldAccount]:
        return [account for account in self.world.accounts.values() if account.platform == self.platform]

    # What is asked

    def _route(self, call: Call) -> object:
        if not call.path and call.method == "POST":
            return self._batch(call)
        if call.path == ("debug_token",):
            return self._debug_token(call)
        mine = self._page_of(call)
        if call.method == "GET":
            return self._read(mine, call)
        if len(call.path) != 1 or call.method not in ("POST", "DELETE"):
            raise _unknown(call)
        comment = self._comment(call.path[0], mine, call)
        return self._update(comment, mine, call) if call.method == "POST" else self._delete(comment, mine, call)

    def _read(self, mine: WorldAccount | None, call: Call) -> object:
        match call.path:
            case ("me",):
                return self._page_node(mine, call) if mine else self._person(call)
            case ("me", "accounts"):
                return {"data": [] if mine else [self._role(account, call) for account in self._accounts()]}
            case (ident,):
                return self._node(ident, mine, call)
            case (ident, edge):
                return self._edge(ident, edge, mine, call)
        raise _unknown(call)

    def _node(self, ident: str, mine: WorldAccount | None, call: Call) -> object:
        if account := self.world.accounts.get((self.platform, ident)):
            return self._page_node(account, call)
        if post := self._post(ident, mine):
            return self._show_post(post, graph.fields(call.params.get("fields", ""), _POST_DEFAULT), call)
        comment = self._comment(ident, mine, call)
        return self._show_comment(comment, graph.fields(call.params.get("fields", ""), _COMMENT_DEFAULT), call)

    def _edge(self, ident: str, edge: str, mine: WorldAccount | None, call: Call) -> object:
        account = self.world.accounts.get((self.platform, ident if ident != "me" or not mine else mine.id))
        if account and edge in FEEDS:
            self._need("pages_read_engagement")
            return self._feed(account, edge, call) if account is mine else {"data": []}
        if edge == "comments":
            self._need("pages_read_user_content")
            target = self._post(ident, mine) or self._comment(ident, mine, call)
            asked = graph.fields(call.params.get("fields", ""), _COMMENT_DEFAULT)
            return self._comments(target, call.params, asked, call) if mine else {"data": []}
        message = f"(#100) Tried accessing nonexisting field ({edge})"
        raise Trouble(message, 100)

    def _post(self, ident: str, mine: WorldAccount | None) -> WorldPost | None:
        post = self.world.posts.get((self.platform, ident))
        return post if post and not post.deleted_by and mine in (None, post.account) else None

    def _comment(self, ident: str, mine: WorldAccount | None, call: Call) -> WorldComment:
        comment = self.world.comments.get((self.platform, ident))
        if comment is None or _gone(comment) or mine not in (None, comment.account):
            raise graph.no_such_object(call.method, ident)
        return comment

    # What is done

    def _update(self, comment: WorldComment, mine: WorldAccount | None, call: Call) -> object:
        self._check_write(comment, mine, call)
        if "is_hidden" not in call.params:
            message = "(#100) The parameter is_hidden is required"
            raise Trouble(message, 100)
        if not graph.truth(call.params["is_hidden"]):
            self.world.unhide(comment, world.APP)
        elif not self._can_hide(comment):
            message = f"(#{self.quirks.refusal}) Permissions error"
            raise Trouble(message, self.quirks.refusal, status=403)
        else:
            self.world.hide(comment, world.APP)
        return self.quirks.success

    def _delete(self, comment: WorldComment, mine: WorldAccount | None, call: Call) -> object:
        self._check_write(comment, mine, call)
        self._need("pages_read_user_content")
        self.world.delete(comment, world.APP)
        return self.quirks.success

    def _check_write(self, comment: WorldComment, mine: WorldAccount | None, call: Call) -> None:
        self._need("pages_manage_engagement")
        if mine is None:
            message = "(#200) Permissions error"
            raise Trouble(message, 200, status=403)
        if self.quirks.writes_missing:
            raise graph.no_such_object(call.method, comment.id)
        if self.quirks.writes_blocked:
            message = "The action attempted has been deemed abusive or is otherwise disallowed"
            raise Trouble(message, 368)

    def _can_hide(self, comment: WorldComment) -> bool:
        """Not the Page's own, and none under a visitor's post ("Comment", Graph API reference)."""
        own = comment.author is not None and comment.author.id == comment.account.id
        return comment.hideable and not own and comment.post.author.id == comment.account.id

    # What is shown

    def _feed(self, account: WorldAccount, edge: str, call: Call) -> object:
        there = [post for post in self.world.posts_of(account) if not post.deleted_by and _listed(post, edge)]
        posts = sorted(there, key=lambda post: post.at, reverse=True)
        cut = graph.window(posts, lambda post: post.id, call.params, self.manners, self._link(call))
        asked = graph.fields(call.params.get("fields", ""), _POST_DEFAULT)
        answer: dict[str, Any] = {"data": [self._show_post(post, asked, call) for post in cut.items]}
        if cut.paging:
            by_time = edge == "feed" and self.quirks.feed_by_time and cut.items
            answer["paging"] = self._by_time(cut.items[-1], call) if by_time else cut.paging
        return answer

    def _by_time(self, last: WorldPost, call: Call) -> dict[str, str]:
        """The older way in which feeds are paged: no cursors, and a `next` until a page is empty and has none."""
        token = {"until": int(last.at.timestamp()), "__paging_token": graph.cursor(last.id)}
        return {"next": f"{self._link(call)}&{urlencode(token)}"}

    def _comments(
        self, target: WorldPost | WorldComment, args: Mapping[str, str], asked: tuple[Field, ...], call: Call
    ) -> dict[str, Any]:
        found = [comment for comment in self._below(target, args.get("filter", "toplevel")) if not comment.deleted_by]
        order = "ranked" if self.quirks.ranked else args.get("order", "chronological")
        if order == "ranked":
            found.sort(key=lambda comment: comment.id[::-1])
        elif order == "reverse_chronological":
            found.reverse()
        elif order != "chronological":
            message = "(#100) Param order must be one of {chronological, reverse_chronological}"
            raise Trouble(message, 100)
        if since := args.get("since"):
            found = [comment for comment in found if comment.at >= _time(since)]
        cut = graph.window(found, lambda comment: comment.id, args, self.manners, self._link(call, target, args))
        answer: dict[str, Any] = {"data": [self._show_comment(comment, asked, call) for comment in cut.items]}
        if cut.paging:
            answer["paging"] = cut.paging
        if (summary := args.get("summary", "false")) != "false":
            count = len(found) + self.quirks.phantoms
            told = {"order": order, "total_count": count, "can_comment": True}
            every = summary in ("true", "1")
            answer["summary"] = {name: part for name, part in told.items() if every or name in summary.split(",")}
        return answer

    def _below(self, target: WorldPost | WorldComment, filtered: str) -> list[WorldComment]:
        if filtered not in ("toplevel", "stream"):
            message = "(#100) Param filter must be one of {toplevel, stream}"
            raise Trouble(message, 100)
        is_post = isinstance(target, world.WorldPost)
        everything = self.world.under(target if isinstance(target, world.WorldPost) else target.post)
        parent = None if isinstance(target, world.WorldPost) else target
        if filtered == "stream":
            chosen = [comment for comment in everything if is_post or parent in _above(comment)]
        else:
            chosen = [comment for comment in everything if comment.parent is parent]
        return sorted(chosen, key=lambda comment: comment.at)

    def _show_post(self, post: WorldPost, asked: tuple[Field, ...], call: Call) -> dict[str, Any]:
        return graph.show(
            "PagePost",
            {
                "id": lambda _: post.id,
                "message": lambda _: post.text or None,
                "story": lambda _: None,
                "created_time": lambda _: graph.stamp(post.at),
                "updated_time": lambda _: graph.stamp(max([post.at, *(c.at for c in self.world.under(post))])),
                "permalink_url": lambda _: self.post_url(post),
                "from": lambda one: _named(post.author, one),
                "full_picture": lambda _: None,
                "status_type": lambda _: "mobile_status_update" if post.author.id == post.account.id else "wall_post",
                "is_published": lambda _: True,
                "is_hidden": lambda _: False,
                "is_expired": lambda _: False,
                "parent_id": lambda _: None,
                "comments": lambda one: self._nested(post, one, call),
            },
            asked,
        )

    def _show_comment(self, comment: WorldComment, asked: tuple[Field, ...], call: Call) -> dict[str, Any]:
        sticker = {
            "type": "sticker",
            "url": f"https://www.facebook.com/stickers/{_own_part(comment.id)}",
            "target": {
                "id": _own_part(comment.id),
                "url": f"https://www.facebook.com/stickers/{_own_part(comment.id)}",
            },
            "media": {"image": {"height": 80, "width": 80, "src": f"{self.base}/sticker/{_own_part(comment.id)}.png"}},
        }
        with_author = call.token != self.user_token
        return graph.show(
            "Comment",
            {
                "id": lambda _: comment.id,
                "message": lambda _: comment.text or None,
                "created_time": lambda _: graph.stamp(comment.at),
                "from": lambda one: _named(comment.author, one) if comment.author and with_author else None,
                "is_hidden": lambda _: comment.hidden_by is not None,
                "is_private": lambda _: False,
                "can_hide": lambda _: self._can_hide(comment) if self.quirks.can_hide else None,
                "can_remove": lambda _: True,
                "can_comment": lambda _: True,
                "can_like": lambda _: True,
                "can_reply_privately": lambda _: False,
                "comment_count": lambda _: sum(not reply.deleted_by for reply in self.world.replies(comment)),
                "like_count": lambda _: 0,
                "user_likes": lambda _: False,
                "message_tags": lambda _: None,
                "attachment": lambda _: None if comment.text else sticker,
                "object": lambda _: None,
                "parent": lambda one: self._parent(comment, one, call),
                "permalink_url": lambda _: self.comment_url(comment),
                "comments": lambda one: self._nested(comment, one, call),
            },
            asked,
        )

    def _parent(self, comment: WorldComment, one: Field, call: Call) -> dict[str, Any] | None:
        asked = one.inner or graph.fields("", _COMMENT_DEFAULT)
        return self._show_comment(comment.parent, asked, call) if comment.parent else None

    def _nested(self, target: WorldPost | WorldComment, one: Field, call: Call) -> dict[str, Any]:
        return self._comments(target, one.args, one.inner or graph.fields("", _COMMENT_DEFAULT), call)

    def _page_node(self, account: WorldAccount, call: Call) -> dict[str, Any]:
        known: dict[str, Callable[[Field], Any]] = {
            "id": lambda _: account.id,
            "name": lambda _: account.name,
            "username": lambda _: account.handle,
            "link": lambda _: f"{self.base}/{account.handle}",
            "category": lambda _: "City",
            "fan_count": lambda _: 4120,
            "followers_count": lambda _: 4120,
        }
        return graph.show("Page", known, graph.fields(call.params.get("fields", ""), "name,id"))

    def _person(self, call: Call) -> dict[str, Any]:
        known: dict[str, Callable[[Field], Any]] = {"id": lambda _: PERSON.id, "name": lambda _: PERSON.name}
        return graph.show("User", known, graph.fields(call.params.get("fields", ""), "name,id"))

    def _role(self, account: WorldAccount, call: Call) -> dict[str, Any]:
        known: dict[str, Callable[[Field], Any]] = {
            "id": lambda _: account.id,
            "name": lambda _: account.name,
            "category": lambda _: "City",
            "access_token": lambda _: self.page_token(account),
            "tasks": lambda _: ["MODERATE", "MESSAGING", "ANALYZE"],
        }
        return graph.show(
            "Page", known, graph.fields(call.params.get("fields", ""), "access_token,category,name,id,tasks")
        )

    def _debug_token(self, call: Call) -> object:
        """Only the app itself may ask (unsure: its developers may, too)."""
        if call.token != f"{APP_ID}|{APP_SECRET}":
            message = "(#100) You must provide an app access token, or a user access token of a developer of the app"
            raise Trouble(message, 100)
        asked = call.params.get("input_token", "")
        account = next((each for each in self._accounts() if self.page_token(each) == asked), None)
        known = {"app_id": APP_ID, "application": "citymod", "type": "PAGE" if account else "USER"}
        scopes = [scope for scope in SCOPES if scope not in self.quirks.lacks]
        if account or asked == self.user_token:
            holder = {"profile_id": account.id} if account else {}
            ends = {"expires_at": 0, "data_access_expires_at": 0, "is_valid": True, "scopes": scopes}
            return {"data": {**known, **holder, **ends, "user_id": PERSON.id}}
        error = {"code": 190, "message": "Invalid OAuth access token.", "subcode": 467}
        return {"data": {"error": error, "is_valid": False, "scopes": []}}

    def _batch(self, call: Call) -> object:
        """Every operation by itself, in order; one that fails does not stop the others."""
        with_headers = graph.truth(call.params.get("include_headers", "true"))
        return [graph.packed(self.handle(one), with_headers=with_headers) for one in graph.operations(call)]

    # How it is answered

    def _link(
        self, call: Call, target: WorldPost | WorldComment | None = None, args: Mapping[str, str] | None = None
    ) -> str:
        """The address of a list, token and all, as `next` and `previous` give it."""
        path = f"{target.id}/comments" if target else "/".join(call.path)
        kept = {name: value for name, value in (args or call.params).items() if name not in _NOT_REPEATED}
        return f"{self.base}/{call.version or self.manners.served}/{path}?" + urlencode(
            {"access_token": call.token, "pretty": "0", **kept}
        )

    def _business(self, call: Call) -> str:
        return next((each.id for each in self._accounts() if call.token == self.page_token(each)), "0")

    def _answer(self, payload: object, call: Call) -> Response:
        return Response(status=200, body=graph.encode(payload), headers={**self.manners.headers(self._business(call))})

    def _trouble(self, trouble: Trouble, call: Call) -> Response:
        trace = f"A{next(self._traces):07d}standin"
        headers = {**self.manners.headers(self._business(call)), **trouble.headers}
        return Response(status=trouble.status, body=graph.encode(trouble.envelope(trace)), headers=headers)

    def _public_page(self, request: Request) -> Response:
        """What anybody sees. A linked comment that is hidden or deleted is not on the page (unsure: or no page is)."""
        handle, _, ident = request.path.strip("/").split("/")
        account = next((each for each in self._accounts() if each.handle == handle), None)
        post = self.world.posts.get((self.platform, f"{account.id}_{ident}")) if account else None
        if post is None or post.deleted_by:
            return Response.page(page.not_available(self.platform), status=404)
        shown = [
            comment
            for comment in self.world.under(post)
            if comment.public and all(above.public for above in _above(comment))
        ]
        named = request.one("reply_comment_id") or request.one("comment_id")
        linked = next((comment for comment in shown if _own_part(comment.id) == named), None)
        return Response.page(page.render(self.platform, post, shown, linked))


_NOT_REPEATED = frozenset({"after", "before", "until", "__paging_token", "appsecret_proof", "pretty"})


def _public(request: Request) -> bool:
    """Whether a web page is asked for: ``/{handle}/posts/{post}``. Graph's own paths have no `posts` in the middle."""
    parts = request.path.strip("/").split("/")
    return request.method == "GET" and len(parts) == 3 and parts[1] == "posts"  # noqa: PLR2004  three parts


def _own_part(ident: str) -> str:
    """What names a post or comment itself, without what it stands under."""
    return ident.rpartition("_")[2]


def _listed(post: WorldPost, edge: str) -> bool:
    """Whether a post stands in the feed of that name: all, the visitors', or the Page's own."""
    visitors = post.author.id != post.account.id
    return edge == "feed" or visitors == (edge == "visitor_posts")


def _gone(comment: WorldComment) -> bool:
    """Whether the comment was deleted, by itself or with its post."""
    return bool(comment.deleted_by or comment.post.deleted_by)


def _above(comment: WorldComment) -> list[WorldComment]:
    """The comments to which this one, in the end, replies."""
    found = []
    while comment.parent:
        comment = comment.parent
        found.append(comment)
    return found


def _named(person: Person, one: Field) -> dict[str, Any]:
    return graph.pick({"name": person.name, "id": person.id}, one)


def _time(text: str) -> datetime:
    """A time parameter: seconds since 1970 or ISO 8601."""
    try:
        return datetime.fromtimestamp(int(text), UTC) if text.isdigit() else datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        message = "(#100) param since must be a valid date/time"
        raise Trouble(message, 100) from None


def _unknown(call: Call) -> Trouble:
    return Trouble(f"Unknown path components: /{'/'.join(call.path)}", 2500)


def _expired() -> Trouble:
    message = (
        "Error validating access token: Session has expired on Sunday, 22-Nov-26 00:00:00 PST. The current time is "
        "Sunday, 22-Nov-26 01:00:00 PST."
    )
    return Trouble(message, 190, 463)
