"""What YouTube's every "no" becomes: one of five errors, a state, or the plain truth about a comment."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from youtube_town import NOON, Town, breaches, town

from bot.domain.types import Account, Action, Visibility
from connectors.contract import ConnectorError, Malformed, RateLimited, Refused, Transient, Unauthorised
from connectors.standin.server import Response
from connectors.standin.world import APP, AUTHOR, PLATFORM, STAFF
from connectors.youtube import connector
from connectors.youtube.api import quota_resets
from connectors.youtube.standin_errors import Reason, answer, error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connectors.standin.world import WorldComment

JSON = {"content-type": "application/json"}


@pytest.fixture
def place() -> Iterator[Town]:
    with town() as place:
        yield place


@pytest.fixture
def comment(place: Town) -> WorldComment:
    comment = place.comment(place.video(), "unmistakable words 8731")
    place.connector.check(now=place.clock.now)
    return comment


def poll(place: Town, _: WorldComment) -> None:
    place.poll()


def look(place: Town, comment: WorldComment) -> None:
    place.connector.look(place.ref(comment), now=place.clock.now)


def check(place: Town, _: WorldComment) -> None:
    place.connector.check(now=place.clock.now)


def hide(place: Town, comment: WorldComment) -> None:
    place.connector.act(place.ref(comment), Action.HIDE, now=place.clock.now)


ALWAYS = {
    "quotaExceeded": RateLimited,
    "rateLimitExceeded": RateLimited,
    "authError": Unauthorised,
    "required": Unauthorised,
    "processingFailure": Transient,
}
READING = {
    "forbidden": Unauthorised,
    "insufficientPermissions": Unauthorised,
    "channelNotFound": Unauthorised,
    "missingRequiredParameter": Malformed,
    "incompatibleParameters": Malformed,
    "operationNotSupported": Malformed,
}
ACTING = {
    "forbidden": Refused,
    "insufficientPermissions": Refused,
    "commentsDisabled": Refused,
    "commentNotFound": Refused,
    "operationNotSupported": Refused,
    "banWithoutReject": Refused,
}


class TestReasons:
    @pytest.mark.parametrize("call", [poll, look, check])
    @pytest.mark.parametrize("reason", ALWAYS | READING)
    def test_of_reading(self, place: Town, comment: WorldComment, reason: str, call: Callable[..., None]) -> None:
        place.standin.failing = [Reason(reason)]
        with pytest.raises((ALWAYS | READING)[reason]) as caught:
            call(place, comment)
        assert reason in str(caught.value)
        assert "<code>" not in str(caught.value)
        assert place.standin.failing == []
        place.clock.on(days=reason == "quotaExceeded")
        call(place, comment)

    @pytest.mark.parametrize("reason", ALWAYS | ACTING)
    def test_of_acting_on_what_is_still_shown(self, place: Town, comment: WorldComment, reason: str) -> None:
        place.standin.failing = [Reason(reason)]
        with pytest.raises((ALWAYS | ACTING)[reason]) as caught:
            hide(place, comment)
        assert reason in str(caught.value)
        assert place.world.effects == []

    @pytest.mark.parametrize("reason", ACTING | {"processingFailure": Transient})
    def test_of_acting_on_what_is_gone(self, place: Town, comment: WorldComment, reason: str) -> None:
        place.world.delete(comment, AUTHOR)
        place.standin.failing = [Reason(reason)]
        assert place.connector.act(place.ref(comment), Action.HIDE, now=NOON) is Visibility.GONE

    @pytest.mark.parametrize("reason", ["commentNotFound", "commentsDisabled", "videoNotFound", "notFound"])
    def test_what_is_not_there_is_no_failure_of_a_look(self, place: Town, comment: WorldComment, reason: str) -> None:
        place.standin.failing = [Reason(reason)]
        assert place.connector.look(place.ref(comment), now=NOON).visibility is Visibility.GONE

    def test_a_channel_whose_comments_are_not_to_be_found_is_not_passed_over(
        self, place: Town, comment: WorldComment
    ) -> None:
        place.standin.failing = [Reason.NOT_FOUND]
        with pytest.raises(Unauthorised):
            poll(place, comment)


class TestAnswers:
    @pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
    @pytest.mark.parametrize("call", [poll, look, check, hide])
    def test_of_trouble(self, place: Town, comment: WorldComment, status: int, call: Callable[..., None]) -> None:
        place.standin.script = [Response.page("<h1>8731</h1>", status=status)]
        with pytest.raises(Transient) as caught:
            call(place, comment)
        assert str(status) in str(caught.value)
        assert "8731" not in str(caught.value)

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"\xff\xfe",
            b"<html>8731</html>",
            b'{"items": [',
            b"[]",
            b'"items"',
            b'{"items": {}}',
            b'{"items": [1]}',
            b'{"items": [{"id": "x"}]}',
            b'{"items": [{"id": 7, "snippet": {"title": "t"}}]}',
            b'{"items": [{"id": "x", "snippet": {}}]}',
            b'{"items": [{"id": "x", "snippet": []}]}',
            b"[" * 100_000,
        ],
    )
    @pytest.mark.parametrize("call", [poll, look, check])
    def test_that_are_not_as_published(
        self, place: Town, comment: WorldComment, body: bytes, call: Callable[..., None]
    ) -> None:
        place.standin.script = [Response(status=200, body=body, headers=JSON)]
        with pytest.raises(Malformed) as caught:
            call(place, comment)
        assert caught.value.payload == body
        assert "8731" not in str(caught.value)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("publishedAt", None),
            ("publishedAt", "yesterday"),
            ("publishedAt", "2026-11-20T17:03:21"),
            ("textOriginal", 7),
            ("authorChannelId", "UCx"),
            ("authorChannelId", ["UCx"]),
            ("parentId", 7),
            ("videoId", {}),
        ],
    )
    def test_with_one_wrong_field(self, place: Town, comment: WorldComment, field: str, value: object) -> None:
        look(place, comment)
        listed = next(one for one in place.server.log if one.verb == "look")
        whole = json.loads(listed.response.body)
        whole["items"][0]["snippet"][field] = value
        place.standin.script = [answer(whole)]
        with pytest.raises(Malformed):
            look(place, comment)

    def test_without_any_text_are_malformed_but_for_pictures(self, place: Town, comment: WorldComment) -> None:
        look(place, comment)
        listed = next(one for one in place.server.log if one.verb == "look")
        whole = json.loads(listed.response.body)
        for name in ("textOriginal", "textDisplay"):
            del whole["items"][0]["snippet"][name]
        place.standin.script = [answer(whole)]
        with pytest.raises(Malformed):
            look(place, comment)
        whole["items"][0]["snippet"]["imageUrl"] = "https://pictures.example/1"
        place.standin.script = [answer(whole)]
        seen = place.connector.look(place.ref(comment), now=NOON).comment
        assert seen
        assert seen.text == ""
        assert seen.attachments

    def test_without_the_original_text_give_the_shown_one(self, place: Town, comment: WorldComment) -> None:
        look(place, comment)
        listed = next(one for one in place.server.log if one.verb == "look")
        whole = json.loads(listed.response.body)
        del whole["items"][0]["snippet"]["textOriginal"]
        place.standin.script = [answer(whole)]
        seen = place.connector.look(place.ref(comment), now=NOON).comment
        assert seen
        assert seen.text == comment.text

    @pytest.mark.parametrize("status", [301, 302, 400, 409, 418])
    def test_with_a_no_that_says_nothing(self, place: Town, comment: WorldComment, status: int) -> None:
        place.standin.script = [Response(status=status, body=b'{"error": 7}', headers=JSON)] * 2
        with pytest.raises(Malformed) as caught:
            poll(place, comment)
        assert caught.value.payload == b'{"error": 7}'
        with pytest.raises(Refused):
            hide(place, comment)

    @pytest.mark.parametrize("word", ["8731 words", "a" * 61, "<script>", 7, None])
    def test_reasons_are_short_words_or_left_out(self, place: Town, comment: WorldComment, word: object) -> None:
        body = {"error": {"code": 403, "message": word, "errors": [{"reason": word}]}}
        place.standin.script = [answer(body, status=403)]
        with pytest.raises(Unauthorised) as caught:
            poll(place, comment)
        assert str(word) not in str(caught.value)

    def test_too_large_is_transient(self, place: Town, comment: WorldComment) -> None:
        place.transport.most = 100
        with pytest.raises(Transient):
            poll(place, comment)

    def test_nobody_there_is_transient(self, place: Town, comment: WorldComment) -> None:
        place.transport.api = "http://127.0.0.1:9"
        with pytest.raises(Transient):
            look(place, comment)

    def test_too_many_requests_without_a_reason(self, place: Town, comment: WorldComment) -> None:
        place.standin.script = [Response(status=429)]
        with pytest.raises(RateLimited) as caught:
            look(place, comment)
        assert caught.value.until == place.clock.now + timedelta(minutes=1)


class TestAccess:
    def test_a_grant_taken_back(self, place: Town, comment: WorldComment) -> None:
        place.standin.revoked.add(place.page.id)
        with pytest.raises(Unauthorised):
            poll(place, comment)
        place.connector = place.connect()
        with pytest.raises(Unauthorised, match="invalid_grant"):
            poll(place, comment)

    def test_a_wrong_client(self, place: Town, comment: WorldComment) -> None:
        place.connector = place.connect(client_secret="not the one")
        with pytest.raises(Unauthorised, match="invalid_client") as caught:
            poll(place, comment)
        assert "not the one" not in str(caught.value)

    def test_an_access_token_that_no_longer_works_is_told_and_not_tried_again(
        self, place: Town, comment: WorldComment
    ) -> None:
        place.standin.forget_tokens()
        place.asked()
        with pytest.raises(Unauthorised):
            look(place, comment)
        assert place.asked() == ["comments id"]

    @pytest.mark.parametrize(
        ("status", "body", "raised"),
        [
            (500, b"<html>", Transient),
            (503, b'{"error": "internal_failure"}', Transient),
            (429, b'{"error": "rate_limit_exceeded"}', RateLimited),
            (403, b'{"error": "rateLimitExceeded"}', RateLimited),
            (400, b'{"error": "invalid_grant", "error_description": "Account has been deleted"}', Unauthorised),
            (400, b'{"error": "invalid_grant", "error_subtype": "invalid_rapt"}', Unauthorised),
            (403, b"", Unauthorised),
            (302, b"", Unauthorised),
            (200, b"ya29.secret", Malformed),
            (200, b'{"expires_in": 3599}', Malformed),
            (200, b'{"access_token": "ya29.secret", "expires_in": "soon"}', Malformed),
            (200, b'{"access_token": ["ya29.secret"], "expires_in": 1}', Malformed),
        ],
    )
    def test_every_answer_of_the_token_endpoint(self, status: int, body: bytes, raised: type[ConnectorError]) -> None:
        with town() as place:
            place.standin.tokens = [Response(status=status, body=body, headers=JSON)]
            with pytest.raises(raised) as caught:
                place.poll()
            assert "secret" not in str(caught.value)
            assert b"secret" not in getattr(caught.value, "payload", b"")
            assert len(place.server.log) == 1

    def test_another_channel_than_the_one_named(self, place: Town, comment: WorldComment) -> None:
        other = place.world.add_account("youtube", "UCotherotherotherotherot", "City Library", "library")
        assert place.connector.check(now=NOON).identity == f"{place.page.name} ({place.page.id})"
        place.connector = connector.connect(
            Account(platform="youtube", id=place.page.id, name="x"), place.standin.credentials(other), place.transport
        )
        health = place.connector.check(now=NOON)
        assert not health.ok
        assert "City Library" in health.identity
        assert place.page.id in health.notes[0]
        with pytest.raises(Unauthorised):
            poll(place, comment)

    def test_an_account_without_a_channel(self, place: Town) -> None:
        place.standin.script = [answer({"kind": "youtube#channelListResponse", "etag": "x"})]
        health = place.connector.check(now=NOON)
        assert not health.ok
        assert health.identity == "no channel"

    @pytest.mark.parametrize("missing", ["client_id", "client_secret", "refresh_token"])
    def test_a_missing_credential_is_named(self, place: Town, missing: str) -> None:
        given = place.standin.credentials(place.page)
        del given[missing]
        with pytest.raises(KeyError, match=missing):
            connector.connect(place.account, given, place.transport)


class TestQuota:
    @pytest.mark.parametrize(
        ("now", "until"),
        [
            ((2026, 11, 22, 12), (2026, 11, 23, 8)),
            ((2026, 11, 23, 7, 59), (2026, 11, 23, 8)),
            ((2026, 11, 23, 8), (2026, 11, 24, 8)),
            ((2026, 7, 1, 6, 59), (2026, 7, 1, 7)),
            ((2026, 7, 1, 7), (2026, 7, 2, 7)),
            ((2027, 3, 14, 8, 30), (2027, 3, 15, 7)),
            ((2026, 11, 1, 7, 30), (2026, 11, 2, 8)),
        ],
    )
    def test_comes_back_at_midnight_in_california(self, now: tuple[int, ...], until: tuple[int, ...]) -> None:
        assert quota_resets(datetime(*now, tzinfo=UTC)) == datetime(*until, tzinfo=UTC)  # type: ignore[arg-type, misc]

    def test_spent_is_rate_limited_until_then_and_works_again_then(self, place: Town, comment: WorldComment) -> None:
        place.standin.quota = 120
        for _ in range(2):
            hide(place, comment)
        with pytest.raises(RateLimited) as caught:
            hide(place, comment)
        place.clock.now = caught.value.until - timedelta(seconds=1)
        with pytest.raises(RateLimited):
            hide(place, comment)
        place.clock.now = caught.value.until
        hide(place, comment)

    def test_asking_too_fast_is_for_a_minute(self, place: Town, comment: WorldComment) -> None:
        place.standin.failing = [Reason.RATE_LIMIT_EXCEEDED]
        with pytest.raises(RateLimited) as caught:
            hide(place, comment)
        assert caught.value.until == place.clock.now + timedelta(minutes=1)


class TestLookAndAct:
    def test_rejecting_is_for_good(self, place: Town, comment: WorldComment) -> None:
        reply = place.comment(comment.post, "reply", parent=comment)
        ref = place.ref(comment)
        assert place.connector.act(ref, Action.DELETE, now=NOON) is Visibility.UNKNOWN
        assert place.connector.look(ref, now=NOON).visibility is Visibility.GONE
        assert place.connector.look(place.ref(reply), now=NOON).visibility is Visibility.GONE
        assert place.connector.act(ref, Action.RESTORE, now=NOON) is Visibility.GONE
        assert [effect.what for effect in place.world.effects] == ["delete", "delete"]

    @pytest.mark.parametrize("by", [STAFF, PLATFORM, APP])
    def test_what_is_hidden_is_seen_with_its_words(self, place: Town, comment: WorldComment, by: str) -> None:
        place.world.hide(comment, by)
        seen = place.connector.look(place.ref(comment), now=NOON)
        assert seen.visibility is Visibility.HIDDEN
        assert seen.comment
        assert seen.comment.visibility is Visibility.HIDDEN
        assert (seen.comment.text, seen.comment.post.item) == (comment.text, comment.post.id)

    def test_a_reply_below_what_is_hidden_is_hidden(self, place: Town, comment: WorldComment) -> None:
        reply = place.comment(comment.post, "reply", parent=comment)
        place.world.hide(comment, STAFF)
        assert place.connector.look(place.ref(reply), now=NOON).visibility is Visibility.HIDDEN

    def test_a_held_reply_that_may_not_have_come_is_not_called_gone(self, place: Town, comment: WorldComment) -> None:
        replies = [place.comment(comment.post, f"reply {number}", parent=comment) for number in range(7)]
        for reply in replies:
            place.world.hide(reply, STAFF)
        seen = [place.connector.look(place.ref(reply), now=NOON).visibility for reply in replies]
        assert seen == [Visibility.HIDDEN] * 5 + [Visibility.UNKNOWN] * 2

    def test_more_held_than_a_look_reads_is_unknown(self, place: Town, comment: WorldComment) -> None:
        place.standin.quirks.page_size = 1
        for number in range(connector.LOOK_PAGES + 1):
            place.world.hide(place.comment(comment.post, f"held {number}"), STAFF)
        place.world.hide(comment, STAFF)
        assert place.connector.look(place.ref(comment), now=NOON).visibility is Visibility.UNKNOWN
        place.standin.quirks.page_size = None
        assert place.connector.look(place.ref(comment), now=NOON).visibility is Visibility.HIDDEN

    def test_a_deleted_video_takes_its_comments_with_it(self, place: Town, comment: WorldComment) -> None:
        place.world.delete_post(comment.post, STAFF)
        assert place.connector.look(place.ref(comment), now=NOON).visibility is Visibility.GONE
        assert not [comment for batch in place.poll() for comment in batch.comments]

    def test_a_look_costs_two_units_and_an_act_fifty(self, place: Town, comment: WorldComment) -> None:
        place.standin.spent.clear()
        look(place, comment)
        assert sum(place.standin.spent.values()) == 2
        hide(place, comment)
        assert sum(place.standin.spent.values()) == 52

    def test_the_whole_conversation_is_as_published(self, place: Town, comment: WorldComment) -> None:
        for call in (poll, look, check, hide, look, poll):
            call(place, comment)
        place.standin.failing = [Reason.FORBIDDEN]
        with pytest.raises(Refused):
            hide(place, comment)
        assert breaches(place) == []
        assert error(Reason.FORBIDDEN).status == 403
