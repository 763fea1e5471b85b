"""An account on a stand-in behind Graph, for the tests beside this file: what the towns of both platforms share."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from bot.domain.types import Account, Ref
from connectors import find
from connectors.standin.server import Server
from connectors.standin.world import World
from connectors.transport import Transport

if TYPE_CHECKING:
    from bot.domain.types import Batch, Comment, Cursor
    from connectors.standin.world import WorldComment

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ORACLES = Path(__file__).parent.parent / "contract" / "oracles"


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def on(self, **step: float) -> datetime:
        self.now += timedelta(**step)
        return self.now


@dataclass
class GraphTown:
    """The world, its stand-in, and a connector of its account; `made` makes the stand-in."""

    platform: ClassVar[str]
    ident: ClassVar[str]
    made: ClassVar[Any]
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.world = World(clock=self.clock)
        self.standin = self.made(self.world)
        self.page = self.world.add_account(self.platform, self.ident, "City of Example", "cityofexample")
        self.server = Server(self.standin)
        self.account = Account(platform=self.platform, id=self.page.id, name=self.page.name)
        self.connector = self.connect()

    def connect(self, **credentials: str) -> Any:
        transport = Transport(api=self.server.url, web=self.server.url, connect=2, read=5, total=10)
        return find.connect(self.account, self.standin.credentials(self.page) | credentials, transport)

    def ref(self, comment: WorldComment) -> Ref:
        return Ref(platform=self.platform, account=self.page.id, item=comment.id)

    def poll(self, cursor: Cursor | None = None) -> list[Batch]:
        return list(self.connector.poll(cursor, now=self.clock.now))

    def requests(self, verb: str | None = None) -> list[Any]:
        return [line.request for line in self.server.log if verb in (None, line.verb)]

    def acts(self) -> list[tuple[str, str]]:
        return [(effect.what, effect.comment) for effect in self.world.effects_by(["app"])]


def oracle_of(platform: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"oracle_{platform}", ORACLES / f"{platform}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def comments(batches: list[Batch]) -> dict[str, Comment]:
    """The latest reading of each comment."""
    return {comment.ref.item: comment for batch in batches for comment in batch.comments}
