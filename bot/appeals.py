"""Appeals against hiding: a clock, somebody else than decided first, and a restore that is really ordered.

Whoever knows the number of a case may appeal, since a platform shows nobody's address; the number is in the notice to
the author and in the public list. Each order can be appealed once, within the City's time.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from archive import appeals, cases, ledger, orders
from bot import review, workdays
from bot.digest_words import EN, when_due
from bot.domain.names import plain
from bot.domain.states import State
from bot.domain.types import Action, AgentKind, OrderStatus
from bot.masking import INSTEAD, masked
from bot.review import NotPossible, person

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from archive.appeals import Appeal
    from archive.database import Tx
    from bot.digest_words import Words
    from bot.domain.types import Agent, Order
    from bot.settings import Settings

MOST_SAID = 4_000
_NUMBER = re.compile(r"\bCM-([0-9A-F]{10})\b", re.IGNORECASE)
SOON = timedelta(days=1)


def number_of(order_id: str) -> str:
    """The number of a case as the public knows it: of the order to hide, and it tells nothing else."""
    return f"CM-{order_id.rpartition('-')[2].upper()}"


def numbered(tx: Tx, text: str) -> Order | None:
    """Find the order to hide that a text names by the number of its case; None if it names none, or several."""
    named = {found.lower() for found in _NUMBER.findall(text)}
    return orders.ending_in(tx, named.pop()) if len(named) == 1 else None


def open_(  # noqa: PLR0913  who says what about which order, by which way
    tx: Tx, settings: Settings, order: Order, *, who: str, says: str, source: str, agent: Agent, now: datetime
) -> str:
    """Open an appeal; give its name. Raises `NotPossible` where there is nothing to appeal, or no more."""
    rules = settings.appeals
    ended = orders.ended_at(tx, order)
    if order.action is Action.RESTORE or order.status is not OrderStatus.CONFIRMED or ended is None:
        message = f"{number_of(order.id)} is no case in which a comment was hidden"
        raise NotPossible(message)
    known = appeals.of(tx, order)
    if known is not None:
        message = f"{number_of(order.id)} was appealed already: {known.id}"
        raise NotPossible(message)
    if now - ended > timedelta(days=rules.window_days):
        until = f"{ended + timedelta(days=rules.window_days):%Y-%m-%d}"
        message = f"{number_of(order.id)} could be appealed for {rules.window_days} days, until {until}"
        raise NotPossible(message)
    today = [one for one in appeals.every(tx) if now - one.opened_at < timedelta(days=1) and one.source == source]
    if source == "mail" and (len(today) >= rules.most_a_day or sum(one.who == who for one in today) >= rules.most_each):
        message = f"more appeals came by mail today than are opened by themselves ({rules.most_a_day})"
        raise NotPossible(message)
    due_at = workdays.read(settings.holidays).due(now, settings.zone, rules.days)
    year = now.astimezone(settings.zone).year
    told = {"who": who[:200], "says": says[:MOST_SAID], "source": source}
    return appeals.begin(tx, order, year=year, due_at=due_at, agent=agent, now=now, **told)


def decide(  # noqa: PLR0913  who decides what, why and when
    tx: Tx, name: str, *, overturn: bool, who: str, why: str, now: datetime
) -> Appeal:
    """Decide an appeal; if it is overturned, order the comment shown again. Raises `NotPossible`.

    It is decided by somebody else than whoever had the comment hidden. Both records name each other: the decision to
    restore names the appeal, and the appeal the order.
    """
    appeal = _waiting(tx, name)
    first = _decided_first(tx, appeal)
    if plain(who) in map(plain, first):
        message = f"{who} had the comment hidden, so somebody else decides {name}"
        raise NotPossible(message)
    restored_by = _show_again(tx, appeal, who=who, why=why, now=now) if overturn else ""
    outcome = "overturned" if overturn else "upheld"
    appeals.end(tx, appeal, outcome=outcome, why=why, restored_by=restored_by, agent=person(who), now=now)
    return next(one for one in appeals.every(tx) if one.id == name)


def _show_again(tx: Tx, appeal: Appeal, *, who: str, why: str, now: datetime) -> str:
    """Order it through the one door for that; give the order, or nothing where it is not hidden by us any more."""
    case = cases.case(tx, appeal.ref)
    if case is None or case.state is not State.ENFORCED or not orders.hidden_by_us(tx, appeal.ref):
        return ""
    review.restore(tx, appeal.ref, who=who, why=f"appeal {appeal.id} was overturned: {why}", now=now)
    placed = orders.waiting_for(tx, appeal.ref)
    return placed.id if placed else ""


def _waiting(tx: Tx, name: str) -> Appeal:
    found = next((one for one in appeals.every(tx) if one.id == name), None)
    if found is None:
        message = f"there is no appeal {name}; `citymod appeal list --all` names them"
        raise NotPossible(message)
    if found.decided_at is not None:
        message = f"{name} was decided on {found.decided_at:%Y-%m-%d}: {found.outcome}"
        raise NotPossible(message)
    return found


def _decided_first(tx: Tx, appeal: Appeal) -> set[str]:
    """Everybody who had a hand in hiding it: who ordered it, raised it, or upheld it before."""
    kinds = ("order.placed", "decision.recorded", cases.GROUND_NAMED)
    lines = [line for line in ledger.entries(tx, ref=appeal.ref, kinds=kinds) if line.at <= appeal.opened_at]
    return {line.agent.name for line in lines if line.agent.kind is AgentKind.PERSON}


def waiting(tx: Tx, keys: Iterable[str]) -> list[Appeal]:
    """Give the appeals that wait for a decision, about comments of these accounts, due first."""
    known = set(keys)
    found = [one for one in appeals.every(tx) if one.decided_at is None]
    return sorted(
        (one for one in found if f"{one.ref.platform}:{one.ref.account}" in known), key=lambda one: one.due_at
    )


def lines(some: Iterable[Appeal], zone: ZoneInfo, now: datetime, words: Words = EN) -> Iterator[str]:
    """Say of appeals that wait when they are due and what they say."""
    for one in some:
        due = words["overdue_since" if one.is_overdue(now) else "due"].format(due=when_due(words, zone, one.due_at))
        says = masked(one.says, (str(one.ref),), instead=words[INSTEAD])
        yield words["appeal"].format(name=one.id, case=one.ref, due=due, says=says)
