"""The City's own posts: its people are advised, at once on campaign words, and nothing is ever done about a post."""

from __future__ import annotations

from email import message_from_bytes, policy
from typing import TYPE_CHECKING

from builders import later

from archive import ledger
from bot.advising import ADVISED, lines
from bot.digest_words import IN

if TYPE_CHECKING:
    from city import City

    from archive.stored import Json


def mails(city: City, about: str) -> list[str]:
    city.deliver()
    files = sorted(city.sink.folder.glob("*.eml"))
    found = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]
    return [message.get_body(("plain",)).get_content() for message in found if about in str(message["Subject"])]  # type: ignore[union-attr]


def advised(city: City) -> list[list[str]]:
    with city.parts.database.read() as tx:
        return [line.detail["codes"] for line in ledger.entries(tx, kinds=(ADVISED,))]


def test_campaign_words_are_told_at_once_and_once_and_the_rest_in_the_digest(city: City) -> None:
    account = city.accounts["youtube"]
    city.world.add_post(account, "Vote yes on Question 1 this fucking April")
    city.run()
    city.run()
    (told,) = mails(city, "A City post may campaign")
    assert "Vote yes" in told
    assert "RSMo 115.646" in told
    assert [codes for codes in advised(city) if "campaign" in codes] == [["campaign", "C2"]]
    city.make_digests()
    (digest, *_) = [text for text in mails(city, "digest no.") if "ADVICE ON THE CITY'S OWN POSTS" in text]
    assert "meets rule c2-obscenity of C2, which City posts must not have" in digest
    assert city.world.effects == [], "nothing is done about it"
    assert city.broken_promises() == []


def test_a_line_of_an_earlier_version_is_told_as_it_was_written(city: City) -> None:
    """It holds sentences alone, so a digest has them in English whatever its language is."""
    city.world.add_post(city.accounts["youtube"], "The fountains are on")
    city.run()
    with city.parts.database.begin() as tx:
        detail: dict[str, Json] = {
            "codes": ["link"],
            "says": ["it has no link to kcmo.gov"],
            "url": "https://v.example/1",
        }
        ledger.append(tx, kind=ADVISED, agent=ledger.DAEMON, at=city.clock(), detail=detail)
    with city.parts.database.read() as tx:
        (*_, line) = ledger.entries(tx, kinds=(ADVISED,))
    assert list(lines(line, IN["es"])) == ["En https://v.example/1: it has no link to kcmo.gov"]
    city.make_digests()
    assert any("it has no link to kcmo.gov" in text for text in mails(city, "digest no."))


def test_history_is_not_advised_on(city: City) -> None:
    city.clock.move(days=30)
    city.run()
    city.world.add_post(city.accounts["x"], "Vote no on 3", at=later(-86400 * 20, city.clock()))
    city.run()
    assert advised(city) == []
