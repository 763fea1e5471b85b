"""People win: what a person decides is recorded, carried out, and never undone by a rule."""

from __future__ import annotations

import pytest
from city import HARMLESS, VIOLATION, City, for_review

from archive import cases, evidence, orders
from bot.domain.states import State
from bot.domain.types import AgentKind
from bot.promises import ref_of
from bot.review import NotPossible, dismiss, restore, uphold, waiting
from bot.standins import worked

pytestmark = pytest.mark.both_engines


EVERYWHERE = pytest.mark.parametrize("platform", worked())
WHO = {"who": "Robin Reviewer", "why": "read it twice"}


@EVERYWHERE
def test_an_upheld_comment_is_captured_and_hidden_in_that_persons_name(city: City, platform: str) -> None:
    comment = city.write(platform, for_review())
    city.run()
    assert city.state(comment) is State.IN_REVIEW
    assert comment.public
    with city.parts.database.begin() as tx:
        uphold(tx, ref_of(comment), now=city.clock(), **WHO)
    city.run()
    assert city.state(comment) is State.ENFORCED
    with city.parts.database.read() as tx:
        order = orders.latest(tx, ref_of(comment))
    assert order is not None
    assert (order.agent.kind, order.agent.name) == (AgentKind.PERSON, "Robin Reviewer")
    assert city.broken_promises() == []


def test_a_dismissed_wording_stays_dismissed_even_if_it_vanishes_and_comes_back(city: City) -> None:
    comment = city.write("facebook")
    with city.parts.database.begin():
        pass
    city.poll()
    city.judge()
    assert city.state(comment) is State.MARKED
    with city.parts.database.begin() as tx:
        dismiss(tx, ref_of(comment), now=city.clock(), **WHO)
    assert city.state(comment) is State.CLEARED
    city.world.edit(comment, HARMLESS)
    city.clock.move(hours=2)
    city.run()
    city.world.edit(comment, VIOLATION)
    city.clock.move(hours=2)
    city.run()
    assert city.state(comment) is State.CLEARED
    assert "a person has let" in city.case(comment).why
    assert comment.public


def test_dismissing_a_secured_case_cancels_its_order(city: City) -> None:
    comment = city.write("youtube")
    city.up_to_secured()
    with city.parts.database.begin() as tx:
        dismiss(tx, ref_of(comment), now=city.clock(), **WHO)
    city.run()
    assert city.state(comment) is State.CLEARED
    assert comment.public
    assert city.done_by_us(comment) == []


@EVERYWHERE
def test_a_restored_comment_is_shown_again_and_read_back_and_not_hidden_again(city: City, platform: str) -> None:
    comment = city.write(platform)
    city.run()
    assert city.state(comment) is State.ENFORCED
    with city.parts.database.begin() as tx:
        restore(tx, ref_of(comment), now=city.clock(), **WHO)
    city.run()
    assert city.state(comment) is State.RESTORED
    assert comment.public
    for _ in range(3):
        city.clock.move(hours=3)
        city.run()
    assert comment.public
    assert city.broken_promises() == []


def test_an_enforced_comment_that_its_author_edits_waits_for_a_person_and_dismissing_shows_it_again(city: City) -> None:
    comment = city.write("facebook")
    city.run()
    city.world.edit(comment, HARMLESS)
    city.clock.move(hours=2)
    city.run()
    assert city.state(comment) is State.IN_REVIEW
    with city.parts.database.begin() as tx:
        dismiss(tx, ref_of(comment), now=city.clock(), **WHO)
    city.run()
    assert comment.public
    assert city.state(comment) is State.CLEARED


def test_what_cannot_be_decided_says_where_the_case_stands(city: City) -> None:
    comment = city.write("x", HARMLESS)
    city.run()
    for decide, word in ((dismiss, "dismissed"), (restore, "restored")):
        with pytest.raises(NotPossible, match=rf"cannot be {word}: it is cleared"), city.parts.database.begin() as tx:
            decide(tx, ref_of(comment), now=city.clock(), **WHO)
    with city.parts.database.read() as tx:
        assert evidence.all_of(tx, ref_of(comment)) == []
        assert cases.latest_decision(tx, ref_of(comment), city.case(comment).revision) is None


def test_what_waits_comes_urgent_first_and_then_oldest_or_likeliest_first(city: City) -> None:
    doubtful = city.write("facebook", "What a f**king answer from the office.")
    likely = city.write("facebook", "Check out my new channel and subscribe please!! https://example.com/channel")
    urgent = city.write("facebook", "I will shoot you in the head if you come near my street again.")
    city.poll()
    city.judge()
    with city.parts.database.read() as tx:
        oldest = [case.ref for case in waiting(tx, 9)]
        likeliest = [case.ref for case in waiting(tx, 9, by_score=True)]
        first = [case.ref for case in waiting(tx, 1, by_score=True)]
    assert oldest == [ref_of(urgent), ref_of(doubtful), ref_of(likely)]
    assert likeliest == [ref_of(urgent), ref_of(likely), ref_of(doubtful)]
    assert first == [ref_of(urgent)]
