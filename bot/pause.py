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
from bot.digest_words import EN
from bot.domain.types import Action
from bot.lines import English, say

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from archive.database import Tx
    from archive.pauses import Pause
    from bot.digest_words import Words
    from bot.domain.types import Order


def what_is_paused(pause: Pause, words: Words = EN) -> str:
    """Say what a pause stops."""
    if pause.scope == pauses.EVERYTHING:
        return words["everything"]
    return words["clause"].format(code=pause.clause) if pause.clause else pause.scope


def who_paused(pause: Pause, words: Words = EN) -> str:
    """Say who pulled the switch."""
    return words["agent"].format(kind=pause.who.kind, name=pause.who.name)


@dataclass(frozen=True, slots=True)
class Switch:
    """Both switches of one installation."""

    file: Path

    def pulled(self, tx: Tx, account_key: str, now: datetime, words: Words = EN) -> str | None:
        """Why acting on that account is stopped at this moment, or None if it is not."""
        return self.files_say(tx, words) or self._archive_says(tx, account_key, now, words)

    def files_say(self, tx: Tx, words: Words = EN) -> str | None:
        """Why a pause file stops everything: ours, or one that another daemon sees; None if there is none."""
        if ours := self.file_says(words):
            return ours
        theirs = leases.files_say(tx)
        return English(theirs) if theirs else None

    def holds(self, tx: Tx, order: Order, now: datetime, words: Words = EN) -> str | None:
        """Why an order is not to be carried out at this moment, or None if no pause stops it."""
        key = f"{order.ref.platform}:{order.ref.account}"
        return self.pulled(tx, key, now, words) or self.clause_says(tx, order, now, words)

    @staticmethod
    def clause_says(tx: Tx, order: Order, now: datetime, words: Words = EN) -> str | None:
        """Why a clause that an order rests on is paused, or None. Showing a comment again rests on none.

        One paused clause among several is enough: what stands in doubt stays visible.
        """
        stopping = [pause for pause in pauses.in_force(tx, now) if pause.clause]
        if not stopping or order.action is Action.RESTORE:
            return None
        clauses = orders.clauses(tx, order)
        said = (
            words["clause_paused"].format(what=what_is_paused(p, words), who=who_paused(p, words), why=p.why)
            for p in stopping
            if p.clause in clauses
        )
        return next(said, None)

    def file_says(self, words: Words = EN) -> str | None:
        """Why the file stops everything, or None if it does not."""
        try:
            self.file.lstat()
        except FileNotFoundError:
            return None
        except OSError as error:
            return say(words["file_unreadable"], file=self.file, why=English(error.strerror))
        return words["file_there"].format(file=self.file)

    @staticmethod
    def _archive_says(tx: Tx, account_key: str, now: datetime, words: Words) -> str | None:
        for pause in pauses.in_force(tx, now):
            if pause.scope in (pauses.EVERYTHING, account_key):
                return words["paused_by"].format(who=who_paused(pause, words), why=pause.why)
        return None
