"""Finds listed words and phrases, as whole words, in the plain and in the folded form of a comment.

"ass" is not found in "class". In scripts that are written without spaces every character may begin or end a word.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rules.match import Hit
from rules.match.literal import joined
from rules.normal import folded_phrase, plain_phrase

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rules.match.literal import Literals
    from rules.normal import Forms

SHORTEST = 3  # characters; anything shorter is in too many words, names and initials
_WORDS = re.compile(r"[\w' -]+")  # folding would take other signs away, and with them what the phrase means


class _Spelling(NamedTuple):
    """How a phrase of a matcher is spelled in one form."""

    number: int
    phrase: str
    text: str
    folded: bool


class Phrases:
    """All phrases of all matchers at once: only those are looked for whose letters a comment holds."""

    def __init__(self, lists: Mapping[int, Iterable[str]], literals: Literals) -> None:
        """Take the phrases of each matcher, by the matcher's number, and have their letters looked for."""
        self._spellings: dict[int, dict[int, list[_Spelling]]] = {number: {} for number in lists}  # and by the string's
        self._matchers: dict[int, list[int]] = {}  # by the number of a string
        for number, phrases in lists.items():
            for phrase in phrases:
                spellings = [_Spelling(number, phrase, plain_phrase(phrase), folded=False)]
                folded = folded_phrase(phrase)
                if len(folded) >= SHORTEST and _WORDS.fullmatch(phrase):
                    spellings.append(_Spelling(number, phrase, folded, folded=True))
                for spelling in spellings:
                    string = literals.add(spelling.text, begins=True, ends=True)
                    self._spellings[number].setdefault(string, []).append(spelling)
        for number, strings in self._spellings.items():
            for string in strings:
                self._matchers.setdefault(string, []).append(number)

    def __contains__(self, number: int) -> bool:
        """Tell whether the matcher of that number looks for phrases."""
        return number in self._spellings

    def possible(self, held: set[int]) -> set[int]:
        """Give the numbers of the matchers of which a phrase may be in a comment that holds these strings."""
        return {number for string in self._matchers.keys() & held for number in self._matchers[string]}

    def first(self, number: int, forms: Forms, held: set[int]) -> Hit | None:
        """Give a matcher's first phrase, the longest if several begin there; a plain one before any folded one."""
        strings = self._spellings[number]
        hits = [_hit(spelling, forms) for string in strings.keys() & held for spelling in strings[string]]
        return min(filter(None, hits), key=_order, default=None)


def _hit(spelling: _Spelling, forms: Forms) -> Hit | None:
    start = _first(spelling.text, forms.folded if spelling.folded else forms.plain)
    if start is None:
        return None
    return Hit(spelling.number, start, start + len(spelling.text), f"phrase: {spelling.phrase}", spelling.folded)


def _order(hit: Hit) -> tuple[bool, int, int, str]:
    return hit.folded, hit.start, -hit.end, hit.what


def _first(spelling: str, text: str) -> int | None:
    """Find the first place where a spelling stands as whole words."""
    at = text.find(spelling)
    while at >= 0:
        if not (joined(text, at) or joined(text, at + len(spelling))):
            return at
        at = text.find(spelling, at + 1)
    return None
