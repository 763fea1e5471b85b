"""Judges what is in the archive again: under the rules of its time, which must give the same, or under new ones.

A verdict rests on the wording, on what stood above it, on policy, packs and lists, and on the account's mode and
budget. All of that is kept: wordings in the archive, as they were before the verdict's own line of the ledger; policy,
packs and lists as documents under the SHA-256 that the verdict cites; the rest in the line itself. What is not kept is
said: such a verdict is not replayable, which is not the same as identical.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from archive import cases, records
from bot.domain.judge import Standing, judge
from bot.judging import ENFORCING
from bot.parts import LIST
from bot.rulebooks import Changed
from bot.verdicts import context_kept, context_of
from rules.assemble import kept_ballot, kept_pack, kept_policy, models_named
from rules.ballot import BALLOT
from rules.engine import Engine
from rules.model import Approval
from rules.replay import differences, not_kept
from rules.source import FileProblems

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from archive.cases import Case, StoredVerdict
    from archive.database import Tx
    from bot.domain.types import Policy, Verdict
    from bot.parts import Rulebook
    from rules.ballot import Ballot
    from rules.match.score import Model
    from rules.model import Pack


class NotReplayable(Exception):
    """Something that a verdict rests on is not kept; the text says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Differs:
    """A verdict that did not come out again as it was, or could not be judged again; `why` says how or why not."""

    verdict: StoredVerdict
    why: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Replayed:
    """How many verdicts came out again as they were, and all others."""

    identical: int = 0
    different: list[Differs] = field(default_factory=list)
    not_replayable: list[Differs] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class RuleStats:
    """What one rule did: comments it matched, what followed, and what people decided of those afterwards.

    `upheld` counts as right; `let_stand` (dismissed or restored) as wrong. `would`: what a rule on trial would have led
    to.
    """

    rule: str
    clause: str
    shadow: bool
    matched: int = 0
    led_to: Counter[str] = field(default_factory=Counter)
    would: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    upheld: int = 0
    let_stand: int = 0

    @property
    def precision(self) -> float | None:
        """The share of people's decisions that upheld what the rule found; None if there are none."""
        decided = self.upheld + self.let_stand
        return self.upheld / decided if decided else None


# Under the rules of its time ------------------------------------------------------------------------------------------


def replay(tx: Tx, *, models: Mapping[str, Model], since: datetime | None = None) -> Replayed:
    """Judge every stored verdict again under what it rested on, and tell what does not come out the same.

    `models`: those at hand, since no archive keeps the weights of a model.
    """
    done = Replayed()
    shelf = _Shelf(tx, models)
    for stored in cases.verdicts(tx, since=since):
        try:
            again = _again(tx, shelf, stored)
        except NotReplayable as wrong:
            done.not_replayable.append(Differs(verdict=stored, why=(str(wrong),)))
            continue
        found = differences(stored.verdict, again)
        missing = not_kept(stored.verdict, again) if found else None
        if missing:
            done.not_replayable.append(Differs(verdict=stored, why=(f"{missing} is not kept",)))
        elif found:
            done.different.append(Differs(verdict=stored, why=found))
        else:
            done.identical += 1
    return done


def _again(tx: Tx, shelf: _Shelf, stored: StoredVerdict) -> Verdict:
    record = cases.standing_of(tx, stored)
    if record is None:
        message = "the account's mode and budget were not recorded with it"
        raise NotReplayable(message)
    policy = shelf.policy(stored.policy_sha256)
    if not record["policy_in_force"]:
        policy = replace(policy, approved_by=None, approved_on=None)
    comment = records.comment(tx, stored.ref, stored.revision)
    context = context_kept(tx, comment, record, before=stored.entry)
    matches = shelf.engine(stored).evaluate(comment.text, context)
    return judge(matches, policy, Standing.from_record(record))


class _Shelf:
    """The policies and packs that verdicts cite, each read once."""

    def __init__(self, tx: Tx, models: Mapping[str, Model]) -> None:
        self._tx = tx
        self._models = models
        self._policies: dict[str, Policy] = {}
        self._engines: dict[tuple[tuple[str, str], ...], Engine] = {}

    def policy(self, sha256: str) -> Policy:
        if sha256 not in self._policies:
            _, text = self._document(sha256, "the policy")
            with _readable("the policy", sha256):
                self._policies[sha256] = kept_policy(text, _once(sha256, "policy"))
        return self._policies[sha256]

    def engine(self, stored: StoredVerdict) -> Engine:
        """The packs of one verdict, those that matched in the order in which they did."""
        matched = [match.pack for match in stored.verdict.matches]
        order = {label: at for at, label in enumerate(dict.fromkeys((*matched, *sorted(stored.packs))))}
        pins = tuple(sorted(stored.packs.items(), key=lambda pin: order[pin[0]]))
        if pins not in self._engines:
            self._engines[pins] = Engine(list(self._packs(dict(pins))))
        return self._engines[pins]

    def _packs(self, pins: Mapping[str, str]) -> Iterator[Pack]:
        lists = {
            name.removeprefix(LIST): self._document(sha256, name)[1]
            for name, sha256 in pins.items()
            if name.startswith(LIST)
        }
        ballot = next((self._ballot(label, pins[label]) for label in pins if label.startswith(BALLOT)), None)
        for label, sha256 in pins.items():
            if label.startswith((LIST, BALLOT)):
                continue
            name, text = self._document(sha256, f"pack {label}")
            with _readable(f"pack {label}", sha256):
                pack = kept_pack(name, text, _once(sha256, name), lists, self._models, ballot)
            for missing in (name for name in models_named(pack.rules) if name not in self._models):
                message = f"model {missing}, which pack {label} asks, is not at hand"
                raise NotReplayable(message)
            yield pack

    def _ballot(self, label: str, sha256: str) -> Ballot:
        name, text = self._document(sha256, label)
        with _readable(label, sha256):
            return kept_ballot(name, text, _once(sha256, name))

    def _document(self, sha256: str, what: str) -> tuple[str, str]:
        found = cases.document(self._tx, sha256)
        if found is None:
            message = f"{what}#{sha256[:12]} is not kept"
            raise NotReplayable(message)
        return found


