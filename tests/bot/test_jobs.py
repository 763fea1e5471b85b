"""The book of jobs: it outlives the program, and what did not run is told once for all that stood still."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from archive import jobs, ledger
from bot import digest
from bot.jobs import MISSED, Book, is_running

if TYPE_CHECKING:
    from city import City

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def at(**later: float) -> datetime:
    return NOON + timedelta(**later)


def keep(city: City, book: Book, now: datetime) -> list[jobs.Run]:
    with city.parts.database.begin() as tx:
        book.keep(tx, lambda name: now + timedelta(seconds=30), now)
        return jobs.every(tx)


def missed(city: City) -> list[dict[str, object]]:
    with city.parts.database.read() as tx:
        return [dict(line.detail) for line in ledger.entries(tx, kinds=(MISSED,))]


def run(book: Book, name: str, every: float, now: datetime, why: str | None = None) -> None:
    book.began(name, every, now)
    book.ended(name, now + timedelta(seconds=1), why)


def test_the_last_run_and_the_next_outlive_the_daemon(city: City) -> None:
    book = Book([])
    run(book, "work", 1, NOON)
    run(book, "mail", 2, NOON, "OSError: gone")
    book.began("digest", 60, NOON)
    digest_, mail, work = keep(city, book, at(seconds=5))
    assert (work.began_at, work.ended_at, work.next_at, work.why) == (NOON, at(seconds=1), at(seconds=35), None)
    assert mail.why == "OSError: gone"
    assert digest_.ended_at is None
    assert is_running([work], at(seconds=60))
    assert not is_running([work], at(seconds=66))


def test_a_daemon_that_was_away_says_so_once_for_all_jobs(city: City) -> None:
    book = Book([])
    for name, every in (("work", 1), ("mail", 2), ("copy", 3600)):
        run(book, name, every, NOON)
    known = keep(city, book, NOON)
    again = Book(known)
    for name, every in (("work", 1), ("mail", 2), ("copy", 3600)):
        run(again, name, every, at(hours=2))
    keep(city, again, at(hours=2))
    run(again, "work", 1, at(hours=2, seconds=1))
    keep(city, again, at(hours=2, seconds=2))
    (told,) = missed(city)
    assert told["jobs"] == {"work": 7199, "mail": 3599}, "what comes each hour has missed nothing by two hours"
    assert "the program did not run" in str(told["why"])
    with city.parts.database.read() as tx:
        said = digest.fold(tx, city.settings, city.settings.pios[0], city.clock())
    assert any("did not run when they should have" in line for line in said.trouble)


def test_a_job_that_was_held_up_is_told_by_itself(city: City) -> None:
    book = Book([])
    run(book, "work", 1, NOON)
    keep(city, book, NOON)
    run(book, "work", 1, at(minutes=6))
    keep(city, book, at(minutes=6))
    assert "something held them up" in str(missed(city)[0]["why"])


@pytest.mark.parametrize("away", [timedelta(minutes=4), timedelta(seconds=30)])
def test_a_short_break_is_nothing_to_tell(city: City, away: timedelta) -> None:
    book = Book([])
    run(book, "work", 1, NOON)
    again = Book(keep(city, book, NOON))
    run(again, "work", 1, NOON + away)
    keep(city, again, NOON + away)
    assert missed(city) == []


def test_a_job_that_takes_long_has_missed_nothing(city: City) -> None:
    book = Book([])
    book.began("nightly check", 60, NOON)
    keep(city, book, at(minutes=30))
    book.ended("nightly check", at(minutes=40))
    run(book, "nightly check", 60, at(minutes=40, seconds=30))
    keep(city, book, at(minutes=41))
    assert missed(city) == []


def test_of_two_daemons_the_later_one_is_heard(city: City) -> None:
    first, second = Book([]), Book([])
    run(second, "work", 1, at(seconds=9))
    keep(city, second, at(seconds=10))
    run(first, "work", 1, NOON)
    (work,) = keep(city, first, at(seconds=11))
    assert work.began_at == at(seconds=9)
