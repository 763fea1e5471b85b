"""The local port that a monitoring system reads: true figures, and no words of anybody."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from archive import pauses
from archive.database import Database
from bot import troubles
from bot.domain.states import Event
from bot.metrics import Health
from bot.review import person

if TYPE_CHECKING:
    from collections.abc import Iterator

    from city import City

MONITORING = Path(__file__).parent.parent.parent / "systemd" / "monitoring"


@pytest.fixture
def health(city: City) -> Iterator[Health]:
    with Health("127.0.0.1", 0, city.parts, city.clock) as health:
        yield health


def get(health: Health, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{health.port}{path}", timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def figures(health: Health) -> dict[tuple[str, ...], float]:
    """Each sample by its name and the values of its labels."""
    families = text_string_to_metric_families(get(health, "/metrics")[1])
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def test_figures_say_what_the_archive_says(city: City, health: Health) -> None:
    city.write("facebook")
    city.write("youtube", "an ordinary remark")
    city.run()
    told = figures(health)
    assert told["citymod_cases", "enforced"] == 1
    assert told["citymod_cases", "cleared"] == 1
    assert told["citymod_cases", "in_review"] == 0
    assert told["citymod_ledger_lines_total", "case.enforced"] == 1
    assert told["citymod_mails", "waiting"] == 0
    key = f"facebook:{city.accounts['facebook'].id}"
    assert told["citymod_account_stopped", key] == 0
    assert 0 <= told["citymod_account_lag_seconds", key] < 60
    city.clock.move(minutes=5)
    assert figures(health)["citymod_account_lag_seconds", key] >= 300


def test_lines_are_counted_on_and_the_same_from_the_beginning(city: City, health: Health) -> None:
    city.write("x")
    city.run()
    first = figures(health)["citymod_ledger_lines_total", "comment.recorded"]
    city.write("x", "something else")
    city.run()
    assert figures(health)["citymod_ledger_lines_total", "comment.recorded"] == first + 1
    with Health("127.0.0.1", 0, city.parts, city.clock) as another:
        assert figures(another)["citymod_ledger_lines_total", "comment.recorded"] == first + 1


def test_alerts_and_dashboard_ask_for_figures_that_there_are(city: City, health: Health) -> None:
    """Figures without a sample at the moment still have their description, so all names show."""
    city.run()
    told = get(health, "/metrics")[1]
    described = set(re.findall(r"^# TYPE (\S+)", told, re.MULTILINE))
    alerts = YAML(typ="safe").load((MONITORING / "alerts.yml").read_text(encoding="utf-8"))
    rules = [rule for group in alerts["groups"] for rule in group["rules"]]
    assert all(rule["annotations"]["description"] for rule in rules)
    dashboard = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))
    asked = [rule["expr"] for rule in rules] + [panel["targets"][0]["expr"] for panel in dashboard["panels"]]
    names = {name for expression in asked for name in re.findall(r"citymod_\w+", expression)}
    assert len(names) > 8
    assert names <= described
    kinds = {
        kind
        for expression in asked
        for found in re.findall(r'kind=~?"([^"]+)"', expression)
        for kind in found.split("|")
    }
    assert kinds <= {f"case.{event}" for event in Event} | {"comment.recorded", "archive.failed", "digest.marked"}


def test_a_pause_shows(city: City, health: Health) -> None:
    assert ("citymod_paused", "*") not in figures(health)
    with city.parts.database.begin() as tx:
        pauses.pause(tx, pauses.EVERYTHING, person("on-call"), "a storm", None, city.clock())
    assert figures(health)["citymod_paused", "*"] == 1


def test_no_words_and_no_names_are_told(city: City, health: Health) -> None:
    city.write("facebook")
    city.run()
    told = get(health, "/metrics")[1]
    assert "fuck" not in told
    assert "Pat Resident" not in told


def test_ready_means_that_nothing_is_wrong(city: City, health: Health, monkeypatch: pytest.MonkeyPatch) -> None:
    assert get(health, "/healthz") == (200, "well\n")
    assert get(health, "/readyz") == (200, "well\n")
    monkeypatch.setattr(troubles, "LEAST_FREE_BYTES", 1 << 60)
    with city.parts.database.begin() as tx:
        troubles.watch(tx, city.settings, city.clock())
    assert get(health, "/readyz") == (503, "the disk is nearly full\n")
    assert get(health, "/healthz")[0] == 200
    assert get(health, "/secrets")[0] == 404


def test_an_archive_that_does_not_answer_is_told(city: City, health: Health) -> None:
    database = city.settings.data / "citymod.db"
    aside = database.rename(database.with_suffix(".away"))
    city.parts.database.close()
    database.mkdir()
    code, said = get(health, "/healthz")
    database.rmdir()
    aside.rename(database)
    assert code == 503, said
    assert "the database cannot be used" in said
    with Database.open(city.settings.database_url):
        pass
