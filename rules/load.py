"""Reads policies, rule packs, ballot lists, domain lists, approvals and models from disk, which nothing else here may.

What a pack must pass is in `rules.checks`; what becomes of it then, in `rules.assemble`. Packs that are known to have
passed (`rules.passed`) are not tried out again.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from rules.assemble import ballot_of, pack_of, policy_of, sha256_of
from rules.ballot import SPECIMEN, BallotFile, wrong_with
from rules.checks import check_pack, rules_of
from rules.lists import BadList, DomainList, read, vouched
from rules.match.score import Model
from rules.model import Approval, ApprovalsFile, Code, PackFile, PolicyFile
from rules.passed import Passed, key_of
from rules.places import links
from rules.source import FileProblems, Source, read_typed
from rules.wordlists import spelled_out, word_lists

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from bot.domain.types import Policy
    from rules.ballot import Ballot
    from rules.model import Pack, Rule
    from rules.source import Route

__all__ = [
    "Approvals",
    "FileProblems",
    "load_ballot",
    "load_pack",
    "load_policy",
    "shipped_models",
    "shipped_packs",
]

_SHIPPED = Path(__file__).parent / "packs"
_MODELS = Path(__file__).parent / "models"


class Approvals:
    """Which files were approved, by the SHA-256 (hex) of their bytes; whatever is not listed is inert."""

    def __init__(self, approvals: Iterable[Approval] = ()) -> None:
        """Take approvals in the order in which they were given; the last one for the same bytes counts."""
        self._by_sha256 = {approval.sha256: approval for approval in approvals}

    def given(self, sha256: str) -> Approval | None:
        """Give the approval of these bytes, if there is one."""
        return self._by_sha256.get(sha256)

    def last_of(self, file: str) -> Approval | None:
        """Give the last approval of a file of this name, in whatever wording."""
        return next((one for one in reversed(self._by_sha256.values()) if one.file == file), None)

    @classmethod
    def load(cls, path: Path | None) -> Approvals:
        """Read a list of ``sha256, file, approved_by, approved_on``; without one, nothing is approved.

        Raises `FileProblems` if the file is not such a list, OSError if it is there and cannot be read.
        """
        if path is None or not path.exists() or not path.read_bytes().strip():
            return cls()
        return cls(read_typed(path, ApprovalsFile).root)

    @classmethod
    def assume(cls, name: str, date: date, paths: Iterable[Path]) -> Approvals:
        """Approve exactly the bytes that these files have now, in memory only."""
        return cls(
            Approval(sha256=sha256_of(path.read_bytes()), file=path.name, approved_by=name, approved_on=date)
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
    return policy_of(source.accepted(said), body, approvals.given(sha256_of(body)))


def load_ballot(path: Path, approvals: Approvals) -> Ballot:
    """Read a ballot list. Raises `FileProblems` with everything that is wrong in it, OSError if it cannot be read."""
    body = path.read_bytes()
    source = Source(str(path), body)
    said = source.model(BallotFile, source.data)
    for route, what in wrong_with(said) if said else ():
        source.say(route, what)
    said = source.accepted(said)
    return ballot_of(path.name, body, said, approvals.given(sha256_of(body)))


def load_pack(  # noqa: PLR0913  everything a pack rests on
    path: Path,
    policy: Policy,
    lists: Path | None = None,
    approvals: Approvals | None = None,
    ballot: Ballot | None = None,
    passed: Passed | None = None,
) -> Pack:
    """Read a rule pack, the domain lists it names (files in the folder `lists`), and run its examples.

    The examples, and all other checks of what its rules do, are left out if `passed` has this very pack.

    A list counts only in the very bytes that ``sha256sum`` gave in a file beside it, NAME.sha256, so that one that was
    changed or half written never takes effect. A list that is not there at all is `missing` in the pack, which is no
    error: a city may not have it yet. Rules of campaign speech are tried out on a specimen ballot and then filled from
    `ballot`; without one that is in force they are left out.

    Raises `FileProblems` with everything that is wrong in it, OSError if the pack cannot be read.
    """
    body = path.read_bytes()
    source = Source(str(path), body)
    words = {**word_lists(source), **SPECIMEN}
    data = spelled_out(source, source.data, words)
    said = source.model(PackFile, data)
    rules = list(rules_of(data))
    domains = _domain_lists(source, rules, lists)
    models = shipped_models()
    passed = passed or Passed()
    key = key_of(body, policy, domains, models)
    if not passed.has(key):
        check_pack(source, rules, words, policy, domains, models)
    said = source.accepted(said)
    passed.add(key)
    approval = approvals.given(sha256_of(body)) if approvals else None
    return pack_of(source, path.name, body, said, domains, models, approval, ballot)


def _domain_lists(source: Source, rules: list[tuple[Route, Rule]], folder: Path | None) -> dict[str, DomainList]:
    """Read the lists that rules name, each once; those that are not there are left out.

    Whatever is wrong with a list is said where a rule first names it. A list under ``except`` must be there: without it
    the rule would act where it should be silent.
    """
    named: dict[str, Route] = {}
    excepted: dict[str, Route] = {}
    for at, rule in rules:
        for route, link in links(rule):
            for index, name in enumerate(link.lists):
                named.setdefault(name, (*at, *route, "lists", index))
                if route[0] == "except":
                    excepted.setdefault(name, (*at, *route, "lists", index))
    lists: dict[str, DomainList] = {}
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
