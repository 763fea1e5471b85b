"""Whatever stands in any field of any answer, nothing comes out but nouns that are whole, or one of the five errors."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from x_place import Place, open_place

from bot.domain.types import Action, Comment, Post
from connectors.contract import ConnectorError
from connectors.standin.world import Person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connectors.standin.server import Request, Response
    from connectors.standin.world import WorldComment
    from connectors.x.standin import StandIn

TRIES = 120

ODD: tuple[Any, ...] = (
    None,
    7,
    -1.5,
    True,
    "x",
    "\ud800",
    "9" * 400,
    [],
    [None],
    {},
    {"id": 1},
    "0001-01-01T00:00:00+14:00",
)


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with open_place() as place:
        yield place


@pytest.fixture(scope="module")
def written(place: Place) -> WorldComment:
    """A reply with everything on it: a long text, a picture, a link, an edit, an answer and a quote beside it."""
    place.standin.shelf.shortens = True
    place.standin.limits = dict.fromkeys(("me", "list", "look", "people", "hide", "post"), 10**6)
    place.standin.profiles[place.city.id] = {
        "description": "d",
        "url": "https://t.co/a",
        "public_metrics": {"followers_count": 2},
        "profile_image_url": "https://pbs.twimg.com/a.jpg",
        "entities": {
            "url": {"urls": [{"start": 0, "end": 1, "url": "https://t.co/a", "expanded_url": "https://a.example"}]}
        },
    }
    place.standin.followers[place.city.id] = [Person(id="1", name="A", handle="a")]
    comment = place.comment(place.post(), "@CityOfExample https://example.org/a " + "word " * 80)
    place.standin.shelf.picture(comment, b"picture", "alt")
    place.world.edit(comment, "@CityOfExample https://example.org/b " + "word " * 80)
    place.comment(comment.post, "nested", parent=comment)
    place.standin.shelf.quote(comment.post, "quote", Person(id="801", name="Q", handle="q"))
    return comment


def calls(place: Place, comment: WorldComment) -> dict[str, Callable[[Any], object]]:
    return {
        "check": lambda connector: connector.check(now=place.now),
        "poll": lambda connector: [noun for batch in connector.poll(None, now=place.now) for noun in (
            *batch.posts, *batch.comments)],
        "look": lambda connector: connector.look(place.ref(comment), now=place.now).comment,
        "act": lambda connector: connector.act(place.ref(comment), Action.HIDE, now=place.now),
        "profile": lambda connector: connector.profile(now=place.now),
        "followers": lambda connector: connector.followers(now=place.now),
        "notify": lambda connector: connector.notify(place.ref(comment), "text", now=place.now),
    }  # fmt: skip


def places_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to everything in a JSON value."""
    yield path
    for key, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from places_in(part, (*path, key))


def changed(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    """The value with something odd at the path."""
    if not path:
        return odd
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(value[path[0]], path[1:], odd)
    return copy


def whole(noun: object) -> None:
    """What the archive takes for granted of a noun."""
    if isinstance(noun, Comment | Post):
        assert isinstance(noun.text, str)
        assert isinstance(noun.posted_at, datetime)
        assert noun.posted_at.tzinfo is not None
        texts = [noun.ref.item, noun.url, *(card.id for card in noun.attachments)]
        texts += [text for card in noun.attachments for text in (card.url, card.alt, card.kind) if text is not None]
        texts += [text for text in (noun.author.id, noun.author.name, noun.author.handle) if text is not None]
        assert all(isinstance(text, str) for text in texts), texts


class Spoiling:
    """The stand-in, but that the answer to one of the requests to come is another one."""

    def __init__(self, real: StandIn) -> None:
        self._real = real
        self.until, self.body = -1, b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def handle(self, request: Request) -> Response:
        response = self._real.handle(request)
        self.until -= 1
        return replace(response, body=self.body) if self.until == -1 else response


@pytest.mark.parametrize("name", ["check", "poll", "look", "act", "profile", "followers", "notify"])
def test_every_field_may_hold_anything(place: Place, written: WorldComment, name: str) -> None:
    call = calls(place, written)[name]
    connector = {**place.standin.credentials(place.city), "list_followers": "yes"}
    before = len(place.server.log)
    call(place.connector(connector))
    bodies = [json.loads(exchange.response.body) for exchange in place.server.log[before:]]
    ways = [(turn, path, odd) for turn, body in enumerate(bodies) for path in places_in(body) for odd in ODD]
    chosen = random.Random(name).sample(ways, min(TRIES, len(ways)))
    spoiling = Spoiling(place.standin)
    place.server.standin = spoiling  # type: ignore[assignment]
    errors = 0
    for turn, path, odd in chosen:
        spoiling.until, spoiling.body = turn, json.dumps(changed(bodies[turn], path, odd)).encode()
        try:
            given = call(place.connector(connector))
        except ConnectorError:
            errors += 1
        else:
            for noun in given if isinstance(given, list) else [given]:
                whole(noun)
    place.server.standin = place.standin
    assert errors > TRIES // 20
