"""A retention series, and the way of what is due of it: proposed, approved by two people, destroyed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from builders import PERSON

from archive import cases, dispositions
from archive.retention import Period, Series
from bot.domain.types import Agent, AgentKind

if TYPE_CHECKING:
    from datetime import datetime

    from archive.database import Tx

SERIES = Series(
    id="general",
    title="Comments that were let stand",
    covers="comments",
    trigger="posted",
    period=Period(years=3),
    authority="a schedule of the city",
)


def destroy(tx: Tx, series: Series, *, now: datetime) -> dispositions.Destroyed:
    """Take what is due of a series through proposal, two approvals and destruction."""
    cases.keep_document(tx, "cd" * 32, "schedule", "the schedule", now=now)
    proposed = dispositions.propose(tx, series, schedule="cd" * 32, agent=PERSON, now=now)
    for name in ("Kim Clerk", "Lee Counsel"):
        agent = Agent(kind=AgentKind.PERSON, name=name)
        dispositions.approve(tx, proposed.id, why="due", agent=agent, now=now)
    return dispositions.carry_out(tx, proposed.id, series, schedule="cd" * 32, agent=PERSON, now=now)
