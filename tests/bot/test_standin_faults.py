"""`citymod standin`: what can go wrong has names, is listed, is switched on, and is counted."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from bot.standins import StandIns
from connectors.standin.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMAND = [sys.executable, "-m", "bot.cli", "standin"]


@pytest.fixture
def standins() -> Iterator[StandIns]:
    with StandIns(World()) as running:
        yield running


def test_every_platform_lists_errors_and_what_they_do(standins: StandIns) -> None:
    listed = standins.fault_names()
    assert listed.keys() == standins.servers.keys()
    for names in listed.values():
        assert {"rate_limited", "answer_lost", "unauthorised"} <= names.keys()
        assert all(names.values())
    assert {"twins", "batch_nulls", "password_changed", "hooks_unsigned"} <= listed["facebook"].keys()
    assert "token_in_next" not in listed["facebook"], "what is always so has no switch"


def test_a_name_switches_it_on_everywhere_and_with_a_platform_only_there(standins: StandIns) -> None:
    facebook: Any = standins.servers["facebook"].standin
    standins.switch(["facebook:twins", "facebook:empty_pages"], seed=7)
    assert set(facebook.pitfalls.on) == {"twins", "empty_pages"}
    assert facebook.pitfalls.seed == 7
    assert facebook.manners.empty_pages
    standins.switch([], seed=1)
    assert not facebook.pitfalls.on
    assert not facebook.manners.empty_pages


def test_what_nobody_knows_is_named(standins: StandIns) -> None:
    with pytest.raises(ValueError, match="x:twins"):
        standins.switch(["x:twins", "facebook:twins"], seed=1)


def asked(process: subprocess.Popen[str], times: int) -> list[int]:
    assert process.stdout
    place = json.loads(process.stdout.readline())
    token = place["credentials"]["facebook"]["page_token"]
    request = urllib.request.Request(f"{place['facebook']}/v26.0/me", headers={"authorization": f"Bearer {token}"})
    found = []
    for _ in range(times):
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                found.append(answer.status)
        except urllib.error.HTTPError as error:
            found.append(error.code)
            error.close()
    return found


def run(*more: str) -> tuple[list[int], dict[str, Any]]:
    with subprocess.Popen([*COMMAND, *more], stdout=subprocess.PIPE, text=True) as process:
        try:
            statuses = asked(process, 80)
            process.send_signal(signal.SIGTERM)
            assert process.stdout
            ledgers = json.loads(process.stdout.readline())["ledgers"]
        finally:
            process.kill()
    return statuses, ledgers["facebook"]


def test_the_same_seed_strikes_the_same_requests_and_the_ledger_tells() -> None:
    first, ledger = run("--fault", "facebook:hiccup", "--fault", "old_version", "--seed", "5")
    again, _ = run("--fault", "facebook:hiccup", "--seed", "5")
    assert first == again
    assert 0 < first.count(500) < 20
    assert ledger["faults"] == {"hiccup": first.count(500)}
    assert ledger["requests"] == {"node": 80}
    assert ledger["calls"] == ledger["pitfalls"]["old_version"] == first.count(200)


def test_a_list_of_all_and_a_word_about_what_is_not_on_it() -> None:
    listed = subprocess.run([*COMMAND, "--faults"], capture_output=True, text=True, timeout=60, check=True).stdout
    assert "facebook:vanishing  some comments vanish" in listed
    wrong = subprocess.run([*COMMAND, "--fault", "gravity"], capture_output=True, text=True, timeout=60, check=False)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "gravity" in wrong.stderr
