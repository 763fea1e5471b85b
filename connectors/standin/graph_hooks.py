"""Web hooks as Meta sends them, for stand-ins that live behind Graph: signed, and awkward as there.

From "Webhooks: Getting Started" (Graph API guides). Everything beyond ASCII is escaped, and the signature is over those
bytes. Deliveries may come twice, in any order, and with fields that no page describes.
"""

from __future__ import annotations

import hashlib
import hmac
import random
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

from connectors.standin import graph

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectors.standin.faults import Pitfalls
    from connectors.standin.world import World, WorldAccount

_PATIENCE = 5  # seconds
_SIGNATURE = "X-Hub-Signature-256"


@dataclass(frozen=True, slots=True)
class Sent:
    """One delivery as it goes over the wire."""

    headers: dict[str, str]
    body: bytes


class Hooks(ABC):
    """Tells one address what happens on one account.

    `kind`: what Meta calls the account; `secret` and `word`: the app's; `unknown`: changes that no page describes.
    """

    kind: ClassVar[str]
    secret: ClassVar[str]
    word: ClassVar[str]
    unknown: ClassVar[tuple[dict[str, Any], ...]]

    def __init__(self, world: World, pitfalls: Pitfalls, account: WorldAccount) -> None:
        """Take the account; what is there now is old."""
        self._world = world
        self._pitfalls = pitfalls
        self._account = account
        self._chance = random.Random(pitfalls.seed)  # noqa: S311  a seeded choice is what is wanted
        self.changes()

    @abstractmethod
    def changes(self) -> list[dict[str, Any]]:
        """What is to be told since the last time, as the changes of an entry."""

    def deliveries(self, changes: Sequence[dict[str, Any]]) -> list[Sent]:
        """Pack what is to be told into deliveries, with what may go wrong about them."""
        told, strikes = list(changes), self._pitfalls.strikes
        if strikes("hooks_unknown"):
            told += self.unknown
        if strikes("hooks_out_of_order"):
            self._chance.shuffle(told)
        sent = [self._signed(change) for change in told]
        if strikes("hooks_twice"):
            sent += sent
        if strikes("hooks_unsigned"):
            sent = [Sent(headers={**one.headers, _SIGNATURE: "sha256=" + "0" * 64}, body=one.body) for one in sent]
        return sent

    def push(self, address: str) -> list[int]:
        """Tell an address what happened since the last time; give the status of each answer."""
        return [_told(address, one) for one in self.deliveries(self.changes())]

    def subscribe(self, address: str, verify_token: str | None = None) -> bool:
        """Ask an address whether it wants to be told, as Meta does; give whether it proved that it does."""
        challenge = str(self._chance.randrange(10**9, 10**10))
        word = self.word if verify_token is None else verify_token
        asked = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": word}
        try:
            with urllib.request.urlopen(f"{address}?{urlencode(asked)}", timeout=_PATIENCE) as answer:  # noqa: S310
                return bool(answer.read() == challenge.encode())
        except urllib.error.HTTPError as error:
            error.close()
            return False

    def _signed(self, change: dict[str, Any]) -> Sent:
        entry = {"id": self._account.id, "time": int(self._world.clock().timestamp()), "changes": [change]}
        body = graph.encode({"object": self.kind, "entry": [entry]})
        signature = "sha256=" + hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
        return Sent(headers={"content-type": "application/json", _SIGNATURE: signature}, body=body)


def _told(address: str, one: Sent) -> int:
    request = urllib.request.Request(address, data=one.body, headers=one.headers, method="POST")  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310  the address is the test's own
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
