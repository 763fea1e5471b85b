"""The web hooks of the stand-in: new comments and mentions, told as Instagram tells them, signed and awkward as there.

From "Webhooks for Instagram" (Graph API reference) and the payloads that users of it have published. Only what is new
is told: there is no hook for an edit, a deletion or a hiding. Everything beyond ASCII is escaped, and the signature is
over those bytes. Deliveries may come twice, in any order, and with fields that no page describes.
"""

from __future__ import annotations

import hashlib
import hmac
import random
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from connectors.instagram.standin_keys import APP_SECRET, VERIFY_TOKEN
from connectors.standin import graph

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.instagram.standin import StandIn
    from connectors.standin.world import WorldAccount, WorldComment

_PATIENCE = 5  # seconds
_SIGNATURE = "X-Hub-Signature-256"


class Hooks:
    """Tells one address what is new under one account's media."""

    def __init__(self, standin: StandIn, account: WorldAccount) -> None:
        """Take the account; what is there now is old."""
        self._standin = standin
        self._account = account
        self._chance = random.Random(standin.pitfalls.seed)  # noqa: S311  a seeded choice is what is wanted
        self._told: set[str] = set()
        self.changes()

    def changes(self) -> list[dict[str, Any]]:
        """What is new since the last time."""
        new = [one for one in self._standin.world.comments_of(self._account) if one.id not in self._told]
        mentions = [ident for ident in self._standin.mentions if ident not in self._told]
        self._told |= {one.id for one in new} | set(mentions)
        return [
            *({"field": "comments", "value": self._value(one)} for one in new),
            *({"field": "mentions", "value": {"media_id": "17999", "comment_id": ident}} for ident in mentions),
        ]

    def push(self, address: str) -> list[int]:
        """Tell an address what is new; give the status of each answer."""
        return [_asked(address, *one) for one in self.deliveries()]

    def deliveries(self) -> list[tuple[bytes, Mapping[str, str]]]:
        """What is new as it goes over the wire, with what may go wrong about it."""
        told, strikes = self.changes(), self._standin.pitfalls.strikes
        if strikes("hooks_unknown"):
            told.append({"field": "story_insights", "value": None})
        if strikes("hooks_out_of_order"):
            self._chance.shuffle(told)
        sent = [self._signed(change) for change in told]
        if strikes("hooks_twice"):
            sent += sent
        if strikes("hooks_unsigned"):
            sent = [(body, {_SIGNATURE: "sha256=" + "0" * 64}) for body, _ in sent]
        return sent

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

    def _signed(self, change: dict[str, Any]) -> tuple[bytes, Mapping[str, str]]:
        entry = {"id": self._account.id, "time": int(self._standin.world.clock().timestamp()), "changes": [change]}
        body = graph.encode({"object": "instagram", "entry": [entry]})
        return body, {_SIGNATURE: "sha256=" + hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()}

    def _value(self, comment: WorldComment) -> dict[str, Any]:
        value: dict[str, Any] = {
            "id": comment.id,
            "text": comment.text,
            "media": {"id": comment.post.id, "media_product_type": self._standin.shape(comment.post).product},
        }
        if comment.author:
            value["from"] = {"id": comment.author.id, "username": comment.author.handle}
        return value | ({"parent_id": comment.parent.id} if comment.parent else {})


def _asked(address: str, body: bytes, headers: Mapping[str, str]) -> int:
    kind = {"content-type": "application/json"}
    request = urllib.request.Request(address, data=body, headers={**kind, **headers}, method="POST")  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310  the address is the test's own
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
