"""Instagram on a bad day: answers that are none, fields of the wrong kind, and a busy town where much goes wrong."""

from __future__ import annotations

import contextlib
import copy
import json
import random
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from instagram_town import NOON, SAM, Town, comments

from bot.domain.types import Action, Visibility
from connectors.contract import ConnectorError, Refused, Transient
from connectors.instagram.standin_pitfalls import PITFALLS
from connectors.standin import faults
from connectors.standin.world import AUTHOR, STAFF

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.domain.types import Batch, Cursor
    from connectors.standin.server import Request, Response
    from connectors.standin.world import Person, WorldComment, WorldPost

JSON = {"content-type": "application/json; charset=UTF-8"}


@dataclass
class Twisted:
    """A town whose stand-in's answers are changed on their way: `twist` is asked for every one."""

    town: Town = field(default_factory=Town)
    twist: Callable[[Response], Response] = field(default=lambda response: response)

    def __post_init__(self) -> None:
        honest = self.town.standin.handle

        def handle(request: Request) -> Response:
            return self.twist(honest(request))

        self.town.standin.handle = handle  # type: ignore[method-assign]
        post = self.town.post(parts=2)
        self.first = self.town.comment(post)
        self.town.comment(post, "reply", parent=self.first)
        self.own = self.town.comment(post, "own", author=self.town.page.person)
        mention = {"id": "1", "timestamp": "2026-11-20T10:00:00+0000", "text": "@city", "username": "pat"}
        self.town.standin.mentions = {
            "1": mention | {"media": {"id": "2", "permalink": "https://www.instagram.com/p/a/"}}
        }
        self.town.standin.tagged = [{"id": "3", "timestamp": "2026-11-20T10:00:00+0000", "username": "pat"}]
        for name in ("caption", "media_type", "media_product_type", "permalink", "shortcode", "media_url"):
            self.town.standin.tagged[0][name] = None

    def calls(self) -> dict[str, Callable[[], object]]:
        """Everything the connector can be asked, each with a new one."""
        ref = self.town.ref(self.first)
        return {
            "check": lambda: self.town.connect().check(now=NOON),
            "poll": lambda: list(self.town.connect().poll(None, now=NOON)),
            "look": lambda: self.town.connect().look(ref, now=NOON),
            **{
                str(action): lambda action=action: self.town.connect().act(ref, action, now=NOON)
                for action in (Action.HIDE, Action.RESTORE, Action.DELETE)
            },
            "profile": lambda: self.town.connect().profile(now=NOON),
            "followers": lambda: self.town.connect().followers(now=NOON),
            "notify": lambda: self.town.connect().notify(ref, "words", now=NOON),
            "mention": lambda: self.town.connect().mentioned_comment("1", now=NOON),
        }


@pytest.fixture
def twisted() -> Iterator[Twisted]:
    twisted = Twisted()
    with twisted.town.server:
        yield twisted


