"""The straight line that every comment goes: poll, observe, judge, capture, secure, enforce, confirm.

Theory of operation
-------------------
There is no recovery code. Each verb asks the archive "which cases stand at this state?" and does the next thing to
them; a restart is just the next pass. What makes that safe is where the transactions end:

* *observe* writes what a batch holds and the cursor that covers it together. Killed before: polled again. Killed
  after: the same batch is a no-op.
* *secure* writes evidence, order, mail and state together. Killed before: shot again. So an order cannot exist without
  sealed evidence of that very revision, nor evidence of an act without the mail to the Social Media Manager (P1).
* *enforce* writes that an attempt begins before the platform is called. Killed in between: the next pass looks first,
  and sees whether it happened. Acting twice equals once.
* an order is *confirmed* by what the platform shows, not by what a call returned (P10). Where a platform gives no way
  to see (X), its own answer to the call is taken, and the ledger says that it was the answer.

Whatever cannot be done ends with a person: in review, or as a stopped account, with a line in the ledger that the
e-mail digest folds (P11). A comment is never hidden because something failed (P3).
"""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from typing import TYPE_CHECKING

from archive import accounts, cases, evidence, ledger, orders, outbox, records
from archive.capture import Finding, NoBrowser, Subject
from archive.cases import CaseMoved
from archive.ledger import DAEMON
from bot import letters
from bot.domain.judge import Standing, judge
from bot.domain.schedule import day_starts, retry_at
from bot.domain.states import Event, State, allows
from bot.domain.types import (
    Action,
    Agent,
    AgentKind,
    Budget,
    Mode,
    OrderStatus,
    Outcome,
    Quality,
    Visibility,
)
from bot.log import logger
from connectors.contract import Malformed, RateLimited, Refused, Transient, Unauthorised
from rules.engine import Context

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from archive.capture import Capture
    from archive.cases import Case
    from archive.database import Tx
    from bot.domain.types import Account, Comment, Evidence, Order, Sighting, Verdict
    from bot.parts import Parts

    Clock = Callable[[], datetime]
    Stop = Callable[[], bool]

MOST_ATTEMPTS = 8
JUDGED_AT_ONCE = 100
CAPTURED_AT_ONCE = 4
ENFORCED_AT_ONCE = 50

log = logger("pipeline")


def one_pass(parts: Parts, clock: Clock, stop: Stop = lambda: False) -> Counter[str]:
    """Do the next thing to every case that stands somewhere, and count what was done by verb.

    `stop` is asked between cases: a pass may be left at any of them.
    """
    done: Counter[str] = Counter()
    done["judged"] = judge_standing(parts, clock())
    for case in _standing(parts, State.MARKED, CAPTURED_AT_ONCE):
        if stop():
            break
        done["secured"] += secure(parts, case, clock)
    for order in waiting(parts, clock()):
        if stop():
            break
        done["enforced"] += enforce(parts, order, clock)
    return done


# ---------------------------------------------------------------------------------------------- poll and observe


def poll(parts: Parts, key: str, clock: Clock) -> int:
    """Read what is new on one account and record it first of all (P2); give how many comments are new or changed.

    Raises nothing that a platform does: each of the five errors ends in the account's standing, where people see it.
    """
    account = parts.settings.entry(key).account
    with parts.database.read() as tx:
        standing = accounts.standing(tx, key)
    now = clock()
    if standing is None or standing.stopped_why or (standing.poll_not_before and standing.poll_not_before > now):
        return 0
    fresh = 0
    try:
        for batch in parts.readers[key].poll(standing.cursor, now=now):
            with parts.database.begin() as tx:
                seen = records.observe(tx, batch, account=account, now=clock(), read_at=now)
            fresh += seen.new + seen.edited
        with parts.database.begin() as tx:
            accounts.polled(tx, key, clock())
    except Transient as error:
        until = retry_at(standing.failures + 1, clock())
        with parts.database.begin() as tx:
            accounts.poll_failed(tx, key, why=str(error), until=until, now=clock())
    except RateLimited as error:
        with parts.database.begin() as tx:
            accounts.poll_failed(tx, key, why=str(error), until=error.until, now=clock())
    except (Unauthorised, Malformed, Refused) as error:
        stop_account(parts, account, error, clock())
    if fresh:
        log.info("observed", account=key, comments=fresh)
    return fresh


