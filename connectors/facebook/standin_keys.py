"""Whose token was sent to the stand-in, and what Graph says of tokens and of those who hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.facebook.standin_pitfalls import expired
from connectors.standin import graph, world
from connectors.standin.graph import Trouble

if TYPE_CHECKING:
    from collections.abc import Callable

    from connectors.facebook.standin import StandIn
    from connectors.standin.graph import Call, Field
    from connectors.standin.world import WorldAccount

APP_ID = "2210000000000042"
APP_SECRET = "standin0app0secret0of0no0use0elsewhere"  # noqa: S105  it opens nothing but this stand-in
VERIFY_TOKEN = "standin-verify-token"  # noqa: S105  nor does this
PERSON = world.Person(id="10220000000000099", name="Page Staff", handle="page.staff")
USER_TOKEN = f"EAAStandInUser{PERSON.id}"
EXPIRED_TOKEN = "EAAStandInExpired"  # noqa: S105  it is a made-up one
SCOPES = (
    "pages_show_list",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_manage_engagement",
    "pages_messaging",
    "pages_manage_metadata",
    "ads_read",
)


def page_of(standin: StandIn, call: Call) -> WorldAccount | None:
    """The Page whose token was sent; None for a person's. Raises Trouble."""
    if not call.token:
        message = "An access token is required to request this resource."
        raise Trouble(message, 104, status=401)
    check_proof(standin, call)
    for account in standin.accounts():
        if call.token == standin.page_token(account):
            return account
    if call.token == EXPIRED_TOKEN:
        raise expired()
    if call.token not in (USER_TOKEN, f"{APP_ID}|{APP_SECRET}"):
        message = "Invalid OAuth access token - Cannot parse access token"
        raise Trouble(message, 190, status=401)
    return None


def check_proof(standin: StandIn, call: Call) -> None:
    """See that the call is proved where it has to be, and that a proof is one. Raises Trouble."""
    sent = call.params.get("appsecret_proof")
    if sent is None and standin.manners.proof_required and not call.part:
        message = "API calls from the server require an appsecret_proof argument"
        raise Trouble(message, 100, type="GraphMethodException")
    if sent is not None and sent != graph.proof(call.token, APP_SECRET):
        message = "Invalid appsecret_proof provided in the API argument"
        raise Trouble(message, 100, type="GraphMethodException")


def person(call: Call) -> dict[str, Any]:
    """The person who holds the person's token."""
    known: dict[str, Callable[[Field], Any]] = {"id": lambda _: PERSON.id, "name": lambda _: PERSON.name}
    return graph.show("User", known, graph.fields(call.params.get("fields", ""), "name,id"))


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


def debug_token(standin: StandIn, call: Call) -> object:
    """What is known of a token. Only the app itself may ask (unsure: its developers may, too)."""
    if call.token != f"{APP_ID}|{APP_SECRET}":
        message = "(#100) You must provide an app access token, or a user access token of a developer of the app"
        raise Trouble(message, 100)
    asked = call.params.get("input_token", "")
    account = next((each for each in standin.accounts() if standin.page_token(each) == asked), None)
    known = {"app_id": APP_ID, "application": "citymod", "type": "PAGE" if account else "USER"}
    scopes = [scope for scope in SCOPES if scope not in standin.quirks.lacks]
    if account or asked == USER_TOKEN:
        holder = {"profile_id": account.id} if account else {}
        ends = {"expires_at": 0, "data_access_expires_at": 0, "is_valid": True, "scopes": scopes}
        return {"data": {**known, **holder, **ends, "user_id": PERSON.id}}
    error = {"code": 190, "message": "Invalid OAuth access token.", "subcode": 467}
    return {"data": {"error": error, "is_valid": False, "scopes": []}}
