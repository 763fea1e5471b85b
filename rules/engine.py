"""Text in, reasons out: every rule that a comment meets, and the exact characters that met it.

Rules speak and never act. Everything is compiled once; a comment is then read once for all rules together.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from bot.domain.types import Ask, Match
from rules.context import NO_CONTEXT
from rules.match.link import Links, Wanted, domain
from rules.match.pattern import Patterns
from rules.match.personal import PersonalNumbers
from rules.match.phrase import Phrases
from rules.match.repeat import Repeats
from rules.match.score import Scores
from rules.normal import Forms

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rules.context import Context
    from rules.match import Hit
    from rules.match.score import Model
    from rules.model import Link, Matcher, Pack, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Inert:
    """A pack that has no effect, and why."""

    pack: Pack
    reason: str


class Placed(NamedTuple):
    """A rule, the label of the pack it stands in, and the domain lists and models that it can name."""

    label: str
    rule: Rule
    lists: Mapping[str, frozenset[str]]
    models: Mapping[str, Model]


@dataclass(frozen=True, slots=True)
class _Compiled:
    """One rule, and the numbers under which its matchers are looked for."""

    rule: Rule
    label: str
    all: range
    any: range
    unless: range

    def met(self, seen: _Seen) -> list[Hit]:
        """Give what every matcher of the rule that counts has met, or nothing if the rule does not match."""
        if not seen.possible.issuperset(self.all) or (self.any and seen.possible.isdisjoint(self.any)):
            return []
        if any(map(seen.hit, self.unless)):
            return []
        both = [hit for hit in map(seen.hit, self.all) if hit]
        either = [hit for hit in map(seen.hit, self.any) if hit]
        return [*both, *either] if len(both) == len(self.all) and (either or not self.any) else []


class _Seen:
    """What one comment meets. Where a pattern matches is only looked for if a rule depends on it."""

    __slots__ = ("_hits", "_patterns", "forms", "possible")

    def __init__(self, forms: Forms, hits: dict[int, Hit | None], patterns: Patterns) -> None:
        self.forms = forms
        self._hits = hits
        self._patterns = patterns
        self.possible = patterns.possible(forms) | hits.keys()

    def hit(self, number: int) -> Hit | None:
        """Give where a matcher is met, if it is."""
        if number not in self._hits:
            self._hits[number] = self._patterns.first(number, self.forms) if number in self.possible else None
        return self._hits[number]


class Rulebook:
    """Rules of one or more packs, compiled together."""

    def __init__(self, rules: Sequence[Placed]) -> None:
        """Compile rules that were checked when their packs were loaded."""
        matchers: list[tuple[Placed, Matcher]] = []
        self._rules: list[_Compiled] = []
        self._rule_of: dict[int, int] = {}  # by the number of a matcher that speaks for it
        for placed in rules:
            first = len(matchers)
            matchers += [(placed, matcher) for matcher in placed.rule.matchers]
            either = first + len(placed.rule.match.all)
            unless = either + len(placed.rule.match.any)
            numbers = range(first, either), range(either, unless), range(unless, len(matchers))
            self._rule_of |= dict.fromkeys(range(first, unless), len(self._rules))
            self._rules.append(_Compiled(placed.rule, placed.label, *numbers))
        numbered = list(enumerate(matchers))
        self._patterns = Patterns({number: m.pattern for number, (_, m) in numbered if m.pattern})
        self._finders = (
            Phrases({number: m.phrase for number, (_, m) in numbered if m.phrase}),
            Links({number: _wanted(placed, m.link) for number, (placed, m) in numbered if m.link}),
            PersonalNumbers({number: m.personal for number, (_, m) in numbered if m.personal}),
        )
        models = {name: model for placed in rules for name, model in placed.models.items()}
        self._repeats = Repeats({number: m.repeat for number, (_, m) in numbered if m.repeat})
        self._scores = Scores({number: m.score for number, (_, m) in numbered if m.score}, models)

    def read(self, text: str, context: Context = NO_CONTEXT) -> tuple[Match, ...]:
        """Give a match for every part of every rule that this text meets, in the order of packs and rules."""
        forms = Forms(text)
        first: dict[int, Hit | None] = {}
        found = (finder.find(forms) for finder in self._finders)
        for hit in chain(*found, self._repeats.find(forms, context), self._scores.find(forms, context)):
            known = first.get(hit.number)
            if known is None or (hit.start, -hit.end) < (known.start, -known.end):
                first[hit.number] = hit
        return tuple(self._matches(_Seen(forms, first, self._patterns), context))

    def _matches(self, seen: _Seen, context: Context) -> Iterator[Match]:
        for index in sorted({self._rule_of[number] for number in seen.possible if number in self._rule_of}):
            compiled = self._rules[index]
            told = set()
            for hit in compiled.met(seen):
                span = (seen.forms.folded_span if hit.folded else seen.forms.plain_span)(hit.start, hit.end)
                if span not in told:
                    told.add(span)
                    yield _match(compiled, hit.what, span, seen.forms.verbatim, context)


class Engine:
    """The packs that are in force, ready to read comments; `inert` lists the others."""

    def __init__(self, packs: Sequence[Pack]) -> None:
        """Compile the packs in force. Raises ValueError if two rules share an id: a match must name one rule."""
        self.packs = tuple(pack for pack in packs if pack.in_force)
        self.inert = tuple(Inert(pack=pack, reason=_why_inert(pack)) for pack in packs if not pack.in_force)
        rules = [Placed(pack.label, rule, pack.lists, pack.models) for pack in self.packs for rule in pack.rules]
        ids = [placed.rule.id for placed in rules]
        twice = sorted({rule_id for rule_id in ids if ids.count(rule_id) > 1})
        if twice:
            message = f"these rule ids stand in more than one pack, rename one of each: {', '.join(twice)}"
            raise ValueError(message)
        self._rulebook = Rulebook(rules)

    def evaluate(self, text: str, context: Context = NO_CONTEXT) -> tuple[Match, ...]:
        """Give every match in one verbatim comment; ``text[match.start:match.end]`` is the excerpt."""
        return self._rulebook.read(text, context)


def _why_inert(pack: Pack) -> str:
    return f"nobody has approved {pack.name} in this wording (SHA-256 {pack.sha256}), so its rules have no effect"


def _wanted(placed: Placed, link: Link) -> Wanted:
    listed = (placed.lists[name] for name in link.lists)
    return Wanted(domains=frozenset(map(domain, link.domains)).union(*listed), any=link.any)


def _match(compiled: _Compiled, what: str, span: tuple[int, int], text: str, context: Context) -> Match:
    rule = compiled.rule
    start, end = span
    quoted = rule.outcome is not Ask.REVIEW and context.is_quoted(text[start:end])
    return Match(
        rule=rule.id,
        clause=str(rule.clause),
        pack=compiled.label,
        start=start,
        end=end,
        excerpt=text[start:end],
        matcher=what,
        ask=Ask.REVIEW if quoted else rule.outcome,
        reason=f"{rule.reason} The words repeat what stands above the comment, so a person decides."
        if quoted
        else rule.reason,
        shadow=rule.shadow,
        urgent=rule.urgent,
    )
