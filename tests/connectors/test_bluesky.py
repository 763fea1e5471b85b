"""What is Bluesky's own: the threadgate record, deep threads, quotes, and sessions that end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.domain.types import Account, Action, Ref, Visibility
from connectors.bluesky.connector import DEPTH, MOST_HIDDEN, connect
from connectors.bluesky.standin import GATE, StandIn
from connectors.contract import Refused, Transient
from connectors.standin.server import Server
from connectors.standin.world import STAFF, Person, World
from connectors.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connectors.bluesky.connector import Bluesky
    from connectors.standin.world import WorldComment, WorldPost


class Town:
    """One City account on Bluesky, a resident, and a clock that tests move."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 15, tzinfo=UTC)
        self.world = World(clock=lambda: self.now)
        self.standin = StandIn(self.world)
        self.server = Server(self.standin)
        self.page = self.world.add_account("bluesky", "did.plc.town", "Town", "town")
        self.post = self.world.add_post(self.page, "A notice")

    def connector(self) -> Bluesky:
        account = Account(platform="bluesky", id=self.page.id, name="Town")
        transport = Transport(api=self.server.url, web=self.server.url)
        return connect(account, self.standin.credentials(self.page), transport)

    def write(self, text: str = "words", parent: WorldComment | None = None, **other: Any) -> WorldComment:
        self.now += timedelta(seconds=1)
        author = Person(id="77", name="Pat Example", handle="pat")
        return self.world.add_comment(self.post, text, author=author, parent=parent, **other)

    def ref(self, comment: WorldComment) -> Ref:
        return Ref(platform="bluesky", account=self.page.id, item=comment.id)

    def act(self, comment: WorldComment, action: Action = Action.HIDE) -> Visibility:
        return self.connector().act(self.ref(comment), action, now=self.now)

    def gate(self, post: WorldPost | None = None) -> dict[str, Any] | None:
        return self.standin._gate((post or self.post).id)

    def texts(self, cursor: Any = None) -> set[str]:
        return {one.text for batch in self.connector().poll(cursor, now=self.now) for one in batch.comments}


@pytest.fixture
def town() -> Iterator[Town]:
    town = Town()
    with town.server:
        yield town


def struck(town: Town, comment: WorldComment, seed: int) -> bool:
    """Whether, with that seed, notifications of this comment come late."""
    town.standin.switch(["late_notifications"], seed=seed)
    return town.standin.pitfalls.strikes("late_notifications", comment.id)


class TestThreadgate:
    def test_is_made_without_a_word_on_who_may_reply(self, town: Town) -> None:
        comment = town.write()
        assert town.act(comment) is Visibility.UNKNOWN
        gate = town.gate()
        assert gate
        assert "allow" not in gate
        assert (gate["$type"], gate["post"], gate["hiddenReplies"]) == (GATE, town.post.id, [comment.id])

    @pytest.mark.parametrize("allow", [[], [{"$type": f"{GATE}#mentionRule"}], None])
    def test_keeps_who_may_reply_and_what_else_it_holds(self, town: Town, allow: list[Any] | None) -> None:
        before = {"$type": GATE, "post": town.post.id, "createdAt": "2026-11-01T00:00:00Z"}
        town.standin._gates[town.post.id] = before if allow is None else {**before, "allow": allow}
        staff, ours = town.write("hidden by staff"), town.write("hidden by us")
        town.world.hide(staff, STAFF)
        town.act(ours)
        gate = town.gate()
        assert gate
        assert set(gate.pop("hiddenReplies")) == {staff.id, ours.id}
        assert gate == (before if allow is None else {**before, "allow": allow})
        town.act(ours, Action.RESTORE)
        assert (staff.hidden_by, ours.hidden_by) == (STAFF, None)

    def test_changed_by_somebody_else_meanwhile_is_not_written_over(self, town: Town) -> None:
        ours, theirs = town.write("ours"), town.write("theirs")
        connector = town.connector()
        read = connector._gate

        def read_and_be_overtaken(*args: Any) -> Any:
            found = read(*args)
            town.world.hide(theirs, STAFF)
            return found

        connector._gate = read_and_be_overtaken  # type: ignore[method-assign]
        with pytest.raises(Transient, match="InvalidSwap"):
            connector.act(town.ref(ours), Action.HIDE, now=town.now)
        assert (ours.hidden_by, theirs.hidden_by) == (None, STAFF)

    def test_hides_so_many_and_no_more(self, town: Town) -> None:
        for _ in range(MOST_HIDDEN):
            town.world.hide(town.write(), STAFF)
        with pytest.raises(Refused, match=str(MOST_HIDDEN)):
            town.act(town.write("one more"))


