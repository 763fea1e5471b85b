"""Leaves card and social security numbers out of what leaves by mail; the archive keeps every comment verbatim.

Mails are copied, forwarded and kept where the City has no say (RSMo 407.1500), so no mail repeats a valid number that a
comment holds, nor carries a picture in which one can be read: whoever needs it looks into the archive.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from archive.card import shown
from rules.match.personal import secret_numbers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

INSTEAD = "[number withheld]"
"""What stands in place of a number, in English."""

NUMBER = "it shows a card or social security number"
"""Why a picture in which a number can be read is not mailed."""
CLOSED = {"C4": "it may show sexual content"}
"""Clauses whose pictures are not mailed, and why."""


def masked(text: str, keep: Collection[str] = (), *, instead: str = INSTEAD) -> str:
    """Give a text as a mail may carry it: without valid numbers, and without what is no character (see `shown`).

    `keep`: names of ours, such as cases and accounts, that stay as they are although they look like a number.
    `instead`: what stands in place of a number.
    """
    return masked_excerpt(text, 0, len(text), keep, instead=instead)


def masked_excerpt(text: str, start: int, end: int, keep: Collection[str] = (), *, instead: str = INSTEAD) -> str:
    """Give ``text[start:end]`` without valid numbers, judged by the whole text: a part does not tell what it is."""
    kept = [found.span() for name in keep if name for found in re.finditer(re.escape(name), text)]
    parts: list[str] = []
    at = start
    for first, last in secret_numbers(text):
        named = any(begin <= first and last <= stop for begin, stop in kept)
        if not named and first < end and last > start:
            parts += [text[at : max(first, at)], instead]
            at = last
    return shown("".join([*parts, text[at:end]]))


def closed(texts: Iterable[str], clauses: Iterable[str]) -> str:
    """Why the picture of a comment is not mailed, or nothing: `texts` are what it shows, `clauses` what it is about."""
    if any(secret_numbers(text) for text in texts):
        return NUMBER
    return next((CLOSED[clause] for clause in clauses if clause in CLOSED), "")
