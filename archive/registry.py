"""The registry of the City's social media sites (AR 1-27 5.A.1, 6.A.1): who asked for each, and what became of it.

A site is the fold of its steps; nothing about it is ever changed. Where a credential is kept is on record, and who
verified that; the credential itself never is.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from archive import ledger, tables
from bot.domain.names import same
from bot.domain.types import Capacity, Document

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from archive.database import Tx
    from archive.stored import Json
    from bot.domain.types import Agent

MOST_BYTES = 20 * 1024 * 1024
_BEGINNINGS = (b"%PDF-", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")  # PDF; Word, OpenDocument; Word until 2003

_step = tables.registry_step.c
_plan = tables.action_plan.c


class Standing(StrEnum):
    """What became of a request for a site."""

    ASKED = "asked"
    MODIFIED = "modified"
    APPROVED = "approved"
    DENIED = "denied"
    REVOKED = "revoked"

    @property
    def waits(self) -> bool:
        """Whether City Communications has yet to approve or deny."""
        return self in (Standing.ASKED, Standing.MODIFIED)


class NoPlan(ValueError):
    """A file that is to be a Social Media Action Plan form is none, is empty or is too large. The text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A Social Media Action Plan form as it was handed in: the name it had, and its bytes."""

    name: str
    body: bytes = field(repr=False)

    @classmethod
    def of(cls, name: str, body: bytes) -> Plan:
        """Take a PDF, Word or OpenDocument file, told by its first bytes. Raises `NoPlan` for anything else."""
        if not body.startswith(_BEGINNINGS):
            message = f"{name} is no PDF, Word or OpenDocument file; attach the Social Media Action Plan form as one"
            raise NoPlan(message)
        if len(body) > MOST_BYTES:
            message = f"{name} has {len(body)} bytes, and {MOST_BYTES} are the most"
            raise NoPlan(message)
        return cls(name=name, body=body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Somebody who answers for a site. `trained_on`: when City Communications trained and approved a designee."""

    person: str
    capacity: Capacity
    trained_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """A document, where it is, and since when it holds."""

    document: Document
    where: str
    adopted_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Where the credentials of a site are kept, who looked that they are there and work, and who else knows them.

    `left`: who of these has left since, so that they are to be renewed and verified anew.
    """

    where: str
    verified_by: str
    verified_at: datetime
    known_to: tuple[str, ...]
    left: str = ""

    def are_known_to(self, person: str) -> bool:
        """Whether somebody verified them or is said to know them."""
        return any(same(one, person) for one in (self.verified_by, *self.known_to))


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A social media site of a department. `account` is its key (``platform:id``), empty until it is there."""

    id: str
    platform: str
    name: str
    department: str
    purpose: str
    account: str
    asked_by: str
    asked_at: datetime
    standing: Standing = Standing.ASKED
    decided_by: str = ""
    decided_at: datetime | None = None
    why: str = ""
    people: tuple[Named, ...] = ()
    documents: tuple[Adopted, ...] = ()
    credentials: Credentials | None = None

    def who_is(self, *capacities: Capacity) -> Named | None:
        """Give who is one of these to the site, or None."""
        return next((one for one in self.people if one.capacity in capacities), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that was done about a site."""

    step: str
    agent: Agent
    at: datetime
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What is to be done since somebody left: about which account (or site, while it has none), step by step."""

    name: str
    person: str
    about: str
    steps: tuple[str, ...]
    since: datetime


# Taking in ------------------------------------------------------------------------------------------------------------


def ask(  # noqa: PLR0913  a request is all of this
    tx: Tx,
    *,
    year: int,
    platform: str,
    name: str,
    department: str,
    purpose: str,
    account: str,
    plan: Plan,
    agent: Agent,
    now: datetime,
) -> str:
    """Put a request for a site on record, with its form; give its name, ``SITE-2026-001``, counted in that `year`."""
    begun = select(func.count()).where(_step.step == "asked", _step.site.like(f"SITE-{year}-%"))
    id_ = f"SITE-{year}-{tx.execute(begun).scalar_one() + 1:03}"
    detail: dict[str, Json] = {
        "platform": platform,
        "name": name,
        "department": department,
        "purpose": purpose,
        "account": account,
        "plan": hashlib.sha256(plan.body).hexdigest(),
    }
    row = {"site": id_, "name": plan.name, "body": plan.body}
    _append(tx, id_, "asked", detail, agent, now, [(tables.action_plan, row)])
    return id_


def modify(  # noqa: PLR0913  who changes what, why and when
    tx: Tx, site: str, *, name: str, purpose: str, why: str, agent: Agent, now: datetime
) -> None:
    """Put on record how City Communications changed a request that waits (AR 1-27 5.A.1.c)."""
    _append(tx, site, "modified", {"name": name, "purpose": purpose, "why": why}, agent, now)


def decide(  # noqa: PLR0913  who decides what, why and when
    tx: Tx, site: str, standing: Standing, *, why: str, agent: Agent, now: datetime
) -> None:
    """Put on record that a site is approved, denied, or approved no more."""
    _append(tx, site, standing.value, {"why": why}, agent, now)


def launch(tx: Tx, site: str, account: str, agent: Agent, now: datetime) -> None:
    """Put on record which account a site is on its platform."""
    _append(tx, site, "launched", {"account": account}, agent, now)


def name_person(tx: Tx, site: str, named: Named, agent: Agent, now: datetime) -> None:
    """Put on record who answers for a site; whoever was that before is it no more."""
    trained = named.trained_on.isoformat() if named.trained_on else None
    detail: dict[str, Json] = {"person": named.person, "capacity": named.capacity.value, "trained_on": trained}
    _append(tx, site, "named", detail, agent, now)


def adopt(tx: Tx, site: str, adopted: Adopted, agent: Agent, now: datetime) -> None:
    """Put on record that a document of a site was adopted, and where it is."""
    detail: dict[str, Json] = {
        "document": adopted.document.value,
        "where": adopted.where,
        "adopted_on": adopted.adopted_on.isoformat(),
    }
    _append(tx, site, "adopted", detail, agent, now)


def keep_credentials(  # noqa: PLR0913  who knows what is kept where
    tx: Tx, site: str, *, where: str, known_to: Iterable[str], agent: Agent, now: datetime
) -> None:
    """Put on record where the credentials of a site are kept; `agent` has verified it."""
    _append(tx, site, "credentials", {"where": where, "known_to": sorted(known_to)}, agent, now)


def leave(  # noqa: PLR0913  who leaves, why, and what is to be done about it
    tx: Tx, person: str, errands: Mapping[str, Iterable[str]], *, why: str, agent: Agent, now: datetime
) -> None:
    """Put on record that somebody has left, and what is to be done therefore, by account (or site)."""
    todo: list[Json] = [{"about": about, "steps": list(steps)} for about, steps in errands.items()]
    _append(tx, None, "left", {"person": person, "why": why, "errands": todo}, agent, now)


# Asking ---------------------------------------------------------------------------------------------------------------


def steps(tx: Tx, site: str) -> list[Step]:
    """Everything that was done about a site, oldest first; empty if there is none of that name."""
    query = select(tables.registry_step).where(_step.site == site).order_by(_step.entry)
    return [Step(step=row.step, agent=row.agent, at=row.at, detail=row.detail) for row in tx.execute(query)]


def site(tx: Tx, id: str) -> Site:  # noqa: A002  the noun's own word
    """Give a site as it stands; LookupError if there is none of that name."""
    found = next((one for one in every(tx) if one.id == id), None)
    if found is None:
        message = f"there is no site {id}; `citymod registry list` names them"
        raise LookupError(message)
    return found


def every(tx: Tx) -> list[Site]:
    """Give all sites that were ever asked for, in the order in which they were."""
    found: dict[str, Site] = {}
    for row in tx.execute(select(tables.registry_step).order_by(_step.entry)):
        one = Step(step=row.step, agent=row.agent, at=row.at, detail=row.detail)
        if one.step == "asked":
            found[row.site] = _asked(row.site, one)
        elif one.step == "left":
            found = {id_: _without(site, one.detail["person"]) for id_, site in found.items()}
        else:
            found[row.site] = _after(found[row.site], one)
    return list(found.values())


def plan(tx: Tx, site: str) -> Plan:
    """Give the form that came with a request; LookupError if there is no such request."""
    row = tx.execute(select(tables.action_plan).where(_plan.site == site)).one_or_none()
    if row is None:
        message = f"there is no site {site}; `citymod registry list` names them"
        raise LookupError(message)
    return Plan(name=row.name, body=row.body)


def errands(tx: Tx) -> list[Errand]:
    """Give what is still to be done since somebody left, oldest first: what nobody has attended to."""
    gone = tx.execute(select(tables.registry_step).where(_step.step == "left").order_by(_step.entry))
    opened = [
        Errand(
            name=f"left:{row.entry}-{number}",
            person=row.detail["person"],
            about=one["about"],
            steps=tuple(one["steps"]),
            since=row.at,
        )
        for row in gone
        for number, one in enumerate(row.detail["errands"], 1)
    ]
    task = tables.attended.c.task
    attended = set(tx.execute(select(task).where(task.in_([one.name for one in opened]))).scalars()) if opened else ()
    return [one for one in opened if one.name not in attended]


def _asked(id_: str, one: Step) -> Site:
    said = {name: one.detail[name] for name in ("platform", "name", "department", "purpose", "account")}
    return Site(id=id_, asked_by=one.agent.name, asked_at=one.at, **said)


def _after(told: Site, one: Step) -> Site:
    said = one.detail
    match one.step:
        case "modified":
            told = replace(told, name=said["name"], purpose=said["purpose"])
            return _decided(told, one)
        case "approved" | "denied" | "revoked":
            return _decided(told, one)
        case "launched":
            return replace(told, account=said["account"])
        case "named":
            return _named(told, one)
        case "adopted":
            adopted = Adopted(
                document=Document(said["document"]),
                where=said["where"],
                adopted_on=date.fromisoformat(said["adopted_on"]),
            )
            return replace(told, documents=(*(d for d in told.documents if d.document != adopted.document), adopted))
        case _:
            kept = Credentials(
                where=said["where"],
                verified_by=one.agent.name,
                verified_at=one.at,
                known_to=tuple(said["known_to"]),
            )
            return replace(told, credentials=kept)


def _decided(told: Site, one: Step) -> Site:
    return replace(
        told,
        standing=Standing(one.step),
        decided_by=one.agent.name,
        decided_at=one.at,
        why=one.detail["why"],
    )


def _named(told: Site, one: Step) -> Site:
    said = one.detail
    capacity = Capacity(said["capacity"])
    trained = date.fromisoformat(said["trained_on"]) if said["trained_on"] else None
    leading = {Capacity.PIO, Capacity.DESIGNEE}
    before = leading if capacity in leading else {capacity}
    stay = (each for each in told.people if each.capacity not in before)
    return replace(told, people=(*stay, Named(person=said["person"], capacity=capacity, trained_on=trained)))


def _without(told: Site, person: str) -> Site:
    kept = told.credentials
    return replace(
        told,
        people=tuple(one for one in told.people if not same(one.person, person)),
        credentials=replace(kept, left=person) if kept and kept.are_known_to(person) else kept,
    )


def _append(  # noqa: PLR0913  a step is all of this
    tx: Tx,
    site: str | None,
    step: str,
    detail: Mapping[str, Json],
    agent: Agent,
    now: datetime,
    with_it: Iterable[tuple[Any, Mapping[str, Any]]] = (),
) -> None:
    row = {"site": site, "step": step, "agent": agent, "at": now, "detail": dict(detail)}
    said: dict[str, Json] = {"site": site, **{name: detail[name] for name in ("why", "person") if name in detail}}
    rows = [(tables.registry_step, row), *with_it]
    ledger.append(tx, kind=f"registry.{step}", agent=agent, at=now, detail=said, rows=rows)
