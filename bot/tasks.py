"""What is there for staff to do by hand, and what they say they did.

Theory of operation
-------------------
No task is kept anywhere: each follows from what is on record at this moment, so none can be lost, left over or shown
too early. There is a task

* ``look:ACCOUNT``, while the last hour at which somebody should have looked has passed and nobody has;
* ``picture:CASE``, while a comment is marked and nobody has brought a picture of it;
* ``act:ORDER``, while an order waits. There is no order without sealed evidence (P1), so nobody is asked to act before;
* ``mail:ID`` and ``file:ID``, while something came in that the program could not make sense of by itself;
* ``left:ID``, while something is still to be done since somebody has left the City.

On an account that lacks an approval (bot/registry.py) nobody is asked to look or to act.

What a person says they did is attested. It ends an order, with their name and `ATTESTED` as its basis, if it took the
comment from the public; a step that does not (a report) is written down, and the task stays. What rests on a person's
word alone is told in every digest until somebody brings a picture of afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from archive import cases, evidence, handwork, orders, outbox, records, registry, uploads
from archive.card import platform_name
from bot import letters
from bot.digest_words import EN
from bot.domain.names import same
from bot.domain.schedule import look_due
from bot.domain.states import Event, State, allows
from bot.domain.types import Action, OrderStatus
from bot.pause import Switch
from bot.registry import barred
from bot.review import NotPossible, person
from bot.settings import WEEK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from archive.database import Tx
    from archive.uploads import Picture
    from bot.digest_words import Words
    from bot.domain.types import Order
    from bot.settings import AccountSettings, Settings
    from connectors.assisted import Deed

MOST = 1_000
NOTHING = "nothing"
FOUND = "found"
DEALT_WITH = "dealt with"
_TO_DO = {Action.HIDE: "hide", Action.DELETE: "delete", Action.RESTORE: "act_restore"}
"""By which words an order is told as a task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something for staff to do: `steps` say how, and `commands` what to type where there is no console.

    While `held` says why not, nobody is to do it.
    """

    name: str
    account: str
    since: datetime
    what: str
    steps: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    held: str = ""


# What there is to do --------------------------------------------------------------------------------------------------


def waiting(tx: Tx, settings: Settings, now: datetime, words: Words = EN) -> list[Task]:
    """Everything that staff have to do now, in the order: act, picture, look, what came in, who left.

    `words`: in which it is said what there is to do, and why not now. How to do it is said in English.
    """
    by_hand = [entry for entry in settings.accounts if entry.by_hand]
    return [
        *_acts(tx, settings, by_hand, now, words),
        *_pictures(tx, settings, by_hand, words),
        *(look for entry in settings.accounts if (look := _look(tx, settings, entry, now, words))),
        *_received(tx, settings, words),
        *_errands(tx, settings, words),
    ]


def _acts(tx: Tx, settings: Settings, by_hand: list[AccountSettings], now: datetime, words: Words) -> Iterator[Task]:
    entries = {entry.account.key: entry for entry in by_hand}
    for order in handwork.waiting(tx, entries.keys()):
        entry = entries[_key(order)]
        by = words[order.agent.kind].format(name=order.agent.name)
        yield Task(
            name=f"act:{order.id}",
            account=_key(order),
            since=orders.placed_at(tx, order),
            what=words[_TO_DO[order.action]].format(account=_named(entry), by=by),
            steps=tuple(_how(tx, order)),
            commands=tuple(
                f"--did {deed.name}: {deed.how}" + (" Needs --second, who agrees." if deed.second else "")
                for deed in _deeds(entry, order)
            ),
            held=_held(tx, settings, order, now, words),
        )


def _how(tx: Tx, order: Order) -> Iterator[str]:
    """Where it is, and what has been done of it already."""
    comment = records.comment(tx, order.ref, order.revision)
    yield f"{comment.url} by {comment.author.name or comment.author.handle or 'name not available'}"
    yield f"“{comment.text}”"
    for said in handwork.attestations(tx, order):
        yield f"{said.deed} on {said.done_at:%Y-%m-%d %H:%M} UTC, says {said.agent.name}; the comment is not gone yet"


def _held(tx: Tx, settings: Settings, order: Order, now: datetime, words: Words = EN) -> str:
    """Why nobody is to do it now, if so."""
    paused = Switch(settings.switch_file).holds(tx, order, now, words)
    if paused:
        return paused
    unapproved = barred(tx, settings, _key(order), words)
    if unapproved:
        return words["unapproved_account"].format(why=unapproved)
    if order.action is Action.DELETE and not outbox.accepted(tx, letters.evidence_key(order.evidence)):
        return words["mail_first"]
    return ""


def _pictures(tx: Tx, settings: Settings, by_hand: list[AccountSettings], words: Words) -> Iterator[Task]:
    keys = {entry.account.key for entry in by_hand}
    for case in cases.standing_at(tx, State.MARKED, limit=MOST, accounts=keys) if keys else ():
        if uploads.there(tx, case.ref, case.revision):
            continue
        comment = records.comment(tx, case.ref, case.revision)
        yield Task(
            name=f"picture:{case.ref}",
            account=case.account_key,
            since=case.since,
            what=words["take_picture"].format(account=_named(settings.entry(case.account_key))),
            steps=(
                f"{comment.url} by {comment.author.name or comment.author.handle or 'name not available'}",
                f"“{comment.text}”",
                "The whole window, with address bar and clock, the author and every word of the comment.",
            ),
            commands=(f"citymod intake picture {case.ref} --screenshot FILE.png",),
        )


def _look(tx: Tx, settings: Settings, entry: AccountSettings, now: datetime, words: Words = EN) -> Task | None:
    days = {WEEK.index(day) for day in entry.look_on}
    due = look_due(entry.look_hours, days, now, settings.zone)
    last = handwork.last_attended(tx, look_name(entry))
    if due is None or (last is not None and last.at >= due) or barred(tx, settings, entry.account.key):
        return None
    where = entry.by_hand.where if entry.by_hand else "Open the account and look through what is new."
    return Task(
        name=look_name(entry),
        account=entry.account.key,
        since=due,
        what=words["look_at"].format(account=_named(entry)),
        steps=(where,),
        commands=(
            f"For each: citymod intake add --account {entry.account.key} --url … --author … --text … --screenshot …",
            f"Then: citymod tasks done {look_name(entry)} --nothing (or --found NUMBER)",
        ),
    )


def _received(tx: Tx, settings: Settings, words: Words) -> Iterator[Task]:
    known = {entry.account.key for entry in settings.accounts}
    for each in handwork.unattended(tx):
        sender = words["sender"].format(name=each.sender) if each.sender else ""
        doubt = "" if each.trusted else words["no_voucher"]
        yield Task(
            name=each.task,
            account=each.account if each.account in known else "",
            since=each.at,
            what=words[f"look_into_{each.source}"].format(sender=sender, title=each.title, doubt=doubt),
            steps=tuple(each.says.splitlines()),
        )


def _errands(tx: Tx, settings: Settings, words: Words) -> Iterator[Task]:
    known = {entry.account.key for entry in settings.accounts}
    for each in registry.errands(tx):
        yield Task(
            name=each.name,
            account=each.about if each.about in known else "",
            since=each.since,
            what=words["has_left"].format(person=each.person, about=each.about),
            steps=each.steps,
        )


# What people say they did ---------------------------------------------------------------------------------------------


def act_done(  # noqa: PLR0913  who did what, with whom, when, with which proof
    tx: Tx,
    settings: Settings,
    order_id: str,
    *,
    did: str,
    who: str,
    second: str,
    why: str,
    done_at: datetime,
    pictures: tuple[Picture, ...],
    now: datetime,
) -> bool:
    """Take a person's word for what they did; give whether that ends the order. Raises `NotPossible`."""
    order = _waiting_order(tx, order_id)
    entry = settings.entry(_key(order))
    deed = _deed(entry, order, did)
    _may_be_attested(tx, order, deed, who=who, second=second, done_at=done_at, now=now)
    agent, agreed = person(who), person(second) if second.strip() else None
    held = _held(tx, settings, order, now)
    told = f"{why} (done although: {held})" if held else why
    handwork.attest(tx, order, deed.name, agent=agent, second=agreed, done_at=done_at, why=told, now=now)
    uploads.keep(tx, order.ref, order.revision, pictures, purpose=uploads.AFTER, seen_at=done_at, agent=agent, now=now)
    if deed.does is not order.action:
        return False
    orders.confirm(tx, order, basis=orders.ATTESTED, now=now)
    case = cases.case(tx, order.ref)
    event = Event.RESTORED if order.action is Action.RESTORE else Event.ENFORCED
    if case is not None and allows(case.state, event):
        said = f"attested by {who}: {deed.name} by hand" + (f", {second} agreed" if agreed else "")
        detail = {"order": order.id, "basis": orders.ATTESTED}
        cases.advance(tx, order.ref, event, agent=order.agent, now=now, why=said, detail=detail)
    return True


