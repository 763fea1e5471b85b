"""Dispositions: what a schedule says is due is destroyed as a batch, approved by two people, with a certificate.

Theory of operation
-------------------
A row of an append-only table whose content is destroyed stays: as a tombstone, with its keys and the number of its
ledger line, every word in it replaced by a fixed mark. The table `tombstone` keeps what the row hashed to, which is
what its ledger line says it hashed to, so that the chain and its promises hold as before. A hole looks otherwise: a
row that is missing or blank without a tombstone, or a tombstone whose hash no line vouches for, is found by `verify`.

The database itself allows exactly this change to exactly the rows that a tombstone names, and no tombstone before two
people have approved its disposition (archive/guards.py). Rows, tombstones, certificate and ledger line are one
transaction. What cannot be in a transaction is done after it: files of the media folder, and copies outside the
archive, above all backups, which the certificate names. If the program is killed in between, `finish` does the rest,
when the daemon starts and before the next disposition.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, select, type_coerce, update

from archive import copies, full_text, ledger, media, retention, tables
from archive.rows import as_it_lies
from archive.stored import new_id, utc_text
from bot.domain.names import plain, same
from bot.domain.types import AgentKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Table

    from archive.copies import Copied
    from archive.database import Database, Tx
    from archive.retention import Series, Unit
    from archive.stored import Json
    from bot.domain.types import Agent

MOST = 2_000
"""Records in one disposition: as many as two people can answer for, and one transaction can hold."""
APPROVERS = 2
_disposition = tables.disposition.c
_approval = tables.approval.c
_tombstone = tables.tombstone.c


class NotAllowed(Exception):
    """A disposition may not be proposed, approved or carried out now. The text says why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposition:
    """A batch of records of one series. `schedule` is the SHA-256 of the schedule under which it was proposed."""

    id: str
    series: str
    authority: str
    schedule: str
    units: tuple[tuple[str, str], ...]
    agent: Agent
    at: datetime
    approved_by: tuple[Agent, ...]
    certificate: str | None


# Deciding -------------------------------------------------------------------------------------------------------------


def propose(tx: Tx, series: Series, *, schedule: str, agent: Agent, now: datetime) -> Disposition:
    """Propose to destroy what is due of a series. Raises `NotAllowed` if nothing is. `schedule` is a kept document."""
    due = retention.due(tx, series, now, MOST)
    if not due:
        message = f"nothing of {series.id} is due that no hold covers"
        raise NotAllowed(message)
    id_ = new_id(now)
    units = [[unit.name, utc_text(unit.counted_from)] for unit in due]
    row: dict[str, Any] = {"id": id_, "series": series.id, "authority": series.authority, "schedule": schedule}
    row |= {"units": units, "agent": agent, "at": now}
    said: dict[str, Json] = {"disposition": id_, "series": series.id, "records": len(units)}
    rows = [(tables.disposition, row)]
    ledger.append(tx, kind="disposition.proposed", agent=agent, at=now, detail=said, rows=rows)
    return get(tx, id_)


def approve(tx: Tx, id_: str, *, why: str, agent: Agent, now: datetime) -> Disposition:
    """Approve a disposition as one of two people.

    Raises `NotAllowed` for one who has done so, who proposed it, or who is no person.
    """
    found = get(tx, id_)
    if found.certificate:
        message = f"disposition {id_} was carried out already"
        raise NotAllowed(message)
    if agent.kind is not AgentKind.PERSON or not agent.name.strip():
        message = "only a person with a name approves a disposition"
        raise NotAllowed(message)
    if same(agent.name, found.agent.name):
        message = f"{agent.name} proposed disposition {id_}; two other people approve it"
        raise NotAllowed(message)
    if plain(agent.name) in {plain(other.name) for other in found.approved_by}:
        message = f"{agent.name} has approved disposition {id_} already; the second approval is another person's"
        raise NotAllowed(message)
    row = {"disposition": id_, "agent": agent, "why": why, "at": now}
    said = {"disposition": id_, "why": why}
    rows = [(tables.approval, row)]
    ledger.append(tx, kind="disposition.approved", agent=agent, at=now, detail=said, rows=rows)
    return get(tx, id_)


