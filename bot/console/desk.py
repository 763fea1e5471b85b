"""What every page works with: the `Desk`, one for the console, and the `Visit`, one for each request."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.datastructures import UploadFile
from starlette.responses import HTMLResponse, RedirectResponse, Response

from archive import pauses
from archive.card import platform_name, shown
from archive.database import Unavailable
from bot.console.may import MAY
from bot.keys import key
from bot.letters import when

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.requests import Request

    from archive.database import Database, Tx
    from archive.joined import Joined
    from archive.sessions import Session
    from archive.staff import Person
    from bot.console.limits import Limit
    from bot.console.service import Service
    from bot.domain.types import Policy, Ref
    from bot.pause import Switch
    from bot.settings import ConsoleSettings, Settings

TEMPLATES = Environment(
    loader=PackageLoader("bot.console"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.filters.update(shown=shown, platform=platform_name)

NAVIGATION = (
    ("queue", "/queue", "Review"),
    ("search", "/search", "Search"),
    ("tasks", "/tasks", "Tasks"),
    ("requests", "/requests", "Requests"),
    ("accounts", "/accounts", "Accounts"),
    ("registry", "/registry", "Registry"),
    ("health", "/health", "Health"),
    ("policy", "/policy", "Policy"),
    ("audit", "/audit", "Audit"),
)
"""Name of the route, path, and what the link to it says."""

DONE = {
    "uphold": "The comment you decided on is upheld: a picture of it is sealed, and then it is hidden.",
    "dismiss": "The comment you decided on stands. No rule will act on its wording again.",
    "restore": "Ordered: it is shown again, and the platform is asked whether it is.",
    "raised": "It waits for a decision now.",
    "given-back": "You gave it back. Others can take it now.",
    "none": "Nothing waits that is not in somebody’s hands already.",
    "task": "Recorded, with your name.",
    "step": "Recorded as a step. The comment is not gone yet, so the task stays.",
    "entered": "Recorded. The rules judge it as any other comment.",
    "asked": "Recorded. City Communications approves, modifies or denies it.",
    "site-decided": "Recorded, with your name and your reason.",
    "site-recorded": "Recorded, with your name.",
    "off-boarded": "They are signed out everywhere. What is to be done about it waits among the tasks.",
    "paused": "Acting is paused. The record says so, with your name and your reason.",
    "resumed": "The pause is ended.",
    "resumed-nothing": "There was no such pause. That you resumed is on record all the same.",
    "request-opened": "The request is on record, and its time runs.",
    "request-extended": "Recorded, with the cause of the delay.",
    "request-closed": "The request is closed. How it was answered is on record.",
    "wording-approved": "Approved, with your name. It takes effect when the service is started again.",
    "signed-out": "You are signed out.",
    "password": "Your password is changed. You are signed out everywhere else.",
}
"""What a page says after something was done; the address names it by its key alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What all requests share. `clock` tells the time; everything below is handed `now`. `notes`: who looks."""

    settings: Settings
    console: ConsoleSettings
    database: Database
    notes: Joined
    clock: Callable[[], datetime]
    switch: Switch
    policy: Policy
    service: Service | None
    requests: Limit
    tries: Limit

    @property
    def secure(self) -> bool:
        """Whether browsers reach the console by TLS, so that cookies never travel otherwise."""
        return self.console.address.startswith("https://")

    @property
    def idle(self) -> timedelta:
        """After how long without a sign somebody signs in again."""
        return timedelta(minutes=self.console.idle_minutes)

    @property
    def longest(self) -> timedelta:
        """After how long everybody signs in again."""
        return timedelta(hours=self.console.longest_hours)

    def csrf(self, held: str) -> str:
        """What a form must send with whatever the browser holds in its cookie."""
        return hmac.digest(key(self.settings, "csrf"), held.encode(), "sha256").hex()


@dataclass(slots=True, kw_only=True)
class Visit:
    """One request, whoever makes it. `held` is what the browser's cookie holds; `noted` goes into the access table."""

    desk: Desk
    request: Request
    form: FormData
    now: datetime
    held: str
    person: Person | None = None
    session: Session | None = None
    about: Ref | None = None
    words: str = ""

    @property
    def someone(self) -> Person:
        """Who is signed in. Raises LookupError on pages that everybody may see."""
        if self.person is None:
            message = "nobody is signed in"
            raise LookupError(message)
        return self.person

    @property
    def origin(self) -> str:
        """From which network address the request comes, as the City's web server says."""
        return self.request.client.host if self.request.client else ""

    def asked(self, name: str) -> str:
        """What the address asks under a name, without spaces around it."""
        return self.request.query_params.get(name, "").strip()

    def exactly(self, name: str) -> str:
        """What a form says under a name, to the letter; nothing for a file."""
        value = self.form.get(name, "")
        return "" if isinstance(value, UploadFile) else value

    def said(self, name: str) -> str:
        """What a form says under a name, without spaces around it."""
        return self.exactly(name).strip()

    def may(self, route: str) -> bool:
        """Whether whoever is signed in may use a route."""
        roles = MAY[route].roles
        return roles is None or (self.person is not None and bool(self.person.roles & roles))

    def accounts(self) -> frozenset[str]:
        """The accounts that whoever is signed in works with, by their keys."""
        keys = frozenset(entry.account.key for entry in self.desk.settings.accounts)
        return keys & self.someone.accounts if self.someone.accounts else keys

    def named_accounts(self) -> dict[str, str]:
        """The same as people call them, by their keys, in the order of the settings."""
        mine = self.accounts()
        entries = ((entry.account.key, entry) for entry in self.desk.settings.accounts)
        return {key: f"{entry.name} ({entry.platform})" for key, entry in entries if key in mine}

    def when(self, at: datetime) -> str:
        """Say a time by the City's clock."""
        return when(self.desk.settings, at)

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """Draw a page."""
        told = {
            "visit": self,
            "city": self.desk.settings.city.name,
            "csrf": self.desk.csrf(self.held),
            "navigation": [(path, label) for route, path, label in NAVIGATION if self.person and self.may(route)],
            "stopped": self._stopped() if self.person else (),
            "done": DONE.get(self.asked("done"), ""),
        }
        return HTMLResponse(TEMPLATES.get_template(template).render(told | values), status)

    def go(self, path: str, **query: str) -> Response:
        """Send the browser on, after something was done."""
        return RedirectResponse(f"{path}?{urlencode(query)}" if query else path, 303)

    def _stopped(self) -> tuple[str, ...]:
        try:
            with self.desk.database.read() as tx:
                return tuple(stopped(tx, self.desk, self.now))
        except Unavailable:
            return ("it cannot be read whether it is, which counts as paused",)


def stopped(tx: Tx, desk: Desk, now: datetime) -> list[str]:
    """What is paused at this moment, in words."""
    found = [f"{pause.what} by {pause.who.name}: {pause.why}" for pause in pauses.in_force(tx, now)]
    says = desk.switch.files_say(tx)
    return [*found, f"everything: {says}"] if says else found


Handler = Callable[[Visit], Response]
