"""Nothing is destroyed but what a schedule allows, two people approved and no hold covers; what was, is provable."""

from __future__ import annotations

import re
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from builders import NOON, PERSON, a_batch, a_comment, a_post, an_account, later
from destroying import SERIES, destroy
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from archive import (
    cases,
    copies,
    dispositions,
    full_text,
    handwork,
    holds,
    ledger,
    media,
    pages,
    records,
    retention,
    tables,
)
from archive.dispositions import NotAllowed
from archive.holds import Item, Scope
from archive.media import Kept
from archive.retention import Period, Series
from archive.search import Query, search
from archive.verify import verify
from bot.domain.states import Event
from bot.domain.types import Agent, AgentKind, Attachment, Author

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Life

    from archive.database import Database, Tx
    from bot.domain.types import Comment

KIM, LEE = (Agent(kind=AgentKind.PERSON, name=name) for name in ("Kim Clerk", "Lee Counsel"))
THEN = datetime(2031, 1, 1, tzinfo=UTC)
SCHEDULE = "cd" * 32
PICTURE = Attachment(id="p", kind="photo", url="https://p.example/1.jpg")


def cleared(tx: Tx, comment: Comment) -> Comment:
    records.observe(tx, a_batch(comment), account=an_account(), now=NOON)
    cases.advance(tx, comment.ref, Event.CLEARED, agent=ledger.DAEMON, now=later(1), why="no rule asks for anything")
    return comment


def due(tx: Tx, series: Series = SERIES, now: datetime = THEN) -> list[str]:
    found = [unit.name for unit in retention.due(tx, series, now, 1000)]
    assert retention.standing(tx, series, now).due == len(found)
    assert sorted(retention.among(tx, series, now, found)[0]) == sorted(found)
    return found


def proposed(tx: Tx, series: Series = SERIES, *approvers: Agent, now: datetime = THEN) -> str:
    cases.keep_document(tx, SCHEDULE, "schedule", "the schedule", now=now)
    id_ = dispositions.propose(tx, series, schedule=SCHEDULE, agent=PERSON, now=now).id
    for agent in approvers:
        dispositions.approve(tx, id_, why="due", agent=agent, now=now)
    return id_


def carry_out(tx: Tx, id_: str, series: Series = SERIES, schedule: str = SCHEDULE) -> dispositions.Destroyed:
    return dispositions.carry_out(tx, id_, series, schedule=schedule, agent=PERSON, now=THEN)


def checked(db: Database, folder: Path) -> list[str]:
    return verify(db, folder / "evidence", folder / "media", now=THEN).problems


# What is due ----------------------------------------------------------------------------------------------------------


def test_only_what_was_let_stand_from_the_first_is_ever_due(db: Database, life: Life) -> None:
    life.enforced(a_comment("hidden"))
    life.marked(a_comment("marked"))
    life.observed(a_comment("unjudged"))
    with db.begin() as tx:
        cleared(tx, a_comment("fine"))
        raised = cleared(tx, a_comment("raised"))
        cases.advance(tx, raised.ref, Event.REFERRED, agent=KIM, now=later(2), why="look at this")
        cases.advance(tx, raised.ref, Event.DISMISSED, agent=KIM, now=later(3), why="it stands")
        assert due(tx) == [str(a_comment("fine").ref)]


@pytest.mark.parametrize(("years", "is_due"), [(1, True), (20, False), (None, False)])
def test_it_is_due_when_its_period_is_over_and_never_without_one(tx: Tx, years: int | None, is_due: bool) -> None:
    cleared(tx, a_comment())
    series = Series(
        id="s",
        title="t",
        covers="comments",
        trigger="posted",
        period=Period(years=years) if years else None,
        authority="a",
    )
    assert bool(due(tx, series)) is is_due


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(0, 30),
    st.integers(0, 40),
    st.integers(0, 400),
)
def test_a_period_never_ends_early(now: datetime, years: int, months: int, days: int) -> None:
    before = Period(years=years, months=months, days=days).before(now)
    whole = years * 12 + months
    assert before + timedelta(days=days) <= now
    shifted = before + timedelta(days=days)
    assert (now.year - shifted.year) * 12 + now.month - shifted.month == whole
    assert shifted.day <= now.day


