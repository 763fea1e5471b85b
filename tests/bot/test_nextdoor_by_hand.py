"""Nextdoor from end to end on its stand-in: read by the program, reported by staff, gone when Nextdoor says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from city import HARMLESS, VIOLATION, City
from PIL import Image

from archive import cases, handwork, orders
from archive.uploads import Picture
from bot import digest, intake, tasks
from bot.domain.states import State
from bot.domain.types import Action, OrderStatus
from bot.parts import Parts
from bot.promises import ref_of
from bot.review import NotPossible
from bot.settings import load
from connectors.standin.faults import UNAUTHORISED
from connectors.standin.world import PLATFORM

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archive.capture import Camera
    from connectors.standin.world import WorldComment


@pytest.fixture
def picture(tmp_path: Path) -> Picture:
    path = tmp_path / "shot.png"
    Image.new("RGB", (40, 30), "white").save(path)
    return Picture.of("shot.png", path.read_bytes())


@pytest.fixture
def town(tmp_path: Path, camera: Camera) -> Iterator[City]:
    with City(tmp_path, camera, by_hand=True) as city:
        yield city


def marked(city: City, text: str = VIOLATION) -> WorldComment:
    comment = city.write("nextdoor", text)
    city.run()
    return comment


def sealed(city: City, picture: Picture) -> WorldComment:
    """A comment of which a picture was taken and sealed, so that somebody is asked to report it."""
    comment = marked(city)
    with city.parts.database.begin() as tx:
        ref, now = ref_of(comment), city.clock()
        intake.add_pictures(tx, city.settings, ref, (picture,), seen_at=now, who="Kim", now=now)
    city.run()
    return comment


def waiting(city: City, kind: str) -> list[tasks.Task]:
    with city.parts.database.read() as tx:
        found = tasks.waiting(tx, city.settings, city.clock())
    return [task for task in found if task.name.startswith(f"{kind}:")]


def report(city: City, did: str = "reported", second: str = "") -> bool:
    (task,) = waiting(city, "act")
    with city.parts.database.begin() as tx:
        return tasks.act_done(
            tx,
            city.settings,
            task.name.removeprefix("act:"),
            did=did,
            who="Kim",
            second=second,
            why="",
            done_at=city.clock(),
            pictures=(),
            now=city.clock(),
        )


def test_what_a_rule_marks_waits_for_a_picture_and_then_for_a_report(town: City, picture: Picture) -> None:
    comment = marked(town)
    assert town.state(comment) is State.MARKED
    (task,) = waiting(town, "picture")
    assert task.name == f"picture:{ref_of(comment)}"
    assert waiting(town, "act") == []
    with town.parts.database.begin() as tx:
        now = town.clock()
        intake.add_pictures(tx, town.settings, ref_of(comment), (picture,), seen_at=now, who="Kim", now=now)
    town.run()
    assert town.state(comment) is State.SECURED
    assert waiting(town, "picture") == []
    (task,) = waiting(town, "act")
    assert any(said.startswith("--did reported") for said in task.commands)
    assert town.world.effects == []


def test_a_report_takes_nothing_away_until_nextdoor_does(town: City, picture: Picture) -> None:
    comment = sealed(town, picture)
    assert report(town) is False
    town.run()
    assert town.state(comment) is State.SECURED
    (task,) = waiting(town, "act")
    assert "reported on" in task.steps[-1]
    town.world.delete(comment, PLATFORM)
    town.run()
    assert town.state(comment) is State.GONE
    assert waiting(town, "act") == []
    with town.parts.database.read() as tx:
        order = orders.latest(tx, ref_of(comment))
        assert order is not None
        (said,) = handwork.attestations(tx, order)
        lines = [(line.kind, line.detail.get("why")) for line in cases.history(tx, ref_of(comment))]
    assert (order.action, order.status, said.deed) == (Action.HIDE, OrderStatus.CANCELLED, "reported")
    assert ("case.vanished", "the platform no longer has it") in lines
    assert town.broken_promises() == []


def test_closing_a_discussion_needs_a_second_person_and_hides_nothing(town: City, picture: Picture) -> None:
    comment = sealed(town, picture)
    with pytest.raises(NotPossible, match="silences others"):
        report(town, did="closed")
    assert report(town, did="closed", second="Robin Counsel") is False
    assert town.state(comment) is State.SECURED


def test_nothing_that_nextdoor_does_not_offer_can_be_attested(town: City, picture: Picture) -> None:
    sealed(town, picture)
    with pytest.raises(NotPossible, match="on Nextdoor this is done by: reported, closed"):
        report(town, did="deleted")


def test_an_edit_takes_the_task_back(town: City, picture: Picture) -> None:
    comment = sealed(town, picture)
    town.world.edit(comment, HARMLESS)
    town.run()
    assert town.state(comment) is State.CLEARED
    assert waiting(town, "act") == []


def test_a_rules_task_goes_to_a_person_when_the_account_leaves_enforce_mode(town: City, picture: Picture) -> None:
    comment = sealed(town, picture)
    text = town.file.read_text(encoding="utf-8").replace("mode: enforce", "mode: review")
    town.file.write_text(text, encoding="utf-8")
    parts = Parts.assemble(load(town.file), rulebook=town.parts.rulebook, camera=town.parts.camera)
    town.parts.database.close()
    town.parts = parts
    town.clock.move(minutes=10)
    town.run()
    assert town.state(comment) is State.IN_REVIEW
    assert waiting(town, "act") == []
    parts.database.close()


def test_many_waiting_comments_hold_up_no_other_account(town: City) -> None:
    for _ in range(6):
        marked(town)
    other = town.write("facebook")
    town.run()
    assert town.state(other) is State.ENFORCED
    assert len(waiting(town, "picture")) == 6


def test_the_digest_says_how_it_is_watched(town: City) -> None:
    def told() -> dict[str, str]:
        with town.parts.database.read() as tx:
            return dict(digest.fold(tx, town.settings, town.settings.pios[0], town.clock()).coverage)

    assert told()["City of Fountains on Nextdoor"].endswith("NOT READ YET")
    town.run()
    assert told()["City of Fountains on Nextdoor"].startswith("assisted (read by API, acted on by hand), last read Nov")
    assert told()["City of Fountains on Facebook"].startswith("automated, last read Nov")
    town.fault("nextdoor", UNAUTHORISED, times=9)
    town.clock.move(hours=3)
    town.run()
    assert "UNCHECKED since Nov" in told()["City of Fountains on Nextdoor"]


def test_a_comment_beyond_the_newest_fifty_posts_is_entered_by_hand(town: City, picture: Picture) -> None:
    with town.parts.database.begin() as tx:
        seen = intake.Seen(
            url="https://nextdoor.com/p/old?auto_token=SECRET",
            author="Pat",
            text=VIOLATION,
            seen_at=town.clock(),
            pictures=(picture,),
        )
        key = next(entry.account.key for entry in town.settings.accounts if entry.platform == "nextdoor")
        taken = intake.add(tx, town.settings, key, seen, who="Kim", now=town.clock())
    town.run()
    with town.parts.database.read() as tx:
        case = cases.case(tx, taken.ref)
    assert case is not None
    assert case.state is State.SECURED
