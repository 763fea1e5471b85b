"""Reads X's answers into our nouns. Understands both spellings of API v2: `tweet.*` (to 2.166) and `post.*` (2.167 on).

X leaves out what is empty, gives identifiers as text, cuts `text` at about 280 characters (the whole is in the note),
and answers unknown or withdrawn field names with silence and status 200. What we cannot do without is therefore
looked for in every item, and its absence is Malformed.

History: 2.166 named things tweet.*, 2.167 (seen from 2026-08-07) post.*.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bot.domain.types import Attachment, Author, Comment, Post, Ref, Speaker, Visibility
from connectors import verbatim
from connectors.contract import Malformed
from connectors.x import snowflake

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.domain.types import Account

WEB = "https://x.com"
_GONE_TYPES = ("resource-not-found", "not-authorized-for-resource", "resource-unavailable", "disallowed-resource")
_POST_TYPES = ("tweet", "post")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tweet:
    """One wording of something written on X: the City's post or anybody's reply, before we know which.

    `history` names all wordings, oldest first; its first is the name we keep. `replied_to` may be any wording of the
    parent. `conversation` names the post that everything hangs under.
    """

    id: str
    history: tuple[str, ...]
    conversation: str
    replied_to: str | None
    author: Author
    text: str
    posted_at: datetime
    url: str
    attachments: tuple[Attachment, ...]
    raw: bytes

    @property
    def first(self) -> str:
        """The identifier of the first wording, which names the whole thing for ever."""
        return self.history[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer: what is in it, which identifiers X says it will not show, and where the next page is."""

    tweets: tuple[Tweet, ...]
    gone: frozenset[str]
    next_token: str | None
    raw: bytes


def page(body: bytes, web: str = WEB, *, listed: bool = False) -> Page:
    """Read a look-up, or a list (`listed`), which always says how long it is, even when it is empty.

    Raises Malformed if it is not one, or if a field that we asked for is missing in any item.
    """
    whole = document(body)
    try:
        users = {user["id"]: user for user in _includes(whole, "users")}
        media = {medium["media_key"]: medium for medium in _includes(whole, "media")}
        tweets = tuple(_tweet(item, raw, users, media, web) for item, raw in verbatim.items(body, "data"))
        gone = frozenset(_gone(whole.get("errors", [])))
        token = whole["meta"].get("next_token") if listed else None
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        message = f"X's answer lacks or misspells {error}"
        raise Malformed(message, payload=body) from error
    return Page(tweets=tweets, gone=gone, next_token=token, raw=body)


def hidden(body: bytes, identifier: str) -> bool | None:
    """Read the answer to hiding or showing: whether it is hidden now, None if X says there is no such reply."""
    whole = document(body)
    try:
        if "data" in whole:
            return _truth(whole["data"]["hidden"])
        if identifier in _gone(whole["errors"]):
            return None
    except (AttributeError, KeyError, TypeError) as error:
        message = f"X's answer lacks or misspells {error}"
        raise Malformed(message, payload=body) from error
    message = "X's answer does not say whether the reply is hidden"
    raise Malformed(message, payload=body)


def document(body: bytes) -> dict[str, Any]:
    """The answer as a JSON object, or Malformed."""
    try:
        whole = json.loads(body)
    except (ValueError, RecursionError) as error:
        message = "X's answer is not JSON"
        raise Malformed(message, payload=body) from error
    if not isinstance(whole, dict):
        message = "X's answer is not a JSON object"
        raise Malformed(message, payload=body)
    return whole


def post(tweet: Tweet, account: Account) -> Post:
    """A post of the City."""
    return Post(
        ref=_ref(account, tweet.first),
        author=tweet.author,
        text=tweet.text,
        posted_at=tweet.posted_at,
        url=tweet.url,
        attachments=tweet.attachments,
        raw=tweet.raw,
    )


def comment(tweet: Tweet, account: Account, *, root: str, parent: str | None) -> Comment:
    """A reply in the conversation under the City's post `root`; `parent` is None for a reply to the post itself."""
    return Comment(
        ref=_ref(account, tweet.first),
        post=_ref(account, root),
        parent=_ref(account, parent) if parent else None,
        author=tweet.author,
        speaker=Speaker.CITY if tweet.author.id == account.id else Speaker.PUBLIC,
        text=tweet.text,
        posted_at=tweet.posted_at,
        url=tweet.url,
        visibility=Visibility.UNKNOWN,
        attachments=tweet.attachments,
        raw=tweet.raw,
    )


