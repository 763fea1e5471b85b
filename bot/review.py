"""What people decide on cases: uphold, dismiss, restore. Their word is recorded first, and no rule undoes it (P6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive import cases, evidence, orders
from bot.domain.states import Event, State, allows
from bot.domain.types import Action, Agent, AgentKind, OrderStatus

if TYPE_CHECKING:
    from datetime import datetime

    from archive.cases import Case
    from archive.database import Tx
    from bot.domain.types import Ref


class NotPossible(Exception):
    """The case does not stand where this can be decided. The text says where it stands and what is possible."""


def person(name: str) -> Agent:
    """A person, by the name that goes into the record."""
    return Agent(kind=AgentKind.PERSON, name=name)


def uphold(tx: Tx, ref: Ref, *, who: str, why: str, now: datetime) -> None:
    """Decide that the comment is to be hidden: it will be captured, sealed and hidden in that order."""
    case = _case(tx, ref)
    if not allows(case.state, Event.MARKED):
        raise _not_possible(case, "upheld")
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


def _order_restored(tx: Tx, ref: Ref, who: str, now: datetime) -> None:
    """Place the reverse of the order that hid it, on the same evidence."""
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