NO_ANSWERS = {
    "truncated": lambda response: replace(response, body=response.body[: len(response.body) // 2]),
    "html": lambda response: replace(response, body=b"<html>sorry</html>", headers={"content-type": "text/html"}),
    "html called json": lambda response: replace(response, body=b"<html>sorry</html>"),
    "empty": lambda response: replace(response, body=b""),
    "no kind": lambda response: replace(response, headers={}),
    "ten megabytes of zeros": lambda response: replace(response, body=bytes(10_000_000)),
    "deeply nested": lambda response: replace(response, body=b'{"data":' * 50_000),
    "null": lambda response: replace(response, body=b"null"),
    "a number": lambda response: replace(response, body=b"7"),
    "a list": lambda response: replace(response, body=b"[[]]"),
    "nothing": lambda response: replace(response, body=b"{}"),
    "not UTF-8": lambda response: replace(response, body=b'{"data":["\xff\xfe"],"id":"\xff"}'),
    "half a surrogate": lambda response: replace(response, body=b'{"id":"\\ud800","data":[{"id":"\\ud800"}]}'),
    "an odd error": lambda response: replace(response, status=400, body=b'{"error":{"code":[],"message":{}}}'),
    "an error that is text": lambda response: replace(response, status=400, body=b'{"error":"no"}'),
    "418": lambda response: replace(response, status=418),
    "redirect": lambda response: replace(
        response, status=302, headers={**JSON, "location": "http://127.0.0.1:1/elsewhere"}
    ),
}


@pytest.mark.parametrize("name", NO_ANSWERS)
def test_only_the_five_errors_come_out_of_answers_that_are_none(twisted: Twisted, name: str) -> None:
    twisted.twist = NO_ANSWERS[name]
    said = [error for call in twisted.calls().values() if (error := raised(call)) is not None]
    assert len(said) >= 5
    assert not any(twisted.town.token in str(error) for error in said)
    assert twisted.first.public or twisted.first.deleted_by == "app" or twisted.first.hidden_by == "app"


def raised(call: Callable[[], object]) -> ConnectorError | None:
    """Which of the five errors a call raises, if any; anything else comes through."""
    try:
        call()
    except ConnectorError as error:
        return error
    return None


WRONG = (None, 7, "x", "", [], {}, True, [None], [7], {"data": 5}, {"data": [7]}, 1e400, "\ud800")


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place within a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in inner:
        yield (*way, name)
        yield from places(part, (*way, name))


def with_wrong(value: Any, way: tuple[Any, ...], wrong: Any) -> Any:
    """The same JSON value with something else at one place."""
    changed = copy.deepcopy(value)
    at = changed
    for name in way[:-1]:
        at = at[name]
    at[way[-1]] = wrong
    return changed


@pytest.mark.parametrize(
    "name", ["check", "poll", "look", "hide", "delete", "profile", "followers", "notify", "mention"]
)
def test_only_the_five_errors_come_out_of_fields_of_the_wrong_kind(twisted: Twisted, name: str) -> None:
    town, drawn = twisted.town, random.Random(name)
    call = twisted.calls()[name]
    begun = len(town.server.log)
    with contextlib.suppress(ConnectorError):
        call()
    answers = [json.loads(line.response.body) for line in town.server.log[begun:]]
    spots = [(number, way) for number, answer in enumerate(answers) for way in places(answer)]
    said: Counter[str] = Counter()
    for number, way in drawn.sample(spots, min(len(spots), 60)):
        for wrong in drawn.sample(WRONG, 4):
            twisted.twist = _spoiling(number, way, wrong)
            said[type(raised(call)).__name__] += 1
    assert sum(said.values()) > 3


def _spoiling(number: int, way: tuple[Any, ...], wrong: Any) -> Callable[[Response], Response]:
    """Change the answer of that number, if it has such a place, and no other."""
    left = iter(range(10**6))

    def twist(response: Response) -> Response:
        if next(left) != number:
            return response
        try:
            value = with_wrong(json.loads(response.body), way, wrong)
        except (LookupError, TypeError, ValueError):
            return response
        return replace(response, body=json.dumps(value).encode())

    return twist


# ------------------------------------------------------------------------------------------------ a busy town

NOT_ALL_AT_ONCE = {
    "blank_lists",
    "blank_media",
    "filtered",
    "success_false",
    "success_unsaid",
    "writes_blocked",
    "writes_restricted",
    "writes_missing",
    "calls_run_out",
    "authors_unknown",
    "authors_withheld",
    "own_by_username",
}
"""Those that keep everything back, refuse everything, or have tests of their own."""


@pytest.mark.parametrize(
    ("seed", "events"),
    [(1, 300), (2, 300), pytest.param(3, 5000, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])],
)
def test_a_busy_town_is_read_whole_while_much_goes_wrong(seed: int, events: int) -> None:
    town = Town()
    busy = Busy(town, seed, rate=0.03 if events < 1000 else 0.004)
    with town.server:
        on = {pitfall.name for pitfall in PITFALLS if not pitfall.always} - NOT_ALL_AT_ONCE
        town.standin.switch(on, seed=seed)
        if events > 1000:
            town.standin.manners.page_most = town.standin.quirks.replies_most = 40  # else a day's reading takes a day
        for name in (faults.SERVER_ERROR_HTML, faults.CONNECTION_RESET, faults.ANSWER_LOST, "instagram_hiccup"):
            town.server.faults.sometimes(name, share=0.002, seed=seed)
        for number in range(events):
            busy.happen()
            if number % (10 if events < 1000 else 100) == 0:
                busy.read()
                busy.act()
        town.server.faults.clear()
        town.standin.switch(())
        town.clock.on(days=1, minutes=1)
        while not busy.read():
            town.clock.on(hours=1)
    standing = {one.id: one.text for one in town.world.comments.values() if not one.deleted_by}
    assert standing.keys() - busy.read_by_id.keys() == set()
    assert all(standing[ident] in busy.read_by_id[ident] for ident in standing)
    invented = {text for texts in busy.read_by_id.values() for text in texts} - busy.written
    assert invented == set()
    ours = [effect for effect in town.world.effects_by(["app"]) if effect.what == "hide"]
    assert {effect.comment for effect in ours} <= busy.ordered
    assert busy.failures["Transient"] > 0
    assert len(standing) > events / 3


class Busy:
    """People write, staff and authors meddle, and the connector reads and hides, all by one seed."""

    def __init__(self, town: Town, seed: int, *, rate: float) -> None:
        """`rate`: which share of what happens is a new medium."""
        self.town = town
        self.rate = rate
        self.drawn = random.Random(seed)
        self.read_by_id: dict[str, set[str]] = {}
        self.written: set[str] = set()
        self.ordered: set[str] = set()
        self.failures: Counter[str] = Counter()
        self._cursor: Cursor | None = None
        self._people: list[Person] = [
            replace(SAM, id=f"62{number:014}", handle=f"resident{number}") for number in range(9)
        ]
        self._posts: list[WorldPost] = []

    def happen(self) -> None:
        """One event."""
        self.town.clock.on(seconds=self.drawn.randrange(1, 90))
        standing = [one for one in self.town.world.comments.values() if not one.deleted_by]
        chance = self.drawn.random()
        if not self._posts or chance < self.rate:
            self._posts.append(self.town.post(f"medium {len(self._posts)}", parts=self.drawn.choice([0, 0, 3])))
        elif standing and chance < self.rate + 0.02:
            self.town.world.delete(self.drawn.choice(standing), AUTHOR)
        elif standing and chance < self.rate + 0.06:
            one = self.drawn.choice(standing)
            (self.town.world.unhide if one.hidden_by else self.town.world.hide)(one, STAFF)
        else:
            self._write(standing)

    def _write(self, standing: list[WorldComment]) -> None:
        text = f"words {len(self.written)}"
        self.written.add(text)
        parent = self.drawn.choice(standing) if standing and self.drawn.random() < 0.3 else None
        post = parent.post if parent else self.drawn.choice(self._posts[-6:])
        self.town.comment(post, text, author=self.drawn.choice([*self._people, self.town.page.person]), parent=parent)

    def read(self) -> bool:
        """A poll; gives whether it went through to its end."""
        try:
            for batch in self.town.connector.poll(self._cursor, now=self.town.clock.now):
                self._keep(batch)
        except Transient as error:
            self.failures[type(error).__name__] += 1
            return False
        return True

    def _keep(self, batch: Batch) -> None:
        for ident, comment in comments([batch]).items():
            self.read_by_id.setdefault(ident, set()).add(comment.text)
        self._cursor = batch.cursor

    def act(self) -> None:
        """Hide something that was read, if anything was; what becomes of it is looked at."""
        if not self.read_by_id:
            return
        known = self.town.world.comments["instagram", self.drawn.choice(sorted(self.read_by_id))]
        self.ordered.add(known.id)
        ref, now = self.town.ref(known), self.town.clock.now
        try:
            said = self.town.connector.act(ref, Action.HIDE, now=now)
            seen = self.town.connector.look(ref, now=now).visibility
            assert said in (Visibility.UNKNOWN, Visibility.HIDDEN, Visibility.GONE)
            assert (seen is Visibility.GONE) == bool(known.deleted_by)
        except (Refused, Transient) as error:
            self.failures[type(error).__name__] += 1
