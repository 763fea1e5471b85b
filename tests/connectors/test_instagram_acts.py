"""What is looked at and done on Instagram, and what else it tells: health, profile, followers, pictures, notice."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from instagram_town import NOON, PAT, Town, a_town, comments

from bot.domain.types import Action, Attachment, Ref, Visibility
from connectors.contract import (
    ConnectorError,
    HasFollowers,
    HasMedia,
    HasProfile,
    Malformed,
    Notifies,
    Pushes,
    RateLimited,
    Refused,
    Transient,
    Unauthorised,
)
from connectors.instagram import standin_keys as keys
from connectors.instagram.connector import connect
from connectors.standin import faults, world
from connectors.standin.graph_keys import EXPIRED_TOKEN
from connectors.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connectors.standin.world import WorldComment


@pytest.fixture
def town() -> Iterator[Town]:
    with a_town() as running:
        yield running


class TestLooking:
    def test_tells_what_is_shown(self, town: Town) -> None:
        comment = town.comment(text="before")
        seen = town.connector.look(town.ref(comment), now=NOON)
        assert seen.visibility is Visibility.VISIBLE
        assert seen.comment
        assert seen.comment.raw == town.server.log[0].response.body
        town.world.hide(comment, world.STAFF)
        assert town.connector.look(town.ref(comment), now=NOON).visibility is Visibility.HIDDEN

    @pytest.mark.parametrize("item", ["18000000000000001", "no-such-comment", "x y/z?"])
    def test_what_was_never_there_is_gone(self, town: Town, item: str) -> None:
        town.post()
        ref = Ref(platform="instagram", account=town.page.id, item=item)
        assert town.connector.look(ref, now=NOON).visibility is Visibility.GONE

    @pytest.mark.parametrize("pitfalls", [[], ["missing_24"], ["missing_24", "own_exceptions"]])
    def test_what_was_deleted_is_gone_with_its_replies(self, town: Town, pitfalls: list[str]) -> None:
        town.standin.switch(pitfalls)
        comment = town.comment()
        reply = town.comment(comment.post, parent=comment)
        town.comment(comment.post, "still there")
        town.world.delete(comment, world.AUTHOR)
        for one in (comment, reply):
            assert town.connector.look(town.ref(one), now=NOON).visibility is Visibility.GONE

    def test_what_went_with_its_medium_is_gone(self, town: Town) -> None:
        comment = town.comment()
        town.world.delete_post(comment.post, world.STAFF)
        assert town.connector.look(town.ref(comment), now=NOON).visibility is Visibility.GONE

    @pytest.mark.parametrize("permission", ["instagram_manage_comments", "instagram_basic"])
    def test_what_we_may_not_read_is_not_called_gone(self, town: Town, permission: str) -> None:
        comment = town.comment()
        town.world.delete(comment, world.AUTHOR)
        town.standin.quirks.lacks = frozenset({permission})
        with pytest.raises(Unauthorised):
            town.connector.look(town.ref(comment), now=NOON)

    def test_a_permission_that_was_lost_is_not_called_gone(self, town: Town) -> None:
        comment = town.comment()
        town.standin.quirks.lacks = frozenset({"instagram_manage_comments"})
        with pytest.raises(Unauthorised):
            town.connector.look(town.ref(comment), now=NOON)

    def test_where_nothing_is_shown_nothing_is_called_gone(self, town: Town) -> None:
        comment, other = town.comment(), town.comment()
        town.standin.quirks.blank = True
        town.world.delete(comment, world.AUTHOR)
        with pytest.raises(Transient, match="cannot be told"):
            town.connector.look(town.ref(comment), now=NOON)
        assert town.connector.look(town.ref(other), now=NOON).visibility is Visibility.VISIBLE

    def test_another_accounts_comment_is_not_ours(self, town: Town) -> None:
        theirs = town.world.add_account("instagram", "17841400000000099", "Another City", "anothercity")
        comment = town.comment(town.world.add_post(theirs, "elsewhere"))
        with pytest.raises(Refused):
            town.connector.act(town.ref(town.comment(hideable=False)), Action.HIDE, now=NOON)
        assert town.connector.act(town.ref(comment), Action.HIDE, now=NOON) is Visibility.GONE
        assert comment.public


class TestActing:
    def test_hides_and_shows_again(self, town: Town) -> None:
        comment = town.comment()
        ref = town.ref(comment)
        assert town.connector.act(ref, Action.HIDE, now=NOON) is Visibility.UNKNOWN
        assert town.connector.look(ref, now=NOON).visibility is Visibility.HIDDEN
        assert town.connector.act(ref, Action.HIDE, now=NOON) is Visibility.HIDDEN
        assert town.connector.act(ref, Action.RESTORE, now=NOON) is Visibility.UNKNOWN
        assert town.connector.act(ref, Action.RESTORE, now=NOON) is Visibility.VISIBLE
        assert town.acts() == [("hide", comment.id), ("unhide", comment.id)]
        [hide] = town.requests("hide")
        assert hide.form["hide"] == ["true"]

    def test_deleting_twice_is_deleting_once(self, town: Town) -> None:
        comment = town.comment()
        ref = town.ref(comment)
        assert town.connector.act(ref, Action.DELETE, now=NOON) is Visibility.UNKNOWN
        assert town.connector.act(ref, Action.DELETE, now=NOON) is Visibility.GONE
        assert town.acts() == [("delete", comment.id)]

    @pytest.mark.parametrize("action", Action)
    def test_on_what_is_gone_says_gone(self, town: Town, action: Action) -> None:
        comment = town.comment()
        town.world.delete(comment, world.AUTHOR)
        assert town.connector.act(town.ref(comment), action, now=NOON) is Visibility.GONE
        assert town.acts() == []

    @pytest.mark.parametrize("action", [Action.HIDE, Action.DELETE])
    def test_on_what_goes_just_before_says_gone(self, town: Town, action: Action) -> None:
        town.standin.switch(["gone_before_write"])
        written = [town.comment() for _ in range(12)]
        said = {one.id: town.connector.act(town.ref(one), action, now=NOON) for one in written}
        gone = {one.id for one in written if one.deleted_by == world.AUTHOR}
        assert gone
        assert {ident for ident, answer in said.items() if answer is Visibility.GONE} == gone
        assert {ident for _, ident in town.acts()} == set(said) - gone

    @pytest.mark.parametrize("pitfalls", [[], ["own_by_username"]])
    def test_the_accounts_own_comments_are_refused_and_not_tried(self, town: Town, pitfalls: list[str]) -> None:
        town.standin.switch(pitfalls)
        own = town.comment(author=town.page.person)
        with pytest.raises(Refused, match="own comments"):
            town.connector.act(town.ref(own), Action.HIDE, now=NOON)
        assert town.requests("hide") == []

    def test_hiding_an_own_comment_would_do_nothing_though_it_is_answered_with_success(self, town: Town) -> None:
        own = town.comment(author=town.page.person)
        town.connector._graph.write(own.id, now=NOON, hide=True)
        assert own.public

    @pytest.mark.parametrize("refusal", [100, 200])
    def test_what_cannot_be_hidden_is_refused(self, town: Town, refusal: int) -> None:
        town.standin.quirks.refusal = refusal
        with pytest.raises(Refused):
            town.connector.act(town.ref(town.comment(hideable=False)), Action.HIDE, now=NOON)

    def test_a_live_broadcast_cannot_be_moderated(self, town: Town) -> None:
        live = town.comment(town.post(live=True))
        for action in (Action.HIDE, Action.DELETE):
            with pytest.raises(Refused):
                town.connector.act(town.ref(live), action, now=NOON)
        assert comments(town.poll()) == {}

    def test_missing_is_not_believed_of_a_comment_that_is_there(self, town: Town) -> None:
        comment = town.comment()
        for pitfalls in (["writes_missing"], ["writes_missing", "missing_24"]):
            town.standin.switch(pitfalls)
            for action in (Action.HIDE, Action.DELETE):
                with pytest.raises(Refused):
                    town.connector.act(town.ref(comment), action, now=NOON)
        assert comment.public

    def test_a_write_that_did_not_succeed_is_refused(self, town: Town) -> None:
        town.standin.switch(["success_false"])
        with pytest.raises(Refused):
            town.connector.act(town.ref(town.comment()), Action.HIDE, now=NOON)

    @pytest.mark.parametrize("pitfall", ["writes_blocked", "writes_restricted"])
    def test_blocked_writing_waits_for_hours_and_reading_goes_on(self, town: Town, pitfall: str) -> None:
        comment = town.comment()
        town.standin.switch([pitfall])
        with pytest.raises(RateLimited) as caught:
            town.connector.act(town.ref(comment), Action.HIDE, now=NOON)
        assert caught.value.until == NOON + timedelta(hours=6)
        assert comment.id in comments(town.poll())

    @pytest.mark.parametrize("action", [Action.HIDE, Action.DELETE])
    def test_a_lost_answer_is_made_good_by_the_next_try(self, town: Town, action: Action) -> None:
        comment = town.comment()
        town.server.faults.add(faults.ANSWER_LOST, verb=str(action))
        with pytest.raises(Transient):
            town.connector.act(town.ref(comment), action, now=NOON)
        after = town.connector.act(town.ref(comment), action, now=NOON)
        assert after is {Action.HIDE: Visibility.HIDDEN, Action.DELETE: Visibility.GONE}[action]
        assert town.acts() == [(str(action), comment.id)]

    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            (faults.SERVER_ERROR_HTML, Transient),
            (faults.CONNECTION_RESET, Transient),
            (faults.GARBLED, Malformed),
            (faults.UNAUTHORISED, Unauthorised),
            (faults.RATE_LIMITED, RateLimited),
            (faults.RATE_LIMITED_NO_RESET, RateLimited),
            ("instagram_hiccup", Transient),
            ("restricted", RateLimited),
            ("account_restricted", Unauthorised),
        ],
    )
    @pytest.mark.parametrize("verb", ["look", "hide", "delete", "node", "create"])
    def test_every_fault_has_its_name_wherever_it_strikes(
        self, town: Town, fault: str, expected: type[ConnectorError], verb: str
    ) -> None:
        comment = town.comment()
        town.server.faults.add(fault, verb=verb)
        with pytest.raises(ConnectorError) as caught:
            _do(town, verb, comment)
        assert type(caught.value) is expected
        assert town.token not in str(caught.value)
        assert comment.public


def _do(town: Town, verb: str, comment: WorldComment) -> object:
    if verb == "look":
        return town.connector.look(town.ref(comment), now=NOON)
    if verb == "node":
        return town.connector.check(now=NOON)
    if verb == "create":
        return town.connector.notify(town.ref(comment), "words", now=NOON)
    return town.connector.act(town.ref(comment), Action(verb), now=NOON)


class TestHealth:
    def test_all_is_well(self, town: Town) -> None:
        town.comment()
        health = town.connector.check(now=NOON)
        assert (health.ok, health.notes) == (True, ())
        assert health.identity == f"@cityofexample ({town.page.id})"

    def test_without_the_apps_keys_less_is_known_and_that_is_said(self, town: Town) -> None:
        health = town.connect(app_id="").check(now=NOON)
        assert health.ok
        assert "app_id" in health.notes[0]

    def test_an_account_that_is_not_the_pages_is_found_out(self, town: Town) -> None:
        other = town.world.add_account("instagram", "17841400000000099", "Another City", "anothercity")
        health = town.connect(page_token=keys.page_token(other)).check(now=NOON)
        assert not health.ok
        assert "Another City" in health.identity
        assert town.page.id in health.notes[0]

    def test_a_persons_token_reads_and_that_it_cannot_tell_authors_is_said(self, town: Town) -> None:
        town.comment()
        connector = town.connect(page_token=keys.USER_TOKEN)
        assert len(comments(list(connector.poll(None, now=NOON)))) == 1
        health = connector.check(now=NOON)
        assert health.ok
        assert "not the Page's own" in health.notes[0]

    @pytest.mark.parametrize("token", [EXPIRED_TOKEN, "rubbish"])
    def test_a_dead_token_is_unauthorised(self, town: Town, token: str) -> None:
        connector = town.connect(page_token=token)
        for attempt in (lambda: connector.check(now=NOON), lambda: list(connector.poll(None, now=NOON))):
            with pytest.raises(Unauthorised) as caught:
                attempt()
            assert token not in str(caught.value)

    def test_a_required_proof_is_sent(self, town: Town) -> None:
        town.standin.switch(["proof_required"])
        assert town.connector.check(now=NOON).ok
        with pytest.raises(Unauthorised):
            town.connect(app_secret="").check(now=NOON)

    @pytest.mark.parametrize("permission", ["pages_read_engagement"])
    def test_a_lacking_permission_is_said(self, town: Town, permission: str) -> None:
        town.standin.quirks.lacks = frozenset({permission})
        health = town.connector.check(now=NOON)
        assert not health.ok
        assert health.notes == (f"the token lacks {permission}",)

    def test_the_end_of_access_is_said_before_it_comes(self, town: Town) -> None:
        town.standin.quirks.access_ends = int((NOON + timedelta(days=9)).timestamp())
        assert town.connector.check(now=NOON).notes == ("its access to data ends on 01 December 2026",)

    def test_drift_and_use_are_said(self, town: Town) -> None:
        town.standin.switch(["old_version"])
        town.standin.manners.usage = 93
        notes = town.connector.check(now=NOON).notes
        assert "asked for v26.0 of the Graph API, served v25.0" in notes
        assert "93 % of the calls we may make are used" in notes

    def test_usage_may_not_be_told(self, town: Town) -> None:
        town.standin.switch(["no_usage"])
        assert town.connector.check(now=NOON).notes == ()

    def test_an_account_that_cannot_be_read_is_unauthorised(self, town: Town) -> None:
        town.comment()
        del town.world.accounts["instagram", town.page.id]
        town.world.add_account("instagram", "17841400000000099", "Another City", "anothercity")
        other = next(iter(town.world.accounts.values()))
        with pytest.raises(Unauthorised, match=town.page.id):
            list(town.connect(page_token=keys.page_token(other)).poll(None, now=NOON))

    def test_no_secret_is_ever_in_an_address(self, town: Town) -> None:
        town.standin.manners.page_most = 1
        comment = town.comment()
        town.comment(comment.post)
        town.connector.check(now=NOON)
        town.poll()
        town.connector.notify(town.ref(comment), "words", now=NOON)
        town.connector.act(town.ref(comment), Action.HIDE, now=NOON)
        town.connector.act(town.ref(comment), Action.DELETE, now=NOON)
        assert len(town.requests()) > 8
        for request in town.requests():
            for secret in (town.token, keys.APP_SECRET):
                assert secret not in request.path + str(request.query)

    @pytest.mark.parametrize("credentials", [{}, {"page_token": ""}])
    def test_connecting_without_a_token_names_it(self, town: Town, credentials: dict[str, str]) -> None:
        with pytest.raises(KeyError, match="page_token"):
            connect(town.account, credentials, Transport())


class TestWhatElseItTells:
    def test_it_says_what_it_can(self, town: Town) -> None:
        for can in (HasProfile, HasFollowers, HasMedia, Notifies, Pushes):
            assert isinstance(town.connector, can)

    def test_the_accounts_own_page(self, town: Town) -> None:
        profile = town.connector.profile(now=NOON)
        assert (profile.name, profile.handle) == ("City of Example", "cityofexample")
        assert profile.links == ("https://city.example/comment-policy",)
        assert "public records" in profile.text
        assert profile.raw == town.server.log[-1].response.body

    def test_how_many_follow_and_why_not_who(self, town: Town) -> None:
        followers = town.connector.followers(now=NOON)
        assert (followers.count, followers.people) == (3120, ())
        assert "not who" in followers.why

    def test_pictures_are_fetched_without_the_token(self, town: Town) -> None:
        town.post(parts=2)
        [post, *_] = [post for batch in town.poll() for post in batch.posts]
        for attachment in post.attachments:
            media = town.connector.media(attachment, now=NOON)
            assert media.kind == "image/png"
            assert media.body.startswith(b"\x89PNG")
        for request in town.requests("file"):
            assert "authorization" not in request.headers

    def test_pictures_whose_address_has_expired_are_refused(self, town: Town) -> None:
        town.post()
        [post, *_] = [post for batch in town.poll() for post in batch.posts]
        town.standin.switch(["media_expired"])
        with pytest.raises(Refused, match="403"):
            town.connector.media(post.attachments[0], now=NOON)

    @pytest.mark.parametrize(
        "url",
        [
            None,
            "",
            "https://example.org/a.png",
            "http://scontent.cdninstagram.com/a.png",
            "https://cdninstagram.com.example.org/a.png",
            "https://evilcdninstagram.com/a.png",
            "file:///etc/passwd",
            "http://127.0.0.1:1/a.png",
        ],
    )
    def test_pictures_come_from_nowhere_else(self, town: Town, url: str | None) -> None:
        with pytest.raises(Refused):
            town.connector.media(Attachment(id="1", kind="image", url=url), now=NOON)
        assert town.requests() == []

    @pytest.mark.parametrize("fault", [faults.SERVER_ERROR_HTML, faults.CONNECTION_RESET])
    def test_pictures_that_do_not_come_are_tried_again(self, town: Town, fault: str) -> None:
        town.server.faults.add(fault, verb="file")
        attachment = Attachment(id="1", kind="image", url=f"{town.server.url}/cdn/1.png")
        with pytest.raises(Transient):
            town.connector.media(attachment, now=NOON)
        assert town.connector.media(attachment, now=NOON).kind == "image/png"


class TestNotice:
    def test_is_written_to_the_author_alone_by_the_page(self, town: Town) -> None:
        comment = town.comment()
        sent = town.connector.notify(
            town.ref(comment), "Your comment is hidden; to appeal: city.example/appeal", now=NOON
        )
        assert sent.startswith("aWdfZAG")
        assert town.standin.answered_privately == [
            (comment.id, "Your comment is hidden; to appeal: city.example/appeal")
        ]
        assert town.world.replies(comment) == []
        [asked] = town.requests("create")
        assert asked.path == "/v26.0/me/messages"

    def test_reaches_the_author_of_a_hidden_comment_too(self, town: Town) -> None:
        comment = town.comment()
        town.world.hide(comment, world.APP)
        assert town.connector.notify(town.ref(comment), "words", now=NOON)

    def test_is_not_written_twice_nor_after_a_week_nor_below_what_is_gone(self, town: Town) -> None:
        comment, old, gone = town.comment(), town.comment(at=NOON - timedelta(days=8)), town.comment()
        town.connector.notify(town.ref(comment), "words", now=NOON)
        town.world.delete(gone, world.AUTHOR)
        for one in (comment, old, gone):
            with pytest.raises(Refused):
                town.connector.notify(town.ref(one), "words", now=NOON)
        assert len(town.standin.answered_privately) == 1

    def test_cannot_be_sent_with_a_persons_token(self, town: Town) -> None:
        comment = town.comment()
        with pytest.raises(Unauthorised):
            town.connect(page_token=keys.USER_TOKEN).notify(town.ref(comment), "words", now=NOON)

    def test_with_a_lost_answer_is_left_open(self, town: Town) -> None:
        comment = town.comment()
        town.server.faults.add(faults.ANSWER_LOST, verb="create")
        with pytest.raises(Transient):
            town.connector.notify(town.ref(comment), "words", now=NOON)
        assert len(town.standin.answered_privately) == 1


COMMENT = {
    "id": "18099000000000001",
    "text": "what does @cityofexample say?",
    "timestamp": "2026-11-20T10:00:00+0000",
    "username": "pat.public",
    "media": {"id": "17999000000000001", "permalink": "https://www.instagram.com/p/C0ffee00000/"},
}
MEDIUM = {
    "id": "17999000000000002",
    "caption": "thank you @cityofexample",
    "timestamp": "2026-11-20T10:00:00+0000",
    "username": "pat.public",
    "media_type": "IMAGE",
    "media_product_type": "FEED",
    "media_url": None,
    "permalink": "https://www.instagram.com/p/C0ffee00001/",
    "shortcode": "C0ffee00001",
}


class TestMentions:
    def test_are_read_by_who_knows_their_identifier(self, town: Town) -> None:
        town.standin.mentions = {one["id"]: one for one in (COMMENT, MEDIUM)}
        comment = town.connector.mentioned_comment("18099000000000001", now=NOON)
        assert (comment.text, comment.author.handle) == ("what does @cityofexample say?", PAT.handle)
        assert comment.post.item == "17999000000000001"
        assert json.loads(comment.raw)["id"] == comment.ref.item
        assert comment.raw in town.server.log[-1].response.body
        medium = town.connector.mentioned_media("17999000000000002", now=NOON)
        assert (medium.text, medium.author.handle) == ("thank you @cityofexample", PAT.handle)

    def test_are_never_acted_on(self, town: Town) -> None:
        town.post()
        town.standin.mentions = {COMMENT["id"]: COMMENT}
        comment = town.connector.mentioned_comment("18099000000000001", now=NOON)
        for action in Action:
            assert town.connector.act(comment.ref, action, now=NOON) is Visibility.GONE
        assert town.acts() == []

    def test_that_are_not_there_are_refused(self, town: Town) -> None:
        with pytest.raises(Refused):
            town.connector.mentioned_comment("18099000000000009", now=NOON)
        with pytest.raises(Refused):
            town.connector.mentioned_media("18099000000000009", now=NOON)


# ------------------------------------------------------------------------------------------------ the public page


def fetched(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        return error.read().decode()


def test_the_public_page_shows_what_the_public_sees(town: Town) -> None:
    comment = town.comment(text="see me")
    reply = town.comment(comment.post, "see me, too", parent=comment)
    linked = 'class="comment linked"'
    assert linked in fetched(town.standin.comment_url(comment))
    assert 'class="comment reply linked"' in fetched(town.standin.comment_url(reply))
    assert linked not in fetched(town.standin.post_url(comment.post))
    town.world.hide(comment, world.APP)
    shown = fetched(town.standin.comment_url(comment))
    assert "see me" not in shown
    assert comment.post.text in shown
    town.world.unhide(comment, world.APP)
    assert "see me, too" in fetched(town.standin.comment_url(comment))
    town.world.delete_post(comment.post, world.STAFF)
    assert comment.post.text not in fetched(town.standin.post_url(comment.post))
