"""The routes of the console, and what every answer carries. `start` serves it until it is told to stop."""

from __future__ import annotations

from datetime import timedelta
from importlib.resources import files
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from archive.joined import Joined
from bot.console import (
    audit_page,
    case_page,
    health_page,
    pause_page,
    pictures,
    policy_page,
    queue_page,
    registry_page,
    requests_page,
    review_link_page,
    search_page,
    sign_in,
    tasks_page,
    wording_page,
)
from bot.console.desk import Desk
from bot.console.door import behind
from bot.console.limits import Limit
from bot.console.may import MAY
from bot.console.service import Service
from bot.log import logger
from bot.pause import Switch
from bot.settings import MissingCredential
from rules.load import Approvals, load_policy

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from archive.database import Database
    from bot.console.desk import Handler, Visit
    from bot.settings import Settings

STATIC = "/static"
POLICY = "; ".join(
    (
        "default-src 'none'",
        *("script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'"),
        *("form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"),
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
LASTING = "max-age=31536000; includeSubDomains"

log = logger("console")


def home(visit: Visit) -> Response:
    """Take people to what their roles are about."""
    return visit.go("/queue" if visit.may("queue") else "/pause")


PAGES: tuple[tuple[str, str, str, Handler], ...] = (
    ("signing-in", "GET", "/sign-in", sign_in.signing_in),
    ("sign-in", "POST", "/sign-in", sign_in.sign_in),
    ("service", "GET", "/sign-in/service", sign_in.service),
    ("service-return", "GET", "/sign-in/return", sign_in.service_return),
    ("sign-out", "POST", "/sign-out", sign_in.sign_out),
    ("you", "GET", "/you", sign_in.you),
    ("you", "POST", "/you", sign_in.you),
    ("home", "GET", "/", home),
    ("queue", "GET", "/queue", queue_page.queue),
    ("next", "POST", "/queue/next", queue_page.next_one),
    ("case", "GET", "/case", case_page.case),
    ("decide", "POST", "/case", case_page.decide),
    ("raise", "POST", "/case/raise", case_page.raise_),
    ("keep", "POST", "/case/keep", queue_page.keep),
    ("give-back", "POST", "/case/give-back", queue_page.give_back),
    ("evidence", "GET", "/evidence", pictures.evidence),
    ("attached", "GET", "/attached", pictures.attached),
    ("search", "GET", "/search", search_page.find),
    ("accounts", "GET", "/accounts", health_page.accounts),
    ("tasks", "GET", "/tasks", tasks_page.tasks),
    ("task", "POST", "/tasks", tasks_page.done),
    ("refuse-task", "POST", "/tasks/refuse", tasks_page.refuse),
    ("enter", "POST", "/tasks/enter", tasks_page.enter),
    ("registry", "GET", "/registry", registry_page.registry_page),
    ("ask-site", "POST", "/registry", registry_page.ask),
    ("decide-site", "POST", "/registry/decide", registry_page.decide),
    ("record-site", "POST", "/registry/record", registry_page.record_of),
    ("off-board", "POST", "/registry/off-board", registry_page.off_board),
    ("action-plan", "GET", "/registry/form", registry_page.action_plan),
    ("registry-csv", "GET", "/registry/csv", registry_page.registry_csv),
    ("requests", "GET", "/requests", requests_page.requests),
    ("open-request", "POST", "/requests", requests_page.open_),
    ("request", "GET", "/request", requests_page.request),
    ("export", "POST", "/request/export", requests_page.export),
    ("extend-request", "POST", "/request/extend", requests_page.extend),
    ("close-request", "POST", "/request/close", requests_page.close),
    ("health", "GET", "/health", health_page.health),
    ("policy", "GET", "/policy", policy_page.policy),
    ("wording", "GET", "/policy/wording", wording_page.wording),
    ("try-wording", "POST", "/policy/wording", wording_page.bring),
    ("approve-wording", "POST", "/policy/wording/approve", wording_page.approve),
    ("audit", "GET", "/audit", audit_page.audit),
    ("pause", "GET", "/pause", pause_page.pause),
    ("pausing", "POST", "/pause", pause_page.pausing),
    ("resuming", "POST", "/pause/resume", pause_page.resuming),
    ("pause-link", "GET", "/pause/link", pause_page.pause_link),
    ("pausing-by-link", "POST", "/pause/link", pause_page.pausing_by_link),
    ("review-link", "GET", "/case/link", review_link_page.review_link),
    ("reviewing-by-link", "POST", "/case/link", review_link_page.reviewing_by_link),
)
"""Name, method, path and page of every route. Who may use it says bot/console/may.py."""


def build(settings: Settings, database: Database, clock: Callable[[], datetime]) -> Starlette:
    """Put the console together. Raises MissingCredential without settings or key, LookupError where `MAY` has a gap."""
    if settings.console is None:
        message = "the settings name no `console`: add one with `port` and `address`"
        raise MissingCredential(message)
    desk = Desk(
        settings=settings,
        console=settings.console,
        database=database,
        notes=Joined(database),
        clock=clock,
        switch=Switch(settings.switch_file),
        policy=load_policy(settings.rules.policy, Approvals.load(settings.rules.approvals)),
        service=Service(settings, settings.console.sign_in, settings.console.address)
        if settings.console.sign_in
        else None,
        requests=Limit(settings.console.requests_a_minute, timedelta(minutes=1)),
        tries=Limit(settings.console.tries_in_ten_minutes, timedelta(minutes=10)),
    )
    desk.csrf("")  # a missing key is told now, and not to the first who signs in
    unknown = MAY.keys() ^ {name for name, *_ in PAGES}
    if unknown:
        message = f"who may use {', '.join(sorted(unknown))} is not said, or said of no route; see bot/console/may.py"
        raise LookupError(message)
    routes = [Route(path, behind(desk, name, page), methods=[method]) for name, method, path, page in PAGES]
    static = Mount(STATIC, StaticFiles(directory=str(files("bot.console") / "static")))
    app = Starlette(
        routes=[*routes, static],
        middleware=[Middleware(_Armour, lasting=desk.secure)],
        exception_handlers={404: _nowhere, 405: _nowhere, 500: _broken},
    )
    app.state.desk = desk
    return app


def start(settings: Settings, database: Database, clock: Callable[[], datetime]) -> None:
    """Serve the console until the process is told to stop. Raises what `build` raises, OSError if the port is taken."""
    app = build(settings, database, clock)
    if settings.console is None:
        return
    uvicorn.run(
        app,
        host=settings.console.host,
        port=settings.console.port,
        access_log=False,  # addresses may hold what people searched for; the access table says who looked at what
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=10,
        limit_concurrency=200,
    )


class _Armour:
    """Gives every answer the headers that keep other sites and strangers' scripts out; nothing is kept by browsers."""

    def __init__(self, app: ASGIApp, *, lasting: bool) -> None:
        self._app = app
        self._headers = HEADERS | ({"Strict-Transport-Security": LASTING} if lasting else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = "max-age=3600" if str(scope["path"]).startswith(STATIC) else "no-store"
                given = {name.lower() for name, _ in message["headers"]}
                told = {"Cache-Control": kept} | self._headers
                message["headers"] = [
                    *message["headers"],
                    *((n.lower().encode(), v.encode()) for n, v in told.items() if n.lower().encode() not in given),
                ]
            await send(message)

        await self._app(scope, receive, sending if scope["type"] == "http" else send)


async def _nowhere(request: Request, error: Exception) -> Response:
    del request, error
    return RedirectResponse("/", 303)


async def _broken(request: Request, error: Exception) -> Response:
    log.error("a page failed", path=request.url.path, why=type(error).__name__, exc_info=error)
    return PlainTextResponse(
        "Something went wrong here. It is in the log. Nothing was shown or changed by halves.", 500
    )
