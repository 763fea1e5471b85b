"""X's stand-in declines what X declines, in X's words, and shows the public what the public would see."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from x_place import Place, open_place

from connectors.standin.world import AUTHOR, STAFF
from connectors.x import snowflake, standin_auth
from connectors.x.standin_search import BadQuery, compiled
from connectors.x.standin_shape import of_comment, stamp

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def place() -> Iterator[Place]:
    with open_place() as place:
        yield place


def ask(place: Place, path: str, method: str = "GET", json: object = None, **query: str) -> tuple[int, Any]:
    """One request with an OAuth 2.0 user token; dots in parameter names are written as two underscores."""
    answer = requests.request(
        method,
        place.server.url + path,
        params={name.replace("__", "."): value for name, value in query.items()},
        json=json,
        headers={"Authorization": f"Bearer {standin_auth.user_token(place.city)}"},
        timeout=5,
    )
    return answer.status_code, answer.json()


MENTIONS = "/2/users/2244994945/mentions"
SEARCH = "/2/tweets/search/recent"


class TestRequests:
    @pytest.mark.parametrize(
        ("path", "query", "words"),
        [
            (MENTIONS, {"max_results": "4"}, "is not between 5 and 100"),
            (MENTIONS, {"max_results": "101"}, "is not between 5 and 100"),
            (MENTIONS, {"max_results": "many"}, "is not between 5 and 100"),
            (MENTIONS, {"no_such": "1"}, "[no_such] is not one of"),
            (MENTIONS, {"since_id": "abc"}, "not a valid id"),
            (MENTIONS, {"start_time": "yesterday"}, "RFC3339"),
            (MENTIONS, {"pagination_token": "!!"}, "not one that was given"),
            (SEARCH, {"query": "a", "max_results": "9"}, "is not between 10 and 100"),
            (SEARCH, {"query": "x" * 513}, "not between 1 and 512"),
            (SEARCH, {}, "not between 1 and 512"),
            (SEARCH, {"query": "min_faves:3"}, "invalid operator"),
            (SEARCH, {"query": "is:happy"}, "invalid operator"),
            (SEARCH, {"query": "(a OR b"}, "bracket"),
            (SEARCH, {"query": "a OR"}, "term"),
            (SEARCH, {"query": "a", "since_id": "1000"}, "must be a tweet id created after 2026-11-13T15:00Z"),
            (SEARCH, {"query": "a", "start_time": "2026-11-01T00:00:00Z"}, "must be on or after"),
            ("/2/tweets", {"ids": ""}, "not between 1 and 100"),
            ("/2/tweets", {"ids": "1,two"}, "[two] is not valid"),
            ("/2/tweets", {"ids": ",".join(map(str, range(101)))}, "not between 1 and 100"),
        ],
    )
    def test_that_x_would_not_take_are_400(self, place: Place, path: str, query: dict[str, str], words: str) -> None:
        status, body = ask(place, path, **query)
        assert (status, body["title"]) == (400, "Invalid Request")
        assert words in body["errors"][0]["message"]

    def test_for_an_identifier_and_a_time_at_once_are_400(self, place: Place) -> None:
        recent = str(snowflake.first_at(place.now - timedelta(days=1)))
        status, body = ask(place, SEARCH, query="a", since_id=recent, end_time=stamp(place.now))
        assert status == 400
        assert "in conjunction with" in body["errors"][0]["message"]

    def test_to_nowhere_are_404(self, place: Place) -> None:
        assert ask(place, "/2/nothing/here")[0] == 404

    def test_without_credentials_are_401(self, place: Place) -> None:
        answer = requests.get(place.server.url + MENTIONS, timeout=5)
        assert (answer.status_code, answer.json()["title"]) == (401, "Unauthorized")

    def test_carry_the_state_of_their_limit(self, place: Place) -> None:
        headers = []
        for _ in range(2):
            answer = requests.get(
                place.server.url + MENTIONS,
                headers={"Authorization": f"Bearer {standin_auth.user_token(place.city)}"},
                timeout=5,
            )
            headers.append([answer.headers[f"x-rate-limit-{name}"] for name in ("limit", "remaining")])
        assert headers == [["300", "299"], ["300", "298"]]


class TestDialects:
    def test_each_is_answered_in_its_own_names(self, place: Place) -> None:
        place.comment(place.post(), "long " * 100)
        old = ask(place, MENTIONS, tweet__fields="note_tweet,author_id,referenced_tweets")[1]["data"][0]
        new = ask(
            place, MENTIONS, post__fields="note_post", expansions="author_id,referenced_posts,edit_history_post_ids"
        )
        assert old.keys() == {"id", "text", "author_id", "edit_history_tweet_ids", "note_tweet", "referenced_tweets"}
        assert new[1]["data"][0].keys() == {
            "id", "text", "author_id", "edit_history_post_ids", "note_post", "referenced_posts",
        }  # fmt: skip
        assert len(old["text"]) == 280
        assert old["note_tweet"]["text"] == "long " * 100

    def test_names_of_the_other_are_passed_over_in_silence(self, place: Place) -> None:
        place.comment(place.post(), "words")
        status, body = ask(place, MENTIONS, post__fields="author_id,note_tweet,no_such_field")
        assert (status, body["data"][0].keys()) == (200, {"id", "text"})
        assert "errors" not in body

    def test_what_is_missing_is_named_in_the_dialect_asked(self, place: Place) -> None:
        for query, kind, host in (("tweet__fields", "tweet", "twitter"), ("post__fields", "post", "x")):
            body = ask(place, "/2/tweets", ids="7", **{query: "lang"})[1]
            assert body["errors"][0]["resource_type"] == kind
            assert body["errors"][0]["type"] == f"https://api.{host}.com/2/problems/resource-not-found"
            assert "data" not in body


class TestLists:
    def test_are_newest_first_and_bounded_as_asked(self, place: Place) -> None:
        post = place.post()
        written = [place.comment(post, str(number)) for number in range(6)]
        body = ask(place, MENTIONS, since_id=written[1].id, until_id=written[5].id)[1]
        assert [item["text"] for item in body["data"]] == ["4", "3", "2"]
        assert body["meta"] == {"result_count": 3, "newest_id": written[4].id, "oldest_id": written[2].id}
        body = ask(place, MENTIONS, start_time=stamp(written[4].at))[1]
        assert [item["text"] for item in body["data"]] == ["5", "4"]

    def test_neither_repeat_nor_lose_when_something_comes_in_between_pages(self, place: Place) -> None:
        post = place.post()
        for number in range(8):
            place.comment(post, str(number))
        first = ask(place, MENTIONS, max_results="5")[1]
        place.comment(post, "in between")
        second = ask(place, MENTIONS, max_results="5", pagination_token=first["meta"]["next_token"])[1]
        texts = [item["text"] for page in (first, second) for item in page["data"]]
        assert texts == ["7", "6", "5", "4", "3", "2", "1", "0"]
        assert "next_token" not in second["meta"]

    def test_leave_replies_out_when_told_to(self, place: Place) -> None:
        place.comment(place.post("a post"), "our reply", author=place.city.person)
        path = "/2/users/2244994945/tweets"
        assert [item["text"] for item in ask(place, path)[1]["data"]] == ["our reply", "a post"]
        assert [item["text"] for item in ask(place, path, exclude="replies,retweets")[1]["data"]] == ["a post"]


class TestSearch:
    @pytest.mark.parametrize(
        ("query", "finds"),
        [
            ("council", True),
            ("COUNCIL hall", True),
            ("council -hall", False),
            ('"town hall"', True),
            ('"hall town"', False),
            ("library OR council", True),
            ("(library OR council) -from:pat_example", False),
            ("(library OR council) -from:501", False),
            ("from:@Pat_Example to:CityOfExample", True),
            ("to:somebody", False),
            ("is:reply -is:retweet", True),
            ("-(council OR library)", False),
            ("conversation_id:{post}", True),
            ("conversation_id:1 OR in_reply_to_tweet_id:{post}", True),
            ("@CityOfExample", False),
        ],
    )
    def test_understands_its_operators(self, place: Place, query: str, finds: bool) -> None:
        comment = place.comment(place.post(), "The council meets at the town hall")
        assert compiled(query.format(post=comment.post.id))(of_comment(comment)) is finds

    @pytest.mark.parametrize("query", [")", "a )", "(", "-", "lang:en", "OR a"])
    def test_declines_what_it_does_not(self, query: str) -> None:
        with pytest.raises(BadQuery):
            compiled(query)


class TestHiding:
    @pytest.mark.parametrize("body", [None, {}, {"hidden": "yes"}, [True]])
    def test_needs_to_be_told_what(self, place: Place, body: object) -> None:
        comment = place.comment(place.post(), "words")
        assert ask(place, f"/2/tweets/{comment.id}/hidden", "PUT", body)[0] == 400

    def test_of_what_is_gone_is_404_and_of_a_post_403(self, place: Place) -> None:
        comment = place.comment(place.post(), "words")
        assert ask(place, f"/2/tweets/{comment.post.id}/hidden", "PUT", {"hidden": True})[0] == 403
        place.world.delete(comment, AUTHOR)
        assert ask(place, f"/2/tweets/{comment.id}/hidden", "PUT", {"hidden": True})[0] == 404

    def test_shows_nowhere_in_an_answer(self, place: Place) -> None:
        comment = place.comment(place.post(), "words")
        before = ask(place, "/2/tweets", ids=comment.id, tweet__fields="text,author_id,public_metrics")
        place.world.hide(comment, STAFF)
        assert ask(place, "/2/tweets", ids=comment.id, tweet__fields="text,author_id,public_metrics") == before


class TestPages:
    def test_show_the_thread_but_not_what_is_hidden(self, place: Place) -> None:
        post = place.post("The notice")
        shown = place.comment(post, "shown & <kept>")
        hidden = place.comment(post, "hidden words")
        place.world.hide(hidden, STAFF)
        for path in (f"/i/status/{post.id}", f"/CityOfExample/status/{post.id}", f"/i/status/{shown.id}"):
            answer = requests.get(place.server.url + path, timeout=5)
            assert answer.status_code == 200
            assert "shown &amp; &lt;kept&gt;" in answer.text
            assert "The notice" in answer.text
            assert "hidden words" not in answer.text

    def test_of_what_is_gone_say_so(self, place: Place) -> None:
        comment = place.comment(place.post(), "soon gone")
        reply = place.comment(comment.post, "a reply to it", parent=comment)
        place.world.delete(comment, AUTHOR)
        gone = requests.get(place.standin.comment_url(comment), timeout=5)
        assert (gone.status_code, "soon gone" in gone.text) == (404, False)
        assert "a reply to it" in requests.get(place.standin.comment_url(reply), timeout=5).text