# Holds ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "scope",
    [
        Scope(),
        Scope(case=a_comment().ref),
        Scope(account=an_account().key),
        Scope(words="STREET"),
        Scope(author="pat resident"),
        Scope(since=NOON - timedelta(days=9000), until=THEN),
    ],
)
def test_a_hold_wins_over_the_schedule_until_it_is_released(tx: Tx, scope: Scope) -> None:
    cleared(tx, a_comment(text="Fix my street", author=Author(id="7", name="Pat Resident")))
    hold = holds.add(tx, scope, matter="24-CV-1", why="a claim", agent=KIM, now=later(5))
    assert due(tx) == []
    assert retention.standing(tx, SERIES, THEN).held == 1
    assert retention.among(tx, SERIES, THEN, [str(a_comment().ref)]) == ({}, {str(a_comment().ref): hold})
    holds.release(tx, hold.id, why="settled", agent=KIM, now=later(6))
    assert len(due(tx)) == 1
    with pytest.raises(holds.NoSuchHold):
        holds.release(tx, hold.id, why="again", agent=KIM, now=later(7))


@pytest.mark.parametrize(
    "scope", [Scope(account="x:other"), Scope(words="bridge"), Scope(author="Lee"), Scope(until=NOON - timedelta(1000))]
)
def test_a_hold_covers_no_more_than_it_says(tx: Tx, scope: Scope) -> None:
    cleared(tx, a_comment(text="Fix my street", author=Author(id="7", name="Pat Resident")))
    holds.add(tx, scope, matter="24-CV-1", why="a claim", agent=KIM, now=later(5))
    assert len(due(tx)) == 1


def test_words_of_an_earlier_wording_are_covered_too(tx: Tx) -> None:
    cleared(tx, a_comment(text="The bridge is broken"))
    records.observe(tx, a_batch(a_comment(text="never mind")), account=an_account(), now=later(60))
    cases.advance(tx, a_comment().ref, Event.CLEARED, agent=ledger.DAEMON, now=later(61), why="nothing")
    holds.add(tx, Scope(words="bridge"), matter="1", why="w", agent=KIM, now=later(62))
    assert due(tx) == []


@pytest.mark.parametrize(
    ("agent", "why"), [(ledger.DAEMON, "w"), (Agent(kind=AgentKind.PERSON, name=" "), "w"), (KIM, " ")]
)
def test_one_person_with_a_reason_adds_and_releases_a_hold(tx: Tx, agent: Agent, why: str) -> None:
    with pytest.raises(holds.HoldRefused):
        holds.add(tx, Scope(), matter="1", why=why, agent=agent, now=later(1))
    hold = holds.add(tx, Scope(), matter="1", why="a claim", agent=KIM, now=later(1))
    with pytest.raises(holds.HoldRefused):
        holds.release(tx, hold.id, why=why, agent=agent, now=later(2))
    assert holds.in_force(tx) == [hold]


def test_counting_and_listing_agree_whatever_holds_there_are(tx: Tx) -> None:
    """The database counts what holds of time and place cover, the program what holds of words cover: each once."""
    for number in range(8):
        words = "bridge" if number % 2 else "street"
        posted_at = NOON - timedelta(days=3000 - number)
        cleared(tx, a_comment(f"c{number}", text=f"{words} {number}", posted_at=posted_at))
    scopes = [
        Scope(words="BRIDGE 3"),
        Scope(case=a_comment("c3").ref),
        Scope(until=NOON - timedelta(days=2999)),
        Scope(author="pat q. public", since=NOON - timedelta(days=2994)),
        Scope(account="x:other", words="street"),
    ]
    kept = [8, 7, 7, 5, 3, 3]
    for number, scope in enumerate(scopes):
        assert (len(due(tx)), retention.standing(tx, SERIES, THEN).held) == (kept[number], 8 - kept[number])
        holds.add(tx, scope, matter="1", why="w", agent=KIM, now=later(number))
    assert (len(due(tx)), retention.standing(tx, SERIES, THEN).held) == (kept[-1], 8 - kept[-1])
    assert len(retention.due(tx, SERIES, THEN, 2)) == 2


def test_in_doubt_a_record_that_has_no_words_is_covered() -> None:
    assert holds.on(Item(account="x:1"), [_hold(Scope(words="bridge"))])
    assert not holds.on(Item(account="x:1"), [_hold(Scope(case=a_comment().ref))])


