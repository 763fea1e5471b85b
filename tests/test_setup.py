"""Set-up and checks: locks agree with the project, the script ends clearly, targets do what they promise."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
BUILDS = PROJECT["build-system"]["requires"]
RUNS = [*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["postgresql"]]
CHECKS = PROJECT["project"]["optional-dependencies"]["dev"]


def pins(lock: str) -> dict[str, str]:
    """The version of each package of a lock, by its name."""
    found = re.findall(r"^([\w.-]+)==(\S+)", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


def missing(wanted: Iterable[str], lock: str) -> list[str]:
    """What is wanted and is not pinned in a version that will do."""
    pinned = pins(lock)
    requirements = [Requirement(text) for text in wanted]
    return [
        str(requirement)
        for requirement in requirements
        if not requirement.specifier.contains(pinned.get(canonicalize_name(requirement.name), "0"), prereleases=True)
    ]


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [("requirements.lock", [*BUILDS, *RUNS]), ("requirements-dev.lock", [*BUILDS, *RUNS, *CHECKS])],
)
def test_a_lock_pins_all_that_the_project_asks_for(lock: str, wanted: list[str]) -> None:
    assert missing(wanted, lock) == [], "run: make lock"


def test_checks_run_on_the_very_versions_that_the_program_runs_on() -> None:
    assert pins("requirements.lock").items() <= pins("requirements-dev.lock").items()


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_pin_has_a_hash_and_no_index_is_named(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    for pin in re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in pin, pin
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text


def run_setup(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a copy of the script in an empty folder."""
    shutil.copy(ROOT / "setup.sh", folder)
    return subprocess.run(
        ["/bin/sh", "setup.sh", *words],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_without_a_word_the_script_says_which_there_are(tmp_path: Path) -> None:
    done = run_setup(tmp_path)
    assert done.returncode == 1
    assert done.stderr == "set-up: say which: sh setup.sh run, or sh setup.sh dev.\n"


def test_a_python_that_is_too_old_is_named_in_one_sentence(tmp_path: Path) -> None:
    old = tmp_path / "old-python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = run_setup(tmp_path, "run", CITYMOD_PYTHON=str(old))
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        f"set-up: CITYMOD_PYTHON names {old}, which is no Python 3.11 or newer: name another, or unset it."
    ]


def test_packages_that_cannot_be_had_end_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "requirements.lock").write_text(f"setuptools==0.0.1 \\\n    --hash=sha256:{'0' * 64}\n")
    done = run_setup(tmp_path, "run", PIP_NO_INDEX="1", PIP_CONFIG_FILE="/dev/null")
    assert done.returncode == 1
    assert done.stdout == "", "standard output is left to what set-up is for"
    *progress, last = done.stderr.splitlines()
    assert last.startswith("set-up: the packages of requirements.lock could not be installed: see why ")
    assert [line.split()[1] for line in progress] == ["making", "installing"]
    assert not (tmp_path / ".setup/run").exists()


def made(*words: str) -> str:
    """What make would run."""
    return subprocess.run(
        ["make", "--dry-run", "--no-print-directory", *words], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.parametrize("target", ["demo", "test", "test-long", "check"])
def test_a_target_makes_the_machine_ready_first(target: str) -> None:
    assert made(target).startswith("sh setup.sh ")


def test_check_runs_every_check_and_pytest_last() -> None:
    commands = [line.removeprefix(".venv/bin/").split(" ")[0:2] for line in made("check").splitlines()]
    assert [words[0] for words in commands] == ["sh", "ruff", "ruff", "mypy", "lint-imports", "pytest"]


def test_arguments_are_handed_on_to_the_demo() -> None:
    assert made("demo", "ARGS=--seconds 20 --exit").splitlines()[-1] == ".venv/bin/citymod demo --seconds 20 --exit"


def test_every_target_is_explained() -> None:
    done = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    steps = {"format", "lint", "types", "contracts", "setup-run", "setup-dev"}
    assert set(re.findall(r"^make ([a-z-]+)", done.stdout, re.MULTILINE)) == targets - steps


def unit() -> configparser.ConfigParser:
    """The systemd unit. Names keep their case; no name that is looked at comes twice."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(ROOT / "systemd/citymod.service", encoding="utf-8")
    return parser


def test_the_service_tells_systemd_that_it_lives_and_is_never_given_up() -> None:
    service = unit()["Service"]
    assert (service["Type"], service["Restart"]) == ("notify", "on-failure")
    assert int(service["WatchdogSec"]) >= 60
    assert unit()["Unit"]["StartLimitIntervalSec"] == "0"


def test_the_service_leaves_the_browser_its_sandbox() -> None:
    service = unit()["Service"]
    assert "MemoryDenyWriteExecute" not in service
    assert {"user", "pid", "net"} <= set(service["RestrictNamespaces"].split())
    assert {"chroot", "seccomp"} <= set(service["SystemCallFilter"].split())


def test_a_pause_file_outlives_a_restart_of_the_service() -> None:
    assert unit()["Service"]["RuntimeDirectoryPreserve"] == "yes"


def test_the_licence_is_the_one_that_the_project_names() -> None:
    assert PROJECT["project"]["license"] == "Apache-2.0"
    assert "Version 2.0, January 2004" in (ROOT / "LICENSE").read_text(encoding="utf-8")
