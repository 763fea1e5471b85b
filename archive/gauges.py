"""Figures that were last heard from outside, such as how much of a platform's limit is used: one row each, replaced."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from archive import tables

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from archive.database import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """A figure, what it says in words, and when it was heard. `name`: what it is a figure of, ``kind:of whom``."""

    name: str
    value: float
    said: str
    at: datetime


def keep(tx: Tx, gauges: Iterable[Gauge]) -> None:
    """Replace what was heard before by these."""
    for one in gauges:
        known = tx.execute(update(tables.gauge).where(tables.gauge.c.name == one.name).values(asdict(one)))
        if not known.rowcount:
            tx.execute(insert(tables.gauge).values(asdict(one)))


def of_kind(tx: Tx, kind: str) -> dict[str, Gauge]:
    """Give every figure of a kind, by whom it is of."""
    rows = tx.execute(select(tables.gauge).where(tables.gauge.c.name.startswith(f"{kind}:", autoescape=True)))
    return {row.name.partition(":")[2]: Gauge(**row._mapping) for row in rows}  # noqa: SLF001 - as in jobs.py
