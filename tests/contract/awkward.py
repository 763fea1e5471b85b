"""The platforms' own pitfalls in a seeded run: which are left out of it, and why.

All others are switched on together. What acts, pushes, streams and pictures meet is not met by a run that only reads;
those pitfalls are on all the same, and change nothing.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stage import Stage

LEFT_OUT: dict[str, dict[str, str]] = {
    "bluesky": {},
    "facebook": {
        "reads_as_person": "every list is empty; only the health check can tell",
        "thread_without_end": "what stands beyond some hundred comments is never given",
        "calls_run_out": "200 calls an hour are too few for a sweep of a run's posts",
        "ads_unlisted": "without an ad account nothing names them; a test of the platform's own has one",
    },
    "instagram": {
        "blank_lists": "every list is empty, and the account stops, as it should",
        "blank_media": "the lists of some media are empty; each is complained of",
        "phantoms": "a medium without comments counts two and is complained of, as it should be",
        "hidden_unlisted": "what Instagram hides at once is in no list then, so that nobody can read it",
        "filtered": "what the filter caught is never shown; a medium with nothing else is complained of",
        "replies_without_next": "with three replies at once nothing says that there are more",
        "calls_run_out": "200 calls an hour are too few for a sweep of a run's media",
    },
    "nextdoor": {
        "grant_taken_back": "the account stops, as it should",
        "gone_from_the_list": "what stands under such a post is given nowhere",
    },
    "x": {
        "silent_fields": "the account stops, as it should: names of fields were withdrawn",
        "withheld": "an item without its author cannot be told from one of a withdrawn field name",
    },
    "youtube": {
        "comments_off": "what stands under such a video is not given",
        "made_for_kids": "the same",
        "private": "the counts leave such videos out, so that late replies there show in nothing",
        "counts_low": "the counts never tell of some replies",
        "grant_expired": "the account stops, as it should",
        "no_video": "a comment then stands under no video, and the run could not tell where it belongs",
    },
}
"""By platform and pitfall, the reason. Tests of the platform's own meet each of these alone."""

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
