"""Web hooks as Meta sends them, for Facebook and Instagram: the challenge, the signature, the accounts that are named.

From "Webhooks: Getting Started" (Graph API guides). A subscription is proved by giving back `hub.challenge`. Each
delivery is signed: X-Hub-Signature-256 is the HMAC-SHA256 of the bytes as sent, in which everything beyond ASCII is
escaped, so it has to be checked before anything is decoded. Deliveries come again, late and in any order, and with
fields that nobody has described yet; so nothing is read of them but the accounts they are about.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING

from connectors.contract import FORBIDDEN, Heard

if TYPE_CHECKING:
    from connectors.contract import Delivery

_SIGNATURE = "x-hub-signature-256"
_OK = 200
_NOT_HERE = 405


def hear(delivery: Delivery, *, platform: str, kind: str, app_secret: str | None, verify_token: str | None) -> Heard:
    """Answer one delivery to an app. `kind` is what Meta calls the object: ``page`` or ``instagram``.

    Without the secret that a request has to be held against, none is believed.
    """
    if delivery.method == "GET":
        return _challenged(delivery, verify_token)
    if delivery.method != "POST":
        return Heard(status=_NOT_HERE)
    if not (app_secret and signed(delivery.body, delivery.headers.get(_SIGNATURE, ""), app_secret)):
        return Heard(status=FORBIDDEN)
    return Heard(status=_OK, polls=frozenset(f"{platform}:{ident}" for ident in _named(delivery.body, kind)))


def signed(body: bytes, signature: str, app_secret: str) -> bool:
    """Whether ``sha256=<hex>`` is the signature of exactly these bytes; takes as long for wrong ones as for right."""
    due = "sha256=" + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(due.encode(), signature.encode("utf-8", "replace"))


def _challenged(delivery: Delivery, verify_token: str | None) -> Heard:
    """The answer that proves to Meta that this address is ours, if the question proves that it knows our word."""
    asked = delivery.query
    known = verify_token and hmac.compare_digest(
        asked.get("hub.verify_token", "").encode("utf-8", "replace"), verify_token.encode()
    )
    if not known or asked.get("hub.mode") != "subscribe":
        return Heard(status=FORBIDDEN)
    return Heard(status=_OK, body=asked.get("hub.challenge", "").encode("utf-8", "replace"))


def _named(body: bytes, kind: str) -> set[str]:
    """The accounts a delivery is about; none if it is not what Meta sends."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return set()
    if not isinstance(found, dict) or found.get("object") != kind:
        return set()
    entries = found.get("entry")
    idents = (entry.get("id") for entry in entries if isinstance(entry, dict)) if isinstance(entries, list) else ()
    return {ident for ident in idents if isinstance(ident, str)}
