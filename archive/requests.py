"""Records requests (RSMo chapter 610): who asked for what and when, and every step until it was answered.

A request is the fold of its steps; nothing about it is ever changed. What is withheld is kept as places in recorded
wordings, never as the words themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from archive import ledger, tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archive.database import Tx
    from archive.stored import Json
    from bot.domain.types import Agent

_step = tables.request_step.c

OUTCOMES = ("granted", "granted in part", "denied", "withdrawn", "no records")
"""How a request can end."""


class NotPossibleNow(Exception):
    """A step that does not fit where the request stands, such as closing it twice. Said in plain words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """One place that is left out of copies, and why.

    `comment` is a ref, `revision` the wording that `start` and `end` count in (characters). `field` is one of
    bot.redaction.FIELDS; for other fields than text and alt the whole field is withheld. `authority` is the statute.
    """

    number: int
    comment: str
    field: str
    authority: str
    why: str
    revision: str = ""
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it stands. Times are aware UTC; `due_at` is the end of the last day for an answer.

    `referred_by` is the department that passed it on to the custodian (AR 1-27 5.C.1.e), if one did.
    """

    id: str
    who: str
    contact: str
    wanted: str
    received_at: datetime
    due_at: datetime
    referred_by: str = ""
    first_asked_at: datetime | None = None
    delayed_why: str = ""
    withheld: tuple[Withheld, ...] = ()
    exports: int = 0
    closed_at: datetime | None = None
    outcome: str = ""
    delivered: str = ""

    def is_overdue(self, now: datetime) -> bool:
        """Whether the time for an answer has passed and none was given."""
        return self.closed_at is None and now > self.due_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that was done about a request."""

    step: str
    agent: Agent
    at: datetime
    detail: Mapping[str, Any]


def open_request(  # noqa: PLR0913  a request is all of this
    tx: Tx,
    *,
    year: int,
    who: str,
    contact: str,
    wanted: str,
    received_at: datetime,
    due_at: datetime,
    agent: Agent,
    now: datetime,
    referred_by: str = "",
    first_asked_at: datetime | None = None,
) -> str:
    """Put a request on record; give its name, ``PRR-2026-001``, counted in the `year` in which it was received."""
    begun = select(func.count()).where(_step.step == "opened", _step.request.like(f"PRR-{year}-%"))
    id_ = f"PRR-{year}-{tx.execute(begun).scalar_one() + 1:03}"
    detail: dict[str, Json] = {
        "who": who,
        "contact": contact,
        "wanted": wanted,
        "received_at": received_at.isoformat(),
        "due_at": due_at.isoformat(),
        "referred_by": referred_by,
        "first_asked_at": first_asked_at.isoformat() if first_asked_at else None,
    }
    _append(tx, id_, "opened", detail, agent, now)
    return id_


def extend(  # noqa: PLR0913  who names what, why and when
    tx: Tx, request: str, *, due_at: datetime, why: str, agent: Agent, now: datetime
) -> None:
    """Name the day and time at which the records will be there, and the cause of the delay (RSMo 610.023.3)."""
    _open(tx, request)
    _append(tx, request, "extended", {"due_at": due_at.isoformat(), "why": why}, agent, now)


def withhold(tx: Tx, request: str, place: Withheld, agent: Agent, now: datetime) -> int:
    """Leave a place out of the copies made for a request; give the number that the redaction has in it."""
    _open(tx, request)
    number = sum(step.step == "redacted" for step in steps(tx, request)) + 1
    said = {name: getattr(place, name) for name in ("comment", "field", "authority", "why", "revision", "start", "end")}
    _append(tx, request, "redacted", {"number": number} | said, agent, now)
    return number


def give_back(  # noqa: PLR0913  who gives back what, why and when
    tx: Tx, request: str, number: int, why: str, agent: Agent, now: datetime
) -> None:
    """Take a redaction back: later copies show the place again."""
    if all(place.number != number for place in _open(tx, request).withheld):
        message = f"{request} has no redaction {number}"
        raise LookupError(message)
    _append(tx, request, "unredacted", {"number": number, "why": why}, agent, now)


