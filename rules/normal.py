"""Reads a comment in the two forms that rules search, each with an exact way back to the verbatim characters.

*Plain* is the comment in lower case, character for character. *Folded* undoes what people do to hide a word: letters
of other alphabets and shapes, accents, invisible characters, figures for letters, stretched, spaced-out, turned and
mirrored words. Folding can also spoil a word ("5th" is no "sth"), so rules search both forms. Web addresses are blanked
out of both: they are the link matcher's business, and a word in an address is not a word somebody said.

Folded text is lines: the comment itself first, then each reading of a disguised word on a line of its own, so that a
reading can only ever match as a whole. Where its characters came from is worked out when a rule matched, not before,
and only for the region of the comment where it did: nearly every comment matches nothing.

Nearly every comment is also ordinary. What is done to all of them is done to bytes, by C: a text is translated into the
kinds of its characters, and a few searches among those tell whether there is any work left, and where.
"""

from __future__ import annotations

import html
import itertools
import re
import string
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from rules.lookalikes import (
    BORROWED,
    FIGURES,
    FLAG_LETTERS,
    MIRRORED,
    TILDE,
    TURNED,
    UPSIDE_DOWN,
    fold,
    is_invisible,
    plain,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_EDGES = '.,!?;:"()[]{}<>*_~-/\\|+&%#^=…'  # what stands beside a word rather than in it
_SENTENCE_ENDS = ".!?;:"  # the only signs that folded text keeps
_SHORTEST = 3  # letters of a word worth reading twice; no phrase is shorter
_LONGEST_DISGUISE = 200  # characters of one word, disguise and all
_STRETCH = 3  # English and Spanish double letters and never treble them
_MOST_STRETCHES = 4
_FEW = 16  # different characters
_WORDS_OF_ONE_LETTER = "aiu"  # before a spaced-out word: "a s h i t", or "u", as some write it
_MOST_DISGUISES = 200  # in one comment; the rest of it is read in haste
_REGION = 200  # characters at least that are traced together


class _Table(dict[int, str]):
    """A table for `str.translate` that works out each character when it first meets it."""

    def __init__(self, reading: Callable[[str], str]) -> None:
        super().__init__()
        self._reading = reading

    def __missing__(self, code: int) -> str:
        self[code] = reading = self._reading(chr(code))
        return reading


def _blank(char: str) -> str:
    """Give a space for what neither belongs to a word nor ends a sentence."""
    return char if char.isalnum() or char in _SENTENCE_ENDS else " "


def _decode(char: str) -> str:
    """Give the letter that a character of a disguised word stands for, and nothing for one that only parts letters."""
    return FIGURES.get(char, char if char.isalnum() or char in TURNED else "")


def _kind(char: str) -> str:
    """Give the kind of a folded character, in one byte: what the searches below look at instead of the text.

    Letters: ``a`` Latin, ``t`` turned, ``b`` borrowed, ``o`` any other. Figures are ``1``. Signs: ``$`` can stand for a
    letter anywhere in a word, ``!`` only inside one, ``.`` nowhere.
    """
    tests = (
        (" ", char == " "),
        ("t", char in TURNED),
        ("b", char in BORROWED),
        ("a", char.isalpha() and char < "\u0100"),
        ("o", char.isalpha()),
        ("1", char.isalnum()),
        ("!", char in "!|@¡"),
        ("$", char in FIGURES or char == "+"),
    )
    return next((kind for kind, passed in tests if passed), ".")


_PLAIN, _FOLD, _KIND, _BLANKED, _DECODED = map(_Table, (plain, fold, _kind, _blank, _decode))
_DECODED_WORDS = _Table(lambda char: char if char == " " else _decode(char))
_BARE = _Table(lambda char: _decode(char) if char.isalnum() or char in TURNED else "")
_SIGNS_AS_LETTERS = str.maketrans("+<(", "tcc")
_AMBIGUOUS = TURNED.union(FIGURES, BORROWED, "+<(")  # all other characters are letters, or only part letters


def _for_bytes(reading: Callable[[str], str]) -> bytes:
    """Make a table for `bytes.translate`, for text in Latin-1."""
    return bytes(ord(reading(chr(code))) for code in range(256))


_BYTES_PLAIN = _for_bytes(lambda char: plain(char) if char.isascii() else char)
_BYTES_KIND, _BYTES_BLANKED = _for_bytes(_kind), _for_bytes(_blank)
_BYTES_ALL_A = _for_bytes(lambda char: " " if char == " " else "a")  # a question mark, too: it may be any letter
_BYTES_SENTENCE_ENDS = b".!;:"
_BYTES_SAME = b"=" + b"." * 255
_APOSTROPHES = b"'`"
_BYTES_LETTERS = _for_bytes(lambda char: char if "a" <= char <= "z" else "\0")
_BYTES_LETTERS_BEFORE = _for_bytes(lambda char: char if "a" <= char <= "z" else "\1")  # so that signs never repeat
_BYTES_ASCII = bytes(range(128))

# Searches among the kinds. A row of signs and figures makes a word odd if it stands between two letters, or leads to
# one as a figure, or follows one as a short figure; the search begins with the first of a row. Then: figures inside;
# turned or borrowed letters; single letters at equal distances. Among the repeats: three in a row; two and two.
_ODD = re.compile(
    rb"[.1!$](?<![.1!$][.1!$])"
    rb"(?:(?<=[atb].)[.1!$]*+[atb]|(?<=[1$])[1!$]*+[atb]|[.1!$]*+(?<=[1$])[atb]|(?<=[atb][1$])(?!111)|(?<=[atb]!)[1$]|"
    rb"(?<=[1$])\.[atb]\.)"
    rb"[^ ]*+"
)
_FIGURE_INSIDE = re.compile(rb"[1!$](?<=a.)[1!$]*+a")
_DRESSED_UP = re.compile(rb"[tb][^ ]*+")
_SPACED_OUT = re.compile(rb"(?<![a-z1!$])[a-z1!$]([. ]{1,3})[a-z1!$](?:\1[a-z1!$])+(?![a-z1$])")
_TREBLE = re.compile(rb"==+")
_TWO_DOUBLES = re.compile(rb"=\.=")

_ADDRESS = re.compile(r"(?:://|www\.(?<!\wwww\.))\S+")
_LONGEST_SCHEME = 11
_SCHEME = string.ascii_lowercase + "+.-"
_OVERRIDE = "\u202e"
_RIGHT_TO_LEFT = re.compile(f"(?<={_OVERRIDE})[^\u202c\u202d\u202e\n]{{2,}}")
_NUMBER = re.compile(
    r"\D?\d[\d.,:/+-]*(?:st|nd|rd|th|s|am|pm|k|m|x|lb|mi|ft|mph|ppm|gb|yr|hr|min|[mb]illion)?"  # figures as figures
    r"|[a-z]{1,2}-?\d\d+"  # as on a licence plate
)
_WORD_BEGINS = re.compile(r"(?<=[ \n])[^\W_]")
_MENTION = re.compile(r"@\w+")
_LENGTHENED = re.compile(r"([a-z])\1(?:\1|(.)\2)")
_DOUBLED = re.compile(r"(?:(.)\1)+")
_RUN = re.compile(r"(.)\1*")


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
        if not self.find.search(tape.text):
            return tape
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
                starts[-1] = min(starts[-1], tape.starts[found.end() - 1])  # where text runs from right to left
                ends[-1] = max(ends[-1], tape.ends[found.end() - 1])
            at = found.end()
        pieces.append(tape.text[at:])
        return _Tape("".join(pieces), starts + tape.starts[at:], ends + tape.ends[at:])


def _unescaped(found: re.Match[str]) -> str:
    """Give what an HTML entity stands for, if it is one."""
    said = html.unescape(found[0])
    return said if len(said) == 1 else found[0]


def _flagged(found: re.Match[str]) -> str:
    """Read regional indicators: two make a flag, more or fewer of them are letters."""
    return "**" if len(found[0]) == len("us") else "".join([FLAG_LETTERS[letter] for letter in found[0]])


_INSIDE = "".join(map(re.escape, FIGURES))
_ENTITIES = _Step(re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,10});"), _unescaped)
_FLAGS = _Step(re.compile(f"[{''.join(FLAG_LETTERS)}]+"), _flagged)
_TILDES = _Step(re.compile(f"n?{TILDE}"), lambda found: "ñ" if found[0][0] == "n" else "")
_FIGURES_INSIDE = _Step(
    re.compile(rf"[{_INSIDE}](?<=[a-z].)[{_INSIDE}]*(?=[a-z])"), lambda found: found[0].translate(_DECODED)
)
_STRETCHES = _Step(re.compile(r"([a-z])\1\1+"), lambda found: found[1])
_GAPS = _Step(re.compile(r"  +"), " ")


