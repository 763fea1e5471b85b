"""Judges texts from outside the archive, as an account in enforce mode would: for trying out policy and packs."""

from __future__ import annotations

import json
import sysconfig
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.domain.judge import Standing, judge
from bot.domain.types import Budget, Mode, Speaker
from bot.parts import Rulebook
from bot.settings import Rules
from rules.load import Approvals, shipped_packs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.domain.types import Verdict
    from bot.settings import Settings

ENFORCING = Standing(speaker=Speaker.PUBLIC, mode=Mode.ENFORCE, budget=Budget(limit=1, used=0))
"""A comment of the public on an account in enforce mode."""


def shipped(name: str) -> Path:
    """A file of the shipped config folder, from a checkout or from an installed wheel."""
    checkout = Path(__file__).resolve().parent.parent / "config" / name
    return checkout if checkout.exists() else Path(sysconfig.get_path("data")) / "share" / "citymod" / "config" / name


def shipped_rules() -> Rules:
    """The policy and packs that the program comes with."""
    return Rules(policy=shipped("policy/ar-1-27.yaml"), packs=tuple(shipped_packs()))


def rulebook_for_judging(
    settings: Settings | None, ballot: Path | None = None, *, policy: Path | None = None, passed: Path | None = None
) -> Rulebook:
    """The rulebook of the settings, or the shipped one, taken as if it were approved: nothing is acted on here.

    A `ballot` list or `policy` takes the place of the one that the settings name. The file `passed` remembers which
    packs need not be tried out again. Raises rules.load.FileProblems.
    """
    rules = settings.rules if settings else shipped_rules()
    instead = {"ballot": ballot, "policy": policy}
    rules = rules.model_copy(update={name: path for name, path in instead.items() if path})
    files = [rules.policy, *(rules.packs or shipped_packs()), *([rules.ballot] if rules.ballot else [])]
    return Rulebook.read(rules, assumed(files), passed=passed)


def assumed(files: Iterable[Path]) -> Approvals:
    """Approvals of these files as they are now, for trying them out."""
    return Approvals.assume("assumed for judging", date.min, files)


def judge_lines(rulebook: Rulebook, lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Give one answer a line, in order; a line that is no object with a text gets an ``error`` in its place."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            given = json.loads(line)
        except ValueError as error:
            yield {"line": number, "error": f"not JSON: {error}"}
            continue
        if not isinstance(given, dict) or not isinstance(given.get("text"), str):
            yield {"line": number, "error": 'not an object with a "text"'}
            continue
        yield _answer(rulebook, given)


def _answer(rulebook: Rulebook, given: dict[str, Any]) -> dict[str, Any]:
    verdict = judge(rulebook.engine.evaluate(given["text"]), rulebook.policy, ENFORCING)
    return {"id": given.get("id")} | as_json(verdict)


def as_json(verdict: Verdict) -> dict[str, Any]:
    """Give a verdict with its matches as JSON values."""
    return {
        "outcome": str(verdict.outcome),
        "action": str(verdict.action) if verdict.action else None,
        "why": verdict.why,
        "matches": [
            {
                "rule": match.rule,
                "clause": match.clause,
                "span": [match.start, match.end],
                "excerpt": match.excerpt,
                "matcher": match.matcher,
                "asks": str(match.ask),
                "pack": match.pack,
                "reason": match.reason,
                "shadow": match.shadow,
                "urgent": match.urgent,
            }
            for match in verdict.matches
        ],
    }
