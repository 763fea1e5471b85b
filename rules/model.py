"""What a rule pack and a policy file say, typed; anything a file says beyond this is an error."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date  # noqa: TC003 (pydantic needs it when the program runs)
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    RootModel,
    StringConstraints,
    Tag,
    model_validator,
)

from bot.domain.types import Action, Ask, Automation
from rules.match.personal import FOR_PEOPLE, Personal
from rules.match.phrase import SHORTEST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rules.lists import DomainList
    from rules.match.score import Model


class Code(StrEnum):
    """The ten bullets of AR 1-27 5.0.A.2.e. There is no eleventh: rude, off-topic or critical is no category."""

    C1 = "C1"
    C2 = "C2"
    C3 = "C3"
    C4 = "C4"
    C5 = "C5"
    C6 = "C6"
    C7 = "C7"
    C8 = "C8"
    C9 = "C9"
    C10 = "C10"


class Language(StrEnum):
    """A language that a comment may be guessed to be in. A rule without languages reads them all."""

    EN = "en"
    ES = "es"


MOST_EXAMPLE = 2_000  # characters
MOST_PATTERN = 20_000  # characters, word lists spelled out
MOST_PHRASES = 5_000  # of one matcher
MOST_RULES = 1_000  # of one pack

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Phrase = Annotated[str, StringConstraints(strip_whitespace=True, min_length=SHORTEST)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
ModelName = Annotated[str, StringConstraints(pattern=r"^(server/)?[a-z0-9]+(-[a-z0-9]+)*$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MOST_EXAMPLE)]
Texts = Annotated[tuple[Text, ...], Field(min_length=2)]
Example = Annotated[
    Annotated[Text, Tag("(one text)")] | Annotated[Texts, Tag("(texts)")],
    Discriminator(lambda written: "(texts)" if isinstance(written, list | tuple) else "(one text)"),
]
"""One comment; or, for repetition, what one account wrote in this order, a minute apart: the last is looked at."""

Examples = Annotated[tuple[Example, ...], Field(min_length=2)]


class _Said(BaseModel):
    """A piece of a file: no unknown keys, no guessing of types, never changed."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Link(_Said):
    """Whose addresses: `domains` as written here, `lists` by file name, any `shortener`, or `any` address at all."""

    domains: tuple[Words, ...] = ()
    lists: tuple[Words, ...] = ()
    shortener: bool = False
    any: bool = False

    @model_validator(mode="after")
    def _says_whose(self) -> Self:
        if bool(self.domains or self.lists or self.shortener) == self.any:
            message = "a link names domains, lists or shortener: true, or says any: true, and not both"
            raise ValueError(message)
        return self

    @property
    def is_anybodys(self) -> bool:
        """Whether it says of an address no more than that there is one."""
        return not (self.domains or self.lists)


class Repeat(_Said):
    """The same account saying nearly the same on the City's posts: `copies` or more within `hours`.

    `likeness` is the share of the text that must agree, 1 being letter for letter. `answers`: what was written in
    answer to other people's comments counts as well.
    """

    copies: Annotated[int, Field(ge=3, le=20)] = 3
    hours: Annotated[int, Field(ge=1, le=72)] = 24
    likeness: Annotated[float, Field(ge=0.8, le=1)] = 0.9
    answers: bool = False


class Score(_Said):
    """What a model makes of the words: `at_least` on a scale from 0 to 1. A score may ask a person and nothing more.

    `model` names a model that comes with the program (``spam``), or what the City's own model server says of a category
    (``server/sexual``); without a server such a matcher never matches.
    """

    model: ModelName
    at_least: Annotated[float, Field(gt=0, lt=1)]


class Matcher(_Said):
    """One way of looking at a comment: exactly one of the six."""

    phrase: Annotated[tuple[Phrase, ...], Field(min_length=1, max_length=MOST_PHRASES)] | None = None
    pattern: Annotated[Words, StringConstraints(max_length=MOST_PATTERN)] | None = None
    link: Link | None = None
    personal: Annotated[tuple[Personal, ...], Field(min_length=1)] | None = None
    repeat: Repeat | None = None
    score: Score | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if len(self.model_fields_set) != 1:
            message = "a matcher is one of phrase, pattern, link, personal, repeat, score"
            raise ValueError(message)
        return self


class Condition(_Said):
    """When a rule matches: `all` of the first, and at least one of the second, whichever are given."""

    all: tuple[Matcher, ...] = ()
    any: tuple[Matcher, ...] = ()

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not (self.all or self.any):
            message = "match has neither all nor any, so nothing would ever match"
            raise ValueError(message)
        if all(matcher.link and matcher.link.is_anybodys for matcher in (*self.all, *self.any)):
            message = "a link alone breaks no rule; name its domains, or say what must stand beside it"
            raise ValueError(message)
        return self


class RuleExamples(_Said):
    """What a rule must match and what it must leave alone, the near misses above all."""

    match: Examples
    no_match: Examples
    near_miss: Annotated[tuple[Example, ...], Field(min_length=1)]


class RuleWording(_Said):
    """The reason of a rule in another language."""

    reason: Words


