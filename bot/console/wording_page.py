"""A policy or pack before it takes effect: what is otherwise in it, which comments it would decide otherwise, approval.

Nothing is tried on the record but in memory. What is shown goes through the same code as `citymod rules diff`, `replay`
and `approve`. Where this process may not write, as under systemd, the page gives the commands instead.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from starlette.datastructures import UploadFile

from archive import cases, ledger
from bot import new_wordings, replays, rulebooks
from bot.console.door import Refused
from bot.judging import rulebook_for_judging
from bot.review import person
from rules.load import Approvals, FileProblems, load_policy
from rules.replay import policy_changes, rule_changes

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from starlette.responses import Response

    from archive.database import Tx
    from bot.console.desk import Visit
    from bot.domain.types import Policy, Verdict
    from bot.new_wordings import NewWording
    from bot.parts import Rulebook
    from bot.rulebooks import Changed
    from rules.model import Approval, Pack
    from rules.replay import Change

MOST_TRIED = 2_000
"""So many comments are judged by both: those whose cases moved last."""
MOST_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a wording would change, against the one that is in force, and which comments are decided otherwise.

    `name` is how the City calls it, `version` its number if it has one, `against` what it is compared with, in words.
    `place` is the file whose place it takes, if that is the City's own to change.
    """

    title: str
    name: str
    version: str | None = None
    against: str | None
    changes: list[Change]
    tried: int
    changed: list[Changed]
    place: Path | None

    @property
    def kinds(self) -> list[tuple[str, int]]:
        """How many comments are decided otherwise, by kind."""
        return Counter(map(_kind, self.changed)).most_common()

    @property
    def examples(self) -> list[tuple[Changed, str]]:
        """Some of them, each with its kind."""
        return [(each, _kind(each)) for each in self.changed[:MOST_SHOWN]]


def wording(visit: Visit) -> Response:
    """Show what a wording would change, or all that is wrong with it."""
    new = _wanted(visit, visit.asked("sha256"))
    trial, problems = _tried_or_wrong(visit, new)
    approvals = visit.desk.settings.rules.approvals
    place = trial.place if trial else None
    by, on = visit.someone.name, _today(visit)
    return visit.page(
        "wording.html.j2",
        409 if problems else 200,
        new=new,
        trial=trial,
        problems=problems,
        writes=bool(place and approvals and new_wordings.may_write(place, approvals)),
        commands=new_wordings.commands(new, place, approvals, by=by, on=on) if approvals else [],
        today=on,
        most=MOST_TRIED,
    )


def bring(visit: Visit) -> Response:
    """Take a file of policy or pack to be tried."""
    file = visit.form.get("wording")
    if not isinstance(file, UploadFile) or not file.filename:
        raise Refused(409, "Choose the file. Nothing was kept.")
    try:
        new = new_wordings.bring(visit.desk.settings, file.filename, file.file.read())
    except ValueError as error:
        raise Refused(409, f"{error}. Nothing was kept.") from error
    visit.words = f"{new.path.name} {new.sha256}"
    return visit.go("/policy/wording", sha256=new.sha256)


def approve(visit: Visit) -> Response:
    """Put a wording in force in a person's name, and note on the ledger who did it, and why."""
    new, why, approvals = _wanted(visit, visit.said("sha256")), visit.said("why"), visit.desk.settings.rules.approvals
    if not why:
        raise Refused(409, "Say why; it goes into the record. Nothing was approved.")
    try:
        place = _place(visit, new)
    except FileProblems as wrong:
        raise Refused(409, f"It has to be right first. Nothing was approved. {wrong}") from wrong
    if place is None or approvals is None:
        raise Refused(409, "The settings name no file whose place it takes; its page says what to do.")
    by, on = visit.someone.name, _today(visit)
    detail = {"file": place.name, "sha256": new.sha256, "approved_by": by, "why": why}
    kind = "policy.approved" if new.is_policy else "pack.approved"
    try:
        with visit.desk.database.begin() as tx:
            ledger.append(tx, kind=kind, agent=person(visit.someone.login), at=visit.now, detail=detail)
            new_wordings.put_in_force(new, place, approvals, by=by, on=on)  # if that fails, there is no such line
    except OSError as error:
        told = "; then ".join(new_wordings.commands(new, place, approvals, by=by, on=on))
        message = f"The console may not write there ({error.strerror}). An administrator runs: {told}"
        raise Refused(409, message) from error
    return visit.go("/policy", done="wording-approved")


def _wanted(visit: Visit, sha256: str) -> NewWording:
    """The wording that an address or form names by its bytes. Raises Refused."""
    visit.words = sha256[:64]
    found = next((one for one in new_wordings.waiting(visit.desk.settings) if one.sha256 == sha256), None)
    if found is None:
        raise Refused(404, "No such wording waits: it was approved, or its file is another now.")
    visit.words = f"{found.path.name} {sha256}"
    return found


