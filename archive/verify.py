"""Checks the whole archive against itself: chain, rows, cases, orders, evidence, guards. It changes nothing.

What is found is a problem; what could not be checked is said as such and passes for neither. Reading goes page by page
in short transactions, so that the daemon may go on meanwhile: lines only ever come at the end.

What it cannot see by itself is a tail cut off everywhere at once: ledger, rows, cases, orders and evidence of the last
hours, all by somebody who knows how. Therefore line numbers and hashes leave the machine (in digests, in the manifests
of evidence); handed in as `anchors`, they are checked, too.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from archive import (
    copies,
    dispositions,
    evidence,
    guards,
    media,
    outbox,
    stamps,
    tables,
    verify_cases,
    verify_ledger,
    witnesses,
)
from archive.copies import BucketUnavailable
from archive.findings import Findings
from archive.stamps import NotProven
from bot.domain.types import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime
    from pathlib import Path

    from archive.bucket import Bucket
    from archive.database import Database, Tx

_PAGE = 500
_ANCHOR = re.compile(r"\d+:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was checked (how many of what), what is wrong, and what could not be checked, in plain words."""

    at: datetime
    checked: dict[str, int]
    problems: list[str]
    not_checked: list[str]
    since: date | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong with what could be checked."""
        return not self.problems


def verify(  # noqa: PLR0913 - what is checked, against what, and how far back
    db: Database,
    evidence_root: Path,
    media_root: Path,
    *,
    now: datetime,
    anchors: Iterable[str] = (),
    since: date | None = None,
    trusted: Mapping[str, Path] | None = None,
    bucket: Bucket | None = None,
    read_bucket: bool = False,
) -> Report:
    """Check everything, or with `since` only what was written on that day (UTC) and later, and what that is about.

    `anchors` are lines noted elsewhere, as ``number:hash`` (see `ledger.Entry.anchor`). `trusted` names for each
    time-stamping authority (by its address) the file with the certificates that are trusted to have signed its stamps.
    With a `bucket`, everything recorded as stored there is looked at, with `read_bucket` byte for byte.
    """
    found = Findings()
    first = 1
    with found.readable("database file"), db.read() as tx:
        first = witnesses.first_line_of(tx, since) if since else 1
        _file(tx, found, whole=since is None)
    with found.readable("ledger"):
        verify_ledger.check(db, first, found)
    with found.readable("cases"):
        verify_cases.check_cases(db, first, found)
    with found.readable("orders"):
        verify_cases.check_orders(db, first, found)
    noted = list(anchors)
    with found.readable("evidence"):
        noted += _evidence(db, evidence_root, first, found)
    with found.readable("media"), db.read() as tx:
        _media(tx, media_root, first, found)
    with found.readable("anchors"), db.read() as tx:
        _anchors(tx, noted, found)
    with found.readable("documents"), db.read() as tx:
        _documents(tx, first, found)
    with found.readable("digests"), db.read() as tx:
        problems, found.checked["digests"] = outbox.altered(tx, "digest", first)
        found.problems += problems
    with found.readable("dispositions"), db.read() as tx:
        problems, found.checked["tombstones"] = dispositions.problems(tx)
        found.problems += problems
    with found.readable("time stamps"), db.read() as tx:
        _stamps(tx, first, trusted or {}, found)
    with found.readable("bucket"):
        _bucket(db, bucket, found, read=read_bucket)
    return Report(
        at=now,
        checked=dict(found.checked),
        problems=found.problems,
        not_checked=list(dict.fromkeys(found.not_checked)),
        since=since,
    )


# The file and its guards ----------------------------------------------------------------------------------------------


def _file(tx: Tx, found: Findings, *, whole: bool) -> None:
    """What the database engine itself finds (which takes reading all of the file), and whether its guards stand."""
    if whole and tx.dialect.name == "sqlite":
        said = [str(row[0]) for row in tx.exec_driver_sql("PRAGMA quick_check")]
        found.problems += [f"database file: {line}" for line in said if line != "ok"]
    found.problems += [f"database: the guard {name} is missing or altered" for name in guards.missing(tx)]


# Evidence, anchors, documents -----------------------------------------------------------------------------------------


def _evidence(db: Database, root: Path, first: int, found: Findings) -> list[str]:
    """Each folder sealed from line `first` on is as its manifest says, and the manifest as the row says.

    Gives the ledger lines noted in the manifests.

    A folder that is not on record was sealed when the program was killed, or its record was taken away; the line noted
    in its manifest tells which, and is checked like all others.
    """
    manifests = sorted(root.glob(f"*/*/*/{evidence.MANIFEST}"))  # listed before the rows, which come after sealing
    with db.read() as tx:
        table = tables.evidence
        rows = tx.execute(select(table).where(table.c.entry >= first).order_by(table.c.entry)).all()
        copied = copies.units(tx)
    names = ("id", "ref", "revision", "captured_at", "quality", "folder", "manifest", "conditions")
    sealed = [Evidence(**{name: getattr(row, name) for name in names}) for row in rows]
    if sealed and not root.is_dir():
        found.not_checked.append(f"evidence: the folder {root} is not there, so no file of {len(sealed)} was checked")
        return []
    elsewhere = [one for one in sealed if copies.of_evidence(one.id) in copied and not (root / one.folder).exists()]
    found.only_in_bucket("evidence", [each.id for each in elsewhere])
    here = [each for each in sealed if each not in elsewhere]
    for each in here:
        found.problems += evidence.check(root, each)
    found.checked["evidence folders"] = len(here)
    on_record = {root / each.folder for each in sealed}
    if first > 1:
        manifests = [path for path in manifests if path.parent in on_record]
    found.checked["evidence folders not on record"] = sum(path.parent not in on_record for path in manifests)
    return [head for path in manifests if (head := _noted_in(path, found))]


def _noted_in(manifest: Path, found: Findings) -> str | None:
    """The ledger's last line when this evidence was sealed, as ``number:hash``; None if none was noted."""
    try:
        head = str(json.loads(manifest.read_bytes())["ledger_head"])
    except (ValueError, KeyError, TypeError):
        found.problems.append(f"evidence: {manifest.parent.name}/{manifest.name} is not a manifest any more")
        return None
    return head if _ANCHOR.fullmatch(head) else None