def get(tx: Tx, id_: str) -> Disposition:
    """Give a disposition. Raises `NotAllowed` if there is none of that identifier."""
    found = [each for each in all_of(tx) if each.id == id_]
    if not found:
        message = f"there is no disposition {id_}; `citymod retention list` names them"
        raise NotAllowed(message)
    return found[0]


def all_of(tx: Tx) -> list[Disposition]:
    """Give every disposition that was ever proposed, oldest first."""
    approvals: dict[str, list[Agent]] = defaultdict(list)
    for row in tx.execute(select(tables.approval).order_by(_approval.entry)):
        approvals[row.disposition].append(row.agent)
    texts = {row.disposition: row.text for row in tx.execute(select(tables.certificate))}
    return [
        Disposition(
            id=row.id,
            series=row.series,
            authority=row.authority,
            schedule=row.schedule,
            units=tuple((name, since) for name, since in row.units),
            agent=row.agent,
            at=row.at,
            approved_by=tuple(approvals[row.id]),
            certificate=texts.get(row.id),
        )
        for row in tx.execute(select(tables.disposition).order_by(_disposition.entry))
    ]


# Doing ----------------------------------------------------------------------------------------------------------------


def carry_out(  # noqa: PLR0913 - what, under which series and schedule, by whom, when
    tx: Tx, id_: str, series: Series, *, schedule: str, agent: Agent, now: datetime
) -> Destroyed:
    """Destroy the content of a disposition's records; give the certificate and the files that are to go after it.

    Everything is asked again: two approvals, the schedule unchanged, each record still due and under no hold. Raises
    `NotAllowed` otherwise, and nothing is destroyed: a batch goes as it was approved, or not at all.
    """
    found = get(tx, id_)
    due = _still_due(tx, found, series, schedule, now)
    rows = [row for unit in due for row in unit.rows]
    buried, files = _originals(tx, rows)
    said: dict[str, Json] = {"disposition": id_, "series": series.id, "records": len(due)}
    text = _certificate(found, series, due, copies.of_files(tx, files), now)
    stones = [(tables.tombstone, {**stone, "disposition": id_}) for stone in buried]
    sheet = (tables.certificate, {"disposition": id_, "text": text, "agent": agent, "at": now})
    ledger.append(tx, kind="disposition.carried_out", agent=agent, at=now, detail=said, rows=[*stones, sheet])
    wordings = [int(stone["line"]) for stone in buried if stone["place"] == tables.revision.name]
    full_text.forget(tx, wordings)
    for table, blank in tables.DISPOSABLE.items():
        values: dict[str, Any] = {name: [] if value == "[]" else value for name, value in blank.items()}
        for stone in buried:
            if stone["place"] == table.name:
                tx.execute(update(table).where(table.c.entry == stone["line"]).values(**values))
    full_text.index_again(tx, wordings)
    _forget_authors(tx, due)
    return Destroyed(certificate=text, files=_unused(tx, files))


@dataclass(frozen=True, slots=True, kw_only=True)
class Destroyed:
    """What was destroyed: the certificate, and the hashes of media files that nothing on record names any more."""

    certificate: str
    files: frozenset[str]


def unfinished(tx: Tx) -> set[str]:
    """Give the hashes of files that only destroyed rows named, whether they are still on the disk or not.

    What named them is blank by now; the ledger's lines with which they came still say their hashes.
    """
    line = tables.ledger.c
    came = select(line.detail).join_from(tables.tombstone, tables.ledger, line.seq == _tombstone.line)
    hashes = {
        json.loads(detail).get("sha256") for detail in tx.execute(came.where(_tombstone.place == "media")).scalars()
    }
    return set(_unused(tx, (sha256 for sha256 in hashes if sha256)))


