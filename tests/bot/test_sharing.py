"""Two daemons that share a city: who works what, what a daemon finds that slept, and what stops them all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from city import City, the_rulebook
from sqlalchemy import update

from archive import accounts, cases, leases, ledger, orders, tables
from archive.database import Unavailable
from archive.leases import LEASE, NotTogether
from bot import daemon, enforcing, pipeline
from bot.domain.states import State
from bot.parts import Parts
from bot.pause import Switch
from bot.sharing import ACCOUNT, Share, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from archive.accounts import AccountStanding
    from connectors.standin.world import WorldComment

pytestmark = pytest.mark.both_engines


@pytest.fixture
def other(city: City) -> Iterator[Parts]:
    """A second daemon, which has begun and holds nothing yet."""
    parts = Parts.assemble(city.settings, daemon="other", rulebook=the_rulebook(), camera=city.parts.camera)
    parts.share.enter(city.clock())
    yield parts
    parts.database.close()


def sleeps(city: City, other: Parts, meanwhile: Callable[[], object] = lambda: None) -> None:
    """Let the city's daemon not be heard of, and the other one take its work; both know nothing of each other."""

    def taken() -> None:
        with other.database.begin() as tx:
            until = leases.clock(tx) - timedelta(seconds=1)
            slept = update(tables.daemon).where(tables.daemon.c.name == city.parts.share.daemon)
            tx.execute(slept.values(until=until))
        other.share.beat(city.clock())
        meanwhile()

    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(taken).result()


def secured(city: City) -> WorldComment:
    comment = city.write("facebook")
    city.up_to_secured()
    assert city.state(comment) is State.SECURED
    return comment


def test_a_daemon_that_slept_begins_no_attempt(city: City, other: Parts) -> None:
    comment = secured(city)
    key = f"facebook:{comment.account.id}"
    (order,) = enforcing.waiting(city.parts, city.clock())
    with city.parts.share.holding(f"{ACCOUNT}{key}") as ours:
        assert ours
        sleeps(city, other)
        enforcing.enforce(city.parts, [order], city.clock)
        pytest.fail("it went on although its lease was lost")
    assert comment.public
    with city.parts.database.read() as tx:
        now = orders.order(tx, order.id)
        assert now is not None
        assert now.attempts == 0
    assert pipeline.one_pass(other, city.clock)["enforced"] == 1
    assert not comment.public
    assert len(city.done_by_us(comment)) == 1


def test_a_daemon_that_slept_between_note_and_call_does_not_call(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    comment = secured(city)
    begin = orders.begin_attempt

    def slowly(*words: object) -> int:
        number = begin(*words)  # type: ignore[arg-type]
        city.clock.move(seconds=60)
        return number

    monkeypatch.setattr(orders, "begin_attempt", slowly)
    city.enforce()
    assert comment.public
    monkeypatch.undo()
    city.run()
    assert not comment.public


def test_a_reading_that_was_overtaken_neither_records_nor_moves_the_cursor(
    city: City, other: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = f"facebook:{city.accounts['facebook'].id}"
    city.write("facebook", "first")
    poll = city.parts.readers[key].poll
    reached: list[AccountStanding | None] = []

    def slept(*words: object, **more: object) -> object:
        batches = list(poll(*words, **more))  # type: ignore[arg-type]
        city.write("facebook", "second")
        sleeps(city, other, lambda: pipeline.poll(other, key, city.clock))
        with other.database.read() as tx:
            reached.append(accounts.standing(tx, key))
        return iter(batches)

    monkeypatch.setattr(city.parts.readers[key], "poll", slept)
    assert pipeline.poll(city.parts, key, city.clock) == 0
    with city.parts.database.read() as tx:
        assert [accounts.standing(tx, key)] == reached, "the cursor is where the other left it"
        recorded = [line.ref for line in ledger.entries(tx, kinds=("comment.recorded",))]
    assert len(recorded) == len(set(recorded)) == 2
    monkeypatch.undo()
    assert pipeline.poll(city.parts, key, city.clock) == 0, "it is the other's now"
    assert pipeline.poll(other, key, city.clock) == 0


def test_each_account_and_job_is_one_daemons(city: City, other: Parts) -> None:
    for _ in range(3):
        city.parts.share.beat(city.clock())
        other.share.beat(city.clock())
    ours, theirs = set(city.parts.share.accounts()), set(other.share.accounts())
    assert ours | theirs == set(city.parts.readers)
    assert not ours & theirs
    assert abs(len(ours) - len(theirs)) <= 1
    done = [daemon.alone(parts, "mail", lambda: "done") for parts in (city.parts, other)]
    assert sorted(map(str, done)) == ["None", "done"]
    with city.parts.database.read() as tx:
        lines = list(told(tx, city.clock()))
    assert len(lines) == 2
    assert all(any(key in line for line in lines) for key in city.parts.readers)


def test_what_a_platform_tells_one_daemon_is_polled_by_the_one_that_may(city: City, other: Parts) -> None:
    (key, *_) = city.parts.share.accounts()
    other.share.ask(key)
    assert city.parts.share.beat(city.clock()) == [key]
    assert city.parts.share.beat(city.clock()) == []


def test_a_folder_that_takes_no_file_is_told_and_none_is_left_half_written(city: City, tmp_path: Path) -> None:
    folder = tmp_path / "nowhere"
    share = Share(city.parts.database, daemon="lost", folder=folder, names=())
    with pytest.raises(Unavailable, match="cannot be written to"):
        share.enter(city.clock())
    folder.mkdir()
    with pytest.raises(NotTogether, match="another data folder"):
        share.enter(city.clock())
    assert [len(file.read_text()) for file in folder.iterdir()] == [16]


def test_a_pause_file_on_one_machine_stops_the_other(city: City, other: Parts) -> None:
    """The other one sees no such file: its settings name a place of its own."""
    comment = secured(city)
    key = f"facebook:{comment.account.id}"
    elsewhere = Switch(city.settings.data / "elsewhere" / "PAUSE")
    with other.database.begin() as tx:
        assert elsewhere.pulled(tx, key, city.clock()) is None
        other.share.see_file(tx, "the pause file is there")
        assert elsewhere.pulled(tx, key, city.clock()) == "the pause file is there (says the daemon other)"
    city.enforce()
    assert comment.public
    with other.database.begin() as tx:
        other.share.see_file(tx, None)
    city.enforce()
    assert not comment.public


def test_status_tells_who_works_what_and_who_is_silent(
    city: City, other: Parts, citymod: Callable[..., tuple[int, str, str]]
) -> None:
    key = f"facebook:{city.accounts['facebook'].id}"
    code, said, _ = citymod("status", "--config", city.file)
    assert code == 0
    assert "Daemon citymod (" in said
    assert key in said.split("works", 1)[1]
    sleeps(city, other)
    _, said, _ = citymod("status", "--config", city.file)
    assert f"NOT HEARD OF for {LEASE.seconds} s" in said


def test_an_account_left_by_one_is_finished_by_the_other(city: City, other: Parts) -> None:
    comment = secured(city)
    city.parts.share.leave()
    other.share.beat(city.clock())
    pipeline.one_pass(other, city.clock)
    with other.database.read() as tx:
        assert cases.tally(tx) == {State.ENFORCED: 1}
    assert not comment.public
