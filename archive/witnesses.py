"""What vouches for the ledger from outside: one root a day (UTC) over its lines, and authorities' time stamps.

Each line is covered by exactly one root: a root covers the lines after the last one's until the first line of a later
day, so a line that was written a moment late belongs to the day after. The leaves of the tree (archive/merkle.py) are
the lines' own hashes, as their 64 hexadecimal digits. What is stamped, and printed in digests, is `Root.document`:
a file that ``sha256sum -c`` reads, which names the SHA-256 of ``lines.txt``. That file has a line for each ledger line:
the hash before it and its canonical JSON, the very bytes whose SHA-256 is the line's hash.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select, update

from archive import ledger, merkle, tables
from archive.stored import utc_text
from bot.domain.schedule import retry_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Row

    from archive.database import Tx
    from archive.stored import Json

AFTERWARDS = timedelta(minutes=5)
"""How long after midnight a day's root is taken, so that what began before is in it."""
MOST_AT_ONCE = 100
FIRST_WAIT = timedelta(minutes=5)
LONGEST_WAIT = timedelta(hours=6)
TOLD_EACH = 10
"""A failing authority is written down at its first failure and each tenth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """The hash (hex) of all lines from `first` to `last`, those of one day (UTC)."""

    day: date
    first: int
    last: int
    root: str
    lines_sha256: str
    entry: int

    @property
    def document(self) -> bytes:
        """What is stamped: everything above, as a file that ``sha256sum -c`` reads beside ``lines.txt``."""
        return (
            f"# citymod daily root 1\n# day {self.day} (UTC)\n# ledger lines {self.first} to {self.last}\n"
            f"# merkle root {self.root}\n{self.lines_sha256}  lines.txt\n"
        ).encode()

    @property
    def subject(self) -> str:
        """How stamps name it."""
        return f"day:{self.day}"

    @property
    def sha256(self) -> str:
        """The SHA-256 (hex) of the document."""
        return hashlib.sha256(self.document).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """An authority's answer: the bytes with that `sha256` (hex) were there at `stamped_at`."""

    subject: str
    authority: str
    sha256: str
    answer: bytes
    stamped_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an authority stands: how often it failed since it last answered, why, and when it is asked again."""

    authority: str
    failures: int
    why: str
    not_before: datetime


# Roots ----------------------------------------------------------------------------------------------------------------


def root_next(tx: Tx, now: datetime) -> Root | None:
    """Take the root of the oldest day that is over and has none, and record it; None if there is no such day."""
    before = last_root(tx)
    opening = next(ledger.entries(tx, after=before.last if before else 0, limit=1), None)
    if opening is None:
        return None
    day = opening.at.date()
    if before is not None:
        day = max(day, before.day + timedelta(days=1))
    midnight = datetime.combine(day + timedelta(days=1), time(), UTC)
    if now < midnight + AFTERWARDS:
        return None
    last = _last_before(tx, opening.seq, midnight)
    root, lines = _hashed(tx, opening.seq, last)
    values: dict[str, Any] = {
        "day": str(day),
        "first": opening.seq,
        "last": last,
        "root": root,
        "lines_sha256": lines,
        "taken_at": now,
    }
    entry = ledger.append(
        tx,
        kind="day.rooted",
        agent=ledger.DAEMON,
        at=now,
        detail={"day": str(day), "root": root},
        rows=[(tables.day_root, values)],
    )
    return Root(day=day, first=opening.seq, last=last, root=root, lines_sha256=lines, entry=entry.seq)


def last_root(tx: Tx) -> Root | None:
    """Give the newest root, or None if none has been taken yet."""
    row = tx.execute(select(tables.day_root).order_by(tables.day_root.c.last.desc()).limit(1)).one_or_none()
    return _root(row) if row else None


def root_of(tx: Tx, day: date) -> Root | None:
    """Give the root of that day (UTC), or None if it has none: not over yet, or nothing was written on it."""
    row = tx.execute(select(tables.day_root).where(tables.day_root.c.day == str(day))).one_or_none()
    return _root(row) if row else None


def root_on_record(tx: Tx, day: str) -> Root:
    """Give the root of that day, ``YYYY-MM-DD``. Raises LookupError if it has none."""
    root = root_of(tx, date.fromisoformat(day))
    if root is None:
        message = f"the day {day} (UTC) has no root: it is not over, or nothing was written on it"
        raise LookupError(message)
    return root


def roots(tx: Tx, *, reaching: int = 0) -> list[Root]:
    """Give all roots in order; only those that cover line `reaching` or later ones."""
    table = tables.day_root
    return [_root(row) for row in tx.execute(select(table).where(table.c.last >= reaching).order_by(table.c.last))]


def lines(tx: Tx, root: Root) -> Iterator[str]:
    """Give each line of the file ``lines.txt``, without its line break."""
    for row in ledger.stored(tx, root.first - 1, root.last):
        yield ledger.hashed_text(row)


def _hashed(tx: Tx, first: int, last: int) -> tuple[str, str]:
    """The Merkle root over these lines, and the SHA-256 of ``lines.txt``."""
    leaves: list[bytes] = []
    whole = hashlib.sha256()
    for row in ledger.stored(tx, first - 1, last):
        leaves.append(row[7].encode())
        whole.update(f"{ledger.hashed_text(row)}\n".encode())
    return merkle.root(leaves), whole.hexdigest()


def _last_before(tx: Tx, first: int, midnight: datetime) -> int:
    """The number of the last line before the first one of a later day."""
    seq = tables.ledger.c.seq
    later = select(func.min(seq)).where(seq >= first, tables.ledger.c.at >= utc_text(midnight))
    found = tx.execute(later).scalar_one_or_none()
    return found - 1 if found is not None else ledger.kept_head(tx)[1]


def _root(row: Row[tuple[str, int, int, str, str, datetime, int]]) -> Root:
    return Root(
        day=date.fromisoformat(row.day),
        first=row.first,
        last=row.last,
        root=row.root,
        lines_sha256=row.lines_sha256,
        entry=row.entry,
    )


# Stamps ---------------------------------------------------------------------------------------------------------------


def unstamped(tx: Tx, authority: str, *, manifests: bool) -> list[str]:
    """Name what waits for a stamp by that authority, oldest first: ``day:…`` and, if asked, ``evidence:…``."""
    stamped = select(tables.stamp.c.subject).where(tables.stamp.c.authority == authority)
    day, sealed = "day:" + tables.day_root.c.day, "evidence:" + tables.evidence.c.id
    days = select(day).where(day.not_in(stamped)).order_by(tables.day_root.c.last)
    waiting = list(tx.execute(days.limit(MOST_AT_ONCE)).scalars())
    if manifests:
        kept = select(sealed).where(sealed.not_in(stamped)).order_by(tables.evidence.c.entry)
        waiting += tx.execute(kept.limit(MOST_AT_ONCE)).scalars()
    return waiting


def keep(tx: Tx, stamp: Stamp, now: datetime) -> None:
    """Record a stamp that has been checked, and that its authority answers."""
    names = ("subject", "authority", "sha256", "answer", "stamped_at")
    detail: dict[str, Json] = {
        "subject": stamp.subject,
        "authority": stamp.authority,
        "stamped_at": utc_text(stamp.stamped_at),
    }
    row = {name: getattr(stamp, name) for name in names}
    ledger.append(
        tx, kind="stamp.kept", agent=ledger.DAEMON, at=now, detail=detail, rows=[(tables.stamp, row | {"kept_at": now})]
    )
    before = standing(tx, stamp.authority)
    if before and before.failures:
        said = {"authority": stamp.authority, "why": f"after {before.failures} failure(s)"}
        ledger.append(tx, kind="stamp.answers", agent=ledger.DAEMON, at=now, detail=said)
        _stand(tx, stamp.authority, failures=0, not_before=now, why="")


def failed(tx: Tx, authority: str, why: str, now: datetime) -> Standing:
    """Write down that an authority gave no stamp; it is asked again after a wait that doubles up to some hours."""
    before = standing(tx, authority)
    failures = before.failures + 1 if before else 1
    until = retry_at(failures, now, FIRST_WAIT, LONGEST_WAIT)
    _stand(tx, authority, failures=failures, not_before=until, why=why)
    if failures == 1 or failures % TOLD_EACH == 0:
        detail: dict[str, Json] = {"authority": authority, "why": why, "failures": failures, "until": utc_text(until)}
        ledger.append(tx, kind="stamp.failed", agent=ledger.DAEMON, at=now, detail=detail)
    return Standing(authority=authority, failures=failures, why=why, not_before=until)


def standing(tx: Tx, authority: str) -> Standing | None:
    """Give how an authority stands, or None if it never failed."""
    row = tx.execute(select(tables.authority).where(tables.authority.c.url == authority)).one_or_none()
    if row is None:
        return None
    return Standing(authority=authority, failures=row.failures, why=row.why, not_before=row.not_before)


def stamps(tx: Tx, subject: str) -> list[Stamp]:
    """Give every stamp of a subject, in the order in which they came."""
    table = tables.stamp
    query = select(table).where(table.c.subject == subject).order_by(table.c.entry)
    names = ("subject", "authority", "sha256", "answer", "stamped_at")
    return [Stamp(**{name: getattr(row, name) for name in names}) for row in tx.execute(query)]


def first_line_of(tx: Tx, day: date) -> int:
    """Give the number of the first line of that day (UTC) or of a later one; one past the end if there is none.

    Lines are written in the order of their times but for moments, so an hour before midnight is taken.
    """
    return ledger.first_since(tx, datetime.combine(day, time(), UTC) - timedelta(hours=1))


def _stand(tx: Tx, url: str, *, failures: int, not_before: datetime, why: str) -> None:
    values = {"failures": failures, "not_before": not_before, "why": why}
    if standing(tx, url) is None:
        tx.execute(insert(tables.authority).values(url=url, **values))
    else:
        tx.execute(update(tables.authority).where(tables.authority.c.url == url).values(**values))
