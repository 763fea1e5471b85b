"""One City account on X's stand-in, for tests of what is X's alone."""

from __future__ import annotations

import importlib.util
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.domain.types import Account, Ref
from connectors import find
from connectors.standin.server import PAGE, Server
from connectors.standin.world import Person, World
from connectors.transport import Transport
from connectors.x.standin import StandIn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.domain.types import Batch, Comment, Cursor
    from connectors.contract import Connector
    from connectors.standin.world import WorldAccount, WorldComment, WorldPost


@dataclass
class Place:
    """The world, its clock, the stand-in and its server. Time passes only by `forward`."""

    now: datetime = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
    world: World = field(init=False)
    standin: StandIn = field(init=False)
    server: Server = field(init=False)
    city: WorldAccount = field(init=False)

    def __post_init__(self) -> None:
        self.world = World(clock=lambda: self.now)
        self.standin = StandIn(self.world)
        self.server = Server(self.standin)
        self.city = self.world.add_account("x", "2244994945", "City of Example", "CityOfExample")

    def forward(self, **much: float) -> datetime:
        self.now += timedelta(**much)
        return self.now

    def connector(self, credentials: Mapping[str, str] | None = None) -> Any:
        account = Account(platform="x", id=self.city.id, name=self.city.name)
        transport = Transport(api=self.server.url, web=self.server.url, read=5, total=10)
        return find.connect(account, credentials or self.standin.credentials(self.city), transport)

    def post(self, text: str = "The library opens at nine.", **kwargs: Any) -> WorldPost:
        self.forward(minutes=1)
        return self.world.add_post(self.city, text, **kwargs)

    def comment(self, post: WorldPost, text: str, **kwargs: Any) -> WorldComment:
        self.forward(seconds=5)
        kwargs.setdefault("author", Person(id="501", name="Pat Example", handle="pat_example"))
        return self.world.add_comment(post, text, **kwargs)

    def ref(self, comment: WorldComment) -> Ref:
        return Ref(platform="x", account=self.city.id, item=comment.id)

    def poll(self, cursor: Cursor | None = None, connector: Connector | None = None) -> list[Batch]:
        self.forward(minutes=1)
        return list((connector or self.connector()).poll(cursor, now=self.now))

    def asked(self, verb: str) -> int:
        """How often requests of that kind were made."""
        return sum(exchange.verb == verb for exchange in self.server.log)


@contextmanager
def open_place() -> Iterator[Place]:
    """A place with its server running."""
    place = Place()
    with place.server:
        yield place


def breaches(place: Place) -> list[str]:
    """What X's published contract has to say of everything that went over the wire, as tests/contract reads it."""
    path = Path(__file__).parent.parent / "contract" / "oracles" / "x.py"
    spec = importlib.util.spec_from_file_location("oracle_of_x", path)
    assert spec
    assert spec.loader
    oracle = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(oracle)
    known = [exchange for exchange in place.server.log if exchange.verb != PAGE and exchange.fault is None]
    return [f"{one.request.path}: {breach}" for one in known for breach in oracle.check(one)]


def comments(batches: list[Batch]) -> dict[str, Comment]:
    """The comments of a poll by their text."""
    return {comment.text: comment for batch in batches for comment in batch.comments}
