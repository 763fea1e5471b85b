"""A Facebook Page as Graph v26.0 answers for it, over the shared world, with the public page that a permalink opens.

From Graph's reference pages (User, Page, Page Post, Comment, Debug Token) and the tables of facebook-business 26.0.3.
Where those leave something open, the choice made here says so: "unsure".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

from connectors.facebook import standin_ads as ads
from connectors.facebook import standin_keys as keys
from connectors.facebook import standin_web as web
from connectors.facebook.standin_keys import APP_ID, APP_SECRET, VERIFY_TOKEN
from connectors.facebook.standin_pitfalls import (
    OWN_FAULTS,
    PITFALLS,
    SWITCHES,
    THROTTLED,
    blocked,
    troubles,
)
from connectors.facebook.standin_show import (
    COMMENT_DEFAULT,
    EDGES,
    LISTS_OF_POSTS,
    POST_DEFAULT,
    POSTS,
    Display,
    Kind,
    Thing,
    live_id,
    own_part,
)
from connectors.facebook.standin_tell import can_tell, reply, write_privately
from connectors.standin import graph, graph_keys, world
from connectors.standin import graph_apps as apps
from connectors.standin.graph import Call, Trouble
from connectors.standin.graph_standin import GraphQuirks, GraphStandIn, Happenings
from connectors.standin.graph_troubles import not_permitted
from connectors.standin.server import PAGE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from connectors.standin.graph import Field
    from connectors.standin.graph_keys import App
    from connectors.standin.server import Request, Response
    from connectors.standin.world import Person, World, WorldAccount, WorldComment, WorldPost

FEEDS = ("feed", "posts", "published_posts", "visitor_posts")
_FIRST_ID = 122_100_000_000_000_000
_READING = "pages_read_user_content"
_LATE = timedelta(minutes=3)


@dataclass(slots=True, kw_only=True)
class Quirks(GraphQuirks):
    """What differs besides; see GraphQuirks.

    `can_hide`: whether the field of that name is sent. `feed_by_time`: the feed pages by time and not by cursor.
    `ranked`: comments come in an order of Facebook's own. `refusal`: the code with which a comment that cannot be
    hidden is refused (unsure: 200 or 100). `writes_blocked`: every write is answered with 368.
    """

    can_hide: bool = True
    feed_by_time: bool = False
    ranked: bool = False
    refusal: int = 200
    writes_blocked: bool = False


class StandIn(GraphStandIn):
    """Graph and www.facebook.com at one address."""

    platform: ClassVar[str] = "facebook"
    app: ClassVar[App] = keys.APP
    limit: ClassVar[str] = "pages"
    throttled: ClassVar[tuple[str, int]] = (THROTTLED, 80001)
    switches: ClassVar[Mapping[str, tuple[str, str, object]]] = SWITCHES
    own_faults: ClassVar[tuple[str, ...]] = tuple(OWN_FAULTS)

    def __init__(self, world: World) -> None:
        """Take the world and become the one who names posts and comments on Facebook in it."""
        super().__init__(world, PITFALLS)
        world.minters[self.platform] = self
        self.quirks: Quirks = Quirks()
        self.happenings = Happenings(world, self.pitfalls, "hidden_by_facebook", _LATE)
        self.attached: dict[str, str] = {}
        self.private: dict[str, str] = {}
        self.profile: dict[str, str] = {"about": "News of the City.", "website": "https://www.example.org"}
        self.followers = 4120
        self.display = Display(self)
        self._things: dict[str, Thing] = {}
        self._kind = Kind.POST

    def publish(  # noqa: PLR0913  what is published has that many sides
        self,
        account: WorldAccount,
        kind: Kind,
        text: str = "",
        *,
        story: WorldPost | None = None,
        shares: bool = False,
        live: bool = False,
        runs: bool = True,
        author: Person | None = None,
        at: datetime | None = None,
    ) -> WorldPost:
        """Put something on the Page besides posts, or with one; see `standin_show.Thing`. `author`: if not the Page."""
        with self.world.lock:
            self._kind = kind
            post = self.world.add_post(account, text, author=author, at=at)
            self._kind = Kind.POST
            self._things[post.id] = Thing(kind=kind, story=story, shares=shares, live=live, runs=runs)
            return post

    def thing(self, post: WorldPost) -> Thing:
        """What a post of the world is here."""
        return self._things.get(post.id) or Thing()

    def is_live(self, post: WorldPost) -> bool:
        """Whether a post or object is being broadcast now, or was published with what is."""
        return self.thing(post).live or any(self.thing(part).live for part in self.parts(post))

    def parts(self, post: WorldPost) -> list[WorldPost]:
        """The photos and videos that were published with a post."""
        found = [ident for ident, thing in self._things.items() if thing.story is post]
        return [self.world.posts[self.platform, ident] for ident in found]

    def mint_post(self, account: WorldAccount, at: datetime, number: int) -> str:  # noqa: ARG002
        """``{page}_{post}``, as text beyond 2^53; photos and videos have a number alone."""
        own = str(_FIRST_ID + number * 7919)
        return f"{account.id}_{own}" if self._kind in POSTS else own

    def mint_comment(self, post: WorldPost, parent: WorldComment | None, at: datetime, number: int) -> str:  # noqa: ARG002
        """``{post}_{comment}``; a reply, too, begins with the post's part."""
        return f"{own_part(post.id)}_{_FIRST_ID + number * 7919}"

    def credentials(self, account: WorldAccount) -> dict[str, str]:
        """What the connector of a Page needs."""
        keys = {"app_id": APP_ID, "app_secret": APP_SECRET, "verify_token": VERIFY_TOKEN}
        return {"page_token": self.page_token(account), **keys}

    def ads_credentials(self, account: WorldAccount) -> dict[str, str]:
        """What it needs besides to find posts that show only as advertisements."""
        return {"ad_account": ads.ad_account(account), "ads_token": self.user_token}

    def page_token(self, account: WorldAccount) -> str:
        """A Page's token."""
        return f"EAAStandInPage{account.id}"

    user_token = keys.USER_TOKEN
    expired_token = graph_keys.EXPIRED_TOKEN

    def post_url(self, post: WorldPost) -> str:
        """The public address of a post."""
        return f"{self.base}/{post.account.handle}/posts/{own_part(post.id)}"

    def comment_url(self, comment: WorldComment) -> str:
        """The public address of a comment, a reply's with its parent's."""
        own = own_part(comment.id)
        named = {"comment_id": own_part(comment.parent.id), "reply_comment_id": own} if comment.parent else None
        return f"{self.post_url(comment.post)}?{urlencode(named or {'comment_id': own})}"

    def verb(self, request: Request) -> str:
        """Name the kind of request."""
        if web.is_asked(request):
            return PAGE
        call = Call.of(request)
        if not call.path:
            return "batch" if call.method == "POST" else "ids"
        if len(call.path) > 1:
            return _POSTED.get(call.path[1], "tell") if call.method == "POST" else "list"
        if call.method == "DELETE":
            return "delete"
        if call.method == "POST":
            return "unhide" if call.params.get("is_hidden", "").lower() in ("false", "0") else "hide"
        return "look" if "_" in call.path[0] and (self.platform, call.path[0]) not in self.world.posts else "node"

    def handle(self, request: Request) -> Response:
        """Answer as Facebook would."""
        with self.world.lock:
            if web.is_asked(request):
                return web.answer(self, request)
            return self._called(Call.of(request))

    def _troubles(self, headers: Mapping[str, str]) -> Mapping[str, Trouble]:
        return troubles(headers)

    def link(
        self, call: Call, target: WorldPost | WorldComment | None = None, args: Mapping[str, str] | None = None
    ) -> str:
        """The address of a list, token and all, as `next` and `previous` give it."""
        path = f"{target.id}/comments" if target else "/".join(call.path)
        kept = {name: value for name, value in (args or call.params).items() if name not in _NOT_REPEATED}
        return f"{self.base}/{call.version or self.manners.served}/{path}?" + urlencode(
            {"access_token": call.token, "pretty": "0", **kept}
        )

    def gone(self, comment: WorldComment) -> bool:
        """Whether a comment is no longer there, by itself or with its post; what happens by itself happens first."""
        self.happenings.catch_up(comment)
        return bool(comment.deleted_by or comment.post.deleted_by)

    def can_hide(self, comment: WorldComment) -> bool:
        """Not the Page's own, and none under a visitor's post ("Comment", Graph API reference)."""
        own = comment.author is not None and comment.author.id == comment.account.id
        hideable = comment.hideable and not self.pitfalls.strikes("can_hide_false", comment.id)
        return hideable and not own and comment.post.author.id == comment.account.id

    def posts_as(self, kind: Kind, account: WorldAccount) -> list[WorldPost]:
        """What of that kind was published on a Page and is there, newest first."""
        mine = [post for post in self.world.posts_of(account) if not post.deleted_by and self.thing(post).kind is kind]
        return sorted(mine, key=lambda post: post.at, reverse=True)

    def can_tell(self, comment: WorldComment) -> bool:
        """Whether a private reply may be written: one, within seven days, and not to the Page itself."""
        return can_tell(self, comment)

    # Who asks

    def _need(self, permission: str, *, lacking: bool = False) -> None:
        if lacking or permission in self.quirks.lacks:
            raise not_permitted(permission)

    # What is asked

    def _route(self, call: Call) -> object:
        if not call.path and call.method == "POST":
            return self._batch(call)
        if call.path == ("debug_token",):
            return keys.debug_token(self, call)
        mine = keys.page_of(self, call)
        return self._read(mine, call) if call.method == "GET" else self._write(mine, call)

    def _write(self, mine: WorldAccount | None, call: Call) -> object:
        match call.method, call.path:
            case "POST", (ident, "messages"):
                return write_privately(self, self._writer(ident, mine, call), call)
            case "POST", (ident, apps.APPS):
                return self.apps.answer(self._subscriber(ident, mine, call), call, self.quirks.lacks)
            case "POST", (ident, "comments"):
                return reply(self, self._to_write(ident, mine, call), call)
            case "POST", (ident,):
                return self._update(self._to_write(ident, mine, call), call)
            case "DELETE", (ident,):
                return self._delete(self._to_write(ident, mine, call))
        raise _unknown(call)

    def _read(self, mine: WorldAccount | None, call: Call) -> object:
        match call.path:
            case () if "ids" in call.params:
                return {ident: self._node(ident, mine, call) for ident in call.params["ids"].split(",")}
            case ("me",):
                return self.display.page(mine, call) if mine else keys.APP.who(call)
            case ("me", "accounts"):
                return {"data": [] if mine else [keys.role(self, account, call) for account in self.accounts()]}
            case (ident,):
                return self._node(ident, mine, call)
            case (ident, apps.APPS):
                return self.apps.answer(self._subscriber(ident, mine, call), call, self.quirks.lacks)
            case (ident, edge):
                return self._edge(ident, edge, mine, call)
        raise _unknown(call)

    def _node(self, ident: str, mine: WorldAccount | None, call: Call) -> object:
        if account := self.world.accounts.get((self.platform, ident)):
            return self.display.page(account, call)
        if post := self._post(ident, mine):
            return self.display.node(post, call)
        comment, under = self._comment(ident, mine, call)
        asked = graph.fields(call.params.get("fields", ""), COMMENT_DEFAULT)
        return self.display.comment(comment, asked, call, under)

    def _edge(self, ident: str, edge: str, mine: WorldAccount | None, call: Call) -> object:
        if edge == "ads":
            return ads.of_account(self, ident, mine, call)
        account = self.world.accounts.get((self.platform, ident if ident != "me" or not mine else mine.id))
        blind = account is not mine or self.pitfalls.strikes("reads_as_person")
        if account and edge in (*FEEDS, *EDGES):
            self._need("pages_read_engagement")
            if edge == "ads_posts":
                self._need("ads_read", lacking=self.pitfalls.strikes("ads_not_permitted"))
            if edge == "ratings" and self.pitfalls.strikes("reviews_not_permitted"):
                raise not_permitted(_READING)
            if edge == "video_reels" and self.pitfalls.strikes("reels_not_permitted"):
                message = "(#200) Permissions error"
                raise Trouble(message, 200, status=403)
            return {"data": []} if blind else self._list(account, edge, call)
        if edge == "comments":
            self._need(_READING)
            target = self._post(ident, mine) or self._comment(ident, mine, call)[0]
            if isinstance(target, world.WorldPost) and self.thing(target).kind is Kind.TAGGED:
                raise graph.no_such_object(call.method, ident)
            asked = graph.fields(call.params.get("fields", ""), COMMENT_DEFAULT)
            blind = mine is None or self.pitfalls.strikes("reads_as_person")
            return {"data": []} if blind else self.display.comments(target, call.params, asked, call)
        message = f"(#100) Tried accessing nonexisting field ({edge})"
        raise Trouble(message, 100)

    def _post(self, ident: str, mine: WorldAccount | None) -> WorldPost | None:
        lives = (self.world.posts[self.platform, name] for name, each in self._things.items() if each.kind is Kind.LIVE)
        known = self.world.posts.get((self.platform, ident))
        post = known or next((each for each in lives if live_id(each) == ident), None)
        return post if post and not post.deleted_by and mine in (None, post.account) else None

    def _comment(self, ident: str, mine: WorldAccount | None, call: Call) -> tuple[WorldComment, WorldPost]:
        """The comment of that name, and under what it is called so. Raises Trouble."""
        comment = self.world.comments.get((self.platform, ident))
        under = comment.post if comment else None
        if comment is None:
            prefix, _, own = ident.partition("_")
            named = [post for post in self.world.posts.values() if own_part(post.id) == prefix]
            under = next((post for post in named if post.account.platform == self.platform), None)
            thread = self.display.thread(under) if under else []
            comment = next((each for each in thread if own_part(each.id) == own), None)
        if comment is None or under is None or self.gone(comment) or mine not in (None, comment.account):
            raise graph.no_such_object(call.method, ident)
        return comment, under

    # What is done

    def _update(self, comment: WorldComment, call: Call) -> object:
        if "is_hidden" not in call.params:
            message = "(#100) The parameter is_hidden is required"
            raise Trouble(message, 100)
        if not graph.truth(call.params["is_hidden"]):
            self.world.unhide(comment, world.APP)
        elif not self.can_hide(comment):
            message = f"(#{self.quirks.refusal}) Permissions error"
            raise Trouble(message, self.quirks.refusal, status=403)
        else:
            self.world.hide(comment, world.APP)
        return self.quirks.success

    def _delete(self, comment: WorldComment) -> object:
        self._need(_READING)
        if self.thing(comment.post).kind is Kind.REVIEW:
            message = "(#200) Permissions error"
            raise Trouble(message, 200, status=403)
        self.world.delete(comment, world.APP)
        return self.quirks.success

    def _to_write(self, ident: str, mine: WorldAccount | None, call: Call) -> WorldComment:
        """The comment that is to be changed, if the token may. Raises Trouble."""
        comment, _ = self._comment(ident, mine, call)
        self._need("pages_manage_engagement")
        self._writer(comment.account.id, mine, call)
        self.happenings.before_write(comment)
        if self.quirks.writes_missing or comment.deleted_by:
            raise graph.no_such_object(call.method, comment.id)
        return comment

    def _writer(self, ident: str, mine: WorldAccount | None, call: Call) -> WorldAccount:
        """The Page that writes. Raises Trouble."""
        if mine is None:
            message = "(#200) Permissions error"
            raise Trouble(message, 200, status=403)
        if ident not in (mine.id, "me"):
            raise graph.no_such_object(call.method, ident)
        if self.quirks.writes_blocked:
            raise blocked()
        return mine

    def _subscriber(self, ident: str, mine: WorldAccount | None, call: Call) -> str:
        """The Page whose subscription it is. Raises Trouble."""
        if mine is None or ident not in (mine.id, "me"):
            raise graph.no_such_object(call.method, ident)
        return mine.id

    # What is shown

    def _list(self, account: WorldAccount, edge: str, call: Call) -> object:
        there = [post for post in self.world.posts_of(account) if not post.deleted_by and self._listed(post, edge)]
        posts = sorted(there, key=lambda post: post.at, reverse=True)
        cut = graph.window(posts, lambda post: post.id, call.params, self.manners, self.link(call))
        default = POST_DEFAULT if edge in FEEDS or edge in LISTS_OF_POSTS else ads.DEFAULTS.get(edge, "id")
        asked: tuple[Field, ...] = graph.fields(call.params.get("fields", ""), default)
        answer: dict[str, Any] = {"data": [self.display.thing(post, asked, call, edge) for post in cut.items]}
        if cut.paging:
            by_time = edge == "feed" and self.quirks.feed_by_time and cut.items
            answer["paging"] = self._by_time(cut.items[-1], call) if by_time else cut.paging
        return answer

    def _listed(self, post: WorldPost, edge: str) -> bool:
        """Whether a post stands in the list of that name."""
        kind, visitors = self.thing(post).kind, post.author.id != post.account.id
        if kind is Kind.AD and self.pitfalls.strikes("ads_unlisted", post.id):
            return False
        if edge in EDGES:
            return kind in EDGES[edge]
        return kind is Kind.POST and (edge == "feed" or visitors == (edge == "visitor_posts"))

    def _by_time(self, last: WorldPost, call: Call) -> dict[str, str]:
        """The older way in which feeds are paged: no cursors, and a `next` until a page is empty and has none."""
        token = {"until": int(last.at.timestamp()), "__paging_token": graph.cursor(last.id)}
        return {"next": f"{self.link(call)}&{urlencode(token)}"}


_POSTED = {apps.APPS: "subscribe"}
_NOT_REPEATED = frozenset({"after", "before", "until", "__paging_token", "appsecret_proof", "pretty"})


def _unknown(call: Call) -> Trouble:
    return Trouble(f"Unknown path components: /{'/'.join(call.path)}", 2500)
