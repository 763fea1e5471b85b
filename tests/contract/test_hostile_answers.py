"""Whatever comes instead of an answer, nothing but the five errors comes out, and nothing is lost or given away."""

from __future__ import annotations

import copy
import gc
import json
import random
import re
import time
import traceback
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from spoiler import DRIP, RESET, Spoiler
from stage import Clock, account_id, standin_of

from bot.domain.types import Account, Action, Attachment, Ref
from connectors import find
from connectors.contract import (
    ActsOnMany,
    ConnectorError,
    HasFollowers,
    HasMedia,
    HasProfile,
    Malformed,
    Notifies,
    Transient,
)
from connectors.standin.world import Person, World
from connectors.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.domain.types import Batch, Cursor
    from connectors.contract import Connector
    from connectors.standin.server import Response

MARK = "unmistakable words 8731"
"""Stands in every comment, and in whatever a text is put in place of: no error may show it."""
TOTAL = 1.5
"""Seconds until an answer must have ended."""
SAMPLE = 120
"""So many spoilt fields on each platform; all of them in the slow run."""
PUBLIC = frozenset({"identifier", "app_id", "client_id", "token_uri"})
"""What stands among credentials and may be shown."""
_PAGING = re.compile("page|next_token", re.IGNORECASE)
_TOKEN = re.compile("token|jwt|secret", re.IGNORECASE)


@dataclass
class Scene:
    """A small world on one platform with a fresh connector, behind the spoiler."""

    platform: str
    spoiler: Spoiler
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.world = World(clock=self.clock)
        self.standin = standin_of(self.platform)(self.world)
        self.spoiler.begin(self.standin)
        self.page = self.world.add_account(self.platform, account_id(self.platform), "City of Example", "CityOfExample")
        for number in range(2):
            post = self.world.add_post(self.page, f"Notice {number}")
            self.clock.forward(minutes=1)
            person = Person(id=f"70000000000{number}", name="Pat Example", handle=f"resident_{number}")
            first = self.world.add_comment(post, f"{MARK}, first", author=person)
            self.clock.forward(minutes=1)
            self.comment = self.world.add_comment(post, f"{MARK}, reply", author=person, parent=first)
        self.clock.forward(minutes=5)
        self.account = Account(platform=self.platform, id=self.page.id, name=self.page.name)
        self.credentials = self.standin.credentials(self.page)
        self.secrets = {value for name, value in self.credentials.items() if name not in PUBLIC and len(value) >= 8}
        self.connector = self.connect()
        self.got: list[Batch] = []

    def connect(self) -> Connector:
        """A connector as after a restart."""
        url = self.spoiler.url
        transport = Transport(api=url, web=url, connect=2, read=1, total=TOTAL)
        return find.connect(self.account, self.credentials, transport)

    @property
    def ref(self) -> Ref:
        return Ref(platform=self.platform, account=self.page.id, item=self.comment.id)

    def poll(self, cursor: Cursor | None = None) -> None:
        for batch in self.connector.poll(cursor, now=self.clock.now):
            self.got.append(batch)

    def lost(self) -> set[str]:
        """What neither the poll so far nor one that goes on from its last cursor, honestly, has found."""
        self.spoiler.honestly()
        self.clock.forward(minutes=45)
        self.connector = self.connect()
        self.poll(self.got[-1].cursor if self.got else None)
        found = {comment.ref.item for batch in self.got for comment in batch.comments}
        return {comment.id for comment in self.world.comments_of(self.page)} - found


def act(action: Action) -> Callable[[Scene], object]:
    return lambda scene: scene.connector.act(scene.ref, action, now=scene.clock.now)


def optional(kind: type, call: Callable[[Any, Scene], object]) -> Callable[[Scene], object]:
    return lambda scene: call(scene.connector, scene) if isinstance(scene.connector, kind) else None


CALLS: dict[str, Callable[[Scene], object]] = {
    "check": lambda scene: scene.connector.check(now=scene.clock.now),
    "poll": lambda scene: scene.poll(),
    "look": lambda scene: scene.connector.look(scene.ref, now=scene.clock.now),
    "hide": act(Action.HIDE),
    "restore": act(Action.RESTORE),
    "delete": act(Action.DELETE),
    "profile": optional(HasProfile, lambda it, scene: it.profile(now=scene.clock.now)),
    "followers": optional(HasFollowers, lambda it, scene: it.followers(now=scene.clock.now)),
    "notify": optional(Notifies, lambda it, scene: it.notify(scene.ref, "A notice", now=scene.clock.now)),
    "media": optional(
        HasMedia,
        lambda it, scene: it.media(
            Attachment(id="1", kind="image", url=f"{scene.spoiler.url}/1.jpg"), now=scene.clock.now
        ),
    ),
    "act on many": optional(ActsOnMany, lambda it, scene: it.act_on([scene.ref], Action.HIDE, now=scene.clock.now)),
}


