"""What reading and acting on YouTube cost, whether both sides' ledgers agree, and what the reserve is for."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from youtube_month import DAYS, Channel
from youtube_town import NOON, Town, breaches, found, town

from bot.domain.types import Action, Visibility
from connectors.contract import RateLimited
from connectors.youtube import costs, quota
from connectors.youtube.costs import A_DAY, COST, RESERVE, STATS, UNITS, Load
from connectors.youtube.standin_methods import METHODS

if TYPE_CHECKING:
    from collections.abc import Iterator

MIDNIGHT = datetime(2026, 11, 22, 8, tzinfo=UTC)
"""In California."""


@pytest.fixture
def place() -> Iterator[Town]:
    with town() as place:
        yield place
        assert breaches(place) == []


def booked(place: Town) -> tuple[int, int]:
    """What the connector's ledger says of today."""
    ledger = place.connector._api.ledger
    return ledger.spent(UNITS, place.clock.now), ledger.spent(STATS, place.clock.now)


def charged(place: Town) -> tuple[int, int]:
    """What the stand-in's says."""
    day = quota.quota_day(place.clock.now)
    return place.standin.spent.get(day, 0), place.standin.spent_on_stats.get(day, 0)


def spend(place: Town, units: int) -> None:
    """Let other channels of the City have spent so much today."""
    place.connector._api.ledger.at_least({UNITS: units}, place.clock.now)


class TestPlan:
    def test_a_day_of_a_busy_channel_costs_a_twelfth_of_the_plan(self) -> None:
        with town() as place:
            place.clock.now = MIDNIGHT - timedelta(hours=4)
            channel = Channel(place, comments=5_000, videos=200, seed=1)
            channel.month()
            cursor = place.poll()[-1].cursor
            place.clock.now = MIDNIGHT
            late = sorted(channel.day(cursor, costs.POLL_EVERY))
            day = quota.quota_day(MIDNIGHT)
            units, stats = place.standin.spent[day], place.standin.spent_on_stats[day]
            assert "commentThreads.list" in str(place.standin.ledger())
        planned = costs.reading(Load(videos=200 / DAYS, comments=5_000 / DAYS))
        assert 12 * units <= 2_900
        assert 12 * stats <= A_DAY[STATS]
        assert planned[UNITS] == pytest.approx(units, rel=0.1)
        assert planned[STATS] == pytest.approx(stats, rel=0.02)
        assert late[math.floor(len(late) * 0.97)] <= timedelta(minutes=2)
        assert late[-1] <= costs.NEWEST_EVERY, "the first comments under a video that is not known yet"

    def test_twelve_such_channels_fit_on_paper_too(self) -> None:
        planned = costs.reading(Load(videos=200 / DAYS, comments=5_000 / DAYS))
        assert 12 * planned[UNITS] <= 2_900
        assert 12 * planned[STATS] <= A_DAY[STATS]
        assert costs.detection() == (timedelta(minutes=1), timedelta(minutes=2))

    @given(comments=st.floats(0, 5_000), videos=st.floats(0, 100))
    def test_more_comments_never_cost_less(self, comments: float, videos: float) -> None:
        less, more = (costs.reading(Load(videos=videos, comments=many)) for many in (comments, comments + 1))
        assert less[UNITS] <= more[UNITS]

    def test_every_method_costs_what_the_stand_in_takes_for_it(self) -> None:
        assert {method.name: method.cost for method in METHODS.values() if method.name in COST} == COST

    @pytest.mark.parametrize(("comments", "units"), [(0, 0), (1, 54), (50, 250), (51, 304)])
    def test_acting_is_cheaper_together(self, comments: int, units: int) -> None:
        assert costs.acting(comments) == units


