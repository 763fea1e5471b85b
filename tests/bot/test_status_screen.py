"""`citymod status`: everything on one screen, from 80 by 24 upwards, and the same as JSON."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from city import City, for_review
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from archive import gauges, jobs
from archive.gauges import Gauge
from archive.jobs import Run
from bot import backups, heard, tokens
from bot.overview import screen
from bot.status import status_of
from connectors.standin.faults import UNAUTHORISED

if TYPE_CHECKING:
    from pathlib import Path

    from archive.capture import Camera

Run_ = "Callable[..., tuple[int, str, str]]"


def found_of(city: City) -> dict[str, Any]:
    with city.parts.database.read() as tx:
        return status_of(tx, city.settings, city.clock())


def at_work(city: City) -> None:
    """A city as its daemon leaves it: something waits, jobs have run, one of them failed, a limit is nearly used."""
    city.write("facebook")
    city.write("youtube", for_review())
    city.run()
    now = city.clock()
    run = partial(
        Run, every=60, began_at=now - timedelta(seconds=40), ended_at=now - timedelta(seconds=39), noted_at=now
    )
    names = ["work", "mail", "pause switch", "digest", "troubles", "witnesses", "nightly check", "what it cost"]
    with city.parts.database.begin() as tx:
        jobs.note(tx, [run(name=name, next_at=now + timedelta(seconds=20), why=None) for name in names])
        jobs.note(tx, [run(name="bucket", next_at=now + timedelta(seconds=20), why="OSError: no room")])
        key = next(iter(city.parts.readers))
        gauges.keep(tx, [Gauge(name=f"{heard.QUOTA}:{key}", value=0.62, said="of an hour's calls", at=now)])
    for key in city.parts.readers:
        tokens.look(city.parts, key, city.clock)


def test_every_part_is_there(city: City) -> None:
    at_work(city)
    text = "\n".join(screen(found_of(city), 100, 40))
    for said in (
        "the daemon works",
        "Acting is not paused",
        "GiB free; the clock",
        "1 enforced",
        "1 in review",
        "Review the oldest waits",
        "bucket FAILED: OSError: no room",
        "work 40s, 20s",
        "62%",
        "digest Public Information Officer",
        "archive check",
        "backup",
        "token check",
        "pages, followers",
        "0 waiting",
    ):
        assert said in text, said
    for key in city.parts.readers:
        assert key.split(":")[0] in text


def test_its_tables_stand_in_columns(city: City) -> None:
    at_work(city)
    lines = screen(found_of(city), 100, 40)
    title = next(line for line in lines if line.startswith("ACCOUNT"))
    rows = [line for line in lines if line.startswith(tuple(city.parts.readers))]
    assert len(rows) == len(city.parts.readers)
    for column, said in (("MODE", "enforce"), ("STANDING", "well")):
        assert all(row[title.index(column) :].startswith(said) for row in rows), rows
    assert not any(line.startswith("and ") for line in lines), "there is room for everything"


@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 40)])
def test_it_fits(city: City, width: int, height: int) -> None:
    at_work(city)
    city.fault("x", UNAUTHORISED, times=9)
    city.poll()
    lines = screen(found_of(city), width, height)
    assert len(lines) < height
    assert all(cell_len(line) <= width for line in lines)
    assert any("STOPPED" in line for line in lines), "what is wrong is never left out"


@given(accounts=st.integers(1, 40), stopped=st.integers(0, 3), width=st.integers(80, 140), height=st.integers(24, 60))
def test_forty_accounts_fit_too_and_those_that_stand_still_come_first(
    accounts: int, stopped: int, width: int, height: int
) -> None:
    stopped = min(stopped, accounts)
    entries = [
        {
            "key": f"youtube:UC城市{number:020}",
            "mode": "enforce",
            "named": True,
            "standing": "STOPPED: nobody knows\x1b[2J why\nat all" if number >= accounts - stopped else "well",
            "well": number < accounts - stopped,
            "page": "",
            "lag_seconds": 61.0 * number,
            "next": None,
            "limit_used": None,
            "unapproved": "nobody has asked for it" if number % 2 else None,
        }
        for number in range(accounts)
    ]
    found = {
        "city": "C",
        "daemons": [],
        "at": "2026-11-20T15:00:00+00:00",
        "time_zone": "America/Chicago",
        "clock": "is right",
        "daemon": {"running": False, "last_word": None},
        "paused": ["everything: " + "w" * 300],
        "troubles": ["t"] * 9,
        "disk_free_bytes": 1 << 40,
        "cases": {"observed": 10**6},
        "oldest_review": None,
        "orders": [],
        "mail": {},
        "jobs": [
            {"name": f"job {n}", "last": "2026-11-20T14:00:00+00:00", "next": None, "failed": None} for n in range(30)
        ],
        "duties": [{"name": f"digest {n}", "last": None, "next": None, "said": "", "failed": False} for n in range(9)],
        "accounts": entries,
    }
    lines = screen(found, width, height)
    assert len(lines) < height
    assert all(cell_len(line) <= width for line in lines)
    begin = next(number for number, line in enumerate(lines) if line.startswith("ACCOUNT"))
    shown = sum("STOPPED" in line for line in lines[begin + 1 : begin + 1 + stopped])
    assert shown == stopped or "NOT WELL" in "\n".join(lines)
    assert "THE DAEMON DOES NOT RUN (it never ran)" in lines[0]


def test_the_same_as_one_object(city: City, citymod: Run_) -> None:
    at_work(city)
    found = json.loads(citymod("status", "--json", "--config", city.file)[1])
    assert {job["name"] for job in found["jobs"]} >= {"work", "bucket"}
    assert found["oldest_review"]["case"].startswith("youtube:")
    assert [duty["name"] for duty in found["duties"]][1:] == [
        "archive check",
        "backup",
        "test of the line",
        "token check",
        "pages, followers",
    ]
    assert found["daemon"]["running"] is False, "the real clock is far from this city's"
    account = found_of(city)["accounts"][0]
    assert (account["limit_used"], account["limit"]) == (0.62, "of an hour's calls")
    assert 0 <= account["lag_seconds"] < 60


def test_backups_and_checks_are_told_with_their_next_time(tmp_path: Path, camera: Camera) -> None:
    with City(tmp_path, camera, backup={"folder": str(tmp_path / "backups")}) as city:
        city.run()
        city.clock.move(hours=24)
        assert backups.back_up_due(city.parts, city.clock)
        duties = {duty["name"]: duty for duty in found_of(city)["duties"]}
        assert "files, checked" in duties["backup"]["said"]
        assert duties["backup"]["next"] == "2026-11-22T09:30:00+00:00", "half past three in Chicago"
