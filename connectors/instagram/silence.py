"""What a poll has to complain of at its end: lists that broke off, and media that count comments and show none.

Instagram itself counts comments that it does not show (README.md lists which), so one such medium is Transient: it is
told of, and the account goes on being read. Where not one comment is shown anywhere it is the token: Unauthorised.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connectors.contract import Transient, Unauthorised

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connectors.instagram.parse import Listed

BLIND = 3
"""So many media that count comments, and not one comment to be seen anywhere, mean that the token is kept from them."""


@dataclass(slots=True, kw_only=True)
class Complaints:
    """`told`: which media were complained of before, with the count they had. `full`: everything is read this time."""

    told: Mapping[str, int]
    full: bool
    broken: list[str] = field(default_factory=list)
    _silent: list[Listed] = field(default_factory=list)
    _heard: bool = False

    def note(self, listed: Listed, *, shown: bool) -> bool:
        """Take in that a medium was read and whether it showed any comment; give whether it should have."""
        silent = not shown and counts(listed)
        self._heard = self._heard or shown
        self._silent += [listed] if silent else []
        return silent

    def make(self) -> None:
        """Complain, where there is reason to. Raises Transient and Unauthorised."""
        if self.full and len(self._silent) >= BLIND and not self._heard:
            message = (
                f"comments are counted {under(self._silent)} and none is shown anywhere: the token may not see them"
            )
            raise Unauthorised(message)
        new = [listed for listed in self._silent if self.full or self.told.get(listed.post.ref.item) != listed.count]
        said = [*self.broken, *([f"comments are counted and not shown {under(new)}"] if new else [])]
        if said:
            message = "; ".join(said)
            raise Transient(message)


def counts(listed: Listed) -> bool:
    """Whether a medium says that there is something to be read under it."""
    return listed.count > 0 and listed.open_to_comments


def under(media: Sequence[Listed]) -> str:
    """Name some media in words."""
    first = media[0]
    others = f" and {len(media) - 1} others" if media[1:] else ""
    return f"under {first.post.url} ({first.count}){others}"
