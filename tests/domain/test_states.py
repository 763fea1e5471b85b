"""Every pair of the table, and the promises that live in its shape."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.states import TABLE, Event, IllegalEvent, State, advance, allows

LEGAL = {
    (State.OBSERVED, Event.CLEARED): State.CLEARED,
    (State.OBSERVED, Event.REFERRED): State.IN_REVIEW,
    (State.OBSERVED, Event.MARKED): State.MARKED,
    (State.OBSERVED, Event.EDITED): State.OBSERVED,
    (State.OBSERVED, Event.VANISHED): State.GONE,
    (State.CLEARED, Event.REFERRED): State.IN_REVIEW,
    (State.CLEARED, Event.MARKED): State.MARKED,
    (State.CLEARED, Event.EDITED): State.OBSERVED,
    (State.CLEARED, Event.VANISHED): State.GONE,
    (State.IN_REVIEW, Event.DISMISSED): State.CLEARED,
    (State.IN_REVIEW, Event.MARKED): State.MARKED,
    (State.IN_REVIEW, Event.EDITED): State.OBSERVED,
    (State.IN_REVIEW, Event.VANISHED): State.GONE,
    (State.MARKED, Event.CAPTURED): State.SECURED,
    (State.MARKED, Event.CAPTURE_FAILED): State.IN_REVIEW,
    (State.MARKED, Event.DISMISSED): State.CLEARED,
    (State.MARKED, Event.EDITED): State.OBSERVED,
    (State.MARKED, Event.VANISHED): State.GONE,
    (State.SECURED, Event.ENFORCED): State.ENFORCED,
    (State.SECURED, Event.REFUSED): State.IN_REVIEW,
    (State.SECURED, Event.DISMISSED): State.CLEARED,
    (State.SECURED, Event.EDITED): State.OBSERVED,
    (State.SECURED, Event.VANISHED): State.GONE,
    (State.SECURED, Event.RECONSIDERED): State.OBSERVED,
    (State.ENFORCED, Event.RESTORED): State.RESTORED,
    (State.ENFORCED, Event.RESURFACED): State.IN_REVIEW,
    (State.ENFORCED, Event.EDITED): State.IN_REVIEW,
    (State.ENFORCED, Event.VANISHED): State.GONE,
    (State.RESTORED, Event.REFERRED): State.IN_REVIEW,
    (State.RESTORED, Event.MARKED): State.MARKED,
    (State.RESTORED, Event.EDITED): State.OBSERVED,
    (State.RESTORED, Event.VANISHED): State.GONE,
    (State.GONE, Event.REAPPEARED): State.OBSERVED,
}
PAIRS = list(product(State, Event))


def test_there_are_as_many_pairs_as_states_times_events() -> None:
    assert len(PAIRS) == len(State) * len(Event) == 112
    assert set(TABLE) == set(State)


@pytest.mark.parametrize(("state", "event"), PAIRS, ids=str)
def test_each_pair_does_what_the_design_says_or_raises(state: State, event: Event) -> None:
    if (state, event) in LEGAL:
        assert allows(state, event)
        assert advance(state, event) is LEGAL[state, event]
    else:
        assert not allows(state, event)
        with pytest.raises(IllegalEvent) as refusal:
            advance(state, event)
        assert refusal.value.state is state
        assert refusal.value.event is event
        assert str(event) in str(refusal.value)
        assert str(state) in str(refusal.value)


def test_the_table_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        TABLE[State.GONE] = {}  # type: ignore[index]


def ways_into(goal: State) -> set[tuple[State, Event]]:
    return {(state, event) for (state, event), leads_to in LEGAL.items() if leads_to is goal}


def test_nothing_is_enforced_that_was_not_secured_and_nothing_secured_that_was_not_marked() -> None:
    assert ways_into(State.ENFORCED) == {(State.SECURED, Event.ENFORCED)}
    assert ways_into(State.SECURED) == {(State.MARKED, Event.CAPTURED)}


def test_every_state_can_be_reached_and_left() -> None:
    reached = {State.OBSERVED}
    while more := {advance(s, e) for s in reached for e in TABLE[s]} - reached:
        reached |= more
    assert reached == set(State)
    assert all(TABLE[state] for state in State)


@given(st.lists(st.sampled_from(Event), max_size=60))
def test_after_an_edit_there_is_no_way_to_enforced_that_avoids_a_fresh_capture(events: list[Event]) -> None:
    """Walk any events from the start; illegal ones change nothing. Each ENFORCED must follow its own CAPTURED."""
    state, captured_since_edit = State.OBSERVED, False
    for event in events:
        if not allows(state, event):
            with pytest.raises(IllegalEvent):
                advance(state, event)
            continue
        before, state = state, advance(state, event)
        if event in (Event.EDITED, Event.REAPPEARED, Event.RECONSIDERED):
            captured_since_edit = False
        if event is Event.CAPTURED:
            captured_since_edit = True
        if state is State.ENFORCED and before is not State.ENFORCED:
            assert captured_since_edit
