"""Signed links for mails: each is for one purpose and one person, ends by itself, and holds once.

What a link says is encrypted, so that a forwarded or logged one tells nobody's address. Who follows it needs no
password; so a link must never do more than its purpose, and looking at it does nothing.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from cryptography.fernet import InvalidToken

from archive.stored import read_utc, utc_text
from bot.keys import cipher
from bot.log import logger
from bot.settings import MissingCredential

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.settings import Settings

log = logger("links")

PAUSE = "pause"
PAUSE_HOLDS = timedelta(days=3)
"""So long can somebody pause by a link from a mail."""


class BadLink(Exception):
    """A link that is none of ours, was changed, is for something else, or has ended. The text says so, and no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a link says: what it is for, by whom it was got, its own identifier, and until when it holds.

    `about`: what else its purpose needs, as JSON.
    """

    purpose: str
    id: str
    to: str
    until: datetime
    about: Mapping[str, Any] = field(default_factory=dict)


def pause_link(settings: Settings, to: str, now: datetime) -> str | None:
    """Make the address at which `to` (an e-mail address) can pause all acting; None if there is no console.

    Raises MissingCredential if there is one and its key is not to be found.
    """
    if settings.console is None:
        return None
    link = Link(purpose=PAUSE, id=new_id(), to=to, until=now + PAUSE_HOLDS)
    return f"{settings.console.address}/pause/link?{urlencode({'link': write(settings, link)})}"


def pause_link_in_mail(settings: Settings, to: str, now: datetime) -> str:
    """The same for a mail, which goes out even where no link can be made: then it is empty, and the log says why."""
    try:
        return pause_link(settings, to, now) or ""
    except MissingCredential as error:
        log.warning("a mail goes without the link that pauses", why=str(error))
        return ""


def new_id() -> str:
    """An identifier that nobody can guess, for one link."""
    return secrets.token_hex(16)


def write(settings: Settings, link: Link) -> str:
    """Encrypt and sign a link. Raises MissingCredential."""
    said = {
        "id": link.id,
        "to": link.to,
        "until": utc_text(link.until),
        **({"about": link.about} if link.about else {}),
    }
    return cipher(settings, f"link {link.purpose}").encrypt(json.dumps(said).encode()).decode("ascii")


def read(settings: Settings, purpose: str, text: str, now: datetime) -> Link:
    """Read a link for one purpose. Raises BadLink, MissingCredential."""
    try:
        said = json.loads(cipher(settings, f"link {purpose}").decrypt(text.encode()))
    except (InvalidToken, ValueError) as error:
        message = "this link is not one of ours, or not whole: open it again from the mail"
        raise BadLink(message) from error
    until = read_utc(said["until"])
    link = Link(purpose=purpose, id=said["id"], to=said["to"], until=until, about=said.get("about", {}))
    if now >= link.until:
        message = "this link has ended; take one from a newer mail, or sign in"
        raise BadLink(message)
    return link
