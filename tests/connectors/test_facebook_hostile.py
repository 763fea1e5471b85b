"""Whatever Facebook's servers answer, nothing but the five errors comes out of a Page's connector."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from facebook_town import PAT, Town

from bot.domain.types import Action, Attachment
from connectors.contract import ConnectorError
from connectors.facebook.standin_show import Kind
from connectors.standin.server import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connectors.standin.server import Request

Path = tuple[Any, ...]
WRONG: list[Any] = [None, True, 0, -1, 10**400, 1.5, "", "\ud800", "x" * 3000, [], [None], ["x"], {}, {"id": 7}]
WHOLE = {
    "truncated": b'{"data":[{"id":"1',
    "a web page": b"<!doctype html><title>Sorry</title>",
    "nothing": b"",
    "zeros": b"\0" * 10_000_000,
    "deep": b"[" * 200_000,
    "deep within": b'{"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a number": b"7",
    "a list": b"[]",
    "text": b'"x"',
    "null": b"null",
    "no UTF-8": b'{"data":"\xff\xfe"}',
    "no number": b'{"data":[{"id":NaN}]}',
}


@pytest.fixture
def town() -> Iterator[Town]:
    town = Town()
    with town.server:
        story = town.world.add_post(town.page, "post")
        for place in [story, *(town.standin.publish(town.page, kind, story=story) for kind in Kind)]:
            comment = town.world.add_comment(place, "", author=PAT)
            town.world.add_comment(place, "a reply", author=PAT, parent=comment)
        yield town


def everything(town: Town) -> list[Callable[[], object]]:
    """Everything that a connector can be asked."""
    connector, now = town.connect(), town.clock.now
    comment = town.ref(next(iter(town.world.comments.values())))
    picture = Attachment(id="1", kind="photo", url=f"{town.server.url}/media/1.png")

    def poll_twice() -> None:
        batches = list(connector.poll(None, now=now))
        list(connector.poll(batches[-1].cursor if batches else None, now=town.clock.on(minutes=4)))

    return [
        poll_twice,
        lambda: connector.check(now=now),
        lambda: connector.look(comment, now=now),
        lambda: connector.act(comment, Action.HIDE, now=now),
        lambda: connector.act(comment, Action.DELETE, now=now),
        lambda: connector.profile(now=now),
        lambda: connector.followers(now=now),
        lambda: connector.notify(comment, "words", now=now),
        lambda: connector.media(picture, now=now),
    ]


def ask(town: Town) -> list[str]:
    """Ask everything; give the names of what came out, if anything did."""
    out = []
    for call in everything(town):
        try:
            call()
        except ConnectorError as error:
            out.append(type(error).__name__)
    return out


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("kind", WHOLE)
def test_an_answer_that_is_none(town: Town, kind: str, status: int) -> None:
    headers = {"content-type": "application/json"}
    town.standin.handle = lambda _: Response(status=status, body=WHOLE[kind], headers=headers)  # type: ignore[method-assign]
    assert len(ask(town)) >= len(everything(town)) - 2  # a Page may lack a count of followers, a token another's name


@pytest.mark.parametrize("seed", range(4))
def test_one_field_of_the_wrong_kind(town: Town, seed: int) -> None:
    chance = random.Random(seed)
    honest = town.standin.handle
    seen: set[tuple[str, Path]] = set()
    struck = 0

    def spoilt(request: Request) -> Response:
        nonlocal struck
        response = honest(request)
        if "json" not in response.headers.get("content-type", ""):
            return response
        value = json.loads(response.body)
        where = request.path.rpartition("/")[2] if "/" in request.path[1:] else request.path
        fresh = [path for path in paths(value) if (where if not where.isdigit() else "", shape(path)) not in seen]
        if not fresh or chance.random() < 0.5:
            return response
        path = chance.choice(fresh)
        wrong = chance.choice(WRONG)
        if wrong == WRONG[-1]:
            seen.add((where if not where.isdigit() else "", shape(path)))
        struck += 1
        return Response(
            status=response.status, body=json.dumps(put(value, path, wrong)).encode(), headers=response.headers
        )

    town.standin.handle = spoilt  # type: ignore[method-assign]
    came: set[str] = set()
    for _ in range(40):
        came |= set(ask(town))
    assert struck > 100
    assert "Malformed" in came


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    """Where the parts of an answer are; answers packed as text within a batch are taken apart, too."""
    yield path
    if isinstance(value, str) and value[:1] == "{" and path and path[-1] == "body":
        yield from paths(json.loads(value), (*path, "unpacked"))
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from paths(part, (*path, name))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from paths(part, (*path, number))


def shape(path: Path) -> Path:
    return tuple("[]" if isinstance(part, int) else part for part in path)


def put(value: Any, path: Path, wrong: Any) -> Any:
    """The same with something else at one place."""
    if not path:
        return wrong
    first, *rest = path
    if first == "unpacked":
        return json.dumps(put(json.loads(value), tuple(rest), wrong))
    changed = list(value) if isinstance(value, list) else dict(value)
    changed[first] = put(value[first], tuple(rest), wrong)
    return changed
