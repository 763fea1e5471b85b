"""The shipped policy and packs, and the labelled comments that developers may have beside the project."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.domain.judge import Standing, judge
from bot.domain.types import Budget, Mode, Policy, Speaker, Verdict
from rules.ballot import SPECIMEN, Ballot
from rules.engine import Engine
from rules.load import Approvals, load_ballot, load_pack, load_policy, shipped_packs
from rules.passed import Passed

if TYPE_CHECKING:
    from rules.model import Pack

ROOT = Path(__file__).parents[2]
POLICY = ROOT / "config" / "policy" / "ar-1-27.yaml"
BALLOT = ROOT / "config" / "ballot.example.yaml"
DATA = Path(os.environ.get("CITYMOD_DEV_DATA", ROOT.parent / "shared" / "data"))
HERE = Path(__file__).parent
KINDS = ("harsh", "critical", "emergency", "praise", "spanish")
ENFORCE = Standing(speaker=Speaker.PUBLIC, mode=Mode.ENFORCE, budget=Budget(limit=10**9, used=0))
APPROVED_ON = date(2026, 1, 1)


@cache
def policy() -> Policy:
    """The shipped policy, taken as approved."""
    return load_policy(POLICY, Approvals.assume("a tester", APPROVED_ON, [POLICY]))


@cache
def packs(passed: Path | None = None) -> tuple[Pack, ...]:
    """The shipped packs, taken as approved, with the names of the example ballot list and of the packs' examples.

    Those that the file `passed` knows are not tried out.
    """
    approvals = Approvals.assume("a tester", APPROVED_ON, shipped_packs())
    known = Passed(passed)
    loaded = tuple(load_pack(path, policy(), None, approvals, ballot(), known) for path in shipped_packs())
    known.save()
    return loaded


@cache
def ballot() -> Ballot:
    """The example ballot list, taken as approved, and the names of the packs' examples with it."""
    listed = load_ballot(BALLOT, Approvals.assume("a tester", APPROVED_ON, [BALLOT]))
    return replace(listed, words={name: (*words, *listed.words[name]) for name, words in SPECIMEN.items()})


@cache
def engine() -> Engine:
    """The shipped rules, compiled once."""
    return Engine(packs())


def verdict(text: str) -> Verdict:
    """What follows for a comment of the public on an account in enforce mode."""
    return judge(engine().evaluate(text), policy(), ENFORCE)


def criticism() -> list[tuple[str, str]]:
    """Each line of the harsh, lawful comments, and of which kind it is: the heading above it says so."""
    kind, told = "", []
    for line in (HERE / "criticism.txt").read_text("utf-8").splitlines():
        heading = line.removeprefix("# ").partition(":")[0]
        if not line.startswith("#"):
            told.append((kind, line))
        elif heading in KINDS:
            kind = heading
    return told


def lines(name: str) -> list[str]:
    """The comments of one list beside the tests, a comment a line; # begins a line that is none."""
    text = (HERE / f"{name}.txt").read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


CRITICISM = lines("criticism")


def rows(name: str) -> list[dict[str, Any]]:
    """The comments of one file of the development data."""
    with (DATA / f"{name}.jsonl").open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]
