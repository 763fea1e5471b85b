"""An Instagram account as Graph v26.0 shows it behind Facebook Login, over the shared world, with its public pages.

From Graph's reference pages (IG User, IG Media, IG Comment, Debug Token), the Instagram Platform guides (Comment
Moderation, Mentions, Private Replies, Error Codes) and the tables of facebook-business 26.0.3. Where those leave
something open, the choice made here says so: "unsure". What is shown is in `standin_show`.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from connectors.instagram import standin_keys as keys
from connectors.instagram.standin_pitfalls import (
    OWN_FAULTS,
    PITFALLS,
    SWITCHES,
    THROTTLED,
    blocked,
    troubles,
)
from connectors.instagram.standin_show import Quirks, Shape, Show
from connectors.standin import graph, page, world
from connectors.standin import graph_apps as apps
from connectors.standin.graph import Call, Trouble
from connectors.standin.graph_standin import GraphStandIn, Happenings
from connectors.standin.server import PAGE, Response

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from connectors.standin.graph_keys import App
    from connectors.standin.server import Request
    from connectors.standin.world import World, WorldAccount, WorldComment, WorldPost

FILE = "file"
_COMMENTS = "180"
PRIVATE_REPLY = timedelta(days=7)
_LATE = timedelta(minutes=5)
_PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0000003010100"
    "18dd8db00000000049454e44ae426082"
)


class StandIn(GraphStandIn):
    """Graph, www.instagram.com and Instagram's servers of pictures at one address."""

    platform: ClassVar[str] = "instagram"
    app: ClassVar[App] = keys.APP
    limit: ClassVar[str] = "instagram"
    throttled: ClassVar[tuple[str, int]] = (THROTTLED, 80002)
    switches: ClassVar[Mapping[str, tuple[str, str, object]]] = SWITCHES
    own_faults: ClassVar[tuple[str, ...]] = tuple(OWN_FAULTS)

    def __init__(self, world: World) -> None:
        """Take the world and become the one who names media and comments on Instagram in it."""
        super().__init__(world, PITFALLS)
        world.minters[self.platform] = self
        self.quirks: Quirks = Quirks()
        self.happenings = Happenings(world, self.pitfalls, "hidden_by_instagram", _LATE)
        self.shapes: dict[str, Shape] = {}
        self.tagged: list[dict[str, Any]] = []
        self.mentions: dict[str, dict[str, Any]] = {}
        self.answered_privately: list[tuple[str, str]] = []
        self._show = Show(self)
        self._keys = keys.Keys(self)

    def page_token(self, account: WorldAccount) -> str:
        """The token of the Page that an account is linked to."""
        return keys.page_token(account)

    def mint_post(self, account: WorldAccount, at: datetime, number: int) -> str:  # noqa: ARG002
        """Text beyond 2^53."""
        return str(17_900_000_000_000_000 + number * 7919)

    def mint_comment(self, post: WorldPost, parent: WorldComment | None, at: datetime, number: int) -> str:  # noqa: ARG002
        """Text beyond 2^53, which says nothing of where the comment stands."""
        return f"{_COMMENTS}{number * 7919:014}"

    def credentials(self, account: WorldAccount) -> dict[str, str]:
        """What the connector of an account needs."""
        app = {"app_id": keys.APP_ID, "app_secret": keys.APP_SECRET, "verify_token": keys.VERIFY_TOKEN}
        return {"page_token": keys.page_token(account), **app}

    def shape(self, post: WorldPost) -> Shape:
        """What kind of medium a post is; a picture unless something else was said."""
        return self.shapes.setdefault(post.id, Shape())

    def post_url(self, post: WorldPost) -> str:
        """The public address of a medium."""
        return self._show.permalink(post)

    def comment_url(self, comment: WorldComment) -> str:
        """The public address of a comment, a reply's with its parent's (unsure: that Graph's identifiers serve)."""
        above = self._show.top(comment)
        named = f"c/{comment.id}/" if above is comment else f"c/{above.id}/r/{comment.id}/"
        return f"{self.post_url(comment.post)}{named}"

    def verb(self, request: Request) -> str:
        """Name the kind of request."""
        if _public(request):
            return PAGE
        call = Call.of(request)
        if not call.path:
            return "batch"
        if call.method == "GET":
            return _reading(call)
        if call.method == "DELETE":
            return "delete"
        if len(call.path) > 1 or "comment_enabled" in call.params:
            return _POSTED.get(call.path[-1], "create") if len(call.path) > 1 else "toggle"
        return "unhide" if call.params.get("hide", "").lower() in ("false", "0") else "hide"

    def handle(self, request: Request) -> Response:
        """Answer as Instagram would."""
        with self.world.lock:
            if _public(request):
                return self._public_page(request)
            call = Call.of(request)
            if call.path[:1] == ("cdn",):
                return self._picture()
            return self._called(call)

    def _troubles(self, headers: Mapping[str, str]) -> Mapping[str, Trouble]:
        return troubles(headers)

    # What is asked

    def _route(self, call: Call) -> object:
        if not call.path and call.method == "POST":
            return self._batch(call)
        if call.path == ("debug_token",):
            return self._keys.debug_token(call)
        mine = self._keys.account_of(call)
        if call.method == "GET":
            return self._read(mine, call)
        if len(call.path) == 1 and call.method in ("POST", "DELETE"):
            return self._write(mine, call)
        if len(call.path) == 2 and call.method == "POST":  # noqa: PLR2004  an object and its list
            return self._create(*call.path, mine, call)
        raise _unknown(call)

    def _read(self, mine: WorldAccount | None, call: Call) -> object:
        match call.path:
            case ("me",):
                return keys.page_node(mine, call) if mine else keys.APP.who(call)
            case ("me", "accounts"):
                return {"data": [] if mine else [keys.page_node(account, call) for account in self.accounts()]}
            case (ident,):
                return self._node(ident, mine, call)
            case (ident, apps.APPS):
                return self._subscription(ident, mine, call)
            case (ident, edge):
                return self._edge(ident, edge, mine, call)
        raise _unknown(call)

    def _node(self, ident: str, mine: WorldAccount | None, call: Call) -> object:
        for account in self.accounts():
            if ident == keys.page_id(account) and mine in (None, account):
                return keys.page_node(account, call)
        if account_ := self._own_account(ident, mine):
            self._keys.need("instagram_basic")
            return self._show.user(account_, call)
        if post := self._post(ident, mine):
            return self._show.medium(post, graph.fields(call.params.get("fields", ""), "id"), call)
        if "instagram_manage_comments" in self.quirks.lacks:
            raise self._missing(call, ident)
        return self._show.comment(
            self._comment(ident, mine, call), graph.fields(call.params.get("fields", ""), "id,text,timestamp"), call
        )

    def _edge(self, ident: str, edge: str, mine: WorldAccount | None, call: Call) -> object:
        if account := self._own_account(ident, mine):
            self._keys.need("instagram_basic")
            return self._show.of_user(account, edge, call)
        self._keys.need("instagram_manage_comments")
        post = self._post(ident, mine)
        if post and edge == "children":
            return self._show.children(post, graph.fields(call.params.get("fields", ""), "id"))
        if post and edge == "comments":
            return self._show.comments(post, call)
        comment = None if post else self._comment(ident, mine, call)
        if comment and edge == "replies":
            asked = graph.fields(call.params.get("fields", ""), "id,text,timestamp")
            return self._show.replies(comment, call.params, asked, call)
        message = f"(#100) Tried accessing nonexisting field ({edge})"
        raise Trouble(message, 100)

    def _subscription(self, ident: str, mine: WorldAccount | None, call: Call) -> object:
        """What is subscribed of the Page, by which the account is. Raises Trouble."""
        if mine is None or ident not in ("me", keys.page_id(mine)):
            raise graph.no_such_object(call.method, ident)
        return self.apps.answer(keys.page_id(mine), call, self.quirks.lacks)

    def _own_account(self, ident: str, mine: WorldAccount | None) -> WorldAccount | None:
        account = self.world.accounts.get((self.platform, ident))
        return account if mine in (None, account) else None

    def _post(self, ident: str, mine: WorldAccount | None) -> WorldPost | None:
        post = self.world.posts.get((self.platform, ident))
        return post if post and not post.deleted_by and mine in (None, post.account) else None

    def _comment(self, ident: str, mine: WorldAccount | None, call: Call) -> WorldComment:
        comment = self.world.comments.get((self.platform, ident))
        if comment is None or mine not in (None, comment.account):
            raise self._missing(call, ident)
        if self._show.gone(comment) or self._show.is_withheld(comment):
            raise self._missing(call, ident)
        return comment

    def _missing(self, call: Call, ident: str) -> Trouble:
        if self.quirks.missing == 24:  # noqa: PLR2004  Instagram's own code for it
            message = "The requested resource does not exist"
            return Trouble(message, 24, 2207006, self.quirks.error_type)
        trouble = graph.no_such_object(call.method, ident)
        if "own_exceptions" in self.pitfalls.on:
            trouble.type = self.quirks.error_type
        return trouble

    # What is done

    def _write(self, mine: WorldAccount | None, call: Call) -> object:
        self._check_write(call)
        post = self._post(call.path[0], mine)
        if post and "comment_enabled" in call.params:
            self.shape(post).comments_enabled = graph.truth(call.params["comment_enabled"])
            return self.quirks.success
        comment = self._comment(call.path[0], mine, call)
        self.happenings.before_write(comment)
        comment = self._comment(call.path[0], mine, call)
        if call.method == "DELETE":
            self._refuse_live(comment)
            self.world.delete(comment, world.APP)
        else:
            self._hide(comment, call)
        return self.quirks.success

    def _hide(self, comment: WorldComment, call: Call) -> None:
        """The account's own comments stay shown, though the answer is that it was done ("IG Comment", Updating)."""
        if "hide" not in call.params:
            message = "(#100) The parameter hide is required"
            raise Trouble(message, 100)
        self._refuse_live(comment)
        if not graph.truth(call.params["hide"]):
            self.world.unhide(comment, world.APP)
        elif not comment.hideable or self.pitfalls.strikes("cannot_hide", comment.id):
            message = f"(#{self.quirks.refusal}) Permissions error"
            raise Trouble(message, self.quirks.refusal, status=400)
        elif not self._show.is_own(comment):
            self.world.hide(comment, world.APP)

    def _refuse_live(self, comment: WorldComment) -> None:
        if self.shape(comment.post).live:
            message = "(#100) Comments on live video are not supported"
            raise Trouble(message, 100)

    def _check_write(self, call: Call) -> None:
        self._keys.need("instagram_manage_comments")
        if self.quirks.writes_missing:
            raise self._missing(call, call.path[0])
        if self.quirks.writes_blocked:
            raise blocked(self.quirks.writes_blocked)

    def _create(self, ident: str, edge: str, mine: WorldAccount | None, call: Call) -> object:
        if edge == "messages":
            return self._answer_privately(ident, mine, call)
        if edge == apps.APPS:
            return self._subscription(ident, mine, call)
        self._check_write(call)
        text = call.params.get("message", "")
        if edge == "comments" and (post := self._post(ident, mine)):
            made = self.world.add_comment(post, text, author=post.account.person)
        elif edge == "replies":
            comment = self._show.top(self._comment(ident, mine, call))
            if comment.hidden_by:
                message = "(#100) Cannot reply to a hidden comment"
                raise Trouble(message, 100)
            made = self.world.add_comment(comment.post, text, author=comment.account.person, parent=comment)
        else:
            raise _unknown(call)
        return {"id": made.id}

    def _answer_privately(self, ident: str, mine: WorldAccount | None, call: Call) -> object:
        """One message for a comment, within seven days, sent by the Page and not by Instagram's own account."""
        if mine is None or ident not in ("me", keys.page_id(mine)):
            message = "(#3) Application does not have the capability to make this API call."
            raise Trouble(message, 3)
        self._keys.need("pages_messaging")
        comment = self._comment(_object(call, "recipient").get("comment_id", ""), mine, call)
        if self.world.clock() - comment.at > PRIVATE_REPLY:
            message = "(#10) This message is sent outside of allowed window."
            raise Trouble(message, 10, 2534022)
        if any(comment.id == answered for answered, _ in self.answered_privately):
            message = "(#10900) Activity already replied to"
            raise Trouble(message, 10900)
        self.answered_privately.append((comment.id, str(_object(call, "message").get("text", ""))))
        number = len(self.answered_privately)
        return {"recipient_id": comment.author.id if comment.author else "0", "message_id": f"aWdfZAG{number:06d}"}

    # How it is answered

    def _picture(self) -> Response:
        """A picture, for as long as the seal in its address holds."""
        if self.pitfalls.strikes("media_expired"):
            return Response(status=403, body=b"URL signature expired", headers={"content-type": "text/plain"})
        return Response(status=200, body=_PICTURE, headers={"content-type": "image/png"})

    def _public_page(self, request: Request) -> Response:
        """What anybody sees. A linked comment that is hidden or deleted is not on the page (unsure: or no page is)."""
        _, shortcode, *named = request.path.strip("/").split("/")
        found = (post for post in self.world.posts.values() if self._show.is_under(post, shortcode))
        post = next(found, None)
        if post is None or post.deleted_by:
            return Response.page(page.not_available(self.platform), status=404)
        shown = [comment for comment in self.world.under(post) if self._show.is_public(comment)]
        linked = next((comment for comment in shown if named and comment.id == named[-1]), None)
        return Response.page(page.render(self.platform, post, shown, linked))


_POSTED = {apps.APPS: "subscribe"}


def _public(request: Request) -> bool:
    """Whether a web page is asked for: ``/p/{shortcode}/…``, or ``/reel/…`` of a reel."""
    return request.method == "GET" and request.path.startswith(("/p/", "/reel/"))


def _reading(call: Call) -> str:
    """What kind of reading is asked for."""
    if call.path[0] == "cdn":
        return FILE
    if len(call.path) > 1:
        return "list"
    return "look" if call.path[0].startswith(_COMMENTS) else "node"


def _object(call: Call, name: str) -> dict[str, Any]:
    """A parameter with parts of its own."""
    try:
        found = json.loads(call.params.get(name, ""))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        message = f"(#100) Param {name} must be an object."
        raise Trouble(message, 100)
    return found


def _unknown(call: Call) -> Trouble:
    return Trouble(f"Unknown path components: /{'/'.join(call.path)}", 2500)
