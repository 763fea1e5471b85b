"""Whoever reads and whoever acts draw on the same limit; when it is short, comments are hidden and reading waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from archive import accounts
from bot import pipeline
from bot.domain.states import State
from connectors.standin.faults import RATE_LIMITED, RATE_LIMITED_NO_RESET
from connectors.youtube.costs import A_DAY, RESERVE, UNITS

if TYPE_CHECKING:
    from city import City


def waits(city: City, platform: str) -> bool:
    """Whether reading the platform waits."""
    with city.parts.database.read() as tx:
        standing = accounts.standing(tx, f"{platform}:{city.accounts[platform].id}")
    assert standing is not None
    return standing.poll_not_before is not None and standing.poll_not_before > city.clock()


def test_youtube_hides_when_all_that_is_left_of_the_day_is_the_reserve(city: City) -> None:
    bad = city.write("youtube")
    city.up_to_secured()
    key = f"youtube:{city.accounts['youtube'].id}"
    api = city.parts.readers[key]._api  # type: ignore[attr-defined]
    api.ledger.at_least({UNITS: A_DAY[UNITS] - RESERVE}, city.clock())
    unread = city.write("youtube", "Is the pool open on Sunday?")
    city.poll()
    assert waits(city, "youtube")
    city.enforce()
    assert city.state(bad) is State.ENFORCED
    assert not bad.public
    city.clock.move(hours=24)
    pipeline.poll(city.parts, key, city.clock)
    assert city.state(unread) is State.OBSERVED, "it was read when there was quota again"


@pytest.mark.parametrize("fault", [RATE_LIMITED, RATE_LIMITED_NO_RESET])
@pytest.mark.parametrize("platform", ["x", "facebook", "instagram"])
def test_what_a_platform_lets_nobody_read_for_now_is_no_reason_not_to_hide(
    city: City, platform: str, fault: str
) -> None:
    bad = city.write(platform)
    city.up_to_secured()
    city.fault(platform, fault, times=1)
    unread = city.write(platform, "Is the pool open on Sunday?")
    city.poll()
    assert waits(city, platform)
    city.enforce()
    assert city.state(bad) is State.ENFORCED
    city.clock.move(hours=25)
    pipeline.poll(city.parts, f"{platform}:{city.accounts[platform].id}", city.clock)
    assert city.state(unread) is State.OBSERVED
