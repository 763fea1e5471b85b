"""What a ballot list says, and the names that rules of C1 may look for because they stand on it.

A rule of campaign speech names nobody. Its pattern says ``<candidate>`` or ``<measure>``, and is filled from the list
of what voters will find on the certified ballot: every choice of every contest, and measures as such, so that no side
can be left out. Without a list that a named person approved, such a rule is not there at all.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from rules.normal import plain_phrase

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rules.source import Route

BALLOT = "ballot@"
"""How a pinned ballot list is told from a pinned pack."""

SHORTEST = 4  # letters and figures; "Joe" and "Q1" stand in too much that is no ballot's business
SHORTEST_TAG = 3
_CHOICES = 2
_COMMON_WORDS = """
able amber april archer august autumn baker banks barber bell best bill bird bishop black blue bond book boss bowl
brown bush butcher candy case cash chance chase chief church city clay clerk coach coin cole cook council county
court cross curry daisy dawn dean drew duke early earl east ease faith field fine fish ford forest forward fountain
fountains france frank free fresh friend gates gene glass gold good grace grand grant gray green grey grove guest
hall hand harbor hardy harmony harper hart hill holiday holly home hood hope house hunt hunter iris jack jail jewel
jolly jordan joseph joy judge june just kansas king kitchen knight lake lamb land lane laws lily little long lord
love major manager march mark marks marsh mason mayor measure melody mercy merry miles mill miller mills miner
missouri moon moore moss myth news noble north olive order paige page park parker parks parson patience peace pearl
person police pool poor pope porter post potter power pratt president price pride prince prop proposition prudence
question rain ranger read reed reeves rich river robin rock rose rosy ruby rule rush rusty sage sales sand sandy
savage school scott season senator shah sharp shepherd sheriff short sides singer skip smart south speaker spring
star state stone storm street strong summer summers sunny swan sweet taylor teacher teal temple town trip turner
wade walker ward water waters way wells west wheeler white wild wilder will wills wilson winter wise wolf wood
woods worth wright young alcalde alcaldesa amor bueno calle campo ciudad cruz delgado flores fuentes gente guerra
luna marino mesa montes moreno paz pregunta prado reyes rico rios rivera rosa rubio santos senador sierra sol
torres vega amendment ballot bond bonds bonos charter council councilman councilmember election enmienda initiative
issue levy ordinance proposal public referendum renewal taxes vote votes voto yes
"""  # that are also names, and words of elections and city business, English and Spanish: alone they name nobody
_COMMON = frozenset(_COMMON_WORDS.split())
_ENYE = "\ue000"  # stands for a letter of its own while the accents of the others are taken away
_OPTIONAL_GAP = {" ": " ?", "-": "[ -]?", "'": "'?"}

_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Listed(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Named(_Listed):
    """A candidate or a measure: the name on the ballot, and what people call it: short names, hashtags, handles."""

    name: _Text
    also: tuple[_Text, ...] = ()


class Contest(_Listed):
    """One office and everybody who stands for it. `unopposed` says that one choice is no mistake."""

    office: _Text
    choices: Annotated[tuple[Named, ...], Field(min_length=1)]
    unopposed: bool = False


class BallotFile(_Listed):
    """A ballot list as the file says it: `source` is what it was copied from, certified on `certified_on`."""

    election: _Text
    date: dt.date
    source: _Text
    certified_on: dt.date
    contests: tuple[Contest, ...] = ()
    measures: tuple[Named, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """A checked ballot list. `name` is the file's, `source` its whole text, `sha256` (hex) that of its bytes.

    `words` are the expressions for which ``<candidate>``, ``<candidate-tag>`` and ``<measure>`` stand in a pattern.
    """

    election: str
    date: dt.date
    name: str
    source: str
    sha256: str
    words: Mapping[str, tuple[str, ...]]
    approved_by: str | None = None
    approved_on: dt.date | None = None

    @property
    def label(self) -> str:
        """What a verdict says of the list that its rules were filled from: ``ballot@date#sha12``."""
        return f"{BALLOT}{self.date}#{self.sha256[:12]}"

    @property
    def in_force(self) -> bool:
        """Whether a named person approved this very file."""
        return self.approved_by is not None and self.approved_on is not None


