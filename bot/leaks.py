"""Looks for credentials where none may be (P12), also as they look in addresses, in JSON, in base64 and in hex.

What is packed is unpacked first: mails are taken apart, archives and compressed files opened. What was encrypted, or
written in a way that is not here, is not found.
"""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
import zipfile
import zlib
from email import message_from_bytes, policy
from email.errors import MessageError
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from ahocorasick_rs import BytesAhoCorasick

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

SHORTEST = 6
"""What is shorter occurs by chance, and is looked for nowhere."""
DEEPEST = 4
"""So many times a thing may be packed in another one."""
MOST_UNPACKED = 256 * 1024**2
_ZIP, _GZIP = b"PK\x03\x04", b"\x1f\x8b"
_MAIL = (b"\nmime-version:", b"\ncontent-transfer-encoding:")


def forms(secret: str) -> set[bytes]:
    """The ways in which a secret may be written; see above."""
    plain = secret.encode()
    written = {
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        html.escape(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret)[1:-1].replace("/", "\\/"),
        repr(secret)[1:-1],
        plain.hex(),
        plain.hex().upper(),
    }
    return {text.encode() for text in written} | set(_in_base64(plain))


def _in_base64(plain: bytes) -> Iterator[bytes]:
    """As it stands inside of a longer base64 text: at each of three places, without what its neighbours decide."""
    for before in range(3):
        whole = base64.b64encode(bytes(before) + plain + bytes(3))
        first, last = -(-before * 8 // 6), (before + len(plain)) * 8 // 6
        inside = whole[first:last]
        if len(inside) >= SHORTEST:
            yield inside
            yield inside.translate(bytes.maketrans(b"+/", b"-_"))


class Scanner:
    """Looks for a set of secrets."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """Take the secrets; none is kept anywhere else."""
        self._needles = sorted({form for secret in secrets if len(secret) >= SHORTEST for form in forms(secret)})
        self._automaton = BytesAhoCorasick(self._needles)

    def holds(self, data: bytes, depth: int = 0) -> bool:
        """Whether a secret stands in these bytes, or in what is packed in them."""
        if self._needles and self._automaton.find_matches_as_indexes(data):
            return True
        return depth < DEEPEST and any(self.holds(inner, depth + 1) for inner in _unpacked(data))

    def in_folder(self, folder: Path) -> Iterator[Path]:
        """The files below a folder (or the file) in whose bytes or name a secret stands."""
        for path in sorted(folder.rglob("*")) if folder.is_dir() else [folder]:
            named = self.holds(path.name.encode("utf-8", "surrogateescape"))
            if named or (path.is_file() and self.holds(path.read_bytes())):
                yield path


def _unpacked(data: bytes) -> Iterator[bytes]:
    """What is packed in these bytes; nothing where they are no archive, no compressed file and no mail."""
    if data.startswith(_GZIP):
        yield from _inflated(data)
    elif data.startswith(_ZIP):
        yield from _unzipped(data)
    elif any(sign in data[:8192].lower() for sign in _MAIL):
        yield from _parts(data)


def _inflated(data: bytes) -> Iterator[bytes]:
    try:
        with gzip.open(io.BytesIO(data)) as packed:
            yield packed.read(MOST_UNPACKED)
    except (OSError, EOFError, zlib.error):
        return  # it only began like one; its bytes were looked at as they are


def _unzipped(data: bytes) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            for name in packed.namelist():
                yield name.encode("utf-8", "replace")
                with packed.open(name) as member:
                    yield member.read(MOST_UNPACKED)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, zlib.error):
        return  # as above


def _parts(data: bytes) -> Iterator[bytes]:
    """A mail's parts, decoded, and its headers as people see them."""
    try:
        message = message_from_bytes(data, policy=policy.default)
        for part in message.walk():
            yield "\n".join(f"{name}: {value}" for name, value in part.items()).encode("utf-8", "replace")
            body = part.get_payload(decode=True)
            if isinstance(body, bytes):
                yield body
    except (MessageError, ValueError, LookupError):
        return  # as above