def _hold(scope: Scope) -> holds.Hold:
    return holds.Hold(id="h", matter="m", scope=scope, why="w", agent=KIM, at=NOON)


def test_a_hold_that_came_after_the_approval_stops_the_whole_batch(tx: Tx) -> None:
    cleared(tx, a_comment("c1"))
    cleared(tx, a_comment("c2"))
    id_ = proposed(tx, SERIES, KIM, LEE)
    holds.add(tx, Scope(case=a_comment("c2").ref), matter="24-CV-1", why="a claim", agent=KIM, now=later(5))
    with pytest.raises(NotAllowed, match="24-CV-1"):
        carry_out(tx, id_)
    assert records.comment(tx, a_comment("c1").ref, a_comment("c1").revision).text == a_comment("c1").text


# Two people -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("approvers", [(), (KIM,)])
def test_nothing_is_destroyed_before_two_people_approved(tx: Tx, approvers: tuple[Agent, ...]) -> None:
    cleared(tx, a_comment())
    id_ = proposed(tx, SERIES, *approvers)
    with pytest.raises(NotAllowed, match="needs the approval of 2 people"):
        carry_out(tx, id_)


@pytest.mark.parametrize("name", ["Kim Clerk", "kim  clerk", " KIM CLERK "])
def test_one_person_does_not_count_twice(tx: Tx, name: str) -> None:
    cleared(tx, a_comment())
    id_ = proposed(tx, SERIES, KIM)
    with pytest.raises(NotAllowed, match="already"):
        dispositions.approve(tx, id_, why="due", agent=Agent(kind=AgentKind.PERSON, name=name), now=THEN)


@pytest.mark.parametrize("name", [PERSON.name, f" {PERSON.name.upper()} "])
def test_who_proposed_it_does_not_approve_it(tx: Tx, name: str) -> None:
    cleared(tx, a_comment())
    id_ = proposed(tx, SERIES, KIM)
    with pytest.raises(NotAllowed, match="two other people approve it"):
        dispositions.approve(tx, id_, why="due", agent=Agent(kind=AgentKind.PERSON, name=name), now=THEN)


def test_nor_does_the_database_or_verify_let_it_count(db: Database, tmp_path: Path) -> None:
    """As if the program had been altered: an approval by who proposed it is written past the check."""
    with db.begin() as tx:
        cleared(tx, a_comment())
        id_ = proposed(tx, SERIES, KIM)
        row = {"disposition": id_, "agent": PERSON, "why": "due", "at": THEN}
        ledger.append(tx, kind="disposition.approved", agent=PERSON, at=THEN, rows=[(tables.approval, row)])
        with pytest.raises(NotAllowed, match="needs the approval of 2 people"):
            carry_out(tx, id_)
    stone = {"place": "revision", "line": 1, "sha256": "0", "remains": "0", "disposition": id_}
    with pytest.raises(IntegrityError, match="two people have not approved"), db.begin() as tx:
        ledger.append(tx, kind="x", agent=KIM, at=THEN, rows=[(tables.tombstone, stone)])
    assert checked(db, tmp_path) == []


def test_no_program_approves(tx: Tx) -> None:
    cleared(tx, a_comment())
    with pytest.raises(NotAllowed, match="person"):
        dispositions.approve(tx, proposed(tx), why="due", agent=ledger.DAEMON, now=THEN)


def test_the_database_itself_takes_no_tombstone_that_two_people_did_not_approve(tx: Tx) -> None:
    cleared(tx, a_comment())
    id_ = proposed(tx, SERIES, KIM)
    row = {"place": "revision", "line": 1, "sha256": "0", "remains": "0", "disposition": id_}
    with pytest.raises(IntegrityError, match="two people have not approved"):
        ledger.append(tx, kind="x", agent=KIM, at=THEN, rows=[(tables.tombstone, row)])


def test_no_tombstone_is_added_to_a_disposition_that_is_over(tx: Tx) -> None:
    cleared(tx, a_comment())
    destroy(tx, SERIES, now=THEN)
    (done,) = dispositions.all_of(tx)
    row = {"place": "revision", "line": 1, "sha256": "0", "remains": "0", "disposition": done.id}
    with pytest.raises(IntegrityError, match="carried out before"):
        ledger.append(tx, kind="x", agent=KIM, at=THEN, rows=[(tables.tombstone, row)])


