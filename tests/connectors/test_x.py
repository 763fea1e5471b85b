"""What is X's alone: three sources, conversations, edits as new identifiers, limits, credits, and silent answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import requests
import tweepy
from scripted import serving
from x_place import Place, comments, open_place

from bot.domain.types import Action, Cursor, Ref, Speaker, Visibility
from connectors.contract import ConnectorError, Malformed, RateLimited, Refused, Transient, Unauthorised
from connectors.standin.world import AUTHOR, Person
from connectors.transport import Transport
from connectors.x import api, parse, problems, snowflake, standin_auth
from connectors.x.cursor import Mark, Reach
from connectors.x.standin_shape import TWEET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scripted import Handler

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
OTHER = Person(id="777", name="Somebody Else", handle="somebody")


@pytest.fixture
def place() -> Iterator[Place]:
    with open_place() as place:
        yield place


class TestPoll:
    def test_replies_to_replies_that_do_not_name_the_city_are_found(self, place: Place) -> None:
        first = place.comment(place.post(), "first")
        second = place.comment(first.post, "second", parent=first)
        third = place.comment(first.post, "third", parent=second)
        found = comments(place.poll())
        assert found["third"].parent == place.ref(second)
        assert found["third"].post.item == third.post.id

    def test_a_reply_under_an_old_post_brings_the_post_with_it(self, place: Place) -> None:
        old = place.post("An old notice", at=place.now - timedelta(days=400))
        cursor = place.poll()[-1].cursor
        place.forward(days=3)
        place.comment(old, "still true?")
        batches = place.poll(cursor)
        assert comments(batches)["still true?"].post.item == old.id
        assert [post.text for batch in batches for post in batch.posts] == ["An old notice"]

    def test_what_is_said_elsewhere_about_the_city_is_not_given(self, place: Place) -> None:
        elsewhere = place.post("I wrote to @CityOfExample", author=OTHER)
        place.comment(elsewhere, "and @CityOfExample did not answer")
        place.comment(elsewhere, "we did", author=place.city.person)
        batches = place.poll()
        assert comments(batches) == {}
        assert [batch.posts for batch in batches if batch.posts] == []

    def test_replies_under_a_post_taken_away_are_not_given(self, place: Place) -> None:
        post = place.post()
        place.comment(post, "under what is gone")
        place.world.delete_post(post, AUTHOR)
        assert comments(place.poll()) == {}

    def test_an_edit_is_another_wording_of_the_same_comment(self, place: Place) -> None:
        comment = place.comment(place.post(), "first wording")
        batches = place.poll()
        place.forward(minutes=10)
        place.world.edit(comment, "second wording")
        found = comments(place.poll(batches[-1].cursor))
        assert found["second wording"].ref == place.ref(comment)
        assert found["second wording"].posted_at == comments(batches)["first wording"].posted_at
        assert found["second wording"].url != comments(batches)["first wording"].url

    def test_a_reply_to_an_edited_comment_keeps_its_parent(self, place: Place) -> None:
        first = place.comment(place.post(), "first")
        place.forward(minutes=2)
        place.world.edit(first, "first, edited")
        place.comment(first.post, "a reply to the edit", parent=first)
        batches = place.poll()
        assert comments(batches)["a reply to the edit"].parent == place.ref(first)
        place.forward(days=2)
        place.comment(first.post, "another, later", parent=first)
        assert comments(place.poll(batches[-1].cursor))["another, later"].parent == place.ref(first)

    def test_long_texts_come_whole(self, place: Place) -> None:
        words = "word " * 400 + "the end"
        place.comment(place.post(words), words)
        batches = place.poll()
        assert list(comments(batches)) == [words]
        assert batches[0].posts[0].text == words
        assert b"note_tweet" in comments(batches)[words].raw

    def test_an_account_silent_for_weeks_is_read_on(self, place: Place) -> None:
        old = place.comment(place.post(), "before the silence")
        place.comment(old.post, "nested, before", parent=old)
        cursor = place.poll()[-1].cursor
        place.forward(days=21)
        assert comments(place.poll(cursor)).keys() <= {"before the silence", "nested, before"}
        new = place.comment(place.post(), "after the silence")
        place.comment(new.post, "nested, after", parent=new)
        assert {"after the silence", "nested, after"} <= comments(place.poll(cursor)).keys()

    def test_what_search_shows_late_is_found_even_after_a_long_stop(self, place: Place) -> None:
        place.standin.search_lag = timedelta(seconds=90)
        first = place.comment(place.post(), "first")
        place.comment(first.post, "nested, shown", parent=first)
        place.forward(minutes=2)
        place.comment(first.post, "nested, late", parent=first)
        batches = place.poll()
        assert "nested, late" not in comments(batches)
        place.forward(hours=30)
        assert "nested, late" in comments(place.poll(batches[-1].cursor))

    def test_the_last_half_hour_is_read_again_and_no_more(self, place: Place) -> None:
        post = place.post()
        place.comment(post, "old")
        place.forward(minutes=40)
        place.comment(post, "recent")
        cursor = place.poll()[-1].cursor
        assert comments(place.poll(cursor)).keys() == {"recent"}

    def test_many_conversations_are_searched_in_few_requests_and_not_at_every_poll(self, place: Place) -> None:
        for _ in range(60):
            last = place.post()
        first = place.comment(last, "first")
        cursor = place.poll()[-1].cursor
        queries = [exchange.request.one("query") for exchange in place.server.log if "search" in exchange.request.path]
        assert len(queries) == 11
        assert all(len(query) <= 512 for query in queries)
        assert sum(query.count("conversation_id:") for query in queries) == 60
        assert sum(query.count("quotes_of_tweet_id:") for query in queries) == 60
        place.comment(last, "nested", parent=first)
        place.now -= timedelta(seconds=60)
        cursor = place.poll(cursor)[-1].cursor
        assert len([1 for exchange in place.server.log if "search" in exchange.request.path]) == 11
        place.forward(minutes=2)
        assert "nested" in comments(place.poll(cursor))

    def test_authors_that_x_shows_no_more_do_not_stop_a_poll(self, place: Place) -> None:
        place.comment(place.post(), "by nobody shown", author=None)
        found = comments(place.poll())["by nobody shown"]
        assert (found.author.name, found.author.handle) == (None, None)
        assert found.author.id

    def test_the_citys_own_replies_are_the_citys(self, place: Place) -> None:
        first = place.comment(place.post(), "question")
        place.comment(first.post, "answer", parent=first, author=place.city.person)
        assert comments(place.poll())["answer"].speaker is Speaker.CITY

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"own": 1}', "no JSON"])
    def test_a_cursor_that_is_not_ours_is_malformed(self, place: Place, text: str) -> None:
        with pytest.raises(Malformed):
            list(place.connector().poll(Cursor(text=text), now=place.now))


class TestSilence:
    @pytest.mark.parametrize("field", ["author_id", "created_at", "conversation_id", "edit_history_tweet_ids"])
    def test_a_field_that_is_silently_withdrawn_is_malformed(self, place: Place, field: str) -> None:
        comment = place.comment(place.post(), "words")
        place.standin.withdrawn = {field}
        for call in (place.poll, lambda: place.connector().look(place.ref(comment), now=place.now)):
            with pytest.raises(Malformed, match=field) as caught:
                call()
            assert b'"data"' in caught.value.payload

    def test_a_time_without_its_zone_is_malformed(self, place: Place) -> None:
        place.comment(place.post(), "words")
        place.poll()
        body = next(one.response.body for one in place.server.log if b'"words"' in one.response.body)
        assert len(parse.page(body).tweets) == 1
        with pytest.raises(Malformed, match="zone"):
            parse.page(body.replace(b'.000Z"', b'.000"'))


class TestAct:
    def test_in_another_conversation_is_refused(self, place: Place) -> None:
        comment = place.comment(place.post("theirs", author=OTHER), "a reply there")
        with pytest.raises(Refused, match="somebody else began"):
            place.connector().act(place.ref(comment), Action.HIDE, now=place.now)
        assert place.asked("hide") == 0

    def test_on_the_citys_own_words_is_refused_without_asking(self, place: Place) -> None:
        comment = place.comment(place.post(), "our answer", author=place.city.person)
        with pytest.raises(Refused, match="itself"):
            place.connector().act(place.ref(comment), Action.HIDE, now=place.now)
        assert place.asked("hide") == 0

    def test_names_the_latest_wording(self, place: Place) -> None:
        comment = place.comment(place.post(), "first")
        place.world.edit(comment, "second")
        place.connector().act(place.ref(comment), Action.HIDE, now=place.now)
        assert place.server.log[-1].request.path == f"/2/tweets/{comment.wordings[-1].id}/hidden"

    def test_no_more_than_x_hides_in_one_conversation(self, place: Place) -> None:
        post = place.post()
        for number in range(725):
            place.world.hide(place.world.add_comment(post, str(number), author=OTHER), "staff")
        comment = place.comment(post, "one too many")
        with pytest.raises(Refused):
            place.connector().act(place.ref(comment), Action.HIDE, now=place.now)


class TestCredentials:
    def test_an_oauth2_user_token_reads_and_hides(self, place: Place) -> None:
        comment = place.comment(place.post(), "words")
        connector = place.connector({"user_token": standin_auth.user_token(place.city)})
        assert connector.check(now=place.now).ok
        assert connector.act(place.ref(comment), Action.HIDE, now=place.now) is Visibility.HIDDEN
        assert place.server.log[-1].request.headers["authorization"].startswith("Bearer ")

    def test_an_app_only_token_is_not_enough(self, place: Place) -> None:
        comment = place.comment(place.post(), "words")
        connector = place.connector({"user_token": standin_auth.APP_TOKEN})
        for call in (
            lambda: connector.check(now=place.now),
            lambda: connector.act(place.ref(comment), Action.HIDE, now=place.now),
        ):
            with pytest.raises(Unauthorised, match="Application-Only"):
                call()

    @pytest.mark.parametrize("name", ["api_key", "api_secret", "access_token", "access_secret"])
    def test_one_wrong_secret_spoils_the_signature(self, place: Place, name: str) -> None:
        credentials = {**place.standin.credentials(place.city), name: "2244994945-wrong"}
        with pytest.raises(Unauthorised, match="401"):
            place.connector(credentials).check(now=place.now)

    def test_a_missing_one_is_named(self, place: Place) -> None:
        with pytest.raises(KeyError, match="access_secret"):
            place.connector({"api_key": "k", "api_secret": "s", "access_token": "t"})

    def test_those_of_another_account_are_noticed(self, place: Place) -> None:
        other = place.world.add_account("x", "99", "Another City", "AnotherCity")
        health = place.connector(place.standin.credentials(other)).check(now=place.now)
        assert not health.ok
        assert "AnotherCity" in health.notes[0]

    def test_unpaid_bills_stop_the_account(self, place: Place) -> None:
        place.standin.credits = False
        with pytest.raises(Unauthorised, match="CreditsDepleted"):
            place.poll()


class TestLimits:
    def test_a_used_up_limit_says_until_when(self, place: Place) -> None:
        place.standin.limits["hide"] = 2
        connector = place.connector()
        written = [place.comment(place.post(), str(number)) for number in range(3)]
        begun = place.now
        for comment in written[:2]:
            connector.act(place.ref(comment), Action.HIDE, now=place.now)
        with pytest.raises(RateLimited) as caught:
            connector.act(place.ref(written[2]), Action.HIDE, now=place.now)
        assert caught.value.until == begun + timedelta(minutes=15)
        connector.look(place.ref(written[2]), now=place.now)
        place.forward(minutes=15)
        assert connector.act(place.ref(written[2]), Action.HIDE, now=place.now) is Visibility.HIDDEN

    @pytest.mark.parametrize(
        ("headers", "wait"),
        [
            ({}, timedelta(minutes=15)),
            ({"x-rate-limit-reset": "soon"}, timedelta(minutes=15)),
            ({"x-rate-limit-remaining": "0", "x-rate-limit-reset": "+120"}, timedelta(seconds=120)),
            ({"x-rate-limit-remaining": "0", "x-rate-limit-reset": "-300"}, timedelta(minutes=1)),
            ({"x-rate-limit-remaining": "0", "x-rate-limit-reset": "+99999999999999"}, timedelta(days=1)),
            (
                {
                    "x-rate-limit-remaining": "12",
                    "x-rate-limit-reset": "+120",
                    "x-user-limit-24hour-remaining": "0",
                    "x-user-limit-24hour-reset": "+7200",
                },
                timedelta(hours=2),
            ),
        ],
    )
    def test_the_wait_is_read_from_what_x_says(self, headers: dict[str, str], wait: timedelta) -> None:
        absolute = {
            name: str(int(NOW.timestamp()) + int(value)) if value[0] in "+-" else value
            for name, value in headers.items()
        }
        assert problems.until(absolute, NOW) == NOW + wait


def asked(script_url: str) -> api.Api:
    client = tweepy.Client(bearer_token="token", return_type=requests.Response)
    return api.Api(client, Transport(api=script_url, read=2, total=4), tokens=None, signed=False)


class TestOddAnswers:
    @pytest.mark.parametrize(
        ("status", "body", "expected"),
        [
            (200, b"", Malformed),
            (200, b"[]", Malformed),
            (200, b"<html>maintenance</html>", Malformed),
            (200, b'{"data": {"id": "1"}}', Malformed),
            (200, b'{"data": [{"id": 1}]}', Malformed),
            (200, b'{"errors": [{"title": "Internal Error"}]}', Malformed),
            (200, b"[" * 100_000, Malformed),
            (204, b"", Malformed),
            (400, b'{"title": "Invalid Request"}', Malformed),
            (401, b"[]", Unauthorised),
            (402, b'{"title": "CreditsDepleted"}', Unauthorised),
            (403, b'{"errors": null}', Unauthorised),
            (404, b"", Malformed),
            (410, b"{}", Malformed),
            (429, b'{"errors": [{"code": 88, "message": "Rate limit exceeded"}]}', RateLimited),
            (429, b"null", RateLimited),
            (500, b"null", Transient),
            (503, b"<html>", Transient),
            (503, b'{"errors": "down"}', Transient),
        ],
    )
    def test_come_out_as_one_of_five(self, status: int, body: bytes, expected: type[ConnectorError]) -> None:
        with serving(lambda handler: handler.reply(body, status=status)) as server, pytest.raises(expected) as caught:
            asked(server.url).mentions("1", None, NOW)
        if isinstance(caught.value, Malformed):
            assert caught.value.payload == body

    @pytest.mark.parametrize(
        ("status", "body", "hidden"),
        [
            (200, b'{"data": {"hidden": true}}', True),
            (200, b'{"data": {"hidden": false}}', False),
            (404, b"", None),
            (
                200,
                json.dumps({"errors": [TWEET.not_found("id", "7")]}).encode(),
                None,
            ),
        ],
    )
    def test_to_hiding_are_taken_at_their_word(self, status: int, body: bytes, hidden: bool | None) -> None:
        with serving(lambda handler: handler.reply(body, status=status)) as server:
            assert asked(server.url).set_hidden("7", NOW, hidden=True) is hidden

    @pytest.mark.parametrize("body", [b"{}", b'{"data": {}}', b'{"data": {"hidden": "true"}}', b'{"errors": []}'])
    def test_to_hiding_that_say_nothing_are_malformed(self, body: bytes) -> None:
        with serving(lambda handler: handler.reply(body)) as server, pytest.raises(Malformed):
            asked(server.url).set_hidden("7", NOW, hidden=True)

    @pytest.mark.parametrize(
        ("status", "body", "expected"),
        [
            (400, b'{"title": "Invalid Request"}', Refused),
            (403, b'{"title": "Forbidden"}', Refused),
            (409, b"", Refused),
            (422, b"<html>", Refused),
            (403, b'{"title": "Forbidden", "detail": "Your account has reached its spend cap."}', Unauthorised),
            (403, b'{"type": "https://api.x.com/2/problems/oauth1-permissions"}', Unauthorised),
            (402, b"", Unauthorised),
            (401, b"", Unauthorised),
            (429, b"", RateLimited),
            (502, b"", Transient),
            (410, b"", Malformed),
        ],
    )
    def test_to_hiding_that_fail_tell_x_s_refusal_from_trouble(
        self, status: int, body: bytes, expected: type[ConnectorError]
    ) -> None:
        with serving(lambda handler: handler.reply(body, status)) as server, pytest.raises(expected):
            asked(server.url).set_hidden("1", NOW, hidden=True)

    def test_pages_without_end_are_malformed(self) -> None:
        page = json.dumps({"meta": {"result_count": 0, "next_token": "again"}}).encode()
        with serving(lambda handler: handler.reply(page)) as server, pytest.raises(Malformed, match="not ended"):
            asked(server.url).mentions("1", None, NOW)

    def test_an_empty_page_in_the_middle_does_not_end_a_list(self) -> None:
        def script(handler: Handler) -> None:
            more = "pagination_token" not in handler.path
            handler.reply(json.dumps({"meta": {"result_count": 0, **({"next_token": "n"} if more else {})}}).encode())

        with serving(script) as server:
            assert asked(server.url).mentions("1", None, NOW) == []
            assert len(server.asked) == 2


class TestIdentifiers:
    def test_tell_their_time(self) -> None:
        assert snowflake.time_of("1992000000000000200") == datetime(2025, 11, 21, 22, 39, 44, 227000, tzinfo=UTC)
        assert snowflake.time_of(str(snowflake.first_at(NOW))) == NOW
        assert snowflake.first_at(datetime(2001, 1, 1, tzinfo=UTC)) == 0

    def test_marks_are_read_back_as_written(self) -> None:
        mark = Mark(
            own=Reach(seen="1", read=NOW), hot=Reach(seen="2"), roots=("5", "6"), warm=(("5", NOW),), swept=NOW, named=3
        )
        assert Mark.read(mark.cursor) == mark
        assert Mark.read(None) == Mark()

    def test_an_item_that_was_never_there_is_gone(self, place: Place) -> None:
        ref = Ref(platform="x", account=place.city.id, item="1")
        assert place.connector().look(ref, now=place.now).visibility is Visibility.GONE
