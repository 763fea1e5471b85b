"""Lets the rules of a pack be tried out: each by itself, though a text is read once for all of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
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
    """Rules, each compiled by itself as it is, and all of them together without what could make them silent.

    The same many sentences are tried on every rule, and hardly ever does one match: together they are read once.
    """

    def __init__(self, rules: Sequence[Rule], lists: Mapping[str, DomainList], models: Mapping[str, Model]) -> None:
        """Take rules whose patterns have passed `rules.match.pattern.check`."""
        self._placed = [Placed(str(number), rule, lists, models) for number, rule in enumerate(rules)]
        self._together = Rulebook([placed._replace(rule=_bold(placed.rule)) for placed in self._placed])
        self._told: dict[str, tuple[Match, ...]] = {}

    def reads(self, number: int) -> Reads:
        """Give what the rule of this number, counted from 0, matches by itself."""
        alone = Rulebook([self._placed[number]])
        return Reads(truly=alone.read, boldly=partial(self._boldly, self._placed[number].label))

    def _boldly(self, label: str, text: str) -> tuple[Match, ...]:
        if text not in self._told:
            self._told[text] = self._together.read(text)
        return tuple(match for match in self._told[text] if match.pack == label)


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
