"""Checks the ledger: its chain, the rows that its lines vouch for, and the roots of its days, in one reading.

What is whole is checked a page at a time, since that is nearly all and nearly all of the time; only a page or line
where something does not fit is looked at by itself, to say what it is.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, true

from archive import dispositions, ledger, merkle, tables, witnesses
from archive.rows import form

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import Table

    from archive.database import Database, Tx
    from archive.findings import Findings
    from archive.witnesses import Root

LINES = 5000
"""How many lines make a page."""
_ROWS = '"rows":'  # how the member begins in canonical JSON, in whose strings these quotes cannot stand
_MEMBER = '"%s":["%s"]'
_BY_NAME = sorted(tables.APPEND_ONLY, key=lambda table: table.name)


def check(db: Database, first: int, found: Findings) -> None:
    """Follow the chain from line `first`, and with each page of it the rows and the days that its lines vouch for."""
    taken: list[Root] = []
    with found.readable("days"), db.read() as tx:
        taken = witnesses.roots(tx, reaching=first)
    with db.read() as tx:
        if taken:
            first = min(first, taken[0].first)  # a day is checked as a whole
        chain = ledger.Chain(*_before(tx, first))
    days = _Days(taken, found)
    seen: Counter[str] = Counter()
    after = first - 1
    while True:
        with db.read() as tx:
            page = ledger.rows_after(tx, after, LINES)
            if not page:
                chain.end(*ledger.kept_head(tx))
                _strays(tx, first, seen, found)
                break
            texts, altered = chain.follow_page(page)
            seen += check_rows(tx, page, altered, found)
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

    def __init__(self, roots: Sequence[Root], found: Findings) -> None:
        self._roots = list(reversed(roots))
        self._found = found
        self._leaves: list[bytes] = []
        self._whole = hashlib.sha256()
        self._next = roots[0].first if roots else 0
        self._head = roots[-1].last if roots else 0

    def follow(self, page: Sequence[Sequence[Any]], texts: Sequence[bytes]) -> None:
        """Take the next lines, each with the text that its hash is of."""
        while page and self._roots:
            root = self._roots[-1]
            inside = page if page[-1][0] <= root.last else [row for row in page if row[0] <= root.last]
            begin = sum(row[0] < root.first for row in inside[: root.first - inside[0][0]]) if inside else 0
            self._leaves += [str(row[7]).encode() for row in inside[begin:]]
            self._whole.update(b"".join([text + b"\n" for text in texts[begin : len(inside)]]))
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


# The rows that lines vouch for ----------------------------------------------------------------------------------------


def check_rows(tx: Tx, page: Sequence[Sequence[Any]], altered: Collection[int], found: Findings) -> Counter[str]:
    """Compare the rows written with these lines with the hashes that the lines carry.

    Lines whose numbers are in `altered` vouch for nothing. Gives how many rows of each table name one of these lines.
    """
    numbers = {line[0] for line in page}
    present: dict[str, dict[int, list[str]]] = {}
    told: dict[int, list[str]] = {}
    seen: Counter[str] = Counter()
    for table in _BY_NAME:
        there = present[table.name] = _hashes(tx, table, page[0][0], page[-1][0])
        for seq, hashes in there.items():
            if seq in numbers:  # if not, it is one for `_strays`
                told.setdefault(seq, []).append(_MEMBER % (table.name, '","'.join(hashes)))
                seen[table.name] += len(hashes)
    doubtful = [line for line in page if line[0] in altered or not _fits(str(line[5]), told.get(line[0]))]
    if doubtful:
        _look_closely(doubtful, present, altered, found)
    found.checked["rows"] += seen.total()
    return seen


def _hashes(tx: Tx, table: Table, first: int, last: int) -> dict[int, list[str]]:
    """What a table's rows hashed to when they were written, by the lines that they name (`first` to `last`)."""
    read = form(table).read(tx, first, last)
    if not read:
        return {}
    buried = dispositions.buried(tx, table, first, last)
    there: dict[int, list[str]] = {}
    for row, sha256 in zip(read, form(table).hashes(read), strict=True):
        there.setdefault(row[0], []).append(buried.written(row[0], sha256))
    return there


def _fits(detail: str, told: list[str] | None) -> bool:
    """Whether a line's detail says of its rows, letter for letter, what the rows there are would make it say."""
    number = detail.count(_ROWS)
    return number == 0 if told is None else number == 1 and f"{_ROWS}{{{','.join(told)}}}" in detail


def _look_closely(
    lines: Sequence[Sequence[Any]],
    present: Mapping[str, Mapping[int, list[str]]],
    altered: Collection[int],
    found: Findings,
) -> None:
    """Say what does not fit; the rows of one line may also lie in another order than they were written in."""
    vouched = {line[0]: _vouched(line[5]) for line in lines}
    for table in tables.APPEND_ONLY:
        for line in lines:
            seq, there = line[0], present[table.name].get(line[0], [])
            if seq not in altered:
                said, lies = Counter(vouched[seq].get(table.name, ())), Counter(there)
                if said != lies:
                    found.problems.append(_difference(table, line, said - lies, lies - said))
            elif there or table.name in vouched[seq]:
                found.not_checked.append(f"{table.name}: rows written with line {seq}, which is altered")


def _difference(table: Table, line: Sequence[Any], missing: Counter[str], extra: Counter[str]) -> str:
    where = f"written with ledger line {line[0]}" + (f" about {line[3]}" if line[3] else "")
    if missing and extra:
        return f"{table.name}: a row {where} has been altered"
    return f"{table.name}: a row {where} has been {'removed' if missing else 'slipped in'}"


def _strays(tx: Tx, first: int, seen: Counter[str], found: Findings) -> None:
    """Rows that no line vouches for, since the line they name is not there: those that came with no page."""
    for table in tables.APPEND_ONLY:
        since = table.c.entry >= first if first > 1 else true()
        if tx.execute(select(func.count()).select_from(table).where(since)).scalar_one() == seen[table.name]:
            continue
        line = ~select(1).where(tables.ledger.c.seq == table.c.entry).exists()
        number = tx.execute(select(func.count()).select_from(table).where(since, line)).scalar_one()
        if number:
            found.problems.append(f"{table.name}: {number} row(s) name a ledger line that is not there")


def _vouched(detail: Any) -> Mapping[str, Sequence[str]]:
    """What a stored line's detail says about its rows; nothing, if it is not even JSON any more."""
    try:
        rows = json.loads(detail).get("rows", {})
    except (ValueError, TypeError, AttributeError):
        return {}
    return rows if isinstance(rows, dict) else {}
