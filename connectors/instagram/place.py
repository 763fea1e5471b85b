"""How far an Instagram account has been read: what the cursor's text holds, and what it says about the next reading.

A medium does not tell when something last happened to it: all there is to go by is how many comments it counts. So the
cursor keeps the counts of the `KEPT` media where something happened last, and a medium whose count is another one is
read again. It does not tell of one comment gone while another came; for that and more, see connectors/graph_place.py.

It also keeps which media counted comments and showed none, so that this is complained of once and not at every poll.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from connectors.graph_place import GraphPlace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from connectors.instagram.parse import Listed

KEPT = 1000
_BROKEN = -2


@dataclass(frozen=True, slots=True, kw_only=True)
class Place(GraphPlace):
    """A place in the reading of an account; see GraphPlace.

    `media` maps a medium to the number of comments it counted when they were last read, and to when something last
    happened to it (it was published, or another number was seen). `forgotten` is that time for the newest of those
    that are kept no longer. `silent` maps media that showed none of their comments to how many they counted. What
    comes in a reading's turn does so by its time of publishing.
    """

    media: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    forgotten: int = 0
    silent: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def own(cls, found: Mapping[str, Any]) -> dict[str, Any]:
        """What media counted."""
        return {
            "media": {str(medium): _counted(*said) for medium, said in dict(found.get("media", {})).items()},
            "forgotten": int(found.get("forgotten", 0)),
            "silent": {str(medium): int(count) for medium, count in dict(found.get("silent", {})).items()},
        }

    def changed(self, listed: Listed) -> bool:
        """Whether a medium is new or counts other comments than when they were last read."""
        known = self.media.get(_id(listed))
        return known[0] != listed.count if known else listed.published > self.forgotten

    def wants(self, listed: Listed, now: datetime) -> bool:
        """Whether the comments of a medium are to be read now."""
        return self.changed(listed) or self.turn(self.due(now), key(listed), self._stirred(listed), now)

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


def _counted(count: object, stirred: object) -> tuple[int, int]:
    return int(str(count)), int(str(stirred))