@contextmanager
def _readable(what: str, sha256: str) -> Iterator[None]:
    """Turn what a kept file does not say any more into `NotReplayable`."""
    try:
        yield
    except FileProblems as wrong:
        message = f"{what}#{sha256[:12]} cannot be read any more: {wrong.problems[0]}"
        raise NotReplayable(message) from wrong


def _once(sha256: str, name: str) -> Approval:
    """What was in force then counts as approved now: who approved it stands in the approvals of that time."""
    return Approval(sha256=sha256, file=name, approved_by="in force then", approved_on=date.min)


# Under new rules ------------------------------------------------------------------------------------------------------


def rehearse(tx: Tx, old: Rulebook, new: Rulebook, among: Iterable[Case] | None = None) -> Iterator[Changed]:
    """Give every stored comment, in its present wording, whose outcome or action would be another under new rules.

    Only `among` these cases, if any are given. Judged as on an account in enforce mode with acts to spare; what a
    person let stand stays so. Nothing is recorded.
    """
    for case in cases.every(tx) if among is None else among:
        comment = records.comment(tx, case.ref, case.revision)
        context = context_of(tx, comment)
        dismissed = cases.dismissed(tx, case.ref, case.revision)
        standing = replace(ENFORCING, speaker=comment.speaker, dismissed=dismissed)
        before, after = (
            judge(book.engine.evaluate(comment.text, context), book.policy, standing) for book in (old, new)
        )
        if (before.outcome, before.action) != (after.outcome, after.action):
            yield Changed(name=str(case.ref), text=comment.text, before=before, after=after)


# Counting -------------------------------------------------------------------------------------------------------------


def stats_of_archive(tx: Tx, rulebook: Rulebook, *, since: datetime | None = None) -> tuple[int, list[RuleStats]]:
    """Count what each rule did since then, by the last verdict on each wording; give the number of wordings too."""
    last: dict[tuple[Any, str], StoredVerdict] = {}
    for stored in cases.verdicts(tx, since=since):
        last[stored.ref, stored.revision] = stored
    stats = _blank(rulebook)
    for (ref, revision), stored in last.items():
        met = _count(stats, stored.verdict, rulebook.policy, "")
        decision = cases.latest_decision(tx, ref, revision)
        for each in met if decision else ():
            each.upheld += decision is not None and decision.kind == "uphold"
            each.let_stand += decision is not None and decision.kind in {"dismiss", "restore"}
    return len(last), list(stats.values())


def stats_of_texts(texts: Iterable[Mapping[str, Any]], rulebook: Rulebook) -> tuple[int, list[RuleStats]]:
    """Count what each rule would do with texts from outside, judged as on an account in enforce mode."""
    stats, number = _blank(rulebook), 0
    for given in texts:
        verdict = judge(rulebook.engine.evaluate(given["text"]), rulebook.policy, ENFORCING)
        _count(stats, verdict, rulebook.policy, str(given.get("lang") or given.get("language") or ""))
        number += 1
    return number, list(stats.values())


def _blank(rulebook: Rulebook) -> dict[str, RuleStats]:
    rules = [rule for pack in rulebook.engine.packs for rule in pack.rules]
    return {rule.id: RuleStats(rule=rule.id, clause=str(rule.clause), shadow=rule.shadow) for rule in rules}


def _count(stats: dict[str, RuleStats], verdict: Verdict, policy: Policy, language: str) -> list[RuleStats]:
    met = []
    for match in {match.rule: match for match in verdict.matches}.values():
        each = stats.setdefault(match.rule, RuleStats(rule=match.rule, clause=match.clause, shadow=match.shadow))
        each.matched += 1
        each.led_to["nothing: on trial" if match.shadow else str(verdict.action or verdict.outcome)] += 1
        if language:
            each.languages[language] += 1
        if match.shadow:
            would = judge((replace(match, shadow=False),), _in_force(policy), ENFORCING)
            each.would[str(would.action or would.outcome)] += 1
        met.append(each)
    return met


def _in_force(policy: Policy) -> Policy:
    return policy if policy.in_force else replace(policy, approved_by="assumed", approved_on=date.min)
