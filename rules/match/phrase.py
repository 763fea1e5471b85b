"""Finds listed words and phrases, as whole words, in the plain and in the folded form of a comment.

"ass" is not found in "class". In scripts that are written without spaces every character may begin or end a word.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ahocorasick_rs import AhoCorasick, Implementation

from rules.match import Hit
from rules.normal import folded_phrase, plain_phrase

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rules.normal import Forms

SHORTEST = 3  # characters; anything shorter is in too many words, names and initials
_WORDS = re.compile(r"[\w' -]+")  # folding would take other signs away, and with them what the phrase means
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


class Phrases:
    """All phrases of all matchers at once: one pass over each form, however many phrases there are."""

    def __init__(self, lists: Mapping[int, Iterable[str]]) -> None:
        """Take the phrases of each matcher, by the matcher's number."""
        entries = [(number, phrase) for number, phrases in lists.items() for phrase in phrases]
        self._plain = _Words([(plain_phrase(phrase), number, phrase) for number, phrase in entries])
        folded = [(folded_phrase(phrase), number, phrase) for number, phrase in entries if _WORDS.fullmatch(phrase)]
        self._folded = _Words([entry for entry in folded if len(entry[0]) >= SHORTEST])

    def find(self, forms: Forms) -> Iterator[Hit]:
        """Give every place where a phrase stands as whole words; in the folded form only what is not there plainly."""
        plain = set()
        for number, phrase, start, end in self._plain.find(forms.plain):
            plain.add(number)
            yield Hit(number, start, end, f"phrase: {phrase}")
        for number, phrase, start, end in self._folded.find(forms.folded):
            if number not in plain:
                yield Hit(number, start, end, f"phrase: {phrase}", folded=True)


class _Words:
    """An automaton over spellings; each leads back to the matchers and phrases it stands for."""

    def __init__(self, entries: list[tuple[str, int, str]]) -> None:
        by_spelling: dict[str, list[tuple[int, str]]] = {}
        for spelling, number, phrase in entries:
            by_spelling.setdefault(spelling, []).append((number, phrase))
        self._meanings = list(by_spelling.values())
        self._automaton = AhoCorasick(by_spelling, implementation=Implementation.DFA) if by_spelling else None

    def find(self, text: str) -> Iterator[tuple[int, str, int, int]]:
        if self._automaton is None:
            return
        for index, start, end in self._automaton.find_matches_as_indexes(text, overlapping=True):
            if not (_joined(text, start) or _joined(text, end)):
                for number, phrase in self._meanings[index]:
                    yield number, phrase, start, end


def _joined(text: str, at: int) -> bool:
    """Tell whether the characters on both sides of a position belong to one word."""
    if at in {0, len(text)}:
        return False
    before, after = text[at - 1], text[at]
    return before.isalnum() and after.isalnum() and not (_UNSPACED.match(before) or _UNSPACED.match(after))
