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

Another thing may change while an order waits, through a pause or a platform's limit: the City's policy or rules. So
before an order that rules gave is carried out, its comment is judged by those of today. If they would not act, a person
decides.

The way from CLEARED is the table's own (``referred`` or ``marked``), and the verdict says which comment brought it up
again. The day's budget counts what is marked in this way as it counts all else.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from archive import cases, orders, records
from archive.ledger import DAEMON
from bot import scoring
from bot.domain.judge import Standing, judge
from bot.domain.schedule import day_starts
from bot.domain.states import Event, State
from bot.domain.types import AgentKind, Budget, Outcome, Ref, Speaker
from bot.enforcing import leave_to_a_person
from bot.log import logger
from bot.scoring import Scored
from bot.securing import deciding_rule
from rules.context import Context, Earlier, ModelScore
from rules.match.repeat import FOUND, Repeats

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from archive.cases import Case
    from archive.database import Tx
    from bot.domain.types import Attachment, Comment, Match, Order, Verdict
    from bot.parts import Parts

JUDGED_AT_ONCE = 25
"""How many are judged in one transaction: nobody else writes meanwhile, and readings are to be recorded in time."""
MOST_COMPARED = 100
"""Comments of one account before a comment, and as many after it, to which it is compared; the nearest. So thousands
by one account cost no more each than a hundred do; of a longer series one copy in a hundred may stay."""

_LINKS = {"link", "share"}  # attachments that platforms make of an address in the text
FAILED = "judging failed, so a person decides"
NONE: Mapping[str, Any] = MappingProxyType({})

log = logger("verdicts")


def judge_standing(parts: Parts, now: datetime) -> int:
    """Judge comments that were observed and not yet judged, oldest first, in one transaction; give how many.

    Only on accounts that are ours; what was recorded of some that the settings no longer name rests as it is.
    """
    scored, asked = Scored(), None
    with parts.database.read() as tx:
        seen = _observed(parts, tx, at_most=1 if parts.moderation is None else JUDGED_AT_ONCE)
    if not seen:
        return 0
    if parts.moderation is not None:
        asked = seen
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


def still_asked_for(parts: Parts, waiting: Iterable[Order], now: datetime) -> list[Order]:
    """Judge again what rules of another day ordered; give the orders that those of today would give, too.

    The others end, and a person decides on their cases.
    """
    with parts.database.read() as tx:
        outdated = {order.id for order in waiting if _outdated(parts, tx, order)}
    still = []
    for order in waiting:
        if order.id in outdated:
            with parts.database.begin() as tx:
                if not _Judging(parts, tx, Scored(), now).renewed(order):
                    continue
        still.append(order)
    return still


def _outdated(parts: Parts, tx: Tx, order: Order) -> bool:
    if order.agent.kind is not AgentKind.RULE:
        return False
    stored = cases.verdict_on(tx, order.ref, order.revision)
    today = (parts.rulebook.policy.sha256, parts.rulebook.pins)
    return stored is None or (stored.policy_sha256, dict(stored.packs)) != today


