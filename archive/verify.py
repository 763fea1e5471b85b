"""Checks the whole archive against itself: chain, rows, cases, orders, evidence, guards. It changes nothing.

What is found is a problem; what could not be checked is said as such and passes for neither. Reading goes page by page
in short transactions, so that the daemon may go on meanwhile: lines only ever come at the end.

What it cannot see by itself is a tail cut off everywhere at once: ledger, rows, cases, orders and evidence of the last
hours, all by somebody who knows how. Therefore line numbers and hashes leave the machine (in digests, in the manifests
of evidence); handed in as `anchors`, they are checked, too.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, func, select, type_coerce

from archive import dispositions, evidence, guards, ledger, media, merkle, stamps, tables, witnesses
from archive.database import Damaged
from archive.stamps import NotProven
from archive.stored import Stored
from bot.domain import states
from bot.domain.states import Event, IllegalEvent, State
from bot.domain.types import Evidence, OrderStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime
    from pathlib import Path

    from sqlalchemy import Table

    from archive.database import Database, Tx
    from archive.ledger import Entry
    from archive.witnesses import Root
    from bot.domain.types import Ref

_ENDED = {
    "order.confirmed": OrderStatus.CONFIRMED,
    "order.attested": OrderStatus.CONFIRMED,
    "order.refused": OrderStatus.REFUSED,
    "order.cancelled": OrderStatus.CANCELLED,
}
_PAGE = 500
_LINES = 5000
_ANCHOR = re.compile(r"\d+:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was checked (how many of what), what is wrong, and what could not be checked, in plain words."""

    at: datetime
    checked: dict[str, int]
    problems: list[str]
    not_checked: list[str]
    since: date | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong with what could be checked."""
        return not self.problems


@dataclass(slots=True)
class _Findings:
    checked: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)

    @contextmanager
    def readable(self, what: str) -> Iterator[None]:
        """Turn damage that stops a check into a finding, so that the other checks go on."""
        try:
            yield
        except (Damaged, ValueError, LookupError) as error:
            self.problems.append(f"{what}: something was altered so that it cannot be read any more: {error}")
            self.not_checked.append(f"{what}: whatever comes after that")


def verify(  # noqa: PLR0913 - what is checked, against what, and how far back
    db: Database,
    evidence_root: Path,
    media_root: Path,
    *,
    now: datetime,
    anchors: Iterable[str] = (),
    since: date | None = None,
    trusted: Mapping[str, Path] | None = None,
) -> Report:
    """Check everything, or with `since` only what was written on that day (UTC) and later, and what that is about.

    `anchors` are lines noted elsewhere, as ``number:hash`` (see `ledger.Entry.anchor`). `trusted` names for each
    time-stamping authority (by its address) the file with the certificates that are trusted to have signed its stamps.
    """
    found = _Findings()
    first = 1
    with found.readable("database file"), db.read() as tx:
        first = witnesses.first_line_of(tx, since) if since else 1
        _file(tx, found, whole=since is None)
    with found.readable("ledger"):
        _ledger(db, first, found)
    with found.readable("cases"):
        _cases(db, first, found)
    with found.readable("orders"):
        _orders(db, first, found)
    noted = list(anchors)
    with found.readable("evidence"):
        noted += _evidence(db, evidence_root, first, found)
    with found.readable("media"), db.read() as tx:
        _media(tx, media_root, first, found)
    with found.readable("anchors"), db.read() as tx:
        _anchors(tx, noted, found)
    with found.readable("documents"), db.read() as tx:
        _documents(tx, first, found)
    with found.readable("dispositions"), db.read() as tx:
        problems, found.checked["tombstones"] = dispositions.problems(tx)
        found.problems += problems
    with found.readable("time stamps"), db.read() as tx:
        _stamps(tx, first, trusted or {}, found)
    return Report(
        at=now,
        checked=dict(found.checked),
        problems=found.problems,
        not_checked=list(dict.fromkeys(found.not_checked)),
        since=since,
    )


# The file and its guards ----------------------------------------------------------------------------------------------


def _file(tx: Tx, found: _Findings, *, whole: bool) -> None:
    """What the database engine itself finds (which takes reading all of the file), and whether its guards stand."""
    if whole and tx.dialect.name == "sqlite":
        said = [str(row[0]) for row in tx.exec_driver_sql("PRAGMA quick_check")]
        found.problems += [f"database file: {line}" for line in said if line != "ok"]
    found.problems += [f"database: the guard {name} is missing or altered" for name in guards.missing(tx)]


# The ledger and the rows it vouches for -------------------------------------------------------------------------------


def _ledger(db: Database, first: int, found: _Findings) -> None:
    """Follow the chain from line `first`, and with each page of it the rows and the days that its lines vouch for."""
    taken: list[Root] = []
    with found.readable("days"), db.read() as tx:
        taken = witnesses.roots(tx, reaching=first)
    with db.read() as tx:
        if taken:
            first = min(first, taken[0].first)  # a day is checked as a whole
        chain = ledger.Chain(*_before(tx, first))
    days = _Days(taken, found)
    after = first - 1
    while True:
        with db.read() as tx:
            page: Sequence[Sequence[Any]] = ledger.rows_after(tx, after, _LINES)
            if not page:
                chain.end(*ledger.kept_head(tx))
                _strays(tx, first, found)
                break
            whole, texts = set(), []
            for row in page:
                if chain.follow(row):
                    whole.add(row[0])
                texts.append(chain.text)
            _rows(tx, page, whole, found)
        days.follow(page, texts)
        after = page[-1][0]
        found.checked["ledger lines"] += len(page)
    days.end()
    found.problems[:0] = chain.problems


def _before(tx: Tx, first: int) -> tuple[int, str]:
    """Number and hash of the line before `first`, from which the chain goes on."""
    if first == 1:
        return 0, ledger.GENESIS
    query = select(tables.ledger.c.hash).where(tables.ledger.c.seq == first - 1)
    said = tx.execute(query).scalar_one_or_none()
    if said is None:
        message = f"line {first - 1} is not there"
        raise LookupError(message)
    return first - 1, said


class _Days:
    """Takes the roots of days again while the chain is followed, and compares them with those on record."""

    def __init__(self, roots: Sequence[Root], found: _Findings) -> None:
        self._roots = list(reversed(roots))
        self._found = found
        self._leaves: list[bytes] = []
        self._whole = hashlib.sha256()
        self._next = roots[0].first if roots else 0
        self._head = roots[-1].last if roots else 0

    def follow(self, page: Sequence[Sequence[Any]], texts: Sequence[str]) -> None:
        """Take the next lines, each with the text that its hash is of."""
        while page and self._roots:
            root = self._roots[-1]
            inside = page if page[-1][0] <= root.last else [row for row in page if row[0] <= root.last]
            begin = sum(row[0] < root.first for row in inside[: root.first - inside[0][0]]) if inside else 0
            self._leaves += [str(row[7]).encode() for row in inside[begin:]]
            text = "".join(f"{text}\n" for text in texts[begin : len(inside)])
            self._whole.update(text.encode("utf-8", "surrogatepass"))
            if inside and inside[-1][0] == root.last:
                self._compare(self._roots.pop())
            elif len(inside) < len(page):
                self._roots.pop()
                self._found.problems.append(f"day {root.day}: its last ledger line {root.last} is not there")
                self._leaves, self._whole = [], hashlib.sha256()
                self._next = root.last + 1
            else:
                return
            page, texts = page[len(inside) :], texts[len(inside) :]

    def end(self) -> None:
        """Complain about days whose lines never came."""
        self._found.problems += [f"day {root.day}: its ledger lines are not there" for root in self._roots]

    def _compare(self, root: Root) -> None:
        if root.first != self._next:
            self._found.problems.append(f"day {root.day}: its root begins at line {root.first}, not at {self._next}")
        if (merkle.root(self._leaves), self._whole.hexdigest()) != (root.root, root.lines_sha256):
            self._found.problems.append(f"day {root.day}: its root is not that of its ledger lines")
        self._found.checked["days"] += 1
        self._leaves, self._whole = [], hashlib.sha256()
        self._next = root.last + 1


def _rows(tx: Tx, page: Sequence[Sequence[Any]], whole: Collection[int], found: _Findings) -> None:
    """Compare the rows written with these lines with the hashes that the lines carry."""
    first, last = page[0][0], page[-1][0]
    said_of = _said_of(page)
    lines: dict[int, Sequence[Any]] = {}
    for table in tables.APPEND_ONLY:
        present: dict[int, list[str]] = {}
        buried = dispositions.buried(tx, table, first, last)
        for row in tx.execute(_as_it_lies(table).where(table.c.entry.between(first, last))).mappings():
            present.setdefault(row["entry"], []).append(buried.sha256_of(row))
            found.checked["rows"] += 1
        vouched = said_of.get(table.name, {})
        if present or vouched:
            lines = lines or {line[0]: line for line in page}
        for seq in sorted(present.keys() | vouched.keys()):
            said, there = Counter(vouched.get(seq, ())), Counter(present.get(seq, ()))
            if seq not in lines:
                continue  # told by `_strays`: there is no such line
            if seq not in whole:
                found.not_checked.append(f"{table.name}: rows written with line {seq}, which is altered")
            elif said != there:
                found.problems.append(_difference(table, lines[seq], said - there, there - said))


def _said_of(page: Sequence[Sequence[Any]]) -> dict[str, dict[int, Sequence[str]]]:
    """The hashes that these lines carry, by table and line."""
    said_of: dict[str, dict[int, Sequence[str]]] = {}
    for line in page:
        if '"rows":' in str(line[5]):
            for name, hashes in _vouched(line[5]).items():
                said_of.setdefault(name, {})[line[0]] = hashes
    return said_of


def _difference(table: Table, line: Sequence[Any], missing: Counter[str], extra: Counter[str]) -> str:
    where = f"written with ledger line {line[0]}" + (f" about {line[3]}" if line[3] else "")
    if missing and extra:
        return f"{table.name}: a row {where} has been altered"
    return f"{table.name}: a row {where} has been {'removed' if missing else 'slipped in'}"


def _strays(tx: Tx, first: int, found: _Findings) -> None:
    """Rows that no line vouches for, since the line they name is not there."""
    for table in tables.APPEND_ONLY:
        line = ~select(1).where(tables.ledger.c.seq == table.c.entry).exists()
        number = tx.execute(select(func.count()).select_from(table).where(table.c.entry >= first, line)).scalar_one()
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


def _vouched(detail: Any) -> Mapping[str, Sequence[str]]:
    """What a stored line's detail says about its rows; nothing, if it is not even JSON any more."""
    try:
        rows = json.loads(detail).get("rows", {})
    except (ValueError, TypeError, AttributeError):
        return {}
    return rows if isinstance(rows, dict) else {}


