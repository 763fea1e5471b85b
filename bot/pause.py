"""The pause switch (P4): whether acting is stopped, and why.

There are two switches, and either is enough. One is a row in the archive, set by ``citymod pause``; it can stop
everything, one account, or what is done under one clause of the policy. The other is a file: its mere presence stops
everything, so that somebody without the program at hand, or with a broken database, can stop it with ``touch``. A
switch that cannot be read counts as pulled. Where several daemons share the work, a file that one of them sees stops
them all.

Pausing stops acting. Recording, judging and capturing go on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from archive import leases, orders, pauses
from bot.domain.types import Action

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from archive.database import Tx
    from bot.domain.types import Order


@dataclass(frozen=True, slots=True)
class Switch:
    """Both switches of one installation."""

    file: Path

    def pulled(self, tx: Tx, account_key: str, now: datetime) -> str | None:
        """Why acting on that account is stopped at this moment, or None if it is not."""
        return self.files_say(tx) or self._archive_says(tx, account_key, now)

    def files_say(self, tx: Tx) -> str | None:
        """Why a pause file stops everything: ours, or one that another daemon sees; None if there is none."""
        return self.file_says() or leases.files_say(tx)

    def holds(self, tx: Tx, order: Order, now: datetime) -> str | None:
        """Why an order is not to be carried out at this moment, or None if no pause stops it."""
        key = f"{order.ref.platform}:{order.ref.account}"
        return self.pulled(tx, key, now) or self.clause_says(tx, order, now)

    @staticmethod
    def clause_says(tx: Tx, order: Order, now: datetime) -> str | None:
        """Why a clause that an order rests on is paused, or None. Showing a comment again rests on none.

        One paused clause among several is enough: what stands in doubt stays visible.
        """
        stopping = [pause for pause in pauses.in_force(tx, now) if pause.clause]
        if not stopping or order.action is Action.RESTORE:
            return None
        clauses = orders.clauses(tx, order)
        return next((f"{p.what} paused by {p.who}: {p.why}" for p in stopping if p.clause in clauses), None)

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
            if pause.scope in (pauses.EVERYTHING, account_key):
                return f"paused by {pause.who}: {pause.why}"
        return None
