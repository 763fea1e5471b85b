"""The activity stream: it says whom to poll, survives what X does to streams, and is never needed."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import serving
from x_place import Place, comments, open_place

from connectors.contract import ConnectorError, Malformed, RateLimited, Transient, Unauthorised
from connectors.standin.world import Person
from connectors.transport import Transport
from connectors.x import prices, standin_auth, stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripted import Handler

PERSON = Person(id="9", name="N", handle="n")
EVENT = {
    "data": {
        "event_uuid": "-2781149976877970683",
        "filter": {"user_id": "1"},
        "event_type": "post.reply.create",
        "tag": "x",
        "payload": {},
        "includes": {},
    }
}


@pytest.fixture
def place() -> Iterator[Place]:
    with open_place() as place:
        place.standin.activity.keep_alive = 0.1
        yield place
        place.standin.activity.closing.set()


@pytest.fixture
def transport(place: Place) -> Transport:
    return Transport(api=place.server.url, connect=2, read=5, total=5)


@pytest.fixture
def listening(place: Place, transport: Transport) -> Iterator[Iterator[frozenset[str]]]:
    """A stream that is open and subscribed."""
    stream.subscribe(transport, standin_auth.APP_TOKEN, place.city.id, now=place.now)
    wakes = stream.wakes(transport, standin_auth.APP_TOKEN, {place.city.id}, now=place.now)
    assert next(wakes) == frozenset()
    yield wakes
    wakes.close()  # type: ignore[attr-defined]


def next_wake(wakes: Iterator[frozenset[str]]) -> frozenset[str]:
    """The next line that wakes somebody."""
    return next(accounts for accounts in wakes if accounts)


class TestWakes:
    def test_within_moments_of_a_reply_a_name_and_a_quote(
        self, place: Place, listening: Iterator[frozenset[str]]
    ) -> None:
        post = place.post()
        for write in (
            lambda: place.comment(post, "a direct reply"),
            lambda: place.standin.shelf.quote(post, "a quote", PERSON),
            lambda: place.world.add_post(place.city, "elsewhere: @CityOfExample", author=PERSON),
        ):
            begun = time.monotonic()
            write()
            assert next_wake(listening) == {place.city.id}
            assert time.monotonic() - begun < 2

    def test_not_for_replies_to_replies_which_polling_finds(
        self, place: Place, listening: Iterator[frozenset[str]]
    ) -> None:
        first = place.comment(place.post(), "first")
        assert next_wake(listening) == {place.city.id}
        place.comment(first.post, "nested", parent=first)
        assert [next(listening) for _ in range(3)] == [frozenset()] * 3
        assert "nested" in comments(place.poll())

    def test_keep_alives_come_through_so_that_the_caller_can_stop(self, listening: Iterator[frozenset[str]]) -> None:
        begun = time.monotonic()
        assert [next(listening) for _ in range(3)] == [frozenset()] * 3
        assert time.monotonic() - begun < 3

    def test_twice_for_nothing(self, place: Place, listening: Iterator[frozenset[str]]) -> None:
        place.standin.pitfalls.turn("stream_duplicates")
        place.comment(place.post(), "once")
        woken = [next(listening) for _ in range(6)]
        assert [accounts for accounts in woken if accounts] == [{place.city.id}]

    def test_in_whatever_order_nothing_is_missed(self, place: Place, listening: Iterator[frozenset[str]]) -> None:
        place.standin.pitfalls.turn("stream_disorder")
        post = place.post()
        with place.world.lock:
            for number in range(5):
                place.world.add_comment(post, str(number), author=PERSON)
        assert [next_wake(listening) for _ in range(5)] == [{place.city.id}] * 5
        assert set(comments(place.poll())) == {"0", "1", "2", "3", "4"}

    def test_each_event_is_billed_besides_what_is_polled(
        self, place: Place, listening: Iterator[frozenset[str]]
    ) -> None:
        place.comment(place.post(), "one")
        next_wake(listening)
        assert place.standin.ledger.mills == prices.EVENT


class TestEnds:
    @pytest.mark.parametrize(
        ("pitfall", "words"), [("stream_error", "operational-disconnect"), ("stream_break", "ended")]
    )
    def test_are_transient_and_polling_has_everything(
        self, place: Place, transport: Transport, listening: Iterator[frozenset[str]], pitfall: str, words: str
    ) -> None:
        place.standin.pitfalls.turn(pitfall)
        place.comment(place.post(), "written as it ended")
        with pytest.raises(Transient, match=words):
            list(listening)
        place.standin.pitfalls.turn(pitfall, 0)
        assert "written as it ended" in comments(place.poll())
        again = stream.wakes(transport, standin_auth.APP_TOKEN, {place.city.id}, now=place.now)
        place.comment(place.post(), "after opening it again") if next(again) == frozenset() else None
        assert next_wake(again) == {place.city.id}

    def test_a_third_connection_is_too_many(self, place: Place, transport: Transport) -> None:
        open_ones = [stream.wakes(transport, standin_auth.APP_TOKEN, (), now=place.now) for _ in range(3)]
        for one in open_ones[:2]:
            next(one)
        with pytest.raises(RateLimited):
            next(open_ones[2])

    @pytest.mark.parametrize("token", ["wrong", "user"])
    def test_only_the_apps_own_token_opens_it(self, place: Place, transport: Transport, token: str) -> None:
        token = standin_auth.user_token(place.city) if token == "user" else "wrong-token"
        with pytest.raises(Unauthorised) as caught:
            next(stream.wakes(transport, token, (), now=place.now))
        assert token not in str(caught.value)

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            (b"", Transient),
            (b"<html>\r\n", Malformed),
            (b"[]\r\n", Malformed),
            (b'{"data": {}}\r\n', Malformed),
            (b'{"data": {"event_uuid": 1, "event_type": [], "filter": {}}}\r\n', Transient),
            (b'{"errors": null}\r\n', Malformed),
            (b'{"errors": [{"title": "ConnectionException"}]}\r\n', Transient),
            (b"[" * 100_000 + b"\r\n", Malformed),
            (b"x" * 3_000_000, Malformed),
        ],
    )
    def test_odd_lines_come_out_as_one_of_five(self, place: Place, body: bytes, expected: type[ConnectorError]) -> None:
        with serving(lambda handler: handler.reply(body)) as server:
            wakes = stream.wakes(Transport(api=server.url, connect=2), "token", {"1"}, now=place.now)
            with pytest.raises(expected):
                list(wakes)

    def test_silence_is_the_end(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(stream, "SILENCE", 0.3)

        def script(handler: Handler) -> None:
            handler.begin(1000)
            handler.wfile.write(b"\r\n")
            time.sleep(1)

        with serving(script) as server:
            wakes = stream.wakes(Transport(api=server.url, connect=2), "token", {"1"}, now=place.now)
            assert next(wakes) == frozenset()
            with pytest.raises(Transient, match="broke off"):
                next(wakes)

    def test_the_pause_grows_as_x_asks(self) -> None:
        broken = [stream.pause(Transient(""), tries) for tries in (1, 2, 3, 50)]
        assert broken == [timedelta(milliseconds=ms) for ms in (250, 500, 1000, 16_000)]
        assert stream.pause(Unauthorised(""), 1) == timedelta(seconds=5)
        assert stream.pause(Unauthorised(""), 99) == timedelta(seconds=320)


class TestLines:
    @given(
        events=st.lists(st.sampled_from(["1", "2", "3"]), max_size=20),
        cuts=st.lists(st.integers(1, 60), min_size=1, max_size=10),
    )
    def test_are_found_however_they_are_cut(self, events: list[str], cuts: list[int]) -> None:
        whole = b"".join(
            line({"event_uuid": str(number), "filter": {"user_id": one}}) for number, one in enumerate(events)
        )
        parts, at = [], 0
        while at < len(whole):
            size = cuts[len(parts) % len(cuts)]
            parts.append(whole[at : at + size])
            at += size
        heard: dict[str, None] = {}
        woken = [stream._woken(found, {"1", "2"}, heard) for found in stream._lines(parts)]
        assert [next(iter(one)) for one in woken if one] == [one for one in events if one != "3"]


def line(change: dict[str, Any]) -> bytes:
    return json.dumps({"data": {**EVENT["data"], **change}}).encode() + b"\r\n"


class TestSubscriptions:
    def test_are_added_once(self, place: Place, transport: Transport) -> None:
        added = [stream.subscribe(transport, standin_auth.APP_TOKEN, place.city.id, now=place.now) for _ in range(2)]
        assert added == [3, 0]
        assert {one["event_type"] for one in place.standin.activity.subscriptions.values()} == set(stream.KINDS)

    def test_are_never_changed_since_that_fails(self, place: Place, transport: Transport) -> None:
        place.standin.pitfalls.turn("subscription_unavailable")
        assert stream.subscribe(transport, standin_auth.APP_TOKEN, place.city.id, now=place.now) == 3
        assert {exchange.request.method for exchange in place.server.log} == {"GET", "POST"}

    @pytest.mark.parametrize("body", [b"", b"[]", b'{"data": [1]}', b'{"data": [{}]}', b'{"data": 7}'])
    def test_odd_answers_are_malformed(self, place: Place, body: bytes) -> None:
        with serving(lambda handler: handler.reply(body)) as server, pytest.raises(Malformed):
            stream.subscribe(Transport(api=server.url, connect=2), "token", "1", now=place.now)
