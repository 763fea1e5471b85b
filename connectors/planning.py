"""What reading an account will cost, told before it is read. Platforms that can be planned are found by listing.

A platform's `plan.py` is arithmetic over what its connector does, with the prices and limits of the platform and where
they are published. tests/contract/test_plans.py holds it against what the connector really asks of the stand-in.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol, cast

from connectors.find import HERE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DAY = timedelta(days=1)
MONTH = 30
"""Days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What there is to be read on one account, and how often that is done.

    `posts` and `comments` come in a month; `past` is for how many months they have come already. `authors` is how many
    of a day's comments are by somebody who wrote none before on that day, `replies` how many of all comments answer
    another one; `acts` are done a day; `ads` are advertisements that run at a time and are found through an ad account.
    `granted` is how many units of a shared quota the platform gives out a day,
    where that is more than everybody gets.
    """

    posts: float
    comments: float
    poll: timedelta
    past: float = 6
    authors: float = 0.6
    replies: float = 0.25
    acts: float = 0
    ads: float = 0
    granted: float | None = None

    @property
    def polls(self) -> float:
        """How many a day."""
        return DAY / self.poll

    @property
    def recent(self) -> float:
        """How many posts are not older than a week: nearly all comments come to them."""
        return self.posts * 7 / MONTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What reading costs: `calls` and `units` of a shared quota a day, the most calls in one `hour`, `dollars` a month.

    A new comment is seen after `detection` at the latest if nothing fails. `parts` says what it is made of.
    """

    calls: float
    hour: float
    detection: timedelta
    units: float = 0
    dollars: float = 0
    parts: Mapping[str, float] = field(default_factory=dict)


class Planner(Protocol):
    """What a platform's plan.py has to offer."""

    def plan(self, load: Load) -> Cost:
        """What one account costs."""

    def runs_dry(self, loads: Sequence[Load], budget: float | None) -> str | None:
        """Why all of the platform's accounts together cannot be read so, in plain words; None if they can.

        `budget` is how many dollars a month the City will pay, None where it has not said.
        """


def planners() -> dict[str, Planner]:
    """The planner of every platform that has one, by the platform's name."""
    names = sorted(path.parent.name for path in HERE.glob("*/plan.py"))
    return {name: cast("Planner", importlib.import_module(f"connectors.{name}.plan")) for name in names}
