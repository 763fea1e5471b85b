"""Orders: the intent to act, placed on sealed evidence, attempted, and ended by the platform's word or a reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, Select, func, insert, or_, select, update

from archive import cases, ledger, tables
from archive.cases import CaseMoved, by_kind
from archive.stored import new_id
from bot.domain.types import Action, Agent, AgentKind, Ask, Order, OrderStatus, Visibility

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from archive.cases import Decision
    from archive.database import Tx
    from bot.domain.types import Match, Ref

ATTESTED = "attested"
"""The basis of an order that a person says they carried out by hand, where no program can look."""

HELD = "held: its clause is paused, or the account's page does not link the policy"

_order = tables.order_.c
_attempt = tables.attempt.c
_ended = tables.attempt.alias("ended")


class OrderMoved(Exception):
    """The order is no longer as the caller saw it: ended, or attempted by another. Nothing has changed."""

    def __init__(self, order: Order, what: str) -> None:
        """Name the order, and what could not be done to it."""
        super().__init__(f"order {order.id} on {order.ref} cannot be {what}: it has changed in the meantime")
        self.order = order


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How many orders of one kind wait on one account, and since when the oldest does."""

    account: str
    action: Action
    number: int
    oldest: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasons:
    """Why an order exists: the matches that counted in the verdict on its wording, and what a person decided."""

    order: Order
    matches: tuple[Match, ...]
    decided: Decision | None


# Placing, attempting, ending ------------------------------------------------------------------------------------------


def place(  # noqa: PLR0913 - an order is who, what, and on which evidence
    tx: Tx, *, ref: Ref, revision: str, evidence_id: str, action: Action, agent: Agent, now: datetime
) -> Order:
    """Place an order on sealed evidence of that very revision, in place of any that still waits for this comment.

    Raises `CaseMoved` if the comment has other words now (showing it again is possible all the same), and
    sqlalchemy's IntegrityError if there is no such evidence: the database itself refuses.
    """
    present = cases.case(tx, ref)
    if present is None or (action is not Action.RESTORE and present.revision != revision):
        raise CaseMoved(ref, "the comment was edited after this wording was captured")
    cancel_waiting(tx, ref, "a newer order takes its place", now)
    id_ = new_id(now)
    entry = ledger.append(
        tx,
        kind="order.placed",
        ref=ref,
        agent=agent,
        at=now,
        detail={"order": id_, "action": action, "evidence": evidence_id, "revision": revision},
    )
    tx.execute(
        insert(tables.order_).values(
            id=id_,
            ref=ref,
            revision=revision,
            evidence=evidence_id,
            account=present.account_key,
            action=action,
            agent=agent,
            placed_at=now,
            placed_by=entry.seq,
            attempts=0,
            status=OrderStatus.WAITING,
        )
    )
    return _known(tx, id_)


def begin_attempt(tx: Tx, order: Order, now: datetime) -> int:
    """Write down that the platform is about to be called; give the attempt's number, from 1. Commit before calling.

    Raises `OrderMoved` if the order has ended or another has begun an attempt since it was read.
    """
    number = order.attempts + 1
    begun = tx.execute(
        update(tables.order_)
        .where(_order.id == order.id, _order.status == OrderStatus.WAITING, _order.attempts == order.attempts)
        .values(attempts=number)
    )
    if begun.rowcount != 1:
        raise OrderMoved(order, "attempted")
    row = {"order": order.id, "number": number, "stage": "begun", "at": now}
    _note(tx, order, "attempt.begun", now, rows=[(tables.attempt, row)], attempt=number)
    return number


def end_attempt(tx: Tx, order: Order, now: datetime, outcome: str, answered: Visibility | None) -> None:
    """Write down how the attempt that is under way ended, and what the platform's answer said of the comment.

    Raises `OrderMoved` if none is under way.
    """
    number = _open_attempt(tx, order)
    if number is None:
        raise OrderMoved(order, "ended")
    row = {
        "order": order.id,
        "number": number,
        "stage": "ended",
        "at": now,
        "outcome": outcome,
        "answered": answered,
    }
    rows = [(tables.attempt, row)]
    _note(tx, order, "attempt.ended", now, rows=rows, attempt=number, outcome=outcome, answered=answered)


