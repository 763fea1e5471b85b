"""Accounts that are called like the City's: told to its officers with where they were seen, and nothing is done."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

import pytest
from city import HARMLESS, VIOLATION, City
from hypothesis import given
from hypothesis import strategies as st

from bot import abuse, digest
from bot.domain.states import State
from bot.promises import ref_of
from bot.unregistered import skeleton
from connectors.standin.world import Person

if TYPE_CHECKING:
    from connectors.standin.world import WorldComment

LIKE_US = (
    "City of Fountains",
    "CITY OF FOUNTAINS",
    "Сity оf Fountаins",  # Cyrillic letters
    "C1ty 0f Fountains",
    "City of Fountians",
    "City of Fountains Official",
    "The Real City of Fountains",
    "cityoffountains_support",
    "CityOfFountains1",
    "Ｃｉｔｙ of Fountains",  # wide letters
    "K.C.M.O",
    "KCM0",
)
NOT_LIKE_US = (
    "Pat Resident",
    "Fountains Fan Club",
    "City of Roses",
    "City of Fontaine",
    "I love the City of Fountains",
    "City of Fountains Parents Against Potholes",
    "Citizens of Fountains",
    "Fountain",
    "KCMO Foodies",
    "KC",
    "Official",
    "",
)


def calling_itself(city: City, name: str, platform: str = "facebook", text: str = HARMLESS) -> WorldComment:
    id_ = str(7_100_000_000 + crc32(name.encode()))
    city.resident[platform] = Person(
        id=f"UC{id_:0>22}" if platform == "youtube" else id_, name=name, handle="".join(filter(str.isalnum, name))
    )
    return city.write(platform, f"{text} {id_}")


def read(city: City) -> None:
    """Take in what was written and do all about it, but for making digests."""
    city.up_to_secured()
    city.enforce()


def told(city: City, **settings: object) -> list[str]:
    changed = city.settings.model_copy(
        update={"city": city.settings.city.model_copy(update={"known_as": ("KCMO",)} | settings)}
    )
    with city.parts.database.begin() as tx:
        return list(digest.fold(tx, changed, changed.pios[0], city.clock()).unregistered)


def test_who_is_called_like_the_city_is_told_with_where_they_were_seen(city: City) -> None:
    wrote = {name: calling_itself(city, name) for name in LIKE_US}
    for name in filter(None, NOT_LIKE_US):
        calling_itself(city, name)
    read(city)
    said = told(city)
    assert len(said) == len(LIKE_US)
    for line, (name, comment) in zip(said, wrote.items(), strict=True):
        assert (
            f"“{name}” on Facebook is called like “{'KCMO' if name.startswith('K') else 'City of Fountains'}”" in line
        )
        assert "; seen Nov 20, 2026, " in line
        assert comment.id.rpartition("_")[2] in line
    assert [city.state(comment) for comment in wrote.values()] == [State.CLEARED] * len(wrote)
    assert city.world.effects == [], "nothing is done about what they write"


def test_the_citys_own_accounts_are_none_of_them(city: City) -> None:
    city.world.add_post(city.accounts["facebook"], "The council meets again.")
    city.resident["facebook"] = Person(id=city.accounts["facebook"].id, name="City of Fountains", handle="x")
    city.write("facebook", "Thank you all.")
    read(city)
    assert told(city) == []


def test_one_account_is_told_once_and_again_only_when_it_writes_again(city: City) -> None:
    calling_itself(city, LIKE_US[0])
    city.write("facebook", "And more.")
    read(city)
    assert len(told(city)) == 1
    city.make_digests()
    assert told(city) == []
    city.write("facebook", "And again.")
    read(city)
    assert len(told(city)) == 1


def test_its_words_are_judged_as_everybodys_are(city: City) -> None:
    bad = calling_itself(city, LIKE_US[0], text=VIOLATION)
    read(city)
    assert city.state(bad) is State.ENFORCED
    assert len(told(city)) == 1


def test_the_name_of_a_withheld_comments_author_is_not_mailed(city: City) -> None:
    comment = calling_itself(city, LIKE_US[0])
    read(city)
    assert len(told(city)) == 1
    with city.parts.database.begin() as tx:
        abuse.suspect(tx, city.settings, ref_of(comment), who="kim@city.example", why="x", now=city.clock())
    assert told(city) == []


def test_both_forms_of_the_digest_say_what_to_do(city: City) -> None:
    calling_itself(city, LIKE_US[0])
    read(city)
    with city.parts.database.begin() as tx:
        said = digest.fold(tx, city.settings, city.settings.pios[0], city.clock())
    for text in (said.as_text(), said.as_html()):
        assert "report it to the platform" in text
        assert "is called like" in text


@pytest.mark.parametrize("name", NOT_LIKE_US)
def test_a_name_of_somebody_else_stays_theirs(name: str) -> None:
    assert skeleton(name) not in {skeleton("City of Fountains"), skeleton("KCMO")}


@given(st.text(max_size=60))
def test_every_name_has_a_form_of_plain_letters(name: str) -> None:
    assert skeleton(name).isascii()
    if name.isascii():
        assert skeleton(name.upper()) == skeleton(name.lower())
