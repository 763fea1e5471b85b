"""What a Google project has spent of its day, call by call, and what that leaves to reading.

Every channel of the City works through one project, so all connectors of a project in this program share one ledger.
It knows only what this program spent since it started, and what the cursors remember; YouTube's own word that the day
is spent counts in any case. It is never below what YouTube counts, but for what others spend.
"""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary
from zoneinfo import ZoneInfo

from connectors.contract import RateLimited
from connectors.youtube.costs import A_DAY, ACTS, RESERVE, STATS, UNITS, bucket, cost

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

PACIFIC = ZoneInfo("America/Los_Angeles")
SLACK = 0.05
"""How far, as a share of the day's allowance, spending may run ahead of the clock before the unhurried waits."""

_KEPT_BACK = {UNITS: RESERVE, STATS: 0}


def quota_day(now: datetime) -> date:
    """The day in California, which is the day that quota is given out for."""
    return now.astimezone(PACIFIC).date()


def quota_resets(now: datetime) -> datetime:
    """When the day's units are given out anew: the next midnight in California, in UTC.

    https://developers.google.com/youtube/v3/getting-started#quota
    """
    return _midnight(quota_day(now) + timedelta(days=1))


class Ledger:
    """The present day's spending of one project. Safe to use from several threads.

    `acted_at`: when this program last hid, showed or deleted a comment.
    """

    def __init__(self) -> None:
        """Begin with nothing spent."""
        self._lock = threading.Lock()
        self._day: date | None = None
        self._calls: Counter[str] = Counter()
        self._elsewhere: Counter[str] = Counter()
        self._a_day = dict(A_DAY)
        self.acted_at: datetime | None = None

    def granted(self, units: int) -> None:
        """Take it that Google grants the project so many units a day, if that is more than is known."""
        with self._lock:
            self._a_day[UNITS] = max(self._a_day[UNITS], units)

    def book(self, method: str, now: datetime) -> None:
        """Write down a call that is about to be made: YouTube counts also what it then says no to."""
        with self._lock:
            self._turn(now)
            self._calls[method] += 1
            if method in ACTS:
                self.acted_at = now

    def spent(self, of: str, now: datetime) -> int:
        """Units spent today of one bucket, as far as this program knows."""
        with self._lock:
            self._turn(now)
            return self._spent(of)

    def share(self, of: str, now: datetime) -> float:
        """Which share of a bucket's allowance for today is spent."""
        return self.spent(of, now) / self._a_day[of]

    def calls(self, now: datetime) -> Mapping[str, int]:
        """Today's calls by method."""
        with self._lock:
            self._turn(now)
            return dict(self._calls)

    def at_least(self, known: Mapping[str, int], now: datetime) -> None:
        """Take it that so much was spent of each bucket today, if that is more than is booked: before a restart."""
        with self._lock:
            self._turn(now)
            for of, units in known.items():
                self._elsewhere[of] += max(0, units - self._spent(of))

    def all_spent(self, method: str, now: datetime) -> None:
        """YouTube says that nothing is left of the bucket which this method spends."""
        of = bucket(method)
        self.at_least({of: self._a_day[of]}, now)

    def may_read(self, method: str, now: datetime) -> None:
        """Raise RateLimited, until the day ends, if all that is left is the reserve for acting."""
        of = bucket(method)
        if self.spent(of, now) + cost(method) > self._a_day[of] - _KEPT_BACK[of]:
            message = f"of the project's quota for today only the reserve of {_KEPT_BACK[of]} for acting is left"
            raise RateLimited(message, until=quota_resets(now))

    def ahead(self, of: str, now: datetime) -> bool:
        """Whether more was spent than the part of the day that has passed allows for: what can wait had better."""
        allowance = self._a_day[of] - _KEPT_BACK[of]
        begins, ends = _midnight(quota_day(now)), quota_resets(now)
        return self.spent(of, now) > allowance * ((now - begins) / (ends - begins) + SLACK)

    def told(self, now: datetime) -> str:
        """The day's spending in a line for people."""
        units, stats = self.spent(UNITS, now), self.spent(STATS, now)
        calls = ", ".join(f"{method.removeprefix('youtube.')} {n}" for method, n in sorted(self.calls(now).items()))
        return (
            f"quota since midnight in California, as this program knows it: {units} of {self._a_day[UNITS]} units, "
            f"{stats} of {self._a_day[STATS]} for counts; "
            f"reading stops when {RESERVE} units are left; calls: {calls or 'none'}"
        )

    def _turn(self, now: datetime) -> None:
        if (day := quota_day(now)) != self._day:
            self._day = day
            self._calls.clear()
            self._elsewhere.clear()

    def _spent(self, of: str) -> int:
        booked = sum(cost(method) * times for method, times in self._calls.items() if bucket(method) == of)
        return booked + self._elsewhere[of]


def ledger_of(project: str) -> Ledger:
    """The ledger that all connectors of a project share, for as long as one of them is there."""
    with _LEDGERS_LOCK:
        return _LEDGERS.setdefault(project, Ledger())


_LEDGERS: WeakValueDictionary[str, Ledger] = WeakValueDictionary()
_LEDGERS_LOCK = threading.Lock()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=PACIFIC).astimezone(UTC)
