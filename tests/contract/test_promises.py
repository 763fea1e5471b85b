"""What connectors.contract promises, for every platform folder there is."""

from __future__ import annotations

import ast
import contextlib
import html
import logging
import time
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

import pytest
import requests
from stage import comments, posts, texts, trait

from bot.domain.types import Action, Speaker, Visibility
from connectors import find
from connectors.contract import ConnectorError, Malformed, RateLimited, Refused, Transient, Unauthorised
from connectors.standin import faults
from connectors.standin.world import APP, AUTHOR, STAFF

if TYPE_CHECKING:
    from stage import Stage

    from bot.domain.types import Batch
    from connectors.contract import Connector
    from connectors.standin.world import WorldComment

PATIENCE = 10
"""Seconds within which every single call must have ended, whatever goes wrong."""

WORDINGS = {
    "plain": "When does the pool open?",
    "spaces": "  two  spaces,\ta tab and\n\na new line ",
    "emoji": "👍🏽 👨‍👩‍👧‍👦 🏳️‍🌈 🇺🇸",
    "right to left": "متى تفتح المكتبة؟ \u202eabc\u202c",
    "zero width": "zero\u200bwidth\u200djoiner\ufeffmark",
    "combining": "e\u0301 is not é, Z\u0351\u036b\u0343a\u0329lgo",
    "beyond the first plane": "𝓯𝓻𝓮𝓮 𐍈 \U000e0067",
    "looks like markup": "<b>5 &lt; 6 &amp; \"quotes\" 'n' <script>alert(1)</script>",
    "looks like JSON": '{"data": "\\u0041\\n", "null": null}',
    "controls": "bell\u0007 and vertical\u000btab",
    "two scripts": "раypal and paypal",
    "long": "The meeting ran long. " * 30,
    "Chinese": "图书馆几点开门？",
    "a link": "see https://example.org/agenda?item=7&lang=en#top",
    "a handle": "@CityOfExample please answer @resident_1",
}

CLOCKS = {
    "time.sleep",
    "time.time",
    "time.monotonic",
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
}

EXPECTED = {
    faults.SERVER_ERROR_HTML: Transient,
    faults.ANSWER_LOST: Transient,
    faults.CONNECTION_RESET: Transient,
    faults.GARBLED: Malformed,
    faults.UNAUTHORISED: Unauthorised,
    faults.RATE_LIMITED: RateLimited,
    faults.RATE_LIMITED_NO_RESET: RateLimited,
}


def lively(stage: Stage) -> list[WorldComment]:
    """Three posts with comments by different people, replies, the City's own answer and somebody not shown."""
    written = []
    for number in range(3):
        post = stage.post(f"Notice number {number}")
        first = stage.comment(post, f"first under {number}")
        written += [
            first,
            stage.comment(post, f"second under {number}"),
            stage.comment(post, f"a reply under {number}", parent=first),
            stage.comment(post, f"the City answers under {number}", parent=first, author=stage.page.person),
            stage.comment(post, f"by nobody shown, under {number}", author=None),
        ]
    return written


