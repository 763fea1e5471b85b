"""Finds the same words however they are written: in other forms of the same letters, escaped, encoded, run together.

A text has many *readings*: as it stands, and with what programs wrap text in undone (JSON, HTML, addresses, mail,
base64), one in the other. Each is compared in one form of letters: without capitals, accents, width and signs that
nobody sees, in the figures 0 to 9, and with letters that look alike as one. A number is the same however it is
grouped. What is found leads back to the characters of the text as it stands.

Pure: text in, places out.
"""

from __future__ import annotations

import base64
import html
import json
import re
import sys
import unicodedata
from dataclasses import dataclass
from email.header import decode_header, make_header
from functools import cached_property
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes

from archive.words import folded
from rules.lookalikes import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

SHORTEST = 3
"""Letters; words of fewer are anybody's. In scripts that put no spaces between words each is a word: two do."""
ANYWHERE = 6
"""Words of so many letters are found even inside longer ones."""
MOST_READINGS = 120
"""Of one text: any two of the wrappings within each other, and many of three."""

_IGNORABLE = re.compile(  # Default_Ignorable_Code_Point of the Unicode Character Database, and an empty Braille cell
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_GAP = "[ _]*"
_GAP_IN_NUMBERS = "[ _]{0,8}"
_NUMBER_WITH_COUNTRY = re.compile(r"1[2-9]\d{9}")  # of North America, where the 1 may as well be left out


@dataclass(frozen=True, slots=True)
class Found:
    """Where words stand: characters `start` to `end` (not included) of a text, and the words' own number."""

    start: int
    end: int
    number: int


class Words:
    """Words to be found in whatever spelling, each with a number."""

    def __init__(self, numbered: Iterable[tuple[str, int]]) -> None:
        """Take the words; those too short to be anybody's own are left out."""
        patterns: dict[str, int] = {}
        for word, number in numbered:
            if pattern := _pattern(word):
                patterns.setdefault(pattern, number)
        self._each = [(re.compile(pattern), number) for pattern, number in patterns.items()]
        self._some = _any_of(patterns)
        self._long = _any_of([pattern for pattern in patterns if not pattern.startswith(_ALONE[0])])

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._each)

    def stand_in(self, text: str, *, only_long: bool = False) -> bool:
        """Whether some stand in a text; `only_long`: of those that are found inside longer ones, too."""
        pattern = self._long if only_long else self._some
        return pattern is not None and any(pattern.search(reading.translate(_folds)) for reading in readings(text))

    def find(self, text: str) -> list[Found]:
        """Give every place where they stand, in order; where places overlap they are one, with the first's number."""
        if not self.stand_in(text):
            return []
        found = {place for reading in _traced_readings(text) for place in self._find(reading.folded)}
        return apart(Found(one.start, _with_unseen(text, one.end), one.number) for one in found)

    def _find(self, reading: _Traced) -> Iterator[Found]:
        for pattern, number in self._each:
            match = pattern.search(reading.text)
            while match:
                yield Found(reading.starts[match.start()], reading.ends[match.end() - 1], number)
                match = pattern.search(reading.text, match.start() + 1)  # places may overlap


def same_words(words: str, text: str) -> bool:
    """Whether words stand in a text in whatever spelling; those too short to be told from others only as they are."""
    return words in text or Words([(words, 0)]).stand_in(text)


# ------------------------------------------------------------------------------------------------ letters


