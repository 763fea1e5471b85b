"""The activity stream of X's stand-in: who subscribed to what, and the events of the world as X would send them.

Kept: replies to replies and names that X itself put before a reply fire nothing; keep-alives; duplicates, disorder,
breaks and errors in the stream where they are switched on. Events are sent from the moment of connecting.
"""

from __future__ import annotations

import hashlib
import json
import threading
from typing import TYPE_CHECKING, Any

from connectors.standin.server import Response
from connectors.x import prices
from connectors.x import standin_ask as ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connectors.standin.server import Request
    from connectors.standin.world import World, WorldAccount
    from connectors.x.standin_bill import Ledger
    from connectors.x.standin_pitfalls import Turns
    from connectors.x.standin_shape import Shown

KINDS = ("post.create", "post.mention.create", "post.reply.create", "post.quote.create")
MOST_CONNECTIONS = 2
_LOOK = 0.02


class Activity:
    """Subscriptions and streams. `keep_alive` is in seconds; X sends one at least every twenty."""

    def __init__(self, world: World, everything: Callable[[int], list[Shown]], pitfalls: Turns, ledger: Ledger) -> None:
        """`everything` gives what there is after an identifier, newest first."""
        self.keep_alive = 20.0
        self.subscriptions: dict[str, dict[str, Any]] = {}
        self.connections = 0
        self.closing = threading.Event()
        self._world = world
        self._everything = everything
        self._pitfalls = pitfalls
        self._ledger = ledger

    def subscribe(self, request: Request) -> dict[str, Any]:
        """Add a subscription."""
        wish = request.json
        kind = wish.get("event_type") if isinstance(wish, dict) else None
        user = wish.get("filter", {}).get("user_id") if isinstance(wish, dict) else None
        if kind not in KINDS or not user:
            ask.invalid("event_type", str(kind), "$.event_type: does not have a value in the enumeration")
        number = str(len(self.subscriptions) + 1)
        self.subscriptions[number] = {
            "subscription_id": number,
            "event_type": kind,
            "filter": {"user_id": user},
            "tag": str(wish.get("tag", "")),
        }
        return {"data": {"subscription": self.subscriptions[number]}}

    def change(self, number: str, request: Request) -> dict[str, Any]:
        """Change the tag of a subscription."""
        if self._pitfalls.meets("subscription_unavailable"):
            raise ask.Declined(ask.problem(503, "Service Unavailable"))
        subscription = self._known(number)
        subscription["tag"] = str((request.json or {}).get("tag", ""))
        return {"data": {"subscription": subscription}}

    def unsubscribe(self, number: str) -> dict[str, Any]:
        """End a subscription."""
        self._known(number)
        del self.subscriptions[number]
        return {"data": {"deleted": True}}

    def stream(self, accounts: list[WorldAccount]) -> Response:
        """Begin to send."""
        if self.connections >= MOST_CONNECTIONS:
            return ask.problem(429, "Too Many Requests")
        self.connections += 1
        return Response(
            status=200, headers={"content-type": "application/json"}, pieces=self._pieces(accounts, self._newest())
        )

    def _known(self, number: str) -> dict[str, Any]:
        if number not in self.subscriptions:
            raise ask.Declined(ask.problem(404, "Not Found"))
        return self.subscriptions[number]

    def _newest(self) -> int:
        return max((int(shown.id) for shown in self._everything(0)), default=0)

    def _pieces(self, accounts: list[WorldAccount], sent: int) -> Iterator[bytes]:
        """Events as they come, and a keep-alive where none does. The world is looked at many times a second."""
        try:
            quiet = 0.0
            yield b"\r\n"
            while not self.closing.wait(_LOOK):
                quiet += _LOOK
                with self._world.lock:
                    fresh = self._everything(sent)[::-1]
                    sent = max([sent, *(int(shown.id) for shown in fresh)])
                events = [event for shown in fresh for event in self._events(shown, accounts)]
                if events and self._pitfalls.meets("stream_disorder"):
                    events.reverse()
                for event in events:
                    line = json.dumps(event).encode() + b"\r\n"
                    if self._pitfalls.meets("stream_break"):
                        yield line[: len(line) // 2]
                        return
                    yield line * (2 if self._pitfalls.meets("stream_duplicates") else 1)
                    quiet = 0.0
                if self._pitfalls.meets("stream_error"):
                    yield json.dumps({"errors": [_DISCONNECT]}).encode() + b"\r\n"
                    return
                if quiet >= self.keep_alive:
                    yield b"\r\n"
                    quiet = 0.0
        finally:
            self.connections -= 1

    def _events(self, shown: Shown, accounts: list[WorldAccount]) -> Iterator[dict[str, Any]]:
        """What X tells subscribers of one thing that was written, each event billed."""
        for account in accounts:
            for kind in _kinds(shown, account):
                for subscription in self.subscriptions.values():
                    if (subscription["event_type"], subscription["filter"]["user_id"]) == (kind, account.id):
                        self._ledger.charge("event", prices.EVENT, self._world.clock())
                        yield {"data": _event(shown, kind, account, subscription["tag"])}


_DISCONNECT = {
    "title": "operational-disconnect",
    "disconnect_type": "UpstreamOperationalDisconnect",
    "detail": "This stream has been disconnected upstream for operational reasons.",
    "type": "https://api.twitter.com/2/problems/operational-disconnect",
}


def _kinds(shown: Shown, account: WorldAccount) -> Iterator[str]:
    """The kinds of event that something written is to an account."""
    if shown.author_id == account.id:
        yield "post.create"
        return
    if shown.says(account.handle):
        yield "post.mention.create"
    if shown.answered_id == account.id:
        yield "post.reply.create"
    if shown.quoted and shown.source.account.id == account.id:
        yield "post.quote.create"


def _event(shown: Shown, kind: str, account: WorldAccount, tag: str) -> dict[str, Any]:
    payload = {
        "id": shown.id,
        "text": shown.text,
        "author_id": shown.author_id,
        "conversation_id": shown.conversation,
        "edit_history_tweet_ids": list(shown.history),
        "created_at": shown.at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "public_metrics": {"reply_count": 0, "reply_count_str": "0"},
    }
    if shown.answers:
        payload["in_reply_to_tweet_id"] = shown.answers[0]
    return {
        "event_uuid": f"-{int.from_bytes(hashlib.sha256(f'{kind} {shown.id} {account.id}'.encode()).digest()[:7])}",
        "filter": {"user_id": account.id},
        "event_type": kind,
        "tag": tag,
        "payload": payload,
        "includes": {},
    }
