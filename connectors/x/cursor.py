"""How far one X account has been read, as the text that is kept between polls."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.types import Cursor
from connectors.x import snowflake

REWIND = timedelta(minutes=30)
"""How far every poll goes back behind what it has seen: X shows some replies late, under identifiers long passed."""

SEARCHABLE = timedelta(days=6, hours=23)
"""How far back a search may ask: seven days, less an hour for clocks that disagree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The newest identifier seen of the City's own posts, of mentions and of conversations ("" before any).

    `roots` are the City's posts young enough to be searched for replies, `swept` is when that was last done.
    """

    own: str = ""
    mentions: str = ""
    replies: str = ""
    roots: tuple[str, ...] = ()
    swept: datetime | None = None

    @classmethod
    def read(cls, cursor: Cursor | None) -> Mark:
        """Read back what `cursor` wrote; the beginning for None. ValueError if it is not ours."""
        if cursor is None:
            return cls()
        kept = json.loads(cursor.text)
        swept = datetime.fromisoformat(kept["swept"]) if kept["swept"] else None
        return cls(
            own=kept["own"],
            mentions=kept["mentions"],
            replies=kept["replies"],
            roots=tuple(kept["roots"]),
            swept=swept,
        )

    @property
    def cursor(self) -> Cursor:
        """The text to keep."""
        kept = {
            "own": self.own,
            "mentions": self.mentions,
            "replies": self.replies,
            "roots": self.roots,
            "swept": self.swept.isoformat() if self.swept else None,
        }
        return Cursor(text=json.dumps(kept))


def since(newest: str, *, oldest: datetime | None = None) -> str | None:
    """The `since_id` to ask with after `newest` was seen, none if nothing was; never before `oldest`."""
    if not newest:
        return None
    begin = snowflake.time_of(newest) - REWIND
    return str(snowflake.first_at(max(begin, oldest) if oldest else begin))


def later(one: str, other: str) -> str:
    """The newer of two identifiers."""
    return max(one, other, key=lambda identifier: int(identifier or 0))
