"""What a rule pack must pass before it can have effect, all told at the places where it stands in the file, pure.

A pack is refused if it reaches further than its policy allows, if one of its rules looks for the City, its officers or
words of criticism (P9), or if one of its examples does not do what it says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.domain.types import Action, Ask, Automation
from rules.context import Context, ModelScore
from rules.hosts import NotADomain, domain
from rules.match.pattern import BadPattern, check
from rules.match.score import SERVER
from rules.model import MOST_RULES, Rule
from rules.places import links, placed_matchers
from rules.source import attempt
from rules.trial import Trial, staged
from rules.viewpoint import belongs_to, named_in_pattern, named_in_phrase, taken_for_criticism, unlike
from rules.wordlists import lists_named_in, with_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bot.domain.types import Policy
    from rules.lists import DomainList
    from rules.match.score import Model
    from rules.model import Link, Matcher
    from rules.source import Route, Source
    from rules.viewpoint import Reads

MOST_PHRASES_OF_A_PACK = 20_000
_NO_NAMES = "no rule may single out the City, its officers or departments"
_SPLIT = "write it as several matchers under 'any'"
_SHOWN = 60  # characters of an offending text that an error repeats
_SHARE = 3  # in an even list one word in so many may name what no rule may name
_SCORED_HERE = {"C5", "C9"}  # what the models that come with the program were trained and measured for
_SCORED_ELSEWHERE = {"C4", "C5", "C6", "C7", "C9"}


def check_pack(  # noqa: PLR0913  everything that the checks of a pack rest on
    source: Source,
    rules: Sequence[tuple[Route, Rule]],
    words: Mapping[str, Sequence[str]],
    policy: Policy,
    lists: Mapping[str, DomainList],
    models: Mapping[str, Model],
) -> None:
    """Say all that is wrong with the well-formed rules of a pack; `words` are what its patterns were spelled out with.

    The rules are tried out together, each by itself: one reading of a sentence answers for all of them.
    """
    _check_size(source, rules)
    _check_ids(source, rules)
    if len(rules) > MOST_RULES:
        return  # which is said already, and is too much to try out
    for at, rule in rules:
        _check_reach(source, at, rule, policy)
    ready = [placed for placed in rules if _can_score(source, *placed, models) and can_compile(source, *placed)]
    trial = Trial([rule for _, rule in ready], lists, models)
    for number, (at, rule) in enumerate(ready):
        reads = trial.reads(number)
        _check_examples(source, at, rule, reads, excused=any(_waits(link, lists) for _, link in links(rule)))
        _check_lists(source, at, rule, lists, policy)
        if _names_nobody(source, at, rule, words, policy):
            _check_sides(source, at, rule, reads, policy)


def rules_of(data: Any) -> Iterator[tuple[Route, Rule]]:
    """Give the rules of a pack that are well formed, each with its place, even if others are not."""
    listed = data.get("rules") if isinstance(data, dict) else None
    for at, entry in enumerate(listed if isinstance(listed, list) else []):
        rule, _ = attempt(Rule, entry)
        if rule:
            yield ("rules", at), rule


def _check_size(source: Source, rules: Sequence[tuple[Route, Rule]]) -> None:
    """Refuse a pack that no person can have read."""
    phrases = sum(len(matcher.phrase or ()) for _, rule in rules for matcher in rule.matchers)
    if phrases > MOST_PHRASES_OF_A_PACK:
        what = f"the rules have {phrases:,} phrases together, and a pack may have {MOST_PHRASES_OF_A_PACK:,}"
        source.say(("rules",), f"{what}; make several packs of it")


def _check_ids(source: Source, rules: Sequence[tuple[Route, Rule]]) -> None:
    seen: set[str] = set()
    for at, rule in rules:
        if rule.id in seen:
            source.say((*at, "id"), f"{rule.id!r} names another rule of this pack already; give this one its own name")
        seen.add(rule.id)


def _check_reach(source: Source, at: Route, rule: Rule, policy: Policy) -> None:
    """A rule may not ask for more than the policy lets its category do without a person."""
    category = policy.categories[rule.clause]
    if category.automation is Automation.MANUAL:
        what = f"{rule.clause} ({category.title}) is left to people altogether by {policy.id}; take the rule out"
        source.say((*at, "clause"), what)
    elif rule.outcome is not Ask.REVIEW and category.automation is not Automation.ACT:
        what = f"{str(rule.outcome)!r}, but {policy.id} lets {rule.clause} ({category.title}) only go to review"
        source.say((*at, "outcome"), f"{what}; write review")
    elif rule.outcome is Ask.DELETE and category.action is not Action.DELETE:
        what = f"'delete', but {policy.id} lets {rule.clause} ({category.title}) only be hidden"
        source.say((*at, "outcome"), f"{what}; write hide")


def _can_score(source: Source, at: Route, rule: Rule, models: Mapping[str, Model]) -> bool:
    """A score may only ask a person, and only about what models can tell: not opinion, not truth.

    Tells whether the rule can be tried out.
    """
    known = True
    for route, matcher in placed_matchers(rule):
        if matcher.score:
            elsewhere = matcher.score.model.startswith(SERVER)
            allowed = _SCORED_ELSEWHERE if elsewhere else _SCORED_HERE
            if rule.clause not in allowed:
                what = (
                    f"no score may speak to {rule.clause}, since such models take lawful criticism for what they seek"
                )
                source.say((*at, "clause"), f"{what}; say it in words, or use the score for {_either(sorted(allowed))}")
            if rule.outcome is not Ask.REVIEW:
                what = f"{str(rule.outcome)!r}, but a score may only ask a person; write review"
                source.say((*at, "outcome"), what)
            if not elsewhere and matcher.score.model not in models:
                what = f"{matcher.score.model!r} is no model that comes with the program; write {_either(models)}"
                source.say((*at, *route, "score", "model"), what)
                known = False
    return known


def _either(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def can_compile(source: Source, at: Route, rule: Rule) -> bool:
    """Check what only a matcher can know of its words; tells whether the rule can be tried out."""
    problems = [(route, what) for route, matcher in placed_matchers(rule) for route, what in _unusable(route, matcher)]
    for route, what in problems:
        source.say((*at, *route), what)
    return not problems


def _unusable(route: Route, matcher: Any) -> Iterator[tuple[Route, str]]:
    phrases = [phrase.casefold() for phrase in matcher.phrase or ()]
    seen: set[str] = set()
    for at, phrase in enumerate(phrases):
        if phrase in seen:
            yield (*route, "phrase", at), f"{phrase!r} is in this list already; take one of them out"
        seen.add(phrase)
    if matcher.pattern:
        try:
            check(matcher.pattern)
        except BadPattern as wrong:
            yield (*route, "pattern"), _no_pattern(matcher.pattern, str(wrong))
    for at, name in enumerate(matcher.link.domains if matcher.link else ()):
        try:
            domain(name)
        except NotADomain as wrong:
            yield (*route, "link", "domains", at), f"{wrong}; write it as example.com"


def _no_pattern(pattern: str, wrong: str) -> str:
    """Say what RE2 said of a pattern, and what a clerk can do about it."""
    if "too large" in wrong:
        return f"{_shortened(pattern)!r} becomes too large when it is compiled; {_SPLIT}"
    return f"{_shortened(pattern)!r} cannot be used: {wrong}; correct the expression"


def _check_examples(source: Source, at: Route, rule: Rule, reads: Reads, *, excused: bool) -> None:
    """Run a rule's examples; what it must match is `excused` while it waits for a list that is missing."""
    agreed = _agreed(rule)
    for index, example in enumerate(rule.examples.match):
        text, context = staged(example, agreed)
        if not (excused or reads.truly(text, context)):
            what = f"rule {rule.id} does not match {text!r}; widen the rule or correct the example"
            source.say((*at, "examples", "match", index), what)
    for kind, examples in (("no_match", rule.examples.no_match), ("near_miss", rule.examples.near_miss)):
        for index, example in enumerate(examples):
            text, context = staged(example)
            for match in reads.truly(text, context)[:1]:
                what = f"rule {rule.id} matches {match.excerpt!r} in {text!r}; narrow the rule or correct the example"
                source.say((*at, "examples", kind, index), what)


