"""Names of persons: whether two are of one person, however they are written."""

from __future__ import annotations


def plain(name: str) -> str:
    """Give a name as all who write it mean it: without capitals and superfluous spaces."""
    return " ".join(name.casefold().split())


def same(one: str, other: str) -> bool:
    """Whether two names are of the same person, however they are written."""
    return plain(one) == plain(other)
