"""Gaps in reading: none is made by a slow reading, none is missed after a kill, each says why."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from builders import NOON, PERSON, an_account, later

from archive import accounts, gaps, ledger

if TYPE_CHECKING:
    from datetime import datetime

    from archive.database import Tx

KEY = an_account().key
MINUTE = timedelta(minutes=1)


def read(tx: Tx, at: datetime, began: datetime | None = None) -> gaps.Gap | None:
    found = gaps.note(tx, KEY, interval=MINUTE, began=began or at, now=at)
    accounts.polled(tx, KEY, at)
    return found


def test_readings_in_time_leave_no_gap(tx: Tx) -> None:
    for minute in range(1, 30):
        assert read(tx, later(60 * minute)) is None
    assert gaps.of_period(tx, KEY, NOON, later(1800), interval=MINUTE, now=later(1800)) == []


@pytest.mark.parametrize(("seconds", "gap"), [(180, False), (181, True)])
def test_a_reading_may_be_one_interval_and_a_minute_late(tx: Tx, seconds: int, gap: bool) -> None:
    read(tx, NOON)
    assert bool(read(tx, later(seconds))) is gap


def test_the_reading_that_ends_a_gap_records_it_with_the_reason(tx: Tx) -> None:
    read(tx, NOON)
    accounts.poll_failed(tx, KEY, why="503 from the platform", until=later(60), now=later(30))
    found = read(tx, later(3600))
    assert found is not None
    assert (found.since, found.until, found.why) == (NOON, later(3600), "reading failed: 503 from the platform")
    assert gaps.of_period(tx, KEY, NOON, later(9), interval=MINUTE, now=later(3660)) == [found]
    assert gaps.of_period(tx, KEY, later(3600), later(3660), interval=MINUTE, now=later(3660)) == []
    (line,) = ledger.entries(tx, kinds=["gap.recorded"])
    assert line.detail["why"] == found.why


def test_a_daemon_that_was_killed_leaves_a_gap_when_it_starts_again(tx: Tx) -> None:
    read(tx, NOON)
    ledger.append(tx, kind=gaps.STARTED, agent=ledger.DAEMON, at=later(7200))
    found = read(tx, later(7205))
    assert found is not None
    assert "not running" in found.why
    assert found.since == NOON


def test_while_nobody_reads_the_gap_is_open(tx: Tx) -> None:
    read(tx, NOON)
    accounts.stop(tx, KEY, "Unauthorised: the token has expired", later(60))
    (found,) = gaps.of_period(tx, KEY, NOON, later(600), interval=MINUTE, now=later(600))
    assert found.open
    assert found.until == later(600)
    assert found.why == "the account was stopped: Unauthorised: the token has expired"
    accounts.resume(tx, KEY, PERSON, later(700))
    closed = read(tx, later(710))
    assert closed is not None
    assert not closed.open
    assert closed.since == NOON


def test_an_account_that_was_never_read_has_been_in_a_gap_since_it_was_registered(tx: Tx) -> None:
    found = gaps.open_gap(tx, KEY, interval=MINUTE, now=later(3600))
    assert found is not None
    assert found.since == NOON
    assert "nothing on record says why" in found.why


def test_when_another_account_was_registered_says_nothing_about_this_one(tx: Tx) -> None:
    other = an_account(platform="x", id="other")
    accounts.register(tx, other, later(3000))
    found = gaps.open_gap(tx, other.key, interval=MINUTE, now=later(3600))
    assert found is not None
    assert found.since == later(3000)
    with pytest.raises(accounts.UnknownAccount):
        gaps.open_gap(tx, "x:nobody", interval=MINUTE, now=later(3600))


def test_one_reading_that_takes_an_hour_is_called_that(tx: Tx) -> None:
    read(tx, NOON)
    found = read(tx, later(3600), began=later(60))
    assert found is not None
    assert found.why == "one reading took this long"


def test_other_accounts_reasons_are_not_its_own(tx: Tx) -> None:
    read(tx, NOON)
    ledger.append(
        tx,
        kind="account.stopped",
        agent=ledger.DAEMON,
        at=later(9),
        detail={"account": "x:other", "why": "another's"},
    )
    found = read(tx, later(600))
    assert found is not None
    assert "another's" not in found.why
