"""Kills the program after one step after the other, life after life, on a town that remembers everything.

The first life is killed after its first step, the next one after its second, and so on. When a life has got something
done that no later life has to do again (a case moved, evidence sealed, a mail known to be out), the steps are counted
from the beginning again: so each step that the work takes is one that a life ends right after, and each life begins
with what the one before left behind. Once the accounts have been read, the beginning is where the work begins.

Some steps are missed so. When a life is killed after the platform has hidden a comment, the next one sees that it is
hidden, and what follows hiding in an unharmed life is not done. These have to be aimed at by name, each in a new town.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from town import by_kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from town import Life, Town

WORK = "bot.pipeline.one_pass:"
"""What stands in the names of steps from which on a life works; before that it starts up and reads the accounts."""
LINGER_EVERY = 40
VERIFY_EVERY = 200
MOST_LIVES = 10_000
"""A sweep that gets nowhere must end."""


@dataclass(slots=True)
class Deaths:
    """What the sweep has met: which kinds of steps there are, and how often the program died right after each step."""

    kinds: set[str] = field(default_factory=set)
    after: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        said = ", ".join(f"{times} {kind}" for kind, times in by_kind(self.after.elements()).most_common())
        return f"{self.after.total()} deaths ({said}) after {len(self.after)} different steps"

    def note(self, life: Life) -> None:
        """Add one life."""
        self.kinds |= set(by_kind(life.steps))
        if life.killed:
            self.after[life.steps[-1]] += 1


def sweep(town: Town, *, stride: int = 1, meanwhile: Callable[[Town], bool] = lambda _: False) -> Deaths:
    """Kill after every step (or every `stride`-th) until a life ends by itself; check after each that all is well.

    `meanwhile` is called between lives and may change the world; it gives whether it has.
    """
    deaths = Deaths()
    since, last, begun = "", 1, 0
    before = town.progress()
    while town.lives < MOST_LIVES:
        done = len(town.effects())
        life = town.live(last, since=since, linger=town.lives % LINGER_EVERY == 0)
        deaths.note(life)
        check_life(town, done)
        if not life.killed:
            return deaths
        after = town.progress()
        changed = meanwhile(town)
        if changed or after != before:
            begun += 1
            since = WORK if not changed and any(WORK in step for step in life.steps) else ""
            last = 1 + begun % stride
        else:
            last += stride
        before = after
    message = f"after {town.lives} lives the work is not done: {town.states()}"
    raise AssertionError(message)


def check_life(town: Town, done: int) -> None:
    """What must be true at any time, however the last life ended; `done` effects are known to be good."""
    assert town.unproven(town.effects()[done:]) == [], "hidden without sealed evidence of these words"
    assert town.silent_copies() == []
    if town.lives % VERIFY_EVERY == 0:
        assert town.damage() == []
