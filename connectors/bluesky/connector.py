"""One City account on Bluesky: reads replies and quotes, hides replies through the threadgate record, shows them again.

Every poll reads the account's newest posts and its notifications. A thread is read again when its first post counts
other replies or quotes than before, or when a notification names it; once a day all threads are.
"""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from bot.domain.types import Action, Batch, Cursor, Sighting, Visibility
from connectors import verbatim
from connectors.answers import pages
from connectors.bluesky import parse
from connectors.bluesky.api import Absent, Api
from connectors.contract import Capabilities, Health, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bot.domain.types import Account, Ref
    from connectors.bluesky.parse import Written
    from connectors.transport import Transport

WEB = "https://bsky.app"
GATE = "app.bsky.feed.threadgate"
MOST_HIDDEN, KEPT, PAGE, AT_ONCE = 300, 300, 100, 25
OVERLAP, SWEEP = 600, 24 * 3600  # seconds
DEPTH = 40  # levels in one answer; what stands deeper is asked for apart, or a long chain of replies could stop us


def connect(account: Account, credentials: Mapping[str, str], transport: Transport) -> Bluesky:
    """Make the connector; KeyError without `identifier` or `app_password`. `account.id`: see `parse.did`."""
    return Bluesky(account, Api(credentials, transport), (transport.web or WEB).rstrip("/"))


