"""A daemon on which nothing happens is small: it has not loaded, and does not keep, what a quiet day does not need."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from city import City, the_rulebook

from rules.engine import Engine
from rules.match import atoms

if TYPE_CHECKING:
    from pathlib import Path

QUIET = """
import json, sys
from bot import cli
from rules.match import atoms
try:
    cli.main(["pass", "--config", sys.argv[1]])
except SystemExit as end:
    status = end.code
print(json.dumps({"status": status, "loaded": list(sys.modules), "kept": atoms.atoms.cache_info().currsize}))
"""
"""Reads and judges all there is, makes and mails the digest, in a process of its own."""


@pytest.fixture(scope="module")
def after_a_quiet_day(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process holds that has done all there was to do for a city in which nobody wrote anything."""
    folder: Path = tmp_path_factory.mktemp("city")
    with City(folder) as city:
        command = [sys.executable, "-c", QUIET, str(city.file)]
        went = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        assert list(city.sink.folder.iterdir()), "the digest went out"
    told: dict[str, Any] = json.loads(went.stdout.splitlines()[-1])
    assert told["status"] == 0, went.stderr
    return told


@pytest.mark.parametrize(
    ("library", "unless"),
    [
        ("alembic", "the database is of another version"),
        ("rfc3161_client", "the City has a time-stamping authority"),
        ("holidays", "the City's holidays name those of federal law"),
        ("PIL", "a digest or an export has pictures"),
        ("boto3", "copies go to a bucket"),
        ("starlette", "this is the console"),
    ],
)
def test_a_library_is_not_loaded(after_a_quiet_day: dict[str, Any], library: str, unless: str) -> None:
    assert library not in after_a_quiet_day["loaded"], f"it is large, and not needed unless {unless}"


def test_what_compiling_the_rules_remembered_is_forgotten(after_a_quiet_day: dict[str, Any]) -> None:
    assert after_a_quiet_day["kept"] == 0


def test_all_that_reading_patterns_remembers_can_be_forgotten() -> None:
    caches = [one for one in vars(atoms).values() if hasattr(one, "cache_info")]
    Engine(the_rulebook().packs)
    assert caches
    assert all(one.cache_info().currsize for one in caches)
    assert atoms._GROUPS
    atoms.forget()
    assert not any(one.cache_info().currsize for one in caches)
    assert not atoms._GROUPS
