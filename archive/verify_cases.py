"""Checks what only says where things stand, cases and orders, against what the ledger tells of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import Text, func, select, type_coerce

from archive import ledger, tables
from archive.rows import as_it_lies, fetch
from bot.domain import states
from bot.domain.states import Event, IllegalEvent, State
from bot.domain.types import OrderStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from archive.database import Database, Tx
    from archive.findings import Findings
    from archive.ledger import Entry
    from bot.domain.types import Ref

_ENDED = {
    "order.confirmed": OrderStatus.CONFIRMED,
    "order.attested": OrderStatus.CONFIRMED,
    "order.refused": OrderStatus.REFUSED,
    "order.cancelled": OrderStatus.CANCELLED,
}
_PAGE = 500
_ORDERS = as_it_lies(tables.order_)


class Step(NamedTuple):
    """What of a ledger line tells a case."""

    seq: int
    kind: str
    detail: Mapping[str, Any]


def check_cases(db: Database, first: int, found: Findings) -> None:
    """Each comment that lines from `first` on are about has a case, which stands where its ledger lines lead."""
    after: str | None = None
    comment, case = tables.comment.c, tables.case_.c
    query = select(
        _plain(comment.ref).label("ref"), _plain(case.state).label("state"), case.revision.label("revision")
    ).join_from(tables.comment, tables.case_, case.ref == comment.ref, isouter=True)
    if first > 1:
        about = select(_plain(tables.ledger.c.ref)).where(
            tables.ledger.c.seq >= first, tables.ledger.c.ref.is_not(None)
        )
        query = query.where(_plain(comment.ref).in_(about))
    while True:
        with db.read() as tx:
            page = tx.execute(
                (query if after is None else query.where(_plain(comment.ref) > after))
                .order_by(comment.ref)
                .limit(_PAGE)
            ).all()
            told = _steps(tx, [row[0] for row in page])
        for ref, state, revision in page:
            found.problems += _check_case(ref, state, revision, told.get(ref, []))
        found.checked["cases"] += len(page)
        if len(page) < _PAGE:
            break
        after = page[-1][0]
    with db.read() as tx:
        known = select(1).where(comment.ref == case.ref).exists()
        strange = tx.execute(select(func.count()).select_from(tables.case_).where(~known)).scalar_one()
    if strange:
        found.problems.append(f"cases: {strange} stand(s) for comments that were never recorded")


def _steps(tx: Tx, refs: Sequence[str]) -> dict[str, list[Step]]:
    """The ledger's lines that tell the cases of these comments, in order."""
    places = ", ".join("?" * len(refs))
    query = (
        f"SELECT ref, seq, kind, detail FROM ledger WHERE ref IN ({places or 'NULL'})"  # noqa: S608 - question marks
        " AND (kind = 'comment.recorded' OR substr(kind, 1, 5) = 'case.') ORDER BY ref, seq"
    )
    told: dict[str, list[Step]] = {}
    for ref, seq, kind, detail in fetch(tx, query, refs):
        told.setdefault(ref, []).append(Step(seq, kind, json.loads(detail)))
    return told


def _check_case(ref: str, state: str | None, revision: str | None, lines: Sequence[Step]) -> Iterator[str]:
    if state is None:
        yield f"case {ref}: it is not there, though the comment was recorded"
        return
    try:
        told_state, told_revision = fold(lines)
    except (IllegalEvent, LookupError, ValueError, TypeError) as error:
        yield f"case {ref}: the ledger tells no possible story of it: {error}"
        return
    if (state, revision) != (told_state, told_revision):
        yield f"case {ref}: it says {state} in wording {revision}, the ledger {told_state} in {told_revision}"


def fold(lines: Iterable[Step | Entry]) -> tuple[State, str]:
    """Tell a case again from its lines: the state and wording that they lead to.

    Raises `IllegalEvent` where the table of states has no such way, ValueError where a line begins elsewhere than the
    one before ended, and LookupError where the first line is missing.
    """
    state: State | None = None
    revision = ""
    for line in lines:
        if line.kind == "comment.recorded":
            state, revision = State(line.detail["to"]), line.detail["revision"]
        elif line.kind.startswith("case."):
            if state is None or state != line.detail["from"]:
                message = f"line {line.seq} begins at {line.detail['from']}, but the case stood at {state}"
                raise ValueError(message)
            state, revision = states.advance(state, Event(line.kind.removeprefix("case."))), line.detail["revision"]
    if state is None:
        message = "the line that opened it is missing"
        raise LookupError(message)
    return state, revision


def check_orders(db: Database, first: int, found: Findings) -> None:
    """Each order from line `first` on is as it was placed and stands where its lines lead."""
    order, sealed = tables.order_.c, tables.evidence.c
    after = first - 1
    while True:
        with db.read() as tx:
            placed = list(ledger.entries(tx, after=after, limit=_PAGE, kinds=["order.placed"]))
            ids = [line.detail.get("order") for line in placed]
            rows = {row.id: row for row in tx.execute(_ORDERS.where(order.id.in_(ids)))}
            told = _lines_by_ref(tx, [line.ref for line in placed if line.ref])
        for line in placed:
            found.problems += _check_order(rows.get(line.detail.get("order")), line, told.get(str(line.ref), []))
        found.checked["orders"] += len(placed)
        if len(placed) < _PAGE:
            break
        after = placed[-1].seq
    with db.read() as tx:
        matching = (sealed.id == order.evidence) & (sealed.ref == order.ref) & (sealed.revision == order.revision)
        unproven = select(order.id).where(~select(1).where(matching).exists())
        found.problems += [
            f"order {id_}: there is no evidence of that revision for it" for id_ in tx.execute(unproven).scalars()
        ]
        lines = select(tables.ledger.c.seq).where(tables.ledger.c.kind == "order.placed")
        strange = select(order.id).where(order.placed_by.not_in(lines))
        found.problems += [f"order {id_}: no ledger line placed it" for id_ in tx.execute(strange).scalars()]


def _check_order(row: Any, placed: Entry, lines: list[Entry]) -> Iterator[str]:
    id_ = placed.detail.get("order")
    if row is None:
        yield f"order {id_}: it was placed with ledger line {placed.seq} and is not there"
        return
    said = placed.detail
    written = (said["action"], said["evidence"], said["revision"], str(placed.agent), str(placed.ref), placed.seq)
    if written != (row.action, row.evidence, row.revision, row.agent, row.ref, row.placed_by):
        yield f"order {id_}: it is not as ledger line {placed.seq} placed it"
    own = [line.kind for line in lines if line.detail.get("order") == id_]
    status = next((_ENDED[kind] for kind in own if kind in _ENDED), OrderStatus.WAITING)
    if row.status != status:
        yield f"order {id_}: it says {row.status}, the ledger {status}"
    if row.attempts != own.count("attempt.begun"):
        yield f"order {id_}: it says {row.attempts} attempt(s), the ledger {own.count('attempt.begun')}"


def _lines_by_ref(tx: Tx, refs: Iterable[Ref]) -> dict[str, list[Entry]]:
    """The ledger's lines about these comments, in order."""
    told: dict[str, list[Entry]] = {}
    for line in ledger.about(tx, refs):
        told.setdefault(str(line.ref), []).append(line)
    return told


def _plain(column: Any) -> Any:
    return type_coerce(column, Text)
