"""Lets the rules of a pack be tried out: each by itself, though a text is read once for all of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rules.context import NO_CONTEXT, Context, Earlier
from rules.engine import Placed, Rulebook
from rules.viewpoint import Reads

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.domain.types import Match
    from rules.lists import DomainList
    from rules.match.score import Model
    from rules.model import Rule

_EXAMPLES_BEGIN = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Trial:
    """Rules that were compiled together under their numbers, and what they matched in the texts read so far.

    A rule with exceptions is there twice: as it is, and without what could make it silent.
    """

    def __init__(self, rules: Sequence[Rule], lists: Mapping[str, DomainList], models: Mapping[str, Model]) -> None:
        """Compile rules whose patterns have passed `rules.match.pattern.check`."""
        bold = {number: _bold(rule) for number, rule in enumerate(rules) if rule.unless or rule.languages}
        self._bold = bold.keys()
        named = [(str(number), rule) for number, rule in enumerate(rules)]
        named += [(_boldly(number), rule) for number, rule in bold.items()]
        self._book = Rulebook([Placed(name, rule, lists, models) for name, rule in named])
        self._told: dict[str, tuple[Match, ...]] = {}

    def reads(self, number: int) -> Reads:
        """Give what the rule of this number matches by itself."""
        truly = str(number)
        boldly = _boldly(number) if number in self._bold else truly

        def as_it_is(text: str, context: Context = NO_CONTEXT) -> tuple[Match, ...]:
            return self._read(truly, text, context)

        def without_exceptions(text: str, context: Context = NO_CONTEXT) -> tuple[Match, ...]:
            return self._read(boldly, text, context)

        return Reads(truly=as_it_is, boldly=without_exceptions)

    def _read(self, name: str, text: str, context: Context) -> tuple[Match, ...]:
        if context is not NO_CONTEXT:
            told = self._book.read(text, context)
        else:
            if text not in self._told:
                self._told[text] = self._book.read(text)
            told = self._told[text]
        return tuple(match for match in told if match.pack == name)


def _boldly(number: int) -> str:
    return f"{number} boldly"


def _bold(rule: Rule) -> Rule:
    """Give a rule without its exceptions and for every language: many sentences in one text are in no one language."""
    return rule.model_copy(update={"unless": (), "languages": ()})


def staged(example: str | tuple[str, ...], alone: Context = NO_CONTEXT) -> tuple[str, Context]:
    """Give the comment that an example is about, and its context: what its account wrote in the minutes before."""
    if isinstance(example, str):
        return example, alone
    written = [
        Earlier(ref=f"example:{number}", text=text, posted_at=_EXAMPLES_BEGIN + timedelta(minutes=number))
        for number, text in enumerate(example)
    ]
    return example[-1], Context(ref=written[-1].ref, posted_at=written[-1].posted_at, earlier=tuple(written[:-1]))
