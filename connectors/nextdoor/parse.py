"""Reads Nextdoor's answers: posts with all their comments, each with the bytes it came in.

The shapes are those of github.com/Kukushaa/nextdoor-java-sdk (f4cb77c), which leaves out what it does not know. So
fields that we do not know are let pass, and who wrote a comment is taken from `author_id` and `author_name` where they
ride along. Archivers say that the API gives an identifier and no name (civicplus.help, "Connecting a Nextdoor
account").
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bot.domain.types import Attachment, Author, Comment, Post, Ref, Speaker, Visibility
from connectors import verbatim
from connectors.assisted import without_query
from connectors.contract import Malformed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from bot.domain.types import Account


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One of the City's posts as it was listed, with the comments under it, oldest first."""

    post: Post
    comments: tuple[Comment, ...]


def listing(body: bytes, account: Account, city: Collection[str] = ()) -> list[Listed]:
    """Read "Get your posts" in the order in which it comes. `city`: who writes for the City. Raises Malformed."""
    try:
        if not isinstance(json.loads(body)["posts"], list):
            message = "a list of posts"
            raise TypeError(message)  # noqa: TRY301  judged with all else that may be wrong
        return [_listed(item, raw, account, city) for item, raw in verbatim.items(body, "posts")]
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError, OSError, RecursionError) as error:
        message = f"Nextdoor's list of posts lacks or misspells {type(error).__name__} {_word(error)}"
        raise Malformed(message, payload=body or b"(empty)") from None


def authors(body: bytes) -> set[str]:
    """Who published the posts of a list: staff of the City. Raises Malformed."""
    try:
        found = (item.get("author_id") for item, _ in verbatim.items(body, "posts"))
        return {_identifier(author) for author in found if author is not None}
    except (AttributeError, TypeError, ValueError) as error:
        message = f"Nextdoor's list of posts lacks or misspells {type(error).__name__}"
        raise Malformed(message, payload=body or b"(empty)") from None


def profiles(body: bytes) -> dict[str, str]:
    """Read the profiles of a member of staff: name by `secure_profile_id`. Raises Malformed."""
    try:
        found = json.loads(body)["profiles"]
        return {_text(each["secure_profile_id"]): str(each.get("name") or "") for each in found}
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        message = f"Nextdoor's list of profiles lacks or misspells {type(error).__name__} {_word(error)}"
        raise Malformed(message, payload=body or b"(empty)") from None


def item_of(post: str, comment: object) -> str:
    """Name a comment together with its post, without which nobody can look for it: ``POST-COMMENT``."""
    return f"{post}-{comment}"


def post_of(item: str) -> str:
    """The post in the name of a comment; nothing in a name that is not Nextdoor's."""
    return item.rpartition("-")[0]


def _listed(item: Mapping[str, Any], raw: bytes, account: Account, city: Collection[str]) -> Listed:
    ident = _identifier(item["id"])
    url = without_query(_text(item["url"]))
    words = [text for text in (item.get("title"), item.get("body")) if text]
    post = Post(
        ref=_ref(account, ident),
        author=_author(item, account.name),
        text="\n\n".join(_text(text) for text in words),
        posted_at=_moment(item),
        url=url,
        attachments=tuple(_media(item)),
        raw=raw,
    )
    comments = [_comment(each, its_raw, post, account, city) for each, its_raw in verbatim.items(raw, "comments")]
    return Listed(post=post, comments=tuple(sorted(comments, key=lambda comment: comment.posted_at)))


def _comment(item: Mapping[str, Any], raw: bytes, post: Post, account: Account, city: Collection[str]) -> Comment:
    parent = item.get("parent_comment_id")
    author = _author(item)
    return Comment(
        ref=_ref(account, item_of(post.ref.item, _identifier(item["id"]))),
        post=post.ref,
        parent=_ref(account, item_of(post.ref.item, _identifier(parent))) if parent else None,
        author=author,
        speaker=Speaker.CITY if author.id in city else Speaker.PUBLIC,
        text=_text(item["body"]),
        posted_at=_moment(item),
        url=post.url,
        visibility=Visibility.UNKNOWN,
        attachments=tuple(_media(item)),
        raw=raw,
    )


def _author(item: Mapping[str, Any], name: str | None = None) -> Author:
    ident = item.get("author_id")
    said = item.get("author_name")
    return Author(id=None if ident is None else _identifier(ident), name=said if isinstance(said, str) else name)


def _media(item: Mapping[str, Any]) -> Iterator[Attachment]:
    for medium in item.get("media") or ():
        address = without_query(_text(medium["url"]))
        yield Attachment(id=address, kind="video" if medium.get("is_video") else "photo", url=address)


def _moment(item: Mapping[str, Any]) -> datetime:
    seconds = item["creation_date_epoch_seconds"]
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        message = "a time in seconds"
        raise TypeError(message)
    return datetime.fromtimestamp(seconds, UTC)


def _identifier(value: object) -> str:
    """An identifier, which Nextdoor writes as a number or as a text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    text = _text(value)
    if not text:
        message = "an identifier"
        raise ValueError(message)
    return text


def _text(value: object) -> str:
    if not isinstance(value, str):
        message = f"a text, where there is {type(value).__name__}"
        raise TypeError(message)
    return value


def _word(error: Exception) -> str:
    """The name of what is missing, which is ours; anything else might be somebody's words."""
    return str(error.args[0])[:40] if isinstance(error, KeyError) and error.args else ""


def _ref(account: Account, item: str) -> Ref:
    return Ref(platform=account.platform, account=account.id, item=item)
