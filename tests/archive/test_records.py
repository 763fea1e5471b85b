"""What platforms showed is recorded verbatim, once, and moves cases where it must."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from builders import (
    NOON,
    PERSON,
    RULE,
    a_batch,
    a_comment,
    a_post,
    a_ref,
    a_sighting,
    an_account,
    an_attachment,
    an_author,
    later,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from archive import accounts, cases, ledger, orders, records, tables
from archive.accounts import UnknownAccount
from archive.database import Database
from archive.records import Observed, Unrecorded
from bot.domain.states import Event, State
from bot.domain.types import Action, Comment, OrderStatus, Speaker, Visibility

if TYPE_CHECKING:
    from conftest import Life

    from archive.database import Tx

GONE, HIDDEN, VISIBLE, UNKNOWN = Visibility.GONE, Visibility.HIDDEN, Visibility.VISIBLE, Visibility.UNKNOWN


def _observe(tx: Tx, *comments: Comment, cursor: str = "1", at: float = 100) -> Observed:
    return records.observe(tx, a_batch(*comments, cursor=cursor), account=an_account(), now=later(at))


def _look(tx: Tx, of: Comment, at: float = 100, **other: object) -> State:
    sighting = a_sighting(of, seen_at=later(at), **other)
    records.sight(tx, sighting, account=an_account(), now=later(at))
    return _state(tx, of)


def _state(tx: Tx, comment: Comment) -> State:
    found = cases.case(tx, comment.ref)
    assert found is not None
    return found.state


def _counted(**what: int) -> Observed:
    none = {"new": 0, "edited": 0, "vanished": 0, "reappeared": 0, "resurfaced": 0, "repeated": 0}
    return Observed(**none | what)


def _kinds(tx: Tx, comment: Comment) -> list[str]:
    return [line.kind for line in cases.history(tx, comment.ref)]


# Recording ------------------------------------------------------------------------------------------------------------


def test_a_comment_comes_back_as_it_was_shown(tx: Tx) -> None:
    comment = a_comment(
        parent="c0",
        author=an_author(handle=None, url=None),
        text="Straße gesperrt 🚧\r\n\tעד מתי?",
        attachments=(an_attachment("a1"), an_attachment("a2", kind="sticker", url=None, alt=None)),
        speaker=Speaker.PUBLIC,
        visibility=HIDDEN,
        raw=b'{"id":"c1",\x00\xff}',
    )
    assert _observe(tx, comment) == _counted(new=1)
    assert records.comment(tx, comment.ref) == comment
    assert records.comment(tx, comment.ref, comment.revision) == comment


def test_a_post_comes_back_as_it_was_shown(tx: Tx) -> None:
    post = a_post(attachments=(an_attachment(),))
    records.observe(tx, a_batch(posts=(post,)), account=an_account(), now=NOON)
    assert records.post(tx, post.ref) == post


def test_an_edited_post_is_another_wording(tx: Tx) -> None:
    first, second = a_post(), a_post(text="Leaf collection starts on Tuesday.")
    for post in (first, second, second, first):
        records.observe(tx, a_batch(posts=(post,)), account=an_account(), now=NOON)
    assert records.post(tx, first.ref) == second
    numbers = select(tables.post.c.text, tables.post.c.number).order_by(tables.post.c.number)
    assert tx.execute(numbers).all() == [(first.text, 1), (second.text, 2)]


def test_a_comment_opens_a_case(tx: Tx) -> None:
    comment = a_comment()
    _observe(tx, comment, at=5)
    case = cases.case(tx, comment.ref)
    assert case is not None
    assert (case.state, case.revision, case.visibility) == (State.OBSERVED, comment.revision, VISIBLE)
    assert (case.since, case.account_key, case.agent) == (later(5), "youtube:UCcity", ledger.DAEMON)


def test_the_cursor_moves_with_the_batch(db: Database) -> None:
    with db.begin() as tx:
        _observe(tx, cursor='{"page":"é"}')
    with db.begin() as tx:
        standing = accounts.standing(tx, "youtube:UCcity")
        assert standing is not None
        assert standing.cursor == a_batch(cursor='{"page":"é"}').cursor

    def observe_and_fail() -> None:
        with db.begin() as tx:
            _observe(tx, a_comment("c9"), cursor="lost")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        observe_and_fail()
    with db.read() as tx:
        assert accounts.standing(tx, "youtube:UCcity") == standing
        assert cases.case(tx, a_ref("c9")) is None


def test_the_same_batch_again_is_a_no_op(db: Database, path: Path) -> None:
    batch = a_batch(*[a_comment(f"c{n}", text=f"Comment {n}") for n in range(30)], cursor="7")
    with db.begin() as tx:
        assert records.observe(tx, batch, account=an_account(), now=NOON) == _counted(new=30)
    before = _everything(db)
    with db.begin() as tx:
        assert records.observe(tx, batch, account=an_account(), now=later(60)) == _counted(repeated=30)
    assert _everything(db) == before


def _everything(db: Database) -> dict[str, list[tuple[object, ...]]]:
    with db.read() as tx:
        return {
            name: [tuple(row) for row in tx.execute(text(f'SELECT * FROM "{name}" ORDER BY 1, 2'))]
            for name in tables.metadata.tables
        }


def test_the_same_comment_twice_in_one_batch_is_recorded_once(tx: Tx) -> None:
    comment = a_comment()
    assert _observe(tx, comment, comment) == _counted(new=1, repeated=1)
    edited = a_comment("c2", text="after")
    assert _observe(tx, a_comment("c2", text="before"), edited, edited) == _counted(new=1, edited=1, repeated=1)
    assert records.wordings(tx, edited.ref) == ["before", "after"]


def test_a_batch_of_another_account_is_refused(tx: Tx) -> None:
    other = an_account(id="UCparks")
    with pytest.raises(ValueError, match="youtube:UCparks:p1 does not belong to the account youtube:UCcity"):
        records.observe(tx, a_batch(a_comment(account=other)), account=an_account(), now=NOON)
    with pytest.raises(UnknownAccount, match="no account youtube:UCparks is registered"):
        records.observe(tx, a_batch(a_comment(account=other)), account=other, now=NOON)


def test_a_comment_under_a_post_that_was_never_shown_is_recorded(tx: Tx) -> None:
    records.observe(tx, a_batch(a_comment(), posts=()), account=an_account(), now=NOON)
    assert records.comment(tx, a_ref("c1")) == a_comment()
    with pytest.raises(Unrecorded, match="p1 was never recorded"):
        records.post(tx, a_ref("p1"))


def test_what_was_never_recorded_is_said(tx: Tx) -> None:
    with pytest.raises(Unrecorded, match="c1 was never recorded"):
        records.comment(tx, a_ref("c1"))
    with pytest.raises(Unrecorded):
        _look(tx, a_comment())
    _observe(tx)
    with pytest.raises(Unrecorded, match="c1 in wording ffff"):
        records.comment(tx, a_ref("c1"), "ffff")


def test_a_thread_is_told_from_its_beginning(tx: Tx) -> None:
    first, second = a_comment("c1"), a_comment("c2", parent="c1")
    third, orphan = a_comment("c3", parent="c2"), a_comment("c4", parent="lost")
    _observe(tx, third, first, second, orphan)
    assert records.thread(tx, third.ref) == [first, second]
    assert records.thread(tx, first.ref) == []
    assert records.thread(tx, orphan.ref) == []


def test_a_thread_that_bites_its_tail_ends(tx: Tx) -> None:
    _observe(tx, a_comment("c1", parent="c2"), a_comment("c2", parent="c1"))
    assert [comment.ref.item for comment in records.thread(tx, a_ref("c1"))] == ["c2"]


def test_what_is_recorded_is_counted(life: Life) -> None:
    life.secured()
    with life.db.read() as tx:
        counted = records.counts(tx)
        lines = tx.execute(select(func.count()).select_from(tables.ledger)).scalar_one()
    assert counted == {
        "posts": 1,
        "comments": 1,
        "revisions": 1,
        "sightings": 1,
        "verdicts": 1,
        "evidence": 1,
        "orders": 1,
        "ledger": lines,
    }


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Database:
    """One database for many made-up comments."""
    db = Database.open(f"sqlite:///{tmp_path_factory.mktemp('shared')}/x.db")
    with db.begin() as tx:
        accounts.register(tx, an_account(), NOON)
    return db


ANYTHING = st.text(st.characters(codec=None), max_size=40)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(words=ANYTHING, name=st.none() | ANYTHING, raw=st.binary(max_size=60), url=ANYTHING)
def test_whatever_people_write_comes_back(shared: Database, words: str, name: str | None, raw: bytes, url: str) -> None:
    """Also what no encoding has: NUL, half surrogate pairs, our own mark."""
    with shared.begin() as tx:
        number = records.counts(tx)["comments"]
        comment = a_comment(f"c{number}", text=words, author=an_author(name=name), raw=raw, url=url)
        assert _observe(tx, comment).new == 1
        assert records.comment(tx, comment.ref) == comment


@pytest.mark.parametrize("words", ["\x00", "\ud83d", "\ufdd0", '\ufdd0"x"', "a\x00b\udfff", ""])
def test_the_hardest_words_come_back(tx: Tx, words: str) -> None:
    comment = a_comment(text=words)
    _observe(tx, comment)
    assert records.comment(tx, comment.ref).text == words
    assert records.comment(tx, comment.ref).revision == comment.revision


def test_naughty_strings_come_back(tx: Tx) -> None:
    """Strings that broke other programs, from the development data where it is present."""
    data = Path(os.environ.get("CITYMOD_DEV_DATA", Path(__file__).parents[3] / "shared/data"))
    file = data / "naughty_strings.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else ['{"text": "NULL"}']
    comments = [a_comment(f"n{n}", text=str(json.loads(line)["text"])) for n, line in enumerate(lines)]
    assert _observe(tx, *comments).new == len(comments) > 0
    assert [records.comment(tx, comment.ref) for comment in comments] == comments


# Edits ----------------------------------------------------------------------------------------------------------------


def test_an_edit_is_another_revision(tx: Tx) -> None:
    first = a_comment(text="first")
    second = a_comment(text="second", author=an_author(name="Pat Renamed"), raw=b"2")
    _observe(tx, first, at=1)
    assert _observe(tx, second, cursor="2", at=2) == _counted(edited=1)
    assert records.comment(tx, first.ref) == second
    assert records.comment(tx, first.ref, first.revision) == first
    assert _kinds(tx, first) == ["comment.recorded", "revision.recorded", "case.edited"]
    rows = tx.execute(select(tables.revision.c.number, tables.revision.c.text).order_by(tables.revision.c.number))
    assert rows.all() == [(1, "first"), (2, "second")]
    sightings = select(tables.sighting.c.revision, tables.sighting.c.seen_at).order_by(tables.sighting.c.entry)
    assert tx.execute(sightings).all() == [(first.revision, later(1)), (second.revision, later(2))]


def test_an_earlier_wording_that_comes_back_is_an_edit_again(tx: Tx) -> None:
    first, second = a_comment(text="first"), a_comment(text="second")
    assert [_observe(tx, comment).edited for comment in (first, second, first, second)] == [0, 1, 1, 1]
    assert records.wordings(tx, first.ref) == ["first", "second"]
    assert _kinds(tx, first)[-4:] == ["sighting.recorded", "case.edited", "sighting.recorded", "case.edited"]
    case = cases.case(tx, first.ref)
    assert case is not None
    assert case.revision == second.revision


@pytest.mark.parametrize("step", ["marked", "secured"])
def test_an_edit_sends_a_case_back_and_takes_its_order(life: Life, step: str) -> None:
    getattr(life, step)()
    with life.db.begin() as tx:
        assert _observe(tx, a_comment(text="other words")) == _counted(edited=1)
        assert _state(tx, a_comment()) is State.OBSERVED
        assert all(order.status is OrderStatus.CANCELLED for order in orders.all_with(tx))


def test_an_edit_of_what_we_hid_goes_to_a_person(life: Life) -> None:
    order = life.enforced()
    with life.db.begin() as tx:
        assert _observe(tx, a_comment(text="other words", visibility=HIDDEN)).edited == 1
        assert _state(tx, a_comment()) is State.IN_REVIEW
        assert orders.order(tx, order.id).status is OrderStatus.CONFIRMED  # type: ignore[union-attr]


def test_an_edit_leaves_an_order_to_show_it_again(life: Life) -> None:
    order = life.enforced()
    with life.db.begin() as tx:
        restore = _place_restore(tx, order)
        _observe(tx, a_comment(text="other words", visibility=HIDDEN))
        assert orders.waiting_for(tx, order.ref) == restore


def _place_restore(tx: Tx, order: orders.Order) -> orders.Order:
    return orders.place(
        tx,
        ref=order.ref,
        revision=order.revision,
        evidence_id=order.evidence,
        action=Action.RESTORE,
        agent=PERSON,
        now=later(40),
    )


def test_a_look_that_shows_other_words_is_an_edit(life: Life) -> None:
    life.secured()
    edited = a_comment(text="seen while looking")
    with life.db.begin() as tx:
        assert _look(tx, edited) is State.OBSERVED
        assert records.comment(tx, edited.ref) == edited


# Vanishing and coming back --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["observed", "marked", "secured", "attempted", "enforced"])
def test_a_comment_that_is_gone_moves_its_case(life: Life, step: str) -> None:
    getattr(life, step)()
    with life.db.begin() as tx:
        assert _look(tx, a_comment(), visibility=GONE) is State.GONE
        assert orders.waiting_for(tx, a_ref("c1")) is None
        assert _look(tx, a_comment(), at=101, visibility=GONE) is State.GONE
        assert _kinds(tx, a_comment()).count("case.vanished") == 1


@pytest.mark.parametrize("step", ["attempted", "enforced"])
def test_what_our_order_deleted_has_not_vanished(life: Life, step: str) -> None:
    getattr(life, step)(action=Action.DELETE)
    expected = State.ENFORCED if step == "enforced" else State.SECURED
    with life.db.begin() as tx:
        assert _look(tx, a_comment(), visibility=GONE) is expected


def test_what_was_gone_before_our_order_was_tried_has_vanished(life: Life) -> None:
    order = life.secured(action=Action.DELETE)
    with life.db.begin() as tx:
        assert _look(tx, a_comment(), visibility=GONE) is State.GONE
        assert orders.order(tx, order.id).status is OrderStatus.CANCELLED  # type: ignore[union-attr]


@pytest.mark.parametrize("visibility", [VISIBLE, HIDDEN, UNKNOWN])
def test_a_comment_that_is_there_again_is_judged_again(life: Life, visibility: Visibility) -> None:
    comment = life.observed()
    with life.db.begin() as tx:
        _look(tx, comment, visibility=GONE)
        assert _observe(tx, a_comment(visibility=visibility)) == _counted(reappeared=1)
        assert _state(tx, comment) is State.OBSERVED


def test_a_comment_that_is_there_again_in_other_words_is_both(life: Life) -> None:
    comment = life.observed()
    with life.db.begin() as tx:
        _look(tx, comment, visibility=GONE)
        assert _observe(tx, a_comment(text="new")) == _counted(reappeared=1, edited=1)
        assert _kinds(tx, comment)[-3:] == ["revision.recorded", "case.reappeared", "case.edited"]


def test_a_look_that_tells_nothing_brings_nothing_back(life: Life) -> None:
    comment = life.observed()
    with life.db.begin() as tx:
        _look(tx, comment, visibility=GONE)
        assert _look(tx, comment, visibility=UNKNOWN, comment=None) is State.GONE


def test_a_batch_may_say_that_a_comment_is_gone(tx: Tx) -> None:
    known = a_comment("c1")
    _observe(tx, known)
    gone = [a_comment("c1", text="[deleted]", visibility=GONE), a_comment("c2", visibility=GONE)]
    assert _observe(tx, *gone) == _counted(new=1, vanished=2)
    assert records.wordings(tx, known.ref) == [known.text]


# Visibility -----------------------------------------------------------------------------------------------------------


def test_unknown_visibility_says_nothing(life: Life) -> None:
    comment = life.observed()
    with life.db.begin() as tx:
        lines = len(_kinds(tx, comment))
        assert _observe(tx, a_comment(visibility=UNKNOWN)) == _counted(repeated=1)
        assert len(_kinds(tx, comment)) == lines
        assert records.comment(tx, comment.ref).visibility is VISIBLE


def test_hidden_by_somebody_else_is_noted_and_left_alone(life: Life) -> None:
    comment = life.observed()
    with life.db.begin() as tx:
        for at in (100, 101):
            assert _observe(tx, a_comment(visibility=HIDDEN), at=at) == _counted(repeated=1)
        assert _state(tx, comment) is State.OBSERVED
        assert _kinds(tx, comment) == ["comment.recorded", "sighting.recorded"]
        assert records.comment(tx, comment.ref).visibility is HIDDEN


def test_shown_again_by_somebody_goes_to_a_person(life: Life) -> None:
    life.enforced()
    with life.db.begin() as tx:
        assert _look(tx, a_comment(), at=35, visibility=HIDDEN) is State.ENFORCED
        assert orders.hidden_by_us(tx, a_ref("c1"))
        assert _observe(tx, a_comment(), at=100) == _counted(resurfaced=1)
        case = cases.case(tx, a_ref("c1"))
        assert case is not None
        assert (case.state, case.why) == (State.IN_REVIEW, "someone on the platform made it visible again")
        assert not orders.hidden_by_us(tx, a_ref("c1"))


def test_what_was_read_before_we_hid_it_is_no_resurfacing(life: Life) -> None:
    life.enforced()
    with life.db.begin() as tx:
        batch = a_batch(a_comment())
        seen = records.observe(tx, batch, account=an_account(), now=later(31), read_at=later(29))
        assert seen.resurfaced == 0
        assert _state(tx, a_comment()) is State.ENFORCED


def test_unknown_visibility_is_no_resurfacing(life: Life) -> None:
    life.enforced()
    with life.db.begin() as tx:
        assert _observe(tx, a_comment(visibility=UNKNOWN)) == _counted(repeated=1)


def test_shown_while_our_own_order_to_show_it_waits_is_no_resurfacing(life: Life) -> None:
    order = life.enforced()
    with life.db.begin() as tx:
        _place_restore(tx, order)
        assert _look(tx, a_comment(), visibility=VISIBLE) is State.ENFORCED


@pytest.mark.parametrize("visibility", [VISIBLE, HIDDEN, UNKNOWN])
def test_a_deleted_comment_that_is_there_goes_to_a_person(life: Life, visibility: Visibility) -> None:
    life.enforced(action=Action.DELETE)
    with life.db.begin() as tx:
        assert _observe(tx, a_comment(visibility=visibility)) == _counted(resurfaced=1)


def test_a_look_is_remembered(life: Life) -> None:
    first, second = life.observed(a_comment("c1")), life.observed(a_comment("c2"))
    with life.db.begin() as tx:
        _look(tx, first, at=200)
        assert [case.ref for case in cases.not_looked_at_since(tx, later(150), [State.OBSERVED], limit=9)] == [
            second.ref
        ]
        both = cases.not_looked_at_since(tx, later(250), [State.OBSERVED], limit=9)
        assert [case.ref for case in both] == [second.ref, first.ref]
        assert cases.not_looked_at_since(tx, later(250), [State.CLEARED], limit=9) == []


def test_rules_and_people_are_not_undone_by_a_repeat(life: Life) -> None:
    """A dismissed comment that is polled again stays dismissed."""
    comment = life.marked()
    with life.db.begin() as tx:
        cases.advance(tx, comment.ref, Event.DISMISSED, agent=PERSON, now=later(50), why="it stands")
        assert _observe(tx, comment) == _counted(repeated=1)
        assert _state(tx, comment) is State.CLEARED
        assert RULE.name not in str(cases.case(tx, comment.ref))


def test_observing_is_fast_enough(db: Database) -> None:
    """Far above a city's busiest day. Counted in the processor's time, since the machine may be busy."""
    batches = [
        a_batch(
            *[a_comment(f"c{n}-{i}", text=f"comment {i} of {n} " * 5, raw=b"x" * 700) for i in range(100)],
            cursor=str(n),
        )
        for n in range(10)
    ]
    begin = time.process_time()
    for batch in batches:
        with db.begin() as tx:
            records.observe(tx, batch, account=an_account(), now=NOON)
    assert 1000 / (time.process_time() - begin) > 1000


def test_what_a_platform_lists_no_longer_is_gone_and_told_once(tx: Tx) -> None:
    records.observe(tx, a_batch(a_comment("c1"), a_comment("c2")), account=an_account(), now=NOON)
    missing = replace(a_batch(a_comment("c2"), cursor="2"), gone=(a_ref("c1"), a_ref("never seen")))
    for _ in range(2):
        records.observe(tx, missing, account=an_account(), now=later(60))
    case = cases.case(tx, a_ref("c1"))
    assert case is not None
    assert case.state is State.GONE
    assert [line.kind for line in cases.history(tx, a_ref("c1"))].count("case.vanished") == 1
    assert records.comment(tx, a_ref("c1")).text == a_comment("c1").text
