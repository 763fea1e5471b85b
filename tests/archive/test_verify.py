"""One changed bit or dropped row, anywhere, by somebody with full access to files and database, is found."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import threading
from typing import TYPE_CHECKING

import pytest
from builders import AUTHORITY, NOON, a_batch, a_comment, a_verdict, an_account, later
from sqlalchemy import Integer, LargeBinary, text

from archive import cases, evidence, ledger, outbox, records, tables
from archive.stored import canonical
from archive.verify import Report, verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Life

    from archive.database import Database

Tamper = "Callable[..., int]"
DAY = "day 2026-11-02: its root is not that of its ledger lines"


def _check(db: Database, store: Path, **other: object) -> Report:
    trusted = {AUTHORITY: store.parent / "authority" / "root.pem"}
    return verify(db, store, store.parent / "media", now=later(3600), trusted=trusted, **other)  # type: ignore[arg-type]


# What is whole --------------------------------------------------------------------------------------------------------


def test_a_whole_archive_passes_and_says_what_was_checked(full: Database, store: Path) -> None:
    report = _check(full, store)
    assert report.problems == []
    assert report.not_checked == []
    assert report.passed
    with full.read() as tx:
        rows = sum(
            tx.execute(text(f'SELECT count(*) FROM "{table.name}"')).scalar_one() for table in tables.APPEND_ONLY
        )
        lines = len(list(ledger.entries(tx)))
    assert report.checked == {
        "ledger lines": lines,
        "rows": rows,
        "cases": 5,
        "orders": 2,
        "evidence folders": 2,
        "evidence folders not on record": 0,
        "media files": 0,
        "anchors": 2,
        "documents": 2,
        "digests": 0,
        "tombstones": 3,
        "days": 1,
        "time stamps": 1,
    }
    assert rows > 20


def test_an_empty_archive_passes(db: Database, store: Path) -> None:
    assert _check(db, store).passed


def test_it_changes_nothing(full: Database, path: Path, store: Path) -> None:
    full.close()
    before = path.read_bytes()
    _check(full, store)
    assert path.read_bytes() == before


def test_it_passes_while_the_daemon_writes(full: Database, store: Path) -> None:
    stop = threading.Event()
    written = 0

    def write() -> None:
        nonlocal written
        while not stop.is_set():
            with full.begin() as tx:
                comment = a_comment(f"w{written}")
                records.observe(tx, a_batch(comment, cursor=str(written)), account=an_account(), now=NOON)
                written += 1

    writer = threading.Thread(target=write)
    writer.start()
    reports = [_check(full, store) for _ in range(3)]
    stop.set()
    writer.join()
    assert [report.problems for report in reports] == [[], [], []]
    assert written > 0


# Rows -----------------------------------------------------------------------------------------------------------------


def _last(db: Database, table: str) -> str:
    """The condition that a row is the one that lies last."""
    with db.read() as tx:
        where = "rowid" if tx.dialect.name == "sqlite" else "ctid"
    return f'{where} = (SELECT max({where}) FROM "{table}")'


COLUMNS = [(table.name, column.name) for table in tables.APPEND_ONLY for column in table.c if column.name != "entry"]


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_one_altered_value_of_any_row_is_found(
    engine: str, full: Database, store: Path, tamper: Tamper, table: str, column: str
) -> None:
    """Blobs get a byte more, texts get a letter more, numbers count one more, and what is missing appears."""
    kind = tables.metadata.tables[table].c[column].type
    altered = f"COALESCE(\"{column}\" || 'x', 'x')"
    if isinstance(kind, LargeBinary):
        more = "x'00'" if engine == "sqlite" else "'\\x00'::bytea"
        altered = f'CAST("{column}" || {more} AS {"blob" if engine == "sqlite" else "bytea"})'
    elif isinstance(kind, Integer):
        altered = f'COALESCE("{column}" + 1, 1)'
    assert tamper(f'UPDATE "{table}" SET "{column}" = {altered} WHERE {_last(full, table)}') == 1
    report = _check(full, store)
    assert not report.passed
    assert any(problem.startswith(f"{table}: a row") for problem in report.problems), report.problems


def test_an_altered_comment_is_named(full: Database, store: Path, tamper: Tamper) -> None:
    tamper("UPDATE revision SET text = 'When is my street due!' WHERE ref = 'youtube:UCcity:c2'")
    assert _check(full, store).problems == [
        "revision: a row written with ledger line 15 about youtube:UCcity:c2 has been altered"
    ]


def test_a_digest_that_is_not_as_it_was_sent_is_found(full: Database, store: Path, tamper: Tamper) -> None:
    with full.begin() as tx:
        for number in (1, 2):
            told = {"to": ("a@city.example",), "subject": "s", "message": b"as it was sent"}
            key = f"digest:a@city.example:{number}"
            outbox.put(tx, kind="digest", key=key, now=later(12 * 366 * 86_400), **told)
    assert _check(full, store).checked["digests"] == 2
    blank = "decode('00', 'hex')" if full_is_server(full) else "X'00'"
    assert tamper(f"UPDATE outbox SET message = {blank} WHERE key = ?", "digest:a@city.example:1") == 1
    assert _check(full, store).problems == ["mail digest:a@city.example:1: it is not as it was sent"]
    assert tamper("DELETE FROM outbox WHERE key = ?", "digest:a@city.example:2") == 1
    assert "mail digest:a@city.example:2: it is missing" in _check(full, store).problems


def full_is_server(db: Database) -> bool:
    with db.read() as tx:
        return tx.dialect.name == "postgresql"


def test_a_changed_space_in_stored_json_is_found(full: Database, store: Path, tamper: Tamper) -> None:
    assert tamper("UPDATE verdict SET packs = replace(packs, ':', ': ')") > 0
    assert not _check(full, store).passed


@pytest.mark.parametrize("table", [table.name for table in tables.APPEND_ONLY])
def test_a_removed_row_is_found(full: Database, store: Path, tamper: Tamper, table: str) -> None:
    assert tamper(f'DELETE FROM "{table}" WHERE {_last(full, table)}') == 1
    assert any("has been removed" in problem for problem in _check(full, store).problems)


def test_a_row_slipped_in_is_found(full: Database, store: Path, tamper: Tamper) -> None:
    names = ", ".join(column.name for column in tables.decision.c if column.name not in {"entry", "why"})
    tamper(f"INSERT INTO decision (entry, why, {names}) SELECT 1, 'forged', {names} FROM decision")
    assert _check(full, store).problems == ["decision: a row written with ledger line 1 has been slipped in"]
    tamper("UPDATE decision SET entry = 9999 WHERE entry = 1")
    assert _check(full, store).problems == ["decision: 1 row(s) name a ledger line that is not there"]


def test_a_row_moved_to_another_line_is_found(full: Database, store: Path, tamper: Tamper) -> None:
    assert tamper("UPDATE verdict SET entry = entry + 1 WHERE ref = 'youtube:UCcity:c1'") == 1
    problems = _check(full, store).problems
    assert ["removed" in problems[0], "slipped in" in problems[1]] == [True, True]


def test_a_row_altered_together_with_its_line_is_found(full: Database, store: Path, tamper: Tamper) -> None:
    """The row, the hash in its line and the line's own hash are all made to fit; the next line does not."""
    with full.read() as tx:
        line = next(ledger.entries(tx, kinds=["decision.recorded"]))
        row = dict(tx.execute(text("SELECT * FROM decision")).mappings().one())
    forged_row = row | {"kind": "dismiss"}
    detail = dict(line.detail) | {"rows": {"decision": [tables.stored_sha256(tables.decision, forged_row)]}}
    head = canonical({"agent": str(line.agent), "at": "2026-11-02T12:01:20.000000Z"})[:-1]
    tail = canonical({"kind": line.kind, "ref": str(line.ref), "seq": line.seq})[1:]
    sha256 = hashlib.sha256(f'{line.previous}{head},"detail":{canonical(detail)},{tail}'.encode()).hexdigest()
    tamper("UPDATE decision SET kind = 'dismiss'")
    tamper("UPDATE ledger SET detail = ?, hash = ? WHERE seq = ?", canonical(detail), sha256, line.seq)
    problems = _check(full, store).problems
    assert problems == [f"ledger: line {line.seq + 1} does not follow line {line.seq}: altered or out of order", DAY]


