"""Loads policies, rule packs, ballot lists, domain lists and approvals, and refuses what is not exactly right.

A pack is refused if it reaches further than its policy allows, if one of its rules looks for the City, its officers or
words of criticism (P9), or if one of its examples does not do what it says. This is the only module of `rules` that
touches the disk.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from bot.domain.types import Action, Ask, Automation, Category, Policy
from rules.ballot import SPECIMEN, Ballot, BallotFile, words_of, wrong_with
from rules.context import NO_CONTEXT, Context, Earlier, ModelScore
from rules.engine import Placed, Rulebook
from rules.hosts import NotADomain, domain
from rules.lists import BadList, DomainList, read, vouched
from rules.match.pattern import BadPattern, check
from rules.match.score import SERVER, Model
from rules.model import (
    MOST_RULES,
    Approval,
    ApprovalsFile,
    Code,
    Link,
    Pack,
    PackFile,
    PolicyFile,
    Rule,
)
from rules.source import FileProblems, Source, attempt, read_typed
from rules.viewpoint import (
    Reads,
    belongs_to,
    named_in_pattern,
    named_in_phrase,
    taken_for_criticism,
    unlike,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from rules.model import Matcher
    from rules.source import Route

__all__ = [
    "Approvals",
    "FileProblems",
    "kept_pack",
    "kept_policy",
    "load_ballot",
    "load_pack",
    "load_policy",
    "shipped_models",
    "shipped_packs",
    "staged",
]

_WORD_LIST = re.compile(r"(?<!\(\?P)(?<!\(\?)<([a-z0-9-]+)>")
_NO_NAMES = "no rule may single out the City, its officers or departments"
_SPLIT = "write it as several matchers under 'any'"
MOST_PHRASES_OF_A_PACK = 20_000
_SHOWN = 60  # characters of an offending text that an error repeats
_SHARE = 3  # in an even list one word in so many may name what no rule may name
_SHIPPED = Path(__file__).parent / "packs"
_Lists = dict[str, DomainList]
_NONE: Mapping[str, Any] = MappingProxyType({})
_EXAMPLES_BEGIN = datetime(2026, 1, 1, 12, tzinfo=UTC)
_MODELS = Path(__file__).parent / "models"
_SCORED_HERE = {"C5", "C9"}  # what the models that come with the program were trained and measured for
_SCORED_ELSEWHERE = {"C4", "C5", "C6", "C7", "C9"}


class Approvals:
    """Which files were approved, by the SHA-256 (hex) of their bytes; whatever is not listed is inert."""

    def __init__(self, approvals: Iterable[Approval] = ()) -> None:
        """Take approvals in the order in which they were given; the last one for the same bytes counts."""
        self._by_sha256 = {approval.sha256: approval for approval in approvals}

    def of(self, sha256: str) -> dict[str, Any]:
        """Give who approved these bytes and when, as policies and packs carry it."""
        approval = self._by_sha256.get(sha256)
        return {} if approval is None else {"approved_by": approval.approved_by, "approved_on": approval.approved_on}

    def given(self, sha256: str) -> Approval | None:
        """Give the approval of these bytes, if there is one."""
        return self._by_sha256.get(sha256)

    def last_of(self, file: str) -> Approval | None:
        """Give the last approval of a file of this name, in whatever wording."""
        return next((one for one in reversed(self._by_sha256.values()) if one.file == file), None)

    @classmethod
    def load(cls, path: Path | None) -> Approvals:
        """Read a list of ``sha256, file, approved_by, approved_on``; no path means that nothing is approved.

        Raises `FileProblems` if the file is not such a list, OSError if it cannot be read.
        """
        if path is None:
            return cls()
        return cls(read_typed(path, ApprovalsFile).root)

    @classmethod
    def assume(cls, name: str, date: date, paths: Iterable[Path]) -> Approvals:
        """Approve exactly the bytes that these files have now, in memory only."""
        return cls(
            Approval(sha256=_sha256(path.read_bytes()), file=path.name, approved_by=name, approved_on=date)
            for path in paths
        )


def shipped_packs() -> list[Path]:
    """Give the packs that come with the program, by name. They are as inert as any other until approved."""
    return sorted(_SHIPPED.glob("*.yaml"))


@cache
def shipped_models() -> Mapping[str, Model]:
    """Read the models that come with the program, by name; `rules/models/REPORT.md` says how they were made."""
    models = [Model.of(path.read_bytes()) for path in sorted(_MODELS.glob("*.model"))]
    return MappingProxyType({model.name: model for model in models})


def load_policy(path: Path, approvals: Approvals) -> Policy:
    """Read a policy file. Raises `FileProblems` with everything that is wrong in it, OSError if it cannot be read."""
    body = path.read_bytes()
    source = Source(str(path), body)
    said = source.model(PolicyFile, source.data)
    for code in Code:
        if said and code not in said.categories:
            source.say(("categories",), f"category {code} is missing; the policy has ten, add it even if it is manual")
    return _policy(source.accepted(said), body, approvals)


def _policy(said: PolicyFile, body: bytes, approvals: Approvals) -> Policy:
    categories = {str(code): Category(code=str(code), **said.categories[code].model_dump()) for code in Code}
    return Policy(
        id=said.id,
        title=said.title,
        sha256=_sha256(body),
        categories=MappingProxyType(categories),
        never_named=said.never_named,
        even_lists=said.even_lists,
        may_name=tuple(map(str, said.may_name)),
        criticism=said.criticism,
        alike=tuple(group for one in said.alike for group in one.groups()),
        **approvals.of(_sha256(body)),
    )


def load_ballot(path: Path, approvals: Approvals) -> Ballot:
    """Read a ballot list. Raises `FileProblems` with everything that is wrong in it, OSError if it cannot be read."""
    body = path.read_bytes()
    source = Source(str(path), body)
    said = source.model(BallotFile, source.data)
    for route, what in wrong_with(said) if said else ():
        source.say(route, what)
    said = source.accepted(said)
    return _ballot(path.name, body, said, approvals)


def _ballot(name: str, body: bytes, said: BallotFile, approvals: Approvals) -> Ballot:
    return Ballot(
        election=said.election,
        date=said.date,
        name=name,
        source=body.decode("utf-8"),
        sha256=_sha256(body),
        words=MappingProxyType(words_of(said)),
        **approvals.of(_sha256(body)),
    )


def load_pack(
    path: Path,
    policy: Policy,
    lists: Path | None = None,
    approvals: Approvals | None = None,
    ballot: Ballot | None = None,
) -> Pack:
    """Read a rule pack, the domain lists it names (files in the folder `lists`), and run its examples.

    A list counts only in the very bytes that ``sha256sum`` gave in a file beside it, NAME.sha256, so that one that was
    changed or half written never takes effect. A list that is not there at all is `missing` in the pack, which is no
    error: a city may not have it yet. Rules of campaign speech are tried out on a specimen ballot and then filled from
    `ballot`; without one that is in force they are left out.

    Raises `FileProblems` with everything that is wrong in it, OSError if the pack cannot be read.
    """
    body = path.read_bytes()
    source = Source(str(path), body)
    words = {**_words(source), **SPECIMEN}
    data = _spelled_out(source, source.data, words)
    said = source.model(PackFile, data)
    rules = list(_rules(data))
    domains = _domain_lists(source, rules, lists)
    models = shipped_models()
    _check_size(source, rules)
    _check_ids(source, rules)
    for at, rule in rules if len(rules) <= MOST_RULES else ():
        _check_reach(source, at, rule, policy)
        if _can_score(source, at, rule, models) and _can_compile(source, at, rule):
            reads = _on_trial(rule, domains, models)
            _check_examples(source, at, rule, reads, excused=any(_waits(link, domains) for _, link in _links(rule)))
            _check_lists(source, at, rule, domains, policy)
            if _names_nobody(source, at, rule, words, policy):
                _check_sides(source, at, rule, reads, policy)
    said = source.accepted(said)
    return _pack(source, path.name, body, said, domains, models, approvals or Approvals(), ballot)


def kept_policy(text: str, approval: Approval | None) -> Policy:
    """Read a policy that was in force once, as it was kept. Raises `FileProblems` if it cannot be read any more."""
    body = text.encode()
    source = Source("the kept policy", body)
    said = source.accepted(source.model(PolicyFile, source.data))
    return _policy(said, body, Approvals([approval] if approval else []))


def kept_pack(  # noqa: PLR0913  everything a pack was made of
    name: str,
    text: str,
    approval: Approval,
    lists: Mapping[str, str],
    models: Mapping[str, Model] = _NONE,
    ballot: Ballot | None = None,
) -> Pack:
    """Read a pack that was in force once, as it was kept, with the texts of the `lists` it names and their `models`.

    Its rules are not tried out again: a pack that passed the checks of its time replays under those of any later one.
    A list that is not among them was missing then as well. Raises `FileProblems` if the pack cannot be read any more.
    """
    body = text.encode()
    source = Source(name, body)
    said = source.accepted(source.model(PackFile, _spelled_out(source, source.data, {**_words(source), **SPECIMEN})))
    bodies = {name_: lists[name_].encode() for name_ in sorted(_named_lists(said) & lists.keys())}
    domains = {name_: read(name_, list_, _sha256(list_)) for name_, list_ in bodies.items()}
    return _pack(source, name, body, said, domains, models, Approvals([approval]), ballot)


def kept_ballot(name: str, text: str, approval: Approval) -> Ballot:
    """Read a ballot list that was in force once, as it was kept. Raises `FileProblems` if it cannot be read now."""
    body = text.encode()
    source = Source(name, body)
    return _ballot(name, body, source.accepted(source.model(BallotFile, source.data)), Approvals([approval]))


def _named_lists(said: PackFile) -> set[str]:
    return {name for rule in said.rules for _, link in _links(rule) for name in link.lists}


def _pack(  # noqa: PLR0913  everything a pack is made of
    source: Source,
    name: str,
    body: bytes,
    said: PackFile,
    lists: _Lists,
    models: Mapping[str, Model],
    approvals: Approvals,
    ballot: Ballot | None,
) -> Pack:
    used = ballot if ballot and ballot.in_force else None
    filled, waiting = _filled(source, said, used)
    return Pack(
        id=said.id,
        title=said.title,
        version=said.version,
        name=name,
        source=body.decode("utf-8"),
        sha256=_sha256(body),
        rules=filled,
        waiting=waiting,
        ballot=used.sha256 if used and filled != said.rules else None,
        lists=MappingProxyType(lists),
        models=MappingProxyType({named: models[named] for named in models_of(said.rules) if named in models}),
        missing=tuple(sorted(_named_lists(said) - lists.keys())),
        **approvals.of(_sha256(body)),
    )


def _filled(source: Source, said: PackFile, ballot: Ballot | None) -> tuple[tuple[Rule, ...], tuple[str, ...]]:
    """Give the rules with the names of the ballot in them, and the ids of those that lack names and so are left out.

    Raises `FileProblems` if a pattern is too large with all the names in it.
    """
    needs = [_named_in(entry) & SPECIMEN.keys() for entry in source.data["rules"]]
    names = {name: words for name, words in (ballot.words if ballot else {}).items() if words}
    waiting = tuple(rule.id for rule, needed in zip(said.rules, needs, strict=True) if needed - names.keys())
    if names:
        said = source.accepted(
            source.model(PackFile, _spelled_out(source, source.data, _words(source) | SPECIMEN | names))
        )
    for at, rule in enumerate(said.rules):
        if needs[at] and rule.id not in waiting:
            _can_compile(source, ("rules", at), rule)
    source.accepted(said)
    return tuple(rule for rule in said.rules if rule.id not in waiting), waiting


def _named_in(node: Any) -> set[str]:
    """Give the names of all word lists that a piece of a pack names in its patterns."""
    if isinstance(node, list):
        return set().union(*map(_named_in, node))
    if isinstance(node, dict):
        own = _WORD_LIST.findall(node["pattern"]) if isinstance(node.get("pattern"), str) else ()
        return set(own).union(*map(_named_in, node.values()))
    return set()


def _words(source: Source) -> dict[str, Sequence[str]]:
    """Give the word lists of a pack, as far as they are well formed; what is not is said with the rest.

    A word may name a list that stands above its own.
    """
    listed = source.data.get("words") if isinstance(source.data, dict) else None
    for name in SPECIMEN.keys() & (listed.keys() if isinstance(listed, dict) else ()):
        source.say(("words", name), f"<{name}> is filled from the ballot list; give this list another name", key=True)
    known: dict[str, Sequence[str]] = {}
    for name, words in listed.items() if isinstance(listed, dict) else ():
        given = [word for word in words if isinstance(word, str)] if isinstance(words, list) else []
        known[name] = [_with_words(word, known) for word in given]
    return known


def _with_words(text: str, words: Mapping[str, Sequence[str]]) -> str:
    """Put the words of a list wherever its ``<name>`` stands; what names no list stays as it is."""
    return _WORD_LIST.sub(lambda named: f"(?:{'|'.join(words.get(named[1], [named[0]]))})", text)


def _spelled_out(source: Source, node: Any, words: Mapping[str, Sequence[str]], at: Route = ()) -> Any:
    """Replace every ``<name>`` in the patterns of a pack by the words of that name."""
    if isinstance(node, list):
        return [_spelled_out(source, value, words, (*at, index)) for index, value in enumerate(node)]
    if isinstance(node, dict):
        return {key: _spelled_out(source, value, words, (*at, key)) for key, value in node.items()}
    if at[-1:] != ("pattern",) or not isinstance(node, str):
        return node
    for name in _WORD_LIST.findall(node):
        if name not in words:
            source.say(at, f"'<{name}>' names no list under 'words' in this pack; add the list or take the name out")
    return _with_words(node, words)


def _rules(data: Any) -> Iterator[tuple[Route, Rule]]:
    """Give the rules of a pack that are well formed, each with its place, even if others are not."""
    listed = data.get("rules") if isinstance(data, dict) else None
    for at, entry in enumerate(listed if isinstance(listed, list) else []):
        rule, _ = attempt(Rule, entry)
        if rule:
            yield ("rules", at), rule


def _links(rule: Rule) -> Iterator[tuple[Route, Link]]:
    for route, matcher in _placed_matchers(rule):
        if matcher.link:
            yield (*route, "link"), matcher.link


def _placed_matchers(rule: Rule) -> Iterator[tuple[Route, Any]]:
    groups: Mapping[Route, Any] = {
        ("match", "all"): rule.match.all,
        ("match", "any"): rule.match.any,
        ("except",): rule.unless,
    }
    for route, matchers in groups.items():
        for at, matcher in enumerate(matchers):
            yield (*route, at), matcher


def _domain_lists(source: Source, rules: list[tuple[Route, Rule]], folder: Path | None) -> _Lists:
    """Read the lists that rules name, each once; those that are not there are left out.

    Whatever is wrong with a list is said where a rule first names it. A list under ``except`` must be there: without it
    the rule would act where it should be silent.
    """
    named: dict[str, Route] = {}
    excepted: dict[str, Route] = {}
    for at, rule in rules:
        for route, link in _links(rule):
            for index, name in enumerate(link.lists):
                named.setdefault(name, (*at, *route, "lists", index))
                if route[0] == "except":
                    excepted.setdefault(name, (*at, *route, "lists", index))
    lists: _Lists = {}
    for name, route in named.items():
        if folder is None or not ((folder / name).exists() or _vouching(folder / name).exists()):
            if name in excepted:
                what = (
                    f"the domain list {name!r} is not there, and without it the rule would reach further than it says"
                )
                source.say(excepted[name], f"{what}; put it into the folder of lists or take the name out")
            continue
        try:
            lists[name] = _domain_list(folder / name)
        except OSError as wrong:
            what = f"{wrong.filename} cannot be read ({wrong.strerror})"
            source.say(route, f"the domain list {folder / name} was refused: {what}; {_how_to_vouch(folder, name)}")
        except BadList as wrong:
            source.say(route, f"the domain list {folder / name} was refused: {wrong}; {_how_to_vouch(folder, name)}")
    return lists


def _domain_list(path: Path) -> DomainList:
    """Read one list. Raises OSError if it or its hash cannot be read, BadList if it is not exactly right."""
    vouching = _vouching(path).read_bytes()
    body = path.read_bytes()
    return read(path.name, body, vouched(path.name, body, vouching))


def _vouching(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


def _how_to_vouch(folder: Path, name: str) -> str:
    return (
        f"if it is the list you mean to use, whole and corrected, run: cd {folder} && sha256sum {name} > {name}.sha256"
    )


def _waits(link: Link, lists: _Lists) -> bool:
    """Tell whether a matcher can find nothing at all until the City has its lists."""
    return bool(link.lists) and not (link.domains or link.shortener) and lists.keys().isdisjoint(link.lists)


def _check_ids(source: Source, rules: list[tuple[Route, Rule]]) -> None:
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


def models_of(rules: Iterable[Rule]) -> list[str]:
    """Give the shipped models that rules name, each once."""
    named = {matcher.score.model for rule in rules for matcher in rule.matchers if matcher.score}
    return sorted(name for name in named if not name.startswith(SERVER))


def _can_score(source: Source, at: Route, rule: Rule, models: Mapping[str, Model]) -> bool:
    """A score may only ask a person, and only about what models can tell: not opinion, not truth.

    Tells whether the rule can be tried out.
    """
    known = True
    for route, matcher in _placed_matchers(rule):
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


def _can_compile(source: Source, at: Route, rule: Rule) -> bool:
    """Check what only a matcher can know of its words; tells whether the rule can be tried out."""
    problems = [(route, what) for route, matcher in _placed_matchers(rule) for route, what in _unusable(route, matcher)]
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


def _on_trial(rule: Rule, lists: _Lists, models: Mapping[str, Model]) -> Reads:
    """Let one rule read alone, as it is and without its exceptions."""
    book = Rulebook([Placed("on trial", rule, lists, models)])
    bold = rule.model_copy(update={"unless": ()})
    boldly = Rulebook([Placed("on trial", bold, lists, models)]) if rule.unless else book
    return Reads(truly=book.read, boldly=boldly.read)


def _no_pattern(pattern: str, wrong: str) -> str:
    """Say what RE2 said of a pattern, and what a clerk can do about it."""
    if "too large" in wrong:
        return f"{_shortened(pattern)!r} becomes too large when it is compiled; {_SPLIT}"
    return f"{_shortened(pattern)!r} cannot be used: {wrong}; correct the expression"


def _check_size(source: Source, rules: list[tuple[Route, Rule]]) -> None:
    """Refuse a pack that no person can have read."""
    phrases = sum(len(matcher.phrase or ()) for _, rule in rules for matcher in rule.matchers)
    if phrases > MOST_PHRASES_OF_A_PACK:
        what = f"the rules have {phrases:,} phrases together, and a pack may have {MOST_PHRASES_OF_A_PACK:,}"
        source.say(("rules",), f"{what}; make several packs of it")


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


def staged(example: str | tuple[str, ...], alone: Context = NO_CONTEXT) -> tuple[str, Context]:
    """Give the comment that an example is about, and its context: what its account wrote in the minutes before."""
    if isinstance(example, str):
        return example, alone
    written = [
        Earlier(ref=f"example:{number}", text=text, posted_at=_EXAMPLES_BEGIN + timedelta(minutes=number))
        for number, text in enumerate(example)
    ]
    return example[-1], Context(ref=written[-1].ref, posted_at=written[-1].posted_at, earlier=tuple(written[:-1]))


def _names_nobody(source: Source, at: Route, rule: Rule, words: Mapping[str, Sequence[str]], policy: Policy) -> bool:
    """No rule may name the City, its officers or departments, neither to find nor to spare what names them (P9)."""
    if rule.clause in policy.may_name and rule.outcome is Ask.REVIEW:
        return True
    names = policy.never_named
    even = {name for name, listed in words.items() if name in policy.even_lists or _is_even(rule, listed, names)}
    open_words = {name: [r"\pL+"] if name in even else listed for name, listed in words.items()}
    problems: list[tuple[Route, str]] = []
    for route, matcher in _placed_matchers(rule):
        spares = route[0] == "except"
        remedy = "an exception for words about some and not about others takes sides" if spares else _NO_NAMES
        for place, named in _named(source, (*at, *route), matcher, open_words, policy):
            if not (spares and "." in named):
                problems.append((place, f"names {named!r}; {remedy} ({policy.id}), so take the name out"))
    for place, what in problems:
        value = source.at(place)
        source.say(place, f"{_shortened(value)!r} {what}")
    return not problems


def _check_lists(source: Source, at: Route, rule: Rule, lists: _Lists, policy: Policy) -> None:
    """No list in which a rule looks addresses up may hold one of the City's own."""
    official = {name.lower().encode() for name in policy.never_named if "." in name}
    under = tuple(b"." + name for name in official)
    for route, link in _links(rule):
        for index, name in enumerate(link.lists if route[0] == "match" else ()):
            entries = lists[name].entries if name in lists else ()
            hosts = {entry.partition(b"/")[0] for entry in entries}
            for host in sorted(host for host in hosts if host in official or host.endswith(under)):
                what = f"the list {name!r} names {host.decode()!r}; {_NO_NAMES} ({policy.id}), take it out there"
                source.say((*at, *route, "lists", index), what)


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


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
        named = named_in_pattern(_with_words(source.at(place), words), policy.never_named)
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


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
