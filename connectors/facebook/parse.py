"""Reads what Graph sends of a Page's posts and comments into the product's nouns. Pure: bytes in, values out.

Formats seen (History): v26.0, 2026-11-22, from Graph's reference pages and the parameter tables of facebook-business
26.0.3. Times are ``2026-11-22T01:02:03+0000``; identifiers are text beyond 2^53; `from` is missing where Facebook
keeps the author to itself, `message` where the comment is a sticker or picture only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from bot.domain.types import Attachment, Author, Comment, Post, Ref, Speaker, Visibility
from connectors import verbatim
from connectors.contract import Malformed, Profile
from connectors.counting import counts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.domain.types import Account

COMMENT_FIELDS = (
    "id,message,created_time,from{id,name},parent{id},permalink_url,is_hidden,can_hide,can_remove,is_private,"
    "attachment,message_tags,comment_count,like_count,object{id}"
)
_COUNT = "comments.filter(stream).live_filter(no_filter).limit(0).summary(true)"
POST_FIELDS = (
    f"id,message,story,created_time,updated_time,from{{id,name}},permalink_url,full_picture,status_type,"
    f"shares,reactions.limit(0).summary(total_count),{_COUNT}"
)
PHOTO_FIELDS = f"id,name,created_time,from{{id,name}},link,picture,page_story_id,{_COUNT}"
VIDEO_FIELDS = f"id,title,description,created_time,from{{id,name}},permalink_url,picture,post_id,{_COUNT}"
LIVE_FIELDS = f"id,title,description,creation_time,from{{id,name}},permalink_url,video{{id,post_id}},{_COUNT}"
REVIEW_FIELDS = "created_time,has_review,rating,recommendation_type,review_text,reviewer{id,name},open_graph_story{id}"
ADVERT_FIELDS = "id,creative{id,effective_object_story_id}"
PROFILE_FIELDS = "id,name,username,about,description,website,picture{url}"
_ADDRESS = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]]")
_WEB = "https://www.facebook.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A post as the feed lists it, with what tells that its comments changed.

    `updated` is in seconds since 1970; `count` is Graph's count of comments with replies, -1 where it gives none. It
    may be more than are shown. `apart`: no post, but a photo or video with comments of its own, whose `updated` does
    not move when somebody comments; `story` is the post with which it was published. `front`: among the newest.
    `thread` is the object whose list of comments it is, None where there is none to be asked for.
    """

    post: Post
    updated: int
    count: int
    thread: str | None
    apart: bool = False
    story: str | None = None
    front: bool = True


def listed(value: Any, raw: bytes, account: Account) -> Listed:
    """Read one post of a feed. Raises Malformed."""
    item = _Item(value, raw)
    post_id = item.text("id")
    author = item.object("from")
    picture = item.optional("full_picture")
    return Listed(
        post=Post(
            ref=_ref(account, post_id),
            author=_author(author) if author else Author(id=account.id, name=account.name),
            text=item.optional("message") or item.optional("story") or "",
            posted_at=item.time("created_time"),
            url=item.optional("permalink_url") or f"{_WEB}/{post_id}",
            attachments=(Attachment(id=urlsplit(picture).path, kind="picture", url=picture),) if picture else (),
            raw=raw,
            counts=_figures(item),
        ),
        updated=int(item.time("updated_time" if item.optional("updated_time") else "created_time").timestamp()),
        count=_count(item.object("comments")),
        thread=post_id,
    )


def tagged(value: Any, raw: bytes, account: Account) -> Listed:
    """Read one post of somebody else's that names the Page: what is said under it is not given. Raises Malformed."""
    return replace(listed(value, raw, account), thread=None)


def photo(value: Any, raw: bytes, account: Account) -> Listed:
    """Read one photo of a list of photos. Raises Malformed."""
    item = _Item(value, raw)
    return _apart(item, account, text=item.optional("name"), page=item.optional("link"))


def video(value: Any, raw: bytes, account: Account) -> Listed:
    """Read one video or reel of a list of videos. Raises Malformed."""
    item = _Item(value, raw)
    text = "\n\n".join(part for part in (item.optional("title"), item.optional("description")) if part)
    return _apart(item, account, text=text, page=item.optional("permalink_url"))


