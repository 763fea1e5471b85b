from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from facebook_town import NOON, PAT, SAM, Town, a_town, comments

from bot.domain.types import Action, Author, Cursor, Ref, Speaker, Visibility
from connectors.contract import ConnectorError, Malformed, RateLimited, Refused, Transient, Unauthorised
from connectors.facebook import parse, place
from connectors.facebook.connector import connect
from connectors.facebook.standin import APP_SECRET, Quirks
from connectors.standin import faults, world
from connectors.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.domain.types import Batch
    from connectors.standin.world import WorldComment, WorldPost

HARD_TEXTS = [
    "plain",
    "Grüße aus der Stadt — “quoted” / slashed \\ back",
    "👩‍👩‍👧‍👦 🏳️‍🌈 family",
    "مرحبا بكم \u202eREVERSED\u202c",
    "zero\u200bwidth\u2060joiner\ufeff",
    "line one\nline two\r\n\ttabbed",
    "<script>alert(1)</script> & 'x' \"y\"",
    "nul \x00 and \x1f control",
    "𝖒𝖆𝖙𝖍 e\u0301 vs é",
]


@pytest.fixture
def town() -> Iterator[Town]:
    with a_town() as running:
        yield running


def a_post(town: Town, text: str = "Road works on Main Street", **more: object) -> WorldPost:
    return town.world.add_post(town.page, text, **more)  # type: ignore[arg-type]


def a_comment(town: Town, post: WorldPost | None = None, text: str = "words", **more: object) -> WorldComment:
    return town.world.add_comment(post or a_post(town), text, **{"author": PAT} | more)  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------------- polling


def test_everything_under_the_page_is_read_word_for_word(town: Town) -> None:
    own, visitors = a_post(town), a_post(town, "A visitor's question", author=SAM)
    written = [a_comment(town, own if number % 2 else visitors, text) for number, text in enumerate(HARD_TEXTS)]
    reply = a_comment(town, own, "a reply", parent=written[1], author=SAM)
    hidden = a_comment(town, own, "hidden before we came")
    town.world.hide(hidden, world.PLATFORM)
    batches = town.poll()
    read = comments(batches)
    assert [read[comment.id].text for comment in written] == HARD_TEXTS
    assert read[reply.id].parent == town.ref(written[1])
    assert read[reply.id].post.item == own.id
    assert {comment.ref.item for comment in read.values()} == {comment.id for comment in [*written, reply, hidden]}
    assert read[hidden.id].visibility is Visibility.HIDDEN
    assert read[reply.id].visibility is Visibility.VISIBLE
    posts = {post.ref.item: post for batch in batches for post in batch.posts}
    assert {posts[own.id].text, posts[visitors.id].text} == {own.text, visitors.text}
    assert posts[own.id].author == Author(id=town.page.id, name=town.page.name)
    assert posts[visitors.id].author == Author(id=SAM.id, name=SAM.name)


def test_raw_is_what_was_sent(town: Town) -> None:
    written = [a_comment(town, text=text) for text in HARD_TEXTS]
    read = comments(town.poll())
    sent = b"".join(line.response.body for line in town.server.log)
    assert len(read) == len(written)
    for comment in read.values():
        assert comment.raw in sent
        assert json.loads(comment.raw)["id"] == comment.ref.item
    assert b"\\/" in read[written[0].id].raw


def test_a_comment_is_read_with_all_that_is_known_of_it(town: Town) -> None:
    written = a_comment(town, at=datetime(2026, 11, 2, 1, 2, 3, tzinfo=UTC))
    [comment] = comments(town.poll()).values()
    assert comment.ref == town.ref(written)
    assert comment.author == Author(id=PAT.id, name=PAT.name)
    assert comment.speaker is Speaker.PUBLIC
    assert comment.posted_at == datetime(2026, 11, 2, 1, 2, 3, tzinfo=UTC)
    assert comment.posted_at.tzinfo is UTC
    assert comment.url == town.standin.comment_url(written)
    assert int(comment.ref.item.partition("_")[2]) > 2**53


def test_the_citys_own_words_are_known_as_such(town: Town) -> None:
    own = a_comment(town, author=town.page.person)
    assert comments(town.poll())[own.id].speaker is Speaker.CITY


