"""What people say they did by hand, that they looked, and what came in that a person must look at.

What waits to be done is not kept here: it follows from the cases, the orders and the hours of the day (bot/tasks.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, select

from archive import ledger, orders, tables
from archive.stored import new_id
from bot.domain.states import State
from bot.domain.types import OrderStatus

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from archive.database import Tx
    from bot.domain.types import Agent, Order

_order = tables.order_.c
_attended = tables.attended.c
_received = tables.received.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """What a person says they did for an order, with whom, and when."""

    deed: str
    agent: Agent
    second: Agent | None
    done_at: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attended:
    """That somebody attended to a task, and with what outcome."""

    outcome: str
    agent: Agent
    why: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A mail or file that somebody must look at. `title` and `says` are what may be shown of it; `body_of` has all."""

    id: str
    source: str
    account: str | None
    sender: str | None
    title: str
    says: str
    trusted: bool
    at: datetime

    @property
    def task(self) -> str:
        """The task that it makes."""
        return f"{self.source}:{self.id}"


# Taking in ------------------------------------------------------------------------------------------------------------


def attest(  # noqa: PLR0913  who did what, with whom, when and why
    tx: Tx,
    order: Order,
    deed: str,
    *,
    agent: Agent,
    second: Agent | None,
    done_at: datetime,
    why: str,
    now: datetime,
) -> None:
    """Write down what a person says they did for an order. It ends the order only if the caller does that, too."""
    row = {"order": order.id, "deed": deed, "agent": agent, "second": second, "done_at": done_at, "why": why}
    said = {"order": order.id, "deed": deed, "why": why} | ({"second": str(second)} if second else {})
    rows = [(tables.attestation, row)]
    ledger.append(tx, kind="task.attested", ref=order.ref, agent=agent, at=now, detail=said, rows=rows)


def attend(  # noqa: PLR0913  a task is attended to by somebody, with an outcome, about an account
    tx: Tx, task: str, *, outcome: str, agent: Agent, why: str, now: datetime, account: str | None = None
) -> None:
    """Write down that somebody attended to a task: looked at an account, dealt with a mail. Nothing found counts."""
    row = {"task": task, "outcome": outcome, "agent": agent, "why": why, "at": now}
    said = {"task": task, "outcome": outcome, "why": why} | ({"account": account} if account else {})
    ledger.append(tx, kind="task.attended", agent=agent, at=now, detail=said, rows=[(tables.attended, row)])


def receive(  # noqa: PLR0913  a mail is all of this
    tx: Tx,
    *,
    key: str,
    source: str,
    title: str,
    says: str,
    body: bytes,
    trusted: bool,
    now: datetime,
    account: str | None = None,
    sender: str | None = None,
) -> str | None:
    """Keep a mail or file in these bytes; give its identifier, or None if one of that key is there already."""
    if known(tx, key):
        return None
    id_ = new_id(now)
    row = {
        "id": id_,
        "key": key,
        "source": source,
        "account": account,
        "sender": sender,
        "title": title,
        "says": says,
        "trusted": trusted,
        "body": body,
        "at": now,
    }
    detail = {"received": id_, "source": source} | ({"account": account} if account else {})
    ledger.append(tx, kind="received.kept", agent=ledger.DAEMON, at=now, detail=detail, rows=[(tables.received, row)])
    return id_


# Asking ---------------------------------------------------------------------------------------------------------------


def attestations(tx: Tx, order: Order) -> list[Attestation]:
    """Give what people say they did for an order, in the order in which they said it."""
    table = tables.attestation
    rows = tx.execute(select(table).where(table.c.order == order.id).order_by(table.c.entry))
    return [
        Attestation(deed=row.deed, agent=row.agent, second=row.second, done_at=row.done_at, why=row.why) for row in rows
    ]


def last_attended(tx: Tx, task: str) -> Attended | None:
    """Give who attended to a task last, or None if nobody ever has."""
    query = select(tables.attended).where(_attended.task == task).order_by(_attended.entry.desc()).limit(1)
    row = tx.execute(query).one_or_none()
    return Attended(outcome=row.outcome, agent=row.agent, why=row.why, at=row.at) if row else None


def known(tx: Tx, key: str) -> bool:
    """Whether a mail or file of that key was received before."""
    return tx.execute(select(1).where(_received.key == key)).first() is not None


def body_of(tx: Tx, id: str) -> bytes | None:  # noqa: A002  the noun's own word
    """Give every byte of what was received under an identifier, or None if nothing was."""
    found: bytes | None = tx.execute(select(_received.body).where(_received.id == id)).scalar_one_or_none()
    return found


def unattended(tx: Tx) -> list[Received]:
    """Give what was received and nobody has attended to yet, oldest first."""
    task = _received.source + ":" + _received.id
    shown = [column for column in tables.received.c if column.name != "body"]  # which may have megabytes
    query = select(*shown).where(task.not_in(select(_attended.task))).order_by(_received.at, _received.id)
    return [_read(row) for row in tx.execute(query)]


def waiting(tx: Tx, accounts: Collection[str]) -> list[Order]:
    """Give the orders on these accounts that people have yet to carry out, oldest first."""
    query = select(_order.id).where(_order.status == OrderStatus.WAITING, _order.account.in_(accounts))
    return _orders(tx, query.order_by(_order.placed_at, _order.placed_by))


def unverified(tx: Tx, accounts: Collection[str]) -> list[Order]:
    """Give the orders that stand as carried out on a person's word alone, without a picture of afterwards."""
    case, upload = tables.case_.c, tables.upload.c
    pictured = select(1).where(upload.ref == _order.ref, upload.revision == _order.revision, upload.purpose == "after")
    query = (
        select(_order.id)
        .join_from(tables.order_, tables.case_, case.ref == _order.ref)
        .where(_order.basis == orders.ATTESTED, _order.account.in_(accounts))
        .where(case.state.in_((State.ENFORCED, State.RESTORED)), ~pictured.exists())
    )
    found = _orders(tx, query.order_by(_order.ended_at))
    return [order for order in found if orders.carried_out(tx, order.ref) == order]


def _orders(tx: Tx, query: Any) -> list[Order]:
    found = (orders.order(tx, id_) for id_ in tx.execute(query).scalars())
    return [order for order in found if order is not None]


def _read(row: Row[Any]) -> Received:
    return Received(
        id=row.id,
        source=row.source,
        account=row.account,
        sender=row.sender,
        title=row.title,
        says=row.says,
        trusted=row.trusted,
        at=row.at,
    )
