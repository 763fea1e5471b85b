"""Mails as they are kept: word for word, but every web address ends before its query string and fragment.

There Nextdoor puts tokens that sign in whoever follows the link, and others put the like. They are taken out rather
than encrypted: they prove nothing that a record needs, they would have to be taken out of every copy that is handed
over, and a key that opens them would have to be kept as long as the records are. What was taken out says so in a line
of its own at the top, with the hash of the mail as it came, which lies in the mailbox. A mail without any such address
is kept to the byte.

Pure: bytes in, bytes out.
"""

from __future__ import annotations

import hashlib
import re
from email import message_from_bytes
from email.encoders import encode_base64
from email.generator import BytesGenerator
from email.header import Header, decode_header, make_header
from email.policy import compat32
from io import BytesIO
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from email.message import Message

HEADER = "X-Citymod-Withheld"
_TAIL = re.compile(
    r"""((?:(?:[a-z][a-z0-9+.-]*:)?//|\b[\w-]+(?:\.[\w-]+)+/)[^\s<>"'?\#]*)[?\#][^\s<>"']*""", re.IGNORECASE
)
_USER = re.compile(r"(//)[^\s<>\"'/?#@]+@")


def without_tokens(raw: bytes) -> bytes:
    """Give a mail without query strings, fragments and user names in its addresses, wherever in it they stand.

    In headers, in texts and pages however they are encoded, and in mails that were passed on within it. Pictures and
    other files stay as they are.
    """
    try:
        stripped = _stripped(raw)
    except Exception:  # noqa: BLE001  the email package raises many things on crooked mails; none is kept with tokens
        stripped = _cut(raw, "latin-1")
    if stripped == raw:
        return raw
    sha256 = hashlib.sha256(raw).hexdigest()
    said = f"{HEADER}: query strings and fragments of addresses; as it came, sha256 {sha256}\r\n"
    return said.encode() + stripped


def _stripped(raw: bytes) -> bytes:
    message = message_from_bytes(raw, policy=compat32)
    changed = [_strip(part) for part in message.walk()]
    if not any(changed):
        return _cut(raw, "latin-1")  # what stands between the parts, where nothing is encoded
    out = BytesIO()
    BytesGenerator(out, mangle_from_=False, maxheaderlen=0, policy=compat32.clone(linesep="\r\n")).flatten(message)
    return _cut(out.getvalue(), "latin-1")


def _strip(part: Message) -> bool:
    """Take the tokens out of one part's own headers and text; give whether there were any."""
    headers = [(name, _header(value)) for name, value in part.items()]
    changed = headers != part.items()
    if changed:
        for name in set(part.keys()):
            del part[name]
        for name, value in headers:
            part[name] = cast("str", value)  # which may as well be a Header
    content = part.get_payload(decode=True)
    if part.get_content_maintype() not in {"text", "message"} or not isinstance(content, bytes):
        return changed
    text = _cut(content, part.get_content_charset("latin-1"))
    if text == content:
        return changed
    del part["Content-Transfer-Encoding"]
    part.set_payload(text)
    encode_base64(part)
    return True


def _header(value: str | Header) -> str | Header:
    """A header's value without tokens, also where it is written in encoded words (RFC 2047)."""
    said = str(make_header(decode_header(value)))
    short = _short(said)
    if short == said:
        return value
    return short if short.isascii() else Header(short, "utf-8")


def _cut(content: bytes, charset: str) -> bytes:
    """Cut the addresses in bytes of text that says it is in this charset."""
    try:
        return _short(content.decode(charset)).encode(charset)
    except (LookupError, UnicodeError):
        wide = b"\x00" in content  # two or four bytes a letter, and damaged; of that what can be read is kept
        known = wide and charset.lower().startswith("utf-")
        words = content.decode(charset, "replace") if known else content.replace(b"\x00", b"").decode("latin-1")
        return _short(words).encode(charset if known else "latin-1")  # which writes any byte that it read


def _short(text: str) -> str:
    return _USER.sub(r"\1", _TAIL.sub(r"\1", text))