def _agreed(rule: Rule) -> Context:
    """Give a context in which the City's model server agrees to whatever a rule asks it; without it, none can match."""
    asked = (matcher.score.model for matcher in rule.matchers if matcher.score)
    certain = {model.removeprefix(SERVER): 1.0 for model in asked if model.startswith(SERVER)}
    return Context(scores={"on trial": ModelScore(model="on trial", version="", categories=certain)})


def _names_nobody(source: Source, at: Route, rule: Rule, words: Mapping[str, Sequence[str]], policy: Policy) -> bool:
    """No rule may name the City, its officers or departments, neither to find nor to spare what names them (P9)."""
    if rule.clause in policy.may_name and rule.outcome is Ask.REVIEW:
        return True
    names = policy.never_named
    used = lists_named_in(source.at(at)) & words.keys()
    even = {name for name in used if name in policy.even_lists or _is_even(rule, words[name], names)}
    open_words = {name: [r"\pL+"] if name in even else words[name] for name in used}
    problems: list[tuple[Route, str]] = []
    for route, matcher in placed_matchers(rule):
        spares = route[0] == "except"
        remedy = "an exception for words about some and not about others takes sides" if spares else _NO_NAMES
        for place, named in _named(source, (*at, *route), matcher, open_words, policy):
            if not (spares and "." in named):
                problems.append((place, f"names {named!r}; {remedy} ({policy.id}), so take the name out"))
    for place, what in problems:
        value = source.at(place)
        source.say(place, f"{_shortened(value)!r} {what}")
    return not problems