def _observed(parts: Parts, tx: Tx, at_most: int = JUDGED_AT_ONCE) -> list[Case]:
    return cases.standing_at(tx, State.OBSERVED, limit=at_most, accounts=parts.share.accounts())


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
            self._refer(case)
            return []
        standing = self._standing(comment, case)
        self._record(case, judge(matches, self._parts.rulebook.policy, standing), standing, context)
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
        context = self._context(comment, case)
        matches = self._matches(comment, case, context)
        if matches is None:
            self._refer(case)
            return
        if not any(match.matcher.startswith(FOUND) for match in matches):
            return
        standing = replace(self._standing(comment, case), again=str(by))
        self._record(case, judge(matches, self._parts.rulebook.policy, standing), standing, context)

    def renewed(self, order: Order) -> bool:
        """Judge a comment by today's rules for which an order waits; give whether they ask for the same."""
        case = cases.case(self._tx, order.ref)
        if case is None or case.state is not State.SECURED or case.revision != order.revision:
            return True  # enforcing ends it, with its own reason
        self._keep_documents()
        comment = records.comment(self._tx, case.ref, case.revision)
        context = self._context(comment, case)
        matches = self._matches(comment, case, context)
        if matches is None:
            leave_to_a_person(self._tx, order, FAILED, self._now)
            return False
        # The order itself is counted in the day's budget already, so it cannot be the one too many.
        counted = Budget(limit=self._parts.settings.acts_a_day, used=0)
        standing = replace(self._standing(comment, case), budget=counted, renewed=True)
        verdict = judge(matches, self._parts.rulebook.policy, standing)
        self._write(case, verdict, standing, context)
        same = verdict.outcome is Outcome.ACT and verdict.action is order.action
        if not same:
            leave_to_a_person(self._tx, order, f"the rules of today do not ask for it: {verdict.why}", self._now)
        return same

    def _matches(self, comment: Comment, case: Case, context: Context) -> tuple[Match, ...] | None:
        """Ask the rules; None if they fail, so that a person is to decide."""
        try:
            return self._engine.evaluate(comment.text, context)
        except Exception as error:
            log.exception("judging failed", ref=str(case.ref), error=type(error).__name__)
            return None

    def _refer(self, case: Case) -> None:
        """Leave a case on which the rules failed to a person."""
        cases.advance(self._tx, case.ref, Event.REFERRED, agent=DAEMON, now=self._now, why=FAILED)

    def _record(self, case: Case, verdict: Verdict, standing: Standing, context: Context) -> None:
        """Write a verdict down and move the case as it says. What is cleared already stays so."""
        self._write(case, verdict, standing, context)
        event = _EVENTS[verdict.outcome]
        if (case.state, event) == (State.CLEARED, Event.CLEARED):
            return
        by_rules = event is not Event.CLEARED and any(not match.shadow for match in verdict.matches)
        agent = deciding_rule(verdict) if by_rules else DAEMON
        detail = {"over_budget": True} if verdict.over_budget else None
        cases.advance(self._tx, case.ref, event, agent=agent, now=self._now, why=verdict.why, detail=detail, seen=case)

    def _write(self, case: Case, verdict: Verdict, standing: Standing, context: Context) -> None:
        rulebook = self._parts.rulebook
        cases.record_verdict(
            self._tx,
            case.ref,
            case.revision,
            verdict,
            policy_sha256=rulebook.policy.sha256,
            packs=rulebook.pins,
            now=self._now,
            standing=standing.as_record() | {"policy_in_force": rulebook.policy.in_force} | _kept(verdict, context),
        )

    def _standing(self, comment: Comment, case: Case) -> Standing:
        settings = self._parts.settings
        return Standing(
            speaker=comment.speaker,
            mode=settings.entry(case.account_key).mode,
            budget=Budget(limit=settings.acts_a_day, used=self._used_today(case.account_key)),
            dismissed=cases.dismissed(self._tx, case.ref, case.revision),
            raised=cases.ground(self._tx, case.ref, case.revision) is not None,
        )

    def _used_today(self, key: str) -> int:
        """Acts that rules have begun on an account today: orders placed, and cases marked on their way to one."""
        since = day_starts(self._now, self._parts.settings.zone)
        return orders.used_since(self._tx, key, since) + cases.marked_by_rules(self._tx, key)

    def _context(self, comment: Comment, case: Case) -> Context:
        earlier = self._earlier(comment)
        return context_of(
            self._tx,
            comment,
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


def context_of(  # noqa: PLR0913  all that a rule may know
    tx: Tx,
    comment: Comment,
    *,
    before: int | None = None,
    answers: bool = False,
    earlier: tuple[Earlier, ...] = (),
    scores: Mapping[str, ModelScore] = NONE,
) -> Context:
    """What rules may know besides the words. Some platforms show a comment whose post they do not show.

    With `before`, what they could have known before that line of the ledger: verdicts are replayed with it.
    """
    try:
        parent_post = records.post(tx, comment.post, before=before).text
    except LookupError:
        parent_post = ""
    return Context(
        parent_post=parent_post,
        thread=tuple(parent.text for parent in records.thread(tx, comment.ref, before=before)),
        ref=str(comment.ref),
        posted_at=comment.posted_at,
        answers=answers,
        earlier=earlier,
        scores=scores,
        links=tuple(card.url for card in comment.attachments if card.url and card.kind in _LINKS),
    )


def context_kept(tx: Tx, comment: Comment, record: Mapping[str, Any], *, before: int) -> Context:
    """Give the context of a verdict once more: what was recorded with it, and what stood before its line."""
    kept = record.get("earlier", ())
    earlier = tuple(Earlier(**said | {"posted_at": datetime.fromisoformat(said["posted_at"])}) for said in kept)
    scores = {name: ModelScore(**score) for name, score in record.get("scores", {}).items()}
    answers = record.get("answers", False)
    return context_of(tx, comment, before=before, answers=answers, earlier=earlier, scores=scores)


def _kept(verdict: Verdict, context: Context) -> dict[str, Any]:
    """Give what of a context could not be told later: a repetition that was found, and what a server said."""
    repeated = any(match.matcher.startswith(FOUND) for match in verdict.matches)
    return {
        "answers": context.answers,
        "earlier": [asdict(said) | {"posted_at": said.posted_at.isoformat()} for said in context.earlier if repeated],
        "scores": {
            name: asdict(score) | {"categories": dict(score.categories)} for name, score in context.scores.items()
        },
    }


_EVENTS = {Outcome.CLEAR: Event.CLEARED, Outcome.REVIEW: Event.REFERRED, Outcome.ACT: Event.MARKED}


def _pictured(attachments: Iterable[Attachment]) -> bool:
    return any(attachment.kind not in _LINKS for attachment in attachments)
