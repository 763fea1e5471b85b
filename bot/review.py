"""What people decide: raise, uphold, dismiss, restore. Their word is recorded first, and no rule undoes it (P6)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from archive import cases, evidence, orders, records, withheld
from archive.cases import Ground
from bot.domain.states import Event, State, allows
from bot.domain.types import Action, Agent, AgentKind, OrderStatus, Role, Speaker
from rules.match.score import score_of

if TYPE_CHECKING:
    from datetime import datetime

    from archive.cases import Case
    from archive.database import Tx
    from bot.domain.types import Category, Ref

WITH_COUNSEL = frozenset({"C8", "C10"})
"""Clauses on which staff decide only together with the City Attorney: who owns what, and what is false, are law."""

DECIDERS = frozenset({Role.REVIEWER, Role.PIO, Role.SOCIAL_MEDIA_MANAGER})
"""Whose word decides a case."""

MOST_RANKED = 2_000  # cases that are put in the order of their scores; the others come when these are decided


class NotPossible(Exception):
    """The case does not stand where this can be decided. The text says where it stands and what is possible."""


def person(name: str) -> Agent:
    """A person, by the name that goes into the record."""
    return Agent(kind=AgentKind.PERSON, name=name)


def refer(  # noqa: PLR0913  what, under what, who, why and when
    tx: Tx, ref: Ref, *, category: Category, who: str, why: str, now: datetime
) -> None:
    """Ask for a decision on a comment under one clause of the policy, whatever rules made of it.

    A comment that waits for a decision already gets this clause. Raises `NotPossible` for one that is on its way to be
    hidden, is hidden or gone, and for the City's own.
    """
    case = _case(tx, ref)
    if case.state is not State.IN_REVIEW and not allows(case.state, Event.REFERRED):
        raise _not_possible(case, "raised")
    if records.comment(tx, ref, case.revision).speaker is Speaker.CITY:
        message = f"{ref} was written by a City account, which is never judged as the public is"
        raise NotPossible(message)
    cases.name_ground(tx, ref, case.revision, _ground(category, who, why, now))
    if case.state is not State.IN_REVIEW:
        because = f"raised by {who} under {category.code}: {why}"
        cases.advance(tx, ref, Event.REFERRED, agent=person(who), now=now, why=because)


def waiting(tx: Tx, limit: int, *, by_score: bool = False) -> list[Case]:
    """Give cases that wait for a person: urgent ones first, then the longest waiting.

    With `by_score`, those that a model thinks likeliest come before the others that are not urgent: a score may rank
    the queue, and no more.
    """
    if not by_score:
        return cases.in_review(tx, limit)
    return sorted(cases.in_review(tx, MOST_RANKED), key=lambda case: _rank(tx, case))[:limit]


def _rank(tx: Tx, case: Case) -> tuple[bool, float]:
    stored = cases.verdict_on(tx, case.ref, case.revision)
    counting = [match for match in stored.verdict.matches if not match.shadow] if stored else []
    likeliest = max((score_of(match) or 0.0 for match in counting), default=0.0)
    return not any(match.urgent for match in counting), -likeliest


def uphold(  # noqa: PLR0913  a decision is all of this
    tx: Tx, ref: Ref, *, who: str, why: str, now: datetime, category: Category | None = None, counsel: str = ""
) -> None:
    """Decide that the comment is to be hidden: it will be captured, sealed and hidden in that order.

    `category`: under which clause, if not under the one it was raised under or those that rules cite. `counsel`: who
    in the City Attorney's office agreed; needed where `WITH_COUNSEL` says so. Raises `NotPossible`.
    """
    case = _case(tx, ref)
    if not allows(case.state, Event.MARKED):
        raise _not_possible(case, "upheld")
    if withheld.is_withheld(tx, ref):
        message = f"{ref} cannot be hidden by citymod: {withheld.WHY_NOT}. Report it on the platform itself"
        raise NotPossible(message)
    raised = cases.ground(tx, ref, case.revision)
    ground = _ground(category, who, why, now) if category else raised
    if ground is None and not clauses_for(tx, case):
        message = f"no rule met {ref} and nobody raised it, so a reason of the policy is missing; name it with --clause"
        raise NotPossible(message)
    if ground:
        if ground.clause in WITH_COUNSEL and not counsel.strip():
            message = f"{ground.clause} is decided together with the City Attorney; say who agreed with --counsel"
            raise NotPossible(message)
        decided = replace(ground, agent=person(who), why=why, at=now, counsel=counsel.strip())
        cases.name_ground(tx, ref, case.revision, decided)
    cases.record_decision(tx, ref, case.revision, "uphold", person(who), why, now)
    cases.advance(tx, ref, Event.MARKED, agent=person(who), now=now, why=why)


def dismiss(tx: Tx, ref: Ref, *, who: str, why: str, now: datetime) -> None:
    """Decide that this wording may stand. Undoes what is on its way; a comment that we hid is ordered shown again."""
    case = _case(tx, ref)
    if not allows(case.state, Event.DISMISSED):
        raise _not_possible(case, "dismissed")
    cases.record_decision(tx, ref, case.revision, "dismiss", person(who), why, now)
    latest = orders.latest(tx, ref)
    if latest is not None and latest.status is OrderStatus.WAITING:
        orders.cancel(tx, latest, f"dismissed by {who}", now)
    cases.advance(tx, ref, Event.DISMISSED, agent=person(who), now=now, why=why)
    if orders.hidden_by_us(tx, ref):
        _order_restored(tx, ref, who, now)


def restore(tx: Tx, ref: Ref, *, who: str, why: str, now: datetime) -> None:
    """Order that a comment which this program hid is shown again. The wording counts as dismissed from now on."""
    case = _case(tx, ref)
    if case.state is not State.ENFORCED or not orders.hidden_by_us(tx, ref):
        raise _not_possible(case, "restored")
    cases.record_decision(tx, ref, case.revision, "restore", person(who), why, now)
    _order_restored(tx, ref, who, now)


def _ground(category: Category, who: str, why: str, now: datetime) -> Ground:
    return Ground(clause=category.code, title=category.clause, quoted=category.text, agent=person(who), why=why, at=now)


def clauses_for(tx: Tx, case: Case) -> frozenset[str]:
    """The clauses that would carry a decision to hide it (P5): the one that a person named, else those of the rules.

    Only rules with effect count, and only what they met in this very wording.
    """
    ground = cases.ground(tx, case.ref, case.revision)
    if ground is not None:
        return frozenset({ground.clause})
    stored = cases.verdict_on(tx, case.ref, case.revision)
    return frozenset(match.clause for match in stored.verdict.matches if not match.shadow) if stored else frozenset()


def _order_restored(tx: Tx, ref: Ref, who: str, now: datetime) -> None:
    """Place the reverse of the order that hid it, on the same evidence. Raises `NotPossible`."""
    if withheld.is_withheld(tx, ref):
        message = f"{ref} is not shown again: {withheld.NOT_CARRIED_OUT}"
        raise NotPossible(message)
    sealed = evidence.latest(tx, ref)
    if sealed is None:
        message = f"{ref} has no sealed evidence, so this program cannot have hidden it; look at it on the platform"
        raise NotPossible(message)
    orders.place(
        tx,
        ref=ref,
        revision=sealed.revision,
        evidence_id=sealed.id,
        action=Action.RESTORE,
        agent=person(who),
        now=now,
    )


def _case(tx: Tx, ref: Ref) -> Case:
    case = cases.case(tx, ref)
    if case is None:
        message = f"there is no case {ref}; `citymod review list` names those that wait"
        raise NotPossible(message)
    return case


def _not_possible(case: Case, verb: str) -> NotPossible:
    return NotPossible(
        f"{case.ref} cannot be {verb}: it is {case.state} since {case.since:%Y-%m-%d %H:%M} UTC ({case.why})"
    )