class _Base(NamedTuple):
    """A text whose characters are folded, and what a search for something to do can look at instead of it."""

    text: str
    blanked: str
    kinds: bytes
    repeats: bytes

    def words(self) -> dict[tuple[int, int], None]:
        """Give the first words that may be disguised."""
        searches = [_ODD.finditer(self.kinds)]
        if self.repeats:
            searches += (_TREBLE.finditer(self.repeats), _TWO_DOUBLES.finditer(self.repeats))
        if b"t" in self.kinds or b"b" in self.kinds:
            searches.append(_DRESSED_UP.finditer(self.kinds))
        words: dict[tuple[int, int], None] = {}
        for search in searches:
            end = 0
            for found in search:
                at = found.start()
                if at >= end:
                    start = self.kinds.rfind(b" ", end, at) + 1
                    end = self.kinds.find(b" ", at)
                    if end < 0:
                        end = len(self.kinds)
                    words[start, end] = None
                    if len(words) > _MOST_DISGUISES:
                        return words
        return words

    def steps(self) -> list[_Step]:
        """Give what has to be done to the text as a whole."""
        figures = any(kind in self.kinds for kind in (b"1", b"!", b"$")) and _FIGURE_INSIDE.search(self.kinds)
        return [step for step, wanted in ((_FIGURES_INSIDE, figures), (_STRETCHES, b"==" in self.repeats)) if wanted]