# The ledger -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attack", "told"),
    [
        ("UPDATE ledger SET agent = 'person:somebody' WHERE seq = 7", "line 7 has been altered"),
        ("UPDATE ledger SET agent = 'nobody' WHERE seq = 7", "line 7 has been altered"),
        ("UPDATE ledger SET ref = 'nowhere' WHERE seq = 7", "line 7 has been altered"),
        ("UPDATE ledger SET detail = 'not JSON' WHERE seq = 7", "line 7 has been altered"),
        ("UPDATE ledger SET detail = '[]' WHERE seq = 7", "line 7 has been altered"),
        ("UPDATE ledger SET at = 'yesterday' WHERE seq = 7", "line 7 has been altered"),
        ("UPDATE ledger SET kind = 'case.nothing' WHERE kind = 'case.marked'", "has been altered"),
        ("DELETE FROM ledger WHERE seq = 7", "line 7 missing"),
        ("DELETE FROM ledger WHERE seq > 20", "it ends at line 20"),
        ("DELETE FROM ledger", "it ends at line 0"),
        ("UPDATE ledger_head SET seq = seq + 1", "lines were written"),
        ("UPDATE ledger_head SET hash = 'x'", "is not the head that was kept"),
    ],
)
def test_an_attacked_ledger_is_told(full: Database, store: Path, tamper: Tamper, attack: str, told: str) -> None:
    assert tamper(attack) > 0
    report = _check(full, store)
    assert not report.passed
    assert any(told in problem for problem in report.problems), report.problems


