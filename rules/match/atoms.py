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
    from collections.abc import Callable, Iterable

Clause = frozenset[str]
Branch = tuple[Clause, ...]

EDGE = "\0"  # stands for no character, but for the beginning or the end of a word
_LEFT, _RIGHT = "\1", "\2"  # for the beginning or the end of a part, whatever that will turn out to be
_MOST_STRINGS = 300  # that a piece may spell before it is cut
_MOST_WORDS = 1_500  # that stand for each other
_LONGEST = 40  # characters of one string
_SHORTEST = 3  # letters, or fewer that are a whole word or hold a figure; other strings are in nearly every comment
_RARE_SIGNS = frozenset("$£€%#@&*+=<>~^|_/\\{}[]")  # worth looking for even alone
_MOST_CLAUSES = 5
_EMPTY: Clause = frozenset({""})
_CLASS_ESCAPES = frozenset("dDsSwWpPC")
_CONTROL = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a"}
_ANCHORS = frozenset("bBAz")
_CODE = re.compile(r"x(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2}))")
_LETTERS = re.compile(r"[a-z0-9 ]{2,20}(?![*+?{])")  # each once, so that they can be taken in one step
_WORDS = re.compile(r"[a-z0-9 ]{1,20}(?:\|[a-z0-9 ]{1,20})*(?=\))")  # alternatives that are nothing but plain words
_REPEATED = re.compile(r"\{(\d+)(?:(,)(\d*))?\}")
_WORD = re.compile(r"(?<![^\W_])[^\W_]+(?![^\W_])")
# The commonest words of comments, the commonest first: roughly every n-th word is the n-th of them, n times rarer.
_FREQUENT = """
    the to and i a you s t of is in m it that for this on my have are be so with not but me just they your all was
    like do if we what at can he get no up as or about out how from one when don know u good now love will there who
    their an has by people more got see go would think because time day want really make then them why her his she
    him our us d ll re ve rt need new too lol here only right going been some back way even still never should off
    after did please over where great say said than were look best life am im dont take come could down first work
    well let man very much video thanks had today these being any thing things other into again last every also guys
    better check use year years help world always hope god night oh yes follow many two stop shit home long give
    before free made makes hate bad lot thank watch keep real big next try show call bit done trying school money
    job black white women woman men girl guy girls kids person fuck fucking damn hell ass someone anyone everyone
    something anything nothing everything ever feel live play says tell doing under used against old same country
    trump biden president vote city police government news state states house game team song music channel subscribe
    send buy sale link account
"""
_RANKS = {word: rank for rank, word in reversed(list(enumerate(_FREQUENT.split(), 1)))}
_WORDS_OF_A_COMMENT = 25
_RARE = 0.0005  # share of comments that hold a word which is not common
_PART = {1: 1.0, 2: 0.4, 3: 0.1, 4: 0.02, 5: 0.005}  # and so many letters of any word
_KNOWN_BY = 30  # characters at the beginning of a group; a shorter one is read as quickly as it is looked up
_GROUP = re.compile(r"\?(?:P?<[^>]*>|([a-zA-Z-]*):|([a-zA-Z-]*)\))")


_GROUPS: dict[str, list[tuple[str, _Piece]]] = {}
"""What groups spell that were read before, by how they begin: the same word lists stand in very many patterns."""


