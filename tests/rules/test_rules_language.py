"""The language guess is right where it dares to be, and only ever takes something away from a rule."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shipped import DATA, packs, rows

from rules.language import COMMON, fits, guess
from rules.model import Language
from rules.normal import Forms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EN, ES = Language.EN, Language.ES


def guessed(text: str) -> Language | None:
    return guess(Forms(text).plain)


@pytest.mark.parametrize(
    "text",
    [
        "When will you fix the street in front of our school?",
        "This is the third time I call about my trash.",
        "Los Angeles and Las Vegas have better buses than we do, and that is a shame.",
        "what the heck is wrong with this street",
    ],
)
def test_english(text: str) -> None:
    assert guessed(text) is EN


@pytest.mark.parametrize(
    "text",
    [
        "¿Cuándo van a arreglar la calle de la escuela?",
        "Ya es la tercera vez que llamo por la basura",
        "Muchas gracias por todo lo que hacen, son lo mejor de la ciudad",
        "el agua sale cafe en mi casa y nadie hace nada",
    ],
)
def test_spanish(text: str) -> None:
    assert guessed(text) is ES


@pytest.mark.parametrize(
    "text",
    [
        "",
        "👍👍",
        "Kansas City",
        "Los Angeles",
        "Amen",
        "Muito obrigado, você não sabe como isso é importante para todas as crianças",
        "Je suis très content de vous avoir dans notre ville et pour les enfants",
        "Das ist nicht die Straße, die ich meine",
        "街上的灯坏了",
        "Fix the calle por favor, it is muy mala and la gente se cae",
    ],
)
def test_nobody_can_tell(text: str) -> None:
    assert guessed(text) is None


def test_no_common_word_is_common_to_both() -> None:
    assert not COMMON[EN] & COMMON[ES]


def test_a_rule_without_languages_reads_them_all() -> None:
    assert fits((), "whatever it is") is True


def test_a_rule_counts_in_its_languages_is_asked_about_where_nobody_can_tell_and_rests_in_others() -> None:
    spanish, english = "la gente de la calle", "the people in the street"
    assert fits((ES,), spanish) is True
    assert fits((ES,), english) is False
    assert fits((ES,), "hmm") is None
    assert fits((ES, EN), english) is True


@given(st.text())
def test_anything_can_be_guessed_at(text: str) -> None:
    assert guessed(text) in {EN, ES, None}


def spoken() -> Iterator[tuple[Language, str]]:
    """Examples of the shipped packs whose language their rule says, and this file's long comments."""
    for pack in packs():
        for rule in pack.rules:
            if len(rule.languages) == 1:
                yield from ((rule.languages[0], text) for text in rule.examples.match if isinstance(text, str))


def test_no_example_of_a_rule_is_taken_for_another_language_than_its_rule_reads() -> None:
    assert [text for language, text in spoken() if fits((language,), Forms(text).plain) is False] == []


@pytest.mark.skipif(not DATA.is_dir(), reason="the development data is not part of the project")
def test_english_comments_are_hardly_ever_taken_for_spanish() -> None:
    texts = [row["text"] for name in ("civil_comments_spans", "polis_civic") for row in rows(name)]
    guesses = [guessed(text) for text in texts]
    assert guesses.count(ES) <= len(texts) / 1000
    assert guesses.count(EN) >= 0.7 * len(texts)


def test_a_guess_costs_little_beside_folding() -> None:
    text = "The street in front of my house is full of holes and nobody comes to mend it. " * 2
    plain = Forms(text).plain

    def seconds(work: Callable[[], object]) -> float:
        began = time.thread_time()
        for _ in range(2000):
            work()
        return time.thread_time() - began

    guessing = min(seconds(lambda: guess(plain)) for _ in range(3))
    assert guessing < min(seconds(lambda: Forms(text)) for _ in range(3))
