"""How fast the archive is checked: `make bench-verify` prints one JSON object.

A ledger of about LINES lines is made (a million, unless another number is given) as polling and judging make it: of
each comment its first line, which vouches for three rows, its verdict's with a row or two, and its case's; some are
seen again. The floor, in the same run, is what no check can do without: reading lines and rows with bare sqlite3 and
hashing each once.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import sqlite3
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import update

from archive import accounts, ledger, records, tables, witnesses
from archive.database import Database
from archive.ledger import Line
from archive.stored import new_id
from archive.verify import verify
from bot.domain.states import State
from bot.domain.types import Account, Author, Batch, Comment, Cursor, Post, Ref, Speaker, Visibility

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from archive.database import Tx

START = datetime(2026, 1, 1, tzinfo=UTC)
A_DAY = 20_000
BATCH = 2_000
CITY = Account(platform="facebook", id="100000000000001", name="City")
WORDS = (
    *["when", "is", "my", "street", "due", "for", "paving", "the", "pothole", "on", "main", "was", "not", "filled"],
    "🚧",
    "gracias",
    "ñandú",
)
SEED = 20261128


def _ref(item: str) -> Ref:
    return Ref(platform=CITY.platform, account=CITY.id, item=item)


def _comment(number: int, at: datetime, chance: random.Random) -> Comment:
    text = " ".join(chance.choices(WORDS, k=chance.randrange(3, 40)))
    item = f"122094000000_{number:015}"
    author = Author(id=f"{number % 9973:017}", name="Pat Doe")
    link = f"https://www.facebook.com/100000000000001/posts/122094000000?comment_id={number:015}"
    raw = json.dumps({"id": item, "message": text, "from": {"id": author.id}, "permalink_url": link}).encode()
    return Comment(
        ref=_ref(item),
        post=_ref("122094000000"),
        author=author,
        speaker=Speaker.PUBLIC,
        text=text,
        posted_at=at,
        url=link,
        visibility=Visibility.VISIBLE,
        raw=raw,
    )


def _judged(comment: Comment, at: datetime) -> Iterator[Line]:
    revision, why = comment.revision, "no rule asks for anything"
    values = {
        "id": new_id(at),
        "ref": comment.ref,
        "revision": revision,
        "outcome": "clear",
        "action": None,
        "why": why,
    }
    values |= {"policy_sha256": "ab" * 32, "packs": {"city": "ef" * 32}, "judged_at": at}
    said = {"verdict": values["id"], "outcome": "clear", "action": None, "why": why}
    said["standing"] = {"mode": "enforce", "budget": 100, "dismissed": False, "raised": False, "in_force": True}
    rows = [(tables.verdict, values)]
    yield Line(kind="verdict.recorded", ref=comment.ref, agent=ledger.DAEMON, at=at, detail=said, rows=rows)
    move = {"from": "observed", "to": "cleared", "revision": revision, "why": why}
    yield Line(kind="case.cleared", ref=comment.ref, agent=ledger.DAEMON, at=at, detail=move)


def _write(tx: Tx, comments: list[Comment], at: datetime) -> None:
    """Record comments as a poll does, and their verdicts as judging does, though all at once."""
    post = Post(
        ref=_ref("122094000000"),
        author=Author(id=CITY.id, name="City"),
        text="Paving",
        posted_at=START,
        url="https://x/",
        raw=b"{}",
    )
    batch = Batch(posts=(post,), comments=tuple(comments), cursor=Cursor(text=str(at)))
    records.observe(tx, batch, account=CITY, now=at)
    ledger.append_all(tx, [line for comment in comments for line in _judged(comment, at)])
    tx.execute(update(tables.case_).where(tables.case_.c.state == State.OBSERVED).values(state=State.CLEARED))


def fill(db: Database, lines: int) -> None:
    """Write that many lines, so many a day, and the days' roots."""
    chance = random.Random(SEED)
    with db.begin() as tx:
        accounts.register(tx, CITY, START)
        for sha256, name in (("ab" * 32, "policy"), ("ef" * 32, "city")):
            row = {"sha256": sha256, "name": name, "text": name, "kept_at": START}
            rows = [(tables.document, row)]
            ledger.append(tx, kind="document.kept", agent=ledger.DAEMON, at=START, rows=rows)
    step = timedelta(days=1) / A_DAY * 3
    for begin in range(0, lines // 3, BATCH):
        at = START + step * begin
        with db.begin() as tx:
            _write(tx, [_comment(n, at, chance) for n in range(begin, min(lines // 3, begin + BATCH))], at)
    root = True
    while root:
        with db.begin() as tx:
            root = witnesses.root_next(tx, START + timedelta(days=10_000)) is not None


@dataclass(frozen=True)
class Took:
    """Seconds by the clock on the wall, and of this process's (and its children's) computing."""

    wall: float
    cpu: float


def timed(work: Callable[[], object]) -> Took:
    """Do it, and tell how long it took."""
    wall, cpu = time.perf_counter(), sum(_times())
    work()
    return Took(time.perf_counter() - wall, sum(_times()) - cpu)


def _times() -> tuple[float, ...]:
    return tuple(os.times())[:4]


def floor(path: Path) -> None:
    """Read all lines and rows with bare sqlite3 and hash each once."""
    connection = sqlite3.connect(path)
    for row in connection.execute("SELECT seq, at, kind, ref, agent, detail, previous, hash FROM ledger ORDER BY seq"):
        hashlib.sha256((row[6] + row[5]).encode()).hexdigest()
    for table in tables.APPEND_ONLY:
        for row in connection.execute(f'SELECT * FROM "{table.name}" ORDER BY entry'):
            hashlib.sha256(repr(row).encode()).hexdigest()
    connection.close()


def chain(db: Database) -> None:
    """Follow the chain, and nothing else."""
    with db.read() as tx:
        assert not ledger.verify_chain(tx)


def main(lines: int) -> None:
    """Make the ledger, check it three ways, print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "citymod.db"
        stores = Path(folder) / "e", Path(folder) / "m"
        with Database.open(f"sqlite:///{path}") as db:
            fill(db, lines)
            whole = verify(db, *stores, now=START)  # also warms the page cache for all that follow
            count, rows = whole.checked["ledger lines"], whole.checked["rows"]
            took = {
                "floor": timed(lambda: floor(path)),
                "chain": timed(lambda: chain(db)),
                "verify": timed(lambda: verify(db, *stores, now=START)),
            }
            day = date(2026, 1, 1) + timedelta(days=count // A_DAY - 1)
            took["last_day"] = timed(lambda: verify(db, *stores, now=START, since=day))
    figures: dict[str, object] = {"lines": count, "rows": rows, "problems": len(whole.problems)}
    for name, one in took.items():
        figures[f"{name}_seconds"] = {"wall": round(one.wall, 2), "cpu": round(one.cpu, 2)}
    for name in ("floor", "chain", "verify"):
        rate = {"wall": round(count / took[name].wall), "cpu": round(count / took[name].cpu)}
        figures[f"{name}_lines_per_second"] = rate
    figures["verify_lines_and_rows_per_second"] = round((count + rows) / took["verify"].wall)
    figures["verify_to_floor"] = round(took["verify"].wall / took["floor"].wall, 2)
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.exit(1 if whole.problems else 0)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