def live(value: Any, raw: bytes, account: Account) -> Listed:
    """Read one live video: under the name of its video, where it has one by now. Raises Malformed."""
    item = _Item(value, raw)
    found = video({**item.value, "created_time": item.text("creation_time")}, raw, account)
    recorded = _Item(item.object("video"), raw)
    return replace(
        found,
        post=replace(found.post, ref=_ref(account, recorded.optional("id") or item.text("id"))),
        story=_story(recorded.optional("post_id"), account),
    )


def review(value: Any, raw: bytes, account: Account) -> Listed:
    """Read one recommendation of the Page, which is a post by whoever gave it. Raises Malformed.

    It has no identifier but that of its story, with which comments on it begin; the older ones have no story, and are
    called by who gave them when. Where nothing was written, the kind of recommendation stands for it.
    """
    item = _Item(value, raw)
    given, author = item.time("created_time"), _author(item.object("reviewer"))
    story = _Item(item.object("open_graph_story"), raw).optional("id")
    own = story or f"review-{author.id or 'unnamed'}-{int(given.timestamp())}"
    return Listed(
        post=Post(
            ref=_ref(account, f"{account.id}_{own}"),
            author=author,
            text=item.optional("review_text") or item.optional("recommendation_type") or "",
            posted_at=given,
            url=f"{_WEB}/{account.id}/reviews",
            raw=raw,
        ),
        updated=int(given.timestamp()),
        count=-1,
        thread=story,
        apart=True,
    )


def advertised(body: bytes, account: Account) -> list[str]:
    """The posts of the Page that a list of advertisements shows; an ad account may serve other Pages, too.

    Ads whose creative names no post are left out: those that Facebook puts together as it shows them.
    """
    creatives = [value.get("creative") for value, _ in verbatim.items(body, "data") if isinstance(value, dict)]
    named = [each.get("effective_object_story_id") for each in creatives if isinstance(each, dict)]
    return [story for story in named if isinstance(story, str) and story.startswith(f"{account.id}_")]


def comment(value: Any, raw: bytes, account: Account, post: Ref | None = None) -> Comment:
    """Read one comment; `post` is the post or object under which it was listed. Raises Malformed.

    Without `post` it is taken from the identifier, ``{post}_{comment}``, which names the post without its Page; or
    from `object`, the photo or video it is on, if that is what the identifier begins with.
    """
    item = _Item(value, raw)
    comment_id = item.text("id")
    post = post or _ref(account, _beneath(comment_id.partition("_")[0], item.object("object").get("id"), account))
    author = _author(item.object("from"))
    parent = item.object("parent").get("id")
    return Comment(
        ref=_ref(account, comment_id),
        post=post,
        parent=_ref(account, parent) if isinstance(parent, str) else None,
        author=author,
        speaker=Speaker.CITY if author.id == account.id else Speaker.PUBLIC,
        text=item.optional("message") or "",
        posted_at=item.time("created_time"),
        url=item.optional("permalink_url") or _permalink(post, comment_id),
        visibility=visibility(value),
        attachments=_attachments(item.object("attachment")),
        raw=raw,
        counts=counts(item.value, likes="like_count", replies="comment_count"),
    )


def profile(value: Any, raw: bytes) -> Profile:
    """Read what a Page says of itself. `website` may hold several addresses. Raises Malformed."""
    item = _Item(value, raw)
    text = "\n\n".join(part for part in (item.optional("about"), item.optional("description")) if part)
    picture = item.object("picture").get("data")
    url = picture.get("url") if isinstance(picture, dict) else None
    websites = re.split(r"[\s,;]+", item.optional("website") or "")
    return Profile(
        name=item.text("name"),
        handle=item.optional("username"),
        text=text,
        links=tuple(dict.fromkeys(link for link in (*websites, *_ADDRESS.findall(text)) if link)),
        picture=url if isinstance(url, str) else None,
        raw=raw,
    )


def visibility(value: Mapping[str, Any]) -> Visibility:
    """What `is_hidden` says; UNKNOWN where it is not said."""
    hidden = value.get("is_hidden")
    if not isinstance(hidden, bool):
        return Visibility.UNKNOWN
    return Visibility.HIDDEN if hidden else Visibility.VISIBLE


