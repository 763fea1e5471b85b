"""The ways in which Instagram is awkward, by name, what happens there by itself, and its errors.

From Graph's reference pages (IG User, IG Media, IG Comment), the Instagram Platform guides ("Comment Moderation",
"Private Replies", "Mentions", "Error Codes"), the Graph API guides, and what users of the API report. What rests on
reports alone is listed under *Unsure* in README.md.
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
    pitfall("blank_lists", "every list of comments is empty, though comments are counted, and there is no error"),
    pitfall("blank_media", "the same under some media only", SOME),
    pitfall("hidden_unlisted", "hidden comments are in no list"),
    pitfall("hidden_uncounted", "hidden comments are not counted"),
    pitfall(
        "filtered", "some comments are caught by Instagram's own filter: counted, and never shown to programs", 0.1
    ),
    pitfall("phantoms", "more comments are counted than are there"),
    pitfall("authors_withheld", "`from` is left out, and the username remains"),
    pitfall("authors_unknown", "neither `from` nor username is sent"),
    pitfall("own_by_username", "the account's own comments are known by its username only"),
    pitfall("cannot_hide", "some comments cannot be hidden", SOME),
    pitfall("few_replies", "only three replies come with their comment"),
    pitfall("replies_without_next", "replies that come with their comment name no next page"),
    pitfall("hidden_by_instagram", "Instagram hides some comments by itself", SOME),
    pitfall("missing_24", "what is not there is answered with Instagram's own 24 instead of 100/33"),
    pitfall("writes_restricted", "the same in Instagram's own words, 4/2207051, which look like a limit"),
    pitfall("own_exceptions", "Instagram's own errors are of the type IGApiException"),
    pitfall("calls_run_out", "200 calls an hour; every part of a batch counts; then 80002 with minutes"),
    pitfall("tags_not_permitted", "the media in which the account is tagged are refused with 10"),
    always("fifty", "a list of comments gives 50 at once, whatever is asked for"),
    always("newest_first", "comments come newest first, and in no other order"),
    always("replies_apart", "replies are in no list of comments, and come with their comment only if asked for"),
    always("own_stay_shown", "hiding the account's own comment is answered with success and does nothing"),
    always("hidden_unanswered", "a hidden comment cannot be answered"),
    always("live_alone", "comments under a live broadcast cannot be moderated, and are in no list of media"),
    always("switched_off", "comments under media where they are switched off are counted and not shown"),
    always("no_address", "a comment has no permalink"),
    always("sent_by_page", "a private answer is sent by the Page; the account itself is refused with 3"),
    always("hooks_of_new_only", "edits, deletions and hidings are not pushed"),
    always("mentions_by_id", "mentions can be read by who knows their ids, and are in no list"),
)

SWITCHES: Final[Mapping[str, tuple[str, str, object]]] = {
    **graph_troubles.SWITCHES,
    "blank_lists": ("quirks", "blank", True),
    "hidden_unlisted": ("quirks", "hidden_listed", False),
    "hidden_uncounted": ("quirks", "hidden_counted", False),
    "phantoms": ("quirks", "phantoms", 2),
    "authors_withheld": ("quirks", "from_shown", False),
    "authors_unknown": ("quirks", "named", False),
    "own_by_username": ("quirks", "own_by_id", False),
    "few_replies": ("quirks", "replies_most", 3),
    "replies_without_next": ("quirks", "replies_next", False),
    "own_exceptions": ("quirks", "error_type", "IGApiException"),
    "missing_24": ("quirks", "missing", 24),
    "writes_blocked": ("quirks", "writes_blocked", 368),
    "writes_restricted": ("quirks", "writes_blocked", 4),
}
"""What a pitfall sets: the object, its attribute, the value. The others strike one thing at a time."""

THROTTLED: Final = graph_troubles.too_many(80002, "Instagram")


def blocked(code: int) -> Trouble:
    """Writing was stopped as abusive: Graph's 368, or Instagram's own 4."""
    if code == 4:  # noqa: PLR2004  the code is what it is
        message = "We restrict certain activity to protect our community. Tell us if you think we made a mistake."
        return Trouble(message, 4, 2207051)
    return Trouble("The action attempted has been deemed abusive or is otherwise disallowed", code)


OWN_FAULTS: Final[Mapping[str, Trouble]] = {
    **graph_troubles.OWN_FAULTS,
    "account_restricted": Trouble("The Instagram account is restricted.", 25, 2207050),
    "instagram_hiccup": Trouble("Instagram server error. Try again.", -1, 2207001),
    "too_slow": Trouble("It takes too long to download the media.", -2, 2207003),
    "deemed_abusive": blocked(368),
    "restricted": blocked(4),
}
"""Errors by name beside those that every platform has."""


def troubles(headers: Mapping[str, str]) -> dict[str, Trouble]:
    """What the faults that every platform has look like here; `headers` tell when the limit ends."""
    return {**graph_troubles.troubles(THROTTLED, 80002, headers), **OWN_FAULTS}
