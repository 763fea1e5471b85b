"""Pitfalls and errors by name that are the same on all stand-ins behind Graph.

From the Graph API guides ("Handling Errors", "Rate Limiting", "Paginated Results").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from connectors.standin import faults
from connectors.standin.faults import Pitfall
from connectors.standin.graph import Manners, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


SOME: Final = 0.3
"""Of what a pitfall can strike, where it strikes some."""


def pitfall(name: str, says: str, share: float = 1.0) -> Pitfall:
    """One that is switched; `share` of what it can strike, it strikes."""
    return Pitfall(name=name, says=says, share=share)


def always(name: str, says: str) -> Pitfall:
    """One without a switch."""
    return Pitfall(name=name, says=says, always=True)


COMMON: Final = (
    pitfall("empty_pages", "a page of a list may be empty and have a `next`"),
    pitfall("short_pages", "a page of a list is shorter than was asked for"),
    pitfall("writes_missing", "a write without permission is answered as if there were no such object"),
    pitfall("success_false", "a write is answered with success: false"),
    pitfall("writes_blocked", "every write is answered with 368 (abusive), reading works"),
    pitfall("gone_before_write", "some authors delete their comment just before we act on it", SOME),
    pitfall("vanishing", "some comments vanish after minutes because their author was blocked or left", 0.1),
    pitfall("staff_undoes", "staff show some comments again that we hid", SOME),
    pitfall("success_unsaid", "a write is answered, and not whether it was done"),
    pitfall("no_usage", "the usage headers do not come"),
    pitfall("old_version", "the version that is served is not the one that was asked for"),
    pitfall("proof_required", "calls without appsecret_proof are refused"),
    pitfall("media_expired", "the addresses of pictures have expired"),
    pitfall("not_subscribed", "the Page is not subscribed to the app's web hooks, and nothing is pushed"),
    pitfall("another_app", "another app is subscribed to the Page, too"),
    pitfall("hooks_not_permitted", "asking for the subscription, and subscribing, are refused with 10"),
    pitfall("hooks_unsigned", "web hooks come with a signature that is none"),
    pitfall("hooks_twice", "web hooks come twice"),
    pitfall("hooks_out_of_order", "web hooks come in any order"),
    pitfall("hooks_unknown", "web hooks bring items, verbs and fields that no page describes"),
    always("after_on_last_page", "the last page has cursors, too, and no `next`"),
    always("token_in_next", "the address of the next page carries the token"),
    always("dead_cursors", "a cursor dies with the item it is named after"),
    always("big_numbers", "identifiers are text beyond 2^53"),
    always("spellings", "with and without version and closing slash; true, True and 1"),
)

SWITCHES: Final[Mapping[str, tuple[str, str, object]]] = {
    "empty_pages": ("manners", "empty_pages", True),
    "short_pages": ("manners", "page_most", 3),
    "writes_missing": ("quirks", "writes_missing", True),
    "success_false": ("quirks", "success", {"success": False}),
    "success_unsaid": ("quirks", "success", {}),
    "no_usage": ("manners", "usage", None),
    "calls_run_out": ("quirks", "calls_allowed", 200),
    "old_version": ("manners", "served", "v25.0"),
    "proof_required": ("manners", "proof_required", True),
}
"""What a pitfall sets: the object, its attribute, the value. The others strike one thing at a time."""


def set_switches(
    names: Iterable[str], switches: Mapping[str, tuple[str, str, object]], manners: Manners, quirks: Any
) -> None:
    """Set what these pitfalls set on manners and quirks that are new."""
    for name in names:
        if name in switches:
            what, attribute, value = switches[name]
            setattr(manners if what == "manners" else quirks, attribute, value)


def too_many(code: int, whose: str) -> str:
    """How Graph words that an account was asked too often."""
    return (
        f"(#{code}) There have been too many calls to this {whose} account. Wait a bit and try again. For more info, "
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


OWN_FAULTS: Final[Mapping[str, Trouble]] = {
    "password_changed": Trouble(
        "Error validating access token: The session has been invalidated because the user changed their password or "
        "Facebook has changed the session for security reasons.",
        190,
        460,
    ),
    "role_lost": Trouble("Error validating access token: The user no longer has a role on the Page.", 190, 492),
    "app_throttled": Trouble("(#4) Application request limit reached", 4, status=403),
    "hiccup": Trouble("An unexpected error has occurred. Please retry your request later.", 2, status=500),
}
"""Errors by name beside those that every platform has."""


def troubles(throttled: str, code: int, headers: Mapping[str, str]) -> dict[str, Trouble]:
    """What the faults that every platform has look like here; `headers` tell when the limit ends."""
    return {
        faults.UNAUTHORISED: expired(),
        faults.REFUSED: Trouble("(#200) Permissions error", 200, status=403),
        faults.RATE_LIMITED: Trouble(throttled, code, headers=headers),
        faults.RATE_LIMITED_NO_RESET: Trouble(throttled, code, headers={"x-business-use-case-usage": "{}"}),
    }
