"""Copies the archive while the daemon works, checks the copy, and puts one back.

A backup folder holds ``citymod.db`` (or ``citymod.pgdump``, of PostgreSQL), ``evidence/``, ``media/``, ``backup.json``
and ``SHA256SUMS`` over all of it, for ``sha256sum -c``. The database is copied first, as of one moment; files come
after it, and since evidence and media are on the disk before their rows are written, every row finds its files. Files
that are in the folder already are not copied again, and never replaced: they never change, so a difference is told.

The new copy of the database takes the place of the last one only after it was checked in full.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import make_url

from archive import ledger
from archive.database import BUSY_MILLISECONDS, Database
from archive.files import sha256_of, sums, sync
from archive.stored import utc_text
from archive.verify import verify

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from archive.stored import Json
    from archive.verify import Report
    from bot.domain.types import Agent

FORMAT = "citymod backup 1"
ABOUT = "backup.json"
SUMS = "SHA256SUMS"
SQLITE = "citymod.db"
DUMP = "citymod.pgdump"
FILE_MODE = 0o600
FOLDER_MODE = 0o700
LONGEST_RUN = 6 * 3600


class NotBackedUp(Exception):
    """No good backup was made, or none could be put back. The text says why; what was there before still is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What is in a backup: how many files, how many of them were copied this time, and what was not checked."""

    files: int
    copied: int
    bytes_copied: int
    head: str
    not_checked: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an archive lies: its database, evidence and media. `trusted` as in `archive.verify.verify`."""

    url: str
    evidence: Path
    media: Path
    trusted: Mapping[str, Path]

    @property
    def stores(self) -> dict[str, Path]:
        """The folders of files, by the name that they have in a backup."""
        return {"evidence": self.evidence, "media": self.media}


def take(  # noqa: PLR0913 - what is copied, where to, by whom and when
    db: Database, place: Place, folder: Path, *, agent: Agent, now: datetime, known_as: Path | None = None
) -> Backup:
    """Bring the backup in `folder` up to date, check it, and record that it was taken. Raises NotBackedUp, OSError.

    `known_as`: the name that the folder will have, for the record.
    """
    _own(folder, place)
    fresh = folder / f"{_database_name(place.url)}.new"
    fresh.unlink(missing_ok=True)
    with db.read() as tx:
        last = ledger.head(tx)  # whatever the copy holds besides, it holds this line
    head = last.anchor if last else ""
    copy_database(place.url, fresh)
    copied = [path for name, source in place.stores.items() for path in _copy_files(source, folder / name)]
    not_checked = _checked(place, folder, fresh, head, now)
    target = fresh.with_suffix("")
    fresh.replace(target)
    about = {"format": FORMAT, "taken_at": utc_text(now), "database": target.name, "ledger_head": head}
    _write(folder / ABOUT, (json.dumps(about, indent=2) + "\n").encode())
    files = _write_sums(folder)
    sync(folder)
    done = Backup(
        files=files,
        copied=len(copied),
        bytes_copied=sum(path.stat().st_size for path in copied),
        head=head,
        not_checked=tuple(not_checked),
    )
    with db.begin() as tx:
        detail: dict[str, Json] = {
            "folder": str(known_as or folder),
            "head": head,
            "files": files,
            "copied": len(copied),
        }
        ledger.append(tx, kind="archive.backed_up", agent=agent, at=now, detail=detail)
    return done


def restore(folder: Path, place: Place, *, now: datetime) -> Report:
    """Put the backup in `folder` where `place` says, where nothing may be yet, and check what came of it.

    Raises NotBackedUp if the backup is not whole, or if there is an archive at that place already.
    """
    about = _about(folder)
    name = _database_name(place.url)
    if about["database"] != name:
        message = f"{folder} holds {about['database']}, and the settings name a database that needs {name}"
        raise NotBackedUp(message)
    _refuse_to_overwrite(place)
    if wrong := sums_problems(folder):
        message = f"the backup in {folder} is not whole: {'; '.join(wrong[:10])}"
        raise NotBackedUp(message)
    for part, target in place.stores.items():
        _copy_files(folder / part, target, mode_of_evidence=part == "evidence")
    _put_database(folder / name, place.url)
    with Database.open(place.url) as db:
        report = verify(
            db, place.evidence, place.media, now=now, anchors=_noted(about["ledger_head"]), trusted=place.trusted
        )
    if not report.passed:
        message = f"it was put back, and is not as it was written: {'; '.join(report.problems[:10])}"
        raise NotBackedUp(message)
    return report


