"""Pauses: who stopped acting, where, why and until when; and who let it go on.

A pause has a scope: `EVERYTHING`, one account by its key, or one clause of the policy (`on_clause`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, insert, or_, select, update

from archive import ledger, orders, tables
from archive.stored import new_id

if TYPE_CHECKING:
    from datetime import datetime

    from archive.database import Tx
    from bot.domain.types import Agent

EVERYTHING = "*"
OBEYED = "pause.obeyed"
DRILLED = "pause.drilled"
_CLAUSE = "clause:"
_pause = tables.pause.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """One pause of one scope; without `until` it lasts until resumed."""

    id: str
    scope: str
    who: Agent
    why: str
    since: datetime
    until: datetime | None

    @property
    def clause(self) -> str | None:
        """The clause whose acts it stops, or None if it stops those of an account or all."""
        return self.scope.removeprefix(_CLAUSE) if self.scope.startswith(_CLAUSE) else None

    @property
    def what(self) -> str:
        """What it stops, for people."""
        return {EVERYTHING: "everything"}.get(self.scope) or (f"clause {self.clause}" if self.clause else self.scope)


def on_clause(code: str) -> str:
    """The scope of a pause that stops what is done under one clause (C1 to C10)."""
    return f"{_CLAUSE}{code}"


def pause(  # noqa: PLR0913 - a pause is all of this
    tx: Tx, scope: str, agent: Agent, why: str, until: datetime | None, now: datetime
) -> Pause:
    """Pause acting from now on. Pauses add up: each is ended by itself running out or by `resume` of its scope."""
    begun = Pause(id=new_id(now), scope=scope, who=agent, why=why, since=now, until=until)
    tx.execute(insert(tables.pause).values(id=begun.id, scope=scope, who=agent, why=why, since=now, until=until))
    detail = {"pause": begun.id, "scope": scope, "why": why, "until": until.isoformat() if until else None}
    ledger.append(tx, kind="pause.begun", agent=agent, at=now, detail=detail)
    return begun


def resume(tx: Tx, scope: str, agent: Agent, why: str, now: datetime) -> int:
    """End every pause of exactly this scope; give how many were in force. Resuming is recorded even if none was."""
    expire(tx, now)
    ending = [each for each in in_force(tx, now) if each.scope == scope]
    for each in ending:
        _end(tx, each, now, agent, why)
    detail = {"pauses": [each.id for each in ending], "scope": scope, "why": why}
    ledger.append(tx, kind="pause.ended", agent=agent, at=now, detail=detail)
    return len(ending)


def end(tx: Tx, pause: Pause, agent: Agent, why: str, now: datetime) -> None:
    """End this very pause and no other of its scope."""
    _end(tx, pause, now, agent, why)
    detail = {"pauses": [pause.id], "scope": pause.scope, "why": why}
    ledger.append(tx, kind="pause.ended", agent=agent, at=now, detail=detail)


def in_force(tx: Tx, now: datetime) -> list[Pause]:
    """Give the pauses that hold at this moment, oldest first."""
    query = select(tables.pause).where(_pause.ended_at.is_(None), or_(_pause.until.is_(None), _pause.until > now))
    return [_read(row) for row in tx.execute(query.order_by(_pause.since, _pause.id))]


def not_ended(tx: Tx) -> list[Pause]:
    """Give the pauses that hold or whose end, which has come, is not written down yet."""
    return [_read(row) for row in tx.execute(select(tables.pause).where(_pause.ended_at.is_(None)))]


def expire(tx: Tx, now: datetime) -> list[Pause]:
    """Write down, once, which pauses have run out; give them."""
    query = select(tables.pause).where(_pause.ended_at.is_(None), _pause.until <= now).order_by(_pause.until)
    out = [_read(row) for row in tx.execute(query)]
    for each in out:
        _end(tx, each, now, ledger.DAEMON, "its time ran out")
        detail = {"pause": each.id, "scope": each.scope, "why": each.why, "who": str(each.who)}
        ledger.append(tx, kind="pause.expired", agent=ledger.DAEMON, at=now, detail=detail)
    return out


def obeyed(tx: Tx, pause: Pause, now: datetime) -> None:
    """Record that a running daemon has seen a pause and that no call to a platform which it stops is under way."""
    took = round((now - pause.since).total_seconds(), 3)
    ledger.append(tx, kind=OBEYED, agent=ledger.DAEMON, at=now, detail={"pause": pause.id, "seconds": took})


def seconds_to_effect(tx: Tx, pause: Pause) -> float | None:
    """Give how long a pause took until a running daemon obeyed it (seconds), or None if none has said so."""
    for line in ledger.entries(tx, kinds=(OBEYED,)):
        if line.detail["pause"] == pause.id:
            return float(line.detail["seconds"])
    return None


def drilled(tx: Tx, pause: Pause, seconds: float | None, agent: Agent, now: datetime) -> None:
    """Record how a drill went: how long it took until a daemon obeyed, None if none did in time."""
    ledger.append(tx, kind=DRILLED, agent=agent, at=now, detail={"pause": pause.id, "seconds": seconds})


def _end(tx: Tx, pause: Pause, now: datetime, agent: Agent, why: str) -> None:
    tx.execute(update(tables.pause).where(_pause.id == pause.id).values(ended_at=now, ended_by=agent, ended_why=why))
    orders.release(tx)


def _read(row: Row[Any]) -> Pause:
    return Pause(id=row.id, scope=row.scope, who=row.who, why=row.why, since=row.since, until=row.until)
