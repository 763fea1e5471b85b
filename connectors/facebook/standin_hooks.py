"""The web hooks of the stand-in: what happened on a Page, told as Facebook tells it, signed and awkward as there.

From "Webhooks for Pages" and the payloads that users of it have published. A comment's `remove` carries neither words
nor time. Everything beyond ASCII is escaped, and the signature is over those bytes. Deliveries may come twice, in any
order, and with items and verbs that no page describes. Nothing tells of what Facebook did by itself.
"""

from __future__ import annotations

import hashlib
import hmac
import random
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from connectors.facebook.standin_keys import APP_SECRET, VERIFY_TOKEN
from connectors.standin import graph, world

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.facebook.standin import StandIn
    from connectors.standin.world import WorldAccount, WorldComment

_PATIENCE = 5  # seconds
_SIGNATURE = "X-Hub-Signature-256"


@dataclass(frozen=True, slots=True)
class Sent:
    """One delivery as it goes over the wire."""

    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Known:
    text: str
    hidden: bool
    deleted: bool


class Hooks:
    """Tells one address what happens on one Page."""

    def __init__(self, standin: StandIn, account: WorldAccount) -> None:
        """Take the Page; what is on it now is old."""
        self._standin = standin
        self._account = account
        self._chance = random.Random(standin.pitfalls.seed)  # noqa: S311  a seeded choice is what is wanted
        self._known: dict[str, _Known] = {}
        self.changes()

    def changes(self) -> list[dict[str, Any]]:
        """What people and the app did since the last time, as the `value` of a change."""
        told = []
        for comment in self._standin.world.comments_of(self._account):
            before, now = self._known.get(comment.id), self._seen(comment)
            self._known[comment.id] = now
            told += [self._value(comment, verb) for verb in _verbs(before, now, comment)]
        return told

    def deliveries(self, values: Sequence[dict[str, Any]]) -> list[Sent]:
        """Pack what is to be told into deliveries, with what may go wrong about them."""
        told: list[dict[str, Any]] = [{"field": "feed", "value": value} for value in values]
        strikes = self._standin.pitfalls.strikes
        if strikes("hooks_unknown"):
            told.append({"field": "feed", "value": {"item": "reaction", "verb": "sparkle", "since_v": 27}})
            told.append({"field": "page_weather", "value": None})
        if strikes("hooks_out_of_order"):
            self._chance.shuffle(told)
        sent = [self._packed([change]) for change in told]
        if strikes("hooks_twice"):
            sent += sent
        if strikes("hooks_unsigned"):
            sent = [Sent(headers={**one.headers, _SIGNATURE: "sha256=" + "0" * 64}, body=one.body) for one in sent]
        return sent

    def push(self, address: str) -> list[int]:
        """Tell an address what happened since the last time; give the status of each answer."""
        return [_asked(address, one) for one in self.deliveries(self.changes())]

    def subscribe(self, address: str, verify_token: str = VERIFY_TOKEN) -> bool:
        """Ask an address whether it wants to be told, as Meta does; give whether it proved that it does."""
        challenge = str(self._chance.randrange(10**9, 10**10))
        asked = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
        try:
            with urllib.request.urlopen(f"{address}?{urlencode(asked)}", timeout=_PATIENCE) as answer:  # noqa: S310
                return bool(answer.read() == challenge.encode())
        except urllib.error.HTTPError as error:
            error.close()
            return False

    def _packed(self, changes: list[dict[str, Any]]) -> Sent:
        now = int(self._standin.world.clock().timestamp())
        body = graph.encode({"object": "page", "entry": [{"id": self._account.id, "time": now, "changes": changes}]})
        signature = "sha256=" + hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
        return Sent(headers={"content-type": "application/json", _SIGNATURE: signature}, body=body)

    def _seen(self, comment: WorldComment) -> _Known:
        return _Known(comment.text, comment.hidden_by is not None, comment.deleted_by is not None)

    def _value(self, comment: WorldComment, verb: str) -> dict[str, Any]:
        value: dict[str, Any] = {
            "item": "comment",
            "verb": verb,
            "comment_id": comment.id,
            "post_id": comment.post.id,
            "parent_id": comment.parent.id if comment.parent else comment.post.id,
        }
        if comment.author:
            value["from"] = {"id": comment.author.id, "name": comment.author.name}
        if verb != "remove":
            value |= {"created_time": int(comment.at.timestamp()), "message": comment.text}
            value["post"] = {"id": comment.post.id, "permalink_url": self._standin.post_url(comment.post)}
        return value


def _verbs(before: _Known | None, now: _Known, comment: WorldComment) -> list[str]:
    """What happened between two sights of a comment; what Facebook did itself is not told."""
    if before is None:
        return ["add"]
    verbs = ["edited"] if before.text != now.text else []
    if before.hidden != now.hidden and comment.hidden_by != world.PLATFORM:
        verbs.append("hide" if now.hidden else "unhide")
    if now.deleted and not before.deleted and comment.deleted_by != world.PLATFORM:
        verbs.append("remove")
    return verbs


def _asked(address: str, one: Sent) -> int:
    request = urllib.request.Request(address, data=one.body, headers=one.headers, method="POST")  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310  the address is the test's own
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
