"""Asks a small local model, or the City's own, what it makes of a comment's words. A score asks a person, never more.

A local model is a logistic regression on hashed words: each word of a comment alone, with the next one and with the
next but one, by their first letters. Addresses, amounts and figures count by their kind, not by what they say. All
models read alike, so a comment is read once for all of them. `rules/models/train.py` makes the weights. Nothing here is
left to chance: the same comment and model give the same score for ever.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter, sub
from typing import TYPE_CHECKING
from zlib import crc32

from rules.match import Hit
from rules.normal import look_alike

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bot.domain.types import Match
    from rules.context import Context, ModelScore
    from rules.model import Score
    from rules.normal import Forms

SERVER = "server/"  # how a rule asks for what the City's own model server says of a category: server/sexual
READING = "words 2"  # how comments are read below; a model made for another reading is refused
BUCKETS = 1 << 18  # numbers under which words are known; two may share one

NOUGHT = 128  # the byte that stands for a weight of nothing

_LETTERS = 5  # by which a word is known: "subscribe", "subscriber" and "subscribing" are one
_REMEMBERED = 1 << 16  # words whose numbers are kept at hand
_LONGEST = 32  # letters of a word that is kept
_EXPLAINED = 5  # words
_MOST = 500  # words at either end of a comment that are read; what it is like as a whole shows there
_MOST_CHARACTERS = 5000  # likewise
_FEWEST = 2  # words, without which there is no pair, or numbers, of which any word at all has more
_ENDLESS = 30.0  # beyond this a score is 0 or 1

# Signs for what is no word: in capitals, as words here never are, and no longer than words are cut.
_START, _END, _LINK, _VIDEO, _WRAPPED, _OFFICIAL, _MONEY, _LOUD = (
    *("START", "END", "LINK", "VIDEO", "TCO", "GOV", "MONEY", "LOUD"),
)
_TOLD = {
    _LINK: "a link",
    _VIDEO: "a link to a video",
    _WRAPPED: "a shortened link",
    _OFFICIAL: "an official link",
    _MONEY: "an amount",
    _LOUD: "all in capitals",
}
_KINDS = {"youtube.com": _VIDEO, "youtu.be": _VIDEO, "t.co": _WRAPPED}  # X wraps every address: t.co says nothing
_OFFICIAL_ENDINGS = (".gov", ".mil", ".edu")

_ENDINGS = "com|net|org|info|biz|io|me|tv|gg|xyz|co|be|ly|gl|gov|mil|edu|us"
_HINT = re.compile(rf"://|www ?\.|\. ?(?:{_ENDINGS})\b")
_ADDRESS = re.compile(
    r"(?:\b(?:https?|ftp)://|\bwww ?\.) ?([^\s/<>\"]+(?:(?<=\.) com\b)?)[^\s<>\"]*"
    rf"|(?<![\w@.])((?:[a-z0-9-]{{1,63}} ?\. ?){{1,4}}(?:{_ENDINGS}))\b(?:/[^\s<>\"]*)?"
)
_TAG = re.compile(r"<[^<>]*>")
_NUMBER_TOLD = re.compile(r"score: \S+ .*?(?<!\S)([01]\.\d\d)(?: \(|$)")


class BadModel(Exception):
    """A file is no model that this program can read; says what is wrong with it."""


class _Signs(dict[int, str]):
    """What each character is for a model, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        self[code] = sign = _sign(chr(code))
        return sign


def _sign(char: str) -> str:
    """Give a letter as it is, a figure as a nought, and what speaks for itself as a word of its own."""
    if char.isdecimal():
        return "0"
    if char.isalnum():
        return char
    if char in "$£€":
        return f" {_MONEY} "
    return f" {char} " if char in "!?%@#+" or not (char.isascii() or char.isspace()) else " "


_SIGNS = _Signs()
_MARKS = {mark: _sign(mark) for mark in "!?%@#+$"}
# The same for plain characters, one for one as far as may be, since Python changes such texts many times faster.
_PLAIN_LETTERS = {code: look_alike(chr(code)) or None for code in range(128)}
_PLAIN_SIGNS = {code: chr(code) if chr(code) in _MARKS else _sign(chr(code)) for code in range(128)}


