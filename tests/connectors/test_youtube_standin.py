"""Google's own client library against YouTube's stand-in: what it does there must be what it would do on YouTube."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from googleapiclient.errors import HttpError
from youtube_town import NOON, PAT, SAM, Town, breaches, town

from connectors.standin.world import APP, AUTHOR, PLATFORM, STAFF
from connectors.youtube.standin_errors import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def place() -> Iterator[Town]:
    with town() as place:
        yield place


@pytest.fixture
def youtube(place: Town) -> Iterator[Any]:
    with place.official() as service:
        yield service


def threads(place: Town, youtube: Any, **more: Any) -> list[dict[str, Any]]:
    """All threads of the channel, page by page, as Google's documentation pages."""
    listing = youtube.commentThreads()
    request = listing.list(part="snippet,replies", allThreadsRelatedToChannelId=place.page.id, **more)
    items = []
    while request is not None:
        answer = request.execute()
        items += answer["items"]
        request = listing.list_next(request, answer)
    return items


def reason(caught: pytest.ExceptionInfo[HttpError]) -> tuple[int, str]:
    details: Any = caught.value.error_details
    return caught.value.status_code, details[0]["reason"]


class TestReading:
    def test_threads_come_newest_first_on_pages_with_at_most_five_replies(self, place: Town, youtube: Any) -> None:
        video = place.video()
        for number in range(25):
            place.comment(video, f"comment {number}")
        top = place.comment(video, "talked about")
        for number in range(7):
            place.comment(video, f"reply {number}", parent=top)
        items = threads(place, youtube, maxResults=10)
        texts = [item["snippet"]["topLevelComment"]["snippet"]["textDisplay"] for item in items]
        assert texts == ["talked about", *(f"comment {number}" for number in reversed(range(25)))]
        assert items[0]["snippet"]["totalReplyCount"] == 7
        assert len(items[0]["replies"]["comments"]) == 5
        assert "replies" not in items[1]
        replies = youtube.comments().list(part="snippet", parentId=top.id, maxResults=100).execute()["items"]
        assert len(replies) == 7
        assert breaches(place) == []

    def test_a_comment_as_its_channel_sees_it(self, place: Town, youtube: Any) -> None:
        comment = place.comment(place.video(), "a <b> & c\nd", author=SAM)
        place.clock.on(minutes=3)
        place.world.edit(comment, "a <b> & d\ne")
        (item,) = threads(place, youtube)
        snippet = item["snippet"]["topLevelComment"]["snippet"]
        assert snippet["textDisplay"] == "a &lt;b&gt; &amp; d<br>e"
        assert snippet["textOriginal"] == "a <b> & d\ne"
        assert snippet["authorChannelId"] == {"value": SAM.id}
        assert snippet["moderationStatus"] == "published"
        assert (snippet["publishedAt"], snippet["updatedAt"]) == ("2026-11-22T12:01:10Z", "2026-11-22T12:04:10Z")
        (plain,) = threads(place, youtube, textFormat="plainText")
        assert plain["snippet"]["topLevelComment"]["snippet"]["textDisplay"] == "a <b> & d\ne"

    def test_the_filter_by_name_tells_less(self, place: Town, youtube: Any) -> None:
        comment = place.comment(place.video(), "words", author=None)
        (item,) = youtube.comments().list(part="snippet", id=comment.id).execute()["items"]
        assert not {"moderationStatus", "videoId", "authorChannelId", "authorDisplayName"} & item["snippet"].keys()
        (thread,) = youtube.commentThreads().list(part="snippet", id=comment.id).execute()["items"]
        assert thread["snippet"]["videoId"] == comment.post.id
        assert "moderationStatus" not in thread["snippet"]["topLevelComment"]["snippet"]
        assert breaches(place) == []

    def test_names_look_like_youtubes(self, place: Town) -> None:
        video = place.video()
        comment = place.comment(video)
        reply = place.comment(video, parent=comment)
        assert len(video.id) == 11
        assert comment.id.startswith("Ugx")
        assert comment.id.endswith("4AaABAg")
        assert len(comment.id) == 26
        head, _, tail = reply.id.partition(".")
        assert (head, len(tail)) == (comment.id, 22)

    def test_channels_uploads_and_videos(self, place: Town, youtube: Any) -> None:
        video = place.video("A title\n\nA description")
        (mine,) = youtube.channels().list(part="snippet,contentDetails,statistics", mine=True).execute()["items"]
        assert (mine["id"], mine["snippet"]["title"]) == (place.page.id, place.page.name)
        playlist = mine["contentDetails"]["relatedPlaylists"]["uploads"]
        (upload,) = youtube.playlistItems().list(part="contentDetails,snippet", playlistId=playlist).execute()["items"]
        assert upload["contentDetails"]["videoId"] == video.id
        (item,) = youtube.videos().list(part="snippet,statistics", id=video.id).execute()["items"]
        assert (item["snippet"]["title"], item["snippet"]["description"]) == ("A title", "A description")
        assert item["statistics"]["commentCount"] == "0"
        assert "items" not in youtube.channels().list(part="id", id="UCnobody").execute()
        assert breaches(place) == []

    def test_a_request_too_long_for_an_address_comes_as_a_form(self, place: Town, youtube: Any) -> None:
        top = place.comment(place.video())
        replies = [place.comment(top.post, f"reply {number}", parent=top).id for number in range(50)]
        assert len(youtube.comments().list(part="snippet", id=replies).execute()["items"]) == 50
        last = place.server.log[-1]
        assert (last.request.method, last.verb) == ("POST", "look")
        assert last.request.headers["x-http-method-override"] == "GET"
        assert breaches(place) == []

    def test_by_search_by_video_and_by_relevance(self, place: Town, youtube: Any) -> None:
        video = place.video()
        top = place.comment(video, "Pool hours?")
        place.comment(video, "reply", parent=top)
        place.comment(video, "Library hours?")
        listing = youtube.commentThreads()
        relevant = listing.list(part="id", videoId=video.id, order="relevance").execute()["items"]
        assert relevant[0]["id"] == top.id
        assert len(listing.list(part="id", videoId=video.id, searchTerms="pool").execute()["items"]) == 1
        assert listing.list(part="id", channelId=place.page.id).execute()["items"] == []


