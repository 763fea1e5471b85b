"""Takes in what people drop into a folder: a comment that staff enter, or else something for a person to look into.

A *folder* dropped there with a ``comment.txt`` in it (bot/forms.py) is a comment, and the pictures beside it are its
screenshots. Everything else, such as an export that a platform sent, is kept and becomes a task. What was taken in is
moved to ``taken/`` beside it and never deleted. Killed before that, it is taken in again and found to be known.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from archive import handwork, ledger
from archive.stored import utc_text
from archive.uploads import NoPicture, Picture
from bot import forms, intake
from bot.letterbox import FORM_FILE
from bot.log import logger
from bot.without_tokens import without_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from archive.database import Tx
    from bot.parts import Parts
    from bot.settings import Settings

TAKEN = "taken"
MAIL = ".eml"
QUIET_SECONDS = 10
"""How long nothing must have changed in what was dropped: somebody may still be copying."""
MOST_KEPT = 25 * 1024 * 1024
"""Bytes of a file that go into the archive itself; of a larger one its hash does, and the file stays in ``taken/``."""

log = logger("dropped")


def take_in(parts: Parts, now: datetime) -> int:
    """Take in what lies in the folder and has come to rest; give how much. What cannot be read is told, not raised."""
    folder = parts.settings.drop_folder
    if folder is None:
        return 0
    folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    taken, trouble = 0, []
    for path in sorted(folder.iterdir()):
        if path.name == TAKEN or path.name.startswith(".") or not _at_rest(path, now):
            continue
        try:
            with parts.database.begin() as tx:
                _take(tx, parts.settings, path, now)
            _move_away(path, now)
            taken += 1
        except OSError as error:  # the others are taken in first
            trouble.append(f"{path.name}: {error.strerror or error}")
    _tell(parts, "; ".join(trouble), now)
    return taken


def _tell(parts: Parts, why: str, now: datetime) -> None:
    """Put on record what could not be taken in, each time that it is something else."""
    with parts.database.read() as tx:
        last = ledger.last(tx, ("dropped.failed",))
    if not why or (last is not None and last.detail["why"] == why):
        return
    with parts.database.begin() as tx:
        ledger.append(tx, kind="dropped.failed", agent=ledger.DAEMON, at=now, detail={"why": why})
    log.error("not taken in", why=why)


def _take(tx: Tx, settings: Settings, path: Path, now: datetime) -> None:
    """Put what was dropped on record: a comment with its pictures, or each file as something to look into."""
    files = list(_files(path))
    if path.is_dir() and not path.is_symlink() and (path / FORM_FILE) in files:
        why = _entered(tx, settings, path, files, now)
        if why is None:
            return
    else:
        why = ""
    for file in files:
        _receive(tx, file, file.relative_to(path.parent).as_posix(), why, now)


def _entered(tx: Tx, settings: Settings, folder: Path, files: list[Path], now: datetime) -> str | None:
    """Enter the comment in a folder; give why it cannot be, or None if it was."""
    try:
        form = forms.read((folder / FORM_FILE).read_text(encoding="utf-8"), settings.zone)
        pictures = tuple(Picture.of(file.name, file.read_bytes()) for file in files if file.name != FORM_FILE)
        seen = intake.Seen(
            url=form.url,
            author=form.author,
            text=form.text,
            seen_at=form.seen_at or now,
            pictures=pictures,
            how="folder",
        )
        taken = intake.add(tx, settings, form.account, seen, who=f"drop folder ({folder.name})", now=now)
    except (forms.NoForm, intake.NotTaken, NoPicture, UnicodeDecodeError) as error:
        return f"Not entered as a comment: {error}."
    log.info("comment taken in", ref=str(taken.ref), folder=folder.name)
    return None


def _receive(tx: Tx, file: Path, name: str, why: str, now: datetime) -> None:
    """Keep a file and make it a task. A link is kept as what it is, and not followed."""
    if file.is_symlink():
        body, said = str(file.readlink()).encode(), "It is a link to another place, which was not followed."
        sha256 = hashlib.sha256(body).hexdigest()
    else:
        with file.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        small = file.stat().st_size <= MOST_KEPT
        body = file.read_bytes() if small else b""
        if file.suffix.lower() == MAIL:
            body = without_tokens(body)
        said = f"{file.stat().st_size} bytes, SHA-256 {sha256}" + ("" if small else f"; too large, kept in {TAKEN}/")
    handwork.receive(
        tx,
        key=f"file:{name}:{sha256}",
        source="file",
        title=name,
        says="\n".join(filter(None, (why, said))),
        trusted=True,
        body=body,
        now=now,
    )


def _files(path: Path) -> Iterator[Path]:
    """The file itself, or every file in a folder and below; links are not followed."""
    if path.is_symlink() or not path.is_dir():
        yield path
        return
    found = sorted(path.iterdir())
    for each in found:
        yield from _files(each)


def _at_rest(path: Path, now: datetime) -> bool:
    newest = max(each.lstat().st_mtime for each in (path, *_files(path)))
    return now.timestamp() - newest >= QUIET_SECONDS


def _move_away(path: Path, now: datetime) -> None:
    """Put what is on record out of the way, under a name that nothing there has."""
    place = path.parent / TAKEN
    place.mkdir(exist_ok=True, mode=0o750)
    stamp = utc_text(now).replace(":", "").replace(".", "")
    number = 0
    while (target := place / f"{stamp}-{number}-{path.name}").exists() or target.is_symlink():
        number += 1
    path.rename(target)