def _base(text: str) -> _Base:
    """Look at a text whose characters are folded."""
    try:
        letters = text.encode("latin-1")
    except UnicodeEncodeError:
        return _Base(text, _blanked(text), text.translate(_KIND).encode(), _repeats(text.encode("latin-1", "replace")))
    return _Base(text, _blanked(letters), letters.translate(_BYTES_KIND), _repeats(letters))


def _blanked(text: str | bytes) -> str:
    """Leave nothing of a text, or of its letters in Latin-1, but words and the ends of sentences."""
    blanked = text.translate(_BLANKED) if isinstance(text, str) else text.translate(_BYTES_BLANKED).decode("latin-1")
    while "  " in blanked:
        blanked = blanked.replace("  ", " ")
    return blanked


def _ordinary(letters: bytes) -> str | None:
    """Give the folded form of a text in ASCII in which nothing has to be done, as in nearly every one; otherwise None.

    All of this can be said with `_base`, `_readings` and `_whole`, but not as fast.
    """
    if _ODD.search(letters.translate(_BYTES_KIND)):
        return None
    number = int.from_bytes(letters, "big")
    between = (number ^ number >> 8).to_bytes(len(letters), "big").translate(_BYTES_SAME).split(b"=")[1:-1]
    if (b"" in between or b"." in between) and _repeats(letters):
        return None
    blanked = letters.translate(_BYTES_BLANKED).decode()
    while "  " in blanked:
        blanked = blanked.replace("  ", " ")
    singles = blanked.encode().translate(_BYTES_ALL_A, _BYTES_SENTENCE_ENDS)
    return None if b" a a " in b" " + singles + b" " else blanked