# Cases and orders against what the ledger tells -----------------------------------------------------------------------


def _cases(db: Database, first: int, found: _Findings) -> None:
    """Each comment that lines from `first` on are about has a case, which stands where its ledger lines lead."""
    after: Ref | None = None
    comment, case = tables.comment.c, tables.case_.c
    query = select(comment.ref, _plain(case.state).label("state"), case.revision).join_from(
        tables.comment, tables.case_, case.ref == comment.ref, isouter=True
    )
    if first > 1:
        about = select(_plain(tables.ledger.c.ref)).where(
            tables.ledger.c.seq >= first, tables.ledger.c.ref.is_not(None)
        )
        query = query.where(_plain(comment.ref).in_(about))
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


def _orders(db: Database, first: int, found: _Findings) -> None:
    """Each order from line `first` on is as it was placed and stands where its lines lead."""
    order, sealed = tables.order_.c, tables.evidence.c
    after = first - 1
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


def _evidence(db: Database, root: Path, first: int, found: _Findings) -> list[str]:
    """Each folder sealed from line `first` on is as its manifest says, and the manifest as the row says.

    Gives the ledger lines noted in the manifests.

    A folder that is not on record was sealed when the program was killed, or its record was taken away; the line noted
    in its manifest tells which, and is checked like all others.
    """
    manifests = sorted(root.glob(f"*/*/*/{evidence.MANIFEST}"))  # listed before the rows, which come after sealing
    with db.read() as tx:
        table = tables.evidence
        rows = tx.execute(select(table).where(table.c.entry >= first).order_by(table.c.entry)).all()
    names = ("id", "ref", "revision", "captured_at", "quality", "folder", "manifest", "conditions")
    sealed = [Evidence(**{name: getattr(row, name) for name in names}) for row in rows]
    if sealed and not root.is_dir():
        found.not_checked.append(f"evidence: the folder {root} is not there, so no file of {len(sealed)} was checked")
        return []
    for each in sealed:
        found.problems += evidence.check(root, each)
    found.checked["evidence folders"] = len(sealed)
    on_record = {root / each.folder for each in sealed}
    if first > 1:
        manifests = [path for path in manifests if path.parent in on_record]
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


