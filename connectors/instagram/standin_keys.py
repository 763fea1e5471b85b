"""Whose token was sent to Instagram's stand-in, what it may do, and whose the Page is that stands behind an account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.instagram.standin_pitfalls import expired, not_permitted
from connectors.standin import graph, world
from connectors.standin.graph import Call, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from connectors.instagram.standin_show import Quirks
    from connectors.standin.graph import Field, Manners
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
USER_TOKEN = f"EAAStandInUser{PERSON.id}"
EXPIRED_TOKEN = "EAAStandInExpired"  # noqa: S105  it is a made-up one
SCOPES = ["pages_show_list", "pages_read_engagement", "instagram_basic", "instagram_manage_comments", "pages_messaging"]


class Keys:
    """Looks at the token of every call."""

    def __init__(self, behind: Behind) -> None:
        """Take the stand-in."""
        self._behind = behind

    def account_of(self, call: Call) -> WorldAccount | None:
        """The account whose Page's token was sent; None for a person's. Raises Trouble."""
        if not call.token:
            message = "An access token is required to request this resource."
            raise Trouble(message, 104, status=401)
        self._check_proof(call)
        for account in self._behind.accounts():
            if call.token == page_token(account):
                return account
        if call.token == EXPIRED_TOKEN:
            raise expired()
        if call.token not in (USER_TOKEN, f"{APP_ID}|{APP_SECRET}"):
            message = "Invalid OAuth access token - Cannot parse access token"
            raise Trouble(message, 190, status=401)
        return None

    def need(self, permission: str) -> None:
        """Raise Trouble if the token lacks a permission."""
        if permission in self._behind.quirks.lacks:
            raise not_permitted(permission)

    def debug_token(self, call: Call) -> object:
        """What is known of a token; only the app itself may ask (unsure: its developers may, too). Raises Trouble."""
        if call.token != f"{APP_ID}|{APP_SECRET}":
            message = "(#100) You must provide an app access token, or a user access token of a developer of the app"
            raise Trouble(message, 100)
        asked, quirks = call.params.get("input_token", ""), self._behind.quirks
        account = next((each for each in self._behind.accounts() if page_token(each) == asked), None)
        known = {"app_id": APP_ID, "application": "citymod", "type": "PAGE" if account else "USER"}
        scopes = [scope for scope in SCOPES if scope not in quirks.lacks]
        if account or asked == USER_TOKEN:
            holder = {"profile_id": page_id(account)} if account else {}
            ends = {"expires_at": 0, "data_access_expires_at": quirks.access_ends, "is_valid": True}
            return {"data": {**known, **holder, **ends, "scopes": scopes, "user_id": PERSON.id}}
        error = {"code": 190, "message": "Invalid OAuth access token.", "subcode": 467}
        return {"data": {"error": error, "is_valid": False, "scopes": []}}

    def _check_proof(self, call: Call) -> None:
        sent = call.params.get("appsecret_proof")
        if sent is None and self._behind.manners.proof_required and not call.part:
            message = "API calls from the server require an appsecret_proof argument"
            raise Trouble(message, 100, type="GraphMethodException")
        if sent is not None and sent != graph.proof(call.token, APP_SECRET):
            message = "Invalid appsecret_proof provided in the API argument"
            raise Trouble(message, 100, type="GraphMethodException")


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


def person(call: Call) -> dict[str, Any]:
    """Who works for the City and has a token of their own. Raises Trouble."""
    known: dict[str, Callable[[Field], Any]] = {"id": lambda _: PERSON.id, "name": lambda _: PERSON.name}
    return graph.show("User", known, graph.fields(call.params.get("fields", ""), "name,id"))
