"""The pause page: stop all acting at once, or part of it; go on. Also by a signed link from a mail."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from archive import links_used, pauses
from bot.console.door import Refused
from bot.links import PAUSE, BadLink, read
from bot.pausing import held
from bot.review import person

if TYPE_CHECKING:
    from starlette.responses import Response

    from bot.console.desk import Visit
    from bot.links import Link

WHY = "Something looks wrong; paused while we look"
"""The reason that stands in the form until somebody writes a better one: nobody is to lose time over it."""
HOURS = {"": None, "1": 1, "4": 4, "24": 24}
"""For how long, as the form says it; None: until somebody resumes."""


def pause(visit: Visit) -> Response:
    """Show whether acting is paused, by whom and why; what waits; and the button."""
    with visit.desk.database.read() as tx:
        standing = [each for each in pauses.in_force(tx, visit.now) if _concerns(visit, each.scope)]
        waits = list(held(tx, visit.desk.settings)) if not visit.someone.accounts else []
        says = visit.desk.switch.files_say(tx)
    whole = any(each.scope == pauses.EVERYTHING for each in standing) or bool(says)
    return visit.page(
        "pause.html.j2", standing=standing, says=says, whole=whole, waits=waits, scopes=_scopes(visit), why=WHY
    )


def pausing(visit: Visit) -> Response:
    """Pause, from this moment on."""
    scope, hours = _scope(visit), visit.said("hours")
    if hours not in HOURS:
        raise Refused(409, "Say for how long: until resumed, or 1, 4 or 24 hours.")
    ends = HOURS[hours]
    until = visit.now + timedelta(hours=ends) if ends else None
    with visit.desk.database.begin() as tx:
        pauses.pause(tx, scope, person(visit.someone.login), visit.said("why") or WHY, until, visit.now)
    return visit.go("/pause", done="paused")


def resuming(visit: Visit) -> Response:
    """End every pause of one scope; the pause file goes, too, if everything is to go on."""
    scope, why = _scope(visit), visit.said("why")
    if not why:
        raise Refused(409, "Say why acting goes on; it goes into the record. Nothing was changed.")
    with visit.desk.database.begin() as tx:
        ended = pauses.resume(tx, scope, person(visit.someone.login), why, visit.now)
    file = visit.desk.switch.file
    if scope == pauses.EVERYTHING and visit.desk.switch.file_says():
        try:
            file.unlink()
        except OSError as error:
            message = f"The pause file {file} cannot be removed ({error.strerror}), so everything stays paused."
            raise Refused(409, message) from error
        ended += 1
    return visit.go("/pause", done="resumed" if ended else "resumed-nothing")


def pause_link(visit: Visit) -> Response:
    """Show what the link in a mail would do. Looking at it does nothing: mail programs look at links by themselves."""
    link = _link(visit, visit.asked("link"))
    with visit.desk.database.read() as tx:
        used = links_used.used_at(tx, link.id)
        paused = any(each.scope == pauses.EVERYTHING for each in pauses.in_force(tx, visit.now))
        whole = paused or bool(visit.desk.switch.files_say(tx))
    return visit.page(
        "pause_link.html.j2", link=link, text=visit.asked("link"), used=used, whole=whole, why=WHY, paused=False
    )


def pausing_by_link(visit: Visit) -> Response:
    """Pause everything, once, on the strength of the link alone."""
    text = visit.said("link")
    link = _link(visit, text)
    name = visit.said("name") or "somebody"
    agent = person(f"{name}, by the link sent to {link.to}")
    with visit.desk.database.begin() as tx:
        if not links_used.use(tx, link.id, PAUSE, agent, visit.now):
            raise Refused(
                409, "This link was used before, and each holds once. Take one from a newer mail, or sign in."
            )
        pauses.pause(tx, pauses.EVERYTHING, agent, visit.said("why") or WHY, None, visit.now)
    return visit.page("pause_link.html.j2", link=link, text="", used=None, whole=True, why="", paused=True)


def _link(visit: Visit, text: str) -> Link:
    try:
        return read(visit.desk.settings, PAUSE, text, visit.now)
    except BadLink as error:
        raise Refused(403, f"{str(error)[0].upper()}{str(error)[1:]}.") from error


def _scopes(visit: Visit) -> list[tuple[str, str]]:
    """What can be paused by whoever is signed in: as the archive names it, and for people."""
    mine = list(visit.named_accounts().items())
    if visit.someone.accounts:
        return mine
    clauses = [(pauses.on_clause(f"C{number}"), f"what is done under clause C{number}") for number in range(1, 11)]
    return [(pauses.EVERYTHING, "everything"), *mine, *clauses]


def _scope(visit: Visit) -> str:
    allowed = [scope for scope, _ in _scopes(visit)]
    scope = visit.said("scope") or allowed[0]
    if scope not in allowed:
        raise Refused(403, "That is not among what you can pause. Nothing was changed.")
    return scope


def _concerns(visit: Visit, scope: str) -> bool:
    return not visit.someone.accounts or scope in visit.accounts() or scope == pauses.EVERYTHING
