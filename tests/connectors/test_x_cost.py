"""What a month on X costs, on the stand-in's bill: one account with a twelfth of what twelve are planned for."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from x_place import Place, open_place

from bot.domain.types import Action
from connectors.planning import Load
from connectors.standin.world import Person
from connectors.x import prices
from connectors.x.plan import plan

ACCOUNTS = 12
POSTS, COMMENTS = 200, 5000
"""In a month, on all accounts together."""
PROMISED = 35 * prices.MILL
"""For all accounts and a month."""


def lived_through(place: Place, days: int, minutes: int) -> tuple[set[str], int]:
    """Let so many days pass, polling every so many minutes; give the identifiers found, and how many were written."""
    chance = random.Random(11)
    connector, cursor = place.connector(), None
    found: set[str] = set()
    many = COMMENTS * days // (30 * ACCOUNTS)
    moments = sorted(place.now + timedelta(days=days) * chance.random() for _ in range(many))
    posts = [place.post()]
    end = place.now + timedelta(days=days, hours=1)
    while place.now < end:
        place.forward(minutes=minutes)
        while moments and moments[0] <= place.now:
            something_is_said(place, chance, posts, moments.pop(0))
        for batch in connector.poll(cursor, now=place.now):
            cursor = batch.cursor
            fresh = {comment.ref.item: comment for comment in batch.comments if comment.ref.item not in found}
            found |= fresh.keys()
            for comment in fresh.values():
                if chance.random() < 0.02 and "quote" not in comment.text:
                    connector.look(comment.ref, now=place.now)
                    connector.act(comment.ref, Action.HIDE, now=place.now)
                    connector.look(comment.ref, now=place.now)
    assert connector.bill.mills() == place.standin.ledger.mills
    return found, many


def something_is_said(place: Place, chance: random.Random, posts: list, at: datetime) -> None:
    """A reply to one of the newest posts, sometimes nested, sometimes a quote; before some of them a new post."""
    if chance.random() < POSTS / COMMENTS:
        posts.append(place.world.add_post(place.city, "A notice", at=at))
    post = chance.choice(posts[-3:]) if chance.random() < 0.95 else chance.choice(posts)
    number = int(COMMENTS / ACCOUNTS / 2 * chance.random() ** 2)  # a few write much, many write once
    author = Person(id=str(70_000_000 + number), name="Resident", handle=f"resident{number}")
    kind = chance.random()
    if kind < 0.05:
        place.standin.shelf.quote(post, "a quote", author)
        return
    under = place.world.under(post)
    parent = chance.choice(under[-10:]) if under and kind < 0.3 else None
    place.world.add_comment(post, "words", author=author, parent=parent, at=at)


@pytest.mark.parametrize(("days", "minutes"), [(5, 60), pytest.param(30, 10, marks=pytest.mark.slow)])
def test_stays_within_what_is_promised_and_finds_everything(days: int, minutes: int) -> None:
    with open_place() as place:
        place.now = datetime(2026, 11, 1, tzinfo=UTC)
        found, written = lived_through(place, days, minutes)
        assert len(found) == written == len(place.world.comments)
        names = prices.NAMES_A_MONTH * prices.USER  # counted by the month, however few days it has had
        read = place.standin.ledger.mills - min(names, place.standin.ledger.counts["user"] * prices.USER)
        month = (read * 30 / days + names) * ACCOUNTS
        assert month <= PROMISED, place.standin.ledger.printed()
        load = Load(posts=POSTS / ACCOUNTS, comments=COMMENTS / ACCOUNTS, poll=timedelta(minutes=minutes), acts=0.3)
        planned = plan(load).dollars * prices.MILL * ACCOUNTS
        assert 0.9 * planned < month < 1.1 * planned
