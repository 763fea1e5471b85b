"""Checks the whole archive against itself: chain, rows, cases, orders, evidence, guards. It changes nothing.

What is found is a problem; what could not be checked is said as such and passes for neither. Reading goes page by page
in short transactions, so that the daemon may go on meanwhile: lines only ever come at the end.

What it cannot see by itself is a tail cut off everywhere at once: ledger, rows, cases, orders and evidence of the last
hours, all by somebody who knows how. Therefore line numbers and hashes leave the machine (in digests, in the manifests
of evidence); handed in as `anchors`, they are checked, too.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, func, select, type_coerce

from archive import copies, dispositions, evidence, guards, ledger, media, tables
from archive.copies import BucketUnavailable
from archive.database import Damaged
from archive.stored import Stored
from bot.domain import states
from bot.domain.states import Event, IllegalEvent, State
from bot.domain.types import Evidence, OrderStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import RowMapping, Table

    from archive.bucket import Bucket
    from archive.database import Database, Tx
    from archive.ledger import Entry
    from bot.domain.types import Ref

_ENDED = {
    "order.confirmed": OrderStatus.CONFIRMED,
    "order.attested": OrderStatus.CONFIRMED,
    "order.refused": OrderStatus.REFUSED,
    "order.cancelled": OrderStatus.CANCELLED,
}
_PAGE = 500
_NAMED = 5
_ANCHOR = re.compile(r"\d+:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was checked (how many of what), what is wrong, and what could not be checked, in plain words."""

    at: datetime
    checked: dict[str, int]
    problems: list[str]
    not_checked: list[str]

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong with what could be checked."""
        return not self.problems


@dataclass(slots=True)
class _Findings:
    checked: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    only_there: list[str] = field(default_factory=list)

    def only_in_bucket(self, what: str, names: Collection[str]) -> None:
        """Tell what the administrator has removed from the disk after it was copied."""
        if names:
            self.checked[f"{what} only in the bucket"] = len(names)
            first = ", ".join(sorted(names)[:_NAMED]) + (" …" if len(names) > _NAMED else "")
            self.only_there.append(f"{what}: {len(names)} only in the bucket, no longer on this disk: {first}")

    @contextmanager
    def readable(self, what: str) -> Iterator[None]:
        """Turn damage that stops a check into a finding, so that the other checks go on."""
        try:
            yield
        except (Damaged, ValueError, LookupError) as error:
            self.problems.append(f"{what}: something was altered so that it cannot be read any more: {error}")
            self.not_checked.append(f"{what}: whatever comes after that")


def verify(  # noqa: PLR0913  all that is held against each other
    db: Database,
    evidence_root: Path,
    media_root: Path,
    *,
    now: datetime,
    anchors: Iterable[str] = (),
    bucket: Bucket | None = None,
    read_bucket: bool = False,
) -> Report:
    """Check everything. `anchors` are lines noted elsewhere, as ``number:hash`` (see `ledger.Entry.anchor`).

    With a `bucket`, everything recorded as stored there is looked at, with `read_bucket` byte for byte.
    """
    found = _Findings()
    with found.readable("database file"), db.read() as tx:
        _file(tx, found)
    with found.readable("ledger"):
        _ledger(db, found)
    with found.readable("cases"):
        _cases(db, found)
    with found.readable("orders"):
        _orders(db, found)
    noted = list(anchors)
    with found.readable("evidence"):
        noted += _evidence(db, evidence_root, found)
    with found.readable("media"), db.read() as tx:
        _media(tx, media_root, found)
    with found.readable("anchors"), db.read() as tx:
        _anchors(tx, noted, found)
    with found.readable("documents"), db.read() as tx:
        _documents(tx, found)
    with found.readable("dispositions"), db.read() as tx:
        problems, found.checked["tombstones"] = dispositions.problems(tx)
        found.problems += problems
    with found.readable("bucket"):
        _bucket(db, bucket, found, read=read_bucket)
    return Report(
        at=now, checked=dict(found.checked), problems=found.problems, not_checked=list(dict.fromkeys(found.not_checked))
    )


# The file and its guards ----------------------------------------------------------------------------------------------


def _file(tx: Tx, found: _Findings) -> None:
    """What the database engine itself finds, and whether its guards still stand."""
    if tx.dialect.name == "sqlite":
        said = [str(row[0]) for row in tx.exec_driver_sql("PRAGMA quick_check")]
        found.problems += [f"database file: {line}" for line in said if line != "ok"]
    found.problems += [f"database: the guard {name} is missing or altered" for name in guards.missing(tx)]


# The ledger and the rows it vouches for -------------------------------------------------------------------------------


def _ledger(db: Database, found: _Findings) -> None:
    """Follow the chain, and with each page of it the rows that its lines vouch for."""
    chain = ledger.Chain()
    after = 0
    while True:
        with db.read() as tx:
            page = ledger.rows_after(tx, after, _PAGE)
            if not page:
                chain.end(*ledger.kept_head(tx))
                _strays(tx, found)
                break
            whole = {row["seq"] for row in page if chain.follow(row)}
            _rows(tx, page, whole, found)
        after = page[-1]["seq"]
        found.checked["ledger lines"] += len(page)
    found.problems[:0] = chain.problems


def _rows(tx: Tx, page: Sequence[RowMapping], whole: Collection[int], found: _Findings) -> None:
    """Compare the rows written with these lines with the hashes that the lines carry."""
    first, last = page[0]["seq"], page[-1]["seq"]
    for table in tables.APPEND_ONLY:
        present: dict[int, Counter[str]] = {}
        buried = dispositions.buried(tx, table, first, last)
        for row in tx.execute(_as_it_lies(table).where(table.c.entry.between(first, last))).mappings():
            present.setdefault(row["entry"], Counter())[buried.sha256_of(row)] += 1
            found.checked["rows"] += 1
        for line in page:
            vouched = Counter(_vouched(line).get(table.name, ()))
            there = present.get(line["seq"], Counter())
            if line["seq"] not in whole:
                if there or vouched:
                    found.not_checked.append(f"{table.name}: rows written with line {line['seq']}, which is altered")
            elif vouched != there:
                found.problems.append(_difference(table, line, vouched - there, there - vouched))


def _difference(table: Table, line: RowMapping, missing: Counter[str], extra: Counter[str]) -> str:
    where = f"written with ledger line {line['seq']}" + (f" about {line['ref']}" if line["ref"] else "")
    if missing and extra:
        return f"{table.name}: a row {where} has been altered"
    return f"{table.name}: a row {where} has been {'removed' if missing else 'slipped in'}"


def _strays(tx: Tx, found: _Findings) -> None:
    """Rows that no line vouches for, since the line they name is not there."""
    for table in tables.APPEND_ONLY:
        lines = select(tables.ledger.c.seq)
        number = tx.execute(select(func.count()).select_from(table).where(table.c.entry.not_in(lines))).scalar_one()
        if number:
            found.problems.append(f"{table.name}: {number} row(s) name a ledger line that is not there")


def _as_it_lies(table: Table) -> Any:
    """Select a table's values as the database holds them, not as what they mean."""
    return select(
        *(
            type_coerce(column, Text).label(column.name) if isinstance(column.type, Stored) else column
            for column in table.c
        )
    )


