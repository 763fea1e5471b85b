"""Tells which of many fixed strings a comment holds, in one pass.

They are phrases, and the letters without which a pattern cannot match (`rules.match.atoms`). Nearly every comment holds
none of them and is done with; where one is held, its matcher looks for the place. So this pass may say yes too often,
never no: strings and comments are both laid out as words, with one space for whatever is neither letter nor figure.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ahocorasick_rs import BytesAhoCorasick, Implementation

if TYPE_CHECKING:
    from rules.normal import Forms

_LONGEST = 14  # bytes of a string that are looked for; a small automaton stays in the processor's cache

# Scripts that are written without spaces: every character may begin or end a word.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u19e0-\u19ff\u2e80-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua9e0-\ua9ff\uaa60-\uaa7f\uf900-\ufaff\uff66-\uff9f\U0001b000-\U0001b16f\U00020000-\U0003ffff]"
)


def joined(text: str, at: int) -> bool:
    """Tell whether the characters on both sides of a position belong to one word."""
    if at in {0, len(text)}:
        return False
    before, after = text[at - 1], text[at]
    return before.isalnum() and after.isalnum() and not (is_unspaced(before) or is_unspaced(after))


def is_unspaced(char: str) -> bool:
    """Tell whether a word may begin or end at a character, since its script is written without spaces."""
    return _UNSPACED.match(char) is not None


class Literals:
    """Strings, each of which may have to begin or end with a word."""

    def __init__(self) -> None:
        """Begin without strings."""
        self._words: dict[bytes, int] = {}
        self._signs: dict[str, int] = {}  # strings without a letter or a figure; their numbers are negative
        self._pictures: dict[str, int] = {}  # and those of one character that is not ASCII
        self._automaton: BytesAhoCorasick | None = None

    def add(self, string: str, *, begins: bool, ends: bool) -> int:
        """Give the number of a string that begins or ends with a word, the same number for the same demand."""
        laid = _edged(string, begins=begins, ends=ends)[:_LONGEST]
        if not laid.strip():
            sign = string.strip()
            signs = self._pictures if len(sign) == 1 and not sign.isascii() else self._signs
            return signs.setdefault(sign, -1 - len(self._signs) - len(self._pictures))
        return self._words.setdefault(laid, len(self._words))

    def compile(self) -> None:
        """Make ready to find; nothing is added afterwards, so the automaton alone need know the words."""
        if self._words:
            self._automaton = BytesAhoCorasick(self._words, implementation=Implementation.ContiguousNFA)
            self._words.clear()

    def find(self, forms: Forms) -> set[int]:
        """Look for the strings that the plain or the folded form of a comment may hold."""
        laid = _laid_out(f" {forms.plain} ")
        if not forms.alike:
            folded = _laid_out(f" {forms.folded} ")
            if folded != laid:
                laid += folded
        found = self._found(laid)
        for sign, number in self._signs.items():
            if sign in forms.plain:
                found.add(number)
        if not forms.plain.isascii():
            found.update(self._pictures[sign] for sign in self._pictures.keys() & set(forms.plain))
        return found

    def _found(self, laid: bytes) -> set[int]:
        if self._automaton is None:
            return set()
        return {place[0] for place in self._automaton.find_matches_as_indexes(laid, overlapping=True)}


def _edged(string: str, *, begins: bool, ends: bool) -> bytes:
    """Lay out a string that may have to begin or end with a word; blank if it is signs alone."""
    laid = _laid_out(string)
    if begins and not laid.startswith(b" "):
        laid = b" " + laid
    if ends and not laid.endswith(b" "):
        laid += b" "
    return laid


class _Layout(dict[int, str]):
    """A table for `str.translate` that works out each character when it first meets it."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        self[code] = laid = f" {char} " if is_unspaced(char) else char if char.isalnum() else " "
        return laid


_LAYOUT = _Layout()
_ASCII_LAYOUT = bytes(code if chr(code).isalnum() else ord(" ") for code in range(128)) + bytes(128)


def _laid_out(text: str) -> bytes:
    if text.isascii():
        laid = text.encode("ascii").translate(_ASCII_LAYOUT)
    else:
        laid = text.translate(_LAYOUT).encode("utf-8", "replace")
    while b"  " in laid:
        laid = laid.replace(b"  ", b" ")
    return laid