def finish(db: Database, media_root: Path, now: datetime) -> int:
    """Delete the files that were to go after a disposition and are still there, since somebody pulled the plug.

    Gives how many went; that they did is on record.
    """
    with db.read() as tx:
        left = {sha256 for sha256 in unfinished(tx) if media.file_of(media_root, sha256).is_file()}
    if not left:
        return 0
    removed = media.remove(media_root, left)
    with db.begin() as tx:
        why = f"{removed} files of records that were lawfully destroyed were still on the disk, and went"
        ledger.append(tx, kind="disposition.finished", agent=ledger.DAEMON, at=now, detail={"why": why})
    return removed


def _still_due(tx: Tx, found: Disposition, series: Series, schedule: str, now: datetime) -> list[Unit]:
    if found.certificate:
        message = f"disposition {found.id} was carried out already"
        raise NotAllowed(message)
    if len({plain(agent.name) for agent in found.approved_by} - {plain(found.agent.name)}) < APPROVERS:
        names = ", ".join(agent.name for agent in found.approved_by) or "nobody"
        message = f"disposition {found.id} needs the approval of {APPROVERS} people; so far: {names}"
        raise NotAllowed(message)
    if schedule != found.schedule:
        message = f"the retention schedule is another than disposition {found.id} was approved under; propose it anew"
        raise NotAllowed(message)
    due, held = retention.among(tx, series, now, [name for name, _ in found.units])
    for name, _ in found.units:
        if name in held:
            message = (
                f"{name} is under the legal hold {held[name].id} (matter {held[name].matter}): nothing is destroyed"
            )
            raise NotAllowed(message)
        if name not in due:
            message = f"{name} may not be destroyed any more (it was acted on, or is not due): propose the batch anew"
            raise NotAllowed(message)
    return [due[name] for name, _ in found.units]


def _originals(tx: Tx, rows: Iterable[tuple[str, int]]) -> tuple[list[dict[str, Any]], set[str]]:
    """What each row hashes to, as its ledger line says, and will hash to; and the media files that the rows name.

    Raises `NotAllowed` for a row that is not as it was written: what was tampered with is evidence of that.
    """
    stones: list[dict[str, Any]] = []
    files: set[str] = set()
    for place, line in rows:
        table = tables.metadata.tables[place]
        row = tx.execute(as_it_lies(table).where(table.c.entry == line)).mappings().one()
        sha256 = tables.stored_sha256(table, row)
        detail = tx.execute(select(tables.ledger.c.detail).where(tables.ledger.c.seq == line)).scalar_one()
        if sha256 not in json.loads(detail).get("rows", {}).get(place, ()):
            message = (
                f"a row of {place} written with ledger line {line} was altered; run citymod verify, destroy nothing"
            )
            raise NotAllowed(message)
        remains = tables.stored_sha256(table, {**row, **tables.DISPOSABLE[table]})
        stones.append({"place": place, "line": line, "sha256": sha256, "remains": remains})
        if place == "media" and row["sha256"]:
            files.add(row["sha256"])
    return stones, files


def _forget_authors(tx: Tx, due: Sequence[Unit]) -> None:
    """Where cases repeat the author, that goes as well."""
    for unit in due:
        if unit.item.ref is not None:
            tx.execute(update(tables.case_).where(tables.case_.c.ref == unit.item.ref).values(author_id=None))


def _unused(tx: Tx, files: Iterable[str]) -> frozenset[str]:
    """Those of these files that no row names any more: one picture may have come with several comments."""
    return frozenset(
        sha256 for sha256 in files if tx.execute(select(1).where(tables.media.c.sha256 == sha256)).first() is None
    )


