"""How far a channel has been read: what the connector's cursor says.

The text is JSON of a few kilobytes. `long` and `videos` only spare requests, so they are bounded: whatever has dropped
out of them is read once more.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

from bot.domain.types import Cursor
from connectors.contract import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

VERSION = 1
MOST_LONG = 500
MOST_VIDEOS = 500
_TIMES = ("read_to", "newest_at", "cold_at", "uploads_at", "held_at", "again_at", "whole_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What has been read, and when the slower readings were last done (None: never)."""

    read_to: datetime | None = None
    """Every published thread begun up to this time has been read."""
    newest_at: datetime | None = None
    """When the newest threads were last read."""
    cold_at: datetime | None = None
    """When the videos were last counted that are not counted at every poll."""
    uploads_at: datetime | None = None
    """When the list of uploads was last read to its end."""
    held_at: datetime | None = None
    """When the lists of held comments and likely spam were last read to their ends."""
    again_at: datetime | None = None
    """When the reading again of what was begun lately last came to its end."""
    again_page: str | None = None
    """Where the present reading again goes on."""
    whole: bool = False
    """Whether the present reading again goes back to the beginning."""
    whole_at: datetime | None = None
    """When everything was last read again to its end."""
    playlist: str | None = None
    """The playlist of uploads."""
    long: Mapping[str, int] = field(default_factory=dict)
    """How many replies threads had when all were read: of those with more than come with them, and of the newest."""
    videos: tuple[str, ...] = ()
    """Videos that have been given as posts; last those where something happened last."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """How many comments each of these videos had when those under it were last read."""
    streams: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By video: live streams whose chat is read, or that are still to begin; see chat.py."""
    spent: Mapping[str, Any] = field(default_factory=dict)
    """What the City's project had spent when this was written: ``day``, and units by bucket."""

    @classmethod
    def of(cls, cursor: Cursor | None) -> Self:
        """Read a cursor. Malformed if this connector cannot have made it."""
        if cursor is None:
            return cls()
        try:
            values: dict[str, Any] = json.loads(cursor.text)
            _expect(values.pop("version"))
            times = {name: datetime.fromisoformat(values[name]) for name in _TIMES if values.get(name)}
            return cls(**{**values, **times, "videos": tuple(values.get("videos", ()))})
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            message = f"the cursor is not one of YouTube's ({type(error).__name__}); clear it to read everything again"
            raise Malformed(message, payload=cursor.text.encode()) from error

    @property
    def cursor(self) -> Cursor:
        """The same as text for the store."""
        values = {name: value for name, value in asdict(self).items() if value}
        times = {name: values[name].isoformat() for name in _TIMES if name in values}
        return Cursor(text=json.dumps({"version": VERSION, **values, **times}, separators=(",", ":")))

    def given(self, videos: Iterable[str]) -> Self:
        """With these videos given as posts."""
        kept = dict.fromkeys((*self.videos, *videos))
        return replace(self, videos=tuple(islice(kept, max(0, len(kept) - MOST_VIDEOS), None)))

    def stirred(self, videos: Iterable[str]) -> Self:
        """With these, of the videos given, as those where something happened last."""
        last = [name for name in dict.fromkeys(videos) if name in self.videos]
        return replace(self, videos=(*(name for name in self.videos if name not in last), *last))

    def recounted(self, counts: Mapping[str, int]) -> Self:
        """With what stands under these videos read, when it was so many comments."""
        known = {name: number for name, number in self.counts.items() if name not in counts} | dict(counts)
        return replace(self, counts=dict(islice(known.items(), max(0, len(known) - MOST_VIDEOS), None)))

    def counted(self, threads: Mapping[str, int]) -> Self:
        """With all replies of these long threads read."""
        kept = {name: count for name, count in self.long.items() if name not in threads} | dict(threads)
        return replace(self, long=dict(islice(kept.items(), max(0, len(kept) - MOST_LONG), None)))


def _expect(version: object) -> None:
    if version != VERSION:
        message = f"version {version!r}"
        raise ValueError(message)
