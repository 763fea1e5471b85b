"""Single bits flipped and rows dropped at random, in evidence, ledger, comments and raw bytes: each is found."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from builders import AUTHORITY, later

from archive import tables
from archive.database import Database
from archive.verify import verify

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Lived

SEED = 20261128
TABLES = ("ledger", *(table.name for table in tables.APPEND_ONLY))
COUNTS = [15, pytest.param(1000, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])]


def _bytes_of(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _flip(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]


class _Attacker:
    """Somebody with full access to database and files, who changes one thing at a time."""

    def __init__(self, path: Path, store: Path, chance: random.Random) -> None:
        self._path, self._store, self._chance = path, store, chance
        with closing(sqlite3.connect(path)) as outside:
            for (name,) in outside.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                outside.execute(f'DROP TRIGGER "{name}"')
            outside.commit()

    def strike(self) -> str:
        return self._chance.choice([self._bit_of_a_file, self._bit_of_a_row, self._bit_of_a_row, self._row])()

    def _bit_of_a_file(self) -> str:
        path = self._chance.choice(sorted(path for path in self._store.rglob("*") if path.is_file()))
        path.chmod(0o600)
        path.write_bytes(_flip(path.read_bytes(), self._chance))
        return f"a bit of {path.name}"

    def _bit_of_a_row(self) -> str:
        table = self._chance.choice(TABLES)
        with closing(sqlite3.connect(self._path)) as outside:
            outside.row_factory = sqlite3.Row
            outside.execute("PRAGMA ignore_check_constraints=ON")
            number, *_ = self._chance.choice(outside.execute(f'SELECT rowid FROM "{table}"').fetchall())
            row = outside.execute(f'SELECT * FROM "{table}" WHERE rowid = ?', (number,)).fetchone()
            column = self._chance.choice([name for name in row.keys() if row[name] not in (None, "", b"")])  # noqa: SIM118 - a row is no mapping
            value = row[column]
            if isinstance(value, int):
                changed, how = value ^ 1 << self._chance.randrange(8), "?"
            else:
                changed, how = (
                    _flip(_bytes_of(value), self._chance),
                    "?" if isinstance(value, bytes) else "CAST(? AS TEXT)",
                )
            try:
                outside.execute(f'UPDATE "{table}" SET "{column}" = {how} WHERE rowid = ?', (changed, number))
            except sqlite3.IntegrityError:  # the place is taken: nothing changed, so take the row instead
                outside.execute(f'DELETE FROM "{table}" WHERE rowid = ?', (number,))
            outside.commit()
        return f"a bit of {table}.{column} in row {number}"

    def _row(self) -> str:
        table = self._chance.choice(TABLES)
        with closing(sqlite3.connect(self._path)) as outside:
            number, *_ = self._chance.choice(outside.execute(f'SELECT rowid FROM "{table}"').fetchall())
            outside.execute(f'DELETE FROM "{table}" WHERE rowid = ?', (number,))
            outside.commit()
        return f"row {number} of {table}"


@pytest.mark.parametrize("count", COUNTS)
def test_every_single_change_is_found(
    lived: Lived, path: Path, tmp_path: Path, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The triggers are gone in every copy, so that what is found is found by hashes; the guards are not counted."""
    monkeypatch.setattr("archive.guards.missing", lambda _: [])
    chance = random.Random(SEED)
    missed = []
    for number in range(count):
        folder = tmp_path / str(number)
        shutil.copytree(lived.folder, folder)
        attack = _Attacker(folder / path.name, folder / "evidence", chance).strike()
        with Database.open(f"sqlite:///{folder}/citymod.db", migrate=False) as db:
            trusted = {AUTHORITY: folder / "authority" / "root.pem"}
            report = verify(db, folder / "evidence", folder / "media", now=later(3600), trusted=trusted)
        if not report.problems:
            missed.append(attack)
        shutil.rmtree(folder)
    assert missed == []


def test_without_a_change_nothing_is_found(lived: Lived, path: Path, tmp_path: Path) -> None:
    shutil.copytree(lived.folder, tmp_path / "copy")
    with Database.open(f"sqlite:///{tmp_path}/copy/{path.name}", migrate=False) as db:
        trusted = {AUTHORITY: lived.folder / "authority" / "root.pem"}
        report = verify(db, tmp_path / "copy" / "evidence", tmp_path / "copy" / "media", now=later(1), trusted=trusted)
    assert report.problems == []
