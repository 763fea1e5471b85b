r"""Keeps rules from taking sides: no rule may single out the City, its officers, or criticism of them (P9).

Three nets, one behind the other:

1. *Names.* What a rule looks for is read letter by letter, every alternative of every pattern, and may spell none of
   the policy's `never_named`. A class such as ``\w`` spells nothing; one letter in four may be left open, so that
   ``m.yor`` names the mayor.
2. *Criticism.* A rule that is met by a word of criticism alone, or by one beside a name, is refused.
3. *Pairs.* Sentences that differ in nothing but whom they are aimed at, or on which side they stand, must be decided
   alike. The policy says which (`alike`).

Nothing here knows what a rule is for: the same nets hold for all ten categories.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

from rules.normal import folded_phrase, look_alike, plain_phrase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bot.domain.types import Match
    from rules.context import Context

_ENDINGS = ("", "s", "es", "'s")
_SMALL = 6  # characters; a class of more spells nothing
_OPEN = 4  # one letter in so many of the longest word may be left open
_FLAGS = re.compile(r"[imsU]*(?:-[imsU]+)?")
_REPEAT = re.compile(r"\{(\d+)(,?)(\d*)\}")
_BEGINNINGS = ("", "you ", "these ", "what a ", "he is a ", "she is a ", "they are ", "a bunch of ", "you are all ")
_SPACED = re.compile(r"(?<=\b\w)[\W_]+(?=\w\b)")  # between single letters
_LETTERS = re.compile(r"[a-z0-9]{2,}(?![*+?{])")  # each once, so that they can be taken in one step
_WORD_ALONE = re.compile(r"([a-z0-9]+)([|)]|\Z)")  # an alternative that is nothing but a plain word
_NAME = re.compile(r"P?<\w+>")
_PROPERTY = re.compile(r"\^?\w|\{\^?\w+\}")
_HEX = re.compile(r"[0-9A-Fa-f]{2}|\{([0-9A-Fa-f]+)\}")
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a"}


class _Label(NamedTuple):
    """What one step of a pattern takes: one of few `letters`, or any (None); `gap`: also what is no letter at all.

    A step may take several letters one after the other (`run`) in place of one: most of a pattern is plain words.
    """

    letters: frozenset[str] | None
    gap: bool
    run: str = ""


@dataclass(slots=True)
class _Steps:
    """A pattern as steps from state to state; `free` steps take no character."""

    free: list[list[int]] = field(default_factory=list)
    taking: list[list[tuple[_Label, int]]] = field(default_factory=list)

    def state(self) -> int:
        self.free.append([])
        self.taking.append([])
        return len(self.free) - 1


class _Reader:
    """Reads a pattern as RE2 does, and lays it out as steps. It must have passed `rules.match.pattern.check`."""

    def __init__(self, pattern: str) -> None:
        self.text = pattern
        self.at = 0
        self.steps = _Steps()

    def read(self) -> tuple[_Steps, int, int]:
        start = self.steps.state()
        end = self._either(start)
        return self.steps, start, end

    def _more(self) -> bool:
        return self.at < len(self.text)

    def _take(self, what: str) -> bool:
        if self.text.startswith(what, self.at):
            self.at += len(what)
            return True
        return False

    def _either(self, start: int) -> int:
        end = self.steps.state()
        while True:
            word = _WORD_ALONE.match(self.text, self.at)
            if word:
                self.at = word.end()
                self.steps.taking[start].append((_run(word[1]), end))
                if word[2] == "|":
                    continue
                self.at -= len(word[2])
                return end
            first = self.steps.state()
            self.steps.free[start].append(first)
            self.steps.free[self._row(first)].append(end)
            if not self._take("|"):
                return end

    def _row(self, state: int) -> int:
        while self._more() and self.text[self.at] not in "|)":
            run = _LETTERS.match(self.text, self.at)
            if run:
                self.at = run.end()
                state = self._step(state, _run(run[0]))
            else:
                state = self._repeated(state)
        return state

    def _repeated(self, state: int) -> int:
        """Read one piece and how often it may stand. More than once is as often as one likes: nobody counts names."""
        first, end = self.steps.state(), self.steps.state()
        self.steps.free[state].append(first)
        last = self._one(first)
        may_lack, may_return = self._times()
        self.steps.free[last].append(end)
        if may_lack:
            self.steps.free[first].append(end)
        if may_return:
            self.steps.free[last].append(first)
        return end

    def _times(self) -> tuple[bool, bool]:
        """Read signs of repetition, if there are any: whether the piece may be missing, and whether it may return."""
        may_lack = may_return = False
        while self._more():
            sign = self.text[self.at]
            braces = _REPEAT.match(self.text, self.at) if sign == "{" else None
            if sign in "*+?":
                self.at += 1
                may_lack |= sign in "*?"
                may_return |= sign in "*+"
            elif braces:
                self.at = braces.end()
                may_lack |= int(braces[1]) == 0
                may_return |= int(braces[3] or (2 if braces[2] else braces[1])) > 1
            else:
                break
            self._take("?")
        return may_lack, may_return

    def _one(self, state: int) -> int:
        sign = self.text[self.at]
        self.at += 1
        if sign == "(":
            return self._group(state)
        if sign in "^$":
            return state
        if sign == "\\":
            return self._escape(state)
        label = _ANYTHING if sign == "." else self._class() if sign == "[" else _letter(sign)
        return self._step(state, label)

    def _step(self, state: int, label: _Label) -> int:
        end = self.steps.state()
        self.steps.taking[state].append((label, end))
        return end

    def _group(self, state: int) -> int:
        if self._take("?"):
            named = _NAME.match(self.text, self.at)
            flags = _FLAGS.match(self.text, self.at)
            self.at = named.end() if named else flags.end() if flags else self.at
            if not named and self._take(")"):
                return state  # only flags: letters are compared in lower case in any event
            if not named:
                self._take(":")
        end = self._either(state)
        self._take(")")
        return end

    def _escape(self, state: int) -> int:
        sign = self.text[self.at]
        if sign in "bBAzZ":
            self.at += 1
            return state
        if sign == "Q":
            literal, ended, _ = self.text[self.at + 1 :].partition("\\E")
            self.at += 1 + len(literal) + len(ended)
            for letter in literal:
                state = self._step(state, _letter(letter))
            return state
        letter, label = self._escaped()
        return self._step(state, label or _letter(letter))

    def _escaped(self) -> tuple[str, _Label | None]:
        """Read what follows a backslash: one letter, or a kind of letters."""
        sign = self.text[self.at]
        self.at += 1
        if sign in _KINDS:
            return "", _KINDS[sign]
        if sign in "pP":
            found = _PROPERTY.match(self.text, self.at)
            self.at = found.end() if found else self.at
            return "", _WORD if sign == "p" and found and found[0].strip("{}")[:1] in "LN" else _ANYTHING
        if sign == "x":
            code = _HEX.match(self.text, self.at)
            if code:
                self.at = code.end()
                return chr(int(code[1] or code[0], 16)), None
        return _CONTROLS.get(sign, sign), None

    def _class(self) -> _Label:
        """Read a class; of a large one, or one that says what it is not, only whether a gap may stand there."""
        negated = self._take("^")
        letters: list[str] = []
        wild = gap = False
        first = True
        while self._more() and (first or self.text[self.at] != "]"):
            first = False
            if self._take("[:"):
                _, _, after = self.text[self.at :].partition(":]")
                self.at = len(self.text) - len(after)
                wild = gap = True
                continue
            letter, label = self._member()
            if label:
                wild, gap = True, gap or label.gap
            elif self.text[self.at : self.at + 1] == "-" and self.text[self.at + 1 : self.at + 2] != "]":
                self.at += 1
                letters += map(chr, range(ord(letter), ord(self._member()[0] or letter) + 1))
            else:
                letters.append(letter)
        self._take("]")
        gap = negated or gap or not all(map(str.isalnum, letters))
        spelled = frozenset(map(_seen, letters))
        return _Label(None if negated or wild or len(spelled) > _SMALL else spelled, gap)

    def _member(self) -> tuple[str, _Label | None]:
        letter = self.text[self.at]
        self.at += 1
        return self._escaped() if letter == "\\" else (letter, None)


def _seen(letter: str) -> str:
    """Give the letter that is read, whatever alphabet it was taken from."""
    looked = look_alike(letter).lower()
    return looked if len(looked) == 1 else letter.lower()


def _letter(letter: str) -> _Label:
    return _Label(frozenset({_seen(letter)}), gap=not letter.isalnum())


@lru_cache(maxsize=4096)
def _run(letters: str) -> _Label:
    return _Label(None, gap=False, run="".join(map(_seen, letters)))


_ANYTHING = _Label(None, gap=True)
_WORD = _Label(None, gap=False)
_KINDS = {"d": _WORD, "w": _WORD, "D": _ANYTHING, "W": _ANYTHING, "S": _ANYTHING, "C": _ANYTHING}
_KINDS["s"] = _Label(frozenset(" "), gap=True)


class _Trie:
    """The forbidden names, letter by letter; `name` where one of them is complete.

    `room` is how many letters may be left open on the way to any name from here.
    """

    __slots__ = ("name", "next", "room")

    def __init__(self) -> None:
        self.next: dict[str, _Trie] = {}
        self.name = ""
        self.room = 0

    def add(self, spelling: str, name: str) -> None:
        node = self
        for letter in spelling:
            node.room = max(node.room, _room(name))
            node = node.next.setdefault(letter, _Trie())
        node.name = name


def _room(name: str) -> int:
    """Give how many letters of a name may be left open: one in four of its longest word."""
    return max(map(len, name.split())) // _OPEN


@lru_cache(maxsize=8)
def _trie(names: tuple[str, ...]) -> _Trie:
    trie = _Trie()
    for name in names:
        for ending in _ENDINGS:
            trie.add(name.lower() + ending, name)
    return trie


@lru_cache(maxsize=1024)
def named_in_pattern(pattern: str, names: tuple[str, ...]) -> str | None:
    """Give the first of these names that a pattern spells as whole words, or None."""
    steps, start, end = _Reader(pattern).read()
    begins = {start, *(to for row in steps.taking for label, to in row if label.gap)}
    stack = [(state, _trie(names), 0) for state in sorted(begins)]
    passed: set[tuple[int, int, int]] = set()
    while stack:
        state, node, opened = stack.pop()
        if (state, id(node), opened) in passed:
            continue
        passed.add((state, id(node), opened))
        if node.name and opened <= _room(node.name) and _may_end(steps, state, end):
            return node.name
        stack += [(free, node, opened) for free in steps.free[state]]
        for label, to in steps.taking[state]:
            stack += _onwards(label, to, node, opened)
        if " " in node.next:
            stack.append((state, node.next[" "], opened))
    return None


def _onwards(label: _Label, to: int, node: _Trie, opened: int) -> Iterator[tuple[int, _Trie, int]]:
    """Follow the names by one step of a pattern."""
    if label.run:
        for reached in _spelled(node, label.run):
            yield to, reached, opened
    elif label.letters is None:
        if opened < node.room:
            for letter, following in node.next.items():
                if letter != " ":
                    yield to, following, opened + 1
    else:
        for letter in label.letters:
            if letter in node.next and letter != " ":
                yield to, node.next[letter], opened
    if label.gap and " " in node.next:
        yield to, node, opened  # as many gaps as there are, until a letter comes


def _spelled(node: _Trie, letters: str) -> list[_Trie]:
    """Follow the names by these letters; a name of several words may be written as one."""
    nodes = [node]
    for letter in letters:
        nodes = [at.next[letter] for at in nodes if letter in at.next]
        if not nodes:
            break
        nodes += [at.next[" "] for at in nodes if " " in at.next]
    return nodes


def _may_end(steps: _Steps, state: int, end: int) -> bool:
    """Tell whether a word may be over here: the pattern ends, or something that is no letter may come next."""
    waiting, passed = [state], set[int]()
    while waiting:
        at = waiting.pop()
        if at == end or any(label.gap for label, _ in steps.taking[at]):
            return True
        passed.add(at)
        waiting += [free for free in steps.free[at] if free not in passed]
    return False


@lru_cache(maxsize=8)
def _any_of(names: tuple[str, ...]) -> re.Pattern[str]:
    spelled = "|".join(r"[\W_]*".join(map(re.escape, name.lower().split())) for name in names)
    return re.compile(rf"(?<!\w)({spelled or '(?!)'})(?:'?e?s)?(?!\w)")


def named_in_phrase(phrase: str, names: Sequence[str]) -> str | None:
    """Give the longest of these names that stands in a phrase as whole words, disguised or not, or None."""
    plain = plain_phrase(phrase)
    for text in (plain, folded_phrase(phrase), _SPACED.sub("", plain)):
        found = _any_of(tuple(names)).search(text)
        if found:
            return max((name for name in names if _any_of((name,)).search(text)), key=len, default=found[1])
    return None


def belongs_to(domain: str, names: Sequence[str]) -> str | None:
    """Give the name that is this domain or has it under itself, or None. Only names with a dot are domains."""
    return next((name for name in names if "." in name and f".{domain}".endswith(f".{name.lower()}")), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlike:
    """Two sentences that differ only in whom or what side they speak of; a rule matches the first alone."""

    matched: str
    passed: str


def taken_for_criticism(reads: Reads, criticism: Sequence[str], names: Sequence[str]) -> str | None:
    """Give the first word of criticism that a rule takes alone, or beside a name, or None."""
    people = [name for name in names if "." not in name]
    people = people[:: max(1, len(people) // 6)]
    alone = [begin + word for word in criticism for begin in _BEGINNINGS]
    beside = [f"the {name} {link} {word}" for word in criticism for name in people for link in ("is a", "are")]
    return next((text for texts in (alone, beside) for text in _taken(reads, texts)), None)


def unlike(reads: Reads, groups: Sequence[Sequence[str]]) -> Unlike | None:
    """Give the first two sentences of one group of which a rule takes one and not the other, or None."""
    taken = set(_taken(reads, [text for group in groups for text in group]))
    for group in groups:
        matched = [text for text in group if text in taken]
        if matched and len(matched) < len(group):
            return Unlike(matched=matched[0], passed=next(text for text in group if text not in taken))
    return None


class Read(Protocol):
    """Gives what a rule matches in a text, with or without a context."""

    def __call__(self, text: str, context: Context = ..., /) -> tuple[Match, ...]:
        """Read one text."""
        ...


class Reads(NamedTuple):
    """What one rule matches in a text: as it is (`truly`), and as if nothing could make it silent (`boldly`)."""

    truly: Read
    boldly: Callable[[str], tuple[Match, ...]]


def _taken(reads: Reads, texts: Sequence[str]) -> list[str]:
    """Give those texts that a rule matches. All are tried in one go first: hardly ever is there anything to find.

    In two goes, rather: plain ASCII is read much faster.
    """
    return [
        text
        for batch in _batches(tuple(texts))
        if reads.boldly("\n".join(f"{text}." for text in batch))
        for text in batch
        if reads.truly(text)
    ]


def _batches(texts: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    batches = tuple(filter(str.isascii, texts)), tuple(text for text in texts if not text.isascii())
    return tuple(filter(None, batches))
