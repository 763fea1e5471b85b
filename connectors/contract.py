"""What every platform's connector is and promises.

The promises, each with a test that runs for every platform folder (tests/contract):

1. A poll gives what is new, oldest first within a batch, and may give again what was given before.
2. The cursor of a batch covers exactly that batch and those before it. Polling again from any cursor repeats, never
   skips; the iterator may be dropped at any yield.
3. Text is verbatim, times are aware and in UTC, identifiers are text, `raw` is the platform's own bytes.
4. `look` on a comment that is not there says GONE; it never guesses.
5. `act` twice equals once.
6. Nothing comes out but the five errors below.
7. A connector never sleeps, never retries, never reads the clock (`now` is handed in) and never logs text or tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from bot.domain.types import Action, Attachment, Author, Batch, Cursor, Ref, Sighting, Visibility


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a platform lets a program do. `sees_visibility`: `look` can tell HIDDEN from VISIBLE.

    `assisted`: people act there (connectors/assisted.py). `reads`: a poll can find comments; else people look, too.
    """

    actions: frozenset[Action]
    sees_edits: bool
    sees_visibility: bool
    assisted: bool = False
    reads: bool = True
    push: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The answer to `check`: whether the account can be worked, as whom, and what a person should know."""

    ok: bool
    identity: str
    notes: tuple[str, ...] = ()


class ConnectorError(Exception):
    """One of exactly five things that can go wrong. The text is safe to show: no token, no comment text."""


class Transient(ConnectorError):
    """It may work next time: network, time-out, a 5xx, a platform's own hiccup. Try in the next pass."""


class RateLimited(ConnectorError):
    """The platform says: not before `until`."""

    def __init__(self, reason: str, *, until: datetime) -> None:
        """Take the platform's reason and its time, or the connector's own estimate where it gives none."""
        super().__init__(reason)
        self.until = until


class Refused(ConnectorError):
    """The platform will not do this to this comment. A person decides what now."""


class Unauthorised(ConnectorError):
    """The credentials do not work, or no longer reach far enough. The account stops and a person is told."""


class Malformed(ConnectorError):
    """The answer is not what the platform's contract says. The account stops; `payload` is kept (bytes)."""

    def __init__(self, reason: str, *, payload: bytes = b"") -> None:
        """Take what was wrong and the bytes that came."""
        super().__init__(reason)
        self.payload = payload


class Connector(Protocol):
    """One account on one platform. Made by the `connect` function of the platform's folder; used by one thread."""

    platform: ClassVar[str]
    can: ClassVar[Capabilities]

    def check(self, *, now: datetime) -> Health:
        """Ask the platform who we are and whether reading and acting are allowed.

        Not `ok` where the credentials work but are another's. Where they do not work this raises as every call does.
        """

    def poll(self, cursor: Cursor | None, *, now: datetime) -> Iterator[Batch]:
        """Give what is new since `cursor` (None: from the beginning of what the platform still lists)."""

    def look(self, ref: Ref, *, now: datetime) -> Sighting:
        """Ask the platform what it shows of one comment at this moment: the only truth."""

    def act(self, ref: Ref, action: Action, *, now: datetime) -> Visibility:
        """Do it, and give what the platform's own answer says of the comment now.

        UNKNOWN means that the answer says only that the call was taken. Raises Refused when the platform will not.
        """


# What some platforms can do besides. The shell asks with isinstance and does without where a connector cannot.


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What the account's own page says of the City; `links` are the addresses on it, as the platform gives them."""

    name: str
    handle: str | None
    text: str
    links: tuple[str, ...]
    picture: str | None
    raw: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Followers:
    """How many follow the account, and who, where the platform says so; `why` says what is not told, and why."""

    count: int | None
    people: tuple[Author, ...] = ()
    why: str = ""
    raw: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """The bytes of an attachment, and what the platform calls their kind (a media type such as image/jpeg)."""

    body: bytes
    kind: str


@runtime_checkable
class HasProfile(Protocol):
    """A platform that tells what the City's own page says."""

    def profile(self, *, now: datetime) -> Profile:
        """Read the City's own page. Raises the five errors."""


@runtime_checkable
class HasFollowers(Protocol):
    """A platform that tells at least how many follow the account."""

    def followers(self, *, now: datetime) -> Followers:
        """Count, and list where that is allowed. Raises the five errors."""


@runtime_checkable
class HasMedia(Protocol):
    """A platform whose attachments can be fetched; their addresses do not live long, so it is done at once."""

    def media(self, attachment: Attachment, *, now: datetime) -> Media:
        """Fetch an attachment. Raises Refused if it has no address or the address is not the platform's own."""


@runtime_checkable
class Notifies(Protocol):
    """A platform that lets the City tell an author what was done and how to appeal."""

    def notify(self, ref: Ref, text: str, *, now: datetime) -> str:
        """Tell the author of a comment, before it is deleted; give the identifier of what was sent.

        Not idempotent: after a lost answer it is not known whether it was sent. Raises Refused where the platform
        does not let the City write to this author.
        """


@runtime_checkable
class ActsOnMany(Protocol):
    """A platform where one call can act on many comments."""

    most: ClassVar[int]

    def act_on(
        self, refs: Sequence[Ref], action: Action, *, now: datetime
    ) -> Mapping[Ref, Visibility | ConnectorError]:
        """Do to each what `act` does, and give for each what `act` would give or raise, in as few calls as may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A request that came from outside to the place where a platform pushes. Header names are in lower case."""

    method: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """How a delivery is to be answered, and which accounts (by their keys) had better be polled now."""

    status: int
    body: bytes = b""
    kind: str = "text/plain"
    polls: frozenset[str] = frozenset()


FORBIDDEN = 403
"""The status of a delivery that does not prove that it comes from the platform."""


@runtime_checkable
class Pushes(Protocol):
    """A platform that says when there is something new. That is only ever a reason to poll, never what is recorded."""

    def hear(self, delivery: Delivery) -> Heard:
        """Answer a challenge, or take a delivery that proves that it comes from the platform; else say FORBIDDEN.

        Called from other threads than the rest, and so often as anybody on the internet likes: it only computes.
        Raises nothing.
        """


@runtime_checkable
class Subscribes(Protocol):
    """A platform that pushes what happens on an account only once the City's app is subscribed to it."""

    @property
    def lacking(self) -> tuple[str, ...]:
        """The credentials without which the City cannot subscribe, or could not believe what is pushed."""

    def subscribed(self, *, now: datetime) -> frozenset[str]:
        """Of what the City's app is told, in the platform's words; empty if of nothing. Raises the five errors."""

    def subscribe(self, *, now: datetime) -> frozenset[str]:
        """Have the app told of comments beside what it is told of already; give what the platform then shows.

        Twice equals once. Raises the five errors.
        """


@runtime_checkable
class Streams(Protocol):
    """A platform that keeps a line open and says on it when there is something new: like a push, a reason to poll."""

    @property
    def line(self) -> str:
        """What names the line: accounts of one platform with the same name share it; empty if the City has none."""

    def listen(self, accounts: Collection[str], *, now: datetime) -> Iterator[frozenset[str]]:
        """Open the line and give, for whatever comes on it, which of these accounts (identifiers) to poll now.

        Gives nobody for a sign of life. Ends by one of the five errors and in no other way.
        """

    def rest(self, error: ConnectorError, tries: int) -> timedelta:
        """How long to leave the platform alone after so many tries in a row (1: the first) that ended so."""