def confirm(tx: Tx, order: Order, *, basis: str, now: datetime) -> None:
    """End an order as carried out; `basis` says how that is known: ``look``, or ``answer`` where nobody can look.

    `ATTESTED` is a person's word, and the ledger calls it that. Raises `OrderMoved` if it has ended already.
    """
    if not _end(tx, order, OrderStatus.CONFIRMED, now, basis=basis):
        raise OrderMoved(order, "confirmed")
    _note(tx, order, "order.attested" if basis == ATTESTED else "order.confirmed", now, basis=basis)


def refuse(tx: Tx, order: Order, why: str, now: datetime) -> bool:
    """End an order that cannot be carried out. Gives False, and changes nothing, if it has ended already."""
    refused = _end(tx, order, OrderStatus.REFUSED, now, why=why)
    if refused:
        _note(tx, order, "order.refused", now, why=why)
    return refused


def cancel(tx: Tx, order: Order, why: str, now: datetime) -> bool:
    """End an order that is no longer wanted. Gives False, and changes nothing, if it has ended already."""
    cancelled = _end(tx, order, OrderStatus.CANCELLED, now, why=why)
    if cancelled:
        _note(tx, order, "order.cancelled", now, why=why)
    return cancelled


def cancel_waiting(tx: Tx, ref: Ref, why: str, now: datetime, *, actions: Collection[Action] = tuple(Action)) -> None:
    """Cancel the order that waits for this comment, if one does and it asks for one of `actions`."""
    waits = waiting_for(tx, ref)
    if waits is not None and waits.action in actions:
        cancel(tx, waits, why, now)


def put_off(tx: Tx, order: Order, until: datetime, why: str, now: datetime) -> None:
    """Do not try an order again before `until`. Attempts are in the ledger; waiting needs no line of its own."""
    del now
    tx.execute(
        update(tables.order_)
        .where(_order.id == order.id, _order.status == OrderStatus.WAITING)
        .values(not_before=until, why=why)
    )


def hold(tx: Tx, order: Order, until: datetime, now: datetime) -> None:
    """Hold an order until then or until `release`, so that it does not crowd out others."""
    put_off(tx, order, until, HELD, now)


def release(tx: Tx) -> None:
    """Let what pauses of clauses held be tried at once; whatever a pause still stops is held again."""
    held = (_order.status == OrderStatus.WAITING, _order.why == HELD)
    tx.execute(update(tables.order_).where(*held).values(not_before=None, why=None))


# Asking ---------------------------------------------------------------------------------------------------------------


def order(tx: Tx, id: str) -> Order | None:  # noqa: A002 - the noun's own word
    """Give an order, or None if there is no such."""
    row = tx.execute(select(tables.order_).where(_order.id == id)).one_or_none()
    return _read(row) if row else None


def waiting(tx: Tx, *, now: datetime, limit: int, accounts: Collection[str] | None = None) -> list[Order]:
    """Give up to `limit` orders that may be tried now, oldest first; only those of these account keys."""
    query = select(tables.order_).where(
        _order.status == OrderStatus.WAITING, or_(_order.not_before.is_(None), _order.not_before <= now)
    )
    if accounts is not None:
        query = query.where(_order.account.in_(accounts))
    return _orders(tx, query.order_by(_order.placed_at, _order.placed_by).limit(limit))


def accounts_waiting(tx: Tx, *, now: datetime) -> set[str]:
    """Give the keys of the accounts on which some order may be tried now."""
    due = or_(_order.not_before.is_(None), _order.not_before <= now)
    query = select(_order.account).where(_order.status == OrderStatus.WAITING, due).distinct()
    return set(tx.execute(query).scalars())