def act_refused(tx: Tx, order_id: str, *, who: str, why: str, now: datetime) -> None:
    """Give up an order that cannot be carried out by hand either; its case goes to review. Raises `NotPossible`."""
    order = _waiting_order(tx, order_id)
    said = f"{who} could not do it by hand: {why}"
    orders.refuse(tx, order, said, now)
    case = cases.case(tx, order.ref)
    if order.action is not Action.RESTORE and case is not None and allows(case.state, Event.REFUSED):
        cases.advance(tx, order.ref, Event.REFUSED, agent=person(who), now=now, why=said)


def looked(  # noqa: PLR0913  who looked where, and what they found
    tx: Tx, settings: Settings, key: str, *, found: int, who: str, why: str, now: datetime
) -> None:
    """Write down that somebody looked at an account, and that they found nothing or how much. Raises `NotPossible`."""
    try:
        entry = settings.entry(key)
    except KeyError:
        message = f"there is no account {key}"
        raise NotPossible(message) from None
    outcome = f"{FOUND} {found}" if found else NOTHING
    handwork.attend(tx, look_name(entry), outcome=outcome, agent=person(who), why=why, now=now, account=key)


def dealt_with(tx: Tx, name: str, *, who: str, why: str, now: datetime) -> None:
    """Write down that somebody dealt with what came in, or with what somebody left behind. Raises `NotPossible`."""
    waits = {each.task: each.account for each in handwork.unattended(tx)}
    waits |= {each.name: each.about if ":" in each.about else None for each in registry.errands(tx)}
    if name not in waits:
        message = f"no task {name} waits; `citymod tasks list` names those that do"
        raise NotPossible(message)
    handwork.attend(tx, name, outcome=DEALT_WITH, agent=person(who), why=why, now=now, account=waits[name])


