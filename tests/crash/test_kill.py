"""Killed with SIGKILL right after each step, and started again each time, the program keeps its promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from city import HARMLESS, VIOLATION
from steps import KINDS
from sweep import check_life, sweep
from town import Town, by_kind

from bot.domain.states import State
from bot.promises import ref_of
from connectors.standin.world import AUTHOR

if TYPE_CHECKING:
    from pathlib import Path

    from connectors.standin.world import WorldComment

WHERE_HIDDEN_SHOWS = ("facebook", "youtube")


class Story:
    """What people write, and that they change or take back something while the program dies again and again."""

    def __init__(self, town: Town, bad: int, *, changes: bool) -> None:
        """Let `bad` violating comments and a harmless one be written on each platform."""
        platforms = tuple(town.accounts)
        self.hidden = [town.write(name, f"{VIOLATION}, no. {number}") for name in platforms for number in range(bad)]
        self.shown = [town.write(name, HARMLESS) for name in platforms]
        self.withdrawn: list[WorldComment] = []
        self._softened = town.write("facebook", VIOLATION) if changes else None
        self._deleted = town.write("youtube", VIOLATION) if changes else None
        self._changes = changes

    def goes_on(self, town: Town) -> bool:
        """When all is secured and before anything is hidden, let people have second thoughts."""
        waits = State.SECURED
        ours = [*self.hidden, self._softened, self._deleted]
        if not self._changes or any(town.state(each) != waits for each in ours if each is not None):
            return False
        assert self._softened is not None
        assert self._deleted is not None
        town.world.edit(self._softened, HARMLESS)
        town.world.edit(self.hidden[0], f"{VIOLATION} and that one too")
        town.world.delete(self._deleted, AUTHOR)
        self.shown.append(self._softened)
        self.withdrawn.append(self._deleted)
        self._changes = False
        return True

    def check(self, town: Town) -> None:
        """Everything ended as it should, and once."""
        assert not self._changes, "nobody had second thoughts: that part was not tested"
        states = town.states()
        assert {str(ref_of(each)): states.get(str(ref_of(each))) for each in self.hidden} == {
            str(ref_of(each)): State.ENFORCED for each in self.hidden
        }
        assert {states.get(str(ref_of(each))) for each in self.shown} == {State.CLEARED}
        assert {states.get(str(ref_of(each))) for each in self.withdrawn} <= {State.GONE}
        assert len(states) == len(self.hidden) + len(self.shown) + len(self.withdrawn)
        done = sorted(f"{each.what} {each.comment}" for each in town.effects())
        assert done == sorted(f"hide {each.id}" for each in self.hidden)
        for platform in WHERE_HIDDEN_SHOWS:
            expected = sum(each.account.platform == platform for each in self.hidden)
            assert town.hides(platform) == expected, "looking first makes a second call needless"


def check_rest(town: Town) -> None:
    """Nothing is owed, nothing is left over, nothing is broken."""
    assert town.lost_mails() == []
    assert town.silent_copies() == []
    assert town.leftovers() == []
    assert town.broken_promises() == []


def test_killed_after_every_few_steps_nothing_is_lost(tmp_path: Path) -> None:
    with Town(tmp_path) as town:
        story = Story(town, bad=1, changes=False)
        deaths = sweep(town, stride=17)
        assert deaths.kinds == set(KINDS), "a kind of step was not met, so it is not counted"
        finish(town)
        story.check(town)
        check_rest(town)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_daemon_itself_killed_anywhere_among_its_threads_loses_nothing(tmp_path: Path) -> None:
    with Town(tmp_path) as town:
        story = Story(town, bad=2, changes=False)
        for last in range(5, 150, 4):
            town.live(last, seconds=60)
            check_life(town, 0)
            if town.at_rest():
                break
        assert town.lives > 10, "too few deaths to mean anything"
        assert not town.live(seconds=15).killed
        finish(town)
        story.check(town)
        check_rest(town)


@pytest.mark.slow
@pytest.mark.timeout(4 * 3600)
def test_killed_after_every_single_step_nothing_is_lost_hidden_unproven_or_mailed_twice_in_silence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Town(tmp_path / "unharmed") as town:
        Story(town, bad=7, changes=False)
        unharmed = town.live().steps
    with Town(tmp_path / "killed") as town:
        story = Story(town, bad=7, changes=True)
        deaths = sweep(town, meanwhile=story.goes_on)
        finish(town)
        story.check(town)
        check_rest(town)
        twice = sum(len(copies) > 1 for copies in town.mails().values())
        with capsys.disabled():
            print(  # noqa: T201  the figures of a test this long are worth keeping
                f"\n{town.lives} lives, {deaths}; an unharmed life takes {len(unharmed)} steps "
                f"({dict(by_kind(unharmed))}); {len(town.mails())} mails, {twice} of them more than once; "
                f"hide calls { ({name: town.hides(name) for name in town.accounts}) }"
            )
    assert deaths.kinds == set(KINDS), "a kind of step was not met, so it is not counted"
    missed = [step for step in dict.fromkeys(unharmed) if step not in deaths.after]
    assert len(missed) < len(set(unharmed)) / 4, "what is only aimed at is not part of a long story"
    for number, step in enumerate(missed):
        killed_once(tmp_path / f"aimed-{number}", step)


def killed_once(folder: Path, step: str) -> None:
    """Kill the first life of a new town right after the step of that name; the next one must mend it."""
    with Town(folder) as town:
        story = Story(town, bad=1, changes=False)
        life = town.live(step, linger=True)
        assert life.killed, f"the program never came to {step}"
        check_life(town, 0)
        assert not town.live().killed
        finish(town)
        story.check(town)
        check_rest(town)


def finish(town: Town) -> None:
    """Let some hours' rest show that nothing more happens, and let what was left over be swept."""
    town.ahead += town.REST
    states, outside = town.states(), town.world.effects[:]
    assert not town.live().killed
    assert (town.states(), town.world.effects) == (states, outside)
