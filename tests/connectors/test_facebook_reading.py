"""What is read of a Page besides its feed, what is read again, and what is left alone when calls run short."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from facebook_town import PAT, SAM, Town, a_town, comments

from bot.domain.types import Action, Cursor, Ref
from connectors.contract import Malformed, RateLimited
from connectors.facebook.reading import named
from connectors.facebook.standin_show import Kind, live_id
from connectors.standin import world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.domain.types import Batch, Comment
    from connectors.standin.world import WorldComment, WorldPost

OUTSIDE_THE_FEED = [Kind.AD, Kind.PHOTO, Kind.VIDEO, Kind.REEL, Kind.LIVE]  # and see test_facebook_apart.py


@pytest.fixture
def town() -> Iterator[Town]:
    with a_town() as running:
        yield running


def says(town: Town, post: WorldPost, text: str = "words that are long enough", **more: object) -> WorldComment:
    return town.world.add_comment(post, text, **{"author": PAT} | more)  # type: ignore[arg-type]


def later(town: Town, batches: list[Batch], **step: float) -> list[Batch]:
    """The next poll, some time after these."""
    town.clock.on(**step)
    return town.poll(batches[-1].cursor)


@pytest.mark.parametrize("kind", OUTSIDE_THE_FEED)
def test_what_no_feed_holds_is_read_with_every_depth(town: Town, kind: Kind) -> None:
    thing = town.standin.publish(town.page, kind, "The new fountain")
    first = says(town, thing)
    reply = says(town, thing, "a reply", parent=first, author=SAM)
    batches = town.poll()
    read = comments(batches)
    assert set(read) == {first.id, reply.id}
    assert read[reply.id].parent == town.ref(first)
    [post] = {post.ref: post for batch in batches for post in batch.posts}.values()
    assert (post.ref.item, post.text) == (thing.id, "The new fountain")
    assert read[first.id].post == post.ref
    assert post.url == town.standin.post_url(thing).replace(town.server.url, "https://www.facebook.com") or kind in (
        Kind.AD,
        Kind.PHOTO,
    )


@pytest.mark.parametrize("kind", OUTSIDE_THE_FEED)
def test_looking_agrees_with_reading_wherever_a_comment_stands(town: Town, kind: Kind) -> None:
    written = says(town, town.standin.publish(town.page, kind))
    [read] = comments(town.poll()).values()
    seen = town.connector.look(town.ref(written), now=town.clock.now)
    assert seen.comment
    assert (seen.comment.ref, seen.comment.post, seen.comment.revision) == (read.ref, read.post, read.revision)


@pytest.mark.parametrize("kind", OUTSIDE_THE_FEED)
def test_news_outside_the_feed_are_read_within_minutes_and_cost_nothing_in_between(town: Town, kind: Kind) -> None:
    thing = town.standin.publish(town.page, kind)
    batches = town.poll()
    news = says(town, thing, at=town.clock.on(minutes=1))
    asked = len(town.requests())
    assert news.id not in comments(later(town, batches, minutes=1))
    assert len(town.requests()) == asked + 1
    assert news.id in comments(later(town, batches, minutes=4))


def test_an_old_reel_is_found_by_its_count_of_comments(town: Town) -> None:
    reel = town.standin.publish(town.page, Kind.REEL, at=town.clock.on(days=-700))
    first = says(town, reel)
    town.clock.on(days=700)
    for number in range(30):
        town.standin.publish(town.page, Kind.PHOTO, str(number), at=town.clock.on(minutes=1))
    batches = town.poll()
    reply = says(town, reel, "two years later", parent=first, at=town.clock.on(minutes=1))
    assert set(comments(later(town, batches, minutes=5))) == {first.id, reply.id}


def test_a_reply_under_a_two_year_old_comment_is_found(town: Town) -> None:
    post = town.world.add_post(town.page, "long ago", at=town.clock.on(days=-730))
    old = says(town, post)
    town.clock.on(days=730)
    for number in range(120):
        town.world.add_post(town.page, str(number), at=town.clock.on(minutes=1))
    batches = town.poll()
    reply = says(town, post, "late", parent=old, at=town.clock.on(minutes=1))
    assert reply.id in comments(later(town, batches, minutes=10))


def test_each_photo_of_a_post_has_comments_of_its_own(town: Town) -> None:
    story = town.world.add_post(town.page, "Two photos")
    photos = [town.standin.publish(town.page, Kind.PHOTO, story=story) for _ in range(2)]
    written = {says(town, thing).id: thing.id for thing in (story, *photos)}
    read = comments(town.poll())
    assert {comment.ref.item: comment.post.item for comment in read.values()} == written


@pytest.mark.parametrize("kind", [Kind.PHOTO, Kind.VIDEO, Kind.LIVE])
def test_a_thread_that_two_lists_show_is_read_once(town: Town, kind: Kind) -> None:
    story = town.world.add_post(town.page, "One picture")
    thing = town.standin.publish(town.page, kind, story=story, shares=True)
    first = says(town, story)
    reply = says(town, story, "a reply", parent=first)
    batches = town.poll()
    read = [comment for batch in batches for comment in batch.comments]
    assert sorted(comment.ref.item for comment in read) == sorted([first.id, reply.id])
    assert {post.ref.item for batch in batches for post in batch.posts} == {story.id}
    assert town.requests("list")[-1].path.endswith((f"{thing.id}/comments", f"{story.id}/comments"))


def test_a_comment_that_shows_under_photo_and_post_is_one(town: Town) -> None:
    town.standin.switch(["twins"])
    story = town.world.add_post(town.page, "Two photos")
    photos = [town.standin.publish(town.page, Kind.PHOTO, story=story) for _ in range(2)]
    for number, photo in enumerate(photos):
        says(town, photo, f"under photo {number}", at=town.clock.on(minutes=1))
    refs: set[str] = set()
    batches = town.poll()
    for _ in range(4):
        refs |= set(comments(batches))
        batches = later(town, batches, minutes=11) or batches
    assert len(refs) == 2
    for item in refs:
        seen = town.connector.look(Ref(platform="facebook", account=town.page.id, item=item), now=town.clock.now)
        assert seen.comment
        assert seen.comment.ref.item == item


def test_while_live_nothing_is_filtered_away(town: Town) -> None:
    story = town.world.add_post(town.page, "We are live")
    live = town.standin.publish(town.page, Kind.LIVE, story=story, live=True)
    short = [says(town, story, "meh"), says(town, live, "ugh")]
    assert set(comments(town.poll())) == {comment.id for comment in short}
    assert live_id(live) not in {post.ref.item for batch in town.poll() for post in batch.posts}


def test_a_list_that_is_not_permitted_stops_nothing_and_is_said(town: Town) -> None:
    town.standin.switch(["ads_not_permitted", "reels_not_permitted"])
    town.standin.publish(town.page, Kind.AD)
    written = [
        says(town, town.world.add_post(town.page, "post")),
        says(town, town.standin.publish(town.page, Kind.PHOTO)),
    ]
    batches = town.poll()
    assert set(comments(batches)) == {comment.id for comment in written}
    health = town.connect().check(now=town.clock.now)
    assert health.ok
    assert [note.partition(" ")[0] for note in health.notes] == ["ads_posts", "video_reels"]
    asked = len([request for request in town.requests("list") if request.path.endswith("ads_posts")])
    later(town, batches, minutes=10)
    assert len([request for request in town.requests("list") if request.path.endswith("ads_posts")]) == asked
    town.standin.switch([])
    assert "ads" not in str(town.connector.check(now=town.clock.now).notes)


# -------------------------------------------------------------------------------------------------- reading again


def test_an_edit_is_seen_by_reading_recent_comments_again(town: Town) -> None:
    edited, gone = (
        says(town, town.world.add_post(town.page, "post")),
        says(town, town.standin.publish(town.page, Kind.REEL)),
    )
    batches = town.poll()
    town.world.edit(edited, "something else")
    town.world.delete(gone, world.AUTHOR)
    assert later(town, batches, minutes=2) == []
    again = later(town, batches, minutes=1)
    assert [(comment.ref.item, comment.text) for comment in comments(again).values()] == [(edited.id, "something else")]
    assert [post.ref.item for batch in again for post in batch.posts] == [edited.post.id]
    assert comments(again)[edited.id].posted_at == edited.at
    assert len(town.requests("batch")) == 1
    assert later(town, again, minutes=1) == []


def test_only_recent_comments_are_read_again_and_as_many_as_one_request_takes(town: Town) -> None:
    post = town.world.add_post(town.page, "post")
    old = says(town, post, at=town.clock.now - timedelta(hours=25))
    fresh = [says(town, post, str(number), at=town.clock.on(seconds=1)).id for number in range(60)]
    again = comments(later(town, town.poll(), minutes=4))
    assert set(again) == set(fresh[-50:])
    assert old.id not in again


def test_nulls_in_a_batch_are_read_the_next_time(town: Town) -> None:
    written = [says(town, town.world.add_post(town.page, str(number))) for number in range(30)]
    batches = town.poll()
    town.standin.switch(["batch_nulls"], seed=3)
    for comment in written:
        town.world.edit(comment, "edited")
    seen: dict[str, Comment] = {}
    first = comments(later(town, batches, minutes=3))
    assert 0 < len(first) < 30
    for _ in range(9):
        seen |= comments(later(town, batches, minutes=3))
    assert set(first) | set(seen) == {comment.id for comment in written}


def test_a_limit_met_in_the_middle_of_a_batch_keeps_what_came(town: Town) -> None:
    post = town.world.add_post(town.page, "post")
    written = [says(town, post, str(number)).id for number in range(50)]
    batches = town.poll()
    town.standin.quirks.calls_allowed = 20  # one for the feed, nineteen for comments
    town.clock.on(minutes=3)
    walk = town.connector.poll(batches[-1].cursor, now=town.clock.now)
    assert set(comments([next(walk)])) == set(written[:19])
    with pytest.raises(RateLimited):
        next(walk)


# ------------------------------------------------------------------------------------------------------- running short


def test_reading_stops_before_the_limit_and_acting_goes_on(town: Town) -> None:
    comment = says(town, town.world.add_post(town.page, "post"))
    town.poll()
    town.standin.manners.usage = 96
    asked = len(town.requests())
    with pytest.raises(RateLimited) as caught:
        town.poll()
    assert caught.value.until == town.clock.now + timedelta(minutes=15)
    assert len(town.requests()) == asked + 1
    town.connector.act(town.ref(comment), Action.HIDE, now=town.clock.now)
    assert town.acts() == [("hide", comment.id)]


def test_what_was_read_before_the_limit_is_not_read_again(town: Town) -> None:
    posts = [town.world.add_post(town.page, str(number), at=town.clock.on(minutes=1)) for number in range(30)]
    written = {says(town, post).id for post in posts}
    town.standin.quirks.calls_allowed = 20
    read: list[str] = []
    cursor: Cursor | None = None
    limits = 0
    for _ in range(12):
        try:
            for batch in town.connector.poll(cursor, now=town.clock.now):
                cursor = batch.cursor
                read += [comment.ref.item for comment in batch.comments]
        except RateLimited:
            limits += 1
        town.clock.on(hours=1, seconds=1)
    assert set(read) == written
    assert limits >= 1


def test_when_much_is_used_only_news_are_read(town: Town) -> None:
    thing = town.standin.publish(town.page, Kind.REEL)
    edited = says(town, town.world.add_post(town.page, "post"))
    batches = town.poll()
    town.standin.manners.usage = 80
    says(town, thing, at=town.clock.on(minutes=1))
    town.world.edit(edited, "edited")
    asked = len(town.requests())
    assert later(town, batches, minutes=30) == []
    assert len(town.requests()) == asked + 1
    news = says(town, edited.post, "news", at=town.clock.on(minutes=1))
    assert news.id in comments(town.poll(batches[-1].cursor))
    town.standin.manners.usage = 10
    assert comments(later(town, batches, minutes=1))[edited.id].text == "edited"


# ------------------------------------------------------------------------------------------------------ all at once


@pytest.mark.parametrize("seed", range(3))
def test_with_all_pitfalls_on_everything_that_was_shown_is_read(town: Town, seed: int) -> None:
    leave_out = {"reads_as_person", "calls_run_out", "thread_without_end", "success_false", "writes_blocked"}
    leave_out |= {"success_unsaid"}
    names = (
        set(town.standin.pitfalls.names) - leave_out - {"writes_missing", "ads_not_permitted", "reels_not_permitted"}
    )
    town.standin.switch(names - {"ads_limited", "reviews_not_permitted"}, seed=seed)
    town.connector = town.connect(**town.standin.ads_credentials(town.page))
    story = town.world.add_post(town.page, "story")
    places = [story, town.world.add_post(town.page, "a visitor's", author=SAM)]
    places += [town.standin.publish(town.page, kind, str(kind)) for kind in OUTSIDE_THE_FEED]
    places += [town.standin.publish(town.page, Kind.PHOTO, story=story) for _ in range(2)]
    cursor: Cursor | None = None
    found: dict[str, set[str]] = {}
    for number in range(30):
        says(town, places[number % len(places)], f"comment number {number}", at=town.clock.on(seconds=20))
        for batch in town.connector.poll(cursor, now=town.clock.on(minutes=1)):
            cursor = batch.cursor
            for comment in batch.comments:
                found.setdefault(comment.ref.item.rpartition("_")[2], set()).add(comment.text)
    for batch in town.connector.poll(cursor, now=town.clock.on(days=1)):
        for comment in batch.comments:
            found.setdefault(comment.ref.item.rpartition("_")[2], set()).add(comment.text)
    left = [comment for comment in town.world.comments_of(town.page) if not comment.deleted_by]
    assert len(left) > 20
    for comment in left:
        assert comment.text in found[comment.id.rpartition("_")[2]]
    assert len(town.standin.pitfalls.met) >= 12


def test_something_is_left_for_acting(town: Town) -> None:
    posts = [town.world.add_post(town.page, str(number), at=town.clock.on(minutes=1)) for number in range(120)]
    comment = says(town, posts[0])
    town.standin.quirks.calls_allowed = 100
    with pytest.raises(RateLimited):
        town.poll()
    assert town.standin.calls <= 95
    town.connector.act(town.ref(comment), Action.HIDE, now=town.clock.now)
    assert town.acts() == [("hide", comment.id)]


def test_the_cursor_keeps_counts_of_the_newest_only(town: Town) -> None:
    town.standin.manners.page_most = 5
    reels = [town.standin.publish(town.page, Kind.REEL, at=town.clock.on(minutes=1)) for _ in range(12)]
    [*_, last] = batches = town.poll()
    assert set(json.loads(last.cursor.text)["others"]) == {reel.id for reel in reels[-5:]}
    old = says(town, reels[0], at=town.clock.on(minutes=1))
    assert later(town, batches, minutes=5) == []
    assert old.id in comments(later(town, batches, days=1))


def test_a_comment_is_known_by_its_own_part_and_keeps_the_name_it_was_asked_for_by(town: Town) -> None:
    comment = says(town, town.world.add_post(town.page, "post"))
    [read] = comments(town.poll()).values()
    own = comment.id.rpartition("_")[2]
    assert named(read, f"7_{own}").ref.item == f"7_{own}"
    with pytest.raises(Malformed):
        named(read, "7_8")
