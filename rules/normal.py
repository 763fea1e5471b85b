"""Reads a comment in the two forms that rules search, each with an exact way back to the verbatim characters.

*Plain* is the comment in lower case, character for character. *Folded* undoes what people do to hide a word: letters
of other alphabets and shapes, accents, invisible characters, figures for letters, stretched and spaced-out words.
Folding can also spoil a word ("5th" is no "sth"), so rules search both forms. Web addresses are blanked out of both:
they are the link matcher's business, and a word in an address is not a word somebody said.

Folded text is lines: the comment itself first, then each reading of a disguised word on a line of its own, so that a
reading can only ever match as a whole. Where its characters came from is worked out when a rule matched, not before:
nearly every comment matches nothing.
"""

from __future__ import annotations

import itertools
import re
import string
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ahocorasick_rs import AhoCorasick, Implementation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TILDE = "\u0303"
_LOOKALIKES = {
    # Only what the eye takes for the Latin letter: Cyrillic, then Greek, then others.
    "a": "аАαΑɑ",
    "b": "вВЬβΒ",
    "c": "сСϲϹ¢",
    "d": "ԁԀ",
    "e": "еЕёЁѐЀεΕɛ",
    "g": "ɡԍ",
    "h": "һҺнНΗ",
    "i": "іІїЇӏιΙɩı",
    "j": "јЈϳ",
    "k": "кКκΚ",
    "l": "Ӏℓ",
    "m": "мМΜ",
    "n": "ηΝո",
    "o": "оОοΟσօ",
    "p": "рРρΡ",
    "q": "ԛԚ",
    "s": "ѕЅƨ",
    "t": "тТτΤ",
    "u": "υս∪",
    "v": "ѵѴν",
    "w": "ԝԜω",
    "x": "хХχΧ",
    "y": "уУүҮγΥʏ",
    "z": "ζΖ",
}
_CONFUSABLE = {lookalike: letter for letter, lookalikes in _LOOKALIKES.items() for lookalike in lookalikes}
_LETTER_BY_NAME = re.compile(r"\bLATIN (?:LETTER )?(?:SMALL |CAPITAL )*(?:LETTER )?([A-Z])(?: WITH .*)?$")
_MARKED_ALPHABETS = ("LATIN", "GREEK", "CYRILLIC", "DIGIT")
_FILLERS = "\u034f\u115f\u1160\u3164\uffa0"
_TYPOGRAPHY = dict.fromkeys("‘’‚‛ʼʹ`´＇", "'") | dict.fromkeys("“”„‟«»＂", '"') | dict.fromkeys("‐‑‒–—―−﹣－", "-")

_FIGURES = str.maketrans("03456789@$!|€", "oeasgtbgasiie")  # 1 is read both as i and as l
_FIGURE_SIGNS = "@$!|€"
_EDGES = '.,!?;:"()[]{}<>*_~-/|+&%#=…'  # what stands beside a word rather than in it
_SHORTEST = 3  # letters of a word worth reading twice; no phrase is shorter
_LONGEST_DISGUISE = 200  # characters of one word, disguise and all
_STRETCH = 3  # English and Spanish double letters and never treble them
_MOST_STRETCHES = 4

_ADDRESS = re.compile(r"(?:\b[a-z][a-z+.-]{1,10}://|\bwww\.)\S+")
_SPACED_OUT = re.compile(
    r"(?<![\w@$])(?:[^\W_]|[@$])"  # one character, and at least twice more: the same gap and another one
    r"([ .,*_~/|+-]{1,3})(?:[^\W_]|[@$!])(?:\1(?:[^\W_]|[@$!]))+"
    r"(?![\w@$])"
)
_STRETCHED = re.compile(r"([a-z])\1\1+")
_TREBLES = AhoCorasick([letter * 3 for letter in string.ascii_lowercase], implementation=Implementation.DFA)
_NUMBER = re.compile(r"\d+(?:st|nd|rd|th|am|pm)?")  # whose figures are figures
_RUN = re.compile(r"(.)\1*")


class _Table(dict[int, str]):
    """A table for `str.translate` that works out each character when it first meets it."""

    def __init__(self, reading: Callable[[str], str]) -> None:
        super().__init__()
        self._reading = reading

    def __missing__(self, code: int) -> str:
        self[code] = reading = self._reading(chr(code))
        return reading


def _plain(char: str) -> str:
    """Give one character in lower case: always exactly one, so that positions stay what they are."""
    if char.isspace():
        return " "
    if unicodedata.category(char) == "Cs":
        return "\ufffd"  # half a character: matchers speak UTF-8, which has no such thing
    if char in _TYPOGRAPHY:
        return _TYPOGRAPHY[char]
    lower = unicodedata.normalize("NFKC", char).lower()
    if len(lower) != 1:
        return char
    return str(unicodedata.decimal(lower)) if lower.isdecimal() else lower


