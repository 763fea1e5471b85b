"""What a check of the archive found: how much of what was checked, what is wrong, what could not be checked."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from archive.database import Damaged

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_NAMED = 5


@dataclass(slots=True)
class Findings:
    """Collects what the checks find, in plain words."""

    checked: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    only_there: list[str] = field(default_factory=list)

    def only_in_bucket(self, what: str, names: Collection[str]) -> None:
        """Tell what the administrator has removed from the disk after it was copied."""
        if names:
            self.checked[f"{what} only in the bucket"] = len(names)
            first = ", ".join(sorted(names)[:_NAMED]) + (" …" if len(names) > _NAMED else "")
            self.only_there.append(f"{what}: {len(names)} only in the bucket, no longer on this disk: {first}")

    @contextmanager
    def readable(self, what: str) -> Iterator[None]:
        """Turn damage that stops a check into a finding, so that the other checks go on."""
        try:
            yield
        except (Damaged, ValueError, LookupError) as error:
            self.problems.append(f"{what}: something was altered so that it cannot be read any more: {error}")
            self.not_checked.append(f"{what}: whatever comes after that")

    def add(self, more: Findings) -> None:
        """Take in what another check found."""
        self.checked.update(more.checked)
        self.problems += more.problems
        self.not_checked += more.not_checked
        self.only_there += more.only_there
