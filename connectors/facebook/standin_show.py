"""What stands on a Page of the stand-in, and how Graph shows it: posts, photos, videos, reels, live videos, comments.

Only what Graph calls a Page Post is in a feed. A photo, a video or a live video is an object of its own with a list of
comments of its own; `story` is the post with which it was published, and where it `shares` its post's thread both lists
hold the same comments, each under identifiers of its own ("Comment", Graph API reference; unsure: both forms).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from connectors.standin import graph, world

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connectors.facebook.standin import StandIn
    from connectors.standin.graph import Call, Field
    from connectors.standin.world import Person, WorldAccount, WorldComment, WorldPost

POST_DEFAULT = "created_time,message,id"
COMMENT_DEFAULT = "created_time,from,message,id"
_LOW_QUALITY = 12  # characters below which a comment on a live video is taken for low quality (unsure: what is)


class Kind(StrEnum):
    """What was published."""

    POST = "post"
    AD = "ad"
    PHOTO = "photo"
    VIDEO = "video"
    REEL = "reel"
    LIVE = "live"
    REVIEW = "review"
    TAGGED = "tagged"


POSTS = frozenset({Kind.POST, Kind.AD, Kind.TAGGED})
EDGES = {
    "photos": frozenset({Kind.PHOTO}),
    "videos": frozenset({Kind.VIDEO, Kind.REEL, Kind.LIVE}),
    "video_reels": frozenset({Kind.REEL}),
    "live_videos": frozenset({Kind.LIVE}),
    "ads_posts": frozenset({Kind.AD}),
    "ratings": frozenset({Kind.REVIEW}),
    "tagged": frozenset({Kind.TAGGED}),
}
LISTS_OF_POSTS = frozenset({"ads_posts", "tagged"})


@dataclass(slots=True, kw_only=True)
class Thing:
    """What a post of the world is on Facebook. `live`: it is being broadcast now. `runs`: an advertisement, and on."""

    kind: Kind = Kind.POST
    story: WorldPost | None = None
    shares: bool = False
    live: bool = False
    runs: bool = True


def own_part(ident: str) -> str:
    """What names a post or comment itself, without what it stands under."""
    return ident.rpartition("_")[2]


def live_id(post: WorldPost) -> str:
    """The identifier of a live video, which is another one than its video's."""
    return str(int(own_part(post.id)) + 1)


def above(comment: WorldComment) -> list[WorldComment]:
    """The comments to which this one, in the end, replies."""
    found = []
    while comment.parent:
        comment = comment.parent
        found.append(comment)
    return found


def id_under(post: WorldPost, comment: WorldComment) -> str:
    """What a comment is called in the list of `post`."""
    return comment.id if comment.post is post else f"{own_part(post.id)}_{own_part(comment.id)}"