def test_an_author_may_be_kept_from_us(town: Town) -> None:
    a_comment(town, author=None)
    [comment] = comments(town.poll()).values()
    assert comment.author == Author()
    assert comment.speaker is Speaker.PUBLIC


def test_a_sticker_has_no_words(town: Town) -> None:
    a_comment(town, text="")
    [comment] = comments(town.poll()).values()
    assert comment.text == ""
    [attachment] = comment.attachments
    assert attachment.kind == "sticker"
    assert attachment.id == comment.ref.item.partition("_")[2]
    assert str(attachment.url).startswith(town.server.url)


@pytest.mark.parametrize("empty_pages", [False, True])
@pytest.mark.parametrize("page_most", [1, 3, 100])
@pytest.mark.parametrize("by_time", [False, True])
@pytest.mark.parametrize("ranked", [False, True])
def test_all_pages_are_read_to_the_end(
    town: Town, empty_pages: bool, page_most: int, by_time: bool, ranked: bool
) -> None:
    town.standin.manners.page_most = page_most
    town.standin.manners.empty_pages = empty_pages
    town.standin.quirks = Quirks(feed_by_time=by_time, ranked=ranked, phantoms=2)
    posts = [a_post(town, str(number), at=town.clock.on(hours=1)) for number in range(7)]
    written = [a_comment(town, post, at=town.clock.on(minutes=1)) for post in posts for _ in range(4)]
    batches = town.poll()
    assert set(comments(batches)) == {comment.id for comment in written}
    for batch in batches:
        assert list(batch.comments) == sorted(batch.comments, key=lambda comment: comment.posted_at)


def test_nothing_new_gives_nothing_and_costs_one_call(town: Town) -> None:
    for number in range(5):
        a_comment(town, a_post(town, str(number)))
    [*_, last] = town.poll()
    asked = len(town.requests())
    town.clock.on(minutes=1)
    assert town.poll(last.cursor) == []
    assert len(town.requests()) == asked + 1


def test_only_what_changed_is_read_again(town: Town) -> None:
    posts = [a_post(town, str(number)) for number in range(5)]
    first = a_comment(town, posts[2])
    [*_, last] = town.poll()
    town.clock.on(minutes=1)
    reply = a_comment(town, posts[2], parent=first)
    batches = town.poll(last.cursor)
    assert [post.ref.item for batch in batches for post in batch.posts] == [posts[2].id]
    assert set(comments(batches)) == {first.id, reply.id}


def test_a_change_in_the_same_second_is_seen(town: Town) -> None:
    post = a_post(town)
    a_comment(town, post)
    [*_, last] = town.poll()
    second = a_comment(town, post)
    assert second.id in comments(town.poll(last.cursor))


def test_a_new_post_in_the_same_second_is_seen(town: Town) -> None:
    a_comment(town, a_post(town, "first"))
    [*_, last] = town.poll()
    second = a_comment(town, a_post(town, "second"))
    assert second.id in comments(town.poll(last.cursor))


def test_a_reading_may_stop_anywhere_and_nothing_is_skipped(town: Town) -> None:
    town.standin.manners.page_most = 2
    posts = [a_post(town, str(number), at=town.clock.on(minutes=1)) for number in range(6)]
    written = {a_comment(town, post, at=town.clock.on(seconds=7)).id for post in posts for _ in range(5)}
    whole = town.poll()
    stops = 0
    for stop in range(1, len(whole)):
        begun = [batch for batch, _ in zip(town.connector.poll(None, now=town.clock.now), range(stop), strict=False)]
        rest = town.poll(begun[-1].cursor)
        assert set(comments(begun)) | set(comments(rest)) == written
        stops += 1
    assert stops == len(whole) - 1 > 15


def test_stopping_after_each_batch_still_comes_to_the_end(town: Town) -> None:
    for number in range(6):
        a_comment(town, a_post(town, str(number), at=town.clock.on(minutes=1)))
    cursor, passes = None, 0
    for _ in range(20):
        batch = next(town.connector.poll(cursor, now=town.clock.now), None)
        if batch is None:
            break
        cursor, passes = batch.cursor, passes + 1
    assert passes == 7


