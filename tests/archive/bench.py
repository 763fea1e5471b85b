"""What recording costs beside bare SQLite, and what the archive's daily work costs as it grows; one JSON object.

    make bench-archive ARGS="--stored 10000000"

Every figure is a ratio of two things measured in turns in one run, since machines differ and are busy:

* `recording`: batches of 100 new comments (ledger, full-text index, every commit on disk) against a hand-written
  program on bare sqlite3 that writes the very same rows into the very same tables with as many commits, and that gets
  them ready-made;
* the rest: the same work on an archive of `--stored` comments against one of 100,000, both of as many comments a day.

The archives are filled by the program's own recording. A city's day is taken for 2,700 comments.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from itertools import accumulate, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent)]

from builders import a_batch, a_comment, an_account, an_author  # noqa: E402 - the path comes first

from archive import accounts, cases, full_text, ledger, outbox, records, search  # noqa: E402
from archive.database import Database, wal_is_safe  # noqa: E402
from archive.findings import Findings  # noqa: E402
from archive.verify_ledger import check_rows  # noqa: E402
from archive.words import words  # noqa: E402
from bot import digest  # noqa: E402
from bot.domain.states import Event  # noqa: E402
from bot.settings import Settings  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.domain.types import Batch

FLOOR = 100_000
A_DAY = 2_700
BATCH = 100
START = datetime(2016, 1, 1, tzinfo=UTC)
VOCABULARY = [f"word{number}" for number in range(30_000)]
WEIGHTS = list(accumulate(1 / (rank + 10) for rank in range(len(VOCABULARY))))
SEARCHES = ("word0", "word3 word7", "word5000", "word29000", "word0 word29999", "nosuchword")
BEGINNING = "word12*"
"""The beginning of a thousand words. SQLite first adds up all places of all of them, so it takes longer with each."""


class Writer:
    """Makes comments, always the same ones for the same numbers of words."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.written = 0

    def batch(self, size: int, at: datetime, known: tuple[Any, ...] = ()) -> Batch:
        """New comments, after some that are known already."""
        fresh = [self._comment(at) for _ in range(size - len(known))]
        return a_batch(*known, *fresh, posts=(), cursor=str(self.written))

    def _comment(self, at: datetime) -> Any:
        self.written += 1
        number = self.written
        text = " ".join(self._random.choices(VOCABULARY, cum_weights=WEIGHTS, k=self._random.randint(4, 40)))
        raw = json.dumps({"id": str(number), "padding": self._random.randbytes(300).hex()}).encode()
        author = an_author(id=f"UC{self._random.randrange(200_000)}")
        return a_comment(f"c{number}", post=f"p{number // 30}", text=text, raw=raw, author=author, posted_at=at)


