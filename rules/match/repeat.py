"""Finds near-identical comments of one account on the City's posts: copies 2 to n; the first is never found.

What is a copy is decided strictly, since people honestly repeat themselves. Two comments say the same if, folded,

* their numbers are equal and in the same order ("Pothole at 39th" and "Pothole at 47th" are two potholes),
* their web addresses are equal,
* they agree letter for letter in the share that the rule calls `likeness`, and
* what is left differs in nothing but words of address and emphasis ("hey", "please", "guys"), in where spaces stand,
  or in a slip of the pen inside a long word. Any other word that differs makes it another comment.

A comment must say something before it can be a copy: `_WORDS` words that are not among the commonest of the language,
with `_LETTERS` letters in them, or a web address or a telephone number. "Great job, keep up the good work!" and "Shame
on all of you!" may be said all day: the measure is the same for praise and for blame.

Answers to what others wrote count only where a rule says so: who answers three neighbours with the same telephone
number is helping.

One copy stays: a comment is only found if an earlier copy within the hours still stands where the public sees it.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from datetime import timedelta
from functools import lru_cache
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from rapidfuzz.distance import OSA
from rapidfuzz.fuzz import ratio

from rules.context import NO_CONTEXT
from rules.language import COMMON, listed
from rules.match import Hit
from rules.match.link import Links, Wanted
from rules.normal import Forms, folded_phrase

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from rules.context import Context
    from rules.model import Pack, Repeat

FOUND = "repeat:"
"""How the description of every hit begins."""

_FIRST = re.compile(r"\bfirst (\S+) ")

_WORDS = 4  # words that say something
_LETTERS = 25  # in those words
_LONG_WORD = 7  # letters; in a shorter word one letter makes another word ("Main", "Maid")
_WORD = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"(?<![^\W\d_])\d+")  # a figure after a letter may stand for a letter
_TELEPHONE = re.compile(r"(?:\d[ ().+-]{0,3}){7,}")
_ADDRESSES = Links({0: Wanted(domains=frozenset(), any=True)})
_ADDRESSING = listed(
    """
    hey hi hello hola ok okay please pls plz kindly guys everyone everybody folks friends friend all amigos yall thanks
    thx gracias oh so very really just too also and the a an porfavor y el la los las un una muy favor por
    """
)
_FREQUENT = listed(  # nouns, verbs and adjectives, by frequency alone
    """
    time person year way day thing man world life hand part child eye woman place work week case point number group
    problem fact people say make go know take see come think look want give use find tell ask seem feel try leave call
    good new first last long great little own other old right big high different small large next early young important
    few public bad same able
    bueno buena buen gran grande nuevo nueva primer primero mismo misma otro otra poco mucho mucha muchos muchas mejor
    día año años vez cosa hombre mujer vida mundo casa trabajo tiempo decir ir ver dar saber querer llegar pasar deber
    poner parecer quedar creer hablar llevar dejar seguir encontrar llamar
    """
)
_SMALL = frozenset(
    folded_phrase(word).replace("'", "") for words in (*COMMON.values(), _FREQUENT, _ADDRESSING) for word in words
)


class _Said(NamedTuple):
    """What a comment says, taken down for comparing. `words` are without those of address and emphasis."""

    whole: str
    words: tuple[str, ...]
    numbers: tuple[str, ...]
    addresses: tuple[str, ...]


class _Copy(NamedTuple):
    """One of several near-identical comments of an account, in the order in which they were written."""

    posted_at: datetime
    ref: str
    shown: bool


class Repeats:
    """All repeat matchers at once. `within` is how far around a comment they look; None if there are none."""

    def __init__(self, wanted: Mapping[int, Repeat]) -> None:
        """Take what each matcher looks for, by the matcher's number."""
        self._wanted = dict(wanted)
        self.within = max((timedelta(hours=one.hours) for one in self._wanted.values()), default=None)

    @classmethod
    def of(cls, packs: Iterable[Pack]) -> Repeats:
        """All repeat matchers of these packs, numbered anew; what exceptions look for is left out."""
        rules = (rule for pack in packs for rule in pack.rules)
        matchers = (matcher for rule in rules for matcher in (*rule.match.all, *rule.match.any))
        return cls(dict(enumerate(matcher.repeat for matcher in matchers if matcher.repeat)))

    def find(self, forms: Forms, context: Context) -> Iterator[Hit]:
        """Give a hit on the whole comment for every matcher whose repetition it is a later copy of."""
        for number, wanted in self._wanted.items():
            run = _run(forms.verbatim, context, wanted)
            if run is not None and run.first is not None:
                first = f"first {run.first.ref} {run.first.posted_at:%Y-%m-%dT%H:%M:%SZ}"
                what = f"{FOUND} {len(run.copies)} copies within {wanted.hours} hours, {first}"
                yield Hit(number, 0, len(forms.plain), what)

    def others(self, text: str, context: Context) -> frozenset[str]:
        """Name the comments, by printed ref, with which this one makes a repetition, whichever of them came first."""
        runs = (_run(text, context, wanted) for wanted in self._wanted.values())
        return frozenset(copy.ref for run in runs if run for copy in run.copies) - {context.ref}