def test_edits_and_hiding_by_staff_are_seen_in_the_sweep(town: Town) -> None:
    post = a_post(town)
    edited, hidden = a_comment(town, post, "before"), a_comment(town, post)
    [*_, last] = town.poll()
    town.world.edit(edited, "after")
    town.world.hide(hidden, world.STAFF)
    town.clock.on(minutes=1)
    assert town.poll(last.cursor) == []
    town.clock.on(minutes=10)
    read = comments(batches := town.poll(last.cursor))
    assert read[edited.id].text == "after"
    assert read[edited.id].posted_at == NOON
    assert read[hidden.id].visibility is Visibility.HIDDEN
    assert town.poll(batches[-1].cursor) == []


def test_edits_under_old_posts_are_seen_once_a_day(town: Town) -> None:
    edited = a_comment(town, text="before")
    town.clock.on(days=30)
    [*_, last] = town.poll()
    town.world.edit(edited, "after")
    town.clock.on(hours=1)
    sweep = town.poll(last.cursor)
    assert comments(sweep) == {}
    town.clock.on(hours=23)
    assert comments(town.poll(sweep[-1].cursor))[edited.id].text == "after"


def test_an_old_post_beyond_the_first_page_is_not_forgotten_for_a_newer_one(town: Town) -> None:
    town.standin.manners.page_most = 5
    posts = [a_post(town, str(number), at=town.clock.on(days=1)) for number in range(12)]
    [*_, last] = town.poll()
    late = a_comment(town, posts[0], at=town.clock.on(minutes=1))
    a_comment(town, posts[-1], at=town.clock.on(minutes=1))
    quick = town.poll(last.cursor)
    assert late.id not in comments(quick)
    town.clock.on(minutes=10)
    assert late.id in comments(town.poll(quick[-1].cursor))


def test_a_full_reading_goes_on_where_it_was_interrupted(town: Town) -> None:
    for number in range(8):
        a_comment(town, a_post(town, str(number), at=town.clock.on(hours=1)))
    [*_, last] = town.poll()
    town.clock.on(days=40)
    begun = [batch for batch, _ in zip(town.connector.poll(last.cursor, now=town.clock.now), range(5), strict=False)]
    rest = town.poll(begun[-1].cursor)
    read = [post.ref.item for batch in [*begun, *rest] for post in batch.posts]
    assert len(set(read)) == len(read) == 8


def test_a_cursor_stays_small(town: Town) -> None:
    for number in range(place.KEPT + 50):
        a_post(town, str(number), at=town.clock.on(minutes=1))
    [*_, last] = town.poll()
    assert len(json.loads(last.cursor.text)["posts"]) == place.KEPT
    assert len(last.cursor.text) < 20_000
    town.clock.on(minutes=5)
    assert town.poll(last.cursor) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[]",
        "null",
        '{"mark":"x"}',
        '{"posts":[1]}',
        '{"through":[1]}',
        '{"mark":1e999}',
        '{"reading":"x"}',
        '{"posts":7}',
    ],
)
def test_a_cursor_nobody_understands_means_from_the_beginning(town: Town, text: str) -> None:
    written = a_comment(town)
    assert written.id in comments(town.poll(Cursor(text=text)))


def test_a_post_that_goes_while_we_read_does_not_stop_the_rest(town: Town) -> None:
    going, staying = a_post(town, "going", at=NOON), a_post(town, "staying", at=town.clock.on(minutes=1))
    a_comment(town, going)
    kept = a_comment(town, staying)
    reading = town.connector.poll(None, now=town.clock.now)
    town.world.delete_post(going, world.STAFF)
    assert kept.id in comments(list(reading))


def test_a_thread_without_end_does_not_hide_the_others(town: Town) -> None:
    town.standin.manners.page_most, town.standin.manners.farthest = 2, 3
    endless, others = a_post(town, "endless"), [a_post(town, text, at=town.clock.on(minutes=1)) for text in "abc"]
    written = [a_comment(town, endless, at=NOON) for _ in range(6)]
    rest = {a_comment(town, post).id for post in others}
    read: list[Batch] = []
    for _ in range(3):
        cursor = read[-1].cursor if read else None
        with pytest.raises(Transient, match=f"{endless.id}.*could not be read to its end"):
            read.extend(town.connector.poll(cursor, now=town.clock.on(minutes=1)))
    assert set(comments(read)) == {comment.id for comment in written[:4]} | rest
    town.standin.manners.farthest = None
    assert set(comments(town.poll(read[-1].cursor))) >= {comment.id for comment in written}


