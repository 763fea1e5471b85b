"""Faults by name: what may go wrong, on which kind of request, and how often.

The names mean the same on every platform; how each looks is the platform's own (`StandIn.fault`), but for those here
that look the same everywhere: `server_error_html`, `answer_lost`, `connection_reset`, `garbled`. A platform may have
faults of its own beside them (`StandIn.own_faults`).

A pitfall is not something that fails but a way in which a platform is awkward: it stays on until it is switched off,
and strikes the same things for the same seed. A platform's folder names its own (`StandIn.pitfalls`).
"""

from __future__ import annotations

import hashlib
import random
import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

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

    names: tuple[str, ...] = NAMES
    _planned: list[_Planned] = field(default_factory=list)
    _sometimes: list[tuple[str, float]] = field(default_factory=list)
    _chance: random.Random = field(default_factory=random.Random)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, name: str, *, verb: str | None = None, times: int = 1, after: int = 0) -> None:
        """Let `times` requests of kind `verb` (None: any) fail in the way named, `after` so many that work.

        Raises ValueError if the name is unknown.
        """
        self._know(name)
        with self._lock:
            self._planned.append(_Planned(name, verb, times, after))

    def sometimes(self, name: str, *, share: float, seed: int) -> None:
        """Let that share of all requests (0 to 1) fail in the way named, the same ones for the same seed.

        Raises ValueError if the name is unknown.
        """
        self._know(name)
        with self._lock:
            self._chance.seed(seed)
            self._sometimes.append((name, share))

    def clear(self) -> None:
        """Let everything work again."""
        with self._lock:
            self._planned.clear()
            self._sometimes.clear()

    def _know(self, name: str) -> None:
        if name not in self.names:
            message = f"no fault {name!r}; there are: {', '.join(self.names)}"
            raise ValueError(message)

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
        return next((name for name, share in self._sometimes if self._chance.random() < share), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pitfall:
    """One way in which a platform is awkward. `share` of what it can strike, it strikes; `always`: with no switch."""

    name: str
    says: str
    share: float = 1.0
    always: bool = False


@dataclass(slots=True)
class Pitfalls:
    """The pitfalls of one platform: which there are, which are on, and how often each was met."""

    known: tuple[Pitfall, ...]
    seed: int = 1
    met: Counter[str] = field(default_factory=Counter)
    _on: dict[str, Pitfall] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Those that can be switched."""
        return tuple(pitfall.name for pitfall in self.known if not pitfall.always)

    @property
    def on(self) -> tuple[str, ...]:
        """Those that are switched on."""
        return tuple(self._on)

    def switch(self, names: Iterable[str], *, seed: int | None = None) -> None:
        """Switch these on and all others off. Raises ValueError if one is unknown or has no switch."""
        wanted = set(names)
        if unknown := wanted - set(self.names):
            message = f"no pitfall {', '.join(sorted(unknown))}; there are: {', '.join(self.names)}"
            raise ValueError(message)
        self._on = {pitfall.name: pitfall for pitfall in self.known if pitfall.name in wanted}
        self.seed = self.seed if seed is None else seed

    def turn(self, name: str, share: float = 1.0) -> None:
        """Switch one on, to strike this share of what it can strike; 0 switches it off. ValueError if it is unknown."""
        if name not in self.names:
            message = f"no pitfall {name!r}; there are: {', '.join(self.names)}"
            raise ValueError(message)
        self._on.pop(name, None)
        if share:
            self._on[name] = replace(next(pitfall for pitfall in self.known if pitfall.name == name), share=share)

    def strikes(self, name: str, what: str = "") -> bool:
        """Whether the pitfall is on and strikes `what`, always the same for one seed; it is counted if so."""
        pitfall = self._on.get(name)
        if pitfall is None:
            return False
        drawn = hashlib.sha256(f"{self.seed} {name} {what}".encode()).digest()
        struck = int.from_bytes(drawn[:4]) < pitfall.share * 2**32
        self.met[name] += struck
        return struck
