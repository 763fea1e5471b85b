"""YouTube at its most awkward: every pitfall by name, alone and all together, and nothing is lost or misread."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from youtube_town import PAT, SAM, Town, breaches, found, town

from bot.domain.types import Action, Visibility
from connectors.contract import RateLimited, Refused, Transient, Unauthorised
from connectors.standin.world import AUTHOR
from connectors.youtube.standin_pitfalls import PITFALLS
from connectors.youtube.standin_show import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.domain.types import Cursor
    from connectors.standin.world import WorldComment, WorldPost

SWITCHED = [pitfall.name for pitfall in PITFALLS if not pitfall.always]
READABLE = [name for name in SWITCHED if name != "grant_expired"]

MET_ELSEWHERE = ("gone_before_write", "moderation_lag", "made_for_kids", "members_only")


@pytest.fixture
def place() -> Iterator[Town]:
    with town() as place:
        yield place
        assert breaches(place) == []


class Life:
    """A channel on which things happen by chance, and what was read of it."""

    def __init__(self, place: Town, seed: int) -> None:
        self.place, self.chance = place, random.Random(seed)
        self.videos: list[WorldPost] = [place.video()]
        self.comments: list[WorldComment] = []
        self.cursor: Cursor | None = None
        self.read: dict[str, set[str]] = {}

    def happen(self) -> None:
        """One event."""
        dice, comments = self.chance.random(), [one for one in self.comments if one.deleted_by is None]
        if dice < 0.05:
            self.videos.append(self.place.video(f"Video {len(self.videos)}"))
        elif dice < 0.1 and comments:
            self.place.world.delete(self.chance.choice(comments), AUTHOR)
        elif dice < 0.2 and comments:
            self.place.world.edit(self.chance.choice(comments), f"edited {self.chance.random()}")
        elif dice < 0.45 and comments:
            top = self.chance.choice(comments)
            top = top.parent or top
            self.comments.append(self.place.comment(top.post, f"reply {self.chance.random()}", parent=top, author=SAM))
        else:
            video = self.chance.choice(self.videos)
            self.comments.append(self.place.comment(video, f"comment {self.chance.random()}", author=PAT))

    def poll(self) -> None:
        """One poll; what may work next time is left to the next time."""
        try:
            for batch in self.place.connector.poll(self.cursor, now=self.place.clock.now):
                self.cursor = batch.cursor
                for comment in batch.comments:
                    self.read.setdefault(comment.ref.item, set()).add(comment.text)
        except (Transient, RateLimited):
            pass

    def missing(self) -> list[str]:
        """What stands there, for the public or held back, and was not read in its present words."""
        world, pitfalls = self.place.world, self.place.standin.pitfalls
        there = [one for one in world.comments.values() if one.deleted_by is None and one.post.deleted_by is None]
        closed = [video.id for video in self.videos if any(pitfalls.strikes(n, video.id) for n in CLOSING)]
        readable = (one for one in there if one.post.id not in closed and (one.hidden_by or shown(one)))
        return [one.text for one in readable if one.text not in self.read.get(one.id, ())]


CLOSING = ("comments_off", "made_for_kids")


def lived(place: Town, seed: int, events: int) -> Life:
    """A channel after so many events, polled all the while, and for two days after them."""
    life = Life(place, seed)
    for _ in range(events):
        life.happen()
        place.clock.on(minutes=life.chance.randrange(6))
        life.poll()
    for _ in range(24):
        place.clock.on(hours=2)
        life.poll()
    return life


@pytest.mark.parametrize("name", READABLE)
def test_with_each_alone_nothing_that_stands_there_goes_unread(place: Town, name: str) -> None:
    place.standin.pitfalls.switch([name], seed=7)
    place.standin.quirks.page_size = 10
    life = lived(place, 7, 40)
    assert life.missing() == []
    assert len(life.read) > 10
    if name not in MET_ELSEWHERE:
        assert place.standin.pitfalls.met[name], "the pitfall was never met"


@pytest.mark.parametrize("seed", range(3))
def test_with_all_of_them_nothing_that_stands_there_goes_unread(place: Town, seed: int) -> None:
    place.standin.pitfalls.switch(READABLE, seed=seed)
    life = lived(place, seed, 100)
    assert life.missing() == []
    assert len(life.read) > 20


def test_a_grant_that_has_expired_stops_everything(place: Town) -> None:
    place.standin.pitfalls.switch(["grant_expired"])
    with pytest.raises(Unauthorised, match="invalid_grant"):
        place.poll()


def test_names_that_are_not_there_or_have_no_switch(place: Town) -> None:
    for name in ("nonsense", "quota"):
        with pytest.raises(ValueError, match=name):
            place.standin.pitfalls.switch([name])
    assert len(SWITCHED) == len(set(SWITCHED))


def test_what_goes_just_before_it_is_held_is_told_as_gone_and_the_others_are_held(place: Town) -> None:
    comments = [place.comment(place.video(), f"comment {number}") for number in range(20)]
    place.standin.pitfalls.switch(["gone_before_write"])
    answers = place.connector.act_on([place.ref(one) for one in comments], Action.HIDE, now=place.clock.now)
    told = [answers[place.ref(one)] for one in comments]
    gone = [one.deleted_by == AUTHOR for one in comments]
    assert told == [Visibility.GONE if left else Visibility.UNKNOWN for left in gone]
    assert any(gone)
    assert not all(gone)
    assert all(one.hidden_by or one.deleted_by for one in comments)


def test_a_failure_that_passes_is_transient_and_what_is_not_ours_is_refused_or_transient(place: Town) -> None:
    comment = place.comment(place.video())
    place.standin.pitfalls.switch(["processing_failure"], seed=3)
    outcomes = set()
    for _ in range(60):
        try:
            outcomes.add(place.connector.act(place.ref(comment), Action.HIDE, now=place.clock.now))
        except Transient:
            outcomes.add(Visibility.GONE)
    assert outcomes == {Visibility.UNKNOWN, Visibility.GONE}
    other = place.world.add_account("youtube", "UCotherotherotherotherot", "City Library", "library")
    theirs = place.comment(place.world.add_post(other, "Theirs"))
    place.standin.pitfalls.switch([])
    with pytest.raises((Refused, Transient)):
        place.connector.act(place.ref(theirs), Action.HIDE, now=place.clock.now)
    assert theirs.public


def test_moderation_shows_some_seconds_later(place: Town) -> None:
    comment = place.comment(place.video())
    place.standin.pitfalls.switch(["moderation_lag"])
    place.connector.act(place.ref(comment), Action.HIDE, now=place.clock.now)
    assert place.connector.look(place.ref(comment), now=place.clock.now).visibility is Visibility.VISIBLE
    place.clock.on(seconds=5)
    assert place.connector.look(place.ref(comment), now=place.clock.now).visibility is Visibility.HIDDEN


@pytest.mark.parametrize("name", ["members_only", "private", "comments_off", "made_for_kids"])
def test_a_video_that_is_not_for_everybody_does_not_stop_the_channel(place: Town, name: str) -> None:
    videos = [place.video(f"Video {number}") for number in range(20)]
    old = {video.id: place.comment(video, f"under {video.text}") for video in videos}
    for number in range(120):
        place.comment(videos[0], f"comment {number}")
    place.standin.pitfalls.switch([name], seed=5)
    cursor = place.poll()[-1].cursor
    for video in videos:
        place.comment(video, f"late under {video.text}", parent=old[video.id])
    batches = place.poll(cursor)
    struck = [video for video in videos if place.standin.pitfalls.strikes(name, video.id)]
    assert 0 < len(struck) < 20
    texts = found(batches)
    assert all(f"late under {video.text}" in texts for video in videos if video not in struck)
    notes = place.connector.check(now=place.clock.now).notes
    if name != "members_only":
        assert all(any(video.id in note for note in notes) for video in struck)
