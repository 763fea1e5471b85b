"""How the accounts and the program stand: what `citymod status` says, for a browser. Nothing is changed here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot import heard, troubles
from bot.status import accounts_of, status_of

if TYPE_CHECKING:
    from starlette.responses import Response

    from bot.console.desk import Visit


def accounts(visit: Visit) -> Response:
    """Show each account: how far the program may go on it, when it was read last, why it stopped if it has."""
    with visit.desk.database.read() as tx:
        used = heard.used(tx, visit.now, brief=True)
        found = accounts_of(tx, visit.desk.settings, used, visit.now)
    mine = [one for one in found if one["key"] in visit.accounts()]
    return visit.page("accounts.html.j2", accounts=mine)


def health(visit: Visit) -> Response:
    """Show what is wrong, and the figures."""
    with visit.desk.database.read() as tx:
        found = status_of(tx, visit.desk.settings, visit.now)
        wrong = troubles.lasting(tx)
    halted = [one for one in found["accounts"] if one["stopped"]]
    return visit.page("health.html.j2", figures=found, wrong=wrong, halted=halted)
