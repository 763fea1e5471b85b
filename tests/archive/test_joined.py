"""What many threads write at once is committed together, and whoever returns from it can rely on its being there."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from builders import NOON
from sqlalchemy import event, text

from archive import access
from archive.database import Database, Unavailable
from archive.joined import Joined

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PEOPLE = 12


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with Database.open(f"sqlite:///{tmp_path / 'citymod.db'}", patience=300) as db:
        yield db


def seen(db: Database) -> set[str]:
    with db.read() as tx:
        return {row.login for row in access.latest(tx, 1_000)}


def commits(db: Database) -> list[Any]:
    """Filled with each commit from now on."""
    counted: list[Any] = []
    event.listen(db._writer, "commit", counted.append)
    return counted


def all_at_once(db: Database, joined: Joined, *others: Any) -> list[BaseException | None]:
    """Let everybody write while somebody else has their turn; give what each was told."""
    writes = [lambda tx, name=name: access.note(tx, name, "case", now=NOON) for name in map(str, range(PEOPLE))]
    with ThreadPoolExecutor(PEOPLE + len(others)) as threads:
        with db.begin():
            asked = [threads.submit(joined.write, write) for write in (*writes, *others)]
            while len(joined._waiting) < len(asked):
                threading.Event().wait(0.01)
        return [one.exception() for one in asked]


def test_what_waits_for_one_turn_is_one_commit(db: Database) -> None:
    joined, counted = Joined(db), commits(db)
    assert all_at_once(db, joined) == [None] * PEOPLE
    assert seen(db) == set(map(str, range(PEOPLE)))
    assert len(counted) == 1 + 1, "that of who had their turn, and one for all"


def test_one_after_another_each_is_there_when_it_returns(db: Database) -> None:
    joined = Joined(db)
    for name in ("a", "b", "c"):
        joined.write(lambda tx, name=name: access.note(tx, name, "case", now=NOON))
        assert name in seen(db)


def test_what_is_wrong_with_one_is_told_to_that_one_alone(db: Database) -> None:
    def wrong(tx: Any) -> None:
        tx.execute(text("INSERT INTO access (number) VALUES (NULL)"))

    *told, wrongs = all_at_once(db, Joined(db), wrong)
    assert told == [None] * PEOPLE
    assert wrongs is not None
    assert "NOT NULL" in str(wrongs)
    assert seen(db) == set(map(str, range(PEOPLE)))


def test_where_nothing_can_be_written_nobody_is_told_that_it_was(db: Database, tmp_path: Path) -> None:
    joined = Joined(db)
    with Database.open(f"sqlite:///{tmp_path / 'citymod.db'}") as other, other.begin() as tx:
        access.note(tx, "other", "case", now=NOON)
        told = all_at_once_elsewhere(joined)
    assert [type(error) for error in told] == [Unavailable] * PEOPLE
    assert seen(db) == {"other"}
    joined.write(lambda tx: access.note(tx, "later", "case", now=NOON))
    assert "later" in seen(db)


def all_at_once_elsewhere(joined: Joined) -> list[BaseException | None]:
    """Let everybody write while another process holds the database."""
    with ThreadPoolExecutor(PEOPLE) as threads:
        asked = [
            threads.submit(joined.write, lambda tx, name=name: access.note(tx, str(name), "case", now=NOON))
            for name in range(PEOPLE)
        ]
        return [one.exception() for one in asked]
