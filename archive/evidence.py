"""Seals what was captured: everything that belongs to it, a manifest of hashes, then read-only and under its own name.

A sealed folder lies under ``YYYY/MM/<id>/`` of the evidence store (UTC, time of the capture) and holds

=================  ====================================================================================================
``comment.png``    the picture (``comment-2.png`` and so on where one does not suffice)
``page.png``       the whole page as shown, where a page was the source
``page.mhtml``     the page as it stood there, opens in any Chromium
``page.wacz``      what servers answered (of a card: the card), opens in ReplayWeb.page; see `archive.wacz`
``page/`` …        what another source left that was tried before and did not do
``staff/`` …       pictures that staff took, byte for byte as they brought them
``comment.json``   every field of the record: who, what, when, where, under which post, in reply to what, what matched
``attachment-1.jpg`` and so on, the files that came with the comment; which is whose is in ``comment.json``
``raw.json``       the platform's own bytes, where it gave any; ``raw-post.json``, ``raw-parent-1.json`` … likewise
``transcript.txt`` everything the picture says, as text
``capture.json``   each step of the capture and the conditions
``manifest.json``  every file above with size and SHA-256
``SHA256SUMS``     the same and the manifest itself, for ``sha256sum -c SHA256SUMS``
=================  ====================================================================================================

Sealing survives a kill at any point. Until the folder is renamed into the store it is nothing but a leftover in the
spool, swept later; from then on it is whole, and sealing under the same name again gives it back.
"""

from __future__ import annotations

import errno
import hashlib
import json
import mimetypes
import re
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from archive import card, ledger, tables, uploads
from archive.capture_job import PICTURE
from archive.files import sha256_of, sums, sync
from archive.stored import read_utc, utc_text
from bot.domain.types import Evidence, Quality, Ref

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Row

    from archive.capture import Capture
    from archive.database import Tx
    from archive.subject import Attached, Subject
    from bot.domain.types import Attachment, Author, Comment, Post

FORMAT = "citymod evidence 1"
MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
NOT_AVAILABLE = "not available"
FILE_MODE = 0o400
FOLDER_MODE = 0o500
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class SealBroken(Exception):
    """Something cannot be sealed, or was sealed under this name and is not what it was. A person must look."""


def seal(  # noqa: PLR0913  what is sealed, where, under which name, and when
    spool: Path,
    store: Path,
    *,
    id: str,  # noqa: A002  the evidence's own word for it
    subject: Subject,
    capture: Capture,
    now: datetime,
    head: str | None = None,
) -> Evidence:
    """Seal the files of a capture in `spool` and move them into `store`. Both must be on one filesystem.

    Evidence that was sealed under this `id` before, of the same wording and unchanged, is given back as it is, and
    `spool` is removed: look at its `quality`, not at the capture's. `head` is the ledger's last line (``seq:hash``),
    kept in the manifest so that a ledger cut short shows. Raises SealBroken, and OSError if the disk does not do it.
    """
    if not _NAME.fullmatch(id):
        message = f"evidence cannot be called {id!r}: letters, digits, dots and dashes only"
        raise SealBroken(message)
    if (sealed := _find(store, id)) is not None:
        shutil.rmtree(spool, ignore_errors=True)
        return _sealed_before(store, sealed, subject)
    _write_parts(spool, subject, capture)
    _write_manifest(spool, id, subject, capture, now, head)
    for path in _files(spool):
        path.chmod(FILE_MODE)
        sync(path)
    _sync_folders(spool)
    folder = store / f"{capture.captured_at.astimezone(UTC):%Y/%m}" / id
    try:
        _move(spool, folder, store)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        shutil.rmtree(spool)  # another daemon took this one for dead, and has sealed the same meanwhile
        return _sealed_before(store, folder, subject)
    return _read(store, folder)


def record(tx: Tx, evidence: Evidence, now: datetime) -> None:
    """Write sealed evidence into the database, with the line that vouches for it. Only then does it count."""
    ledger.append(
        tx,
        kind="evidence.sealed",
        ref=evidence.ref,
        agent=ledger.DAEMON,
        at=now,
        detail={
            "evidence": evidence.id,
            "revision": evidence.revision,
            "quality": evidence.quality,
            "manifest": evidence.manifest,
        },
        rows=[
            (
                tables.evidence,
                {
                    "id": evidence.id,
                    "ref": evidence.ref,
                    "revision": evidence.revision,
                    "captured_at": evidence.captured_at,
                    "quality": evidence.quality,
                    "folder": evidence.folder,
                    "manifest": evidence.manifest,
                    "conditions": dict(evidence.conditions),
                },
            )
        ],
    )


