"""Fetches what a medium shows from Meta's own servers, whose addresses do not live long, and from nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests

from connectors.contract import Malformed, Media, RateLimited, Refused, Transient
from connectors.graph import UNKNOWN_WAIT

if TYPE_CHECKING:
    from datetime import datetime

    from bot.domain.types import Attachment
    from connectors.transport import Transport

HOSTS = ("cdninstagram.com", "fbcdn.net")
"""Where media lie (seen in `media_url` of the reference page "IG Media")."""

_OK = 200
_TOO_MANY = 429
_SERVER_ERROR = 500


def download(transport: Transport, attachment: Attachment, now: datetime) -> Media:
    """Fetch an attachment; the token is not sent along. Raises Refused, Transient, RateLimited, Malformed."""
    if not attachment.url or not _is_metas(attachment.url, transport):
        message = "the attachment has no address on Instagram's own servers"
        raise Refused(message)
    try:
        answer = transport.session().get(attachment.url, allow_redirects=False)
    except requests.RequestException as error:
        message = f"the attachment did not come: {type(error).__name__}"
        raise Transient(message) from None
    if answer.status_code == _TOO_MANY:
        message = "Instagram's servers ask for fewer downloads"
        raise RateLimited(message, until=now + UNKNOWN_WAIT)
    if answer.status_code >= _SERVER_ERROR:
        message = f"Instagram's servers answered with HTTP {answer.status_code}"
        raise Transient(message)
    if answer.status_code != _OK:
        message = f"Instagram's servers no longer give the attachment (HTTP {answer.status_code})"
        raise Refused(message)
    kind = answer.headers.get("content-type", "").partition(";")[0].strip()
    if not kind.startswith(("image/", "video/")):
        message = f"what came is neither picture nor video, but {kind or 'nothing named'}"
        raise Malformed(message, payload=answer.content)
    return Media(body=answer.content, kind=kind)


def _is_metas(url: str, transport: Transport) -> bool:
    """Whether an address is one of Meta's, or of what stands in for it."""
    asked = urlsplit(url)
    if transport.api and asked.netloc == urlsplit(transport.api).netloc:
        return True
    host = asked.hostname or ""
    return asked.scheme == "https" and any(host == known or host.endswith(f".{known}") for known in HOSTS)
