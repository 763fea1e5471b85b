"""The console of a test's city, served on loopback as it is in production, and people who use it over HTTP."""

from __future__ import annotations

import json
import re
import threading
import time
from typing import TYPE_CHECKING, Any, Self

import httpx
import pyotp
import uvicorn

from archive import sessions, staff
from bot.console import app, proofs
from bot.domain.types import Agent, AgentKind, Role

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from city import City

    from bot.settings import Settings

ADMINISTRATOR = Agent(kind=AgentKind.PERSON, name="admin")
PASSWORD = "correct horse battery"
KEY = "k" * 48


def console_settings(folder: Path, **other: Any) -> dict[str, Any]:
    """The settings of a console, and its credential beside those of the platforms."""
    secrets = folder / "credentials"
    secrets.mkdir(parents=True, exist_ok=True)
    secrets.chmod(0o700)
    file = secrets / "console"
    file.touch(mode=0o600)
    file.write_text(json.dumps({"key": KEY}))
    return {"port": 0, "address": "http://localhost:1", **other}


class Served:
    """``with Served(city) as console``: the console answers at `url` until the end."""

    def __init__(self, city: City, settings: Settings | None = None) -> None:
        self.city = city
        self.app = app.build(settings or city.settings, city.parts.database, city.clock)
        self._server = uvicorn.Server(
            uvicorn.Config(self.app, port=0, log_level="warning", lifespan="off", server_header=False)
        )
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self.secrets: dict[str, str] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://localhost:{port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()

    def add(self, login: str, *roles: Role, accounts: Iterable[str] = ()) -> str:
        """Somebody who may sign in with `PASSWORD` and a code."""
        secret, kept = proofs.new_generator(self.city.settings)
        self.secrets[login] = secret
        with self.city.parts.database.begin() as tx:
            staff.add(
                tx,
                login,
                name=login.partition("@")[0].title(),
                roles=roles,
                accounts=list(accounts),
                password=_hashed(),
                totp=kept,
                agent=ADMINISTRATOR,
                now=self.city.clock(),
            )
        return login

    def code(self, login: str) -> str:
        """What the generator shows now."""
        return str(pyotp.TOTP(self.secrets[login]).at(self.city.clock()))

    def client(self) -> httpx.Client:
        """A browser in which nobody is signed in."""
        return httpx.Client(base_url=self.url, timeout=30)

    def as_(self, login: str, *roles: Role, accounts: Iterable[str] = ()) -> httpx.Client:
        """A browser in which somebody is signed in already."""
        with self.city.parts.database.read() as tx:
            known = staff.by_login(tx, login)
        if known is None:
            self.add(login, *roles, accounts=accounts)
        with self.city.parts.database.begin() as tx:
            if known is not None and roles:
                staff.set_roles(
                    tx, login, roles=roles, accounts=list(accounts), agent=ADMINISTRATOR, now=self.city.clock()
                )
            token = sessions.begin(tx, login, self.city.clock())
        client = self.client()
        client.cookies.set("citymod", token, domain="localhost.local")
        return client

    def sign_in(self, client: httpx.Client, login: str, /, **other: str) -> httpx.Response:
        """Sign in by the form."""
        form = {"login": login, "password": PASSWORD, "code": self.code(login)} | other
        return post(client, "/sign-in", form, page="/sign-in")


_HASH: list[str] = []


def _hashed() -> str:
    if not _HASH:
        _HASH.append(proofs.hashed(PASSWORD))
    return _HASH[0]


def csrf(page: httpx.Response) -> str:
    """What the forms of a page send along."""
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', page.text)
    assert found, page.text
    return found[1]


def post(client: httpx.Client, path: str, form: dict[str, Any], *, page: str = "/you", **other: Any) -> httpx.Response:
    """Send a form as a page of the console would."""
    return client.post(path, data={"csrf": csrf(client.get(page)), **form}, **other)