def test_an_empty_page_is_read_and_remembered(town: Town) -> None:
    [only] = town.poll()
    assert (only.posts, only.comments) == ((), ())
    assert town.poll(only.cursor) == []


def test_a_comment_deleted_while_its_page_was_turned_is_transient(town: Town) -> None:
    town.standin.manners.page_most = 1
    post = a_post(town)
    first, second = a_comment(town, post), a_comment(town, post)
    reading = town.connector.poll(None, now=town.clock.now)
    begun = next(reading)
    town.world.delete(first, world.AUTHOR)
    with pytest.raises(Transient):
        list(reading)
    assert second.id in comments(town.poll(begun.cursor))


# ------------------------------------------------------------------------------------------- looking and acting


def test_looking_tells_what_is_shown(town: Town) -> None:
    comment = a_comment(town, text="before")
    seen = town.connector.look(town.ref(comment), now=NOON)
    assert seen.visibility is Visibility.VISIBLE
    assert seen.comment
    assert seen.comment.raw == town.server.log[0].response.body
    town.world.edit(comment, "after")
    town.world.hide(comment, world.STAFF)
    later = town.connector.look(town.ref(comment), now=NOON)
    assert later.visibility is Visibility.HIDDEN
    assert later.revision != seen.revision


def test_polling_and_looking_read_the_same_revision(town: Town) -> None:
    comment = a_comment(town, text="")
    polled = comments(town.poll())[comment.id]
    looked = town.connector.look(town.ref(comment), now=NOON).comment
    assert looked
    assert looked.revision == polled.revision
    assert (looked.post, looked.parent, looked.author, looked.url) == (
        polled.post,
        polled.parent,
        polled.author,
        polled.url,
    )


@pytest.mark.parametrize("item", ["1_2", "122100000000000001_122100000000000002", "no-such-comment", "x y/z?"])
def test_what_was_never_there_is_gone(town: Town, item: str) -> None:
    ref = Ref(platform="facebook", account=town.page.id, item=item)
    assert town.connector.look(ref, now=NOON).visibility is Visibility.GONE


def test_what_was_deleted_is_gone_with_its_replies(town: Town) -> None:
    comment = a_comment(town)
    reply = a_comment(town, comment.post, parent=comment)
    town.world.delete(comment, world.AUTHOR)
    for one in (comment, reply):
        assert town.connector.look(town.ref(one), now=NOON).visibility is Visibility.GONE


def test_what_went_with_its_post_is_gone(town: Town) -> None:
    comment = a_comment(town)
    town.world.delete_post(comment.post, world.STAFF)
    assert town.connector.look(town.ref(comment), now=NOON).visibility is Visibility.GONE


@pytest.mark.parametrize("permission", ["pages_read_user_content"])
def test_what_we_may_not_read_is_not_called_gone(town: Town, permission: str) -> None:
    comment = a_comment(town)
    town.world.delete(comment, world.AUTHOR)
    town.standin.quirks.lacks = frozenset({permission})
    with pytest.raises(Unauthorised):
        town.connector.look(town.ref(comment), now=NOON)


def test_hiding_and_showing_again(town: Town) -> None:
    comment = a_comment(town)
    ref = town.ref(comment)
    assert town.connector.act(ref, Action.HIDE, now=NOON) is Visibility.UNKNOWN
    assert town.connector.look(ref, now=NOON).visibility is Visibility.HIDDEN
    assert town.connector.act(ref, Action.HIDE, now=NOON) is Visibility.HIDDEN
    assert town.connector.act(ref, Action.RESTORE, now=NOON) is Visibility.UNKNOWN
    assert town.connector.act(ref, Action.RESTORE, now=NOON) is Visibility.VISIBLE
    assert town.connector.look(ref, now=NOON).visibility is Visibility.VISIBLE
    assert town.acts() == [("hide", comment.id), ("unhide", comment.id)]


def test_deleting_twice_is_deleting_once(town: Town) -> None:
    comment = a_comment(town)
    ref = town.ref(comment)
    assert town.connector.act(ref, Action.DELETE, now=NOON) is Visibility.UNKNOWN
    assert town.connector.act(ref, Action.DELETE, now=NOON) is Visibility.GONE
    assert town.connector.look(ref, now=NOON).visibility is Visibility.GONE
    assert town.acts() == [("delete", comment.id)]


