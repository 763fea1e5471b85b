"""The life of a case: one table, and everything that may be asked of it.

Theory of operation
-------------------
A *case* is the moderation of one comment, from its first sighting to rest. Three things are easily confused and are
kept on three axes: the case's state (ours, this file), the comment's visibility (the platform's) and the record's
disposition (the records officer's). A hidden comment may have a case in any state, since people hide comments too.

Every change of state is an *event* that the table below allows in that state, or it does not happen at all:
`advance` raises `IllegalEvent` and nothing has changed. Three promises live in the shape of the table, not in
anybody's care:

* SECURED is entered only by ``captured``, which only MARKED allows; ENFORCED is entered only by ``enforced``, which
  only SECURED allows. So nothing is enforced that was not marked, then captured and sealed (P1).
* ``edited`` leaves MARKED and SECURED for OBSERVED. The way back to SECURED leads through a fresh verdict and a fresh
  capture: evidence of an older wording cannot carry an act on a newer one (P1).
* ``reconsidered`` leaves SECURED for OBSERVED: what a verdict rested on is no longer so, though the comment is as it
  was. The way back leads through a fresh verdict and a fresh capture, too.
* Whatever goes wrong (``capture_failed``, ``refused``, ``resurfaced``, an edit of an enforced comment) ends with a
  person, in IN_REVIEW (P3, P6, P11). A comment is never hidden because something failed.

The code reads this table and no other; `tests/domain/test_states.py` walks every pair of it.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class State(StrEnum):
    """Where a case stands."""

    OBSERVED = "observed"  # stored, not yet judged
    CLEARED = "cleared"  # no rule asks for anything, or a person dismissed it
    IN_REVIEW = "in_review"  # waits for a person
    MARKED = "marked"  # a rule or a person decided; nothing captured yet
    SECURED = "secured"  # evidence sealed; an order exists
    ENFORCED = "enforced"  # the platform shows it hidden or gone by our order
    RESTORED = "restored"  # the platform shows it again by our order
    GONE = "gone"  # no longer there, not by us


class Event(StrEnum):
    """What can happen to a case."""

    CLEARED = "cleared"
    REFERRED = "referred"
    MARKED = "marked"
    DISMISSED = "dismissed"
    CAPTURED = "captured"
    CAPTURE_FAILED = "capture_failed"
    ENFORCED = "enforced"
    REFUSED = "refused"
    RESTORED = "restored"
    RESURFACED = "resurfaced"
    EDITED = "edited"
    VANISHED = "vanished"
    REAPPEARED = "reappeared"
    RECONSIDERED = "reconsidered"


class IllegalEvent(Exception):
    """An event that the table does not allow in that state. Nothing has changed."""

    def __init__(self, state: State, event: Event) -> None:
        """Say which event was refused in which state, and what would have been allowed."""
        allowed = ", ".join(TABLE[state])
        super().__init__(f"{event} is not possible in {state}; possible are: {allowed}")
        self.state = state
        self.event = event


TABLE: Mapping[State, Mapping[Event, State]] = MappingProxyType(
    {
        State.OBSERVED: {
            Event.CLEARED: State.CLEARED,
            Event.REFERRED: State.IN_REVIEW,
            Event.MARKED: State.MARKED,
            Event.EDITED: State.OBSERVED,
            Event.VANISHED: State.GONE,
        },
        State.CLEARED: {
            Event.REFERRED: State.IN_REVIEW,
            Event.MARKED: State.MARKED,
            Event.EDITED: State.OBSERVED,
            Event.VANISHED: State.GONE,
        },
        State.IN_REVIEW: {
            Event.DISMISSED: State.CLEARED,
            Event.MARKED: State.MARKED,
            Event.EDITED: State.OBSERVED,
            Event.VANISHED: State.GONE,
        },
        State.MARKED: {
            Event.CAPTURED: State.SECURED,
            Event.CAPTURE_FAILED: State.IN_REVIEW,
            Event.DISMISSED: State.CLEARED,
            Event.EDITED: State.OBSERVED,
            Event.VANISHED: State.GONE,
        },
        State.SECURED: {
            Event.ENFORCED: State.ENFORCED,
            Event.REFUSED: State.IN_REVIEW,
            Event.DISMISSED: State.CLEARED,
            Event.EDITED: State.OBSERVED,
            Event.VANISHED: State.GONE,
            Event.RECONSIDERED: State.OBSERVED,
        },
        State.ENFORCED: {
            Event.RESTORED: State.RESTORED,
            Event.RESURFACED: State.IN_REVIEW,
            Event.EDITED: State.IN_REVIEW,
            Event.VANISHED: State.GONE,
        },
        State.RESTORED: {
            Event.REFERRED: State.IN_REVIEW,
            Event.MARKED: State.MARKED,
            Event.EDITED: State.OBSERVED,
            Event.VANISHED: State.GONE,
        },
        State.GONE: {
            Event.REAPPEARED: State.OBSERVED,
        },
    }
)


def advance(state: State, event: Event) -> State:
    """Give the state that `event` leads to from `state`; raise `IllegalEvent` if the table has no such way."""
    try:
        return TABLE[state][event]
    except KeyError:
        raise IllegalEvent(state, event) from None


def allows(state: State, event: Event) -> bool:
    """Whether `event` is possible in `state`."""
    return event in TABLE[state]
