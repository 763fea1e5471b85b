"""The ways in which Facebook is awkward, by name, and its errors: what can be switched on its stand-in.

From the Graph API guides ("Handling Errors", "Rate Limiting", "Paginated Results"), Graph's reference pages, and what
users of the API report. What rests on reports alone is listed under *Unsure* in README.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from connectors.standin import faults
from connectors.standin.faults import Pitfall
from connectors.standin.graph import Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping

SOME: Final = 0.3


def _pitfall(name: str, says: str, share: float = 1.0) -> Pitfall:
    return Pitfall(name=name, says=says, share=share)


def _always(name: str, says: str) -> Pitfall:
    return Pitfall(name=name, says=says, always=True)


PITFALLS: Final = (
    _pitfall("reads_as_person", "the token counts as a person's: lists are empty, and there is no error"),
    _pitfall("authors_withheld", "`from` is left out of some comments", SOME),
    _pitfall("can_hide_absent", "`can_hide` is left out of some comments", SOME),
    _pitfall("can_hide_false", "some comments cannot be hidden, and say so", SOME),
    _pitfall("refused_with_100", "what cannot be hidden is refused with 100 instead of 200"),
    _pitfall("empty_pages", "a page of a list may be empty and have a `next`"),
    _pitfall("short_pages", "a page of a list is shorter than was asked for"),
    _pitfall("feed_by_time", "the feed pages by time, without cursors"),
    _pitfall("ranked", "comments come in an order of Facebook's own"),
    _pitfall("phantoms", "more comments are counted than are shown"),
    _pitfall("thread_without_end", "a list refuses to be read beyond some hundred items"),
    _pitfall("hidden_by_facebook", "Facebook hides some comments by itself", SOME),
    _pitfall("late_edits", "some comments are edited once, minutes later, under the same id and time", SOME),
    _pitfall("gone_before_write", "some authors delete their comment just before we act on it", SOME),
    _pitfall("writes_missing", "a write without permission is answered as if there were no such object"),
    _pitfall("success_false", "a write is answered with success: false"),
    _pitfall("writes_blocked", "every write is answered with 368 (abusive), reading works"),
    _pitfall("no_usage", "the usage headers do not come"),
    _pitfall("calls_run_out", "200 calls an hour; every id in a batch or in `ids` counts; then 80001 with minutes"),
    _pitfall("ads_not_permitted", "the posts of advertisements are refused with 10, everything else works"),
    _pitfall("reels_not_permitted", "reels are refused with 200, everything else works"),
    _pitfall("old_version", "the version that is served is not the one that was asked for"),
    _pitfall("proof_required", "calls without appsecret_proof are refused"),
    _pitfall("twins", "comments on a post's photos and videos show under the post, too, with other ids"),
    _pitfall("batch_nulls", "some answers within a batch are null", SOME),
    _pitfall("vanishing", "some comments vanish after minutes because their author was blocked or left", 0.1),
    _pitfall("staff_undoes", "staff show some comments again that we hid", SOME),
    _pitfall("media_expired", "the addresses of pictures have expired"),
    _pitfall("media_down", "the hosts of pictures do not answer"),
    _pitfall("not_subscribed", "the Page is not subscribed to the app's web hooks, and nothing is pushed"),
    _pitfall("hooks_not_permitted", "asking for the subscription, and subscribing, are refused with 10"),
    _pitfall("hooks_unsigned", "web hooks come with a signature that is none"),
    _pitfall("hooks_twice", "web hooks come twice"),
    _pitfall("hooks_out_of_order", "web hooks come in any order: an edit before what it edits"),
    _pitfall("hooks_unknown", "web hooks bring items, verbs and fields that no page describes"),
    _always("hooks_escaped", "web hooks are signed as sent: everything beyond ASCII, and slashes, escaped"),
    _always("hooks_without_words", "a web hook about a removed comment has neither words nor time"),
    _always("after_on_last_page", "the last page has cursors, too, and no `next`"),
    _always("token_in_next", "the address of the next page carries the token"),
    _always("dead_cursors", "a cursor dies with the item it is named after"),
    _always("toplevel", "replies are left out unless filter=stream is asked for"),
    _always("low_quality_filtered", "while live, some comments are left out unless live_filter=no_filter is asked for"),
    _always("not_in_feed", "reels, advertisements and the photos of a post are in no feed"),
    _always("visitors_posts", "comments under a visitor's post cannot be hidden"),
    _always("page_limit", "a limit above 100 is an error"),
    _always("big_numbers", "identifiers are text beyond 2^53"),
    _always("spellings", "with and without version and closing slash; true, True and 1"),
    _always("one_bad_id", "one bad id spoils a whole `ids` request"),
)

SWITCHES: Final[Mapping[str, tuple[str, str, object]]] = {
    "refused_with_100": ("quirks", "refusal", 100),
    "empty_pages": ("manners", "empty_pages", True),
    "short_pages": ("manners", "page_most", 3),
    "feed_by_time": ("quirks", "feed_by_time", True),
    "ranked": ("quirks", "ranked", True),
    "phantoms": ("quirks", "phantoms", 2),
    "thread_without_end": ("manners", "farthest", 300),
    "writes_missing": ("quirks", "writes_missing", True),
    "success_false": ("quirks", "success", {"success": False}),
    "writes_blocked": ("quirks", "writes_blocked", True),
    "no_usage": ("manners", "usage", None),
    "calls_run_out": ("quirks", "calls_allowed", 200),
    "old_version": ("manners", "served", "v25.0"),
    "proof_required": ("manners", "proof_required", True),
}
"""What a pitfall sets: the object, its attribute, the value. The others strike one thing at a time."""

THROTTLED = (
    "(#80001) There have been too many calls to this Page account. Wait a bit and try again. For more info, "
    "please refer to https://developers.facebook.com/docs/graph-api/overview/rate-limiting."
)


def expired() -> Trouble:
    """The token has run out."""
    message = (
        "Error validating access token: Session has expired on Sunday, 22-Nov-26 00:00:00 PST. The current time is "
        "Sunday, 22-Nov-26 01:00:00 PST."
    )
    return Trouble(message, 190, 463)


def not_permitted(permission: str) -> Trouble:
    """The token lacks a permission."""
    return Trouble(f"(#10) This endpoint requires the '{permission}' permission to be granted", 10, status=403)


def blocked() -> Trouble:
    """Writing was stopped as abusive."""
    return Trouble("The action attempted has been deemed abusive or is otherwise disallowed", 368)


OWN_FAULTS: Final[Mapping[str, Trouble]] = {
    "password_changed": Trouble(
        "Error validating access token: The session has been invalidated because the user changed their password or "
        "Facebook has changed the session for security reasons.",
        190,
        460,
    ),
    "checkpoint": Trouble("Error validating access token: The user must log in at www.facebook.com.", 190, 459),
    "role_lost": Trouble("Error validating access token: The user no longer has a role on the Page.", 190, 492),
    "app_throttled": Trouble("(#4) Application request limit reached", 4, status=403),
    "uneven_volume": Trouble("(#613) Calls to this api have exceeded the rate limit.", 613, 1996),
    "hiccup": Trouble("An unexpected error has occurred. Please retry your request later.", 2, status=500),
    "deemed_abusive": blocked(),
}
"""Errors by name beside those that every platform has."""


def troubles(headers: Mapping[str, str]) -> dict[str, Trouble]:
    """What the faults that every platform has look like here; `headers` tell when the limit ends."""
    return {
        faults.UNAUTHORISED: expired(),
        faults.REFUSED: Trouble("(#200) Permissions error", 200, status=403),
        faults.RATE_LIMITED: Trouble(THROTTLED, 80001, headers=headers),
        faults.RATE_LIMITED_NO_RESET: Trouble(THROTTLED, 80001, headers={"x-business-use-case-usage": "{}"}),
        **OWN_FAULTS,
    }