def _tweet(
    item: Mapping[str, Any],
    raw: bytes,
    users: Mapping[str, Mapping[str, Any]],
    media: Mapping[str, Mapping[str, Any]],
    web: str,
) -> Tweet:
    history = tuple(_either(item, "edit_history_tweet_ids", "edit_history_post_ids"))
    references = _either(item, "referenced_tweets", "referenced_posts", default=())
    note = _either(item, "note_tweet", "note_post", default=None)
    identifier = _identifier(item["id"])
    author = _author(_text(item["author_id"]), users, web)
    return Tweet(
        id=identifier,
        history=tuple(map(_identifier, history)) or (identifier,),
        conversation=_identifier(item["conversation_id"]),
        replied_to=next((_identifier(other["id"]) for other in references if other["type"] == "replied_to"), None),
        author=author,
        text=_text(note["text"] if note else item["text"]),
        posted_at=_posted_at(item["created_at"], history),
        url=f"{web}/{author.handle or 'i'}/status/{identifier}",
        attachments=(*_media(item, media), *_links(item, note)),
        raw=raw,
    )


def _author(identifier: str, users: Mapping[str, Mapping[str, Any]], web: str) -> Author:
    """Who wrote it; of suspended and withheld authors X gives the identifier alone."""
    user = users.get(identifier)
    if user is None:
        return Author(id=identifier, url=f"{web}/i/user/{identifier}")
    return Author(id=identifier, name=user["name"], handle=user["username"], url=f"{web}/{user['username']}")


def _posted_at(created_at: str, history: tuple[str, ...]) -> datetime:
    """When the first wording appeared: X dates each wording on its own, but every identifier tells its time."""
    if len(history) > 1:
        return snowflake.time_of(history[0])
    try:
        return datetime.fromisoformat(created_at).astimezone(UTC)
    except ValueError:  # whose words repeat the text
        message = "a time, where there is another text"
        raise ValueError(message) from None


def _media(item: Mapping[str, Any], media: Mapping[str, Mapping[str, Any]]) -> Iterable[Attachment]:
    for key in item.get("attachments", {}).get("media_keys", ()):
        medium = media.get(key, {})
        url = medium.get("url") or medium.get("preview_image_url")
        yield Attachment(id=key, kind=medium.get("type", "media"), url=url, alt=medium.get("alt_text"))


def _links(item: Mapping[str, Any], note: Mapping[str, Any] | None) -> Iterable[Attachment]:
    """The places that shortened links lead to, each once: the text itself shows t.co alone."""
    entities = (note or item).get("entities", {})
    seen: set[str] = set()
    for link in entities.get("urls", ()):
        short, target = link["url"], link.get("unwound_url") or link.get("expanded_url")
        if target and target != short and short not in seen and "media_key" not in link:
            seen.add(short)
            yield Attachment(id=short, kind="link", url=target)


def _gone(errors: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for error in errors:
        kind = error.get("type", "").rpartition("/")[2]
        if kind in _GONE_TYPES and error.get("resource_type") in _POST_TYPES:
            yield _text(error.get("resource_id") or error["value"])


def _includes(whole: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = whole.get("includes", {}).get(kind, [])
    return found


_REQUIRED: Any = object()


def _either(item: Mapping[str, Any], old: str, new: str, *, default: Any = _REQUIRED) -> Any:
    """The field under its tweet.* or its post.* name."""
    if old in item:
        return item[old]
    if new not in item and default is _REQUIRED:
        raise KeyError(old)
    return item.get(new, default)


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        message = f"true or false, where there is {type(value).__name__}"
        raise TypeError(message)
    return value


def _identifier(value: object) -> str:
    text = _text(value)
    if not (text.isascii() and text.isdecimal()):
        message = "an identifier, where there is another text"
        raise ValueError(message)
    return text


def _text(value: object) -> str:
    if not isinstance(value, str):
        message = f"a text, where there is {type(value).__name__}"
        raise TypeError(message)
    return value


def _ref(account: Account, item: str) -> Ref:
    return Ref(platform=account.platform, account=account.id, item=item)