def export_begun(  # noqa: PLR0913  who makes what, why and when
    tx: Tx, request: str | None, target: str, why: str, agent: Agent, now: datetime
) -> None:
    """Put on record that copies are about to be made, before the first one is: a crash leaves this line at least."""
    ledger.append(
        tx, kind="export.begun", agent=agent, at=now, detail={"request": request, "target": target, "why": why}
    )


def exported(tx: Tx, request: str | None, detail: Mapping[str, Json], agent: Agent, now: datetime) -> None:
    """Put on record that copies were made: of what, by whom, why, and the hash of what was made."""
    _append(tx, request, "exported", detail, agent, now)


def close(  # noqa: PLR0913  an answer is all of this
    tx: Tx, request: str, *, outcome: str, delivered: str, why: str, agent: Agent, now: datetime
) -> None:
    """Put on record how a request ended and what was handed over."""
    _open(tx, request)
    _append(tx, request, "closed", {"outcome": outcome, "delivered": delivered, "why": why}, agent, now)


def steps(tx: Tx, request: str) -> list[Step]:
    """Everything that was done about a request, oldest first; empty if there is none of that name."""
    query = select(tables.request_step).where(_step.request == request).order_by(_step.entry)
    return [Step(step=row.step, agent=row.agent, at=row.at, detail=row.detail) for row in tx.execute(query)]


def request(tx: Tx, id: str) -> Request:  # noqa: A002  the noun's own word
    """Give a request as it stands; LookupError if there is none of that name."""
    done = steps(tx, id)
    if not done:
        message = f"there is no request {id}; `citymod request list --all` names them"
        raise LookupError(message)
    return fold(id, done)


def every(tx: Tx, *, closed: bool = False) -> list[Request]:
    """Give the requests that wait for an answer, those due first; with `closed` all that there ever were."""
    names = tx.execute(select(_step.request).where(_step.step == "opened")).scalars()
    found = [request(tx, name) for name in names]
    return sorted((one for one in found if closed or one.closed_at is None), key=lambda one: (one.due_at, one.id))


def fold(id: str, done: list[Step]) -> Request:  # noqa: A002  the noun's own word
    """Tell a request from its steps, of which the first opened it."""
    first = done[0].detail
    told = Request(
        id=id,
        who=first["who"],
        contact=first["contact"],
        wanted=first["wanted"],
        received_at=datetime.fromisoformat(first["received_at"]),
        due_at=datetime.fromisoformat(first["due_at"]),
        referred_by=first["referred_by"],
        first_asked_at=datetime.fromisoformat(first["first_asked_at"]) if first["first_asked_at"] else None,
    )
    for one in done[1:]:
        told = _after(told, one)
    return told


def _after(told: Request, one: Step) -> Request:
    said = one.detail
    match one.step:
        case "extended":
            return replace(told, due_at=datetime.fromisoformat(said["due_at"]), delayed_why=said["why"])
        case "redacted":
            return replace(told, withheld=(*told.withheld, Withheld(**said)))
        case "unredacted":
            return replace(told, withheld=tuple(place for place in told.withheld if place.number != said["number"]))
        case "exported":
            return replace(told, exports=told.exports + 1)
        case "closed":
            return replace(told, closed_at=one.at, outcome=said["outcome"], delivered=said["delivered"])
        case _:
            return told


def _open(tx: Tx, id_: str) -> Request:
    found = request(tx, id_)
    if found.closed_at is not None:
        message = f"{id_} was closed ({found.outcome}); open a new request"
        raise NotPossibleNow(message)
    return found


def _append(  # noqa: PLR0913  a step is all of this
    tx: Tx, id_: str | None, step: str, detail: Mapping[str, Json], agent: Agent, now: datetime
) -> None:
    row = {"request": id_, "step": step, "agent": agent, "at": now, "detail": dict(detail)}
    said: dict[str, Json] = {"request": id_, **({"why": detail["why"]} if "why" in detail else {})}
    ledger.append(tx, kind=f"request.{step}", agent=agent, at=now, detail=said, rows=[(tables.request_step, row)])
