"""What stands still in silence is told to on-call staff once, and again when it is over."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from city import City

from archive import gauges, pauses
from archive.capture import BrowserSettings, Camera
from archive.gauges import Gauge
from bot import digest, heard, pipeline, troubles
from bot.parts import VERSION
from bot.review import person

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest


def wrong(city: City) -> list[str]:
    """What is wrong now, by key."""
    with city.parts.database.read() as tx:
        return [trouble.key for trouble in troubles.look(tx, city.settings, city.clock())]


def watch(city: City) -> None:
    with city.parts.database.begin() as tx:
        troubles.watch(tx, city.settings, city.clock())


@contextmanager
def paused(city: City) -> Iterator[None]:
    who = person("on-call")
    with city.parts.database.begin() as tx:
        pauses.pause(tx, pauses.EVERYTHING, who, "a storm", None, city.clock())
    yield
    with city.parts.database.begin() as tx:
        pauses.resume(tx, pauses.EVERYTHING, who, "over", city.clock())


def test_a_city_at_work_is_well(city: City) -> None:
    city.write("facebook")
    city.run()
    assert wrong(city) == []


def test_it_is_told_once_and_again_when_it_is_over(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(troubles, "LEAST_FREE_BYTES", 1 << 60)
    for _ in range(3):
        watch(city)
    (told,) = city.alarms()
    assert "the disk is nearly full" in told
    with city.parts.database.begin() as tx:
        said = digest.fold(tx, city.settings, city.settings.pios[0], city.clock())
    assert any("the disk is nearly full" in line for line in said.headlines)
    monkeypatch.undo()
    watch(city)
    watch(city)
    assert "over: the disk is nearly full" in city.alarms()[1]
    assert len(city.alarms()) == 2
    monkeypatch.setattr(troubles, "LEAST_FREE_BYTES", 1 << 60)
    watch(city)
    assert len(city.alarms()) == 3, "the same trouble on another day is told again"


def test_mail_that_no_server_takes(city: City) -> None:
    city.write("facebook")
    city.up_to_secured()
    assert wrong(city) == []
    city.clock.move(minutes=31)
    assert "mail" in wrong(city)
    city.deliver()
    assert "mail" not in wrong(city)


def test_an_account_that_cannot_be_read(city: City) -> None:
    city.run()
    city.fault("youtube", "server_error_html", times=1000)
    for _ in range(12):
        city.clock.move(minutes=6)
        for key in city.parts.readers:
            pipeline.poll(city.parts, key, city.clock)
    assert [key for key in wrong(city) if key.startswith("unread")] == [f"unread:youtube:{city.accounts['youtube'].id}"]


def test_comments_that_are_recorded_and_not_judged(city: City) -> None:
    city.write("facebook")
    city.poll()
    city.clock.move(minutes=10)
    assert "backlog:observed" not in wrong(city)
    city.clock.move(minutes=21)
    assert "backlog:observed" in wrong(city)


def test_orders_that_are_not_tried_unless_acting_is_paused(city: City) -> None:
    city.write("facebook")
    city.up_to_secured()
    city.deliver()
    city.clock.move(minutes=31)
    assert "backlog:orders" in wrong(city)
    with paused(city):
        assert "backlog:orders" not in wrong(city)
    city.settings.switch_file.touch()
    assert "backlog:orders" not in wrong(city)


def test_a_browser_that_takes_no_picture_any_more(city: City, tmp_path: Path) -> None:
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    comments = [city.write("x", f"what the fuck, number {number}") for number in range(troubles.CAPTURES)]
    city.poll()
    city.judge()
    with Camera(BrowserSettings(executable=str(broken)), VERSION) as camera:
        parts = replace(city.parts, camera=camera)
        for number in range(troubles.CAPTURES):
            assert ("captures" in wrong(city)) is False, number
            pipeline.secure(parts, city.case(comments[number]), city.clock)
    assert "captures" in wrong(city)


def test_what_passed_cannot_be_remembered(city: City) -> None:
    assert "packs-passed" not in wrong(city)
    city.settings.packs_passed.unlink(missing_ok=True)
    city.settings.packs_passed.mkdir()
    assert "packs-passed" in wrong(city)


def test_a_digest_that_is_not_made(city: City) -> None:
    """It is nine in Chicago, and a digest is due at seven."""
    key = f"digest:{city.settings.pios[0].email}"
    city.make_digests()
    city.clock.move(hours=23)
    assert key not in wrong(city), "an hour late is late, and no trouble"
    city.clock.move(hours=1, minutes=1)
    assert key in wrong(city)


def test_a_first_digest_that_is_never_made(city: City) -> None:
    city.clock.move(hours=23)
    assert not any(key.startswith("digest") for key in wrong(city))
    city.clock.move(hours=2)
    assert f"digest:{city.settings.pios[0].email}" in wrong(city)


def test_over_the_weekend_no_digest_is_missed_where_none_is_due(tmp_path: Path, camera: Camera) -> None:
    pio = {"name": "Kim", "email": "kim@fountains.example", "hour": 7, "days": "business"}
    with City(tmp_path, camera, pios=[pio]) as city:
        city.make_digests()  # on a Friday
        city.clock.move(hours=48)
        assert wrong(city) == []
        assert digest.make_due(city.parts, city.clock()) == 0
        city.clock.move(hours=22)
        assert digest.make_due(city.parts, city.clock()) == 1
        city.deliver()
        city.clock.move(hours=26)
        assert wrong(city) == ["digest:kim@fountains.example"]


def heard_of(city: City, kind: str, value: float, *, each: bool = False) -> None:
    """Let this be what platforms said last."""
    keys = list(city.parts.readers)[: None if each else 1]
    with city.parts.database.begin() as tx:
        gauges.keep(tx, [Gauge(name=f"{kind}:{key}", value=value, said="of them", at=city.clock()) for key in keys])


def test_a_limit_that_is_nearly_used_up(city: City) -> None:
    key = next(iter(city.parts.readers))
    heard_of(city, heard.QUOTA, 0.94)
    assert wrong(city) == []
    heard_of(city, heard.BRIEF, 0.99)
    assert wrong(city) == [], "some minutes' limit begins anew by itself"
    heard_of(city, heard.QUOTA, 0.95)
    assert wrong(city) == [f"quota:{key}"]
    city.clock.move(hours=3)
    assert wrong(city) == [], "what was heard long ago says nothing"


def test_a_clock_that_most_platforms_gainsay(city: City) -> None:
    heard_of(city, heard.CLOCK, 1.0, each=True)
    heard_of(city, heard.CLOCK, 4000.0)
    assert wrong(city) == [], "one server that is wrong is no proof"
    heard_of(city, heard.CLOCK, -31.0, each=True)
    assert wrong(city) == ["clock"]
