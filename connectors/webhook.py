"""Hands an alarm to the City's own receiver over HTTP, signed so that it can be told from anybody else's.

The signature is the HMAC-SHA256 (RFC 2104), in hex, of the time stamp's digits, a full stop and the body's raw bytes:
whoever checks it need not read the body first, and an old call cannot be sent again later as a new one.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

import requests

from connectors.contract import Refused, Transient

if TYPE_CHECKING:
    from datetime import datetime

    from connectors.transport import Transport

_FINE = range(200, 300)
_TRY_LATER = frozenset({408, 425, 429})
_SERVER_ERROR = 500


def signature(secret: str, stamp: int, body: bytes) -> str:
    """The value of X-Citymod-Signature for a body that is sent at `stamp` (seconds since 1970, UTC)."""
    return "v1=" + hmac.new(secret.encode(), b"%d." % stamp + body, hashlib.sha256).hexdigest()


def post(  # noqa: PLR0913  a call is all of this
    transport: Transport, url: str, body: bytes, *, secret: str, delivery: str, attempt: int, now: datetime
) -> str:
    """Post a body (JSON) and give what was answered, in words. No redirect is followed.

    `delivery` is the call's name, the same each time it is tried. Raises Transient where it may work later and Refused
    where the receiver does not want it as it is; neither text holds the address, which may be a secret.
    """
    stamp = int(now.timestamp())
    headers = {
        "Content-Type": "application/json",
        "X-Citymod-Delivery": delivery,
        "X-Citymod-Attempt": str(attempt),
        "X-Citymod-Timestamp": str(stamp),
        "X-Citymod-Signature": signature(secret, stamp, body),
    }
    with transport.session() as session:
        try:
            answer = session.post(url, data=body, headers=headers, allow_redirects=False)
        except requests.RequestException as error:
            message = f"no answer from the webhook: {type(error).__name__}"
            raise Transient(message) from None
    if answer.status_code in _FINE:
        return f"answered {answer.status_code}"
    message = f"the webhook answered with HTTP {answer.status_code}"
    if answer.status_code >= _SERVER_ERROR or answer.status_code in _TRY_LATER:
        raise Transient(message)
    raise Refused(message)
