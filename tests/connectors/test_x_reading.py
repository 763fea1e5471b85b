"""How X is read: quotes, what is read when and from where, names within what was agreed, and what it all costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from x_place import Place, breaches, comments, open_place

from bot.domain.types import Action, Speaker, Visibility
from connectors.contract import RateLimited, Refused
from connectors.standin.world import Person
from connectors.x import prices, snowflake
from connectors.x.bill import Bill
from connectors.x.cursor import REWIND, Reach
from connectors.x.walk import MOST_ROOTS, _queries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.domain.types import Cursor
    from connectors.contract import Connector

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
ANSWER = "@CityOfExample an answer"
QUOTER = Person(id="801", name="Quoting Example", handle="quoting")


@pytest.fixture
def place() -> Iterator[Place]:
    with open_place() as place:
        yield place
        assert not breaches(place)


def since_ids(place: Place, path: str) -> list[str]:
    """The since_id of every request to a path that ends so."""
    return [one.request.one("since_id") for one in place.server.log if one.request.path.endswith(path)]


class TestQuotes:
    def test_that_do_not_name_the_city_are_found_under_what_they_quote(self, place: Place) -> None:
        post = place.post()
        place.forward(minutes=1)
        quote = place.standin.shelf.quote(post, "look at this", QUOTER)
        found = comments(place.poll())["look at this"]
        assert found.ref == place.ref(quote)
        assert (found.post.item, found.parent, found.speaker) == (post.id, None, Speaker.PUBLIC)

    def test_of_what_the_city_answered_hang_under_that_answer(self, place: Place) -> None:
        question = place.comment(place.post(), "question")
        answer = place.comment(question.post, "answer", parent=question, author=place.city.person)
        place.forward(minutes=1)
        place.standin.shelf.quote(question.post, "@CityOfExample really?", QUOTER, parent=answer)
        found = comments(place.poll())["@CityOfExample really?"]
        assert (found.post.item, found.parent) == (question.post.id, place.ref(answer))

    def test_look_the_same_when_looked_at_and_after_an_edit(self, place: Place) -> None:
        quote = place.standin.shelf.quote(place.post(), "first", QUOTER)
        place.forward(minutes=5)
        place.world.edit(quote, "second")
        polled = comments(place.poll())["second"]
        seen = place.connector().look(place.ref(quote), now=place.now).comment
        assert seen
        assert (seen.ref, seen.post, seen.text) == (polled.ref, polled.post, "second")

    def test_are_never_asked_to_be_hidden(self, place: Place) -> None:
        quote = place.standin.shelf.quote(place.post(), "cannot be hidden", QUOTER)
        connector = place.connector()
        for action in (Action.HIDE, Action.RESTORE):
            with pytest.raises(Refused, match="quotes the City"):
                connector.act(place.ref(quote), action, now=place.now)
        assert place.asked("hide") == place.asked("unhide") == 0

    def test_once_seen_are_refused_without_any_request(self, place: Place) -> None:
        quote = place.standin.shelf.quote(place.post(), "cannot be hidden", QUOTER)
        connector = place.connector()
        connector.look(place.ref(quote), now=place.now)
        before = len(place.server.log)
        with pytest.raises(Refused, match="quotes the City"):
            connector.act(place.ref(quote), Action.HIDE, now=place.now)
        assert len(place.server.log) == before

    def test_of_others_that_name_the_city_are_not_given(self, place: Place) -> None:
        elsewhere = place.post("theirs", author=QUOTER)
        place.standin.shelf.quote(elsewhere, "@CityOfExample see this", QUOTER)
        assert comments(place.poll()) == {}


class TestUnderAPostThatIsSearchedNoMore:
    def a_reply_that_no_list_shows(self, place: Place) -> tuple[Any, Cursor]:
        """A reply without the City's name under the 101st newest post, and a poll before it was written."""
        old = place.post("long ago")
        for number in range(MOST_ROOTS):
            place.post(str(number))
        cursor = place.poll()[-1].cursor
        place.standin.pitfalls.turn("untagged", 1.0)
        return place.comment(old, "nobody named"), cursor

    def test_what_somebody_answers_is_read_with_the_answer(self, place: Place) -> None:
        untagged, cursor = self.a_reply_that_no_list_shows(place)
        assert comments(place.poll(cursor)) == {}
        place.comment(untagged.post, ANSWER, parent=untagged)
        read = comments(place.poll(cursor))
        assert read.keys() == {"nobody named", ANSWER}
        assert read[ANSWER].parent == read["nobody named"].ref

    def test_it_is_read_as_it_reads_today(self, place: Place) -> None:
        untagged, cursor = self.a_reply_that_no_list_shows(place)
        place.comment(untagged.post, ANSWER, parent=untagged)
        place.world.edit(untagged, "thought over")
        assert comments(place.poll(cursor)).keys() == {"thought over", ANSWER}


