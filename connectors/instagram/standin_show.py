"""How Instagram's stand-in shows the account, its media and their comments, and what may be odd about them."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from connectors.standin import graph
from connectors.standin.graph import Manners, Trouble
from connectors.standin.graph_standin import GraphQuirks
from connectors.standin.graph_troubles import not_permitted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    from connectors.standin.faults import Pitfalls
    from connectors.standin.graph import Call, Field
    from connectors.standin.graph_standin import Happenings
    from connectors.standin.world import World, WorldAccount, WorldComment, WorldPost

    class Behind(Protocol):
        """The stand-in that shows."""

        world: World
        base: str
        manners: Manners
        quirks: Quirks
        pitfalls: Pitfalls
        happenings: Happenings
        tagged: list[dict[str, Any]]
        mentions: dict[str, dict[str, Any]]

        def shape(self, post: WorldPost) -> Shape:
            """What kind of medium a post is."""


COMMENTS_MOST = 50
"""Most comments in one answer ("IG Media Comments", Graph API reference)."""

_REPLY_FIELDS = "id,text,timestamp"
_NOT_REPEATED = frozenset({"after", "before", "appsecret_proof"})


@dataclass(slots=True, kw_only=True)
class Shape:
    """What kind of medium a post is: `product` is FEED, REELS, AD or STORY; `parts` make it a carousel.

    `live`: a broadcast that is running, whose comments cannot be moderated.
    """

    product: str = "FEED"
    type: str = "IMAGE"
    parts: int = 0
    comments_enabled: bool = True
    age_gated: bool = False
    live: bool = False
    with_address: bool = True


@dataclass(slots=True, kw_only=True)
class Quirks(GraphQuirks):
    """What differs besides; see GraphQuirks.

    `hidden_listed`, `hidden_counted`: whether lists and counts hold hidden comments (unsure). `blank`: lists of
    comments are empty, with cursors, whatever is counted; a set of media: only theirs. `filtered`: comments that
    Instagram's own filter keeps from programs, though they count.
    `from_shown`: whether authors come with their identifiers; `named`: whether they are named at all. `own_by_id`: the
    account is known by its identifier and not by its username only. `replies_next`: whether replies that come with
    their comment name a next page; `replies_most`: how many come so. `refusal`: the code with which a comment that
    cannot be hidden is refused (unsure). `missing`: whether what is not there is 100/33 or Instagram's own 24.
    `writes_blocked`: the code, 368 or 4, with which every write is answered. `access_ends`: when the token's access to
    data ends. `error_type`: what `type` of Instagram's own errors says.
    """

    hidden_listed: bool = True
    hidden_counted: bool = True
    blank: bool | frozenset[str] = False
    filtered: frozenset[str] = frozenset()
    from_shown: bool = True
    named: bool = True
    own_by_id: bool = True
    replies_next: bool = True
    replies_most: int = COMMENTS_MOST
    refusal: int = 100
    missing: int = 100
    writes_blocked: int | None = None
    access_ends: int = 0
    error_type: str = "OAuthException"


class Show:
    """Makes the JSON of whatever is asked for."""

    def __init__(self, behind: Behind) -> None:
        """Take the stand-in whose world, manners and quirks are shown."""
        self._behind = behind

    def permalink(self, post: WorldPost) -> str:
        """The public address of a medium."""
        kind = "reel" if self._behind.shape(post).product == "REELS" else "p"
        return f"{self._behind.base}/{kind}/{_shortcode(post)}/"

    def is_under(self, post: WorldPost, shortcode: str) -> bool:
        """Whether a medium has that shortcode."""
        return post.account.platform == "instagram" and _shortcode(post) == shortcode

    def is_public(self, comment: WorldComment) -> bool:
        """Whether anybody can read a comment: not below a hidden one (unsure), nor where comments are off."""
        shape = self._behind.shape(comment.post)
        return comment.public and self.top(comment).public and shape.comments_enabled

    def is_own(self, comment: WorldComment) -> bool:
        """Whether the account itself wrote it."""
        return comment.author is not None and comment.author.id == comment.account.id

    def gone(self, comment: WorldComment) -> bool:
        """Whether it was deleted, by itself or with its medium; what happens by itself happens first."""
        self._behind.happenings.catch_up(comment)
        return bool(comment.deleted_by or comment.post.deleted_by)

    def is_withheld(self, comment: WorldComment) -> bool:
        """Whether Instagram's own filter keeps it from programs."""
        return comment.id in self._behind.quirks.filtered or self._behind.pitfalls.strikes("filtered", comment.id)

    def top(self, comment: WorldComment) -> WorldComment:
        """The comment of the upper of two levels; there is no third ("IG Comment Replies", Graph API reference)."""
        while comment.parent:
            comment = comment.parent
        return comment

    def user(self, account: WorldAccount, call: Call) -> dict[str, Any]:
        """The account itself."""
        return graph.show(
            "IGUser",
            {
                "id": lambda _: account.id,
                "username": lambda _: account.handle,
                "name": lambda _: account.name,
                "biography": lambda _: "The City's own account. Comments are public records.",
                "website": lambda _: "https://city.example/comment-policy",
                "profile_picture_url": lambda _: f"{self._behind.base}/cdn/{account.id}.png",
                "followers_count": lambda _: 3120,
                "follows_count": lambda _: 12,
                "media_count": lambda _: len(self._media(account)),
                "mentioned_comment": lambda one: self._mention(one, "comment_id", call),
                "mentioned_media": lambda one: self._mention(one, "media_id", call),
            },
            graph.fields(call.params.get("fields", ""), "id"),
        )

    def of_user(self, account: WorldAccount, edge: str, call: Call) -> dict[str, Any]:
        """A list of an account's."""
        asked = graph.fields(call.params.get("fields", ""), "id")
        if edge in ("media", "live_media"):
            live = edge == "live_media"
            media = [post for post in self._media(account) if self._behind.shape(post).live is live]
            cut = graph.window(media, lambda post: post.id, call.params, self._behind.manners, self._link(call))
            return _listing([self.medium(post, asked, call) for post in cut.items], cut.paging)
        if edge == "tags":
            self._see_that_tags_may_be_read()
            tagged = [graph.show("IGMedia", _known(one), asked) for one in self._behind.tagged]
            cut_ = graph.window(tagged, lambda one: one["id"], call.params, self._behind.manners, self._link(call))
            return _listing(cut_.items, cut_.paging)
        if edge == "stories":
            return {"data": []}
        message = f"(#100) Tried accessing nonexisting field ({edge}) on node type (IGUser)"
        raise Trouble(message, 100)

    def _see_that_tags_may_be_read(self) -> None:
        permission = "instagram_manage_comments"
        if self._behind.pitfalls.strikes("tags_not_permitted"):
            raise not_permitted(permission)

    def medium(self, post: WorldPost, asked: tuple[Field, ...], call: Call) -> dict[str, Any]:
        """A medium of the account's own."""
        shape = self._behind.shape(post)
        address = f"{self._behind.base}/cdn/{post.id}.png" if shape.with_address else None
        return graph.show(
            "IGMedia",
            {
                "id": lambda _: post.id,
                "caption": lambda _: post.text or None,
                "media_type": lambda _: "CAROUSEL_ALBUM" if shape.parts else shape.type,
                "media_product_type": lambda _: shape.product,
                "media_url": lambda _: address,
                "thumbnail_url": lambda _: address if shape.type == "VIDEO" else None,
                "permalink": lambda _: self.permalink(post),
                "shortcode": lambda _: _shortcode(post),
                "timestamp": lambda _: graph.stamp(post.at),
                "username": lambda _: post.account.handle,
                "owner": lambda one: graph.pick({"id": post.account.id}, one),
                "like_count": lambda _: 0,
                "comments_count": lambda _: self._count(post),
                "is_comment_enabled": lambda _: shape.comments_enabled,
                "children": lambda one: self.children(post, one.inner) if shape.parts else None,
                "comments": lambda one: self._comments(post, one.args, one.inner, call),
            },
            asked,
        )

    def children(self, post: WorldPost, asked: tuple[Field, ...]) -> dict[str, Any]:
        """The parts of a carousel."""
        numbers = range(1, self._behind.shape(post).parts + 1)
        parts = [
            {
                "id": f"{post.id}{number:02d}",
                "media_type": "IMAGE",
                "media_url": f"{self._behind.base}/cdn/{post.id}-{number}.png",
                "thumbnail_url": None,
                "permalink": f"{self.permalink(post)}?img_index={number}",
                "timestamp": graph.stamp(post.at),
                "username": post.account.handle,
            }
            for number in numbers
        ]
        shown = [graph.show("IGMedia", _known(part), asked or graph.fields("", "id")) for part in parts]
        return {"data": shown}

    def comments(self, post: WorldPost, call: Call) -> dict[str, Any]:
        """The comments under a medium, as their own list."""
        return self._comments(post, call.params, graph.fields(call.params.get("fields", ""), ""), call)

    def replies(
        self, comment: WorldComment, args: Mapping[str, str], asked: tuple[Field, ...], call: Call
    ) -> dict[str, Any]:
        """The replies to a comment, as their own list; oldest first (unsure)."""
        found = [reply for reply in self._listed(comment.post) if reply.parent and self.top(reply) is comment]
        return self._window(found, args, asked or graph.fields("", _REPLY_FIELDS), call, f"{comment.id}/replies")

    def comment(self, comment: WorldComment, asked: tuple[Field, ...], call: Call) -> dict[str, Any]:
        """One comment."""
        own, quirks, author = self.is_own(comment), self._behind.quirks, comment.author
        known = quirks.named and quirks.from_shown
        return graph.show(
            "IGComment",
            {
                "id": lambda _: comment.id,
                "text": lambda _: comment.text,
                "timestamp": lambda _: graph.stamp(comment.at),
                "username": lambda _: author.handle if author and quirks.named else None,
                "from": lambda one: graph.pick(self._from(comment), one) if author and known else None,
                "user": lambda one: graph.pick({"id": comment.account.id}, one) if own and quirks.own_by_id else None,
                "hidden": lambda _: comment.hidden_by is not None,
                "like_count": lambda _: 0,
                "media": lambda one: self.medium(comment.post, one.inner or graph.fields("", "id"), call),
                "parent_id": lambda _: self.top(comment).id if comment.parent else None,
                "legacy_instagram_comment_id": lambda _: comment.id,
                "replies": lambda one: self._nested(comment, one, call),
            },
            asked,
        )

    def _from(self, comment: WorldComment) -> dict[str, Any]:
        """Who wrote it; the account itself by its identifier, or by one that is good in messages only (unsure)."""
        assert comment.author  # noqa: S101  asked for only then
        scoped = self.is_own(comment) and not self._behind.quirks.own_by_id
        return {"id": f"9{comment.author.id}" if scoped else comment.author.id, "username": comment.author.handle}

    def _nested(self, comment: WorldComment, one: Field, call: Call) -> dict[str, Any] | None:
        """The replies that come with their comment; nothing where there are none."""
        args = {**one.args, "limit": str(min(int(one.args.get("limit", 25)), self._behind.quirks.replies_most))}
        found = self.replies(comment, args, one.inner, call)
        if not self._behind.quirks.replies_next and "paging" in found:
            found["paging"] = {"cursors": found["paging"]["cursors"]}
        return found if found["data"] else None

    def _comments(
        self, post: WorldPost, args: Mapping[str, str], asked: tuple[Field, ...], call: Call
    ) -> dict[str, Any]:
        """The upper level only, newest first, at most 50."""
        shape, blank = self._behind.shape(post), self._behind.quirks.blank
        struck = self._behind.pitfalls.strikes("blank_media", post.id)
        if struck or blank is True or (blank and post.id in blank):
            place = graph.cursor(post.id)
            return {"data": [], "paging": {"cursors": {"before": place, "after": place}}}
        if shape.age_gated or not shape.comments_enabled:
            return {"data": []}
        found = [comment for comment in self._listed(post) if comment.parent is None]
        found.reverse()
        return self._window(found, args, asked or graph.fields("", _REPLY_FIELDS), call, f"{post.id}/comments")

    def _window(
        self, found: list[WorldComment], args: Mapping[str, str], asked: tuple[Field, ...], call: Call, path: str
    ) -> dict[str, Any]:
        limited = {**args, "limit": str(min(int(args.get("limit", COMMENTS_MOST)), COMMENTS_MOST))}
        link = self._link(call, path, args)
        cut = graph.window(found, lambda comment: comment.id, limited, self._behind.manners, link)
        return _listing([self.comment(comment, asked, call) for comment in cut.items], cut.paging)

    def _listed(self, post: WorldPost) -> list[WorldComment]:
        """What lists may show, oldest first."""
        quirks = self._behind.quirks
        found = [
            comment
            for comment in self._behind.world.under(post)
            if not self.gone(comment)
            and not self.is_withheld(comment)
            and (quirks.hidden_listed or not comment.hidden_by)
        ]
        return sorted(found, key=lambda comment: comment.at)

    def _count(self, post: WorldPost) -> int:
        """How many comments a medium counts, replies among them."""
        quirks = self._behind.quirks
        there = [comment for comment in self._behind.world.under(post) if not comment.deleted_by]
        return sum(quirks.hidden_counted or not comment.hidden_by for comment in there) + quirks.phantoms

    def _media(self, account: WorldAccount) -> list[WorldPost]:
        """The account's media, newest first."""
        there = [post for post in self._behind.world.posts_of(account) if not post.deleted_by]
        return sorted(there, key=lambda post: post.at, reverse=True)

    def _mention(self, one: Field, by: str, call: Call) -> dict[str, Any]:
        """What somebody wrote elsewhere that mentions the account; only who knows its identifier can ask for it."""
        ident = one.args.get(by, "")
        if ident not in self._behind.mentions:
            raise graph.no_such_object(call.method, ident)
        return graph.show("Mention", _known(self._behind.mentions[ident]), one.inner or graph.fields("", "id"))

    def _link(self, call: Call, path: str | None = None, args: Mapping[str, str] | None = None) -> str:
        """The address of a list, token and all, as `next` and `previous` give it."""
        kept = {name: value for name, value in (args or call.params).items() if name not in _NOT_REPEATED}
        served = call.version or self._behind.manners.served
        query = urlencode({"access_token": call.token, **kept})
        return f"{self._behind.base}/{served}/{path or '/'.join(call.path)}?{query}"


def _listing(shown: list[dict[str, Any]], paging: dict[str, Any]) -> dict[str, Any]:
    return {"data": shown, "paging": paging} if paging else {"data": shown}


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    """What can be asked of something that stands in no world."""
    return {name: lambda _, value=value: value for name, value in values.items()}


def _shortcode(post: WorldPost) -> str:
    return base64.urlsafe_b64encode(int(post.id).to_bytes(8, "big")).decode().rstrip("=")
