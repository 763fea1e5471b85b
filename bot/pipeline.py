"""The straight line that every comment goes: poll, observe, judge, capture, secure, enforce, confirm.

Theory of operation
-------------------
There is no recovery code. Each verb asks the archive "which cases stand at this state?" and does the next thing to
them; a restart is just the next pass. What makes that safe is where the transactions end:

* *observe* writes what a batch holds and the cursor that covers it together. Killed before: polled again. Killed
  after: the same batch is a no-op.
* *judge* writes each verdict and what follows from it together (bot/verdicts.py). Killed before: judged next pass.
* *secure* writes evidence, order, mail and state together. Killed before: shot again. So an order cannot exist without
  sealed evidence of that very revision, nor evidence of an act without the mail to the Social Media Manager (P1).
* what rules of another day ordered is judged by those of today before it is carried out (bot/verdicts.py).
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

from archive import accounts, cases, gaps, records, uploads
from bot import advising, attachments, author_notices, spending
from bot.alarms import stop_account
from bot.domain.schedule import retry_at
from bot.domain.states import State
from bot.enforcing import enforce, look_over_tasks, together, waiting
from bot.log import logger
from bot.securing import secure
from bot.sharing import ACCOUNT, JOB
from bot.verdicts import judge_standing, still_asked_for
from connectors.contract import Malformed, RateLimited, Refused, Transient, Unauthorised

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from archive.cases import Case
    from bot.parts import Parts

CAPTURED_AT_ONCE = 4
MOST_WAITING = 1_000  # marked cases that wait for somebody's picture

log = logger("pipeline")


def one_pass(parts: Parts, clock: Callable[[], datetime], stop: Callable[[], bool] = lambda: False) -> Counter[str]:
    """Do the next thing to every case that stands somewhere, and count what was done by verb.

    `stop` is asked between cases: a pass may be left at any of them. Only accounts that are ours are worked on; if one
    is lost meanwhile (bot/sharing.py), the pass ends, and the next one does what is left.
    """
    done: Counter[str] = Counter()
    with parts.share.holding(f"{JOB}advice") as ours:
        if ours:
            done["advised"] = advising.look(parts, clock())
    with parts.share.holding(*(f"{ACCOUNT}{key}" for key in parts.share.accounts())):
        done["judged"] = judge_standing(parts, clock())
        for case in _marked(parts):
            if stop():
                break
            done["secured"] += secure(parts, case, clock)
        for group in together(parts, still_asked_for(parts, waiting(parts, clock()), clock())):
            if stop():
                break
            done["enforced"] += enforce(parts, group, clock)
            spending.book(parts, f"{group[0].ref.platform}:{group[0].ref.account}", clock())
        look_over_tasks(parts, clock())
    with parts.share.holding(f"{JOB}notices") as ours:
        if ours:
            done["told"] = author_notices.tell(parts, clock)
    return done


def poll(parts: Parts, key: str, clock: Callable[[], datetime]) -> int:
    """Read what is new on one account and record it first of all (P2); give how many comments are new or changed.

    Raises nothing that a platform does: each of the five errors ends in the account's standing, where people see it.
    Nothing happens to an account that another daemon works.
    """
    if not parts.readers[key].can.reads:
        return 0  # people look there; nothing is called read that no program has read
    fresh = 0
    with parts.share.holding(f"{ACCOUNT}{key}") as ours:
        if ours:
            fresh = _poll(parts, key, clock)
    return fresh


def _poll(parts: Parts, key: str, clock: Callable[[], datetime]) -> int:
    account = parts.settings.entry(key).account
    with parts.database.read() as tx:
        standing = accounts.standing(tx, key)
    now = clock()
    if standing is None or standing.stopped_why or (standing.poll_not_before and standing.poll_not_before > now):
        return 0
    if _no_money(parts, key, now):
        return 0
    fresh = 0
    try:
        for batch in parts.readers[key].poll(standing.cursor, now=now):
            with parts.database.begin() as tx:
                seen = records.observe(tx, batch, account=account, now=clock(), read_at=now)
            fresh += seen.new + seen.edited
        with parts.database.begin() as tx:
            gaps.note(tx, key, interval=parts.settings.poll_every(key), began=now, now=(ended := clock()))
            accounts.polled(tx, key, ended)
        attachments.fetch(parts, key, clock)
    except Transient as error:
        until = retry_at(standing.failures + 1, clock())
        with parts.database.begin() as tx:
            accounts.poll_failed(tx, key, why=str(error), until=until, now=clock())
    except RateLimited as error:
        with parts.database.begin() as tx:
            accounts.poll_failed(tx, key, why=str(error), until=error.until, now=clock())
    except (Unauthorised, Malformed, Refused) as error:
        stop_account(parts, account, error, clock())
    finally:
        spending.book(parts, key, clock())
    if fresh:
        log.info("observed", account=key, comments=fresh)
    return fresh


def _no_money(parts: Parts, key: str, now: datetime) -> bool:
    """Whether reading an account has to wait, since the month's money is spent; if so, that is told."""
    platform = parts.settings.entry(key).platform
    with parts.database.read() as tx:
        why = spending.no_money_to_read(tx, parts.settings, platform, now)
    if why is None:
        return False
    with parts.database.begin() as tx:
        accounts.poll_failed(tx, key, why=why, until=now + spending.AGAIN, now=now)
        spending.tell_stop(tx, parts.settings, platform, now)
    return True


def _marked(parts: Parts) -> list[Case]:
    """Marked cases that can be captured: where people look, those of which somebody has brought a picture."""
    ours = set(parts.share.accounts())
    by_hand = {key for key in ours if parts.readers[key].can.assisted}
    with parts.database.read() as tx:
        found = cases.standing_at(tx, State.MARKED, limit=CAPTURED_AT_ONCE, accounts=ours - by_hand)
        if by_hand:
            waiting = cases.standing_at(tx, State.MARKED, limit=MOST_WAITING, accounts=by_hand)
            found += [case for case in waiting if uploads.there(tx, case.ref, case.revision)]
    return found