class TestWhen:
    def test_the_last_half_hour_is_read_again_and_a_quiet_list_is_not(self, place: Place) -> None:
        place.comment(place.post(), "the last for long")
        cursor = place.poll()[-1].cursor
        soon = place.poll(cursor)
        assert "the last for long" in comments(soon)
        place.forward(hours=2)
        later = place.poll(soon[-1].cursor if soon else cursor)
        cursor = later[-1].cursor
        place.forward(hours=3)
        assert comments(place.poll(cursor)) == {}
        seen = since_ids(place, "/mentions")[-1]
        assert seen == next(iter(place.world.comments.values())).id

    def test_old_conversations_are_swept_once_an_hour(self, place: Place) -> None:
        post = place.post()
        first = place.comment(post, "first")
        place.forward(days=3)
        cursor = self.poll(place, None)
        searches = len(since_ids(place, "/recent"))
        for _ in range(5):
            cursor = self.poll(place, cursor)
        assert len(since_ids(place, "/recent")) == searches
        place.comment(post, "nested, in an old conversation", parent=first)
        place.forward(hours=1)
        assert "nested, in an old conversation" in comments(place.poll(cursor))

    def test_an_old_conversation_that_comes_alive_is_searched_at_every_poll(self, place: Place) -> None:
        post = place.post()
        place.forward(days=3)
        cursor = self.poll(place, None)
        first = place.comment(post, "awake again")
        cursor = self.poll(place, cursor)
        place.comment(post, "nested", parent=first)
        assert "nested" in comments(place.poll(cursor))

    def test_all_of_the_day_is_read_once_more_before_midnight_at_no_cost(self, place: Place) -> None:
        post = place.post()
        first = place.comment(post, "first")
        place.comment(post, "nested", parent=first)
        connector = place.connector()
        cursor = self.poll(place, None, connector)
        place.now = place.now.replace(hour=22, minute=30)
        cursor = self.poll(place, cursor, connector)
        spent = place.standin.ledger.mills
        place.comment(post, "shown hours late", at=place.now - timedelta(hours=5))
        place.now = place.now.replace(hour=23, minute=10)
        found = comments(place.poll(cursor, connector))
        assert set(found) == {"first", "nested", "shown hours late"}
        assert place.standin.ledger.mills - spent == prices.POST
        again = len(place.server.log)
        cursor = self.poll(place, cursor, connector)
        place.forward(minutes=1)
        assert comments(place.poll(cursor, connector)) == {}
        assert len(place.server.log) > again

    def test_reading_leaves_look_ups_to_those_who_act(self, place: Place) -> None:
        place.standin.limits["look"] = 101
        comment = place.comment(place.post(), "first")
        taken_away = place.post("needs a look-up, because the timeline does not show it")
        place.comment(taken_away, "to be placed")
        place.world.delete_post(taken_away, "author")
        connector = place.connector()
        connector.look(place.ref(comment), now=place.now)
        looked = place.asked("look")
        with pytest.raises(RateLimited):
            list(connector.poll(None, now=place.now))
        assert place.asked("look") == looked
        assert connector.act(place.ref(comment), Action.HIDE, now=place.now) is Visibility.HIDDEN

    def poll(self, place: Place, cursor: Cursor | None, connector: Connector | None = None) -> Cursor | None:
        batches = place.poll(cursor, connector)
        return batches[-1].cursor if batches else cursor


class TestReach:
    @given(seen=st.integers(0, 3000), read=st.integers(0, 3000))
    def test_never_begins_after_what_was_seen_nor_late_in_the_half_hour(self, seen: int, read: int) -> None:
        seen_at, read_at = (NOW + timedelta(minutes=minutes) for minutes in (seen, read))
        reach = Reach(seen=str(snowflake.first_at(seen_at)), read=read_at)
        begin = snowflake.time_of(reach.since() or "0")
        assert begin <= seen_at
        assert begin <= read_at - REWIND
        assert begin in (seen_at, read_at - REWIND)

    @given(steps=st.lists(st.integers(1, 200), min_size=1, max_size=30), seen=st.integers(0, 100))
    def test_stops_moving_on_a_quiet_list_and_begins_at_what_was_seen(self, steps: list[int], seen: int) -> None:
        reach = Reach(seen=str(snowflake.first_at(NOW - timedelta(minutes=seen))))
        now = NOW
        for step in steps:
            now += timedelta(minutes=step)
            reach = reach.to_the_end(now)
        if now - NOW > timedelta(minutes=230):
            assert reach.since() == reach.seen
            assert reach.to_the_end(now + timedelta(days=1)) == reach


