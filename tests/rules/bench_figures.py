"""What the bench says: figures with their targets, and with each section the comments that somebody should read."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One number, what it should be, and whether it is. Without a target there is nothing to hold: `held` is None."""

    name: str
    value: float | None
    target: str | None = None
    held: bool | None = None
    speed: bool = False  # of the machine as much as of the program, so no ground to refuse a change


@dataclass(slots=True)
class Section:
    """Figures on one question. `read` is what they rest on, for a person's eyes; `missing` what was not there."""

    figures: list[Figure] = field(default_factory=list)
    read: list[Any] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def tell(self, name: str, value: float | None) -> None:
        """Add a figure that has no target."""
        self.figures.append(Figure(name, _short(value)))

    def at_most(self, name: str, value: float, limit: float, *, speed: bool = False) -> None:
        """Add a figure that should not be higher."""
        self.figures.append(Figure(name, _short(value), f"<= {limit}", value <= limit, speed))

    def at_least(self, name: str, value: float, limit: float, *, speed: bool = False) -> None:
        """Add a figure that should not be lower."""
        self.figures.append(Figure(name, _short(value), f">= {limit}", value >= limit, speed))

    def told(self) -> dict[str, Any]:
        """Give everything as plain data."""
        return asdict(self)


def share(part: int, whole: int) -> float:
    """A part of a whole; of nothing, no part."""
    return part / whole if whole else 0.0


@dataclass(slots=True)
class Score:
    """How well finding something agrees with labels: precision, recall and their harmonic mean."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def count(self, *, found: bool, true: bool) -> None:
        """Count one comment."""
        self.right += found and true
        self.wrong += found and not true
        self.missed += true and not found

    @property
    def precision(self) -> float:
        return share(self.right, self.right + self.wrong)

    @property
    def recall(self) -> float:
        return share(self.right, self.right + self.missed)

    @property
    def f1(self) -> float:
        return share(2 * self.right, 2 * self.right + self.wrong + self.missed)


def _short(value: float | None) -> float | None:
    return round(value, 4) if isinstance(value, float) else value
