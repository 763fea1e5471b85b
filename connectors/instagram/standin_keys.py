"""Whose token was sent to Instagram's stand-in, what it may do, and whose the Page is that stands behind an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.standin import graph, world
from connectors.standin.graph_keys import App
from connectors.standin.graph_troubles import not_permitted

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from connectors.instagram.standin_show import Quirks
    from connectors.standin.graph import Call, Field, Manners
    from connectors.standin.world import WorldAccount

    class Behind(Protocol):
        """The stand-in whose keys these are."""

        manners: Manners
        quirks: Quirks

        def accounts(self) -> list[WorldAccount]:
            """The City's accounts here."""


APP_ID = "2210000000000043"
APP_SECRET = "standin0insta0secret0of0no0use0elsewhere"  # noqa: S105  it opens nothing but this stand-in
VERIFY_TOKEN = "standin-insta-verify-token"  # noqa: S105  nor does this
PERSON = world.Person(id="10220000000000098", name="Page Staff", handle="page.staff")
SCOPES = (
    *("pages_show_list", "pages_read_engagement", "pages_messaging", "pages_manage_metadata"),
    *("instagram_basic", "instagram_manage_comments"),
)
APP = App(APP_ID, APP_SECRET, PERSON, SCOPES)
USER_TOKEN = APP.user_token


class Keys:
    """Looks at the token of every call."""

    def __init__(self, behind: Behind) -> None:
        """Take the stand-in."""
        self._behind = behind

    def account_of(self, call: Call) -> WorldAccount | None:
        """The account whose Page's token was sent; None for a person's. Raises Trouble."""
        return APP.account_of(call, {page_token(each): each for each in self._behind.accounts()}, self._behind.manners)

    def need(self, permission: str) -> None:
        """Raise Trouble if the token lacks a permission."""
        if permission in self._behind.quirks.lacks:
            raise not_permitted(permission)

    def debug_token(self, call: Call) -> object:
        """What is known of a token. Raises Trouble."""
        pages, quirks = {page_token(each): page_id(each) for each in self._behind.accounts()}, self._behind.quirks
        return APP.debug_token(call, pages, quirks.lacks, quirks.access_ends)


def page_token(account: WorldAccount) -> str:
    """The token of the Page that an account is linked to."""
    return f"EAAStandInInsta{account.id}"


def page_id(account: WorldAccount) -> str:
    """The Page that an account is linked to."""
    return f"1020{account.id[-12:]}"


def page_node(account: WorldAccount, call: Call) -> dict[str, Any]:
    """That Page, as far as it matters here. Raises Trouble."""
    known: dict[str, Callable[[Field], Any]] = {
        "id": lambda _: page_id(account),
        "name": lambda _: account.name,
        "access_token": lambda _: page_token(account),
        "instagram_business_account": lambda one: graph.pick({"id": account.id}, one),
    }
    return graph.show("Page", known, graph.fields(call.params.get("fields", ""), "name,id"))