class TestPoll:
    def test_finds_everything_and_whose_it_is(self, stage: Stage) -> None:
        written = {comment.id: comment for comment in lively(stage)}
        batches = stage.poll()
        found = {comment.ref.item: comment for comment in comments(batches)}
        assert found.keys() == written.keys()
        assert {post.ref.item for post in posts(batches)} == {post.id for post in stage.world.posts_of(stage.page)}
        for item, comment in found.items():
            original = written[item]
            assert comment.text == original.text
            assert comment.post.item == original.post.id
            assert (comment.parent.item if comment.parent else None) == (
                original.parent.id if original.parent else None
            )
            names = (original.author.name, f"@{original.author.handle}") if original.author else (None,)
            assert comment.author.name in ((None,) if trait(stage.platform, "NAMELESS", usual=False) else names)
            assert abs(comment.posted_at - original.at) < timedelta(seconds=1)
            city = original.author is not None and original.author.id == stage.page.id
            assert comment.speaker is (Speaker.CITY if city else Speaker.PUBLIC)

    def test_gives_a_post_before_or_with_its_comments(self, stage: Stage) -> None:
        lively(stage)
        known: set[str] = set()
        counted = 0
        for batch in stage.poll():
            known |= {post.ref.item for post in batch.posts}
            for comment in batch.comments:
                assert comment.post.item in known
                counted += 1
        assert counted == 15

    def test_gives_identifiers_as_text_times_in_utc_and_raw_bytes(self, stage: Stage) -> None:
        lively(stage)
        batches = stage.poll()
        answers = b"".join(exchange.response.body for exchange in stage.server.log)
        nouns = [*comments(batches), *posts(batches)]
        assert len(nouns) >= 18
        for noun in nouns:
            assert isinstance(noun.ref.item, str)
            assert (noun.ref.platform, noun.ref.account) == (stage.platform, stage.page.id)
            assert noun.posted_at.tzinfo is UTC
            assert noun.raw
            assert noun.raw in answers

    def test_is_oldest_first_within_a_batch(self, stage: Stage) -> None:
        lively(stage)
        for batch in stage.poll():
            times = [comment.posted_at for comment in batch.comments]
            assert times == sorted(times)
            times = [post.posted_at for post in batch.posts]
            assert times == sorted(times)

    @pytest.mark.parametrize("kind", WORDINGS)
    def test_gives_text_verbatim(self, stage: Stage, kind: str) -> None:
        post = stage.post(WORDINGS[kind])
        first = stage.comment(post, WORDINGS[kind])
        stage.comment(post, WORDINGS[kind], parent=first)
        batches = stage.poll()
        assert len(comments(batches)) >= 2
        assert texts(batches) == {WORDINGS[kind]}
        assert {post.text for post in posts(batches)} == {WORDINGS[kind]}
        seen = stage.connector().look(stage.ref(first), now=stage.now)
        assert seen.comment
        assert seen.comment.text == WORDINGS[kind]

    def test_reads_a_long_thread_to_its_end(self, stage: Stage) -> None:
        post = stage.post()
        written = [stage.comment(post, f"comment {number}") for number in range(230)]
        written += [stage.comment(post, f"reply {number}", parent=written[5]) for number in range(40)]
        assert texts(stage.poll()) == {comment.text for comment in written}

    def test_from_any_cursor_repeats_and_never_skips(self, stage: Stage) -> None:
        lively(stage)
        post = stage.post()
        for number in range(120):
            stage.comment(post, f"comment {number}")
        everything = {comment.text for comment in stage.world.comments_of(stage.page)}
        batches = stage.poll()
        assert len(batches) >= 2
        for number, batch in enumerate(batches):
            so_far = texts(batches[: number + 1])
            assert so_far | texts(stage.poll(batch.cursor)) == everything

    def test_may_be_dropped_at_any_yield(self, stage: Stage) -> None:
        lively(stage)
        everything = {comment.text for comment in stage.world.comments_of(stage.page)}
        many = len(stage.poll())
        for dropped_after in range(1, many + 1):
            connector = stage.connector()
            walk = connector.poll(None, now=stage.clock.forward(minutes=1))
            kept: list[Batch] = [next(walk) for _ in range(dropped_after)]
            walk.close()  # type: ignore[attr-defined]
            assert texts(kept) | texts(stage.poll(kept[-1].cursor, connector)) == everything

    def test_finds_what_was_written_since(self, stage: Stage) -> None:
        old = lively(stage)
        cursor = stage.poll()[-1].cursor
        stage.clock.forward(hours=2)
        stage.comment(stage.post("A new notice"), "under the new one")
        stage.comment(old[0].post, "under an old one")
        stage.comment(old[0].post, "in an old thread", parent=old[0])
        new = {"under the new one", "under an old one", "in an old thread"}
        assert new <= texts(stage.poll(cursor))

    def test_finds_what_shows_up_late(self, stage: Stage) -> None:
        old = lively(stage)
        cursor = stage.poll()[-1].cursor
        stage.comment(old[0].post, "late", at=old[-1].at - timedelta(seconds=30))
        assert "late" in texts(stage.poll(cursor))

    def test_loses_nothing_over_many_polls(self, stage: Stage) -> None:
        post = stage.post()
        found: set[str] = set()
        cursor = None
        for number in range(30):
            stage.comment(post, f"comment {number}")
            if number % 7 == 0:
                post = stage.post()
            for batch in stage.poll(cursor):
                found |= texts([batch])
                cursor = batch.cursor
            stage.clock.forward(minutes=number)
        assert found == {comment.text for comment in stage.world.comments_of(stage.page)}

    def test_of_nothing_new_brings_no_new_wording(self, stage: Stage) -> None:
        lively(stage)
        first = stage.poll()
        known = {(comment.ref, comment.revision) for comment in comments(first)}
        again = stage.poll(first[-1].cursor)
        assert {(comment.ref, comment.revision) for comment in comments(again)} <= known

    def test_of_an_empty_account_works(self, stage: Stage) -> None:
        batches = stage.poll()
        assert comments(batches) == []
        cursor = batches[-1].cursor if batches else None
        stage.comment(stage.post(), "the first ever")
        assert texts(stage.poll(cursor)) == {"the first ever"}


