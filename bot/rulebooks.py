"""What a clerk does with policy and packs before they take effect: check, try out, compare, approve."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from archive import cases
from bot.domain.judge import judge
from bot.judging import ENFORCING, assumed
from rules.assemble import kept_pack, kept_policy
from rules.context import Context
from rules.engine import Engine
from rules.load import Approvals, FileProblems, load_ballot, load_pack, load_policy, shipped_packs
from rules.model import Approval

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import date

    from archive.database import Tx
    from bot.domain.types import Policy, Verdict
    from bot.parts import Rulebook
    from bot.settings import Rules
    from rules.ballot import Ballot
    from rules.model import Pack


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was read of policy, ballot list and packs, and everything that is wrong with them, one line each."""

    policy: Policy | None
    packs: tuple[Pack, ...]
    problems: tuple[str, ...]
    ballot: Ballot | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One comment that two sets of rules decide otherwise."""

    name: str
    text: str
    before: Verdict
    after: Verdict


def check(rules: Rules, files: Sequence[Path] = ()) -> Checked:
    """Read approvals, policy, ballot list and packs (or these `files` in their place), and collect what is wrong.

    A pack cannot be checked without its policy: if the policy is wrong, only that is said.
    """
    problems: list[str] = []
    approvals = Approvals()
    try:
        approvals = Approvals.load(rules.approvals)
    except (FileProblems, OSError) as wrong:
        problems += _said(wrong)
    try:
        policy = load_policy(rules.policy, approvals)
    except (FileProblems, OSError) as wrong:
        return Checked(policy=None, packs=(), problems=(*problems, *_said(wrong)))
    ballot = None
    try:
        ballot = load_ballot(rules.ballot, approvals) if rules.ballot else None
    except (FileProblems, OSError) as wrong:
        problems += _said(wrong)
    packs: list[Pack] = []
    for path in files or rules.packs or shipped_packs():
        try:
            packs.append(load_pack(path, policy, rules.lists, approvals, ballot))
        except (FileProblems, OSError) as wrong:
            problems += _said(wrong)
    return Checked(policy=policy, packs=tuple(packs), problems=(*problems, *_twice(packs)), ballot=ballot)


def _said(wrong: FileProblems | OSError) -> tuple[str, ...]:
    if isinstance(wrong, FileProblems):
        return wrong.problems
    return (f"{wrong.filename}: {wrong.strerror}; correct the path, or put the file there",)


def _twice(packs: Iterable[Pack]) -> Iterator[str]:
    """Say of which rules there are several: a match must name one."""
    where: dict[str, str] = {}
    for pack in packs:
        for rule in pack.rules:
            other = where.setdefault(rule.id, pack.name)
            if other != pack.name:
                yield f"{pack.name}: rule {rule.id!r} is also in {other}; give one of the two another id"


def verdict_on(rulebook: Rulebook, text: str, post: str = "") -> Verdict:
    """Judge a text under a post as on an account in enforce mode."""
    context = Context(parent_post=post)
    return judge(rulebook.engine.evaluate(text, context), rulebook.policy, ENFORCING)


def swapped(rulebook: Rulebook, packs: Sequence[Pack], *, out: Sequence[str] = ()) -> Rulebook:
    """Give the rulebook with these packs in the place of those with the same id, without those of the ids `out`."""
    ids = {*out, *(pack.id for pack in packs)}
    kept = [pack for pack in rulebook.packs if pack.id not in ids]
    return replace(rulebook, engine=Engine([*kept, *packs]), packs=(*kept, *packs))


def on_trial(path: Path, rules: Rules, policy: Policy, ballot: Ballot | None) -> Pack:
    """Read a pack as if it were approved, to see what it would do. Raises `FileProblems`, OSError."""
    return load_pack(path, policy, rules.lists, assumed([path]), ballot)


def decided_otherwise(texts: Iterable[tuple[str, str]], old: Rulebook, new: Rulebook) -> Iterator[Changed]:
    """Give those texts (each after its name) whose outcome or action is another under the new rules."""
    for name, text in texts:
        before, after = verdict_on(old, text), verdict_on(new, text)
        if (before.outcome, before.action) != (after.outcome, after.action):
            yield Changed(name=name, text=text, before=before, after=after)


def approve(path: Path, approvals: Path, *, by: str, on: date, called: str = "") -> Approval:
    """Write down that a person approves a file in exactly its present bytes; give the approval.

    `called`: what it is called where it is to have effect, if that is not what it is called here.
    The approvals file is replaced as a whole or not at all, and what stands in it, comments too, stays as it is.
    Approved by somebody already: that approval stands and is given. Raises `FileProblems` if the approvals file is
    not a list of approvals.
    """
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    present = Approvals.load(approvals if approvals.is_file() else None).given(sha256)
    if present is not None:
        return present
    approval = Approval(sha256=sha256, file=called or path.name, approved_by=by, approved_on=on)
    text = approvals.read_text(encoding="utf-8") if approvals.is_file() else ""
    _replace(approvals, _with_entry(text, approval))
    return approval


def last_approved(path: Path, approvals: Path | None) -> Approval | None:
    """Give the last approval of a file of this name, in whatever wording. Raises `FileProblems`."""
    return Approvals.load(approvals if approvals and approvals.is_file() else None).last_of(path.name)


def policy_as_approved(tx: Tx, last: Approval) -> Policy | None:
    """Give a policy as it was approved, if the archive keeps that wording and it can still be read."""
    kept = cases.document(tx, last.sha256)
    try:
        return kept_policy(kept[1], last) if kept else None
    except FileProblems:
        return None


def as_approved(tx: Tx, last: Approval, ballot: Ballot | None) -> Pack | None:
    """Give a pack as it was approved, if the archive keeps that wording and it can still be read."""
    kept = cases.document(tx, last.sha256)
    try:
        return kept_pack(kept[0], kept[1], last, lists={}, ballot=ballot) if kept else None
    except FileProblems:
        return None


def _with_entry(text: str, approval: Approval) -> str:
    entry = (
        f"- sha256: {approval.sha256}\n  file: {json.dumps(approval.file)}\n"
        f"  approved_by: {json.dumps(approval.approved_by, ensure_ascii=False)}\n"
        f"  approved_on: {approval.approved_on.isoformat()}\n"
    )
    lines = ["" if line.strip() == "[]" else line for line in text.splitlines()]
    kept = "\n".join(lines).strip("\n")
    return f"{kept}\n{entry}" if kept else entry


def _take_after(path: Path, written: Path) -> None:
    """Give a file another's mode, and its owner and group where they differ: who could read it still can."""
    shutil.copymode(path, written)
    old, new = path.stat(), written.stat()
    if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        os.chown(written, old.st_uid, old.st_gid)


def _replace(path: Path, text: str) -> None:
    """Put a new text in the place of a file, which keeps mode and owner; what cannot be read back never gets there."""

    def finish(written: Path) -> None:
        Approvals.load(written)
        if path.exists():
            _take_after(path, written)
        else:
            written.chmod(0o644)

    try:
        put_whole(path, text.encode(), finish)
    except FileProblems:
        reason = "entries cannot be added to this file; write each approval as '- sha256: …' lines, as citymod does"
        raise FileProblems([f"{path}:1:1: {reason}"]) from None


def put_whole(path: Path, body: bytes, finish: Callable[[Path], None]) -> None:
    """Put a file in its place whole or not at all; `finish` does before that what is to be done to what was written."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        written = Path(file.name)
        try:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
            finish(written)
            written.replace(path)
        finally:
            written.unlink(missing_ok=True)
