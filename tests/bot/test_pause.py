"""The pause switch: stops acting at once, lets recording go on, and cannot be misread as open."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from archive import pauses
from bot.domain.states import State
from bot.pause import Switch
from bot.review import person

if TYPE_CHECKING:
    from pathlib import Path

    from city import City

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