class TestLook:
    def test_shows_the_present_wording(self, stage: Stage) -> None:
        comment = stage.comment(stage.post(), "first wording")
        cursor = stage.poll()[-1].cursor
        stage.clock.forward(minutes=5)
        stage.world.edit(comment, "second wording")
        seen = stage.connector().look(stage.ref(comment), now=stage.now)
        assert seen.comment
        assert seen.comment.text == "second wording"
        assert seen.ref == seen.comment.ref == stage.ref(comment)
        assert seen.seen_at == stage.now
        polled = [found for found in comments(stage.poll(cursor)) if found.ref == stage.ref(comment)]
        assert all(found.text == "second wording" for found in polled)

    def test_agrees_with_the_poll(self, stage: Stage) -> None:
        lively(stage)
        connector = stage.connector()
        found = comments(stage.poll(connector=connector))
        assert len(found) >= 15
        for comment in found:
            seen = connector.look(comment.ref, now=stage.now)
            assert seen.comment
            assert (seen.comment.revision, seen.comment.post) == (comment.revision, comment.post)
            assert (seen.comment.parent, seen.comment.speaker) == (comment.parent, comment.speaker)

    @pytest.mark.parametrize("by", [AUTHOR, STAFF])
    def test_of_what_is_not_there_says_gone(self, stage: Stage, by: str) -> None:
        comment = stage.comment(stage.post(), "soon gone")
        stage.world.delete(comment, by)
        seen = stage.connector().look(stage.ref(comment), now=stage.now)
        assert seen.visibility is Visibility.GONE
        assert seen.comment is None

    def test_tells_hidden_from_visible_where_it_says_so(self, stage: Stage) -> None:
        connector = stage.connector()
        comment = stage.comment(stage.post(), "hidden by hand")
        shown = connector.look(stage.ref(comment), now=stage.now).visibility
        stage.world.hide(comment, STAFF)
        hidden = connector.look(stage.ref(comment), now=stage.now).visibility
        known = connector.can.sees_visibility
        assert shown is (Visibility.VISIBLE if known else Visibility.UNKNOWN)
        assert hidden is (Visibility.HIDDEN if known else Visibility.UNKNOWN)


