"""Cases move through one door, are written down, and can be asked for."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING

import pytest
from builders import (
    NOON,
    PERSON,
    RULE,
    a_batch,
    a_comment,
    a_match,
    a_ref,
    a_verdict,
    an_account,
    later,
)
from sqlalchemy.exc import IntegrityError

from archive import accounts, cases, ledger, records, tables
from archive.cases import CaseMoved
from archive.stored import canonical
from archive.verify_cases import fold
from bot.domain.states import TABLE, Event, IllegalEvent, State
from bot.domain.types import Ask, Comment, Match, Outcome

if TYPE_CHECKING:
    from conftest import Life

    from archive.database import Database, Tx


@pytest.fixture
def comment(life: Life) -> Comment:
    return life.observed()


def _move(tx: Tx, event: Event, item: str = "c1", at: float = 1) -> State:
    return cases.advance(tx, a_ref(item), event, agent=PERSON, now=later(at), why=f"it was {event}")


# The door -------------------------------------------------------------------------------------------------------------


def test_a_move_is_written_down(db: Database, comment: Comment) -> None:
    with db.begin() as tx:
        detail = {"order": "o1", "basis": "look"}
        state = cases.advance(tx, comment.ref, Event.REFERRED, agent=RULE, now=later(1), why="?", detail=detail)
        assert state is State.IN_REVIEW
        line = cases.history(tx, comment.ref)[-1]
        assert (line.kind, line.agent, line.at, line.ref) == ("case.referred", RULE, later(1), comment.ref)
        assert line.detail == {
            "from": "observed",
            "to": "in_review",
            "revision": comment.revision,
            "why": "?",
            "order": "o1",
            "basis": "look",
        }
        case = cases.case(tx, comment.ref)
        assert case is not None
        assert (case.state, case.since, case.why, case.agent) == (State.IN_REVIEW, later(1), "?", RULE)


def test_an_illegal_event_changes_nothing(db: Database, comment: Comment) -> None:
    with db.begin() as tx:
        before = cases.case(tx, comment.ref), ledger.head(tx)
        for event in set(Event) - set(TABLE[State.OBSERVED]):
            with pytest.raises(IllegalEvent):
                _move(tx, event)
        assert (cases.case(tx, comment.ref), ledger.head(tx)) == before


def test_a_case_that_is_not_there_cannot_move(tx: Tx) -> None:
    with pytest.raises(LookupError, match="no case youtube:UCcity:lost"):
        _move(tx, Event.CLEARED, "lost")


def test_a_case_that_is_no_longer_as_it_was_seen_does_not_move(db: Database, comment: Comment) -> None:
    with db.begin() as tx:
        seen = cases.case(tx, comment.ref)
        records.observe(tx, a_batch(a_comment(text="edited")), account=an_account(), now=later(1))
    with db.begin() as tx:
        head = ledger.head(tx)
        with pytest.raises(CaseMoved, match="edited"):
            cases.advance(tx, comment.ref, Event.MARKED, agent=RULE, now=later(2), why="x", seen=seen)
        assert ledger.head(tx) == head
        present = cases.case(tx, comment.ref)
        cases.advance(tx, comment.ref, Event.MARKED, agent=RULE, now=later(2), why="x", seen=present)
        with pytest.raises(CaseMoved, match="it was observed and is marked"):
            cases.advance(tx, comment.ref, Event.DISMISSED, agent=PERSON, now=later(3), why="x", seen=present)


def test_of_many_who_want_the_same_exactly_one_wins(db: Database, comment: Comment) -> None:
    with db.read() as tx:
        seen = cases.case(tx, comment.ref)
    start = threading.Barrier(6)
    outcomes: list[str] = []

    def try_it(number: int) -> None:
        start.wait()
        try:
            with db.begin() as tx:
                agent, now = PERSON, later(number)
                cases.advance(tx, comment.ref, Event.REFERRED, agent=agent, now=now, why=str(number), seen=seen)
            outcomes.append("won")
        except CaseMoved:
            outcomes.append("moved")

    threads = [threading.Thread(target=try_it, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["moved"] * 5 + ["won"]
    with db.read() as tx:
        assert [line.kind for line in cases.history(tx, comment.ref)] == ["comment.recorded", "case.referred"]
        assert ledger.verify_chain(tx) == []


def test_the_state_is_what_the_ledger_tells(life: Life) -> None:
    life.enforced()
    with life.db.begin() as tx:
        records.observe(tx, a_batch(a_comment(text="edited")), account=an_account(), now=later(50))
        _move(tx, Event.DISMISSED, at=51)
        case = cases.case(tx, a_ref("c1"))
        assert case is not None
        assert fold(cases.history(tx, a_ref("c1"))) == (case.state, case.revision)
        assert case.state is State.CLEARED


# Asking ---------------------------------------------------------------------------------------------------------------


def test_cases_are_asked_for_by_state_and_account(tx: Tx) -> None:
    parks = an_account(id="UCparks")
    accounts.register(tx, parks, NOON)
    records.observe(tx, a_batch(*[a_comment(f"c{n}") for n in range(4)]), account=an_account(), now=NOON)
    records.observe(tx, a_batch(a_comment("d1", account=parks)), account=parks, now=later(1))
    for at, item in ((30, "c2"), (20, "c1")):
        _move(tx, Event.REFERRED, item, at)
    assert [case.ref.item for case in cases.in_review(tx, 10)] == ["c1", "c2"]
    assert [case.ref.item for case in cases.in_review(tx, 1)] == ["c1"]
    observed = cases.standing_at(tx, State.OBSERVED, limit=10)
    assert [case.ref.item for case in observed] == ["c0", "c3", "d1"]
    assert [case.ref.item for case in cases.standing_at(tx, State.OBSERVED, limit=9, accounts=[parks.key])] == ["d1"]
    assert cases.standing_at(tx, State.OBSERVED, limit=9, accounts=[]) == []
    assert cases.tally(tx) == {State.OBSERVED: 3, State.IN_REVIEW: 2}
    assert [case.ref.item for case in cases.latest_moves(tx, 2)] == ["c2", "c1"]
    assert set(cases.several(tx, [a_ref("c0"), a_ref("lost")])) == {a_ref("c0")}


def test_what_is_urgent_stands_before_what_has_waited_longer(tx: Tx) -> None:
    records.observe(tx, a_batch(*[a_comment(f"c{n}") for n in range(4)]), account=an_account(), now=NOON)
    for at, item in enumerate(("c0", "c1", "c2", "c3")):
        _move(tx, Event.REFERRED, item, at + 10)
    _judged(tx, "c0", a_match())
    _judged(tx, "c1", a_match(urgent=True, shadow=True))
    _judged(tx, "c2", a_match(), a_match(urgent=True))
    _judged(tx, "c3", a_match(urgent=True))
    assert [case.ref.item for case in cases.in_review(tx, 10)] == ["c2", "c3", "c0", "c1"]
    assert [case.ref.item for case in cases.in_review(tx, 1)] == ["c2"]


def test_urgency_comes_back_as_it_was_written(tx: Tx) -> None:
    records.observe(tx, a_batch(a_comment()), account=an_account(), now=NOON)
    _judged(tx, "c1", a_match(urgent=True), a_match(urgent=False))
    stored = cases.latest_verdict(tx, a_ref("c1"))
    assert stored is not None
    assert [match.urgent for match in stored.verdict.matches] == [True, False]
    assert ledger.verify_chain(tx) == []


def test_a_match_that_is_not_urgent_has_the_hash_it_had_before_there_was_urgency() -> None:
    row = {"verdict": "v", "number": 1, "urgent": None}
    columns = {column.name for column in tables.match_.c} - {"entry", "urgent"}
    before = hashlib.sha256(canonical(["match_", dict.fromkeys(columns) | {"verdict": "v", "number": 1}]).encode())
    assert tables.row_sha256(tables.match_, row) == before.hexdigest()
    assert tables.row_sha256(tables.match_, row | {"urgent": True}) != before.hexdigest()


def _judged(tx: Tx, item: str, *matches: Match) -> None:
    case = cases.case(tx, a_ref(item))
    assert case is not None
    verdict = a_verdict(outcome=Outcome.REVIEW, action=None, matches=matches)
    cases.record_verdict(tx, case.ref, case.revision, verdict, policy_sha256="0" * 64, packs={}, now=NOON)


def test_cases_on_their_way_by_rules_are_counted(tx: Tx) -> None:
    records.observe(tx, a_batch(*[a_comment(f"c{n}") for n in range(3)]), account=an_account(), now=NOON)
    for item, agent in (("c0", RULE), ("c1", RULE), ("c2", PERSON)):
        cases.advance(tx, a_ref(item), Event.MARKED, agent=agent, now=NOON, why="x")
    assert cases.marked_by_rules(tx, "youtube:UCcity") == 2
    assert cases.marked_by_rules(tx, "youtube:UCparks") == 0


# Verdicts, decisions, documents ---------------------------------------------------------------------------------------


def test_a_verdict_comes_back_as_it_was_given(db: Database, comment: Comment) -> None:
    matches = (a_match(), a_match(rule="city.b", ask=Ask.DELETE, shadow=True, excerpt="\ud83d", matcher="re: \x00"))
    verdict = a_verdict(matches=matches)
    packs = {"city-threat": "ef" * 32}
    with db.begin() as tx:
        first = cases.record_verdict(
            tx, comment.ref, comment.revision, a_verdict(), policy_sha256="00", packs={}, now=NOON
        )
        id_ = cases.record_verdict(
            tx, comment.ref, comment.revision, verdict, policy_sha256="ab", packs=packs, now=later(1)
        )
        stored = cases.latest_verdict(tx, comment.ref)
        assert stored == cases.verdict_on(tx, comment.ref, comment.revision)
    assert stored is not None
    assert (stored.id, stored.revision, stored.verdict) == (id_, comment.revision, verdict)
    assert (stored.policy_sha256, stored.packs, stored.judged_at) == ("ab", packs, later(1))
    assert first != id_


def test_a_verdict_without_matches_is_one_too(db: Database, comment: Comment) -> None:
    verdict = a_verdict(outcome=Outcome.CLEAR, action=None, matches=(), why="no rule matched")
    with db.begin() as tx:
        assert cases.latest_verdict(tx, comment.ref) is None
        cases.record_verdict(tx, comment.ref, comment.revision, verdict, policy_sha256="ab", packs={}, now=NOON)
        stored = cases.latest_verdict(tx, comment.ref)
    assert stored is not None
    assert stored.verdict == verdict


def test_a_verdict_on_words_that_are_no_longer_there_is_refused(db: Database, comment: Comment) -> None:
    with db.begin() as tx:
        records.observe(tx, a_batch(a_comment(text="edited")), account=an_account(), now=later(1))
        with pytest.raises(CaseMoved, match="edited after"):
            cases.record_verdict(
                tx, comment.ref, comment.revision, a_verdict(), policy_sha256="ab", packs={}, now=later(2)
            )


def test_the_last_decision_on_this_very_wording_counts(db: Database, comment: Comment) -> None:
    def decide(tx: Tx, kind: str, at: float, revision: str = comment.revision) -> None:
        cases.record_decision(tx, comment.ref, revision, kind, PERSON, f"because {kind}", later(at))

    edited = a_comment(text="edited")
    with db.begin() as tx:
        assert not cases.dismissed(tx, comment.ref, comment.revision)
        decide(tx, "dismiss", 1)
        assert cases.dismissed(tx, comment.ref, comment.revision)
        decide(tx, "uphold", 2)
        assert not cases.dismissed(tx, comment.ref, comment.revision)
        decide(tx, "restore", 3)
        assert cases.dismissed(tx, comment.ref, comment.revision)
        records.observe(tx, a_batch(edited), account=an_account(), now=later(4))
        assert not cases.dismissed(tx, comment.ref, edited.revision)
        latest = cases.latest_decision(tx, comment.ref, comment.revision)
    assert latest is not None
    assert (latest.kind, latest.agent, latest.why, latest.at) == ("restore", PERSON, "because restore", later(3))


def test_other_decisions_and_unknown_wordings_are_refused(db: Database, comment: Comment) -> None:
    for kind, revision in (("shrug", comment.revision), ("uphold", "0" * 64)):
        with pytest.raises(IntegrityError), db.begin() as tx:
            cases.record_decision(tx, comment.ref, revision, kind, PERSON, "x", NOON)


def test_a_document_is_kept_once(tx: Tx) -> None:
    cases.keep_document(tx, "ab", "policy", "1. Be kind.\r\n", now=NOON)
    head = ledger.head(tx)
    cases.keep_document(tx, "ab", "policy", "1. Be kind.\r\n", now=later(9))
    assert ledger.head(tx) == head
    assert cases.document(tx, "ab") == ("policy", "1. Be kind.\r\n")
    assert cases.document(tx, "cd") is None