def _vouched(line: RowMapping) -> Mapping[str, Sequence[str]]:
    """What a stored line says about its rows; nothing, if it is not even JSON any more."""
    try:
        rows = json.loads(line["detail"]).get("rows", {})
    except (ValueError, TypeError, AttributeError):
        return {}
    return rows if isinstance(rows, dict) else {}


# Cases and orders against what the ledger tells -----------------------------------------------------------------------


def _cases(db: Database, found: _Findings) -> None:
    """Each comment has a case, which stands where its ledger lines lead."""
    after: Ref | None = None
    comment, case = tables.comment.c, tables.case_.c
    query = select(comment.ref, _plain(case.state).label("state"), case.revision).join_from(
        tables.comment, tables.case_, case.ref == comment.ref, isouter=True
    )
    while True:
        with db.read() as tx:
            page = tx.execute(
                (query if after is None else query.where(comment.ref > after)).order_by(comment.ref).limit(_PAGE)
            ).all()
            told = _lines_by_ref(tx, [row.ref for row in page])
        for row in page:
            found.problems += _check_case(row.ref, row.state, row.revision, told.get(str(row.ref), []))
        found.checked["cases"] += len(page)
        if len(page) < _PAGE:
            break
        after = page[-1].ref
    with db.read() as tx:
        known = select(comment.ref)
        strange = tx.execute(select(func.count()).select_from(tables.case_).where(case.ref.not_in(known))).scalar_one()
    if strange:
        found.problems.append(f"cases: {strange} stand(s) for comments that were never recorded")


def _check_case(ref: Ref, state: str | None, revision: str | None, lines: list[Entry]) -> Iterator[str]:
    if state is None:
        yield f"case {ref}: it is not there, though the comment was recorded"
        return
    try:
        told_state, told_revision = fold(lines)
    except (IllegalEvent, LookupError, ValueError) as error:
        yield f"case {ref}: the ledger tells no possible story of it: {error}"
        return
    if (state, revision) != (told_state, told_revision):
        yield f"case {ref}: it says {state} in wording {revision}, the ledger {told_state} in {told_revision}"


def fold(lines: Iterable[Entry]) -> tuple[State, str]:
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


def _orders(db: Database, found: _Findings) -> None:
    """Each order is as it was placed and stands where its lines lead, on evidence of the very revision."""
    order, sealed = tables.order_.c, tables.evidence.c
    after = 0
    while True:
        with db.read() as tx:
            placed = list(ledger.entries(tx, after=after, limit=_PAGE, kinds=["order.placed"]))
            ids = [line.detail.get("order") for line in placed]
            rows = {row.id: row for row in tx.execute(_as_it_lies(tables.order_).where(order.id.in_(ids)))}
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


# Evidence, anchors, documents -----------------------------------------------------------------------------------------


