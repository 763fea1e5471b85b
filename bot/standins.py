"""Starts the stand-in platforms: for the demo, for tests, and alone as ``citymod standin``."""

from __future__ import annotations

import importlib
import json
import signal
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

from bot import corpus
from bot.ending import Ending
from connectors import find
from connectors.standin.faults import Pitfalls
from connectors.standin.server import Desk, Server
from connectors.standin.world import World

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from connectors.standin.world import WorldAccount

DOMAIN = "stand-in.example"
"""Where stand-ins are that listen nowhere."""
ONE_IN = 20
"""An error that is switched on strikes one request in so many."""

# The accounts that a made-up city holds; identifiers look as each platform's own do. A platform that is not here can be
# stood in for, and the made-up city is not on it.
ACCOUNTS = {
    "facebook": ("100064700000001", "City of Fountains", "cityoffountains"),
    "instagram": ("17841400000000001", "City of Fountains", "cityoffountains"),
    "nextdoor": ("5100000001", "City of Fountains", "cityoffountains"),
    "x": ("4100000001", "City of Fountains", "CityOfFountains"),
    "youtube": ("UCcityOfFountains0000001", "City of Fountains", "cityoffountains"),
}


def worked() -> list[str]:
    """The platforms of the made-up city on which the program itself acts, in alphabetical order."""
    return sorted(platform for platform in ACCOUNTS if find.by_hand(platform) is None)


class StandIns:
    """One server for every platform that has a stand-in, over one world."""

    def __init__(self, world: World, port: int | None = 0) -> None:
        """Bind all servers: to free ports, or from `port` upwards in alphabetical order of the platforms.

        `port` None: nothing is bound, and they are reached over a `connectors.standin.wire.Wire` alone.
        """
        self.world = world
        self.servers: dict[str, Desk] = {}
        for number, platform in enumerate(find.with_api()):
            standin = importlib.import_module(f"connectors.{platform}.standin").StandIn(world)
            if port is None:
                self.servers[platform] = Desk(standin, f"http://{platform}.{DOMAIN}")
            else:
                self.servers[platform] = Server(standin, port + number if port else 0)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Start serving."""
        for server in self.servers.values():
            if isinstance(server, Server):
                self._stack.enter_context(server)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving."""
        self._stack.close()

    def open_accounts(self, *, by_hand: bool = False) -> dict[str, WorldAccount]:
        """Open the made-up city's account on every platform; with `by_hand` also where only people act."""
        return {
            platform: self.world.add_account(platform, *ACCOUNTS[platform])
            for platform in ACCOUNTS
            if (platform, ACCOUNTS[platform][0]) not in self.world.accounts
            and (by_hand or find.by_hand(platform) is None)
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

    def fault_names(self) -> dict[str, dict[str, str]]:
        """What can be switched on, by platform: pitfalls with what they do, and errors that strike now and then."""
        return {platform: _switchable(server) for platform, server in self.servers.items()}

    def switch(self, wanted: Sequence[str], seed: int) -> None:
        """Switch on what is named, as NAME on every platform that knows it or PLATFORM:NAME on one.

        An error strikes one request in `ONE_IN`, by the seed. Raises ValueError for what no platform knows.
        """
        known = self.fault_names()
        for platform, server in self.servers.items():
            mine = [name for name in known[platform] if {name, f"{platform}:{name}"} & set(wanted)]
            for name in set(mine) & set(server.faults.names):
                server.faults.sometimes(name, share=1 / ONE_IN, seed=seed)
            if isinstance(pitfalls := getattr(server.standin, "pitfalls", None), Pitfalls):
                server.standin.switch([name for name in mine if name in pitfalls.names], seed=seed)  # type: ignore[attr-defined]
        everything = {
            form for platform, names in known.items() for name in names for form in (name, f"{platform}:{name}")
        }
        if unknown := sorted(set(wanted) - everything):
            message = f"no stand-in knows {', '.join(unknown)}; `citymod standin --faults` lists what they know"
            raise ValueError(message)

    def ledgers(self) -> dict[str, dict[str, Any]]:
        """What was asked of each platform and what it cost there."""
        return {platform: server.ledger() for platform, server in self.servers.items()}


def fault_list() -> list[str]:
    """Everything that can be switched on, a line each: ``platform:name``, and what it does."""
    with StandIns(World()) as standins:
        listed = standins.fault_names().items()
        return [f"{platform}:{name}  {says}" for platform, names in listed for name, says in names.items()]


def _switchable(server: Desk) -> dict[str, str]:
    errors = dict.fromkeys(server.faults.names, f"an error that one request in {ONE_IN} meets")
    pitfalls = getattr(server.standin, "pitfalls", None)
    if not isinstance(pitfalls, Pitfalls):
        return errors
    return errors | {pitfall.name: pitfall.says for pitfall in pitfalls.known if not pitfall.always}


def serve(*, port: int, world_file: Path | None, seed: int, wanted: Sequence[str] = ()) -> None:
    """Run until interrupted. Standard output gets the addresses as a line of JSON, and the ledgers at the end.

    Raises ValueError where something `wanted` (see `StandIns.switch`) is not known.
    """
    with StandIns(World(), port) as standins:
        standins.switch(wanted, seed)
        if world_file:
            corpus.fill_from_file(standins.world, world_file)
        else:
            corpus.fill(standins.world, standins.open_accounts(by_hand=True), seed)
        sys.stdout.write(json.dumps(standins.description()) + "\n")
        sys.stdout.flush()
        ending = Ending()
        with ending.by(signal.SIGTERM, signal.SIGINT):
            ending.wait()
        sys.stdout.write(json.dumps({"ledgers": standins.ledgers()}) + "\n")
        sys.stdout.flush()