def _has_single_letters(blanked: str) -> bool:
    """Tell whether there may be three words of one letter in a row."""
    singles = blanked.encode("latin-1", "replace").translate(_BYTES_ALL_A, _BYTES_SENTENCE_ENDS)
    return b" a a " in b" " + singles + b" "


def _repeats(letters: bytes) -> bytes:
    """Give ``=`` for every small letter that is the same as the one before it, or nothing if that calls for no work."""
    these = int.from_bytes(letters.translate(_BYTES_LETTERS), "big")
    before = int.from_bytes(letters.translate(_BYTES_LETTERS_BEFORE), "big")
    repeats = (these ^ before >> 8).to_bytes(len(letters), "big").translate(_BYTES_SAME)
    return repeats if b"==" in repeats or b"=.=" in repeats else b""


_Reading = tuple[str, int, int]
"""What the characters from one place to another, in a text whose characters are folded, may be meant to say."""


def _readings(base: _Base) -> list[_Reading]:
    """Give what the disguised words of a text may be meant to say, each once."""
    readings = _of_words(base)
    if _has_single_letters(base.blanked):
        readings += _of_single_letters(base)
    return list(dict.fromkeys(readings))


def _of_words(base: _Base) -> list[_Reading]:
    """Read words that are written together."""
    readings: list[_Reading] = []
    words = base.words()
    for start, end in words:
        word = base.text[start:end].rstrip(_EDGES)
        stop = start + len(word)
        word = word.lstrip(_EDGES)
        if len(word) <= _LONGEST_DISGUISE and not (word[:1] == "@" and _MENTION.fullmatch(word)):
            readings += [(meaning, stop - len(word), stop) for meaning in _meanings(word)]
        if len(readings) > _MOST_DISGUISES:
            break
    if len(words) > _MOST_DISGUISES or len(readings) > _MOST_DISGUISES:
        readings += _in_haste(base.text)
    return readings


def _in_haste(text: str) -> Iterator[_Reading]:
    """Read every word of a text that has very many disguises, but each in the likeliest way alone."""
    at = 0
    for word, letters in zip(text.split(" "), text.translate(_DECODED_WORDS).split(" "), strict=True):
        if len(letters) >= _SHORTEST:
            stop = at + len(word.rstrip(_EDGES))
            yield letters, min(at + len(word) - len(word.lstrip(_EDGES)), stop - 1), stop
        at += len(word) + 1


def _of_single_letters(base: _Base) -> Iterator[_Reading]:
    """Read words whose letters stand apart, with and without a word of one letter before them."""
    for found in itertools.islice(_SPACED_OUT.finditer(base.kinds), _MOST_DISGUISES):
        start, end = found.span()
        distance = 1 + len(found[1])
        word = base.text[start:end:distance]
        if len(word) <= _LONGEST_DISGUISE:
            yield from ((meaning, start, end) for meaning in _meanings(word))
            if word[0] in _WORDS_OF_ONE_LETTER:
                yield from ((meaning, start + distance, end) for meaning in _meanings(word[1:]))


