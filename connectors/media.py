"""Fetches the bytes of an attachment from the platform's own hosts, and from nowhere else.

Comments carry addresses that strangers may have chosen. So only those on hosts that the platform's folder names are
asked, over TLS, without a token, without following redirects, and within the transport's limits of time and size.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

import requests

from connectors.contract import Media, Refused, Transient
from connectors.transport import TooLarge

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.domain.types import Attachment
    from connectors.transport import Transport

_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
_OK = 200
_TOO_MANY = 429
_SERVER_ERROR = 500


def fetch(attachment: Attachment, transport: Transport, hosts: Iterable[str]) -> Media:
    """Fetch an attachment whose address is on one of `hosts` (or below one), or on the transport's own `web`.

    Raises Transient, and Refused where it has no such address, is no longer there, is too large, or is no picture,
    video or sound.
    """
    split = urlsplit(attachment.url or "")
    if not (_is_own(split, hosts) or _is_web(split, transport)):
        message = f"the address of this {attachment.kind} is not on the platform's own hosts"
        raise Refused(message)
    try:
        answer = replace(transport, api=None, last=None).session().get(split.geturl(), allow_redirects=False)
    except TooLarge as error:
        message = f"this {attachment.kind} is not fetched: {error}"
        raise Refused(message) from None
    except requests.RequestException as error:
        message = f"no {attachment.kind} came from {split.hostname}: {type(error).__name__}"
        raise Transient(message) from None
    if answer.status_code >= _SERVER_ERROR or answer.status_code == _TOO_MANY:
        message = f"no {attachment.kind} came from {split.hostname}: HTTP {answer.status_code}"
        raise Transient(message)
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if answer.status_code != _OK or not kind.startswith(("image/", "video/", "audio/")):
        message = f"{split.hostname} has no {attachment.kind} there any more: HTTP {answer.status_code}, {kind}"
        raise Refused(message)
    return Media(body=answer.content, kind=kind)


def _is_own(split: SplitResult, hosts: Iterable[str]) -> bool:
    host = split.netloc.lower()
    known = any(host == name or host.endswith(f".{name}") for name in hosts)
    return known and split.scheme == "https" and _HOST.fullmatch(host) is not None


def _is_web(split: SplitResult, transport: Transport) -> bool:
    web = urlsplit(transport.web or "")
    return bool(web.netloc) and (split.scheme, split.netloc) == (web.scheme, web.netloc)
