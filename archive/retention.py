"""What may be destroyed when: the records officer's schedule held against what is on record.

Kept whatever a schedule says: what no series maps; what a legal hold covers; every comment that a rule matched or
anybody referred, marked, decided on or acted on, with its evidence (AR 1-27 5.C.1.f); the ledger, verdicts, policies
and certificates. So a schedule can only reach comments that were let stand from the first, what came in by mail or
file, and lists of followers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select

from archive import holds, tables
from archive.holds import Item
from bot.domain.states import State
from bot.domain.types import Speaker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from archive.database import Tx
    from archive.holds import Hold

    Covers = Literal["comments", "city_comments", "received", "followers"]

_PROTECTED = ("case.referred", "case.marked", "ground.named", "intake.entered")


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """How long records are kept, counted from the trigger."""

    years: int = 0
    months: int = 0
    days: int = 0

    def before(self, now: datetime) -> datetime:
        """Give the time such that what happened then is kept exactly until `now`; in doubt a day earlier."""
        months = now.year * 12 + now.month - 1 - self.years * 12 - self.months
        year, month = divmod(months, 12)
        for day in range(now.day, 27, -1):
            try:
                return now.replace(year=year, month=month + 1, day=day) - timedelta(days=self.days)
            except ValueError:
                continue  # that month is shorter
        return now.replace(year=year, month=month + 1) - timedelta(days=self.days)

    def __str__(self) -> str:
        parts = {"year": self.years, "month": self.months, "day": self.days}
        return " ".join(f"{n} {name}{'s' if n > 1 else ''}" for name, n in parts.items() if n)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A record series of the schedule. `period` None: kept for ever. `trigger`: what the period counts from."""

    id: str
    title: str
    covers: Covers
    trigger: Literal["posted", "recorded"]
    period: Period | None
    authority: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One record that may be destroyed as a whole: the rows that hold its content, as (table, ledger line)."""

    name: str
    counted_from: datetime
    rows: tuple[tuple[str, int], ...]
    item: Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a series stands: what is due, what is due and under a hold, and when the next that is not due was begun."""

    series: Series
    due: tuple[Unit, ...]
    held: tuple[tuple[Unit, Hold], ...]
    not_due: int
    next_from: datetime | None


def standing(tx: Tx, series: Series, now: datetime) -> Standing:
    """Tell what of a series is due, held and not due yet. What may never be destroyed is in none of the three."""
    cutoff = series.period.before(now) if series.period else None
    held = holds.in_force(tx)
    units = sorted(_UNITS[series.covers](tx, series), key=lambda unit: (unit.counted_from, unit.name))
    over = [unit for unit in units if cutoff is not None and unit.counted_from <= cutoff]
    stops = [(unit, holds.on(unit.item, held)) for unit in over]
    young = units[len(over) :]
    return Standing(
        series=series,
        due=tuple(unit for unit, hold in stops if hold is None),
        held=tuple((unit, hold) for unit, hold in stops if hold is not None),
        not_due=len(young),
        next_from=young[0].counted_from if young and series.period else None,
    )


def _comments(tx: Tx, series: Series) -> Iterator[Unit]:
    """Comments that nobody and nothing ever objected to, each with all its wordings and the files that came with it."""
    comment, case, revision, media = (
        table.c for table in (tables.comment, tables.case_, tables.revision, tables.media)
    )
    speaker = Speaker.CITY if series.covers == "city_comments" else Speaker.PUBLIC
    line, verdict = tables.ledger.c, tables.verdict.c
    touched = or_(
        select(1).where(line.ref == comment.ref, line.kind.in_(_PROTECTED)).exists(),
        select(1)
        .join_from(tables.match_, tables.verdict, tables.match_.c.verdict == verdict.id)
        .where(verdict.ref == comment.ref)
        .exists(),
        *(select(1).where(table.c.ref == comment.ref).exists() for table in _TOUCH),
    )
    rests = case.state.in_((State.CLEARED, State.GONE))
    query = (
        select(comment.ref, comment.account, comment.posted_at, comment.first_seen_at)
        .join_from(tables.comment, tables.case_, case.ref == comment.ref)
        .where(comment.speaker == speaker, rests, ~touched)
    )
    for row in tx.execute(query).all():
        wordings = tx.execute(select(tables.revision).where(revision.ref == row.ref).order_by(revision.number)).all()
        if all(wording.text == tables.DESTROYED for wording in wordings):
            continue
        files = tx.execute(select(media.entry).where(media.ref == row.ref).order_by(media.entry)).scalars().all()
        last_seen = max(wording.seen_at for wording in wordings)
        first = row.posted_at if series.trigger == "posted" else row.first_seen_at
        names = (
            name
            for wording in wordings
            for name in (wording.author_id, wording.author_name, wording.author_handle)
            if name
        )
        yield Unit(
            name=str(row.ref),
            counted_from=max(first, last_seen) if series.trigger == "recorded" else first,
            rows=(
                *(("revision", wording.entry) for wording in wordings if wording.text != tables.DESTROYED),
                *(("media", entry) for entry in files),
            ),
            item=Item(
                account=row.account,
                ref=row.ref,
                authors=frozenset(name.casefold() for name in names),
                texts=tuple(wording.text.casefold() for wording in wordings),
                posted_at=row.posted_at,
            ),
        )


def _received(tx: Tx, series: Series) -> Iterator[Unit]:
    """Mails and files that somebody has attended to."""
    table = tables.received.c
    done = select(1).where(tables.attended.c.task == table.source + ":" + table.id).exists()
    query = select(table.id, table.account, table.at, table.entry).where(table.title != tables.DESTROYED, done)
    for row in tx.execute(query):
        item = Item(account=row.account or "")
        yield _single("received", row.id, row, item, series)


def _follower_lists(tx: Tx, series: Series) -> Iterator[Unit]:
    """Lists of who follows an account; the number stays."""
    table = tables.followers.c
    query = select(table.account, table.seen_at.label("at"), table.entry, table.people)
    for row in tx.execute(query):
        if row.people:
            yield _single("followers", f"{row.account} {row.at:%Y-%m-%d}", row, Item(account=row.account), series)


def _single(place: str, name: str, row: Any, item: Item, series: Series) -> Unit:
    del series  # both triggers are the time at which it came in
    return Unit(name=name, counted_from=row.at, rows=((place, row.entry),), item=item)


_TOUCH = (tables.order_, tables.evidence, tables.decision, tables.upload)
_UNITS = {
    "comments": _comments,
    "city_comments": _comments,
    "received": _received,
    "followers": _follower_lists,
}
