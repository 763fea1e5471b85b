"""What answers say besides: the clock's offset within what can be known of it, and how much of a limit is used."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import heard
from connectors import transport
from connectors.meter import Dated
from connectors.x import problems

if TYPE_CHECKING:
    from city import City

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@given(
    ahead=st.floats(-5000, 5000),
    way=st.floats(0, 20),
    back=st.floats(0, 20),
    since=st.floats(0, 3600),
    part=st.floats(0, 0.999),
)
def test_the_true_offset_lies_within_what_is_said(
    ahead: float, way: float, back: float, since: float, part: float
) -> None:
    """A request takes `way` to the server and `back`, whose clock is right; it is looked at `since` seconds later."""
    date = NOON  # the server cuts off `part` of a second
    answered = NOON + timedelta(seconds=part)
    came = answered + timedelta(seconds=back)
    dated = Dated(date, asked=1000.0, heard=1000.0 + way + back)
    now = came + timedelta(seconds=since + ahead)
    off, unsure = heard.offset(dated, now, 1000.0 + way + back + since)
    assert abs(off - ahead) <= unsure + 1e-3


@pytest.mark.parametrize(
    ("headers", "share", "brief"),
    [
        ({"x-rate-limit-limit": "300", "x-rate-limit-remaining": "30"}, 0.9, True),
        ({"x-app-limit-24hour-limit": "100", "x-app-limit-24hour-remaining": "5"}, 0.95, False),
        ({"x-rate-limit-limit": "300", "x-rate-limit-remaining": "301"}, None, False),
        ({"x-rate-limit-limit": "0", "x-rate-limit-remaining": "0"}, None, False),
        ({"x-rate-limit-limit": "many"}, None, False),
        ({}, None, False),
    ],
)
def test_what_x_says_of_its_limits(headers: dict[str, str], share: float | None, *, brief: bool) -> None:
    used = problems.used(headers)
    assert (used.share if used else None) == pytest.approx(share)
    assert (used.brief if used else False) is brief


def test_every_platform_of_the_city_tells_its_time_and_some_their_limits(city: City) -> None:
    city.poll()
    meters = city.parts.meters
    told = {one.name for one in heard.gauges_of(meters, city.clock(), 0.0)}
    assert {f"{heard.CLOCK}:{key}" for key in city.parts.readers} <= told
    limited = {name.split(":")[1] for name in told if not name.startswith(heard.CLOCK)}
    assert {"facebook", "youtube", "x"} <= limited
    youtube = next(meters[key] for key in meters if key.startswith("youtube"))
    assert youtube.used is not None
    assert 0 < youtube.used.share < 0.1


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"Date": "Fri, 20 Nov 2026 12:00:00 GMT"}, True),
        ({"Date": "Fri, 20 Nov 2026 12:00:00 GMT", "Age": "40"}, False),
        ({"Date": "Fri, 20 Nov 2026 12:00:00"}, False),
        ({"Date": "yesterday"}, False),
        ({}, False),
    ],
)
def test_what_has_no_time_or_came_from_a_cache_is_no_clock(headers: dict[str, str], *, told: bool) -> None:
    dated = transport._dated(headers, 0.0)
    assert (dated is not None) is told
    assert dated is None or dated.date == NOON