def _fold(char: str) -> str:
    """Give what one character stands for: nothing for an invisible one, several letters for a ligature."""
    if char == _TILDE or char in "ñÑ":
        return char.lower()  # a letter of its own in Spanish: "año" is not "ano"
    if _is_invisible(char):
        return ""
    plain = _plain(char)
    if plain == "'":
        return ""
    return plain if plain.isascii() else "".join(_latin(part) for part in _parts(char))


def _is_invisible(char: str) -> bool:
    category = unicodedata.category(char)
    return (
        category in {"Cf", "Me"}
        or char in _FILLERS
        or (category == "Mn" and unicodedata.name(char, "").startswith(("COMBINING", "VARIATION")))
    )


def _parts(char: str) -> str:
    """Take a character apart into letters, without accents in those alphabets where an accent only decorates."""
    parts = unicodedata.normalize("NFKD", char)
    if unicodedata.name(parts[0], "").startswith(_MARKED_ALPHABETS):
        return "".join(part for part in parts if not unicodedata.combining(part))
    return unicodedata.normalize("NFKC", char)


def _latin(char: str) -> str:
    """Give the Latin letter that a character is taken for, or else the character in lower case."""
    if char in _CONFUSABLE:
        return _CONFUSABLE[char]
    name = _LETTER_BY_NAME.search(unicodedata.name(char, ""))
    return name[1].lower() if name else _plain(char)


def _blank(char: str) -> str:
    """Give a space for what neither belongs to a word nor ends a sentence."""
    return char if char.isalnum() or char in ".!?;:" else " "


_PLAIN = _Table(_plain)
_FOLD = _Table(_fold)
_BLANK = _Table(_blank)


class _Tape(NamedTuple):
    """Text whose character k stands for the characters ``starts[k]`` to ``ends[k]`` of the text it was made from."""

    text: str
    starts: list[int]
    ends: list[int]


@dataclass(frozen=True, slots=True)
class _Step:
    """One replacement, done fast on text or exactly on a tape. What is put is never longer than what was found."""

    find: re.Pattern[str]
    put: str | Callable[[re.Match[str]], str]

    def on_text(self, text: str) -> str:
        return self.find.sub(self.put, text)

    def on_tape(self, tape: _Tape) -> _Tape:
        pieces: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        at = 0
        for found in self.find.finditer(tape.text):
            put = self.put if isinstance(self.put, str) else self.put(found)
            kept = found.start() + len(put)
            pieces += (tape.text[at : found.start()], put)
            starts += tape.starts[at:kept]
            ends += tape.ends[at:kept]
            if ends:
                ends[-1] = tape.ends[found.end() - 1]
            at = found.end()
        pieces.append(tape.text[at:])
        return _Tape("".join(pieces), starts + tape.starts[at:], ends + tape.ends[at:])


_TILDES = _Step(re.compile(f"n?{_TILDE}"), lambda found: "ñ" if found[0][0] == "n" else "")
_FIGURES_INSIDE = _Step(
    re.compile(r"(?<=[a-z])[013-9@$!|€]+(?=[a-z])"), lambda found: found[0].replace("1", "i").translate(_FIGURES)
)
_STRETCHES = _Step(_STRETCHED, lambda found: found[1])
_GAPS = _Step(re.compile(r"  +"), " ")


class _Words(NamedTuple):
    """The words of a text that are not simply letters, by place, and what else about it calls for work."""

    odd: list[tuple[int, int]]
    stretched: bool
    spaced_out: bool


def _words(base: str) -> _Words:
    words = base.split(" ")
    stretched = bool(_TREBLES.find_matches_as_indexes(base))
    odd: list[tuple[int, int]] = []
    single = [*map(len, words)].count(1)
    at = 0
    for word in words if stretched else [word for word in words if not word.isalpha() and word]:
        at = base.index(word, at)  # the next word that is not all letters, or simply the next
        core = word.rstrip(_EDGES)
        end = at + len(core)
        core = core.lstrip(_EDGES)
        single += len(word) > len(core) == 1
        if _STRETCHED.search(core) if core.isalpha() else not (core.isdecimal() or core.startswith("@")):
            odd.append((end - len(core), end))
        at += len(word)
    return _Words(odd, stretched, bool(odd) or single >= _SHORTEST)


def _steps(words: _Words) -> list[_Step]:
    """Choose what has to be done to a text; most need little."""
    wanted = ((words.odd, _FIGURES_INSIDE), (words.stretched, _STRETCHES))
    return [step for wants, step in wanted if wants]


def _readings(base: str, words: _Words) -> Iterator[_Tape]:
    """Give what the disguised words of a text may be meant to say, each reading as a whole word."""
    if words.spaced_out:
        for found in _SPACED_OUT.finditer(base):
            yield from _decoded(base, list(range(found.start(), found.end(), 1 + len(found[1]))))
    for start, end in words.odd:
        if end - start <= _LONGEST_DISGUISE:
            signs = (at for at in range(start, end) if base[at].isalnum() or base[at] in _FIGURE_SIGNS)
            yield from _decoded(base, list(signs))


