"""Files that came with comments: awaited with the record, kept by their hash, and missed only with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from builders import NOON, a_batch, a_comment, a_post, a_ref, an_account, later
from sqlalchemy import select

from archive import ledger, media, records, tables
from archive.media import Kept
from archive.verify import verify
from bot.domain.types import Attachment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from archive.database import Database, Tx
    from bot.domain.types import Comment

PICTURE = Attachment(id="photo-1", kind="photo", url="https://cdn.platform.example/1.jpg?sig=a", alt="A pothole")
LINK = Attachment(id="https://t.example/x", kind="link", url="https://elsewhere.example/")
NOWHERE = Attachment(id="sticker-1", kind="sticker")
KEY = an_account().key


def observe(tx: Tx, *comments: Comment, at: float = 0) -> None:
    records.observe(tx, a_batch(*comments), account=an_account(), now=later(at))


def test_files_are_awaited_from_the_moment_a_comment_is_recorded(tx: Tx) -> None:
    comment = a_comment(attachments=(PICTURE, LINK, NOWHERE, PICTURE))
    observe(tx, comment)
    (due,) = media.due(tx, KEY, NOON, 10)
    assert (due.ref, due.revision, due.attachment, due.attempts) == (comment.ref, comment.revision, PICTURE, 0)
    assert media.of(tx, comment.ref, comment.revision) == {}


def test_seen_again_nothing_more_is_awaited_but_another_wording_brings_its_own(tx: Tx) -> None:
    observe(tx, a_comment(attachments=(PICTURE,)))
    observe(tx, a_comment(attachments=(PICTURE,)), at=60)
    assert len(media.due(tx, KEY, NOON, 10)) == 1
    edited = a_comment(text="edited", attachments=(PICTURE,))
    observe(tx, edited, at=120)
    assert [due.revision for due in media.due(tx, KEY, NOON, 10)][1:] == [edited.revision]


def test_so_are_the_files_of_posts(tx: Tx) -> None:
    post = a_post(attachments=(PICTURE,))
    records.observe(tx, a_batch(posts=(post,)), account=an_account(), now=NOON)
    records.observe(tx, a_batch(posts=(post,)), account=an_account(), now=later(60))
    assert [due.ref for due in media.due(tx, KEY, NOON, 10)] == [post.ref]


def test_a_file_is_kept_once_under_its_hash_and_recorded(tx: Tx, tmp_path: Path) -> None:
    comment = a_comment(attachments=(PICTURE,))
    observe(tx, comment)
    (due,) = media.due(tx, KEY, NOON, 10)
    root = tmp_path / "media"
    sha256 = media.store(root, b"bytes")
    assert media.store(root, b"bytes") == sha256
    file = media.file_of(root, sha256)
    assert [path for path in root.rglob("*") if path.is_file()] == [file]
    assert file.read_bytes() == b"bytes"
    assert file.stat().st_mode & 0o222 == 0
    kept = Kept(sha256=sha256, kind="image/jpeg", size=5)
    media.conclude(tx, due, kept, later(5))
    media.conclude(tx, due, Kept(why="too late to say otherwise"), later(6))
    assert media.of(tx, comment.ref, comment.revision) == {"photo-1": kept}
    assert media.due_of(tx, comment.ref, comment.revision) == []
    (line,) = ledger.entries(tx, kinds=["media.kept", "media.missed"])
    assert (line.ref, line.detail["sha256"]) == (comment.ref, sha256)


def test_a_failed_one_waits_for_its_time_and_behind_nobody(tx: Tx) -> None:
    observe(tx, a_comment("c1", attachments=(PICTURE,)), a_comment("c2", attachments=(PICTURE,)))
    first, second = media.due(tx, KEY, NOON, 10)
    media.later(tx, first, later(30))
    assert media.due(tx, KEY, later(29), 10) == [second]
    again, _ = media.due(tx, KEY, later(30), 10)
    assert (again.ref, again.attempts) == (first.ref, 1)
    assert [due.attempts for due in media.due_of(tx, first.ref, first.revision)] == [1]


def test_what_is_not_to_be_had_is_missed_with_a_reason(tx: Tx) -> None:
    comment = a_comment(attachments=(PICTURE,))
    observe(tx, comment)
    (due,) = media.due(tx, KEY, NOON, 10)
    media.conclude(tx, due, Kept(why="the platform no longer has it"), later(5))
    assert media.of(tx, comment.ref, comment.revision)["photo-1"].why == "the platform no longer has it"
    assert [line.kind for line in ledger.entries(tx, ref=comment.ref)][-1] == "media.missed"


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lambda path: path.unlink(), "the file is missing"),
        (lambda path: (path.chmod(0o600), path.write_bytes(b"bytez")), "not as it was fetched"),
    ],
)
def test_verify_finds_a_file_that_is_gone_or_altered(
    db: Database, tmp_path: Path, harm: Callable[[Path], object], says: str
) -> None:
    root = tmp_path / "media"
    with db.begin() as tx:
        observe(tx, a_comment(attachments=(PICTURE,)))
        (due,) = media.due(tx, KEY, NOON, 10)
        sha256 = media.store(root, b"bytes")
        media.conclude(tx, due, Kept(sha256=sha256, kind="image/jpeg", size=5), later(5))
    report = verify(db, tmp_path / "evidence", root, now=later(60))
    assert report.problems == []
    assert report.checked["media files"] == 1
    harm(media.file_of(root, sha256))
    (problem,) = verify(db, tmp_path / "evidence", root, now=later(60)).problems
    assert says in problem


def test_a_row_says_either_where_the_file_is_or_why_there_is_none(tx: Tx) -> None:
    observe(tx, a_comment(attachments=(PICTURE,)))
    (due,) = media.due(tx, KEY, NOON, 10)
    media.conclude(tx, due, Kept(why="gone"), NOON)
    row = tx.execute(select(tables.media)).one()
    assert (row.ref, row.sha256, row.why) == (a_ref(), None, "gone")


def test_where_no_program_can_fetch_files_that_is_on_record_and_no_failure(tx: Tx) -> None:
    comment = a_comment(attachments=(PICTURE,))
    observe(tx, comment)
    (due,) = media.due(tx, KEY, NOON, 10)
    media.conclude(tx, due, Kept(why="no program can", tried=False), later(5))
    assert [line.kind for line in ledger.entries(tx, ref=comment.ref)][-1] == "media.left"
    assert media.of(tx, comment.ref, comment.revision)["photo-1"].why == "no program can"
