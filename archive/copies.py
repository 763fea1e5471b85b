"""Copies of sealed evidence and of media in a bucket: what is there, what still waits, and what is wrong with it.

Evidence is sealed on the disk and counts from then on; no network is needed for it. What is sealed or fetched after the
mark of a bucket (`copy_mark`) is entered in `copy_due` and waits there until every file of it was stored and read back;
then `copied` has a row for each file, with the version that the lock protects. A bucket named anew begins at the
beginning. A unit is one evidence folder (``evidence/ID``) or one media file (``media/SHA-256``), and is on record whole
or not at all, so a kill in between only lets it be looked for again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import and_, delete, func, insert, or_, select, update

from archive import evidence, ledger, media, tables
from archive.files import sha256_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime, timedelta
    from pathlib import Path

    from archive.bucket import Bucket
    from archive.database import Tx
    from bot.domain.types import Ref

EVIDENCE, MEDIA = "evidence", "media"
_ABOVE = {EVIDENCE: 4, MEDIA: 2}
"""How many folders stand above a unit's files in its paths: evidence/2026/11/ID/…, media/ab/…."""
TOLD_EACH = 10
"""A failure that lasts has a line in the ledger at first and then at every tenth try."""
_copied, _due, _mark = tables.copied.c, tables.copy_due.c, tables.copy_mark.c


class BucketUnavailable(Exception):
    """The bucket takes or gives nothing now, or does not lock. The text says why, and what to do."""


class NotAsSent(Exception):
    """One file lies in the bucket otherwise than it was sent, or cannot be sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which bucket, how long (`retain`) and how strictly (`mode`) what is put there is locked.

    `endpoint`: the server's address, None for Amazon's own. `prefix` stands before every key. `ca_file`: certificates
    to trust instead of the system's, for a server of the City's own. `timeout` is in seconds.
    """

    bucket: str
    region: str
    mode: Literal["GOVERNANCE", "COMPLIANCE"]
    retain: timedelta
    endpoint: str | None = None
    prefix: str = ""
    ca_file: Path | None = None
    timeout: float = 30

    @property
    def name(self) -> str:
        """The bucket's name on record: server and bucket."""
        server = self.endpoint.partition("//")[2] if self.endpoint else f"s3.{self.region}.amazonaws.com"
        return f"{server}/{self.bucket}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One version of a file, as the bucket describes it. `sha256` (hex) is None where it says none."""

    key: str
    version: str
    size: int
    sha256: str | None
    mode: str | None
    retain_until: datetime | None


class NotAsSealed(Exception):
    """What is to be copied is not on the disk as it was sealed or fetched. A person must look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file of a unit: where it lies, under which path in the bucket it is to lie, and what it must hash to."""

    file: Path
    path: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What is copied together. `folder` is that of the evidence, None for media; `sha256` that of manifest or file."""

    name: str
    sha256: str
    ref: Ref | None = None
    folder: str | None = None
    attempts: int = 0

    def files(self, evidence_root: Path, media_root: Path) -> list[File]:
        """Every file, each compared with what was sealed. Raises NotAsSealed for what is missing or altered."""
        if self.folder is None:
            found = [
                File(file=media.file_of(media_root, self.sha256), path=_media_path(self.sha256), sha256=self.sha256)
            ]
        else:
            found = list(self._sealed(evidence_root / self.folder))
        for each in found:
            if not each.file.is_file() or sha256_of(each.file) != each.sha256:
                message = f"{each.path} is not on the disk as it was sealed; run citymod verify"
                raise NotAsSealed(message)
        return found

    def _sealed(self, folder: Path) -> Iterator[File]:
        manifest = folder / evidence.MANIFEST
        if not manifest.is_file() or sha256_of(manifest) != self.sha256:
            message = f"{self.name}: {evidence.MANIFEST} is not on the disk as it was sealed; run citymod verify"
            raise NotAsSealed(message)
        hashes = {each["name"]: each["sha256"] for each in json.loads(manifest.read_bytes())["files"]}
        hashes[evidence.MANIFEST] = self.sha256
        sums = folder / evidence.SUMS
        if sums.is_file():
            hashes[evidence.SUMS] = sha256_of(sums)  # says the same as the manifest; verify compares the two
        for name, sha256 in hashes.items():
            yield File(file=folder / name, path=f"{EVIDENCE}/{self.folder}/{name}", sha256=sha256)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """A unit that could not be copied, though the bucket answers."""

    name: str
    attempts: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How copying stands: units that wait and that failed by themselves, and since when and why the bucket fails."""

    waiting: int
    stuck: tuple[Stuck, ...]
    failures: int
    failing_since: datetime | None
    not_before: datetime | None
    why: str | None