class TestModerating:
    def test_holding_publishing_and_what_each_list_then_shows(self, place: Town, youtube: Any) -> None:
        comment = place.comment(place.video(), "to be held")
        spam = place.comment(comment.post, "spam")
        place.world.hide(spam, PLATFORM)
        moderating = youtube.comments()
        assert moderating.setModerationStatus(id=comment.id, moderationStatus="heldForReview").execute() == ""
        assert threads(place, youtube) == []
        assert [item["id"] for item in threads(place, youtube, moderationStatus="heldForReview")] == [comment.id]
        assert [item["id"] for item in threads(place, youtube, moderationStatus="likelySpam")] == [spam.id]
        assert youtube.comments().list(part="id", id=comment.id).execute()["items"] == []
        both = [comment.id, spam.id]
        assert moderating.setModerationStatus(id=both, moderationStatus="published").execute() == ""
        assert {item["id"] for item in threads(place, youtube)} == set(both)
        assert [(effect.what, effect.by) for effect in place.world.effects[1:]] == [
            ("hide", APP),
            ("unhide", APP),
            ("unhide", APP),
        ]
        assert breaches(place) == []

    def test_a_held_reply_brings_its_thread_along(self, place: Town, youtube: Any) -> None:
        top = place.comment(place.video(), "top")
        reply = place.comment(top.post, "held", parent=top)
        place.comment(top.post, "shown", parent=top)
        place.world.hide(reply, STAFF)
        (item,) = threads(place, youtube, moderationStatus="heldForReview")
        assert item["id"] == top.id
        assert [one["id"] for one in item["replies"]["comments"]] == [reply.id]
        (published,) = threads(place, youtube)
        assert published["snippet"]["totalReplyCount"] == 1

    def test_rejecting_takes_the_replies_along_and_is_for_good(self, place: Town, youtube: Any) -> None:
        top = place.comment(place.video(), "top")
        place.comment(top.post, "reply", parent=top)
        moderating = youtube.comments()
        for _ in range(2):
            moderating.setModerationStatus(id=top.id, moderationStatus="rejected").execute()
        assert [effect.what for effect in place.world.effects] == ["delete", "delete"]
        with pytest.raises(HttpError) as caught:
            moderating.setModerationStatus(id=top.id, moderationStatus="published").execute()
        assert reason(caught) == (400, "processingFailure")

    def test_one_bad_name_fails_the_whole_call(self, place: Town, youtube: Any) -> None:
        comment = place.comment(place.video())
        both = f"{comment.id},Ugxnothere4AaABAg"
        with pytest.raises(HttpError) as caught:
            youtube.comments().setModerationStatus(id=both, moderationStatus="heldForReview").execute()
        assert reason(caught) == (404, "commentNotFound")
        assert place.world.effects == []

    def test_deleting_is_for_what_one_wrote(self, place: Town, youtube: Any) -> None:
        own = place.comment(place.video(), "own", author=place.page.person)
        other = place.comment(own.post, "other")
        assert youtube.comments().delete(id=own.id).execute() == ""
        with pytest.raises(HttpError) as caught:
            youtube.comments().delete(id=other.id).execute()
        assert reason(caught) == (403, "forbidden")
        assert [item["id"] for item in threads(place, youtube)] == [other.id]
        with pytest.raises(HttpError) as caught:
            youtube.comments().delete(id=own.id).execute()
        assert reason(caught) == (404, "commentNotFound")
        assert breaches(place) == []


