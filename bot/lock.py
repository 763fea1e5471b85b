"""Lets only one process of a name at a time work on a data folder, and a few commands only while nobody does."""

from __future__ import annotations

import fcntl
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class AlreadyRunning(Exception):
    """Another process works on the same data folder."""


@contextmanager
def sole(folder: Path) -> Iterator[None]:
    """Hold the data folder for this process alone. Raises AlreadyRunning. The lock goes with the process."""
    with _locked(folder, "citymod.lock", fcntl.LOCK_EX):
        yield


@contextmanager
def one_of(folder: Path, name: str) -> Iterator[None]:
    """Work on the data folder as the daemon of that name, beside others of other names; see `sole`."""
    with _locked(folder, "citymod.lock", fcntl.LOCK_SH), _locked(folder, f"citymod-{name}.lock", fcntl.LOCK_EX):
        yield


@contextmanager
def _locked(folder: Path, file: str, how: int) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / file).open("w") as lock:
        try:
            fcntl.flock(lock, how | fcntl.LOCK_NB)
        except BlockingIOError:
            message = (
                f"another citymod works on {folder}; stop it first, or give this one another name (citymod run --name)"
            )
            raise AlreadyRunning(message) from None
        yield