def count(tx: Tx, ref: Ref, revision: str) -> int:
    """How many times this wording has been captured, sealed and recorded."""
    table = tables.evidence
    query = select(func.count()).where(table.c.ref == ref, table.c.revision == revision)
    return int(tx.execute(query).scalar_one())


def all_of(tx: Tx, ref: Ref) -> list[Evidence]:
    """Everything that was ever sealed of a comment and recorded, oldest first."""
    table = tables.evidence
    return [_recorded(row) for row in tx.execute(select(table).where(table.c.ref == ref).order_by(table.c.entry))]


def latest(tx: Tx, ref: Ref) -> Evidence | None:
    """What was sealed of a comment last, if anything was."""
    return next(reversed(all_of(tx, ref)), None)


def by_id(tx: Tx, id: str) -> Evidence:  # noqa: A002  the evidence's own word for it
    """Give one piece of evidence on record. Raises LookupError if there is none of that name."""
    row = tx.execute(select(tables.evidence).where(tables.evidence.c.id == id)).one_or_none()
    if row is None:
        message = f"there is no evidence {id}"
        raise LookupError(message)
    return _recorded(row)


def named(tx: Tx, name: str) -> Evidence | None:
    """Give evidence by its identifier, or else what was sealed last of the case that is called so; None if neither."""
    if name.count(":") > 1:
        return latest(tx, Ref.parse(name))
    row = tx.execute(select(tables.evidence).where(tables.evidence.c.id == name)).one_or_none()
    return _recorded(row) if row else None


def _recorded(row: Row[Any]) -> Evidence:
    return Evidence(**{name: value for name, value in row._mapping.items() if name != "entry"})  # noqa: SLF001


def check(root: Path, evidence: Evidence) -> list[str]:
    """Compare a sealed folder under `root` with its manifest, and the manifest with the row; name what is wrong."""
    folder = root / evidence.folder
    manifest = folder / MANIFEST
    if not manifest.is_file():
        return [f"evidence {evidence.id}: {evidence.folder}/{MANIFEST} is missing"]
    if sha256_of(manifest) != evidence.manifest:
        return [f"evidence {evidence.id}: {MANIFEST} is not the one that was sealed, so no file can be checked"]
    said = json.loads(manifest.read_bytes())
    row = {"id": evidence.id, "ref": str(evidence.ref), "revision": evidence.revision, "quality": evidence.quality}
    problems = [f"{MANIFEST} says another {name} than the row" for name, value in row.items() if said[name] != value]
    problems += _file_problems(folder, {entry["name"]: entry for entry in said["files"]})
    return [f"evidence {evidence.id}: {problem}" for problem in problems]


def picture(store: Path, evidence: Evidence) -> Path:
    """The picture of the comment, to be mailed and shown."""
    return store / evidence.folder / PICTURE


def staff_pictures(store: Path, evidence: Evidence) -> list[Path]:
    """The pictures that staff brought, if any were sealed with it, in their order."""
    return sorted((store / evidence.folder / uploads.FOLDER).glob("*"), key=lambda path: int(path.stem))


def transcript(store: Path, evidence: Evidence) -> str:
    """Everything the picture says, as text."""
    return (store / evidence.folder / "transcript.txt").read_text(encoding="utf-8")


def sweep(spool_root: Path, now: datetime, *, older_than: timedelta = timedelta(hours=1)) -> list[str]:
    """Remove what was captured and never sealed, because somebody pulled the plug; give the names of what went.

    Nothing is lost by it: the case still stands where it was, and the next pass captures anew.
    """
    limit = (now - older_than).timestamp()
    left = (
        [path for path in sorted(spool_root.iterdir()) if path.stat().st_mtime <= limit] if spool_root.is_dir() else []
    )
    for path in left:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return [path.name for path in left]


# ------------------------------------------------------------------------------------------------ what goes in


def _write_parts(spool: Path, subject: Subject, capture: Capture) -> None:
    """Write everything but manifest and sums. What an earlier attempt left under these names is replaced."""
    raw = {"raw.json": subject.comment.raw, "raw-post.json": subject.post.raw}
    raw |= {f"raw-parent-{number}.json": parent.raw for number, parent in enumerate(subject.thread, start=1)}
    for name, data in raw.items():
        if data:
            _write(spool / name, data)
    for name, one in _attached_files(subject):
        _write(spool / name, _unaltered(one))
    _write(spool / "comment.json", _json(_comment_fields(subject, capture)))
    _write(spool / "capture.json", _json(_capture_fields(capture)))
    words = card.transcript(subject, said=capture.conditions["rendition"], now=capture.captured_at)
    _write(spool / "transcript.txt", words.encode())


