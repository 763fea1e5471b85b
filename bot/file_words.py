"""Tells whether files say withheld words: in their text, however it is coded, or in what a picture says of itself.

What is drawn in a picture no program here reads.

Pure: bytes in, an answer out.
"""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING

from bot.spellings import readable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.spellings import Words

_CONTROLS = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f]")
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_MOST_INFLATED = 8 * 1024 * 1024  # bytes of one note in a picture
_AFTER_SCAN = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # a marker that does not stand within coded pixels
_START_OF_SCAN, _END = 0xDA, 0xD9


def say(data: bytes, words: Words) -> bool:
    """Whether a file says some of the words."""
    if not words:
        return False
    if data.startswith((_PNG, _JPEG)):
        return any(words.stand_in(reading) for note in _notes(data) for reading in _readings(note))
    if text := _text(data):
        return any(words.stand_in(reading) for reading in text)
    # Amid so many bytes that are no text, short words would be found by chance.
    return words.stand_in(readable(data), only_long=True)


def _text(data: bytes) -> list[str]:
    """The file as text in the codes that it may be written in; nothing if it is none."""
    marked = _MARKS.get(data[:2])
    if marked:
        return [data.decode(marked, "replace")]
    if not _CONTROLS.search(data):
        return [data.decode("utf-8", "replace"), *([] if data.isascii() else [data.decode("latin-1")])]
    zeros = data.count(0)
    if zeros * 3 > len(data):  # UTF-16 of Latin letters; other scripts come with spaces and figures
        return [data.decode(code, "replace") for code in ("utf-16-le", "utf-16-be")]
    return []


def _readings(note: bytes) -> Iterator[str]:
    """A note in every code that pictures use for words, beginning anywhere."""
    yield note.decode("utf-8", "replace")
    if b"\0" in note:
        yield from (note[odd:].decode(code, "replace") for odd in (0, 1) for code in ("utf-16-le", "utf-16-be"))


def _notes(data: bytes) -> Iterator[bytes]:
    """What a picture holds besides its pixels, unpacked."""
    return _png_notes(data) if data.startswith(_PNG) else _jpeg_notes(data)


def _png_notes(data: bytes) -> Iterator[bytes]:
    """Every chunk (PNG specification, 5.3) but for pixels, and what stands after the last one."""
    at = len(_PNG)
    while at + 8 <= len(data):
        size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        body = data[at + 8 : at + 8 + size]
        at += size + 12
        if kind not in {b"IDAT", b"fdAT"}:
            yield body
            yield from _inflated(body)
        if kind == b"IEND":
            break
    yield data[at:]


def _inflated(body: bytes) -> Iterator[bytes]:
    """What is packed in a chunk (zTXt, iTXt, iCCP): it begins after one of the first few zero bytes."""
    for zero in list(re.finditer(rb"\0", body))[:6]:
        for start in (zero.end(), zero.end() + 1):
            try:
                yield zlib.decompressobj().decompress(body[start:], _MOST_INFLATED)
            except zlib.error:
                continue  # nothing packed begins here


def _jpeg_notes(data: bytes) -> Iterator[bytes]:
    """Every segment (ITU-T T.81, B.1.1) but for coded pixels, and what stands after the last one."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != _END:  # noqa: PLR2004  so every marker begins
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        yield data[at + 4 : at + 2 + size]
        is_scan = data[at + 1] == _START_OF_SCAN
        at += 2 + size
        if is_scan:
            marker = _AFTER_SCAN.search(data, at)
            at = marker.start() if marker else len(data)
    yield data[at:]
