r"""Finds regular expressions in linear time (RE2), as whole words, in the plain and in the folded form of a comment.

A pattern stands for whole words just as a phrase does: it need not say so with \b. It is written in lower case, and
sees one line: typographic quotes and dashes are plain ones, line breaks are spaces, web addresses are blank.
"""

from __future__ import annotations

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
_EDGE = r"[^\pL\pN]|[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
_WHOLE = rf"(?m:(?:{_EDGE})(?:%s)(?:{_EDGE}))"  # between line breaks, so that an edge is always one character


_Gate = tuple[int, list[frozenset[int]]]  # a matcher, and the other clauses of one branch of its pattern


class BadPattern(Exception):
    """RE2 does not take this expression; says what RE2 said."""


def _options() -> re2.Options:
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    options.case_sensitive = False
    options.never_capture = True  # RE2 finds where a whole pattern stands far faster than where its groups do
    return options


def check(pattern: str) -> None:
    """Raise `BadPattern` if RE2 cannot compile a pattern, or if it would match no characters at all."""
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
        self._sources = {number: _WHOLE % pattern for number, pattern in patterns.items()}
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

    def first(self, number: int, forms: Forms) -> Hit | None:
        """Give the first place of a matcher's pattern, in the folded form only if it is not there plainly."""
        quick, finder = _compiled(self._sources[number])
        for text, folded in ((forms.plain, False), (forms.folded, True)):
            padded = f"\n{text}\n"
            if quick.Match(padded):
                place = _place(finder, padded)
                if place:
                    return Hit(number, *place, "pattern", folded)
        return None


@cache
def _compiled(source: str) -> tuple[Any, Any]:
    """Compile a pattern in two ways: to tell fast whether it is there, perhaps across the end of a line, and where."""
    quick = re2.Set.SearchSet(_options())
    quick.Add(source)
    quick.Compile()
    return quick, re2.compile(source, _options())


def _added(literals: Literals, clause: Clause) -> frozenset[int]:
    return frozenset(
        literals.add(string.strip(EDGE), begins=string.startswith(EDGE), ends=string.endswith(EDGE))
        for string in sorted(clause)
    )


def _place(finder: Any, padded: str) -> tuple[int, int] | None:
    """Search the whole text, and line by line if need be: a match must not run from one reading into the next."""
    found = finder.search(padded)
    if found is None:
        return None
    if "\n" not in padded[found.start() + 1 : found.end() - 1]:
        return found.start(), found.end() - 2
    at = 0
    for line in padded[1:-1].split("\n"):
        found = finder.search(f"\n{line}\n")
        if found is not None:
            return at + found.start(), at + found.end() - 2
        at += len(line) + 1
    return None