def _media(tx: Tx, root: Path, first: int, found: _Findings) -> None:
    """Each file that came with a comment is there, and is as it was fetched."""
    table = tables.media.c
    rows = tx.execute(
        select(table.sha256, table.size).where(table.sha256.is_not(None), table.entry >= first).distinct()
    )
    hashes = {row.sha256: row.size for row in rows}
    found.problems += media.problems(root, hashes)
    found.checked["media files"] = len(hashes)


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


def _documents(tx: Tx, first: int, found: _Findings) -> None:
    """Every policy and pack that a verdict cites was kept, so that the verdict can be replayed."""
    verdict = tables.verdict.c
    recent = verdict.entry >= first
    cited = {row.policy_sha256 for row in tx.execute(select(verdict.policy_sha256).where(recent).distinct())}
    for row in tx.execute(select(verdict.packs).where(recent).distinct()):
        cited |= set(row.packs.values())
    kept = set(tx.execute(select(tables.document.c.sha256)).scalars())
    found.not_checked += [
        f"documents: {sha256} is cited by verdicts and was not kept, so they cannot be replayed"
        for sha256 in sorted(cited - kept)
    ]
    found.checked["documents"] = len(cited & kept)


# Time stamps ----------------------------------------------------------------------------------------------------------


def _stamps(tx: Tx, first: int, trusted: Mapping[str, Path], found: _Findings) -> None:
    """Each stamp proves the very document or manifest on record, signed by an authority that is trusted for it."""
    days = {root.subject: root.sha256 for root in witnesses.roots(tx)}
    table, sealed = tables.stamp, tables.evidence.c
    manifests = {f"evidence:{row.id}": row.manifest for row in tx.execute(select(sealed.id, sealed.manifest))}
    known = days | manifests
    for row in tx.execute(select(table).where(table.c.entry >= first).order_by(table.c.entry)):
        name = f"time stamp of {row.subject} by {row.authority}"
        stamped = known.get(row.subject)
        if row.authority not in trusted:
            found.not_checked.append(f"{name}: the settings name no certificate for that authority")
            continue
        if stamped != row.sha256:
            found.problems.append(f"{name}: it is of other bytes than those on record")
            continue
        try:
            at = stamps.stamped_at(row.answer, row.sha256, stamps.certificates(trusted[row.authority]))
        except NotProven as error:
            found.problems.append(f"{name}: {error}")
            continue
        if at != row.stamped_at:
            found.problems.append(f"{name}: it says {at}, the record {row.stamped_at}")
        found.checked["time stamps"] += 1
