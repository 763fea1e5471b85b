"""A backup is whole though the daemon writes meanwhile; what is put back is what was there; nothing is overwritten."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from builders import AUTHORITY, NOON, PERSON, a_batch, a_comment, an_account, later
from postgres import OWNER

from archive import ledger, records
from archive.backup import NotBackedUp, Place, copy_database, restore, take
from archive.database import Database

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Life
    from postgres import Postgres

    from archive.backup import Backup


@pytest.fixture
def place(path: Path, store: Path) -> Place:
    return Place(url=f"sqlite:///{path}", evidence=store, media=store.parent / "media", trusted={})


@pytest.fixture
def elsewhere(tmp_path: Path) -> Place:
    new = tmp_path / "new machine"
    return Place(url=f"sqlite:///{new}/citymod.db", evidence=new / "evidence", media=new / "media", trusted={})


def _take(db: Database, place: Place, folder: Path) -> Backup:
    return take(db, place, folder, agent=PERSON, now=later(900))


def _lines(place: Place) -> list[str]:
    with Database.open(place.url, migrate=False) as db, db.read() as tx:
        return [entry.hash for entry in ledger.entries(tx)]


def test_what_is_put_back_is_what_was_there(full: Database, place: Place, elsewhere: Place, tmp_path: Path) -> None:
    before = _lines(place)
    _take(full, place, tmp_path / "backup")
    restore(tmp_path / "backup", elsewhere, now=later(1000))
    assert _lines(elsewhere) == before
    for path in place.evidence.rglob("*.*"):
        if path.is_file():
            assert (elsewhere.evidence / path.relative_to(place.evidence)).read_bytes() == path.read_bytes()


def test_that_it_was_taken_is_on_record(full: Database, place: Place, tmp_path: Path) -> None:
    head = _lines(place)[-1]
    _take(full, place, tmp_path / "backup")
    with full.read() as tx:
        last = ledger.last(tx, ["archive.backed_up"])
    assert last is not None
    assert (last.agent, last.detail["folder"]) == (PERSON, str(tmp_path / "backup"))
    assert last.detail["head"].endswith(head)


def test_stock_tools_check_it(full: Database, place: Place, tmp_path: Path) -> None:
    _take(full, place, tmp_path / "backup")
    words = ("sha256sum", "--strict", "--quiet", "-c", "SHA256SUMS")
    assert subprocess.run(words, cwd=tmp_path / "backup", check=False).returncode == 0


def test_it_is_whole_while_another_writes(
    life: Life, db: Database, place: Place, elsewhere: Place, tmp_path: Path
) -> None:
    """Evidence is sealed and recorded all the time; each backup holds a moment with all that belongs to it."""
    stop = threading.Event()
    failed: list[BaseException] = []
    sealed = 0

    def work() -> None:
        nonlocal sealed
        try:
            while not stop.is_set():
                life.secured(a_comment(f"w{sealed}"))
                sealed += 1
        except BaseException as error:  # noqa: BLE001 - told to the test below
            failed.append(error)

    writer = threading.Thread(target=work)
    writer.start()
    try:
        counts = [_take(db, place, tmp_path / "backup")]
        while len(counts) < 4 or sealed <= len(counts):  # on a busy machine the writer may be slow to begin
            counts.append(_take(db, place, tmp_path / "backup"))
    finally:
        stop.set()
        writer.join()
    assert not failed
    restore(tmp_path / "backup", elsewhere, now=later(1000))
    assert counts[-1].files > counts[0].files


def test_files_are_copied_once(full: Database, place: Place, tmp_path: Path) -> None:
    first = _take(full, place, tmp_path / "backup")
    second = _take(full, place, tmp_path / "backup")
    assert first.copied > 0
    assert second.copied == 0


def test_a_damaged_archive_does_not_take_the_place_of_a_good_backup(
    full: Database, place: Place, elsewhere: Place, tmp_path: Path, tamper: object
) -> None:
    _take(full, place, tmp_path / "backup")
    good = (tmp_path / "backup" / "citymod.db").read_bytes()
    tamper("UPDATE revision SET text = 'other words' WHERE ref = 'youtube:UCcity:c2'")  # type: ignore[operator]
    with pytest.raises(NotBackedUp, match="not as it was written"):
        _take(full, place, tmp_path / "backup")
    assert (tmp_path / "backup" / "citymod.db").read_bytes() == good
    restore(tmp_path / "backup", elsewhere, now=later(1000))


def test_nothing_is_ever_overwritten(full: Database, place: Place, tmp_path: Path) -> None:
    _take(full, place, tmp_path / "backup")
    with pytest.raises(NotBackedUp, match="move it away first"):
        restore(tmp_path / "backup", place, now=later(1000))


def test_a_backup_with_a_flipped_bit_is_not_put_back(
    full: Database, place: Place, elsewhere: Place, tmp_path: Path
) -> None:
    _take(full, place, tmp_path / "backup")
    picture = next((tmp_path / "backup").rglob("comment.png"))
    data = bytearray(picture.read_bytes())
    data[9] ^= 1
    picture.write_bytes(data)
    with pytest.raises(NotBackedUp, match=r"comment\.png has been altered"):
        restore(tmp_path / "backup", elsewhere, now=later(1000))
    assert not elsewhere.evidence.exists()


def test_a_folder_of_somebody_elses_is_left_alone(full: Database, place: Place, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "a.txt").touch()
    with pytest.raises(NotBackedUp, match="no backup of citymod"):
        _take(full, place, tmp_path / "letters")
    with pytest.raises(NotBackedUp, match="no finished backup"):
        restore(tmp_path / "letters", place, now=later(1000))


def test_an_unfinished_backup_is_gone_on_with(full: Database, place: Place, tmp_path: Path) -> None:
    """As a kill leaves it: files and a copy of the database, and nothing that says what they are."""
    shutil.copytree(place.evidence, tmp_path / "backup" / "evidence")
    (tmp_path / "backup" / "citymod.db.new").write_bytes(b"half a database")
    assert _take(full, place, tmp_path / "backup").files > 10


def test_records_go_on_afterwards(full: Database, place: Place, elsewhere: Place, tmp_path: Path) -> None:
    _take(full, place, tmp_path / "backup")
    restore(tmp_path / "backup", elsewhere, now=later(1000))
    with Database.open(elsewhere.url) as db, db.begin() as tx:
        records.observe(tx, a_batch(a_comment("new")), account=an_account(), now=NOON)


CP = """#!{python}
import os, sqlite3, sys
other = sqlite3.connect({database!r}, timeout=0.2, isolation_level=None)
try:
    other.execute("INSERT INTO t VALUES (1)")
    said = "written"