@pytest.mark.parametrize("action", Action)
def test_acting_on_what_is_gone_says_gone(town: Town, action: Action) -> None:
    comment = a_comment(town)
    town.world.delete(comment, world.AUTHOR)
    assert town.connector.act(town.ref(comment), action, now=NOON) is Visibility.GONE
    assert town.acts() == []


def test_what_cannot_be_hidden_is_refused_without_trying(town: Town) -> None:
    comment = a_comment(town, hideable=False)
    with pytest.raises(Refused, match="can_hide"):
        town.connector.act(town.ref(comment), Action.HIDE, now=NOON)
    assert town.requests("hide") == []


@pytest.mark.parametrize("refusal", [100, 200])
def test_what_cannot_be_hidden_is_refused_where_facebook_does_not_say_so_before(town: Town, refusal: int) -> None:
    town.standin.quirks = Quirks(can_hide=False, refusal=refusal)
    comment = a_comment(town, hideable=False)
    with pytest.raises(Refused):
        town.connector.act(town.ref(comment), Action.HIDE, now=NOON)
    assert len(town.requests("hide")) == 1


def test_a_comment_under_a_visitors_post_cannot_be_hidden_but_deleted(town: Town) -> None:
    comment = a_comment(town, a_post(town, author=SAM))
    with pytest.raises(Refused):
        town.connector.act(town.ref(comment), Action.HIDE, now=NOON)
    town.connector.act(town.ref(comment), Action.DELETE, now=NOON)
    assert town.acts() == [("delete", comment.id)]


def test_missing_is_not_believed_of_a_comment_that_is_there(town: Town) -> None:
    comment = a_comment(town)
    town.standin.quirks.writes_missing = True
    for action in (Action.HIDE, Action.DELETE):
        with pytest.raises(Refused):
            town.connector.act(town.ref(comment), action, now=NOON)
    assert comment.public


def test_a_write_that_did_not_succeed_is_refused(town: Town) -> None:
    town.standin.quirks.success = {"success": False}
    with pytest.raises(Refused):
        town.connector.act(town.ref(a_comment(town)), Action.HIDE, now=NOON)


def test_blocked_writing_waits_for_hours_and_reading_goes_on(town: Town) -> None:
    comment = a_comment(town)
    town.standin.quirks.writes_blocked = True
    with pytest.raises(RateLimited) as caught:
        town.connector.act(town.ref(comment), Action.HIDE, now=NOON)
    assert caught.value.until == NOON + timedelta(hours=6)
    assert comment.id in comments(town.poll())


@pytest.mark.parametrize("action", [Action.HIDE, Action.DELETE])
def test_a_lost_answer_is_made_good_by_the_next_try(town: Town, action: Action) -> None:
    comment = a_comment(town)
    town.server.faults.add(faults.ANSWER_LOST, verb=str(action))
    with pytest.raises(Transient):
        town.connector.act(town.ref(comment), action, now=NOON)
    after = town.connector.act(town.ref(comment), action, now=NOON)
    assert after is {Action.HIDE: Visibility.HIDDEN, Action.DELETE: Visibility.GONE}[action]
    assert town.acts() == [(str(action), comment.id)]


FAULTS = [
    (faults.SERVER_ERROR_HTML, Transient),
    (faults.CONNECTION_RESET, Transient),
    (faults.ANSWER_LOST, Transient),
    (faults.GARBLED, Malformed),
    (faults.UNAUTHORISED, Unauthorised),
    (faults.RATE_LIMITED, RateLimited),
    (faults.RATE_LIMITED_NO_RESET, RateLimited),
]