def _media(tx: Tx, root: Path, first: int, found: Findings) -> None:
    """Each file that came with a comment is there, and is as it was fetched."""
    table = tables.media.c
    rows = tx.execute(
        select(table.sha256, table.size).where(table.sha256.is_not(None), table.entry >= first).distinct()
    )
    copied = copies.units(tx)
    recorded = {row.sha256: row.size for row in rows}
    gone = {sha256 for sha256 in recorded if not media.file_of(root, sha256).exists()}
    elsewhere = [sha256 for sha256 in gone if copies.of_media(sha256) in copied]
    found.only_in_bucket("media", elsewhere)
    hashes = {sha256: size for sha256, size in recorded.items() if sha256 not in elsewhere}
    found.problems += media.problems(root, hashes)
    found.checked["media files"] = len(hashes)
    left = [sha256 for sha256 in sorted(dispositions.unfinished(tx)) if media.file_of(root, sha256).is_file()]
    found.problems += [
        f"media {sha256}: what it came with was destroyed, and the file is still there" for sha256 in left
    ]


def _bucket(db: Database, bucket: Bucket | None, found: Findings, *, read: bool) -> None:
    """Each file that is recorded as stored lies in the bucket, locked and as it was; if a bucket is given."""
    if bucket is None:
        found.not_checked += found.only_there
        return
    after, name = ("", ""), bucket.place.name
    try:
        bucket.check()
        while True:
            with db.read() as tx:
                page = copies.page(tx, name, after, _PAGE)
            for row in page:
                wrong = copies.problem(bucket, row, read=read)
                found.problems += [f"bucket {name}: {row.path}: {wrong}"] if wrong else []
            found.checked["files in the bucket"] += len(page)
            if len(page) < _PAGE:
                break
            after = (page[-1].key, page[-1].version)
    except BucketUnavailable as error:
        found.not_checked += [f"bucket: {error}", *found.only_there]


def _anchors(tx: Tx, anchors: Iterable[str], found: Findings) -> None:
    """Lines that were noted elsewhere still say the same."""
    for anchor in dict.fromkeys(anchors):
        number, _, sha256 = anchor.partition(":")
        query = select(tables.ledger.c.hash).where(tables.ledger.c.seq == int(number))
        there = tx.execute(query).scalar_one_or_none()
        if there is None:
            found.problems.append(f"ledger: line {number}, noted elsewhere as {sha256[:12]}…, is not there")
        elif there != sha256:
            found.problems.append(f"ledger: line {number} has another hash than was noted elsewhere")
        found.checked["anchors"] += 1


def _documents(tx: Tx, first: int, found: Findings) -> None:
    """Every policy and pack that a verdict cites was kept, so that the verdict can be replayed."""
    verdict = tables.verdict.c
    recent = verdict.entry >= first
    cited = {row.policy_sha256 for row in tx.execute(select(verdict.policy_sha256).where(recent).distinct())}
    for row in tx.execute(select(verdict.packs).where(recent).distinct()):
        cited |= set(row.packs.values())
    kept = set(tx.execute(select(tables.document.c.sha256)).scalars())
    found.not_checked += [
        f"documents: {sha256} is cited by verdicts and was not kept, so they cannot be replayed"
        for sha256 in sorted(cited - kept)
    ]
    found.checked["documents"] = len(cited & kept)


# Time stamps ----------------------------------------------------------------------------------------------------------


def _stamps(tx: Tx, first: int, trusted: Mapping[str, Path], found: Findings) -> None:
    """Each stamp proves the very document or manifest on record, signed by an authority that is trusted for it."""
    days = {root.subject: root.sha256 for root in witnesses.roots(tx)}
    table, sealed = tables.stamp, tables.evidence.c
    manifests = {f"evidence:{row.id}": row.manifest for row in tx.execute(select(sealed.id, sealed.manifest))}
    known = days | manifests
    for row in tx.execute(select(table).where(table.c.entry >= first).order_by(table.c.entry)):
        name = f"time stamp of {row.subject} by {row.authority}"
        stamped = known.get(row.subject)
        if row.authority not in trusted:
            found.not_checked.append(f"{name}: the settings name no certificate for that authority")
            continue
        if stamped != row.sha256:
            found.problems.append(f"{name}: it is of other bytes than those on record")
            continue
        try:
            at = stamps.stamped_at(row.answer, row.sha256, stamps.certificates(trusted[row.authority]))
        except NotProven as error:
            found.problems.append(f"{name}: {error}")
            continue
        if at != row.stamped_at:
            found.problems.append(f"{name}: it says {at}, the record {row.stamped_at}")
        found.checked["time stamps"] += 1
