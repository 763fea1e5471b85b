"""Reads Bluesky's answers into our nouns (lexicons app.bsky.feed.defs and app.bsky.feed.post)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from bot.domain.types import Attachment, Author, Comment, Post, Speaker, Visibility
from connectors import verbatim
from connectors.answers import as_published, listed, ref, text
from connectors.counting import counts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.domain.types import Account

_URI = re.compile(r"at://(did:[a-z]+:[A-Za-z0-9._:%-]+)/app\.bsky\.feed\.post/([A-Za-z0-9._:~-]{1,512})")
sound, items = partial(as_published, whose="Bluesky"), partial(listed, whose="Bluesky")


@dataclass(frozen=True, slots=True)
class Written:
    """A post of anybody's, dated as Bluesky saw it: its author may date it as they like.

    `thread` is the first post of the thread it answers in, None if it begins one; `under` that, or else what it quotes.
    `counts` says how many replies and quotes it has, `hides` what the threadgate of a first post hides.
    """

    uri: str
    thread: str | None
    under: str | None
    parent: str | None
    counts: tuple[int, int]
    hides: tuple[str, ...]
    common: Mapping[str, Any]

    def post(self, account: Account) -> Post:
        """A post of the City."""
        return Post(ref=ref(account, self.uri), **self.common)

    def comment(self, account: Account, *, hidden: bool) -> Comment:
        """A reply in a thread, or a quote."""
        city = self.common["author"].id == did(account)
        return Comment(
            ref=ref(account, self.uri),
            post=ref(account, self.under or self.uri),
            parent=ref(account, self.parent) if self.parent and self.parent != self.thread else None,
            speaker=Speaker.CITY if city else Speaker.PUBLIC,
            visibility=Visibility.HIDDEN if hidden else Visibility.VISIBLE,
            **self.common,
        )


def did(account: Account) -> str:
    """An account's DID. Accounts have no colons in their `id`, so it is the DID with dots in their place."""
    return ":".join(account.id.split(".", 2))


def parts(uri: object) -> tuple[str, str]:
    """Whose post an address names (a DID), and the post's key. ValueError if it names none."""
    if found := _URI.fullmatch(text(uri)):
        return found[1], found[2]
    message = "no address of a post"
    raise ValueError(message)


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
    above = [record["reply"][end]["uri"] for end in ("root", "parent")] if "reply" in record else []
    thread, parent = (uri for uri in above if parts(uri)) if above else (None, None)
    handle = None if person["handle"] == "handle.invalid" else text(person["handle"])
    return Written(
        uri=uri,
        thread=thread,
        under=thread or quoted_by(record),
        parent=parent,
        counts=(int(view.get("replyCount", 0)), int(view.get("quoteCount", 0))),
        hides=tuple(view.get("threadgate", {}).get("record", {}).get("hiddenReplies", ())),
        common={
            "author": Author(id=author, name=text(person.get("displayName", "")) or None, handle=handle),
            "text": text(record["text"]),
            "posted_at": datetime.fromisoformat(view["indexedAt"]).astimezone(UTC),
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


def _attachments(record: Mapping[str, Any], embed: Mapping[str, Any]) -> Iterator[Attachment]:
    media = embed.get("media", embed)
    for image in media.get("images", ()):
        yield Attachment(id=text(image["fullsize"]), kind="image", url=image["fullsize"], alt=image.get("alt") or None)
    if "playlist" in media:
        yield Attachment(id=text(media["playlist"]), kind="video", url=media["playlist"])
    links = [media["external"]["uri"]] if "external" in media else []
    links += [part["uri"] for facet in record.get("facets", ()) for part in facet["features"] if "uri" in part]
    yield from (Attachment(id=text(uri), kind="link", url=uri) for uri in dict.fromkeys(links))
