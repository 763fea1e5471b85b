"""The chain: every line follows the one before, and whatever was done to it shows."""

from __future__ import annotations

import hashlib
import subprocess
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from builders import NOON, PERSON, a_ref, later
from sqlalchemy import select

from archive import ledger, tables
from archive.database import Database
from archive.stored import canonical

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from archive.database import Tx


@pytest.fixture
def ten(db: Database) -> Database:
    """A database with ten lines: one of the account, nine about things."""
    with db.begin() as tx:
        for number in range(2, 11):
            detail = {"number": number, "text": "Straße, 市, 🚧", "half": "\ud83d", "nothing": None, "zero": "\x00"}
            ledger.append(
                tx, kind="test.line", ref=a_ref(f"c{number % 2}"), agent=PERSON, at=later(number), detail=detail
            )
    return db


def _problems(db: Database) -> list[str]:
    with db.read() as tx:
        return ledger.verify_chain(tx)


def test_lines_come_back_as_they_were_written(ten: Database) -> None:
    with ten.read() as tx:
        lines = list(ledger.entries(tx))
        assert [line.seq for line in lines] == list(range(1, 11))
        last = lines[-1]
        assert ledger.head(tx) == last
    assert (last.kind, last.ref, last.agent, last.at) == ("test.line", a_ref("c0"), PERSON, later(10))
    assert last.detail == {"number": 10, "text": "Straße, 市, 🚧", "half": "\ud83d", "nothing": None, "zero": "\x00"}
    assert lines[0].previous == ledger.GENESIS
    assert all(after.previous == before.hash for before, after in pairwise(lines))
    assert last.anchor == f"10:{last.hash}"


def test_an_empty_ledger_has_no_head_and_is_whole(path: Path) -> None:
    with Database.open(f"sqlite:///{path}") as db, db.read() as tx:
        assert ledger.head(tx) is None
        assert ledger.verify_chain(tx) == []


def test_lines_can_be_asked_for(ten: Database) -> None:
    with ten.read() as tx:

        def numbers(**asked: object) -> list[int]:
            return [line.seq for line in ledger.entries(tx, **asked)]  # type: ignore[arg-type]

        assert numbers(after=7) == [8, 9, 10]
        assert numbers(limit=3) == [1, 2, 3]
        assert numbers(limit=0) == []
        assert numbers(kinds={"account.registered"}) == [1]
        assert numbers(kinds=()) == []
        assert numbers(ref=a_ref("c1")) == [3, 5, 7, 9]
        assert numbers(ref=a_ref("c1"), after=4, limit=2) == [5, 7]
        assert [line.seq for line in ledger.about(tx, [a_ref("c1"), a_ref("c1")])] == [3, 5, 7, 9]


def test_pages_join_without_a_gap(db: Database) -> None:
    lines = [ledger.Line(kind="test.line", agent=PERSON, at=NOON) for _ in range(2 * ledger.PAGE + 1)]
    with db.begin() as tx:
        ledger.append_all(tx, lines)
        assert [line.seq for line in ledger.entries(tx)] == list(range(1, len(lines) + 2))
        assert ledger.verify_chain(tx) == []


def test_the_chain_can_be_followed_with_stock_tools(ten: Database) -> None:
    with ten.read() as tx:
        line = list(ledger.entries(tx))[1]
        detail = tx.execute(select(tables.ledger.c.detail).where(tables.ledger.c.seq == 2)).scalar_one()
    text = (
        f'{{"agent":"person:reviewer@city.example","at":"2026-11-02T12:00:02.000000Z","detail":{detail},'
        f'"kind":"test.line","ref":"youtube:UCcity:c0","seq":2}}'
    )
    said = subprocess.run(
        ["sha256sum"], input=(line.previous + text).encode(), capture_output=True, check=True
    ).stdout.decode()
    assert said.split()[0] == line.hash


def test_canonical_json_is_one_text() -> None:
    assert (
        canonical({"b": [1, True, None], "a": "ü\ud800\x00\u2028"}) == '{"a":"ü\\ud800\\u0000\u2028","b":[1,true,null]}'
    )
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical(float("nan"))


def test_rows_and_their_line_are_written_together(ten: Database) -> None:
    row = {"sha256": "ab" * 32, "name": "policy", "text": "1. Be kind.", "kept_at": NOON}
    with ten.begin() as tx:
        line = ledger.append(tx, kind="document.kept", agent=PERSON, at=NOON, rows=[(tables.document, row)])
        stored = tx.execute(select(tables.document)).mappings().one()
    assert stored["entry"] == line.seq
    assert line.detail == {"rows": {"document": [tables.row_sha256(tables.document, row)]}}
    plain = {"sha256": "ab" * 32, "name": "policy", "text": "1. Be kind.", "kept_at": "2026-11-02T12:00:00.000000Z"}
    by_hand = hashlib.sha256(canonical(["document", plain]).encode()).hexdigest()
    assert line.detail["rows"]["document"] == [by_hand]


