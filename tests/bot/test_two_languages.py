"""What authors and officers are told in Spanish: all that is said in English, and nothing in the wrong language."""

from __future__ import annotations

import html
import re
from dataclasses import asdict, replace
from datetime import timedelta
from email import message_from_bytes, policy
from html.parser import HTMLParser
from string import Formatter
from typing import TYPE_CHECKING

import pytest
from city import VIOLATION, City, for_review, the_rulebook
from looked_at import LOOKS, faults, in_look, keep
from served import console_settings

from archive import accounts, holds, ledger, orders, pauses, spending, staff, witnesses
from archive.registry import Plan
from archive.requests import open_request
from archive.spending import Cost
from bot import (
    alarm_words,
    appeals,
    author_notices,
    canary,
    consistency,
    digest,
    digest_words,
    evidence_words,
    notice_words,
    pausing,
    registry,
    review_link_words,
    troubles,
)
from bot.consistency import NotAlike
from bot.domain.types import Role
from bot.promises import ref_of
from bot.review import person, uphold
from bot.settings import AccountSettings, Appeals, Authority, Canary, Timestamps
from rules.advice import Advice
from rules.model import Language

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path

    from playwright.sync_api import Browser

    from archive.capture import Camera
    from archive.ledger import Entry
    from bot.domain.types import Category
    from bot.settings import Settings

