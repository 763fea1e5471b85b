"""A channel with a few videos on a stand-in of YouTube, for the tests beside this file."""

from __future__ import annotations

import importlib.util
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import google_auth_httplib2
import httplib2
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build

from bot.domain.types import Account, Ref
from connectors.standin.server import PAGE, Request, Response, Server
from connectors.standin.world import Person, World
from connectors.transport import Transport
from connectors.youtube.connector import YouTube, connect
from connectors.youtube.standin import PREFIX, TOKEN, StandIn
from connectors.youtube.standin_errors import Reason, error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.domain.types import Batch, Comment, Cursor
    from connectors.standin.world import WorldComment, WorldPost

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PAT = Person(id="UCpatpatpatpatpatpatpat1", name="Pat Q. Public", handle="pat-public")
SAM = Person(id="UCsamsamsamsamsamsamsam2", name="Sam Visitor", handle="sam-visitor")
ORACLE = Path(__file__).parent.parent / "contract" / "oracles" / "youtube.py"


@dataclass
class Clock:
    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def on(self, **step: float) -> datetime:
        self.now += timedelta(**step)
        return self.now


@dataclass(slots=True)
class Scripted(StandIn):
    """A stand-in that answers, where they are not empty, what stands in `script` (the API) and `tokens` (access)."""

    script: list[Response] = field(default_factory=list)
    tokens: list[Response] = field(default_factory=list)
    answering: dict[str, Reason] = field(default_factory=dict)
    """By kind of request: how YouTube says no to it."""

    def handle(self, request: Request) -> Response:
        if self.script and request.path.startswith(PREFIX):
            return self.script.pop(0)
        if self.tokens and request.path == TOKEN:
            return self.tokens.pop(0)
        if reason := self.answering.get(self.verb(request)):
            return error(reason)
        return StandIn.handle(self, request)


@dataclass
class Town:
    """The world, its stand-in, and a connector of the City's channel."""

    clock: Clock = field(default_factory=Clock)
    told: int = 0

    def __post_init__(self) -> None:
        self.world = World(clock=self.clock)
        self.standin = Scripted(self.world)
        self.page = self.world.add_account("youtube", "UCexampleexampleexample0", "City of Example", "CityOfExample")
        self.server = Server(self.standin)
        self.account = Account(platform="youtube", id=self.page.id, name=self.page.name)
        self.transport = Transport(api=self.server.url, web=self.server.url, connect=2, read=5, total=10)
        self.connector = self.connect()

    def connect(self, **credentials: str) -> YouTube:
        return connect(self.account, self.standin.credentials(self.page) | credentials, self.transport)

    def video(self, text: str = "Council meeting", **kwargs: Any) -> WorldPost:
        self.clock.on(minutes=1)
        return self.world.add_post(self.page, text, **kwargs)

    def comment(self, post: WorldPost, text: str = "Hello", **kwargs: Any) -> WorldComment:
        self.clock.on(seconds=10)
        kwargs.setdefault("author", PAT)
        return self.world.add_comment(post, text, **kwargs)

    def ref(self, comment: WorldComment) -> Ref:
        return Ref(platform="youtube", account=self.page.id, item=comment.id)

    def poll(self, cursor: Cursor | None = None) -> list[Batch]:
        return list(self.connector.poll(cursor, now=self.clock.now))

    def asked(self) -> list[str]:
        """The requests since it was last asked for, each in a few words."""
        told = []
        for exchange in self.server.log[self.told :]:
            request = exchange.request
            words = [request.path.removeprefix(PREFIX), request.one("moderationStatus")]
            words += [name for name in ("mine", "id", "parentId", "playlistId") if name in request.query]
            told.append(" ".join(filter(None, words)))
        self.told = len(self.server.log)
        return told

    def official(self) -> Any:
        """Google's own client, as its documentation has it, with nothing of ours between it and the stand-in."""
        given = self.standin.credentials(self.page)
        credentials = Credentials(None, token_uri=f"{self.server.url}/token", **given)
        http = google_auth_httplib2.AuthorizedHttp(credentials, http=httplib2.Http(timeout=5))
        return build("youtube", "v3", http=http, client_options={"api_endpoint": f"{self.server.url}/"})


@contextmanager
def town() -> Iterator[Town]:
    """A channel for one test."""
    place = Town()
    with place.server:
        yield place


def breaches(place: Town) -> list[str]:
    """What the oracle has to say of everything that went over the wire, faults left out."""
    spec = importlib.util.spec_from_file_location("oracle_youtube", ORACLE)
    assert spec
    assert spec.loader
    oracle = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(oracle)
    exchanges = [one for one in place.server.log if one.fault is None and one.verb != PAGE]
    return [breach for exchange in exchanges for breach in oracle.check(exchange)]


def found(batches: list[Batch]) -> dict[str, Comment]:
    """The comments of a poll by their texts."""
    return {comment.text: comment for batch in batches for comment in batch.comments}
