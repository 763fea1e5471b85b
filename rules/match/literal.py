"""Finds fixed strings, however many there are, in one pass over a text.

Phrases are found so, and the letters without which a pattern cannot match (`rules.match.atoms`): nearly every comment
holds none of them, and is done with.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation

# Scripts that are written without spaces: every character may begin or end a word.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u19e0-\u19ff\u2e80-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua9e0-\ua9ff\uaa60-\uaa7f\uf900-\ufaff\uff66-\uff9f\U0001b000-\U0001b16f\U00020000-\U0003ffff]"
)


class Place(NamedTuple):
    """Where a string was found, by the number that it was given."""

    number: int
    start: int
    end: int


class Literals:
    """Strings, each of which may have to begin or end with a word; `find` gives every place of every one of them."""

    def __init__(self) -> None:
        """Begin without strings."""
        self._numbers: dict[tuple[str, bool, bool], int] = {}
        self._automaton: AhoCorasick | None = None
        self._meanings: list[list[tuple[int, bool, bool]]] = []  # by string: its numbers, and at which ends words end

    def add(self, string: str, *, begins: bool, ends: bool) -> int:
        """Give the number of a string that begins or ends with a word, the same number for the same demand."""
        return self._numbers.setdefault((string, begins, ends), len(self._numbers))

    def compile(self) -> None:
        """Make ready to find; nothing is added afterwards."""
        by_string: dict[str, list[tuple[int, bool, bool]]] = {}
        for (string, begins, ends), number in self._numbers.items():
            by_string.setdefault(string, []).append((number, begins, ends))
        self._meanings = list(by_string.values())
        if by_string:
            self._automaton = AhoCorasick(by_string, implementation=Implementation.DFA)

    def find(self, text: str) -> list[Place]:
        """Give all places, overlapping ones too, in the order of their ends."""
        if self._automaton is None:
            return []
        return [
            Place(number, start, end)
            for index, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True)
            for number, begins, ends in self._meanings[index]
            if not ((begins and _joined(text, start)) or (ends and _joined(text, end)))
        ]


def _joined(text: str, at: int) -> bool:
    """Tell whether the characters on both sides of a position belong to one word."""
    if at in {0, len(text)}:
        return False
    before, after = text[at - 1], text[at]
    return (
        before.isalnum()
        and after.isalnum()
        and ((before.isascii() and after.isascii()) or not (_UNSPACED.match(before) or _UNSPACED.match(after)))
    )
