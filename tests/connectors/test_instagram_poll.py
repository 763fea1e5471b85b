"""How an Instagram account is read: media, comments, replies, and what is said where nothing is shown."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from instagram_town import NOON, PAT, SAM, Town, a_town, comments

from bot.domain.types import Account, Author, Cursor, Ref, Speaker, Visibility
from connectors.contract import Malformed, RateLimited, Transient, Unauthorised
from connectors.graph_place import Due
from connectors.instagram import parse, place
from connectors.instagram.place import Place
from connectors.standin import faults, world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.domain.types import Batch

HARD_TEXTS = [
    "plain",
    "Grüße aus der Stadt — “quoted” / slashed \\ back",
    "👩‍👩‍👧‍👦 🏳️‍🌈 family",
    "مرحبا بكم \u202eREVERSED\u202c",
    "zero\u200bwidth\u2060joiner\ufeff",
    "line one\nline two\r\n\ttabbed",
    "<script>alert(1)</script> & 'x' \"y\"",
    "nul \x00 and \x1f control",
    "𝖒𝖆𝖙𝖍 e\u0301 vs é",
]


@pytest.fixture
def town() -> Iterator[Town]:
    with a_town() as running:
        yield running


def posts(batches: list[Batch]) -> list[str]:
    """Which media were read, in order, each once."""
    return list(dict.fromkeys(post.ref.item for batch in batches for post in batch.posts))


class TestWhatIsRead:
    def test_everything_is_read_word_for_word(self, town: Town) -> None:
        one, other = town.post(), town.post("Another")
        written = [town.comment(one if number % 2 else other, text) for number, text in enumerate(HARD_TEXTS)]
        reply = town.comment(one, "a reply", parent=written[1], author=SAM)
        hidden = town.comment(one, "hidden before we came")
        town.world.hide(hidden, world.PLATFORM)
        read = comments(batches := town.poll())
        assert [read[comment.id].text for comment in written] == HARD_TEXTS
        assert set(read) == {comment.id for comment in [*written, reply, hidden]}
        assert read[reply.id].parent == town.ref(written[1])
        assert read[hidden.id].visibility is Visibility.HIDDEN
        assert read[reply.id].visibility is Visibility.VISIBLE
        media = {post.ref.item: post for batch in batches for post in batch.posts}
        assert {media[one.id].text, media[other.id].text} == {one.text, other.text}
        assert media[one.id].author == Author(id=town.page.id, name=town.page.name, handle="cityofexample")

    def test_a_comment_is_read_with_all_that_is_known_of_it(self, town: Town) -> None:
        written = town.comment(at=datetime(2026, 11, 2, 1, 2, 3, tzinfo=UTC))
        [comment] = comments(town.poll()).values()
        assert comment.ref == town.ref(written)
        assert comment.author == Author(
            id=PAT.id, name="@pat.public", handle="pat.public", url="https://www.instagram.com/pat.public/"
        )
        assert comment.posted_at == datetime(2026, 11, 2, 1, 2, 3, tzinfo=UTC)
        assert comment.url == town.standin.comment_url(written)
        assert int(comment.ref.item) > 2**53
        assert json.loads(comment.raw)["id"] == written.id
        assert any(comment.raw in line.response.body for line in town.server.log)

    def test_reels_videos_and_carousels_are_media_like_any(self, town: Town) -> None:
        reel = town.post(product="REELS", type="VIDEO")
        carousel = town.post(parts=3)
        unaddressed = town.post(with_address=False)
        for post in (reel, carousel, unaddressed):
            town.comment(post, f"under {post.id}")
        batches = town.poll()
        media = {post.ref.item: post for batch in batches for post in batch.posts}
        assert {comment.text for comment in comments(batches).values()} == {f"under {one}" for one in media}
        assert "/reel/" in media[reel.id].url
        assert [attachment.kind for attachment in media[reel.id].attachments] == ["reel"]
        assert [attachment.id for attachment in media[carousel.id].attachments] == [
            f"{carousel.id}0{number}" for number in (1, 2, 3)
        ]
        assert [attachment.url for attachment in media[unaddressed.id].attachments] == [None]

    @pytest.mark.parametrize("pitfalls", [["short_pages"], ["empty_pages"], ["short_pages", "empty_pages"], []])
    def test_all_pages_are_read_to_the_end(self, town: Town, pitfalls: list[str]) -> None:
        town.standin.switch(pitfalls)
        media = [town.post(str(number), at=town.clock.on(hours=1)) for number in range(7)]
        written = [town.comment(post, at=town.clock.on(minutes=1)) for post in media for _ in range(8)]
        batches = town.poll()
        assert set(comments(batches)) == {comment.id for comment in written}
        for batch in batches:
            assert list(batch.comments) == sorted(batch.comments, key=lambda comment: comment.posted_at)

    def test_more_comments_than_one_page_holds(self, town: Town) -> None:
        post = town.post()
        written = [town.comment(post, str(number), at=town.clock.on(seconds=1)) for number in range(120)]
        assert set(comments(town.poll())) == {comment.id for comment in written}
        pages = [request for request in town.requests("list") if request.path.endswith("/comments")]
        assert len(pages) == 3

    @pytest.mark.parametrize(
        "pitfalls", [[], ["few_replies"], ["replies_without_next"], ["few_replies", "empty_pages"]]
    )
    def test_more_replies_than_come_with_their_comment(self, town: Town, pitfalls: list[str]) -> None:
        town.standin.switch(pitfalls)
        first = town.comment()
        replies = [
            town.comment(first.post, str(number), parent=first, at=town.clock.on(seconds=1)) for number in range(130)
        ]
        read = comments(town.poll())
        assert set(read) == {first.id, *(reply.id for reply in replies)}
        assert {read[reply.id].parent for reply in replies} == {town.ref(first)}

    def test_an_answer_to_a_reply_stands_below_the_comment(self, town: Town) -> None:
        first = town.comment()
        reply = town.comment(first.post, parent=first)
        deeper = town.comment(first.post, parent=reply)
        read = comments(town.poll())
        assert read[deeper.id].parent == read[reply.id].parent == town.ref(first)
        assert town.connector.look(town.ref(deeper), now=NOON).comment == replace(
            read[deeper.id], raw=town.server.log[-1].response.body
        )

    def test_media_in_which_the_account_is_tagged_are_recorded_and_nothing_under_them(self, town: Town) -> None:
        tagged = {"id": "17999000000000001", "caption": "with @cityofexample", "media_type": "IMAGE"}
        at = {"timestamp": "2026-11-20T10:00:00+0000", "permalink": "https://www.instagram.com/p/C0ffee00000/"}
        town.standin.tagged = [tagged | at | {"username": "pat.public", "shortcode": "x", "media_product_type": "FEED"}]
        town.standin.tagged[0]["media_url"] = None
        [post] = [post for batch in town.poll() for post in batch.posts]
        assert (post.text, post.author.handle, post.author.id) == ("with @cityofexample", "pat.public", None)

    @pytest.mark.parametrize("pitfall", ["tags_not_permitted"])
    def test_tags_that_may_not_be_read_stop_nothing(self, town: Town, pitfall: str) -> None:
        town.standin.switch([pitfall])
        written = town.comment()
        assert written.id in comments(town.poll())
        health = town.connector.check(now=NOON)
        assert health.ok
        assert "tagged" in health.notes[0]


class TestWhoseWordsTheyAre:
    @pytest.mark.parametrize("pitfalls", [[], ["own_by_username"], ["authors_withheld"], ["authors_unknown"]])
    def test_the_citys_own_words_are_known_as_such(self, town: Town, pitfalls: list[str]) -> None:
        town.standin.switch(pitfalls)
        first = town.comment()
        own = town.comment(first.post, parent=first, author=town.page.person)
        read = comments(town.poll())
        assert read[own.id].speaker is Speaker.CITY
        assert read[first.id].speaker is Speaker.PUBLIC
        looked = town.connector.look(town.ref(own), now=NOON).comment
        assert looked
        assert looked.speaker is Speaker.CITY

    def test_a_name_like_the_citys_is_not_the_citys(self, town: Town) -> None:
        town.comment(author=replace(PAT, handle="cityofexample_", name="City of Example"))
        [comment] = comments(town.poll()).values()
        assert comment.speaker is Speaker.PUBLIC

    def test_authors_may_keep_their_username_only(self, town: Town) -> None:
        town.standin.switch(["authors_withheld"])
        town.comment()
        [comment] = comments(town.poll()).values()
        assert (comment.author.id, comment.author.handle) == (None, "pat.public")

    def test_authors_may_not_be_named_at_all(self, town: Town) -> None:
        town.standin.switch(["authors_unknown"])
        town.comment()
        [comment] = comments(town.poll()).values()
        assert comment.author == Author()
        assert comment.speaker is Speaker.PUBLIC


class TestWhenThingsAreRead:
    def test_nothing_new_gives_nothing_and_costs_one_call(self, town: Town) -> None:
        for number in range(5):
            town.comment(town.post(str(number)))
        [*_, last] = town.poll()
        asked = len(town.requests())
        town.clock.on(minutes=1)
        assert town.poll(last.cursor) == []
        assert len(town.requests()) == asked + 1

    def test_only_what_changed_is_read_again(self, town: Town) -> None:
        media = [town.post(str(number)) for number in range(5)]
        first = town.comment(media[2])
        [*_, last] = town.poll()
        town.clock.on(minutes=1)
        reply = town.comment(media[2], parent=first)
        batches = town.poll(last.cursor)
        assert posts(batches) == [media[2].id]
        assert set(comments(batches)) == {first.id, reply.id}

    def test_one_gone_while_another_came_is_seen_in_the_sweep(self, town: Town) -> None:
        post = town.post()
        first = town.comment(post)
        [*_, last] = town.poll()
        town.world.delete(first, world.AUTHOR)
        second = town.comment(post)
        town.clock.on(minutes=1)
        assert town.poll(last.cursor) == []
        town.clock.on(minutes=10)
        assert set(comments(town.poll(last.cursor))) == {second.id}

    def test_hiding_by_staff_and_another_wording_are_seen_in_the_sweep(self, town: Town) -> None:
        post = town.post()
        edited, hidden = town.comment(post, "before"), town.comment(post)
        [*_, last] = town.poll()
        town.world.edit(edited, "after")
        town.world.hide(hidden, world.STAFF)
        town.clock.on(minutes=11)
        read = comments(batches := town.poll(last.cursor))
        assert read[edited.id].text == "after"
        assert read[hidden.id].visibility is Visibility.HIDDEN
        assert town.poll(batches[-1].cursor) == []

    def test_old_media_that_stir_are_swept_like_new_ones(self, town: Town) -> None:
        old = town.comment(town.post("old", at=NOON - timedelta(days=90)), at=NOON)
        [*_, last] = town.poll()
        town.comment(old.post, at=town.clock.on(minutes=1))
        [*_, stirred] = town.poll(last.cursor)
        town.world.hide(old, world.STAFF)
        town.clock.on(minutes=11)
        assert comments(town.poll(stirred.cursor))[old.id].visibility is Visibility.HIDDEN

    def test_old_media_that_rest_are_read_once_a_day(self, town: Town) -> None:
        edited = town.comment(text="before")
        town.clock.on(days=30)
        [*_, last] = town.poll()
        town.world.edit(edited, "after")
        town.clock.on(hours=1)
        sweep = town.poll(last.cursor)
        assert comments(sweep) == {}
        town.clock.on(hours=23)
        assert comments(town.poll(sweep[-1].cursor))[edited.id].text == "after"

    def test_a_reading_may_stop_anywhere_and_nothing_is_skipped(self, town: Town) -> None:
        town.standin.manners.page_most = 2
        media = [town.post(str(number), at=town.clock.on(minutes=1)) for number in range(6)]
        written = {town.comment(post, at=town.clock.on(seconds=7)).id for post in media for _ in range(5)}
        whole = town.poll()
        for stop in range(1, len(whole)):
            begun = [batch for batch, _ in zip(town.connector.poll(None, now=NOON), range(stop), strict=False)]
            rest = town.poll(begun[-1].cursor)
            assert set(comments(begun)) | set(comments(rest)) == written
        assert len(whole) > 15

    def test_stopping_after_each_batch_still_comes_to_the_end(self, town: Town) -> None:
        for number in range(6):
            town.post(str(number), at=town.clock.on(minutes=1))
        cursor, passes = None, 0
        while batch := next(town.connector.poll(cursor, now=town.clock.now), None):
            cursor, passes = batch.cursor, passes + 1
            assert passes < 20
        assert passes == 7

    def test_a_full_reading_goes_on_where_it_was_interrupted(self, town: Town) -> None:
        for number in range(8):
            town.post(str(number), at=town.clock.on(hours=1))
        [*_, last] = town.poll()
        town.clock.on(days=40)
        begun = [
            batch for batch, _ in zip(town.connector.poll(last.cursor, now=town.clock.now), range(5), strict=False)
        ]
        rest = town.poll(begun[-1].cursor)
        read = [post.ref.item for batch in [*begun, *rest] for post in batch.posts]
        assert len(set(read)) == len(read) == 8

    def test_what_changed_is_read_before_everything_else(self, town: Town) -> None:
        media = [town.post(str(number), at=town.clock.on(hours=1)) for number in range(5)]
        [*_, last] = town.poll()
        town.clock.on(days=2)
        town.comment(media[3])
        assert posts(town.poll(last.cursor))[0] == media[3].id

    def test_reading_yields_to_acting_when_little_is_left(self, town: Town) -> None:
        town.comment()
        town.standin.manners.usage = 97
        with pytest.raises(RateLimited) as caught:
            town.poll()
        assert caught.value.until > NOON
        assert len(town.requests()) == 1

    def test_a_medium_that_goes_while_we_read_does_not_stop_the_rest(self, town: Town) -> None:
        going, staying = town.post("going"), town.post("staying", at=town.clock.on(minutes=1))
        kept = town.comment(staying)
        reading = town.connector.poll(None, now=town.clock.now)
        next(reading)
        town.world.delete_post(going, world.STAFF)
        assert kept.id in comments(list(reading))

    def test_a_list_that_cannot_be_read_to_its_end_does_not_hide_the_others(self, town: Town) -> None:
        town.standin.manners.page_most, town.standin.manners.farthest = 2, 3
        endless, others = town.post("endless"), [town.post(text, at=town.clock.on(minutes=1)) for text in "abc"]
        written = [town.comment(endless, at=NOON + timedelta(seconds=number)) for number in range(6)]
        rest = {town.comment(post).id for post in others}
        read: list[Batch] = []
        for _ in range(2):
            cursor = read[-1].cursor if read else None
            with pytest.raises(Transient, match=f"{endless.id}.*could not be read to its end"):
                read.extend(town.connector.poll(cursor, now=town.clock.on(minutes=1)))
        assert set(comments(read)) == {comment.id for comment in written[2:]} | rest
        town.standin.manners.farthest = None
        assert set(comments(town.poll(read[-1].cursor))) >= {comment.id for comment in written}


class TestWhereNothingIsShown:
    """`data: []` with comments that are counted: never passed over, and never a reason to stop reading the others."""

    def test_is_complained_of_after_everything_else_was_read(self, town: Town) -> None:
        blank, good = town.comment(town.post("blank")), town.comment(town.post("good"))
        town.standin.quirks.blank = frozenset({blank.post.id})
        read: list[Batch] = []
        with pytest.raises(Transient, match="counted and not shown") as caught:
            read.extend(town.connector.poll(None, now=NOON))
        assert town.standin.post_url(blank.post) in str(caught.value)
        assert set(comments(read)) == {good.id}
        assert set(posts(read)) == {blank.post.id, good.post.id}

    def test_is_complained_of_once_and_again_when_more_is_counted_and_every_day(self, town: Town) -> None:
        blank = town.comment().post
        town.standin.quirks.blank = True
        read: list[Batch] = []
        complaints = []
        for minutes in (0, 1, 15, 30, 45, 24 * 60, 24 * 60 + 1):
            if minutes == 30:
                town.comment(blank)
            try:
                read.extend(
                    town.connector.poll(read[-1].cursor if read else None, now=NOON + timedelta(minutes=minutes))
                )
            except Transient:
                complaints.append(minutes)
        assert complaints == [0, 30, 24 * 60]

    def test_is_forgotten_when_something_is_shown(self, town: Town) -> None:
        town.comment()
        town.standin.quirks.blank = True
        read: list[Batch] = []
        with pytest.raises(Transient):
            read.extend(town.connector.poll(None, now=NOON))
        assert Place.of(read[-1].cursor).silent
        town.standin.quirks.blank = False
        town.clock.on(minutes=11)
        batches = town.poll(read[-1].cursor)
        assert len(comments(batches)) == 1
        assert not Place.of(batches[-1].cursor).silent

    def test_everywhere_means_that_the_token_is_kept_from_comments(self, town: Town) -> None:
        for number in range(3):
            town.comment(town.post(str(number)))
        town.standin.switch(["blank_lists"])
        read: list[Batch] = []
        with pytest.raises(Unauthorised, match="may not see them"):
            read.extend(town.connector.poll(None, now=NOON))
        # Somebody who resumes the account all the same is told again in a day, not at every poll.
        assert town.poll(read[-1].cursor) == []

    def test_but_one_comment_anywhere_shows_that_it_is_not_the_token(self, town: Town) -> None:
        media = [town.comment(town.post(str(number))).post for number in range(4)]
        town.standin.quirks.blank = frozenset(post.id for post in media[:3])
        with pytest.raises(Transient):
            town.poll()

    @pytest.mark.parametrize("shape", [{"comments_enabled": False}])
    def test_is_all_right_where_comments_are_switched_off(self, town: Town, shape: dict[str, bool]) -> None:
        town.comment(town.post(**shape))
        assert comments(town.poll()) == {}
        health = town.connector.check(now=NOON)
        assert health.ok
        assert "switched off under 1 of the 1" in health.notes[0]

    def test_is_not_all_right_where_the_age_is_asked_for(self, town: Town) -> None:
        town.comment(town.post(age_gated=True))
        with pytest.raises(Transient):
            town.poll()

    def test_comments_that_a_filter_keeps_back_are_no_gap_in_the_others(self, town: Town) -> None:
        post = town.post()
        kept_back, shown = town.comment(post), town.comment(post)
        town.standin.quirks.filtered = frozenset({kept_back.id})
        assert set(comments(town.poll())) == {shown.id}

    def test_the_health_says_so_too(self, town: Town) -> None:
        town.comment()
        town.standin.quirks.blank = True
        health = town.connector.check(now=NOON)
        assert not health.ok
        assert "counted and not shown" in health.notes[0]


class TestHiddenCommentsThatAreNotListed:
    def test_are_not_called_gone(self, town: Town) -> None:
        town.standin.switch(["hidden_unlisted"])
        post = town.post()
        hidden, other = town.comment(post), town.comment(post)
        [*_, last] = town.poll()
        town.world.hide(hidden, world.STAFF)
        town.clock.on(minutes=11)
        batches = town.poll(last.cursor)
        assert set(comments(batches)) == {other.id}
        assert all(comment.visibility is not Visibility.GONE for comment in comments(batches).values())
        assert town.connector.look(town.ref(hidden), now=NOON).visibility is Visibility.HIDDEN

    @pytest.mark.parametrize("counted", [True, False])
    def test_are_found_hidden_by_looking_after_we_hid_them(self, town: Town, counted: bool) -> None:
        town.standin.switch(["hidden_unlisted", *([] if counted else ["hidden_uncounted"])])
        post = town.post()
        hidden, _ = town.comment(post), town.comment(post)
        town.world.hide(hidden, world.APP)
        assert town.connector.look(town.ref(hidden), now=NOON).visibility is Visibility.HIDDEN
        town.world.delete(hidden, world.AUTHOR)
        assert town.connector.look(town.ref(hidden), now=NOON).visibility is Visibility.GONE


@pytest.mark.parametrize("verb", ["list"])
@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("instagram_hiccup", Transient),
        ("too_slow", Transient),
        ("hiccup", Transient),
        ("account_restricted", Unauthorised),
        ("password_changed", Unauthorised),
        ("role_lost", Unauthorised),
        ("app_throttled", RateLimited),
        (faults.RATE_LIMITED, RateLimited),
    ],
)
def test_instagrams_own_errors_have_their_names(town: Town, verb: str, fault: str, expected: type[Exception]) -> None:
    town.comment()
    town.server.faults.add(fault, verb=verb)
    with pytest.raises(expected) as caught:
        town.poll()
    assert type(caught.value) is expected
    assert town.token not in str(caught.value)


def test_calls_run_out_and_the_rest_of_the_hour_is_waited_for(town: Town) -> None:
    town.standin.switch(["calls_run_out"])
    town.standin.quirks.calls_allowed = 3
    for number in range(5):
        town.comment(town.post(str(number)))
    with pytest.raises(RateLimited) as caught:
        town.poll()
    assert NOON < caught.value.until <= NOON + timedelta(minutes=61)


# --------------------------------------------------------------------------------------------------- the cursor


def listed(number: int, count: int, published: int) -> parse.Listed:
    raw = {"id": str(number), "timestamp": f"{datetime.fromtimestamp(published, UTC):%Y-%m-%dT%H:%M:%S+0000}"}
    medium = parse.listed(raw | {"comments_count": count}, b"", ACCOUNT)
    assert (medium.count, medium.published) == (count, published)
    return medium


ACCOUNT = Account(platform="instagram", id="17841405309211844", name="City of Example")
TIMES = st.integers(min_value=1_700_000_000, max_value=1_800_000_000)
MEDIA = st.builds(listed, st.integers(1, 30), st.integers(0, 5), TIMES)
READINGS = st.lists(st.tuples(MEDIA, TIMES, st.booleans()), max_size=12)


def after(readings: list[tuple[parse.Listed, int, bool]]) -> Place:
    found = Place()
    for medium, seconds, shown in readings:
        found = found.after(medium, datetime.fromtimestamp(seconds, UTC), shown=shown)
    return found


class TestCursor:
    @given(READINGS)
    def test_is_read_as_it_was_written(self, readings: list[tuple[parse.Listed, int, bool]]) -> None:
        found = after(readings)
        assert Place.of(found.cursor) == found

    @given(READINGS, MEDIA, TIMES)
    def test_what_was_read_is_not_changed_until_it_counts_otherwise(
        self, readings: list[tuple[parse.Listed, int, bool]], medium: parse.Listed, seconds: int
    ) -> None:
        read = after(readings).after(medium, datetime.fromtimestamp(seconds, UTC))
        assert not read.changed(medium)
        assert read.changed(replace(medium, count=medium.count + 1))
        assert read.broken(medium, NOON).changed(medium)

    @given(READINGS, MEDIA)
    def test_a_new_medium_is_always_wanted(
        self, readings: list[tuple[parse.Listed, int, bool]], medium: parse.Listed
    ) -> None:
        found = after(readings)
        if medium.post.ref.item not in found.media:
            assert found.wants(medium, NOON)

    def test_stays_small_and_forgets_what_rested_longest(self) -> None:
        found, first = Place(), 1_700_000_000
        for number in range(place.KEPT + 3):
            found = found.after(listed(number, 1, first + number), NOON)
        assert len(found.media) == place.KEPT
        assert len(found.cursor.text) < 60_000
        assert not {"0", "1", "2"} & set(found.media)
        assert not found.changed(listed(0, 7, first))
        assert found.changed(listed(5000, 0, first + 5000))

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "nonsense",
            "[]",
            "null",
            '{"media":[1]}',
            '{"media":{"1":[2]}}',
            '{"media":{"1":["x",2]}}',
            '{"through":[1]}',
            '{"full":1e999}',
            '{"reading":"x"}',
            '{"silent":7}',
        ],
    )
    def test_that_nobody_understands_means_from_the_beginning(self, town: Town, text: str) -> None:
        written = town.comment()
        assert written.id in comments(town.poll(Cursor(text=text)))

    def test_kinds_of_reading_follow_each_other(self) -> None:
        now = NOON
        assert Place().due(now) is Due.FULL
        done = Place().done(Place().due(now), now)
        assert done.due(now + timedelta(minutes=9)) is Due.NEWS
        assert done.due(now + timedelta(minutes=10)) is Due.SWEEP
        assert done.due(now + timedelta(days=1)) is Due.FULL


# ------------------------------------------------------------------------------------------------- odd answers


GOOD = {"id": "18001", "timestamp": "2026-11-22T01:02:03+0000", "media": {"id": "17901", "shortcode": "abc"}}


@pytest.mark.parametrize(
    "odd",
    [
        [],
        {},
        GOOD | {"id": 12},
        GOOD | {"id": ""},
        GOOD | {"id": "\ud800"},
        GOOD | {"timestamp": "yesterday"},
        GOOD | {"timestamp": "2026-11-22T01:02:03"},
        GOOD | {"timestamp": 1},
        GOOD | {"text": 5},
        GOOD | {"username": 5},
        GOOD | {"from": "Pat"},
        GOOD | {"user": []},
        GOOD | {"parent_id": 4},
        GOOD | {"media": None},
        GOOD | {"media": {"id": 3}},
        GOOD | {"media": {"id": "3", "permalink": 5}},
    ],
)
def test_what_is_not_as_published_is_malformed(odd: object) -> None:
    with pytest.raises(Malformed) as caught:
        parse.comment(odd, b"raw", ACCOUNT)
    assert caught.value.payload == b"raw"


@pytest.mark.parametrize(
    "odd",
    [
        GOOD | {"replies": []},
        GOOD | {"replies": {"data": {}}},
        GOOD | {"replies": {"data": [7]}},
        GOOD | {"replies": {"data": [{"id": "1"}]}},
    ],
)
def test_replies_that_are_none_are_malformed_or_none(odd: dict[str, object]) -> None:
    place_ = parse.Place(medium=Ref(platform="instagram", account="1", item="2"), permalink="https://x/", username=None)
    raw = json.dumps(odd).encode()
    if odd["replies"] == []:
        assert len(list(parse.thread(odd, raw, ACCOUNT, place_))) == 1
        return
    with pytest.raises(Malformed):
        list(parse.thread(odd, raw, ACCOUNT, place_))


def test_what_is_left_out_is_left_open() -> None:
    comment = parse.comment(GOOD | {"from": None, "text": None}, b"", ACCOUNT)
    assert comment.visibility is Visibility.UNKNOWN
    assert comment.url == "https://www.instagram.com/p/abc/c/18001/"
    medium = parse.listed({"id": "1", "timestamp": GOOD["timestamp"]}, b"", ACCOUNT)
    assert (medium.count, medium.open_to_comments) == (-1, True)
    assert medium.post.url == "https://www.instagram.com/"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["id", "timestamp", "from", "media", "replies", "data"]), inner)
        ),
    )
)
def test_whatever_comes_is_read_or_malformed(value: object) -> None:
    for read in (parse.comment, parse.listed, parse.medium):
        with contextlib.suppress(Malformed):
            assert read(value, b"raw", ACCOUNT)
