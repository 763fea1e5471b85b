"""Keeps the book of the daemon's jobs: when each ran, how it went, and what did not run when it should have.

Jobs only wake work, and a missed one is made up for by the next, once. That it was missed is told all the same: one
ledger line for everything that stood still together, which the e-mail digest repeats.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from archive import jobs, ledger
from archive.jobs import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from archive.database import Tx
    from archive.stored import Json

MISSED = "jobs.missed"
LEAST_LATE = timedelta(minutes=5)
LATE = 3
"""A job is late when three times its interval has passed, and at least `LEAST_LATE`."""
ASLEEP = timedelta(minutes=1)
"""After so long without a word the daemon counts as not running. It speaks every ten seconds or so."""


@dataclass(frozen=True, slots=True)
class Late:
    """A job that stood still: since when, and how many runs are gone."""

    since: datetime
    runs: int


class Book:
    """What one daemon knows of its jobs. Threads tell it; `keep` writes it down from time to time."""

    def __init__(self, known: list[Run], least_late: timedelta = LEAST_LATE) -> None:
        """Begin with what an earlier daemon wrote down. `least_late`: what is less is late for no job."""
        self._least_late = least_late
        self._runs = {run.name: run for run in known}
        self._changed: set[str] = set()
        self._late: dict[str, Late] = {}
        self._kept_before = False
        self._lock = threading.Lock()

    def began(self, name: str, every: float, now: datetime) -> None:
        """A job begins."""
        with self._lock:
            before = self._runs.get(name)
            if before and (late := _late(before, now, self._least_late)):
                self._late[name] = late
            self._runs[name] = Run(
                name=name, every=every, began_at=now, ended_at=None, next_at=None, why=None, noted_at=now
            )
            self._changed.add(name)

    def ended(self, name: str, now: datetime, why: str | None = None) -> None:
        """A job has ended; `why` it failed, if it did."""
        with self._lock:
            self._runs[name] = replace(self._runs[name], ended_at=now, why=why)
            self._changed.add(name)

    def elsewhere(self, name: str) -> None:
        """A job is done by another daemon; when this one did it last says nothing of whether it is late."""
        with self._lock:
            self._runs.pop(name, None)
            self._changed.discard(name)

    def keep(self, tx: Tx, next_of: Callable[[str], datetime | None], now: datetime) -> None:
        """Write down what has changed, and tell what was missed. `next_of` says when a job runs next."""
        with self._lock:
            changed = [replace(self._runs[name], noted_at=now) for name in sorted(self._changed)]
            late, started = self._late, not self._kept_before
            self._changed, self._late, self._kept_before = set(), {}, True
        jobs.note(tx, (replace(run, next_at=next_of(run.name)) for run in changed))
        if late:
            _tell(tx, late, now, started=started)


def _late(before: Run, now: datetime, least: timedelta) -> Late | None:
    since = before.ended_at or before.began_at
    if not before.every:
        return None  # it comes when something happens
    if now - since <= max(LATE * timedelta(seconds=before.every), least):
        return None
    return Late(since=since, runs=int((now - since).total_seconds() // before.every))


def _tell(tx: Tx, late: Mapping[str, Late], now: datetime, *, started: bool) -> None:
    since = min(each.since for each in late.values())
    reason = "the program did not run" if started else "something held them up"
    said: dict[str, Json] = {name: each.runs for name, each in sorted(late.items())}
    names = ", ".join(f"{name} ({runs})" for name, runs in said.items())
    why = f"{reason}; {len(late)} jobs missed runs since {since:%Y-%m-%d %H:%M} UTC and ran once instead: {names}"
    detail: dict[str, Json] = {"since": since.isoformat(), "jobs": said, "why": why}
    ledger.append(tx, kind=MISSED, agent=ledger.DAEMON, at=now, detail=detail)


# What people are told -------------------------------------------------------------------------------------------------


def last_word(runs: list[Run]) -> datetime | None:
    """When a daemon last said anything; None if none ever ran."""
    return max((run.noted_at for run in runs), default=None)


def is_running(runs: list[Run], now: datetime) -> bool:
    """Whether a daemon has said lately that it works."""
    spoken = last_word(runs)
    return spoken is not None and now - spoken <= ASLEEP
