"""How far one X account has been read, as the text that is kept between polls."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Self

from bot.domain.types import Cursor
from connectors.x import snowflake

REWIND = timedelta(minutes=30)
"""How far every reading goes back behind the one before: X shows some replies late, under identifiers long passed."""

SEARCHABLE = timedelta(days=6, hours=23)
"""How far back a search may ask: seven days, less an hour for clocks that disagree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far one list has been read: the newest identifier given ("" before any), and when it was read to its end."""

    seen: str = ""
    read: datetime | None = None

    def since(self, *, oldest: datetime | None = None) -> str | None:
        """The `since_id` to ask with, none before anything was seen; never before `oldest`.

        What is older than half an hour when a list is read is taken for complete. So a quiet account is not read
        (and paid for) again every day, and one that was not read for long loses nothing.
        """
        if not self.seen:
            return None
        begin = snowflake.first_at((self.read or snowflake.time_of(self.seen)) - REWIND)
        begin = min(begin, int(self.seen))
        return str(max(begin, snowflake.first_at(oldest)) if oldest else begin)

    def past(self, identifier: str) -> Reach:
        """After one more item was given."""
        return replace(self, seen=max(self.seen, identifier, key=lambda seen: int(seen or 0)))

    def to_the_end(self, now: datetime, *others: Reach) -> Reach:
        """After everything was given that there was at `now`; the same if that changes nothing for the next time.

        `others` were read to the end just before: what they have seen tells what time it was at X.
        """
        newest = self
        for other in others:
            newest = newest.past(other.seen) if other.seen else newest
        done = self.read is not None and newest.seen and snowflake.first_at(self.read - REWIND) >= int(newest.seen)
        return newest if done else replace(newest, read=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How far each of the lists has been read, and what the next poll must know.

    `hot` and `old` are the conversations that are searched often and seldom. `roots` are the City's posts, whose
    conversations these are; `warm` says of some when they were last answered. `searched`, `swept` and `full` are when
    the hot conversations, the old ones and everything of the day were last gone through. `month` and `named` count
    the authors whose names were asked for in a month.
    """

    own: Reach = field(default_factory=Reach)
    mentions: Reach = field(default_factory=Reach)
    hot: Reach = field(default_factory=Reach)
    old: Reach = field(default_factory=Reach)
    roots: tuple[str, ...] = ()
    warm: tuple[tuple[str, datetime], ...] = ()
    searched: datetime | None = None
    swept: datetime | None = None
    full: str = ""
    month: str = ""
    named: int = 0

    @classmethod
    def read(cls, cursor: Cursor | None) -> Self:
        """Read back what `cursor` wrote; the beginning for None. Raises KeyError, TypeError, ValueError."""
        if cursor is None:
            return cls()
        kept = json.loads(cursor.text)
        return cls(
            **{name: _reach(kept[name]) for name in ("own", "mentions", "hot", "old")},
            roots=tuple(str(int(root)) for root in kept["roots"]),
            warm=tuple((str(int(root)), datetime.fromisoformat(at)) for root, at in kept["warm"]),
            searched=_time(kept["searched"]),
            swept=_time(kept["swept"]),
            full=str(kept["full"]),
            month=str(kept["month"]),
            named=int(kept["named"]),
        )

    @property
    def cursor(self) -> Cursor:
        """The text to keep."""
        return Cursor(text=json.dumps(asdict(self), default=datetime.isoformat))


def _reach(kept: Any) -> Reach:
    seen = kept["seen"]
    return Reach(seen=str(int(seen)) if seen else "", read=_time(kept["read"]))


def _time(kept: str | None) -> datetime | None:
    return datetime.fromisoformat(kept) if kept else None
