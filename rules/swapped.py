"""Whether rules read a comment alike when it speaks of the other side: live words instead of the policy's examples.

What `rules.viewpoint` holds every rule to before it may be approved is held here against what people really write. Each
word of a pair is put in the place of the other, and the same rules must be met.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rules.engine import Engine

PAIRS = (
    ("democrat", "republican"),
    ("democrats", "republicans"),
    ("liberal", "conservative"),
    ("liberals", "conservatives"),
    ("left", "right"),
    ("mayor", "neighbor"),
    ("police", "firefighters"),
    ("city", "county"),
    ("council", "committee"),
    ("support", "oppose"),
    ("demócrata", "republicano"),
    ("alcalde", "vecino"),
)
"""Words of which a rule may make no difference: sides, offices and people, for and against."""

_OTHER = {one: other for pair in PAIRS for one, other in (pair, pair[::-1])}
_WORD = re.compile(r"\b(?:" + "|".join(sorted(_OTHER, key=len, reverse=True)) + r")\b", re.IGNORECASE)


def swapped(text: str) -> str:
    """Put each word of `PAIRS` in the place of its other, with capitals where they stood."""
    return _WORD.sub(lambda found: _cased(_OTHER[found[0].lower()], found[0]), text)


def _cased(word: str, like: str) -> str:
    if like.isupper():
        return word.upper()
    return word.capitalize() if like[0].isupper() else word


def unlike(engine: Engine, text: str) -> Iterator[str]:
    """Name the rules that meet a comment or its swapped form and not the other. Rules on trial count as well."""
    other = swapped(text)
    if other != text:
        met, met_swapped = ({match.rule for match in engine.evaluate(each)} for each in (text, other))
        yield from sorted(met ^ met_swapped)