@pytest.mark.parametrize(("fault", "expected"), FAULTS)
@pytest.mark.parametrize("verb", ["feed", "comments", "look", "hide", "delete", "check"])
def test_every_fault_has_its_name_wherever_it_strikes(
    town: Town, fault: str, expected: type[ConnectorError], verb: str
) -> None:
    comment = a_comment(town)
    if verb == "comments":
        reading = town.connector.poll(None, now=NOON)
        town.server.faults.add(fault, verb="list")
        with pytest.raises(ConnectorError) as caught:
            _after_the_feed(reading, town, fault)
    else:
        town.server.faults.add(fault, verb={"feed": "list", "check": "node"}.get(verb, verb))
        with pytest.raises(ConnectorError) as caught:
            _do(town, verb, comment)
    assert type(caught.value) is expected
    assert town.standin.page_token(town.page) not in str(caught.value)
    town.server.log[:] = [line for line in town.server.log if line.fault != faults.GARBLED]


def _after_the_feed(reading: Iterator[Batch], town: Town, fault: str) -> None:
    """Let the feed through and the fault strike the comments."""
    town.server.faults.clear()
    town.standin.manners.page_most = 1
    a_comment(town, next(iter(town.world.posts.values())))
    next(reading)
    town.server.faults.add(fault, verb="list")
    list(reading)


def _do(town: Town, verb: str, comment: WorldComment) -> object:
    if verb == "feed":
        return town.poll()
    if verb == "look":
        return town.connector.look(town.ref(comment), now=NOON)
    if verb == "check":
        return town.connector.check(now=NOON)
    return town.connector.act(town.ref(comment), Action(verb), now=NOON)


def test_a_limit_says_until_when(town: Town) -> None:
    town.server.faults.add(faults.RATE_LIMITED, verb="list")
    with pytest.raises(RateLimited) as caught:
        town.poll()
    assert caught.value.until == NOON + timedelta(minutes=7)


def test_a_refusal_leaves_the_comment_as_it_was(town: Town) -> None:
    comment = a_comment(town)
    town.server.faults.add(faults.REFUSED, verb="hide")
    with pytest.raises(Refused):
        town.connector.act(town.ref(comment), Action.HIDE, now=NOON)
    assert comment.public


# ------------------------------------------------------------------------------------------------------ checking


def test_all_is_well(town: Town) -> None:
    health = town.connector.check(now=NOON)
    assert health.ok
    assert health.identity == "City of Example (1020000000000001)"
    assert health.notes == ()


def test_without_the_apps_keys_less_is_known_and_that_is_said(town: Town) -> None:
    health = town.connect(app_id="").check(now=NOON)
    assert health.ok
    assert "app_id" in health.notes[0]


def test_a_persons_token_is_found_out(town: Town) -> None:
    a_comment(town)
    connector = town.connect(page_token=town.standin.user_token)
    health = connector.check(now=NOON)
    assert not health.ok
    assert "reads as empty" in health.notes[0]
    assert comments(list(connector.poll(None, now=NOON))) == {}


def test_a_page_that_is_not_ours_is_found_out(town: Town) -> None:
    other = town.world.add_account("facebook", "1020000000000002", "Another City", "anothercity")
    health = town.connect(page_token=town.standin.page_token(other)).check(now=NOON)
    assert not health.ok
    assert "Another City" in health.identity


@pytest.mark.parametrize("token", ["EAAStandInExpired", "rubbish"])
def test_a_dead_token_is_unauthorised(town: Town, token: str) -> None:
    connector = town.connect(page_token=token)
    for attempt in (lambda: connector.check(now=NOON), lambda: list(connector.poll(None, now=NOON))):
        with pytest.raises(Unauthorised) as caught:
            attempt()
        assert token not in str(caught.value)


def test_a_wrong_app_secret_is_unauthorised(town: Town) -> None:
    with pytest.raises(Unauthorised):
        town.connect(app_secret="wrong").check(now=NOON)


def test_a_required_proof_is_sent(town: Town) -> None:
    town.standin.manners.proof_required = True
    assert town.connector.check(now=NOON).ok
    with pytest.raises(Unauthorised):
        town.connect(app_secret="").check(now=NOON)
    town.server.log.clear()  # an empty proof is in no table


@pytest.mark.parametrize("permission", ["pages_read_user_content", "pages_manage_engagement"])
def test_a_lacking_permission_is_said(town: Town, permission: str) -> None:
    town.standin.quirks.lacks = frozenset({permission})
    health = town.connector.check(now=NOON)
    assert not health.ok
    assert health.notes == (f"the token lacks {permission}",)


def test_reading_without_permission_is_unauthorised(town: Town) -> None:
    a_comment(town)
    town.standin.quirks.lacks = frozenset({"pages_read_user_content"})
    with pytest.raises(Unauthorised):
        town.poll()