class Bluesky:
    """See connectors.contract.Connector."""

    platform: ClassVar[str] = "bluesky"
    can: ClassVar[Capabilities] = Capabilities(
        actions=frozenset({Action.HIDE, Action.RESTORE}), sees_edits=False, sees_visibility=True
    )

    def __init__(self, account: Account, api: Api, web: str) -> None:
        """Work `account` through `api`; the public sees it at `web`."""
        self._account, self._api, self._web, self._did = account, api, web, parse.did(account)

    def check(self, *, now: datetime) -> Health:
        """Ask whose session it is. An app password may write every record, so nothing more is to be asked."""
        body = self._api.ask("com.atproto.server.getSession", now)
        with parse.sound(body):
            who = json.loads(body)
            identity = f"@{who['handle']} ({who['did']}, here {who['did'].replace(':', '.')})"
            wrong = () if who["did"] == self._did else (f"the app password is not that of {self._did}",)
        return Health(ok=not wrong, identity=identity, notes=wrong)

    def poll(self, cursor: Cursor | None, *, now: datetime) -> Iterator[Batch]:
        """Give each thread where something changed as one batch, the oldest thread first."""
        posts, seen, swept = _place(cursor)
        sweep = not 0 <= now.timestamp() - swept < SWEEP
        told, newest = self._told(seen, now)
        said = {post.uri: list(post.counts) for post in self._own(now, everything=sweep)}
        changed = {uri for uri, counts in said.items() if sweep or posts.get(uri) != counts}
        for uri in sorted(changed | told.keys(), key=lambda uri: parse.parts(uri)[1]):
            posts = dict([*posts.items(), (uri, said.get(uri))][-KEPT:])
            for first in (thread := self._thread(uri, told.get(uri, []), now))[:1]:
                comments = [it.comment(self._account, hidden=it.uri in first.hides) for it in thread[1:]]
                comments.sort(key=lambda it: (it.posted_at, it.parent is not None, it.ref.item))
                here = _cursor(posts, seen, swept)
                yield Batch(posts=(first.post(self._account),), comments=tuple(comments), cursor=here)
        yield Batch(posts=(), comments=(), cursor=_cursor(posts, newest, now.timestamp() if sweep else swept))

    def look(self, ref: Ref, *, now: datetime) -> Sighting:
        """Read one post, and the threadgate it stands under. What Bluesky leaves out is GONE: it says no more."""
        for it in self._posts([ref.item], now):
            hidden = it.thread is not None and ref.item in self._gate(it.thread, now)[2]
            comment = it.comment(self._account, hidden=hidden)
            return Sighting(ref=ref, visibility=comment.visibility, seen_at=now, comment=comment)
        return Sighting(ref=ref, visibility=Visibility.GONE, seen_at=now)

    def act(self, ref: Ref, action: Action, *, now: datetime) -> Visibility:
        """Write the threadgate anew with one reply more, or less; Refused for what stands in no thread of the City's.

        `swapRecord` lets the write fail where somebody changed the record since we read it; a record's other members,
        above all `allow`, stay as they were: without `allow` anybody may reply, with an empty one nobody.
        """
        if action not in self.can.actions:
            message = f"nobody can {action} what others wrote on Bluesky"
            raise Refused(message)
        hide, uri = action is Action.HIDE, ref.item
        for it in self._posts([uri], now):
            if it.thread is None or parse.parts(it.thread)[0] != self._did:
                message = "only replies in the City's own threads can be hidden; a quote can be detached by hand"
                raise Refused(message)
            version, gate, hides = self._gate(it.thread, now)
            if (uri in hides) is hide:
                return Visibility.HIDDEN if hide else Visibility.VISIBLE
            wanted = [*hides, uri] if hide else [other for other in hides if other != uri]
            if len(wanted) > MOST_HIDDEN:
                message = f"{MOST_HIDDEN} replies of this thread are hidden, and Bluesky takes no more"
                raise Refused(message)
            gate = gate or {"$type": GATE, "post": it.thread, "createdAt": now.isoformat()}
            place = {"repo": self._did, "collection": GATE, "rkey": parse.parts(it.thread)[1], "swapRecord": version}
            write = {**place, "record": {**gate, "hiddenReplies": wanted}}
            self._api.ask("com.atproto.repo.putRecord", now, write=write)
            return Visibility.UNKNOWN
        return Visibility.GONE

    def _own(self, now: datetime, *, everything: bool) -> Iterator[Written]:
        """The posts with which the City began threads; without `everything` the newest page."""
        feed = {"actor": self._did, "filter": "posts_no_replies", "limit": PAGE}
        for body in self._pages("app.bsky.feed.getAuthorFeed", now, **feed):
            for item, raw in parse.items(body, "feed"):
                with parse.sound(body):
                    it = parse.written(item["post"], verbatim.member(raw, "post"), self._web)
                if parse.parts(it.uri)[0] == self._did and it.thread is None:  # else it is a repost
                    yield it
            if not everything:
                return

    def _told(self, seen: float, now: datetime) -> tuple[dict[str, list[str]], float]:
        """What notifications tell of, by thread, down to a little before `seen`, and the time of the newest."""
        told: dict[str, list[str]] = {}
        newest = seen
        for body in self._pages("app.bsky.notification.listNotifications", now, limit=PAGE):
            for item, _ in parse.items(body, "notifications"):
                with parse.sound(body):
                    at, record = datetime.fromisoformat(item["indexedAt"]).timestamp(), item["record"]
                    newest = max(newest, at)
                    if at < seen - OVERLAP:
                        return told, newest
                    if item["reason"] in ("reply", "mention", "quote"):
                        root = record["reply"]["root"]["uri"] if "reply" in record else parse.quoted_by(record)
                        if root and parse.parts(item["uri"]) and parse.parts(root)[0] == self._did:
                            told.setdefault(root, []).append(item["uri"])
        return told, newest

    def _thread(self, uri: str, told: list[str], now: datetime) -> list[Written]:
        """A thread as a list, its first post first, then what was told of and does not stand in it; empty if gone."""
        found: dict[str, Written] = {}
        ask = [uri]
        for deep in ask:
            with suppress(Absent):
                body = self._api.ask("app.bsky.feed.getPostThread", now, uri=deep, depth=DEPTH, parentHeight=0)
                for it, depth in parse.thread(body, self._web):
                    ask += [it.uri] if depth == DEPTH and it.counts[0] and it.uri not in found else []
                    found[it.uri] = it
        if uri not in found or found[uri].thread:
            return []
        return [found.pop(uri), *found.values(), *self._posts([one for one in told if one not in found], now)]

    def _posts(self, uris: Sequence[str], now: datetime) -> Iterator[Written]:
        """What Bluesky shows of these posts; those that are gone are left out."""
        for begin in range(0, len(uris), AT_ONCE):
            body = self._api.ask("app.bsky.feed.getPosts", now, uris=uris[begin : begin + AT_ONCE])
            for view, raw in parse.items(body, "posts"):
                with parse.sound(body):
                    it = parse.written(view, raw, self._web)
                if it.uri in uris:
                    yield it

    def _gate(self, root: str, now: datetime) -> tuple[str | None, dict[str, Any], list[str]]:
        """The threadgate of a thread as its owner's repository has it: version, record, and what it hides."""
        owner, key = parse.parts(root)
        try:
            body = self._api.ask("com.atproto.repo.getRecord", now, repo=owner, collection=GATE, rkey=key)
        except Absent:
            return None, {}, []
        with parse.sound(body):
            answer = json.loads(body)
            return str(answer["cid"]), dict(answer["value"]), list(answer["value"].get("hiddenReplies", ()))

    def _pages(self, name: str, now: datetime, **params: Any) -> Iterator[bytes]:
        """A list page by page; only a missing cursor ends it."""
        return pages(lambda place: self._api.ask(name, now, **params, cursor=place), "Bluesky")


def _place(cursor: Cursor | None) -> tuple[dict[str, Any], float, float]:
    """What posts counted when read, how far notifications were read, when all was; nothing if it cannot be read."""
    try:
        kept: Any = json.loads(cursor.text) if cursor else {"posts": {}, "seen": 0, "swept": 0}
        return dict(kept["posts"]), float(kept["seen"]), float(kept["swept"])
    except (KeyError, TypeError, ValueError):
        return {}, 0, 0


def _cursor(posts: Mapping[str, Any], seen: float, swept: float) -> Cursor:
    return Cursor(text=json.dumps({"posts": posts, "seen": seen, "swept": swept}))
