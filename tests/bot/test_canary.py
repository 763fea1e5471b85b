"""The canary: it goes the whole line without touching anything real, and is heard when it does not come through."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from city import City, the_rulebook

from archive import cases, ledger, orders, pauses, records
from bot import canary, canary_line, digest
from bot.domain.states import State
from bot.judging import judge_lines
from bot.review import person

if TYPE_CHECKING:
    from pathlib import Path

    from archive.database import Tx

Run = "Callable[..., tuple[int, str, str]]"
STEPS = ["made ready", "recorded", "judged", "captured", "hidden", "restored", "verified"]


def lines(city: City, *kinds: str) -> list[ledger.Entry]:
    with city.parts.database.read() as tx:
        return list(ledger.entries(tx, kinds=kinds))


def sing(city: City) -> bool:
    """A day later."""
    city.clock.move(hours=24)
    return canary.sing_due(city.parts, city.clock)


def digest_of(city: City) -> digest.Digest:
    with city.parts.database.read() as tx:
        return digest.fold(tx, city.settings, city.settings.pios[0], city.clock())


def figures(tx: Tx) -> dict[str, int]:
    """Everything of which there is a number, but for lines of the ledger."""
    counts = {str(state): number for state, number in cases.tally(tx).items()} | records.counts(tx)
    return {name: number for name, number in counts.items() if name != "ledger"}


def test_it_comes_through_once_a_day_and_leaves_no_trace_but_one_line(city: City) -> None:
    city.write("facebook")
    city.run()
    hidden = len(city.world.effects)
    with city.parts.database.read() as tx:
        before = figures(tx)
    assert not canary.sing_due(city.parts, city.clock), "on the first day there is no turn before six"
    assert sing(city)
    assert not canary.sing_due(city.parts, city.clock)
    (line,) = lines(city, canary.PASSED)
    assert sorted(line.detail["steps"]) == sorted(STEPS)
    with city.parts.database.read() as tx:
        assert figures(tx) == before
        used = {key: orders.used_since(tx, key, datetime.min.replace(tzinfo=UTC)) for key in city.parts.readers}
    spent = {key: number for key, number in used.items() if number}
    assert spent == {f"facebook:{city.accounts['facebook'].id}": 1}, "no budget was touched"
    assert len(city.world.effects) == hidden
    told = digest_of(city)
    assert "came through in" in told.as_text()
    assert "came through in" in told.as_html()
    assert sum(counted["hidden"] for _, counted in told.counts) == 0, "what was hidden was told in the digest before"
    assert not any("canary" in mail for mail in city.alarms())


def test_while_everything_is_paused_it_says_so_and_does_nothing(city: City) -> None:
    with city.parts.database.begin() as tx:
        pauses.pause(tx, pauses.EVERYTHING, person("Kim"), "a storm", None, city.clock())
    assert sing(city)
    (line,) = lines(city, canary.PASSED, canary.FAILED, canary.SKIPPED)
    assert line.kind == canary.SKIPPED
    assert "not run: paused: by person:Kim: a storm" in digest_of(city).as_text()
    assert not canary.sing_due(city.parts, city.clock), "it is said once a day"
    with city.parts.database.begin() as tx:
        pauses.resume(tx, pauses.EVERYTHING, person("Kim"), "over", city.clock())
    city.settings.switch_file.touch()
    assert sing(city)
    assert [line.kind for line in lines(city, canary.PASSED, canary.SKIPPED)] == [canary.SKIPPED] * 2


def test_a_browser_that_is_gone_calls_people(city: City, tmp_path: Path) -> None:
    settings = city.settings.model_copy(update={"browser": tmp_path / "no-chromium"})
    outcome = canary.walk(settings, 120)
    assert outcome.broken is not None
    assert "after judged: it should be secured now; it is in_review" in outcome.broken
    with city.parts.database.begin() as tx:
        canary.record(tx, settings, outcome, agent=ledger.DAEMON, now=city.clock())
    (mail,) = city.alarms()
    assert "the daily test of the whole line failed" in mail
    assert any("THE DAILY TEST OF THE WHOLE LINE FAILED" in line for line in digest_of(city).headlines)


def test_rules_that_cannot_be_read_and_a_child_that_hangs_are_outcomes(city: City) -> None:
    rules = city.settings.rules.model_copy(update={"packs": (city.settings.data / "nowhere.yaml",)})
    outcome = canary.walk(city.settings.model_copy(update={"rules": rules}), 120)
    assert "nowhere.yaml" in str(outcome.broken)
    assert canary.walk(city.settings, 0.5) == canary.Outcome({}, "it did not come through within 0.5 s")


def test_the_child_is_handed_no_credential(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials/citymod")
    handed = json.dumps(canary._handed(city.settings))
    assert not any(secret in handed for secret in city.standins.secrets())
    assert "credential" not in handed
    assert set(json.loads(handed)) <= {"rules", "capture_seconds", "browser"}


def test_the_rules_let_the_canary_stand() -> None:
    """Else it would fail each day, for no fault of anybody's."""
    (answer,) = judge_lines(the_rulebook(), [json.dumps({"id": "canary", "text": canary_line.WORDS})])
    assert (answer["outcome"], answer["matches"]) == ("clear", [])


@pytest.mark.parametrize("state", [State.ENFORCED, State.RESTORED])
def test_a_platform_that_does_not_do_as_it_says_breaks_it(city: City, state: State) -> None:
    """The line looks at the stand-in itself, whatever the program believes."""
    comment = city.write("facebook")
    city.run()
    line = canary_line.Line(city.parts, comment)
    assert city.state(comment) is State.ENFORCED
    if state is State.ENFORCED:
        comment.hidden_by = None
        with pytest.raises(canary_line.Broken, match="called hidden and the platform shows it"):
            line.hidden()
    else:
        with pytest.raises(canary_line.Broken, match="should be observed now; it is enforced"):
            line.recorded()


@pytest.mark.slow
def test_by_hand(city: City, citymod: Run) -> None:
    code, out, _ = citymod("canary", "--config", city.file, "--who", "Kim")
    assert code == 0, out
    assert all(step in out for step in STEPS)
    assert lines(city, canary.PASSED)[0].agent.name == "Kim"
