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
        self._spellings: dict[int, list[_Spelling]] = {}  # by the number of the string
        for number, phrases in lists.items():
            for phrase in phrases:
                spellings = [_Spelling(number, phrase, plain_phrase(phrase), folded=False)]
                folded = folded_phrase(phrase)
                if len(folded) >= SHORTEST and _WORDS.fullmatch(phrase):
                    spellings.append(_Spelling(number, phrase, folded, folded=True))
                for spelling in spellings:
                    string = literals.add(spelling.text, begins=True, ends=True)
                    self._spellings.setdefault(string, []).append(spelling)

    def find(self, forms: Forms, held: set[int]) -> dict[int, Hit]:
        """Give the first hit of each matcher, the longest if several begin there; a plain one before any folded one."""
        hits: dict[int, Hit] = {}
        for string in self._spellings.keys() & held:
            for spelling in self._spellings[string]:
                hit = _hit(spelling, forms)
                if hit and (hit.number not in hits or _order(hit) < _order(hits[hit.number])):
                    hits[hit.number] = hit
        return hits


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
