"""What a YouTube channel can do besides moderating comments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from youtube_town import PAT, Town, breaches, found, town

from connectors.contract import (
    ActsOnMany,
    HasFollowers,
    HasMedia,
    HasProfile,
    Malformed,
    Notifies,
    Refused,
    Unauthorised,
)
from connectors.standin.world import STAFF
from connectors.youtube.standin_errors import Reason, answer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def place() -> Iterator[Town]:
    with town() as place:
        yield place
        assert breaches(place) == []


def test_all_of_it_is_found_by_asking_the_connector(place: Town) -> None:
    for protocol in (ActsOnMany, HasFollowers, HasMedia, HasProfile, Notifies):
        assert isinstance(place.connector, protocol)


class TestProfile:
    def test_says_what_the_page_says_and_which_addresses_are_in_it(self, place: Town) -> None:
        place.standin.quirks.description = "Ours. (See https://kcmo.example/policy, or http://kcmo.example?a=1.)"
        profile = place.connector.profile(now=place.clock.now)
        assert (profile.name, profile.handle) == (place.page.name, place.page.handle)
        assert profile.text == place.standin.quirks.description
        assert profile.links == ("https://kcmo.example/policy", "http://kcmo.example?a=1")
        assert profile.picture == f"{place.server.url}/avatar/{place.page.id}"
        assert profile.raw in place.server.log[-1].response.body

    def test_of_a_channel_without_a_description_has_no_links(self, place: Town) -> None:
        place.standin.quirks.description = ""
        assert place.connector.profile(now=place.clock.now).links == ()

    def test_of_no_channel_is_unauthorised(self, place: Town) -> None:
        place.standin.script = [answer({"kind": "youtube#channelListResponse", "etag": "x"})]
        with pytest.raises(Unauthorised):
            place.connector.profile(now=place.clock.now)
        place.standin.script = []
        place.standin.failing = [Reason.NOT_FOUND]
        with pytest.raises(Unauthorised):
            place.connector.followers(now=place.clock.now)


class TestFollowers:
    def test_are_counted_and_not_listed(self, place: Town) -> None:
        followers = place.connector.followers(now=place.clock.now)
        assert (followers.count, followers.people) == (1230, ())
        assert "rounded" in followers.why

    def test_a_channel_may_hide_them(self, place: Town) -> None:
        place.standin.quirks.subscribers_hidden = True
        followers = place.connector.followers(now=place.clock.now)
        assert followers.count is None
        assert "hides" in followers.why

    def test_an_answer_without_a_count_is_malformed(self, place: Town) -> None:
        item = {"kind": "youtube#channel", "etag": "x", "id": place.page.id, "statistics": {}}
        place.standin.script = [answer({"kind": "youtube#channelListResponse", "etag": "x", "items": [item]})]
        with pytest.raises(Malformed):
            place.connector.followers(now=place.clock.now)


class TestNotify:
    def test_answers_below_the_first_comment_of_the_thread_for_fifty_units(self, place: Town) -> None:
        top = place.comment(place.video(), "top")
        reply = place.comment(top.post, "reply", parent=top)
        place.poll()
        for asked in (top, reply):
            place.standin.spent.clear()
            name = place.connector.notify(place.ref(asked), "Removed under our policy.", now=place.clock.now)
            assert sum(place.standin.spent.values()) == 50
            made = place.world.comments["youtube", name]
            assert made.parent is top
            assert made.author == place.page.person
        assert "Removed under our policy." in found(place.poll())

    @pytest.mark.parametrize("words", ["", "x" * 10_001])
    def test_what_youtube_does_not_take_is_refused(self, place: Town, words: str) -> None:
        comment = place.comment(place.video())
        with pytest.raises(Refused, match="commentText"):
            place.connector.notify(place.ref(comment), words, now=place.clock.now)

    def test_what_is_held_cannot_be_answered_nor_can_a_chat(self, place: Town) -> None:
        comment = place.comment(place.video())
        place.world.hide(comment, STAFF)
        place.standin.go_live(comment.post)
        said = place.standin.say(comment.post, "hello", author=PAT)
        for asked in (comment, said):
            with pytest.raises(Refused):
                place.connector.notify(place.ref(asked), "words", now=place.clock.now)


class TestMedia:
    def test_a_picture_is_fetched_while_its_address_holds(self, place: Town) -> None:
        comment = place.comment(place.video(), "")
        place.standin.quirks.images[comment.id] = f"{place.server.url}/image/{comment.id}"
        (attachment,) = found(place.poll())[""].attachments
        fetched = place.connector.media(attachment, now=place.clock.now)
        assert fetched.kind == "image/png"
        assert fetched.body.startswith(b"\x89PNG")
        assert "authorization" not in place.server.log[-1].request.headers
        place.clock.on(hours=7)
        with pytest.raises(Refused, match="any more"):
            place.connector.media(attachment, now=place.clock.now)

    def test_nothing_is_fetched_from_elsewhere(self, place: Town) -> None:
        comment = place.comment(place.video(), "")
        place.standin.quirks.images[comment.id] = "https://pictures.example/1"
        (attachment,) = found(place.poll())[""].attachments
        with pytest.raises(Refused, match="own hosts"):
            place.connector.media(attachment, now=place.clock.now)
