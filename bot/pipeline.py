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

from collections import Counter
from typing import TYPE_CHECKING

from archive import accounts, cases, orders, records
from archive.ledger import DAEMON
from bot.alarms import stop_account
from bot.domain.judge import Standing, judge
from bot.domain.schedule import day_starts, retry_at
from bot.domain.states import Event, State
from bot.domain.types import Budget, Outcome
from bot.enforcing import enforce, waiting
from bot.log import logger
from bot.securing import deciding_rule, secure
from connectors.contract import Malformed, RateLimited, Refused, Transient, Unauthorised
from rules.context import Context

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from archive.cases import Case
    from archive.database import Tx
    from bot.domain.types import Comment
    from bot.parts import Parts

JUDGED_AT_ONCE = 100
CAPTURED_AT_ONCE = 4

log = logger("pipeline")


def one_pass(parts: Parts, clock: Callable[[], datetime], stop: Callable[[], bool] = lambda: False) -> Counter[str]:
    """Do the next thing to every case that stands somewhere, and count what was done by verb.

    `stop` is asked between cases: a pass may be left at any of them.
    """
    done: Counter[str] = Counter()
    done["judged"] = judge_standing(parts, clock())
    for case in _marked(parts):
        if stop():
            break
        done["secured"] += secure(parts, case, clock)
    for order in waiting(parts, clock()):
        if stop():
            break
        done["enforced"] += enforce(parts, order, clock)
    return done


def poll(parts: Parts, key: str, clock: Callable[[], datetime]) -> int:
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


def judge_standing(parts: Parts, now: datetime) -> int:
    """Judge comments that were observed and not yet judged, oldest first, in one transaction.

    Only on accounts that the settings still name: what was recorded of others rests as it is.
    """
    with parts.database.begin() as tx:
        standing = cases.standing_at(tx, State.OBSERVED, limit=JUDGED_AT_ONCE, accounts=parts.readers)
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
    context = _context(tx, comment)
    try:
        matches = parts.rulebook.engine.evaluate(comment.text, context)
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
        packs=parts.rulebook.cited,
        now=now,
    )
    event = {Outcome.CLEAR: Event.CLEARED, Outcome.REVIEW: Event.REFERRED, Outcome.ACT: Event.MARKED}[verdict.outcome]
    agent = DAEMON if verdict.outcome is Outcome.CLEAR else deciding_rule(verdict)
    cases.advance(tx, case.ref, event, agent=agent, now=now, why=verdict.why)


def _used_today(parts: Parts, tx: Tx, key: str, now: datetime) -> int:
    """Acts that rules have begun on an account today: orders placed, and cases marked on their way to one."""
    since = day_starts(now, parts.settings.zone)
    return orders.used_since(tx, key, since) + cases.marked_by_rules(tx, key)


def _context(tx: Tx, comment: Comment) -> Context:
    """What a rule may know besides the words. Some platforms show a comment whose post they do not show."""
    try:
        parent_post = records.post(tx, comment.post).text
    except LookupError:
        parent_post = ""
    return Context(
        parent_post=parent_post,
        thread=tuple(parent.text for parent in records.thread(tx, comment.ref)),
    )


def _keep_documents(parts: Parts, tx: Tx, now: datetime) -> None:
    """Keep the policy and packs that verdicts cite, so that a verdict can be replayed years later."""
    for sha256, (name, text) in parts.rulebook.documents.items():
        cases.keep_document(tx, sha256, name, text, now=now)


def _marked(parts: Parts) -> list[Case]:
    with parts.database.read() as tx:
        return cases.standing_at(tx, State.MARKED, limit=CAPTURED_AT_ONCE, accounts=parts.readers)
