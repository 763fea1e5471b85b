"""How often somebody may ask: counted in memory, by whoever asks, in windows of time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta

MOST_KNOWN = 100_000
"""So many are counted at a time; beyond it, everybody is counted anew."""


class Limit:
    """At most `most` times in each window of `window`."""

    def __init__(self, most: int, window: timedelta) -> None:
        """Nobody has asked yet."""
        self._most = most
        self._seconds = window.total_seconds()
        self._counts: dict[tuple[str, int], int] = {}
        self._lock = threading.Lock()

    def allows(self, who: str, now: datetime) -> bool:
        """Count that `who` asks, and say whether they may."""
        window = int(now.timestamp() // self._seconds)
        with self._lock:
            if len(self._counts) > MOST_KNOWN:
                self._counts.clear()
            if any(known != window for _, known in list(self._counts)[:1]):
                self._counts = {key: count for key, count in self._counts.items() if key[1] == window}
            count = self._counts.get((who, window), 0) + 1
            self._counts[who, window] = count
        return count <= self._most
