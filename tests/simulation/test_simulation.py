"""Days of a City in which everything goes wrong, by seeds: no promise is broken, and the same seed gives the same."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys

import pytest

from bot.simulation import Outcome, simulate

pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket.*family=1:ResourceWarning")  # sdnotify's own
FIXED = (2, 20)
FRESH = secrets.randbelow(2**31)
"""Another one each time; if it fails, `citymod simulate --seed` with it shows the same."""
DAYS = 1
HEAD = re.compile(r"Ledger (\d+:[0-9a-f]{64})")


@pytest.mark.parametrize("seed", FIXED)
def test_days_that_are_known(seed: int) -> None:
    outcome = simulate(seed, DAYS)
    assert outcome.breach is None, told(outcome)
    assert outcome.figures["deaths"] > 0, "nobody died, so nothing was tested"
    assert outcome.figures["evidence"] > 0


def test_a_day_that_nobody_has_seen(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\na fresh seed: {FRESH}")  # noqa: T201  whoever reads of a failure needs it
    outcome = simulate(FRESH, DAYS)
    assert outcome.breach is None, told(outcome)


def told(outcome: Outcome) -> str:
    again = f"citymod simulate --seed {outcome.seed} --days {outcome.days}"
    return "\n".join((f"{again}: on day {outcome.day}, {outcome.breach}", *outcome.lines))


def test_the_same_seed_gives_the_same_ledger_in_two_processes() -> None:
    command = [sys.executable, "-m", "bot.cli", "simulate", "--seed", "5", "--days", "1"]
    heads = []
    for hashing in ("1", "2"):  # sets of words are then in another order
        env = os.environ | {"PYTHONHASHSEED": hashing}
        told = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
        heads.append(HEAD.findall(" ".join(told.stdout.split())))
    assert heads[0], told.stdout
    assert heads[0] == heads[1]