def test_a_line_that_is_no_text_any_more_is_told(full: Database, path: Path, store: Path, tamper: Tamper) -> None:
    tamper("UPDATE ledger SET detail = CAST(x'ff' AS TEXT) WHERE seq = 7")
    assert any("damaged" in problem for problem in _check(full, store).problems)


def test_rows_of_an_altered_line_are_not_checked_and_it_says_so(full: Database, store: Path, tamper: Tamper) -> None:
    with full.read() as tx:
        line = next(ledger.entries(tx, kinds=["decision.recorded"]))
    tamper("UPDATE ledger SET at = '2026-11-02T12:01:21.000000Z' WHERE seq = ?", line.seq)
    report = _check(full, store)
    assert report.problems == [f"ledger: line {line.seq} has been altered", DAY]
    assert report.not_checked == [f"decision: rows written with line {line.seq}, which is altered"]


def test_a_tail_cut_off_everywhere_is_found_by_what_left_the_database(
    full: Database, store: Path, tamper: Tamper
) -> None:
    """Ledger, head and every row of the last hours are gone without a trace; evidence folders and digests remember."""
    with full.read() as tx:
        noted = ledger.head(tx)
        last = next(ledger.entries(tx, kinds=["account.registered"]))
    assert noted is not None
    for table in (*reversed(tables.APPEND_ONLY), tables.order_, tables.case_, tables.outbox):
        tamper(f'DELETE FROM "{table.name}"')
    tamper("DELETE FROM ledger WHERE seq > 1")
    tamper("UPDATE ledger_head SET seq = 1, hash = ?", last.hash)
    report = _check(full, store)
    assert len(report.problems) == 2
    assert all("noted elsewhere" in problem for problem in report.problems)
    assert report.checked["evidence folders not on record"] == 2
    shutil.rmtree(store, onerror=_force)
    assert _check(full, store).passed, "nothing here can know any more"
    assert _check(full, store, anchors=[noted.anchor]).problems == [
        f"ledger: line {noted.seq}, noted elsewhere as {noted.hash[:12]}…, is not there"
    ]


def _force(function: Callable[[str], None], name: str, _why: object) -> None:
    os.chmod(os.path.dirname(name), 0o700)  # noqa: PTH101, PTH120 - rmtree speaks in text
    function(name)


def test_a_ledger_written_anew_is_found_by_an_anchor(full: Database, store: Path) -> None:
    with full.read() as tx:
        line = list(ledger.entries(tx))[4]
    assert _check(full, store, anchors=[line.anchor]).passed
    assert _check(full, store, anchors=[f"5:{'0' * 64}"]).problems == [
        "ledger: line 5 has another hash than was noted elsewhere"
    ]


# Cases and orders -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attack", "told"),
    [
        ("UPDATE case_ SET state = 'cleared' WHERE state = 'enforced'", "it says cleared in wording"),
        ("UPDATE case_ SET state = 'nonsense' WHERE state = 'enforced'", "it says nonsense in wording"),
        ("UPDATE case_ SET revision = 'x' WHERE state = 'gone'", "the ledger gone in"),
        ("DELETE FROM case_ WHERE state = 'secured'", "it is not there, though the comment was recorded"),
        (
            "INSERT INTO case_ SELECT 'x:1:2','x','',state,revision,why,since,why,why,why,NULL,NULL FROM case_ LIMIT 1",
            "comments that were never recorded",
        ),
        ("UPDATE order_ SET status = 'refused' WHERE status = 'confirmed'", "it says refused, the ledger confirmed"),
        ("UPDATE order_ SET attempts = 0 WHERE status = 'confirmed'", "it says 0 attempt(s), the ledger 1"),
        ("UPDATE order_ SET agent = 'person:somebody'", "it is not as ledger line"),
        ("UPDATE order_ SET action = 'delete'", "it is not as ledger line"),
        ("UPDATE order_ SET evidence = 'none'", "there is no evidence of that revision"),
        ("UPDATE order_ SET revision = 'x'", "there is no evidence of that revision"),
        ("DELETE FROM order_ WHERE status = 'waiting'", "it was placed with ledger line"),
        ("UPDATE order_ SET placed_by = 1", "no ledger line placed it"),
    ],
)
def test_a_case_or_order_that_does_not_fit_its_story_is_found(
    full: Database, store: Path, tamper: Tamper, attack: str, told: str
) -> None:
    assert tamper(attack) > 0
    report = _check(full, store)
    assert any(told in problem for problem in report.problems), report.problems