def _named(
    source: Source, route: Route, matcher: Matcher, words: Mapping[str, Sequence[str]], policy: Policy
) -> Iterator[tuple[Route, str]]:
    """Give every place of a matcher that names what no rule may name, and the name."""
    for index, phrase in enumerate(matcher.phrase or ()):
        if named := named_in_phrase(phrase, policy.never_named):
            yield (*route, "phrase", index), named
    for index, host in enumerate(matcher.link.domains if matcher.link else ()):
        if named := belongs_to(host, policy.never_named):
            yield (*route, "link", "domains", index), named
    if matcher.pattern:
        place = (*route, "pattern")
        named = named_in_pattern(with_words(source.at(place), words), policy.never_named)
        if named:
            yield place, named


def _is_even(rule: Rule, listed: Sequence[str], names: tuple[str, ...]) -> bool:
    """Tell whether a word list is about people of every kind: all its words are decided alike, and most name nobody.

    A threat is a threat whoever is threatened. Only what asks a person may use such a list.
    """
    if rule.outcome is not Ask.REVIEW:
        return False
    try:
        naming = sum(named_in_pattern(word, names) is not None for word in listed)
    except (IndexError, ValueError):
        return False  # a word that is no pattern by itself
    return naming * _SHARE <= len(listed)


def _check_lists(source: Source, at: Route, rule: Rule, lists: Mapping[str, DomainList], policy: Policy) -> None:
    """No list in which a rule looks addresses up may hold one of the City's own."""
    official = {name.lower().encode() for name in policy.never_named if "." in name}
    under = tuple(b"." + name for name in official)
    for route, link in links(rule):
        for index, name in enumerate(link.lists if route[0] == "match" else ()):
            entries = lists[name].entries if name in lists else ()
            hosts = {entry.partition(b"/")[0] for entry in entries}
            for host in sorted(host for host in hosts if host in official or host.endswith(under)):
                what = f"the list {name!r} names {host.decode()!r}; {_NO_NAMES} ({policy.id}), take it out there"
                source.say((*at, *route, "lists", index), what)


def _check_sides(source: Source, at: Route, rule: Rule, reads: Reads, policy: Policy) -> None:
    """No rule may rest on criticism, and every rule must decide alike what differs only in whom it speaks of (P9)."""
    words = taken_for_criticism(reads, policy.criticism, policy.never_named)
    if words:
        what = f"rule {rule.id} matches {words!r}, which is criticism and nothing else"
        source.say((*at, "match"), f"{what}; {policy.id} lets no rule look for that, so ask for more than such words")
    found = unlike(reads, policy.alike)
    if found:
        what = f"rule {rule.id} matches {found.matched!r} but not {found.passed!r}"
        remedy = f"{policy.id} wants both decided alike; let the rule match both or neither"
        source.say((*at, "match"), f"{what}; {remedy}")


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _waits(link: Link, lists: Mapping[str, DomainList]) -> bool:
    """Tell whether a matcher can find nothing at all until the City has its lists."""
    return bool(link.lists) and not (link.domains or link.shortener) and lists.keys().isdisjoint(link.lists)
