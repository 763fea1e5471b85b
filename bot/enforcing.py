"""Carries out orders, and believes only what the platform shows: the verbs enforce and confirm."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from archive import accounts, cases, orders, outbox, records, withheld
from archive.ledger import DAEMON
from bot import kept_copy, letters
from bot.alarms import stop_account
from bot.domain.schedule import retry_at
from bot.domain.states import Event, State, allows
from bot.domain.types import Action, AgentKind, Mode, OrderStatus, Visibility
from bot.homepages import acting_held
from bot.log import logger
from connectors.contract import (
    ActsOnMany,
    ConnectorError,
    Malformed,
    RateLimited,
    Refused,
    Transient,
    Unauthorised,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from archive.cases import Case
    from archive.database import Tx
    from bot.domain.types import Account, Order, Ref, Sighting
    from bot.parts import Parts
    from connectors.contract import Connector

MOST_ATTEMPTS = 8
ENFORCED_AT_ONCE = 200
LOOKED_AT_MOST = timedelta(seconds=10)
"""How old the first look of a group may be when the last is taken."""
CALLED_WITHIN = timedelta(seconds=10)
"""How soon after an attempt was written down its call is made, or else not at all."""
HELD_FOR = timedelta(seconds=30)
"""How long an order is left alone whose clause is paused, or whose account lacks the link to the policy."""
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


def together(parts: Parts, waits: Sequence[Order]) -> Iterator[list[Order]]:
    """Put orders into groups that one call can carry out: of one account and one action, where the platform can.

    Groups come in the order of their first members; where the platform acts on one comment at a time, each has one.
    What answers another comment of a group has a group of its own, since it may go from sight with what it answers.
    """
    alike: dict[tuple[str, Action, int], list[Order]] = {}
    for order in waits:
        connector = parts.actors[_key(order)]
        if isinstance(connector, ActsOnMany):
            alike.setdefault((_key(order), order.action, _depth(parts, order, waits)), []).append(order)
        else:
            alike[order.id, order.action, 0] = [order]
    for some in alike.values():
        connector = parts.actors[_key(some[0])]
        most = connector.most if isinstance(connector, ActsOnMany) else 1
        for at in range(0, len(some), most):
            yield some[at : at + most]


def _depth(parts: Parts, order: Order, waits: Sequence[Order]) -> int:
    """How many of the comments that this one stands below are to be acted on as well."""
    refs = {each.ref for each in waits}
    with parts.database.read() as tx:
        return sum(above.ref in refs for above in records.thread(tx, order.ref))


def enforce(parts: Parts, group: Sequence[Order], clock: Callable[[], datetime]) -> int:
    """Carry out a group of orders as far as nothing speaks against each at this very moment; count those confirmed.

    Each is looked at first, always: the comment may have been edited, deleted, or dealt with by staff, and an earlier
    attempt may have worked although its answer was lost. A copy that no other would outlast is not hidden. Each has its
    own attempt, written before the call, and its own read-back. Orders that are looked at too slowly are left to the
    next pass, so that no look is old at the call.
    """
    confirmed = 0
    ready: list[Order] = []
    begun = clock()
    for order in group:
        if ready and clock() - begun > LOOKED_AT_MOST:
            break
        with _failing(parts, order, clock):
            with parts.database.begin() as tx:
                if not _still_wanted(parts, tx, order, clock()):
                    continue
            if _overtaken(parts, order, clock):
                continue
            if _looked(parts, order, clock):
                confirmed += 1
            else:
                ready.append(order)
    with parts.database.begin() as tx:
        begun = clock()
        ready = [order for order in ready if _begun(parts, tx, order, begun)]
    why_not = _halted(parts, begun, clock())
    if why_not:
        for order in ready:
            _end_attempt(parts, order, why_not, None, clock())
        return confirmed
    taken = _act(parts, ready, clock) if ready else []
    return confirmed + _read_back(parts, taken, clock)


def _halted(parts: Parts, begun: datetime, now: datetime) -> str | None:
    """Why the call is not made after all, in the very last moment: by the pause file, or since this process slept.

    Others may think a daemon dead that sleeps; when it wakes, what it was about to do may be done and undone again.
    """
    if parts.switch.file_says():
        return "paused before the call"
    if not timedelta() <= now - begun <= CALLED_WITHIN:
        return f"not called: {(now - begun).total_seconds():.0f} s had passed since it was written down"
    return None


def _act(parts: Parts, group: Sequence[Order], clock: Callable[[], datetime]) -> list[Order]:
    """Make the call and write down how each attempt ended; give the orders that the platform took."""
    answers = _answers(parts.actors[_key(group[0])], group, clock())
    taken = []
    for order in group:
        with _failing(parts, order, clock):
            answered = answers[order.ref]
            if isinstance(answered, ConnectorError):
                raise answered
            _end_attempt(parts, order, "taken", answered, clock())
            taken.append(order)
    return taken


def _answers(connector: Connector, group: Sequence[Order], now: datetime) -> Mapping[Ref, Visibility | ConnectorError]:
    """What the platform says of each; an error of the call is one of each."""
    refs = [order.ref for order in group]
    try:
        if len(refs) > 1 and isinstance(connector, ActsOnMany):
            return connector.act_on(refs, group[0].action, now=now)
        return {refs[0]: connector.act(refs[0], group[0].action, now=now)}
    except ConnectorError as error:
        return dict.fromkeys(refs, error)


def _read_back(parts: Parts, taken: Sequence[Order], clock: Callable[[], datetime]) -> int:
    """Look at each; count those that the platform shows as ordered. What it does not show yet is looked at later.

    Once a look fails, the rest is left to the next pass, which looks before it does anything else.
    """
    confirmed = 0
    for order in taken:
        halted = True
        with _failing(parts, order, clock):
            if _looked(parts, order, clock):
                confirmed += 1
            else:
                with parts.database.begin() as tx:
                    orders.put_off(tx, order, retry_at(order.attempts + 1, clock()), "taken, not shown yet", clock())
            halted = False
        if halted:
            break
    return confirmed


def _looked(parts: Parts, order: Order, clock: Callable[[], datetime]) -> bool:
    """Look at the comment and record what is there; give whether that confirms the order."""
    key = _key(order)
    seen = parts.actors[key].look(order.ref, now=clock())
    return _settled(parts, parts.settings.entry(key).account, order, seen, clock())


def _overtaken(parts: Parts, order: Order, clock: Callable[[], datetime]) -> bool:
    """Take back an order to hide a copy if no other copy would be left, and let its case be judged again."""
    try:
        why = kept_copy.overtaken(parts, order, clock)
    except kept_copy.CannotTell as doubt:
        _refuse(parts, order, str(doubt), clock())
        return True
    if why is None:
        return False
    with parts.database.begin() as tx:
        orders.cancel(tx, order, why, clock())
        cases.advance(tx, order.ref, Event.RECONSIDERED, agent=DAEMON, now=clock(), why=why)
    log.info("taken back", ref=str(order.ref), why=why)
    return True


def _begun(parts: Parts, tx: Tx, order: Order, now: datetime) -> bool:
    """Begin the attempt, if it still may."""
    if not _may_begin(parts, tx, order, now):
        return False
    orders.begin_attempt(tx, order, now)
    return True


@contextmanager
def _failing(parts: Parts, order: Order, clock: Callable[[], datetime]) -> Iterator[None]:
    """Give each of the five errors its consequence for the order and its account."""
    account = parts.settings.entry(_key(order)).account
    try:
        yield
    except Transient as error:
        until = retry_at(order.attempts + 2, clock())
        _put_off(parts, order, f"Transient: {error}", until, clock())
    except RateLimited as error:
        with parts.database.begin() as tx:
            standing = accounts.standing(tx, account.key)
            if standing is None or not standing.act_not_before or standing.act_not_before < error.until:
                accounts.limit_acting(tx, account.key, error.until, str(error), clock())
        _put_off(parts, order, f"RateLimited: {error}", error.until, clock())
    except Refused as error:
        _refuse(parts, order, f"{account.platform} refused: {error}", clock())
    except (Unauthorised, Malformed) as error:
        _end_attempt(parts, order, f"{type(error).__name__}: {error}", None, clock())
        with parts.database.read() as tx:
            standing = accounts.standing(tx, account.key)
        if standing is None or not standing.stopped_why:
            stop_account(parts, account, error, clock())


def _waiting(parts: Parts, now: datetime, *, assisted: bool) -> list[Order]:
    keys = [key for key in parts.share.accounts() if parts.actors[key].can.assisted is assisted]
    if not keys:
        return []
    with parts.database.read() as tx:
        free = [key for key in keys if _free_to_act(parts, tx, key, now)]
        return orders.waiting(tx, now=now, limit=ENFORCED_AT_ONCE, accounts=free) if free else []


def _still_wanted(parts: Parts, tx: Tx, order: Order, now: datetime) -> bool:
    """Cancel or refuse an order that its case, the policy or the mode no longer carry; hold one that is paused."""
    case = cases.case(tx, order.ref)
    if withheld.forbids(tx, order, by_hand=parts.actors[_key(order)].can.assisted):
        leave_to_a_person(tx, order, withheld.NOT_CARRIED_OUT, now)
        return False
    if order.action is Action.RESTORE:
        return _free_to_act(parts, tx, _key(order), now)
    if case is None or case.state is not State.SECURED or case.revision != order.revision:
        orders.cancel(tx, order, f"the case is {case.state if case else 'unknown'} now", now)
        return False
    if order.agent.kind is AgentKind.RULE:
        why = _withdrawn(parts, case)
        if why:
            leave_to_a_person(tx, order, why, now)
            return False
    if parts.switch.clause_says(tx, order, now) or acting_held(tx, parts.settings, _key(order), now):
        orders.hold(tx, order, now + HELD_FOR, now)
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
        leave_to_a_person(tx, order, f"{tried} attempts did not change what the platform shows", now)
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
            leave_to_a_person(tx, current, why, now)
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
        leave_to_a_person(tx, order, why, now)
    log.warning("refused", ref=str(order.ref), why=why)


def leave_to_a_person(tx: Tx, order: Order, why: str, now: datetime) -> None:
    """End an order that cannot be carried out; its case waits for a person."""
    orders.refuse(tx, order, why, now)
    case = cases.case(tx, order.ref)
    if order.action is not Action.RESTORE and case is not None and allows(case.state, Event.REFUSED):
        cases.advance(tx, order.ref, Event.REFUSED, agent=DAEMON, now=now, why=why)


def _key(order: Order) -> str:
    return f"{order.ref.platform}:{order.ref.account}"
