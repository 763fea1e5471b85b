"""Pictures for the pages: of sealed evidence, and what came with comments. Nothing else is ever given out as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from archive import evidence as sealed_evidence
from archive import media, records, withheld
from archive.card import PICTURES
from bot.console.door import Refused
from bot.console.queue_page import ref_of

if TYPE_CHECKING:
    from pathlib import Path

    from archive.database import Tx
    from bot.console.desk import Visit
    from bot.domain.types import Ref

NONE = "There is no such picture among those that you work with."


def evidence(visit: Visit) -> Response:
    """Give the picture of a piece of evidence."""
    with visit.desk.database.read() as tx:
        found = sealed_evidence.named(tx, visit.asked("id"))
        if found is None:
            raise Refused(404, NONE)
        visit.about = ref_of(visit, str(found.ref))
        hands_off = withheld.is_withheld(tx, found.ref)
    return _given(sealed_evidence.picture(visit.desk.settings.evidence_folder, found), "image/png", hands_off=hands_off)


def attached(visit: Visit) -> Response:
    """Give a picture that came with a comment, by its place among what came with it."""
    visit.about = ref = ref_of(visit, visit.asked("ref"))
    with visit.desk.database.read() as tx:
        hands_off = withheld.is_withheld(tx, ref)
        file, kind = (None, "") if hands_off else _file(tx, visit, ref)
    if file is None:
        raise Refused(404, NONE)
    return _given(file, kind, hands_off=hands_off)


def _file(tx: Tx, visit: Visit, ref: Ref) -> tuple[Path | None, str]:
    comment = records.comment(tx, ref)
    number = visit.asked("number")
    if not number.isdigit() or int(number) >= len(comment.attachments):
        return None, ""
    kept = media.of(tx, ref, comment.revision).get(comment.attachments[int(number)].id)
    if kept is None or not kept.sha256 or kept.kind not in PICTURES:
        return None, ""
    return media.file_of(visit.desk.settings.media_folder, kept.sha256), kept.kind


def _given(file: Path, kind: str, *, hands_off: bool) -> Response:
    """Give the bytes of a picture, as a picture and nothing else."""
    if hands_off:
        raise Refused(404, NONE)
    try:
        body = file.read_bytes()
    except OSError as error:
        raise Refused(404, NONE) from error
    headers = {"Content-Disposition": "inline", "Content-Security-Policy": "default-src 'none'; sandbox"}
    return Response(body, media_type=kind, headers=headers)
