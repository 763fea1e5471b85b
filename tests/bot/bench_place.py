"""A daemon in a process of its own, on stand-ins in this one, for benches: many accounts, real sockets, real time."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

import psutil
from ruamel.yaml import YAML

from archive import cases
from archive.database import Database, Unavailable, WrongDatabase
from bot.settings import load
from bot.standins import ACCOUNTS, StandIns
from bot.trial import MailSink, lay_out
from connectors.standin.world import Person, World

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bot.domain.states import State
    from connectors.standin.server import Request, Response, Server
    from connectors.standin.world import WorldAccount, WorldComment, WorldPost

PLATFORMS = ("facebook", "instagram", "x", "youtube")


class Place:
    """``with Place(folder, each=10) as place``: so many accounts on each platform, one post on each, a daemon."""

    def __init__(self, folder: Path, *, each: int = 1, answers_after: float = 0.0, **account_settings: Any) -> None:
        """Every answer of a platform takes `answers_after` seconds; `account_settings` are those of all accounts."""
        self.folder = folder
        self.world = World()
        self._stack = ExitStack()
        sink = self._stack.enter_context(MailSink(folder / "mails"))
        standins = self._stack.enter_context(StandIns(self.world))
        for server in standins.servers.values():
            _slow_down(server, answers_after)
        first = standins.open_accounts()
        self.file = lay_out(folder, standins, first, sink.port)
        accounts = [first[platform] for platform in PLATFORMS]
        accounts += [_another(self.world, platform, number) for number in range(1, each) for platform in PLATFORMS]
        self.posts = {
            f"{a.platform}:{a.id}": self.world.add_post(a, "The council meets on Thursday.") for a in accounts
        }
        self._write_settings(standins, accounts, account_settings)
        self.settings = load(self.file)
        self.log = folder / "daemon.log"
        with self.log.open("wb") as log:
            command = [sys.executable, "-m", "bot.cli", "run", "--config", str(self.file)]
            self.process = psutil.Popen(command, stderr=log)
        self._database: Database | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._database:
            self._database.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self._stack.close()

    @property
    def database(self) -> Database:
        """The archive, as the daemon has made it; waits until it has."""
        while self._database is None:
            try:
                self._database = Database.open(self.settings.database_url, migrate=False)
            except (Unavailable, WrongDatabase):
                time.sleep(0.2)
        return self._database

    def write(self, post: WorldPost, text: str, *, author: int = 1) -> WorldComment:
        """Let somebody write a comment."""
        named = f"UCresident{author:014}" if post.account.platform == "youtube" else str(7000000000 + author)
        return self.world.add_comment(post, text, author=Person(id=named, name="Pat Resident", handle=f"pat{author}"))

    def tally(self) -> Mapping[State, int]:
        """How many cases stand where."""
        with self.database.read() as tx:
            return cases.tally(tx)

    def own_cpu_seconds(self) -> float:
        """What the daemon itself has used of a core, without the browser."""
        used = self.process.cpu_times()
        return float(used.user + used.system)

    def memory(self) -> int:
        """Bytes that the daemon itself holds, without the browser."""
        return int(self.process.memory_info().rss)

    def others(self) -> int:
        """How many processes the daemon has started that are there now: the capture worker and its browser."""
        return len(self.process.children(recursive=True))

    def events(self, name: str) -> list[dict[str, Any]]:
        """The lines of the daemon's log that tell of one kind of event."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        told = [json.loads(line) for line in lines if line.startswith("{")]
        return [line for line in told if line.get("event") == name]

    def _write_settings(self, standins: StandIns, accounts: list[WorldAccount], changes: Mapping[str, Any]) -> None:
        yaml = YAML()
        settings = yaml.load(self.file)
        models = {entry["platform"]: entry for entry in settings["accounts"]}
        entries = []
        for number, account in enumerate(accounts):
            secret = self.folder / "credentials" / f"account-{number}"
            secret.touch(mode=0o600)
            secret.write_text(json.dumps(standins.credentials(account)), encoding="utf-8")
            one = {"id": account.id, "name": account.name, "credential": secret.name, "evidence": ["record"]}
            entries.append({**models[account.platform], **one, **changes})
        yaml.dump({**settings, "accounts": entries, "acts_a_day": 1_000_000}, self.file)


def _another(world: World, platform: str, number: int) -> WorldAccount:
    """One more account of the city on a platform, with an identifier of the same shape."""
    id_, name, handle = ACCOUNTS[platform]
    return world.add_account(platform, f"{id_[:-3]}{500 + number}", f"{name} {number}", f"{handle}{number}")


def _slow_down(server: Server, seconds: float) -> None:
    handle = server.standin.handle

    def slowly(request: Request) -> Response:
        time.sleep(seconds)
        return handle(request)

    if seconds:
        server.standin.handle = slowly  # type: ignore[method-assign]
