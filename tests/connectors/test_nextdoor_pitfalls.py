"""Every pitfall of Nextdoor's stand-in by its name: it strikes, and the connector is not taken in by it."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from test_nextdoor import KIM, PAT, ROBIN, Town

from connectors.contract import ConnectorError, RateLimited, Transient, Unauthorised
from connectors.nextdoor.standin_pitfalls import PITFALLS
from connectors.standin.world import AUTHOR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connectors.standin.world import WorldComment

SWITCHED = [pitfall.name for pitfall in PITFALLS if not pitfall.always]


@pytest.fixture
def town() -> Iterator[Town]:
    running = Town()
    with running.server:
        yield running


def peopled(town: Town, many: int = 30) -> list[WorldComment]:
    return [town.comment(town.post(), f"comment {number}") for number in range(many)]


def test_the_list_is_whole() -> None:
    assert len({pitfall.name for pitfall in PITFALLS}) == len(PITFALLS)
    assert all(pitfall.says for pitfall in PITFALLS)


def test_a_comment_whose_author_is_not_told_is_read_all_the_same(town: Town) -> None:
    written = peopled(town)
    town.standin.switch(["authors_missing"])
    read = {c.ref.item: c.author.id for batch in town.connector().poll(None, now=town.now) for c in batch.comments}
    assert read.keys() == {comment.id for comment in written}
    assert {None, PAT.id} == set(read.values())


def test_tokens_in_addresses_are_taken_out(town: Town) -> None:
    peopled(town, 2)
    town.standin.switch(["login_tokens"])
    posts = [post for batch in town.connector().poll(None, now=town.now) for post in batch.posts]
    assert len(posts) == 2
    assert not any("token" in post.url for post in posts)


def test_a_token_that_ends_early_is_renewed(town: Town) -> None:
    written = {comment.id for comment in peopled(town)}
    town.standin.switch(["token_ends_early"], seed=4)
    connector, read = town.connector(), set()
    for _ in range(60):
        read |= town.poll(connector)[0]
    assert read == written
    assert town.standin.pitfalls.met["token_ends_early"]


def test_a_grant_that_was_taken_back_stops_the_account(town: Town) -> None:
    town.standin.switch(["grant_taken_back"])
    with pytest.raises(Unauthorised, match="connect their account again"):
        town.poll()


def test_what_nextdoor_removes_is_told_as_gone(town: Town) -> None:
    written = {comment.id for comment in peopled(town)}
    assert town.poll()[0] == written
    town.standin.switch(["removed_by_nextdoor"])
    _, gone = town.poll()
    removed = {comment.id for comment in town.world.comments_of(town.page) if comment.deleted_by}
    assert 0 < len(gone) < len(written)
    assert gone == removed


def test_what_stands_under_a_post_that_is_in_no_list_is_gone_from_sight(town: Town) -> None:
    written = {comment.id for comment in peopled(town, 40)}
    town.poll()
    town.standin.switch(["gone_from_the_list"], seed=2)
    found, gone = town.poll()
    assert found | gone == written
    assert 0 < len(gone) < 10


@pytest.mark.parametrize(("name", "expected"), [("busy", RateLimited), ("out_of_order", Transient)])
def test_requests_that_fail_now_and_then_are_told_apart(town: Town, name: str, expected: type[Exception]) -> None:
    written = {comment.id for comment in peopled(town)}
    town.standin.switch([name])
    connector, problems, read = town.connector(), set(), set()
    for _ in range(60):
        try:
            read |= town.poll(connector)[0]
        except ConnectorError as error:
            problems.add(type(error))
    assert problems == {expected}
    assert read == written


@pytest.mark.parametrize("seed", range(2))
def test_with_all_of_them_everything_that_is_listed_is_read(town: Town, seed: int) -> None:
    chance = random.Random(seed)
    town.standin.switch(set(SWITCHED) - {"grant_taken_back"}, seed=seed)
    connector, read = town.connector(), set()
    for number in range(60):
        post = (
            town.post(chance.choice([KIM, ROBIN]))
            if number % 6 == 0
            else chance.choice(list(town.world.posts.values()))
        )
        town.comment(post, f"comment {number}")
        if chance.random() < 0.1:
            town.world.delete(chance.choice(town.world.comments_of(town.page)), AUTHOR)
        with suppress(RateLimited, Transient):
            read |= town.poll(connector)[0]
    town.standin.switch(set(town.standin.pitfalls.on) - {"busy", "out_of_order"})
    for _ in range(2):
        read |= town.poll(connector)[0]
    listed = [
        c
        for c in town.world.comments_of(town.page)
        if not town.standin.pitfalls.strikes("gone_from_the_list", c.post.id)
    ]
    assert {comment.id for comment in listed if not comment.deleted_by} <= read
    assert len(read) > 40
    assert len(town.standin.pitfalls.met) >= 5