def _evidence(db: Database, root: Path, found: _Findings) -> list[str]:
    """Each sealed folder is as its manifest says, and the manifest as the row says. Gives the lines noted in them.

    A folder that is not on record was sealed when the program was killed, or its record was taken away; the line noted
    in its manifest tells which, and is checked like all others.
    """
    manifests = sorted(root.glob(f"*/*/*/{evidence.MANIFEST}"))  # listed before the rows, which come after sealing
    with db.read() as tx:
        rows = tx.execute(select(tables.evidence).order_by(tables.evidence.c.entry)).all()
        copied = copies.units(tx)
    names = ("id", "ref", "revision", "captured_at", "quality", "folder", "manifest", "conditions")
    sealed = [Evidence(**{name: getattr(row, name) for name in names}) for row in rows]
    if sealed and not root.is_dir():
        found.not_checked.append(f"evidence: the folder {root} is not there, so no file of {len(sealed)} was checked")
        return []
    elsewhere = [one for one in sealed if copies.of_evidence(one.id) in copied and not (root / one.folder).exists()]
    found.only_in_bucket("evidence", [each.id for each in elsewhere])
    here = [each for each in sealed if each not in elsewhere]
    for each in here:
        found.problems += evidence.check(root, each)
    found.checked["evidence folders"] = len(here)
    on_record = {root / each.folder for each in sealed}
    found.checked["evidence folders not on record"] = sum(path.parent not in on_record for path in manifests)
    return [head for path in manifests if (head := _noted_in(path, found))]


def _noted_in(manifest: Path, found: _Findings) -> str | None:
    """The ledger's last line when this evidence was sealed, as ``number:hash``; None if none was noted."""
    try:
        head = str(json.loads(manifest.read_bytes())["ledger_head"])
    except (ValueError, KeyError, TypeError):
        found.problems.append(f"evidence: {manifest.parent.name}/{manifest.name} is not a manifest any more")
        return None
    return head if _ANCHOR.fullmatch(head) else None


def _media(tx: Tx, root: Path, found: _Findings) -> None:
    """Each file that came with a comment is there, and is as it was fetched."""
    table = tables.media.c
    rows = tx.execute(select(table.sha256, table.size).where(table.sha256.is_not(None)).distinct())
    copied = copies.units(tx)
    recorded = {row.sha256: row.size for row in rows}
    gone = {sha256 for sha256 in recorded if not media.file_of(root, sha256).exists()}
    elsewhere = [sha256 for sha256 in gone if copies.of_media(sha256) in copied]
    found.only_in_bucket("media", elsewhere)
    hashes = {sha256: size for sha256, size in recorded.items() if sha256 not in elsewhere}
    found.problems += media.problems(root, hashes)
    found.checked["media files"] = len(hashes)
    left = [sha256 for sha256 in sorted(dispositions.unfinished(tx)) if media.file_of(root, sha256).is_file()]
    found.problems += [
        f"media {sha256}: what it came with was destroyed, and the file is still there" for sha256 in left
    ]


def _bucket(db: Database, bucket: Bucket | None, found: _Findings, *, read: bool) -> None:
    """Each file that is recorded as stored lies in the bucket, locked and as it was; if a bucket is given."""
    if bucket is None:
        found.not_checked += found.only_there
        return
    after, name = ("", ""), bucket.place.name
    try:
        bucket.check()
        while True:
            with db.read() as tx:
                page = copies.page(tx, name, after, _PAGE)
            for row in page:
                wrong = copies.problem(bucket, row, read=read)
                found.problems += [f"bucket {name}: {row.path}: {wrong}"] if wrong else []
            found.checked["files in the bucket"] += len(page)
            if len(page) < _PAGE:
                break
            after = (page[-1].key, page[-1].version)
    except BucketUnavailable as error:
        found.not_checked += [f"bucket: {error}", *found.only_there]


def _anchors(tx: Tx, anchors: Iterable[str], found: _Findings) -> None:
    """Lines that were noted elsewhere still say the same."""
    for anchor in dict.fromkeys(anchors):
        number, _, sha256 = anchor.partition(":")
        query = select(tables.ledger.c.hash).where(tables.ledger.c.seq == int(number))
        there = tx.execute(query).scalar_one_or_none()
        if there is None:
            found.problems.append(f"ledger: line {number}, noted elsewhere as {sha256[:12]}…, is not there")
        elif there != sha256:
            found.problems.append(f"ledger: line {number} has another hash than was noted elsewhere")
        found.checked["anchors"] += 1


def _documents(tx: Tx, found: _Findings) -> None:
    """Every policy and pack that a verdict cites was kept, so that the verdict can be replayed."""
    verdict = tables.verdict.c
    cited = {row.policy_sha256 for row in tx.execute(select(verdict.policy_sha256).distinct())}
    for row in tx.execute(select(verdict.packs).distinct()):
        cited |= set(row.packs.values())
    kept = set(tx.execute(select(tables.document.c.sha256)).scalars())
    found.not_checked += [
        f"documents: {sha256} is cited by verdicts and was not kept, so they cannot be replayed"
        for sha256 in sorted(cited - kept)
    ]
    found.checked["documents"] = len(cited & kept)
