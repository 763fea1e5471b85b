"""Counts what working an account costs: requests, units of the platform's quota, money. Filled as requests are made.

What answers say besides is kept here, too: how much of a limit is used, and what time it is there.

A platform folder adds what only it knows (prices, units); requests are counted by the transport. The shell takes what
has come together and books it in the archive, so that it outlives the program.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

MILL = 1000
"""Mills in a dollar: money is counted in thousandths, so that sums are exact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What was spent: requests, units of a quota, mills (thousandths of a dollar)."""

    calls: int = 0
    units: int = 0
    mills: int = 0

    def __add__(self, other: Spent) -> Spent:
        """Both together."""
        return Spent(calls=self.calls + other.calls, units=self.units + other.units, mills=self.mills + other.mills)


NOTHING = Spent()


@dataclass(frozen=True, slots=True)
class Dated:
    """A server's own time (its Date header, whole seconds), and when we asked and heard, on the monotonic clock (s)."""

    date: datetime
    asked: float
    heard: float


@dataclass(frozen=True, slots=True)
class Used:
    """How much of a platform's limit is used, as a share (1: all of it), and which limit that is, in words.

    `brief`: it begins anew within minutes, so that being near its end is nothing to tell people of.
    """

    share: float
    said: str
    brief: bool = False


class Meter:
    """What one account has spent since it was last taken, and what platforms said besides. Safe in several threads."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._lock = threading.Lock()
        self._spent = NOTHING
        self.dated: Dated | None = None
        self.used: Used | None = None

    def add(self, *, calls: int = 0, units: int = 0, mills: int = 0) -> None:
        """Count something that was, or may have been, spent."""
        self.give_back(Spent(calls=calls, units=units, mills=mills))

    def take(self) -> Spent:
        """Give what has come together, and begin anew."""
        with self._lock:
            taken, self._spent = self._spent, NOTHING
        return taken

    def give_back(self, spent: Spent) -> None:
        """Count again what was taken and could not be booked."""
        with self._lock:
            self._spent += spent
