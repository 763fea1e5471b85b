"""What is withheld is in no copy in any spelling: composed or not, wide, invisible, escaped, encoded, look-alike."""

from __future__ import annotations

import html
import json
import unicodedata
from base64 import b64decode, b64encode, urlsafe_b64encode
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import pytest
from builders import NOON, a_batch, a_comment, an_account
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from archive import accounts, records
from archive.database import Database
from archive.requests import Withheld
from bot.redaction import Blotter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SECRETS = (
    "816-555-0143",
    "4111 1111 1111 1111",
    "Zoë Müller-Weiß",
    "1234 Oak Street, Apt. 5",
    "王小明",
    "أحمد منصور",
    "Ολυμπία Παππά",
    "राम प्रसाद",
)
BEFORE, AFTER = "I know that ", " is who did it."
WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)} | {0x20: 0x3000}
BOLD = {ord("0") + n: 0x1D7CE + n for n in range(10)} | {ord("a") + n: 0x1D41A + n for n in range(26)}
ELSEWHERE = {ord("0") + n: 0x0660 + n for n in range(10)}
TYPESET = {ord("-"): 0x2011, ord(" "): 0xA0, ord("."): 0x2024}
ALIKE = str.maketrans("aeopcy", "аеорсу")
UNSEEN = "\u200b\u200d\u2060\ufeff\u00ad\u034f\u202e\u180e\u3164\ufe0f\U000e0041"

REWRITTEN: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "composed": lambda text: unicodedata.normalize("NFC", text),
    "taken apart": lambda text: unicodedata.normalize("NFD", text),
    "compatible": lambda text: unicodedata.normalize("NFKD", text),
    "capitals": str.upper,
    "small": str.lower,
    "swapped": str.swapcase,
    "wide": lambda text: text.translate(WIDE),
    "bold": lambda text: text.translate(BOLD),
    "figures of another script": lambda text: text.translate(ELSEWHERE),
    "typeset": lambda text: text.translate(TYPESET),
    "letters that look alike": lambda text: text.translate(ALIKE),
    "no accents": lambda text: "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c)),
    "run together": lambda text: text.replace("-", "").replace(" ", "").replace(",", "").replace(".", ""),
    "dotted": lambda text: text.replace("-", ".").replace(" ", " . "),
    "in brackets": lambda text: f"{text[:3]}) {text[3:]}" if text[:3].isdecimal() else text,
    "unseen signs within": lambda text: (
        "".join(f"{c}{UNSEEN[n % len(UNSEEN)]}" for n, c in enumerate(text[:-1])) + text[-1]
    ),
}


def in_units(text: str) -> str:
    """Each UTF-16 unit as JSON escapes it: what lies beyond 65,535 takes two (RFC 8259, 7)."""
    units = text.encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def by_character(form: str) -> Callable[[str], str]:
    return lambda text: "".join(form.format(ord(char)) for char in text)


def named(text: str) -> str:
    return "".join(f"&{html.entities.codepoint2name.get(ord(c), f'#{ord(c)}')};" for c in text)


ESCAPED: dict[str, tuple[Callable[[str], str], Callable[[str], str]]] = {
    "as it is": (str, str),
    "JSON": (lambda text: json.dumps(text)[1:-1], lambda text: str(json.loads(f'"{text}"'))),
    "JSON in full": (in_units, lambda text: str(json.loads(f'"{text}"'))),
    "HTML": (html.escape, html.unescape),
    "HTML by number": (by_character("&#{};"), html.unescape),
    "HTML in hexadecimal": (by_character("&#X{:x};"), html.unescape),
    "HTML by name": (named, html.unescape),
    "address": (lambda text: quote(text, safe=""), unquote),
    "address in full": (lambda text: "".join(f"%{byte:02x}" for byte in text.encode()), unquote),
    "form": (lambda text: quote(text, safe=" ").replace(" ", "+"), lambda text: unquote(text.replace("+", " "))),
    "base64": (lambda text: b64encode(text.encode()).decode(), lambda text: b64decode(text).decode()),
    "base64 in addresses": (
        lambda text: urlsafe_b64encode(text.encode()).decode().rstrip("="),
        lambda text: b64decode(text.replace("-", "+").replace("_", "/") + "==").decode(),
    ),
}


@pytest.fixture(scope="module")
def blotters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Blotter]]:
    """For each secret what withholds it: a place in a comment on record that has it."""
    with Database.open(f"sqlite:///{tmp_path_factory.mktemp('record')}/citymod.db") as db:
        said = [a_comment(f"c{number}", text=f"Call {secret} now") for number, secret in enumerate(SECRETS)]
        with db.begin() as tx:
            accounts.register(tx, an_account(), NOON)
            records.observe(tx, a_batch(*said), account=an_account(), now=NOON)
        with db.read() as tx:
            yield {
                secret: Blotter.of(tx, [a_place(str(one.ref), one.revision, 5, 5 + len(secret))])
                for secret, one in zip(SECRETS, said, strict=True)
            }


def a_place(comment: str, revision: str, start: int, end: int) -> Withheld:
    authority, why = "RSMo 610.021", "private"
    span = {"start": start, "end": end}
    return Withheld(number=1, comment=comment, field="text", authority=authority, why=why, revision=revision, **span)


secrets = st.sampled_from(SECRETS)
rewritten = st.lists(st.sampled_from(sorted(REWRITTEN)), max_size=3)
escaped = st.lists(st.sampled_from(sorted(ESCAPED)), max_size=2)