def _write_manifest(  # noqa: PLR0913  the manifest names them all
    spool: Path,
    id: str,  # noqa: A002  as in `seal`
    subject: Subject,
    capture: Capture,
    now: datetime,
    head: str | None,
) -> None:
    for name in (MANIFEST, SUMS):
        (spool / name).unlink(missing_ok=True)
    files = [
        {"name": path.relative_to(spool).as_posix(), "bytes": path.stat().st_size, "sha256": sha256_of(path)}
        for path in _files(spool)
    ]
    manifest = {
        "format": FORMAT,
        "id": id,
        "ref": str(subject.comment.ref),
        "revision": subject.comment.revision,
        "captured_at": utc_text(capture.captured_at),
        "sealed_at": utc_text(now),
        "quality": capture.quality,
        "source": capture.source,
        "tool": capture.conditions["tool"],
        "ledger_head": head or "not given",
        "files": files,
    }
    _write(spool / MANIFEST, _json(manifest))
    _write(spool / SUMS, _sums(manifest, sha256_of(spool / MANIFEST)))


def _sums(manifest: dict[str, Any], sha256: str) -> bytes:
    """The lines that ``sha256sum -c`` reads; the manifest last."""
    listed = [(entry["name"], entry["sha256"]) for entry in manifest["files"]]
    return sums([*listed, (MANIFEST, sha256)]).encode()


def _comment_fields(subject: Subject, capture: Capture) -> dict[str, Any]:
    comment = subject.comment
    account = subject.account
    times = card.times(subject, capture.captured_at)
    return {
        "platform": comment.ref.platform,
        "account": {"id": account.id, "name": account.name},
        **_item_fields(comment),
        "revision": comment.revision,
        "raw": "raw.json" if comment.raw else NOT_AVAILABLE,
        "files": [
            *({"attachment": one.attachment.id, "file": name} for name, one in _attached_files(subject)),
            *({"attachment": one.attachment.id, "file": f"none: {one.why}"} for one in subject.attached if one.why),
        ],
        "speaker": comment.speaker,
        "visibility": comment.visibility,
        "times": [{"what": label, "city": local, "utc": universal} for label, local, universal in times],
        "time_zone": subject.zone,
        "post": _item_fields(subject.post),
        "parent": str(comment.parent) if comment.parent else None,
        "thread": [{**_item_fields(parent), "revision": parent.revision} for parent in subject.thread],
        "decided": {
            "clause": subject.ground.title,
            "clause_text": subject.ground.quoted,
            "by": subject.ground.agent.name,
            "why": subject.ground.why,
            "counsel": subject.ground.counsel or None,
        }
        if subject.ground
        else None,
        "findings": [
            {
                "rule": finding.rule,
                "clause": finding.clause,
                "clause_text": finding.clause_text,
                "start": finding.start,
                "end": finding.end,
                "excerpt": finding.excerpt,
                "matcher": finding.matcher,
            }
            for finding in subject.findings
        ],
    }


def _attached_files(subject: Subject) -> Iterator[tuple[str, Attached]]:
    """The names that the comment's files have in the folder, those that there are."""
    for number, one in enumerate(subject.attached, start=1):
        if one.file is not None:
            yield f"attachment-{number}{mimetypes.guess_extension(one.kind) or '.bin'}", one


def _unaltered(one: Attached) -> bytes:
    """The bytes of a kept file. Raises SealBroken if they are not those that were fetched."""
    data = one.file.read_bytes() if one.file and one.file.is_file() else b""
    if hashlib.sha256(data).hexdigest() != one.sha256:
        message = f"the kept file of attachment {one.attachment.id} is not as it was fetched; run citymod verify"
        raise SealBroken(message)
    return data


def _item_fields(item: Comment | Post) -> dict[str, Any]:
    return {
        "ref": str(item.ref),
        "author": _author_fields(item.author),
        "text": item.text,
        "posted_at": utc_text(item.posted_at),
        "url": item.url,
        "attachments": [_attachment_fields(attachment) for attachment in item.attachments],
    }


def _author_fields(author: Author) -> dict[str, str]:
    """AR 1-27 5.C.1.f: identity of the user when available. What is not, is said."""
    fields = {"id": author.id, "name": author.name, "handle": author.handle, "url": author.url}
    return {name: value or NOT_AVAILABLE for name, value in fields.items()}