class TestAct:
    @pytest.fixture(autouse=True)
    def _a_program_can_act(self, stage: Stage, request: pytest.FixtureRequest) -> None:
        if not stage.acts and "people" not in request.node.name:
            pytest.skip("people act there; see test_nothing_is_done_where_people_act")

    def test_nothing_is_done_where_people_act(self, stage: Stage) -> None:
        connector = stage.connector()
        assert stage.acts is not connector.can.assisted
        if stage.acts:
            return
        comment = stage.comment(stage.post(), "to be dealt with by hand")
        said = len(stage.server.log)
        for action in Action:
            with pytest.raises(Refused, match="by hand"):
                connector.act(stage.ref(comment), action, now=stage.now)
        assert stage.effects() == []
        assert len(stage.server.log) == said

    def test_hides_once_and_shows_again_once(self, stage: Stage) -> None:
        connector = stage.connector()
        comment = stage.comment(stage.post(), "to be hidden")
        for action, after, effects in (
            (Action.HIDE, Visibility.HIDDEN, [("hide", APP)]),
            (Action.RESTORE, Visibility.VISIBLE, [("hide", APP), ("unhide", APP)]),
        ):
            for _ in range(2):
                said = connector.act(stage.ref(comment), action, now=stage.now)
                assert said in (after, Visibility.UNKNOWN)
                assert stage.effects() == effects
            if connector.can.sees_visibility:
                assert connector.look(stage.ref(comment), now=stage.now).visibility is after

    def test_hides_a_reply_and_an_edited_comment(self, stage: Stage) -> None:
        connector = stage.connector()
        first = stage.comment(stage.post(), "first")
        reply = stage.comment(first.post, "reply", parent=first)
        stage.clock.forward(minutes=2)
        stage.world.edit(first, "first, edited")
        for comment in (reply, first):
            connector.act(stage.ref(comment), Action.HIDE, now=stage.now)
        assert [effect.comment for effect in stage.world.effects] == [reply.id, first.id]

    def test_deletes_only_where_the_platform_lets_it(self, stage: Stage) -> None:
        connector = stage.connector()
        comment = stage.comment(stage.post(), "to be deleted")
        if Action.DELETE not in connector.can.actions:
            with pytest.raises(Refused):
                connector.act(stage.ref(comment), Action.DELETE, now=stage.now)
            assert stage.effects() == []
            return
        for _ in range(2):
            said = connector.act(stage.ref(comment), Action.DELETE, now=stage.now)
            assert said in (Visibility.GONE, Visibility.UNKNOWN)
            assert stage.effects() == [("delete", APP)]
        assert connector.look(stage.ref(comment), now=stage.now).visibility is Visibility.GONE

    def test_on_what_is_gone_changes_nothing(self, stage: Stage) -> None:
        connector = stage.connector()
        comment = stage.comment(stage.post(), "gone before we came")
        stage.world.delete(comment, AUTHOR)
        with contextlib.suppress(Refused):
            assert connector.act(stage.ref(comment), Action.HIDE, now=stage.now) is Visibility.GONE
        assert stage.effects() == [("delete", AUTHOR)]

    def test_says_so_where_the_platform_will_not(self, stage: Stage) -> None:
        comment = stage.comment(stage.post(), "cannot be hidden", hideable=False)
        with pytest.raises(Refused):
            stage.connector().act(stage.ref(comment), Action.HIDE, now=stage.now)
        assert stage.effects() == []

    def test_after_a_lost_answer_is_done_once(self, stage: Stage) -> None:
        connector = stage.connector()
        comment = stage.comment(stage.post(), "the answer got lost")
        stage.server.faults.add(faults.ANSWER_LOST, verb="hide")
        with pytest.raises(Transient):
            connector.act(stage.ref(comment), Action.HIDE, now=stage.now)
        assert stage.effects() == [("hide", APP)]
        connector.act(stage.ref(comment), Action.HIDE, now=stage.now)
        assert stage.effects() == [("hide", APP)]


def check(connector: Connector, stage: Stage, _: WorldComment) -> None:
    if not connector.check(now=stage.now).ok:
        reason = "the health is not well"
        raise Unauthorised(reason)


def poll(connector: Connector, stage: Stage, _: WorldComment) -> None:
    list(connector.poll(None, now=stage.now))


def look(connector: Connector, stage: Stage, comment: WorldComment) -> None:
    connector.look(stage.ref(comment), now=stage.now)


def act(connector: Connector, stage: Stage, comment: WorldComment) -> None:
    if not stage.acts:
        pytest.skip("people act there")
    connector.act(stage.ref(comment), Action.HIDE, now=stage.now)


