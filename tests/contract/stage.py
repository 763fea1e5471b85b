"""The stage on which every platform's connector shows what it promises: a little world, its stand-in, a clock."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bot.domain.types import Account, Ref
from connectors import find
from connectors.standin.server import PAGE, Server
from connectors.standin.world import Person, World
from connectors.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

    from bot.domain.types import Batch, Comment, Cursor, Post
    from connectors.contract import Connector
    from connectors.standin.server import Exchange, StandIn
    from connectors.standin.world import WorldAccount, WorldComment, WorldPost

ORACLES = Path(__file__).parent / "oracles"
START = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)


class Oracle(Protocol):
    """What tests/contract/oracles/<platform>.py has to offer.

    `check` holds one exchange against the platform's published contract and gives every breach in words. `parsed`
    reads the fixture called `name` with the platform's own parser and gives the nouns in it, as that platform's
    connector would. A module may also say `ACCOUNT`, an account identifier, if a number will not do; `NAMELESS`, if
    the platform tells no names; `PUBLIC` False, if nobody sees a comment without signing in; and `LOOK`, the verb with
    which a single comment is looked for.
    """

    def check(self, exchange: Exchange) -> list[str]: ...

    def parsed(self, name: str, body: bytes, account: Account) -> Iterable[Post | Comment]: ...


def oracle(platform: str) -> Any:
    """Load a platform's oracle; FileNotFoundError if there is none, which no platform may be without."""
    path = ORACLES / f"{platform}.py"
    spec = importlib.util.spec_from_file_location(f"oracle_{platform}", path)
    assert spec
    assert spec.loader
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def account_id(platform: str) -> str:
    """The identifier that the City's account has on the stage."""
    return str(getattr(oracle(platform), "ACCOUNT", "2244994945"))


def trait(platform: str, name: str, usual: Any) -> Any:
    """What a platform's oracle says of it, `usual` if it says nothing."""
    return getattr(oracle(platform), name, usual)


@dataclass
class Clock:
    """The only time there is on the stage."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **much: float) -> datetime:
        """Let time pass."""
        self.now += timedelta(**much)
        return self.now


@dataclass
class Stage:
    """One City account on one platform, with everything around it."""

    platform: str
    clock: Clock
    world: World
    standin: StandIn
    server: Server
    page: WorldAccount
    granted: dict[str, str] = field(default_factory=dict)
    """Credentials besides those of the stand-in."""
    _people: int = field(default=0)

    @property
    def account(self) -> Account:
        return Account(platform=self.platform, id=self.page.id, name=self.page.name)

    @property
    def now(self) -> datetime:
        return self.clock.now

    def connector(self) -> Connector:
        """A new connector, as after a restart."""
        transport = Transport(api=self.server.url, web=self.server.url, connect=2, read=5, total=10)
        return find.connect(self.account, self.standin.credentials(self.page) | self.granted, transport)

    @property
    def acts(self) -> bool:
        """Whether a program can do anything on the platform; if not, people do (connectors/assisted.py)."""
        return bool(self.connector().can.actions)

    def person(self, name: str = "Pat Example") -> Person:
        """Somebody new."""
        self._people += 1
        return Person(id=f"70000000{self._people:04d}", name=name, handle=f"resident_{self._people}")

    def post(self, text: str = "The library opens at nine.", **kwargs: Any) -> WorldPost:
        """A post of the City, a minute after whatever came before."""
        self.clock.forward(minutes=1)
        return self.world.add_post(self.page, text, **kwargs)

    def comment(self, post: WorldPost, text: str, **kwargs: Any) -> WorldComment:
        """A comment by somebody new, ten seconds after whatever came before."""
        self.clock.forward(seconds=10)
        kwargs.setdefault("author", self.person())
        return self.world.add_comment(post, text, **kwargs)

    def ref(self, comment: WorldComment) -> Ref:
        return Ref(platform=self.platform, account=self.page.id, item=comment.id)

    def poll(self, cursor: Cursor | None = None, connector: Connector | None = None) -> list[Batch]:
        """A whole poll, a minute later."""
        self.clock.forward(minutes=1)
        return list((connector or self.connector()).poll(cursor, now=self.now))

    def effects(self) -> list[tuple[str, str]]:
        """Who did what to comments, in order."""
        return [(effect.what, effect.by) for effect in self.world.effects]

    def breaches(self) -> list[str]:
        """What the oracle has to say of everything that went over the wire, faults left out."""
        check = oracle(self.platform).check
        said = []
        for exchange in self.server.log:
            if exchange.fault is None and exchange.verb != PAGE:
                request = exchange.request
                said += [f"{request.method} {request.path}: {breach}" for breach in check(exchange)]
        return said


def comments(batches: Iterable[Batch]) -> list[Comment]:
    """All comments of a poll, in the order in which they came."""
    return [comment for batch in batches for comment in batch.comments]


def posts(batches: Iterable[Batch]) -> list[Post]:
    """All posts of a poll."""
    return [post for batch in batches for post in batch.posts]


def texts(batches: Iterable[Batch]) -> set[str]:
    """Every wording in a poll."""
    return {comment.text for comment in comments(batches)}


def standin_of(platform: str) -> Any:
    """The platform's stand-in class."""
    return importlib.import_module(f"connectors.{platform}.standin").StandIn
