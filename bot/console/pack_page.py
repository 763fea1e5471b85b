"""A rule pack before it takes effect: what is otherwise in it, which comments it would decide otherwise, and approval.

Nothing is tried on the record but in memory. What is shown goes through the same code as `citymod rules diff`, `replay`
and `approve`. Where this process may not write, as under systemd, the page gives the commands instead.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from starlette.datastructures import UploadFile

from archive import cases, ledger
from bot import new_packs, replays, rulebooks
from bot.console.door import Refused
from bot.judging import rulebook_for_judging
from bot.review import person
from rules.load import Approvals, FileProblems
from rules.replay import rule_changes

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from starlette.responses import Response

    from archive.database import Tx
    from bot.console.desk import Visit
    from bot.domain.types import Verdict
    from bot.new_packs import NewPack
    from bot.parts import Rulebook
    from bot.rulebooks import Changed
    from rules.model import Pack
    from rules.replay import RuleChange

MOST_TRIED = 2_000
"""So many comments are judged by both: those whose cases moved last."""
MOST_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a pack would change: its rules against those of `before`, and what becomes of comments, by kind."""

    pack: Pack
    before: Pack | None
    changes: list[RuleChange]
    tried: int
    kinds: list[tuple[str, int]]
    examples: list[tuple[Changed, str]]
    place: Path | None


def pack(visit: Visit) -> Response:
    """Show what a pack would change, or all that is wrong with it."""
    new = _wanted(visit, visit.asked("sha256"))
    trial, problems = _tried_or_wrong(visit, new)
    approvals = visit.desk.settings.rules.approvals
    place = trial.place if trial else None
    by, on = visit.someone.name, _today(visit)
    return visit.page(
        "pack.html.j2",
        409 if problems else 200,
        new=new,
        trial=trial,
        problems=problems,
        writes=bool(place and approvals and new_packs.may_write(place, approvals)),
        commands=new_packs.commands(new, place, approvals, by=by, on=on) if approvals else [],
        today=on,
        most=MOST_TRIED,
    )


def bring(visit: Visit) -> Response:
    """Take a pack's file to be tried."""
    file = visit.form.get("pack")
    if not isinstance(file, UploadFile) or not file.filename:
        raise Refused(409, "Choose the pack’s file. Nothing was kept.")
    try:
        new = new_packs.bring(visit.desk.settings, file.filename, file.file.read())
    except ValueError as error:
        raise Refused(409, f"{error}. Nothing was kept.") from error
    visit.words = f"{new.path.name} {new.sha256}"
    return visit.go("/policy/pack", sha256=new.sha256)


def approve(visit: Visit) -> Response:
    """Put a pack in force in a person's name, and note on the ledger who did it, and why."""
    new, why, approvals = _wanted(visit, visit.said("sha256")), visit.said("why"), visit.desk.settings.rules.approvals
    if not why:
        raise Refused(409, "Say why; it goes into the record. Nothing was approved.")
    try:
        rulebook = _rulebook(visit)
        place = new_packs.place_of(visit.desk.settings, rulebook, _read(visit, rulebook, new))
    except FileProblems as wrong:
        raise Refused(409, f"It has to be right first. Nothing was approved. {wrong}") from wrong
    if place is None or approvals is None:
        raise Refused(409, "The settings name no file whose place it takes; its page says what to do.")
    by, on = visit.someone.name, _today(visit)
    detail = {"file": place.name, "sha256": new.sha256, "approved_by": by, "why": why}
    try:
        with visit.desk.database.begin() as tx:
            agent = person(visit.someone.login)
            ledger.append(tx, kind="pack.approved", agent=agent, at=visit.now, detail=detail)
            new_packs.put_in_force(new, place, approvals, by=by, on=on)  # if that fails, there is no such line
    except OSError as error:
        told = "; then ".join(new_packs.commands(new, place, approvals, by=by, on=on))
        message = f"The console may not write there ({error.strerror}). An administrator runs: {told}"
        raise Refused(409, message) from error
    return visit.go("/policy", done="pack-approved")


def _wanted(visit: Visit, sha256: str) -> NewPack:
    """The pack that an address or form names by its bytes. Raises Refused."""
    visit.words = sha256[:64]
    found = next((one for one in new_packs.waiting(visit.desk.settings) if one.sha256 == sha256), None)
    if found is None:
        raise Refused(404, "No such pack waits: it was approved, or its file is another now.")
    visit.words = f"{found.path.name} {sha256}"
    return found


def _tried_or_wrong(visit: Visit, new: NewPack) -> tuple[Trial | None, tuple[str, ...]]:
    try:
        return _tried(visit, new), ()
    except FileProblems as wrong:
        return None, wrong.problems


def _tried(visit: Visit, new: NewPack) -> Trial:
    """Read a pack, and judge comments by it and by what it takes the place of. Raises FileProblems."""
    settings = visit.desk.settings
    rulebook = _rulebook(visit)
    read = _read(visit, rulebook, new)
    place = new_packs.place_of(settings, rulebook, read)
    with visit.desk.database.read() as tx:
        before = _before(tx, visit, rulebook, new, read)
        old = rulebooks.swapped(rulebook, [before] if before else [], out=[read.id])
        moved = cases.latest_moves(tx, MOST_TRIED, visit.accounts())
        changed = list(replays.rehearse(tx, old, rulebooks.swapped(rulebook, [read]), moved))
    kinds = Counter(_kind(each) for each in changed)
    return Trial(
        pack=read,
        before=before,
        changes=rule_changes([before] if before else [], [read]),
        tried=len(moved),
        kinds=kinds.most_common(),
        examples=[(each, _kind(each)) for each in changed[:MOST_SHOWN]],
        place=place,
    )


def _rulebook(visit: Visit) -> Rulebook:
    settings = visit.desk.settings
    return rulebook_for_judging(settings, passed=settings.packs_passed)


def _read(visit: Visit, rulebook: Rulebook, new: NewPack) -> Pack:
    return rulebooks.on_trial(new.path, visit.desk.settings.rules, rulebook.policy, rulebook.ballot)


def _before(tx: Tx, visit: Visit, rulebook: Rulebook, new: NewPack, read: Pack) -> Pack | None:
    """The pack whose place it takes, as it is in force; if its file was changed since, as it was approved last."""
    approvals = Approvals.load(visit.desk.settings.rules.approvals)
    there = next((one for one in rulebook.packs if one.id == read.id), None)
    given = approvals.given(there.sha256) if there else None
    if there is not None and given is not None:
        return replace(there, approved_by=given.approved_by, approved_on=given.approved_on)
    last = approvals.last_of(there.name if there else new.path.name)
    return rulebooks.as_approved(tx, last, rulebook.ballot) if last else None


def _kind(each: Changed) -> str:
    return f"{_decided(each.before)} → {_decided(each.after)}"


def _decided(verdict: Verdict) -> str:
    return str(verdict.action or verdict.outcome)


def _today(visit: Visit) -> date:
    return visit.now.astimezone(visit.desk.settings.zone).date()
