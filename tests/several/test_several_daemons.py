"""Three daemons on one PostgreSQL server, killed and put to sleep at random: nothing is lost, nothing is done twice."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from borough import LEASE_SECONDS, NAMES, Borough
from city import VIOLATION

from archive import pauses
from archive.database import Database
from bot.domain.states import State
from bot.domain.types import Agent, AgentKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from postgres import Postgres

ON_CALL = Agent(kind=AgentKind.PERSON, name="Kim On-Call")
SLACK = 12
"""Seconds beyond the lease for polling, judging, starting a browser, a picture and acting, on a busy machine."""


@pytest.fixture
def borough(tmp_path: Path, postgres: Postgres, request: pytest.FixtureRequest) -> Iterator[Borough]:
    with Borough(tmp_path, postgres, plain=request.node.get_closest_marker("slow") is not None) as borough:
        for name in NAMES:
            borough.start(name)
        borough.wait(lambda: all(borough.holder(each) for each in borough.accounts), 60, "nobody works an account")
        yield borough


def settle(borough: Borough, seconds: float) -> None:
    """Let all work come to rest, end the daemons, and look for whatever is wrong."""
    borough.wait(borough.at_rest, seconds, "work is left")
    borough.stop()
    assert borough.wrong() == []


def test_one_is_killed_and_the_others_go_on_within_the_lease(borough: Borough) -> None:
    first = borough.write("facebook", VIOLATION)
    borough.wait(lambda: borough.state(first) == State.ENFORCED, 60, "the first is not hidden")
    victim = borough.holder("facebook")
    assert victim is not None
    borough.kill(victim)
    second = borough.write("facebook", VIOLATION)
    took = borough.wait(
        lambda: borough.state(second) == State.ENFORCED, LEASE_SECONDS + SLACK, "nobody went on with it"
    )
    assert took >= LEASE_SECONDS / 2, "it was taken from a daemon whose lease had not run out"
    assert borough.holder("facebook") not in (None, victim)
    borough.start(victim)
    borough.strike(4, every=1.0, seed=20261128, write_every=1.0)
    settle(borough, 60)


@pytest.mark.slow
@pytest.mark.timeout(5400)
def test_hundreds_of_kills_break_no_promise(borough: Borough) -> None:
    """``make several`` (KILLS=500): prints what was done, too. Its evidence is drawn without a browser."""
    kills = int(os.environ.get("KILLS", "500"))
    borough.strike(kills, every=1.6, seed=int(os.environ.get("SEED", "1")), write_every=4.0)
    settle(borough, 300)
    told = {"kills": borough.kills, "sleeps": borough.sleeps, "comments": len(borough.written)}
    told["hidden"] = len(borough.world.effects)
    told["taken over"] = len(borough.ask("SELECT 1 FROM ledger WHERE kind = 'daemon.gone'"))
    print(json.dumps(told))  # noqa: T201


def test_a_pause_holds_them_all_within_five_seconds(borough: Borough) -> None:
    with Database.open(borough.settings.database_url, migrate=False) as database:
        with database.begin() as tx:
            pulled = pauses.pause(tx, pauses.EVERYTHING, ON_CALL, "looking", None, now())
        waits = [borough.write(platform, VIOLATION) for platform in sorted(borough.accounts)]
        borough.wait(lambda: all(borough.state(each) == State.SECURED for each in waits), 90, "not all are secured")
        with database.read() as tx:
            seconds = pauses.seconds_to_effect(tx, pulled)
        assert seconds is not None
        assert seconds <= 5
        assert all(each.public for each in waits)
        with database.begin() as tx:
            assert pauses.resume(tx, pauses.EVERYTHING, ON_CALL, "all well", now()) == 1
    settle(borough, 60)


def now() -> datetime:
    return datetime.now(UTC)
