"""Plans are held against what connectors really ask: an account is polled for days on end, on a clock of its own."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from stage import START, Clock, Stage, account_id, standin_of

from connectors.planning import MONTH, Load, planners
from connectors.standin.server import Server
from connectors.standin.world import World

if TYPE_CHECKING:
    from datetime import datetime

    from connectors.standin.server import Exchange
    from connectors.standin.world import WorldPost

# 12 accounts on each platform, to which 200 posts and 5,000 comments come in a month, all together.
TWELFTH = Load(posts=200 / 12, comments=5000 / 12, poll=timedelta(minutes=2), past=1)
WITHIN = 0.2
X_POST = 0.005  # docs.x.com, x-api/getting-started/pricing


@dataclass
class Ledger:
    """What a platform would write on its bill for the exchanges it is shown, but for the names of X's authors.

    Of those there is a number for each month (tests/connectors/test_x_cost.py), so that no day is like the next.
    """

    calls: int = 0
    dollars: float = 0
    _billed: set[tuple[object, ...]] = field(default_factory=set)

    def book(self, platform: str, exchange: Exchange) -> None:
        self.calls += 1
        if platform == "x" and exchange.verb != "people":
            for item in json.loads(exchange.response.body).get("data", []):
                key = (item["id"], exchange.at.date())
                if key not in self._billed:
                    self._billed.add(key)
                    self.dollars += X_POST


@dataclass
class Account:
    """An account to which posts and comments come as a load says, evenly but at odd times."""

    stage: Stage
    load: Load
    chance: random.Random = field(default_factory=lambda: random.Random(8731))
    _today: tuple[object, list[Any]] = (None, [])

    def happen(self, since: datetime, days: float) -> list[tuple[datetime, str]]:
        """When posts and comments come, in order."""
        for_days = {"post": self.load.posts, "comment": self.load.comments}
        when = [
            (since + timedelta(days=days * self.chance.random()), what)
            for what, monthly in for_days.items()
            for _ in range(round(monthly * days / MONTH))
        ]
        return sorted(when)

    def do(self, at: datetime, what: str) -> None:
        self.stage.clock.now = at
        world, page = self.stage.world, self.stage.page
        if what == "post":
            world.add_post(page, f"Notice of {at}")
            return
        posts = world.posts_of(page)
        recent = [post for post in posts if post.at > at - timedelta(days=7)] or posts[-1:]
        post: WorldPost = self.chance.choice(recent)
        above = [comment for comment in world.under(post) if comment.parent is None]
        parent = self.chance.choice(above) if above and self.chance.random() < 0.25 else None
        world.add_comment(post, f"Words of {at}", author=self._somebody(at), parent=parent)

    def _somebody(self, at: datetime) -> Any:
        """Somebody who has not written on this day, as often as the load says, else one who has."""
        day, people = self._today
        if day != at.date():
            people = []
        if not people or self.chance.random() < self.load.authors:
            people = [*people, self.stage.person()]
            self._today = (at.date(), people)
            return people[-1]
        return self.chance.choice(people)


def measured(platform: str, load: Load, days: float) -> tuple[Ledger, float]:
    """What so many days of polling cost, and how many units of YouTube's quota."""
    clock = Clock(START.replace(hour=0))  # a day's bill is a UTC day's
    world = World(clock=clock)
    standin = standin_of(platform)(world)
    page = world.add_account(platform, account_id(platform), "City of Example", "CityOfExample")
    begun, ledger = clock.now, Ledger()
    with Server(standin) as server:
        stage = Stage(platform=platform, clock=clock, world=world, standin=standin, server=server, page=page)
        account = Account(stage, load)
        past = timedelta(days=load.past * MONTH)
        account.do(begun - past - timedelta(hours=1), "post")
        for at, what in account.happen(begun - past, past.days):
            account.do(at, what)
        clock.now, cursor, connector = begun, None, stage.connector()
        for _ in range(2):  # the first reading of an account is not what polling it costs
            for batch in connector.poll(cursor, now=clock.now):
                cursor = batch.cursor
            clock.forward(minutes=1)
        server.log.clear()
        spent = sum(getattr(standin, "spent", {}).values())
        coming = account.happen(begun, days)
        polls = int(timedelta(days=days) / load.poll)
        for number in range(polls):
            now = begun + (number + 1) * load.poll
            while coming and coming[0][0] <= now:
                account.do(*coming.pop(0))
            clock.now = now
            for batch in connector.poll(cursor, now=now):
                cursor = batch.cursor
            for exchange in server.log:
                ledger.book(platform, exchange)
            server.log.clear()
    return ledger, sum(getattr(standin, "spent", {}).values()) - spent


def held_against_each_other(platform: str, load: Load, days: float) -> None:
    cost = planners()[platform].plan(load)
    ledger, units = measured(platform, load, days)
    pairs = {"calls a day": (cost.calls, ledger.calls / days), "units a day": (cost.units, units / days)}
    without_names = cost.dollars - cost.parts.get("names of authors", 0)
    pairs["dollars a month"] = (without_names, ledger.dollars * MONTH / days)
    told = {what: (round(planned, 2), round(seen, 2)) for what, (planned, seen) in pairs.items()}
    print(platform, told)  # noqa: T201  the figures are what one wants to read of a month
    for what, (planned, seen) in pairs.items():
        assert abs(planned - seen) <= WITHIN * seen, f"{what}: planned and measured {told}"


def test_twelve_accounts_cost_no_more_than_they_may_and_are_read_within_two_minutes() -> None:
    usual = replace(TWELFTH, past=6)
    costs = {platform: planner.plan(usual) for platform, planner in planners().items()}
    assert 12 * costs["youtube"].units <= 2_900
    assert 12 * costs["x"].dollars <= 35
    for platform, planner in planners().items():
        assert costs[platform].detection <= timedelta(minutes=2)
        assert planner.runs_dry([usual] * 12, 35) is None, platform


@pytest.mark.parametrize("platform", planners())
def test_a_day_costs_what_the_plan_says(platform: str) -> None:
    held_against_each_other(platform, TWELFTH, 1)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("platform", planners())
def test_a_month_costs_what_the_plan_says(platform: str) -> None:
    held_against_each_other(platform, TWELFTH, MONTH)
