"""The systemd unit: as tight as it says, and Chromium still takes pictures inside, with a sandbox of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from archive.browser import find_browser

UNIT = Path(__file__).parent.parent / "systemd" / "citymod.service"
PNG = b"\x89PNG"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not here (Debian: systemd)")
@pytest.mark.parametrize(("unit", "most"), [("citymod.service", 2.0), ("citymod-console.service", 1.5)])
def test_a_unit_is_rated_as_tight_as_it_says(unit: str, most: float) -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT.with_name(unit))]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    rating = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert rating is not None, said
    assert float(rating[1]) <= most, said


def test_what_the_daemon_relies_on_is_in_the_unit() -> None:
    lines = set(UNIT.read_text(encoding="utf-8").splitlines())
    for line in ("Type=notify", "WatchdogSec=120", "UMask=0077", "NoNewPrivileges=yes", "PrivateUsers=yes"):
        assert line in lines
    assert not any(line.startswith("MemoryDenyWriteExecute=yes") for line in lines), "Chromium's engine writes code"


def may_make_user_namespaces() -> bool:
    command = ["setpriv", "--reuid=65534", "--clear-groups", "unshare", "--user", "true"]
    return (
        os.geteuid() == 0
        and shutil.which("setpriv") is not None
        and subprocess.run(command, check=False).returncode == 0
    )


@pytest.mark.skipif(not may_make_user_namespaces(), reason="needs root, setpriv and user namespaces to try it")
def test_chromium_keeps_its_own_sandbox_inside_a_user_namespace_without_any_privilege(tmp_path: Path) -> None:
    """What `PrivateUsers=`, `NoNewPrivileges=` and `CapabilityBoundingSet=` do, done by hand."""
    browser = find_browser()
    assert browser is not None
    home = Path("/tmp") / f"citymod-sandbox-{os.getpid()}"
    home.mkdir(mode=0o700)
    os.chown(home, 65534, 65534)
    inside = ["unshare", "--user", "--map-user=65534", "--map-group=65534", "--mount"]
    privileges = ["setpriv", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]
    chromium = [str(browser), f"--user-data-dir={home}/profile", f"--screenshot={home}/seen.png", "--disable-gpu"]
    command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *inside, *privileges, *chromium]
    try:
        went = subprocess.run(
            [*command, "--no-first-run", "--disable-background-networking", "data:text/html,<h1>seen</h1>"],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={"HOME": str(home), "PATH": os.environ["PATH"]},
        )
        assert went.returncode == 0, went.stderr
        assert (home / "seen.png").read_bytes().startswith(PNG)
    finally:
        shutil.rmtree(home)