class Display:
    """Shows the world's things as Graph's objects."""

    def __init__(self, standin: StandIn) -> None:
        """Take the stand-in whose world is shown."""
        self._standin = standin

    def thread(self, post: WorldPost) -> list[WorldComment]:
        """What is listed under a post or object, oldest first, whatever became of it."""
        standin, thing = self._standin, self._standin.thing(post)
        shown = standin.world.under(thing.story if thing.shares and thing.story else post)
        for part in standin.parts(post):
            if not standin.thing(part).shares and standin.pitfalls.strikes("twins", part.id):
                shown = shown + standin.world.under(part)
        return sorted(shown, key=lambda comment: comment.at)

    def node(self, post: WorldPost, call: Call) -> dict[str, Any]:
        """One post or object by itself."""
        default = POST_DEFAULT if self._standin.thing(post).kind in POSTS else "created_time,id"
        return self.thing(post, graph.fields(call.params.get("fields", ""), default), call)

    def thing(self, post: WorldPost, asked: tuple[Field, ...], call: Call, edge: str = "") -> dict[str, Any]:
        """A post or object as its kind has it; a live video is a video in the list of videos."""
        kind = self._standin.thing(post).kind
        if kind in POSTS:
            return self._post(post, asked, call)
        if kind is Kind.PHOTO:
            return self._photo(post, asked, call)
        if kind is Kind.REVIEW:
            return self._review(post, asked)
        return self._live(post, asked, call) if edge == "live_videos" else self._video(post, asked, call)

    def comments(
        self, target: WorldPost | WorldComment, args: Mapping[str, str], asked: tuple[Field, ...], call: Call
    ) -> dict[str, Any]:
        """The list of comments below a post, object or comment. Raises Trouble."""
        standin = self._standin
        post = target if isinstance(target, world.WorldPost) else target.post
        found = [comment for comment in self._below(target, args) if not standin.gone(comment)]
        order = "ranked" if standin.quirks.ranked else args.get("order", "chronological")
        if order == "ranked":
            found.sort(key=lambda comment: comment.id[::-1])
        elif order == "reverse_chronological":
            found.reverse()
        elif order != "chronological":
            message = "(#100) Param order must be one of {chronological, reverse_chronological}"
            raise graph.Trouble(message, 100)
        if since := args.get("since"):
            found = [comment for comment in found if comment.at >= graph.time(since)]
        link = standin.link(call, target, args)
        cut = graph.window(found, lambda comment: comment.id, args, standin.manners, link)
        answer: dict[str, Any] = {"data": [self.comment(comment, asked, call, post) for comment in cut.items]}
        if cut.paging:
            answer["paging"] = cut.paging
        if (summary := args.get("summary", "false")) != "false":
            told = {"order": order, "total_count": len(found) + standin.quirks.phantoms, "can_comment": True}
            every = summary in ("true", "1")
            answer["summary"] = {name: part for name, part in told.items() if every or name in summary.split(",")}
        return answer

    def comment(
        self, comment: WorldComment, asked: tuple[Field, ...], call: Call, post: WorldPost | None = None
    ) -> dict[str, Any]:
        """One comment, as the list of `post` names it."""
        standin, post = self._standin, post or comment.post
        strikes, own = standin.pitfalls.strikes, standin.thing(comment.post).kind
        withheld = call.token == standin.user_token or strikes("authors_withheld", comment.id)
        absent = not standin.quirks.can_hide or strikes("can_hide_absent", comment.id)
        told = standin.private.get(comment.id)
        return graph.show(
            "Comment",
            {
                "id": lambda _: id_under(post, comment),
                "message": lambda _: comment.text or None,
                "created_time": lambda _: graph.stamp(comment.at),
                "from": lambda one: _named(comment.author, one) if comment.author and not withheld else None,
                "is_hidden": lambda _: comment.hidden_by is not None,
                "is_private": lambda _: False,
                "can_hide": lambda _: None if absent else standin.can_hide(comment),
                "can_remove": lambda _: own is not Kind.REVIEW,
                "can_comment": lambda _: True,
                "can_like": lambda _: True,
                "can_reply_privately": lambda _: standin.can_tell(comment),
                "private_reply_conversation": lambda _: {"id": f"t_{told}"} if told else None,
                "comment_count": lambda _: sum(not reply.deleted_by for reply in standin.world.replies(comment)),
                "like_count": lambda _: 0,
                "user_likes": lambda _: False,
                "message_tags": lambda _: None,
                "attachment": lambda _: self._attachment(comment),
                "object": lambda one: (
                    graph.pick({"id": comment.post.id}, one) if own not in (*POSTS, Kind.REVIEW) else None
                ),
                "parent": lambda one: self._parent(comment, one, call, post),
                "permalink_url": lambda _: standin.comment_url(comment),
                "comments": lambda one: self._nested(comment, one, call),
            },
            asked,
        )

    def page(self, account: WorldAccount, call: Call) -> dict[str, Any]:
        """The Page itself."""
        standin = self._standin
        known: dict[str, Callable[[Field], Any]] = {
            "id": lambda _: account.id,
            "name": lambda _: account.name,
            "username": lambda _: account.handle,
            "link": lambda _: f"{standin.base}/{account.handle}",
            "category": lambda _: "City",
            "fan_count": lambda _: standin.followers,
            "followers_count": lambda _: standin.followers,
            "picture": lambda one: {"data": graph.pick({"url": f"{standin.base}/media/page.png"}, one)},
        }
        for name in ("about", "description", "website"):
            known[name] = lambda one: standin.profile.get(one.name)
        return graph.show("Page", known, graph.fields(call.params.get("fields", ""), "name,id"))

    def _below(self, target: WorldPost | WorldComment, args: Mapping[str, str]) -> list[WorldComment]:
        filtered, live_filter = args.get("filter", "toplevel"), args.get("live_filter", "filter_low_quality")
        for name, value, values in (
            ("filter", filtered, ("toplevel", "stream")),
            ("live_filter", live_filter, ("filter_low_quality", "no_filter")),
        ):
            if value not in values:
                message = f"(#100) Param {name} must be one of {{{', '.join(values)}}}"
                raise graph.Trouble(message, 100)
        post, parent = (target, None) if isinstance(target, world.WorldPost) else (target.post, target)
        everything = self.thread(post)
        if filtered == "stream":
            chosen = [comment for comment in everything if parent is None or parent in above(comment)]
        else:
            chosen = [comment for comment in everything if comment.parent is parent]
        if live_filter != "no_filter" and self._standin.is_live(post):
            chosen = [comment for comment in chosen if len(comment.text) >= _LOW_QUALITY]
        return chosen

    def _post(self, post: WorldPost, asked: tuple[Field, ...], call: Call) -> dict[str, Any]:
        standin = self._standin
        return graph.show(
            "PagePost",
            {
                "id": lambda _: post.id,
                "message": lambda _: post.text or None,
                "story": lambda _: None,
                "created_time": lambda _: graph.stamp(post.at),
                "updated_time": lambda _: graph.stamp(max([post.at, *(c.at for c in self.thread(post))])),
                "permalink_url": lambda _: standin.post_url(post),
                "from": lambda one: _named(post.author, one),
                "full_picture": lambda _: None,
                "status_type": lambda _: "mobile_status_update" if post.author.id == post.account.id else "wall_post",
                "is_published": lambda _: standin.thing(post).kind is not Kind.AD,
                "is_hidden": lambda _: False,
                "is_expired": lambda _: False,
                "parent_id": lambda _: None,
                "shares": lambda _: None,
                "reactions": lambda _: {"data": [], "summary": {"total_count": 0}},
                "comments": lambda one: self._nested(post, one, call),
            },
            asked,
        )

    def _review(self, post: WorldPost, asked: tuple[Field, ...]) -> dict[str, Any]:
        """A recommendation: it has no identifier, and the older ones have no story that has one."""
        nameless = self._standin.pitfalls.strikes("reviews_without_story", post.id)
        unnamed = self._standin.pitfalls.strikes("authors_withheld", post.id)
        return graph.show(
            "Recommendation",
            {
                "created_time": lambda _: graph.stamp(post.at),
                "has_rating": lambda _: False,
                "has_review": lambda _: bool(post.text),
                "rating": lambda _: None,
                "recommendation_type": lambda _: "NEGATIVE",
                "review_text": lambda _: post.text or None,
                "reviewer": lambda one: None if unnamed else _named(post.author, one),
                "open_graph_story": lambda one: None if nameless else graph.pick({"id": post.id}, one),
            },
            asked,
        )

    def _photo(self, post: WorldPost, asked: tuple[Field, ...], call: Call) -> dict[str, Any]:
        story = self._standin.thing(post).story
        return graph.show(
            "Photo",
            self._object(post, call)
            | {
                "name": lambda _: post.text or None,
                "link": lambda _: self._standin.post_url(post),
                "picture": lambda _: f"{self._standin.base}/media/{post.id}.png",
                "page_story_id": lambda _: story.id if story else None,
            },
            asked,
        )

    def _video(self, post: WorldPost, asked: tuple[Field, ...], call: Call) -> dict[str, Any]:
        story = self._standin.thing(post).story
        return graph.show(
            "Video",
            self._object(post, call)
            | {
                "title": lambda _: None,
                "description": lambda _: post.text or None,
                "permalink_url": lambda _: self._standin.post_url(post).removeprefix(self._standin.base),
                "picture": lambda _: f"{self._standin.base}/media/{post.id}.png",
                "post_id": lambda _: own_part(story.id) if story else None,
            },
            asked,
        )

    def _live(self, post: WorldPost, asked: tuple[Field, ...], call: Call) -> dict[str, Any]:
        shown = self._object(post, call)
        return graph.show(
            "LiveVideo",
            {
                "id": lambda _: live_id(post),
                "creation_time": shown["created_time"],
                "from": shown["from"],
                "comments": shown["comments"],
                "title": lambda _: None,
                "description": lambda _: post.text or None,
                "permalink_url": lambda _: self._standin.post_url(post).removeprefix(self._standin.base),
                "status": lambda _: "LIVE" if self._standin.thing(post).live else "VOD",
                "video": lambda one: self._video(post, one.inner or graph.fields("id", ""), call),
            },
            asked,
        )

    def _object(self, post: WorldPost, call: Call) -> dict[str, Callable[[Field], Any]]:
        """What photos and videos have in common; that somebody commented does not move `updated_time` (unsure)."""
        return {
            "id": lambda _: post.id,
            "created_time": lambda _: graph.stamp(post.at),
            "updated_time": lambda _: graph.stamp(post.at),
            "from": lambda one: _named(post.author, one),
            "comments": lambda one: self._nested(post, one, call),
        }

    def _parent(self, comment: WorldComment, one: Field, call: Call, post: WorldPost) -> dict[str, Any] | None:
        asked = one.inner or graph.fields("", COMMENT_DEFAULT)
        return self.comment(comment.parent, asked, call, post) if comment.parent else None

    def _nested(self, target: WorldPost | WorldComment, one: Field, call: Call) -> dict[str, Any]:
        return self.comments(target, one.args, one.inner or graph.fields("", COMMENT_DEFAULT), call)

    def _attachment(self, comment: WorldComment) -> dict[str, Any] | None:
        """A photo where one was attached; a comment without words is a sticker."""
        kind = self._standin.attached.get(comment.id) or (None if comment.text else "sticker")
        if kind is None:
            return None
        own = own_part(comment.id)
        page = f"https://www.facebook.com/{kind}s/{own}"
        picture = f"{self._standin.base}/media/{own}.png?{urlencode({'oe': 'a-seal-of-the-day'})}"
        image = {"height": 80, "width": 80, "src": picture}
        return {"type": kind, "url": page, "target": {"id": own, "url": page}, "media": {"image": image}}


def _named(person: Person, one: Field) -> dict[str, Any]:
    return graph.pick({"name": person.name, "id": person.id}, one)
