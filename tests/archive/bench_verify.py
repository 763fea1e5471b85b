"""How fast the archive is checked: `make bench-verify` prints one JSON object.

A ledger of LINES lines is made (a million, unless another number is given), of which one in ten vouches for a row. The
floor, in the same run, is what no check can do without: reading the same lines with bare sqlite3 and hashing each.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from archive import ledger, tables, witnesses
from archive.database import Database
from archive.ledger import Line
from archive.verify import verify
from bot.domain.types import Agent, AgentKind, Ref

START = datetime(2026, 1, 1, tzinfo=UTC)
A_DAY = 20_000
BATCH = 10_000
RULE = Agent(kind=AgentKind.RULE, name="city.threat.01")


def _line(number: int, at: datetime) -> Line:
    ref = Ref(platform="facebook", account="100000000000001", item=f"{number % 5000:018}")
    detail = {"attachment": f"a{number}", "revision": f"{number:064x}", "why": "no longer there", "sha256": None}
    if number % 10:
        return Line(kind="media.due", ref=ref, agent=RULE, at=at, detail=detail)
    values = {"ref": ref, "revision": f"{number:064x}", "attachment": f"a{number}", "size": 0, "why": "x", "at": at}
    return Line(kind="media.left", ref=ref, agent=RULE, at=at, detail=detail, rows=[(tables.media, values)])


def fill(db: Database, lines: int) -> None:
    """Write that many lines, so many a day, and the days' roots."""
    step = timedelta(days=1) / A_DAY
    for begin in range(0, lines, BATCH):
        with db.begin() as tx:
            numbers = range(begin, min(lines, begin + BATCH))
            ledger.append_all(tx, [_line(number, START + step * number) for number in numbers])
    root = True
    while root:
        with db.begin() as tx:
            root = witnesses.root_next(tx, START + timedelta(days=10_000)) is not None


def floor(path: Path) -> tuple[float, int]:
    """Read all lines with bare sqlite3 and hash their texts: seconds, and how many there were."""
    began = time.perf_counter()
    connection = sqlite3.connect(path)
    count = 0
    for row in connection.execute("SELECT seq, at, kind, ref, agent, detail, previous, hash FROM ledger ORDER BY seq"):
        hashlib.sha256((row[6] + row[5]).encode()).hexdigest()
        count += 1
    connection.close()
    return time.perf_counter() - began, count


def main(lines: int) -> None:
    """Make the ledger, check it three ways, print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "citymod.db"
        with Database.open(f"sqlite:///{path}") as db:
            fill(db, lines)
            seconds, count = floor(path)
            began = time.perf_counter()
            with db.read() as tx:
                problems = ledger.verify_chain(tx)
            chain = time.perf_counter() - began
            began = time.perf_counter()
            whole = verify(db, Path(folder) / "e", Path(folder) / "m", now=START)
            everything = time.perf_counter() - began
            day = date(2026, 1, 1) + timedelta(days=count // A_DAY - 1)
            began = time.perf_counter()
            recent = verify(db, Path(folder) / "e", Path(folder) / "m", now=START, since=day)
            one_day = time.perf_counter() - began
    problems += whole.problems + recent.problems
    figures = {
        "lines": count,
        "problems": len(problems),
        "floor_lines_per_second": round(count / seconds),
        "chain_lines_per_second": round(count / chain),
        "chain_to_floor": round(chain / seconds, 2),
        "verify_seconds": round(everything, 2),
        "verify_lines_per_second": round(whole.checked["ledger lines"] / everything),
        "verify_lines_and_rows_per_second": round((count + whole.checked["rows"]) / everything),
        "since_a_day_seconds": round(one_day, 2),
        "since_a_day_lines": recent.checked["ledger lines"],
    }
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