def copy_that_stays(description: str) -> str | None:
    """Name, by printed ref, the copy that a hit of this description says stays; None if it is of another kind."""
    found = _FIRST.search(description) if description.startswith(FOUND) else None
    return found[1] if found else None


class _Run(NamedTuple):
    """Copies within the hours; `first` is the one that stays, if it stands before the comment that was asked about."""

    copies: tuple[_Copy, ...]
    first: _Copy | None


def _run(text: str, context: Context, wanted: Repeat) -> _Run | None:
    """Find the repetition that a comment is part of: the earliest in which an earlier copy stays, else the earliest."""
    if (
        context.posted_at is None
        or len(context.earlier) < wanted.copies - 1
        or (context.answers and not wanted.answers)
    ):
        return None
    this = _said(text)
    if this is None:
        return None
    own = _Copy(context.posted_at, context.ref, shown=True)
    copies = [own]
    for other in context.earlier:
        counts = wanted.answers or not other.answers
        if counts and _same(this, _said(other.text), wanted.likeness):
            copies.append(_Copy(other.posted_at, other.ref, other.shown))
    copies.sort()
    return _earliest(copies, own, wanted)


def _earliest(copies: list[_Copy], own: _Copy, wanted: Repeat) -> _Run | None:
    """Find the earliest stretch of the hours that holds the comment and enough copies, best one in which one stays."""
    times = [copy.posted_at for copy in copies]
    hours, place = timedelta(hours=wanted.hours), copies.index(own)
    stays = [at for at in range(place) if copies[at].shown]
    unseen = None
    for at in range(bisect_left(times, own.posted_at - hours), place + 1):
        end = bisect_right(times, times[at] + hours)
        if end - at < wanted.copies:
            continue
        first = bisect_left(stays, at)
        if first < len(stays):
            return _Run(tuple(copies[at:end]), copies[stays[first]])
        unseen = unseen or _Run(tuple(copies[at:end]), None)
    return unseen


@lru_cache(maxsize=4096)
def _said(text: str) -> _Said | None:
    """Take down what a comment says; None if it says too little to be repeated."""
    forms = Forms(text)
    addresses = tuple(text[found.start : found.end].casefold() for found in _ADDRESSES.find(forms, NO_CONTEXT))
    spoken = _WORD.findall(forms.folded.partition("\n")[0].replace("'", ""))
    telling = [word for word in spoken if word not in _SMALL]
    reaches = addresses or _TELEPHONE.search(text)
    if not reaches and (len(telling) < _WORDS or sum(map(len, telling)) < _LETTERS):
        return None
    words = tuple(word for word in spoken if word not in _ADDRESSING)
    return _Said(" ".join(spoken), words, tuple(_NUMBER.findall(text)), addresses)


def _same(one: _Said, other: _Said | None, likeness: float) -> bool:
    """Tell whether two comments say the same, as the head of this module says."""
    if other is None or one.numbers != other.numbers or one.addresses != other.addresses:
        return False
    if one.whole == other.whole:
        return True
    if ratio(one.whole, other.whole) < 100 * likeness:
        return False
    if "".join(one.words) == "".join(other.words):
        return True
    return all(_same_word(a, b) for a, b in zip_longest(one.words, other.words, fillvalue=""))


def _same_word(one: str, other: str) -> bool:
    """Tell whether two words are one, but for a slip inside a long word: its ends agree, and one letter does not."""
    if one == other:
        return True
    if min(len(one), len(other)) < _LONG_WORD or (one[0], one[-1]) != (other[0], other[-1]):
        return False
    return OSA.distance(one, other, score_cutoff=1) <= 1
