"""Pitfalls that keep something from every reader, or rightly stop an account: left out where all must be read.

Tests of the platform's own meet each of these alone.
"""

from __future__ import annotations

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
"""By platform and pitfall, the reason."""
