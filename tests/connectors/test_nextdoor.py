"""Nextdoor: several members of staff, the newest fifty posts of each, what is missing, tokens that end."""

from __future__ import annotations

import json
from collections.abc import Iterator  # noqa: TC003  a fixture's annotation
from datetime import UTC, datetime, timedelta

import pytest
from scripted import serving

from bot.domain.types import Account, Cursor, Ref, Speaker, Visibility
from connectors import find
from connectors.contract import ConnectorError, Malformed, RateLimited, Transient, Unauthorised
from connectors.nextdoor.connector import NextdoorByHand, NextdoorConnector
from connectors.nextdoor.cursor import NEWEST
from connectors.nextdoor.standin import BASE, TOKEN, StandIn
from connectors.standin.server import Server
from connectors.standin.world import AUTHOR, STAFF, Person, World, WorldComment, WorldPost
from connectors.transport import Transport

KIM = Person(id="880001", name="Kim Example", handle="kim")
ROBIN = Person(id="880002", name="Robin Example", handle="robin")
PAT = Person(id="550001", name="Pat Resident", handle="pat")


class Town:
    """An agency for which two members of staff post."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
        self.world = World(clock=lambda: self.now)
        self.standin = StandIn(self.world)
        self.page = self.world.add_account("nextdoor", "2244994945", "City of Example", "cityofexample")
        self.standin.staff[self.page.id] = [KIM, ROBIN]
        self.server = Server(self.standin)
        self.account = Account(platform="nextdoor", id=self.page.id, name=self.page.name)
        self.cursor: Cursor | None = None

    def connector(self, **other: str) -> NextdoorConnector:
        transport = Transport(api=self.server.url, web=self.server.url, connect=2, read=5, total=10)
        made = find.connect(self.account, self.standin.credentials(self.page) | other, transport)
        assert isinstance(made, NextdoorConnector)
        return made

    def post(self, by: Person = KIM, text: str = "The library opens at nine.") -> WorldPost:
        self.now += timedelta(minutes=1)
        return self.world.add_post(self.page, text, author=by)

    def comment(self, post: WorldPost, text: str = "words", by: Person | None = PAT, **other: object) -> WorldComment:
        self.now += timedelta(seconds=10)
        return self.world.add_comment(post, text, author=by, **other)  # type: ignore[arg-type]

    def ref(self, comment: WorldComment) -> Ref:
        return Ref(platform="nextdoor", account=self.page.id, item=comment.id)

    def poll(self, connector: NextdoorConnector | None = None) -> tuple[set[str], set[str]]:
        """What a poll from where the last one ended gives: the comments, and what is gone."""
        self.now += timedelta(minutes=15)
        found: set[str] = set()
        gone: set[str] = set()
        for batch in (connector or self.connector()).poll(self.cursor, now=self.now):
            found |= {comment.ref.item for comment in batch.comments}
            gone |= {ref.item for ref in batch.gone}
            self.cursor = batch.cursor
        return found, gone


@pytest.fixture
def town() -> Iterator[Town]:
    town = Town()
    with town.server:
        yield town


def test_each_member_of_staff_is_read_with_their_own_grant(town: Town) -> None:
    one, other = town.comment(town.post(KIM)), town.comment(town.post(ROBIN))
    assert town.poll()[0] == {one.id, other.id}
    alone = {
        name: value for name, value in town.standin.credentials(town.page).items() if name != "refresh_token.robin"
    }
    transport = Transport(api=town.server.url)
    connector = find.connect(town.account, alone, transport)
    assert {c.ref.item for b in connector.poll(None, now=town.now) for c in b.comments} == {one.id}


def test_a_colleagues_answer_is_the_citys_own(town: Town) -> None:
    town.post(ROBIN, "Robin's own")
    first = town.comment(town.post(KIM))
    answer = town.comment(first.post, "It opens at nine.", by=ROBIN, parent=first)
    said = {c.ref.item: c.speaker for b in town.connector().poll(None, now=town.now) for c in b.comments}
    assert said == {first.id: Speaker.PUBLIC, answer.id: Speaker.CITY}


def test_who_once_posted_for_the_city_is_remembered(town: Town) -> None:
    robins = town.post(ROBIN)
    first = town.comment(town.post(KIM))
    town.poll()
    town.world.delete_post(robins, STAFF)
    answer = town.comment(first.post, "It opens at nine.", by=ROBIN, parent=first)
    said = {c.ref.item: c.speaker for b in town.connector().poll(town.cursor, now=town.now) for c in b.comments}
    assert said[answer.id] is Speaker.CITY


def test_a_comment_that_is_missing_under_a_listed_post_is_gone(town: Town) -> None:
    post = town.post()
    stays, goes = town.comment(post), town.comment(post)
    assert town.poll() == ({stays.id, goes.id}, set())
    town.world.delete(goes, AUTHOR)
    assert town.poll() == ({stays.id}, {goes.id})
    assert town.poll() == ({stays.id}, set()), "it is told once"


def test_the_comments_of_a_deleted_post_are_gone(town: Town) -> None:
    comment = town.comment(town.post())
    town.post()
    town.poll()
    town.world.delete_post(comment.post, STAFF)
    assert town.poll() == (set(), {comment.id})


def test_a_post_that_fell_out_of_a_full_list_is_not_gone(town: Town) -> None:
    old = town.comment(town.post())
    town.poll()
    for _ in range(NEWEST):
        town.post()
    assert town.poll() == (set(), set())
    assert town.connector().look(town.ref(old), now=town.now).visibility is Visibility.UNKNOWN
    notes = town.connector().check(now=town.now).notes
    assert any("out of sight" in note for note in notes)


def test_a_post_deleted_from_a_full_list_is_gone_all_the_same(town: Town) -> None:
    town.post()
    young = town.comment(town.post())
    for _ in range(NEWEST):
        town.post()
    town.poll()
    younger = town.comment(town.world.posts_of(town.page)[-1])
    town.poll()
    town.world.delete_post(younger.post, STAFF)
    found, gone = town.poll()
    assert gone == {younger.id}
    assert young.id in found, "room became free in the list"


def test_an_edit_is_seen(town: Town) -> None:
    comment = town.comment(town.post(), "first")
    town.poll()
    town.world.edit(comment, "second")
    (seen,) = [c for b in town.connector().poll(town.cursor, now=town.now) for c in b.comments]
    assert (seen.ref.item, seen.text) == (comment.id, "second")


def test_login_tokens_in_addresses_are_not_taken_over(town: Town) -> None:
    town.standin.login_tokens = True
    comment = town.comment(town.post())
    (batch,) = town.connector().poll(None, now=town.now)
    assert {batch.posts[0].url, batch.comments[0].url} == {town.standin.comment_url(comment)}


def test_without_author_ids_everybody_is_the_public(town: Town) -> None:
    town.standin.author_ids = False
    town.comment(town.post())
    (batch,) = town.connector().poll(None, now=town.now)
    assert [(c.author.id, c.author.name, c.speaker) for c in batch.comments] == [(None, None, Speaker.PUBLIC)]


def test_a_look_goes_by_the_post_and_guesses_nothing(town: Town) -> None:
    here = town.comment(town.post())
    gone = town.comment(here.post)
    town.world.delete(gone, AUTHOR)
    connector = town.connector()
    assert connector.look(town.ref(here), now=town.now).comment is not None
    assert connector.look(town.ref(gone), now=town.now).visibility is Visibility.GONE
    entered = Ref(platform="nextdoor", account=town.page.id, item="h0123456789abcdef")
    assert connector.look(entered, now=town.now).visibility is Visibility.UNKNOWN, "staff saw it where we cannot look"


# Tokens ---------------------------------------------------------------------------------------------------------------


def test_an_access_token_is_kept_for_its_hour_and_renewed_after_it(town: Town) -> None:
    town.post()
    connector = town.connector()
    for _ in range(3):
        list(connector.poll(None, now=town.now))
    asked = [exchange.request.path for exchange in town.server.log]
    assert asked.count(TOKEN) == 2, "one for each member of staff"
    town.now += timedelta(hours=1)
    list(connector.poll(None, now=town.now))
    assert [exchange.request.path for exchange in town.server.log].count(TOKEN) == 4


def test_a_token_taken_back_early_is_renewed_once(town: Town) -> None:
    town.post()
    connector = town.connector()
    list(connector.poll(None, now=town.now))
    town.standin.forget_tokens()
    assert list(connector.poll(None, now=town.now))


def test_a_grant_taken_back_names_who_must_grant_again(town: Town) -> None:
    town.standin.revoked.add(ROBIN.id)
    with pytest.raises(Unauthorised, match=r"no longer lets robin in \(400\)"):
        town.poll()


def test_tokens_are_in_no_address(town: Town) -> None:
    town.post()
    town.connector().check(now=town.now)
    town.poll()
    secrets = town.standin.credentials(town.page).values()
    for exchange in town.server.log:
        asked = exchange.request.path + json.dumps(dict(exchange.request.query))
        assert not any(secret in asked for secret in secrets)


def test_a_profile_that_staff_may_not_use_is_told(town: Town) -> None:
    account = Account(platform="nextdoor", id="9", name="Other")
    connector = find.connect(account, town.standin.credentials(town.page), Transport(api=town.server.url))
    health = connector.check(now=town.now)
    assert not health.ok
    assert health.notes == ("kim may not use the profile 9; theirs are: 2244994945",)


@pytest.mark.parametrize("missing", ["client_id", "client_secret", "refresh_token.kim"])
def test_a_missing_credential_is_a_key_error(town: Town, missing: str) -> None:
    town.standin.staff[town.page.id] = [KIM]
    credentials = town.standin.credentials(town.page)
    del credentials[missing]
    with pytest.raises(KeyError):
        find.connect(town.account, credentials, Transport())


def test_without_credentials_people_look(town: Town) -> None:
    connector = find.connect(town.account, {}, Transport())
    assert isinstance(connector, NextdoorByHand)
    assert not connector.can.reads


# Answers that nobody should give --------------------------------------------------------------------------------------

SPOILT = {
    "no JSON": (200, b"<html>", Malformed),
    "empty": (200, b"", Malformed),
    "no object": (200, b"[]", Malformed),
    "no posts": (200, b'{"data": []}', Malformed),
    "posts not a list": (200, b'{"posts": {}}', Malformed),
    "a post that is a number": (200, b'{"posts": [1]}', Malformed),
    "a time that is a text": (
        200,
        b'{"posts": [{"id": "1", "url": "u", "creation_date_epoch_seconds": "now", "comments": []}]}',
        Malformed,
    ),
    "a time beyond all calendars": (
        200,
        b'{"posts": [{"id": "1", "url": "u", "creation_date_epoch_seconds": 99999999999999999999, "comments": []}]}',
        Malformed,
    ),
    "comments that are texts": (
        200,
        b'{"posts": [{"id": "1", "url": "u", "creation_date_epoch_seconds": 1, "comments": ["x"]}]}',
        Malformed,
    ),
    "a host that is none": (
        200,
        b'{"posts": [{"id": "1", "url": "http://[", "creation_date_epoch_seconds": 1, "comments": []}]}',
        Malformed,
    ),
    "deep": (200, b'{"posts": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", Malformed),
    "bytes": (200, b'{"posts": [\xff]}', Malformed),
    "moved": (302, b"", Malformed),
    "bad input": (400, b"no", Malformed),
    "no right": (403, b"{}", Unauthorised),
    "busy": (503, b"", Transient),
    "too fast": (429, b"", RateLimited),
    "bold": (200, b"0" * (9 * 1024 * 1024), Transient),
}


@pytest.mark.parametrize("kind", SPOILT)
def test_nothing_but_the_five_errors_comes_out(town: Town, kind: str) -> None:
    status, body, expected = SPOILT[kind]

    def script(handler: object) -> None:
        asked = handler.path.partition("?")[0]  # type: ignore[attr-defined]
        if asked == TOKEN:
            handler.reply(b'{"access_token": "abc-access-token", "expires_in": 3600}')  # type: ignore[attr-defined]
        else:
            assert asked.startswith(BASE)
            handler.reply(body, status)  # type: ignore[attr-defined]

    with serving(script) as server:
        connector = find.connect(town.account, town.standin.credentials(town.page), Transport(api=server.url))
        with pytest.raises(expected) as caught:
            list(connector.poll(None, now=town.now))
    assert isinstance(caught.value, ConnectorError)
    assert "abc-access-token" not in str(caught.value)


@pytest.mark.parametrize("text", ["[]", "{}", "no", '{"posts": {"1": {}}, "city": []}', '{"posts": [], "city": []}'])
def test_a_cursor_that_is_none_is_malformed(town: Town, text: str) -> None:
    with pytest.raises(Malformed, match="not one of Nextdoor's"):
        list(town.connector().poll(Cursor(text=text), now=town.now))


def test_an_empty_cursor_is_a_beginning(town: Town) -> None:
    town.comment(town.post())
    town.cursor = Cursor(text="")
    assert len(town.poll()[0]) == 1
