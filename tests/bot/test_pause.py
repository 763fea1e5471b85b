"""The pause switch: stops acting at once, lets recording go on, and cannot be misread as open."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from city import VIOLATION, the_rulebook

from archive import cases, ledger, orders, pauses
from bot import digest, pipeline
from bot.domain.states import State
from bot.pause import Switch
from bot.pausing import Watch
from bot.promises import ref_of
from bot.review import person
from rules.engine import Engine

if TYPE_CHECKING:
    from pathlib import Path

    from city import City

    from bot.parts import Rulebook
    from connectors.standin.world import WorldComment

Run = "Callable[..., tuple[int, str, str]]"
pytestmark = pytest.mark.both_engines

ON_CALL = person("on-call")


def test_a_pause_stops_acting_and_recording_goes_on(city: City) -> None:
    comment = city.write("facebook")
    with city.parts.database.begin() as tx:
        pauses.pause(tx, "*", ON_CALL, "checking a rule", None, city.clock())
    city.run()
    assert city.state(comment) is State.SECURED
    assert comment.public
    with city.parts.database.begin() as tx:
        assert pauses.resume(tx, "*", ON_CALL, "all well", city.clock()) == 1
    city.run()
    assert city.state(comment) is State.ENFORCED
    assert city.broken_promises() == []


def test_a_pause_of_one_account_leaves_the_others_working(city: City) -> None:
    held, free = city.write("facebook"), city.write("youtube")
    with city.parts.database.begin() as tx:
        pauses.pause(tx, f"facebook:{city.accounts['facebook'].id}", ON_CALL, "storm", None, city.clock())
    city.run()
    assert city.state(held) is State.SECURED
    assert city.state(free) is State.ENFORCED


def test_the_mere_presence_of_the_file_pauses_everything(city: City) -> None:
    comments = [city.write(platform) for platform in city.accounts]
    city.settings.switch_file.touch()
    city.run()
    assert {city.state(comment) for comment in comments} == {State.SECURED}
    city.settings.switch_file.unlink()
    city.run()
    assert {city.state(comment) for comment in comments} == {State.ENFORCED}


def test_a_pause_ends_by_itself_only_if_asked_to_and_says_so(city: City) -> None:
    comment = city.write("youtube")
    with city.parts.database.begin() as tx:
        pauses.pause(tx, "*", ON_CALL, "for a while", city.clock() + timedelta(hours=4), city.clock())
    city.run()
    assert city.state(comment) is State.SECURED
    city.clock.move(hours=5)
    city.run()
    assert city.state(comment) is State.ENFORCED


def test_a_switch_that_cannot_be_read_counts_as_pulled(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.touch()
    says = Switch(blocked / "PAUSE").file_says()
    assert says is not None
    assert "counts as paused" in says
    looped = tmp_path / "loop"
    looped.symlink_to(looped)
    assert Switch(looped / "PAUSE").file_says() is not None
    assert Switch(looped).file_says() is not None, "a link that leads nowhere is still there"
    assert Switch(tmp_path / "PAUSE").file_says() is None


CARD = "my card 4012 8888 8888 1881 was charged twice"


def pull(city: City, scope: str = pauses.EVERYTHING, **length: float) -> pauses.Pause:
    until = city.clock() + timedelta(**length) if length else None
    with city.parts.database.begin() as tx:
        return pauses.pause(tx, scope, ON_CALL, "looking into it", until, city.clock())


def without_profanity(rulebook: Rulebook) -> Rulebook:
    """The same rules, but for the pack on C2."""
    left = [pack for pack in rulebook.engine.packs if "c2" not in pack.id]
    gone = {pack.label for pack in rulebook.engine.packs} - {pack.label for pack in left}
    pins = {label: sha256 for label, sha256 in rulebook.pins.items() if label not in gone}
    return replace(rulebook, engine=Engine(left), pins=pins)


def verdict_on(city: City, comment: WorldComment) -> str:
    """Why the last verdict on a comment is what it is."""
    case = city.case(comment)
    with city.parts.database.read() as tx:
        stored = cases.verdict_on(tx, case.ref, case.revision)
    assert stored is not None
    return stored.verdict.why


def let_go(city: City, scope: str = pauses.EVERYTHING) -> None:
    with city.parts.database.begin() as tx:
        pauses.resume(tx, scope, ON_CALL, "all well", city.clock())


def test_a_pause_of_one_clause_holds_what_rests_on_it_and_nothing_else(city: City) -> None:
    profane, card = city.write("facebook"), city.write("facebook", CARD)
    both = city.write("facebook", f"{VIOLATION}, {CARD}")
    pull(city, pauses.on_clause("C2"))
    city.run()
    assert city.state(card) is State.ENFORCED
    assert city.state(profane) is State.SECURED
    assert city.state(both) is State.SECURED, "one reason in doubt is enough to leave a comment visible"
    let_go(city, pauses.on_clause("C2"))
    city.run()
    assert {city.state(profane), city.state(both)} == {State.ENFORCED}
    assert city.broken_promises() == []


def test_what_a_clause_holds_waits_in_the_archive_and_is_free_at_once_when_the_pause_ends(city: City) -> None:
    comment = city.write("x")
    pull(city, pauses.on_clause("C2"))
    city.run()
    with city.parts.database.read() as tx:
        assert orders.waiting(tx, now=city.clock(), limit=9) == [], "held, so that it crowds out nobody"
    let_go(city, pauses.on_clause("C2"))
    with city.parts.database.read() as tx:
        assert [order.ref for order in orders.waiting(tx, now=city.clock(), limit=9)] == [ref_of(comment)]


def test_a_pause_of_a_clause_stops_what_a_person_ordered_under_it_but_not_showing_again(
    city: City, citymod: Run
) -> None:
    config = ("--config", str(city.file))
    comment = city.write("youtube", "an ordinary remark")
    hidden = city.write("youtube")
    city.run()
    case = str(ref_of(comment))
    assert citymod("review", "raise", case, "--clause", "C3", "--reason", "look", *config)[0] == 0
    assert citymod("review", "uphold", case, "--reason", "agreed", *config)[0] == 0
    pull(city, pauses.on_clause("C3"))
    pull(city, pauses.on_clause("C2"))
    assert citymod("review", "restore", str(ref_of(hidden)), "--reason", "a mistake", *config)[0] == 0
    city.run()
    assert city.state(comment) is State.SECURED
    assert city.state(hidden) is State.RESTORED


def test_pulling_the_switch_in_the_middle_of_many_lets_one_more_call_through_at_most(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    comments = [city.write("x", f"{VIOLATION}, number {number}") for number in range(15)]
    city.poll()
    city.judge()
    while any(city.state(comment) is State.MARKED for comment in comments):
        city.secure()
    act, calls = type(city.parts.actors[city.case(comments[0]).account_key]).act, []

    def act_and_pull(self: object, *given: object, **named: object) -> object:
        calls.append(given)
        if len(calls) == 5:
            pull(city)
        return act(self, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(type(city.parts.actors[city.case(comments[0]).account_key]), "act", act_and_pull)
    city.run()
    assert sum(not comment.public for comment in comments) == 5
    assert len(calls) == 5


def test_the_end_of_a_pause_is_announced_before_and_when_it_comes(city: City) -> None:
    city.write("facebook")
    watch = Watch(city.parts, city.clock)
    paused = pull(city, hours=4)
    city.run()
    watch.look()
    assert city.alarms() == []
    city.clock.move(hours=3, minutes=50)
    watch.look()
    watch.look()
    (soon,) = city.alarms()
    assert "a pause ends at" in soon
    assert "1 order to hide" in soon
    assert "citymod pause --reason" in soon
    city.clock.move(minutes=20)
    watch.look()
    watch.look()
    assert len(city.alarms()) == 2
    assert "acting goes on" in city.alarms()[1]
    with city.parts.database.begin() as tx:
        told = digest.fold(tx, city.settings, city.settings.pios[0], city.clock())
    assert any("A pause ran out" in line for line in told.trouble)
    assert paused.id


def test_a_pause_is_called_obeyed_only_when_no_call_is_under_way(city: City) -> None:
    watch = Watch(city.parts, city.clock)
    city.write("facebook")
    city.up_to_secured()
    with city.parts.database.begin() as tx:
        (order,) = orders.waiting(tx, now=city.clock(), limit=9)
        orders.begin_attempt(tx, order, city.clock())
    paused = pull(city)
    watch.look()
    with city.parts.database.read() as tx:
        assert pauses.seconds_to_effect(tx, paused) is None, "a call may be on its way"
    with city.parts.database.begin() as tx:
        begun = orders.order(tx, order.id)
        assert begun is not None
        orders.end_attempt(tx, begun, city.clock(), "timed out", None)
    city.clock.move(seconds=3)
    watch.look()
    watch.look()
    with city.parts.database.read() as tx:
        assert pauses.seconds_to_effect(tx, paused) == pytest.approx(3, abs=0.1)
        assert len(list(ledger.entries(tx, kinds=(pauses.OBEYED,)))) == 1


def test_what_waited_is_judged_by_the_rules_of_today_before_anything_is_done(city: City) -> None:
    """The rule was mended during the pause, and the mended one would let the comment stand."""
    comment, card = city.write("facebook"), city.write("facebook", CARD)
    pull(city)
    city.run()
    assert {city.state(comment), city.state(card)} == {State.SECURED}
    let_go(city)
    parts = replace(city.parts, rulebook=without_profanity(the_rulebook()))
    while pipeline.one_pass(parts, city.clock).total():
        pass
    assert city.state(comment) is State.IN_REVIEW
    assert "the rules of today do not ask for it" in city.case(comment).why
    assert comment.public
    assert city.state(card) is State.ENFORCED
    assert "judged again, since policy or rules have changed" in verdict_on(city, card)
    assert city.broken_promises() == []