def test_a_schedule_that_changed_after_the_approval_stops_it(tx: Tx) -> None:
    cleared(tx, a_comment())
    id_ = proposed(tx, SERIES, KIM, LEE)
    with pytest.raises(NotAllowed, match="propose it anew"):
        carry_out(tx, id_, schedule="ee" * 32)


def test_a_comment_that_was_acted_on_after_the_approval_stops_it(tx: Tx) -> None:
    comment = cleared(tx, a_comment())
    id_ = proposed(tx, SERIES, KIM, LEE)
    cases.advance(tx, comment.ref, Event.REFERRED, agent=KIM, now=THEN, why="look")
    with pytest.raises(NotAllowed, match="may not be destroyed any more"):
        carry_out(tx, id_)


# Destroying -----------------------------------------------------------------------------------------------------------


def test_the_content_is_gone_the_chain_holds_and_a_certificate_stays(db: Database, path: Path, tmp_path: Path) -> None:
    with db.begin() as tx:
        cleared(tx, a_comment("c1", text="Where is my UNIQUEWORD", author=Author(id="77", name="Pat UNIQUENAME")))
        cleared(tx, a_comment("c2", text="stays"))
        holds.add(tx, Scope(words="stays"), matter="1", why="w", agent=KIM, now=later(9))
    with db.begin() as tx:
        certificate = destroy(tx, SERIES, now=THEN).certificate
    assert checked(db, tmp_path) == []
    with db.read() as tx:
        comment = records.comment(tx, a_comment("c1").ref, cases.case(tx, a_comment("c1").ref).revision)  # type: ignore[union-attr]
        assert (comment.text, comment.author, comment.raw) == (tables.DESTROYED, Author(), b"")
        assert records.comment(tx, a_comment("c2").ref, a_comment("c2", text="stays").revision).text == "stays"
        assert due(tx) == []
        (done,) = dispositions.all_of(tx)
    assert done.certificate == certificate
    for said in ("1 record", "Inclusive dates", "a schedule of the city", "Kim Clerk", "Lee Counsel", "2031-01-01"):
        assert said in certificate
    db.close()
    with sqlite3.connect(path) as outside:
        outside.execute("VACUUM")
    left = path.read_bytes().lower()  # the full-text index keeps words without capitals
    assert b"uniqueword" not in left
    assert b"uniquename" not in left
    assert b"stays" in left


def test_search_finds_it_no_more_and_finds_the_others(tx: Tx) -> None:
    gone = cleared(tx, a_comment("c1", text="where is the lost dog", author=Author(id="77", name="Pat Resident")))
    stays = cleared(tx, a_comment("c2", text="a dog that stays"))
    holds.add(tx, Scope(case=stays.ref), matter="1", why="w", agent=KIM, now=later(9))
    destroy(tx, SERIES, now=THEN)
    assert [found.ref for found in search(tx, Query(words="dog")).found] == [stays.ref]
    assert full_text.missing(tx) == 0
    assert full_text.rebuild(tx) == 0
    assert gone.ref != stays.ref


def test_seen_again_on_the_platform_it_does_not_come_back(tx: Tx) -> None:
    comment = cleared(tx, a_comment())
    destroy(tx, SERIES, now=THEN)
    seen = records.observe(tx, a_batch(comment), account=an_account(), now=THEN)
    assert (seen.new, seen.edited) == (0, 0)


def test_a_batch_is_carried_out_once(tx: Tx) -> None:
    cleared(tx, a_comment())
    id_ = proposed(tx, SERIES, KIM, LEE)
    carry_out(tx, id_)
    with pytest.raises(NotAllowed, match="already"):
        carry_out(tx, id_)
    with pytest.raises(NotAllowed, match="already"):
        dispositions.approve(tx, id_, why="due", agent=PERSON, now=THEN)