def fill(folder: Path, stored: int) -> Path:
    """Make an archive of so many comments, at the pace of a city."""
    path = folder / f"{stored}.db"
    writer = Writer(stored)
    told = time.monotonic()
    with Database.open(f"sqlite:///{path}") as db:
        with db.begin() as tx:
            accounts.register(tx, an_account(), START)
        while writer.written < stored:
            at = when(writer.written)
            with db.begin() as tx:
                batch = writer.batch(min(A_DAY // 10, stored - writer.written), at)
                records.observe(tx, batch, account=an_account(), now=at)
                _settle(tx, batch, at, lately=stored - writer.written < 30 * A_DAY)
            if time.monotonic() - told > 30:
                told = time.monotonic()
                print(f"{writer.written} of {stored} comments", file=sys.stderr)  # noqa: T201
    _clear(path)
    return path


def _settle(tx: Any, batch: Batch, at: datetime, *, lately: bool) -> None:
    """A few comments a day go to a person, who lets them stand, but for some of the last month."""
    for number, comment in enumerate(batch.comments[:3]):
        cases.advance(tx, comment.ref, Event.REFERRED, agent=ledger.DAEMON, now=at, why="bench")
        if number or not lately:
            cases.advance(tx, comment.ref, Event.DISMISSED, agent=ledger.DAEMON, now=at, why="bench")


def _clear(path: Path) -> None:
    """All others stand at CLEARED, as nearly all comments do; without their lines, which would take hours to write."""
    outside = sqlite3.connect(path)
    outside.execute("UPDATE case_ SET state = 'cleared' WHERE state = 'observed'")
    outside.commit()
    outside.close()


def when(number: int) -> datetime:
    """When the comment of that number was written."""
    return START + timedelta(days=number / A_DAY)


# Recording against bare sqlite3 ---------------------------------------------------------------------------------------


def recording(path: Path, batches: int) -> dict[str, Any]:
    """Record batches with the program, and write the same rows into a copy with bare sqlite3, in turns."""
    copy = Path(shutil.copy(path, path.with_suffix(".copy")))
    bare = sqlite3.connect(copy, isolation_level=None)
    bare.execute("PRAGMA synchronous=FULL")
    bare.execute(f"PRAGMA journal_mode={'WAL' if wal_is_safe(sqlite3.sqlite_version_info) else 'TRUNCATE'}")
    writer = Writer(1)
    writer.written = 90_000_000
    ours, floor = [], []
    with Database.open(f"sqlite:///{path}") as db:
        for number in range(batches):
            batch = writer.batch(BATCH, START + timedelta(days=5_000, seconds=number))
            with db.read() as tx:
                after = ledger.kept_head(tx)[1]
            ours.append(_timed(lambda batch=batch: _observe(db, batch)))
            rows = _written(path, after)
            floor.append(_timed(lambda rows=rows: _insert(bare, rows)))
    _same(path, copy)
    bare.close()
    half = batches // 10
    return {
        "ratio_of_bare": round(sum(floor[half:]) / sum(ours[half:]), 3),
        "median_ratio": round(statistics.median(floor[half:]) / statistics.median(ours[half:]), 3),
        "comments_a_second": round(BATCH * len(ours[half:]) / sum(ours[half:])),
        "bare_comments_a_second": round(BATCH * len(floor[half:]) / sum(floor[half:])),
        "target": ">= 0.5",
    }


def _observe(db: Database, batch: Batch) -> None:
    at = batch.comments[-1].posted_at
    with db.begin() as tx:
        records.observe(tx, batch, account=an_account(), now=at)


def _written(path: Path, after: int) -> list[tuple[str, list[tuple[Any, ...]]]]:
    """The statements and rows that a batch came to, ready-made."""
    outside = sqlite3.connect(path)
    found = []
    of = {"ledger": "seq > ?", "case_": "ref IN (SELECT ref FROM comment WHERE entry > ?)"}
    for table in ("ledger", "comment", "revision", "sighting", "case_"):
        rows = outside.execute(f"SELECT * FROM {table} WHERE {of.get(table, 'entry > ?')}", (after,)).fetchall()
        found.append((f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows))
    texts = outside.execute(
        "SELECT entry, text, author_id, author_name, author_handle FROM revision WHERE entry > ?", (after,)
    ).fetchall()
    cut = [(entry, " ".join(words(text)), " ".join(words(" ".join(author)))) for entry, text, *author in texts]
    found.append((f"INSERT INTO {full_text.NAME} (rowid, words, author) VALUES (?, ?, ?)", cut))
    found.append(
        ("UPDATE ledger_head SET seq = ?, hash = ?", outside.execute("SELECT seq, hash FROM ledger_head").fetchall())
    )
    found.append(("UPDATE account SET cursor = ?", outside.execute("SELECT cursor FROM account").fetchall()))
    outside.close()
    return found


def _insert(bare: sqlite3.Connection, statements: list[tuple[str, list[tuple[Any, ...]]]]) -> None:
    bare.execute("BEGIN IMMEDIATE")
    for statement, rows in statements:
        bare.executemany(statement, rows)
    bare.execute("COMMIT")


def _same(one: Path, other: Path) -> None:
    """Both must hold the same, or they were not asked for the same."""
    for table in ("ledger", "comment", "revision", "sighting", "case_", "ledger_head", f"{full_text.NAME}_docsize"):
        counted = []
        for path in (one, other):
            outside = sqlite3.connect(path)
            counted.append(outside.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
            outside.close()
        if counted[0] != counted[1]:
            message = f"{table} holds {counted[0]} rows and {counted[1]} in the copy"
            raise AssertionError(message)


# The daily work, as the archive grows ---------------------------------------------------------------------------------


class Archive:
    """A filled archive, and the work whose cost is to stay."""

    def __init__(self, path: Path, stored: int, settings: Settings) -> None:
        self.db = Database.open(f"sqlite:///{path}")
        self._settings = settings
        self._writer = Writer(2)
        self._writer.written = 95_000_000
        self._now = when(stored)
        self._known: tuple[Any, ...] = ()
        self._seconds = count()
        self.mostly_known()
        with self.db.begin() as tx:
            since = ledger.first_since(tx, self._now - timedelta(days=1))
            outbox.mark_digest(tx, settings.pios[0].email, 1, since, self._now - timedelta(days=1))
        self._since = since

    def mostly_known(self) -> None:
        """Record a batch of 100 comments of which 90 are known."""
        at = self._now + timedelta(seconds=next(self._seconds))
        batch = self._writer.batch(BATCH, at, self._known)
        _observe(self.db, batch)
        self._known = batch.comments[-90:]

    def digest(self) -> None:
        """Fold the last 24 hours."""
        with self.db.read() as tx:
            digest.fold(tx, self._settings, self._settings.pios[0], self._now)

    def find(self) -> None:
        """Find the newest 50 by words that are common, rare, and nowhere."""
        with self.db.read() as tx:
            for asked in SEARCHES:
                search.search(tx, search.Query(words=asked, limit=50))

    def find_beginning(self) -> None:
        """Find the newest 50 by the beginning of very many words; nothing is promised of that."""
        with self.db.read() as tx:
            search.search(tx, search.Query(words=BEGINNING, limit=50))

    def verify_day(self) -> None:
        """Check the lines of the last day and the rows they vouch for."""
        chain = ledger.Chain()
        found = Findings()
        with self.db.read() as tx:
            ((chain.seq, *_, chain.hash),) = ledger.rows_after(tx, self._since - 1, 1)
            while page := ledger.rows_after(tx, chain.seq):
                _, altered = chain.follow_page(page)
                check_rows(tx, page, altered, found)
        if found.problems or chain.problems or found.checked["rows"] < A_DAY:
            message = f"{found}, {chain.problems}"
            raise AssertionError(message)


def growing(small: Archive, big: Archive, rounds: int) -> dict[str, Any]:
    """Do each work on both in turns; compare the medians."""
    results: dict[str, Any] = {}
    for work in ("mostly_known", "digest", "find", "find_beginning", "verify_day"):
        times: dict[str, list[float]] = {"small": [], "big": []}
        for _ in range(rounds):
            for name, archive in (("small", small), ("big", big)):
                times[name].append(_timed(getattr(archive, work)))
        kept = {name: sorted(taken[1:]) for name, taken in times.items()}
        results[work] = {
            "ratio": round(statistics.median(kept["big"]) / statistics.median(kept["small"]), 2),
            "ratio_of_fastest": round(kept["big"][0] / kept["small"][0], 2),
            "small_ms": round(statistics.median(kept["small"]) * 1000, 1),
            "big_ms": round(statistics.median(kept["big"]) * 1000, 1),
            "target": "none" if work == "find_beginning" else "<= 1.5",
        }
    return results


def _timed(work: Callable[[], None]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _settings(folder: Path) -> Settings:
    """As few settings as a digest needs."""
    account = {"platform": "youtube", "id": "UCcity", "name": "City of Example", "credential": "youtube"}
    return Settings.model_validate(
        {
            "city": {"name": "City of Example"},
            "data": folder,
            "rules": {"policy": folder / "policy.yaml"},
            "mail": {
                "host": "127.0.0.1",
                "sender": "citymod@city.example",
                "social_media_manager": "smm@city.example",
                "on_call": ["oncall@city.example"],
            },
            "pios": [{"name": "P. Officer", "email": "pio@city.example"}],
            "accounts": [account],
        }
    )


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--stored", type=int, default=1_000_000, help="comments in the bigger archive (1000000)")
    options.add_argument("--batches", type=int, default=200, help="batches recorded (200)")
    options.add_argument("--rounds", type=int, default=15, help="how often each work is done (15)")
    options.add_argument("--folder", type=Path, help="where to work, on the disk that matters (a temporary folder)")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as name:
        folder = Path(name)
        begun = time.monotonic()
        small = fill(folder, FLOOR)
        found: dict[str, Any] = {
            "recording": recording(Path(shutil.copy(small, folder / "recording.db")), asked.batches)
        }
        big = fill(folder, asked.stored)
        found["stored"] = {"small": FLOOR, "big": asked.stored, "big_bytes": big.stat().st_size}
        found["filled_in_seconds"] = round(time.monotonic() - begun)
        settings = _settings(folder)
        found |= growing(Archive(small, FLOOR, settings), Archive(big, asked.stored, settings), asked.rounds)
    found["sqlite"] = sqlite3.sqlite_version
    print(json.dumps(found, indent=2))  # noqa: T201


if __name__ == "__main__":
    main()
