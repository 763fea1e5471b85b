"""Asks a small local model, or the City's own, what it makes of a comment's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rules.context import Context
    from rules.match import Hit
    from rules.model import Score
    from rules.normal import Forms


class Model:
    """A trained model: its weights, name, version and SHA-256."""


class Scores:
    """All score matchers at once: each model reads a comment once."""

    def __init__(self, wanted: Mapping[int, Score], models: Mapping[str, Model]) -> None:
        """Take what each matcher looks for, by the matcher's number, and the models that they name."""
        self._wanted = dict(wanted)
        self._models = models

    def find(self, forms: Forms, context: Context) -> Iterator[Hit]:
        """Give a hit for every matcher whose model scores the comment high enough."""
        yield from ()