def _certificate(
    found: Disposition, series: Series, due: Sequence[Unit], copied: Sequence[Copied], now: datetime
) -> str:
    """Quantity, series, dates, manner, authority, and who approved: what a Missouri disposal log holds."""
    first, last = min(unit.counted_from for unit in due), max(unit.counted_from for unit in due)
    return "\n".join(
        [
            "CERTIFICATE OF DESTRUCTION",
            f"Disposition       {found.id}",
            f"Record series     {series.id}: {series.title}",
            f"Quantity          {len(due)} record{'s' if len(due) > 1 else ''}",
            f"Inclusive dates   {first:%Y-%m-%d} to {last:%Y-%m-%d} (by {series.trigger})",
            f"Period            {series.period}",
            f"Authority         {series.authority}",
            f"Schedule          SHA-256 {found.schedule}",
            f"Proposed by       {found.agent.name}, {found.at:%Y-%m-%d %H:%M} UTC",
            *(f"Approved by       {agent.name}" for agent in found.approved_by),
            "Manner            content overwritten in the archive and files deleted; a tombstone keeps each hash",
            "Not reached       backups, productions and mails made before; see the City's own schedule for those",
            *(f"In the bucket     {_locked(each)}" for each in copied),
            f"Completed         {now:%Y-%m-%d %H:%M} UTC",
        ]
    )


def _locked(copied: Copied) -> str:
    return (
        f"{copied.files} file{'s' if copied.files > 1 else ''} in {copied.bucket}, locked until "
        f"{copied.until:%Y-%m-%d}; to be removed there after that"
    )


# Checking -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Buried:
    """The tombstones of some rows of one table: by ledger line what is left hashes to, and what the row hashed to."""

    table: Table
    hashes: Mapping[tuple[int, str], str]

    def written(self, line: int, lies: str) -> str:
        """Give what a row that hashes to `lies` hashed to when it was written: its tombstone says it, if it is one."""
        return self.hashes.get((line, lies), lies)


def buried(tx: Tx, table: Table, first: int, last: int) -> Buried:
    """Give the tombstones of a table's rows that were written with the ledger lines from `first` to `last`."""
    if table not in tables.DISPOSABLE:
        return Buried(table, {})
    query = select(tables.tombstone).where(_tombstone.place == table.name, _tombstone.line.between(first, last))
    return Buried(table, {(row.line, row.remains): row.sha256 for row in tx.execute(query)})


def problems(tx: Tx) -> tuple[list[str], int]:
    """Say what is wrong with what was destroyed, and how many tombstones were checked."""
    found: list[str] = []
    number = 0
    stones: dict[str, list[Any]] = defaultdict(list)
    for row in tx.execute(select(tables.tombstone).order_by(_tombstone.entry)):
        stones[row.disposition].append(row)
        number += 1
    for each in all_of(tx):
        mine = stones[each.id]
        if not mine:
            continue
        before = select(_approval.agent).where(_approval.disposition == each.id, _approval.entry < mine[0].entry)
        if len({plain(agent.name) for agent in tx.execute(before).scalars()} - {plain(each.agent.name)}) < APPROVERS:
            found.append(f"disposition {each.id}: something was destroyed before two people had approved it")
        if not each.certificate:
            found.append(f"disposition {each.id}: there is no certificate of destruction")
        found += [f"disposition {each.id}: {what}" for stone in mine for what in _wrong(tx, stone)]
    return found, number


def _wrong(tx: Tx, stone: Any) -> list[str]:
    table = tables.metadata.tables.get(stone.place)
    if table is None or table not in tables.DISPOSABLE:
        return [f"a tombstone stands in {stone.place}, of which nothing may be destroyed"]
    row = tx.execute(as_it_lies(table).where(table.c.entry == stone.line)).mappings().first()
    if row is None or tables.stored_sha256(table, row) != stone.remains:
        return [
            f"the row of {stone.place} written with ledger line {stone.line} is no tombstone, though one is recorded"
        ]
    protected = (tables.order_, tables.evidence, tables.decision)
    if "ref" in row and any(
        tx.execute(select(1).where(type_coerce(other.c.ref, Text) == row["ref"])).first() for other in protected
    ):
        return [f"{row['ref']} was removed or decided on, and its content was destroyed"]
    return []
