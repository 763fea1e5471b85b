"""Text in, reasons out: every rule that a comment meets, and the exact characters that met it.

Rules speak and never act. Everything is compiled once; a comment is then read once for all rules together.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from bot.domain.types import Ask, Match
from rules.context import NO_CONTEXT
from rules.hosts import domain
from rules.language import fits as fit
from rules.match.link import Links, Wanted
from rules.match.literal import Literals
from rules.match.pattern import Patterns, Searched
from rules.match.personal import PersonalNumbers
from rules.match.phrase import Phrases
from rules.match.repeat import Repeats
from rules.match.score import Scores
from rules.normal import Forms
from rules.quotation import WHY, reported

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from rules.context import Context
    from rules.lists import DomainList
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
    lists: Mapping[str, DomainList]
    models: Mapping[str, Model]


@dataclass(frozen=True, slots=True)
class _Compiled:
    """One rule, and the numbers under which its matchers are looked for."""

    rule: Rule
    label: str
    all: frozenset[int]
    any: frozenset[int]
    unless: frozenset[int]

    def may_be_met(self, possible: set[int]) -> bool:
        """Tell whether the rule may match where no other matchers than these are possible."""
        return possible >= self.all and not (self.any and possible.isdisjoint(self.any))

    def met(self, seen: _Seen) -> list[Hit]:
        """Give what every matcher of the rule that counts has met, or nothing if the rule does not match."""
        both = seen.hits(self.all)
        if len(both) < len(self.all):
            return []
        either = seen.hits(self.any)
        if (self.any and not either) or seen.excused(self.unless):
            return []
        return [*both, *either]

    def triggers(self, costly: set[int]) -> Collection[int]:
        """Give the matchers of which one must be possible for the rule to match; none if all of them are `costly`."""
        for number in sorted(self.all):
            if number not in costly:
                return (number,)
        return () if self.any & costly else self.any


class _Seen:
    """What one comment meets. Where a phrase or a pattern stands is only looked for if a rule depends on it."""

    __slots__ = ("_hits", "_patterns", "_phrases", "_searched", "_strings", "forms", "possible")

    def __init__(  # noqa: PLR0913  what is known of a comment, and who knows more
        self,
        forms: Forms,
        hits: dict[int, Hit],
        possible: set[int],
        strings: set[int],
        phrases: Phrases,
        patterns: Patterns,
    ) -> None:
        self.forms = forms
        self._hits: dict[int, Hit | None] = {**hits}
        self._strings = strings
        self._phrases = phrases
        self._patterns = patterns
        self._searched: Searched | None = None
        self.possible = possible

    def hits(self, numbers: frozenset[int]) -> list[Hit]:
        """Give where matchers are met, those of them that are."""
        return [hit for hit in map(self._hit, sorted(self.possible & numbers)) if hit]

    def excused(self, numbers: frozenset[int]) -> bool:
        """Tell whether one of these exceptions is met."""
        wanted = numbers & (self.possible | self._patterns.exceptions)
        return any(self._hit(number) for number in sorted(wanted))

    def _hit(self, number: int) -> Hit | None:
        if number not in self._hits:
            self._hits[number] = self._look_for(number)
        return self._hits[number]

    def _look_for(self, number: int) -> Hit | None:
        if number in self._phrases:
            return self._phrases.first(number, self.forms, self._strings)
        if self._searched is None:
            self._searched = Searched(self.forms)
        return self._patterns.first(number, self._searched)


class Rulebook:
    """Rules of one or more packs, compiled together."""

    def __init__(self, rules: Sequence[Placed]) -> None:
        """Compile rules that were checked when their packs were loaded."""
        matchers: list[tuple[Placed, Matcher]] = []
        self._rules: list[_Compiled] = []
        for placed in rules:
            first = len(matchers)
            matchers += [(placed, matcher) for matcher in placed.rule.matchers]
            either = first + len(placed.rule.match.all)
            unless = either + len(placed.rule.match.any)
            numbers = range(first, either), range(either, unless), range(unless, len(matchers))
            self._rules.append(_Compiled(placed.rule, placed.label, *map(frozenset, numbers)))
        numbered = list(enumerate(matchers))
        self._literals = Literals()
        self._phrases = Phrases({number: m.phrase for number, (_, m) in numbered if m.phrase}, self._literals)
        patterns = {number: m.pattern for number, (_, m) in numbered if m.pattern}
        exceptions = frozenset().union(*(compiled.unless for compiled in self._rules))
        self._patterns = Patterns(patterns, self._literals, exceptions)
        self._literals.compile()
        self._links = Links({number: _wanted(placed, m.link) for number, (placed, m) in numbered if m.link})
        self._personal = PersonalNumbers({number: m.personal for number, (_, m) in numbered if m.personal})
        models = {name: model for placed in rules for name, model in placed.models.items()}
        self._repeats = Repeats({number: m.repeat for number, (_, m) in numbered if m.repeat})
        self._scores = Scores({number: m.score for number, (_, m) in numbered if m.score}, models)
        self._set_triggers({number for number, (_, m) in numbered if m.link and m.link.any})

    def _set_triggers(self, any_link: set[int]) -> None:
        """Note which rules are looked at when a matcher is possible, and which for every comment."""
        self._rules_of: dict[int, list[int]] = {}
        self._always: list[int] = []
        for index, compiled in enumerate(self._rules):
            triggers = compiled.triggers(self._patterns.always | any_link) or compiled.triggers(self._patterns.always)
            for number in triggers:
                self._rules_of.setdefault(number, []).append(index)
            if not triggers:
                self._always.append(index)

    def read(self, text: str, context: Context = NO_CONTEXT) -> tuple[Match, ...]:
        """Give a match for every part of every rule that this text meets, in the order of packs and rules."""
        forms = Forms(text)
        strings = self._literals.find(forms)
        hits: dict[int, Hit] = {}
        for hit in chain(
            self._links.find(forms, context),
            self._personal.find(forms),
            self._repeats.find(forms, context),
            self._scores.find(forms, context),
        ):
            known = hits.get(hit.number)
            if known is None or (hit.start, -hit.end) < (known.start, -known.end):
                hits[hit.number] = hit
        possible = self._patterns.possible(strings) | self._phrases.possible(strings)
        possible.update(hits)
        rules = {index for number in self._rules_of.keys() & possible for index in self._rules_of[number]}
        rules.update(self._always)
        rules = {index for index in rules if self._rules[index].may_be_met(possible)}
        if not rules:
            return ()
        seen = _Seen(forms, hits, possible, strings, self._phrases, self._patterns)
        return tuple(self._matches(sorted(rules), seen, context))

    def _matches(self, rules: Iterable[int], seen: _Seen, context: Context) -> Iterator[Match]:
        for index in rules:
            compiled = self._rules[index]
            hits = compiled.met(seen)
            fits = fit(compiled.rule.languages, seen.forms.plain) if hits else False
            told = set()
            for hit in hits if fits is not False else ():
                span = (seen.forms.folded_span if hit.folded else seen.forms.plain_span)(hit.start, hit.end)
                if span not in told:
                    told.add(span)
                    doubt = None if compiled.rule.outcome is Ask.REVIEW else _doubt(hit, span, seen, context, fits=fits)
                    yield _match(compiled, hit.what, span, seen.forms.verbatim, doubt)


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
    listed = tuple(placed.lists[name] for name in link.lists if name in placed.lists)
    domains = frozenset(map(domain, link.domains))
    return Wanted(domains=domains, lists=listed, shortener=link.shortener, any=link.any)


def _doubt(hit: Hit, span: tuple[int, int], seen: _Seen, context: Context, *, fits: bool | None) -> str | None:
    """Say why a person decides although the rule would act, if so."""
    if fits is None:
        return "The rule is for another language than the comment may be in, so a person decides."
    if hit.what.startswith(_WHOEVER_SAYS_IT):
        return None
    if context.is_quoted(seen.forms.verbatim[slice(*span)]):
        return "The words repeat what stands above the comment, so a person decides."
    return WHY if reported(seen.forms.verbatim, *span) else None


def _match(compiled: _Compiled, what: str, span: tuple[int, int], text: str, doubt: str | None) -> Match:
    rule = compiled.rule
    start, end = span
    return Match(
        rule=rule.id,
        clause=str(rule.clause),
        pack=compiled.label,
        start=start,
        end=end,
        excerpt=text[start:end],
        matcher=what,
        ask=Ask.REVIEW if doubt else rule.outcome,
        reason=f"{rule.reason} {doubt}" if doubt else rule.reason,
        shadow=rule.shadow,
        urgent=rule.urgent,
    )


_WHOEVER_SAYS_IT = ("personal:", "repeat:")  # a number endangers its owner in any mouth, a copy is one in any
