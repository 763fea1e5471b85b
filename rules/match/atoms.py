r"""Works out the fixed letters without which a regular expression cannot match, so that it need not be tried in vain.

``(?:please )?(?:sub|subscribe) to (?:my|our) channel`` cannot match a text that lacks "channel". The answer is a list
of branches, each a list of clauses: a matching text holds, of every clause of at least one branch, at least one string.
Since patterns stand for whole words, a string may also say that a word begins or ends there (`EDGE`). Whatever this
reader does not know makes no clause, which costs time and never a match.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

from ahocorasick_rs import AhoCorasick, Implementation

if TYPE_CHECKING:
    from collections.abc import Iterable

Clause = frozenset[str]
Branch = tuple[Clause, ...]

EDGE = "\0"  # stands for no character, but for the beginning or the end of a word
_MOST_STRINGS = 300  # that a piece may spell before it is cut
_LONGEST = 40  # characters of one string
_SHORTEST = 3  # letters, or two that are a whole word or hold a figure; shorter strings are in nearly every comment
_RARE_SIGNS = frozenset("$£€%#@&*+=<>~^|_/\\{}[]")  # worth looking for even alone
_MOST_CLAUSES = 3
_EMPTY: Clause = frozenset({""})
_CLASS_ESCAPES = frozenset("dDsSwWpPC")
_CONTROL = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a"}
_ANCHORS = frozenset("bBAz")
_CODE = re.compile(r"x(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2}))")
_LETTERS = re.compile(r"[a-z0-9 ]{2,20}(?![*+?{])")  # each once, so that they can be taken in one step
_WORDS = re.compile(r"[a-z0-9 ]{1,20}(?:\|[a-z0-9 ]{1,20})*(?=\))")  # alternatives that are nothing but plain words
_REPEATED = re.compile(r"\{(\d+)(?:(,)(\d*))?\}")
_GROUP = re.compile(r"\?(?:P?<[^>]*>|([a-zA-Z-]*):|([a-zA-Z-]*)\))")


class _Unknown(Exception):
    """A construction that this reader does not know."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """What a part of an expression spells: all its strings if they are few, and the clauses that it needs anyway."""

    exact: Clause | None
    needs: tuple[Clause, ...] = ()


_ANYTHING = _Piece(None)
_NOTHING = _Piece(_EMPTY)
_WORD_EDGE = _Piece(frozenset({EDGE}))


@cache
def atoms(pattern: str) -> tuple[Branch, ...]:
    """Give the branches of a pattern (RE2 syntax, lower case); none if it may match where nothing certain stands."""
    try:
        pieces = _Reader(pattern).branches()
    except _Unknown:
        return ()
    branches = [_most_telling({_shortened(clause) for clause in _clauses(piece)}) for piece in pieces]
    return tuple(branches) if all(branches) else ()


def _most_telling(clauses: Iterable[Clause]) -> Branch:
    return tuple(sorted(clauses, key=_worth, reverse=True)[:_MOST_CLAUSES])


def _clauses(piece: _Piece) -> Iterable[Clause]:
    needs = piece.needs if piece.exact is None else (piece.exact, *piece.needs)
    return (clause for clause in needs if all(map(_telling, clause)))


def _telling(string: str) -> bool:
    letters = sum(map(str.isalnum, string))
    short = letters == _SHORTEST - 1
    whole_word = short and not (string[0].isalnum() or string[-1].isalnum())
    mixed = short and any(map(str.isdigit, string)) and any(map(str.isalpha, string))
    return (
        letters >= _SHORTEST
        or whole_word
        or mixed
        or not _RARE_SIGNS.isdisjoint(string)
        or any(map(_is_picture, string))
    )


def _is_picture(char: str) -> bool:
    return not char.isascii() and unicodedata.category(char) == "So"


def _worth(clause: Clause) -> tuple[float, list[str]]:
    """Rank a clause: long strings are rare, many strings are not. The strings themselves keep the order the same."""
    return min(map(len, clause)) - len(clause) ** 0.5 / 2, sorted(clause)


@cache
def _shortened(clause: Clause) -> Clause:
    """Leave out strings that hold another one of the clause: where they are, the other one is."""
    strings = list(clause)
    held = AhoCorasick(strings, implementation=Implementation.NoncontiguousNFA, store_patterns=False)
    return frozenset(one for one in strings if len(held.find_matches_as_indexes(one, overlapping=True)) == 1)


class _Reader:
    """A descent through one expression."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0

    def branches(self) -> list[_Piece]:
        """Read the whole expression: one piece for each of its alternatives, each as whole words."""
        branches = [self._sequence(edges=True)]
        while self._next() == "|":
            self._at += 1
            branches.append(self._sequence(edges=True))
        if self._at < len(self._pattern):
            raise _Unknown
        return branches

    def _next(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _take(self) -> str:
        char = self._next()
        if not char:
            raise _Unknown
        self._at += 1
        return char

    def _alternation(self) -> _Piece:
        words = _WORDS.match(self._pattern, self._at)
        if words:
            self._at = words.end()
            spelled = words[0].split("|")
            if len(spelled) <= _MOST_STRINGS:
                return _Piece(frozenset(spelled))
            return _either([_Piece(frozenset({word})) for word in spelled])
        branches = [self._sequence()]
        while self._next() == "|":
            self._at += 1
            branches.append(self._sequence())
        return branches[0] if len(branches) == 1 else _either(branches)

    def _sequence(self, *, edges: bool = False) -> _Piece:
        pieces: list[_Piece] = [_WORD_EDGE] * edges
        while self._next() not in {"", "|", ")"}:
            letters = _LETTERS.match(self._pattern, self._at)
            if letters:
                self._at = letters.end()
                pieces.append(_Piece(frozenset({letters[0]})))
            else:
                pieces.append(self._repeated(self._single()))
        return _one_after_the_other([*pieces, *[_WORD_EDGE] * edges])

    def _repeated(self, piece: _Piece) -> _Piece:
        while self._next() in {"*", "+", "?", "{"}:
            least, most = self._times()
            if self._next() == "?":  # as few as possible: the same strings
                self._at += 1
            piece = _times(piece, least, most)
        return piece

    def _times(self) -> tuple[int, int | None]:
        sign = self._take()
        if sign != "{":
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
        found = _REPEATED.match(self._pattern, self._at - 1)
        if not found:
            raise _Unknown
        self._at = found.end()
        least = int(found[1])
        return least, least if not found[2] else int(found[3]) if found[3] else None

    def _single(self) -> _Piece:
        char = self._take()
        if char == "(":
            return self._group()
        if char == "[":
            return self._class()
        if char == "\\":
            return self._escape()
        if char == ".":
            return _ANYTHING
        return _NOTHING if char in "^$" else _Piece(frozenset({char.lower()}))

    def _group(self) -> _Piece:
        if self._next() == "?":
            found = _GROUP.match(self._pattern, self._at)
            if not found or (found[1] or found[2] or "").strip("ims-"):
                raise _Unknown
            self._at = found.end()
            if found[2] is not None:
                return _NOTHING
        piece = self._alternation()
        if self._take() != ")":
            raise _Unknown
        return piece

    def _escape(self) -> _Piece:
        char = self._take()
        if char in _ANCHORS:
            return _NOTHING
        if char in _CLASS_ESCAPES:
            if char in "pP":
                self._property()
            return _ANYTHING
        return _Piece(frozenset({self._escaped(char)}))

    def _property(self) -> None:
        if self._take() == "{":
            self._at = self._pattern.find("}", self._at) + 1
            if not self._at:
                raise _Unknown

    def _escaped(self, char: str) -> str:
        found = _CODE.match(self._pattern, self._at - 1) if char == "x" else None
        if found:
            self._at = found.end()
            return chr(int(found[1] or found[2], 16)).lower()
        if char.isalnum():
            if char not in _CONTROL:
                raise _Unknown  # \Q, octal: rare enough to be tried each time
            return _CONTROL[char]
        return char

    def _class(self) -> _Piece:
        """Read ``[…]``: a few characters spell themselves, anything wider may be anything."""
        negated = self._next() == "^"
        self._at += negated
        chars: set[str] = set()
        wide = negated
        first = True
        while first or self._next() != "]":
            first = False
            char = self._take()
            if char == "[" and self._next() == ":":
                self._at = self._pattern.find(":]", self._at) + 2
                wide = True
                continue
            if char == "\\":
                escaped = self._take()
                if escaped in _CLASS_ESCAPES:
                    if escaped in "pP":
                        self._property()
                    wide = True
                    continue
                char = self._escaped(escaped)
            if self._next() == "-" and self._pattern[self._at + 1 : self._at + 2] not in {"]", ""}:
                self._at += 1
                last = self._take()
                if last == "\\":
                    last = self._escaped(self._take())
                wide = True
                continue
            chars.add(char.lower())
        self._at += 1
        return _ANYTHING if wide else _Piece(frozenset(chars))


def _either(branches: list[_Piece]) -> _Piece:
    exacts = [branch.exact for branch in branches]
    known = [exact for exact in exacts if exact is not None]
    if len(known) == len(exacts) and sum(map(len, known)) <= _MOST_STRINGS:
        return _Piece(frozenset().union(*known))
    best = [max(_clauses(branch), key=_worth, default=None) for branch in branches]
    needed = [clause for clause in best if clause]
    return _Piece(None, (frozenset().union(*needed),)) if len(needed) == len(best) else _ANYTHING


def _times(piece: _Piece, least: int, most: int | None) -> _Piece:
    if most == 1 and piece.exact is not None:
        return piece if least else _Piece(piece.exact | _EMPTY)
    return _Piece(None, tuple(_clauses(piece))) if least else _ANYTHING


def _one_after_the_other(pieces: list[_Piece]) -> _Piece:
    """Join what the pieces spell, and begin anew wherever that is unknown or grows too large."""
    needs: list[Clause] = []
    run: Clause = _EMPTY
    whole = True
    for piece in pieces:
        joined = None if piece.exact is None else _joined(run, piece.exact)
        if joined is not None:
            run = joined
            continue
        whole = False
        needs += [run, *piece.needs]
        run = _EMPTY if piece.exact is None else piece.exact
    return _Piece(run) if whole else _Piece(None, (*needs, run))


def _joined(left: Clause, right: Clause) -> Clause | None:
    if len(left) * len(right) > _MOST_STRINGS:
        return None
    joined = frozenset(one + other for one, other in product(left, right))
    return None if max(map(len, joined)) > _LONGEST else joined
