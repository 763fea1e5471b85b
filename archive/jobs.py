"""When the daemon's jobs ran last and are to run next, so that this outlives the program and others can ask."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from archive import tables

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from archive.database import Tx

_job = tables.job.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The last run of a job that comes `every` so many seconds.

    `ended_at` None: it runs now, or was cut off. `why` it failed, None if it did not. `noted_at`: when the daemon last
    said so.
    """

    name: str
    every: float
    began_at: datetime
    ended_at: datetime | None
    next_at: datetime | None
    why: str | None
    noted_at: datetime


def note(tx: Tx, runs: Iterable[Run]) -> None:
    """Put down how these jobs stand. Of two daemons that do the same job, the one that began it later is heard."""
    for run in runs:
        known = tx.execute(
            update(tables.job).where(_job.name == run.name, _job.began_at <= run.began_at).values(asdict(run))
        )
        if not known.rowcount and last(tx, run.name) is None:
            tx.execute(insert(tables.job).values(asdict(run)))


def last(tx: Tx, name: str) -> Run | None:
    """Give how a job stands, or None if it never ran."""
    row = tx.execute(select(tables.job).where(_job.name == name)).one_or_none()
    return Run(**row._mapping) if row else None  # noqa: SLF001 - how sqlalchemy names a row's values


def every(tx: Tx) -> list[Run]:
    """Give how every job stands, by name."""
    rows = tx.execute(select(tables.job).order_by(_job.name))
    return [Run(**row._mapping) for row in rows]  # noqa: SLF001 - how sqlalchemy names a row's values
