"""Reads Bluesky's answers into our nouns (lexicons app.bsky.feed.defs and app.bsky.feed.post)."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bot.domain.types import Attachment, Author, Comment, Post, Ref, Speaker, Visibility
from connectors import verbatim
from connectors.contract import Malformed
from connectors.counting import counts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.domain.types import Account

_URI = re.compile(r"at://(did:[a-z]+:[A-Za-z0-9._:%-]+)/app\.bsky\.feed\.post/([A-Za-z0-9._:~-]{1,512})")


@dataclass(frozen=True, slots=True)
class Written:
    """A post of anybody's. `root` is the first post of its thread, or what it quotes; None for neither.

    `counts` says how many replies and quotes it has, `hides` what the threadgate of a first post hides.
    """

    uri: str
    root: str | None
    parent: str | None
    quotes: bool
    counts: tuple[int, int]
    hides: tuple[str, ...]
    common: Mapping[str, Any]

    def post(self, account: Account) -> Post:
        """A post of the City."""
        return Post(ref=_ref(account, self.uri), **self.common)

    def comment(self, account: Account, *, hidden: bool) -> Comment:
        """A reply in a thread, or a quote."""
        city = self.common["author"].id == did(account)
        return Comment(
            ref=_ref(account, self.uri),
            post=_ref(account, self.root or self.uri),
            parent=_ref(account, self.parent) if self.parent and self.parent != self.root else None,
            speaker=Speaker.CITY if city else Speaker.PUBLIC,
            visibility=Visibility.HIDDEN if hidden else Visibility.VISIBLE,
            **self.common,
        )


def did(account: Account) -> str:
    """An account's DID. Accounts have no colons in their `id`, so it is the DID with dots in their place."""
    return ":".join(account.id.split(".", 2))


def parts(uri: object) -> tuple[str, str]:
    """Whose post an address names (a DID), and the post's key. ValueError if it names none."""
    if found := _URI.fullmatch(_text(uri)):
        return found[1], found[2]
    message = "no address of a post"
    raise ValueError(message)


@contextmanager
def sound(body: bytes) -> Iterator[None]:
    """Give Malformed for every way in which an answer fails to be what the lexicon says."""
    try:
        yield
    except (AttributeError, LookupError, OverflowError, RecursionError, TypeError, ValueError) as error:
        message = f"Bluesky's answer is not as published ({type(error).__name__})"
        raise Malformed(message, payload=body or b"(empty)") from None


def listed(body: bytes, name: str) -> list[tuple[Any, bytes]]:
    """The items of a list, each with its own bytes. Raises Malformed, also if there is no such list."""
    with sound(body):
        verbatim.member(body, name)
        return list(verbatim.items(body, name))


def thread(body: bytes, web: str) -> Iterator[tuple[Written, int]]:
    """All posts of a thread that can be read, with how deep each stands below the first."""
    with sound(body):
        raw = verbatim.member(body, "thread")
        nodes = [(json.loads(raw), raw, 0)]
        while nodes:
            node, raw, depth = nodes.pop()
            if "post" in node:  # else it is blocked, or there no more
                yield written(node["post"], verbatim.member(raw, "post"), web), depth
                nodes.extend((reply, part, depth + 1) for reply, part in verbatim.items(raw, "replies"))


def written(view: Mapping[str, Any], raw: bytes, web: str) -> Written:
    """Read a `postView`; what `sound` catches if it is none."""
    record, person, uri = view["record"], view["author"], view["uri"]
    author, key = parts(uri)
    reply = record.get("reply")
    quoted = None if reply else quoted_by(record)
    handle = None if person["handle"] == "handle.invalid" else _text(person["handle"])
    for above in (reply["root"], reply["parent"]) if reply else ():
        parts(above["uri"])
    return Written(
        uri=uri,
        root=reply["root"]["uri"] if reply else quoted,
        parent=reply["parent"]["uri"] if reply else None,
        quotes=quoted is not None,
        counts=(int(view.get("replyCount", 0)), int(view.get("quoteCount", 0))),
        hides=tuple(view.get("threadgate", {}).get("record", {}).get("hiddenReplies", ())),
        common={
            "author": Author(id=author, name=_text(person.get("displayName", "")) or None, handle=handle),
            "text": _text(record["text"]),
            "posted_at": _at(record.get("createdAt"), view["indexedAt"]),
            "url": f"{web}/profile/{author}/post/{key}",
            "attachments": tuple(_attachments(record, view.get("embed", {}))),
            "raw": raw,
            "counts": counts(view, likes="likeCount", reposts="repostCount", replies="replyCount", quotes="quoteCount"),
        },
    )


def quoted_by(record: Mapping[str, Any]) -> str | None:
    """The post that a post quotes, if any (app.bsky.embed.record and recordWithMedia)."""
    inner = record.get("embed", {}).get("record", {})
    uri = inner.get("uri") or inner.get("record", {}).get("uri")
    return uri if isinstance(uri, str) and _URI.fullmatch(uri) else None


def _at(created: object, indexed: str) -> datetime:
    """When it was written: its author's program says so, and may say anything, so never after Bluesky saw it."""
    seen = datetime.fromisoformat(indexed).astimezone(UTC)
    try:
        return min(datetime.fromisoformat(_text(created)).astimezone(UTC), seen)
    except (OverflowError, TypeError, ValueError):
        return seen


def _attachments(record: Mapping[str, Any], embed: Mapping[str, Any]) -> Iterator[Attachment]:
    media = embed.get("media", embed)
    for image in media.get("images", ()):
        yield Attachment(id=_text(image["fullsize"]), kind="image", url=image["fullsize"], alt=image.get("alt") or None)
    if "playlist" in media:
        yield Attachment(id=_text(media["playlist"]), kind="video", url=media["playlist"])
    links = [media["external"]["uri"]] if "external" in media else []
    links += [part["uri"] for facet in record.get("facets", ()) for part in facet["features"] if "uri" in part]
    yield from (Attachment(id=_text(uri), kind="link", url=uri) for uri in dict.fromkeys(links))


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    message = f"a text, where there is {type(value).__name__}"
    raise TypeError(message)


def _ref(account: Account, uri: str) -> Ref:
    return Ref(platform=account.platform, account=account.id, item=uri)
