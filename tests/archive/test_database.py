"""The database opens the right way, takes turns, and says in plain words what is wrong with it."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from builders import NOON
from sqlalchemy import text

from archive import full_text, guards, ledger, tables
from archive.database import Damaged, Database, Unavailable, WrongDatabase, wal_is_safe

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Place

PROJECT = Path(__file__).parents[2]


def test_tables_are_those_that_the_migrations_make(db: Database) -> None:
    with db.read() as tx:
        options = {"include_object": lambda _object, name, *_: not name.startswith((full_text.NAME, "ix_full_text"))}
        assert compare_metadata(MigrationContext.configure(tx, opts=options), tables.metadata) == []
        assert guards.missing(tx) == []


def test_every_table_is_guarded_or_known_to_be_mutable() -> None:
    mutable = {"account", "digest_mark", "pause", "ledger_head", "media_due", "authority", "spending"}
    mutable |= {"copy_due", "copy_mark", "daemon", "lease", "session_", "claim", "job", "gauge"}
    guarded = {"ledger", *(table.name for table in (*tables.APPEND_ONLY, *tables.ADDED_TO, *tables.FIXED))}
    assert guarded | mutable == set(tables.metadata.tables)


def test_opening_again_changes_nothing(path: Path, db: Database) -> None:
    db.close()
    before = path.read_bytes()
    Database.open(f"sqlite:///{path}", migrate=False).close()
    assert path.read_bytes() == before


def test_a_newer_database_is_refused(place: Place, tamper: Callable[..., int]) -> None:
    tamper("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(WrongDatabase, match=r"version 9999.*newer"):
        Database.open(place.url)


def test_an_empty_database_is_refused_where_nothing_may_be_changed(tmp_path: Path) -> None:
    with pytest.raises(WrongDatabase, match="version none"):
        Database.open(f"sqlite:///{tmp_path}/new.db", migrate=False)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("Minutes of the meeting of the Parks Board. " * 100)
    with pytest.raises(WrongDatabase, match="not a database"):
        Database.open(f"sqlite:///{tmp_path}/x.db")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused(url: str) -> None:
    with pytest.raises(WrongDatabase, match="in memory"):
        Database.open(url)


def test_a_folder_that_cannot_be_reached_is_said(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="unable to open"):
        Database.open(f"sqlite:///{tmp_path}/missing/x.db")


def test_it_opens_from_an_installed_copy_wherever_one_stands(tmp_path: Path) -> None:
    """As a wheel brings it: the packages alone, away from the project, run from an empty folder."""
    installed, empty = tmp_path / "site", tmp_path / "empty"
    empty.mkdir()
    for package in ("archive", "bot/domain"):
        shutil.copytree(PROJECT / package, installed / package, ignore=shutil.ignore_patterns("__pycache__", "*.mako"))
    shutil.copy(PROJECT / "bot/__init__.py", installed / "bot")
    code = (
        f"import sys; sys.path.insert(0, {str(installed)!r}); import archive.database as d; "
        f"assert d.__file__.startswith({str(installed)!r}), d.__file__; d.Database.open('sqlite:///here.db').close()"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=empty, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert {file.name for file in empty.iterdir()} <= {"here.db", "here.db-journal"}


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 52, 0), True),
    ],
)
def test_wal_only_where_it_is_safe(version: tuple[int, ...], safe: bool) -> None:
    assert wal_is_safe(version) is safe


def test_the_journal_is_chosen_by_the_linked_version(db: Database, path: Path) -> None:
    assert db.journal_mode == ("wal" if wal_is_safe(sqlite3.sqlite_version_info) else "truncate")
    assert sqlite3.sqlite_version in db.journal_reason


def test_every_connection_is_set_up_for_keeping_records(db: Database, path: Path) -> None:
    with db.begin() as tx:
        said = {
            name: tx.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("synchronous", "foreign_keys", "recursive_triggers", "busy_timeout")
        }
    assert said == {"synchronous": 2, "foreign_keys": 1, "recursive_triggers": 1, "busy_timeout": 10_000}


def test_a_reading_transaction_cannot_write(db: Database) -> None:
    with pytest.raises(Unavailable, match=r"readonly|read-only"), db.read() as tx:
        tx.execute(text("UPDATE account SET failures = 7"))


def test_an_error_takes_everything_back(db: Database) -> None:
    def write_and_fail() -> None:
        with db.begin() as tx:
            ledger.append(tx, kind="test.line", agent=ledger.DAEMON, at=NOON)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    with db.read() as tx:
        assert [line.kind for line in ledger.entries(tx)] == ["account.registered"]


def test_writers_take_turns_and_no_line_is_lost(db: Database) -> None:
    def write() -> None:
        for _ in range(20):
            with db.begin() as tx:
                ledger.append(tx, kind="test.line", agent=ledger.DAEMON, at=NOON)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.read() as tx:
        assert ledger.verify_chain(tx) == []
        assert len(list(ledger.entries(tx, kinds=["test.line"]))) == 80


def test_a_database_that_somebody_else_holds_is_unavailable(db: Database, path: Path) -> None:
    with db.begin() as tx:
        tx.exec_driver_sql("PRAGMA busy_timeout=1")
    outside = sqlite3.connect(path, isolation_level=None)
    outside.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="locked"), db.begin():
        pytest.fail("two writers at once")
    outside.close()


def test_text_that_is_none_counts_as_damage(db: Database, path: Path, tamper: Callable[..., int]) -> None:
    tamper("UPDATE account SET name = CAST(x'ff' AS TEXT)")
    with pytest.raises(Damaged, match="citymod verify"), db.read() as tx:
        tx.execute(text("SELECT name FROM account")).all()


def test_broken_pages_count_as_damage(db: Database, path: Path) -> None:
    db.close()
    whole = bytearray(path.read_bytes())
    whole[4096:] = b"\xa5" * (len(whole) - 4096)
    path.write_bytes(whole)
    with pytest.raises(Damaged, match="malformed"), db.read() as tx:
        tx.execute(text("SELECT * FROM ledger")).all()
