"""How far an Instagram account has been read: what the cursor's text holds, and what it says about the next reading.

A medium does not tell when something last happened to it: all there is to go by is how many comments it counts. So the
cursor keeps the counts of the `KEPT` media where something happened last, and a medium whose count is another one is
read again. A count does not tell of an edit, of something hidden by staff, or of one comment gone while another came.
So media where something happened in the last `RECENT` are read again every `SWEEP`, and all media every `FULL`; an
interrupted reading goes on where it was.

It also keeps which media counted comments and showed none, so that this is complained of once and not at every poll.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.domain.types import Cursor

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from connectors.instagram.parse import Listed

KEPT = 1000
RECENT = timedelta(days=7)
SWEEP = timedelta(minutes=10)
FULL = timedelta(days=1)
_BROKEN = -2


class Due(StrEnum):
    """Which reading is due: of everything, of what happened lately, or only of what changed."""

    FULL = "full"
    SWEEP = "sweep"
    NEWS = "news"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in the reading of an account. Times are in seconds since 1970.

    `media` maps a medium to the number of comments it counted when they were last read, and to when something last
    happened to it (it was published, or another number was seen). `forgotten` is that time for the newest of those
    that are kept no longer. `silent` maps media that showed none of their comments to how many they counted. `swept`
    and `full` are when the last complete reading of each kind began; `reading` is the kind that is under way and
    `through` the medium (with its time of publishing) that it has come to.
    """

    media: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    forgotten: int = 0
    silent: Mapping[str, int] = field(default_factory=dict)
    swept: int = 0
    full: int = 0
    reading: Due = Due.NEWS
    through: tuple[int, str] = (0, "")

    @classmethod
    def of(cls, cursor: Cursor | None) -> Place:
        """Read a cursor. One that cannot be read means the beginning: reading again repeats, and never skips."""
        try:
            found = json.loads(cursor.text) if cursor else {}
            return cls(
                media={str(medium): _pair(*said) for medium, said in dict(found.get("media", {})).items()},
                forgotten=int(found.get("forgotten", 0)),
                silent={str(medium): int(count) for medium, count in dict(found.get("silent", {})).items()},
                swept=int(found.get("swept", 0)),
                full=int(found.get("full", 0)),
                reading=Due(found.get("reading", Due.NEWS)),
                through=_through(*found.get("through", (0, ""))),
            )
        except (ValueError, TypeError, AttributeError, OverflowError):
            return cls()

    @property
    def cursor(self) -> Cursor:
        """The same as a cursor."""
        return Cursor(text=json.dumps(asdict(self), separators=(",", ":")))

    def due(self, now: datetime) -> Due:
        """Which reading is due."""
        if now.timestamp() - self.full >= FULL.total_seconds():
            return Due.FULL
        return Due.SWEEP if now.timestamp() - self.swept >= SWEEP.total_seconds() else Due.NEWS

    def changed(self, listed: Listed) -> bool:
        """Whether a medium is new or counts other comments than when they were last read."""
        known = self.media.get(_id(listed))
        return known[0] != listed.count if known else listed.published > self.forgotten

    def wants(self, listed: Listed, now: datetime) -> bool:
        """Whether the comments of a medium are to be read now."""
        due = self.due(now)
        if self.changed(listed):
            return True
        if due is self.reading and key(listed) <= self.through:
            return False
        return due is Due.FULL or (due is Due.SWEEP and self._stirred(listed) >= (now - RECENT).timestamp())

    def after(self, listed: Listed, now: datetime, *, shown: bool = True) -> Place:
        """The place once the comments of a medium have been read; `shown`: whether there were any.

        What changed is read out of turn and moves the reading of everything on by nothing, but in the very first one,
        in which all is new and comes in its turn.
        """
        silent = {medium: count for medium, count in self.silent.items() if medium != _id(listed)}
        if not shown:
            silent[_id(listed)] = listed.count
        beyond = replace(self._knowing(listed, now, listed.count), silent=silent)
        return (
            beyond
            if self.changed(listed) and self.full
            else replace(beyond, reading=self.due(now), through=key(listed))
        )

    def broken(self, listed: Listed, now: datetime) -> Place:
        """The place once the comments of a medium could not be read to the end: they are wanted again."""
        return self._knowing(listed, now, _BROKEN)

    def done(self, now: datetime) -> Place:
        """The place once everything that was due `now` has been read."""
        begun, due = int(now.timestamp()), self.due(now)
        if due is Due.NEWS:
            return self
        full = begun if due is Due.FULL else self.full
        return replace(self, swept=begun, full=full, reading=Due.NEWS, through=(0, ""))

    def _stirred(self, listed: Listed) -> int:
        """When something last happened to a medium, as far as is known."""
        known = self.media.get(_id(listed))
        return known[1] if known else listed.published

    def _knowing(self, listed: Listed, now: datetime, count: int) -> Place:
        """The place with that count known, and with what happened longest ago forgotten."""
        anew = self.changed(listed) and _id(listed) in self.media
        media = {**self.media, _id(listed): (count, int(now.timestamp()) if anew else self._stirred(listed))}
        latest = sorted(media, key=lambda medium: (media[medium][1], medium), reverse=True)
        forgotten = max([self.forgotten, *(media[medium][1] for medium in latest[KEPT:])])
        return replace(self, media={medium: media[medium] for medium in latest[:KEPT]}, forgotten=forgotten)


def key(listed: Listed) -> tuple[int, str]:
    """The order in which media are read: by when they were published."""
    return listed.published, _id(listed)


def _id(listed: Listed) -> str:
    return listed.post.ref.item


def _pair(count: object, stirred: object) -> tuple[int, int]:
    return int(str(count)), int(str(stirred))


def _through(published: object, medium: object) -> tuple[int, str]:
    return int(str(published)), str(medium)
