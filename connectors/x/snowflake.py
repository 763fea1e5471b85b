"""X's identifiers carry their own time: milliseconds since 2010-11-04T01:42:54.657Z, shifted 22 bits to the left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657_000, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_SHIFT = 22
LOW_BITS = (1 << _SHIFT) - 1


def time_of(identifier: str) -> datetime:
    """When the thing with this identifier came to be, to the millisecond, in UTC."""
    return _EPOCH + (int(identifier) >> _SHIFT) * _MILLISECOND


def first_at(moment: datetime) -> int:
    """The smallest identifier of that moment; 0 for times before there were any."""
    return max(0, (moment - _EPOCH) // _MILLISECOND) << _SHIFT
