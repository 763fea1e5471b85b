"""The ways in which Facebook is awkward, by name, and its errors: what can be switched on its stand-in.

From the Graph API guides ("Handling Errors", "Rate Limiting", "Paginated Results"), Graph's reference pages, and what
users of the API report. What rests on reports alone is listed under *Unsure* in README.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from connectors.standin import graph_troubles
from connectors.standin.graph import Trouble
from connectors.standin.graph_troubles import SOME, always, pitfall

if TYPE_CHECKING:
    from collections.abc import Mapping


PITFALLS: Final = (
    *graph_troubles.COMMON,
    pitfall("reads_as_person", "the token counts as a person's: lists are empty, and there is no error"),
    pitfall("authors_withheld", "`from` is left out of some comments", SOME),
    pitfall("can_hide_absent", "`can_hide` is left out of some comments", SOME),
    pitfall("can_hide_false", "some comments cannot be hidden, and say so", SOME),
    pitfall("refused_with_100", "what cannot be hidden is refused with 100 instead of 200"),
    pitfall("feed_by_time", "the feed pages by time, without cursors"),
    pitfall("ranked", "comments come in an order of Facebook's own"),
    pitfall("phantoms", "more comments are counted than are shown"),
    pitfall("thread_without_end", "a list refuses to be read beyond some hundred items"),
    pitfall("hidden_by_facebook", "Facebook hides some comments by itself", SOME),
    pitfall("late_edits", "some comments are edited once, minutes later, under the same id and time", SOME),
    pitfall("calls_run_out", "200 calls an hour; every id in a batch or in `ids` counts; then 80001 with minutes"),
    pitfall("ads_not_permitted", "the posts of advertisements are refused with 10, everything else works"),
    pitfall("ads_unlisted", "some advertisements stand in no list of the Page; their ad account names them", SOME),
    pitfall("ads_limited", "the ad account was asked too often (80004 with minutes), everything else works"),
    pitfall("reviews_not_permitted", "recommendations are refused with 10, everything else works"),
    pitfall("reviews_without_story", "some recommendations have nothing that names them, and no comments", SOME),
    pitfall("reels_not_permitted", "reels are refused with 200, everything else works"),
    pitfall("twins", "comments on a post's photos and videos show under the post, too, with other ids"),
    pitfall("batch_nulls", "some answers within a batch are null", SOME),
    pitfall("media_down", "the hosts of pictures do not answer"),
    always("hooks_escaped", "web hooks are signed as sent: everything beyond ASCII, and slashes, escaped"),
    always("hooks_without_words", "a web hook about a removed comment has neither words nor time"),
    always("toplevel", "replies are left out unless filter=stream is asked for"),
    always("low_quality_filtered", "while live, some comments are left out unless live_filter=no_filter is asked for"),
    always("not_in_feed", "reels, advertisements and the photos of a post are in no feed"),
    always("visitors_posts", "comments under a visitor's post cannot be hidden"),
    always("reviews", "comments on a recommendation cannot be hidden nor deleted; it has no identifier of its own"),
    always("others_posts", "what is said under other people's posts that tag the Page is not given"),
    always("ads_apart", "a Page's token does not reach the ad account, which knows other Pages' posts, too"),
    always("page_limit", "a limit above 100 is an error"),
    always("one_bad_id", "one bad id spoils a whole `ids` request"),
)

SWITCHES: Final[Mapping[str, tuple[str, str, object]]] = {
    **graph_troubles.SWITCHES,
    "refused_with_100": ("quirks", "refusal", 100),
    "feed_by_time": ("quirks", "feed_by_time", True),
    "ranked": ("quirks", "ranked", True),
    "phantoms": ("quirks", "phantoms", 2),
    "thread_without_end": ("manners", "farthest", 300),
    "writes_blocked": ("quirks", "writes_blocked", True),
}
"""What a pitfall sets: the object, its attribute, the value. The others strike one thing at a time."""

THROTTLED: Final = graph_troubles.too_many(80001, "Page")


def blocked() -> Trouble:
    """Writing was stopped as abusive."""
    return Trouble("The action attempted has been deemed abusive or is otherwise disallowed", 368)


OWN_FAULTS: Final[Mapping[str, Trouble]] = {
    **graph_troubles.OWN_FAULTS,
    "checkpoint": Trouble("Error validating access token: The user must log in at www.facebook.com.", 190, 459),
    "uneven_volume": Trouble("(#613) Calls to this api have exceeded the rate limit.", 613, 1996),
    "deemed_abusive": blocked(),
}
"""Errors by name beside those that every platform has."""


def troubles(headers: Mapping[str, str]) -> dict[str, Trouble]:
    """What the faults that every platform has look like here; `headers` tell when the limit ends."""
    return {**graph_troubles.troubles(THROTTLED, 80001, headers), **OWN_FAULTS}
