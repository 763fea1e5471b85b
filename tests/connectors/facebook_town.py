"""A Page with a few posts on a stand-in of Facebook, for the tests beside this file."""

from __future__ import annotations

import importlib.util
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.domain.types import Account, Ref
from connectors.facebook.connector import Facebook, connect
from connectors.facebook.standin import StandIn
from connectors.standin import faults
from connectors.standin.server import Server
from connectors.standin.world import Person, World
from connectors.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.domain.types import Batch, Comment, Cursor
    from connectors.standin.world import WorldComment

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PAT = Person(id="24110000000000007", name="Pat Q. Public", handle="pat.public")
SAM = Person(id="24110000000000008", name="Sam Visitor", handle="sam.visitor")
ORACLE = Path(__file__).parent.parent / "contract" / "oracles" / "facebook.py"


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def on(self, **step: float) -> datetime:
        self.now += timedelta(**step)
        return self.now


@dataclass
class Town:
    """The world, its stand-in, and a connector of its Page."""

    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.world = World(clock=self.clock)
        self.standin = StandIn(self.world)
        self.page = self.world.add_account("facebook", "1020000000000001", "City of Example", "cityofexample")
        self.server = Server(self.standin)
        self.account = Account(platform="facebook", id=self.page.id, name=self.page.name)
        self.connector = self.connect()

    def connect(self, **credentials: str) -> Facebook:
        transport = Transport(api=self.server.url, web=self.server.url, connect=2, read=5, total=10)
        return connect(self.account, self.standin.credentials(self.page) | credentials, transport)

    def ref(self, comment: WorldComment) -> Ref:
        return Ref(platform="facebook", account=self.page.id, item=comment.id)

    def poll(self, cursor: Cursor | None = None) -> list[Batch]:
        return list(self.connector.poll(cursor, now=self.clock.now))

    def requests(self, verb: str | None = None) -> list[Any]:
        return [line.request for line in self.server.log if verb in (None, line.verb)]

    def acts(self) -> list[tuple[str, str]]:
        return [(effect.what, effect.comment) for effect in self.world.effects_by(["app"])]


@contextmanager
def a_town() -> Iterator[Town]:
    """A running town; what it was asked and answered is held against Meta's tables in the end."""
    town = Town()
    with town.server:
        yield town
    whole = [line for line in town.server.log if line.fault != faults.GARBLED]
    problems = [problem for line in whole for problem in oracle().check(line)]
    assert not problems, "\n".join(problems)


def oracle() -> Any:
    spec = importlib.util.spec_from_file_location("oracle_facebook", ORACLE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def comments(batches: list[Batch]) -> dict[str, Comment]:
    """The latest reading of each comment."""
    return {comment.ref.item: comment for batch in batches for comment in batch.comments}
