"""A PostgreSQL server of the tests' own: made in a temporary folder, reached through a socket in it, gone afterwards.

It has the two roles that a city's server has, too: `OWNER` makes and alters the tables, `WORKER` is who the program
works as. Nothing survives, so nothing is synced to the disk; what a crash leaves behind is not what is tested on it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Self

import psycopg

from archive import roles

OWNER, WORKER = "city_owner", "citymod"
PORT = "5432"
SERVER_USERS = ("postgres", "nobody")
"""PostgreSQL refuses to run as root; then the first of these users that there is runs it."""
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "60",
    "listen_addresses": "",
    "timezone": "America/Chicago",  # unlike UTC, so that a time read wrongly is seen
    "shared_buffers": "32MB",
}


class NoPostgres(Exception):
    """There is no PostgreSQL to be run. The text says what to install."""


def find_binaries() -> Path:
    """Give the folder with `initdb` and `postgres`. Raises `NoPostgres`."""
    told = os.environ.get("CITYMOD_POSTGRESQL")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    candidates = [Path(told)] if told else [*debian, *([Path(on_path).resolve().parent] if on_path else [])]
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    message = (
        f"no PostgreSQL server in {', '.join(map(str, candidates)) or 'the usual places'}: run `sh setup.sh dev`, "
        "install Debian's package postgresql, or name the folder of initdb in CITYMOD_POSTGRESQL"
    )
    raise NoPostgres(message)


class Postgres:
    """``with Postgres() as server``: a running server; `create` makes a database in it."""

    def __init__(self) -> None:
        self._binaries = find_binaries()
        self._user = _server_user()
        self.folder = Path(tempfile.mkdtemp(prefix="citymod-pg-"))
        self._made = 0
        self._templates: dict[str, str] = {}
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if self._user:
            shutil.chown(self.folder, self._user, pwd.getpwnam(self._user).pw_gid)
        data = self.folder / "data"
        self._run("initdb", "-D", data, "-U", "admin", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-N")
        settings = [word for name, value in FAST.items() for word in ("-c", f"{name}={value}")]
        log = (self.folder / "log").open("wb")
        self._server = subprocess.Popen(
            [self._binaries / "postgres", "-D", data, "-k", self.folder, "-p", PORT, *settings],
            user=self._user,
            group=self._group(),
            cwd="/",
            stdout=log,
            stderr=log,
        )
        log.close()
        self._wait()
        with self.admin() as admin:
            admin.execute(f"CREATE ROLE {OWNER} LOGIN PASSWORD 'owner' CREATEDB")
            admin.execute(f"CREATE ROLE {WORKER} LOGIN PASSWORD 'worker'")
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.send_signal(2)  # disconnects whoever is left, as `pg_ctl stop -m fast`
            self._server.wait(30)
        shutil.rmtree(self.folder)

    def admin(self, database: str = "postgres") -> psycopg.Connection:
        """A connection of somebody who may do anything."""
        return psycopg.connect(host=str(self.folder), user="admin", dbname=database, autocommit=True)

    def url(self, database: str, role: str = WORKER) -> str:
        """The address under which the program reaches a database."""
        return f"postgresql+psycopg://{role}@/{database}?host={self.folder}"

    def create(self, template: str = "template0") -> str:
        """Make a database as a copy of another one, which nobody may be using; give its name."""
        self._made += 1
        name = f"test{self._made}"
        with self.admin() as admin:
            admin.execute(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {template}")
            admin.execute(f"GRANT CONNECT ON DATABASE {name} TO {WORKER}")
        return name

    def prepared(self) -> str:
        """Make a database that has its tables and nothing else, ready for `WORKER`."""
        if "empty" not in self._templates:
            name = self.create()
            with self.admin(name) as admin:
                admin.execute(f"ALTER SCHEMA public OWNER TO {OWNER}")
            roles.prepare(self.url(name, OWNER), worker=WORKER)
            self._templates["empty"] = name
        return self.create(self._templates["empty"])

    def drop(self, name: str) -> None:
        """Remove a database, whoever may still be connected."""
        with self.admin() as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _wait(self) -> None:
        for _ in range(200):
            try:
                self.admin().close()
            except psycopg.OperationalError as error:
                failure = error
                if self._server is not None and self._server.poll() is not None:
                    break
                self._pause()
            else:
                return
        raise NoPostgres((self.folder / "log").read_text()) from failure

    def _pause(self) -> None:
        if self._server is not None:
            try:
                self._server.wait(0.05)
            except subprocess.TimeoutExpired:
                return

    def _run(self, tool: str, *words: object) -> None:
        done = subprocess.run(
            [self._binaries / tool, *map(str, words)],
            user=self._user,
            group=self._group(),
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            message = f"{tool} failed: {done.stderr}"
            raise NoPostgres(message)

    def _group(self) -> int | None:
        return pwd.getpwnam(self._user).pw_gid if self._user else None


def _server_user() -> str | None:
    """Who runs the server: whoever runs the tests, unless that is root."""
    if os.geteuid() != 0:
        return None
    for name in SERVER_USERS:
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    message = f"PostgreSQL does not run as root, and there is no user {' or '.join(SERVER_USERS)} to run it as"
    raise NoPostgres(message)