def test_files_go_with_the_last_comment_that_they_came_with(db: Database, tmp_path: Path) -> None:
    root = tmp_path / "media"
    with db.begin() as tx:
        for name in ("c1", "c2"):
            comment = cleared(tx, a_comment(name, text=f"see {name}", attachments=(PICTURE,)))
            (one,) = media.due_of(tx, comment.ref, comment.revision)
            sha256 = media.store(root, b"picture")
            media.conclude(tx, one, Kept(sha256=sha256, kind="image/jpeg", size=7), later(5))
        hold = holds.add(tx, Scope(words="see c2"), matter="1", why="w", agent=KIM, now=later(9))
        assert destroy(tx, SERIES, now=THEN).files == frozenset()
        holds.release(tx, hold.id, why="over", agent=KIM, now=THEN)
        gone = destroy(tx, SERIES, now=THEN).files
    assert gone == {sha256}
    assert media.remove(root, gone) == 1
    assert media.remove(root, gone) == 0
    assert checked(db, tmp_path) == []


def test_files_that_a_kill_left_over_are_told_and_go_later(db: Database, tmp_path: Path) -> None:
    """Killed after the rows were destroyed and before their files were: what `carry_out` gave back is lost."""
    root = tmp_path / "media"
    with db.begin() as tx:
        comment = cleared(tx, a_comment(attachments=(PICTURE,)))
        (one,) = media.due_of(tx, comment.ref, comment.revision)
        sha256 = media.store(root, b"picture")
        media.conclude(tx, one, Kept(sha256=sha256, kind="image/jpeg", size=7), later(5))
    stranger = media.file_of(root, media.store(root, b"fetched, and not recorded yet"))
    assert dispositions.finish(db, root, THEN) == 0
    with db.begin() as tx:
        destroy(tx, SERIES, now=THEN)
    assert [problem.split(": ")[1] for problem in checked(db, tmp_path)] == [
        "what it came with was destroyed, and the file is still there"
    ]
    assert dispositions.finish(db, root, THEN) == 1
    assert dispositions.finish(db, root, THEN) == 0
    assert stranger.is_file()
    assert checked(db, tmp_path) == []
    with db.read() as tx:
        (line,) = ledger.entries(tx, kinds=["disposition.finished"])
    assert "1 files" in line.detail["why"]


def test_a_file_that_came_again_with_another_comment_stays(db: Database, tmp_path: Path) -> None:
    root = tmp_path / "media"
    with db.begin() as tx:
        for name in ("c1", "c2"):
            comment = cleared(tx, a_comment(name, text=f"see {name}", attachments=(PICTURE,)))
            (one,) = media.due_of(tx, comment.ref, comment.revision)
            kept = Kept(sha256=media.store(root, b"picture"), kind="image/jpeg", size=7)
            media.conclude(tx, one, kept, later(5))
        holds.add(tx, Scope(words="see c2"), matter="1", why="w", agent=KIM, now=later(9))
        destroy(tx, SERIES, now=THEN)
    assert dispositions.finish(db, root, THEN) == 0
    assert checked(db, tmp_path) == []


def test_the_certificate_names_copies_that_are_locked(tx: Tx, tmp_path: Path) -> None:
    comment = cleared(tx, a_comment(attachments=(PICTURE,)))
    (one,) = media.due_of(tx, comment.ref, comment.revision)
    sha256 = media.store(tmp_path, b"picture")
    media.conclude(tx, one, Kept(sha256=sha256, kind="image/jpeg", size=7), later(5))
    file = copies.File(file=tmp_path, path=f"media/{sha256[:2]}/{sha256}", sha256=sha256)
    until = datetime(2035, 5, 1, tzinfo=UTC)
    held = copies.Held(key=file.path, version="1", size=7, sha256=None, mode="COMPLIANCE", retain_until=until)
    copies.conclude(
        tx, "s3.example/city", copies.Unit(name=copies.of_media(sha256), sha256=sha256), [(file, held)], NOON
    )
    certificate = destroy(tx, SERIES, now=THEN).certificate
    assert "In the bucket     1 file in s3.example/city, locked until 2035-05-01" in certificate


