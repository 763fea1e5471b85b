"""How punctual polls are: when each was to begin, and when it did.

A poll that was left out, because the one before it had not ended, counts as late without end.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

STEPS = (0.1, 1.0, 5.0, 30.0, inf)
"""Seconds of lateness up to which polls are counted together."""


class Punctuality:
    """Counts polls by how late they began. Every method is safe to call from several threads."""

    def __init__(self) -> None:
        """Nothing has been due yet."""
        self._due: dict[str, deque[datetime]] = {}
        self._begun: dict[str, deque[datetime]] = {}
        self._counted: Counter[float] = Counter()
        self._lock = threading.Lock()

    def due(self, name: str, at: datetime) -> None:
        """A poll is handed to the threads that was to begin at that time."""
        self._note(self._due, name, at)

    def begins(self, name: str, now: datetime) -> None:
        """A poll begins. That it was due may be told a moment later."""
        self._note(self._begun, name, now)

    def left_out(self) -> None:
        """A poll was due and is left out."""
        with self._lock:
            self._counted[inf] += 1

    def counted(self) -> Mapping[float, int]:
        """How many polls began late by up to so many seconds, each counted once; see `STEPS`."""
        with self._lock:
            return {step: self._counted[step] for step in STEPS}

    def _note(self, where: dict[str, deque[datetime]], name: str, at: datetime) -> None:
        with self._lock:
            where.setdefault(name, deque()).append(at)
            due, begun = self._due.get(name), self._begun.get(name)
            if due and begun:
                late = (begun.popleft() - due.popleft()).total_seconds()
                self._counted[next(step for step in STEPS if late <= step)] += 1