# What waits -----------------------------------------------------------------------------------------------------------


def take_in(tx: Tx, bucket: str, *, with_media: bool, now: datetime) -> int:
    """Enter what was sealed and fetched since the bucket's mark; give how much."""
    through = tx.execute(select(_mark.through_seq).where(_mark.bucket == bucket)).scalar_one_or_none()
    if through is None:
        tx.execute(insert(tables.copy_mark).values(bucket=bucket, through_seq=0, failures=0))
    _, head = ledger.kept_head(tx)
    sealed, kept = tables.evidence.c, tables.media.c
    names = [of_evidence(id_) for id_ in tx.execute(select(sealed.id).where(sealed.entry > (through or 0))).scalars()]
    if with_media:
        fetched = select(kept.sha256).where(kept.entry > (through or 0), kept.sha256.is_not(None)).distinct()
        names += [of_media(sha256) for sha256 in tx.execute(fetched).scalars()]
    known = _known(tx, bucket, names) if through else set()
    rows = [{"bucket": bucket, "unit": name, "since": now, "attempts": 0} for name in names if name not in known]
    if rows:
        tx.execute(insert(tables.copy_due), rows)
    if rows or not through:
        tx.execute(update(tables.copy_mark).where(_mark.bucket == bucket).values(through_seq=head))
    return len(rows)


def _known(tx: Tx, bucket: str, names: Sequence[str], *, waiting: bool = True) -> set[str]:
    """Those of these units that are copied, or (with `waiting`) wait: one picture may come with many comments."""
    found: set[str] = set()
    for at in range(0, len(names), ledger.PAGE):
        some = names[at : at + ledger.PAGE]
        if waiting:
            found |= set(tx.execute(select(_due.unit).where(_due.bucket == bucket, _due.unit.in_(some))).scalars())
        there = select(_copied.unit).where(_copied.bucket == bucket, _copied.unit.in_(some))
        found |= set(tx.execute(there).scalars())
    return found


def due(tx: Tx, bucket: str, now: datetime, limit: int) -> list[Unit]:
    """Give what is to be copied now, the longest awaited first. Media that was destroyed meanwhile waits no more."""
    ready = or_(_due.not_before.is_(None), _due.not_before <= now)
    query = select(_due.unit, _due.attempts).where(_due.bucket == bucket, ready).order_by(_due.since, _due.unit)
    found = [_unit(tx, row.unit, row.attempts) for row in tx.execute(query.limit(limit)).all()]
    waiting = []
    for unit in found:
        if _is_on_record(tx, unit):
            waiting.append(unit)
        else:
            _forget(tx, bucket, unit)
    return waiting


def _unit(tx: Tx, name: str, attempts: int) -> Unit:
    kind, _, id_ = name.partition("/")
    if kind == MEDIA:
        return Unit(name=name, sha256=id_, attempts=attempts)
    row = tx.execute(select(tables.evidence).where(tables.evidence.c.id == id_)).one()
    return Unit(name=name, sha256=row.manifest, ref=row.ref, folder=row.folder, attempts=attempts)


def retry_now(tx: Tx, bucket: str) -> None:
    """Let everything that waits for another try be due at once."""
    tx.execute(update(tables.copy_due).where(_due.bucket == bucket).values(not_before=None))
    tx.execute(update(tables.copy_mark).where(_mark.bucket == bucket).values(not_before=None))


def _is_on_record(tx: Tx, unit: Unit) -> bool:
    table = tables.media.c
    return unit.folder is not None or tx.execute(select(1).where(table.sha256 == unit.sha256)).first() is not None