class _Folds(dict[int, str]):
    """What becomes of each character: letters in the one form, a space for what parts words, or nothing."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        self[code] = found = _folded(char)
        return found


def _folded(char: str) -> str:
    if char == "_":
        return char  # parts words as other signs do, but not the names that people give themselves
    if _IGNORABLE.match(char) or (unicodedata.category(char) == "Cc" and not char.isspace()):
        return ""
    return "".join(map(_letter, folded(char)))


def _letter(part: str) -> str:
    if part.isdecimal():
        return str(unicodedata.decimal(part))
    if unicodedata.combining(part) or unicodedata.category(part) == "Me":
        return ""
    return fold(part) if part.isalpha() else part


_folds = _Folds()


def _with_unseen(text: str, end: int) -> int:
    while end < len(text) and not _folds[ord(text[end])]:
        end += 1
    return end


_ALONE = ("(?<![^ ])", "(?![^ ])")


def _pattern(word: str) -> str:
    """What finds a word among folded letters; nothing if it is too short."""
    said = word.translate(_folds)
    tokens = said.replace("_", " ").split()
    size = sum(map(len, tokens))
    each_a_word = len(tokens) == size and not said.isascii()
    if size < (SHORTEST - 1 if each_a_word else SHORTEST):
        return ""
    whole = "".join(tokens)
    if _NUMBER_WITH_COUNTRY.fullmatch(whole):
        return f"(?:1{_GAP_IN_NUMBERS})?{_GAP_IN_NUMBERS.join(whole[1:])}"
    long = size >= ANYWHERE
    pattern = _GAP.join(_spaced(token) if long else re.escape(token) for token in tokens)
    return pattern if long else pattern.join(_ALONE)


def _spaced(token: str) -> str:
    """Let figures of one number be grouped in any way."""
    return re.sub(r"(?<=\d)(?=\d)", lambda _: _GAP_IN_NUMBERS, re.escape(token))


def _any_of(patterns: Iterable[str]) -> re.Pattern[str] | None:
    listed = list(patterns)
    return re.compile("|".join(listed)) if listed else None


def apart(found: Iterable[Found]) -> list[Found]:
    """Put places in order; those that overlap are one, with the number of the first."""
    merged: list[Found] = []
    for one in sorted(found, key=lambda one: (one.start, -one.end, one.number)):
        if merged and one.start < merged[-1].end:
            last = merged[-1]
            merged[-1] = Found(last.start, max(last.end, one.end), last.number)
        else:
            merged.append(one)
    return merged


# ------------------------------------------------------------------------------------------------ wrappings


@dataclass(frozen=True, slots=True)
class _Wrapping:
    """A way to write text in other signs. `hint`: what stands in every text that is so written."""

    hint: re.Pattern[str]
    pattern: re.Pattern[str]
    undone: Callable[[re.Match[str]], str]

    def undo(self, text: str) -> str:
        return self.pattern.sub(self.undone, text) if self.hint.search(text) else text


def _json(found: re.Match[str]) -> str:
    sign = found[0][1:]
    if sign[0] == "u" and sign[1] != "{":
        return str(json.loads(f'"{found[0]}"'))
    if sign[0] in "uUx":
        return _character(int(sign[1:].strip("{}"), 16))
    return {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}.get(sign, sign)


def _character(code: int) -> str:
    return chr(code) if code <= sys.maxunicode else "\ufffd"


def _octets(found: re.Match[str]) -> str:
    """Bytes written in hexadecimal after a sign: of one character in UTF-8, or of Latin-1."""
    data = unquote_to_bytes(found[0].replace("=", "%"))
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _quoted(found: re.Match[str]) -> str:
    return "" if found[0].endswith("\n") else _octets(found)


def _encoded_word(found: re.Match[str]) -> str:
    try:
        return str(make_header(decode_header(found[0])))
    except (LookupError, ValueError):  # an unknown charset, or bytes that are not of it
        return found[0]


def _base64(found: re.Match[str]) -> str:
    """What can be read of it if it is base64 that begins at one of its first four signs; else as it stands."""
    written = re.sub(r"[\r\n]+", "", found[0]).replace("-", "+").replace("_", "/").rstrip("=")
    cuts = (written[start : len(written) - ((len(written) - start) % 4 == 1)] for start in range(4))
    return " ".join(filter(None, (readable(base64.b64decode(f"{cut}==")) for cut in cuts))) or found[0]


_READABLE = tuple(  # so many signs in a row are hardly ever read in bytes that are no text
    (re.compile(pattern), code)
    for pattern, code in (
        (rb"(?:[\t\n\r -~]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}){6,}", "utf-8"),
        (rb"(?:[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}){2,}", "utf-8"),
        (rb"(?:[\t\n\r -\xff][\0-\x0f]|[^\0][\x4e-\x9f]){6,}", "utf-16-le"),
        (rb"(?:[\0-\x0f][\t\n\r -\xff]|[\x4e-\x9f][^\0]){6,}", "utf-16-be"),
    )
)


def readable(data: bytes) -> str:
    """Give what can be read in bytes that may be no text at all, in UTF-8 and UTF-16, a line for each run of signs."""
    wanted = _READABLE if b"\0" in data else _READABLE[:2]
    return "\n".join(run.decode(code, "replace") for pattern, code in wanted for run in pattern.findall(data))


_HEX = "[0-9a-fA-F]"


def _of_octets(sign: str) -> str:
    """One character of UTF-8 in hexadecimal, each octet after a sign."""
    more = f"{sign}[89abAB]{_HEX}"
    return (
        f"{sign}(?:[0-7]{_HEX}|[cCdD]{_HEX}{more}|[eE]{_HEX}(?:{more}){{2}}|[fF][0-7](?:{more}){{3}}|[89a-fA-F]{_HEX})"
    )


_WRAPPINGS: Final[Sequence[_Wrapping]] = (
    _Wrapping(  # RFC 8259, and what other languages add
        re.compile(r"\\"),
        re.compile(
            rf"\\(?:u[dD][89abAB]{_HEX}{{2}}\\u[dD][c-fC-F]{_HEX}{{2}}|u{_HEX}{{4}}|u\{{{_HEX}{{1,6}}\}}|U{_HEX}{{8}}"
            rf"|x{_HEX}{{2}}|[nrtbf\"'/\\])"
        ),
        _json,
    ),
    _Wrapping(  # character references of HTML
        re.compile("&"),
        re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});?"),
        lambda found: html.unescape(found[0]),
    ),
    _Wrapping(  # tags amid a word
        re.compile("<"),
        re.compile(r"</?(?:a|b|big|em|font|i|mark|s|small|span|strong|sub|sup|tt|u|wbr)\b[^<>]{0,500}>"),
        lambda _: "",
    ),
    _Wrapping(re.compile("%"), re.compile(_of_octets("%")), _octets),  # RFC 3986, 2.1
    _Wrapping(  # RFC 2045, 6.7
        re.compile("quoted-printable", re.IGNORECASE), re.compile(rf"{_of_octets('=')}|=\r?\n"), _quoted
    ),
    _Wrapping(  # RFC 2047
        re.compile(r"=\?"),
        re.compile(r"=\?[\w-]+\?[bBqQ]\?[^?\s]*\?=(?:\s+=\?[\w-]+\?[bBqQ]\?[^?\s]*\?=)*"),
        _encoded_word,
    ),
    _Wrapping(  # RFC 4648, with or without the lines of RFC 2045
        re.compile("[A-Za-z0-9+/_-]{8}"),
        re.compile(r"[A-Za-z0-9+/_-]{8,}(?:\r?\n[A-Za-z0-9+/_-]+)*={0,2}"),
        _base64,
    ),
)


def readings(text: str) -> Iterator[str]:
    """Give a text as it stands, and with its wrappings undone, one in the other."""
    seen, waiting = {text}, [text]
    while waiting and len(seen) <= MOST_READINGS:
        reading = waiting.pop(0)
        yield reading
        for wrapping in _WRAPPINGS:
            undone = wrapping.undo(reading)
            if undone not in seen:
                seen.add(undone)
                waiting.append(undone)
    yield from waiting


@dataclass(frozen=True)
class _Traced:
    """A reading of a text; `starts` and `ends` say for each of its characters which ones of the text it came from."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    @classmethod
    def of(cls, text: str) -> _Traced:
        return cls(text, range(len(text)), range(1, len(text) + 1))

    def undo(self, wrapping: _Wrapping) -> _Traced:
        if not wrapping.hint.search(self.text):
            return self
        edits = ((found.start(), found.end(), wrapping.undone(found)) for found in wrapping.pattern.finditer(self.text))
        return self._edited(edits)

    @cached_property
    def folded(self) -> _Traced:
        return self._edited((at, at + 1, _folds[ord(char)]) for at, char in enumerate(self.text))

    def _edited(self, edits: Iterable[tuple[int, int, str]]) -> _Traced:
        text, starts, ends, after = [], [], [], 0
        for start, end, instead in edits:
            text.append(self.text[after:start] + instead)
            starts.extend([*self.starts[after:start], *[self.starts[start]] * len(instead)])
            ends.extend([*self.ends[after:start], *[self.ends[end - 1]] * len(instead)])
            after = end
        text.append(self.text[after:])
        return _Traced("".join(text), [*starts, *self.starts[after:]], [*ends, *self.ends[after:]])


def _traced_readings(text: str) -> Iterator[_Traced]:
    """The same readings as `readings`."""
    seen, waiting = {text}, [_Traced.of(text)]
    while waiting and len(seen) <= MOST_READINGS:
        reading = waiting.pop(0)
        yield reading
        for wrapping in _WRAPPINGS:
            undone = reading.undo(wrapping)
            if undone.text not in seen:
                seen.add(undone.text)
                waiting.append(undone)
    yield from waiting
