"""What authors and officers are told in Spanish: all that is said in English, and nothing in the wrong language."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from string import Formatter
from typing import TYPE_CHECKING

import pytest
from city import VIOLATION, City, for_review, the_rulebook
from looked_at import LOOKS, faults, in_look, keep
from served import console_settings

from archive import accounts, pauses, staff
from bot import author_notices, digest, digest_words, notice_words, review_link_words
from bot.domain.types import Role
from bot.review import person
from bot.settings import Appeals
from rules.model import Language

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path

    from playwright.sync_api import Browser

    from archive.capture import Camera
    from bot.domain.types import Category
    from bot.settings import Settings

SPANISH = "qué hay en esta calle, what the fuck, señor, para la gente de la ciudad"
BOTH_WORDS = {
    "notices": (notice_words.EN, notice_words.ES),
    "digest": (digest_words.EN, digest_words.ES),
    "links": (review_link_words.EN, review_link_words.ES),
}
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


# The e-mail digest ----------------------------------------------------------------------------------------------------


@pytest.fixture
def mail(tmp_path: Path, camera: Camera) -> EmailMessage:
    """A digest with something of everything, for somebody who asked for Spanish."""
    with City(tmp_path, camera, by_hand=True, console=console_settings(tmp_path)) as city:
        (pio,) = city.settings.pios
        city.settings = city.settings.model_copy(update={"pios": (pio.model_copy(update={"language": "es"}),)})
        now = city.clock()
        with city.parts.database.begin() as tx:
            told = {"password": None, "totp": None, "agent": person("admin"), "now": now}
            staff.add(tx, pio.email, name=pio.name, roles=[Role.PIO], accounts=[], **told)
            stopped = next(entry.account.key for entry in city.settings.accounts if entry.platform == "x")
            accounts.stop(tx, stopped, "Unauthorised: the token is gone", now)
            pauses.pause(tx, "clause:C5", person("Kim"), "in doubt", now + timedelta(days=2), now)
        city.write("facebook", f"{VIOLATION} " + "y así " * 80)
        city.write("instagram", "mi tarjeta es 4111 1111 1111 1111")
        city.write("youtube", for_review())
        city.poll()
        city.judge()
        city.secure()
        city.enforce()
        city.make_digests()
        found = [message_from_bytes(f.read_bytes(), policy=policy.default) for f in city.sink.folder.glob("*.eml")]
    (message,) = (one for one in found if "resumen n.º 1" in str(one["Subject"]))
    return message


def parts_of(message: EmailMessage) -> tuple[str, str]:
    plain, page = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert page is not None
    return plain.get_content(), page.get_content()


def test_a_digest_is_in_the_language_that_its_reader_asked_for(mail: EmailMessage) -> None:
    assert str(mail["Subject"]) == "City of Fountains: resumen n.º 1, 2 ocultados, 1 por decidir"
    assert str(mail["Content-Language"]) == "es"
    plain, page = parts_of(mail)
    assert '<html lang="es">' in page
    said = html.unescape(re.sub(r"<[^>]+>", "", page))
    for text in (plain, said):
        for phrase in digest_words.EN.values():
            if " " in phrase and "{" not in phrase:
                assert phrase not in text
        for phrase in (
            "está DETENIDA: Unauthorised",
            "1 comentario espera una decisión",
            "La actuación está en pausa en parte",
            "La pausa de",
            "termina el 22 nov 2026, 09:0",
            "por decidir",
            "City of Fountains en Facebook",
            "Una cuenta se detuvo",
            "caracteres más",
            "Ocultarlo",
            "Mostrarlo de nuevo",
            "La imagen no va en este correo",
            "no reenvíe este correo",
            "automatizada, leída por última vez el 20 nov 2026",
            "automatizada, AÚN SIN LEER",
        ):
            assert phrase.casefold() in " ".join(text.casefold().split()), phrase


def test_what_is_quoted_in_english_is_marked_as_english(mail: EmailMessage) -> None:
    _, page = parts_of(mail)
    assert re.search(r'<p [^>]*lang="en"[^>]*>C2, rule|<p lang="en"[^>]*>C2, rule', page)
    assert re.search(r'lang="en"[^>]*>Test of the whole line', page)


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_in_it(mail: EmailMessage, browser: Browser, look: str) -> None:
    page = browser.new_page(**LOOKS[look])
    page.set_content(parts_of(mail)[1])
    in_look(page, look)
    assert faults(page, looked_for=10) == []
    keep(page, f"digest-es-{look}")
    page.close()


def test_english_stays_what_is_said_unless_somebody_asks(city: City) -> None:
    with city.parts.database.begin() as tx:
        told = digest.fold(tx, city.settings, city.settings.pios[0], city.clock())
    assert told.words is digest_words.EN
    assert ' lang="en">' in told.as_html()
    assert told.as_html().count('lang="en"') == 1, "nothing else need be marked"
