"""The chat of a live stream: read while it runs, never hidden, deleted only when that is ordered."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from googleapiclient.errors import HttpError
from youtube_town import PAT, SAM, Town, breaches, found, town

from bot.domain.types import Action, Speaker, Visibility
from connectors.contract import Refused
from connectors.standin.world import APP
from connectors.youtube.costs import POLL_EVERY
from connectors.youtube.standin_errors import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.domain.types import Batch, Cursor
    from connectors.standin.world import WorldPost


@pytest.fixture
def place() -> Iterator[Town]:
    with town() as place:
        yield place
        assert breaches(place) == []


@pytest.fixture
def live(place: Town) -> WorldPost:
    video = place.video("Council meeting, live")
    place.standin.go_live(video)
    return video


def after(place: Town, batches: list[Batch], **step: float) -> list[Batch]:
    """The next poll."""
    place.clock.on(**(step or {"minutes": 2}))
    return place.poll(batches[-1].cursor)


def polled(place: Town, cursor: Cursor | None, hours: float) -> dict[str, timedelta]:
    """Poll for some time; give when each text was first seen, from now on."""
    begin, seen = place.clock.now, dict[str, timedelta]()
    while place.clock.now < begin + timedelta(hours=hours):
        now = place.clock.on(seconds=POLL_EVERY.total_seconds())
        for batch in place.connector.poll(cursor, now=now):
            cursor = batch.cursor
            for comment in batch.comments:
                seen.setdefault(comment.text, now - begin)
    return seen


class TestReading:
    def test_what_is_said_while_the_stream_runs_is_read_once(self, place: Town, live: WorldPost) -> None:
        said = place.standin.say(live, "Good evening, <all>", author=PAT)
        batches = place.poll()
        comment = found(batches)["Good evening, <all>"]
        assert comment.ref.item == said.id
        assert (comment.post.item, comment.parent) == (live.id, None)
        assert (comment.author.id, comment.speaker, comment.visibility) == (PAT.id, Speaker.PUBLIC, Visibility.VISIBLE)
        assert comment.posted_at == said.at
        place.standin.say(live, "And a question", author=SAM)
        place.standin.say(live, "The City answers", author=place.page.person)
        batches = after(place, batches)
        assert found(batches).keys() == {"And a question", "The City answers"}
        assert found(batches)["The City answers"].speaker is Speaker.CITY
        assert found(after(place, batches)) == {}

    def test_it_is_no_comment_under_the_video(self, place: Town, live: WorldPost) -> None:
        place.standin.say(live, "only said", author=PAT)
        place.comment(live, "written")
        batches = place.poll()
        assert found(batches).keys() == {"only said", "written"}
        place.asked()
        assert found(after(place, batches)) == {}
        assert "commentThreads published" not in place.asked(), "the count of comments does not count what is said"

    def test_more_than_a_page_is_read_in_several_polls(self, place: Town, live: WorldPost) -> None:
        batches = place.poll()
        for number in range(2_100):
            place.standin.say(live, f"message {number}", author=PAT)
        batches = after(place, batches)
        assert len(found(batches)) == 2_000
        assert len(found(after(place, batches))) == 100

    def test_it_is_not_asked_sooner_than_youtube_says(self, place: Town, live: WorldPost) -> None:
        batches = place.poll()
        place.standin.say(live, "quickly", author=PAT)
        batches = after(place, batches, seconds=4)
        assert found(batches) == {}
        assert found(after(place, batches, seconds=2)).keys() == {"quickly"}

    def test_when_youtube_is_asked_too_often_comments_are_read_all_the_same(self, place: Town, live: WorldPost) -> None:
        batches = place.poll()
        place.comment(live, "written")
        place.standin.say(live, "said", author=PAT)
        place.clock.on(minutes=2)
        place.standin.quirks.streams[live.id].read_at = place.clock.now
        batches = place.poll(batches[-1].cursor)
        assert found(batches).keys() == {"written"}
        assert found(after(place, batches)).keys() == {"said"}

    def test_a_planned_stream_is_looked_after_only_around_its_time(self, place: Town) -> None:
        video = place.video("Council meeting on Thursday")
        live = place.standin.go_live(video, at=place.clock.now + timedelta(hours=5))
        cursor = place.poll()[-1].cursor
        place.clock.now = live.begins + timedelta(seconds=1)
        place.standin.say(video, "at once", author=PAT)
        place.clock.now = live.begins - timedelta(hours=4)
        asked = len(place.server.log)
        seen = polled(place, cursor, hours=5)
        assert seen["at once"] <= timedelta(hours=4, minutes=12)
        looks = [one for one in place.server.log[asked:] if one.request.path.endswith("/videos")]
        assert len(looks) <= 4

    def test_a_stream_that_was_not_planned_is_found_among_the_uploads(self, place: Town) -> None:
        cursor = place.poll()[-1].cursor
        video = place.video("Press conference")
        place.standin.go_live(video)
        place.standin.say(video, "hello", author=PAT)
        assert polled(place, cursor, hours=3)["hello"] <= timedelta(hours=2, minutes=2)

    def test_after_the_end_nothing_is_asked_any_more(self, place: Town, live: WorldPost) -> None:
        batches = place.poll()
        place.standin.quirks.streams[live.id].ended = place.clock.now
        batches = after(place, batches)
        place.asked()
        after(place, batches)
        assert place.asked() == ["videos:batchGetStats id"]

    @pytest.mark.parametrize("reason", [Reason.LIVE_CHAT_NOT_FOUND, Reason.LIVE_CHAT_DISABLED, Reason.FORBIDDEN])
    def test_a_chat_that_is_not_there_or_not_for_us_is_a_state(
        self, place: Town, live: WorldPost, reason: Reason
    ) -> None:
        batches = place.poll()
        place.clock.on(minutes=2)
        walk = place.connector.poll(batches[-1].cursor, now=place.clock.now)
        place.standin.answering["chat"] = reason
        batches = list(walk)
        place.asked()
        after(place, batches)
        assert place.asked() == ["videos:batchGetStats id"]

    def test_a_stream_without_a_chat_is_left_alone(self, place: Town, live: WorldPost) -> None:
        place.standin.quirks.streams[live.id].chat = False
        batches = place.poll()
        place.asked()
        after(place, batches)
        assert place.asked() == ["videos:batchGetStats id"]

    def test_a_lost_page_begins_anew_and_repeats(self, place: Town, live: WorldPost) -> None:
        place.standin.say(live, "said", author=PAT)
        batches = place.poll()
        place.clock.on(minutes=2)
        place.standin.script = []
        text = batches[-1].cursor.text
        assert '"page":' in text
        place.standin.quirks.streams[live.id].read_at = None
        broken = type(batches[-1].cursor)(text=text.replace('"page":"', '"page":"bm9uc2Vuc2U='))
        batches = place.poll(broken)
        assert found(after(place, batches)).keys() == {"said"}

    def test_an_evening_with_a_stream_of_four_hours_costs_about_six_hundred_units_more(
        self, place: Town, live: WorldPost
    ) -> None:
        cursor = place.poll()[-1].cursor
        place.standin.booked.clear()
        polled(place, cursor, hours=4)
        (spent,) = place.standin.booked.values()
        assert spent["youtube.liveChatMessages.list"] == 4 * 30 * 5


class TestActing:
    def test_a_message_is_looked_at_in_its_chat(self, place: Town, live: WorldPost) -> None:
        said = place.standin.say(live, "words", author=PAT)
        seen = place.connector.look(place.ref(said), now=place.clock.now)
        assert seen.visibility is Visibility.VISIBLE
        assert seen.comment
        assert seen.comment == found(place.poll())["words"]

    def test_hiding_is_refused_and_a_person_may_delete(self, place: Town, live: WorldPost) -> None:
        said = place.standin.say(live, "words", author=PAT)
        ref = place.ref(said)
        for action in (Action.HIDE, Action.RESTORE):
            with pytest.raises(Refused, match="only delete"):
                place.connector.act(ref, action, now=place.clock.now)
        assert place.world.effects == []
        for _ in range(2):
            told = place.connector.act(ref, Action.DELETE, now=place.clock.now)
            assert told in (Visibility.UNKNOWN, Visibility.GONE)
        assert [(effect.what, effect.by) for effect in place.world.effects] == [("delete", APP)]
        assert place.connector.look(ref, now=place.clock.now).visibility is Visibility.GONE

    def test_together_with_comments_each_has_its_own_answer(self, place: Town, live: WorldPost) -> None:
        said = place.ref(place.standin.say(live, "said", author=PAT))
        written = [place.ref(place.comment(live, f"written {number}")) for number in range(2)]
        answers = place.connector.act_on([said, *written], Action.HIDE, now=place.clock.now)
        assert isinstance(answers[said], Refused)
        assert [answers[ref] for ref in written] == [Visibility.UNKNOWN] * 2
        answers = place.connector.act_on([said, *written], Action.DELETE, now=place.clock.now)
        assert set(answers.values()) == {Visibility.UNKNOWN}
        assert len([effect for effect in place.world.effects if effect.what == "delete"]) == 3

    def test_after_the_stream_it_cannot_be_told_and_not_be_deleted(self, place: Town, live: WorldPost) -> None:
        ref = place.ref(place.standin.say(live, "words", author=PAT))
        place.standin.quirks.streams[live.id].ended = place.clock.now
        assert place.connector.look(ref, now=place.clock.now).visibility is Visibility.UNKNOWN
        with pytest.raises(Refused):
            place.connector.act(ref, Action.DELETE, now=place.clock.now)

    def test_with_the_video_it_is_gone(self, place: Town, live: WorldPost) -> None:
        ref = place.ref(place.standin.say(live, "words", author=PAT))
        place.world.delete_post(live, APP)
        assert place.connector.look(ref, now=place.clock.now).visibility is Visibility.GONE


class TestStandIn:
    def test_googles_client_reads_a_chat_and_is_told_to_wait(self, place: Town, live: WorldPost) -> None:
        place.standin.say(live, "first", author=PAT)
        with place.official() as youtube:
            (video,) = youtube.videos().list(part="liveStreamingDetails,snippet", id=live.id).execute()["items"]
            assert video["snippet"]["liveBroadcastContent"] == "live"
            chat = {"liveChatId": video["liveStreamingDetails"]["activeLiveChatId"], "part": "snippet,authorDetails"}
            page = youtube.liveChatMessages().list(**chat).execute()
            assert [one["snippet"]["displayMessage"] for one in page["items"]] == ["first"]
            more = youtube.liveChatMessages().list(**chat, pageToken=page["nextPageToken"])
            with pytest.raises(HttpError) as caught:
                more.execute()
            assert caught.value.error_details[0]["reason"] == "rateLimitExceeded"  # type: ignore[index]
            place.clock.on(seconds=page["pollingIntervalMillis"] / 1000)
            assert more.execute()["items"] == []
            place.standin.quirks.streams[live.id].ended = place.clock.on(minutes=1)
            with pytest.raises(HttpError) as caught:
                more.execute()
            assert caught.value.error_details[0]["reason"] == "liveChatEnded"  # type: ignore[index]