def _forget(tx: Tx, bucket: str, unit: Unit) -> None:
    tx.execute(delete(tables.copy_due).where(_due.bucket == bucket, _due.unit == unit.name))


def of_evidence(id_: str) -> str:
    """The name of the unit that a piece of evidence is."""
    return f"{EVIDENCE}/{id_}"


def of_media(sha256: str) -> str:
    """The name of the unit that a media file is."""
    return f"{MEDIA}/{sha256}"


def _media_path(sha256: str) -> str:
    return f"{MEDIA}/{sha256[:2]}/{sha256}"


# What happened --------------------------------------------------------------------------------------------------------


def conclude(tx: Tx, bucket: str, unit: Unit, stored: Sequence[tuple[File, Held]], now: datetime) -> None:
    """Record that every file of a unit lies in the bucket, was read back and is locked."""
    if _known(tx, bucket, [unit.name], waiting=False):  # somebody else copied it meanwhile
        _forget(tx, bucket, unit)
        return
    rows: list[dict[str, Any]] = [
        {"bucket": bucket, "key": held.key, "version": held.version, "unit": unit.name, "path": file.path}
        | {"sha256": file.sha256, "size": held.size, "mode": held.mode, "retain_until": held.retain_until, "at": now}
        for file, held in stored
    ]
    until = min(held.retain_until for _, held in stored if held.retain_until)
    ledger.append(
        tx,
        kind="copy.stored",
        ref=unit.ref,
        agent=ledger.DAEMON,
        at=now,
        detail={"unit": unit.name, "bucket": bucket, "files": len(rows), "until": f"{until:%Y-%m-%d}"},
        rows=[(tables.copied, row) for row in rows],
    )
    _forget(tx, bucket, unit)


def unit_failed(  # noqa: PLR0913  where, what, why, and when
    tx: Tx, bucket: str, unit: Unit, why: str, *, until: datetime, now: datetime
) -> None:
    """Note that one unit could not be copied, and when it is tried again."""
    values = {"attempts": unit.attempts + 1, "not_before": until, "why": why}
    tx.execute(update(tables.copy_due).where(_due.bucket == bucket, _due.unit == unit.name).values(**values))
    if unit.attempts % TOLD_EACH == 0:
        said = {"key": unit.name, "bucket": bucket, "why": why}
        ledger.append(tx, kind="copy.failed", ref=unit.ref, agent=ledger.DAEMON, at=now, detail=said)


def bucket_failed(tx: Tx, bucket: str, why: str, *, until: datetime, now: datetime) -> None:
    """Note that the bucket as a whole takes nothing, and when it is asked again."""
    stands = standing(tx, bucket)
    values = {"failures": stands.failures + 1, "failing_since": stands.failing_since or now, "not_before": until}
    tx.execute(update(tables.copy_mark).where(_mark.bucket == bucket).values(**values, why=why))
    if stands.failures % TOLD_EACH == 0:
        said = {"bucket": bucket, "why": why}
        ledger.append(tx, kind="copy.failed", agent=ledger.DAEMON, at=now, detail=said)


def bucket_answers(tx: Tx, bucket: str, now: datetime) -> None:
    """Note that the bucket takes files again, if it did not before."""
    if standing(tx, bucket).failures:
        cleared = {"failures": 0, "failing_since": None, "not_before": None, "why": None}
        tx.execute(update(tables.copy_mark).where(_mark.bucket == bucket).values(**cleared))
        ledger.append(tx, kind="copy.answers", agent=ledger.DAEMON, at=now, detail={"bucket": bucket})


# What is known --------------------------------------------------------------------------------------------------------


def standing(tx: Tx, bucket: str) -> Standing:
    """Tell how copying into a bucket stands."""
    mark = tx.execute(select(tables.copy_mark).where(_mark.bucket == bucket)).one_or_none()
    waiting = tx.execute(select(func.count()).select_from(tables.copy_due).where(_due.bucket == bucket)).scalar_one()
    failed = (
        select(_due.unit, _due.attempts, _due.why)
        .where(_due.bucket == bucket, _due.why.is_not(None))
        .order_by(_due.since)
    )
    return Standing(
        waiting=waiting,
        stuck=tuple(Stuck(name=row.unit, attempts=row.attempts, why=row.why) for row in tx.execute(failed)),
        failures=mark.failures if mark else 0,
        failing_since=mark.failing_since if mark else None,
        not_before=mark.not_before if mark else None,
        why=mark.why if mark else None,
    )


