r"""Finds regular expressions in linear time (RE2), as whole words, in the plain and in the folded form of a comment.

A pattern stands for whole words just as a phrase does: it need not say so with \b. It is written in lower case, and
sees one line: typographic quotes and dashes are plain ones, line breaks are spaces, web addresses are blank.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import re2

from rules.match import Hit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.normal import Forms

_MEMORY = 128 << 20  # bytes; more than enough for a few hundred patterns
_EDGE = r"[^\pL\pN]|[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
_WHOLE = rf"(?m:(?:^|{_EDGE})(%s)(?:$|{_EDGE}))"


class BadPattern(Exception):
    """RE2 does not take this expression; says what RE2 said."""


def _options() -> re2.Options:
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    options.case_sensitive = False
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

    One pass looks for letters without which a pattern cannot match, a second one tells which of the rest do; where they
    match is only looked for when a rule needs it. A pattern is fast if each of its alternatives holds three fixed
    letters in a row.
    """

    def __init__(self, patterns: Mapping[int, str]) -> None:
        """Take the pattern of each matcher, by the matcher's number. Each must have passed `check`."""
        self._numbers = list(patterns)
        self._index = {number: index for index, number in enumerate(patterns)}
        self._all = re2.Filter()
        for pattern in patterns.values():
            self._all.Add(_WHOLE % pattern, _options())
        if patterns:
            self._all.Compile()

    def possible(self, forms: Forms) -> set[int]:
        """Give the numbers of all matchers whose pattern is there, though perhaps across the end of a line."""
        if not self._numbers:
            return set()
        whole = forms.plain if forms.plain == forms.folded else f"{forms.plain}\n{forms.folded}"
        return {self._numbers[index] for index in self._all.Match(whole) or ()}

    def first(self, number: int, forms: Forms) -> Hit | None:
        """Give the first place of a matcher's pattern, in the folded form only if it is not there plainly."""
        single = self._all.re(self._index[number])
        for text, folded in ((forms.plain, False), (forms.folded, True)):
            place = _place(single, text)
            if place:
                return Hit(number, *place, "pattern", folded)
        return None


def _place(single: Any, text: str) -> tuple[int, int] | None:
    """Search the whole text, and line by line if need be: a match must not run from one reading into the next."""
    found = single.search(text)
    if found is None:
        return None
    if "\n" not in found[1]:
        return found.start(1), found.end(1)
    at = 0
    for line in text.split("\n"):
        found = single.search(line)
        if found is not None:
            return at + found.start(1), at + found.end(1)
        at += len(line) + 1
    return None