def outcome(scene: Scene, call: str) -> ConnectorError | None:
    """Make the call; anything but one of the five fails the test, and so does an error that tells too much."""
    try:
        CALLS[call](scene)
    except ConnectorError as error:
        hold_to_account(scene, error)
        return error
    return None


def hold_to_account(scene: Scene, error: ConnectorError) -> None:
    told = "".join(traceback.format_exception(error))
    assert str(error)
    assert MARK not in str(error)
    assert all(secret not in told for secret in scene.secrets), told
    if isinstance(error, Malformed):
        assert error.payload or scene.spoiler.empty
        assert all(secret.encode() not in error.payload for secret in scene.secrets), error.payload


@pytest.fixture(params=find.with_api())
def platform(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def spoiler() -> Iterator[Spoiler]:
    with Spoiler() as spoiler:
        yield spoiler


BODIES: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda body: body[: max(1, len(body) * 2 // 3)] if body else b"{",
    "html": lambda _: f"<!doctype html><html><body><h1>{MARK}</h1></body></html>".encode(),
    "empty": lambda _: b"",
    "ten megabytes of zeros": lambda _: b"0" * 10_000_000,
    "ten megabytes of null bytes": lambda _: b"\0" * 10_000_000,
    "deep list": lambda _: b"[" * 100_000,
    "deep object": lambda _: b'{"data":' * 100_000,
    "deep and closed": lambda _: b'{"data":[' * 50_000 + b"]}" * 50_000,
    "null": lambda _: b"null",
    "number": lambda _: b"1" * 5_000,
    "text": lambda _: json.dumps(MARK).encode(),
    "list": lambda _: b"[]",
    "object": lambda _: b"{}",
    "not UTF-8": lambda _: b'{"data": "\xff\xfe"}',
    "half a surrogate": lambda body: body.replace(b"unmistakable", b"\\ud800unmistakable"),
    "not a number": lambda _: b'{"data": NaN, "error": {"code": Infinity}, "errors": -Infinity}',
}


REFUSALS = ("html", "deep list", "deep and closed", "null", "number", "text", "list", "object", "not a number")


@pytest.mark.parametrize(
    ("kind", "status"), [*((kind, 200) for kind in BODIES), *((kind, 403) for kind in REFUSALS), ("number", 400)]
)
def test_another_body(platform: str, spoiler: Spoiler, kind: str, status: int) -> None:
    tried = 0
    for call in CALLS:
        scene = Scene(platform, spoiler)
        spoiler.spoil = lambda _, response: replace(response, status=status, body=BODIES[kind](response.body))
        outcome(scene, call)
        if spoiler.answers:
            tried += 1
        if call == "poll":
            assert not scene.lost()
    assert tried >= (3 if scene.connector.can.assisted else 5)


@pytest.fixture(autouse=True)
def nothing_is_collected_where_the_stack_ends(request: pytest.FixtureRequest) -> Iterator[None]:
    """A nest lets the parser's stack end. What Python happens to collect just there cannot close itself properly."""
    if "deep" not in request.node.name:
        yield
        return
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.mark.parametrize("kind", ["truncated", "html", "empty", "ten megabytes of zeros", "deep object", "null"])
def test_another_body_in_the_middle_of_a_poll(platform: str, spoiler: Spoiler, kind: str) -> None:
    scene = Scene(platform, spoiler)
    scene.poll()
    for number in range(len(spoiler.answers)):
        scene = Scene(platform, spoiler)

        def spoil(at: int, response: Response, number: int = number) -> Response:
            return replace(response, body=BODIES[kind](response.body)) if at == number else response

        spoiler.spoil = spoil
        error = outcome(scene, "poll")
        assert error or scene.got
        assert not scene.lost(), number


def asks_the_platform(scene: Scene, call: str) -> None:
    """Where people act, the platform is not asked to."""
    if call == "hide" and scene.connector.can.assisted:
        pytest.skip("people act here")


@pytest.mark.parametrize("call", ["check", "poll", "look", "hide"])
def test_a_slow_drip_is_cut_off(platform: str, spoiler: Spoiler, call: str) -> None:
    scene = Scene(platform, spoiler)
    asks_the_platform(scene, call)
    spoiler.manner = DRIP
    begun = time.monotonic()
    assert isinstance(outcome(scene, call), Transient)
    assert TOTAL <= time.monotonic() - begun < 2 * TOTAL


@pytest.mark.parametrize("call", ["check", "poll", "look", "hide"])
def test_a_reset_in_the_middle_of_a_body(platform: str, spoiler: Spoiler, call: str) -> None:
    scene = Scene(platform, spoiler)
    asks_the_platform(scene, call)
    spoiler.manner = RESET
    assert isinstance(outcome(scene, call), Transient)
    if call == "poll":
        assert not scene.lost()


# Fields: every member of every true answer, spoilt in turn.

MISSING = object()
VALUES: dict[str, object] = {
    "missing": MISSING,
    "null": None,
    "true": True,
    "number": -1,
    "huge number": 10**30,
    "infinite": float("inf"),
    "text": MARK,
    "empty text": "",
    "list": [],
    "list of null": [None],
    "object": {},
    "half a surrogate": "\ud800",
}


@dataclass(frozen=True)
class Spoilt:
    """One field of the number-th answer to a call, and what is put there."""

    call: str
    number: int
    path: tuple[str | int, ...]
    value: str

    def __call__(self, at: int, response: Response) -> Response:
        if at != self.number:
            return response
        whole = copy.deepcopy(json.loads(response.body))
        holder = whole
        for name in self.path[:-1]:
            holder = holder[name]
        if VALUES[self.value] is MISSING:
            del holder[self.path[-1]]
        else:
            holder[self.path[-1]] = VALUES[self.value]
        return replace(response, body=json.dumps(whole).encode())


def fields_of(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in an answer; of a list only its first item and its last."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in inner:
        if isinstance(name, str) or name in (0, len(value) - 1):
            yield (*path, name)
            yield from fields_of(part, (*path, name))


def tokens_of(value: Any) -> Iterator[str]:
    """Every text in an answer that opens something."""
    if isinstance(value, dict):
        for name, part in value.items():
            if isinstance(part, str) and _TOKEN.search(name) and not _PAGING.search(name) and len(part) >= 16:
                yield part
            yield from tokens_of(part)
    elif isinstance(value, list):
        for part in value:
            yield from tokens_of(part)


def everything(platform: str, spoiler: Spoiler) -> tuple[list[Spoilt], set[str]]:
    """All that can be spoilt in the true answers to all calls, and what tokens are in them."""
    found: list[Spoilt] = []
    tokens: set[str] = set()
    for call, make in CALLS.items():
        scene = Scene(platform, spoiler)
        try:
            make(scene)
        except ConnectorError:
            acting = call in ("hide", "restore") and scene.connector.can.assisted  # people do that there
            assert acting or call in ("delete", "media", "notify"), call
        for number, response in enumerate(spoiler.answers):
            try:
                whole = json.loads(response.body)
            except ValueError:
                continue
            tokens.update(tokens_of(whole))
            places = [path for path in fields_of(whole) if not isinstance(whole, list) or len(path) > 1]
            found += [Spoilt(call, number, path, value) for path in places for value in VALUES]
    return found, tokens


def spoilt_fields(platform: str, spoiler: Spoiler, most: int | None) -> None:
    cases, tokens = everything(platform, spoiler)
    assert len(cases) > (200 if Scene(platform, spoiler).connector.can.assisted else 500)
    if most is not None:
        cases = random.Random(8731).sample(cases, most)
    errors = 0
    for case in cases:
        scene = Scene(platform, spoiler)
        scene.secrets |= tokens
        spoiler.spoil = case
        try:
            errors += outcome(scene, case.call) is not None
            if case.call == "poll":
                assert not scene.lost()
        except Exception as error:
            message = f"{case}: {type(error).__name__}: {str(error)[:300]}"
            raise AssertionError(message) from error
    assert errors > len(cases) / 20, "hardly anything spoilt was noticed"


def test_a_spoilt_field(platform: str, spoiler: Spoiler) -> None:
    spoilt_fields(platform, spoiler, SAMPLE)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_spoilt_field(platform: str, spoiler: Spoiler) -> None:
    spoilt_fields(platform, spoiler, None)
