r"""Finds regular expressions in linear time (RE2), as whole words, in the plain and in the folded form of a comment.

A pattern stands for whole words just as a phrase does: it need not say so with \b. It is written in lower case, and
sees one line: typographic quotes and dashes are plain ones, line breaks are spaces, web addresses are blank.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import re2

from rules.match import Hit
from rules.match.atoms import EDGE, atoms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.match.atoms import Clause
    from rules.match.literal import Literals
    from rules.normal import Forms

_MEMORY = 128 << 20  # bytes; more than enough for a few hundred patterns
# Between line breaks, so that an edge is always one character.
_EDGE = r"[^\pL\pN]|[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
_WHOLE = rf"(?m:(?:{_EDGE})(?:%s)(?:{_EDGE}))"
_WHOLE_ASCII = "(?m:[^a-z0-9](?:%s)[^a-z0-9])"
# Capitals in these are no letters to be met.
_NO_LETTERS = re.compile(r"\\(?:[pP](?:\{[^}]*\}|.)|x\{?[0-9A-Fa-f]*\}?|.)|\(\?P<[^>]*>|\[:\w+:\]")
_Gate = tuple[int, list[frozenset[int]]]  # a matcher, and the other clauses of one branch of its pattern


class BadPattern(Exception):
    """RE2 does not take this expression; says what RE2 said."""


def _options(*, ascii_only: bool = False) -> re2.Options:
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    options.never_capture = True  # RE2 finds where a whole pattern stands far faster than where its groups do
    if ascii_only:
        options.encoding = re2.Options.Encoding.LATIN1
    return options


def check(pattern: str) -> None:
    """Raise `BadPattern` if RE2 cannot compile a pattern, or if it would match nothing or everything.

    Comments are read in lower case, and RE2 is ten times quicker if it need not think of capitals.
    """
    capital = next(filter(str.isupper, _NO_LETTERS.sub("", pattern)), None)
    if capital:
        message = f"comments are read in lower case, so {capital!r} is never met; write {capital.lower()!r}"
        raise BadPattern(message)
    try:
        compiled = re2.compile(pattern, _options())
    except re2.error as wrong:
        reason = wrong.args[0]
        raise BadPattern(reason.decode() if isinstance(reason, bytes) else str(reason)) from None
    if compiled.search("") is not None:
        message = "it would match nothing at all, and so every comment"
        raise BadPattern(message)


class Patterns:
    """All patterns of all matchers at once.

    A pattern is only tried on a comment that holds letters without which it cannot match. So it is fast if each of its
    alternatives holds three fixed letters in a row; otherwise it is tried on every comment.
    """

    def __init__(self, patterns: Mapping[int, str], literals: Literals) -> None:
        """Take the pattern of each matcher, by the matcher's number. Each must have passed `check`."""
        self._patterns = dict(patterns)
        self._gates: dict[int, list[_Gate]] = {}  # by the number of a string of their first clause
        self.always: set[int] = set()
        for number, pattern in patterns.items():
            branches = atoms(pattern)
            for branch in branches:
                first, *others = [_added(literals, clause) for clause in branch]
                for string in first:
                    self._gates.setdefault(string, []).append((number, others))
            if not branches:
                self.always.add(number)

    def possible(self, strings: set[int]) -> set[int]:
        """Give the numbers of the matchers whose pattern may be in a comment that holds these strings."""
        found = set(self.always)
        for string in strings:
            if string in self._gates:
                for number, clauses in self._gates[string]:
                    if not any(map(strings.isdisjoint, clauses)):
                        found.add(number)
        return found

    def first(self, number: int, searched: Searched) -> Hit | None:
        """Give the first place of a matcher's pattern, in the folded form only if it is not there plainly."""
        pattern = self._patterns[number]
        if not searched.may_hold(pattern):
            return None
        for text, folded in ((searched.plain, False), (searched.folded, True)):
            place = _place(pattern, text)
            if place:
                return Hit(number, *place, "pattern", folded)
        return None


class Searched:
    """Both forms of one comment as patterns look at them: in one go, since nearly no pattern is in either."""

    __slots__ = ("_both", "folded", "plain")

    def __init__(self, forms: Forms) -> None:
        """Lay both forms out, each between line breaks."""
        self.plain, self.folded = forms.plain, forms.folded
        self._both = f"\n{forms.plain}\n{forms.folded}\n"

    def may_hold(self, pattern: str) -> bool:
        """Tell whether a pattern is in one of the forms, or perhaps across the two."""
        return _search(pattern, self._both) is not None


@cache
def _finder(pattern: str) -> Any:
    return re2.compile(_WHOLE % pattern, _options())


@cache
def _ascii_finder(pattern: str) -> Any | None:
    """Give a finder that sees bytes and is twice as fast; none if a pattern has letters beyond Latin-1."""
    try:
        return re2.compile((_WHOLE_ASCII % pattern).encode("latin-1"), _options(ascii_only=True))
    except UnicodeEncodeError:
        return None


def _search(pattern: str, padded: str) -> Any | None:
    """Search a text between line breaks for a pattern as whole words: as bytes, if both allow it."""
    finder = _ascii_finder(pattern) if padded.isascii() else None
    return finder.search(padded.encode("ascii")) if finder else _finder(pattern).search(padded)


def _find(pattern: str, text: str) -> tuple[int, int] | None:
    """Find a pattern as whole words, perhaps across the end of a line."""
    found = _search(pattern, f"\n{text}\n")
    return (found.start(), found.end() - 2) if found else None


def _added(literals: Literals, clause: Clause) -> frozenset[int]:
    return frozenset(
        literals.add(string.strip(EDGE), begins=string.startswith(EDGE), ends=string.endswith(EDGE))
        for string in sorted(clause)
    )


def _place(pattern: str, text: str) -> tuple[int, int] | None:
    """Search the whole text, and line by line if need be: a match must not run from one reading into the next."""
    span = _find(pattern, text)
    if span is None or "\n" not in text[span[0] : span[1]]:
        return span
    at = 0
    for line in text.split("\n"):
        found = _find(pattern, line)
        if found is not None:
            return at + found[0], at + found[1]
        at += len(line) + 1
    return None