def _may_be_attested(  # noqa: PLR0913  all that has to fit
    tx: Tx, order: Order, deed: Deed, *, who: str, second: str, done_at: datetime, now: datetime
) -> None:
    sealed = next(each for each in evidence.all_of(tx, order.ref) if each.id == order.evidence)
    if done_at > now:
        message = f"it cannot have been done at {done_at:%Y-%m-%d %H:%M} UTC, which lies ahead"
        raise NotPossible(message)
    if done_at < sealed.captured_at:
        message = (
            f"the evidence was made at {sealed.captured_at:%Y-%m-%d %H:%M} UTC; what was done before that was not done "
            f"for this order: say what you saw with citymod intake gone {order.ref}"
        )
        raise NotPossible(message)
    if deed.second and same(second, ""):
        message = f"“{deed.name}” is for good or silences others, too: name who agreed with --second"
        raise NotPossible(message)
    if deed.second and same(second, who):
        message = "--second must be somebody else than --who"
        raise NotPossible(message)


def deeds(tx: Tx, settings: Settings, order_id: str) -> list[Deed]:
    """Give what staff can say they did for an order that waits. Raises `NotPossible`."""
    order = _waiting_order(tx, order_id)
    return _deeds(settings.entry(_key(order)), order)


def _deed(entry: AccountSettings, order: Order, did: str) -> Deed:
    known = _deeds(entry, order)
    deed = next((deed for deed in known if deed.name == did), None)
    if deed is None:
        named = ", ".join(deed.name for deed in known)
        message = f"on {platform_name(entry.platform)} this is done by: {named}; say which with --did"
        raise NotPossible(message)
    return deed


def _deeds(entry: AccountSettings, order: Order) -> list[Deed]:
    """What staff can do for an order: what it asks for, and steps on the way."""
    deeds = entry.by_hand.deeds if entry.by_hand else ()
    return [deed for deed in deeds if deed.does in (None, order.action)]


def _waiting_order(tx: Tx, order_id: str) -> Order:
    order = orders.order(tx, order_id)
    if order is None:
        message = f"there is no task act:{order_id}; `citymod tasks list` names those that wait"
        raise NotPossible(message)
    if order.status is not OrderStatus.WAITING:
        message = f"the order for {order.ref} does not wait any more: it was {order.status}"
        raise NotPossible(message)
    return order


def look_is_due(tx: Tx, settings: Settings, entry: AccountSettings, now: datetime) -> bool:
    """Whether an hour has passed at which somebody should have looked at an account, and nobody has."""
    return _look(tx, settings, entry, now) is not None


def look_name(entry: AccountSettings) -> str:
    """The task of looking at an account."""
    return f"look:{entry.account.key}"


def _named(entry: AccountSettings) -> str:
    return f"{entry.name} ({platform_name(entry.platform)})"


def _key(order: Order) -> str:
    return f"{order.ref.platform}:{order.ref.account}"
