"""How long writers wait while a backup copies the database: `make bench-backup` prints one JSON object.

A database of GIGABYTES (two, unless another number is given) is copied while somebody commits ten times a second, as
the program does it. Beside it, in the same run, SQLite's own copying at one go, as sqlite3's shell does it.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from archive.backup import copy_database
from archive.files import sync

if TYPE_CHECKING:
    from collections.abc import Callable

PACE = 0.1
BLOB = 1 << 20


def fill(path: Path, gigabytes: float) -> None:
    """Make a database of that size, in the mode that the program uses where WAL is not safe."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=TRUNCATE")
        database.execute("PRAGMA synchronous=OFF")
        database.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, b BLOB)")
        database.execute("CREATE TABLE u (n INTEGER PRIMARY KEY)")
        database.executemany(
            "INSERT INTO t (b) VALUES (?)", ((os.urandom(BLOB),) for _ in range(int(gigabytes * 1024)))
        )
        database.commit()


class Writer(threading.Thread):
    """Commits at a steady pace, and notes how long each commit took (seconds)."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self.stop = threading.Event()
        self.took: list[float] = []

    def run(self) -> None:
        """Write until told to stop."""
        with closing(sqlite3.connect(self._path, isolation_level=None)) as database:
            database.execute("PRAGMA busy_timeout=60000")
            database.execute("PRAGMA synchronous=FULL")
            while not self.stop.wait(PACE):
                began = time.perf_counter()
                database.execute("INSERT INTO u DEFAULT VALUES")
                self.took.append(time.perf_counter() - began)


def measured(path: Path, copying: Callable[[Path, Path], None]) -> dict[str, object]:
    """Copy while somebody writes; give the seconds that it took and the longest that the writer waited."""
    writer = Writer(path)
    writer.start()
    began = time.perf_counter()
    target = path.with_name("copy.db")
    copying(path, target)
    seconds = time.perf_counter() - began
    writer.stop.set()
    writer.join()
    target.unlink()
    return {
        "seconds": round(seconds, 2),
        "longest_wait": round(max(writer.took), 3),
        "commits": len(writer.took),
    }


def by_sqlite(path: Path, target: Path) -> None:
    """Copy at one go, page by page, and sync what was copied."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as source, closing(sqlite3.connect(target)) as copy:
        source.execute("PRAGMA busy_timeout=10000")
        copy.execute("PRAGMA synchronous=OFF")
        source.backup(copy, pages=-1)
    sync(target)


def main(gigabytes: float) -> None:
    """Print how long writers wait for either."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.db"
        fill(path, gigabytes)
        figures = {
            "gigabytes": gigabytes,
            "by_sqlite": measured(path, by_sqlite),
            "as_the_program": measured(path, lambda path, target: copy_database(f"sqlite:///{path}", target)),
        }
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 2)
