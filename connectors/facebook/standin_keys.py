"""Whose token was sent to the stand-in, and what Graph says of tokens and of those who hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.standin import graph, world
from connectors.standin.graph_keys import App

if TYPE_CHECKING:
    from collections.abc import Callable

    from connectors.facebook.standin import StandIn
    from connectors.standin.graph import Call, Field
    from connectors.standin.world import WorldAccount

APP_ID = "2210000000000042"
APP_SECRET = "standin0app0secret0of0no0use0elsewhere"  # noqa: S105  it opens nothing but this stand-in
VERIFY_TOKEN = "standin-verify-token"  # noqa: S105  nor does this
PERSON = world.Person(id="10220000000000099", name="Page Staff", handle="page.staff")
SCOPES = (
    "pages_show_list",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_manage_engagement",
    "pages_messaging",
    "pages_manage_metadata",
    "ads_read",
)
APP = App(APP_ID, APP_SECRET, PERSON, SCOPES)
USER_TOKEN = APP.user_token


def page_of(standin: StandIn, call: Call) -> WorldAccount | None:
    """The Page whose token was sent; None for a person's. Raises Trouble."""
    return APP.account_of(call, {standin.page_token(each): each for each in standin.accounts()}, standin.manners)


def debug_token(standin: StandIn, call: Call) -> object:
    """What is known of a token. Raises Trouble."""
    return APP.debug_token(
        call, {standin.page_token(each): each.id for each in standin.accounts()}, standin.quirks.lacks
    )


def role(standin: StandIn, account: WorldAccount, call: Call) -> dict[str, Any]:
    """A Page on which that person has a role, with the token that goes with it."""
    known: dict[str, Callable[[Field], Any]] = {
        "id": lambda _: account.id,
        "name": lambda _: account.name,
        "category": lambda _: "City",
        "access_token": lambda _: standin.page_token(account),
        "tasks": lambda _: ["MODERATE", "MESSAGING", "ANALYZE"],
    }
    return graph.show("Page", known, graph.fields(call.params.get("fields", ""), "access_token,category,name,id,tasks"))
