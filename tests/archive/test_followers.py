"""Lists of followers: whole at first, then only who joined and who left, and readable as the list of any day."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from builders import NOON, an_account
from destroying import destroy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from archive import accounts, pages, retention, tables
from archive.database import Database
from archive.retention import Period, Series
from archive.verify import verify
from bot.domain.types import Author

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from archive.database import Tx

KEY = an_account().key
SERIES = Series(
    id="f", title="f", covers="followers", trigger="recorded", period=Period(years=1), authority="a schedule"
)
HISTORY = st.lists(st.dictionaries(st.integers(0, 8), st.sampled_from(("Pat", "Lee"))), min_size=1, max_size=7)


def day(number: float) -> datetime:
    return NOON + timedelta(days=number)


def someone(number: int, name: str = "Pat") -> Author:
    return Author(id=str(number), name=f"{name} {number}", handle=f"@pat{number}", url=f"https://p.example/{number}")


def listed(tx: Tx, at: datetime, people: Sequence[Author], *, why: str = "", raw: bytes = b"the whole list") -> None:
    pages.count_followers(tx, KEY, number=len(people), people=people, why=why, raw=raw, now=at)


def on(tx: Tx, at: datetime) -> list[Author] | None:
    found = pages.followers_on(tx, KEY, at)
    return None if found is None else sorted(found.people.values(), key=lambda person: person.id or "")


def stored(tx: Tx) -> list[int]:
    """How many bytes each list takes."""
    table = tables.followers.c
    size = func.length(table.people) + func.length(table.raw) + func.coalesce(func.length(table.gone), 0)
    return list(tx.execute(select(size).order_by(table.entry)).scalars())


def test_each_day_reads_as_it_was_listed(tx: Tx) -> None:
    one, two, three = (someone(number) for number in (1, 2, 3))
    listed(tx, day(0), [one, two])
    listed(tx, day(1), [two, three])
    listed(tx, day(2), [two, replace(three, name="Lee")])
    listed(tx, day(3), [])
    listed(tx, day(4), [one])
    assert on(tx, day(-1)) is None
    assert on(tx, day(0.5)) == [one, two]
    assert on(tx, day(1)) == [two, three]
    assert on(tx, day(2)) == [two, replace(three, name="Lee")]
    assert on(tx, day(3)) == []
    assert on(tx, day(9)) == [one]


def test_a_day_on_which_nobody_was_listed_changes_nothing(tx: Tx) -> None:
    listed(tx, day(0), [someone(1)])
    listed(tx, day(1), [], why="Transient: the platform did not answer")
    listed(tx, day(2), [someone(1), someone(2)])
    assert on(tx, day(1)) == [someone(1)]
    assert on(tx, day(2)) == [someone(1), someone(2)]


def test_people_who_cannot_be_told_apart_are_listed_whole(tx: Tx) -> None:
    listed(tx, day(0), [someone(1)])
    listed(tx, day(1), [Author(name="Pat"), Author(name="Pat")])
    assert tx.execute(select(tables.followers.c.base)).scalars().all() == [None, None]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(HISTORY.filter(lambda days: bool(days[0])))
def test_any_history_reads_back(db: Database, days: list[dict[int, str]]) -> None:
    with db.begin() as tx:
        begun = tx.execute(select(func.count()).select_from(tables.followers)).scalar_one()
        told: list[list[Author]] = []
        for number, people in enumerate(days):
            told.append([someone(each, name) for each, name in sorted(people.items())])
            listed(tx, day(1000 * begun + number), told[-1])
        for number, people_then in enumerate(told):
            assert on(tx, day(1000 * begun + number)) == people_then


def test_fifty_thousand_followers_cost_a_day_what_changes(tmp_path: Path) -> None:
    people = [someone(number) for number in range(50_000)]
    with Database.open(f"sqlite:///{tmp_path}/citymod.db") as db:
        with db.begin() as tx:
            accounts.register(tx, an_account(), NOON)
            listed(tx, day(0), people, raw=b"x" * 8_000_000)
        for number in range(1, 4):
            people = [*people[20:], *(someone(50_000 + 100 * number + each) for each in range(30))]
            with db.begin() as tx:
                listed(tx, day(number), people, raw=b"x" * 8_000_000)
        with db.read() as tx:
            first, *later = stored(tx)
            assert on(tx, day(3)) == sorted(people, key=lambda person: person.id or "")
            assert len(on(tx, day(1)) or ()) == 50_010
        assert first > 10_000_000
        assert max(later) < first / 1000
        assert verify(db, tmp_path / "evidence", tmp_path / "media", now=day(9)).problems == []


def test_each_quarter_begins_anew_so_that_lists_can_be_destroyed(db: Database, tmp_path: Path) -> None:
    """What rests on one whole list is due together, when the last of it is, and what came later still reads."""
    with db.begin() as tx:
        for number in (0, 30, 90, 91, 120):
            listed(tx, day(number), [someone(number), someone(1)])
        assert [base is None for base in tx.execute(select(tables.followers.c.base)).scalars()] == [
            *(True, False, False),
            *(True, False),
        ]
        assert retention.standing(tx, SERIES, day(366)).due == 0
        assert retention.standing(tx, SERIES, day(90 + 366)).due == 3
        destroy(tx, SERIES, now=day(90 + 366))
        assert on(tx, day(90)) is None
        assert on(tx, day(120)) == [someone(1), someone(120)]
        listed(tx, day(121), [someone(1)])
        assert on(tx, day(121)) == [someone(1)]
        assert b"Pat 30" not in b"".join(str(row).encode() for row in tx.execute(select(tables.followers)))
    assert verify(db, tmp_path / "evidence", tmp_path / "media", now=day(999)).problems == []
