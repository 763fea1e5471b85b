"""Each day's lines get one root, each line is in exactly one, and what is wrong with either is found."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from builders import AUTHORITY, NOON

from archive import ledger, merkle, witnesses
from archive.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from archive.database import Database, Tx
    from archive.verify import Report

DAY = date(2026, 11, 2)
MIDNIGHT = datetime(2026, 11, 3, tzinfo=UTC)


def _note(tx: Tx, at: datetime) -> int:
    return ledger.append(tx, kind="daemon.failed", agent=ledger.DAEMON, at=at, detail={"why": "a test"}).seq


def _check(db: Database, store: Path, since: date | None = None) -> Report:
    trusted = {AUTHORITY: store.parent / "authority" / "root.pem"}
    return verify(db, store, store.parent / "media", now=MIDNIGHT, since=since, trusted=trusted)


def test_a_day_has_a_root_when_it_is_over_and_once(tx: Tx) -> None:
    last = _note(tx, NOON)
    assert witnesses.root_next(tx, MIDNIGHT) is None, "what began before midnight may still be written"
    root = witnesses.root_next(tx, MIDNIGHT + witnesses.AFTERWARDS)
    assert root is not None
    assert (root.day, root.first, root.last) == (DAY, 1, last)
    assert root.root == merkle.root(line.hash.encode() for line in ledger.entries(tx, limit=last))
    assert witnesses.root_next(tx, MIDNIGHT + witnesses.AFTERWARDS) is None
    assert witnesses.root_of(tx, DAY) == root


def test_every_line_is_in_exactly_one_root(tx: Tx) -> None:
    """A line that comes late belongs to the day after; a day without lines has no root."""
    for at in (NOON, MIDNIGHT + timedelta(hours=1), NOON, MIDNIGHT + timedelta(days=3)):
        _note(tx, at)
    taken = []
    while root := witnesses.root_next(tx, MIDNIGHT + timedelta(days=9)):
        taken.append(root)
    assert [root.day.day for root in taken[:3]] == [2, 3, 6]
    assert taken[0].first == 1
    assert all(after.first == before.last + 1 for before, after in pairwise(taken))


def test_a_chain_written_anew_in_full_is_found_by_the_root(
    full: Database, store: Path, tamper: Callable[..., int]
) -> None:
    assert tamper("UPDATE day_root SET root = ?", "0" * 64) == 1
    assert "day 2026-11-02: its root is not that of its ledger lines" in _check(full, store).problems


def test_a_stamp_of_other_bytes_is_found(full: Database, store: Path, tamper: Callable[..., int]) -> None:
    assert tamper("UPDATE stamp SET sha256 = ?", "0" * 64) == 1
    assert any("of other bytes than those on record" in problem for problem in _check(full, store).problems)


def test_a_stamp_whose_authority_is_not_trusted_is_no_proof(full: Database, store: Path) -> None:
    report = verify(full, store, store.parent / "media", now=MIDNIGHT)
    assert report.passed
    assert any("no certificate for that authority" in gap for gap in report.not_checked)


# Checking since a day ------------------------------------------------------------------------------------------------


def test_checking_since_a_day_passes_over_what_is_older(
    full: Database, store: Path, tamper: Callable[..., int]
) -> None:
    with full.begin() as tx:
        for hour in range(30, 40):
            _note(tx, MIDNIGHT + timedelta(hours=hour))
    whole, recent = _check(full, store), _check(full, store, since=date(2026, 11, 4))
    assert (whole.problems, recent.problems) == ([], [])
    assert 10 <= recent.checked["ledger lines"] < whole.checked["ledger lines"]
    tamper("UPDATE revision SET text = 'other words' WHERE ref = 'youtube:UCcity:c2'")
    assert not _check(full, store).passed
    assert _check(full, store, since=date(2026, 11, 4)).passed
    assert not _check(full, store, since=DAY).passed


@pytest.mark.parametrize(
    ("attack", "told"),
    [
        ("UPDATE ledger SET agent = 'person:x' WHERE seq = (SELECT max(seq) - 1 FROM ledger)", "has been altered"),
        ("DELETE FROM ledger WHERE seq = (SELECT max(seq) - 2 FROM ledger)", "missing before"),
        ("DELETE FROM ledger WHERE seq = (SELECT max(seq) FROM ledger)", "lines were written"),
    ],
)
def test_what_is_altered_since_a_day_is_found(
    full: Database, store: Path, tamper: Callable[..., int], attack: str, told: str
) -> None:
    with full.begin() as tx:
        for hour in range(30, 40):
            _note(tx, MIDNIGHT + timedelta(hours=hour))
    assert tamper(attack) == 1
    assert any(told in problem for problem in _check(full, store, since=date(2026, 11, 4)).problems)
