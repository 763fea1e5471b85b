"""The shipped policy and packs, and the labelled comments that developers may have beside the project."""

from __future__ import annotations

import json
import os
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.domain.judge import Standing, judge
from bot.domain.types import Budget, Mode, Policy, Speaker, Verdict
from rules.engine import Engine
from rules.load import Approvals, load_pack, load_policy, shipped_packs

if TYPE_CHECKING:
    from rules.model import Pack

ROOT = Path(__file__).parents[2]
POLICY = ROOT / "config" / "policy" / "ar-1-27.yaml"
DATA = Path(os.environ.get("CITYMOD_DEV_DATA", ROOT.parent / "shared" / "data"))
ENFORCE = Standing(speaker=Speaker.PUBLIC, mode=Mode.ENFORCE, budget=Budget(limit=10**9, used=0))
APPROVED_ON = date(2026, 1, 1)


@cache
def policy() -> Policy:
    """The shipped policy, taken as approved."""
    return load_policy(POLICY, Approvals.assume("a tester", APPROVED_ON, [POLICY]))


@cache
def packs() -> tuple[Pack, ...]:
    """The shipped packs, taken as approved."""
    approvals = Approvals.assume("a tester", APPROVED_ON, shipped_packs())
    return tuple(load_pack(path, policy(), None, approvals) for path in shipped_packs())


@cache
def engine() -> Engine:
    """The shipped rules, compiled once."""
    return Engine(packs())


def verdict(text: str) -> Verdict:
    """What follows for a comment of the public on an account in enforce mode."""
    return judge(engine().evaluate(text), policy(), ENFORCE)


def rows(name: str) -> list[dict[str, Any]]:
    """The comments of one file of the development data."""
    with (DATA / f"{name}.jsonl").open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]
