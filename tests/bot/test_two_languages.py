"""What authors and officers are told in Spanish: all that is said in English, and nothing in the wrong language."""

from __future__ import annotations

from dataclasses import replace
from string import Formatter
from typing import TYPE_CHECKING

import pytest
from city import City, the_rulebook

from bot import author_notices, notice_words
from bot.settings import Appeals
from rules.model import Language

if TYPE_CHECKING:
    from bot.domain.types import Category
    from bot.settings import Settings

SPANISH = "qué hay en esta calle, what the fuck, señor, para la gente de la ciudad"
BOTH_WORDS = {"notices": (notice_words.EN, notice_words.ES)}
EVERY = tuple(the_rulebook().policy.categories.values())


def named(form: str) -> set[str]:
    """What is filled into a form."""
    return {name for _, name, _, _ in Formatter().parse(form) if name}


@pytest.mark.parametrize("which", BOTH_WORDS)
def test_both_languages_say_all_of_it(which: str) -> None:
    english, spanish = BOTH_WORDS[which]
    assert english.keys() == spanish.keys()
    for key, words in english.items():
        assert words != spanish[key], key
        assert named(words) == named(spanish[key]) - {"official"}, key


# Notices to authors ---------------------------------------------------------------------------------------------------


def test_the_policy_says_each_clause_in_spanish_too() -> None:
    for category in EVERY:
        assert category.es is not None
        assert category.es.title != category.title
        assert category.es.text != category.text
        assert category.es.notice != category.notice


@pytest.fixture
def settings(city: City) -> Settings:
    return city.settings.model_copy(update={"appeals": Appeals(address="intake@city.example")})


def notice(settings: Settings, category: Category, language: Language | None, most: int | None = None) -> str:
    return author_notices.words(settings, category, "CM-0123456789", most, language)


def test_each_language_is_told_alone_and_both_where_it_is_unsure(settings: Settings) -> None:
    for category in EVERY:
        assert category.es is not None
        english, spanish, both = (notice(settings, category, each) for each in (Language.EN, Language.ES, None))
        for text in (english, both):
            assert "your comment was hidden under" in text
            assert "To appeal, write to intake@city.example within 30 days and name case CM-0123456789." in text
            assert " ".join(category.notice.split()) in text
        for text in (spanish, both):
            assert "su comentario se ocultó en virtud de" in text
            assert "Para apelar, escriba a intake@city.example dentro de 30 días e indique el caso CM-0123" in text
            assert f"«{' '.join(category.es.text.split())}» (traducción de “" in text
            assert " ".join(category.es.notice.split()) in text
        for text in (english, spanish, both):
            assert f"“{' '.join(category.text.split())}”" in text, "the clause as the policy has it, always"
        assert "su comentario" not in english
        assert "your comment" not in spanish


@pytest.mark.parametrize("language", [Language.EN, Language.ES, None])
@pytest.mark.parametrize("most", [1_500, 280, 120, 40, 13])
def test_a_notice_fits_and_names_the_case(settings: Settings, language: Language | None, most: int) -> None:
    for category in EVERY:
        text = notice(settings, category, language, most)
        assert len(text) <= most
        assert "CM-0123456789" in text
        if most >= 280:
            assert ("comment was hidden" in text) is (language is not Language.ES)
            assert ("comentario se ocultó" in text) is (language is not Language.EN)


def test_a_policy_without_spanish_words_is_told_in_english(settings: Settings) -> None:
    alone = replace(EVERY[0], es=None)
    for language in (Language.ES, None):
        assert notice(settings, alone, language) == notice(settings, alone, Language.EN)


@pytest.mark.parametrize(
    ("comment", "english", "spanish"),
    [
        ("this is what you get for it, and the fuck with all of you", True, False),
        (SPANISH, False, True),
        ("fuck", True, True),
    ],
)
def test_an_author_is_told_in_the_language_they_wrote_in(
    city: City, comment: str, english: bool, spanish: bool
) -> None:
    accounts = tuple(one.model_copy(update={"notice": True}) for one in city.settings.accounts)
    city.parts = replace(city.parts, settings=city.settings.model_copy(update={"accounts": accounts}))
    city.write("facebook", comment)
    city.run()
    city.run()
    (text,) = city.standins.servers["facebook"].standin.private.values()
    assert ("your comment was hidden" in text) is english
    assert ("su comentario se ocultó" in text) is spanish
