"""What X's connector can do besides: the City's own page, followers, pictures, answers, and links behind short ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scripted import serving
from x_place import Place, breaches, comments, open_place

from bot.domain.types import Attachment
from connectors.contract import HasFollowers, HasMedia, HasProfile, Notifies, Refused, Transient
from connectors.standin import faults
from connectors.standin.world import Person
from connectors.x import prices
from rules.match.link import _given

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def place() -> Iterator[Place]:
    with open_place() as place:
        yield place
        assert not breaches(place)


def test_the_optional_protocols_are_there(place: Place) -> None:
    connector = place.connector()
    assert all(isinstance(connector, protocol) for protocol in (HasProfile, HasFollowers, HasMedia, Notifies))


class TestProfile:
    def test_gives_the_addresses_behind_the_short_ones(self, place: Place) -> None:
        place.standin.profiles[place.city.id] = {
            "description": "Policy: https://t.co/abc",
            "url": "https://t.co/def",
            "profile_image_url": "https://pbs.twimg.com/profile_images/1/city_normal.jpg",
            "entities": {
                "url": {"urls": [link("https://t.co/def", "https://city.example.org")]},
                "description": {"urls": [link("https://t.co/abc", "https://city.example.org/social-media")]},
            },
        }
        profile = place.connector().profile(now=place.now)
        assert profile.links == ("https://city.example.org", "https://city.example.org/social-media")
        assert (profile.name, profile.handle, profile.text) == (
            "City of Example", "CityOfExample", "Policy: https://t.co/abc",
        )  # fmt: skip
        assert profile.picture == "https://pbs.twimg.com/profile_images/1/city_normal.jpg"
        assert profile.raw in place.server.log[-1].response.body

    def test_of_an_account_that_says_nothing_has_no_links(self, place: Place) -> None:
        profile = place.connector().profile(now=place.now)
        assert (profile.text, profile.links, profile.picture) == ("", (), None)


def link(short: str, long: str) -> dict[str, object]:
    return {"start": 0, "end": 23, "url": short, "expanded_url": long, "display_url": long}


class TestFollowers:
    @pytest.fixture(autouse=True)
    def _followed(self, place: Place) -> None:
        place.standin.followers[place.city.id] = [
            Person(id=str(n), name=f"N{n}", handle=f"n{n}") for n in range(1, 1501)
        ]
        place.standin.profiles[place.city.id] = {
            "public_metrics": {"followers_count": 1500, "following_count": 1, "post_count": 2, "listed_count": 0}
        }

    def test_are_counted_and_not_listed_since_each_costs(self, place: Place) -> None:
        found = place.connector().followers(now=place.now)
        assert (found.count, found.people) == (1500, ())
        assert "bills every follower" in found.why
        assert place.standin.ledger.mills == prices.USER

    def test_are_listed_if_the_credentials_say_so(self, place: Place) -> None:
        connector = place.connector({**place.standin.credentials(place.city), "list_followers": "yes"})
        found = connector.followers(now=place.now)
        assert [person.id for person in found.people] == [str(number) for number in range(1, 1501)]
        assert place.standin.ledger.mills == 1501 * prices.FOLLOWER == connector.bill.mills()


class TestMedia:
    def test_a_picture_is_fetched_without_credentials(self, place: Place) -> None:
        comment = place.comment(place.post(), "see")
        place.standin.shelf.picture(comment, b"\xff\xd8 a picture", alt="A street sign")
        (attachment,) = comments(place.poll())["see"].attachments
        assert (attachment.kind, attachment.alt) == ("photo", "A street sign")
        media = place.connector().media(attachment, now=place.now)
        assert (media.body, media.kind) == (b"\xff\xd8 a picture", "image/jpeg")
        assert "authorization" not in place.server.log[-1].request.headers

    @pytest.mark.parametrize(
        "url",
        [
            None,
            "",
            "https://example.org/a.jpg",
            "http://pbs.twimg.com/a.jpg",
            "https://pbs.twimg.com.example.org/a.jpg",
            "https://user@pbs.twimg.com/a.jpg",
            "https://pbs.twimg.com:8443/a.jpg",
            "file:///etc/passwd",
            "//pbs.twimg.com/a.jpg",
        ],
    )
    def test_nothing_is_fetched_from_elsewhere(self, place: Place, url: str | None) -> None:
        attachment = Attachment(id="3_1", kind="photo", url=url)
        with pytest.raises(Refused, match="own to fetch"):
            place.connector().media(attachment, now=place.now)
        assert place.server.log == []

    def test_what_is_gone_is_refused_and_what_fails_may_work_later(self, place: Place) -> None:
        attachment = Attachment(id="3_1", kind="photo", url="https://pbs.twimg.com/media/none.jpg")
        with pytest.raises(Refused, match="no more"):
            place.connector().media(attachment, now=place.now)
        connector = place.connector()
        with serving(lambda handler: handler.reply(b"", 500)) as server:
            connector._api._transport.api = server.url
            with pytest.raises(Transient):
                connector.media(attachment, now=place.now)

    def test_what_is_too_large_is_refused(self, place: Place) -> None:
        comment = place.comment(place.post(), "see")
        place.standin.shelf.picture(comment, bytes(9 * 1024 * 1024))
        (attachment,) = comments(place.poll())["see"].attachments
        with pytest.raises(Refused, match="larger"):
            place.connector().media(attachment, now=place.now)


class TestNotify:
    def test_answers_who_named_the_city(self, place: Place) -> None:
        comment = place.comment(place.post(), "@CityOfExample words")
        connector = place.connector()
        sent = connector.notify(place.ref(comment), "It was hidden; you can appeal.", now=place.now)
        answer = place.world.comments["x", sent]
        assert (answer.parent, answer.author, answer.text) == (
            comment, place.city.person, "It was hidden; you can appeal.",
        )  # fmt: skip
        connector.notify(place.ref(comment), "See https://city.example.org", now=place.now)
        assert place.standin.ledger.counts["answer"] == 2
        assert connector.bill.mills() == place.standin.ledger.mills
        assert connector.bill.mills() >= prices.ANSWER + prices.ANSWER_WITH_LINK

    def test_answers_who_quoted_the_city(self, place: Place) -> None:
        quote = place.standin.shelf.quote(place.post(), "look", Person(id="9", name="N", handle="n"))
        sent = place.connector().notify(place.ref(quote), "About your post", now=place.now)
        assert place.world.comments["x", sent].parent is quote

    def test_of_others_is_refused_without_asking(self, place: Place) -> None:
        comment = place.comment(place.post(), "words that name nobody")
        own = place.comment(comment.post, "@CityOfExample is us", author=place.city.person)
        for one in (comment, own):
            with pytest.raises(Refused, match="named the account"):
                place.connector().notify(place.ref(one), "text", now=place.now)
        assert place.asked("post") == 0

    def test_on_what_is_gone_is_refused(self, place: Place) -> None:
        comment = place.comment(place.post(), "@CityOfExample words")
        place.world.delete(comment, "author")
        with pytest.raises(Refused, match="not there"):
            place.connector().notify(place.ref(comment), "text", now=place.now)

    def test_after_a_lost_answer_says_that_it_is_not_known(self, place: Place) -> None:
        comment = place.comment(place.post(), "@CityOfExample words")
        place.server.faults.add(faults.ANSWER_LOST, verb="post")
        connector = place.connector()
        with pytest.raises(Transient):
            connector.notify(place.ref(comment), "text", now=place.now)
        assert connector.bill.mills() == place.standin.ledger.mills


class TestLinks:
    def test_behind_short_ones_come_in_the_order_of_the_text(self, place: Place) -> None:
        place.standin.shelf.shortens = True
        place.comment(place.post(), "first https://one.example.org/a then https://two.example.org/b?c=d, end")
        (found,) = comments(place.poll()).values()
        assert found.text.count("https://t.co/") == 2
        assert "example.org" not in found.text
        cards = [(card.kind, card.id, card.url) for card in found.attachments]
        shorts = [word.rstrip(",") for word in found.text.split() if "t.co" in word]
        assert cards == [
            ("link", shorts[0], "https://one.example.org/a"),
            ("link", shorts[1], "https://two.example.org/b?c=d,"),
        ]

    def test_are_what_rules_read_where_the_short_ones_stand(self, place: Place) -> None:
        """What `bot.verdicts` hands to the rules, and where they say that they found it."""
        place.standin.shelf.shortens = True
        place.comment(place.post(), "read https://first.example.org/a and https://second.example.com/b now")
        (found,) = comments(place.poll()).values()
        links = tuple(card.url or "" for card in found.attachments if card.kind == "link")
        given = list(_given(found.text, links))
        assert [one.places[0].host for one in given] == ["first.example.org", "second.example.com"]
        assert [found.text[one.start : one.end] for one in given] == [card.id for card in found.attachments]

    def test_in_long_texts_are_those_of_the_note(self, place: Place) -> None:
        place.standin.shelf.shortens = True
        place.comment(place.post(), "word " * 100 + "https://far.example.org/end")
        (found,) = comments(place.poll()).values()
        assert len(found.text) > 500
        assert [card.url for card in found.attachments] == ["https://far.example.org/end"]