SPANISH = "qué hay en esta calle, what the fuck, señor, para la gente de la ciudad"
BOTH_WORDS = {
    "notices": (notice_words.EN, notice_words.ES),
    "digest": (digest_words.EN, digest_words.ES),
    "evidence": (evidence_words.EN, evidence_words.ES),
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
        assert named(spanish[key]) - named(words) <= {"official"}, key
        assert named(words) - named(spanish[key]) <= {"kind"}, key


def test_both_languages_say_all_of_every_alarm() -> None:
    assert alarm_words.EN.keys() == alarm_words.ES.keys()
    for what, english in alarm_words.EN.items():
        spanish = alarm_words.ES[what]
        assert len(english) == len(spanish), what
        for one, other in zip(english, spanish, strict=True):
            assert named(one) == named(other), what
            assert one != other or one in ("{waiting}", "{problems}", "{why}.", "{spent}."), what


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


def everything(city: City, settings: Settings) -> None:
    """Let something happen of every kind that a digest tells of. What people say, they say in Spanish."""
    now, key = city.clock(), settings.accounts[0].account.key
    kim, refs = person("Kim"), [line.ref for line in lines_of(city, "case.enforced") if line.ref]
    fact = {"account": key, "why": "the server said no"}
    alike = NotAlike(text="lo mismo", ref=str(refs[0]), hidden=1, left=2, other=str(refs[0]), why="no rule matched")
    site = {"platform": "youtube", "name": "KC Agua", "department": "Agua", "purpose": "averías"}
    asked = {"who": "Pat", "contact": "pat@city.example", "wanted": "todo", "received_at": now, "due_at": now}
    with city.parts.database.begin() as tx:
        for kind in sorted(digest.TROUBLE - {author_notices.BEGUN, "trouble.began", "trouble.over"}):
            ledger.append(tx, kind=kind, agent=ledger.DAEMON, at=now, detail=fact)
        since, until = ((now - timedelta(hours=hours)).isoformat() for hours in (2, 1))
        gap = {**fact, "since": since, "until": until}
        ledger.append(tx, kind="gap.recorded", agent=ledger.DAEMON, at=now, detail=gap)
        ledger.append(
            tx, kind="archive.failed", agent=ledger.DAEMON, at=now, detail={**fact, "problems": 2, "since": None}
        )
        found = consistency.as_record([alike, replace(alike, rules=("c3-slur",))])
        ledger.append(tx, kind=consistency.REPORTED, agent=ledger.DAEMON, at=now, detail={"found": found})
        canary.record(tx, settings, canary.Outcome({"recorded": 1.0}, "it hung"), agent=ledger.DAEMON, now=now)
        for ago in (0, 31):
            spending.book(tx, key, Cost(calls=1_234, units=56, mills=9_000), now - timedelta(days=ago))
        open_request(tx, year=2026, agent=kim, now=now, **asked)
        holds.add(tx, holds.Scope(account=key), matter="26-1", why="pleito", agent=kim, now=now)
        registry.ask(tx, settings, plan=Plan.of("plan.pdf", b"%PDF-1.7"), who="lee@city.example", now=now, **site)
        witnesses.failed(tx, "https://stamps.example", "connection refused", now)
        pauses.pause(tx, key, kim, "una duda", None, now)
        for ref in refs[:2]:
            order = orders.latest(tx, ref)
            assert order is not None
            told = {"who": "Pat", "says": "no es así", "source": "letter", "agent": kim, "now": now}
            appeal = appeals.open_(tx, settings, order, **told)
        appeals.decide(tx, appeal, overturn=True, who="Lee", why="tiene razón", now=now)
        troubles.watch(tx, settings, now)
    with city.parts.database.begin() as tx:
        advice = [
            Advice(code, words, "c3-slur")
            for code, words in (("campaign", ("Vota",)), ("C3", ("eso",)), ("link", ("a.gov", "b.gov")))
        ]
        told = {"codes": ["x"], "url": "https://example.com/1", "says": []}
        told["advice"] = [
            asdict(one) | {"words": list(one.words)} for one in (*advice, Advice("credit"), Advice("alternative"))
        ]
        ledger.append(tx, kind="post.advised", ref=refs[0], agent=ledger.DAEMON, at=now, detail=told)


def lines_of(city: City, kind: str) -> list[Entry]:
    with city.parts.database.read() as tx:
        return list(ledger.entries(tx, kinds=(kind,)))


@pytest.fixture
def mail(tmp_path: Path, camera: Camera, monkeypatch: pytest.MonkeyPatch) -> EmailMessage:
    """A digest with something of everything, for somebody who asked for Spanish."""
    monkeypatch.setattr(troubles, "LEAST_FREE_BYTES", 1 << 60)
    with City(tmp_path, camera, by_hand=True, console=console_settings(tmp_path)) as city:
        (pio,) = city.settings.pios
        pins = AccountSettings(platform="pinterest", id="fuentes", name="City of Fountains")
        stamps = Timestamps(authorities=(Authority(url="https://stamps.example", certificate=tmp_path / "x.pem"),))
        city.settings = city.settings.model_copy(
            update={
                "pios": (pio.model_copy(update={"language": "es"}),),
                "accounts": (*city.settings.accounts, pins),
                "dollars_a_month": 9.5,
                "canary": Canary(),
                "timestamps": stamps,
            }
        )
        now = city.clock()
        with city.parts.database.begin() as tx:
            told = {"password": None, "totp": None, "agent": person("admin"), "now": now}
            staff.add(tx, pio.email, name=pio.name, roles=[Role.PIO], accounts=[], **told)
            stopped = next(entry.account.key for entry in city.settings.accounts if entry.platform == "x")
            accounts.stop(tx, stopped, "Unauthorised: the token is gone", now)
            pauses.pause(tx, "clause:C5", person("Kim"), "por si acaso", now + timedelta(days=2), now)
        city.write("facebook", f"{VIOLATION} " + "y así " * 80)
        city.write("instagram", "mi tarjeta es 4111 1111 1111 1111")
        city.write("youtube", for_review())
        city.poll()
        city.judge()
        city.secure()
        city.enforce()
        city.write("nextdoor")
        city.poll()
        city.judge()
        everything(city, city.settings)
        city.make_digests()
        found = [message_from_bytes(f.read_bytes(), policy=policy.default) for f in city.sink.folder.glob("*.eml")]
    (message,) = (one for one in found if "resumen n.º 1" in str(one["Subject"]))
    return message


class Unmarked(HTMLParser):
    """What a page says in its own language: without what is marked as English, and without commands and quotations."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._inside: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if known.get("lang") != "en":
            self.said.append(known.get("alt") or "")
        if tag not in ("img", "meta", "br", "link"):
            left_out = tag in ("code", "blockquote", "style") or known.get("lang") == "en"
            self._inside.append(left_out or (bool(self._inside) and self._inside[-1]))

    def handle_endtag(self, _tag: str) -> None:
        self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not (self._inside and self._inside[-1]):
            self.said.append(data)


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
            if " " in phrase.strip() and "{" not in phrase:
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


ENGLISH = re.compile(
    r"\b(?:the|of|is|was|are|and|by|at|not|this|that|have|been|with|for|from|since|until|who|which|it|its|rule|comment"
    r"|hidden|nothing|person|decides|failed|never|waits|due|look|problem|reason|server|said|pause|spent|missing)\b",
    re.IGNORECASE,
)
NAMES = re.compile(
    r"«[^»]*»|City of Fountains|Public Information Officer|citymod \w+|--reason|(?:https?:|(?<!\w))/\S+|AR 1-27"
    r"|(?:c\d|look|by):?-?[a-z-]*:\S+"
)
"""What is quoted from a comment, and what is called so in any language."""


def test_no_english_is_left_unmarked_in_a_digest_of_everything(mail: EmailMessage) -> None:
    _, page = parts_of(mail)
    reader = Unmarked()
    reader.feed(page)
    left = {line: found[0] for line in reader.said if (found := ENGLISH.search(NAMES.sub("", line)))}
    assert left == {}


def test_what_is_marked_as_english_is_english(mail: EmailMessage) -> None:
    _, page = parts_of(mail)
    quoted = {html.unescape(one) for one in re.findall(r'<span lang="en">([^<]*)</span>', page)}
    assert "Unauthorised: the token is gone" in quoted
    assert "the server said no" in quoted
    assert not [one for one in quoted if re.search(r"[áéíóúñ¿¡«»]|\b(?:la|el|una|por|desde)\b", one)]


def test_a_rule_says_why_in_the_readers_language(mail: EmailMessage) -> None:
    for text in parts_of(mail):
        said = " ".join(html.unescape(re.sub(r"<[^>]+>", "", text)).split())
        assert "(El comentario contiene una palabra de la lista cerrada de obscenidades de la Ciudad.)" in said
        assert "[número omitido]" in said


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


# Alarms, and what the Social Media Manager gets -----------------------------------------------------------------------


@pytest.fixture
def to_staff(tmp_path: Path, camera: Camera, monkeypatch: pytest.MonkeyPatch) -> dict[str, EmailMessage]:
    """What on-call staff and the Social Media Manager get where the settings say Spanish, by subject."""
    monkeypatch.setattr(troubles, "LEAST_FREE_BYTES", 1 << 60)
    with City(tmp_path, camera, console=console_settings(tmp_path)) as city:
        city.settings = in_spanish(city.settings)
        city.parts = replace(city.parts, settings=city.settings)
        city.write("facebook", f"{VIOLATION} 4111 1111 1111 1111")
        raised = city.write("youtube", "qué calle tan sucia")
        city.poll()
        city.judge()
        with city.parts.database.begin() as tx:
            told = {"who": "Kim", "why": "insulta", "now": city.clock(), "counsel": "Ana"}
            uphold(tx, ref_of(raised), category=city.parts.rulebook.policy.categories["C8"], **told)
            troubles.watch(tx, city.settings, city.clock())
            pauses.pause(tx, "*", person("Kim"), "una tormenta", city.clock() + timedelta(minutes=9), city.clock())
        for _ in range(3):  # it begins, is about to end, has ended
            pausing.Watch(city.parts, city.clock).look()
            city.clock.move(minutes=6)
        city.secure()
        city.clock.move(days=7)
        consistency.report_due(city.parts, city.clock())
        city.deliver()
        found = [message_from_bytes(f.read_bytes(), policy=policy.default) for f in city.sink.folder.glob("*.eml")]
    return {str(message["Subject"]): message for message in found}


def in_spanish(settings: Settings) -> Settings:
    return settings.model_copy(update={"mail": settings.mail.model_copy(update={"language": "es"})})


def test_alarms_are_in_the_language_of_the_settings(to_staff: dict[str, EmailMessage]) -> None:
    disk = to_staff["citymod: el disco está casi lleno"]
    assert str(disk["Content-Language"]) == "es"
    assert "City of Fountains: el disco está casi lleno." in disk.get_content()
    assert "Haga espacio." in disk.get_content()
    assert "Pausar toda actuación enseguida" in disk.get_content()
    for subject, message in to_staff.items():
        if subject.startswith("citymod:"):
            assert not ENGLISH.search(NAMES.sub("", f"{subject} {message.get_content()}"))


def test_evidence_is_mailed_in_the_language_of_the_settings(to_staff: dict[str, EmailMessage]) -> None:
    mails = [message for subject, message in to_staff.items() if subject.startswith("Pruebas: comentario en")]
    assert len(mails) == 2
    for message in mails:
        assert str(message["Content-Language"]) == "es"
        plain, page = parts_of(message)
        assert "PRUEBAS PARA SU ARCHIVO" in plain
        assert '<html lang="es">' in page
        reader = Unmarked()
        reader.feed(page)
        left = {line: found[0] for line in reader.said if (found := ENGLISH.search(NAMES.sub("", line)))}
        assert left == {}
    assert any("Lo determinó Kim, con Ana por la Fiscalía de la Ciudad: insulta" in parts_of(one)[1] for one in mails)
    assert any("[número omitido]" in parts_of(one)[0] for one in mails)