def test_drift_and_use_are_said(town: Town) -> None:
    town.standin.manners.served = "v27.0"
    town.standin.manners.usage = 93
    notes = town.connector.check(now=NOON).notes
    assert "asked for v26.0 of the Graph API, served v27.0" in notes
    assert "93 % of the calls we may make are used" in notes


def test_usage_may_not_be_told(town: Town) -> None:
    town.standin.manners.usage = None
    assert town.connector.check(now=NOON).notes == ()


def test_no_secret_is_ever_in_an_address(town: Town) -> None:
    town.standin.manners.page_most = 1
    comment = a_comment(town)
    a_comment(town, comment.post)
    town.connector.check(now=NOON)
    town.poll()
    town.connector.act(town.ref(comment), Action.HIDE, now=NOON)
    town.connector.act(town.ref(comment), Action.DELETE, now=NOON)
    assert len(town.requests()) > 8
    for request in town.requests():
        assert town.standin.page_token(town.page) not in request.path + str(request.query)
        assert APP_SECRET not in request.path + str(request.query)


@pytest.mark.parametrize("credentials", [{}, {"page_token": ""}])
def test_connecting_without_a_token_names_it(town: Town, credentials: dict[str, str]) -> None:
    with pytest.raises(KeyError, match="page_token"):
        connect(town.account, credentials, Transport())


# ------------------------------------------------------------------------------------------------- odd answers


GOOD = {"id": "1_2", "created_time": "2026-11-22T01:02:03+0000"}


@pytest.mark.parametrize(
    "odd",
    [
        [],
        {},
        GOOD | {"id": 12},
        GOOD | {"id": ""},
        GOOD | {"created_time": "yesterday"},
        GOOD | {"created_time": "2026-11-22T01:02:03"},
        GOOD | {"created_time": 1},
        GOOD | {"message": 5},
        GOOD | {"from": "Pat"},
        GOOD | {"parent": []},
    ],
)
def test_what_is_not_as_published_is_malformed(town: Town, odd: object) -> None:
    with pytest.raises(Malformed) as caught:
        parse.comment(odd, b"raw", town.account)
    assert caught.value.payload == b"raw"


def test_what_is_left_out_is_left_open(town: Town) -> None:
    comment = parse.comment(GOOD | {"from": None, "message": None}, b"", town.account)
    assert comment.visibility is Visibility.UNKNOWN
    assert comment.url == f"https://www.facebook.com/{town.page.id}_1?comment_id=2"
    listed = parse.listed({"id": "1_2", "created_time": GOOD["created_time"]}, b"", town.account)
    assert listed.count == -1
    assert listed.updated == listed.post.posted_at.timestamp()
    assert listed.post.author.id == town.page.id


def test_an_attachment_keeps_its_name_when_its_picture_moves(town: Town) -> None:
    def of(**attachment: object) -> str:
        return parse.comment(GOOD | {"attachment": attachment}, b"", town.account).revision

    here, there = ({"image": {"src": f"https://cdn{number}.example/p.jpg?sig={number}"}} for number in (1, 2))
    assert of(type="photo", target={"id": "9"}, media=here) == of(type="photo", target={"id": "9"}, media=there)
    assert of(type="photo", target={"id": "9"}) != of(type="photo", target={"id": "8"})
    sealed = [f"https://l.facebook.com/l.php?u=https%3A%2F%2Fa.example%2F&h={seal}" for seal in ("AT1", "AT2")]
    assert of(type="share", url=sealed[0]) == of(type="share", url=sealed[1])
    assert of(type="share", url="https://a.example/") != of(type="share", url="https://b.example/")


# ------------------------------------------------------------------------------------------------ the public page


def fetched(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        return error.read().decode()


def test_the_public_page_shows_what_the_public_sees(town: Town) -> None:
    comment = a_comment(town, text="see me")
    reply = a_comment(town, comment.post, "see me, too", parent=comment)
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
    town.world.delete(comment, world.APP)
    assert "see me" not in fetched(town.standin.comment_url(comment))
    town.world.delete_post(comment.post, world.STAFF)
    assert comment.post.text not in fetched(town.standin.post_url(comment.post))
