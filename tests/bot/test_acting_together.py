"""Orders of one account that are ready go together in one call, and each is still on its own."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from city import HARMLESS, VIOLATION, City

from archive import orders
from bot.domain.states import State
from bot.domain.types import OrderStatus
from bot.enforcing import MOST_ATTEMPTS
from bot.promises import ref_of
from connectors.standin.faults import ANSWER_LOST, RATE_LIMITED, REFUSED, SERVER_ERROR_HTML, UNAUTHORISED
from connectors.standin.world import AUTHOR, STAFF
from connectors.youtube.connector import YouTube

if TYPE_CHECKING:
    from connectors.standin.world import WorldComment


def violations(city: City, many: int) -> list[WorldComment]:
    """So many comments that are to be hidden, each with an order that is ready."""
    written = [city.write("youtube", f"My SSN is 123-45-67{number:02}, call me") for number in range(many)]
    city.up_to_secured()
    while any(city.state(comment) is State.MARKED for comment in written):
        city.secure()
    return written


def calls(city: City, verb: str = "hide") -> int:
    return sum(exchange.verb == verb for exchange in city.standins.servers["youtube"].log)


def attempts(city: City, comment: WorldComment) -> int:
    with city.parts.database.read() as tx:
        order = orders.latest(tx, ref_of(comment))
    assert order
    return order.attempts


@pytest.fixture
def by_threes(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(YouTube, "most", 3)
    return YouTube.most


@pytest.mark.parametrize("many", [1, 3, 7])
def test_orders_need_as_many_calls_as_there_are_groups(city: City, by_threes: int, many: int) -> None:
    written = violations(city, many)
    city.enforce()
    assert {city.state(comment) for comment in written} == {State.ENFORCED}
    assert calls(city) == math.ceil(many / by_threes)
    assert all(len(city.done_by_us(comment)) == 1 and attempts(city, comment) == 1 for comment in written)
    assert city.broken_promises() == []


def test_each_is_looked_at_before_and_after(city: City) -> None:
    written = violations(city, 3)
    before = len(city.standins.servers["youtube"].log)
    city.enforce()
    asked = [(one.verb, one.request.one("id")) for one in city.standins.servers["youtube"].log[before:]]
    acted = next(place for place, (verb, _) in enumerate(asked) if verb == "hide")
    for part in (asked[:acted], asked[acted + 1 :]):
        assert {comment.id for comment in written} <= {name for verb, name in part if verb == "look"}


def test_those_that_changed_since_are_left_out_of_the_call(city: City) -> None:
    bad, edited, gone, staffs = violations(city, 4)
    city.clock.move(seconds=5)
    city.world.edit(edited, HARMLESS)
    city.world.delete(gone, AUTHOR)
    city.world.hide(staffs, STAFF)
    city.enforce()
    states = [city.state(comment) for comment in (bad, edited, gone, staffs)]
    assert states == [State.ENFORCED, State.OBSERVED, State.GONE, State.IN_REVIEW]
    assert [bool(city.done_by_us(comment)) for comment in (bad, edited, gone, staffs)] == [True, False, False, False]


def test_one_that_youtube_will_not_hide_does_not_hold_up_the_others(city: City) -> None:
    written = violations(city, 5)
    written[2].hideable = False
    city.enforce()
    states = [city.state(comment) for comment in written]
    assert states == [State.ENFORCED, State.ENFORCED, State.IN_REVIEW, State.ENFORCED, State.ENFORCED]
    assert "refused" in city.case(written[2]).why
    assert written[2].public
    assert [len(city.done_by_us(comment)) for comment in written] == [1, 1, 0, 1, 1]
    assert city.broken_promises() == []


def test_a_lost_answer_is_found_by_looking_at_each(city: City) -> None:
    written = violations(city, 3)
    city.fault("youtube", ANSWER_LOST, verb="hide")
    city.enforce()
    assert {city.state(comment) for comment in written} == {State.SECURED}
    city.clock.move(minutes=10)
    city.enforce()
    assert {city.state(comment) for comment in written} == {State.ENFORCED}
    assert calls(city) == 1


def test_a_process_killed_between_the_attempts_and_the_call_goes_on(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = violations(city, 3)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(YouTube, "act_on", killed)
        with pytest.raises(KeyboardInterrupt):
            city.enforce()
    assert [attempts(city, comment) for comment in written] == [1, 1, 1], "each attempt is written before the call"
    with city.parts.database.read() as tx:
        assert all(orders.unfinished(tx, order) for order in orders.all_with(tx, OrderStatus.WAITING))
    city.enforce()
    assert {city.state(comment) for comment in written} == {State.ENFORCED}
    assert all(len(city.done_by_us(comment)) == 1 for comment in written)


def test_pausing_after_the_looks_stops_the_call(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    written = violations(city, 3)
    begin = orders.begin_attempt

    def and_then_pause(*given: object) -> int:
        city.settings.switch_file.touch()
        return begin(*given)  # type: ignore[arg-type]

    monkeypatch.setattr("bot.enforcing.orders.begin_attempt", and_then_pause)
    city.enforce()
    assert calls(city) == 0
    assert all(comment.public for comment in written)
    with city.parts.database.read() as tx:
        assert not any(orders.unfinished(tx, order) for order in orders.all_with(tx, OrderStatus.WAITING))
    monkeypatch.undo()
    city.settings.switch_file.unlink()
    city.enforce()
    assert {city.state(comment) for comment in written} == {State.ENFORCED}


@pytest.mark.parametrize("fault", [SERVER_ERROR_HTML, RATE_LIMITED])
def test_what_fails_the_call_puts_every_order_off(city: City, fault: str) -> None:
    written = violations(city, 3)
    city.fault("youtube", fault, verb="hide")
    city.enforce()
    asked = len(city.standins.servers["youtube"].log)
    city.enforce()
    assert len(city.standins.servers["youtube"].log) == asked, "nothing is asked before it is time"
    city.clock.move(hours=25)
    city.enforce()
    assert {city.state(comment) for comment in written} == {State.ENFORCED}


def test_an_expired_token_stops_the_account_once(city: City) -> None:
    written = violations(city, 3)
    city.fault("youtube", UNAUTHORISED, verb="hide")
    city.enforce()
    assert all(comment.public for comment in written)
    assert sum("has stopped" in alarm for alarm in city.alarms()) == 1


def test_when_youtube_refuses_the_caller_not_every_comment_is_tried_alone(city: City) -> None:
    written = violations(city, 8)
    city.fault("youtube", REFUSED, verb="hide", times=99)
    city.enforce()
    assert {city.state(comment) for comment in written} == {State.IN_REVIEW}
    assert calls(city) == 7, "of 8, 4, 2, 1, 1, 2 and 1 comments: the last is the third to be refused alone"


def test_a_group_that_never_changes_anything_is_not_tried_for_ever(city: City) -> None:
    written = violations(city, 2)
    city.fault("youtube", SERVER_ERROR_HTML, verb="hide", times=99)
    for _ in range(MOST_ATTEMPTS + 1):
        city.clock.move(hours=2)
        city.enforce()
    assert {city.state(comment) for comment in written} == {State.IN_REVIEW}
    assert calls(city) == MOST_ATTEMPTS


def test_slow_looks_leave_the_rest_to_the_next_pass(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    written = violations(city, 4)
    look = YouTube.look

    def slowly(*given: object, **more: object) -> object:
        city.clock.move(seconds=6)
        return look(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(YouTube, "look", slowly)
    city.enforce()
    assert sorted(city.state(comment) for comment in written) == [State.ENFORCED] * 2 + [State.SECURED] * 2
    city.enforce()
    assert {city.state(comment) for comment in written} == {State.ENFORCED}
    assert calls(city) == 2


def test_a_message_of_a_live_chat_is_recorded_and_left_to_people(city: City) -> None:
    standin = city.standins.servers["youtube"].standin
    standin.go_live(city.posts["youtube"])  # type: ignore[attr-defined]
    said = standin.say(city.posts["youtube"], VIOLATION, author=city.resident["youtube"])  # type: ignore[attr-defined]
    written = city.write("youtube", VIOLATION)
    city.run()
    assert (city.state(said), city.state(written)) == (State.IN_REVIEW, State.ENFORCED)
    assert "only delete" in city.case(said).why
    assert said.public
    assert city.broken_promises() == []
