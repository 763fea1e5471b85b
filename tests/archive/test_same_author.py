"""What one account wrote around a comment: on all accounts of a platform, as it reads now, found by one index."""

from __future__ import annotations

import hashlib
import sqlite3
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from builders import (
    NOON,
    RULE,
    a_batch,
    a_comment,
    a_sighting,
    a_verdict,
    an_account,
    an_attachment,
    an_author,
    later,
)
from older import take_back

from archive import accounts, cases, records
from archive.database import Database
from archive.verify import verify
from bot.domain.states import Event
from bot.domain.types import Author, Comment, Visibility

if TYPE_CHECKING:
    from pathlib import Path

DAY = timedelta(hours=24)


def observe(db: Database, *comments: Comment, **other: Any) -> None:
    account = other.pop("account", an_account())
    with db.begin() as tx:
        accounts.register(tx, account, NOON)
        records.observe(tx, a_batch(*comments, cursor=comments[-1].ref.item), account=account, now=NOON)


def around(db: Database, comment: Comment, within: timedelta = DAY, most: int = 100) -> list[records.Said]:
    with db.read() as tx:
        return records.same_author(tx, comment, within, most=most)


def said(db: Database, comment: Comment, **other: Any) -> list[str]:
    return [each.ref.item for each in around(db, comment, **other)]


def at(item: str, minutes: float, **other: Any) -> Comment:
    return a_comment(item, text=f"comment {item}", posted_at=later(60 * minutes), **other)


def test_before_and_after_in_order_and_not_the_comment_itself(db: Database) -> None:
    own = at("own", 0)
    observe(db, at("c", 5), at("a", -10), own, at("b", -5))
    assert said(db, own) == ["a", "b", "c"]


def test_only_within_the_time(db: Database) -> None:
    own = at("own", 0)
    observe(db, own, at("first", -1440), at("out", -1440.1), at("last", 1440), at("beyond", 1440.1))
    assert said(db, own) == ["first", "last"]


def test_comments_of_one_moment_see_each_other(db: Database) -> None:
    one, other = at("one", 0), at("other", 0)
    observe(db, one, other)
    assert said(db, one) == ["other"]
    assert said(db, other) == ["one"]


def test_only_of_the_same_author_and_none_where_the_platform_does_not_say_who(db: Database) -> None:
    nobody = Author(name="Pat Q. Public")
    own, unknown = at("own", 0), at("unknown", 1, author=nobody)
    observe(db, own, at("hers", 2, author=an_author(id="UCkim")), unknown, at("unknown2", 3, author=nobody))
    assert said(db, own) == []
    assert said(db, unknown) == []


def test_on_all_accounts_of_the_platform_and_on_no_other_platform(db: Database) -> None:
    water, page = an_account(id="UCwater"), an_account(platform="facebook", id="1")
    own = at("own", 0)
    observe(db, own)
    observe(db, at("there", 1, account=water), account=water)
    observe(db, at("elsewhere", 2, account=page), account=page)
    assert [str(each.ref) for each in around(db, own)] == ["youtube:UCwater:there"]


def test_the_nearest_if_there_are_many(db: Database) -> None:
    own = at("own", 0)
    observe(db, own, *[at(f"b{number:02}", -number) for number in range(1, 9)], *[at(f"z{n}", n) for n in range(1, 9)])
    assert said(db, own, most=3) == ["b03", "b02", "b01", "z1", "z2", "z3"]


def test_as_it_reads_now(db: Database) -> None:
    own, other = at("own", 0), at("other", -1)
    observe(db, own, other)
    observe(db, a_comment("other", text="other words", posted_at=other.posted_at, attachments=(an_attachment(),)))
    (found,) = around(db, own)
    assert found.text == "other words"
    assert [each.kind for each in found.attachments] == ["image"]


def test_an_author_whom_the_platform_names_only_later_is_known_from_then_on(db: Database) -> None:
    own = at("own", 0)
    observe(db, own, at("other", -1, author=Author()))
    assert said(db, own) == []
    observe(db, a_comment("other", text="edited", posted_at=later(-60)))
    assert said(db, own) == ["other"]


