"""Legal holds: who ordered that stated records stay, why and for which matter. A hold wins over every schedule.

A hold is only ever added and released, both on record. What it covers is asked at the moment when something is to be
destroyed, so it also covers what is recorded after it was added.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, select

from archive import ledger, tables
from archive.stored import new_id, read_utc, utc_text
from bot.domain.types import AgentKind, Ref

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from archive.database import Tx
    from archive.stored import Json
    from bot.domain.types import Agent


class NoSuchHold(LookupError):
    """There is no such hold in force."""


class HoldRefused(ValueError):
    """A hold is added and released by a person with a name, for a reason. The text says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which records a hold covers: those that meet everything it says. One that says nothing covers all records.

    `account`: a key; `author`: an identifier, name or handle; `words`: characters that stand in the text in any case;
    `since` and `until`: when it was posted.
    """

    case: Ref | None = None
    account: str | None = None
    author: str | None = None
    words: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def as_json(self) -> dict[str, Json]:
        """The parts that say something, as they are stored."""
        said = {
            "case": str(self.case) if self.case else None,
            "account": self.account,
            "author": self.author,
            "words": self.words,
            "since": utc_text(self.since) if self.since else None,
            "until": utc_text(self.until) if self.until else None,
        }
        return {name: value for name, value in said.items() if value}

    @classmethod
    def from_json(cls, said: dict[str, str]) -> Scope:
        """Read what `as_json` wrote."""
        times = {name: read_utc(said[name]) for name in ("since", "until") if name in said}
        case = {"case": Ref.parse(said["case"])} if "case" in said else {}
        words = {name: said[name] for name in ("account", "author", "words") if name in said}
        return cls(**case, **words, **times)  # type: ignore[arg-type]

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in self.as_json().items()) or "everything"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One hold in force. `matter` is the number under which the City's attorneys or the court know it."""

    id: str
    matter: str
    scope: Scope
    why: str
    agent: Agent
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What a hold asks of a record: everything that any wording of it says, or None where a record has no such thing.

    What is None is met by whatever a hold says, since in doubt a record stays.
    """

    account: str
    ref: Ref | None = None
    authors: frozenset[str] | None = None
    texts: tuple[str, ...] | None = None
    posted_at: datetime | None = None


def add(  # noqa: PLR0913 - a hold is all of this
    tx: Tx, scope: Scope, *, matter: str, why: str, agent: Agent, now: datetime
) -> Hold:
    """Put a hold on everything in `scope`, from now until it is released. Raises HoldRefused."""
    _answered_for(agent, why)
    hold = Hold(id=new_id(now), matter=matter, scope=scope, why=why, agent=agent, at=now)
    row = {"id": hold.id, "matter": matter, "scope": scope.as_json(), "why": why, "agent": agent, "at": now}
    said = {"hold": hold.id, "matter": matter, "why": why}
    ledger.append(tx, kind="hold.added", agent=agent, at=now, detail=said, rows=[(tables.hold, row)])
    return hold


def release(tx: Tx, id_: str, *, why: str, agent: Agent, now: datetime) -> Hold:
    """Release a hold. Raises `NoSuchHold` if none of that identifier is in force, and HoldRefused."""
    _answered_for(agent, why)
    hold = next((hold for hold in in_force(tx) if hold.id == id_), None)
    if hold is None:
        message = f"no hold {id_} is in force; `citymod hold list` names those that are"
        raise NoSuchHold(message)
    row = {"hold": id_, "why": why, "agent": agent, "at": now}
    said = {"hold": id_, "matter": hold.matter, "why": why}
    ledger.append(tx, kind="hold.released", agent=agent, at=now, detail=said, rows=[(tables.hold_end, row)])
    return hold


def _answered_for(agent: Agent, why: str) -> None:
    if agent.kind is not AgentKind.PERSON or not agent.name.strip():
        message = "only a person with a name adds or releases a legal hold"
        raise HoldRefused(message)
    if not why.strip():
        message = "a legal hold is added and released for a reason: say it with --reason"
        raise HoldRefused(message)


def in_force(tx: Tx) -> list[Hold]:
    """Give the holds in force, oldest first."""
    ended = select(tables.hold_end.c.hold)
    query = select(tables.hold).where(tables.hold.c.id.not_in(ended)).order_by(tables.hold.c.entry)
    return [_read(row) for row in tx.execute(query)]


def asks_for_words(scope: Scope) -> bool:
    """Whether a hold asks for what a record says or who wrote it, which only its wordings tell."""
    return scope.author is not None or scope.words is not None


def on(item: Item, held: Iterable[Hold]) -> Hold | None:
    """Give the first of these holds that covers a record, or None."""
    return next((hold for hold in held if _covers(hold.scope, item)), None)


def _covers(scope: Scope, item: Item) -> bool:
    return (
        (scope.case is None or (item.ref is not None and scope.case == item.ref))
        and (scope.account is None or scope.account == item.account)
        and (scope.author is None or item.authors is None or scope.author.casefold() in item.authors)
        and (scope.words is None or item.texts is None or any(scope.words.casefold() in text for text in item.texts))
        and (scope.since is None or item.posted_at is None or item.posted_at >= scope.since)
        and (scope.until is None or item.posted_at is None or item.posted_at <= scope.until)
    )


def _read(row: Row[Any]) -> Hold:
    scope = Scope.from_json(row.scope)
    return Hold(id=row.id, matter=row.matter, scope=scope, why=row.why, agent=row.agent, at=row.at)
