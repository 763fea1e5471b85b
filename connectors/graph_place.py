"""How far an account behind Graph has been read, as far as that is the same for all of them; each adds what it keeps.

Graph does not tell of an edit, of something hidden by staff, or of a comment gone. So what happened to something in the
last `RECENT` is read again every `SWEEP`, and everything every `FULL`; an interrupted reading goes on where it was.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from bot.domain.types import Cursor

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

RECENT = timedelta(days=7)
SWEEP = timedelta(minutes=10)
FULL = timedelta(days=1)


class Due(StrEnum):
    """Which reading is due: of everything, of what happened lately, or only of what changed."""

    FULL = "full"
    SWEEP = "sweep"
    NEWS = "news"


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphPlace:
    """A place in the reading of an account. Times are in seconds since 1970.

    `swept` and `full` are when the last complete reading of each kind began; `reading` is the kind that is under way
    and `through` the key (a time and an identifier) of what it has come to.
    """

    swept: int = 0
    full: int = 0
    reading: Due = Due.NEWS
    through: tuple[int, str] = (0, "")

    @classmethod
    def of(cls, cursor: Cursor | None) -> Self:
        """Read a cursor. One that cannot be read means the beginning: reading again repeats, and never skips."""
        try:
            found = json.loads(cursor.text) if cursor else {}
            return cls(
                swept=int(found.get("swept", 0)),
                full=int(found.get("full", 0)),
                reading=Due(found.get("reading", Due.NEWS)),
                through=pair(found.get("through", (0, ""))),
                **cls.own(found),
            )
        except (ValueError, TypeError, AttributeError, OverflowError):
            return cls()

    @classmethod
    def own(cls, found: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ARG003  for those that keep more
        """What a platform keeps besides, read from a cursor. May raise what reading raises."""
        return {}

    @property
    def cursor(self) -> Cursor:
        """The same as a cursor."""
        return Cursor(text=json.dumps(asdict(self), separators=(",", ":")))

    def due(self, now: datetime) -> Due:
        """Which reading is due."""
        if now.timestamp() - self.full >= FULL.total_seconds():
            return Due.FULL
        return Due.SWEEP if now.timestamp() - self.swept >= SWEEP.total_seconds() else Due.NEWS

    def turn(self, due: Due, key: tuple[int, str], stirred: int, now: datetime) -> bool:
        """Whether a reading of that kind has still to come to what bears that key; `stirred`: when it last changed."""
        if due is self.reading and key <= self.through:
            return False
        return due is Due.FULL or (due is Due.SWEEP and stirred >= (now - RECENT).timestamp())

    def done(self, due: Due, now: datetime) -> Self:
        """The place once everything that was due `now` has been read."""
        begun = int(now.timestamp())
        if due is Due.NEWS:
            return self
        full = begun if due is Due.FULL else self.full
        return replace(self, swept=begun, full=full, reading=Due.NEWS, through=(0, ""))


def pair(found: Any) -> tuple[int, str]:
    """A key as a cursor holds it. Raises ValueError and TypeError."""
    at, ident = found
    return int(str(at)), str(ident)