except sqlite3.OperationalError as error:
    said = str(error)
other.close()
with open({told!r}, "w") as file:
    file.write(said)
os.execv("/bin/cp", sys.argv)
"""


def test_nobody_writes_while_the_file_is_copied_and_everybody_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen from within the copying: `cp` is one that first tries to write."""
    path, told, programs = tmp_path / "a.db", tmp_path / "told", tmp_path / "bin"
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA journal_mode=TRUNCATE")
        writer.execute("CREATE TABLE t (n INTEGER)")
        writer.commit()
    programs.mkdir()
    (programs / "cp").write_text(CP.format(python=sys.executable, database=str(path), told=str(told)))
    (programs / "cp").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    copy_database(f"sqlite:///{path}", tmp_path / "b.db")
    assert told.read_text() == "database is locked"
    with closing(sqlite3.connect(path, timeout=0.2)) as writer:
        writer.execute("INSERT INTO t VALUES (2)")
        writer.commit()


@pytest.mark.parametrize("journal", ["TRUNCATE", "WAL"])
def test_a_copy_is_of_one_moment_however_much_is_written(tmp_path: Path, journal: str) -> None:
    """Each commit puts a row into one table and its number into another; in a copy both say the same."""
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute(f"PRAGMA journal_mode={journal}")
        database.execute("CREATE TABLE t (n INTEGER, b BLOB)")
        database.execute("CREATE TABLE last (n INTEGER)")
        database.execute("INSERT INTO last VALUES (0)")
    stop, written = threading.Event(), [0]

    def write() -> None:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as writer:
            writer.execute("PRAGMA synchronous=OFF")
            while not stop.is_set():
                written[0] += 1
                writer.execute("BEGIN IMMEDIATE")
                writer.execute("INSERT INTO t VALUES (?, zeroblob(40000))", (written[0],))
                writer.execute("UPDATE last SET n = ?", (written[0],))
                writer.execute("COMMIT")

    writing = threading.Thread(target=write)
    writing.start()
    try:
        for number in range(8):
            before = written[0]
            while written[0] < before + 20:
                time.sleep(0.001)
            copy_database(f"sqlite:///{path}", tmp_path / f"{number}.db")
    finally:
        stop.set()
        writing.join()
    for number in range(8):
        with closing(sqlite3.connect(tmp_path / f"{number}.db")) as copy:
            assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert copy.execute("SELECT max(n) FROM t").fetchone() == copy.execute("SELECT n FROM last").fetchone()


def test_what_the_disk_has_no_room_for_is_no_backup(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "a.db")) as database:
        database.execute("CREATE TABLE t (n INTEGER)")
        database.commit()
    (tmp_path / "full.db").symlink_to("/dev/full")
    with pytest.raises(NotBackedUp, match="No space left on device"):
        copy_database(f"sqlite:///{tmp_path / 'a.db'}", tmp_path / "full.db")


@pytest.mark.server
def test_a_postgresql_archive_is_backed_up_and_put_back(
    engine: str, past: object, store: Path, postgres: Postgres, tmp_path: Path
) -> None:
    """With PostgreSQL's own programs; it is put back by whoever owns the new, empty database."""
    assert engine == "postgresql"
    media = store.parent / "media"
    trusted = {AUTHORITY: store.parent / "authority" / "root.pem"}
    place = Place(url=past.url, evidence=store, media=media, trusted=trusted)  # type: ignore[attr-defined]
    with Database.open(place.url) as db:
        assert _take(db, place, tmp_path / "backup").files > 10
        with db.read() as tx:
            before = [entry.hash for entry in ledger.entries(tx)]
    name = postgres.create()
    with postgres.admin(name) as admin:
        admin.execute(f"ALTER SCHEMA public OWNER TO {OWNER}")
    new = tmp_path / "new machine"
    elsewhere = Place(url=postgres.url(name, OWNER), evidence=new / "evidence", media=new / "media", trusted=trusted)
    report = restore(tmp_path / "backup", elsewhere, now=later(1000))
    assert report.checked["ledger lines"] == len(before) - 1, "all but the line that says that it was taken"
    assert _lines(elsewhere) == before[:-1]
    with pytest.raises(NotBackedUp, match="move it away first"):
        restore(tmp_path / "backup", elsewhere, now=later(1000))
    postgres.drop(name)
