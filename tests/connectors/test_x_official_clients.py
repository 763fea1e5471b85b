"""Clients we did not write work the stand-in over real sockets: tweepy as it is, X's own SDK in its newer dialect."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import requests
import tweepy
import xdk
from requests.adapters import HTTPAdapter
from x_place import Place, open_place
from xdk.activity.models import CreateSubscriptionRequest
from xdk.oauth1_auth import OAuth1
from xdk.posts.models import HideReplyRequest

from connectors.standin.world import APP, Person
from connectors.x import standin_auth

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connectors.standin.world import WorldComment


@pytest.fixture
def place() -> Iterator[Place]:
    with open_place() as place:
        yield place


@pytest.fixture
def written(place: Place) -> list[WorldComment]:
    """Twelve replies to one post, the last of them the City's own."""
    post = place.post("What would you ask the council?")
    public = [place.comment(post, f"question {number} 👍🏽") for number in range(11)]
    return [*public, place.comment(post, "we answer tomorrow", author=place.city.person)]


class Here(HTTPAdapter):
    """Sends everything to the stand-in: all that is done to tweepy, whose host is built in."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.netloc = urlsplit(url).netloc

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        request.url = urlsplit(request.url or "")._replace(scheme="http", netloc=self.netloc).geturl()
        return super().send(request, *args, **kwargs)


class TestTweepy:
    @pytest.fixture
    def client(self, place: Place) -> Iterator[tweepy.Client]:
        keys = place.standin.credentials(place.city)
        client = tweepy.Client(
            consumer_key=keys["api_key"],
            consumer_secret=keys["api_secret"],
            access_token=keys["access_token"],
            access_token_secret=keys["access_secret"],
        )
        client.session.mount("https://api.twitter.com", Here(place.server.url))
        with client.session:
            yield client

    def test_lists(self, place: Place, client: tweepy.Client, written: list[WorldComment]) -> None:
        assert client.get_me().data.username == "CityOfExample"
        pages = tweepy.Paginator(
            client.get_users_mentions,
            place.city.id,
            max_results=5,
            tweet_fields=["created_at", "conversation_id", "edit_controls"],
            expansions=["author_id"],
            user_auth=True,
        )
        found = list(pages)
        assert [len(page.data) for page in found] == [5, 5, 1]
        assert found[0].includes["users"][0].username == "pat_example"
        tweets = [tweet for page in found for tweet in page.data]
        assert [tweet.text for tweet in tweets] == [comment.text for comment in reversed(written[:11])]
        assert {tweet.created_at for tweet in tweets} == {comment.at for comment in written[:11]}
        assert {str(tweet.conversation_id) for tweet in tweets} == {written[0].post.id}

    def test_searches_and_looks_up(self, client: tweepy.Client, written: list[WorldComment]) -> None:
        root = written[0].post.id
        query = f"conversation_id:{root} is:reply -from:CityOfExample"
        answer = client.search_recent_tweets(query, max_results=100, tweet_fields=["lang"], user_auth=True)
        assert {str(tweet.id) for tweet in answer.data} == {comment.id for comment in written[:11]}
        looked = client.get_tweets([written[0].id, "7"], tweet_fields=["lang"], user_auth=True)
        assert [str(tweet.id) for tweet in looked.data] == [written[0].id]
        assert looked.errors[0]["title"] == "Not Found Error"
        assert client.get_tweet("7", user_auth=True).data is None

    def test_of_nothing_gives_nothing(self, place: Place, client: tweepy.Client) -> None:
        answer = client.get_users_mentions(place.city.id, user_auth=True)
        assert (answer.data, answer.meta) == (None, {"result_count": 0})

    def test_hides_and_shows(self, place: Place, client: tweepy.Client, written: list[WorldComment]) -> None:
        for _ in range(2):
            assert client.hide_reply(written[0].id).data == {"hidden": True}
        assert client.unhide_reply(written[0].id).data == {"hidden": False}
        assert [(effect.what, effect.by) for effect in place.world.effects] == [("hide", APP), ("unhide", APP)]

    def test_deletes_only_its_own(self, place: Place, client: tweepy.Client, written: list[WorldComment]) -> None:
        with pytest.raises(tweepy.Forbidden):
            client.delete_tweet(written[0].id)
        assert client.delete_tweet(written[-1].id).data == {"deleted": True}
        assert client.delete_tweet(written[0].post.id).data == {"deleted": True}
        assert [effect.comment for effect in place.world.effects] == [written[-1].id]
        assert written[0].public

    def test_finds_quotes_people_and_followers(self, place: Place, client: tweepy.Client) -> None:
        post = place.post()
        quote = place.standin.shelf.quote(post, "look", Person(id="801", name="Quoting Example", handle="quoting"))
        place.standin.followers[place.city.id] = [Person(id="9", name="N", handle="n")]
        found = client.get_quote_tweets(post.id, tweet_fields=["referenced_tweets"], user_auth=True).data
        assert [(str(one.id), one.referenced_tweets[0].type) for one in found] == [(quote.id, "quoted")]
        by_search = client.search_recent_tweets(
            f"quotes_of_tweet_id:{post.id} is:quote", tweet_fields=["lang"], user_auth=True
        ).data
        assert [str(one.id) for one in by_search] == [quote.id]
        assert client.get_users(ids=["801"], user_auth=True).data[0].username == "quoting"
        assert [one.name for one in client.get_users_followers(place.city.id, user_auth=True).data] == ["N"]

    def test_replies_to_those_who_spoke_to_the_city(
        self, place: Place, client: tweepy.Client, written: list[WorldComment]
    ) -> None:
        with pytest.raises(tweepy.Forbidden):
            client.create_tweet(text="uncalled for", in_reply_to_tweet_id=written[0].id)
        spoken = place.comment(written[0].post, "@CityOfExample a question")
        sent = client.create_tweet(text="an answer", in_reply_to_tweet_id=spoken.id).data["id"]
        assert place.world.comments["x", sent].parent is spoken

    def test_is_told_when_it_asked_too_much(self, place: Place, client: tweepy.Client) -> None:
        place.standin.limits["list"] = 0
        with pytest.raises(tweepy.TooManyRequests) as caught:
            client.get_users_mentions(place.city.id, user_auth=True)
        assert caught.value.reset_time == int(place.now.timestamp()) + 900

    def test_with_a_wrong_secret_is_let_nowhere(self, client: tweepy.Client) -> None:
        client.access_token_secret = "wrong"
        with pytest.raises(tweepy.Unauthorized):
            client.get_me()


class TestXdkStream:
    def test_hears_of_a_name(self, place: Place) -> None:
        client = xdk.Client(base_url=place.server.url, bearer_token=standin_auth.APP_TOKEN)
        place.standin.activity.keep_alive = 0.1
        wish = CreateSubscriptionRequest(
            event_type="post.mention.create", filter={"user_id": place.city.id}, tag="names"
        )
        made = client.activity.create_subscription(wish)
        assert made.data.subscription.event_type == "post.mention.create"
        post = place.post()
        later = threading.Timer(0.3, lambda: place.comment(post, "@CityOfExample a name"))
        later.start()
        with client.session:
            event = next(iter(client.stream.activity()))
        later.join()
        place.standin.activity.closing.set()
        assert event.data.event_type == "post.mention.create"
        assert event.data.filter.user_id == place.city.id


class TestXdk:
    @pytest.fixture
    def client(self, place: Place) -> Iterator[xdk.Client]:
        client = xdk.Client(base_url=place.server.url, access_token=standin_auth.user_token(place.city))
        with client.session:
            yield client

    def test_lists(self, place: Place, client: xdk.Client, written: list[WorldComment]) -> None:
        pages = client.users.get_mentions(
            place.city.id,
            max_results=5,
            post_fields=["created_at", "conversation_id", "note_post"],
            expansions=["author_id", "referenced_posts", "edit_history_post_ids"],
        )
        found = list(pages)
        items = [item for page in found for item in page.data]
        assert [item.text for item in items] == [comment.text for comment in reversed(written[:11])]
        assert {item.author_id for item in items} == {"501"}
        assert items[0].referenced_posts[0].type == "replied_to"
        assert items[0].edit_history_post_ids == [items[0].id]
        assert found[0].includes.users[0].name == "Pat Example"
        assert found[-1].meta.result_count == 1

    def test_searches_and_looks_up(self, client: xdk.Client, written: list[WorldComment]) -> None:
        (page,) = client.posts.search_recent(query=f"conversation_id:{written[0].post.id} is:reply", max_results=100)
        assert {item.id for item in page.data} == {comment.id for comment in written}
        looked = client.posts.get_by_ids(ids=[written[0].id, "7"])
        assert [item.id for item in looked.data] == [written[0].id]
        assert type(looked.errors[0]).__name__ == "ResourceNotFoundProblem"
        assert client.users.get_me().data.username == "CityOfExample"

    def test_hides_and_deletes_its_own(self, place: Place, client: xdk.Client, written: list[WorldComment]) -> None:
        assert client.posts.hide_reply(written[0].id, HideReplyRequest(hidden=True)).data.hidden is True
        assert client.posts.hide_reply(written[0].id, HideReplyRequest(hidden=False)).data.hidden is False
        assert client.posts.delete(written[-1].id).data.deleted is True
        assert [(effect.what, effect.by) for effect in place.world.effects] == [
            ("hide", APP),
            ("unhide", APP),
            ("delete", APP),
        ]

    def test_signs_for_the_address_it_was_given(self, place: Place, written: list[WorldComment]) -> None:
        keys = place.standin.credentials(place.city)
        signer = OAuth1(
            keys["api_key"],
            keys["api_secret"],
            "http://127.0.0.1/callback",
            access_token=keys["access_token"],
            access_token_secret=keys["access_secret"],
        )
        client = xdk.Client(base_url=place.server.url, auth=signer)
        with client.session:
            assert client.users.get_by_id(place.city.id).data.name == "City of Example"
            assert client.posts.hide_reply(written[0].id, HideReplyRequest(hidden=True)).data.hidden is True
        assert {exchange.request.headers["authorization"].split()[0] for exchange in place.server.log} == {"OAuth"}

    def test_an_app_alone_may_read_but_not_hide(self, place: Place, written: list[WorldComment]) -> None:
        client = xdk.Client(base_url=place.server.url, bearer_token=standin_auth.APP_TOKEN)
        with client.session:
            assert client.posts.get_by_id(written[0].id).data.id == written[0].id
        with client.session, pytest.raises(requests.HTTPError, match="403"):
            client.session.put(
                f"{place.server.url}/2/tweets/{written[0].id}/hidden",
                json={"hidden": True},
                headers={"Authorization": f"Bearer {standin_auth.APP_TOKEN}"},
            ).raise_for_status()
        assert place.world.effects == []