def wrong_with(said: BallotFile) -> Iterator[tuple[Route, str]]:
    """Give everything that would make a list one-sided, or a rule filled from it too wide; each with its place."""
    if not (said.contests or said.measures):
        yield (), "has neither contests nor measures, so there is nothing to look for; add what is on the ballot"
    for at, contest in enumerate(said.contests):
        if len(contest.choices) < _CHOICES and not contest.unopposed:
            what = f"{contest.office!r} has one choice; add everybody who stands, or say unopposed: true"
            yield ("contests", at, "choices"), what
        if len(contest.choices) >= _CHOICES and contest.unopposed:
            yield ("contests", at, "unopposed"), f"{contest.office!r} has more than one choice; take 'unopposed' out"
    taken: dict[str, str] = {}
    for route, spelling, whose in _spellings(said):
        key = _key(spelling)
        if len(key) < SHORTEST:
            yield route, f"{spelling!r} has fewer than {SHORTEST} letters and stands in too much else; write it longer"
        elif key in _COMMON:
            yield route, f"{spelling!r} is a common word as well as a name; write it with the first name"
        elif taken.get(key, whose) != whose:
            yield route, f"{spelling!r} already names {taken[key]}; a name may stand for one of them only"
        taken.setdefault(key, whose)


def words_of(said: BallotFile) -> dict[str, tuple[str, ...]]:
    """Give what ``<candidate>``, ``<candidate-tag>`` (inside a hashtag) and ``<measure>`` stand for, as expressions.

    Nothing for what the list has none of.
    """
    choices = [choice for contest in said.contests for choice in contest.choices]
    return {
        "candidate": _expressions(choices),
        "candidate-tag": tuple(sorted({tag for choice in choices for tag in _tags(choice)})),
        "measure": _expressions(said.measures),
    }


def _spellings(said: BallotFile) -> Iterator[tuple[Route, str, str]]:
    """Give every name with its place in the file, and with words for whose it is."""
    listed: list[tuple[Route, Named, str]] = [
        (("contests", at, "choices", nth), choice, f"{choice.name} ({contest.office})")
        for at, contest in enumerate(said.contests)
        for nth, choice in enumerate(contest.choices)
    ]
    listed += [(("measures", at), measure, measure.name) for at, measure in enumerate(said.measures)]
    for route, named, whose in listed:
        yield (*route, "name"), named.name, whose
        for nth, alias in enumerate(named.also):
            yield (*route, "also", nth), alias, whose


def _expressions(listed: Iterable[Named]) -> tuple[str, ...]:
    spellings = {form for named in listed for name in (named.name, *named.also) for form in _forms(name)}
    return tuple(f"[#@]?{form}" for form in sorted(spellings, key=lambda form: (-len(form), form)))


def _tags(named: Named) -> Iterator[str]:
    """Give what stands for a candidate inside a hashtag such as #VoteJane, where a part of the name is enough."""
    for name in (named.name, *named.also):
        keys = [_key(part) for part in (*re.split(r"[ -]", name), name)]
        yield from (key for key in keys if len(key) >= SHORTEST_TAG and key not in _COMMON)


def _forms(name: str) -> Iterator[str]:
    """Give how a name is written in comments: with its accents and without, its words apart or run together."""
    bare = plain_phrase(name).lstrip("#@")
    for spelling in (bare, _unaccented(bare), _unaccented(bare.replace("ñ", _ENYE)).replace(_ENYE, "ñ")):
        yield "".join(_OPTIONAL_GAP.get(char) or re.escape(char) for char in spelling)


def _unaccented(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))


def _key(name: str) -> str:
    """Give what two spellings of one name have in common."""
    return "".join(char for char in _unaccented(plain_phrase(name)) if char.isalnum())


SPECIMEN = words_of(
    BallotFile(
        election="Specimen",
        date=dt.date(2000, 1, 1),
        source="nobody",
        certified_on=dt.date(2000, 1, 1),
        contests=(Contest(office="Mayor", choices=(Named(name="Jane Example"), Named(name="John Sample"))),),
        measures=(Named(name="Question 99"),),
    )
)
"""Whom the examples of a pack talk about: they must hold whatever list is loaded, and with none."""


def specimen() -> Ballot:
    """Give the specimen as a list in force, for comparing packs where no list is loaded."""
    day = dt.date(2000, 1, 1)
    return Ballot(
        election="Specimen",
        date=day,
        name="specimen",
        source="",
        sha256="0" * 64,
        words=SPECIMEN,
        approved_by="nobody",
        approved_on=day,
    )