class TestNo:
    @pytest.mark.parametrize(
        ("asked", "expected"),
        [
            ({}, (400, "missingRequiredParameter")),
            ({"videoId": "a", "id": "b"}, (400, "incompatibleParameters")),
            ({"id": "b", "moderationStatus": "heldForReview"}, (400, "incompatibleParameters")),
            ({"videoId": "nosuchvideo"}, (404, "videoNotFound")),
            ({"allThreadsRelatedToChannelId": "UCnobody"}, (404, "channelNotFound")),
            ({"allThreadsRelatedToChannelId": "MINE", "pageToken": "nonsense"}, (400, "invalidPageToken")),
            ({"allThreadsRelatedToChannelId": "MINE", "maxResults": 101}, (400, "invalidParameter")),
            ({"allThreadsRelatedToChannelId": "MINE", "maxResults": 0}, (400, "invalidParameter")),
            ({"allThreadsRelatedToChannelId": "MINE", "moderationStatus": "rejected"}, (400, "operationNotSupported")),
        ],
    )
    def test_of_listing_threads(
        self, place: Town, youtube: Any, asked: dict[str, Any], expected: tuple[int, str]
    ) -> None:
        asked = {name: place.page.id if value == "MINE" else value for name, value in asked.items()}
        with pytest.raises(HttpError) as caught:
            youtube.commentThreads().list(part="snippet", **asked).execute()
        assert reason(caught) == expected

    @pytest.mark.parametrize(
        ("asked", "expected"),
        [
            ({"moderationStatus": "heldForReview", "banAuthor": True}, (400, "banWithoutReject")),
            ({"moderationStatus": "likelySpam"}, (400, "operationNotSupported")),
        ],
    )
    def test_of_moderating(self, place: Town, youtube: Any, asked: dict[str, Any], expected: tuple[int, str]) -> None:
        comment = place.comment(place.video())
        with pytest.raises(HttpError) as caught:
            youtube.comments().setModerationStatus(id=comment.id, **asked).execute()
        assert reason(caught) == expected

    def test_a_page_token_belongs_to_its_list(self, place: Town, youtube: Any) -> None:
        video = place.video()
        for number in range(3):
            place.comment(video, f"comment {number}")
        listing = youtube.commentThreads()
        token = listing.list(part="id", videoId=video.id, maxResults=1).execute()["nextPageToken"]
        assert listing.list(part="id", videoId=video.id, maxResults=1, pageToken=token).execute()["items"]
        with pytest.raises(HttpError) as caught:
            listing.list(part="id", allThreadsRelatedToChannelId=place.page.id, pageToken=token).execute()
        assert reason(caught) == (400, "invalidPageToken")

    def test_comments_switched_off(self, place: Town, youtube: Any) -> None:
        top = place.comment(place.video())
        place.standin.quirks.comments_off.add(top.post.id)
        for request in (
            youtube.commentThreads().list(part="id", videoId=top.post.id),
            youtube.comments().list(part="id", parentId=top.id),
        ):
            with pytest.raises(HttpError) as caught:
                request.execute()
            assert reason(caught) == (403, "commentsDisabled")
        (video,) = youtube.videos().list(part="statistics", id=top.post.id).execute()["items"]
        assert "commentCount" not in video["statistics"]

    def test_what_is_another_channels(self, place: Town, youtube: Any) -> None:
        other = place.world.add_account("youtube", "UCotherotherotherotherot", "City Library", "library")
        post = place.world.add_post(other, "Theirs")
        comment = place.comment(post)
        kept = place.comment(place.video(), "cannot be hidden", hideable=False)
        listing = youtube.commentThreads()
        assert listing.list(part="id", allThreadsRelatedToChannelId=other.id).execute()["items"]
        for held in ({"allThreadsRelatedToChannelId": other.id}, {"videoId": post.id}):
            with pytest.raises(HttpError) as caught:
                listing.list(part="id", moderationStatus="heldForReview", **held).execute()
            assert reason(caught) == (403, "forbidden")
        for name, expected in ((comment.id, (400, "processingFailure")), (kept.id, (403, "forbidden"))):
            with pytest.raises(HttpError) as caught:
                youtube.comments().setModerationStatus(id=name, moderationStatus="heldForReview").execute()
            assert reason(caught) == expected

    def test_without_a_token_or_with_an_unknown_parameter(self, place: Town) -> None:
        url = f"{place.server.url}/youtube/v3/comments"
        anonymous = requests.get(url, timeout=5)
        assert (anonymous.status_code, anonymous.json()["error"]["errors"][0]["reason"]) == (401, "required")
        token = requests.post(
            f"{place.server.url}/token",
            data={"grant_type": "refresh_token", **place.standin.credentials(place.page)},
            timeout=5,
        ).json()["access_token"]
        signed = {"authorization": f"Bearer {token}"}
        for asked, expected in (("part=id&x=1", "unexpectedParameter"), ("id=a", "missingRequiredParameter")):
            answer = requests.get(f"{url}?{asked}", headers=signed, timeout=5)
            assert answer.json()["error"]["errors"][0]["reason"] == expected
        assert requests.get(f"{place.server.url}/youtube/v3/search", headers=signed, timeout=5).status_code == 404
        wrong = requests.post(f"{place.server.url}/token", data={"grant_type": "password"}, timeout=5)
        assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")

    def test_the_quota_is_for_all_channels_and_ends_at_midnight_in_california(self, place: Town, youtube: Any) -> None:
        comment = place.comment(place.video())
        place.standin.quota = 52
        place.clock.now = NOON
        youtube.channels().list(part="id", mine=True).execute()
        youtube.comments().setModerationStatus(id=comment.id, moderationStatus="heldForReview").execute()
        with pytest.raises(HttpError):
            youtube.comments().list(part="id").execute()
        with pytest.raises(HttpError) as caught:
            youtube.channels().list(part="id", mine=True).execute()
        assert reason(caught) == (403, "quotaExceeded")
        place.clock.now = NOON + timedelta(hours=20)
        youtube.channels().list(part="id", mine=True).execute()

    def test_failures_on_order(self, place: Town, youtube: Any) -> None:
        place.standin.failing = [Reason.RATE_LIMIT_EXCEEDED]
        with pytest.raises(HttpError) as caught:
            threads(place, youtube)
        assert reason(caught) == (403, "rateLimitExceeded")
        assert threads(place, youtube) == []


class TestPage:
    def test_shows_what_the_public_sees_and_marks_the_linked_comment(self, place: Town) -> None:
        top = place.comment(place.video(), "the top one")
        place.comment(top.post, "a reply", parent=top)
        place.comment(top.post, "another", author=PAT)
        url = place.standin.comment_url(top)
        shown = requests.get(url, timeout=5).text
        assert all(text in shown for text in ("the top one", "a reply", "another", "@pat-public", "linked"))
        place.world.hide(top, STAFF)
        hidden = requests.get(url, timeout=5)
        assert hidden.status_code == 200
        assert "another" in hidden.text
        assert "the top one" not in hidden.text
        assert "a reply" not in hidden.text

    def test_of_nothing(self, place: Town) -> None:
        comment = place.comment(place.video(), "words")
        place.world.delete_post(comment.post, AUTHOR)
        for path in ("/watch?v=nosuchvideo", "/nowhere", f"/watch?v={comment.post.id}"):
            assert "isn't available" in requests.get(place.server.url + path, timeout=5).text
