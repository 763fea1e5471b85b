"""Signing in with a password and a code, signing out, and one's own password."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from archive import access, sessions, staff
from bot.console import proofs
from bot.console.door import SIGNED_IN, SILENT, VISITING, Refused, cookie, give, take
from bot.console.service import NotWelcome, Silent
from bot.log import logger
from bot.review import person as agent

if TYPE_CHECKING:
    from starlette.responses import Response

    from bot.console.desk import Visit
    from bot.console.service import Service

log = logger("console")

GOING = "citymod-going"
"""The cookie of who is at the sign-in service."""
NO = "Name, password and code do not fit together, or too many tries have locked you out for 15 minutes."
"""One sentence for whatever is wrong: it tells nobody which names exist."""


def signing_in(visit: Visit) -> Response:
    """Show where one signs in."""
    return visit.page("sign_in.html.j2", then=_inside(visit.asked("then")), problem="", login="")


def sign_in(visit: Visit) -> Response:
    """Let somebody in, under a session that did not exist before."""
    login = visit.said("login")
    if not visit.desk.tries.allows(visit.origin, visit.now):
        raise Refused(429, "There were too many tries to sign in from your network. Wait ten minutes.")
    if not _fits(visit, login):
        return visit.page("sign_in.html.j2", 403, then=_inside(visit.said("then")), problem=NO, login=login)
    return let_in(visit, login, how="signed in")


def let_in(visit: Visit, login: str, *, how: str, grant: str | None = None, then: str | None = None) -> Response:
    """Begin a session for somebody who has proved who they are, and take them to where they were going."""
    with visit.desk.database.begin() as tx:
        sessions.sweep(tx, visit.now, idle=visit.desk.idle, longest=visit.desk.longest)
        token = sessions.begin(tx, login, visit.now, grant=grant)
        access.note(tx, login, how, now=visit.now, origin=visit.origin)
    answer = visit.go(_inside(visit.said("then") if then is None else then))
    give(visit.desk, answer, SIGNED_IN, token)
    take(visit.desk, answer, VISITING)
    return answer


def service(visit: Visit) -> Response:
    """Send somebody to the City's own sign-in service."""
    asked = _service(visit)
    try:
        url, held = asked.away(_inside(visit.asked("then")), visit.now)
    except Silent as error:
        log.warning("the sign-in service is silent", why=str(error))
        raise Refused(503, SILENT) from error
    answer = visit.go(url)
    give(visit.desk, answer, GOING, held)
    return answer


def service_return(visit: Visit) -> Response:
    """Let in whom the sign-in service vouches for, if they are known here and are who they were before."""
    if not visit.desk.tries.allows(visit.origin, visit.now):
        raise Refused(429, "There were too many tries to sign in from your network. Wait ten minutes.")
    held = visit.request.cookies.get(cookie(visit.desk, GOING), "")
    try:
        found, then = _service(visit).back(held, visit.asked("state"), visit.asked("code"), visit.now)
    except Silent as error:
        log.warning("the sign-in service is silent", why=str(error))
        raise Refused(503, SILENT) from error
    except NotWelcome as error:
        raise Refused(403, f"You are not signed in: {error}.") from error
    with visit.desk.database.begin() as tx:
        known = staff.by_login(tx, found.login)
        if known is None or known.disabled_at is not None or known.subject not in {None, found.subject}:
            access.note(tx, found.login[:200], "service, refused", now=visit.now, origin=visit.origin)
            known = None
        elif known.subject is None:
            staff.bind(tx, found.login, found.subject, visit.now)
    if known is None:
        message = "The City's account is good, but nobody of that name may use this console. Ask an administrator."
        raise Refused(403, message)
    answer = let_in(visit, known.login, how="signed in by the service", grant=found.grant, then=then)
    take(visit.desk, answer, GOING)
    return answer


def _service(visit: Visit) -> Service:
    if visit.desk.service is None:
        raise Refused(404, "The settings name no sign-in service.")
    return visit.desk.service


def sign_out(visit: Visit) -> Response:
    """End this session."""
    with visit.desk.database.begin() as tx:
        if visit.session is not None:
            sessions.end(tx, visit.session)
    answer = visit.go("/sign-in", done="signed-out")
    take(visit.desk, answer, SIGNED_IN)
    return answer


def _fits(visit: Visit, login: str) -> bool:
    """Whether what the form says proves that somebody is this person; failures are counted."""
    with visit.desk.database.read() as tx:
        known = staff.by_login(tx, login)
    proved = proofs.prove(visit.desk.settings, known, visit.exactly("password"), visit.said("code"), visit.now)
    with visit.desk.database.begin() as tx:
        present = staff.by_login(tx, login)  # another request may have used the code up, or locked them out
        open_to = present is not None and present.disabled_at is None and not present.is_locked(visit.now)
        unused = present is not None and proved is not None and proved.step > (present.totp_used or 0)
        if open_to and proved is not None and unused:
            staff.proved(tx, login, totp_used=proved.step, password=proved.rehashed)
            return True
        if open_to:
            staff.failed(tx, login, visit.now)
        access.note(tx, login[:200], "sign-in, refused", now=visit.now, origin=visit.origin)
    return False


def _inside(path: str) -> str:
    """Where to go afterwards: a page of ours, whatever was asked."""
    parts = urlsplit(path)
    inside = path.startswith("/") and not path.startswith(("//", "/\\")) and not (parts.scheme or parts.netloc)
    return path if inside and path.isprintable() else "/"


def you(visit: Visit) -> Response:
    """Show who one is here, and change one's own password."""
    if visit.request.method == "GET":
        return visit.page("you.html.j2", problem="")
    me = visit.someone
    new = visit.exactly("new")
    if new != visit.exactly("again"):
        return visit.page("you.html.j2", 409, problem="The new password was not typed the same twice.")
    if not _fits(visit, me.login):
        return visit.page("you.html.j2", 403, problem=NO)
    try:
        hashed = proofs.hashed(new)
    except ValueError as error:
        return visit.page("you.html.j2", 409, problem=f"{str(error).capitalize()}.")
    with visit.desk.database.begin() as tx:
        staff.set_proofs(tx, me.login, password=hashed, totp=me.totp, agent=agent(me.login), now=visit.now)
        token = sessions.begin(tx, me.login, visit.now)
    answer = visit.go("/you", done="password")
    give(visit.desk, answer, SIGNED_IN, token)
    return answer
