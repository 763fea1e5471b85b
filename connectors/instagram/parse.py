"""Reads what Graph sends of an Instagram account's media and comments into the product's nouns. Pure.

Formats seen (History): v26.0, 2026-11-22, from the reference pages "IG Media", "IG Comment" and "IG User" and the
parameter tables of facebook-business 26.0.3. Times are ``2026-11-22T01:02:03+0000``; identifiers are text beyond 2^53.
People have no names here, only usernames; `from` is missing where Instagram keeps the author to itself, and then
`username` may remain. The field that tells a hidden comment is `hidden`; the parameter that hides one is `hide`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bot.domain.types import Attachment, Author, Comment, Post, Ref, Speaker, Visibility
from connectors import verbatim
from connectors.contract import Malformed, Profile
from connectors.counting import counts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.domain.types import Account

REPLIES_AT_ONCE = 50
COMMENT_FIELDS = "id,text,timestamp,username,from{id,username},user{id},hidden,like_count,parent_id"
THREAD_FIELDS = f"{COMMENT_FIELDS},replies.limit({REPLIES_AT_ONCE}){{{COMMENT_FIELDS}}}"
"""A comment with the replies to it, which come in no other way than by asking for them."""
LOOK_FIELDS = f"{COMMENT_FIELDS},media{{id,permalink,shortcode,username,media_product_type}}"
OTHERS_FIELDS = "id,caption,media_type,media_product_type,permalink,shortcode,timestamp,username,media_url"
"""Of a medium that somebody else published."""
MEDIA_FIELDS = (
    f"{OTHERS_FIELDS},thumbnail_url,comments_count,is_comment_enabled,children{{id,media_type,media_url,thumbnail_url}}"
)
_WEB = "https://www.instagram.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A medium as the account's list shows it, with what tells about its comments.

    `published` is in seconds since 1970. `count` is Graph's count of comments with replies, -1 where it gives none;
    it may be more than are shown. `open_to_comments` is False where the City switched comments off.
    """

    post: Post
    published: int
    count: int
    open_to_comments: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a comment stands: the medium, its public address, and the username of the account that published it."""

    medium: Ref
    permalink: str
    username: str | None


def listed(value: Any, raw: bytes, account: Account) -> Listed:
    """Read one medium of the account's own list. Raises Malformed."""
    item = _Item(value, raw)
    post = medium(value, raw, account)
    count = item.value.get("comments_count")
    return Listed(
        post=post,
        published=int(post.posted_at.timestamp()),
        count=count if isinstance(count, int) else -1,
        open_to_comments=item.value.get("is_comment_enabled") is not False,
    )


def medium(value: Any, raw: bytes, account: Account, *, own: bool = True) -> Post:
    """Read a medium: a picture, a video, a reel or a carousel; not `own`: somebody else's. Raises Malformed."""
    item = _Item(value, raw)
    username = item.optional("username")
    author = Author(id=account.id, name=account.name, handle=username) if own else _author(None, username)
    return Post(
        ref=_ref(account, item.identifier()),
        author=author,
        text=item.optional("caption") or "",
        posted_at=item.time("timestamp"),
        url=_permalink(item),
        attachments=tuple(_attachments(item)),
        raw=raw,
        counts=counts(item.value, likes="like_count", comments="comments_count"),
    )


def place_of(post: Post) -> Place:
    """Where the comments under a listed medium stand."""
    return Place(medium=post.ref, permalink=post.url, username=post.author.handle)


def comment(value: Any, raw: bytes, account: Account, place: Place | None = None, above: str | None = None) -> Comment:
    """Read one comment, listed at `place` and below the comment `above`; without `place` it says itself where it is.

    Raises Malformed.
    """
    item = _Item(value, raw)
    ident = item.identifier()
    place = place or _place(item, account)
    parent = item.identifier("parent_id") if item.optional("parent_id") else above
    return Comment(
        ref=_ref(account, ident),
        post=place.medium,
        parent=_ref(account, parent) if parent else None,
        author=_author(item.object("from").get("id"), _username(item)),
        speaker=Speaker.CITY if _is_citys(item, account, place) else Speaker.PUBLIC,
        text=item.optional("text") or "",
        posted_at=item.time("timestamp"),
        url=_address(place.permalink, ident, parent),
        visibility=visibility(item.value),
        raw=raw,
        counts=counts(item.value, likes="like_count"),
    )


def thread(value: Any, raw: bytes, account: Account, place: Place) -> Iterator[Comment]:
    """Read a comment and the replies that came with it, each with its own bytes. Raises Malformed."""
    top = comment(value, raw, account, place)
    yield top
    if isinstance(value, dict) and value.get("replies"):
        for reply, bytes_ in items(raw, "replies", "data"):
            yield comment(reply, bytes_, account, place, above=top.ref.item)


def more_replies(value: Mapping[str, Any]) -> bool:
    """Whether there may be more replies than came with a comment: a full page of them, or one that names the next."""
    replies = value.get("replies")
    if not isinstance(replies, dict):
        return False
    paging, data = replies.get("paging"), replies.get("data")
    goes_on = isinstance(paging, dict) and bool(paging.get("next"))
    return goes_on or (isinstance(data, list) and len(data) >= REPLIES_AT_ONCE)


