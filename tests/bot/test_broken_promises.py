"""The check from outside finds each broken promise: it is shown one of each, made on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from archive import pauses
from bot.promises import ref_of
from bot.review import person
from connectors.standin.world import APP

if TYPE_CHECKING:
    from city import City


@pytest.fixture
def told(city: City) -> City:
    """A city in which everything went well."""
    city.write("facebook")
    city.run()
    assert city.broken_promises() == []
    return city


def test_a_comment_that_was_never_recorded(told: City) -> None:
    comment = told.write("youtube")
    assert told.broken_promises() == [f"P2: {ref_of(comment)} was never recorded"]


def test_words_that_were_never_recorded(told: City) -> None:
    comment = next(iter(told.world.comments.values()))
    told.world.edit(comment, "other words")
    assert told.broken_promises() == [f"P2: {ref_of(comment)} was recorded with other words than it has"]


def test_hiding_without_evidence_and_without_an_order(told: City) -> None:
    comment = told.write("x", "a perfectly fine comment")
    told.run()
    told.world.hide(comment, APP)
    assert told.broken_promises() == [
        f"P1: {ref_of(comment)} was hidden without full evidence of the words it had then",
        f"P1: {ref_of(comment)} was acted on without an order",
    ]


def test_deleting(told: City) -> None:
    comment = told.write("facebook")
    told.run()
    told.world.delete(comment, APP)
    assert f"P7: {ref_of(comment)} was deleted, which no policy here allows" in told.broken_promises()


def test_calling_enforced_what_the_platform_shows(told: City) -> None:
    comment = next(iter(told.world.comments.values()))
    comment.hidden_by = None
    assert told.broken_promises() == [f"P10: {ref_of(comment)} is called enforced and the platform shows it"]


def test_acting_during_a_pause(told: City) -> None:
    comment = told.write("youtube")
    told.up_to_secured()
    with told.parts.database.begin() as tx:
        pauses.pause(tx, "*", person("on-call"), "stop", None, told.clock())
    told.world.hide(comment, APP)
    assert f"P4: {ref_of(comment)} was acted on during a pause" in told.broken_promises()


def test_more_acts_than_allowed(told: City) -> None:
    told.settings = told.settings.model_copy(update={"acts_a_day": 0})
    assert any(line.startswith("budget: 1 acts by rules") for line in told.broken_promises())


def test_a_mail_that_came_twice_in_silence(told: City) -> None:
    first = min(told.sink.folder.glob("*.eml"))
    (told.sink.folder / "9999.eml").write_bytes(first.read_bytes())
    assert any("arrived 2 times without saying so" in line for line in told.broken_promises())


def test_a_credential_that_was_written_down(told: City) -> None:
    (told.settings.data / "note.txt").write_text(told.standins.secrets()[0])
    assert any(line.startswith("P12: a credential stands in") for line in told.broken_promises())


def test_a_changed_picture(told: City) -> None:
    picture = next(told.settings.evidence_folder.rglob("comment.png"))
    picture.chmod(0o600)
    picture.write_bytes(picture.read_bytes()[:-1] + b"\0")
    broken = told.broken_promises()
    assert any(line.startswith("P1:") and "comment.png" in line for line in broken)
    assert any(line.startswith("P8:") and "comment.png" in line for line in broken)