@lru_cache(maxsize=1 << 14)  # "b4" and "it!" are written over and over
def _meanings(word: str) -> list[str]:
    """Give what a disguised word may be meant to say, in three letters or more."""
    letters = word.translate(_DECODED)
    if len(letters) < _SHORTEST:
        return []
    if _AMBIGUOUS.isdisjoint(word):
        return _unstretched(letters)
    if _NUMBER.fullmatch(word):
        return []
    written = [word]
    if "+" in word or "<" in word or ("(" in word and ")" not in word):
        written.append(word.translate(_SIGNS_AS_LETTERS))
    if "1" in word or "|" in word:
        written += [one.replace("11", "ll") for one in written]
        written += [one.replace("1", "l").replace("|", "l") for one in written]
    decoded = [*[one.translate(_DECODED) for one in written], word.translate(_BARE)]
    if not TURNED.isdisjoint(word):
        decoded += [turned[::way] for one in decoded for turned in _turned(one) for way in (1, -1)]
    if not BORROWED.keys().isdisjoint(word):
        decoded += ["".join([BORROWED.get(char, char) for char in one]) for one in decoded]
    return [meaning for one in dict.fromkeys(decoded) if len(one) >= _SHORTEST for meaning in _unstretched(one)]


def _turned(word: str) -> Iterator[str]:
    """Turn the page, if every letter can be turned, or hold a mirror to it."""
    if UPSIDE_DOWN.keys() >= set(word):
        yield "".join([UPSIDE_DOWN[char] for char in word])
    yield "".join([MIRRORED.get(char, char) for char in word])


def _unstretched(word: str) -> list[str]:
    """Give a word with each letter that stands three times or more once, and twice: "fooool" is "fol" and "fool".

    Where letters that stand twice follow each other, as in "ffooooll", each may also be meant once, or half as often.
    """
    if not _LENGTHENED.search(word):
        return [word]
    runs = [found[0] for found in _RUN.finditer(word)]
    stretches = sum(len(run) >= _STRETCH for run in runs)
    lengths = (1, 2) if stretches <= _MOST_STRETCHES else (1,)
    choices = [[run[:length] for length in lengths] if len(run) >= _STRETCH else [run] for run in runs]
    spelt = ["".join(choice) for choice in itertools.product(*choices)]
    spelt.append("".join([run[0] for run in runs]))
    if _DOUBLED.fullmatch(word):
        spelt.append("".join([run[::2] for run in runs]))
    return spelt


def _unusual(text: str) -> set[str]:
    """Give the different characters of a text that are not ASCII. A comment has few, though perhaps many times."""
    if text.isascii():
        return set()
    return set(text.encode("utf-8", "surrogatepass").translate(None, _BYTES_ASCII).decode("utf-8", "surrogatepass"))


def _replaced(text: str, unusual: set[str], table: _Table) -> str:
    """Do to a text, or only to its unusual characters, what `str.translate` does."""
    if len(unusual) > _FEW:
        return text.translate(table)
    for char in unusual:
        text = text.replace(char, table[ord(char)])
    return text


def _folded(text: str) -> str:
    """Fold a text, fast."""
    return _folding(text)[0]


def _folding(text: str, unusual: set[str] | None = None) -> tuple[str, Sequence[_Reading], bool]:
    """Give the folded form, the readings in it, and whether nothing but signs had to be folded in it.

    Unusual characters may be known, or others with them.
    """
    letters = _letters(text, unusual)
    if isinstance(letters, bytes):
        ordinary = _ordinary(letters)
        if ordinary:
            return ordinary, (), True
        letters = letters.decode()
    base = _base(letters)
    readings = _readings(base)
    return "\n".join([_whole(base), *[meaning for meaning, _, _ in readings]]), readings, False


def _letters(text: str, unusual: set[str] | None = None) -> str | bytes:
    """Fold the characters of a text one by one; give bytes if the text was all in ASCII."""
    if "&" in text:
        text, unusual = _ENTITIES.on_text(text), None
    if unusual is None:
        unusual = _unusual(text)
    if unusual:
        if _OVERRIDE in unusual:
            text = "".join([text[at] for at in _shown(text)])
        text = _replaced(text, unusual, _FOLD)
    letters = text.encode().translate(_BYTES_PLAIN, _APOSTROPHES)
    if text.isascii():
        return letters
    text = letters.decode()
    if TILDE in text:
        text = _TILDES.on_text(text)
    return _FLAGS.on_text(text)


