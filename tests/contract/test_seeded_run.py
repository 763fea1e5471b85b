"""Days of a lively account, every fault coming and going: what was there to be seen is in the archive, and only once.

What happens, when, and what goes wrong is drawn from a seed. The real connector reads, the real archive records.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import awkward
import pytest
from sqlalchemy import select

from archive import accounts, records, tables
from archive.database import Database
from connectors.contract import ConnectorError, RateLimited
from connectors.standin import faults
from connectors.standin.server import PAGE
from connectors.standin.world import AUTHOR, PLATFORM, STAFF
from connectors.x.walk import MOST_ROOTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from stage import Stage

    from bot.domain.types import Batch, Ref
    from connectors.standin.world import WorldComment, WorldPost

TOKEN = re.compile(rb"w\d{6}z")
"""Stands in every wording and post, no two the same."""
YOUNG = timedelta(days=5)
"""Things happen under posts not older than this: X searches a week, and can be down for a day."""
WEIGHTS = {"post": 2, "comment": 46, "reply": 24, "edit": 14, "delete": 7, "hide": 4, "unhide": 3}
SUFFIXES = (
    "",
    " \U0001f469\u200d\U0001f467",
    " \u202eabc\u202c",
    ' "quoted"\n\n',
    " 图书馆",
    "\t<b>&amp;</b>",
    " x" * 400,
)


@dataclass
class Play:
    """What happens on the stage, and the reading of it."""

    stage: Stage
    database: Database
    chance: random.Random
    number: int = 0
    complete: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)
    shown: set[bytes] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.people = [self.stage.person(f"Resident {number}") for number in range(40)]
        self.posts: list[WorldPost] = []
        self.happen("post")
        with self.database.begin() as tx:
            accounts.register(tx, self.stage.account, self.stage.now)

    # What happens

    def happen(self, what: str | None = None) -> None:
        """One thing more, some seconds later."""
        world, chance = self.stage.world, self.chance
        self.stage.clock.forward(seconds=chance.uniform(0.1, 20))
        what = what or chance.choices([*WEIGHTS], [*WEIGHTS.values()])[0]
        young = [post for post in self.posts if post.at > self.stage.now - YOUNG]
        if what == "post" or not young:
            self.posts.append(world.add_post(self.stage.page, self._words()))
            return
        post = chance.choice(young)
        standing = [comment for comment in world.under(post) if public(comment)]
        if what == "comment" or not standing:
            world.add_comment(post, self._words(), author=self._somebody())
            return
        comment = chance.choice(standing)
        if what == "reply":
            top = comment.parent or comment
            world.add_comment(post, self._words(), author=self._somebody(), parent=top)
        elif what == "edit":
            if self.stage.connector().can.sees_edits:
                world.edit(comment, self._words())
        elif what == "delete":
            world.delete(comment, chance.choice([AUTHOR, STAFF, PLATFORM]))
        elif what == "hide":
            world.hide(comment, chance.choice([STAFF, PLATFORM]))
        else:
            hidden = [comment for comment in world.under(post) if comment.hidden_by and not comment.deleted_by]
            if hidden:
                world.unhide(chance.choice(hidden), STAFF)

    def _words(self) -> str:
        self.number += 1
        return f"w{self.number:06}z{self.chance.choice(SUFFIXES)}"

    def _somebody(self) -> Any:
        """A resident; at times the City itself, or somebody who is not shown."""
        return self.chance.choice([*self.people, self.stage.page.person, None])

    # How it is read

    def trouble(self) -> None:
        """Let something go wrong, or more than one thing, at some point of the next poll."""
        own = awkward.troubles(self.stage)
        for _ in range(self.chance.choice([0, 0, 1, 1, 2])):
            name = self.chance.choice([*faults.NAMES, *own])
            if name in own:
                awkward.strike(self.stage, name)
                continue
            self.stage.server.faults.add(name, times=self.chance.choice([1, 1, 3]), after=self.chance.randrange(12))

    def poll(self) -> bool:
        """Read as the program does, and say whether it could be read to the end."""
        stage = self.stage
        stage.clock.forward(minutes=self.chance.uniform(1, 20))
        every = stage.world.comments_of(stage.page)
        there = [comment for comment in every if public(comment) and self._listed(comment)]
        with self.database.read() as tx:
            standing = accounts.standing(tx, stage.account.key)
        assert standing
        stage.server.log.clear()
        try:
            for batch in stage.connector().poll(standing.cursor, now=stage.now):
                self._record(batch)
        except ConnectorError as error:
            self.failed[type(error).__name__] += 1
            if isinstance(error, RateLimited):
                stage.clock.now = max(stage.now, error.until)
            return False
        finally:
            stage.server.faults.clear()
            awkward.calm(stage)
        self.complete += 1
        self.seen |= {comment.id for comment in there if not comment.deleted_by}  # some vanish while they are read
        answers = [exchange.response.body for exchange in stage.server.log if exchange.verb != PAGE]
        self.shown.update(token for body in answers for token in TOKEN.findall(body))
        return True

    def _listed(self, comment: WorldComment) -> bool:
        """Whether the comment must have been read by now: not under a post that is no longer asked for, nor too new.

        Nextdoor lists the newest posts alone, and X is asked of no more; cold threads are read slowly.
        """
        on = bool(getattr(self.stage.standin, "pitfalls", None) and self.stage.standin.pitfalls.on)
        slowest = awkward.LAGS.get(self.stage.platform) if on else None
        if comment.at > self.stage.now - (slowest or SLOWEST.get(self.stage.platform, timedelta())):
            return False
        newest = {"x": MOST_ROOTS}.get(self.stage.platform) or getattr(self.stage.standin, "newest", None)
        listed = [post for post in self.stage.world.posts_of(self.stage.page) if post.deleted_by is None]
        return newest is None or comment.post in sorted(listed, key=lambda post: post.at)[-newest:]

    def _record(self, batch: Batch) -> None:
        for _ in range(self.chance.choice([1, 1, 1, 2])):  # at times the program is killed in between and polls again
            with self.database.begin() as tx:
                records.observe(tx, batch, account=self.stage.account, now=self.stage.now)

    def come_to_rest(self, polls: int) -> None:
        """Let the slow readings come round, without any trouble."""
        self.stage.clock.forward(hours=37)
        for _ in range(polls):
            assert self.poll()

    # What came of it

    @property
    def withholds(self) -> bool:
        """Whether the platform may leave out who wrote something."""
        pitfalls = getattr(self.stage.standin, "pitfalls", None)
        return pitfalls is not None and any(name in pitfalls.on for name in awkward.NAMELESS)

    def rows(self, table: Any) -> list[Any]:
        with self.database.read() as tx:
            return list(tx.execute(select(table)))


def public(comment: WorldComment) -> bool:
    """Whether the public can read it where it stands: what it answers is there, too."""
    above = comment.parent
    return comment.public and comment.post.deleted_by is None and (above is None or public(above))


def token(text: str) -> bytes:
    found = TOKEN.match(text.encode("utf-8", "surrogatepass"))
    assert found
    return found[0]


def item(ref: Ref) -> str:
    return ref.item


@pytest.fixture
def play(stage: Stage, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Play]:
    if hasattr(stage.standin, "quota"):
        # The day's quota is planned elsewhere; here it would stop the reading, or let what is read slowly wait.
        stage.standin.quota = 10**9
        stage.granted["units_a_day"] = str(10**9)
    with Database.open(f"sqlite:///{tmp_path / 'citymod.db'}") as database:
        yield Play(stage, database, random.Random(request.param))


NAMELESS = ("nextdoor", "x")
SLOWEST = {"x": timedelta(hours=1), "youtube": timedelta(days=1, hours=12)}
"""How long it may take until a comment is read in the worst case (the platforms' READMEs): under an old post on X; on
YouTube a late reply that came while another comment went, so that no count told of it, or under a video whose own list
is forbidden. The reading again that finds it begins once a day and takes ten pages a poll."""


def played(play: Play, events: int, at_once: int) -> None:
    """Let so many things happen, some at once between two polls, and hold the archive against the world."""
    for _ in range(events // at_once):
        for _ in range(at_once):
            play.happen()
        play.trouble()
        play.poll()
    assert play.complete >= 3
    assert sum(play.failed.values()) >= 2
    assert len(play.failed) >= 2, play.failed
    play.come_to_rest(polls=2 + events // 500)
    world, page = play.stage.world, play.stage.page
    everything = world.comments_of(page)
    wordings = {wording.text: comment for comment in everything for wording in comment.wordings}
    whose = {token(text): comment for text, comment in wordings.items()}
    revisions = play.rows(tables.revision)
    found = [row.text for row in revisions]
    comments = {item(row.ref): row for row in play.rows(tables.comment)}
    posts = [token(row.text) for row in play.rows(tables.post)]
    # Nothing twice, and nothing that was not there.
    assert max(Counter(found).values()) == 1
    assert max(Counter(posts).values()) == 1
    for row in revisions:
        comment = wordings[row.text]
        assert item(row.ref) == comment.id
        # X bills names, so there they are asked for up to a number; Nextdoor tells none. The identifier is on record.
        unnamed = play.stage.platform in NAMELESS and comment.author and row.author_id == comment.author.id
        unknown = play.withholds and row.author_name is None
        if comment.author and not unnamed and not unknown:
            assert row.author_name in (comment.author.name, f"@{comment.author.handle}")
    for row in comments.values():
        comment = world.comments[play.stage.platform, item(row.ref)]
        assert item(row.post) == comment.post.id
        # X names the wording that was answered; what it was first called cannot be learned once it is deleted.
        parents = {comment.parent.id, *(w.id for w in comment.parent.wordings)} if comment.parent else {None}
        assert (row.parent and item(row.parent)) in parents
    # Everything that could be read at a poll that ended well, and everything that such a poll was shown.
    assert play.seen <= comments.keys()
    unrecorded = play.shown - {*map(token, found), *posts}
    # X shows earlier wordings beside what answers them; the comment is then on record in the wording it was read in.
    assert play.stage.platform == "x" or not unrecorded
    assert {whose[token].id for token in unrecorded} <= comments.keys()
    # The last wording of everything that stands in the end, and every post.
    standing = {c.text for c in everything if public(c) and play._listed(c)}
    assert standing <= set(found)
    assert {token(post.text) for post in world.posts_of(page)} <= set(posts)
    assert len(play.seen) > events / 10


@pytest.mark.parametrize("play", [1], indirect=True)
def test_a_few_hundred_events(play: Play) -> None:
    played(play, events=300, at_once=12)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("play", [8731], indirect=True)
def test_ten_thousand_events(play: Play) -> None:
    played(play, events=10_000, at_once=60)


AWKWARD = sorted(awkward.LEFT_OUT)


@pytest.mark.parametrize("platform", AWKWARD)
@pytest.mark.parametrize("play", [2], indirect=True)
def test_a_few_hundred_events_with_every_pitfall(play: Play) -> None:
    awkward.switch_on(play.stage, seed=2)
    played(play, events=200, at_once=10)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("platform", AWKWARD)
@pytest.mark.parametrize("play", [8731], indirect=True)
def test_ten_thousand_events_with_every_pitfall(play: Play) -> None:
    awkward.switch_on(play.stage, seed=8731)
    played(play, events=10_000, at_once=60)
