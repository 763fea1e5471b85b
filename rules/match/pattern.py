r"""Finds regular expressions in linear time (RE2), as whole words, in the plain and in the folded form of a comment.

A pattern stands for whole words just as a phrase does: it need not say so with \b. It is written in lower case, and
sees one line: typographic quotes and dashes are plain ones, line breaks are spaces, web addresses are blank.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

import re2

from rules.match import Hit
from rules.match.atoms import EDGE, atoms
from rules.match.literal import is_unspaced

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.match.atoms import Clause
    from rules.match.literal import Literals
    from rules.normal import Forms

_MEMORY = 128 << 20  # bytes; more than enough for a few hundred patterns
_SMALL = 20_000  # instructions; with all letters at most two hundred times as many, and there is room for that
# Between line breaks, so that an edge is always one character.
_EDGE = r"[^\pL\pN]|[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
_WHOLE = rf"(?m:(?:{_EDGE})(?:%s)(?:{_EDGE}))"
_WHOLE_NARROW = r"(?m:[^\pL\pN](?:%s)[^\pL\pN])"
# What a byte cannot say: a script or a kind of character but letters and figures, and characters beyond Latin-1.
_BEYOND = re.compile(r"\\[pP](?![LN](?![a-z&]))|\\x\{0*[1-9A-Fa-f][0-9A-Fa-f]{2,}\}|\\C")
# Capitals in these are no letters to be met.
_NO_LETTERS = re.compile(r"\\(?:[pP](?:\{[^}]*\}|.)|x\{?[0-9A-Fa-f]*\}?|.)|\(\?P<[^>]*>|\[:\w+:\]")
_Gate = tuple[int, tuple[frozenset[int], ...]]  # a matcher, and the other clauses of one branch of its pattern


class BadPattern(Exception):
    """RE2 does not take this expression; says what RE2 said."""


def _options(*, narrow: bool = False) -> re2.Options:
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    options.never_capture = True  # RE2 finds where a whole pattern stands far faster than where its groups do
    if narrow:
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
        compiled = _compiled(pattern)
    except re2.error as wrong:
        reason = wrong.args[0]
        raise BadPattern(reason.decode() if isinstance(reason, bytes) else str(reason)) from None
    if compiled.search(b"") is not None:
        message = "it would match nothing at all, and so every comment"
        raise BadPattern(message)


def _compiled(pattern: str) -> Any:
    """Compile a pattern to try it out: for bytes if that is enough, which takes a tenth of the time.

    With all letters of the world it becomes larger, and RE2 may not take it; a small one cannot become too large.
    """
    if not _BEYOND.search(pattern):
        with suppress(UnicodeEncodeError):
            compiled = re2.compile(pattern.encode("latin-1"), _options(narrow=True))
            if compiled.programsize < _SMALL:
                return compiled
    return re2.compile(pattern.encode(), _options())


class Patterns:
    """All patterns of all matchers at once.

    A pattern is only tried on a comment that holds letters without which it cannot match. So it is fast if each of its
    alternatives holds three fixed letters in a row; otherwise it is tried on every comment.
    """

    def __init__(
        self, patterns: Mapping[int, str], literals: Literals, exceptions: frozenset[int] = frozenset()
    ) -> None:
        """Take the pattern of each matcher, by the matcher's number. Each must have passed `check`.

        Those of `exceptions` are only asked for when a rule has matched already, so nothing is done to be fast.
        """
        self._patterns = dict(patterns)
        self._gates: dict[int, list[_Gate]] = {}  # by the number of a string of their first clause
        self.always: set[int] = set()
        self.exceptions = exceptions.intersection(self._patterns)
        for number, pattern in patterns.items():
            if number in exceptions:
                continue
            branches = atoms(pattern)
            for branch in branches:
                first, *others = branch
                clauses = tuple(_added(literals, clause) for clause in others if all(map(_has_letters, clause)))
                gate = number, clauses
                for string in _added(literals, first):
                    self._gates.setdefault(string, []).append(gate)
            if not branches:
                self.always.add(number)

    def possible(self, held: set[int]) -> set[int]:
        """Give the numbers of the matchers whose pattern may be in a comment that holds these strings."""
        found = set(self.always)
        for string in self._gates.keys() & held:
            for number, clauses in self._gates[string]:
                if number not in found and not any(map(held.isdisjoint, clauses)):
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
        both = forms.plain if forms.plain == forms.folded else f"{forms.plain}\n{forms.folded}"
        self._both = _Padded(f"\n{both}\n")

    def may_hold(self, pattern: str) -> bool:
        """Tell whether a pattern is in one of the forms, or perhaps across the two."""
        return self._both.search(pattern) is not None


class _Padded:
    """A text between line breaks, to be searched for patterns as whole words."""

    __slots__ = ("_narrow", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._narrow = _narrowed(text)

    def search(self, pattern: str) -> Any | None:
        """Search as bytes, one a character, if text and pattern allow it."""
        finder = _narrow_finder(pattern) if self._narrow is not None else None
        return finder.search(self._narrow) if finder else _finder(pattern).search(self._text)


class _Narrow(dict[int, str]):
    """What each character is for a pattern that names none beyond Latin-1: a letter, a figure, or neither."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        kind = unicodedata.category(char)[0]
        narrow = _UNTOLD if is_unspaced(char) else char if code in _LATIN_1 else _ANY_OF_KIND.get(kind, _ANY_SIGN)
        self[code] = narrow
        return narrow


_LATIN_1 = range(1, 256)
_UNTOLD = "\0"
_ANY_OF_KIND = {"L": "\N{FEMININE ORDINAL INDICATOR}", "N": "\N{SUPERSCRIPT TWO}"}
_ANY_SIGN = "\N{SECTION SIGN}"
_NARROW = _Narrow()


def _narrowed(text: str) -> bytes | None:
    """Write a text with one byte for every character; None if a word may begin or end at any of them."""
    if text.isascii():
        return text.encode("ascii")
    narrow = text.translate(_NARROW)
    return None if _UNTOLD in narrow else narrow.encode("latin-1")


@cache
def _finder(pattern: str) -> Any:
    return re2.compile(_WHOLE % pattern, _options())


@cache
def _narrow_finder(pattern: str) -> Any | None:
    """Give a finder that sees bytes and is twice as fast; none if a pattern names characters beyond Latin-1."""
    plainly = pattern.replace("’", "'")  # which is how comments are read
    if _BEYOND.search(plainly):
        return None
    try:
        return re2.compile((_WHOLE_NARROW % plainly).encode("latin-1"), _options(narrow=True))
    except UnicodeEncodeError:
        return None


def _find(pattern: str, text: str) -> tuple[int, int] | None:
    """Find a pattern as whole words, perhaps across the end of a line."""
    found = _Padded(f"\n{text}\n").search(pattern)
    return (found.start(), found.end() - 2) if found else None


def _added(literals: Literals, clause: Clause) -> frozenset[int]:
    edged = map(_edges, sorted(clause))
    return frozenset(literals.add(string, begins=begins, ends=ends) for string, begins, ends in edged)


def _edges(string: str) -> tuple[str, bool, bool]:
    """Give a string, whether it begins with a word, and whether it ends with one."""
    return string.strip(EDGE), string.startswith(EDGE), string.endswith(EDGE)


def _has_letters(string: str) -> bool:
    return any(map(str.isalnum, string))


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