def _whole(base: _Base) -> str:
    """Give the first line of the folded form: the comment itself."""
    steps = base.steps()
    if not steps:
        return base.blanked
    whole = base.text
    for step in steps:
        whole = step.on_text(whole)
    return _blanked(whole.encode() if whole.isascii() else whole)


class _Traced(NamedTuple):
    """Where the characters of a text came from: of its folded characters, and of its first folded line."""

    letters: _Tape
    whole: _Tape


def _traced(text: str) -> _Traced:
    """Fold a text as `_letters` and `_whole` do, and keep where every character came from."""
    tape = _Tape(text, list(range(len(text))), list(range(1, len(text) + 1)))
    tape = _ENTITIES.on_tape(tape)
    if _OVERRIDE in tape.text:
        order = _shown(tape.text)
        text = "".join([tape.text[at] for at in order])
        tape = _Tape(text, [tape.starts[at] for at in order], [tape.ends[at] for at in order])
    tape = _FLAGS.on_tape(_TILDES.on_tape(_translated(tape)))
    whole = tape
    for step in _base(tape.text).steps():
        whole = step.on_tape(whole)
    return _Traced(tape, _GAPS.on_tape(whole._replace(text=whole.text.translate(_BLANKED))))


class _Regions:
    """The way back from folded text, region by region: nothing that folding does reaches beyond a word."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._further = iter([*_cuts(text)[1:], len(text)])
        self._cuts = [0]
        self._letters = [0]
        self._whole = [0]
        self._known: dict[int, _Traced] = {}

    def of_letters(self, start: int, end: int) -> tuple[int, int]:
        """Find what some of the text's folded characters came from."""
        return self._span(self._letters, start, end, lambda traced: traced.letters)

    def of_whole(self, start: int, end: int) -> tuple[int, int]:
        """Find what a part of the first folded line came from."""
        return self._span(self._whole, start, end, lambda traced: traced.whole)

    def _span(self, offsets: list[int], start: int, end: int, line: Callable[[_Traced], _Tape]) -> tuple[int, int]:
        while offsets[-1] < end:
            self._reach_further()
        first, last = bisect_right(offsets, start) - 1, bisect_right(offsets, end - 1) - 1
        before, after = line(self._region(first)), line(self._region(last))
        starts = before.starts[start - offsets[first] : end - offsets[first]]
        ends = after.ends[max(0, start - offsets[last]) : end - offsets[last]]
        return self._cuts[first] + min(starts), self._cuts[last] + max(ends)

    def _reach_further(self) -> None:
        """Find how long the next region is when it is folded."""
        end = next(self._further)
        letters = _letters(self._text[self._cuts[-1] : end])
        base = _base(letters.decode() if isinstance(letters, bytes) else letters)
        self._cuts.append(end)
        self._letters.append(self._letters[-1] + len(base.text))
        self._whole.append(self._whole[-1] + len(_whole(base)))

    def _region(self, number: int) -> _Traced:
        if number not in self._known:
            self._known[number] = _traced(self._text[self._cuts[number] : self._cuts[number + 1]])
        return self._known[number]


def _cuts(text: str) -> list[int]:
    """Give where regions begin: always with a word, after a space. What runs from right to left is not cut."""
    cuts = [0]
    at = _REGION
    while _OVERRIDE not in text and (found := _WORD_BEGINS.search(text, at)):
        at = found.start() + 1
        if _FOLD[ord(found[0])][:1].isalnum():
            cuts.append(found.start())
            at += _REGION
    return cuts


def _shown(text: str) -> list[int]:
    """Give the order in which characters are shown: a control character can make some run from right to left."""
    order = list(range(len(text)))
    for found in _RIGHT_TO_LEFT.finditer(text):
        order[slice(*found.span())] = reversed(order[slice(*found.span())])
    return order


