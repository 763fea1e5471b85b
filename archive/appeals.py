"""Appeals: who asked that a hidden comment be looked at again, until when that is due, and how it was decided.

An appeal is about one order to hide, and there is one appeal of each. It is the fold of two lines of the ledger:
`OPENED`, and `DECIDED`, which names the order that showed the comment again if one did.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from archive import ledger

if TYPE_CHECKING:
    from archive.database import Tx
    from archive.ledger import Entry
    from bot.domain.types import Agent, Order, Ref

OPENED, DECIDED = "appeal.opened", "appeal.decided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Appeal:
    """An appeal as it stands. `order`: the one appealed; `restored_by`: the order to show the comment again, if any."""

    id: str
    ref: Ref
    order: str
    who: str
    says: str
    source: str
    opened_at: datetime
    due_at: datetime
    decided_at: datetime | None = None
    outcome: str = ""
    decided_by: str = ""
    why: str = ""
    restored_by: str = ""

    def is_overdue(self, now: datetime) -> bool:
        """Whether the time for a decision has passed and there is none."""
        return self.decided_at is None and now > self.due_at


def begin(  # noqa: PLR0913  an appeal is all of this
    tx: Tx, order: Order, *, year: int, who: str, says: str, source: str, due_at: datetime, agent: Agent, now: datetime
) -> str:
    """Put an appeal on record; give its name, ``A-2026-001``, counted in `year`."""
    begun = sum(line.detail["appeal"].startswith(f"A-{year}-") for line in ledger.entries(tx, kinds=(OPENED,)))
    id_ = f"A-{year}-{begun + 1:03}"
    detail = {"appeal": id_, "order": order.id, "who": who, "says": says, "source": source}
    detail["due_at"] = due_at.isoformat()
    ledger.append(tx, kind=OPENED, ref=order.ref, agent=agent, at=now, detail=detail)
    return id_


def end(  # noqa: PLR0913  a decision is all of this
    tx: Tx, appeal: Appeal, *, outcome: str, why: str, restored_by: str, agent: Agent, now: datetime
) -> None:
    """Put on record how an appeal was decided: ``upheld`` (it stays hidden) or ``overturned``."""
    detail = {"appeal": appeal.id, "order": appeal.order, "outcome": outcome, "why": why, "restored_by": restored_by}
    ledger.append(tx, kind=DECIDED, ref=appeal.ref, agent=agent, at=now, detail=detail)


def every(tx: Tx) -> list[Appeal]:
    """Give all appeals there ever were, oldest first."""
    found: dict[str, Appeal] = {}
    for line in ledger.entries(tx, kinds=(OPENED, DECIDED)):
        name = str(line.detail["appeal"])
        found[name] = _opened(line) if line.kind == OPENED else _decided(found[name], line)
    return list(found.values())


def of(tx: Tx, order: Order) -> Appeal | None:
    """Give the appeal of an order, if there is one."""
    return next((one for one in every(tx) if one.order == order.id), None)


def _opened(line: Entry) -> Appeal:
    said = line.detail
    if line.ref is None:
        message = f"ledger line {line.seq} opens an appeal about nothing; run citymod verify"
        raise LookupError(message)
    return Appeal(
        id=said["appeal"],
        ref=line.ref,
        order=said["order"],
        who=said["who"],
        says=said["says"],
        source=said["source"],
        opened_at=line.at,
        due_at=datetime.fromisoformat(said["due_at"]),
    )


def _decided(appeal: Appeal, line: Entry) -> Appeal:
    said = line.detail
    told = {"outcome": said["outcome"], "why": said["why"], "restored_by": said["restored_by"]}
    return replace(appeal, decided_at=line.at, decided_by=line.agent.name, **told)
