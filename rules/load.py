"""Loads policies, rule packs, ballot lists, domain lists and approvals, and refuses what is not exactly right.

A pack is refused if it reaches further than its policy allows, if one of its rules looks for the City, its officers or
words of criticism (P9), or if one of its examples does not do what it says. This is the only module of `rules` that
touches the disk.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from bot.domain.types import Action, Ask, Automation, Category, Policy
from rules.ballot import SPECIMEN, Ballot, BallotFile, words_of, wrong_with
from rules.engine import Placed, Rulebook
from rules.match.link import NotADomain, domain
from rules.match.pattern import BadPattern, check
from rules.model import Approval, ApprovalsFile, Code, Pack, PackFile, PolicyFile, Rule
from rules.source import FileProblems, Source, attempt, read_typed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from rules.match.score import Model
    from rules.source import Route

__all__ = ["Approvals", "FileProblems", "load_ballot", "load_pack", "load_policy", "shipped_packs"]

_WORD_LIST = re.compile(r"(?<!\(\?P)(?<!\(\?)<([a-z0-9-]+)>")
_SHIPPED = Path(__file__).parent / "packs"
_Lists = dict[str, frozenset[str]]


class Approvals:
    """Which files were approved, by the SHA-256 (hex) of their bytes; whatever is not listed is inert."""

    def __init__(self, approvals: Iterable[Approval] = ()) -> None:
        """Take approvals in the order in which they were given; the last one for the same bytes counts."""
        self._by_sha256 = {approval.sha256: approval for approval in approvals}

    def of(self, sha256: str) -> dict[str, Any]:
        """Give who approved these bytes and when, as policies and packs carry it."""
        approval = self._by_sha256.get(sha256)
        return {} if approval is None else {"approved_by": approval.approved_by, "approved_on": approval.approved_on}

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


def load_policy(path: Path, approvals: Approvals) -> Policy:
    """Read a policy file. Raises `FileProblems` with everything that is wrong in it, OSError if it cannot be read."""
    body = path.read_bytes()
    source = Source(str(path), body)
    said = source.model(PolicyFile, source.data)
    for code in Code:
        if said and code not in said.categories:
            source.say(("categories",), f"category {code} is missing; the policy has ten, add it even if it is manual")
    said = source.accepted(said)
    categories = {str(code): Category(code=str(code), **said.categories[code].model_dump()) for code in Code}
    return Policy(
        id=said.id,
        title=said.title,
        sha256=_sha256(body),
        categories=MappingProxyType(categories),
        never_named=said.never_named,
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
    return Ballot(
        election=said.election,
        date=said.date,
        name=path.name,
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

    Rules of campaign speech are tried out on a specimen ballot and then filled from `ballot`; without one that is in
    force they are left out. Raises `FileProblems` with all that is wrong in it, OSError if the pack cannot be read.
    """
    body = path.read_bytes()
    source = Source(str(path), body)
    data = _spelled_out(source, source.data, _words(source) | SPECIMEN)
    said = source.model(PackFile, data)
    rules = list(_rules(data))
    domains = _domains(source, rules, lists)
    models: dict[str, Model] = {}
    _check_ids(source, rules)
    for at, rule in rules:
        _check_reach(source, at, rule, policy)
        if _can_compile(source, at, rule, domains):
            book = Rulebook([Placed("on trial", rule, domains, models)])
            _check_examples(source, at, rule, book)
            _check_viewpoint(source, at, book, policy)
    said = source.accepted(said)
    used = ballot if ballot and ballot.in_force else None
    filled, waiting = _filled(source, said, used)
    return Pack(
        id=said.id,
        title=said.title,
        version=said.version,
        name=path.name,
        source=body.decode("utf-8"),
        sha256=_sha256(body),
        rules=filled,
        waiting=waiting,
        ballot=used.sha256 if used and filled != said.rules else None,
        lists=MappingProxyType(domains),
        models=MappingProxyType(models),
        **(approvals or Approvals()).of(_sha256(body)),
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
            _can_compile(source, ("rules", at), rule, {})
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


def _links(rule: Rule) -> Iterator[tuple[Route, Any]]:
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


def _domains(source: Source, rules: list[tuple[Route, Rule]], folder: Path | None) -> _Lists:
    """Read the domain lists that rules name, each once; whatever is wrong is said where the rule names it."""
    domains: _Lists = {}
    for at, rule in rules:
        for route, link in _links(rule):
            for index, name in enumerate(link.lists):
                if name not in domains:
                    domains[name] = _domain_list(source, (*at, *route, "lists", index), name, folder)
    return domains


def _domain_list(source: Source, route: Route, name: str, folder: Path | None) -> frozenset[str]:
    """Read one domain list: a domain a line, # begins a comment."""
    if folder is None or not (folder / name).is_file():
        where = f"in {folder}" if folder else "because no folder for lists is configured"
        source.say(route, f"the domain list {name!r} is not there ({where}); put the file there or take the name out")
        return frozenset()
    domains = set()
    for number, line in enumerate((folder / name).read_text("utf-8").splitlines(), start=1):
        entry = line.partition("#")[0].strip()
        if entry:
            try:
                domains.add(domain(entry))
            except NotADomain as wrong:
                source.say(route, f"line {number} of {folder / name}: {wrong}; correct that line or take it out")
    return frozenset(domains)


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


def _can_compile(source: Source, at: Route, rule: Rule, lists: _Lists) -> bool:
    """Check what only a matcher can know of its words; tells whether the rule can be tried out."""
    problems = [(route, what) for route, matcher in _placed_matchers(rule) for route, what in _unusable(route, matcher)]
    for route, what in problems:
        source.say((*at, *route), what)
    return not problems and all(lists.get(name) for _, link in _links(rule) for name in link.lists)


def _unusable(route: Route, matcher: Any) -> Iterator[tuple[Route, str]]:
    phrases = [phrase.casefold() for phrase in matcher.phrase or ()]
    for at, phrase in enumerate(phrases):
        if phrase in phrases[:at]:
            yield (*route, "phrase", at), f"{phrase!r} is in this list already; take one of them out"
    if matcher.pattern:
        try:
            check(matcher.pattern)
        except BadPattern as wrong:
            yield (*route, "pattern"), f"{matcher.pattern!r} cannot be used: {wrong}; correct the expression"
    for at, name in enumerate(matcher.link.domains if matcher.link else ()):
        try:
            domain(name)
        except NotADomain as wrong:
            yield (*route, "link", "domains", at), f"{wrong}; write it as example.com"


def _check_examples(source: Source, at: Route, rule: Rule, book: Rulebook) -> None:
    for index, text in enumerate(rule.examples.match):
        if not book.read(text):
            what = f"rule {rule.id} does not match {text!r}; widen the rule or correct the example"
            source.say((*at, "examples", "match", index), what)
    for kind, texts in (("no_match", rule.examples.no_match), ("near_miss", rule.examples.near_miss)):
        for index, text in enumerate(texts):
            for match in book.read(text)[:1]:
                what = f"rule {rule.id} matches {match.excerpt!r} in {text!r}; narrow the rule or correct the example"
                source.say((*at, "examples", kind, index), what)


def _check_viewpoint(source: Source, at: Route, book: Rulebook, policy: Policy) -> None:
    """No rule may look for the City, its officers or criticism, whatever it is called (P9)."""
    for words in policy.never_named:
        if book.read(words):
            what = f"the rule looks for {words!r}, which {policy.id} lets no rule name; take the words out"
            source.say((*at, "match"), what)


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
