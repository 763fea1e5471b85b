"""No order without evidence of the very revision; attempts are written down first; the platform's word ends it."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from builders import NOON, PERSON, RULE, a_batch, a_comment, a_ref, an_account, an_evidence, later
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from archive import cases, evidence, ledger, orders, records, tables
from archive.cases import CaseMoved
from archive.orders import OrderMoved
from bot.domain.states import Event
from bot.domain.types import Action, Order, OrderStatus, Visibility

if TYPE_CHECKING:
    from conftest import Life

    from archive.database import Database, Tx


def _place(tx: Tx, life_order: Order | None = None, **other: object) -> Order:
    comment = a_comment()
    said = {
        "ref": comment.ref,
        "revision": comment.revision,
        "evidence_id": life_order.evidence if life_order else an_evidence().id,
        "action": Action.HIDE,
        "agent": RULE,
        "now": later(50),
    }
    return orders.place(tx, **(said | other))  # type: ignore[arg-type]


def _again(tx: Tx, order: Order) -> Order:
    found = orders.order(tx, order.id)
    assert found is not None
    return found


# Evidence first -------------------------------------------------------------------------------------------------------


def test_an_order_says_who_what_and_on_which_evidence(life: Life) -> None:
    order = life.secured()
    comment = a_comment()
    assert order == Order(
        id=order.id,
        ref=comment.ref,
        revision=comment.revision,
        evidence=an_evidence().id,
        action=Action.HIDE,
        agent=RULE,
        attempts=0,
        not_before=None,
        status=OrderStatus.WAITING,
    )
    with life.db.read() as tx:
        assert orders.latest(tx, comment.ref) == orders.waiting_for(tx, comment.ref) == order
        line = next(ledger.entries(tx, kinds=["order.placed"]))
    assert (line.ref, line.agent, line.at) == (comment.ref, RULE, later(22))
    assert line.detail["evidence"] == order.evidence


def test_without_evidence_there_is_no_order(life: Life) -> None:
    life.marked()
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"), life.db.begin() as tx:
        _place(tx)
    with pytest.raises(IntegrityError, match=r"(?i)not.null"), life.db.begin() as tx:
        _place(tx, evidence_id=None)


def test_evidence_of_another_wording_carries_no_order(life: Life) -> None:
    old = life.secured()
    edited = a_comment(text="edited")
    with life.db.begin() as tx:
        records.observe(tx, a_batch(edited), account=an_account(), now=later(40))
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"), life.db.begin() as tx:
        _place(tx, old, revision=edited.revision)
    with pytest.raises(CaseMoved, match="edited after"), life.db.begin() as tx:
        _place(tx, old)


def test_evidence_of_another_comment_carries_no_order(life: Life) -> None:
    first = life.secured()
    second = life.observed(a_comment("c2"))
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"), life.db.begin() as tx:
        _place(tx, first, ref=second.ref)


def test_the_database_itself_refuses_an_order_without_evidence(life: Life) -> None:
    """Whatever code there will be: the row cannot be written."""
    order = life.secured()
    with life.db.read() as tx:
        row = dict(tx.execute(tables.order_.select()).mappings().one())
    edited = a_comment(text="edited")
    with life.db.begin() as tx:
        records.observe(tx, a_batch(edited), account=an_account(), now=later(40))
    for wrong in ({"evidence": None}, {"evidence": "none"}, {"revision": edited.revision}, {"ref": a_ref("c9")}):
        with pytest.raises(IntegrityError), life.db.begin() as tx:
            tx.execute(insert(tables.order_).values(row | {"id": "forged"} | wrong))
    for wrong in ("evidence = 'none'", "revision = 'x'"):
        with (
            pytest.raises((IntegrityError, ProgrammingError), match=r"(?i)never change|foreign key|permission denied"),
            life.db.begin() as tx,
        ):
            tx.execute(text(f"UPDATE order_ SET {wrong}"))
    with life.db.read() as tx:
        assert [found.id for found in orders.all_with(tx)] == [order.id]


def test_an_order_to_show_again_stands_on_the_evidence_of_the_hide(life: Life) -> None:
    hide = life.enforced()
    with life.db.begin() as tx:
        records.observe(
            tx, a_batch(a_comment(text="edited", visibility=Visibility.HIDDEN)), account=an_account(), now=later(40)
        )
        restore = _place(tx, hide, action=Action.RESTORE, agent=PERSON)
        assert (restore.evidence, restore.revision) == (hide.evidence, hide.revision)


def test_a_newer_order_takes_the_place_of_one_that_waits(life: Life) -> None:
    old = life.secured()
    with life.db.begin() as tx:
        new = _place(tx, old, agent=PERSON)
        assert _again(tx, old).status is OrderStatus.CANCELLED
        assert orders.waiting_for(tx, new.ref) == orders.latest(tx, new.ref) == new
        row = dict(tx.execute(tables.order_.select().where(tables.order_.c.id == new.id)).mappings().one())
        with pytest.raises(IntegrityError, match=r"(?i)unique"):
            tx.execute(insert(tables.order_).values(row | {"id": "second"}))


# Attempts -------------------------------------------------------------------------------------------------------------


def test_an_attempt_is_written_down_before_and_after(life: Life) -> None:
    order = life.secured()
    with life.db.begin() as tx:
        assert not orders.unfinished(tx, order)
        assert orders.begin_attempt(tx, order, later(25)) == 1
        assert orders.unfinished(tx, order)
        assert _again(tx, order).attempts == 1
        orders.end_attempt(tx, order, later(26), "Transient: 502", None)
        assert not orders.unfinished(tx, order)
        assert orders.answered(tx, order) is None
        assert orders.begin_attempt(tx, _again(tx, order), later(27)) == 2
        orders.end_attempt(tx, order, later(28), "taken", Visibility.HIDDEN)
        assert orders.answered(tx, order) is Visibility.HIDDEN
        kinds = [line.kind for line in cases.history(tx, order.ref)][-4:]
    assert kinds == ["attempt.begun", "attempt.ended", "attempt.begun", "attempt.ended"]


def test_only_one_of_many_begins_an_attempt(life: Life) -> None:
    order = life.secured()
    start = threading.Barrier(4)
    outcomes: list[str] = []

    def try_it() -> None:
        start.wait()
        try:
            with life.db.begin() as tx:
                orders.begin_attempt(tx, order, later(25))
            outcomes.append("began")
        except OrderMoved:
            outcomes.append("moved")

    threads = [threading.Thread(target=try_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["began", "moved", "moved", "moved"]


def test_an_attempt_that_never_ended_is_known(life: Life) -> None:
    """Killed between begin and end: the next pass sees it and may begin the next."""
    order = life.secured()
    with life.db.begin() as tx:
        orders.begin_attempt(tx, order, later(25))
    with life.db.begin() as tx:
        assert orders.unfinished(tx, order)
        orders.begin_attempt(tx, _again(tx, order), later(60))
        orders.end_attempt(tx, order, later(61), "taken", Visibility.HIDDEN)
        assert not orders.unfinished(tx, order)
        with pytest.raises(OrderMoved):  # the first attempt's end stays unknown for ever
            orders.end_attempt(tx, order, later(62), "Transient: 502", None)


def test_no_attempt_ends_that_did_not_begin(life: Life) -> None:
    order = life.secured()
    with life.db.begin() as tx, pytest.raises(OrderMoved):
        orders.end_attempt(tx, order, NOON, "taken", None)


# Ends -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["confirm", "refuse", "cancel"])
def test_an_order_ends_once(life: Life, end: str) -> None:
    order = life.attempted()
    status = {"confirm": "confirmed", "refuse": "refused", "cancel": "cancelled"}[end]
    with life.db.begin() as tx:
        if end == "confirm":
            orders.confirm(tx, order, basis="look", now=later(30))
        else:
            assert getattr(orders, end)(tx, order, "because", later(30))
        assert _again(tx, order).status == status
        assert cases.history(tx, order.ref)[-1].kind == f"order.{status}"
        head = ledger.head(tx)
        with pytest.raises(OrderMoved):
            orders.confirm(tx, order, basis="look", now=later(31))
        with pytest.raises(OrderMoved):
            orders.begin_attempt(tx, _again(tx, order), later(31))
        assert not orders.refuse(tx, order, "again", later(31))
        assert not orders.cancel(tx, order, "again", later(31))
        orders.put_off(tx, order, later(99), "again", later(31))
        assert ledger.head(tx) == head
        assert _again(tx, order).status == status
        assert orders.waiting(tx, now=later(999), limit=9) == []


def test_an_order_that_was_put_off_waits(life: Life) -> None:
    order = life.secured()
    with life.db.begin() as tx:
        orders.put_off(tx, order, later(90), "RateLimited", later(30))
        assert orders.waiting(tx, now=later(89), limit=9) == []
        assert [each.id for each in orders.waiting(tx, now=later(90), limit=9)] == [order.id]


def test_waiting_orders_come_oldest_first_and_by_account(life: Life) -> None:
    first, second = life.secured(a_comment("c1")), life.secured(a_comment("c2"))
    with life.db.read() as tx:
        assert orders.waiting(tx, now=later(99), limit=9) == [first, second]
        assert orders.waiting(tx, now=later(99), limit=1) == [first]
        assert orders.waiting(tx, now=later(99), limit=9, accounts=["youtube:UCcity"]) == [first, second]
        assert orders.waiting(tx, now=later(99), limit=9, accounts=["x:1"]) == []


# Asking ---------------------------------------------------------------------------------------------------------------


def test_hidden_by_us_until_somebody_shows_it_again(life: Life) -> None:
    hide = life.attempted()
    with life.db.begin() as tx:
        assert not orders.hidden_by_us(tx, hide.ref)
        orders.confirm(tx, hide, basis="look", now=later(30))
        assert orders.hidden_by_us(tx, hide.ref)
        restore = _place(tx, hide, action=Action.RESTORE, agent=PERSON, now=later(40))
        assert orders.hidden_by_us(tx, hide.ref)
        orders.confirm(tx, restore, basis="look", now=later(50))
        assert not orders.hidden_by_us(tx, hide.ref)


def test_only_orders_of_rules_count_against_the_budget(life: Life) -> None:
    order = life.secured()
    with life.db.begin() as tx:
        _place(tx, order, agent=PERSON, now=later(60))
        _place(tx, order, agent=RULE, now=later(70))
        assert [orders.used_since(tx, "youtube:UCcity", later(at)) for at in (0, 22, 23, 70, 71)] == [2, 2, 1, 1, 0]
        assert orders.used_since(tx, "youtube:UCparks", NOON) == 0


def test_the_reasons_of_an_order_are_told(life: Life) -> None:
    order = life.secured()
    with life.db.begin() as tx:
        cases.record_decision(tx, order.ref, order.revision, "uphold", PERSON, "yes", later(30))
        (reasons,) = orders.reasons(tx, order.ref)
    assert reasons.order == order
    assert [match.rule for match in reasons.matches] == ["city.threat.01"]
    assert reasons.decided is not None
    assert reasons.decided.why == "yes"


def test_orders_are_asked_for_by_status(life: Life) -> None:
    hidden = life.enforced(a_comment("c1"))
    waits = life.secured(a_comment("c2"))
    with life.db.read() as tx:
        assert [each.id for each in orders.all_with(tx)] == [hidden.id, waits.id]
        assert orders.all_with(tx, OrderStatus.WAITING) == [waits]
        assert orders.order(tx, "none") is None
        assert orders.latest(tx, a_ref("c9")) is None


def test_evidence_cannot_be_recorded_for_words_never_seen(life: Life, db: Database) -> None:
    comment = life.observed()
    with pytest.raises(IntegrityError), db.begin() as tx:
        evidence.record(tx, replace(an_evidence(comment), revision="0" * 64), NOON)
    with pytest.raises(IntegrityError), db.begin() as tx:
        evidence.record(tx, replace(an_evidence(comment), ref=a_ref("c9")), NOON)


def test_a_refused_case_may_be_ordered_again(life: Life) -> None:
    order = life.secured()
    with life.db.begin() as tx:
        orders.refuse(tx, order, "the platform will not", later(30))
        cases.advance(tx, order.ref, Event.REFUSED, agent=ledger.DAEMON, now=later(30), why="refused")
        assert _place(tx, order, agent=PERSON).status is OrderStatus.WAITING
