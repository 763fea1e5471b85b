"""How well each account is watched: what is so, and how it is put into words.

A figure of nothing means something only where somebody or something looked, so every digest says this of each account.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from archive import accounts, handwork
from bot import tasks
from bot.digest_words import EN, moment
from bot.registry import barred

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from archive.accounts import AccountStanding
    from archive.database import Tx
    from bot.digest_words import Words
    from bot.settings import AccountSettings, Settings

LATE = timedelta(hours=1)
"""An account that the program reads and has not read for so long is called unchecked."""


class Watch(StrEnum):
    """Whether an account is looked at as it should be. The values name the forms of words for it."""

    READ = "last_read"
    UNREAD = "unchecked"
    NOT_YET = "not_yet"
    NEVER_READ = "never_read"
    LOOKED = "looked"
    LOOKED_LATE = "looked_late"
    NEVER_LOOKED = "never_checked"
    NO_HOURS = "no_hours"
    UNAPPROVED = "unapproved"


_WELL = frozenset({Watch.READ, Watch.LOOKED, Watch.UNAPPROVED})
"""What is unapproved nobody is to look at: that it stands still is told as that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How one account is watched. `read` by the program, or looked at by people; `by_hand`: people act on it.

    `at`: when it was read or looked at last, if ever; `who` looked, with which `outcome`; `why` it is unapproved.
    """

    watch: Watch
    read: bool
    by_hand: bool
    stopped: bool = False
    at: datetime | None = None
    who: str = ""
    outcome: str = ""
    why: str = ""

    @property
    def is_unchecked(self) -> bool:
        """Whether nobody and nothing has looked for too long, or ever."""
        return self.watch not in _WELL

    @property
    def is_barred(self) -> bool:
        """Whether nobody and nothing is to look at it: it has stopped, or lacks an approval."""
        return self.stopped or self.watch is Watch.UNAPPROVED

    @property
    def is_told_elsewhere(self) -> bool:
        """Whether a digest says it at the top anyhow: as a stopped account, or as a trouble since nothing reads it."""
        return self.stopped or (self.watch is Watch.UNREAD and not self.by_hand)


def of(tx: Tx, settings: Settings, entry: AccountSettings, now: datetime, words: Words = EN) -> Coverage:
    """How an account is watched, and since when it is not. `words`: in which the registry says `why`."""
    standing = accounts.standing(tx, entry.account.key)
    by_hand, stopped = entry.by_hand is not None, bool(standing and standing.stopped_why)
    if entry.is_read:
        watch = _read(settings, entry, standing, now)
        at = standing.polled_at if standing else None
        return Coverage(watch=watch, read=True, by_hand=by_hand, stopped=stopped, at=at)
    if why := barred(tx, settings, entry.account.key, words):
        return Coverage(watch=Watch.UNAPPROVED, read=False, by_hand=by_hand, stopped=stopped, why=why)
    last = handwork.last_attended(tx, tasks.look_name(entry))
    if not entry.look_hours:
        watch = Watch.NO_HOURS
    elif last is None:
        watch = Watch.NEVER_LOOKED
    else:
        watch = Watch.LOOKED_LATE if tasks.look_is_due(tx, settings, entry, now) else Watch.LOOKED
    at, who, outcome = (last.at, last.agent.name, last.outcome) if last else (None, "", "")
    return Coverage(watch=watch, read=False, by_hand=by_hand, stopped=stopped, at=at, who=who, outcome=outcome)


def _read(settings: Settings, entry: AccountSettings, standing: AccountStanding | None, now: datetime) -> Watch:
    if standing is None or standing.polled_at is None:
        return Watch.NEVER_READ if standing and standing.failures else Watch.NOT_YET
    late = now - standing.polled_at > max(10 * settings.poll_every(entry.account.key), LATE)
    return Watch.UNREAD if late or standing.stopped_why else Watch.READ


def in_words(coverage: Coverage, zone: ZoneInfo, words: Words = EN) -> str:
    """Say how an account is watched: automated, or assisted and by whom it was looked at last."""
    at = moment(words, zone, coverage.at) if coverage.at else words["ever"]
    outcome = words["found_nothing"]
    if coverage.outcome.startswith(tasks.FOUND):
        outcome = words["found"].format(number=coverage.outcome.removeprefix(tasks.FOUND).strip())
    said = words[coverage.watch].format(at=at, who=coverage.who, outcome=outcome, why=coverage.why)
    return f"{words['assisted' if coverage.by_hand else 'automated']}, {said}" if coverage.read else said
