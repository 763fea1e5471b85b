"""What platforms' answers tell besides what was asked: how much of a limit is used, and what time it is there.

Nothing else is asked for it. A Date header has whole seconds and travels for a while, so what is known of our own clock
is a span; it counts as wrong only beyond that. Where no platform is asked, nothing is known, and that is said.
"""

from __future__ import annotations

import statistics
from datetime import timedelta
from typing import TYPE_CHECKING

from archive import gauges
from archive.gauges import Gauge
from bot.digest_words import EN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from archive.database import Tx
    from bot.digest_words import Words
    from connectors.meter import Dated, Meter

CLOCK, QUOTA, BRIEF = "clock", "quota", "brief"
FRESH = timedelta(hours=2)
"""What was heard longer ago says nothing about now."""
MOST_OFF = 30.0
"""Seconds by which our clock may differ from the platforms' before people are called."""
NEAR_END = 0.95
"""From which share of a platform's limit on people are called; reading stops by itself before that."""


def gauges_of(meters: Mapping[str, Meter], now: datetime, monotonic: float) -> Iterator[Gauge]:
    """What the accounts' meters have heard, for keeping. `monotonic`: the monotonic clock (s) at `now`."""
    for key, meter in meters.items():
        if dated := meter.dated:
            off, unsure = offset(dated, now, monotonic)
            heard = now - timedelta(seconds=monotonic - dated.heard)
            yield Gauge(name=f"{CLOCK}:{key}", value=off, said=f"give or take {unsure:.1f} s", at=heard)
        if used := meter.used:
            yield Gauge(name=f"{BRIEF if used.brief else QUOTA}:{key}", value=used.share, said=used.said, at=now)


def offset(dated: Dated, now: datetime, monotonic: float) -> tuple[float, float]:
    """By how many seconds our clock is ahead of the server's, and how unsure that is (half the span)."""
    unsure = 0.5 + (dated.heard - dated.asked) / 2
    ours = now - timedelta(seconds=monotonic - (dated.asked + dated.heard) / 2)
    return (ours - dated.date).total_seconds() - 0.5, unsure


def clock_offset(tx: Tx, now: datetime) -> float | None:
    """By how many seconds our clock is ahead of what most platforms say; None if none was heard lately."""
    heard = [one.value for one in gauges.of_kind(tx, CLOCK).values() if abs(now - one.at) <= FRESH]
    return statistics.median(heard) if heard else None


def clock_in_words(off: float | None, words: Words = EN) -> str:
    """The clock's offset for people."""
    if off is None:
        return words["clock_unknown"]
    way = "clock_agrees" if abs(off) < 2 else "clock_ahead" if off > 0 else "clock_behind"  # noqa: PLR2004  s
    return words[way].format(seconds=f"{abs(off):.0f}")


def used(tx: Tx, now: datetime, *, brief: bool = False) -> dict[str, Gauge]:
    """How much of each account's limits was used when it was last heard; with `brief` also of those of minutes."""
    kinds = (BRIEF, QUOTA) if brief else (QUOTA,)
    return {key: one for kind in kinds for key, one in gauges.of_kind(tx, kind).items() if abs(now - one.at) <= FRESH}
