"""What a Page's connector can do besides reading and acting: profile, followers, pictures, telling authors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from facebook_town import PAT, Town, a_town, comments

from bot.domain.types import Action, Attachment, Speaker
from connectors import contract, media
from connectors.contract import Malformed, Refused, Transient, Unauthorised
from connectors.facebook.connector import MEDIA_HOSTS
from connectors.standin import faults
from connectors.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connectors.standin.world import WorldComment


@pytest.fixture
def town() -> Iterator[Town]:
    with a_town() as running:
        yield running


def a_comment(town: Town, text: str = "words", **more: object) -> WorldComment:
    post = town.world.add_post(town.page, "post")
    return town.world.add_comment(post, text, **{"author": PAT} | more)  # type: ignore[arg-type]


def test_it_says_what_it_can(town: Town) -> None:
    for kind in (contract.HasProfile, contract.HasFollowers, contract.HasMedia, contract.Notifies, contract.Pushes):
        assert isinstance(town.connector, kind)
    assert town.connector.can.push


def test_the_profile_tells_every_address_on_it(town: Town) -> None:
    town.standin.profile = {
        "about": "Rules: https://example.org/policy.",
        "description": "More (https://example.org/a?b=1) and https://example.org/policy",
        "website": "www.example.org, https://example.org/policy",
    }
    profile = town.connector.profile(now=town.clock.now)
    assert profile.links == ("www.example.org", "https://example.org/policy", "https://example.org/a?b=1")
    assert (profile.name, profile.handle) == (town.page.name, town.page.handle)
    assert profile.picture == f"{town.server.url}/media/page.png"
    assert b"example.org" in profile.raw


def test_a_profile_may_say_nothing(town: Town) -> None:
    town.standin.profile = {}
    profile = town.connector.profile(now=town.clock.now)
    assert (profile.text, profile.links) == ("", ())


def test_followers_are_counted_and_not_listed(town: Town) -> None:
    town.standin.followers = 17
    followers = town.connector.followers(now=town.clock.now)
    assert (followers.count, followers.people) == (17, ())
    assert "not who" in followers.why


# ------------------------------------------------------------------------------------------------------- pictures


def test_a_picture_is_fetched_without_a_token(town: Town) -> None:
    town.standin.attached[a_comment(town).id] = "photo"
    [read] = comments(town.poll()).values()
    [attachment] = read.attachments
    found = town.connector.media(attachment, now=town.clock.now)
    assert found.kind == "image/png"
    assert found.body.startswith(b"\x89PNG")
    [asked] = town.requests("page")
    assert asked.path.startswith("/media/")
    assert "authorization" not in asked.headers


def test_a_picture_whose_address_has_run_out_is_refused(town: Town) -> None:
    a_comment(town, text="")
    [read] = comments(town.poll()).values()
    town.standin.switch(["media_expired"])
    with pytest.raises(Refused, match="403"):
        town.connector.media(read.attachments[0], now=town.clock.now)


def test_a_picture_that_does_not_come_may_come_next_time(town: Town) -> None:
    a_comment(town, text="")
    [read] = comments(town.poll()).values()
    town.standin.switch(["media_down"])
    with pytest.raises(Transient, match="503"):
        town.connector.media(read.attachments[0], now=town.clock.now)


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "http://scontent.xx.fbcdn.net/1.jpg",
        "https://example.org/1.jpg",
        "https://fbcdn.net.example.org/1.jpg",
        "https://notfbcdn.net/1.jpg",
        "https://scontent.fbcdn.net@example.org/1.jpg",
        "https://example.org\\.fbcdn.net/1.jpg",
        "https://example.org#.fbcdn.net",
        "https://scontent.fbcdn.net:8080/1.jpg",
        "https://www.facebook.com/photo/1",
        "file:///etc/passwd",
        "http://127.0.0.1:1/1.jpg",
        "https://[::1]/1.jpg",
    ],
)
def test_nothing_is_fetched_from_elsewhere(town: Town, url: str | None) -> None:
    with pytest.raises(Refused):
        town.connector.media(Attachment(id="1", kind="photo", url=url), now=town.clock.now)
    assert town.requests() == []


@pytest.mark.parametrize("host", ["scontent.xx.fbcdn.net", "fbcdn.net", "lookaside.fbsbx.com"])
def test_facebooks_own_hosts_are_asked(host: str) -> None:
    transport = Transport(connect=0.001, read=0.001, total=0.1)
    with pytest.raises(Transient, match=host):
        media.fetch(Attachment(id="1", kind="photo", url=f"https://{host}/1.jpg?oe=1"), transport, MEDIA_HOSTS)


def test_what_is_too_large_is_refused_for_good(town: Town) -> None:
    transport = Transport(web=town.server.url, most=20)
    with pytest.raises(Refused, match="larger"):
        media.fetch(Attachment(id="1", kind="photo", url=f"{town.server.url}/media/1.png"), transport, ())


def test_a_web_page_is_no_picture(town: Town) -> None:
    url = town.standin.post_url(a_comment(town).post)
    with pytest.raises(Refused, match="text/html"):
        town.connector.media(Attachment(id="1", kind="photo", url=url), now=town.clock.now)


# ------------------------------------------------------------------------------------------------- telling authors


def test_an_author_is_told_privately(town: Town) -> None:
    comment = a_comment(town)
    sent = town.connector.notify(town.ref(comment), "Ihr Kommentar — “hidden” 🙂", now=town.clock.now)
    assert sent == f"m_{comment.id}"
    assert town.standin.private == {comment.id: "Ihr Kommentar — “hidden” 🙂"}
    assert len(town.world.under(comment.post)) == 1


def test_nobody_is_told_twice_not_even_in_public(town: Town) -> None:
    comment = a_comment(town)
    town.connector.notify(town.ref(comment), "once", now=town.clock.now)
    with pytest.raises(Refused, match="once"):
        town.connector.notify(town.ref(comment), "twice", now=town.clock.now)
    assert town.standin.private == {comment.id: "once"}
    assert len(town.world.under(comment.post)) == 1


def test_after_seven_days_the_answer_is_public_and_the_citys(town: Town) -> None:
    comment = a_comment(town)
    town.clock.on(days=7, seconds=1)
    sent = town.connector.notify(town.ref(comment), "hidden; appeal here", now=town.clock.now)
    read = comments(town.poll())
    assert read[sent].text == "hidden; appeal here"
    assert read[sent].speaker is Speaker.CITY
    assert read[sent].parent == town.ref(comment)
    assert town.standin.private == {}


def test_without_permission_for_messages_the_answer_is_public_and_that_is_said(town: Town) -> None:
    town.standin.quirks.lacks = frozenset({"pages_messaging"})
    comment = a_comment(town)
    sent = town.connector.notify(town.ref(comment), "words", now=town.clock.now)
    assert sent in {other.id for other in town.world.under(comment.post)}
    health = town.connector.check(now=town.clock.now)
    assert health.ok
    assert "pages_messaging" in str(health.notes)


@pytest.mark.parametrize(("how", "private", "public"), [("private", 1, 0), ("public", 0, 1), ("either", 1, 0)])
def test_how_authors_are_told_is_the_citys_choice(town: Town, how: str, private: int, public: int) -> None:
    comment = a_comment(town)
    town.connect(notify=how).notify(town.ref(comment), "words", now=town.clock.now)
    assert len(town.standin.private) == private
    assert len(town.world.under(comment.post)) == 1 + public


def test_where_only_private_words_are_wanted_there_are_no_public_ones(town: Town) -> None:
    comment = a_comment(town)
    town.clock.on(days=8)
    with pytest.raises(Refused, match="older than 7 days"):
        town.connect(notify="private").notify(town.ref(comment), "words", now=town.clock.now)
    assert len(town.world.under(comment.post)) == 1


def test_who_is_gone_cannot_be_told(town: Town) -> None:
    comment = a_comment(town)
    town.connector.act(town.ref(comment), Action.DELETE, now=town.clock.now)
    with pytest.raises(Refused):
        town.connector.notify(town.ref(comment), "words", now=town.clock.now)
    assert town.standin.private == {}


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (faults.ANSWER_LOST, Transient),
        (faults.GARBLED, Malformed),
        (faults.UNAUTHORISED, Unauthorised),
        ("deemed_abusive", contract.RateLimited),
    ],
)
def test_what_is_not_known_to_have_failed_is_not_said_again_in_public(
    town: Town, fault: str, expected: type[Exception]
) -> None:
    comment = a_comment(town)
    town.server.faults.add(fault, verb="tell")
    with pytest.raises(expected):
        town.connector.notify(town.ref(comment), "words", now=town.clock.now)
    assert len(town.world.under(comment.post)) == 1


def test_a_way_of_telling_that_there_is_not_is_named(town: Town) -> None:
    with pytest.raises(KeyError, match="private, public, either"):
        town.connect(notify="carrier pigeon")


def test_pushes_that_cannot_be_believed_are_said(town: Town) -> None:
    assert "pushes" not in str(town.connector.check(now=town.clock.now).notes)
    assert "pushes" in str(town.connect(app_secret="").check(now=town.clock.now).notes)
