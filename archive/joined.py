"""Lets what several threads write at the same moment go into one transaction, so that one commit serves them all.

A commit waits for the disk, and writers take turns: of eight people who each look at a page, the last would wait for
eight commits, only for the notes that they looked.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from archive.database import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from archive.database import Database, Tx


@dataclass(slots=True, eq=False)
class _Waiting:
    """What one thread wants written, whether that is over, and what went wrong if it did."""

    write: Callable[[Tx], object]
    over: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None


class Joined:
    """Writes of many threads, joined while they wait for their turn."""

    def __init__(self, database: Database) -> None:
        """Nobody waits yet."""
        self._database = database
        self._lock = threading.Lock()
        self._waiting: list[_Waiting] = []

    def write(self, write: Callable[[Tx], object]) -> None:
        """Return once it is committed, perhaps beside what others write. Raises `Unavailable`.

        What fails for another reason is written by each alone, so that nobody pays for what was wrong with another's.
        """
        mine = _Waiting(write)
        with self._lock:
            self._waiting.append(mine)
            leads = len(self._waiting) == 1
        if leads:
            self._write_all()
        mine.over.wait()
        if isinstance(mine.error, Unavailable):
            raise mine.error
        if mine.error is not None:
            with self._database.begin() as tx:
                write(tx)

    def _write_all(self) -> None:
        """Write what waits once it is our turn; who comes later waits for the next to lead."""
        joined: list[_Waiting] = []
        error: BaseException | None = None
        try:
            with self._database.begin() as tx:
                joined = self._take()
                for one in joined:
                    one.write(tx)
        except BaseException as wrong:  # noqa: BLE001  each thread raises its own; none may take it for written
            error = wrong
        finally:
            for one in joined or self._take():
                one.error = error
                one.over.set()

    def _take(self) -> list[_Waiting]:
        with self._lock:
            taken, self._waiting = self._waiting, []
        return taken