class _Item:
    """One object of an answer, whose members are asked for by name and kind."""

    def __init__(self, value: Any, raw: bytes) -> None:
        self.raw = raw
        self.value: Mapping[str, Any] = value if isinstance(value, dict) else {}

    def text(self, name: str) -> str:
        found = self.optional(name)
        if not found:
            raise self._malformed(name, "is not there")
        return found

    def optional(self, name: str) -> str | None:
        found = self.value.get(name)
        if found is not None and not isinstance(found, str):
            raise self._malformed(name, "is not text")
        return found

    def object(self, name: str) -> Mapping[str, Any]:
        found = self.value.get(name)
        if found is not None and not isinstance(found, dict):
            raise self._malformed(name, "is not an object")
        return found or {}

    def time(self, name: str) -> datetime:
        try:
            return datetime.strptime(self.text(name), "%Y-%m-%dT%H:%M:%S%z").astimezone(UTC)
        except (ValueError, OverflowError):
            raise self._malformed(name, "is not a time with its offset") from None

    def _malformed(self, name: str, what: str) -> Malformed:
        return Malformed(f"`{name}` of {str(self.value.get('id'))[:80]} {what}", payload=self.raw)


def _apart(item: _Item, account: Account, *, text: str | None, page: str | None) -> Listed:
    """A photo or video; the address of a video is given without its host."""
    ident, author, picture = item.text("id"), item.object("from"), item.optional("picture")
    created = item.time("created_time")
    return Listed(
        post=Post(
            ref=_ref(account, ident),
            author=_author(author) if author else Author(id=account.id, name=account.name),
            text=text or "",
            posted_at=created,
            url=urljoin(_WEB, page or f"/{ident}"),
            attachments=(Attachment(id=urlsplit(picture).path, kind="picture", url=picture),) if picture else (),
            raw=item.raw,
        ),
        updated=int(created.timestamp()),
        count=_count(item.object("comments")),
        thread=ident,
        apart=True,
        story=_story(item.optional("page_story_id") or item.optional("post_id"), account),
    )


def _story(ident: str | None, account: Account) -> str | None:
    """A post's identifier with its Page, which videos leave out."""
    return ident if not ident or "_" in ident else f"{account.id}_{ident}"


def _beneath(prefix: str, on: object, account: Account) -> str:
    """What stands above a comment whose identifier begins with `prefix`, and which Graph says is `on` an object."""
    return on if isinstance(on, str) and on.rpartition("_")[2] == prefix else f"{account.id}_{prefix}"


def _ref(account: Account, item: str) -> Ref:
    return Ref(platform=account.platform, account=account.id, item=item)


def _author(found: Mapping[str, Any]) -> Author:
    ident, name = found.get("id"), found.get("name")
    return Author(id=ident if isinstance(ident, str) else None, name=name if isinstance(name, str) else None)


def _count(comments: Mapping[str, Any]) -> int:
    summary = comments.get("summary")
    count = summary.get("total_count") if isinstance(summary, dict) else None
    return count if isinstance(count, int) else -1


def _figures(item: _Item) -> dict[str, int]:
    """Reactions, comments and shares of a post; Graph leaves `shares` out where nobody shared it."""
    found = {"reactions": _count(item.object("reactions")), "comments": _count(item.object("comments"))}
    return {name: number for name, number in found.items() if number >= 0} | counts(
        item.object("shares"), shares="count"
    )


def _permalink(post: Ref, comment_id: str) -> str:
    """A comment's address, made where Graph does not give it."""
    return f"{_WEB}/{post.item}?{urlencode({'comment_id': comment_id.rpartition('_')[2]})}"


def _attachments(found: Mapping[str, Any]) -> tuple[Attachment, ...]:
    """The sticker, picture, video or link card of a comment; there is at most one."""
    if not found:
        return ()
    media = found.get("media")
    image = media.get("image") if isinstance(media, dict) else None
    picture = image.get("src") if isinstance(image, dict) else None
    page = found.get("url")
    kind = str(found.get("type") or "attachment")
    alt = found.get("title") or found.get("description")
    return (
        Attachment(
            id=_attachment_id(found, kind),
            kind=kind,
            url=next((str(url) for url in (picture, page) if url), None),
            alt=str(alt) if alt else None,
        ),
    )


def _attachment_id(found: Mapping[str, Any], kind: str) -> str:
    """What names an attachment for good. A picture's address is another one each day, a link's has a seal in it."""
    target = found.get("target")
    ident = target.get("id") if isinstance(target, dict) else None
    return str(ident or _linked(str(found.get("url") or "")) or kind)


def _linked(url: str) -> str:
    """Where a link leads that goes through Facebook's own ``l.facebook.com/l.php?u=…&h=…``."""
    split = urlsplit(url)
    beyond = parse_qs(split.query).get("u") if split.path == "/l.php" else None
    return beyond[0] if beyond else url