def _decoded(base: str, kept: list[int]) -> Iterator[_Tape]:
    """Read one disguised word, whose signs stand at `kept`: figures as letters, stretches as one or two."""
    letters = "".join([base[at] for at in kept])
    if len(letters) < _SHORTEST or _NUMBER.fullmatch(letters):
        return
    for one in "il" if "1" in letters else "i":
        word = letters.replace("1", one).translate(_FIGURES)
        if _STRETCHED.search(word):
            yield from _unstretched(word, kept)
        else:
            yield _Tape(word, kept, [at + 1 for at in kept])


def _unstretched(word: str, kept: list[int]) -> Iterator[_Tape]:
    """Give a word with each letter that stands three times or more once, and twice: "fooool" is "fol" and "fool"."""
    runs = [found.span() for found in _RUN.finditer(word)]
    stretches = sum(end - start >= _STRETCH for start, end in runs)
    lengths = (1, 2) if stretches <= _MOST_STRETCHES else (1,)
    choices = [lengths if end - start >= _STRETCH else (end - start,) for start, end in runs]
    for choice in itertools.product(*choices):
        cut = [(start, end, start + length) for (start, end), length in zip(runs, choice, strict=True)]
        yield _Tape(
            "".join(word[start:stop] for start, _, stop in cut),
            [kept[at] for start, _, stop in cut for at in range(start, stop)],
            [kept[at if at < stop - 1 else end - 1] + 1 for start, end, stop in cut for at in range(start, stop)],
        )


def _folded(text: str) -> str:
    """Fold a text, fast."""
    base = text.translate(_FOLD)
    if _TILDE in base:
        base = _TILDES.on_text(base)
    words = _words(base)
    whole = base
    for step in _steps(words):
        whole = step.on_text(whole)
    whole = _GAPS.on_text(whole.translate(_BLANK))
    return "\n".join([whole, *(reading.text for reading in _readings(base, words))])


def _traced(text: str) -> _Tape:
    """Fold a text as `_folded` does, and keep where every character came from."""
    base = _TILDES.on_tape(_translated(text))
    words = _words(base.text)
    whole = base
    for step in _steps(words):
        whole = step.on_tape(whole)
    whole = _GAPS.on_tape(whole._replace(text=whole.text.translate(_BLANK)))
    pieces, starts, ends = [whole.text], list(whole.starts), list(whole.ends)
    for reading in _readings(base.text, words):
        pieces.append(reading.text)
        starts += [len(text), *(base.starts[at] for at in reading.starts)]
        ends += [len(text), *(base.ends[at - 1] for at in reading.ends)]
    return _Tape("\n".join(pieces), starts, ends)


def _translated(text: str) -> _Tape:
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for at, char in enumerate(text):
        letters = _FOLD[ord(char)]
        pieces.append(letters)
        starts += [at] * len(letters)
        ends += [at + 1] * len(letters)
        if not letters and ends and _is_invisible(char):
            ends[-1] = at + 1
    return _Tape("".join(pieces), starts, ends)


class Forms:
    """One comment as rules see it: `verbatim`, `plain` and `folded`, with the way from each form back to verbatim."""

    __slots__ = ("_tape", "_words", "folded", "plain", "verbatim")

    def __init__(self, verbatim: str) -> None:
        """Read a comment; the way back is worked out when it is first asked for."""
        self.verbatim = self._words = verbatim
        self.plain = verbatim.translate(_PLAIN)
        if "://" in self.plain or "www." in self.plain:
            self._blank_addresses()
        self.folded = _folded(self._words)
        self._tape: _Tape | None = None

    def _blank_addresses(self) -> None:
        for found in list(_ADDRESS.finditer(self.plain)):
            start, end = found.span()
            self._words = self._words[:start] + " " * (end - start) + self._words[end:]
            self.plain = self.plain[:start] + " " * (end - start) + self.plain[end:]

    def plain_span(self, start: int, end: int) -> tuple[int, int]:
        """Find the verbatim characters behind ``plain[start:end]``, invisible ones that follow included."""
        while end < len(self.verbatim) and _is_invisible(self.verbatim[end]):
            end += 1
        return start, end

    def folded_span(self, start: int, end: int) -> tuple[int, int]:
        """Find the verbatim characters behind ``folded[start:end]``, which must be one line's."""
        if self._tape is None:
            self._tape = _traced(self._words)
        return self._tape.starts[start], self._tape.ends[end - 1]


def folded_phrase(phrase: str) -> str:
    """Fold the words of a phrase as the first line of a folded comment is."""
    return _folded(phrase).partition("\n")[0].strip()


def plain_phrase(phrase: str) -> str:
    """Give a phrase as it would stand in a plain comment."""
    return " ".join(phrase.translate(_PLAIN).split())


def look_alike(text: str) -> str:
    """Give the letters that a text's characters are taken for, one after the other."""
    return text.translate(_FOLD)
