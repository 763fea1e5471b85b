"""Every pitfall of X that the stand-in knows by name is met, comes out as promised, and loses nothing."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from x_place import Place, comments, open_place

from bot.domain.types import Action, Visibility
from connectors.contract import ConnectorError, Malformed, RateLimited, Refused, Transient, Unauthorised
from connectors.standin.world import Person
from connectors.x.standin_pitfalls import PITFALLS, Turns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.domain.types import Cursor

READING_FAILS = {
    "no_reset": RateLimited,
    "day_limit": RateLimited,
    "monthly_cap": RateLimited,
    "no_credits": Unauthorised,
    "spend_cap": Unauthorised,
    "unavailable_html": Transient,
    "unavailable_empty": Transient,
    "silent_fields": Malformed,
}
READING_GOES_ON = {"untagged", "duplicates", "empty_pages", "partial_errors", "stale_since_id", "withheld"}
ELSEWHERE = {"late_mentions", "internal_error", "vanishing", "protected", "full_conversation", "drip", "refresh_lost"}
STREAM = {"stream_duplicates", "stream_disorder", "stream_error", "stream_break", "subscription_unavailable"}


@pytest.fixture
def place() -> Iterator[Place]:
    with open_place() as place:
        yield place


def test_every_one_is_tried_here_or_with_the_stream() -> None:
    assert {*READING_FAILS, *READING_GOES_ON, *ELSEWHERE, *STREAM} == {pitfall.name for pitfall in PITFALLS}


def test_an_unknown_one_cannot_be_switched_on() -> None:
    with pytest.raises(ValueError, match="no pitfall 'weather'; there are: late_mentions"):
        Turns(PITFALLS).turn("weather")


class TestReading:
    @pytest.mark.parametrize("name", READING_FAILS)
    def test_fails_as_promised_and_goes_on_afterwards(self, place: Place, name: str) -> None:
        place.comment(place.post(), "words")
        place.standin.pitfalls.turn(name)
        with pytest.raises(READING_FAILS[name]) as caught:
            place.poll()
        if isinstance(caught.value, RateLimited):
            wait = timedelta(hours=2) if name == "day_limit" else timedelta(minutes=15)
            assert abs(caught.value.until - place.now - wait) < timedelta(seconds=2)
        place.standin.pitfalls.turn(name, 0)
        assert "words" in comments(place.poll())

    @pytest.mark.parametrize("name", sorted(READING_GOES_ON))
    def test_goes_on_and_loses_nothing(self, place: Place, name: str) -> None:
        place.standin.pitfalls.turn(name)
        post = place.post()
        written = set()
        for number in range(130):
            place.comment(post, str(number))
            written.add(str(number))
        batches = place.poll()
        assert set(comments(batches)) == written
        place.comment(post, "later")
        assert "later" in comments(place.poll(batches[-1].cursor))

    def test_of_what_is_withheld_gives_no_author(self, place: Place) -> None:
        place.standin.pitfalls.turn("withheld")
        comment = place.comment(place.post(), "withheld somewhere")
        found = comments(place.poll())["withheld somewhere"].author
        assert (found.id, found.name, found.url) == (None, None, None)
        seen = place.connector().look(place.ref(comment), now=place.now).comment
        assert seen
        assert seen.author.id is None

    def test_finds_what_shows_late(self, place: Place) -> None:
        place.standin.pitfalls.turn("late_mentions", 0.5)
        place.standin.search_lag = timedelta(minutes=5)
        post = place.post(at=place.now - timedelta(days=40))
        found: set[str] = set()
        cursor = None
        for number in range(40):
            place.comment(post, str(number))
            for batch in place.poll(cursor):
                found |= set(comments([batch]))
                cursor = batch.cursor
        place.forward(minutes=11)
        found |= set(comments(place.poll(cursor)))
        assert found == {str(number) for number in range(40)}

    def test_of_an_answer_that_drips_is_given_up(self, place: Place) -> None:
        place.comment(place.post(), "words " * 40)
        place.standin.pitfalls.turn("drip")
        connector = place.connector()
        connector._api._transport.total = 1
        with pytest.raises(Transient, match="longer than 1 s"):
            list(connector.poll(None, now=place.now))

    def test_an_error_of_x_s_own_is_not_taken_for_gone(self, place: Place) -> None:
        comment = place.comment(place.post(), "words")
        place.standin.pitfalls.turn("internal_error")
        with pytest.raises(Transient):
            place.connector().look(place.ref(comment), now=place.now)


class TestActing:
    def test_on_what_vanishes_at_that_moment_says_gone(self, place: Place) -> None:
        comment = place.comment(place.post(), "words")
        place.standin.pitfalls.turn("vanishing")
        assert place.connector().act(place.ref(comment), Action.HIDE, now=place.now) is Visibility.GONE

    def test_whose_author_protects_their_account_just_before_is_gone_from_sight(self, place: Place) -> None:
        comment = place.comment(place.post(), "words")
        place.standin.pitfalls.turn("protected")
        assert place.connector().act(place.ref(comment), Action.HIDE, now=place.now) is Visibility.GONE
        assert place.connector().look(place.ref(comment), now=place.now).visibility is Visibility.GONE
        assert comment.public

    def test_in_a_full_conversation_is_refused_and_says_what_may_be_the_reason(self, place: Place) -> None:
        comment = place.comment(place.post(), "words")
        place.standin.pitfalls.turn("full_conversation")
        with pytest.raises(Refused, match="726th"):
            place.connector().act(place.ref(comment), Action.HIDE, now=place.now)

    def test_counts_what_x_says_is_left_and_asks_no_more(self, place: Place) -> None:
        place.standin.limits["hide"] = 2
        connector = place.connector()
        written = [place.comment(place.post(), str(number)) for number in range(3)]
        for comment in written[:2]:
            connector.act(place.ref(comment), Action.HIDE, now=place.now)
        with pytest.raises(RateLimited):
            connector.act(place.ref(written[2]), Action.RESTORE, now=place.now)
        assert place.asked("hide") + place.asked("unhide") == 2


@pytest.mark.parametrize("seed", range(4))
def test_all_at_once_by_seed_lose_nothing(place: Place, seed: int) -> None:
    """Some hundred events with everything switched on; what remains after the troubles is what the world holds."""
    chance = random.Random(seed)
    place.standin.pitfalls.seeded(seed, share=0.03)
    for harmless in ("drip", "refresh_lost", "silent_fields"):
        place.standin.pitfalls.turn(harmless, 0)
    connector, cursor = place.connector(), None
    found: dict[str, str] = {}
    troubles: set[type[ConnectorError]] = set()
    posts = [place.post()]
    for number in range(250):
        cursor = one_event(place, chance, posts, number, connector, cursor, found, troubles)
    place.standin.switch(())
    place.forward(minutes=31)
    note(place.poll(cursor, connector), found)
    there = {wording.id: wording.text for one in place.world.comments.values() for wording in one.wordings[-1:]}
    assert set(there.values()) <= set(found.values())
    assert troubles <= {Transient, RateLimited, Unauthorised, Malformed, Refused}
    assert len(troubles) >= 3


def one_event(
    place: Place,
    chance: random.Random,
    posts: list,
    number: int,
    connector: object,
    cursor: Cursor | None,
    found: dict[str, str],
    troubles: set[type[ConnectorError]],
) -> Cursor | None:
    """Something happens, and the account is polled; give the cursor after it."""
    author = Person(id=f"9{chance.randrange(30)}", name="N", handle=f"n{chance.randrange(30)}")
    comments_there = list(place.world.comments.values())
    what = chance.choice(["comment", "comment", "nested", "quote", "edit", "post", "city"])
    if what == "post":
        posts.append(place.post())
    elif what == "quote":
        place.standin.shelf.quote(chance.choice(posts), f"quote {number}", author)
    elif what == "edit" and comments_there:
        one = comments_there[-1]
        if one.deleted_by is None and place.now - one.at < timedelta(hours=1):
            place.world.edit(one, f"edit {number}")
    elif what == "nested" and comments_there:
        parent = chance.choice(comments_there)
        place.comment(parent.post, f"nested {number}", parent=parent, author=author)
    else:
        who = place.city.person if what == "city" else author
        place.comment(chance.choice(posts), f"comment {number}", author=who)
    place.forward(minutes=chance.choice([0, 1, 5, 20]))
    try:
        for batch in connector.poll(cursor, now=place.now):  # type: ignore[attr-defined]
            note([batch], found)
            cursor = batch.cursor
    except ConnectorError as error:
        troubles.add(type(error))
    return cursor


def note(batches: list, found: dict[str, str]) -> None:
    for batch in batches:
        for comment in batch.comments:
            found[f"{comment.ref} {comment.revision}"] = comment.text