def test_mails_that_were_dealt_with_and_follower_lists_go_too(db: Database, tmp_path: Path) -> None:
    with db.begin() as tx:
        for key in ("<1>", "<2>"):
            handwork.receive(
                tx, key=key, source="mail", title="t", says="s", body=b"raw", trusted=False, now=NOON, sender="a@b.c"
            )
        task = handwork.unattended(tx)[0].task
        handwork.attend(tx, task, outcome="done", agent=KIM, why="", now=later(9))
        person = Author(id="f1", name="Pat")
        pages.count_followers(tx, an_account().key, number=1, people=[person], why="", raw=b"[1]", now=NOON)
        for covers in ("received", "followers"):
            series = Series(
                id=covers,
                title=covers,
                covers=covers,  # type: ignore[arg-type]
                trigger="recorded",
                period=Period(months=6),
                authority="a",
            )
            assert len(due(tx, series)) == 1
            destroy(tx, series, now=THEN)
            assert due(tx, series) == []
        assert len(handwork.unattended(tx)) == 1
        count = pages.last_count(tx, an_account().key)
        assert count is not None
        assert count.number == 1
        assert pages.followers_on(tx, an_account().key, THEN) is None
    assert checked(db, tmp_path) == []


# Guards and verification ----------------------------------------------------------------------------------------------


def spoken(dialect: str, statement: str) -> str:
    """The same with bytes as the server writes them."""
    return re.sub(r"X'(\w*)'", r"'\\x\1'::bytea", statement) if dialect == "postgresql" else statement


@pytest.mark.parametrize(
    "change",
    [
        "number = number + 1",
        "seen_at = 'x'",
        "text = 'other'",
        "text = ''",
        "raw = X'00'",
        "author_name = 'x'",
    ],
)
def test_a_tombstone_takes_no_other_change(tx: Tx, change: str) -> None:
    cleared(tx, a_comment())
    destroy(tx, SERIES, now=THEN)
    with pytest.raises(DBAPIError, match=r"append-only|permission denied"):
        tx.execute(text(f"UPDATE revision SET {spoken(tx.dialect.name, change)}"))


def test_no_row_becomes_a_tombstone_without_one(tx: Tx) -> None:
    cleared(tx, a_comment())
    blank = {name: [] if name == "attachments" else value for name, value in tables.DISPOSABLE[tables.revision].items()}
    with pytest.raises(IntegrityError, match="append-only"):
        tx.execute(update(tables.revision).values(**blank))


@pytest.fixture
def destroyed(db: Database, tmp_path: Path) -> Path:
    with db.begin() as tx:
        cleared(tx, a_comment())
        destroy(tx, SERIES, now=THEN)
        cleared(tx, a_comment("c2"))
    assert checked(db, tmp_path) == []
    return tmp_path


BLANK = (
    "author_id = NULL, author_name = NULL, author_handle = NULL, author_url = NULL, "
    f"text = '{tables.DESTROYED}', url = '', attachments = '[]', raw = X''"
)


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        ("DELETE FROM tombstone", "has been removed"),
        ("UPDATE tombstone SET sha256 = 'f'", "altered"),
        ("DELETE FROM approval WHERE agent LIKE '%Lee%'", "before two people had approved it"),
        (
            "UPDATE approval SET agent = (SELECT agent FROM disposition) WHERE agent LIKE '%Lee%'",
            "before two people had approved it",
        ),
        ("DELETE FROM certificate", "there is no certificate"),
        (f"UPDATE revision SET {BLANK}", "has been altered"),
        ("UPDATE revision SET text = 'put back'", "is no tombstone"),
        ("DELETE FROM revision", "has been removed"),
        (f"UPDATE revision SET number = 9 WHERE text = '{tables.DESTROYED}'", "altered"),
        (f"UPDATE revision SET seen_at = 'x' WHERE text = '{tables.DESTROYED}'", "altered"),
    ],
)
def test_verify_tells_a_tombstone_from_a_hole(
    db: Database, destroyed: Path, tamper: Callable[..., int], harm: str, says: str
) -> None:
    with db.read() as tx:
        harm = spoken(tx.dialect.name, harm)
    assert tamper(harm)
    assert any(says in problem for problem in checked(db, destroyed)), checked(db, destroyed)


def test_what_was_tampered_with_is_not_destroyed(db: Database, tamper: Callable[..., int]) -> None:
    with db.begin() as tx:
        cleared(tx, a_comment())
        id_ = proposed(tx, SERIES, KIM, LEE)
    tamper("UPDATE revision SET text = 'forged'")
    with db.begin() as tx, pytest.raises(NotAllowed, match="was altered"):
        carry_out(tx, id_)


def test_posts_are_never_due(tx: Tx) -> None:
    records.observe(tx, a_batch(posts=(a_post(),)), account=an_account(), now=NOON)
    assert tables.post not in tables.DISPOSABLE
    assert due(tx) == []