class TestFaults:
    def test_every_fault_is_tried(self) -> None:
        assert {*EXPECTED, faults.REFUSED} == set(faults.NAMES)

    @pytest.mark.parametrize("fault", EXPECTED)
    @pytest.mark.parametrize("call", [check, poll, look, act])
    def test_come_out_as_the_right_one_of_five(self, stage: Stage, fault: str, call: type) -> None:
        comment = stage.comment(stage.post(), "unmistakable words 8731")
        connector = stage.connector()
        stage.server.faults.add(fault, times=10**6)
        begun = time.monotonic()
        with pytest.raises(EXPECTED[fault]) as caught:
            call(connector, stage, comment)
        assert time.monotonic() - begun < PATIENCE
        error = caught.value
        assert str(error)
        assert "8731" not in str(error)
        for name, secret in stage.standin.credentials(stage.page).items():
            assert len(secret) < 8 or secret not in str(error), name
        if isinstance(error, RateLimited):
            assert stage.now < error.until <= stage.now + timedelta(days=32)
        if isinstance(error, Malformed):
            assert error.payload
        stage.server.faults.clear()
        call(connector, stage, comment)

    def test_a_refusal_to_act_is_refused(self, stage: Stage) -> None:
        comment = stage.comment(stage.post(), "not this one")
        stage.server.faults.add(faults.REFUSED, verb="hide", times=10**6)
        with pytest.raises(Refused):
            act(stage.connector(), stage, comment)
        assert stage.effects() == []

    @pytest.mark.parametrize("call", [poll, look])
    def test_a_refusal_to_read_is_one_of_five(self, stage: Stage, call: type) -> None:
        comment = stage.comment(stage.post(), "not to be read")
        stage.server.faults.add(faults.REFUSED, times=10**6)
        with pytest.raises(ConnectorError):
            call(stage.connector(), stage, comment)

    def test_in_the_middle_of_a_poll_lose_nothing(self, stage: Stage) -> None:
        lively(stage)
        post = stage.post()
        for number in range(110):
            stage.comment(post, f"comment {number}")
        requests_made = len(stage.server.log)
        stage.poll()
        requests_made = len(stage.server.log) - requests_made
        assert requests_made >= 2
        everything = {comment.text for comment in stage.world.comments_of(stage.page)}
        for good in range(requests_made):
            kept: list[Batch] = []
            connector = stage.connector()
            stage.server.faults.add(faults.CONNECTION_RESET, times=10**6, after=good)
            with pytest.raises(Transient):
                kept.extend(connector.poll(None, now=stage.clock.forward(minutes=20)))
            stage.server.faults.clear()
            assert texts(kept) | texts(stage.poll(kept[-1].cursor if kept else None, connector)) == everything


class TestManners:
    def test_check_knows_whose_account_it_is(self, stage: Stage) -> None:
        health = stage.connector().check(now=stage.now)
        assert health.ok
        assert stage.page.id in health.identity or stage.page.name in health.identity

    def test_the_public_page_shows_what_the_public_sees(self, stage: Stage) -> None:
        comment = stage.comment(stage.post(), "on the <page> & off it")
        found = comments(stage.poll())
        (url,) = {one.url for one in found}
        assert url == stage.standin.comment_url(comment)
        if not trait(stage.platform, "PUBLIC", usual=True):
            assert comment.text not in html.unescape(requests.get(url, timeout=5).text)
            return
        assert comment.text in html.unescape(requests.get(url, timeout=5).text)
        stage.world.hide(comment, STAFF)
        assert comment.text not in html.unescape(requests.get(url, timeout=5).text)
        stage.world.unhide(comment, STAFF)
        stage.world.delete(comment, AUTHOR)
        gone = requests.get(url, timeout=5)
        assert comment.text not in html.unescape(gone.text)

    def test_nothing_is_logged_that_must_not_be(self, stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        comment = stage.comment(stage.post(), "unmistakable words 8731")
        connector = stage.connector()
        for call in (check, poll, look, act) if stage.acts else (check, poll, look):
            call(connector, stage, comment)
        stage.server.faults.add(faults.UNAUTHORISED, times=10**6)
        with pytest.raises(Unauthorised):
            poll(connector, stage, comment)
        assert "8731" not in caplog.text
        for name, secret in stage.standin.credentials(stage.page).items():
            assert len(secret) < 8 or secret not in caplog.text, name

    def test_neither_clock_nor_sleep_is_in_the_code(self, platform: str) -> None:
        files = [path for path in (find.HERE / platform).glob("*.py") if not path.name.startswith("standin")]
        assert len(files) >= 3
        for path in files:
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                    read = f"{node.value.id}.{node.attr}"
                    assert read not in CLOCKS, f"{path.name}:{node.lineno}"
                if isinstance(node, ast.Import):
                    assert not {"time", "structlog"} & {alias.name for alias in node.names}, path.name
