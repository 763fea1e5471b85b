"""Days of a City in which everything goes wrong, by seeds: no promise is broken, and the same seed gives the same."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from bot.simulation import simulate

SEEDS = (1, 2, 3)
HEAD = re.compile(r"Ledger (\d+:[0-9a-f]{64})")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_few_days(seed: int) -> None:
    outcome = simulate(seed, 2)
    assert outcome.breach is None, "\n".join((str(outcome.breach), *outcome.lines))
    assert outcome.figures["deaths"] > 0, "nobody died, so nothing was tested"
    assert outcome.figures["evidence"] > 0


def test_the_same_seed_gives_the_same_ledger_in_two_processes() -> None:
    command = [sys.executable, "-m", "bot.cli", "simulate", "--seed", "5", "--days", "1"]
    heads = []
    for hashing in ("1", "2"):  # sets of words are then in another order
        env = os.environ | {"PYTHONHASHSEED": hashing}
        told = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
        heads.append(HEAD.findall(" ".join(told.stdout.split())))
    assert heads[0], told.stdout
    assert heads[0] == heads[1]
