"""The daily check of each credential: once a day, on record, and a call where one does not do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive import ledger
from bot import digest, tokens
from connectors.standin.faults import UNAUTHORISED

if TYPE_CHECKING:
    from city import City


def checked(city: City, platform: str) -> bool:
    key = f"{platform}:{city.accounts[platform].id}"
    return tokens.look(city.parts, key, city.clock)


def lines(city: City, *kinds: str) -> list[str]:
    with city.parts.database.read() as tx:
        return [str(line.detail["account"]) for line in ledger.entries(tx, kinds=kinds)]


def test_each_account_once_a_day(city: City) -> None:
    city.poll()
    for platform in city.accounts:
        assert checked(city, platform)
        assert not checked(city, platform)
    assert len(lines(city, tokens.CHECKED)) == len(city.accounts)
    city.clock.move(hours=25)
    assert checked(city, "facebook")
    assert city.alarms() == []


def test_one_that_does_not_do_calls_people_and_stands_in_the_digest(city: City) -> None:
    city.fault("facebook", UNAUTHORISED, times=9)
    assert checked(city, "facebook")
    assert lines(city, tokens.FAILED) == [f"facebook:{city.accounts['facebook'].id}"]
    (mail,) = city.alarms()
    assert "the credential of City of Fountains" in mail
    with city.parts.database.read() as tx:
        said = digest.fold(tx, city.settings, city.settings.pios[0], city.clock())
    assert any("The credential of an account does not do" in line for line in said.trouble)
    city.clock.move(hours=1)
    assert not checked(city, "facebook"), "it is said once a day"


def test_where_nobody_can_tell_it_is_asked_again_within_the_hour(city: City) -> None:
    city.fault("facebook", "server_error_html", times=9)
    assert checked(city, "facebook")
    assert lines(city, tokens.FAILED, tokens.CHECKED) == []
    city.standins.servers["facebook"].faults.clear()
    city.clock.move(minutes=50)
    assert not checked(city, "facebook")
    city.clock.move(minutes=11)
    assert checked(city, "facebook")
    assert len(lines(city, tokens.CHECKED)) == 1
