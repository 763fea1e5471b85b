"""What reading costs is booked, outlives the program, is told, and ends reading before the City's money ends."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from city import the_rulebook

from archive import accounts, ledger, spending
from archive.spending import Cost
from bot import daemon, digest, pipeline
from bot import spending as money
from bot.domain.states import State
from bot.parts import Parts
from bot.status import status_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from city import City


def booked(city: City) -> Mapping[str, Cost]:
    with city.parts.database.read() as tx:
        return money.this_month(tx, city.clock())


def with_limit(city: City, dollars: float) -> None:
    city.parts = replace(city.parts, settings=city.settings.model_copy(update={"dollars_a_month": dollars}))


def standing(city: City, platform: str) -> accounts.AccountStanding:
    with city.parts.database.read() as tx:
        found = accounts.standing(tx, f"{platform}:{city.accounts[platform].id}")
    assert found is not None
    return found


def test_what_is_booked_is_what_the_platforms_count(city: City) -> None:
    for platform in ("x", "youtube", "facebook"):
        city.write(platform)
    city.run()
    city.run()
    costs = booked(city)
    servers = city.standins.servers
    booked_there = sum(servers["youtube"].standin.spent.values())  # type: ignore[attr-defined]
    assert costs["youtube"].units == booked_there > 0
    billed = 1000 * servers["x"].ledger()["dollars"]
    assert billed <= costs["x"].mills <= billed + 30  # reader and actor each pay once for what X bills once
    for platform in ("x", "facebook"):
        requests = servers[platform].ledger()["requests"]
        asked = sum(n for verb, n in requests.items() if verb != "page")
        # The account's own picture lies at an address of the platform's pages, where the browser goes as well.
        assert asked <= costs[platform].calls <= asked + requests.get("page", 0)


def test_it_outlives_the_program(city: City) -> None:
    city.write("x")
    city.run()
    before = booked(city)
    assert before["x"].mills > 0
    again = Parts.assemble(city.settings, rulebook=the_rulebook(), camera=city.parts.camera)
    daemon.make_ready(again, city.clock())
    pipeline.poll(again, f"x:{city.accounts['x'].id}", city.clock)
    with again.database.read() as tx:
        after = money.this_month(tx, city.clock())
    again.database.close()
    assert after["x"].calls > before["x"].calls
    assert after["x"].mills >= before["x"].mills


def test_a_day_that_has_passed_is_in_the_ledger_once(city: City) -> None:
    city.run()
    first = booked(city)
    for _ in range(2):
        city.clock.move(days=1)
        with city.parts.database.begin() as tx:
            spending.tell_days(tx, city.clock())
    with city.parts.database.read() as tx:
        (told,) = [line for line in ledger.entries(tx, after=0) if line.kind == "spending.day"]
    assert told.detail["day"] == "2026-11-20"
    key = f"youtube:{city.accounts['youtube'].id}"
    assert told.detail["accounts"][key]["units"] == first["youtube"].units
    assert city.broken_promises() == []


def test_reading_stops_before_the_money_ends_and_acting_goes_on(city: City) -> None:
    hateful = city.write("x")
    city.up_to_secured()
    with city.parts.database.begin() as tx:
        spending.book(tx, f"x:{city.accounts['x'].id}", Cost(calls=0, units=0, mills=9_600), city.clock())
    with_limit(city, 10)
    polled = standing(city, "x").polled_at
    unread = city.write("x", "Is the pool open on Sunday?")
    city.write("youtube", "Is the pool open on Sunday?")
    city.poll()
    assert standing(city, "x").polled_at == polled
    assert standing(city, "youtube").failures == 0, "what takes no money is read as before"
    city.enforce()
    assert city.state(hateful) is State.ENFORCED
    assert sum("X is not read any more this month" in text for text in city.alarms()) == 1
    with city.parts.database.read() as tx:
        told = digest.fold(tx, city.parts.settings, city.settings.pios[0], city.clock())
    assert any("reading what costs money has STOPPED" in line for line in told.headlines)
    assert any("dollars_a_month" in line for line in told.trouble)
    with_limit(city, 20)
    city.clock.move(hours=1)
    city.poll()
    assert city.state(unread) is State.OBSERVED, "the City gave more, and nothing was lost"


def test_a_new_month_begins_with_nothing_spent(city: City) -> None:
    with city.parts.database.begin() as tx:
        spending.book(tx, f"x:{city.accounts['x'].id}", Cost(calls=0, units=0, mills=9_999), city.clock())
    with_limit(city, 10)
    city.clock.move(days=11)
    city.poll()
    assert standing(city, "x").failures == 0
    assert booked(city)["x"].mills < 1_000


def test_people_are_called_once_when_most_of_the_money_is_spent(city: City) -> None:
    with_limit(city, 10)
    with city.parts.database.begin() as tx:
        spending.book(tx, f"x:{city.accounts['x'].id}", Cost(calls=0, units=0, mills=7_999), city.clock())
    for text in ("Is the pool open?", "And the library?"):
        city.write("x", text)
        city.poll()
    assert sum("Most of this month's money is spent" in text for text in city.alarms()) == 1


def test_the_first_digest_of_a_month_tells_what_the_last_one_cost(city: City) -> None:
    city.write("x")
    city.run()
    city.make_digests()
    city.clock.move(days=12)
    pio = city.settings.pios[0]
    with city.parts.database.read() as tx:
        told = digest.fold(tx, city.settings, pio, city.clock())
    assert told.month == "November 2026"
    assert any(line.startswith("X: $0.") for line in told.cost)
    assert "WHAT NOVEMBER 2026 COST" in told.as_text()
    assert "What November 2026 cost" in told.as_html()
    city.make_digests()
    with city.parts.database.read() as tx:
        assert not digest.fold(tx, city.settings, pio, city.clock()).cost


def test_status_says_what_this_month_has_cost(city: City) -> None:
    city.write("x")
    city.run()
    with city.parts.database.read() as tx:
        said = status_of(tx, city.settings, city.clock())["cost"]
    assert any(line.startswith("YouTube: ") and "units of quota" in line for line in said)
    assert any(line.startswith("X: $") for line in said)