def waiting_for(tx: Tx, ref: Ref) -> Order | None:
    """Give the order that waits for this comment, if one does; there is never more than one."""
    query = select(tables.order_).where(_order.ref == ref, _order.status == OrderStatus.WAITING)
    row = tx.execute(query).one_or_none()
    return _read(row) if row else None


def latest(tx: Tx, ref: Ref) -> Order | None:
    """Give the order that was last placed for this comment."""
    query = select(tables.order_).where(_order.ref == ref).order_by(_order.placed_by.desc()).limit(1)
    row = tx.execute(query).one_or_none()
    return _read(row) if row else None


def all_with(tx: Tx, status: OrderStatus | None = None) -> list[Order]:
    """Give every order, or every order of one status, in the order in which they were placed."""
    query = select(tables.order_).order_by(_order.placed_by)
    return _orders(tx, query if status is None else query.where(_order.status == status))


def unfinished(tx: Tx, order: Order) -> bool:
    """Whether an attempt began whose end nobody wrote down: the platform may or may not have been called."""
    return _open_attempt(tx, order) is not None


def tried(tx: Tx, order: Order) -> int:
    """How many attempts came to an end, well or badly. One cut off by a crash says nothing about the platform."""
    query = select(func.count()).where(_attempt.order == order.id, _attempt.stage == "ended")
    return int(tx.execute(query).scalar_one())


def answered(tx: Tx, order: Order) -> Visibility | None:
    """Give what the platform's answer to the last ended attempt said of the comment, if it said anything."""
    query = select(_attempt.answered).where(_attempt.order == order.id, _attempt.stage == "ended")
    return tx.execute(query.order_by(_attempt.number.desc()).limit(1)).scalar_one_or_none()


def carried_out(tx: Tx, ref: Ref) -> Order | None:
    """Give the order that was carried out last for this comment."""
    query = select(tables.order_).where(_order.ref == ref, _order.status == OrderStatus.CONFIRMED)
    row = tx.execute(query.order_by(_order.ended_at.desc(), _order.placed_by.desc()).limit(1)).one_or_none()
    return _read(row) if row else None


def basis(tx: Tx, order: Order) -> str | None:
    """Give how it is known that an order was carried out; None if it was not."""
    found: str | None = tx.execute(select(_order.basis).where(_order.id == order.id)).scalar_one_or_none()
    return found


def ended_at(tx: Tx, order: Order) -> datetime | None:
    """Give when an order ended; None while it waits."""
    at: datetime | None = tx.execute(select(_order.ended_at).where(_order.id == order.id)).scalar_one()
    return at


def ending_in(tx: Tx, letters: str) -> Order | None:
    """Give the order to hide whose identifier ends in a hyphen and these letters; None for none or for several."""
    query = select(tables.order_).where(
        _order.id.endswith(f"-{letters}", autoescape=True), _order.action == Action.HIDE
    )
    found = _orders(tx, query.limit(2))
    return found[0] if len(found) == 1 else None


def placed_at(tx: Tx, order: Order) -> datetime:
    """Give when an order was placed."""
    at: datetime = tx.execute(select(_order.placed_at).where(_order.id == order.id)).scalar_one()
    return at


def hidden_by_us(tx: Tx, ref: Ref) -> bool:
    """Whether this program hid the comment and nothing has shown it again since: no order of ours, no person there."""
    last = carried_out(tx, ref)
    if last is None or last.action is not Action.HIDE:
        return False
    sighting = tables.sighting.c
    ended = select(_order.ended_at).where(_order.id == last.id).scalar_subquery()
    shown = select(1).where(sighting.ref == ref, sighting.visibility == Visibility.VISIBLE, sighting.seen_at > ended)
    return tx.execute(shown.limit(1)).first() is None


def used_since(tx: Tx, account_key: str, since: datetime) -> int:
    """Count the orders that rules placed on an account since then; the day's budget is counted in these."""
    query = select(func.count()).where(
        _order.account == account_key, _order.placed_at >= since, by_kind(tables.order_, AgentKind.RULE)
    )
    return int(tx.execute(query).scalar_one())