def is_finished(folder: Path) -> bool:
    """Whether a folder is a backup of ours that came to its end."""
    try:
        _about(folder)
    except NotBackedUp:
        return False
    return (folder / SUMS).is_file()


def sums_problems(folder: Path) -> list[str]:
    """What is wrong with the files of a backup, as ``sha256sum -c SHA256SUMS`` would say."""
    lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    listed = {name: sha256 for sha256, _, name in (line.partition("  ") for line in lines)}
    wrong = [f"{name} is missing" for name in listed if not (folder / name).is_file()]
    there = ((name, folder / name) for name in listed if (folder / name).is_file())
    return wrong + [f"{name} has been altered" for name, path in there if sha256_of(path) != listed[name]]


# The database ---------------------------------------------------------------------------------------------------------


def _database_name(url: str) -> str:
    return SQLITE if make_url(url).get_backend_name() == "sqlite" else DUMP


def copy_database(url: str, target: Path) -> None:
    """Copy the database alone as of one moment, whatever version it is of. Raises NotBackedUp."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        _postgresql(url, "pg_dump", "--format=custom", "--no-owner", f"--file={target}")
        target.chmod(FILE_MODE)
        return
    target.touch(mode=FILE_MODE)
    path = Path(str(parsed.database)).resolve()
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as source:
            source.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
            if source.execute("PRAGMA journal_mode").fetchone() == ("wal",):
                _copy_snapshot(source, target)
            else:
                _copy_file_at_rest(source, path, target)
    except sqlite3.Error as error:
        message = f"the database could not be copied: {error}"
        raise NotBackedUp(message) from error
    sync(target)


def _copy_snapshot(source: sqlite3.Connection, target: Path) -> None:
    """Copy what a reader sees: with a write-ahead log that holds nobody up (sqlite.org/wal.html, "Concurrency")."""
    with closing(sqlite3.connect(target)) as copy:
        copy.execute("PRAGMA synchronous=OFF")  # what is half copied is worth nothing; the whole is synced afterwards
        source.backup(copy)


def _copy_file_at_rest(source: sqlite3.Connection, path: Path, target: Path) -> None:
    """Copy the file while a reader's lock keeps writers out of it: they wait for as long as the disk takes, no longer.

    SQLite's own copying page by page takes several times as long, and begins again whenever somebody wrote between two
    steps. Another process does it, since a process that closes a file loses all its locks on that, SQLite's too
    (sqlite.org/howtocorrupt.html, 2.2). The file is read beforehand, so that waiting is not for a cold disk.
    """
    _run("dd", f"if={path}", "of=/dev/null", "bs=1M")
    source.execute("BEGIN")
    source.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # reading takes the lock
    try:
        _run("cp", str(path), str(target))
    finally:
        source.execute("ROLLBACK")


def _run(program: str, *words: str, environment: Mapping[str, str] | None = None) -> str:
    """Run a program, and give what it says. Raises NotBackedUp with what it complains of."""
    try:
        done = subprocess.run(  # noqa: S603 - our own words; where it is, is the administrator's affair
            [program, *words], env=environment, check=True, capture_output=True, text=True, timeout=LONGEST_RUN
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = str(getattr(error, "stderr", None) or error).strip().splitlines()
        message = f"{program} failed: {said[-1] if said else error}"
        raise NotBackedUp(message) from error
    return done.stdout.strip()


def _checked(place: Place, folder: Path, fresh: Path, head: str, now: datetime) -> Sequence[str]:
    """Check the copy in full, and that it holds the line `head`; give what could not be checked."""
    if fresh.name.startswith(DUMP):
        _postgresql(place.url, "pg_restore", "--list", str(fresh), connects=False)
        return [f"{DUMP}: only that it can be read; restoring it checks it in full"]
    with Database.open(f"sqlite:///{fresh}", migrate=False) as copy:
        noted = _noted(head)
        report = verify(copy, folder / "evidence", folder / "media", now=now, anchors=noted, trusted=place.trusted)
    if not report.passed:
        message = (
            f"the copy is not as it was written, so the backup before it stays in {folder}, and the copy beside it as "
            f"{fresh.name}: {'; '.join(report.problems[:10])}"
        )
        raise NotBackedUp(message)
    return report.not_checked


def _noted(head: str) -> list[str]:
    """The line that is to be found again; of an empty ledger there is none."""
    return [head] if head else []


def _put_database(source: Path, url: str) -> None:
    if source.name == DUMP:
        _postgresql(url, "pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", str(source))
        return
    target = Path(str(make_url(url).database))
    target.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
    _copy_file(source, target, FILE_MODE)


def _refuse_to_overwrite(place: Place) -> None:
    taken = [str(path) for path in place.stores.values() if path.is_dir() and any(path.iterdir())]
    parsed = make_url(place.url)
    if parsed.get_backend_name() == "sqlite":
        path = Path(str(parsed.database))
        taken += [str(path)] if path.exists() else []
    elif _postgresql(place.url, "psql", "-Atc", "SELECT count(*) FROM pg_tables WHERE tablename = 'ledger'") != "0":
        taken.append(parsed.render_as_string())
    if taken:
        message = (
            f"there is an archive already ({', '.join(taken)}), and nothing is ever overwritten: move it away first"
        )
        raise NotBackedUp(message)


def _postgresql(url: str, program: str, *words: str, connects: bool = True) -> str:
    """Run one of PostgreSQL's own programs on the database; the password travels in the environment."""
    parsed = make_url(url).set(drivername="postgresql")
    environment = dict(os.environ)
    if parsed.password:
        environment["PGPASSWORD"] = str(parsed.password)
    to = [f"--dbname={parsed.set(password=None).render_as_string(hide_password=False)}"] if connects else []
    if shutil.which(program) is None:
        message = f"{program} is not installed (Debian: apt-get install postgresql-client)"
        raise NotBackedUp(message)
    return _run(program, *to, *words, environment=environment)


