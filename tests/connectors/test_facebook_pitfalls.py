"""Every pitfall of the stand-in by its name: it strikes, it is counted, and the connector is not taken in by it."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from facebook_town import PAT, SAM, Town, a_town, comments

from bot.domain.types import Action, Cursor, Visibility
from connectors.contract import ConnectorError, Malformed, RateLimited, Refused, Transient, Unauthorised
from connectors.facebook.standin_pitfalls import OWN_FAULTS, PITFALLS
from connectors.facebook.standin_show import Kind
from connectors.standin import faults, world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bot.domain.types import Batch
    from connectors.standin.world import WorldComment, WorldPost

MANY = 40


@pytest.fixture
def town() -> Iterator[Town]:
    with a_town() as running:
        yield running


def peopled(town: Town, many: int = MANY) -> list[WorldComment]:
    post = town.world.add_post(town.page, "post")
    return [
        town.world.add_comment(post, f"comment number {number}", author=PAT, at=town.clock.on(seconds=1))
        for number in range(many)
    ]


def act_on_all(town: Town, written: list[WorldComment], action: Action = Action.HIDE) -> list[object]:
    """What comes of acting on each: what is said, or the kind of error."""
    found: list[object] = []
    for comment in written:
        try:
            found.append(town.connector.act(town.ref(comment), action, now=town.clock.now))
        except ConnectorError as error:
            found.append(type(error))
    return found


def test_the_list_is_whole() -> None:
    names = [pitfall.name for pitfall in PITFALLS]
    assert len(names) == len(set(names))
    assert all(pitfall.says for pitfall in PITFALLS)
    assert not set(names) & {*faults.NAMES, *OWN_FAULTS}


def test_a_seed_strikes_the_same_again_and_another_one_others(town: Town) -> None:
    written = peopled(town)

    def unnamed(seed: int) -> set[str]:
        town.standin.switch(["authors_withheld"], seed=seed)
        return {item for item, comment in comments(town.poll()).items() if comment.author.id is None}

    first = unnamed(1)
    assert first == unnamed(1) != unnamed(2)
    assert 0 < len(first) < len(written)
    assert town.standin.ledger()["calls"] == len(town.requests())


def test_a_persons_token_reads_as_empty_everywhere(town: Town) -> None:
    peopled(town)
    town.standin.switch(["reads_as_person"])
    assert comments(town.poll()) == {}


@pytest.mark.parametrize("code", [100, 200])
def test_what_cannot_be_hidden_goes_to_a_person(town: Town, code: int) -> None:
    written = peopled(town)
    town.standin.switch({"can_hide_false", "can_hide_absent"} | ({"refused_with_100"} if code == 100 else set()))
    said = act_on_all(town, written)
    assert set(said) == {Refused, Visibility.UNKNOWN}
    assert [comment.public for comment in written] == [one is Refused for one in said]
    assert {"can_hide_false", "can_hide_absent"} <= town.standin.pitfalls.met.keys()


def test_what_is_gone_before_we_act_is_gone_and_not_ours(town: Town) -> None:
    written = peopled(town)
    town.standin.switch(["gone_before_write"])
    said = act_on_all(town, written)
    assert set(said) == {Visibility.GONE, Visibility.UNKNOWN}
    assert [comment.deleted_by for comment in written] == [
        world.AUTHOR if one is Visibility.GONE else None for one in said
    ]


def test_what_may_not_be_written_is_not_called_gone(town: Town) -> None:
    written = peopled(town, 3)
    town.standin.switch(["writes_missing"])
    assert act_on_all(town, written) == [Refused] * 3


def test_a_write_that_says_it_did_not_succeed_is_refused(town: Town) -> None:
    town.standin.switch(["success_false"])
    assert act_on_all(town, peopled(town, 2)) == [Refused] * 2


def test_a_write_that_does_not_say_whether_it_succeeded_is_no_answer(town: Town) -> None:
    written = peopled(town, 2)
    town.standin.switch(["success_unsaid"])
    assert act_on_all(town, written) == [Malformed] * 2
    town.server.log.clear()  # the tables know no such answer


def test_blocked_writing_stops_acting_for_hours_and_reading_goes_on(town: Town) -> None:
    written = peopled(town, 2)
    town.standin.switch(["writes_blocked"])
    with pytest.raises(RateLimited) as caught:
        town.connector.act(town.ref(written[0]), Action.HIDE, now=town.clock.now)
    assert caught.value.until >= town.clock.now + timedelta(hours=3)
    assert len(comments(town.poll())) == 2


def test_what_facebook_hid_is_seen_as_hidden_and_not_hidden_again(town: Town) -> None:
    written = peopled(town)
    town.standin.switch(["hidden_by_facebook"])
    read = comments(town.poll())
    hidden = [comment for comment in written if read[comment.id].visibility is Visibility.HIDDEN]
    assert 0 < len(hidden) < len(written)
    assert set(act_on_all(town, hidden)) == {Visibility.HIDDEN}
    assert town.acts() == []


def test_staff_who_show_it_again_are_seen(town: Town) -> None:
    written = peopled(town)
    town.standin.switch(["staff_undoes"])
    act_on_all(town, written)
    read = comments(town.poll())
    shown = {item for item, comment in read.items() if comment.visibility is Visibility.VISIBLE}
    assert 0 < len(shown) < len(written)
    assert shown == {comment.id for comment in written if comment.public}


def test_who_vanishes_leaves_no_trace_but_a_look(town: Town) -> None:
    written = peopled(town)
    town.poll()
    town.standin.switch(["vanishing"])
    town.clock.on(minutes=5)
    seen = [town.connector.look(town.ref(comment), now=town.clock.now).visibility for comment in written]
    assert {Visibility.GONE, Visibility.VISIBLE} == set(seen)
    assert seen.count(Visibility.GONE) == town.standin.pitfalls.met["vanishing"]


SAID = [
    ("old_version", "served v25.0"),
    ("ads_not_permitted", "ads_posts"),
    ("reels_not_permitted", "video_reels"),
    ("reviews_not_permitted", "ratings"),
    ("not_subscribed", "not subscribed"),
    ("hooks_not_permitted", "whether Facebook pushes is not known"),
]


@pytest.mark.parametrize(("name", "said"), SAID)
def test_what_a_person_should_know_is_said(town: Town, name: str, said: str) -> None:
    town.standin.switch([name])
    health = town.connector.check(now=town.clock.now)
    assert health.ok
    assert said in str(health.notes)
    assert town.standin.pitfalls.met[name]


@pytest.mark.parametrize(
    "names",
    [["no_usage"], ["empty_pages", "short_pages"], ["feed_by_time"], ["ranked", "phantoms"], ["proof_required"]],
)
def test_reading_is_whole_all_the_same(town: Town, names: list[str]) -> None:
    written = peopled(town)
    town.standin.switch(names)
    assert set(comments(town.poll())) == {comment.id for comment in written}
    assert set(names) == set(town.standin.pitfalls.met)


def test_a_thread_without_end_is_told_and_the_rest_is_read(town: Town) -> None:
    peopled(town, 420)
    other = peopled(town, 1)
    town.standin.switch(["thread_without_end"])
    found: list[Batch] = []
    with pytest.raises(Transient, match="could not be read to its end"):
        found.extend(town.connector.poll(None, now=town.clock.now))
    assert other[0].id in comments(found)
    assert len(comments(found)) >= 300


EXPECTED: list[tuple[str, type[ConnectorError]]] = [
    ("password_changed", Unauthorised),
    ("checkpoint", Unauthorised),
    ("role_lost", Unauthorised),
    ("app_throttled", RateLimited),
    ("uneven_volume", RateLimited),
    ("hiccup", Transient),
    ("deemed_abusive", RateLimited),
]


@pytest.mark.parametrize(("name", "expected"), EXPECTED)
def test_facebooks_own_errors_are_told_apart(town: Town, name: str, expected: type[ConnectorError]) -> None:
    [comment] = peopled(town, 1)
    calls: list[Callable[[], object]] = [
        town.poll,
        lambda: town.connector.look(town.ref(comment), now=town.clock.now),
        lambda: town.connector.act(town.ref(comment), Action.HIDE, now=town.clock.now),
    ]
    for call in calls:
        town.server.faults.add(name)
        with pytest.raises(expected):
            call()
    assert {name for name, _ in EXPECTED} == set(OWN_FAULTS)
    assert town.server.ledger()["faults"] == {name: 3}
    assert comment.public


# ------------------------------------------------------------------------------------------------------ a long run


class Life:
    """What happens on a Page by chance, and what a reader makes of it."""

    def __init__(self, town: Town, seed: int) -> None:
        self.town = town
        self.chance = random.Random(seed)
        self.cursor: Cursor | None = None
        self.archive: dict[str, set[str]] = {}
        self.names: dict[str, set[str]] = {}
        self.problems: list[str] = []
        self.posts: list[WorldPost] = []

    def happen(self) -> None:
        self.town.clock.on(seconds=self.chance.randrange(1, 40))
        written = self.town.world.comments_of(self.town.page)[-200:]
        kind = self.chance.random()
        if not self.posts or kind < 0.04:
            self._publish()
        elif kind < 0.75 or not written:
            self._write([comment for comment in written if not comment.deleted_by])
        elif kind < 0.87:
            self.town.world.edit(self.chance.choice(written), f"edited {self.chance.random()}")
        elif kind < 0.92:
            self.town.world.delete(self.chance.choice(written), world.AUTHOR)
        else:
            hide = self.town.world.hide if kind < 0.96 else self.town.world.unhide
            hide(self.chance.choice(written), world.STAFF)

    def poll(self) -> None:
        try:
            for batch in self.town.connector.poll(self.cursor, now=self.town.clock.now):
                for comment in batch.comments:
                    own = comment.ref.item.rpartition("_")[2]
                    self.archive.setdefault(own, set()).add(comment.text)
                    self.names.setdefault(own, set()).add(comment.ref.item)
                self.cursor = batch.cursor
        except ConnectorError as error:
            self.problems.append(type(error).__name__)

    def lost(self) -> list[str]:
        """What the world has in its last wording and the archive has not."""
        left = [c for c in self.town.world.comments_of(self.town.page) if not c.deleted_by and self._given(c)]
        return [one.id for one in left if one.text not in self.archive.get(one.id.rpartition("_")[2], set())]

    def _given(self, comment: WorldComment) -> bool:
        """Whether Facebook gives what is said there: not under others' posts, nor where nothing names the thread."""
        kind, strikes = self.town.standin.thing(comment.post).kind, self.town.standin.pitfalls.strikes
        return kind is not Kind.TAGGED and not (
            kind is Kind.REVIEW and strikes("reviews_without_story", comment.post.id)
        )

    def _publish(self) -> None:
        kind = self.chance.choice([Kind.POST, Kind.POST, *Kind])
        with_post = kind in (Kind.PHOTO, Kind.VIDEO, Kind.LIVE) and self.chance.random() < 0.5
        story = self.town.world.add_post(self.town.page, "story") if with_post else None
        shares = bool(story) and self.chance.random() < 0.5
        self.posts.append(self.town.standin.publish(self.town.page, kind, str(kind), story=story, shares=shares))
        if story:
            self.posts.append(story)
        if shares:
            del self.posts[-2]

    def _write(self, written: list[WorldComment]) -> None:
        parent = self.chance.choice(written) if written and self.chance.random() < 0.4 else None
        post = parent.post if parent else self.chance.choice(self.posts)
        author = self.chance.choice([PAT, SAM, None, self.town.page.person])
        self.town.world.add_comment(post, f"words {self.chance.random()}", author=author, parent=parent)


