"""Gives verdicts on recorded comments: on what was observed, and again on what a later copy shows in another light.

Theory of operation
-------------------
A comment is judged once, when it was observed. One thing can change what it was judged by without a change of its own
words: that its account says the same again. The third copy makes the second one a copy, too, and that one was cleared
when it stood alone. So whatever is judged names the comments with which it makes a repetition, and in the same
transaction those are judged again

* which stand at CLEARED: what waits for a person, was marked, hidden, shown again or is gone is left where it is;
* which no person let stand (P6);
* in whose present wording no rule on repetition was met before: each wording is judged again once at most, however
  many copies follow, and a pass that is repeated changes nothing;
* and then only if such a rule is met: the first copy is met by none, and nothing is written about it.

The way from CLEARED is the table's own (``referred`` or ``marked``), and the verdict says which comment brought it up
again. The day's budget counts what is marked in this way as it counts all else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from archive import cases, orders, records
from archive.ledger import DAEMON
from bot import scoring
from bot.domain.judge import Standing, judge
from bot.domain.schedule import day_starts
from bot.domain.states import Event, State
from bot.domain.types import Budget, Outcome, Ref, Speaker
from bot.log import logger
from bot.scoring import Scored
from bot.securing import deciding_rule
from rules.context import Context, Earlier
from rules.match.repeat import FOUND, Repeats

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from archive.cases import Case
    from archive.database import Tx
    from bot.domain.types import Attachment, Comment, Match, Verdict
    from bot.parts import Parts

JUDGED_AT_ONCE = 100
MOST_COMPARED = 100
"""Comments of one account before a comment, and as many after it, to which it is compared; the nearest. So thousands
by one account cost no more each than a hundred do; of a longer series one copy in a hundred may stay."""

_LINKS = {"link", "share"}  # attachments that platforms make of an address in the text

log = logger("verdicts")


def judge_standing(parts: Parts, now: datetime) -> int:
    """Judge comments that were observed and not yet judged, oldest first, in one transaction; give how many.

    Only on accounts that the settings still name: what was recorded of others rests as it is.
    """
    scored, asked = Scored(), None
    if parts.moderation is not None:
        with parts.database.read() as tx:
            asked = _observed(parts, tx)
        scored = scoring.ask(parts, parts.moderation, asked, now)
    with parts.database.begin() as tx:
        standing = _observed(parts, tx)
        if asked is not None:  # what came since is asked about in the next pass
            known = {(case.ref, case.revision) for case in asked}
            standing = [case for case in standing if (case.ref, case.revision) in known]
            scoring.tell(parts, tx, scored, now)
        if standing:
            _Judging(parts, tx, scored, now).all_of(standing)
    return len(standing)


def _observed(parts: Parts, tx: Tx) -> list[Case]:
    return cases.standing_at(tx, State.OBSERVED, limit=JUDGED_AT_ONCE, accounts=parts.readers)


class _Judging:
    """One pass of judging, in one transaction."""

    def __init__(self, parts: Parts, tx: Tx, scored: Scored, now: datetime) -> None:
        self._parts = parts
        self._tx = tx
        self._scored = scored
        self._now = now
        self._engine = parts.rulebook.engine
        self._repeats = Repeats.of(self._engine.packs)

    def all_of(self, standing: Iterable[Case]) -> None:
        """Judge these cases, and again those that they make copies of something."""
        self._keep_documents()
        brought_up: dict[Ref, Ref] = {}
        for case in standing:
            brought_up |= dict.fromkeys(self._first(case), case.ref)
        self._again(brought_up)

    def _first(self, case: Case) -> list[Ref]:
        """Judge what was observed; give the comments with which it makes a repetition."""
        comment = records.comment(self._tx, case.ref, case.revision)
        context = self._context(comment, case)
        matches = self._matches(comment, case, context)
        if matches is None:
            return []
        self._record(case, judge(matches, self._parts.rulebook.policy, self._standing(comment, case)))
        return [Ref.parse(ref) for ref in self._repeats.others(comment.text, context)]

    def _again(self, brought_up: Mapping[Ref, Ref]) -> None:
        """Judge comments again that others brought up, as far as the head of this module says."""
        known = cases.several(self._tx, brought_up)
        met = cases.matched_by(self._tx, brought_up, FOUND)
        for ref, by in brought_up.items():
            case = known[ref]
            if (
                case.state is State.CLEARED
                and case.account_key in self._parts.readers
                and (ref, case.revision) not in met
                and not cases.dismissed(self._tx, ref, case.revision)
            ):
                self._once_more(case, by)

    def _once_more(self, case: Case, by: Ref) -> None:
        comment = records.comment(self._tx, case.ref, case.revision)
        matches = self._matches(comment, case, self._context(comment, case))
        if matches is None or not any(match.matcher.startswith(FOUND) for match in matches):
            return
        verdict = judge(matches, self._parts.rulebook.policy, self._standing(comment, case))
        self._record(case, replace(verdict, why=f"{verdict.why}; judged again, since {by} says nearly the same"))

    def _matches(self, comment: Comment, case: Case, context: Context) -> tuple[Match, ...] | None:
        """Ask the rules. If they fail, the case goes to a person, and there is nothing to judge by."""
        try:
            return self._engine.evaluate(comment.text, context)
        except Exception as error:
            why = f"judging failed ({type(error).__name__}), so a person decides"
            cases.advance(self._tx, case.ref, Event.REFERRED, agent=DAEMON, now=self._now, why=why)
            log.exception("judging failed", ref=str(case.ref))
            return None

    def _record(self, case: Case, verdict: Verdict) -> None:
        """Write a verdict down and move the case as it says. What is cleared already stays so."""
        rulebook = self._parts.rulebook
        cases.record_verdict(
            self._tx,
            case.ref,
            case.revision,
            verdict,
            policy_sha256=rulebook.policy.sha256,
            packs={pack.label: pack.sha256 for pack in rulebook.engine.packs},
            now=self._now,
        )
        event = _EVENTS[verdict.outcome]
        if (case.state, event) == (State.CLEARED, Event.CLEARED):
            return
        agent = DAEMON if event is Event.CLEARED else deciding_rule(verdict)
        cases.advance(self._tx, case.ref, event, agent=agent, now=self._now, why=verdict.why, seen=case)

    def _standing(self, comment: Comment, case: Case) -> Standing:
        settings = self._parts.settings
        return Standing(
            speaker=comment.speaker,
            mode=settings.entry(case.account_key).mode,
            budget=Budget(limit=settings.acts_a_day, used=self._used_today(case.account_key)),
            dismissed=cases.dismissed(self._tx, case.ref, case.revision),
        )

    def _used_today(self, key: str) -> int:
        """Acts that rules have begun on an account today: orders placed, and cases marked on their way to one."""
        since = day_starts(self._now, self._parts.settings.zone)
        return orders.used_since(self._tx, key, since) + cases.marked_by_rules(self._tx, key)

    def _context(self, comment: Comment, case: Case) -> Context:
        """What rules may know besides the words. Some platforms show a comment whose post they do not show."""
        try:
            parent_post = records.post(self._tx, comment.post).text
        except LookupError:
            parent_post = ""
        earlier = self._earlier(comment)
        return Context(
            parent_post=parent_post,
            thread=tuple(parent.text for parent in records.thread(self._tx, comment.ref)),
            ref=str(comment.ref),
            posted_at=comment.posted_at,
            answers=bool(earlier) and records.answers_another(self._tx, comment),
            earlier=earlier,
            scores=self._scored.of(case),
        )

    def _earlier(self, comment: Comment) -> tuple[Earlier, ...]:
        """What the account said besides, if a rule asks for it. Two pictures may show two things, whatever is said."""
        within = self._repeats.within
        if within is None or comment.speaker is Speaker.CITY or _pictured(comment.attachments):
            return ()
        return tuple(
            Earlier(ref=str(said.ref), text=said.text, posted_at=said.posted_at, answers=said.answers, shown=said.shown)
            for said in records.same_author(self._tx, comment, within, most=MOST_COMPARED)
            if not _pictured(said.attachments)
        )

    def _keep_documents(self) -> None:
        """Keep the policy and packs that verdicts cite, so that a verdict can be replayed years later."""
        for sha256, (name, text) in self._parts.rulebook.documents.items():
            cases.keep_document(self._tx, sha256, name, text, now=self._now)


_EVENTS = {Outcome.CLEAR: Event.CLEARED, Outcome.REVIEW: Event.REFERRED, Outcome.ACT: Event.MARKED}


def _pictured(attachments: Iterable[Attachment]) -> bool:
    return any(attachment.kind not in _LINKS for attachment in attachments)
