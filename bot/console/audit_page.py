"""Who looked at what, and who did what: the access table and the people's lines of the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive import access, ledger
from bot.domain.types import Ref

if TYPE_CHECKING:
    from starlette.responses import Response

    from bot.console.desk import Visit

SHOWN = 100
DONE = (
    *("decision.recorded", "ground.named", "comment.withheld"),
    *("pause.begun", "pause.ended", "account.resumed"),
    *("staff.added", "staff.changed", "staff.proofs_changed", "staff.disabled", "staff.enabled", "staff.locked"),
    *("staff.bound", "intake.entered", "intake.gone", "task.attested", "task.attended"),
    *("registry.asked", "registry.modified", "registry.approved", "registry.denied", "registry.revoked"),
    *("registry.launched", "registry.named", "registry.adopted", "registry.credentials", "registry.left"),
    *("request.opened", "request.extended", "request.exported", "request.closed", "hold.added", "hold.released"),
    "pack.approved",
    "policy.approved",
    *("disposition.proposed", "disposition.approved", "disposition.carried_out"),
)
"""The kinds of lines that people write."""


def audit(visit: Visit) -> Response:
    """Show what was looked at, or (``show=done``) what was done; of one person, about one comment."""
    login, about, before = visit.asked("login"), visit.asked("ref"), visit.asked("before")
    visit.words = "; ".join(part for part in (login, about) if part)
    done = visit.asked("show") == "done"
    number = int(before) if before.isdigit() and len(before) < 19 else None  # noqa: PLR2004  a row's number
    try:
        ref = Ref.parse(about) if about else None
    except ValueError:
        ref = None
    with visit.desk.database.read() as tx:
        lines = ledger.latest(tx, DONE, SHOWN) if done else []
        seen = [] if done else access.latest(tx, SHOWN, login=login, ref=ref, before=number)
    if login:
        lines = [line for line in lines if line.agent.name == login]
    following = seen[-1].number if len(seen) == SHOWN else None
    return visit.page("audit.html.j2", login=login, about=about, done=done, lines=lines, seen=seen, following=following)
