"""Lines that platforms keep open: shared by accounts of one app, opened again when they break, told if they stay so."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from bot.domain.types import Account
from bot.standins import StandIns
from bot.streams import TOLD_AFTER, Line, lines
from connectors import find
from connectors.contract import Transient, Unauthorised
from connectors.standin.world import Person, World
from connectors.transport import Transport
from connectors.x import standin_auth

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from connectors.contract import Connector, ConnectorError
    from connectors.standin.world import WorldAccount
    from connectors.x.standin_stream import Activity

PERSON = Person(id="9", name="N", handle="n")


def now() -> datetime:
    return datetime.now(UTC)


def wait_for(what: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@dataclass
class Place:
    """The made-up city on X."""

    standins: StandIns
    city: WorldAccount
    activity: Activity

    def listener(self, **more: str) -> Connector:
        url = self.standins.servers["x"].url
        account = Account(platform="x", id=self.city.id, name=self.city.name)
        transport = Transport(api=url, web=url, connect=2, read=5, total=5)
        return find.connect(account, self.standins.credentials(self.city) | more, transport)


@pytest.fixture
def place() -> Iterator[Place]:
    with StandIns(World()) as standins:
        activity = standins.servers["x"].standin.activity  # type: ignore[attr-defined]
        activity.keep_alive = 0.1
        yield Place(standins, standins.open_accounts()["x"], activity)
        activity.closing.set()


def test_a_reply_on_x_wakes_its_account_within_moments(place: Place) -> None:
    key = f"x:{place.city.id}"
    woken: list[str] = []
    told: list[str] = []
    [(connector, keys)] = lines({key: place.listener(stream_token=standin_auth.APP_TOKEN)})
    with Line(connector, keys, woken.append, told.append, now):
        wait_for(lambda: place.activity.connections)
        post = place.standins.world.add_post(place.city, "The pool opens on Friday.")
        place.standins.world.add_comment(post, "At what time?", author=PERSON)
        wait_for(lambda: woken)
    assert set(woken) == {key}
    assert told == []


def test_without_the_apps_token_there_is_no_line(place: Place) -> None:
    assert list(lines({f"x:{place.city.id}": place.listener()})) == []


def test_accounts_with_one_app_share_one_line(place: Place) -> None:
    token = {"stream_token": standin_auth.APP_TOKEN}
    connectors = {"x:1": place.listener(**token), "x:2": place.listener(**token), "x:3": place.listener()}
    [(_, keys)] = lines(connectors)
    assert keys == {"1": "x:1", "2": "x:2"}
    other = connectors | {"x:3": place.listener(stream_token="another app's")}
    assert [keys for _, keys in lines(other)] == [{"1": "x:1", "2": "x:2"}, {"3": "x:3"}]


class Breaking:
    """A line that brings some lives, each ended by an error, and after them is quiet."""

    platform = "x"
    line = "a line"

    def __init__(self, *lives: tuple[list[frozenset[str]], ConnectorError]) -> None:
        self.lives = list(lives)
        self.rests: list[int] = []
        self.quiet = threading.Event()

    def listen(self, accounts: Collection[str], *, now: datetime) -> Iterator[frozenset[str]]:
        if not self.lives:
            self.quiet.set()
            while True:
                time.sleep(0.01)
                yield frozenset()
        brought, error = self.lives.pop(0)
        yield from brought
        raise error

    def rest(self, error: ConnectorError, tries: int) -> timedelta:
        self.rests.append(tries)
        return timedelta(0)


def heard(connector: Breaking) -> tuple[list[str], list[str]]:
    woken: list[str] = []
    told: list[str] = []
    with Line(connector, {"1": "x:1"}, woken.append, told.append, now):
        assert connector.quiet.wait(10)
    return woken, told


def test_a_line_that_breaks_is_opened_again_and_nobody_is_bothered() -> None:
    connector = Breaking(
        ([frozenset({"1"})], Transient("broke")), ([frozenset(), frozenset({"1"})], Transient("broke"))
    )
    woken, told = heard(connector)
    assert woken == ["x:1", "x:1"]
    assert connector.rests == [1, 1], "something came in between, so the rest is short again"
    assert told == []


def test_one_that_only_breaks_is_told_once() -> None:
    woken, told = heard(Breaking(*[([], Transient("no answer"))] * (TOLD_AFTER + 3)))
    assert woken == []
    [said] = told
    assert "x:1" in said
    assert "no answer" in said
    assert "polling goes on" in said


def test_a_token_that_does_not_open_it_is_told_at_once() -> None:
    _, told = heard(Breaking(([], Unauthorised("no such app"))))
    [said] = told
    assert "no such app" in said