def test_a_time_without_a_zone_is_refused(tx: Tx) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        ledger.append(tx, kind="test.line", agent=PERSON, at=NOON.replace(tzinfo=None))


# Attacks from outside -------------------------------------------------------------------------------------------------


def test_a_whole_chain_has_no_problems(ten: Database) -> None:
    assert _problems(ten) == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "2026-11-02T12:00:05.000001Z"),
        ("kind", "test.lime"),
        ("ref", None),
        ("ref", "youtube:UCcity:c2"),
        ("agent", "person:reviewer@city.exampl"),
        ("detail", '{"number":6}'),
        ("detail", "{}"),
        ("detail", ""),
        ("previous", "0" * 64),
        ("hash", "f" * 64),
    ],
)
def test_an_altered_line_is_found(ten: Database, tamper: Callable[..., int], column: str, value: str | None) -> None:
    assert tamper(f"UPDATE ledger SET {column} = ? WHERE seq = 5", value) == 1
    assert any("line 5" in problem for problem in _problems(ten))


def test_a_changed_space_is_found(ten: Database, tamper: Callable[..., int]) -> None:
    assert tamper("UPDATE ledger SET detail = replace(detail, '\":', '\": ') WHERE seq = 5") == 1
    assert _problems(ten) == ["ledger: line 5 has been altered"]


def test_a_line_altered_with_its_hash_is_found_at_the_next(ten: Database, tamper: Callable[..., int]) -> None:
    with ten.read() as tx:
        line = list(ledger.entries(tx))[4]
    text = (
        f'{{"agent":"{line.agent}","at":"2026-11-02T12:00:05.000000Z","detail":{{}},'
        f'"kind":"{line.kind}","ref":"{line.ref}","seq":5}}'
    )
    forged = hashlib.sha256((line.previous + text).encode()).hexdigest()
    assert tamper("UPDATE ledger SET detail = '{}', hash = ? WHERE seq = 5", forged) == 1
    assert _problems(ten) == ["ledger: line 6 does not follow line 5: altered or out of order"]


def test_a_dropped_line_is_found(ten: Database, tamper: Callable[..., int]) -> None:
    assert tamper("DELETE FROM ledger WHERE seq = 5") == 1
    assert _problems(ten) == ["ledger: line 5 missing before line 6"]


def test_dropped_lines_are_found(ten: Database, tamper: Callable[..., int]) -> None:
    assert tamper("DELETE FROM ledger WHERE seq BETWEEN 1 AND 4") == 4
    assert _problems(ten) == ["ledger: lines 1 to 4 missing before line 5"]


def test_a_dropped_line_is_found_even_if_the_rest_is_counted_anew(ten: Database, tamper: Callable[..., int]) -> None:
    tamper("DELETE FROM ledger WHERE seq = 5")
    for seq in range(6, 11):
        tamper("UPDATE ledger SET seq = seq - 1 WHERE seq = ?", seq)
    tamper("UPDATE ledger_head SET seq = 9")
    problems = _problems(ten)
    assert problems[0] == "ledger: line 5 does not follow line 4: altered or out of order"
    assert len(problems) == 6


def test_two_lines_that_changed_places_are_found(ten: Database, tamper: Callable[..., int]) -> None:
    tamper("UPDATE ledger SET seq = -5 WHERE seq = 5")
    tamper("UPDATE ledger SET seq = 5 WHERE seq = 6")
    tamper("UPDATE ledger SET seq = 6 WHERE seq = -5")
    problems = _problems(ten)
    assert "ledger: line 5 has been altered" in problems
    assert "ledger: line 6 has been altered" in problems


def test_a_cut_tail_is_found(ten: Database, tamper: Callable[..., int]) -> None:
    assert tamper("DELETE FROM ledger WHERE seq > 7") == 3
    assert _problems(ten) == ["ledger: it ends at line 7, but 10 lines were written"]


def test_an_added_line_is_found(ten: Database, tamper: Callable[..., int]) -> None:
    tamper("INSERT INTO ledger SELECT 11, at, kind, ref, agent, detail, hash, hash FROM ledger WHERE seq = 10")
    problems = _problems(ten)
    assert "ledger: line 11 has been altered" in problems
    assert "ledger: its end (line 11) is not the head that was kept (line 10)" in problems
