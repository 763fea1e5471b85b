"""The platforms' own pitfalls in a seeded run: all but those of `LEFT_OUT` are switched on together.

What acts, pushes, streams and pictures meet is not met by a run that only reads; those pitfalls are on all the same,
and change nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from connectors.standin.blinding import LEFT_OUT

if TYPE_CHECKING:
    from stage import Stage

TROUBLES = {
    "nextdoor": {"busy", "out_of_order", "token_ends_early"},
    "x": {
        *("internal_error", "no_reset", "day_limit", "monthly_cap", "no_credits", "spend_cap", "refresh_lost"),
        *("unavailable_html", "unavailable_empty", "drip", "stale_since_id", "partial_errors"),
    },
    "youtube": {"page_lost", "processing_failure", "too_fast"},
}
"""Those that let requests fail, as the faults do that every platform has. In a run they come and go by name, as those
do: with all of them on no poll would end well."""

LAGS = {"bluesky": timedelta(minutes=5)}
"""How late what tells of a comment comes."""

NAMELESS = ("authors_withheld", "authors_unknown", "authors_missing", "nobody_named")
"""With one of these on, a comment may be on record without its author."""


def switch_on(stage: Stage, seed: int) -> None:
    """Switch on what can be on all the time; see `strike` for the others."""
    without = {*LEFT_OUT[stage.platform], *TROUBLES.get(stage.platform, ())}
    stage.standin.switch([name for name in stage.standin.pitfalls.names if name not in without], seed=seed)


def troubles(stage: Stage) -> list[str]:
    """What may let requests fail here besides the faults of every platform, if pitfalls are on at all."""
    pitfalls = getattr(stage.standin, "pitfalls", None)
    return sorted(TROUBLES.get(stage.platform, ())) if pitfalls and pitfalls.on else []


def strike(stage: Stage, name: str) -> None:
    """Let every other request fail in this way until `calm`."""
    stage.standin.pitfalls.turn(name, 0.5)


def calm(stage: Stage) -> None:
    """Let no request fail any more."""
    for name in troubles(stage):
        stage.standin.pitfalls.turn(name, 0)
