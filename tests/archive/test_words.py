"""Text of any script is cut into the words by which it is found, each with its place."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from archive.words import LONGEST_TEXT, LONGEST_WORD, places, words

ANY = st.text(st.characters(exclude_categories=[]), max_size=40)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("Fix the STREET-light!", ["fix", "the", "street", "light"]),
        ("don't", ["don", "t"]),
        ("#FixIt2026 @city_hall", ["fixit2026", "city", "hall"]),
        ("Café Straße ＣＡＦＥ 𝓬𝓪𝓯𝓮", ["cafe", "strasse", "cafe", "cafe"]),
        ("Cafe\u0301", ["cafe"]),
        ("街道什么时候修？", ["街", "道", "什", "么", "时", "候", "修"]),
        ("ｶﾞｷﾞ が", [*"カ\u3099キ\u3099", *"か\u3099"]),
        ("ถนน", ["ถ", "น", "น"]),
        ("مَدِينَة مديـنة", ["مدينة", "مدينة"]),
        ("שָׁלוֹם", ["שלום"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("Ёлка ёлка елка", ["елка", "елка", "елка"]),
        ("👍🏽 👨‍👩‍👧 ❤️", ["👍", "👨", "👩", "👧", "❤"]),
        ("so🚧soon", ["so", "🚧", "soon"]),
        ("half\u00adway zero\u200bwidth", ["halfway", "zerowidth"]),
        ("€5 ½", ["€", "5", "1", "⁄", "2"]),
        ("nul\x00and\ud800half", ["nul", "and", "half"]),
        ('"AND" OR (NOT x) * :', ["and", "or", "not", "x"]),
    ],
)
def test_words(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_hangul_is_one_word_a_space_and_a_beginning_of_it_is_one_of_its_letters() -> None:
    (street,) = words("도로")
    (with_particle,) = words("도로가")
    assert with_particle.startswith(street)


@given(ANY)
@example("½a½ ¨ é̀x 👍🏽👍")
@example("\ud800")
def test_places_lead_to_the_words(text: str) -> None:
    found = places(text)
    assert [place.word for place in found] == words(text)
    for place in found:
        assert 0 <= place.start < place.end <= len(text)
        assert place.word in words(text[place.start : place.end])
    assert [place.start for place in found] == sorted(place.start for place in found)


@given(ANY)
def test_words_hold_nothing_that_a_query_language_could_read(text: str) -> None:
    for word in words(text):
        assert re.fullmatch(r"[a-z0-9]|[^\x00-\x7f]", re.sub(r"(?s).(?=.)", "", word)), ascii(word)
        assert not re.search(r"[\x00-\x2f\x3a-\x60\x7b-\x7f\ud800-\udfff]", word), ascii(word)
        assert len(word) <= LONGEST_WORD


@given(ANY)
def test_words_cut_again_are_the_same(text: str) -> None:
    assert words(" ".join(words(text))) == words(text)


def test_what_is_endless_is_cut_off() -> None:
    assert [len(word) for word in words("a" * 10_000)] == [LONGEST_WORD]
    many = words("街 " * 200_000)
    assert len(many) == LONGEST_TEXT // 4
    assert len(places("街 " * 200_000)) == len(many)
