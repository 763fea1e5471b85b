"""Speaks to a time-stamping authority over HTTP (RFC 3161, section 3.4): a question goes out, its answer comes back.

Only hashes ever leave the machine this way. What the answer proves is for archive/stamps.py to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests

from connectors.contract import Malformed, Transient

if TYPE_CHECKING:
    from connectors.transport import Transport

_OK = 200
_ANSWER = "application/timestamp-reply"


def ask(transport: Transport, url: str, question: bytes) -> bytes:
    """Send a question (DER) to the authority at `url` and give its answer (DER).

    Raises Transient where it may work later and Malformed where something else than a time stamp came.
    """
    with transport.session() as session:
        try:
            answer = session.post(
                url,
                data=question,
                headers={"Content-Type": "application/timestamp-query", "Accept": _ANSWER},
                allow_redirects=False,
            )
        except requests.RequestException as error:
            message = f"no answer from the time-stamping authority {url}: {type(error).__name__}"
            raise Transient(message) from None
    if answer.status_code != _OK:
        message = f"the time-stamping authority {url} answered with HTTP {answer.status_code}"
        raise Transient(message)
    if answer.headers.get("Content-Type", "").partition(";")[0].strip().lower() != _ANSWER:
        message = f"what came from {url} is not a time stamp"
        raise Malformed(message, payload=answer.content)
    return answer.content
