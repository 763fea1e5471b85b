"""Leases: shared fairly, lost in time, never held by two; and whoever lost one can write nothing under it any more."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from builders import NOON, later
from sqlalchemy import select, update

from archive import leases, ledger, tables
from archive.database import fenced
from archive.leases import LEASE, LeaseLost, NotTogether

if TYPE_CHECKING:
    from archive.database import Database

NAMES = [f"account a{number}" for number in range(7)]


def enter(db: Database, name: str, *, host: str = "h", folder: str = "f") -> str:
    with db.begin() as tx:
        leases.enter(tx, name=name, run=f"run of {name}", host=host, pid=1, folder=folder, now=NOON)
    return f"run of {name}"


def share(db: Database, run: str, ready: tuple[str, ...] = ()) -> list[str]:
    with db.begin() as tx:
        return leases.share(tx, run, NAMES, ready)


def held(db: Database) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    with db.read() as tx:
        for name, lease in sorted(leases.held(tx).items()):
            found.setdefault(lease.daemon, []).append(name)
    return found


def silence(db: Database, name: str, by: timedelta = LEASE) -> None:
    """Let a daemon not have been heard of for so long."""
    with db.begin() as tx:
        until = leases.clock(tx) + LEASE - by
        tx.execute(update(tables.daemon).where(tables.daemon.c.name == name).values(until=until))


def token(db: Database, name: str) -> int:
    with db.read() as tx:
        return int(tx.execute(select(tables.lease.c.token).where(tables.lease.c.name == name)).scalar_one())


def test_one_alone_holds_everything(db: Database) -> None:
    share(db, enter(db, "one"))
    assert held(db) == {"one": NAMES}


def test_a_second_gets_its_half_once_the_first_is_at_rest(db: Database) -> None:
    one = enter(db, "one")
    share(db, one)
    two = enter(db, "two")
    assert share(db, two) == []
    assert held(db) == {"one": NAMES}, "nothing is taken away from who is alive"
    leaving = share(db, one)
    assert len(leaving) == 4
    assert held(db) == {"one": NAMES}, "and nothing is given up that may be under way"
    assert share(db, one, tuple(leaving[:2])) == leaving[2:]
    share(db, one, tuple(leaving[2:]))
    share(db, two)
    assert sorted(map(len, held(db).values())) == [3, 4]


def test_who_is_silent_loses_everything_when_the_lease_is_over_and_not_before(db: Database) -> None:
    share(db, enter(db, "one"))
    two = enter(db, "two")
    silence(db, "one", LEASE - timedelta(seconds=5))
    share(db, two)
    assert held(db) == {"one": NAMES}
    silence(db, "one")
    share(db, two)
    assert held(db) == {"two": NAMES}


def test_that_one_went_silent_is_written_down_once(db: Database) -> None:
    enter(db, "one")
    two = enter(db, "two")
    silence(db, "one")
    for _ in range(3):
        with db.begin() as tx:
            leases.renew(tx, two)
            leases.tell_gone(tx, later(60))
    with db.read() as tx:
        (told,) = ledger.entries(tx, kinds=("daemon.gone",))
    assert told.detail["daemon"] == "one"


def test_who_ends_as_told_gives_everything_up_and_is_not_missed(db: Database) -> None:
    one = enter(db, "one")
    share(db, one)
    with db.begin() as tx:
        leases.leave(tx, one)
        assert leases.tell_gone(tx, later(60)) == []
    assert held(db) == {}


def test_whoever_lost_a_lease_can_write_nothing_even_if_nobody_holds_it_now(db: Database) -> None:
    one = enter(db, "one")
    share(db, one)
    tokens = dict.fromkeys(NAMES, 1)
    silence(db, "one")
    two = enter(db, "two")
    share(db, two)
    with db.begin() as tx:
        leases.leave(tx, two)
    with (
        fenced(lambda tx: leases.guard(tx, one, tokens)),
        pytest.raises(LeaseLost),
        db.begin() as tx,
    ):
        ledger.append(tx, kind="daemon.failed", agent=ledger.DAEMON, at=NOON)
    share(db, one)
    assert token(db, NAMES[0]) == 3, "it is its own again, and what it began before is refused all the same"
    with fenced(lambda tx: leases.guard(tx, one, tokens)), pytest.raises(LeaseLost), db.begin() as tx:
        ledger.append(tx, kind="daemon.failed", agent=ledger.DAEMON, at=NOON)
    with db.read() as tx:
        assert list(ledger.entries(tx, kinds=("daemon.failed",))) == []


def test_what_nobody_took_is_still_ones_own_and_is_renewed_by_working(db: Database) -> None:
    one = enter(db, "one")
    share(db, one)
    silence(db, "one")
    assert held(db) == {}
    with db.begin() as tx:
        leases.guard(tx, one, dict.fromkeys(NAMES, 1))
    assert held(db) == {"one": NAMES}


def test_a_clock_put_back_leaves_nobody_with_a_lease_for_hours(db: Database) -> None:
    one = enter(db, "one")
    share(db, one)
    two = enter(db, "two")
    silence(db, "one", -timedelta(hours=1))
    assert held(db) == {}, "what seems good for an hour was renewed by a clock of another time"
    with db.begin() as tx:
        assert leases.renew(tx, one)
    assert held(db) == {"one": NAMES}
    assert share(db, two) == []


def test_a_new_process_of_a_name_ends_what_the_old_one_held(db: Database) -> None:
    one = enter(db, "one")
    share(db, one)
    with db.begin() as tx:
        leases.enter(tx, name="one", run="another", host="h", pid=2, folder="f", now=NOON)
        assert not leases.renew(tx, one), "and the old one, if it lives, sees that"
        assert leases.held(tx) == {}


@pytest.mark.server
def test_daemons_on_two_machines_need_one_data_folder(db: Database) -> None:
    enter(db, "one")
    with pytest.raises(NotTogether, match="another data folder"):
        enter(db, "two", host="h2", folder="f2")
    enter(db, "two", host="h2")
    with pytest.raises(NotTogether, match="another name"):
        enter(db, "two", host="h3")


def test_a_sqlite_file_serves_one_machine(db: Database, engine: str) -> None:
    enter(db, "one")
    if engine == "sqlite":
        with pytest.raises(NotTogether, match="one machine"):
            enter(db, "two", host="h2")
        silence(db, "one")
    enter(db, "two", host="h2")


def test_a_pause_file_that_one_sees_counts_for_all_also_when_it_is_silent(db: Database) -> None:
    one = enter(db, "one")
    with db.begin() as tx:
        leases.say(tx, one, "the pause file is there")
    silence(db, "one", 2 * LEASE)
    with db.begin() as tx:
        assert leases.files_say(tx) == "the pause file is there (says the daemon one)"
        assert leases.forget_said(tx) == 1
        assert leases.files_say(tx) is None
