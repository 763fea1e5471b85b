"""What was written stays written: every attack through our own connections is refused, on every guarded table."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Integer, text
from sqlalchemy.exc import DatabaseError, IntegrityError

from archive import guards, tables
from archive.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Lived

    from archive.database import Tx

APPEND_ONLY = ["ledger", *(table.name for table in (*tables.APPEND_ONLY, *tables.ADDED_TO))]
NEVER_DELETED = [*APPEND_ONLY, "ledger_head", *(table.name for table in tables.FIXED)]
FIXED = [(table.name, column) for table, columns in tables.FIXED.items() for column in columns]


@pytest.fixture
def attacking(lived: Lived) -> Iterator[Tx]:
    """A transaction of whoever owns the tables, taken back in the end: nothing but the guards stands in the way."""
    with Database.open(lived.owner) as owned, owned.begin() as tx:
        for table in NEVER_DELETED:
            assert tx.execute(text(f'SELECT count(*) FROM "{table}"')).scalar_one() > 0, table
        yield tx
        tx.rollback()


@contextmanager
def refused(tx: Tx, match: str, error: type[DatabaseError] = IntegrityError) -> Iterator[None]:
    """Expect that the statement within is refused; the transaction goes on."""
    with pytest.raises(error, match=match), tx.begin_nested():
        yield


def _first(tx: Tx, table: str) -> dict[str, object]:
    return dict(tx.execute(text(f'SELECT * FROM "{table}" LIMIT 1')).mappings().one())


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_no_row_is_changed(attacking: Tx, table: str) -> None:
    for column in [each.name for each in tables.metadata.tables[table].c]:
        with refused(attacking, "append-only"):
            attacking.execute(text(f'UPDATE "{table}" SET "{column}" = "{column}"'))


@pytest.mark.parametrize("table", NEVER_DELETED)
def test_no_row_is_deleted(attacking: Tx, table: str) -> None:
    with refused(attacking, "never deleted"):
        attacking.execute(text(f'DELETE FROM "{table}"'))


@pytest.mark.parametrize("how", ["INSERT OR REPLACE", "REPLACE"])
@pytest.mark.parametrize("table", NEVER_DELETED)
def test_no_row_is_replaced(attacking: Tx, path: Path, table: str, how: str) -> None:
    row = _first(attacking, table)
    names = ", ".join(f'"{name}"' for name in row)
    values = ", ".join(f":{name}" for name in row)
    with refused(attacking, r"never deleted|carried out before"):
        attacking.execute(text(f'{how} INTO "{table}" ({names}) VALUES ({values})'), row)


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_no_row_is_overwritten_by_an_upsert(attacking: Tx, table: str) -> None:
    row = _first(attacking, table)
    names = ", ".join(f'"{name}"' for name in row)
    values = ", ".join(f":{name}" for name in row)
    column = next(iter(row))
    keys = ", ".join(f'"{key.name}"' for key in tables.metadata.tables[table].primary_key)
    upsert = f'ON CONFLICT ({keys}) DO UPDATE SET "{column}" = excluded."{column}"'
    with refused(attacking, r"append-only|carried out before"):
        attacking.execute(text(f'INSERT INTO "{table}" ({names}) VALUES ({values}) {upsert}'), row)


@pytest.mark.parametrize(("table", "column"), FIXED)
def test_fixed_columns_stay(attacking: Tx, table: str, column: str) -> None:
    another = "0" if isinstance(tables.metadata.tables[table].c[column].type, Integer) else "'another'"
    with refused(attacking, "never change once written"):
        attacking.execute(text(f'UPDATE "{table}" SET "{column}" = {another}'))


def test_the_head_never_goes_back(attacking: Tx) -> None:
    with refused(attacking, "only grows"):
        attacking.execute(text("UPDATE ledger_head SET seq = seq - 1"))


def test_no_guard_is_dropped(attacking: Tx, path: Path) -> None:
    names = attacking.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
    assert len(names) == 2 * len(APPEND_ONLY) + 2 + 2 * len(tables.FIXED) + 1  # no tombstone without two approvals
    for name in names:
        with refused(attacking, "not authorized", DatabaseError):
            attacking.execute(text(f'DROP TRIGGER "{name}"'))
    assert guards.missing(attacking) == []


@pytest.mark.parametrize(
    "attack",
    [
        "DROP TABLE match_",
        "DROP TABLE full_text",
        "ALTER TABLE comment RENAME TO other",
        "ALTER TABLE revision DROP COLUMN url",
        "PRAGMA recursive_triggers=OFF",
        "PRAGMA writable_schema=ON",
        "PRAGMA foreign_keys=OFF",
        "PRAGMA ignore_check_constraints=ON",
        "PRAGMA synchronous=OFF",
        "PRAGMA journal_mode=OFF",
    ],
)
def test_no_guard_is_switched_off(attacking: Tx, path: Path, attack: str) -> None:
    with refused(attacking, "not authorized", DatabaseError):
        attacking.exec_driver_sql(attack)


def test_guards_hold_for_other_programs_too(full: Database, path: Path) -> None:
    full.close()
    outside = sqlite3.connect(path)
    for attack in ("UPDATE revision SET text = 'x'", "DELETE FROM ledger", "UPDATE case_ SET ref = 'a:b:c'"):
        with pytest.raises(sqlite3.IntegrityError):
            outside.execute(attack)
    outside.close()