class TestQueries:
    @given(st.lists(st.integers(10**18, 2 * 10**18).map(str), min_size=1, max_size=120, unique=True))
    def test_hold_every_post_twice_within_the_length_that_x_takes(self, roots: list[str]) -> None:
        queries = list(_queries(roots, "2244994945"))
        assert all(len(query) <= prices.QUERY for query in queries)
        for operator in ("conversation_id", "quotes_of_tweet_id"):
            assert [query.count(f"{operator}:{root}") for root in roots for query in queries].count(1) == len(roots)
        assert len(queries) <= -(-len(roots) * 2 // 10) + 1


class TestNames:
    def test_are_asked_for_once(self, place: Place) -> None:
        post = place.post()
        place.comment(post, "one")
        connector = place.connector()
        cursor = place.poll(None, connector)[-1].cursor
        place.comment(post, "two")
        found = comments(place.poll(cursor, connector))
        assert found["two"].author.name == "Pat Example"
        assert found["two"].author.handle == "pat_example"
        asked = [one.request.one("ids") for one in place.server.log if one.verb == "people"]
        assert sorted(",".join(asked).split(",")) == [place.city.id, "501"]

    def test_beyond_what_was_agreed_are_not_asked_for_until_next_month(self, place: Place) -> None:
        credentials = {**place.standin.credentials(place.city), "names": "3"}
        post = place.post()
        cursor, connector = None, place.connector(credentials)
        for number in range(5):
            place.comment(post, str(number), author=Person(id=f"90{number}", name=f"N{number}", handle=f"n{number}"))
            batches = place.poll(cursor, connector)
            cursor = batches[-1].cursor
        named = [author for author in ("900", "901", "902", "903", "904") if self.asked(place, author)]
        assert len(named) == 2  # and the City itself
        last = comments(batches)["4"].author
        assert (last.id, last.name, last.url) == ("904", None, f"{place.server.url}/i/user/904")
        place.now = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
        place.comment(post, "december", author=Person(id="904", name="N4", handle="n4"))
        assert comments(place.poll(cursor, connector))["december"].author.name == "N4"

    def test_of_one_that_is_looked_at_are_always_told(self, place: Place) -> None:
        comment = place.comment(place.post(), "words")
        connector = place.connector({**place.standin.credentials(place.city), "names": "0"})
        assert comments(place.poll(None, connector))["words"].author.name is None
        seen = connector.look(place.ref(comment), now=place.now).comment
        assert seen
        assert seen.author.name == "Pat Example"

    @pytest.mark.parametrize("names", ["many", "", "-1", "٣"])
    def test_that_are_no_number_are_noticed_at_once(self, place: Place, names: str) -> None:
        with pytest.raises(LookupError, match="names"):
            place.connector({**place.standin.credentials(place.city), "names": names})

    def asked(self, place: Place, author: str) -> bool:
        return any(author in one.request.one("ids").split(",") for one in place.server.log if one.verb == "people")


class TestBill:
    def test_books_a_thing_once_a_day_in_utc(self) -> None:
        bill = Bill()
        evening = datetime(2026, 11, 20, 23, 59, tzinfo=UTC)
        for _ in range(3):
            bill.posts(["1", "2"], evening)
        bill.users(["1"], evening)
        assert bill.mills() == 2 * prices.POST + prices.USER
        bill.posts(["1"], evening + timedelta(minutes=2))
        assert bill.mills(evening.date()) == 2 * prices.POST + prices.USER
        assert bill.mills() == 3 * prices.POST + prices.USER

    @pytest.mark.parametrize("owner", [False, True])
    def test_agrees_with_x_s_own_over_days_of_reading_and_acting(self, place: Place, owner: bool) -> None:
        place.standin.owner = place.city.id if owner else ""
        credentials = {**place.standin.credentials(place.city), "owns_app": "yes" if owner else "no"}
        connector = place.connector(credentials)
        cursor, post = None, place.post()
        for number in range(60):
            post = place.post() if number % 9 == 8 else post
            author = Person(id=f"9{number % 7}", name="N", handle=f"n{number % 7}")
            comment = place.comment(post, f"comment {number}", author=author)
            if number % 4 == 0:
                place.comment(post, f"nested {number}", parent=comment, author=author)
            if number % 11 == 0:
                place.standin.shelf.quote(post, f"quote {number}", QUOTER)
            for batch in place.poll(cursor, connector):
                cursor = batch.cursor
            if number % 6 == 0:
                connector.look(place.ref(comment), now=place.now)
                connector.act(place.ref(comment), Action.HIDE, now=place.now)
            connector.check(now=place.now)
            place.forward(minutes=97)
        assert connector.bill.mills() == place.standin.ledger.mills
        assert place.standin.ledger.mills > 60 * (prices.OWNED if owner else prices.POST)
        assert prices.dollars(place.standin.ledger.mills) in place.standin.ledger.printed()
        assert prices.dollars(connector.bill.mills()) in " ".join(connector.check(now=place.now).notes)