def tally(tx: Tx, bucket: str) -> tuple[int, int, datetime | None]:
    """Count the files in a bucket and their bytes, and give the first day on which one of the locks ends."""
    query = select(func.count(), func.coalesce(func.sum(_copied.size), 0), func.min(_copied.retain_until))
    files, size, until = tx.execute(query.where(_copied.bucket == bucket)).one()
    return files, size, until


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """How many of some files lie in a bucket, and when the last of their locks ends."""

    bucket: str
    files: int
    until: datetime


def of_files(tx: Tx, hashes: Collection[str]) -> list[Copied]:
    """Tell in which buckets these media files lie: what is destroyed here stays there until its lock ends."""
    found: dict[str, Copied] = {}
    for sha256 in sorted(hashes):
        for row in tx.execute(select(_copied.bucket, _copied.retain_until).where(_copied.unit == of_media(sha256))):
            there = found.get(row.bucket)
            until = max(there.until, row.retain_until) if there else row.retain_until
            found[row.bucket] = Copied(bucket=row.bucket, files=there.files + 1 if there else 1, until=until)
    return list(found.values())


def of_unit(tx: Tx, name: str) -> list[Any]:
    """The rows of the files of a unit, those of the last copy if it was copied more than once."""
    rows = tx.execute(select(tables.copied).where(_copied.unit == name).order_by(_copied.entry, _copied.path)).all()
    return [row for row in rows if row.entry == rows[-1].entry]


def units(tx: Tx) -> set[str]:
    """Every unit that lies in a bucket."""
    return set(tx.execute(select(_copied.unit).distinct()).scalars())


def page(tx: Tx, bucket: str, after: tuple[str, str], limit: int) -> list[Any]:
    """Give the next files on record as stored in a bucket, in the order of key and version."""
    key, version = after
    further = or_(_copied.key > key, and_(_copied.key == key, _copied.version > version))
    query = select(tables.copied).where(_copied.bucket == bucket, further).order_by(_copied.key, _copied.version)
    return list(tx.execute(query.limit(limit)).all())


def problem(bucket: Bucket, row: Any, *, read: bool) -> str | None:
    """Say what is wrong with one file that is recorded as stored; None if it lies there as it should.

    Its size, lock and (where the bucket says one) checksum are compared; with `read` its bytes. Raises
    BucketUnavailable.
    """
    held = bucket.look(row.key, row.version)
    if held is None:
        return "it is not there any more"
    differs = held.size != row.size or held.sha256 not in {None, row.sha256}
    if differs or (read and bucket.sha256_of(held) != row.sha256):
        return "it is not as it was stored"
    if held.mode is None or held.retain_until is None or held.retain_until < row.retain_until:
        return f"it is not locked until {row.retain_until:%Y-%m-%d} any more"
    newest = bucket.look(row.key)
    if newest is None:
        return f"somebody marked it as deleted; the version that was stored ({row.version}) is still there"
    if newest.version != row.version:
        return f"somebody laid another version over it; the one that was stored ({row.version}) is still there"
    return None


def fetch(bucket: Bucket, rows: Sequence[Any], target: Path) -> list[str]:
    """Write the files of a unit into the new folder `target`, for its owner's eyes; name those not as sealed.

    Raises BucketUnavailable, also for a file that is not there any more, and OSError.
    """
    wrong = []
    target.mkdir(mode=0o700, parents=True)
    for row in rows:
        held = bucket.look(row.key, row.version)
        if held is None:
            message = f"{row.path} is not in {bucket.place.name} any more"
            raise BucketUnavailable(message)
        name = row.path.split("/", _ABOVE[row.unit.partition("/")[0]])[-1]
        file = target / name
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600, exist_ok=False)
        bucket.fetch(held, file)
        if sha256_of(file) != row.sha256:
            wrong.append(name)
    return wrong
