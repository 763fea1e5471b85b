"""Reading a YouTube channel: what each poll asks, what it finds, and what it must not miss."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from youtube_town import NOON, PAT, SAM, Town, breaches, found, town

from bot.domain.types import Action, Cursor, Speaker, Visibility
from connectors import verbatim
from connectors.contract import Malformed, Transient
from connectors.standin import faults
from connectors.standin.world import AUTHOR, PLATFORM, STAFF
from connectors.youtube import progress, reading
from connectors.youtube.standin_errors import Reason, answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.domain.types import Batch

PAGE_TO_NOWHERE = answer(
    {
        "kind": "youtube#commentThreadListResponse",
        "etag": "x",
        "nextPageToken": "bm93aGVyZTox",
        "pageInfo": {"totalResults": 0, "resultsPerPage": 100},
        "items": [],
    }
)

QUIET = ["videos:batchGetStats id"]


@pytest.fixture
def place() -> Iterator[Town]:
    with town() as place:
        yield place
        assert breaches(place) == []


def found_in_one(batch: Batch) -> bool:
    return bool(batch.comments)


class TestRequests:
    def test_a_quiet_poll_costs_nothing_of_the_main_quota(self, place: Town) -> None:
        video = place.video()
        for number in range(120):
            place.comment(video, f"comment {number}")
        cursor = place.poll()[-1].cursor
        place.asked()
        place.clock.on(minutes=2)
        place.poll(cursor)
        assert place.asked() == QUIET

    def test_a_change_costs_one_unit(self, place: Town) -> None:
        video = place.video()
        top = place.comment(video)
        cursor = place.poll()[-1].cursor
        for text, parent in (("a new thread", None), ("a new reply", top)):
            place.clock.on(minutes=2)
            place.comment(video, text, parent=parent)
            place.asked()
            batches = place.poll(cursor)
            cursor = batches[-1].cursor
            assert text in found(batches)
            assert place.asked() == [*QUIET, "commentThreads published"]

    def test_what_comes_when_another_is_hidden_is_found_though_the_counts_stay_as_they_were(self, place: Town) -> None:
        video = place.video()
        first = place.comment(video, "the first")
        cursor = place.poll()[-1].cursor
        place.clock.on(minutes=1)
        place.connect().act(place.ref(first), Action.HIDE, now=place.clock.now)
        place.comment(video, "a new one")
        place.clock.on(minutes=1)
        batches = place.poll(cursor)
        assert "a new one" in found(batches)
        place.clock.on(minutes=2)
        place.asked()
        place.poll(batches[-1].cursor)
        assert place.asked() == QUIET, "it costs one unit, once"

    def test_the_first_poll_reads_everything_once(self, place: Town) -> None:
        place.comment(place.video())
        place.poll()
        assert place.asked() == [
            "/token",
            "channels id",
            "playlistItems playlistId",
            "videos id",
            "videos:batchGetStats id",
            "commentThreads published",
            "commentThreads heldForReview",
            "commentThreads likelySpam",
        ]

    def test_what_is_read_without_any_change_and_how_often(self, place: Town) -> None:
        place.comment(place.video())
        cursor = place.poll()[-1].cursor
        asked: Counter[str] = Counter()
        for _ in range(24 * 6):
            place.clock.on(minutes=10)
            place.asked()
            cursor = place.poll(cursor)[-1].cursor
            asked.update(place.asked())
        del asked["/token"]
        assert asked == {
            "videos:batchGetStats id": 24 * 6,
            "commentThreads published": 24 * 3 + 1,
            "playlistItems playlistId": 12,
            "commentThreads heldForReview": 6,
            "commentThreads likelySpam": 6,
            "videos id": 1,
        }

    def test_videos_where_nothing_happens_are_counted_more_slowly(self, place: Town) -> None:
        videos = [place.video(f"Video {number}") for number in range(60)]
        cursor = place.poll()[-1].cursor
        place.comment(videos[0], "under the oldest")
        batches = []
        polls = 0
        while "under the oldest" not in found(batches) and polls < 100:
            place.clock.on(minutes=2)
            batches = place.poll(cursor)
            cursor = batches[-1].cursor
            polls += 1
        assert polls == 10, "it is among the newest threads of the channel, which are read every twenty minutes"
        place.clock.on(minutes=2)
        place.comment(videos[0], "and again")
        assert "and again" in found(place.poll(cursor)), "from then on it is counted at every poll"


class TestThreads:
    def test_all_replies_are_read_and_only_when_they_grew(self, place: Town) -> None:
        top = place.comment(place.video(), "top")
        for number in range(8):
            place.comment(top.post, f"reply {number}", parent=top)
        batches = place.poll()
        assert len(found(batches)) == 9
        place.asked()
        place.clock.on(minutes=5)
        place.comment(top.post, "reply 8", parent=top)
        batches = place.poll(batches[-1].cursor)
        assert "reply 8" in found(batches)
        assert "comments parentId" in place.asked()
        place.clock.on(minutes=5)
        place.poll(batches[-1].cursor)
        assert place.asked() == QUIET

    @pytest.mark.parametrize("newest_first", [True, False])
    def test_replies_in_either_order_and_in_short_pages(self, place: Town, newest_first: bool) -> None:
        place.standin.quirks.newest_reply_first = newest_first
        place.standin.quirks.page_size = 3
        top = place.comment(place.video(), "top")
        for number in range(11):
            place.comment(top.post, f"reply {number}", parent=top)
            place.comment(top.post, f"other {number}")
        batches = place.poll()
        assert len(found(batches)) == 23
        for batch in batches:
            times = [comment.posted_at for comment in batch.comments]
            assert times == sorted(times)

    def test_batches_go_from_the_oldest_page_to_the_newest(self, place: Town) -> None:
        place.standin.quirks.page_size = 4
        video = place.video()
        for number in range(18):
            place.comment(video, f"comment {number}")
        first = [batch for batch in place.poll() if batch.comments]
        assert len(first) == 5
        for before, after in pairwise(first):
            assert before.comments[-1].posted_at <= after.comments[0].posted_at

    def test_what_becomes_visible_late_is_found(self, place: Town) -> None:
        place.standin.quirks.page_size = 1
        video = place.video()
        for minutes in (20, 15, 4, 2, 1, 0):
            place.comment(video, f"{minutes} minutes ago", at=NOON - timedelta(minutes=minutes))
        cursor = place.poll()[-1].cursor
        place.comment(video, "late", at=NOON - timedelta(minutes=9))
        assert "late" in found(place.poll(cursor))

    def test_what_is_added_while_paging_is_not_lost(self, place: Town) -> None:
        place.standin.quirks.page_size = 2
        video = place.video()
        for number in range(6):
            place.comment(video, f"comment {number}")
        walk = place.connector.poll(None, now=place.clock.now)
        kept = [next(walk)]
        place.comment(video, "meanwhile")
        kept += list(walk)
        kept += place.poll(kept[-1].cursor)
        assert len(found(kept)) == 7

    def test_a_reply_under_an_old_thread_shows_in_the_count_of_comments(self, place: Town) -> None:
        video, other = place.video(), place.video("Another video")
        old = place.comment(video, "the oldest of all")
        for number in range(150):
            place.comment(other, f"comment {number}")
        cursor = place.poll()[-1].cursor
        place.clock.on(minutes=5)
        reply = place.comment(video, "late to the party", parent=old)
        batches = place.poll(cursor)
        assert place.ref(reply) in {comment.ref for batch in batches for comment in batch.comments}
        place.clock.on(minutes=5)
        place.asked()
        place.poll(batches[-1].cursor)
        assert place.asked() == QUIET, "it is not read a third time"

    def test_an_edit_in_an_old_thread_is_found_by_the_reading_again(self, place: Town) -> None:
        video = place.video()
        long = place.comment(video, "long")
        for number in range(7):
            place.comment(video, f"reply {number}", parent=long)
        for number in range(150):
            place.comment(video, f"comment {number}")
        cursor = place.poll()[-1].cursor
        place.clock.on(minutes=5)
        reply = place.world.replies(long)[6]
        place.world.edit(reply, "reply 6, edited")
        seen = {}
        batches = place.poll(cursor)
        assert "reply 6, edited" not in found(batches)
        for _ in range(3):
            place.clock.on(hours=12)
            batches = place.poll(batches[-1].cursor)
            seen |= found(batches)
        assert "reply 6, edited" in seen

    def test_the_reading_again_goes_on_where_it_was(self, place: Town) -> None:
        place.standin.quirks.page_size = 2
        video = place.video()
        old = place.comment(video, "the very first", at=NOON - timedelta(hours=60))
        for number in range(50):
            place.comment(video, f"comment {number}", at=NOON - timedelta(hours=50 - number))
        cursor = place.poll()[-1].cursor
        place.clock.on(hours=25)
        place.world.edit(old, "the very first, edited")
        polls = 0
        while "the very first, edited" not in found(batches := place.poll(cursor)):
            cursor = batches[-1].cursor
            place.clock.on(minutes=5)
            polls += 1
        assert polls == 2

    def test_the_reading_again_begins_anew_when_its_page_is_lost(self, place: Town) -> None:
        place.standin.quirks.page_size = 2
        video = place.video()
        for number in range(50):
            place.comment(video, f"comment {number}")
        cursor = place.poll()[-1].cursor
        place.clock.on(hours=25)
        cursor = place.poll(cursor)[-1].cursor
        values = json.loads(cursor.text)
        assert values["again_page"]
        lost = place.poll(Cursor(text=json.dumps(values | {"again_page": "bm9uc2Vuc2U="})))[-1].cursor
        assert "again_page" not in json.loads(lost.text)
        assert json.loads(place.poll(lost)[-1].cursor.text)["again_page"]

    def test_a_page_lost_in_the_middle_is_for_the_next_poll(self, place: Town) -> None:
        cursor = place.poll()[-1].cursor
        place.standin.script = [PAGE_TO_NOWHERE]
        with pytest.raises(Transient):
            place.poll(cursor)

    def test_pages_that_go_round_in_a_circle_are_malformed(self, place: Town) -> None:
        cursor = place.poll()[-1].cursor
        place.standin.script = [PAGE_TO_NOWHERE, PAGE_TO_NOWHERE]
        with pytest.raises(Malformed):
            place.poll(cursor)

    def test_an_empty_page_is_not_the_last(self, place: Town) -> None:
        place.standin.quirks.empty_first = True
        top = place.comment(place.video(), "behind an empty page")
        for number in range(8):
            place.comment(top.post, f"reply {number}", parent=top)
        assert len(found(place.poll())) == 9

    def test_a_thread_that_goes_while_it_is_read_is_no_failure(self, place: Town) -> None:
        place.standin.quirks.page_size = 1
        video = place.video()
        place.comment(video, "older")
        top = place.comment(video, "top")
        for number in range(8):
            place.comment(video, f"reply {number}", parent=top)
        walk = filter(found_in_one, place.connector.poll(None, now=place.clock.now))
        assert found([next(walk)]).keys() == {"older"}
        place.world.delete(top, AUTHOR)
        assert {"top", "reply 0"} <= found([next(walk)]).keys()


class TestHeld:
    def test_what_is_held_back_is_recorded_as_hidden(self, place: Town) -> None:
        top = place.comment(place.video(), "shown")
        reply = place.comment(top.post, "held reply", parent=top)
        held = place.comment(top.post, "held")
        place.comment(top.post, "below held", parent=held)
        spam = place.comment(top.post, "spam")
        gone = place.comment(top.post, "gone")
        for comment, by in ((reply, STAFF), (held, STAFF), (spam, PLATFORM)):
            place.world.hide(comment, by)
        place.world.delete(gone, AUTHOR)
        seen = {text: comment.visibility for text, comment in found(place.poll()).items()}
        assert seen == {
            "shown": Visibility.VISIBLE,
            "held reply": Visibility.HIDDEN,
            "held": Visibility.HIDDEN,
            "below held": Visibility.HIDDEN,
            "spam": Visibility.HIDDEN,
        }
        assert found(place.poll())["below held"].parent == place.ref(held)

    def test_what_was_held_and_is_published_later_is_found(self, place: Town) -> None:
        video = place.video()
        held = place.comment(video, "held")
        place.world.hide(held, PLATFORM)
        for number in range(150):
            place.comment(video, f"comment {number}")
        cursor = place.poll()[-1].cursor
        place.world.unhide(held, STAFF)
        place.clock.on(hours=25)
        assert found(place.poll(cursor))["held"].visibility is Visibility.VISIBLE


class TestNouns:
    def test_videos_without_comments_are_posts_too(self, place: Town) -> None:
        place.comment(place.video("With a comment"))
        place.video("Without\n\nAnd a description\n\nof two paragraphs")
        first = place.poll()
        assert {post.text for batch in first for post in batch.posts} == {
            "With a comment",
            "Without\n\nAnd a description\n\nof two paragraphs",
        }
        place.clock.on(hours=2)
        place.video("Another")
        second = place.poll(first[-1].cursor)
        assert [post.text for batch in second for post in batch.posts] == ["Another"]

    def test_a_video_is_given_again_by_the_reading_again_with_its_new_title(self, place: Town) -> None:
        video = place.video("Council meeting")
        cursor = place.poll()[-1].cursor
        video.text = "Council meeting, 22 November"
        titles = []
        for _ in range(3):
            place.clock.on(hours=12)
            batches = place.poll(cursor)
            titles += [post.text for batch in batches for post in batch.posts]
            cursor = batches[-1].cursor
        assert titles == ["Council meeting, 22 November"]

    def test_old_videos_are_not_missed_because_all_new_ones_have_comments(self, place: Town) -> None:
        videos = [place.video(f"Video {number}") for number in range(60)]
        for video in videos[5:]:
            place.comment(video, f"under {video.text}")
        posts = {post.text for batch in place.poll() for post in batch.posts}
        assert posts == {video.text for video in videos}

    def test_many_videos_are_given_oldest_first(self, place: Town) -> None:
        for number in range(120):
            place.video(f"Video {number}")
        posts = [post.text for batch in place.poll() for post in batch.posts]
        assert posts == [f"Video {number}" for number in range(120)]

    def test_a_comment_on_the_channel_itself_has_the_channel_as_its_post(self, place: Town) -> None:
        comment = place.comment(place.video(), "no video named")
        place.standin.quirks.on_channel.add(comment.id)
        batches = place.poll()
        read = found(batches)["no video named"]
        assert read.post.item == place.page.id
        posts = {post.ref: post for batch in batches for post in batch.posts}
        assert posts[read.post].text == place.page.name
        seen = place.connector.look(place.ref(comment), now=place.clock.now).comment
        assert seen
        assert (seen.post, seen.revision) == (read.post, read.revision)

    def test_a_picture_is_an_attachment_of_the_same_name_at_every_reading(self, place: Town) -> None:
        comment = place.comment(place.video(), "")
        place.standin.quirks.images[comment.id] = "https://pictures.example/1"
        first, second = (found(place.poll())[""] for _ in range(2))
        assert first.revision == second.revision
        assert first.attachments[0].url != second.attachments[0].url

    def test_speaker_author_and_times(self, place: Town) -> None:
        video = place.video()
        place.comment(video, "by the City", author=place.page.person)
        place.comment(video, "by nobody shown", author=None)
        place.comment(video, "by Sam", author=SAM)
        read = found(place.poll())
        assert read["by the City"].speaker is Speaker.CITY
        assert read["by nobody shown"].speaker is Speaker.PUBLIC
        assert read["by nobody shown"].author.id is None
        assert read["by nobody shown"].author.name is None
        assert (read["by Sam"].author.id, read["by Sam"].author.handle) == (SAM.id, SAM.handle)

    def test_raw_is_the_comment_alone_without_its_replies(self, place: Town) -> None:
        top = place.comment(place.video(), "top", author=PAT)
        place.comment(top.post, "reply", parent=top)
        raw = found(place.poll())["top"].raw
        assert json.loads(raw)["id"] == top.id
        assert b"reply" not in raw

    def test_comments_switched_off_is_a_state(self, place: Town) -> None:
        off, on = place.video("Off"), place.video("On")
        place.comment(off, "under the closed one")
        place.comment(on, "under the open one")
        place.standin.quirks.comments_off.add(off.id)
        batches = place.poll()
        assert found(batches).keys() == {"under the open one"}
        place.clock.on(hours=1)
        place.standin.failing = [Reason.COMMENTS_DISABLED] * 2
        assert found(place.poll(batches[-1].cursor)) == {}


class TestCursor:
    def test_stays_small(self, place: Town) -> None:
        video = place.video()
        at = progress.Progress(read_to=NOON)
        at = at.given(f"video{number:06}" for number in range(5_000))
        at = at.counted({f"Ugxlongthread{number:013}": number for number in range(5_000)})
        assert len(at.cursor.text) < 40_000
        assert at.videos[-1] == "video004999"
        assert progress.Progress.of(at.cursor) == at
        place.comment(video)

    @pytest.mark.parametrize(
        "text", ["", "[]", "{}", '{"version": 99}', '{"version": 1, "read_to": "soon"}', '{"version": 1, "what": 1}']
    )
    def test_of_somebody_else_is_malformed(self, place: Town, text: str) -> None:
        with pytest.raises(Malformed) as caught:
            place.poll(Cursor(text=text))
        assert caught.value.payload == text.encode()

    def test_slow_readings_are_due_when_the_clock_was_set_back(self) -> None:
        hour = timedelta(hours=1)
        assert reading.due(None, hour, NOON)
        assert not reading.due(NOON, hour, NOON + timedelta(minutes=59))
        assert reading.due(NOON, hour, NOON + hour)
        assert reading.due(NOON + timedelta(days=400), hour, NOON)

    def test_is_not_moved_by_a_failure(self, place: Town) -> None:
        place.standin.quirks.page_size = 3
        video = place.video()
        for number in range(9):
            place.comment(video, f"comment {number}")
        place.server.faults.add(faults.SERVER_ERROR_HTML, verb="list", after=3)
        kept = []
        with pytest.raises(Transient):
            kept.extend(place.connector.poll(None, now=place.clock.now))
        everything = found(kept) | found(place.poll(kept[-1].cursor if kept else None))
        assert len(everything) == 9


class TestMember:
    def test_gives_the_bytes_as_they_were_sent(self) -> None:
        body = b'{ "a" : {"b":  [1,\n2] , "c": "\\u00e9" } }'
        assert verbatim.member(body, "a", "b") == b"[1,\n2]"
        assert verbatim.member(body, "a", "c") == b'"\\u00e9"'
        with pytest.raises(KeyError):
            verbatim.member(body, "a", "d")
        with pytest.raises(ValueError, match="middle"):
            verbatim.member(b'{"a": {"b": 1}', "c")