def test_what_is_gone_is_left_out_and_what_is_hidden_or_about_to_be_is_not_shown(db: Database) -> None:
    own, gone, hidden, marked, shown = (at(item, -n) for n, item in enumerate(("own", "gone", "hid", "mark", "shown")))
    observe(db, own, gone, hidden, marked, shown)
    with db.begin() as tx:
        records.sight(tx, a_sighting(gone, visibility=Visibility.GONE), account=an_account(), now=later(60))
        records.sight(tx, a_sighting(hidden, visibility=Visibility.HIDDEN), account=an_account(), now=later(60))
        for sha256 in ("ab" * 32, "ef" * 32):
            cases.keep_document(tx, sha256, "a file", "its text", now=NOON)
        verdict = a_verdict()
        cases.record_verdict(
            tx, marked.ref, marked.revision, verdict, policy_sha256="ab" * 32, packs={"p": "ef" * 32}, now=NOON
        )
        cases.advance(tx, marked.ref, Event.MARKED, agent=RULE, now=NOON, why="for a test")
    assert {each.ref.item: each.shown for each in around(db, own)} == {"hid": False, "mark": False, "shown": True}


def test_answers_to_others_are_told_from_all_else(db: Database) -> None:
    own, hers = at("own", 0), at("hers", -9, author=an_author(id="UCkim"))
    to_her, to_self, to_unknown = at("a", 1, parent="hers"), at("b", 2, parent="own"), at("c", 3, parent="lost")
    observe(db, own, hers, to_her, to_self, to_unknown)
    assert {each.ref.item: each.answers for each in around(db, own)} == {"a": True, "b": False, "c": True}
    with db.read() as tx:
        told = [records.answers_another(tx, each) for each in (own, to_her, to_self, to_unknown)]
    assert told == [False, True, False, True]


def test_rules_that_matched_a_wording_are_found_by_how_their_matcher_begins(db: Database) -> None:
    comment = at("own", 0)
    observe(db, comment)
    with db.begin() as tx:
        for sha256 in ("ab" * 32, "ef" * 32):
            cases.keep_document(tx, sha256, "a file", "its text", now=NOON)
        cases.record_verdict(
            tx, comment.ref, comment.revision, a_verdict(), policy_sha256="ab" * 32, packs={"p": "ef" * 32}, now=NOON
        )
    with db.read() as tx:
        assert cases.matched_by(tx, [comment.ref], "phrase:") == {(comment.ref, comment.revision)}
        assert cases.matched_by(tx, [comment.ref], "repeat:") == set()
        assert cases.matched_by(tx, [], "phrase:") == set()


def test_the_question_is_answered_from_the_index(path: Path, db: Database) -> None:
    observe(db, at("own", 0))
    with sqlite3.connect(path) as outside:
        plan = outside.execute(
            "EXPLAIN QUERY PLAN SELECT ref FROM case_ WHERE platform = ? AND author_id = ? AND posted_at BETWEEN ?"
            " AND ? ORDER BY posted_at DESC LIMIT 100",
            ("youtube", "UCpat", "2026", "2027"),
        ).fetchall()
    assert len(plan) == 1
    assert "USING INDEX ix_case__platform_author_id_posted_at (platform=? AND author_id=? AND posted_at>" in plan[0][3]
    outside.close()


KEPT_SINCE = (
    *("gap", "profile", "followers", "counted", "hold", "hold_end"),
    *("certificate", "tombstone", "approval", "disposition"),
)
COPIED_SINCE = ("copied", "copy_due", "copy_mark")


@pytest.mark.parametrize("author", [an_author(), an_author(id="\ufdd0 odd\x00one"), Author()])
def test_a_database_of_the_first_version_is_brought_up_and_still_vouched_for(tmp_path: Path, author: Author) -> None:
    """Written by this version, taken back to the tables of the first, and brought up again."""
    url = f"sqlite:///{tmp_path}/old.db"
    own, other = at("own", 0, author=author), at("other", -1, author=author)
    with Database.open(url) as db:
        observe(db, own, other)
        new = said(db, own)
        with db.begin() as tx:
            kept = hashlib.sha256(b"its text").hexdigest()
            cases.keep_document(tx, kept, "a file", "its text", now=NOON)
            cases.record_verdict(
                tx, own.ref, own.revision, a_verdict(), policy_sha256=kept, packs={"p": kept}, now=NOON
            )
    old = f"sqlite:///{tmp_path}/older.db"
    take_back(old, url, "0001")
    with Database.open(old) as db:
        assert said(db, own) == new == (["other"] if author.id else [])
        assert verify(db, tmp_path, tmp_path, now=NOON).problems == []
