"""The command that lives through days of a made-up City in minutes: `citymod simulate`."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import asdict
from pathlib import Path  # noqa: TC003  typer reads annotations at run time
from typing import TYPE_CHECKING, Annotated

import typer

from bot.terminal import out, say

if TYPE_CHECKING:
    from bot.simulation import Outcome


def simulate(  # noqa: PLR0913  each is an option
    seed: Annotated[int | None, typer.Option("--seed", min=0, help="Which days; without it, fresh ones.")] = None,
    days: Annotated[int, typer.Option("--days", min=1, help="How many days each.")] = 3,
    runs: Annotated[int, typer.Option("--runs", min=1, help="So many seeds in a row.")] = 1,
    minutes: Annotated[float | None, typer.Option("--minutes", help="Begin no further seed after that.")] = None,
    folder: Annotated[Path | None, typer.Option("--folder", help="Keep database, mails and log there.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One object a seed.")] = False,
) -> None:
    """Live through days in which everything goes wrong, on stand-ins, and check that every promise is kept.

    The same seed and days give the same ledger. Ends with 1 at the first promise that is broken.
    """
    from bot.simulation import simulate as run

    first = secrets.randbelow(2**31) if seed is None else seed
    begun = time.monotonic()
    for number in range(first, first + (runs if minutes is None else 2**31)):
        if minutes is not None and time.monotonic() - begun > 60 * minutes:
            break
        outcome = run(number, days, folder and folder / str(number))
        if as_json:
            out.print_json(json.dumps(asdict(outcome), default=str))
        else:
            tell(outcome)
        if outcome.breach:
            raise typer.Exit(1)


def tell(outcome: Outcome) -> None:
    """Say what happened; of a broken promise, where and on what."""
    said = ", ".join(f"{number} {what}" for what, number in outcome.figures.items())
    say(f"seed {outcome.seed}, {outcome.days} days: {said}. Ledger {outcome.head}")
    if outcome.breach:
        say(f"BROKEN on day {outcome.day} of seed {outcome.seed}: {outcome.breach.said}")
        for line in outcome.lines:
            say(f"  {line}")
        say(f"Again: citymod simulate --seed {outcome.seed} --days {outcome.days} --folder FOLDER")