class TestLedgers:
    def test_agree_after_everything_that_a_channel_can_be_asked(self, place: Town) -> None:
        top = place.comment(place.video())
        for number in range(8):
            place.comment(top.post, f"reply {number}", parent=top)
        cursor = place.poll()[-1].cursor
        place.connector.check(now=place.clock.now)
        refs = [place.ref(place.comment(top.post, f"comment {number}")) for number in range(7)]
        place.clock.on(minutes=2)
        place.poll(cursor)
        for action in (Action.HIDE, Action.RESTORE, Action.DELETE):
            place.connector.act_on(refs, action, now=place.clock.now)
            place.connector.look(refs[0], now=place.clock.now)
        assert booked(place) == charged(place)
        assert charged(place)[0] > 150

    def test_agree_on_what_youtube_said_no_to(self, place: Town) -> None:
        comment = place.comment(place.video(), hideable=False)
        place.connector.act_on([place.ref(comment), place.ref(place.comment(comment.post))], Action.HIDE, now=NOON)
        assert booked(place) == charged(place)

    def test_of_all_channels_of_a_project_are_one(self, place: Town) -> None:
        place.comment(place.video())
        other = place.connect()
        list(other.poll(None, now=place.clock.now))
        place.poll()
        assert booked(place) == charged(place)

    def test_begin_anew_at_midnight_in_california_in_every_season(self) -> None:
        for midnight in (MIDNIGHT, datetime(2026, 7, 1, 7, tzinfo=UTC), datetime(2027, 3, 15, 7, tzinfo=UTC)):
            ledger = quota.Ledger()
            ledger.book("youtube.comments.list", midnight - timedelta(seconds=1))
            assert ledger.spent(UNITS, midnight - timedelta(seconds=1)) == 1
            assert ledger.spent(UNITS, midnight) == 0

    @pytest.mark.parametrize(("day", "hours"), [((2026, 11, 1), 25), ((2027, 3, 14), 23), ((2026, 11, 22), 24)])
    def test_half_a_day_is_half_of_its_own_hours(self, day: tuple[int, int, int], hours: int) -> None:
        begins = datetime(*day, tzinfo=quota.PACIFIC).astimezone(UTC)
        ledger = quota.Ledger()
        ledger.at_least({STATS: 5_000}, begins)
        turning = begins + timedelta(hours=hours) * (0.5 - quota.SLACK)
        assert ledger.ahead(STATS, turning - timedelta(minutes=1))
        assert not ledger.ahead(STATS, turning + timedelta(minutes=1))

    def test_are_carried_over_a_restart_by_the_cursor(self, place: Town) -> None:
        place.comment(place.video())
        cursor = place.poll()[-1].cursor
        before = booked(place)
        place.transport.api = f"{place.server.url}/"  # another address: nothing is shared with the one before
        place.connector = place.connect()
        assert booked(place) == (0, 0)
        place.poll(cursor)
        assert booked(place) == (before[0], before[1] + 1)
        place.clock.on(days=1)
        place.poll(cursor)
        assert booked(place) == charged(place), "yesterday's spending is not today's"

    def test_are_told_by_check(self, place: Town) -> None:
        place.comment(place.video())
        place.poll()
        (told,) = (note for note in place.connector.check(now=place.clock.now).notes if note.startswith("quota"))
        units, stats = charged(place)
        assert f"{units} of 10000 units, {stats} of 10000 for counts" in told
        assert "commentThreads.list 4" in told


class TestReserve:
    def test_reading_stops_for_acting_until_the_day_ends(self, place: Town) -> None:
        comment = place.comment(place.video())
        cursor = place.poll()[-1].cursor
        place.clock.on(hours=1)
        spend(place, A_DAY[UNITS] - RESERVE)
        with pytest.raises(RateLimited) as caught:
            place.poll(cursor)
        assert caught.value.until == MIDNIGHT + timedelta(days=1)
        assert place.connector.act(place.ref(comment), Action.HIDE, now=place.clock.now) is Visibility.UNKNOWN
        assert place.connector.look(place.ref(comment), now=place.clock.now).visibility is Visibility.HIDDEN
        place.clock.now = caught.value.until
        late = place.comment(comment.post, "late")
        assert place.ref(late) in {one.ref for batch in place.poll(cursor) for one in batch.comments}

    def test_it_goes_on_where_google_grants_more(self, place: Town) -> None:
        place.comment(place.video())
        cursor = place.poll()[-1].cursor
        place.clock.on(hours=1)
        spend(place, A_DAY[UNITS] - RESERVE)
        with pytest.raises(RateLimited):
            place.poll(cursor)
        place.connector._api.ledger.granted(50_000)
        assert place.poll(cursor)

    def test_a_first_reading_that_is_stopped_begins_anew_the_next_day(self, place: Town) -> None:
        place.standin.quirks.page_size = 10
        video = place.video()
        for number in range(40):
            place.comment(video, f"comment {number}")
        spend(place, A_DAY[UNITS] - RESERVE - 5)
        kept = []
        with pytest.raises(RateLimited) as caught:
            kept.extend(place.connector.poll(None, now=place.clock.now))
        place.clock.now = caught.value.until
        assert len(found(place.poll(None))) == 40

    def test_what_can_wait_does_while_spending_is_ahead_of_the_clock(self, place: Town) -> None:
        comment = place.comment(place.video())
        cursor = place.poll()[-1].cursor
        place.clock.now = MIDNIGHT + timedelta(hours=12)
        spend(place, 6_000)
        place.asked()
        place.comment(comment.post, "new")
        assert "new" in found(place.poll(cursor))
        assert place.asked() == ["videos:batchGetStats id", "commentThreads published"]
        place.clock.on(hours=8)
        place.poll(cursor)
        assert "commentThreads heldForReview" in place.asked()

    def test_without_counts_the_newest_threads_are_read_more_often(self, place: Town) -> None:
        comment = place.comment(place.video())
        cursor = place.poll()[-1].cursor
        place.connector._api.ledger.at_least({STATS: A_DAY[STATS]}, place.clock.now)
        place.asked()
        for _ in range(3):
            place.clock.on(minutes=2)
            place.comment(comment.post, f"at {place.clock.now}")
            batches = place.poll(cursor)
            cursor = batches[-1].cursor
        assert place.asked() == ["commentThreads published"]
        assert len(found(batches)) == 4

    def test_the_quota_of_counts_is_its_own(self, place: Town) -> None:
        place.comment(place.video())
        cursor = place.poll()[-1].cursor
        place.standin.spent_on_stats[quota.quota_day(place.clock.now)] = A_DAY[STATS]
        place.clock.on(minutes=2)
        place.poll(cursor)
        place.asked()
        place.clock.on(minutes=2)
        place.poll(cursor)
        assert place.asked() == [], "it is not asked again after its no"
        assert booked(place)[0] == charged(place)[0]
