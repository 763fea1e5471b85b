"""Where people comment and no feed of the Page shows it: advertisements, recommendations, posts of others."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from facebook_town import NOON, PAT, SAM, Town, a_town, comments
from test_facebook_official import official

from bot.domain.types import Action, Visibility
from connectors.contract import Refused
from connectors.facebook.adverts import WAITS
from connectors.facebook.plan import plan
from connectors.facebook.standin_show import Kind
from connectors.planning import DAY, Load
from connectors.standin import world

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from facebook_business.adobjects.adaccount import AdAccount
    from facebook_business.adobjects.page import Page
    from facebook_business.exceptions import FacebookRequestError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.domain.types import Batch, Post
    from connectors.standin.world import WorldComment, WorldPost


@pytest.fixture
def town() -> Iterator[Town]:
    with a_town() as running:
        running.connector = running.connect(**running.standin.ads_credentials(running.page))
        yield running


def says(town: Town, post: WorldPost, text: str = "words that are long enough") -> WorldComment:
    return town.world.add_comment(post, text, author=PAT)


def later(town: Town, batches: list[Batch], **step: float) -> list[Batch]:
    town.clock.on(**step)
    return town.poll(batches[-1].cursor)


def posts(batches: list[Batch]) -> dict[str, Post]:
    return {post.ref.item: post for batch in batches for post in batch.posts}


def dark(town: Town, *, runs: bool = True) -> WorldPost:
    """An advertisement that is in no list of the Page."""
    town.standin.switch(["ads_unlisted"])
    while True:
        post = town.standin.publish(town.page, Kind.AD, "Register to vote", runs=runs)
        if town.standin.pitfalls.strikes("ads_unlisted", post.id):
            return post
        town.world.delete_post(post, world.STAFF)


def asked_of_ads(town: Town) -> int:
    return sum("/act_" in request.path for request in town.requests())


# ---------------------------------------------------------------------------------------------------- advertisements


def test_what_is_said_under_an_advertisement_that_no_list_shows_is_read_and_acted_on(town: Town) -> None:
    comment = says(town, dark(town))
    batches = town.poll()
    assert set(comments(batches)) == {comment.id}
    assert posts(batches)[comment.post.id].text == "Register to vote"
    town.connector.act(town.ref(comment), Action.HIDE, now=town.clock.now)
    assert town.acts() == [("hide", comment.id)]
    assert town.connector.check(now=town.clock.now).notes == ()


def test_without_the_ad_account_nobody_could_know_of_it(town: Town) -> None:
    comment = says(town, dark(town))
    town.connector = town.connect()
    assert comments(town.poll()) == {}
    assert comment.public
    assert asked_of_ads(town) == 0


def test_news_there_are_read_within_five_minutes(town: Town) -> None:
    post = dark(town)
    batches = town.poll()
    town.clock.on(minutes=1)
    news = says(town, post)
    assert comments(later(town, batches, minutes=1)) == {}
    assert set(comments(later(town, batches, minutes=3))) == {news.id}


def test_what_ran_once_is_read_once_a_day(town: Town) -> None:
    post = dark(town, runs=False)
    batches = town.poll()
    assert post.id in posts(batches)
    town.clock.on(minutes=1)
    news = says(town, post)
    assert comments(later(town, batches, minutes=15)) == {}
    assert set(comments(later(town, batches, days=1))) == {news.id}


def test_an_advertisement_that_both_know_is_asked_for_once(town: Town) -> None:
    town.standin.publish(town.page, Kind.AD)
    town.poll()
    assert asked_of_ads(town) == 1
    assert town.requests("batch") == []


def test_the_page_is_read_whatever_is_wrong_with_the_ad_account(town: Town) -> None:
    comment = says(town, town.world.add_post(town.page, "post"))
    for name, rest in (("ads_not_permitted", WAITS), ("ads_limited", timedelta(minutes=11))):
        town.standin.switch([name])
        town.connector = town.connect(**town.standin.ads_credentials(town.page))
        batches = town.poll()
        assert set(comments(batches)) == {comment.id}
        assert "the ad account's posts are not read" in str(town.connector.check(now=town.clock.now).notes)
        asked = asked_of_ads(town)
        later(town, batches, minutes=rest.total_seconds() / 60 - 1)
        assert asked_of_ads(town) == asked
        town.standin.switch([])
        later(town, batches, minutes=6)
        assert asked_of_ads(town) == asked + 1
        assert "ad account" not in str(town.connector.check(now=town.clock.now).notes)


def test_a_dead_token_of_the_ad_account_stops_nothing_and_is_said(town: Town) -> None:
    comment = says(town, town.world.add_post(town.page, "post"))
    ads = town.standin.ads_credentials(town.page) | {"ads_token": town.standin.expired_token}
    town.connector = town.connect(**ads)
    assert set(comments(town.poll())) == {comment.id}
    assert "the ad account's posts are not read" in str(town.connector.check(now=town.clock.now).notes)


def test_posts_that_a_batch_had_no_time_for_are_asked_for_one_by_one(town: Town) -> None:
    town.standin.switch(["ads_unlisted", "batch_nulls"])
    written = {says(town, town.standin.publish(town.page, Kind.AD, str(number))).id for number in range(30)}
    assert set(comments(town.poll())) == written
    assert {"ads_unlisted", "batch_nulls"} <= town.standin.pitfalls.met.keys()


def test_how_much_of_its_limit_the_ad_account_used_does_not_slow_the_page(town: Town) -> None:
    edited = says(town, town.world.add_post(town.page, "post"))
    batches = town.poll()
    town.world.edit(edited, "edited")
    handle = town.standin.handle

    def crowded(request):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        town.standin.manners.usage = 99 if "/act_" in request.path else 10
        return handle(request)

    town.standin.handle = crowded  # type: ignore[method-assign]
    assert comments(later(town, batches, minutes=6))[edited.id].text == "edited"


@pytest.mark.parametrize("alone", ["ad_account", "ads_token"])
def test_one_key_of_two_is_named(town: Town, alone: str) -> None:
    with pytest.raises(KeyError, match="ads_token" if alone == "ad_account" else "ad_account"):
        town.connect(**{alone: town.standin.ads_credentials(town.page)[alone]})


def test_the_plan_counts_what_advertisements_cost(town: Town) -> None:
    many = 12
    town.standin.switch(["ads_unlisted"])
    for _ in range(many):
        dark(town)
    found: dict[str, int] = {}
    for name, credentials in (("with", town.standin.ads_credentials(town.page)), ("without", {})):
        town.connector = town.connect(**credentials)
        batches = town.poll()
        batches = later(town, batches, minutes=2) or batches
        begun, calls, asked = town.clock.now, town.standin.calls, len(town.requests())
        while town.clock.now - begun < timedelta(hours=3):
            batches = later(town, batches, minutes=2) or batches
        found[name], found[f"{name} counted"] = len(town.requests()) - asked, town.standin.calls - calls
    load = Load(posts=1, comments=1, poll=timedelta(minutes=2))
    more = plan(replace(load, ads=many)).calls - plan(load).calls
    assert abs((found["with"] - found["without"]) * (DAY / timedelta(hours=3)) - more) < 0.2 * more
    hour = plan(replace(load, ads=many)).hour - plan(load).hour
    assert abs((found["with counted"] - found["without counted"]) / 3 - hour) < 0.2 * hour


# ------------------------------------------------------------------------------------------------- recommendations


def test_recommendations_are_records_and_comments_on_them_too(town: Town) -> None:
    review = town.standin.publish(town.page, Kind.REVIEW, "No answer for weeks", author=SAM)
    comment = says(town, review)
    batches = town.poll()
    post = posts(batches)[f"{town.page.id}_{review.id}"]
    assert (post.text, post.author.id, post.author.name) == ("No answer for weeks", SAM.id, SAM.name)
    [read] = comments(batches).values()
    assert (read.ref.item, read.post) == (comment.id, post.ref)
    seen = town.connector.look(town.ref(comment), now=town.clock.now)
    assert seen.comment
    assert (seen.visibility, seen.comment.post) == (Visibility.VISIBLE, post.ref)


@pytest.mark.parametrize("action", [Action.HIDE, Action.DELETE])
def test_what_stands_under_a_recommendation_goes_to_a_person(town: Town, action: Action) -> None:
    comment = says(town, town.standin.publish(town.page, Kind.REVIEW, "words", author=SAM))
    with pytest.raises(Refused):
        town.connector.act(town.ref(comment), action, now=town.clock.now)
    assert comment.public


def test_a_deleted_comment_on_a_recommendation_is_gone(town: Town) -> None:
    comment = says(town, town.standin.publish(town.page, Kind.REVIEW, "words", author=SAM))
    town.world.delete(comment, world.AUTHOR)
    assert town.connector.look(town.ref(comment), now=NOON).visibility is Visibility.GONE


def test_those_that_nothing_names_are_records_all_the_same_each_once(town: Town) -> None:
    town.standin.switch(["reviews_without_story", "authors_withheld"])
    texts = {f"review {number}" for number in range(20)}
    for number, text in enumerate(sorted(texts)):
        town.standin.publish(town.page, Kind.REVIEW, text, author=SAM, at=NOON - timedelta(days=number))
    batches = town.poll()
    given = [post for batch in batches for post in batch.posts]
    assert {post.text for post in given} == texts
    assert len({post.ref for post in given}) == len(given) == 20
    assert {post.author.id for post in given} == {SAM.id, None}
    assert posts(later(town, batches, minutes=5)) == {}


def test_another_wording_of_one_is_another_record_of_the_same(town: Town) -> None:
    town.standin.switch(["reviews_without_story"])
    reviews = [
        town.standin.publish(town.page, Kind.REVIEW, f"review {number}", author=SAM, at=NOON - timedelta(hours=number))
        for number in range(12)
    ]
    batches = town.poll()
    before = posts(batches)
    for review in reviews:
        review.text += ", thought over"
    after = posts(later(town, batches, minutes=11))
    assert after.keys() == before.keys()
    assert all(post.text.endswith("thought over") for post in after.values())


def test_recommendations_that_are_not_permitted_stop_nothing_and_are_said(town: Town) -> None:
    comment = says(town, town.world.add_post(town.page, "post"))
    town.standin.switch(["reviews_not_permitted"])
    assert set(comments(town.poll())) == {comment.id}
    assert "ratings are not read" in str(town.connector.check(now=town.clock.now).notes)


# --------------------------------------------------------------------------------------------------- posts of others


def test_a_post_of_somebody_elses_that_names_the_page_is_a_record_once_a_day(town: Town) -> None:
    post = town.standin.publish(town.page, Kind.TAGGED, "Thanks, City of Example", author=PAT)
    says(town, post)
    batches = town.poll()
    assert posts(batches)[post.id].author.id == PAT.id
    assert comments(batches) == {}
    asked = [request for request in town.requests("list") if request.path.endswith("/tagged")]
    later(town, batches, minutes=20)
    assert [request for request in town.requests("list") if request.path.endswith("/tagged")] == asked
    second = town.standin.publish(town.page, Kind.TAGGED, "Again", author=SAM)
    assert second.id in posts(later(town, batches, days=1))
    assert not any(request.path.endswith(f"{post.id}/comments") for request in town.requests())


# -------------------------------------------------------------------------------------------------- the client of Meta


def test_metas_own_client_finds_the_same(town: Town) -> None:
    post = dark(town)
    review = town.standin.publish(town.page, Kind.REVIEW, "No answer", author=SAM)
    tagged = town.standin.publish(town.page, Kind.TAGGED, "Thanks", author=PAT)
    ads = town.standin.ads_credentials(town.page)
    person = official(town, ads["ads_token"])
    running = {"effective_status": ["ACTIVE"]}
    listed = list(AdAccount(ads["ad_account"], api=person).get_ads(fields=["creative"], params=running))
    asked = {"fields": "creative{effective_object_story_id}"}  # its lists of fields know no fields of fields
    found = person.call("GET", (ads["ad_account"], "ads"), params=asked).json()["data"]
    stories = [ad["creative"].get("effective_object_story_id") for ad in found]
    assert post.id in stories
    assert len(stories) == len(listed) == 3, "one that names no post, and one of another Page"
    page = Page(town.page.id, api=official(town))
    [given] = page.get_ratings(fields=["review_text", "open_graph_story", "reviewer"])
    assert (given["review_text"], given["open_graph_story"]["id"]) == ("No answer", review.id)
    assert [one["id"] for one in page.get_tagged()] == [tagged.id]
    with pytest.raises(FacebookRequestError) as caught:
        list(AdAccount(ads["ad_account"], api=official(town)).get_ads())
    assert caught.value.api_error_code() == 200
    with pytest.raises(FacebookRequestError):
        list(AdAccount(ads["ad_account"], api=person).get_ads(params={"effective_status": ["SOMETIMES"]}))
    town.server.log.pop()  # wrong on purpose


def test_archived_advertisements_come_only_when_asked_for(town: Town) -> None:
    town.poll()
    [request] = [request for request in town.requests() if "/act_" in request.path]
    assert "ARCHIVED" in json.loads(request.one("effective_status"))
