"""Where an export is made before it is on record, and how that is removed if somebody pulls the plug meanwhile.

An export may go to any folder, so each leaves a note in the data folder that says where it is made. The note is locked
as long as the export runs: the lock goes with its process, and whoever finds a note unlocked removes what it names.
"""

from __future__ import annotations

import fcntl
import secrets
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bot.log import logger

if TYPE_CHECKING:
    from collections.abc import Iterator

NOTES = "exports"
PREFIX = ".export-"

log = logger("export")


@contextmanager
def spool(data: Path, parent: Path) -> Iterator[Path]:
    """Give a new folder in `parent`, for its owner alone, that is gone afterwards, whatever happens."""
    sweep(data)
    folder = parent.resolve() / f"{PREFIX}{secrets.token_hex(6)}"
    notes = data / NOTES
    notes.mkdir(parents=True, exist_ok=True, mode=0o700)
    note, draft = notes / folder.name.removeprefix("."), notes / folder.name
    with draft.open("x", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(f"{folder}\n")
        file.flush()
        draft.rename(note)  # locked from the first moment that anybody looks at it
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder)
            note.unlink()


def sweep(data: Path) -> None:
    """Remove what exports left that were killed. What cannot be removed stays noted, see `left`."""
    for note, folder in _unlocked(data):
        if folder.is_dir():
            shutil.rmtree(folder, onerror=_tell)
        if not folder.exists():
            note.unlink(missing_ok=True)
            log.info("removed what a killed export left", folder=str(folder))


def left(data: Path) -> list[Path]:
    """Give the folders that exports left and that are still there."""
    return [folder for _, folder in _unlocked(data) if folder.exists()]


def _unlocked(data: Path) -> Iterator[tuple[Path, Path]]:
    """The notes that no process holds, each with the folder that it names."""
    for note in sorted((data / NOTES).glob(f"{PREFIX[1:]}*")):
        with note.open(encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            folder = Path(file.read().strip())
        if folder.name.startswith(PREFIX):
            yield note, folder


def _tell(_: object, path: str, error: object) -> None:
    log.error("not removed", path=path, error=str(error))
