"""Words that are somebody else's: in quotation marks, or told by one who was called them. Only a person clears them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.quotation import reported

WORD = "zyzzyva"  # stands for a word that a rule would act on


def is_reported(text: str) -> bool:
    assert text.count(WORD) == 1
    start = text.index(WORD)
    return reported(text, start, start + len(WORD))


@pytest.mark.parametrize(
    "text",
    [
        'The sign said "zyzzyva" in red.',
        "“zyzzyva” is no word for a clerk.",
        "„zyzzyva“, so it was.",
        "«zyzzyva» decía la pared.",
        "He wrote 'you are a zyzzyva' to us",
        "It's true that ‘zyzzyva’ isn’t nice.",
        'First line\n"second zyzzyva line"',
    ],
)
def test_words_in_quotation_marks(text: str) -> None:
    assert is_reported(text)


@pytest.mark.parametrize(
    "text",
    [
        'A 5" pipe, you zyzzyva, and a 6" pipe.',
        'You "clerks" are all zyzzyva "people".',
        'The quote "begins\nhere zyzzyva\nand ends" there.',
        "It's a zyzzyva, isn't it",
        "zyzzyva",
        '"zyzzyva',
        "You are a zyzzyva.",
        "I called the office and nobody answered. zyzzyva!",
        "I said what I said, zyzzyva",
        "zyzzyva, I tell you.",
        "Call the City and ask them, zyzzyva",
        "Please call me or text me, zyzzyva",
        "Son ustedes unos zyzzyva",
        "Te digo que eres un zyzzyva",
        "He called the office.\nzyzzyva",
    ],
)
def test_words_that_are_the_writers_own(text: str) -> None:
    assert not is_reported(text)


@pytest.mark.parametrize(
    "text",
    [
        "He called me a zyzzyva in front of my children.",
        "Somebody wrote zyzzyva on my wall",
        "They told my daughter to zyzzyva at the bus stop",
        "I got this message: zyzzyva, and worse",
        "The officer who came just said zyzzyva and left.",
        "My son was called a zyzzyva at school",
        "These kids call my mother zyzzyva",
        "Being called a zyzzyva by a neighbor is not fine.",
        "She keeps calling us zyzzyva every night",
        "zyzzyva is what he called me",
        "zyzzyva, they yelled from the car.",
        "zyzzyva was spray painted on the door of our church",
        "Kids on the streetcar screamed zyzzyva at an old woman",
        "Some guy texted zyzzyva to my wife",
        "Me dijo zyzzyva en la parada",
        "El chofer me llamó zyzzyva",
        "Alguien escribió zyzzyva en mi pared",
        "Recibí este mensaje: zyzzyva",
        "zyzzyva, me gritó desde el carro",
    ],
)
def test_words_that_are_told_of_others(text: str) -> None:
    assert is_reported(text)


@given(st.text(), st.integers(0, 60), st.integers(0, 60))
def test_anything_can_be_asked(text: str, start: int, length: int) -> None:
    assert reported(text, start, start + length) in {True, False}


def test_the_whole_comment_is_nobody_elses() -> None:
    for text in ('"All of it is quoted."', "He said that all of it is bad.", ""):
        assert not reported(text, 0, len(text))


@pytest.mark.parametrize(
    "text", ['"' * 20_000, "' a" * 7_000, "he my our her " * 3_000, "is was " * 5_000, "“" * 20_000]
)
def test_no_text_takes_long(text: str) -> None:
    began = time.process_time()
    reported(text, len(text) // 2, len(text) // 2 + 3)
    assert time.process_time() - began < 1