def tally_waiting(tx: Tx) -> list[Waiting]:
    """Give what waits, by account and action."""
    query = select(
        _order.account, _order.action, func.count().label("number"), func.min(_order.placed_at).label("oldest")
    )
    query = query.where(_order.status == OrderStatus.WAITING).group_by(_order.account, _order.action)
    return [Waiting(**row._mapping) for row in tx.execute(query.order_by(_order.account, _order.action))]  # noqa: SLF001


def under_way(tx: Tx, since: datetime) -> int:
    """Count the attempts that began since then and whose end is not written down yet."""
    ended = select(1).where(
        _ended.c.order == _attempt.order, _ended.c.number == _attempt.number, _ended.c.stage == "ended"
    )
    query = select(func.count()).where(_attempt.stage == "begun", _attempt.at >= since, ~ended.exists())
    return int(tx.execute(query).scalar_one())


def clauses(tx: Tx, order: Order) -> frozenset[str]:
    """Give the clauses that an order rests on: the one a person named, else those of the rules that asked to act.

    Where a person upheld what no rule would act on, those of all rules that matched.
    """
    ground = cases.ground(tx, order.ref, order.revision)
    if order.agent.kind is AgentKind.PERSON and ground:
        return frozenset({ground.clause})
    stored = cases.verdict_on(tx, order.ref, order.revision)
    counting = [match for match in stored.verdict.matches if not match.shadow] if stored else []
    acting = [match for match in counting if match.ask is not Ask.REVIEW]
    return frozenset(match.clause for match in acting or counting)


def reasons(tx: Tx, ref: Ref) -> list[Reasons]:
    """Give why each order for this comment exists, in the order in which they were placed."""
    placed = _orders(tx, select(tables.order_).where(_order.ref == ref).order_by(_order.placed_by))
    return [_reasons(tx, each) for each in placed]


def _reasons(tx: Tx, order: Order) -> Reasons:
    stored = cases.verdict_on(tx, order.ref, order.revision)
    return Reasons(
        order=order,
        matches=tuple(match for match in stored.verdict.matches if not match.shadow) if stored else (),
        decided=cases.latest_decision(tx, order.ref, order.revision),
    )


def _open_attempt(tx: Tx, order: Order) -> int | None:
    """The number of the last attempt, if it has no end. One before it that a crash cut off never gets one."""
    stages = select(_attempt.number, _attempt.stage).where(_attempt.order == order.id)
    last = tx.execute(stages.order_by(_attempt.number.desc(), _attempt.stage.desc()).limit(1)).one_or_none()
    return last.number if last and last.stage == "begun" else None


def _end(tx: Tx, order: Order, status: OrderStatus, now: datetime, **values: Any) -> bool:
    ended = tx.execute(
        update(tables.order_)
        .where(_order.id == order.id, _order.status == OrderStatus.WAITING)
        .values(status=status, ended_at=now, not_before=None, **values)
    )
    return ended.rowcount == 1


def _note(tx: Tx, order: Order, kind: str, now: datetime, *, rows: Any = (), **detail: Any) -> None:
    """Write a line about an order; it says again what was ordered and by whom, so that it can be read alone."""
    said = {"order": order.id, "action": order.action, "by": str(order.agent), "evidence": order.evidence, **detail}
    ledger.append(tx, kind=kind, ref=order.ref, agent=ledger.DAEMON, at=now, detail=said, rows=rows)


def _known(tx: Tx, id_: str) -> Order:
    found = order(tx, id_)
    if found is None:
        message = f"there is no order {id_}"
        raise LookupError(message)
    return found


def _orders(tx: Tx, query: Select[Any]) -> list[Order]:
    return [_read(row) for row in tx.execute(query)]


def _read(row: Row[Any]) -> Order:
    return Order(
        id=row.id,
        ref=row.ref,
        revision=row.revision,
        evidence=row.evidence,
        action=row.action,
        agent=row.agent,
        attempts=row.attempts,
        not_before=row.not_before,
        status=row.status,
    )