def words(verbatim: str) -> list[str]:
    """Give what a model reads in a comment: its words in order, and after its end what it is like as a whole."""
    if len(verbatim) > 2 * _MOST_CHARACTERS:
        verbatim = f"{verbatim[:_MOST_CHARACTERS]} {verbatim[-_MOST_CHARACTERS:]}"
    text = verbatim.translate(_PLAIN_LETTERS) if verbatim.isascii() else look_alike(verbatim)
    if "<" in text:
        text = _TAG.sub(" ", text)
    if ("." in text or "/" in text) and _HINT.search(text):
        text = _ADDRESS.sub(_kind, text)
    said = _spelt(text)
    if len(said) > 2 * _MOST:
        said = said[:_MOST] + said[-_MOST:]
    if not said:
        return []
    length = min(len(said).bit_length(), 9)
    like = [f"LINK{length}"] if _LINK in said else []
    if verbatim.isupper():
        like.append(_LOUD)
    return [_START, *said, _END, f"LONG{length}", *like]


def _spelt(text: str) -> list[str]:
    """Give the words of a text, and what speaks for itself, in order."""
    if not text.isascii():
        return text.translate(_SIGNS).split()
    text = text.translate(_PLAIN_SIGNS)
    for mark, sign in _MARKS.items():
        if mark in text:
            text = text.replace(mark, sign)
    return text.split()


def _kind(address: re.Match[str]) -> str:
    host = (address[1] or address[2]).replace(" ", "").removeprefix("www.").removeprefix("m.")
    return f" {_KINDS.get(host) or (_OFFICIAL if host.endswith(_OFFICIAL_ENDINGS) else _LINK)} "


class _Numbers(dict[str, int]):
    """The number of each word, by its first letters, worked out when it is first met.

    Nobody's words can fill the memory: when they are many, they are forgotten.
    """

    def __missing__(self, word: str) -> int:
        number = crc32(word[:_LETTERS].encode()) % BUCKETS
        if len(word) <= _LONGEST:
            if len(self) >= _REMEMBERED:
                self.clear()
            self[word] = number
        return number


_NUMBERS = _Numbers()


def _hashes(read: Sequence[str]) -> Iterator[int]:
    """Give the number of each word, of each with the next, and of each with the next but one, in this order.

    The number of a pair is the difference of two numbers, another one if the pair is turned round. Where it is
    negative, it counts weights from their end.
    """
    if len(read) < _FEWEST:
        return map(_NUMBERS.__getitem__, read)
    single = itemgetter(*read)(_NUMBERS)
    return chain(single, map(sub, single, single[1:]), map(sub, single, single[2:]))


def numbers(read: Sequence[str]) -> frozenset[int]:
    """Give the numbers under which a model knows the words of a comment, each once however often it stands there."""
    return frozenset(_hashes(read))


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A trained model: a weight for every number, one byte each, in units of `step` and `NOUGHT` for none.

    A score of 0.5 is where training chose to ask a person.
    """

    name: str
    version: str
    sha256: str
    bias: float
    step: float
    weights: bytes

    @classmethod
    def of(cls, body: bytes) -> Model:
        """Read a model file: a line of JSON, then the weights. Raises `BadModel`."""
        head, _, weights = body.partition(b"\n")
        try:
            said = json.loads(head)
            name, version, bias, step = (
                str(said["name"]),
                str(said["version"]),
                float(said["bias"]),
                float(said["step"]),
            )
        except (ValueError, TypeError, KeyError) as wrong:
            message = f"its first line does not describe a model ({wrong!r})"
            raise BadModel(message) from None
        if said.get("reading") != READING or len(weights) != BUCKETS:
            message = f"it was made for another reading of comments than {READING!r}; train it again"
            raise BadModel(message)
        return cls(name, version, hashlib.sha256(body).hexdigest(), bias, step, weights)

    @property
    def label(self) -> str:
        """What a match says of the model that spoke: ``name version#sha12``."""
        return f"{self.name} {self.version}#{self.sha256[:12]}"

    def score(self, known: frozenset[int]) -> float:
        """Give how much a comment is like what the model was trained to find, from 0 to 1; by the `numbers` of it."""
        return next(iter(scores([self], known).values()))

    def of_sum(self, weights: int, many: int) -> float:
        """Give the score of a comment known by so many numbers, whose weights have this sum."""
        evidence = (weights - NOUGHT * many) * self.step / math.sqrt(many) + self.bias
        return 1 / (1 + math.exp(-min(max(evidence, -_ENDLESS), _ENDLESS)))

    def explain(self, read: Sequence[str]) -> list[str]:
        """Give the `words` of a comment, and pairs of them, that speak most for its score, the strongest first."""
        names = [*((word,) for word in read), *zip(read, read[1:]), *zip(read, read[2:])]  # noqa: B905, RUF007
        strong: dict[int, set[tuple[str, ...]]] = {}
        for number, name in zip(_hashes(read), names, strict=True):
            if self.weights[number] > NOUGHT:
                strong.setdefault(self.weights[number], set()).add(name)
        told: dict[str, None] = {}
        for weight in sorted(strong, reverse=True):
            told.update(dict.fromkeys(sorted(filter(None, map(_told, strong[weight])))))
            if len(told) >= _EXPLAINED:
                break
        return list(told)[:_EXPLAINED]