def profile(value: Mapping[str, Any], raw: bytes) -> Profile:
    """Read the account's own page. Raises Malformed."""
    item = _Item(value, raw)
    username, website = item.text("username"), item.optional("website")
    return Profile(
        name=item.optional("name") or username,
        handle=username,
        text=item.optional("biography") or "",
        links=(website,) if website else (),
        picture=item.optional("profile_picture_url"),
        raw=raw,
    )


def visibility(value: Mapping[str, Any]) -> Visibility:
    """What `hidden` says; UNKNOWN where it is not said."""
    hidden = value.get("hidden")
    if not isinstance(hidden, bool):
        return Visibility.UNKNOWN
    return Visibility.HIDDEN if hidden else Visibility.VISIBLE


def items(body: bytes, *path: str) -> Iterator[tuple[Any, bytes]]:
    """The items of a list with their own bytes. Raises Malformed."""
    try:
        yield from verbatim.items(body, *path)
    except ValueError as error:
        raise Malformed(str(error), payload=body) from None


class _Item:
    """One object of an answer, whose members are asked for by name and kind."""

    def __init__(self, value: Any, raw: bytes) -> None:
        self._raw = raw
        self.value: Mapping[str, Any] = value if isinstance(value, dict) else {}

    def text(self, name: str) -> str:
        found = self.optional(name)
        if not found:
            raise self.malformed(name, "is not there")
        return found

    def identifier(self, name: str = "id") -> str:
        """Text that can be asked for again."""
        found = self.text(name)
        if not found.isascii():
            raise self.malformed(name, "is no identifier")
        return found

    def optional(self, name: str) -> str | None:
        found = self.value.get(name)
        if found is not None and not isinstance(found, str):
            raise self.malformed(name, "is not text")
        return found

    def object(self, name: str) -> Mapping[str, Any]:
        found = self.value.get(name)
        if found is not None and not isinstance(found, dict):
            raise self.malformed(name, "is not an object")
        return found or {}

    def within(self, name: str) -> _Item:
        return _Item(self.object(name), self._raw)

    def time(self, name: str) -> datetime:
        try:
            return datetime.strptime(self.text(name), "%Y-%m-%dT%H:%M:%S%z").astimezone(UTC)
        except (ValueError, OverflowError):
            raise self.malformed(name, "is not a time with its offset") from None

    def malformed(self, name: str, what: str) -> Malformed:
        return Malformed(f"`{name}` of {str(self.value.get('id'))[:80]} {what}", payload=self._raw)


def _ref(account: Account, item: str) -> Ref:
    return Ref(platform=account.platform, account=account.id, item=item)


def _place(item: _Item, account: Account) -> Place:
    medium = item.within("media")
    return Place(
        medium=_ref(account, medium.identifier()), permalink=_permalink(medium), username=medium.optional("username")
    )


def _permalink(medium: _Item) -> str:
    """A medium's public address; its shortcode makes one where Graph gives none."""
    shortcode = medium.optional("shortcode")
    return medium.optional("permalink") or (f"{_WEB}/p/{shortcode}/" if shortcode else f"{_WEB}/")


def _address(permalink: str, ident: str, parent: str | None) -> str:
    """A comment's public address, which Graph does not give: the form that Instagram's own web pages have."""
    return f"{permalink}c/{parent}/r/{ident}/" if parent else f"{permalink}c/{ident}/"


def _username(item: _Item) -> str | None:
    inner = item.object("from").get("username")
    return item.optional("username") or (inner if isinstance(inner, str) else None)


def _author(ident: object, username: str | None) -> Author:
    return Author(
        id=ident if isinstance(ident, str) else None,
        name=f"@{username}" if username else None,
        handle=username,
        url=f"{_WEB}/{username}/" if username else None,
    )


def _is_citys(item: _Item, account: Account, place: Place) -> bool:
    """Whether the City wrote it: by identifier, or by the username that the account has now, which is its alone.

    `user` is sent of nobody but the account itself ("IG Comment", Graph API reference).
    """
    named = (item.object("user").get("id"), item.object("from").get("id"))
    username = _username(item)
    return account.id in named or (
        username is not None and place.username is not None and username.casefold() == place.username.casefold()
    )


def _attachments(item: _Item) -> Iterator[Attachment]:
    """The pictures and videos of a medium: the parts of a carousel, else the medium itself."""
    parts = item.object("children").get("data")
    if not isinstance(parts, list) or not parts:
        yield _attachment(item, str(item.optional("media_product_type") or ""))
        return
    for part in parts:
        yield _attachment(_Item(part, b""), "")


def _attachment(item: _Item, product: str) -> Attachment:
    """`media_url` is missing where the rights to what is in it belong to others ("IG Media", Graph API reference)."""
    kind = "reel" if product == "REELS" else (item.optional("media_type") or "medium").lower()
    return Attachment(id=item.identifier(), kind=kind, url=item.optional("media_url") or item.optional("thumbnail_url"))
