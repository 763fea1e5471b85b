"""What a mail to the intake mailbox is: from whom, whether anybody vouches for that, and what may be shown of it.

Pure: bytes in, understanding out. Who wrote a mail is taken from what the City's own mail server found (RFC 8601,
Authentication-Results), and from the topmost such line alone, since whoever writes a mail can write such lines into it.
Nothing in a mail is ever fetched, and addresses are shown without their query strings: Nextdoor's carry login tokens.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from archive.uploads import NoPicture, Picture
from bot.intake import addresses, cleaned

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from email.message import EmailMessage

FORM_FILE = "comment.txt"
MOST_SHOWN = 2_000
_COMMENT = re.compile(r"\([^()]*\)")
_RESULT = re.compile(r"\b(dmarc|spf|dkim)\s*=\s*([a-z]+)", re.IGNORECASE)
_HEADER_FROM = re.compile(r"\bheader\.from\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One mail as far as it is understood.

    `staff`: the address of a member of staff whom nothing speaks against having sent it. `platform`: which platform
    sent it, as the City's mail server vouches. Neither: anybody may have. `form`: the text in which staff enter a
    comment. `unusable`: why pictures that came with it cannot be used. `answers`: the Message-IDs of what it answers;
    none where a program wrote it (RFC 3834), such as the notice that somebody is on leave.
    """

    message_id: str
    sender: str
    title: str
    says: str
    staff: str | None = None
    platform: str | None = None
    form: str = ""
    pictures: tuple[Picture, ...] = field(default=(), repr=False)
    unusable: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()


def understand(
    raw: bytes, *, staff: Collection[str], platforms: Mapping[str, Collection[str]], server: str | None
) -> Letter:
    """Understand a mail. `platforms`: the domains that each sends from; `server`: how the City's mail server signs.

    What cannot even be taken apart is a letter without a sender that says so: a person looks into it.
    """
    try:
        message = message_from_bytes(raw, policy=policy.default)
        return _understood(message, staff, platforms, server)
    except Exception as error:  # noqa: BLE001  the email package raises many things on crooked mails; none is dropped
        said = f"It could not be taken apart ({type(error).__name__}); look at it in the mailbox."
        return Letter(message_id="", sender="", title="a mail that cannot be read", says=said)


def _understood(
    message: EmailMessage, staff: Collection[str], platforms: Mapping[str, Collection[str]], server: str | None
) -> Letter:
    sender = _sender(message)
    found = _results(message, server)
    words = _words(message)
    pictures, unusable = _pictures(message)
    from_staff = sender in {each.lower() for each in staff} and "fail" not in (found.get("dmarc"), found.get("spf"))
    return Letter(
        message_id=str(message.get("Message-ID", "")).strip(),
        sender=sender,
        title=cleaned(" ".join(str(message.get("Subject", "")).split()))[:200] or "without a subject",
        says=_shown(words),
        staff=sender if from_staff else None,
        platform=_platform(sender, found, platforms),
        form=_form(message, words) if from_staff else "",
        pictures=pictures if from_staff else (),
        unusable=unusable if from_staff else (),
        answers=_answers(message),
    )


def _answers(message: EmailMessage) -> tuple[str, ...]:
    automatic = str(message.get("Auto-Submitted", "no")).strip().lower() != "no" or any(
        message.get(name) for name in ("X-Autoreply", "X-Autorespond", "List-Id")
    )
    if automatic or str(message.get("Precedence", "")).lower() in {"bulk", "junk", "auto_reply"}:
        return ()
    said = " ".join(str(value) for name in ("In-Reply-To", "References") for value in message.get_all(name, []))
    return tuple(dict.fromkeys(re.findall(r"<[^<>\s]{3,250}>", said)))[:20]


def _sender(message: EmailMessage) -> str:
    """The one address that a mail is from; nothing if there are several or if it is not written as it should be."""
    said = message.get_all("From", [])
    addresses_in = [each.addr_spec.lower() for header in said for each in header.addresses]
    crooked = any(header.defects for header in said)
    return addresses_in[0] if len(said) == len(addresses_in) == 1 and not crooked else ""


def _results(message: EmailMessage, server: str | None) -> dict[str, str]:
    """What the City's mail server found of a mail: ``dmarc``, ``spf``, ``dkim``, and whom it looked up as ``from``."""
    said = next(iter(message.get_all("Authentication-Results", [])), None)
    if said is None or server is None:
        return {}
    text = " ".join(str(said).split())
    while _COMMENT.search(text):
        text = _COMMENT.sub(" ", text)
    name, _, results = text.partition(";")
    if name.split()[:1] != [server]:
        return {}
    found = {method.lower(): result.lower() for method, result in reversed(_RESULT.findall(results))}
    looked_up = _HEADER_FROM.search(results)
    return found | ({"from": looked_up[1].lower()} if looked_up else {})


def _platform(sender: str, found: Mapping[str, str], platforms: Mapping[str, Collection[str]]) -> str | None:
    """The platform whose mail it is: from one of its domains, and the City's mail server says dmarc=pass for that."""
    domain = sender.rpartition("@")[2]
    if found.get("dmarc") != "pass" or not domain or not _under(domain, found.get("from", domain)):
        return None
    return next((name for name, domains in platforms.items() if any(_under(domain, each) for each in domains)), None)


def _under(domain: str, other: str) -> bool:
    return domain == other or domain.endswith(f".{other}")


def _form(message: EmailMessage, words: str) -> str:
    """The attached file in which staff enter a comment, or else the mail's own words."""
    for part in message.walk():
        if part.get_filename() == FORM_FILE:
            content = part.get_payload(decode=True)
            return content.decode("utf-8", "replace") if isinstance(content, bytes) else ""
    return words


def _pictures(message: EmailMessage) -> tuple[tuple[Picture, ...], tuple[str, ...]]:
    """The pictures in a mail, attached or shown in it, as they came; and why others cannot be used."""
    found: list[Picture] = []
    unusable: list[str] = []
    for number, part in enumerate(message.walk()):
        content = part.get_payload(decode=True)
        if part.get_content_maintype() == "image" and isinstance(content, bytes):
            try:
                found.append(Picture.of(part.get_filename() or f"picture-{number}", content))
            except NoPicture as error:
                unusable.append(str(error))
    return tuple(found), tuple(unusable)


def _words(message: EmailMessage) -> str:
    """The text of a mail; of one that is a web page only, what can be read on it."""
    body = message.get_body(("plain", "html"))
    if body is None:
        return ""
    content = str(body.get_content())
    return _Readable.of(content) if body.get_content_type() == "text/html" else content


def _shown(words: str) -> str:
    """What of a mail is shown to staff: its beginning, with addresses cut short, and all its addresses, cut short."""
    text = cleaned(words).strip()
    beginning = text[:MOST_SHOWN] + (" […]" if len(text) > MOST_SHOWN else "")
    links = [f"Address: {address}" for address in addresses(words)[:20]]
    return "\n".join([beginning, *links]).strip()


_BLOCKS = {"p", "br", "div", "tr", "li", "h1", "h2", "h3"}


class _Readable(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self._parts: list[str] = []
        self._hidden = 0

    @classmethod
    def of(cls, html: str) -> str:
        """What a reader sees of a page, without its links."""
        parser = cls()
        parser.feed(html)
        parser.close()
        return "\n".join(filter(None, ("".join(parser._parts)).split("\n")))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self._hidden += tag in {"style", "script", "title"}
        if tag in _BLOCKS:
            self._parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._parts.append("\n")
        self._hidden -= tag in {"style", "script", "title"} and self._hidden > 0

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._parts.append(data)
