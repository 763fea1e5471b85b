"""Takes a JSON answer apart without losing a byte: each item together with the exact bytes it was sent as.

The archive keeps what the platform sent, not what we understood of it (P2). Decoding and encoding again would change
spacing, escapes and the order of keys, so the items' own bytes are cut out of the answer.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


def items(body: bytes, *path: str) -> Iterator[tuple[Any, bytes]]:
    """Give each element of the array at `path` in the object `body`, decoded, with its own bytes.

    Gives nothing where the path is not there (platforms omit what is empty). Raises ValueError (also for nesting too
    deep to read) if `body` is not such JSON.
    """
    with _readable():
        text = body.decode("utf-8")
        start = _find(text, _skip(text, 0), path)
        if start is None:
            return
        for value, begin, end in _elements(text, start):
            yield value, text[begin:end].encode("utf-8")


def member(body: bytes, *path: str) -> bytes:
    """Give the bytes of the value at `path` in the object `body`.

    Raises KeyError if it is not there, ValueError as `items` does.
    """
    with _readable():
        text = body.decode("utf-8")
        start = _find(text, _skip(text, 0), path)
        if start is None:
            raise KeyError(path[-1])
        return text[start : _DECODER.raw_decode(text, start)[1]].encode("utf-8")


@contextmanager
def _readable() -> Iterator[None]:
    """Give ValueError for every way in which a text fails to be the JSON that was looked for."""
    try:
        yield
    except RecursionError:
        message = "the answer is nested too deeply to read"
        raise ValueError(message) from None
    except IndexError:
        message = "the answer ends in the middle of a value"
        raise ValueError(message) from None


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _find(text: str, at: int, path: tuple[str, ...]) -> int | None:
    """Follow `path` through nested objects from the value at `at`; give where the value at its end begins."""
    for name in path:
        for key, value_at, _ in _members(text, at):
            if key == name:
                at = value_at
                break
        else:
            return None
    return at


def _members(text: str, at: int) -> Iterator[tuple[str, int, int]]:
    """Give name, beginning and end of each member's value of the object at `at`."""
    _expect(text, at, "{")
    at = _skip(text, at + 1)
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        at = _skip(text, at)
        _expect(text, at, ":")
        begin = _skip(text, at + 1)
        _, end = _DECODER.raw_decode(text, begin)
        yield key, begin, end
        at = _next(text, end, "}")


def _elements(text: str, at: int) -> Iterator[tuple[Any, int, int]]:
    """Give value, beginning and end of each element of the array at `at`."""
    _expect(text, at, "[")
    at = _skip(text, at + 1)
    while text[at] != "]":
        value, end = _DECODER.raw_decode(text, at)
        yield value, at, end
        at = _next(text, end, "]")


def _next(text: str, at: int, closing: str) -> int:
    at = _skip(text, at)
    if text[at] == closing:
        return at
    _expect(text, at, ",")
    return _skip(text, at + 1)


def _expect(text: str, at: int, sign: str) -> None:
    if text[at : at + 1] != sign:
        message = f"expected {sign!r} at character {at} of the answer"
        raise ValueError(message)
