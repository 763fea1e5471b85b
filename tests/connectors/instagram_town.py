"""An Instagram account with a few media on a stand-in, for the tests beside this file."""

from __future__ import annotations

import importlib.util
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.domain.types import Account, Ref
from connectors.instagram import standin_keys as keys
from connectors.instagram.connector import Instagram, connect
from connectors.instagram.standin import StandIn
from connectors.instagram.standin_show import Shape
from connectors.standin.server import Server
from connectors.standin.world import Person, World
from connectors.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.domain.types import Batch, Comment, Cursor
    from connectors.standin.world import WorldComment, WorldPost

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PAT = Person(id="6200000000000007", name="Pat Q. Public", handle="pat.public")
SAM = Person(id="6200000000000008", name="Sam Visitor", handle="sam.visitor")
ORACLE = Path(__file__).parent.parent / "contract" / "oracles" / "instagram.py"


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
    """The world, its stand-in, and a connector of its account."""

    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.world = World(clock=self.clock)
        self.standin = StandIn(self.world)
        self.page = self.world.add_account("instagram", "17841405309211844", "City of Example", "cityofexample")
        self.server = Server(self.standin)
        self.account = Account(platform="instagram", id=self.page.id, name=self.page.name)
        self.connector = self.connect()
        self.wrong_on_purpose = False

    @property
    def token(self) -> str:
        return keys.page_token(self.page)

    def connect(self, **credentials: str) -> Instagram:
        transport = Transport(api=self.server.url, web=self.server.url, connect=2, read=5, total=10)
        return connect(self.account, self.standin.credentials(self.page) | credentials, transport)

    def ref(self, comment: WorldComment) -> Ref:
        return Ref(platform="instagram", account=self.page.id, item=comment.id)

    def post(self, text: str = "The library opens at nine.", *, at: datetime | None = None, **shape: Any) -> WorldPost:
        """A medium; `shape` says what kind of one."""
        made = self.world.add_post(self.page, text, at=at)
        self.standin.shapes[made.id] = Shape(**shape)
        return made

    def comment(self, post: WorldPost | None = None, text: str = "words", **more: Any) -> WorldComment:
        return self.world.add_comment(post or self.post(), text, **{"author": PAT} | more)

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
    if not town.wrong_on_purpose:
        problems = [problem for line in town.server.log if line.fault is None for problem in oracle().check(line)]
        assert not problems, "\n".join(problems)


def oracle() -> Any:
    spec = importlib.util.spec_from_file_location("oracle_instagram", ORACLE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def comments(batches: list[Batch]) -> dict[str, Comment]:
    """The latest reading of each comment."""
    return {comment.ref.item: comment for batch in batches for comment in batch.comments}