def spelt(secret: str, ways: list[str]) -> str:
    for way in ways:
        secret = REWRITTEN[way](secret)
    return secret


@given(secrets, rewritten)
def test_withheld_words_go_in_every_spelling_and_nothing_else_goes(
    blotters: dict[str, Blotter], secret: str, ways: list[str]
) -> None:
    assert blotters[secret].text(f"{BEFORE}{spelt(secret, ways)}{AFTER}") == f"{BEFORE}[WITHHELD 1]{AFTER}"


@given(secrets, rewritten, escaped)
@example(secret="816-555-0143", ways=[], forms=["JSON in full", "address"])
@example(secret="王小明", ways=[], forms=["base64"])
def test_withheld_words_go_however_they_are_escaped(
    blotters: dict[str, Blotter], secret: str, ways: list[str], forms: list[str]
) -> None:
    words = spelt(secret, ways)
    written = f"{BEFORE}{words}{AFTER}"
    for form in forms:
        written = ESCAPED[form][0](written)
    told = blotters[secret].text(f"see {written}")
    assert "[WITHHELD 1]" in told
    assert written not in told
    for form in reversed(forms):
        if "base64" in form:
            return  # the whole of it went
        told = ESCAPED[form][1](told)
    assert words not in told


@given(secrets, rewritten, escaped, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]))
def test_files_with_withheld_words_are_found(
    blotters: dict[str, Blotter], secret: str, ways: list[str], forms: list[str], code: str
) -> None:
    written = f"{BEFORE}{spelt(secret, ways)}{AFTER}"
    for form in forms:
        written = ESCAPED[form][0](written)
    assert blotters[secret].in_bytes(f'{{"id": "x1", "text": "{written}"}}'.encode(code))


@given(st.text(st.characters(codec="utf-8", exclude_characters="0123456789"), max_size=60))
def test_what_has_not_the_words_stays_to_the_letter(blotters: dict[str, Blotter], text: str) -> None:
    if not any(char.isdecimal() for char in unicodedata.normalize("NFKC", text)):
        assert blotters["816-555-0143"].text(text) == text


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        ("王小明", "王小姐明天来"),
        ("816-555-0143", "In 816 cases 555 people waited, says page 0143"),
        ("राम प्रसाद", "रमा परसद"),
        ("1234 Oak Street, Apt. 5", "Oak Street, apt to flood"),
        ("Zoë Müller-Weiß", "Zoë and Müller were there, Weiß was not"),
    ],
)
def test_words_that_are_only_near_stay(blotters: dict[str, Blotter], secret: str, text: str) -> None:
    assert blotters[secret].text(text) == text


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
@pytest.mark.parametrize("secret", ["816-555-0143", "Zoë Müller-Weiß"])
def test_pictures_that_say_withheld_words_in_their_data_are_found(
    blotters: dict[str, Blotter], kind: str, secret: str
) -> None:
    plain, telling = BytesIO(), BytesIO()
    picture = Image.effect_noise((320, 240), 80).convert("RGB")
    picture.save(plain, kind)
    told = f"taken for {secret}"
    exif, notes = Image.Exif(), PngInfo()
    exif[0x9C9B] = told.encode("utf-16-le")  # XPTitle
    notes.add_text("Comment", told, zip=True)
    notes.add_itxt("Title", told, zip=True)
    picture.save(telling, kind, **{"PNG": {"pnginfo": notes}, "GIF": {"comment": told}}.get(kind, {"exif": exif}))
    assert blotters[secret].in_bytes(telling.getvalue())
    assert not blotters[secret].in_bytes(plain.getvalue())


def test_mails_that_say_withheld_words_are_found(blotters: dict[str, Blotter]) -> None:
    blotter = blotters["Zoë Müller-Weiß"]
    assert blotter.in_bytes(
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\nHi Zo=C3=AB M=C3=BCller-=\r\nWei=C3=9F"
    )
    assert blotter.in_bytes(b"Subject: =?utf-8?q?Zo=C3=AB_M=C3=BCller-?=\r\n =?utf-8?b?V2Vpw58=?=\r\n\r\nHi")
    assert blotter.in_bytes("Subject: hi\r\n\r\nZoë Müller-Weiß wrote".encode("latin-1"))
    wrapped = "\r\n".join(
        b64encode(f"{'x ' * 60}Zoë Müller-Weiß".encode()).decode()[n : n + 76] for n in range(0, 200, 76)
    )
    assert blotter.in_bytes(f"Content-Transfer-Encoding: base64\r\n\r\n{wrapped}".encode())


def test_where_places_overlap_nothing_of_either_is_left(tmp_path: Path) -> None:
    text = "It is 12 Elm Road West of the river"
    with Database.open(f"sqlite:///{tmp_path}/citymod.db") as db:
        with db.begin() as tx:
            accounts.register(tx, an_account(), NOON)
            one = a_comment(text=text)
            records.observe(tx, a_batch(one), account=an_account(), now=NOON)
        first, second = text.index("12"), text.index("Road")
        places = [
            a_place(str(one.ref), one.revision, first, first + len("12 Elm Road")),
            a_place(str(one.ref), one.revision, second, second + len("Road West of")),
        ]
        with db.read() as tx:
            told = Blotter.of(tx, places).text("So 12 ELM ROAD WEST OF town")
    assert told.startswith("So [WITHHELD")
    assert told.endswith("] town")
    assert not any(word in told for word in ("12", "ELM", "ROAD", "WEST"))
