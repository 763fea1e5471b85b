"""Carries out orders, and believes only what the platform shows: the verbs enforce and confirm."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from archive import accounts, cases, orders, outbox, records
from archive.ledger import DAEMON
from bot import letters
from bot.alarms import stop_account
from bot.domain.schedule import retry_at
from bot.domain.states import Event, State, allows
from bot.domain.types import Action, AgentKind, Mode, OrderStatus, Visibility
from bot.log import logger
from connectors.contract import Malformed, RateLimited, Refused, Transient, Unauthorised

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from archive.cases import Case
    from archive.database import Tx
    from bot.domain.types import Account, Order, Sighting
    from bot.parts import Parts

MOST_ATTEMPTS = 8
ENFORCED_AT_ONCE = 50
LOOKED_OVER_EVERY = timedelta(minutes=5)
"""How often an order that waits for staff is held against policy and mode again."""

log = logger("enforcing")


def waiting(parts: Parts, now: datetime) -> list[Order]:
    """Orders that may be tried now. Accounts that are stopped, limited or paused must not crowd out the others."""
    return _waiting(parts, now, assisted=False)


def look_over_tasks(parts: Parts, now: datetime) -> None:
    """End the orders that staff were to carry out by hand and that case, policy or mode no longer carry."""
    for order in _waiting(parts, now, assisted=True):
        with parts.database.begin() as tx:
            if _still_wanted(parts, tx, order, now):
                orders.put_off(tx, order, now + LOOKED_OVER_EVERY, "staff do this by hand: citymod tasks list", now)


def enforce(parts: Parts, order: Order, clock: Callable[[], datetime]) -> bool:
    """Carry out one order if nothing speaks against it at this very moment; give whether it is now confirmed.

    Looks first, always: the comment may have been edited, deleted, or dealt with by staff, and an earlier attempt may
    have worked although its answer was lost.
    """
    key = _key(order)
    account = parts.settings.entry(key).account
    connector = parts.actors[key]
    try:
        with parts.database.begin() as tx:
            if not _still_wanted(parts, tx, order, clock()):
                return False
        before = connector.look(order.ref, now=clock())
        if _settled(parts, account, order, before, clock()):
            return True
        with parts.database.begin() as tx:
            if not _may_begin(parts, tx, order, clock()):
                return False
            orders.begin_attempt(tx, order, clock())
        if parts.switch.file_says():
            _end_attempt(parts, order, "paused before the call", None, clock())
            return False
        answered = connector.act(order.ref, order.action, now=clock())
        _end_attempt(parts, order, "taken", answered, clock())
        return _settled(parts, account, order, connector.look(order.ref, now=clock()), clock())
    except Transient as error:
        until = retry_at(order.attempts + 2, clock())
        _put_off(parts, order, f"Transient: {error}", until, clock())
    except RateLimited as error:
        with parts.database.begin() as tx:
            accounts.limit_acting(tx, key, error.until, str(error), clock())
        _put_off(parts, order, f"RateLimited: {error}", error.until, clock())
    except Refused as error:
        _refuse(parts, order, f"{account.platform} refused: {error}", clock())
    except (Unauthorised, Malformed) as error:
        _end_attempt(parts, order, f"{type(error).__name__}: {error}", None, clock())
        stop_account(parts, account, error, clock())
    return False


def _waiting(parts: Parts, now: datetime, *, assisted: bool) -> list[Order]:
    keys = [key for key, actor in parts.actors.items() if actor.can.assisted is assisted]
    if not keys:
        return []
    with parts.database.read() as tx:
        free = [key for key in keys if _free_to_act(parts, tx, key, now)]
        return orders.waiting(tx, now=now, limit=ENFORCED_AT_ONCE, accounts=free) if free else []


def _still_wanted(parts: Parts, tx: Tx, order: Order, now: datetime) -> bool:
    """Cancel or refuse an order that its case, the policy or the mode no longer carry; hold one that is paused."""
    case = cases.case(tx, order.ref)
    if order.action is Action.RESTORE:
        return _free_to_act(parts, tx, _key(order), now)
    if case is None or case.state is not State.SECURED or case.revision != order.revision:
        orders.cancel(tx, order, f"the case is {case.state if case else 'unknown'} now", now)
        return False
    if order.agent.kind is AgentKind.RULE:
        why = _withdrawn(parts, case)
        if why:
            _leave_to_a_person(tx, order, why, now)
            return False
    return _free_to_act(parts, tx, _key(order), now)


def _withdrawn(parts: Parts, case: Case) -> str | None:
    """Why rules may no longer act on this account, if they may not."""
    if not parts.rulebook.policy.in_force:
        return "the policy is no longer approved in its present wording"
    mode = parts.settings.entry(case.account_key).mode
    if mode is not Mode.ENFORCE:
        return f"the account is in {mode} mode now"
    return None


def _free_to_act(parts: Parts, tx: Tx, key: str, now: datetime) -> bool:
    """Whether acting on an account is neither paused, nor stopped, nor limited by its platform."""
    if parts.switch.pulled(tx, key, now):
        return False
    standing = accounts.standing(tx, key)
    return (
        standing is not None
        and not standing.stopped_why
        and not (standing.act_not_before and standing.act_not_before > now)
    )


def _may_begin(parts: Parts, tx: Tx, order: Order, now: datetime) -> bool:
    """Ask once more, in the transaction that begins the attempt, whether it may begin."""
    if not _still_wanted(parts, tx, order, now):
        return False
    tried = orders.tried(tx, order)
    if tried >= MOST_ATTEMPTS:
        _leave_to_a_person(tx, order, f"{tried} attempts did not change what the platform shows", now)
        return False
    if order.action is Action.DELETE and not outbox.accepted(tx, letters.evidence_key(order.evidence)):
        orders.put_off(tx, order, retry_at(1, now), "deleting waits until the evidence mail is accepted", now)
        return False
    return True


def _settled(parts: Parts, account: Account, order: Order, seen: Sighting, now: datetime) -> bool:
    """Record what the platform shows; confirm the order if that is what it asked for. Gives whether it is confirmed."""
    with parts.database.begin() as tx:
        current = orders.order(tx, order.id)
        if current is None or current.status is not OrderStatus.WAITING:
            return False
        basis = _basis(parts, tx, current, seen)
        if basis:
            orders.confirm(tx, current, basis=basis, now=now)
            _record_effect(tx, current, basis, now)
            records.sight(tx, seen, account=account, now=now)
            log.info("confirmed", ref=str(order.ref), action=str(order.action), basis=basis)
            return True
        records.sight(tx, seen, account=account, now=now)
        if seen.visibility is Visibility.HIDDEN and current.action is Action.HIDE:
            why = "it is hidden already, not by this program: by staff or the platform, or with what it answers"
            _leave_to_a_person(tx, current, why, now)
    return False


def _basis(parts: Parts, tx: Tx, order: Order, seen: Sighting) -> str | None:
    """What proves that the order is carried out: ``look``, ``answer`` (where looking cannot tell), or nothing."""
    begun = order.attempts > 0
    wanted = {Action.HIDE: Visibility.HIDDEN, Action.DELETE: Visibility.GONE, Action.RESTORE: Visibility.VISIBLE}
    if seen.visibility is wanted[order.action]:
        ours = begun or order.action is Action.RESTORE or orders.hidden_by_us(tx, order.ref)
        return "look" if ours else None
    key = _key(order)
    blind = seen.visibility is Visibility.UNKNOWN and not parts.actors[key].can.sees_visibility
    same = seen.revision in (None, order.revision)
    if blind and same and orders.answered(tx, order) is wanted[order.action]:
        return "answer"
    return None


def _record_effect(tx: Tx, order: Order, basis: str, now: datetime) -> None:
    event = Event.RESTORED if order.action is Action.RESTORE else Event.ENFORCED
    case = cases.case(tx, order.ref)
    if case is not None and allows(case.state, event):
        why = {"look": "the platform shows it so", "answer": "the platform's answer says so; it cannot be looked up"}
        detail = {"order": order.id, "basis": basis}
        cases.advance(tx, order.ref, event, agent=order.agent, now=now, why=why[basis], detail=detail)


def _end_attempt(parts: Parts, order: Order, outcome: str, answered: Visibility | None, now: datetime) -> None:
    with parts.database.begin() as tx:
        if orders.unfinished(tx, order):
            orders.end_attempt(tx, order, now, outcome, answered)


def _put_off(parts: Parts, order: Order, why: str, until: datetime, now: datetime) -> None:
    _end_attempt(parts, order, why, None, now)
    with parts.database.begin() as tx:
        orders.put_off(tx, order, until, why, now)
    log.warning("put off", ref=str(order.ref), why=why, until=until.isoformat())


def _refuse(parts: Parts, order: Order, why: str, now: datetime) -> None:
    _end_attempt(parts, order, why, None, now)
    with parts.database.begin() as tx:
        _leave_to_a_person(tx, order, why, now)
    log.warning("refused", ref=str(order.ref), why=why)


def _leave_to_a_person(tx: Tx, order: Order, why: str, now: datetime) -> None:
    """End an order that cannot be carried out; its case waits for a person."""
    orders.refuse(tx, order, why, now)
    case = cases.case(tx, order.ref)
    if order.action is not Action.RESTORE and case is not None and allows(case.state, Event.REFUSED):
        cases.advance(tx, order.ref, Event.REFUSED, agent=DAEMON, now=now, why=why)


def _key(order: Order) -> str:
    return f"{order.ref.platform}:{order.ref.account}"
