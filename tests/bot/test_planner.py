"""`citymod plan`: what polling will cost, and that a plan which would run dry is refused in plain words."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connectors.planning import Load, planners

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., tuple[int, str, str]]

EXAMPLE = Path(__file__).resolve().parents[2] / "config" / "citymod.example.yaml"
SHARE = Load(posts=200 / 12, comments=5000 / 12, poll=timedelta(minutes=2))


def settings(folder: Path, *, accounts: int = 12, poll_seconds: float = 120, more: str = "") -> Path:
    """A settings file with so many accounts on every platform that can be planned."""
    text = (
        EXAMPLE.read_text(encoding="utf-8")
        .partition("\naccounts:")[0]
        .replace("data: /var/lib", f"{more}\ndata: /var/lib")
    )
    lines = [
        f'  - {{platform: {platform}, id: "{number}", name: "{number}", credential: c, poll_seconds: {poll_seconds}}}'
        for platform in planners()
        for number in range(accounts)
    ]
    text = text.partition("  - name: Water")[0]
    file = folder / "citymod.yaml"
    file.write_text("\n".join([text, "accounts:", *lines]) + "\n", encoding="utf-8")
    return file


def told(out: str) -> dict[str, Any]:
    return {estimate["platform"]: estimate for estimate in json.loads(out)}


def test_tells_calls_units_dollars_and_detection_for_each_platform(citymod: Run, tmp_path: Path) -> None:
    code, out, _ = citymod("plan", "--json", "--config", settings(tmp_path, poll_seconds=600))
    found = told(out)
    assert code == 0
    assert found.keys() == planners().keys()
    assert all(estimate["accounts"] == 12 and estimate["calls"] > 0 for estimate in found.values())
    assert all(estimate["detection"] == 600 for estimate in found.values())
    assert 1_000 < found["youtube"]["units"] < 2_900
    assert found["x"]["dollars"] > 5000 * 0.005 + 200 * 0.005
    assert found["x"]["dollars_a_day"] == pytest.approx(found["x"]["dollars"] / 30, abs=0.01)
    code, out, _ = citymod("plan", "--config", settings(tmp_path, poll_seconds=600))
    assert code == 0
    assert "youtube" in out


def test_counts_what_advertisements_cost_where_an_ad_account_is_read(citymod: Run, tmp_path: Path) -> None:
    file = settings(tmp_path, poll_seconds=600)
    without = told(citymod("plan", "--json", "--config", file)[1])
    found = told(citymod("plan", "--json", "--ads", 24, "--config", file)[1])
    assert found["facebook"]["calls"] > without["facebook"]["calls"]
    assert {name: each for name, each in found.items() if name != "facebook"} == {
        name: each for name, each in without.items() if name != "facebook"
    }


def test_refuses_what_would_run_dry_before_midnight_in_california(citymod: Run, tmp_path: Path) -> None:
    code, _, err = citymod("plan", "--config", settings(tmp_path, poll_seconds=60))
    assert code == 1
    assert "midnight in California" in err
    assert "Poll less often" in err


def test_refuses_what_costs_more_than_the_city_will_pay(citymod: Run, tmp_path: Path) -> None:
    file = settings(tmp_path, poll_seconds=600, more="dollars_a_month: 20")
    code, out, err = citymod("plan", "--json", "--config", file)
    assert code == 1
    assert "the budget is $20.00" in err
    assert told(out)["x"]["refused"]
    assert told(out)["youtube"]["refused"] is None


def test_refuses_more_calls_an_hour_than_a_page_is_sure_of(citymod: Run, tmp_path: Path) -> None:
    file = settings(tmp_path, poll_seconds=3)
    code, _, err = citymod("plan", "--comments", "12", "--config", file)
    assert code == 1
    assert "calls an hour" in err


def test_a_larger_quota_is_reckoned_with_where_the_settings_tell_of_it(citymod: Run, tmp_path: Path) -> None:
    busy = ("plan", "--json", "--comments", "4000000", "--config")
    file = settings(tmp_path, poll_seconds=600)
    assert "units a day are needed and 8,500" in told(citymod(*busy, file)[1])["youtube"]["refused"]
    text = file.read_text(encoding="utf-8").replace("platform: youtube,", "platform: youtube, units_a_day: 1000000,")
    file.write_text(text, encoding="utf-8")
    assert told(citymod(*busy, file)[1])["youtube"]["refused"] is None


@pytest.mark.parametrize("platform", planners())
def test_polling_less_often_never_costs_more(platform: str) -> None:
    planner = planners()[platform]
    costs = [planner.plan(replace(SHARE, poll=timedelta(seconds=seconds))) for seconds in (30, 60, 120, 300, 900)]
    for often, seldom in pairwise(costs):
        assert seldom.calls < often.calls
        assert seldom.units <= often.units
        assert seldom.dollars <= often.dollars
        assert seldom.detection > often.detection


@pytest.mark.parametrize("platform", planners())
def test_nothing_to_read_can_be_planned_too(platform: str) -> None:
    planner = planners()[platform]
    silent = Load(posts=0, comments=0, poll=timedelta(minutes=10), past=0)
    assert planner.plan(silent).calls > 0
    assert planner.runs_dry([silent], None) is None