def stop_account(parts: Parts, account: Account, error: Exception, now: datetime) -> None:
    """Stop polling and acting on an account until a person has looked, and call that person."""
    why = f"{type(error).__name__}: {error}"
    payload = error.payload if isinstance(error, Malformed) else None
    with parts.database.begin() as tx:
        accounts.stop(tx, account.key, why, now, payload=payload)
        letters.alarm(
            tx,
            parts.settings,
            key=f"stopped:{account.key}:{now.isoformat()}",
            subject=f"{account.name} on {account.platform} has stopped",
            lines=(
                f"The account {account.key} is no longer polled or acted on, since: {why}.",
                "Comments stay visible. Nothing that was recorded is lost.",
                f"When it is mended, run: citymod resume --account {account.key} --reason '…'",
            ),
            now=now,
        )
    log.error("account stopped", account=account.key, why=why)


# ----------------------------------------------------------------------------------------------------------- judge


def judge_standing(parts: Parts, now: datetime) -> int:
    """Judge comments that were observed and not yet judged, oldest first, in one transaction."""
    with parts.database.begin() as tx:
        standing = cases.standing_at(tx, State.OBSERVED, limit=JUDGED_AT_ONCE)
        if standing:
            _keep_documents(parts, tx, now)
        for case in standing:
            _judge_one(parts, tx, case, now)
    return len(standing)


def _judge_one(parts: Parts, tx: Tx, case: Case, now: datetime) -> None:
    comment = records.comment(tx, case.ref, case.revision)
    standing = Standing(
        speaker=comment.speaker,
        mode=parts.settings.entry(case.account_key).mode,
        budget=Budget(limit=parts.settings.acts_a_day, used=_used_today(parts, tx, case.account_key, now)),
        dismissed=cases.dismissed(tx, case.ref, case.revision),
    )
    try:
        matches = parts.rulebook.engine.evaluate(comment.text, _context(tx, comment))
    except Exception as error:
        why = f"judging failed ({type(error).__name__}), so a person decides"
        cases.advance(tx, case.ref, Event.REFERRED, agent=DAEMON, now=now, why=why)
        log.exception("judging failed", ref=str(case.ref))
        return
    verdict = judge(matches, parts.rulebook.policy, standing)
    cases.record_verdict(
        tx,
        case.ref,
        case.revision,
        verdict,
        policy_sha256=parts.rulebook.policy.sha256,
        packs={pack.label: pack.sha256 for pack in parts.rulebook.engine.packs},
        now=now,
    )
    event = {Outcome.CLEAR: Event.CLEARED, Outcome.REVIEW: Event.REFERRED, Outcome.ACT: Event.MARKED}[verdict.outcome]
    cases.advance(tx, case.ref, event, agent=_deciding_rule(verdict), now=now, why=verdict.why)


def _used_today(parts: Parts, tx: Tx, key: str, now: datetime) -> int:
    """Acts that rules have begun on an account today: orders placed, and cases marked on their way to one."""
    since = day_starts(now, parts.settings.zone)
    return orders.used_since(tx, key, since) + cases.marked_by_rules(tx, key)


def _context(tx: Tx, comment: Comment) -> Context:
    return Context(
        parent_post=records.post(tx, comment.post).text,
        thread=tuple(parent.text for parent in records.thread(tx, comment.ref)),
    )


def _deciding_rule(verdict: Verdict) -> Agent:
    if verdict.outcome is Outcome.CLEAR:
        return DAEMON
    return Agent(kind=AgentKind.RULE, name=", ".join(dict.fromkeys(m.rule for m in verdict.matches if not m.shadow)))


def _keep_documents(parts: Parts, tx: Tx, now: datetime) -> None:
    """Keep the policy and packs that verdicts cite, so that a verdict can be replayed years later."""
    for sha256, (name, text) in parts.rulebook.documents.items():
        cases.keep_document(tx, sha256, name, text, now=now)


# ---------------------------------------------------------------------------------------------- capture and secure


def secure(parts: Parts, case: Case, clock: Clock) -> bool:
    """Capture a marked comment and seal what was captured; place the order only if the evidence is full (P1)."""
    with parts.database.read() as tx:
        subject = _subject(parts, tx, case)
        name = _evidence_name(tx, case)
        head = ledger.head(tx)
    spool = parts.settings.spool_folder / name
    shutil.rmtree(spool, ignore_errors=True)
    spool.mkdir(parents=True)
    try:
        capture = parts.camera.capture(subject, parts.settings.entry(case.account_key).evidence, spool, now=clock())
    except NoBrowser as error:
        _give_up_capturing(parts, case, str(error), clock())
        return False
    sealed = evidence.seal(
        spool,
        parts.settings.evidence_folder,
        id=name,
        subject=subject,
        capture=capture,
        now=clock(),
        head=head.anchor if head else None,
    )
    now = clock()
    try:
        with parts.database.begin() as tx:
            evidence.record(tx, sealed, now)
            if sealed.quality is Quality.FULL:
                _place_order(parts, tx, case, subject, sealed, now)
            else:
                why = f"the capture is not full: {_failed_steps(capture)}"
                cases.advance(tx, case.ref, Event.CAPTURE_FAILED, agent=DAEMON, now=now, why=why)
    except CaseMoved:
        # It was edited, deleted or dismissed while the shutter was open; the new state has its own next step.
        with parts.database.begin() as tx:
            evidence.record(tx, sealed, now)
        return False
    log.info("secured", ref=str(case.ref), evidence=sealed.id, quality=str(sealed.quality))
    return sealed.quality is Quality.FULL


