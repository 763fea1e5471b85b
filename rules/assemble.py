"""Makes policies, packs and ballots of what their files say: word lists spelled out, ballots filled in, pure.

What was in force once is made again from its kept text (`kept_pack` and its like), for replaying old verdicts.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from bot.domain.types import Category, Policy, Wording
from rules.ballot import SPECIMEN, Ballot, BallotFile, words_of
from rules.checks import can_compile, rules_of
from rules.lists import read
from rules.match.score import SERVER
from rules.model import Code, Pack, PackFile, PolicyFile
from rules.places import links
from rules.source import Source
from rules.wordlists import lists_named_in, spelled_out, word_lists

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rules.lists import DomainList
    from rules.match.score import Model
    from rules.model import Approval, PolicyCategory, Rule

_NONE: Mapping[str, Any] = MappingProxyType({})
MOST_READ = 64
"""So many kept packs are not read again for their reasons."""


class RuleReason(NamedTuple):
    """The reason of a rule, and the same in Spanish where the pack has it."""

    en: str
    es: str


def policy_of(said: PolicyFile, body: bytes, approval: Approval | None) -> Policy:
    """Make a policy of what its file says; `body` are the bytes of the file, which the approval is of."""
    categories = {str(code): _category(str(code), said.categories[code]) for code in Code}
    return Policy(
        id=said.id,
        title=said.title,
        sha256=sha256_of(body),
        categories=MappingProxyType(categories),
        never_named=said.never_named,
        even_lists=said.even_lists,
        may_name=tuple(map(str, said.may_name)),
        criticism=said.criticism,
        alike=tuple(group for one in said.alike for group in one.groups()),
        **_approved(approval),
    )


def _category(code: str, said: PolicyCategory) -> Category:
    spanish = Wording(**said.es.model_dump()) if said.es else None
    return Category(code=code, **said.model_dump(exclude={"es"}), es=spanish)


def ballot_of(name: str, body: bytes, said: BallotFile, approval: Approval | None) -> Ballot:
    """Make a ballot list of what its file says; `body` are the bytes of the file, which the approval is of."""
    return Ballot(
        election=said.election,
        date=said.date,
        name=name,
        source=body.decode("utf-8"),
        sha256=sha256_of(body),
        words=MappingProxyType(words_of(said)),
        **_approved(approval),
    )


def pack_of(  # noqa: PLR0913  everything a pack is made of
    source: Source,
    name: str,
    body: bytes,
    said: PackFile,
    lists: Mapping[str, DomainList],
    models: Mapping[str, Model],
    approval: Approval | None,
    ballot: Ballot | None,
) -> Pack:
    """Make a pack of what its file says, with the names of a ballot that is in force in its rules.

    Raises `FileProblems` if a pattern is too large with all the names in it.
    """
    used = ballot if ballot and ballot.in_force else None
    filled, waiting = _filled(source, said, used)
    return Pack(
        id=said.id,
        title=said.title,
        version=said.version,
        name=name,
        source=body.decode("utf-8"),
        sha256=sha256_of(body),
        rules=filled,
        waiting=waiting,
        ballot=used.sha256 if used and filled != said.rules else None,
        lists=MappingProxyType({**lists}),
        models=MappingProxyType({named: models[named] for named in models_named(said.rules) if named in models}),
        missing=tuple(sorted(_named_lists(said) - lists.keys())),
        **_approved(approval),
    )


def kept_policy(text: str, approval: Approval | None) -> Policy:
    """Read a policy that was in force once, as it was kept. Raises `FileProblems` if it cannot be read any more."""
    body = text.encode()
    source = Source("the kept policy", body)
    said = source.accepted(source.model(PolicyFile, source.data))
    return policy_of(said, body, approval)


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
    said = source.accepted(source.model(PackFile, spelled_out(source, source.data, {**word_lists(source), **SPECIMEN})))
    bodies = {name_: lists[name_].encode() for name_ in sorted(_named_lists(said) & lists.keys())}
    domains = {name_: read(name_, list_, sha256_of(list_)) for name_, list_ in bodies.items()}
    return pack_of(source, name, body, said, domains, models, approval, ballot)


@lru_cache(maxsize=MOST_READ)
def kept_reasons(text: str) -> Mapping[str, RuleReason]:
    """Give the reasons of the rules of a pack that was in force once, as it was kept, by the rules' ids."""
    source = Source("the kept pack", text.encode())
    rules = (rule for _, rule in rules_of(spelled_out(source, source.data, {**word_lists(source), **SPECIMEN})))
    return MappingProxyType({rule.id: RuleReason(rule.reason, rule.es.reason if rule.es else "") for rule in rules})


def kept_ballot(name: str, text: str, approval: Approval) -> Ballot:
    """Read a ballot list that was in force once, as it was kept. Raises `FileProblems` if it cannot be read now."""
    body = text.encode()
    source = Source(name, body)
    return ballot_of(name, body, source.accepted(source.model(BallotFile, source.data)), approval)


def _named_lists(said: PackFile) -> set[str]:
    return {name for rule in said.rules for _, link in links(rule) for name in link.lists}


def models_named(rules: Iterable[Rule]) -> list[str]:
    """Give the models that rules name, each once, but for those of the City's own server."""
    named = {matcher.score.model for rule in rules for matcher in rule.matchers if matcher.score}
    return sorted(name for name in named if not name.startswith(SERVER))


def _filled(source: Source, said: PackFile, ballot: Ballot | None) -> tuple[tuple[Rule, ...], tuple[str, ...]]:
    """Give the rules with the names of the ballot in them, and the ids of those that lack names and so are left out.

    Raises `FileProblems` if a pattern is too large with all the names in it.
    """
    needs = [lists_named_in(entry) & SPECIMEN.keys() for entry in source.data["rules"]]
    names = {name: words for name, words in (ballot.words if ballot else {}).items() if words}
    waiting = tuple(rule.id for rule, needed in zip(said.rules, needs, strict=True) if needed - names.keys())
    if names:
        said = source.accepted(
            source.model(PackFile, spelled_out(source, source.data, word_lists(source) | SPECIMEN | names))
        )
    for at, rule in enumerate(said.rules):
        if needs[at] and rule.id not in waiting:
            can_compile(source, ("rules", at), rule)
    source.accepted(said)
    return tuple(rule for rule in said.rules if rule.id not in waiting), waiting


def _approved(approval: Approval | None) -> dict[str, Any]:
    """Give who approved a file and when, as policies and packs carry it."""
    return {} if approval is None else {"approved_by": approval.approved_by, "approved_on": approval.approved_on}


def sha256_of(body: bytes) -> str:
    """Give the SHA-256 (hex) by which the exact bytes of a file are known."""
    return hashlib.sha256(body).hexdigest()
