"""The nouns of the product: frozen values that every part speaks in.

Times are always aware and in UTC. Text is verbatim. Identifiers are the platform's own, as text.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime


class Mode(StrEnum):
    """How far the program may go alone on one account. New accounts start in OBSERVE."""

    OBSERVE = "observe"
    REVIEW = "review"
    ENFORCE = "enforce"


class Speaker(StrEnum):
    """Whose words these are. The City's own words are never judged as the public's are (P9)."""

    CITY = "city"
    PUBLIC = "public"


class Visibility(StrEnum):
    """What the platform shows of a comment. UNKNOWN: the platform gives no way to tell."""

    VISIBLE = "visible"
    HIDDEN = "hidden"
    GONE = "gone"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """What a verdict asks for."""

    CLEAR = "clear"
    REVIEW = "review"
    ACT = "act"


class Action(StrEnum):
    """What may be asked of a platform. There is no block, ban or mute (P7)."""

    HIDE = "hide"
    DELETE = "delete"
    RESTORE = "restore"


class Automation(StrEnum):
    """How far a policy category may go without a person."""

    ACT = "act"
    REVIEW = "review"
    MANUAL = "manual"


class Ask(StrEnum):
    """What one rule asks for when it matches."""

    REVIEW = "review"
    HIDE = "hide"
    DELETE = "delete"


class Quality(StrEnum):
    """Whether every step of a capture succeeded. PARTIAL is said aloud and never passes for FULL."""

    FULL = "full"
    PARTIAL = "partial"


class AgentKind(StrEnum):
    """Who or what decided or did something (PREMIS: agent)."""

    RULE = "rule"
    PERSON = "person"
    DAEMON = "daemon"


class Role(StrEnum):
    """What somebody may do in the console (bot/console/may.py says what that is). Nobody decides by an office alone."""

    VIEWER = "viewer"
    REVIEWER = "reviewer"
    PIO = "pio"
    SOCIAL_MEDIA_MANAGER = "social media manager"
    ON_CALL = "on-call"
    CUSTODIAN = "custodian"
    RECORDS_OFFICER = "records officer"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


class Capacity(StrEnum):
    """What somebody is to a site (AR 1-27 5.A.2.a, 6.A.1.c). It has one of each; a designee stands in for the PIO."""

    PIO = "PIO"
    DESIGNEE = "designee"
    BACK_UP = "back-up"
    ADMINISTRATOR = "back-up administrator"


class Document(StrEnum):
    """What is developed and adopted for each approved site (AR 1-27 4.0)."""

    GUIDELINES = "operational and use guidelines"
    BRANDING = "branding standards"
    ADMINISTRATION = "administration standards"


class OrderStatus(StrEnum):
    """Where an order stands. Only the platform's own word makes it CONFIRMED (P10)."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref:
    """Names one post or comment for ever; printed ``platform:account:item``."""

    platform: str
    account: str
    item: str

    def __str__(self) -> str:
        """Give the printed form, which `parse` reads back."""
        return f"{self.platform}:{self.account}:{self.item}"

    @classmethod
    def parse(cls, text: str) -> Ref:
        """Read the printed form. Only the item may itself contain colons; ValueError if a part is missing."""
        parts = text.split(":", 2)
        if len(parts) != 3 or not all(parts):  # noqa: PLR2004  the three parts are named in the next line
            message = f"{text!r} is not platform:account:item"
            raise ValueError(message)
        return cls(platform=parts[0], account=parts[1], item=parts[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One of the City's accounts on one platform; `id` is the platform's identifier of it."""

    platform: str
    id: str
    name: str
    mode: Mode = Mode.OBSERVE

    @property
    def key(self) -> str:
        """The account's own name in commands and tables: ``platform:id``."""
        return f"{self.platform}:{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who wrote something, as far as the platform says (AR 1-27 5.C.1.f: identity of the user when available)."""

    id: str | None = None
    name: str | None = None
    handle: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A picture, sticker, video or link card that came with a comment."""

    id: str
    kind: str
    url: str | None = None
    alt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What the City (or a visitor on the City's page) published and others comment under."""

    ref: Ref
    author: Author
    text: str
    posted_at: datetime
    url: str
    attachments: tuple[Attachment, ...] = ()
    raw: bytes = field(default=b"", repr=False)
    counts: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)


def revision_of(text: str, attachments: tuple[Attachment, ...] = ()) -> str:
    """Name one exact wording: the SHA-256 (hex) of the text and the attachment identifiers."""
    whole = "\x00".join([text, *(attachment.id for attachment in attachments)])
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """What somebody wrote under a post, in one wording, as the platform showed it at one reading.

    A comment is never changed: an edit is another revision under the same `ref`. `raw` is the platform's own bytes.
    `counts` are its likes and replies, where the platform tells them; they are no part of what was written.
    """

    ref: Ref
    post: Ref
    parent: Ref | None = None
    author: Author
    speaker: Speaker
    text: str
    posted_at: datetime
    url: str
    visibility: Visibility = Visibility.UNKNOWN
    attachments: tuple[Attachment, ...] = ()
    raw: bytes = field(default=b"", repr=False)
    counts: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)

    @property
    def revision(self) -> str:
        """The name of this exact wording, see `revision_of`."""
        return revision_of(self.text, self.attachments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What the platform showed of one comment at one time. GONE and unreadable comments carry no `comment`."""

    ref: Ref
    visibility: Visibility
    seen_at: datetime
    comment: Comment | None = None

    @property
    def revision(self) -> str | None:
        """The wording that was seen, if any was."""
        return self.comment.revision if self.comment else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far an account has been read: text that only its connector understands."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One helping of a poll. `cursor` covers exactly what is in it and in the batches before it.

    `gone`: comments that the platform listed before and lists no longer, though it lists all that stand there.
    """

    posts: tuple[Post, ...]
    comments: tuple[Comment, ...]
    cursor: Cursor
    gone: tuple[Ref, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A rule met these characters: ``text[start:end]`` of the verbatim comment is `excerpt`.

    `shadow` matches are recorded and count for nothing: the rule is on trial. `urgent` ones ask for a person at once.
    """

    rule: str
    clause: str
    pack: str
    start: int
    end: int
    excerpt: str
    matcher: str
    ask: Ask
    reason: str
    shadow: bool = False
    urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What a category is called, says and means in another language. The policy's own text stays the one that holds."""

    title: str
    text: str
    notice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """One bullet of the City's policy, quoted, and how far it may go without a person. `es`: the same in Spanish."""

    code: str
    title: str
    clause: str
    text: str
    automation: Automation
    action: Action = Action.HIDE
    notice: str = ""
    es: Wording | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The City's policy as the program obeys it. Inert until somebody with a name approved exactly this text.

    No rule may take sides (P9): none may name what is in `never_named` (the City, its officers, departments, parties)
    except through word lists of `even_lists` or in the categories of `may_name`, none may rest on a word of
    `criticism`, and each must decide all sentences of one group of `alike` alike.
    """

    id: str
    title: str
    sha256: str
    categories: Mapping[str, Category]
    never_named: tuple[str, ...] = ()
    even_lists: tuple[str, ...] = ()
    may_name: tuple[str, ...] = ()
    criticism: tuple[str, ...] = ()
    alike: tuple[tuple[str, ...], ...] = ()
    approved_by: str | None = None
    approved_on: date | None = None

    @property
    def in_force(self) -> bool:
        """Whether a named person approved this very file."""
        return self.approved_by is not None and self.approved_on is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Most actions a day on one account without a person."""

    limit: int
    used: int

    @property
    def spent(self) -> bool:
        """Whether nothing is left today."""
        return self.used >= self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What rules, policy and mode together ask for, with every match and the reason in words.

    `over_budget`: rules would have acted, had the day's budget not been spent. It is not kept with the verdict.
    """

    outcome: Outcome
    action: Action | None
    matches: tuple[Match, ...]
    why: str
    over_budget: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """Who decided: a rule, a person by name, or the daemon."""

    kind: AgentKind
    name: str

    def __str__(self) -> str:
        """Give ``kind:name``, as the ledger writes it."""
        return f"{self.kind}:{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The sealed files of one revision. `folder` is relative to the evidence store; `manifest` its SHA-256 (hex)."""

    id: str
    ref: Ref
    revision: str
    captured_at: datetime
    quality: Quality
    folder: str
    manifest: str
    conditions: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The recorded intent to act: who, what, and on which sealed evidence. There is none without evidence (P1)."""

    id: str
    ref: Ref
    revision: str
    evidence: str
    action: Action
    agent: Agent
    attempts: int
    not_before: datetime | None
    status: OrderStatus
