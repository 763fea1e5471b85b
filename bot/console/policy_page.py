"""The policy and the rule packs: what they say, who approved which bytes, and which wordings wait to be tried."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from bot import new_wordings
from rules.assemble import sha256_of
from rules.load import Approvals, FileProblems, shipped_packs
from rules.model import PackFile
from rules.source import Source

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.responses import Response

    from bot.console.desk import Visit
    from rules.model import Approval


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """One pack's file: what it says, or what is wrong with it; `approval` is None if it has no effect."""

    file: str
    sha256: str
    approval: Approval | None
    said: PackFile | None
    problem: str


def policy(visit: Visit) -> Response:
    """Show the ten clauses and every rule."""
    rules = visit.desk.settings.rules
    try:
        approvals, waiting, problem = Approvals.load(rules.approvals), new_wordings.waiting(visit.desk.settings), ""
    except (FileProblems, OSError) as wrong:
        approvals, waiting, problem = Approvals(), [], str(wrong)
    packs = [_pack(path, approvals) for path in rules.packs or shipped_packs()]
    return visit.page("policy.html.j2", policy=visit.desk.policy, packs=packs, waiting=waiting, problem=problem)


def _pack(path: Path, approvals: Approvals) -> Pack:
    try:
        body = path.read_bytes()
        said = _read(str(path), body)
    except (FileProblems, OSError) as wrong:
        return Pack(file=path.name, sha256="", approval=None, said=None, problem=str(wrong))
    sha256 = sha256_of(body)
    return Pack(file=path.name, sha256=sha256, approval=approvals.given(sha256), said=said, problem="")


@lru_cache(maxsize=64)
def _read(name: str, body: bytes) -> PackFile:
    """Read a pack as it is written; what its examples come to is checked when it is approved and when it is used."""
    source = Source(name, body)
    return source.accepted(source.model(PackFile, source.data))