def _attachment_fields(attachment: Attachment) -> dict[str, str]:
    fields = {"id": attachment.id, "kind": attachment.kind, "url": attachment.url, "alt": attachment.alt}
    return {name: value or NOT_AVAILABLE for name, value in fields.items()}


def _capture_fields(capture: Capture) -> dict[str, Any]:
    return {
        "quality": capture.quality,
        "source": capture.source,
        "captured_at": utc_text(capture.captured_at),
        "steps": [
            {"source": step.source, "step": step.name, "ok": step.ok, "seconds": step.seconds, "detail": step.detail}
            for step in capture.steps
        ],
        "conditions": dict(capture.conditions),
    }


def _json(value: object) -> bytes:
    """JSON to be read by people. Half a surrogate pair, which UTF-8 does not have, becomes its JSON escape."""
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


# ------------------------------------------------------------------------------------------------ on the disk


def _write(path: Path, data: bytes) -> None:
    """Write a file anew; one that an earlier attempt left may be read-only."""
    path.unlink(missing_ok=True)
    path.write_bytes(data)


def _files(folder: Path) -> list[Path]:
    """Every file in the folder and below, in order of name. SealBroken for anything that is neither file nor folder."""
    paths = sorted(folder.rglob("*"))
    odd = [path for path in paths if path.is_symlink() or not (path.is_file() or path.is_dir())]
    if odd:
        message = f"{odd[0]} is neither a file nor a folder"
        raise SealBroken(message)
    return [path for path in paths if path.is_file()]


def _move(spool: Path, folder: Path, store: Path) -> None:
    """Give the folder its place in one step, make it read-only and the change durable."""
    made = [parent for parent in (folder.parent, folder.parent.parent) if not parent.exists()]
    folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        spool.rename(folder)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        message = f"spool {spool.parent} and evidence store {store} must be on one filesystem"
        raise SealBroken(message) from error
    _lock(folder)
    for changed in (folder, folder.parent, *(parent.parent for parent in made)):
        sync(changed)


def _lock(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        if path.is_dir():
            path.chmod(FOLDER_MODE)


def _sync_folders(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        if path.is_dir():
            sync(path)


def _find(store: Path, name: str) -> Path | None:
    return next((path for path in store.glob(f"[0-9][0-9][0-9][0-9]/[0-9][0-9]/{name}")), None)


def _sealed_before(store: Path, folder: Path, subject: Subject) -> Evidence:
    """Give back what was sealed under this name before, if it is what it should be."""
    _lock(folder)
    evidence = _read(store, folder)
    if (evidence.ref, evidence.revision) != (subject.comment.ref, subject.comment.revision):
        message = f"{folder} holds evidence of {evidence.ref} in another wording or of another comment"
        raise SealBroken(message)
    if problems := check(store, evidence):
        message = f"{folder} was sealed before and has been changed: {'; '.join(problems)}"
        raise SealBroken(message)
    return evidence


def _read(store: Path, folder: Path) -> Evidence:
    manifest = json.loads((folder / MANIFEST).read_bytes())
    capture = json.loads((folder / "capture.json").read_bytes())
    return Evidence(
        id=manifest["id"],
        ref=Ref.parse(manifest["ref"]),
        revision=manifest["revision"],
        captured_at=read_utc(manifest["captured_at"]),
        quality=Quality(manifest["quality"]),
        folder=folder.relative_to(store).as_posix(),
        manifest=sha256_of(folder / MANIFEST),
        conditions=capture["conditions"],
    )


def _file_problems(folder: Path, listed: dict[str, dict[str, Any]]) -> Iterator[str]:
    """What is wrong with the files, but for the manifest itself, which the caller has checked."""
    there = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if not path.is_dir()}
    for name in sorted(listed.keys() - there.keys()):
        yield f"{name} is missing"
    for name in sorted(there.keys() - listed.keys() - {MANIFEST, SUMS}):
        yield f"{name} does not belong to it"
    for name in sorted(listed.keys() & there.keys()):
        path, entry = there[name], listed[name]
        if path.is_symlink() or path.stat().st_size != entry["bytes"] or sha256_of(path) != entry["sha256"]:
            yield f"{name} is not as it was sealed"
    sealed = _sums({"files": list(listed.values())}, sha256_of(folder / MANIFEST))
    if SUMS not in there:
        yield f"{SUMS} is missing"
    elif there[SUMS].read_bytes() != sealed:
        yield f"{SUMS} is not as it was sealed"
