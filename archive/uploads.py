"""Pictures that staff took of a comment with their own hands, kept as they came and sealed with the evidence.

The bytes are never touched: what a camera or phone wrote into a file stays in it. A picture belongs to one wording of
one comment, and shows it ``before`` anything was done or ``after``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, select

from archive import ledger, tables
from archive.capture import Capture, Step
from archive.stored import utc_text
from bot.domain.types import Quality

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from archive.database import Tx
    from bot.domain.types import Agent, Ref

FOLDER = "staff"
"""Where such pictures lie in a folder of evidence."""
MOST_BYTES = 20 * 1024 * 1024
BEFORE = "before"
AFTER = "after"
_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
)
_ENDINGS = {"image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ".webp"}

_upload = tables.upload.c


class NoPicture(ValueError):
    """A file that is to be a screenshot is none, is empty or is too large. The text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture as somebody handed it in: the name it had, its kind (a media type) and its bytes."""

    name: str
    kind: str
    body: bytes = field(repr=False)

    @classmethod
    def of(cls, name: str, body: bytes) -> Picture:
        """Take a PNG, JPEG, GIF or WebP picture, told by its first bytes. Raises `NoPicture` for anything else."""
        kind = next((kind for beginning, kind in _BEGINNINGS if body.startswith(beginning)), "")
        if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
            kind = "image/webp"
        if not kind:
            message = f"{name} is no PNG, JPEG, GIF or WebP picture; take a screenshot and hand that in"
            raise NoPicture(message)
        if len(body) > MOST_BYTES:
            message = f"{name} has {len(body)} bytes, and {MOST_BYTES} are the most"
            raise NoPicture(message)
        return cls(name=name, kind=kind, body=body)

    @property
    def sha256(self) -> str:
        """The hash of the bytes (hex)."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A picture on record: when it was taken, as far as its bringer says, who brought it, and when."""

    picture: Picture
    seen_at: datetime
    agent: Agent
    kept_at: datetime


def keep(  # noqa: PLR0913  of what, what, for what, by whom and when
    tx: Tx,
    ref: Ref,
    revision: str,
    pictures: tuple[Picture, ...],
    *,
    purpose: str,
    seen_at: datetime,
    agent: Agent,
    now: datetime,
) -> int:
    """Keep pictures of one wording; give how many were not there yet. The same picture again is a no-op."""
    known = {each.picture.sha256 for each in of(tx, ref, revision, purpose)}
    fresh = {each.sha256: each for each in pictures if each.sha256 not in known}
    for sha256, each in fresh.items():
        row = {
            "ref": ref,
            "revision": revision,
            "purpose": purpose,
            "sha256": sha256,
            "name": each.name,
            "kind": each.kind,
            "body": each.body,
            "seen_at": seen_at,
            "agent": agent,
            "kept_at": now,
        }
        ledger.append(
            tx,
            kind="upload.kept",
            ref=ref,
            agent=agent,
            at=now,
            detail={"revision": revision, "purpose": purpose, "picture": sha256, "bytes": len(each.body)},
            rows=[(tables.upload, row)],
        )
    return len(fresh)


def of(tx: Tx, ref: Ref, revision: str, purpose: str = BEFORE) -> list[Upload]:
    """Give the pictures of one wording that were brought for that purpose, in the order in which they came."""
    query = select(tables.upload).where(_upload.ref == ref, _upload.revision == revision, _upload.purpose == purpose)
    return [_read(row) for row in tx.execute(query.order_by(_upload.entry))]


def there(tx: Tx, ref: Ref, revision: str, purpose: str = BEFORE) -> bool:
    """Whether there is any picture of one wording for that purpose."""
    query = select(1).where(_upload.ref == ref, _upload.revision == revision, _upload.purpose == purpose)
    return tx.execute(query.limit(1)).first() is not None


def lay_beside(capture: Capture, uploads: list[Upload], into: Path) -> Capture:
    """Lay staff's pictures into the folder of a capture and say so in it; without any the capture is not full."""
    (into / FOLDER).mkdir(exist_ok=True)
    steps: list[Step] = []
    said: dict[str, str] = {}
    for number, upload in enumerate(uploads, start=1):
        picture = upload.picture
        name = f"{FOLDER}/{number}{_ENDINGS[picture.kind]}"
        (into / name).write_bytes(picture.body)
        detail = (
            f"{picture.name}, taken {utc_text(upload.seen_at)} as its bringer says, brought by {upload.agent} "
            f"{utc_text(upload.kept_at)}, SHA-256 {picture.sha256}"
        )
        said[name] = detail
        steps.append(Step(source="staff", name="picture", ok=True, seconds=0.0, detail=detail))
    if not uploads:
        missing = "no member of staff has brought a picture of this wording"
        steps.append(Step(source="staff", name="picture", ok=False, seconds=0.0, detail=missing))
    return replace(
        capture,
        quality=capture.quality if uploads else Quality.PARTIAL,
        source="staff" if uploads else capture.source,
        steps=(*capture.steps, *steps),
        conditions={**capture.conditions, "source": "staff" if uploads else capture.source, **said},
    )


def _read(row: Row[Any]) -> Upload:
    picture = Picture(name=row.name, kind=row.kind, body=row.body)
    return Upload(picture=picture, seen_at=row.seen_at, agent=row.agent, kept_at=row.kept_at)