# Files ----------------------------------------------------------------------------------------------------------------


def _own(folder: Path, place: Place) -> None:
    """Make the folder, or see that it is a backup of ours; it may not lie inside what is backed up."""
    inside = [path for path in place.stores.values() if folder.resolve().is_relative_to(path.resolve())]
    if inside:
        message = f"{folder} lies in {inside[0]}, which is to be backed up; name another folder, on another disk"
        raise NotBackedUp(message)
    if folder.is_dir() and any(folder.iterdir()) and not _is_ours(folder):
        message = f"{folder} holds something that is no backup of citymod; name a new or empty folder"
        raise NotBackedUp(message)
    folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
    folder.chmod(FOLDER_MODE)


def _is_ours(folder: Path) -> bool:
    begun = {f"{SQLITE}.new", f"{DUMP}.new", "evidence", "media"}
    return (folder / ABOUT).is_file() or {path.name for path in folder.iterdir()} <= begun


def _about(folder: Path) -> dict[str, Any]:
    try:
        about = json.loads((folder / ABOUT).read_bytes())
        if about["format"] == FORMAT and about["database"] in {SQLITE, DUMP}:
            return dict(about)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    message = f"{folder} is no finished backup of citymod"
    raise NotBackedUp(message)


def _copy_files(source: Path, target: Path, *, mode_of_evidence: bool = False) -> list[Path]:
    """Copy what `target` does not have; give it. Raises NotBackedUp for a file that is there in another size."""
    target.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
    copied = []
    for path in sorted(source.rglob("*")) if source.is_dir() else ():
        if path.name.startswith("."):
            continue  # a draft that is being written; what counts has another name
        to = target / path.relative_to(source)
        if path.is_dir():
            to.mkdir(exist_ok=True, mode=FOLDER_MODE)
        elif not to.exists():
            _copy_file(path, to, path.stat().st_mode & 0o777 if mode_of_evidence else FILE_MODE)
            copied.append(to)
        elif to.stat().st_size != path.stat().st_size:
            message = f"{path} is not the file that was backed up before ({to}): see which of them is right"
            raise NotBackedUp(message)
    return copied


def _copy_file(source: Path, target: Path, mode: int) -> None:
    """Copy so that the target is there whole or not at all."""
    part = target.with_name(f".{target.name}.part")
    shutil.copyfile(source, part)
    part.chmod(mode)
    sync(part)
    part.replace(target)
    sync(target.parent)


def _write(path: Path, data: bytes) -> None:
    part = path.with_name(f".{path.name}.part")
    part.touch(mode=FILE_MODE)
    part.write_bytes(data)
    sync(part)
    part.replace(path)


def _write_sums(folder: Path) -> int:
    """Hash everything in the folder anew; give how many files there are."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name[:1] != "."]
    names = [path.relative_to(folder).as_posix() for path in paths if path != folder / SUMS]
    _write(folder / SUMS, sums((name, sha256_of(folder / name)) for name in names).encode())
    return len(names)
