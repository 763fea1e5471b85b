"""Tokens and the app they are of, on stand-ins behind Graph: whose was sent, and what `debug_token` says of them.

From the Graph API guides ("Secure Graph API Calls", "Debug Token").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.standin import graph
from connectors.standin.graph import Call, Manners, Trouble
from connectors.standin.graph_troubles import expired

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from connectors.standin.graph import Field
    from connectors.standin.world import Person, WorldAccount

EXPIRED_TOKEN = "EAAStandInExpired"  # noqa: S105  it is a made-up one


@dataclass(frozen=True, slots=True)
class App:
    """An app, a person who has a role on it, and the permissions that its tokens have."""

    id: str
    secret: str
    person: Person
    scopes: Collection[str]

    @property
    def user_token(self) -> str:
        """The person's own token."""
        return f"EAAStandInUser{self.person.id}"

    def account_of(self, call: Call, tokens: Mapping[str, WorldAccount], manners: Manners) -> WorldAccount | None:
        """The account whose Page's token was sent (`tokens` names them); None for a person's. Raises Trouble."""
        if not call.token:
            message = "An access token is required to request this resource."
            raise Trouble(message, 104, status=401)
        self.check_proof(call, manners)
        if call.token == EXPIRED_TOKEN:
            raise expired()
        if call.token not in (*tokens, self.user_token, f"{self.id}|{self.secret}"):
            message = "Invalid OAuth access token - Cannot parse access token"
            raise Trouble(message, 190, status=401)
        return tokens.get(call.token)

    def check_proof(self, call: Call, manners: Manners) -> None:
        """See that the call is proved where it has to be, and that a proof is one. Raises Trouble."""
        sent = call.params.get("appsecret_proof")
        if sent is None and manners.proof_required and not call.part:
            message = "API calls from the server require an appsecret_proof argument"
            raise Trouble(message, 100, type="GraphMethodException")
        if sent is not None and sent != graph.proof(call.token, self.secret):
            message = "Invalid appsecret_proof provided in the API argument"
            raise Trouble(message, 100, type="GraphMethodException")

    def debug_token(self, call: Call, pages: Mapping[str, str], lacks: Collection[str], access_ends: int = 0) -> object:
        """What is known of a token; only the app itself may ask (unsure: its developers may, too). Raises Trouble.

        `pages`: the Page of each Page's token. `lacks`: permissions that were not granted.
        """
        if call.token != f"{self.id}|{self.secret}":
            message = "(#100) You must provide an app access token, or a user access token of a developer of the app"
            raise Trouble(message, 100)
        asked = call.params.get("input_token", "")
        if asked not in (*pages, self.user_token):
            error = {"code": 190, "message": "Invalid OAuth access token.", "subcode": 467}
            return {"data": {"error": error, "is_valid": False, "scopes": []}}
        holder = {"type": "PAGE", "profile_id": pages[asked]} if asked in pages else {"type": "USER"}
        ends = {"expires_at": 0, "data_access_expires_at": access_ends, "is_valid": True}
        scopes = [scope for scope in self.scopes if scope not in lacks]
        known = {"app_id": self.id, "application": "citymod", "user_id": self.person.id, "scopes": scopes}
        return {"data": {**known, **holder, **ends}}

    def who(self, call: Call) -> dict[str, Any]:
        """The person who holds the person's token. Raises Trouble."""
        known: dict[str, Callable[[Field], Any]] = {
            "id": lambda _: self.person.id,
            "name": lambda _: self.person.name,
        }
        return graph.show("User", known, graph.fields(call.params.get("fields", ""), "name,id"))
