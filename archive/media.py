"""Pictures and other files that came with posts and comments: fetched while they are there, and kept by their hash.

Platforms sign the addresses of files for a few days and forget them with the comment, so a file is fetched as soon as
what it came with is recorded. The bytes lie in the media store as ``ab/abcdef…``, named for their SHA-256; the table
`media` has a row for every file of every wording: the hash, or the reason why there is no file. What is still to be
fetched waits in `media_due`, entered in the transaction that records the wording, so that nothing is forgotten.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, insert, or_, select, update

from archive import ledger, tables
from archive.files import sha256_of, sync
from bot.domain.types import Attachment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import ColumnElement, Row

    from archive.database import Tx
    from bot.domain.types import Ref

NOT_FILES = frozenset({"link"})
"""Kinds of attachments that only lead elsewhere. Nothing outside of the platform is ever fetched."""

FILE_MODE = 0o400
_due, _media = tables.media_due.c, tables.media.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A file that is still to be fetched, of one wording of a post or comment. `attempts` counts those that failed."""

    ref: Ref
    revision: str
    attachment: Attachment
    account: str
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What became of one file: its hash (SHA-256, hex), media type and size in bytes; or why there is none.

    `tried`: the platform was asked for it. It is not where no program can fetch files, which is nobody's failure.
    """

    sha256: str | None = None
    kind: str | None = None
    size: int = 0
    why: str | None = None
    tried: bool = True


def expect(tx: Tx, account: str, ref: Ref, revision: str, attachments: Iterable[Attachment]) -> None:
    """Note that the files of a wording are to be fetched, in the transaction that records the wording."""
    files = {one.id: one for one in attachments if one.url and one.kind not in NOT_FILES}
    rows = [
        {"ref": ref, "revision": revision, "attachment": one.id, "kind": one.kind, "url": one.url, "alt": one.alt}
        | {"account": account, "attempts": 0}
        for one in files.values()
    ]
    if rows:
        tx.execute(insert(tables.media_due), rows)


def due(tx: Tx, account: str, now: datetime, limit: int) -> list[Due]:
    """Give what is to be fetched on an account now, the longest awaited first."""
    query = select(tables.media_due).where(_due.account == account)
    ready = query.where(or_(_due.not_before.is_(None), _due.not_before <= now))
    return [_read(row) for row in tx.execute(ready.order_by(_due.number).limit(limit))]


def due_of(tx: Tx, ref: Ref, revision: str) -> list[Due]:
    """Give what is still to be fetched of one wording, whether its time has come or not."""
    query = select(tables.media_due).where(_due.ref == ref, _due.revision == revision).order_by(_due.number)
    return [_read(row) for row in tx.execute(query)]


def store(root: Path, body: bytes) -> str:
    """Write bytes into the media store and give their SHA-256 (hex). What is there already is left as it is.

    Raises OSError if the disk does not do it. A file under its final name is whole.
    """
    sha256 = hashlib.sha256(body).hexdigest()
    path = file_of(root, sha256)
    if path.exists():
        return sha256
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{sha256}.{secrets.token_hex(4)}")
    with draft.open("xb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    draft.chmod(FILE_MODE)
    draft.rename(path)
    sync(path.parent)
    return sha256


def file_of(root: Path, sha256: str) -> Path:
    """Where the media store keeps bytes of this hash."""
    return root / sha256[:2] / sha256


def conclude(tx: Tx, one: Due, kept: Kept, now: datetime) -> None:
    """Record what became of a file: it lies in the media store, or is not to be had and not asked for again.

    Once; somebody else may have done so meanwhile.
    """
    if not tx.execute(delete(tables.media_due).where(_is(one))).rowcount:
        return
    row = {"ref": one.ref, "revision": one.revision, "attachment": one.attachment.id, "at": now}
    row |= {"sha256": kept.sha256, "kind": kept.kind, "size": kept.size, "why": kept.why}
    ledger.append(
        tx,
        kind="media.kept" if kept.sha256 else "media.missed" if kept.tried else "media.left",
        ref=one.ref,
        agent=ledger.DAEMON,
        at=now,
        detail={"attachment": one.attachment.id, "revision": one.revision, "sha256": kept.sha256, "why": kept.why},
        rows=[(tables.media, row)],
    )


def later(tx: Tx, wanted: Due, until: datetime) -> None:
    """Note that fetching failed and is to be tried again."""
    tx.execute(update(tables.media_due).where(_is(wanted)).values(attempts=_due.attempts + 1, not_before=until))


def of(tx: Tx, ref: Ref, revision: str) -> dict[str, Kept]:
    """Give what became of the files of one wording, by the attachment's identifier; what is still due is not there."""
    rows = tx.execute(select(tables.media).where(_media.ref == ref, _media.revision == revision))
    return {row.attachment: Kept(sha256=row.sha256, kind=row.kind, size=row.size, why=row.why) for row in rows}


def remove(root: Path, hashes: Iterable[str]) -> int:
    """Delete files that nothing on record names any more, after what named them was destroyed; count them."""
    there = [file for file in (file_of(root, sha256) for sha256 in hashes) if file.is_file()]
    for file in there:
        file.unlink()
        sync(file.parent)
    return len(there)


def problems(root: Path, hashes: Mapping[str, int]) -> list[str]:
    """Compare files of the media store with the hashes and sizes on record; say what is wrong."""
    found = []
    for sha256, size in hashes.items():
        path = file_of(root, sha256)
        if not path.is_file():
            found.append(f"media {sha256}: the file is missing")
        elif path.stat().st_size != size or sha256_of(path) != sha256:
            found.append(f"media {sha256}: the file is not as it was fetched")
    return found


def _is(one: Due) -> ColumnElement[bool]:
    """The row of `media_due` that a file waits in."""
    return and_(_due.ref == one.ref, _due.revision == one.revision, _due.attachment == one.attachment.id)


def _read(row: Row[tuple[object, ...]]) -> Due:
    attachment = Attachment(id=row.attachment, kind=row.kind, url=row.url, alt=row.alt)
    return Due(ref=row.ref, revision=row.revision, attachment=attachment, account=row.account, attempts=row.attempts)
