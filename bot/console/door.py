"""The one door to every page: who is there, may they, did they mean it; and what they did is written down.

Every route of the console is made by `behind`, so none can lack a step. In this order: who asks, whether not too often,
whether their roles may (bot/console/may.py), whether a form came from a page of ours, what the page answers, and a row
in the access table before the answer goes out.
"""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from archive import access, sessions, staff
from archive.cases import CaseMoved
from archive.database import Unavailable
from archive.records import Unrecorded
from bot.console.desk import Visit
from bot.console.may import MAY
from bot.console.service import ASKED_EACH, NotWelcome, Silent
from bot.intake import NotTaken
from bot.log import logger
from bot.review import NotPossible

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from archive.database import Tx
    from archive.sessions import Session
    from bot.console.desk import Desk, Handler
    from bot.console.may import Entry

SAFE = frozenset({"GET", "HEAD"})
SIGNED_IN = "citymod"
VISITING = "citymod-visitor"
SILENT = "The City's sign-in service does not answer, so nobody can be let in by it now. Try again in a minute."
"""The cookies of who is signed in, and of who is about to be."""

log = logger("console")


class Refused(Exception):
    """A request that is not carried out, with a status and a sentence for whoever made it."""

    def __init__(self, status: int, sentence: str) -> None:
        """Take both."""
        super().__init__(sentence)
        self.status = status


def cookie(desk: Desk, name: str) -> str:
    """How a cookie is called: where there is TLS, so that no other host of the City can set it."""
    return f"__Host-{name}" if desk.secure else name