def _tried_or_wrong(visit: Visit, new: NewWording) -> tuple[Trial | None, tuple[str, ...]]:
    try:
        return _tried(visit, new), ()
    except FileProblems as wrong:
        return None, wrong.problems


def _place(visit: Visit, new: NewWording) -> Path | None:
    """The file whose place a wording takes, once it was read with everything that rests on it. Raises FileProblems."""
    settings = visit.desk.settings
    rulebook = _rulebook(visit, new)
    if new.is_policy:
        return new_wordings.place_of_policy(settings)
    return new_wordings.place_of_pack(settings, rulebook, _pack(visit, rulebook, new))


def _rulebook(visit: Visit, new: NewWording) -> Rulebook:
    """The City's rulebook as if it were approved, with the policy that is tried, if one is."""
    settings = visit.desk.settings
    return rulebook_for_judging(settings, policy=new.path if new.is_policy else None, passed=settings.packs_passed)


def _pack(visit: Visit, rulebook: Rulebook, new: NewWording) -> Pack:
    return rulebooks.on_trial(new.path, visit.desk.settings.rules, rulebook.policy, rulebook.ballot)


def _tried(visit: Visit, new: NewWording) -> Trial:
    """Read a wording, and judge comments by it and by what it takes the place of. Raises FileProblems."""
    return _tried_policy(visit, new) if new.is_policy else _tried_pack(visit, new)


def _tried_policy(visit: Visit, new: NewWording) -> Trial:
    """With a policy, every pack is read anew: what its rules may do and whom they may name rests on it."""
    settings = visit.desk.settings
    rulebook = _rulebook(visit, new)
    read, approvals = rulebook.policy, Approvals.load(settings.rules.approvals)
    last = approvals.last_of(settings.rules.policy.name)
    with visit.desk.database.read() as tx:
        before = _policy_before(tx, settings.rules.policy, approvals, last)
        old = replace(rulebook, policy=before or replace(read, approved_by=None, approved_on=None))
        tried, changed = _judged_by_both(tx, visit, old, rulebook)
    return Trial(
        title=read.title,
        name=read.id,
        against=_approved("the earlier wording", before) if before else None,
        changes=policy_changes(before, read),
        tried=tried,
        changed=changed,
        place=new_wordings.place_of_policy(settings),
    )


def _policy_before(tx: Tx, path: Path, approvals: Approvals, last: Approval | None) -> Policy | None:
    """The policy that is in force; if its file was changed since, as it was approved last, if that is kept."""
    there = load_policy(path, approvals)
    if there.in_force:
        return there
    return rulebooks.policy_as_approved(tx, last) if last else None


def _tried_pack(visit: Visit, new: NewWording) -> Trial:
    rulebook = _rulebook(visit, new)
    read = _pack(visit, rulebook, new)
    with visit.desk.database.read() as tx:
        before = _pack_before(tx, visit, rulebook, new, read)
        old = rulebooks.swapped(rulebook, [before] if before else [], out=[read.id])
        tried, changed = _judged_by_both(tx, visit, old, rulebooks.swapped(rulebook, [read]))
    return Trial(
        title=read.title,
        name=read.id,
        version=read.version,
        against=_approved(f"version {before.version}", before) if before else None,
        changes=rule_changes([before] if before else [], [read]),
        tried=tried,
        changed=changed,
        place=new_wordings.place_of_pack(visit.desk.settings, rulebook, read),
    )


def _pack_before(tx: Tx, visit: Visit, rulebook: Rulebook, new: NewWording, read: Pack) -> Pack | None:
    """The pack whose place it takes, as it is in force; if its file was changed since, as it was approved last."""
    approvals = Approvals.load(visit.desk.settings.rules.approvals)
    there = next((one for one in rulebook.packs if one.id == read.id), None)
    given = approvals.given(there.sha256) if there else None
    if there is not None and given is not None:
        return replace(there, approved_by=given.approved_by, approved_on=given.approved_on)
    last = approvals.last_of(there.name if there else new.path.name)
    return rulebooks.as_approved(tx, last, rulebook.ballot) if last else None


def _judged_by_both(tx: Tx, visit: Visit, old: Rulebook, new: Rulebook) -> tuple[int, list[Changed]]:
    """Judge the comments whose cases moved last by both; give how many, and those that come out otherwise."""
    moved = cases.latest_moves(tx, MOST_TRIED, visit.accounts())
    return len(moved), list(replays.rehearse(tx, old, new, moved))


def _approved(what: str, one: Pack | Policy) -> str:
    return f"{what}, approved by {one.approved_by} on {one.approved_on}"


def _kind(each: Changed) -> str:
    return f"{_decided(each.before)} → {_decided(each.after)}"


def _decided(verdict: Verdict) -> str:
    return str(verdict.action or verdict.outcome)


def _today(visit: Visit) -> date:
    return visit.now.astimezone(visit.desk.settings.zone).date()
