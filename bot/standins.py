"""Starts the stand-in platforms: for the demo, for tests, and alone as ``citymod standin``."""

from __future__ import annotations

import importlib
import json
import signal
import sys
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

from bot import corpus
from connectors.find import platforms
from connectors.standin.server import Server
from connectors.standin.world import World

if TYPE_CHECKING:
    from pathlib import Path

    from connectors.standin.world import WorldAccount

# The accounts that a made-up city holds; identifiers look as each platform's own do.
ACCOUNTS = {
    "facebook": ("100064700000001", "City of Fountains", "cityoffountains"),
    "instagram": ("17841400000000001", "City of Fountains", "cityoffountains"),
    "x": ("4100000001", "City of Fountains", "CityOfFountains"),
    "youtube": ("UCcityOfFountains0000001", "City of Fountains", "cityoffountains"),
}


class StandIns:
    """One server for every platform that has a stand-in, over one world."""

    def __init__(self, world: World, port: int = 0) -> None:
        """Bind all servers: to free ports, or from `port` upwards in alphabetical order of the platforms."""
        self.world = world
        self.servers: dict[str, Server] = {}
        for number, platform in enumerate(platforms()):
            module = importlib.import_module(f"connectors.{platform}.standin")
            self.servers[platform] = Server(module.StandIn(world), port + number if port else 0)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Start serving."""
        for server in self.servers.values():
            self._stack.enter_context(server)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving."""
        self._stack.close()

    def open_accounts(self) -> dict[str, WorldAccount]:
        """Open the made-up city's account on every platform."""
        return {
            platform: self.world.add_account(platform, *ACCOUNTS[platform])
            for platform in self.servers
            if (platform, ACCOUNTS[platform][0]) not in self.world.accounts
        }

    def credentials(self, account: WorldAccount) -> dict[str, str]:
        """What the platform's connector needs to work that account."""
        return self.servers[account.platform].standin.credentials(account)

    def secrets(self) -> tuple[str, ...]:
        """Every credential of every account, which must never be found anywhere."""
        accounts = self.world.accounts.values()
        return tuple(secret for account in accounts for secret in self.credentials(account).values())

    def description(self) -> dict[str, Any]:
        """Addresses by platform, and what a client needs to sign in."""
        accounts = list(self.world.accounts.values())
        return {
            **{platform: server.url for platform, server in self.servers.items()},
            "accounts": {account.platform: account.id for account in accounts},
            "credentials": {account.platform: self.credentials(account) for account in accounts},
        }


def serve(*, port: int, world_file: Path | None, seed: int) -> None:
    """Run until interrupted; the addresses go to standard output as one JSON line."""
    with StandIns(World(), port) as standins:
        if world_file:
            corpus.fill_from_file(standins.world, world_file)
        else:
            corpus.fill(standins.world, standins.open_accounts(), seed)
        sys.stdout.write(json.dumps(standins.description()) + "\n")
        sys.stdout.flush()
        ended = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        ended.wait()
