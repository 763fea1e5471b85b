"""What may be destroyed when: the records officer's schedule held against what is on record.

Kept whatever a schedule says: what no series maps; what a legal hold covers; every comment that a rule matched or
anybody referred, marked, decided on or acted on, with its evidence (AR 1-27 5.C.1.f); the ledger, verdicts, policies
and certificates. So a schedule can only reach comments that were let stand from the first, what came in by mail or
file, and lists of followers.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, and_, case, cast, false, func, not_, null, or_, select, true, type_coerce

from archive import holds, tables
from archive.holds import Item
from bot.domain.states import State
from bot.domain.types import Ref, Speaker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Literal

    from sqlalchemy import ColumnElement, Row, Select, Subquery

    from archive.database import Tx
    from archive.holds import Hold

    Covers = Literal["comments", "city_comments", "received", "followers"]

_BATCH = 500
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
    """Where a series stands: how much is due, how much is due and under a hold, and when the next was begun."""

    series: Series
    due: int
    held: int
    not_due: int
    next_from: datetime | None


# What stands where ----------------------------------------------------------------------------------------------------


def standing(tx: Tx, series: Series, now: datetime) -> Standing:
    """Count what of a series is due, held and not due yet. What may never be destroyed is in none of the three."""
    every = _SOURCES[series.covers](series).subquery()
    since = every.c.counted_from
    if series.period is None:
        number = tx.execute(select(func.count()).select_from(every)).scalar_one()
        return Standing(series=series, due=0, held=0, not_due=number, next_from=None)
    cutoff = series.period.before(now)
    young = case((since > cutoff, since))
    over, under, first = tx.execute(
        select(func.count(case((since <= cutoff, 1))), func.count(young), func.min(young))
    ).one()
    held = _count_held(tx, series, every, cutoff) if over else 0
    return Standing(series=series, due=over - held, held=held, not_due=under, next_from=first)


def _count_held(tx: Tx, series: Series, every: Subquery, cutoff: datetime) -> int:
    """Count what is due and under a hold: by the database, except where a hold asks for words or authors."""
    in_force = holds.in_force(tx)
    asking = [hold for hold in in_force if _HAS_WORDS[series.covers] and holds.asks_for_words(hold.scope)]
    plain = or_(false(), *(_covered(hold, every) for hold in in_force if hold not in asking))
    over = select(func.count()).select_from(every).where(every.c.counted_from <= cutoff)
    number = int(tx.execute(over.where(plain)).scalar_one())
    if asking:
        may_be = and_(not_(plain), or_(*(_covered(hold, every) for hold in asking)))
        rows = _rows(tx, every, cutoff, may_be)
        units = (unit for some in rows for unit in _UNITS[series.covers](tx, some))
        number += sum(holds.on(unit.item, asking) is not None for unit in units)
    return number


def due(tx: Tx, series: Series, now: datetime, limit: int) -> list[Unit]:
    """Give what is due and under no hold, the oldest first, up to `limit`."""
    found: list[Unit] = []
    if series.period is None:
        return found
    held = holds.in_force(tx)
    every = _SOURCES[series.covers](series).subquery()
    for some in _rows(tx, every, series.period.before(now), true()):
        found += [unit for unit in _UNITS[series.covers](tx, some) if holds.on(unit.item, held) is None]
        if len(found) >= limit:
            break
    return found[:limit]


def among(tx: Tx, series: Series, now: datetime, names: Sequence[str]) -> tuple[dict[str, Unit], dict[str, Hold]]:
    """Say of records by their names which are due, and which of them a hold covers. The others are in neither."""
    units: dict[str, Unit] = {}
    stops: dict[str, Hold] = {}
    if series.period is None:
        return units, stops
    held = holds.in_force(tx)
    every = _SOURCES[series.covers](series).subquery()
    for at in range(0, len(names), _BATCH):
        for some in _rows(tx, every, series.period.before(now), every.c.name.in_(names[at : at + _BATCH])):
            for unit in _UNITS[series.covers](tx, some):
                hold = holds.on(unit.item, held)
                if hold:
                    stops[unit.name] = hold
                else:
                    units[unit.name] = unit
    return units, stops


def _rows(tx: Tx, every: Subquery, cutoff: datetime, which: ColumnElement[bool]) -> Iterator[Sequence[Row[Any]]]:
    """What is over by `cutoff`, the oldest first, in batches."""
    order = (every.c.counted_from, every.c.name, every.c.entry)
    query = select(every).where(every.c.counted_from <= cutoff, which).order_by(*order)
    yield from tx.execute(query).partitions(_BATCH)


def _covered(hold: Hold, every: Subquery) -> ColumnElement[bool]:
    """Whether a hold covers a record, as far as its place and time say. What is NULL is met by all, as in `holds`."""
    scope, posted = hold.scope, every.c.posted_at
    asked: list[ColumnElement[bool]] = [true()]
    if scope.case:
        asked.append(every.c.name == str(scope.case))
    if scope.account:
        asked.append(every.c.account == scope.account)
    if scope.since:
        asked.append(or_(posted.is_(None), posted >= scope.since))
    if scope.until:
        asked.append(or_(posted.is_(None), posted <= scope.until))
    return and_(*asked)


# What there is of each kind -------------------------------------------------------------------------------------------


def _comments(series: Series) -> Select[Any]:
    """Comments that nobody and nothing ever objected to. Sets, not questions about each: there may be millions."""
    comment, standing_, revision = tables.comment.c, tables.case_.c, tables.revision.c
    speaker = Speaker.CITY if series.covers == "city_comments" else Speaker.PUBLIC
    line = tables.ledger.c
    touched = (
        select(line.ref).where(line.kind.in_(_PROTECTED), line.ref.is_not(None)),
        select(tables.verdict.c.ref).join_from(
            tables.match_, tables.verdict, tables.match_.c.verdict == tables.verdict.c.id
        ),
        *(select(table.c.ref) for table in _TOUCH),
    )
    ref = type_coerce(comment.ref, Text)
    first = comment.posted_at if series.trigger == "posted" else comment.first_seen_at
    last = select(func.max(revision.seen_at)).where(revision.ref == comment.ref).scalar_subquery()
    since = case((last > first, last), else_=first) if series.trigger == "recorded" else first
    there = select(1).where(revision.ref == comment.ref, revision.text != tables.DESTROYED).exists()
    return (
        select(
            ref.label("name"),
            comment.account,
            comment.posted_at,
            since.label("counted_from"),
            comment.entry,
        )
        .join_from(tables.comment, tables.case_, standing_.ref == comment.ref)
        .where(comment.speaker == speaker, standing_.state.in_((State.CLEARED, State.GONE)), there)
        .where(*(ref.not_in(_as_text(each)) for each in touched))
    )


def _comment_units(tx: Tx, rows: Sequence[Row[Any]]) -> list[Unit]:
    """The comments of some rows, each with all its wordings and the files that came with it."""
    revision, media = tables.revision.c, tables.media.c
    refs = [Ref.parse(row.name) for row in rows]
    wordings: dict[str, list[Any]] = defaultdict(list)
    said = (revision.entry, revision.text, revision.author_id, revision.author_name, revision.author_handle)
    query = select(revision.ref, *said).where(revision.ref.in_(refs))
    for row in tx.execute(query.order_by(revision.number)):
        wordings[str(row.ref)].append(row)
    files: dict[str, list[int]] = defaultdict(list)
    for ref, entry in tx.execute(select(media.ref, media.entry).where(media.ref.in_(refs)).order_by(media.entry)):
        files[str(ref)].append(entry)
    return [_comment_unit(row, wordings[row.name], files[row.name]) for row in rows]


def _comment_unit(row: Row[Any], wordings: Sequence[Any], files: Sequence[int]) -> Unit:
    names = [
        name for wording in wordings for name in (wording.author_id, wording.author_name, wording.author_handle) if name
    ]
    return Unit(
        name=row.name,
        counted_from=row.counted_from,
        rows=(
            *(("revision", wording.entry) for wording in wordings if wording.text != tables.DESTROYED),
            *(("media", entry) for entry in files),
        ),
        item=Item(
            account=row.account,
            ref=Ref.parse(row.name),
            authors=frozenset(name.casefold() for name in names),
            texts=tuple(wording.text.casefold() for wording in wordings),
            posted_at=row.posted_at,
        ),
    )


def _received(_: Series) -> Select[Any]:
    """Mails and files that somebody has attended to; both triggers are the time at which they came in."""
    table = tables.received.c
    done = select(1).where(tables.attended.c.task == table.source + ":" + table.id).exists()
    account = func.coalesce(table.account, "").label("account")
    return select(
        table.id.label("name"), account, _NEVER.label("posted_at"), table.at.label("counted_from"), table.entry
    ).where(table.title != tables.DESTROYED, done)


def _follower_lists(_: Series) -> Select[Any]:
    """Lists of who follows an account; the number stays.

    Lists that rest on one whole list are due together, when the last of them is: none can be read without it.
    """
    table, same = tables.followers.c, tables.followers.alias().c
    chain = func.coalesce(same.base, same.entry)
    newest = select(chain.label("chain"), func.max(same.seen_at).label("at")).group_by(chain).subquery().c
    name = table.account + " " + func.substr(type_coerce(table.seen_at, Text), 1, len("2026-11-28"))
    told = type_coerce(table.people, Text) != "[]", func.coalesce(type_coerce(table.gone, Text), "[]") != "[]"
    return (
        select(
            name.label("name"),
            table.account,
            _NEVER.label("posted_at"),
            newest.at.label("counted_from"),
            table.entry,
        )
        .join_from(tables.followers, newest.chain.table, newest.chain == func.coalesce(table.base, table.entry))
        .where(or_(*told))
    )


def _single(place: str) -> Callable[[Tx, Sequence[Row[Any]]], list[Unit]]:
    def units(_: Tx, rows: Sequence[Row[Any]]) -> list[Unit]:
        return [
            Unit(
                name=row.name,
                counted_from=row.counted_from,
                rows=((place, row.entry),),
                item=Item(account=row.account),
            )
            for row in rows
        ]

    return units


def _as_text(query: Select[Any]) -> Select[Any]:
    """The one column of a query as the database holds it, so that references of different tables can be compared."""
    column = type_coerce(query.selected_columns[0], Text)
    return query.with_only_columns(column)


_NEVER = cast(null(), Text)
_TOUCH = (tables.order_, tables.evidence, tables.decision, tables.upload)
_SOURCES = {
    "comments": _comments,
    "city_comments": _comments,
    "received": _received,
    "followers": _follower_lists,
}
_UNITS = {
    "comments": _comment_units,
    "city_comments": _comment_units,
    "received": _single("received"),
    "followers": _single("followers"),
}
_HAS_WORDS = {"comments": True, "city_comments": True, "received": False, "followers": False}
"""Whether a hold can ask for the words and author of such a record; of the others it covers all, in doubt."""