class _Unknown(Exception):
    """A construction that this reader does not know."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """What a part of an expression spells: all its strings if they are few, and the clauses that it needs anyway."""

    exact: Clause | None
    needs: tuple[Clause, ...] = ()
    begins: bool = False  # whatever it spells, if anything, begins with neither letter nor figure
    ends: bool = False
    empty: bool = True  # it may spell nothing

    @classmethod
    def of(cls, strings: Iterable[str]) -> _Piece:
        """Give a piece that spells these strings and no others."""
        exact = frozenset(strings)
        begins = not any(string[:1].isalnum() for string in exact)
        return cls(exact, begins=begins, ends=not any(string[-1:].isalnum() for string in exact), empty="" in exact)


_ANYTHING = _Piece(None)
_BLANK = _Piece(None, begins=True, ends=True, empty=False)
_NOTHING = _Piece.of(_EMPTY)
_WORD_EDGE = _Piece.of({EDGE})


@cache
def atoms(pattern: str) -> tuple[Branch, ...]:
    """Give the branches of a pattern (RE2 syntax, lower case); none if it may match where nothing certain stands."""
    try:
        pieces = _Reader(pattern).branches()
    except _Unknown:
        return ()
    branches = [_most_telling(map(_settled, _clauses(piece))) for piece in pieces]
    return tuple(branches) if all(branches) else ()


def forget() -> None:
    """Let go of what was read: it is there for those who compile the same rules once more, and takes ten megabytes."""
    for cached in (atoms, _worth, _shortened):
        cached.cache_clear()
    _GROUPS.clear()


def _most_telling(clauses: Iterable[Clause]) -> Branch:
    telling = {_shortened(clause) for clause in clauses if all(map(_telling, clause))}
    return tuple(sorted(telling, key=_worth)[:_MOST_CLAUSES])


def _clauses(piece: _Piece) -> Iterable[Clause]:
    needs = piece.needs if piece.exact is None else (_marked(piece.exact, _LEFT, _RIGHT), *piece.needs)
    return (clause for clause in needs if all(map(_telling, clause)))


def _marked(clause: Clause, left: str, right: str) -> Clause:
    return frozenset(f"{left}{string}{right}" if string else "" for string in clause)


def _settled(clause: Clause, left: str = "", right: str = "") -> Clause:
    """Put for the beginning and the end of a part what stands there."""
    return frozenset(string.replace(_LEFT, left).replace(_RIGHT, right) for string in clause)


def _telling(string: str) -> bool:
    letters = sum(map(str.isalnum, string))
    whole_word = bool(letters) and not (string[0].isalnum() or string[-1].isalnum())
    mixed = letters == _SHORTEST - 1 and any(map(str.isdigit, string)) and any(map(str.isalpha, string))
    return (
        letters >= _SHORTEST
        or whole_word
        or mixed
        or not _RARE_SIGNS.isdisjoint(string)
        or (not string.isascii() and any(map(_is_picture, string)))
    )


def _is_picture(char: str) -> bool:
    return not char.isascii() and unicodedata.category(char) in {"So", "Sm"}


@cache
def _worth(clause: Clause) -> tuple[float, list[str]]:
    """Rank a clause by the share of comments that hold one of its strings; they keep the order the same."""
    return sum(map(share, clause)), sorted(clause)


def share(string: str) -> float:
    """Guess the share of comments that hold a string, from 0 to 1: that of its rarest word."""
    shares = [_share_of_word(found[0], string, *found.span()) for found in _WORD.finditer(string)]
    if not string.isascii() and any(map(_is_picture, string)):
        shares.append(_RARE)
    return min(shares, default=_PART[3])


def _share_of_word(word: str, string: str, start: int, end: int) -> float:
    common = min(1.0, _WORDS_OF_A_COMMENT / 10 / _RANKS[word]) if word in _RANKS else _RARE
    return max(common, _PART.get(len(word), _RARE)) if start == 0 or end == len(string) else common


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
            if len(spelled) <= _MOST_WORDS:
                return _Piece.of(spelled)
            return _either([_Piece.of({word}) for word in spelled])
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
                pieces.append(_Piece.of({letters[0]}))
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
        return _NOTHING if char in "^$" else _Piece.of({char.lower()})

    def _group(self) -> _Piece:
        start = self._at
        beginning = self._pattern[start : start + _KNOWN_BY]
        for written, piece in _GROUPS.get(beginning, ()):
            if self._pattern.startswith(written, start):
                self._at += len(written)
                return piece
        piece = self._new_group()
        if self._at - start > _KNOWN_BY:
            _GROUPS.setdefault(beginning, []).append((self._pattern[start : self._at], piece))
        return piece

    def _new_group(self) -> _Piece:
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
            return _BLANK if char == "s" else _ANYTHING
        return _Piece.of({self._escaped(char)})

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
        return _ANYTHING if wide else _Piece.of(chars)


def _either(branches: list[_Piece]) -> _Piece:
    exacts = [branch.exact for branch in branches]
    known = [exact for exact in exacts if exact is not None]
    if len(known) == len(exacts) and sum(map(len, known)) <= _MOST_WORDS:
        return _Piece.of(frozenset().union(*known))
    best = [min(_clauses(branch), key=_worth, default=None) for branch in branches]
    needed = [clause for clause in best if clause]
    return _Piece(
        None,
        (frozenset().union(*needed),) if len(needed) == len(best) else (),
        begins=all(branch.begins for branch in branches),
        ends=all(branch.ends for branch in branches),
        empty=any(branch.empty for branch in branches),
    )


def _times(piece: _Piece, least: int, most: int | None) -> _Piece:
    if most == 1 and piece.exact is not None:
        return piece if least else _Piece.of(piece.exact | _EMPTY)
    needs = tuple(_settled(clause, left=_LEFT) for clause in _clauses(piece)) if least else ()
    return _Piece(None, needs, begins=piece.begins, ends=piece.ends, empty=piece.empty or not least)


def _one_after_the_other(pieces: list[_Piece]) -> _Piece:
    """Join what the pieces spell, and begin anew wherever that is unknown or grows too large."""
    needs: list[Clause] = []
    run: Clause = _EMPTY
    first = 0
    for at, piece in enumerate(pieces):
        joined = None if piece.exact is None else _joined(run, piece.exact)
        if joined is not None:
            run = joined
            continue
        needs.append(_marked(run, _before(pieces[:first]), _after(pieces[at:])))
        left, right = _before(pieces[:at]), _after(pieces[at + 1 :])
        needs += [_settled(clause, left, right) for clause in piece.needs]
        run, first = (_EMPTY, at + 1) if piece.exact is None else (piece.exact, at)
    begins, ends = bool(_before(pieces[::-1], _begins)), bool(_before(pieces))
    empty = all(piece.empty for piece in pieces)
    if not needs:
        return _Piece(run, begins=begins, ends=ends, empty=empty)
    needs.append(_marked(run, _before(pieces[:first]), _RIGHT))
    return _Piece(None, tuple(needs), begins=begins, ends=ends, empty=empty)


def _begins(piece: _Piece) -> bool:
    return piece.begins


def _ends(piece: _Piece) -> bool:
    return piece.ends


def _before(pieces: list[_Piece], apart: Callable[[_Piece], bool] = _ends, outside: str = _LEFT) -> str:
    """Say what stands before a part of a sequence, if that is known: the edge of a word, or what stands outside."""
    for piece in reversed(pieces):
        if not apart(piece):
            return ""
        if not piece.empty:
            return EDGE
    return outside


def _after(pieces: list[_Piece]) -> str:
    return _before(pieces[::-1], _begins, _RIGHT)


def _joined(left: Clause, right: Clause) -> Clause | None:
    if len(left) * len(right) > _MOST_STRINGS:
        return None
    joined = frozenset(one + other for one, other in product(left, right))
    return None if max(map(len, joined)) > _LONGEST else joined