def behind(desk: Desk, name: str, handle: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Put a page behind the door. Raises KeyError for one of which the table does not say who may use it."""
    entry = MAY[name]

    async def answer(request: Request) -> Response:
        form = await _form(request, entry.largest)
        try:
            return await run_in_threadpool(_answer, desk, name, entry, handle, request, form)
        finally:
            await form.close()

    return answer


async def _form(request: Request, largest: int) -> FormData:
    """Read what was sent, if its size is said and not too large."""
    if request.method in SAFE:
        return FormData()
    size = request.headers.get("content-length", "")
    if not size.isdigit():
        raise HTTPException(411, "A form says how long it is.")
    if int(size) > largest:
        raise HTTPException(413, f"That is too large: at most {largest // 1024:,} kB can be sent here.")
    return await request.form(max_files=5, max_fields=60)


def _answer(  # noqa: PLR0913  all that a request is
    desk: Desk, name: str, entry: Entry, handle: Handler, request: Request, form: FormData
) -> Response:
    now = desk.clock()
    token = request.cookies.get(cookie(desk, SIGNED_IN), "")
    visit = Visit(desk=desk, request=request, form=form, now=now, held=token)
    try:
        _know(visit, token)
        _is_not_too_often(visit)
        _is_still_welcome(visit)
        away = _keep_out(visit, entry)
        if away is not None:
            return away
        if request.method not in SAFE and not entry.proves:
            _is_meant(visit)
        answer = handle(visit)
    except Refused as refused:
        answer = _sorry(visit, refused.status, str(refused))
    except (NotPossible, NotTaken, CaseMoved) as error:
        answer = _sorry(visit, 409, str(error))
    except (Unrecorded, HTTPException) as error:
        status = error.status_code if isinstance(error, HTTPException) else 404
        answer = _sorry(visit, status, error.detail if isinstance(error, HTTPException) else str(error))
    except Unavailable as error:
        log.warning("the archive cannot be used", why=str(error))
        return _sorry(visit, 503, "The archive cannot be used at this moment. Nothing was changed. Try again.")
    try:
        _note(visit, name, entry, answer)
    except Unavailable as error:
        log.warning("who looked at what cannot be written down", why=str(error))
        return _sorry(visit, 503, "It cannot be written down that you looked, so nothing is shown. Try again.")
    return _held(visit, answer)


def _know(visit: Visit, token: str) -> None:
    """Find out who is signed in, if anybody; else what the browser of a visitor holds."""
    desk = visit.desk
    with desk.database.read() as tx:
        session = sessions.of(tx, token, visit.now, idle=desk.idle, longest=desk.longest) if token else None
        person = staff.by_login(tx, session.login) if session else None
    if session is not None and person is not None and person.disabled_at is None:
        visit.session, visit.person = session, person
        return
    visit.held = visit.request.cookies.get(cookie(desk, VISITING)) or secrets.token_urlsafe(32)


def _is_not_too_often(visit: Visit) -> None:
    if not visit.desk.requests.allows(visit.held if visit.person else visit.origin, visit.now):
        raise Refused(429, "That is too often. Wait a minute.")


def _is_still_welcome(visit: Visit) -> None:
    """Ask the sign-in service, every few minutes, whether whoever it let in is still there. Raises Refused."""
    service, session = visit.desk.service, visit.session
    if session is None or session.grant is None or session.asked_at is None:
        return
    if visit.now - session.asked_at < ASKED_EACH:
        return
    if service is None:
        _out(visit, session)
        return
    with service.one_at_a_time():
        with visit.desk.database.read() as tx:
            present = sessions.of(tx, visit.held, visit.now, idle=visit.desk.idle, longest=visit.desk.longest)
        if present is None or present.grant is None:
            _out(visit, session)
            return
        if present.asked_at is not None and visit.now - present.asked_at < ASKED_EACH:
            return  # another request has asked meanwhile
        try:
            grant = service.still(present.grant)
        except NotWelcome:
            _out(visit, session)
            return
        except Silent as error:
            log.warning("the sign-in service is silent", why=str(error))
            raise Refused(503, SILENT) from error
        with visit.desk.database.begin() as tx:
            sessions.asked(tx, present, grant, visit.now)


def _out(visit: Visit, session: Session) -> None:
    """End a session of somebody whom the sign-in service no longer knows."""
    with visit.desk.database.begin() as tx:
        sessions.end(tx, session)
        access.note(tx, session.login, "signed out by the service", now=visit.now, origin=visit.origin)
    visit.person = visit.session = None
    visit.held = secrets.token_urlsafe(32)


def _keep_out(visit: Visit, entry: Entry) -> Response | None:
    """Send those who must sign in to where they do; raise Refused for those who may not; None for who may."""
    if entry.roles is None:
        return None
    if visit.person is None:
        path = visit.request.url.path
        then = f"{path}?{visit.request.url.query}" if visit.request.url.query else path
        to = f"/sign-in?{urlencode({'then': then})}" if visit.request.method in SAFE else "/sign-in"
        if "hx-request" in visit.request.headers:
            return Response(status_code=401)  # what somebody is typing stays where it is
        return _held(visit, RedirectResponse(to, 303))
    if not visit.person.roles & entry.roles:
        held = ", ".join(sorted(visit.person.roles))
        raise Refused(403, f"Your roles ({held}) do not allow this. An administrator can change them.")
    return None


def _is_meant(visit: Visit) -> None:
    """Refuse a form that no page of ours has sent. Raises Refused."""
    sent = visit.request.headers.get("x-csrf-token") or visit.said("csrf")
    site = visit.request.headers.get("sec-fetch-site", "same-origin")
    expected = visit.desk.csrf(visit.held)
    if site not in {"same-origin", "none"} or not hmac.compare_digest(sent.encode(), expected.encode()):
        raise Refused(403, "This page was open for too long, or the form came from elsewhere. Nothing was changed.")


def _note(visit: Visit, name: str, entry: Entry, answer: Response) -> None:
    """Write down who did what, before they are answered. What fails to be written fails to be shown."""
    if visit.person is None or not entry.noted:
        return
    refused = answer.status_code >= 400  # noqa: PLR2004  HTTP's own line between both
    what = f"{name}, refused ({answer.status_code})" if refused else name
    login, session = visit.person.login, visit.session

    def write(tx: Tx) -> None:
        access.note(tx, login, what, now=visit.now, ref=visit.about, said=visit.words, origin=visit.origin)
        if session is not None:
            sessions.used(tx, session, visit.now)

    visit.desk.notes.write(write)


def _held(visit: Visit, answer: Response) -> Response:
    """Let a visitor's browser hold what their form will be told by."""
    if visit.person is None and "set-cookie" not in answer.headers:
        give(visit.desk, answer, VISITING, visit.held)
    return answer


def give(desk: Desk, answer: Response, name: str, value: str) -> None:
    """Let the browser hold a cookie that no script reads, and that no other site's form brings along."""
    answer.set_cookie(cookie(desk, name), value, path="/", secure=desk.secure, httponly=True, samesite="lax")


def take(desk: Desk, answer: Response, name: str) -> None:
    """Let the browser forget a cookie."""
    answer.delete_cookie(cookie(desk, name), path="/", secure=desk.secure, httponly=True, samesite="lax")


def _sorry(visit: Visit, status: int, sentence: str) -> Response:
    return visit.page("sorry.html.j2", status, sentence=sentence)