class TestReading:
    def test_a_chain_deeper_than_one_answer_is_read_to_its_end(self, town: Town) -> None:
        last = town.write("level 0")
        for level in range(1, 2 * DEPTH + 5):
            last = town.write(f"level {level}", last)
        assert town.texts() == {f"level {level}" for level in range(2 * DEPTH + 5)}

    def test_a_quote_is_found_and_cannot_be_hidden(self, town: Town) -> None:
        cursor = list(town.connector().poll(None, now=town.now))[-1].cursor
        quote = town.write("look at this", hideable=False)
        assert town.texts(cursor) == {"look at this"}
        assert town.connector().look(town.ref(quote), now=town.now).visibility is Visibility.VISIBLE
        with pytest.raises(Refused, match="detached"):
            town.act(quote)

    def test_a_reply_to_something_deleted_is_found_by_its_notification(self, town: Town) -> None:
        cursor = list(town.connector().poll(None, now=town.now))[-1].cursor
        parent = town.write("soon gone")
        town.write("an answer", parent)
        town.world.delete(parent, STAFF)
        town.standin._is_told = lambda *_: True  # type: ignore[method-assign]  it was told of before that
        assert town.texts(cursor) == {"an answer"}

    def test_a_notification_that_comes_late_is_not_missed(self, town: Town) -> None:
        """Only its notification tells of an answer to an answer: the first post counts what answers itself."""
        sam = Person(id="78", name="Sam Example", handle="sam")
        above = town.write("above")
        town.now += timedelta(minutes=20)
        elsewhere = town.world.add_post(town.page, "Another notice")
        town.world.add_comment(elsewhere, "before", author=sam)
        cursor = list(town.connector().poll(None, now=town.now))[-1].cursor
        late = town.write("late", above)
        next(seed for seed in range(99) if struck(town, late, seed))
        town.now += timedelta(minutes=1)
        town.world.add_comment(elsewhere, "in time", author=sam)
        batches = list(town.connector().poll(cursor, now=town.now))
        assert "late" not in {one.text for batch in batches for one in batch.comments}
        town.now += timedelta(minutes=6)
        assert "late" in town.texts(batches[-1].cursor)

    def test_a_quiet_poll_makes_two_calls(self, town: Town) -> None:
        connector = town.connector()
        cursor = list(connector.poll(None, now=town.now))[-1].cursor
        town.now += timedelta(minutes=20)
        cursor = list(connector.poll(cursor, now=town.now))[-1].cursor
        made = len(town.server.log)
        list(connector.poll(cursor, now=town.now))
        assert len(town.server.log) - made == 2


class TestSession:
    def asked(self, town: Town) -> list[str]:
        names = [exchange.request.path.rpartition(".")[2] for exchange in town.server.log]
        return [name for name in names if name.endswith("Session") and name != "getSession"]

    def test_is_renewed_before_it_ends_and_kept_until_then(self, town: Town) -> None:
        connector = town.connector()
        for _ in range(5):
            assert connector.check(now=town.now).ok
            town.now += timedelta(minutes=40)
        assert self.asked(town) == ["createSession"] * 3

    def test_that_ended_early_is_opened_anew_in_the_next_pass(self, town: Town) -> None:
        connector = town.connector()
        connector.check(now=town.now)
        asked_at, town.now = town.now, town.now + timedelta(hours=3)
        with pytest.raises(Transient, match="ExpiredToken"):
            connector.check(now=asked_at)
        assert connector.check(now=town.now).ok
        assert self.asked(town) == ["createSession", "createSession"]
