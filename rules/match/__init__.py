"""One module for each way in which a rule can look at a comment; `Hit` is what all of them find."""

from __future__ import annotations

from typing import NamedTuple


class Hit(NamedTuple):
    """Matcher `number` met the characters `start` to `end` of a comment's plain form, or of its folded form.

    `what` says in words what was recognised there.
    """

    number: int
    start: int
    end: int
    what: str
    folded: bool = False