def live_through(town: Town, seed: int, events: int) -> Life:
    """Let so much happen, with everything awkward and one request in twenty failing; end with two quiet days."""
    not_read = {"reads_as_person", "thread_without_end", "ads_not_permitted", "reels_not_permitted", "calls_run_out"}
    not_read |= {"ads_limited", "reviews_not_permitted"}
    town.connector = town.connect(**town.standin.ads_credentials(town.page))
    town.standin.switch(set(town.standin.pitfalls.names) - not_read, seed=seed)
    for name in town.server.faults.names:
        town.server.faults.sometimes(name, share=0.05 / len(town.server.faults.names), seed=seed)
    life = Life(town, seed)
    for number in range(events):
        life.happen()
        if number % 10 == 0:
            life.poll()
    town.server.faults.clear()
    for _ in range(2):
        town.clock.on(days=1)
        life.poll()
    return life


@pytest.mark.parametrize("seed", [1, 2])
def test_after_all_that_can_happen_the_archive_is_the_world(seed: int) -> None:
    town = Town()
    with town.server:
        life = live_through(town, seed, events=400)
        assert life.lost() == []
        assert {len(names) for names in life.names.values()} == {1}, "one comment has one name, whatever lists show it"
        assert len(life.archive) > 150
        assert len(set(life.problems)) >= 2
        assert len(town.server.ledger()["pitfalls"]) >= 12
