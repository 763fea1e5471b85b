"""What connectors.contract says of acting on many comments at once, for every platform that can."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.domain.types import Action, Visibility
from connectors.contract import ActsOnMany, RateLimited, Refused, Transient, Unauthorised
from connectors.standin import faults
from connectors.standin.world import APP, AUTHOR

if TYPE_CHECKING:
    from stage import Stage

EXPECTED = {
    faults.ANSWER_LOST: Transient,
    faults.RATE_LIMITED: RateLimited,
    faults.UNAUTHORISED: Unauthorised,
}


@pytest.fixture
def together(stage: Stage) -> ActsOnMany:
    connector = stage.connector()
    if not isinstance(connector, ActsOnMany):
        pytest.skip("this platform acts on one comment at a time")
    return connector


def test_does_to_each_what_it_does_to_one(stage: Stage, together: ActsOnMany) -> None:
    post = stage.post()
    written = [stage.comment(post, f"comment {number}", hideable=number != 2) for number in range(5)]
    stage.world.delete(written[4], AUTHOR)
    refs = [stage.ref(one) for one in written]
    for _ in range(2):
        answers = together.act_on(refs, Action.HIDE, now=stage.now)
        assert list(map(type, (answers[refs[2]], answers[refs[0]]))) == [Refused, Visibility]
        assert answers[refs[4]] is Visibility.GONE or isinstance(answers[refs[4]], Refused)
        assert {answers[refs[number]] for number in (0, 1, 3)} <= {Visibility.HIDDEN, Visibility.UNKNOWN}
        assert answers.keys() == set(refs)
        assert stage.effects() == [("delete", AUTHOR), *[("hide", APP)] * 3]


def test_on_more_than_a_call_can_name_and_on_none(stage: Stage, together: ActsOnMany) -> None:
    post = stage.post()
    refs = [stage.ref(stage.comment(post, f"comment {number}")) for number in range(together.most + 1)]
    before = len(stage.server.log)
    assert together.act_on(refs, Action.HIDE, now=stage.now).keys() == set(refs)
    assert sum(exchange.verb == "hide" for exchange in stage.server.log[before:]) == 2
    assert stage.effects() == [("hide", APP)] * len(refs)
    assert together.act_on([], Action.HIDE, now=stage.now) == {}


@pytest.mark.parametrize("fault", EXPECTED)
def test_gives_an_error_for_each_that_it_may_concern(stage: Stage, together: ActsOnMany, fault: str) -> None:
    post = stage.post()
    refs = [stage.ref(stage.comment(post, f"comment {number}")) for number in range(3)]
    stage.server.faults.add(fault, verb="hide")
    answers = together.act_on(refs, Action.HIDE, now=stage.now)
    assert [type(answers[ref]) for ref in refs] == [EXPECTED[fault]] * 3
