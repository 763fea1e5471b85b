"""Cuts text of any script into the words by which it is found, with the place of each in the text as it stands.

The same cut is made of what is recorded and of what is asked for, and the databases get its result and no text of their
own to cut, so that every engine finds the same:

* letters are compared without capitals, accents, vowel points and width (``Café`` is found as ``cafe``, and so are
  ``ＣＡＦＥ`` and the mathematical letters that people decorate with; ``ß`` as ``ss``);
* in scripts that put no spaces between words (Chinese, Japanese, Thai, Lao, Khmer, Burmese, Tibetan) each character is
  a word, so that any run of them is found as a phrase;
* each emoji and other sign is a word, whatever skin tone or joined family it has; punctuation and ASCII signs are none;
* characters that nobody sees (joiners, soft hyphens, directions of writing) are not there.

Not found: other spellings (``dont`` for ``don't``), other forms of a word but for a prefix, look-alike letters, letters
amid others (``hole`` in ``pothole``), text in pictures.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_WORD = 500
"""Characters of a word that count; PostgreSQL takes 2,046 bytes."""
LONGEST_TEXT = 500_000
"""Bytes of words (in UTF-8) that count in one text; PostgreSQL takes a megabyte. No platform's comment is as long."""

_UNSEEN = {*range(0x0300, 0x0370), *range(0xFE00, 0xFE10)}  # accents, and which look of an emoji is meant
_POINTS = re.compile("[\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670]")  # Hebrew and Arabic, and its stretching
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u1980-\u19ff\u1a20-\u1aaf"  # Thai, Lao, Tibetan, Burmese, …
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u312f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf"  # Han, kana, Yi
    "\uaa60-\uaa7f\uf900-\ufaff\U00016fe0-\U0001b2ff\U00020000-\U0003ffff]"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a word stands: characters `start` to `end` (not included) of the text."""

    word: str
    start: int
    end: int


class _Folds(dict[int, str]):
    """What becomes of each character: letters of words, a word by itself (between spaces), a space, or nothing."""

    def __missing__(self, code: int) -> str:
        folded = unicodedata.normalize("NFKD", chr(code)).casefold()
        self[code] = found = "".join(map(_fold, unicodedata.normalize("NFKD", folded)))
        return found


def _fold(char: str) -> str:
    kind = unicodedata.category(char)
    if ord(char) in _UNSEEN or kind == "Cf" or _POINTS.match(char):
        return ""
    if _UNSPACED.match(char) and kind[0] in "LMN":
        return f" {char} "
    if kind[0] in "LMN":
        return char
    if kind == "Sk" and not char.isascii():  # a skin tone, or an accent that stands by itself
        return ""
    is_sign = kind[0] == "S" or kind in {"Cn", "Co"}  # unassigned: an emoji newer than this Python
    return f" {char} " if is_sign and not char.isascii() else " "


_folds = _Folds()


def folded(char: str) -> str:
    """Give what becomes of one character: letters, a word by itself (between spaces), a space, or nothing."""
    return _folds[ord(char)]


def words(text: str) -> list[str]:
    """Give the words of `text` in their order, as they are compared."""
    found = [word[:LONGEST_WORD] for word in text.translate(_folds).split(" ") if word]
    return found if len(text) * 4 < LONGEST_TEXT else _fitting(found)


def places(text: str) -> list[Place]:
    """Give the same words as `words`, each with its place, and what nobody sees after it (an accent, a skin tone)."""
    found = list(_places(text))[: len(words(text))]
    return [Place(one.word, one.start, _with_unseen(text, one.end)) for one in found]


def _with_unseen(text: str, end: int) -> int:
    while end < len(text) and not _folds[ord(text[end])]:
        end += 1
    return end


def _places(text: str) -> Iterator[Place]:
    letters, start, end = "", 0, 0
    for at, char in enumerate(text):
        before, *others = _folds[ord(char)].split(" ")
        if before:
            start = at if not letters else start
            letters, end = letters + before, at + 1
        for other in others:
            if letters:
                yield Place(letters[:LONGEST_WORD], start, end)
            letters, start, end = other, at, at + 1
    if letters:
        yield Place(letters[:LONGEST_WORD], start, end)


def _fitting(found: list[str]) -> list[str]:
    left = LONGEST_TEXT
    for number, word in enumerate(found):
        left -= len(word.encode()) + 1
        if left < 0:
            return found[:number]
    return found
