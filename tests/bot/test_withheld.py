"""What is suspected to show the sexual abuse of a child is shown, found and handed over nowhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from archive import evidence, orders, withheld
from bot.domain.states import State
from bot.domain.types import Action, OrderStatus
from bot.promises import ref_of
from bot.review import person, restore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from city import City

    from bot.domain.types import Order, Ref
    from connectors.standin.world import WorldComment

    Run = Callable[..., tuple[int, str, str]]

WORDS = "what the fuck, look at this unusualword"


def test_it_is_not_searched_exported_or_shown_as_evidence(city: City, citymod: Run, tmp_path: Path) -> None:
    config = ("--config", city.file)
    marked, other = city.write("facebook", WORDS), city.write("facebook", f"{WORDS} too")
    city.run()
    case = ref_of(marked)
    assert citymod("evidence", "show", case, *config)[0] == 0
    code, said, wrong = citymod("csam", "mark", case, "--reason", "a person looked", *config)
    assert code == 0, said + wrong

    code, _, said = citymod("evidence", "show", case, *config)
    assert code == 2
    assert "withheld" in said

    found = json.loads(citymod("search", "unusualword", "--json", *config)[1])
    assert [one["ref"] for one in found["found"]] == [str(ref_of(other))]

    place = tmp_path / "copies"
    assert citymod("export", place, "--reason", "asked", "--no-pdf", *config)[0] == 0
    whole = b"".join(path.read_bytes() for path in place.rglob("*") if path.is_file())
    assert str(ref_of(other)).encode() in whole
    assert str(case).encode() not in whole


# Orders that wait when it is marked -----------------------------------------------------------------------------------


def _mark(city: City, citymod: Run, ref: Ref) -> None:
    assert citymod("csam", "mark", ref, "--reason", "a drill", "--config", city.file)[0] == 0


def _ordered_deleted(city: City, comment: WorldComment) -> Order:
    """A person's order to delete, on sealed evidence; its mail is accepted, so nothing else holds it."""
    city.up_to_secured()
    case, now = city.case(comment), city.clock()
    with city.parts.database.begin() as tx:
        sealed = evidence.latest(tx, case.ref)
        assert sealed is not None
        asked = {"evidence_id": sealed.id, "action": Action.DELETE, "agent": person("Kim"), "now": now}
        order = orders.place(tx, ref=case.ref, revision=case.revision, **asked)
    city.deliver()
    return order


def _now(city: City, order: Order) -> Order:
    with city.parts.database.read() as tx:
        found = orders.order(tx, order.id)
    assert found is not None
    return found


def test_an_order_to_hide_it_is_still_carried_out_on_the_evidence_there_was(city: City, citymod: Run) -> None:
    comment = city.write("youtube")
    city.up_to_secured()
    folders = list(city.settings.evidence_folder.glob("*/*/*"))
    _mark(city, citymod, ref_of(comment))
    city.run()
    assert city.state(comment) is State.ENFORCED
    assert not comment.public
    assert list(city.settings.evidence_folder.glob("*/*/*")) == folders
    assert city.broken_promises() == []
    assert citymod("verify", "--config", city.file)[0] == 0


def test_an_order_to_delete_it_goes_to_a_person_at_once(city: City, citymod: Run) -> None:
    comment = city.write("youtube")
    order = _ordered_deleted(city, comment)
    _mark(city, citymod, ref_of(comment))
    assert _now(city, order).status is OrderStatus.REFUSED
    assert city.state(comment) is State.IN_REVIEW
    city.run()
    assert city.done_by_us(comment) == []
    assert citymod("verify", "--config", city.file)[0] == 0


def test_an_order_that_still_waits_for_what_was_marked_long_ago_is_not_carried_out(city: City) -> None:
    comment = city.write("youtube")
    order = _ordered_deleted(city, comment)
    with city.parts.database.begin() as tx:
        withheld.withhold(tx, ref_of(comment), agent=person("Kim"), why="a drill", now=city.clock())
    city.run()
    assert _now(city, order).status is OrderStatus.REFUSED
    assert city.state(comment) is State.IN_REVIEW
    assert city.done_by_us(comment) == []


def test_it_is_not_shown_again(city: City, citymod: Run) -> None:
    comment = city.write("youtube")
    city.run()
    with city.parts.database.begin() as tx:
        restore(tx, ref_of(comment), who="Kim", why="a mistake", now=city.clock())
    _mark(city, citymod, ref_of(comment))
    city.run()
    assert not comment.public
    assert city.state(comment) is State.ENFORCED
    code, _, said = citymod("review", "restore", ref_of(comment), "--reason", "again", "--config", city.file)
    assert (code, "is not shown again" in said) == (1, True)
    city.run()
    assert not comment.public
