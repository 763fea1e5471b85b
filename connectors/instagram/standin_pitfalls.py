"""The ways in which Instagram is awkward, by name, what happens there by itself, and its errors.

From Graph's reference pages (IG User, IG Media, IG Comment), the Instagram Platform guides ("Comment Moderation",
"Private Replies", "Mentions", "Error Codes"), the Graph API guides, and what users of the API report. What rests on
reports alone is listed under *Unsure* in README.md.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from connectors.standin import faults, world
from connectors.standin.faults import Pitfall, Pitfalls
from connectors.standin.graph import Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connectors.standin.world import World, WorldComment

SOME: Final = 0.3
_LATE = timedelta(minutes=5)


def _pitfall(name: str, says: str, share: float = 1.0) -> Pitfall:
    return Pitfall(name=name, says=says, share=share)


def _always(name: str, says: str) -> Pitfall:
    return Pitfall(name=name, says=says, always=True)


PITFALLS: Final = (
    _pitfall("blank_lists", "every list of comments is empty, though comments are counted, and there is no error"),
    _pitfall("blank_media", "the same under some media only", SOME),
    _pitfall("hidden_unlisted", "hidden comments are in no list"),
    _pitfall("hidden_uncounted", "hidden comments are not counted"),
    _pitfall(
        "filtered", "some comments are caught by Instagram's own filter: counted, and never shown to programs", 0.1
    ),
    _pitfall("phantoms", "more comments are counted than are there"),
    _pitfall("authors_withheld", "`from` is left out, and the username remains"),
    _pitfall("authors_unknown", "neither `from` nor username is sent"),
    _pitfall("own_by_username", "the account's own comments are known by its username only"),
    _pitfall("cannot_hide", "some comments cannot be hidden", SOME),
    _pitfall("few_replies", "only three replies come with their comment"),
    _pitfall("replies_without_next", "replies that come with their comment name no next page"),
    _pitfall("empty_pages", "a page of a list may be empty and have a `next`"),
    _pitfall("short_pages", "a page of a list is shorter than was asked for"),
    _pitfall("hidden_by_instagram", "Instagram hides some comments by itself", SOME),
    _pitfall("staff_undoes", "staff show some comments again that we hid", SOME),
    _pitfall("vanishing", "some comments vanish after minutes because their author was blocked or left", 0.1),
    _pitfall("gone_before_write", "some authors delete their comment just before we act on it", SOME),
    _pitfall("missing_24", "what is not there is answered with Instagram's own 24 instead of 100/33"),
    _pitfall("writes_missing", "a write without permission is answered as if there were no such object"),
    _pitfall("success_false", "a write is answered with success: false"),
    _pitfall("writes_blocked", "every write is answered with 368 (abusive), reading works"),
    _pitfall("writes_restricted", "the same in Instagram's own words, 4/2207051, which look like a limit"),
    _pitfall("no_usage", "the usage headers do not come"),
    _pitfall("calls_run_out", "200 calls an hour; every part of a batch counts; then 80002 with minutes"),
    _pitfall("tags_not_permitted", "the media in which the account is tagged are refused with 10"),
    _pitfall("old_version", "the version that is served is not the one that was asked for"),
    _pitfall("proof_required", "calls without appsecret_proof are refused"),
    _pitfall("media_expired", "the addresses of pictures have expired"),
    _pitfall("hooks_twice", "what is pushed comes twice"),
    _pitfall("hooks_out_of_order", "what is pushed comes in any order"),
    _pitfall("hooks_unknown", "what is pushed has fields that no page describes"),
    _pitfall("hooks_unsigned", "what is pushed is not signed with the app's secret"),
    _always("fifty", "a list of comments gives 50 at once, whatever is asked for"),
    _always("newest_first", "comments come newest first, and in no other order"),
    _always("replies_apart", "replies are in no list of comments, and come with their comment only if asked for"),
    _always("own_stay_shown", "hiding the account's own comment is answered with success and does nothing"),
    _always("hidden_unanswered", "a hidden comment cannot be answered"),
    _always("live_alone", "comments under a live broadcast cannot be moderated, and are in no list of media"),
    _always("switched_off", "comments under media where they are switched off are counted and not shown"),
    _always("no_address", "a comment has no permalink"),
    _always("sent_by_page", "a private answer is sent by the Page; the account itself is refused with 3"),
    _always("hooks_of_new_only", "edits, deletions and hidings are not pushed"),
    _always("mentions_by_id", "mentions can be read by who knows their ids, and are in no list"),
    _always("after_on_last_page", "the last page has cursors, too, and no `next`"),
    _always("token_in_next", "the address of the next page carries the token"),
    _always("dead_cursors", "a cursor dies with the item it is named after"),
    _always("big_numbers", "identifiers are text beyond 2^53"),
    _always("spellings", "with and without version and closing slash; true, True and 1"),
)

SWITCHES: Final[Mapping[str, tuple[str, str, object]]] = {
    "blank_lists": ("quirks", "blank", True),
    "hidden_unlisted": ("quirks", "hidden_listed", False),
    "hidden_uncounted": ("quirks", "hidden_counted", False),
    "phantoms": ("quirks", "phantoms", 2),
    "authors_withheld": ("quirks", "from_shown", False),
    "authors_unknown": ("quirks", "named", False),
    "own_by_username": ("quirks", "own_by_id", False),
    "few_replies": ("quirks", "replies_most", 3),
    "replies_without_next": ("quirks", "replies_next", False),
    "empty_pages": ("manners", "empty_pages", True),
    "short_pages": ("manners", "page_most", 3),
    "missing_24": ("quirks", "missing", 24),
    "writes_missing": ("quirks", "writes_missing", True),
    "success_false": ("quirks", "success", {"success": False}),
    "writes_blocked": ("quirks", "writes_blocked", 368),
    "writes_restricted": ("quirks", "writes_blocked", 4),
    "no_usage": ("manners", "usage", None),
    "calls_run_out": ("quirks", "calls_allowed", 200),
    "old_version": ("manners", "served", "v25.0"),
    "proof_required": ("manners", "proof_required", True),
}
"""What a pitfall sets: the object, its attribute, the value. The others strike one thing at a time."""

THROTTLED = (
    "(#80002) There have been too many calls to this Instagram account. Wait a bit and try again. For more info, "
    "please refer to https://developers.facebook.com/docs/graph-api/overview/rate-limiting."
)


class Happenings:
    """What Instagram, authors and staff do to a comment while nobody looks; each happens once to each."""

    def __init__(self, world: World, pitfalls: Pitfalls) -> None:
        """Take where it happens, and what may."""
        self._world = world
        self._pitfalls = pitfalls
        self._done: set[tuple[str, str]] = set()

    def catch_up(self, comment: WorldComment) -> None:
        """Let everything happen that is due."""
        late = self._world.clock() - comment.at >= _LATE
        ours = comment.hidden_by == world.APP
        self._once("hidden_by_instagram", comment, lambda: self._world.hide(comment, world.PLATFORM))
        self._once("vanishing", comment, lambda: self._world.delete(comment, world.PLATFORM), due=late)
        self._once("staff_undoes", comment, lambda: self._world.unhide(comment, world.STAFF), due=ours)

    def before_write(self, comment: WorldComment) -> None:
        """What happens just before we act."""
        self._once("gone_before_write", comment, lambda: self._world.delete(comment, world.AUTHOR))

    def _once(self, name: str, comment: WorldComment, happen: Callable[[], None], *, due: bool = True) -> None:
        done = (name, comment.id) in self._done
        if due and not done and not comment.deleted_by and self._pitfalls.strikes(name, comment.id):
            self._done.add((name, comment.id))
            happen()


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


def blocked(code: int) -> Trouble:
    """Writing was stopped as abusive: Graph's 368, or Instagram's own 4."""
    if code == 4:  # noqa: PLR2004  the code is what it is
        message = "We restrict certain activity to protect our community. Tell us if you think we made a mistake."
        return Trouble(message, 4, 2207051)
    return Trouble("The action attempted has been deemed abusive or is otherwise disallowed", code)


OWN_FAULTS: Final[Mapping[str, Trouble]] = {
    "password_changed": Trouble(
        "Error validating access token: The session has been invalidated because the user changed their password or "
        "Facebook has changed the session for security reasons.",
        190,
        460,
    ),
    "account_restricted": Trouble("The Instagram account is restricted.", 25, 2207050),
    "role_lost": Trouble("Error validating access token: The user no longer has a role on the Page.", 190, 492),
    "app_throttled": Trouble("(#4) Application request limit reached", 4, status=403),
    "instagram_hiccup": Trouble("Instagram server error. Try again.", -1, 2207001),
    "too_slow": Trouble("It takes too long to download the media.", -2, 2207003),
    "hiccup": Trouble("An unexpected error has occurred. Please retry your request later.", 2, status=500),
    "deemed_abusive": blocked(368),
    "restricted": blocked(4),
}
"""Errors by name beside those that every platform has."""


def troubles(headers: Mapping[str, str]) -> dict[str, Trouble]:
    """What the faults that every platform has look like here; `headers` tell when the limit ends."""
    return {
        faults.UNAUTHORISED: expired(),
        faults.REFUSED: Trouble("(#200) Permissions error", 200, status=403),
        faults.RATE_LIMITED: Trouble(THROTTLED, 80002, headers=headers),
        faults.RATE_LIMITED_NO_RESET: Trouble(THROTTLED, 80002, headers={"x-business-use-case-usage": "{}"}),
        **OWN_FAULTS,
    }
