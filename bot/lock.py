"""Lets only one process at a time work on a data folder."""

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
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "citymod.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"another citymod works on {folder}; stop it first, or give this one another data folder"
            raise AlreadyRunning(message) from None
        yield