# Evidence -------------------------------------------------------------------------------------------------------------


def _files(store: Path) -> list[Path]:
    return sorted(path for path in store.rglob("*") if path.is_file())


def test_one_flipped_bit_in_any_evidence_file_is_found(full: Database, store: Path) -> None:
    files = _files(store)
    assert len(files) == 16
    for path in files:
        whole = path.read_bytes()
        path.chmod(0o600)
        at = len(whole) // 2
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert not _check(full, store).passed, f"byte {at} of {path.name}"
        path.write_bytes(whole)
    assert _check(full, store).passed


def test_a_missing_or_added_evidence_file_is_found(full: Database, store: Path) -> None:
    picture = next(path for path in _files(store) if path.name == "comment.png")
    whole = picture.read_bytes()
    picture.parent.chmod(0o700)
    picture.unlink()
    assert not _check(full, store).passed
    picture.write_bytes(whole)
    assert _check(full, store).passed
    (picture.parent / "added.txt").write_text("not sealed")
    assert not _check(full, store).passed


def test_a_manifest_forged_with_its_files_is_found(full: Database, store: Path) -> None:
    """Files and manifest made to fit each other do not fit the row; a row made to fit does not fit its line."""
    manifest = next(path for path in _files(store) if path.name == evidence.MANIFEST)
    said = json.loads(manifest.read_bytes())
    manifest.chmod(0o600)
    manifest.write_text(json.dumps(said | {"tool": "forged"}))
    report = _check(full, store)
    assert any("not the one that was sealed" in problem for problem in report.problems)


def test_a_manifest_that_is_none_any_more_is_found(full: Database, store: Path) -> None:
    manifest = next(path for path in _files(store) if path.name == evidence.MANIFEST)
    manifest.chmod(0o600)
    manifest.write_bytes(b"\xff")
    assert any("is not a manifest any more" in problem for problem in _check(full, store).problems)


def test_evidence_that_is_not_there_is_found_or_said(full: Database, store: Path) -> None:
    away = store.with_name("away")
    store.rename(away)
    report = _check(full, store)
    assert report.passed
    assert report.not_checked == [f"evidence: the folder {store} is not there, so no file of 2 was checked"]
    store.mkdir()
    assert len(_check(full, store).problems) == 2


# Guards, documents, the file ------------------------------------------------------------------------------------------


def test_a_dropped_or_weakened_guard_is_found(full: Database, path: Path, store: Path) -> None:
    full.close()
    outside = sqlite3.connect(path)
    outside.execute('DROP TRIGGER "ledger_no_delete"')
    outside.execute('DROP TRIGGER "case__no_update"')
    outside.execute('CREATE TRIGGER "case__no_update" BEFORE UPDATE ON case_ BEGIN SELECT 1; END')
    outside.commit()
    outside.close()
    assert _check(full, store).problems == [
        "database: the guard ledger_no_delete is missing or altered",
        "database: the guard case__no_update is missing or altered",
    ]


def test_a_document_that_was_not_kept_is_said(life: Life, store: Path) -> None:
    comment = life.observed()
    with life.db.begin() as tx:
        packs = {"city": "cd" * 32}
        cases.record_verdict(
            tx, comment.ref, comment.revision, a_verdict(), policy_sha256="ab" * 32, packs=packs, now=NOON
        )
    report = _check(life.db, store)
    assert report.passed
    assert [line.split()[1] for line in report.not_checked] == ["ab" * 32, "cd" * 32]


def test_a_file_with_broken_pages_is_told_and_does_not_stop_the_rest(full: Database, path: Path, store: Path) -> None:
    full.close()
    whole = bytearray(path.read_bytes())
    middle = len(whole) // 2 // 4096 * 4096
    whole[middle : middle + 8 * 4096] = b"\xa5" * (8 * 4096)
    path.write_bytes(whole)
    report = _check(full, store)
    assert not report.passed
    assert any("database" in problem for problem in report.problems)