def _place_order(  # noqa: PLR0913  all of it must go into one transaction
    parts: Parts, tx: Tx, case: Case, subject: Subject, sealed: Evidence, now: datetime
) -> None:
    current = cases.case(tx, case.ref)
    if current is None or current.state is not State.MARKED or current.revision != case.revision:
        raise CaseMoved(case.ref)
    cases.advance(
        tx, case.ref, Event.CAPTURED, agent=DAEMON, now=now, why="evidence sealed", detail={"evidence": sealed.id}
    )
    action, agent = _decided(tx, case)
    order = orders.place(
        tx, ref=case.ref, revision=case.revision, evidence_id=sealed.id, action=action, agent=agent, now=now
    )
    letters.evidence(tx, parts.settings, subject=subject, sealed=sealed, order=order, now=now)


def _decided(tx: Tx, case: Case) -> tuple[Action, Agent]:
    """What was decided for this revision and by whom: a person's word, where there is one, before the rules'."""
    decision = cases.latest_decision(tx, case.ref, case.revision)
    if decision is not None and decision.kind == "uphold":
        return Action.HIDE, decision.agent
    stored = cases.latest_verdict(tx, case.ref)
    if stored is None or stored.verdict.action is None:
        raise CaseMoved(case.ref)
    return stored.verdict.action, _deciding_rule(stored.verdict)


def _subject(parts: Parts, tx: Tx, case: Case) -> Subject:
    comment = records.comment(tx, case.ref, case.revision)
    stored = cases.latest_verdict(tx, case.ref)
    matches = stored.verdict.matches if stored and stored.revision == case.revision else ()
    categories = parts.rulebook.policy.categories
    return Subject(
        comment=comment,
        post=records.post(tx, comment.post),
        thread=tuple(records.thread(tx, case.ref)),
        account=parts.settings.entry(case.account_key).account,
        findings=tuple(
            Finding(
                rule=match.rule,
                clause=categories[match.clause].clause,
                clause_text=categories[match.clause].text,
                start=match.start,
                end=match.end,
                excerpt=match.excerpt,
                matcher=match.matcher,
            )
            for match in matches
            if not match.shadow
        ),
        zone=parts.settings.city.time_zone,
    )


def _evidence_name(tx: Tx, case: Case) -> str:
    """Name a capture so that one killed half-way is made again under the same name."""
    number = evidence.count(tx, case.ref, case.revision)
    return hashlib.sha256(f"{case.ref}\n{case.revision}\n{number}".encode()).hexdigest()[:24]


def _failed_steps(capture: Capture) -> str:
    return "; ".join(f"{step.source} {step.name}: {step.detail}" for step in capture.steps if not step.ok)


def _give_up_capturing(parts: Parts, case: Case, why: str, now: datetime) -> None:
    with parts.database.begin() as tx:
        cases.advance(tx, case.ref, Event.CAPTURE_FAILED, agent=DAEMON, now=now, why=why)
        letters.alarm(
            tx,
            parts.settings,
            key=f"no-browser:{now.date()}",
            subject="No browser can be started: nothing can be captured",
            lines=(why, "Comments stay visible and wait for a person. Run: citymod doctor"),
            now=now,
        )
    log.error("no browser", why=why)


# -------------------------------------------------------------------------------------------- enforce and confirm


def enforce(parts: Parts, order: Order, clock: Clock) -> bool:
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
    if order.attempts >= MOST_ATTEMPTS:
        _leave_to_a_person(tx, order, f"{order.attempts} attempts did not change what the platform shows", now)
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
            _leave_to_a_person(
                tx, current, "it is hidden already, and not by this program: staff or the platform did", now
            )
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


# ---------------------------------------------------------------------------------------------------------- asking


def _standing(parts: Parts, state: State, limit: int) -> list[Case]:
    with parts.database.read() as tx:
        return cases.standing_at(tx, state, limit=limit)


def _key(order: Order) -> str:
    return f"{order.ref.platform}:{order.ref.account}"


def waiting(parts: Parts, now: datetime) -> list[Order]:
    """Orders that may be tried now. Accounts that are stopped, limited or paused must not crowd out the others."""
    with parts.database.read() as tx:
        free = [key for key in parts.actors if _free_to_act(parts, tx, key, now)]
        return orders.waiting(tx, now=now, limit=ENFORCED_AT_ONCE, accounts=free) if free else []