def _translated(tape: _Tape) -> _Tape:
    """Fold every character; one that shows nothing of its own belongs to the one before it."""
    folded = [_FOLD[code] for code in map(ord, tape.text)]
    lengths = [*map(len, folded)]
    if set(lengths) == {1}:
        return tape._replace(text="".join(folded))
    starts = [*itertools.chain.from_iterable(map(itertools.repeat, tape.starts, lengths))]
    ends = [*itertools.chain.from_iterable(map(itertools.repeat, tape.ends, lengths))]
    if 0 in lengths:
        for at, before in enumerate(itertools.accumulate(lengths)):
            if not lengths[at] and before and _PLAIN[ord(tape.text[at])] != "'":
                if ends[before - 1] == tape.starts[at]:
                    ends[before - 1] = tape.ends[at]
                elif starts[before - 1] == tape.ends[at]:  # where text runs from right to left
                    starts[before - 1] = tape.starts[at]
    return _Tape("".join(folded), starts, ends)


def _scheme(text: str) -> str:
    """Give the scheme at the end of a text that an address follows; a word may be glued to a usual one."""
    for usual in ("https", "http"):
        if text.endswith(usual):
            return usual
    return text[len(text.rstrip(_SCHEME)) :]


class Forms:
    """One comment as rules see it: `verbatim`, `plain` and `folded`, with the way from each form back to verbatim.

    `alike` tells that both forms are surely the same but for signs, as those of most comments are.
    """

    __slots__ = ("_readings", "_regions", "_words", "alike", "folded", "plain", "verbatim")

    def __init__(self, verbatim: str) -> None:
        """Read a comment; the way back is worked out when it is first asked for."""
        self.verbatim = self._words = verbatim
        unusual = _unusual(verbatim)
        plain = _replaced(verbatim, unusual, _PLAIN) if unusual else verbatim
        self.plain = plain.encode().translate(_BYTES_PLAIN).decode()
        if "://" in self.plain or "www." in self.plain:
            self._blank_addresses()
        self.folded, self._readings, ordinary = _folding(self._words, unusual)
        self.alike = ordinary and not unusual and not any(sign in self.plain for sign in "'&_")
        self._regions: _Regions | None = None

    def _blank_addresses(self) -> None:
        plain: list[str] = []
        words: list[str] = []
        end = 0
        for found in _ADDRESS.finditer(self.plain):
            start = found.start() - len(_scheme(self.plain[max(end, found.start() - _LONGEST_SCHEME) : found.start()]))
            blank = " " * (found.end() - start)
            plain += (self.plain[end:start], blank)
            words += (self._words[end:start], blank)
            end = found.end()
        self.plain = "".join([*plain, self.plain[end:]])
        self._words = "".join([*words, self._words[end:]])

    def plain_span(self, start: int, end: int) -> tuple[int, int]:
        """Find the verbatim characters behind ``plain[start:end]``, invisible ones that follow included."""
        while end < len(self.verbatim) and is_invisible(self.verbatim[end]):
            end += 1
        return start, end

    def folded_span(self, start: int, end: int) -> tuple[int, int]:
        """Find the verbatim characters behind ``folded[start:end]``, which must be one line's."""
        if self._regions is None:
            self._regions = _Regions(self._words)
        line = self.folded.count("\n", 0, start)
        if not line:
            return self._regions.of_whole(start, end)
        _, first, last = self._readings[line - 1]
        return self._regions.of_letters(first, last)


def folded_phrase(phrase: str) -> str:
    """Fold the words of a phrase as the first line of a folded comment is."""
    return _folded(phrase).partition("\n")[0].strip()


def plain_phrase(phrase: str) -> str:
    """Give a phrase as it would stand in a plain comment."""
    return " ".join(phrase.translate(_PLAIN).split())


def look_alike(text: str) -> str:
    """Give the letters that a text's characters are taken for, one after the other."""
    return text.translate(_FOLD)