def _told(name: tuple[str, ...]) -> str:
    """Say a word or a pair in a person's words; nothing for what only says how long a comment is."""
    return " ".join(filter(None, (_TOLD.get(word, "" if word.isupper() else word) for word in name)))


def scores(models: Iterable[Model], known: frozenset[int]) -> dict[str, float]:
    """Give what each model, by its name, makes of one comment, by the `numbers` of it."""
    many = len(known)
    if many < _FEWEST:
        return {model.name: 0.0 for model in models}
    of_all = itemgetter(*known)
    return {model.name: model.of_sum(sum(of_all(model.weights)), many) for model in models}


class Scores:
    """All score matchers at once: a comment is read once for all models."""

    def __init__(self, wanted: Mapping[int, Score], models: Mapping[str, Model]) -> None:
        """Take what each matcher looks for, by the matcher's number, and the models that they name."""
        self._wanted = dict(wanted)
        self._models = {one.model: models[one.model] for one in wanted.values() if one.model in models}

    def find(self, forms: Forms, context: Context) -> Iterator[Hit]:
        """Give a hit on the whole comment for every matcher whose model scores it high enough."""
        if not self._wanted:
            return
        read = words(forms.verbatim) if self._models else []
        said = scores(self._models.values(), numbers(read)) if read else {}
        for number, wanted in self._wanted.items():
            if wanted.model.startswith(SERVER):
                yield from _said_elsewhere(number, wanted, forms, context)
            elif said.get(wanted.model, 0) >= wanted.at_least:
                model = self._models[wanted.model]
                what = f"score: {model.label} {_rounded(said[model.name])} ({', '.join(model.explain(read))})"
                yield Hit(number, *_whole(forms), what)


def _said_elsewhere(number: int, wanted: Score, forms: Forms, context: Context) -> Iterator[Hit]:
    """Give a hit if the City's own model server said enough of a category; none if it has no server."""
    category = wanted.model.removeprefix(SERVER)
    said = [(one.categories[category], one) for one in context.scores.values() if category in one.categories]
    score, server = max(said, key=lambda one: (one[0], one[1].model, one[1].version), default=(0.0, None))
    if server and score >= wanted.at_least and forms.verbatim.strip():
        yield Hit(number, *_whole(forms), f"score: {wanted.model} {_named(server)} {_rounded(score)}")


def _named(server: ModelScore) -> str:
    return f"{server.model} {server.version}"


def _whole(forms: Forms) -> tuple[int, int]:
    """Give the place of the whole comment, without the blanks around it."""
    text = forms.verbatim
    return len(text) - len(text.lstrip()), len(text.rstrip())


def _rounded(score: float) -> str:
    """Write a score with two figures, never rounded up across a limit."""
    return f"{math.floor(min(max(score, 0.0), 1.0) * 100) / 100:.2f}"


def score_of(match: Match) -> float | None:
    """Give the score that a match was made by, from 0 to 1, or nothing if no model had a part in it."""
    found = _NUMBER_TOLD.match(match.matcher)
    return float(found[1]) if found else None