class Rule(_Said):
    """One condition with its policy reason. `unless` (``except`` in the file) silences it, whatever else matches.

    `es`: the reason in Spanish, for those who are told of it.

    An `urgent` rule asks for a person at once: the case stands before all others that wait.
    """

    id: Name
    title: Words
    clause: Code
    reason: Words
    es: RuleWording | None = None
    owner: Words
    since: date
    match: Condition
    outcome: Ask
    urgent: bool = False
    languages: tuple[Language, ...] = ()
    shadow: bool = False
    unless: tuple[Matcher, ...] = Field(default=(), alias="except")
    examples: RuleExamples

    @model_validator(mode="after")
    def _never_acts_on_a_shortener(self) -> Self:
        asked = (matcher.link for matcher in (*self.match.all, *self.match.any))
        if self.outcome is not Ask.REVIEW and any(link and link.shortener for link in asked):
            message = "nobody knows where a shortened address leads, so it may only ask a person; write outcome: review"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _never_acts_on_what_may_be_public(self) -> Self:
        asked = {kind for matcher in (*self.match.all, *self.match.any) for kind in matcher.personal or ()}
        if self.outcome is not Ask.REVIEW and asked & FOR_PEOPLE:
            message = "a telephone number or e-mail address may be anybody's own; only a person can tell, write review"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _only_a_person_hurries(self) -> Self:
        if self.urgent and self.outcome is not Ask.REVIEW:
            message = "urgent calls a person, and only a rule whose outcome is review waits for one; take urgent out"
            raise ValueError(message)
        return self

    @property
    def matchers(self) -> tuple[Matcher, ...]:
        """Everything the rule looks at, in the order of the file."""
        return (*self.match.all, *self.match.any, *self.unless)


class PackFile(_Said):
    """A rule pack as the file says it. A pattern may name a list of `words` as ``<name>``: any one of them.

    ``<candidate>``, ``<candidate-tag>`` and ``<measure>`` are no lists of the pack's: the ballot list fills them.
    """

    id: Name
    title: Words
    version: Words
    words: dict[Name, Annotated[tuple[Words, ...], Field(min_length=1)]] = Field(default_factory=dict)
    rules: Annotated[tuple[Rule, ...], Field(min_length=1, max_length=MOST_RULES)]


class PolicyWording(_Said):
    """One bullet of the policy in another language, for those who are told of it."""

    title: Words
    text: Words
    notice: Words


class PolicyCategory(_Said):
    """One bullet of the policy as the file says it; `es`: in Spanish."""

    title: Words
    clause: Words
    text: Words
    automation: Automation
    action: Action = Action.HIDE
    notice: Words
    es: PolicyWording | None = None


class Alike(_Said):
    """Sentences that every rule must decide alike: each of `say`, with each of `of` in the place of ``{}``."""

    say: Annotated[tuple[Words, ...], Field(min_length=1)]
    of: Annotated[tuple[Words, ...], Field(min_length=2)]

    @model_validator(mode="after")
    def _has_a_place(self) -> Self:
        for sentence in self.say:
            if sentence.count("{}") != 1:
                message = f"{sentence!r} has no one place {{}} where the entries of 'of' go; write {{}} once"
                raise ValueError(message)
        return self

    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Give the sentences spelled out, those that must be decided alike together."""
        return tuple(tuple(sentence.replace("{}", one) for one in self.of) for sentence in self.say)


class PolicyFile(_Said):
    """A policy as the file says it. How `never_named` and what follows it keep rules even: `rules.viewpoint` (P9)."""

    id: Words
    title: Words
    effective: date
    source: Words
    never_named: tuple[Phrase, ...]
    even_lists: tuple[Name, ...] = ()
    may_name: tuple[Code, ...] = ()
    criticism: tuple[Words, ...] = ()
    alike: tuple[Alike, ...] = ()
    categories: dict[Code, PolicyCategory]


class Approval(_Said):
    """A named person's word, on one day, that a file may have effect in exactly these bytes."""

    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    file: Words
    approved_by: Words
    approved_on: date


class ApprovalsFile(RootModel[tuple[Approval, ...]]):
    """The approvals of an installation, oldest first."""

    model_config = ConfigDict(strict=True, frozen=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A checked rule pack: its rules, and the domain lists and models they name.

    `name` is the file's, `source` its whole text, `sha256` (hex) that of its bytes. `missing` are the lists that rules
    name and the City has not got: as far as a rule looks for them, it has no effect. `waiting` names the rules that are
    not among `rules` because they need a ballot list and there is none; `ballot` is the SHA-256 of the one in use.
    """

    id: str
    title: str
    version: str
    name: str
    source: str
    sha256: str
    rules: tuple[Rule, ...]
    lists: Mapping[str, DomainList]
    models: Mapping[str, Model]
    missing: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    ballot: str | None = None
    approved_by: str | None = None
    approved_on: date | None = None

    @property
    def label(self) -> str:
        """What a match says of where its rule stood: ``id@version#sha12``, and ``+sha12`` for the lists it names."""
        lists = f"+{self.lists_sha256[:12]}" if self.lists else ""
        return f"{self.id}@{self.version}#{self.sha256[:12]}{lists}"

    @property
    def lists_record(self) -> str:
        """Which exact lists the pack was read with, as ``sha256sum`` writes it; empty without lists."""
        return "".join(f"{self.lists[name].sha256}  {name}\n" for name in sorted(self.lists))

    @property
    def lists_sha256(self) -> str:
        """What names those lists together: the SHA-256 (hex) of `lists_record`."""
        return hashlib.sha256(self.lists_record.encode()).hexdigest()

    @property
    def in_force(self) -> bool:
        """Whether a named person approved this very file."""
        return self.approved_by is not None and self.approved_on is not None
