"""Backs the archive up each night into a folder of its own, checks the copy, and lets old ones go by a stated rule.

Evidence and media never change, so a new folder begins with hard links to the files of the one before (where the disk
knows them; else with copies) and only what is new is copied. The copy is checked in full before it counts. Kept are all
of the last `days` days, the first of each of the last `weeks` weeks and of each of the last `months` months, and the
newest ever; nothing is let go on a night whose backup failed, and no folder that is not a finished backup of ours.
"""

from __future__ import annotations

import os
import re
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from archive import ledger
from archive.backup import NotBackedUp, Place, is_finished, take
from bot.alarms import alarm
from bot.domain.schedule import last_time, next_time
from bot.log import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from archive.database import Tx
    from archive.ledger import Entry
    from bot.parts import Parts
    from bot.settings import Backup, Settings

MADE, FAILED, THINNED = "archive.backed_up", "backup.failed", "backup.thinned"
_NAME = "%Y-%m-%dT%H%M%SZ"
_NAMED = re.compile(r"\d{4}-\d\d-\d\dT\d{6}Z")
_MONTHS = 12

log = logger("backups")


def place(settings: Settings) -> Place:
    """Where the archive lies that is backed up. Raises MissingCredential."""
    return Place(
        url=settings.database_url,
        evidence=settings.evidence_folder,
        media=settings.media_folder,
        trusted=settings.trusted,
    )


def back_up_due(parts: Parts, clock: Callable[[], datetime]) -> bool:
    """Back up if this night's backup is due and was not tried; give whether it was tried now. A failure is told."""
    wanted, now = parts.settings.backup, clock()
    if wanted is None:
        return False
    with parts.database.read() as tx:
        tried = _last_try(tx, wanted)
        begun = next(ledger.entries(tx, limit=1), None)
    since_when = tried.at if tried else begun.at if begun else now
    if since_when >= last_time(wanted.at, now, parts.settings.zone):
        return False
    try:
        folder = back_up(parts, wanted, now)
        _thin(parts, wanted, clock())
    except (NotBackedUp, OSError) as error:
        _tell_failure(parts, str(error), clock())
        return True
    log.info("backed up", folder=str(folder))
    return True


def back_up(parts: Parts, wanted: Backup, now: datetime) -> Path:
    """Make one backup in a new folder and check it; give the folder. Raises NotBackedUp, OSError."""
    wanted.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in wanted.folder.glob("*.part"):
        shutil.rmtree(left)  # what a kill has left of an unfinished one
    folder = wanted.folder / now.astimezone(UTC).strftime(_NAME)
    part = folder.with_suffix(".part")
    before = max(finished(wanted.folder), default=None)
    if before:
        for store in ("evidence", "media"):
            _link(before / store, part / store)
    take(parts.database, place(parts.settings), part, agent=ledger.DAEMON, now=now, known_as=folder)
    part.replace(folder)
    return folder


def finished(folder: Path) -> list[Path]:
    """The finished backups in a folder, the oldest first."""
    inside = folder.iterdir() if folder.is_dir() else ()
    return sorted(path for path in inside if _NAMED.fullmatch(path.name) and is_finished(path))


def superfluous(made: Iterable[datetime], wanted: Backup, now: datetime) -> set[datetime]:
    """Which of these backups the rule above lets go."""
    times = sorted(made)
    kept = {at for at in times if now - at <= timedelta(days=wanted.days)} | set(times[-1:])
    weeks, months = {}, {}
    for at in reversed(times):  # so that the first of each stays
        weeks[at.date().isocalendar()[:2]] = at
        months[at.year, at.month] = at
    this_month = now.year * _MONTHS + now.month
    kept |= {at for at in weeks.values() if now - at <= timedelta(weeks=wanted.weeks)}
    kept |= {at for (year, month), at in months.items() if this_month - (year * _MONTHS + month) <= wanted.months}
    return set(times) - kept


def _thin(parts: Parts, wanted: Backup, now: datetime) -> None:
    by_time = {_made_at(path): path for path in finished(wanted.folder)}
    gone = [by_time[at] for at in sorted(superfluous(by_time, wanted, now))]
    for path in gone:
        shutil.rmtree(path)
    if gone:
        with parts.database.begin() as tx:
            detail = {"folder": str(wanted.folder), "backups": [path.name for path in gone]}
            ledger.append(tx, kind=THINNED, agent=ledger.DAEMON, at=now, detail=detail)


def _made_at(path: Path) -> datetime:
    return datetime.strptime(path.name, _NAME).replace(tzinfo=UTC)


def _link(source: Path, target: Path) -> None:
    """Make `target` like `source` without copying what is in it, where the disk can do that."""
    for path in sorted(source.rglob("*")) if source.is_dir() else ():
        to = target / path.relative_to(source)
        if path.is_dir():
            to.mkdir(parents=True, exist_ok=True, mode=0o700)
        else:
            to.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                os.link(path, to)
            except OSError:
                shutil.copy2(path, to)


def _last_try(tx: Tx, wanted: Backup) -> Entry | None:
    """The last nightly try; what somebody backed up elsewhere by hand is none."""
    for line in ledger.latest(tx, (MADE, FAILED), 20):
        if line.kind == FAILED or str(line.detail["folder"]).startswith(f"{wanted.folder}{os.sep}"):
            return line
    return None


def _tell_failure(parts: Parts, why: str, now: datetime) -> None:
    with parts.database.begin() as tx:
        ledger.append(tx, kind=FAILED, agent=ledger.DAEMON, at=now, detail={"why": why})
        alarm(
            tx,
            parts.settings,
            "backup",
            key=f"backup:{now.date()}",
            now=now,
            why=why,
        )
    log.error("not backed up", why=why)


# What people are told -------------------------------------------------------------------------------------------------


def next_at(settings: Settings, now: datetime) -> datetime | None:
    """When the next backup is due; None if none is configured."""
    return next_time(settings.backup.at, now, settings.zone) if settings.backup else None


def told(tx: Tx, settings: Settings) -> Iterator[str]:
    """How the last nightly backup went, in words; nothing where none is configured or was tried yet."""
    last = _last_try(tx, settings.backup) if settings.backup else None
    if last:
        yield f"FAILED: {last.detail['why']}" if last.kind == FAILED else f"{last.detail['files']} files, checked"


def failed(tx: Tx, settings: Settings) -> bool:
    """Whether the last nightly backup failed."""
    last = _last_try(tx, settings.backup) if settings.backup else None
    return last is not None and last.kind == FAILED
