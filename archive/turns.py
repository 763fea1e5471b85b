"""Lets the threads of one process write in the order in which they came.

SQLite has no queue: who finds the file locked looks again later, and whoever writes in a loop is always there first.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Turns:
    """One at a time, first come, first served."""

    def __init__(self) -> None:
        """Nobody waits yet."""
        self._lock = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Event] = deque()

    @contextmanager
    def next(self, patience: float) -> Iterator[None]:
        """Wait for one's turn, at most so many seconds, and keep it to the end. Raises TimeoutError."""
        called = self._line_up()
        if not called.wait(patience) and not self._step_out(called):
            raise TimeoutError
        try:
            yield
        finally:
            self._call()

    def _line_up(self) -> threading.Event:
        called = threading.Event()
        with self._lock:
            if self._taken:
                self._waiting.append(called)
            else:
                self._taken = True
                called.set()
        return called

    def _step_out(self, called: threading.Event) -> bool:
        """Leave the line; give whether the turn came just now after all."""
        with self._lock:
            if called.is_set():
                return True
            self._waiting.remove(called)
            return False

    def _call(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._taken = False
