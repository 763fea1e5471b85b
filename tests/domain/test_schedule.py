"""Time as arithmetic, daylight saving included."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.domain.schedule import LONGEST_WAIT, day_starts, digest_due, look_due, retry_at

CHICAGO = ZoneInfo("America/Chicago")
NOW = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize(("attempts", "seconds"), [(0, 2), (1, 2), (2, 4), (3, 8), (5, 32), (20, 3600), (9999, 3600)])
def test_waits_double_up_to_an_hour(attempts: int, seconds: int) -> None:
    assert retry_at(attempts, NOW) - NOW == timedelta(seconds=seconds)


@given(st.integers(0, 10**6))
def test_a_retry_always_lies_ahead_and_never_beyond_the_longest_wait(attempts: int) -> None:
    assert NOW < retry_at(attempts, NOW) <= NOW + LONGEST_WAIT


def test_the_day_begins_at_local_midnight_on_both_sides_of_a_clock_change() -> None:
    assert day_starts(datetime(2026, 11, 1, 4, 59, tzinfo=UTC), CHICAGO) == datetime(2026, 10, 31, 5, tzinfo=UTC)
    assert day_starts(datetime(2026, 11, 2, 5, 59, tzinfo=UTC), CHICAGO) == datetime(2026, 11, 1, 5, tzinfo=UTC)
    assert day_starts(datetime(2026, 11, 2, 6, 0, tzinfo=UTC), CHICAGO) == datetime(2026, 11, 2, 6, tzinfo=UTC)


def test_a_digest_never_made_is_due_at_once() -> None:
    assert digest_due(None, 7, NOW, CHICAGO)


def test_a_digest_is_due_once_a_day_from_its_hour_on() -> None:
    seven = datetime(2026, 11, 22, 13, 0, tzinfo=UTC)
    made = seven + timedelta(minutes=1)
    assert not digest_due(seven - timedelta(hours=23), 7, seven - timedelta(seconds=1), CHICAGO)
    assert digest_due(seven - timedelta(hours=23), 7, seven, CHICAGO)
    assert not digest_due(made, 7, made + timedelta(hours=23), CHICAGO)
    assert digest_due(made, 7, seven + timedelta(days=1), CHICAGO)


def test_the_repeated_hour_of_autumn_makes_one_digest() -> None:
    """1 November 2026, 01:30 happens twice in Chicago."""
    first = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    again = first + timedelta(hours=1)
    assert first.astimezone(CHICAGO).hour == again.astimezone(CHICAGO).hour == 1
    assert digest_due(first - timedelta(days=1), 1, first, CHICAGO)
    assert not digest_due(first, 1, again, CHICAGO)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)), st.integers(0, 23))  # noqa: DTZ001  made aware below
def test_a_digest_just_made_is_not_due_again_within_the_hour(at: datetime, hour: int) -> None:
    now = at.replace(tzinfo=UTC)
    assert not digest_due(now, hour, now, CHICAGO)


ALL_DAYS = range(7)
HOURS = st.lists(st.times(timezones=st.none()), min_size=1, max_size=4)


@given(hours=HOURS, days=st.sets(st.integers(0, 6), min_size=1), now=st.datetimes(timezones=st.just(UTC)))
def test_a_look_was_due_at_one_of_the_hours_and_there_was_none_since(
    hours: list[time], days: set[int], now: datetime
) -> None:
    assume(datetime(1990, 1, 1, tzinfo=UTC) < now < datetime(2090, 1, 1, tzinfo=UTC))
    due = look_due(hours, days, now, CHICAGO)
    assert due is not None
    assert due <= now
    assert due.astimezone(CHICAGO).weekday() in days
    later = [
        moment
        for back in range(9)
        for hour in hours
        if (day := now.astimezone(CHICAGO).date() - timedelta(days=back)).weekday() in days
        and due < (moment := datetime.combine(day, hour, tzinfo=CHICAGO).astimezone(UTC)) <= now
    ]
    assert later == []


def test_without_hours_no_look_is_ever_due() -> None:
    assert look_due((), ALL_DAYS, datetime(2026, 11, 28, tzinfo=UTC), CHICAGO) is None


def test_a_look_stays_due_over_the_weekend() -> None:
    hours, days = (time(10), time(16)), range(5)
    friday = datetime(2026, 11, 27, 16, 0, tzinfo=CHICAGO)
    before = datetime(2026, 11, 30, 9, 59, tzinfo=CHICAGO)
    assert look_due(hours, days, before.astimezone(UTC), CHICAGO) == friday
    monday = datetime(2026, 11, 30, 10, 0, tzinfo=CHICAGO)
    assert look_due(hours, days, monday.astimezone(UTC), CHICAGO) == monday
