"""Finds listed words and phrases, as whole words, in the plain and in the folded form of a comment.

"ass" is not found in "class".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rules.match import Hit
from rules.normal import folded_phrase, plain_phrase

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rules.match.literal import Literals, Place

SHORTEST = 3  # characters; anything shorter is in too many words, names and initials
_WORDS = re.compile(r"[\w' -]+")  # folding would take other signs away, and with them what the phrase means
_Meanings = dict[int, list[tuple[int, str]]]  # by the number of a string: matchers, and the phrase each means by it


class Phrases:
    """All phrases of all matchers at once."""

    def __init__(self, lists: Mapping[int, Iterable[str]], literals: Literals) -> None:
        """Take the phrases of each matcher, by the matcher's number, and have them looked for."""
        self._plain: _Meanings = {}
        self._folded: _Meanings = {}
        for number, phrases in lists.items():
            for phrase in phrases:
                self._plain.setdefault(literals.add(plain_phrase(phrase), begins=True, ends=True), []).append(
                    (number, phrase)
                )
                folded = folded_phrase(phrase)
                if len(folded) >= SHORTEST and _WORDS.fullmatch(phrase):
                    self._folded.setdefault(literals.add(folded, begins=True, ends=True), []).append((number, phrase))

    def read(self, places: list[Place], hits: dict[int, Hit], *, folded: bool) -> None:
        """Add the first hit of every matcher that has none yet, the longest one if several begin there."""
        meanings = self._folded if folded else self._plain
        for string, start, end in places:
            if string in meanings:
                for number, phrase in meanings[string]:
                    known = hits.get(number)
                    if known is None or (known.folded == folded and (start, -end) < (known.start, -known.end)):
                        hits[number] = Hit(number, start, end, f"phrase: {phrase}", folded)
