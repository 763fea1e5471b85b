"""The pause switch (P4): whether acting is stopped, and why.

There are two switches, and either is enough. One is a row in the archive, set by ``citymod pause``; it can stop one
account or all. The other is a file: its mere presence stops everything, so that somebody without the program at hand,
or with a broken database, can stop it with ``touch``. A switch that cannot be read counts as pulled.

Pausing stops acting. Recording, judging and capturing go on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from archive import pauses

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from archive.database import Tx

EVERYTHING = "*"


@dataclass(frozen=True, slots=True)
class Switch:
    """Both switches of one installation."""

    file: Path

    def pulled(self, tx: Tx, account_key: str, now: datetime) -> str | None:
        """Why acting on that account is stopped at this moment, or None if it is not."""
        return self.file_says() or self._archive_says(tx, account_key, now)

    def file_says(self) -> str | None:
        """Why the file stops everything, or None if it does not."""
        try:
            self.file.lstat()
        except FileNotFoundError:
            return None
        except OSError as error:
            return f"the pause file {self.file} cannot be read ({error.strerror}), which counts as paused"
        return f"the pause file {self.file} is there"

    @staticmethod
    def _archive_says(tx: Tx, account_key: str, now: datetime) -> str | None:
        for pause in pauses.in_force(tx, now):
            if pause.scope in (EVERYTHING, account_key):
                return f"paused by {pause.who}: {pause.why}"
        return None
