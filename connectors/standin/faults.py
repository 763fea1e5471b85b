"""Faults by name: what may go wrong, on which kind of request, and how often.

The names mean the same on every platform; how each looks is the platform's own (`StandIn.fault`), but for those here
that look the same everywhere: `server_error_html`, `answer_lost`, `connection_reset`, `garbled`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

SERVER_ERROR_HTML = "server_error_html"
ANSWER_LOST = "answer_lost"
CONNECTION_RESET = "connection_reset"
GARBLED = "garbled"
UNAUTHORISED = "unauthorised"
RATE_LIMITED = "rate_limited"
RATE_LIMITED_NO_RESET = "rate_limited_no_reset"
REFUSED = "refused"

NAMES = (
    SERVER_ERROR_HTML,
    ANSWER_LOST,
    CONNECTION_RESET,
    GARBLED,
    UNAUTHORISED,
    RATE_LIMITED,
    RATE_LIMITED_NO_RESET,
    REFUSED,
)


@dataclass(slots=True)
class _Planned:
    name: str
    verb: str | None
    times: int
    after: int


@dataclass(slots=True)
class Faults:
    """What will go wrong next on one stand-in."""

    _planned: list[_Planned] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, name: str, *, verb: str | None = None, times: int = 1, after: int = 0) -> None:
        """Let `times` requests of kind `verb` (None: any) fail in the way named, `after` so many that work.

        Raises ValueError if the name is unknown.
        """
        if name not in NAMES:
            message = f"no fault {name!r}; there are: {', '.join(NAMES)}"
            raise ValueError(message)
        with self._lock:
            self._planned.append(_Planned(name, verb, times, after))

    def clear(self) -> None:
        """Let everything work again."""
        with self._lock:
            self._planned.clear()

    def take(self, verb: str) -> str | None:
        """The fault that a request of this kind meets, if any; each is used up as often as planned."""
        with self._lock:
            for planned in self._planned:
                if planned.verb not in (None, verb) or planned.times == 0:
                    continue
                if planned.after > 0:
                    planned.after -= 1
                    continue
                planned.times -= 1
                return planned.name
        return None
