"""Whatever hangs or dies, a capture ends in time, says so, and leaves the next one a working browser."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import psutil
import pytest
from builders import NOON
from pages import TEXT, Site, a_subject, article, redirect, standing_at

from archive.browser import browser_version, check_browser, find_browser
from archive.capture import BrowserSettings, Camera
from bot.domain.types import Quality

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from archive.capture import Capture

DEADLINE = 3.0
RECOVERY = 9.0  # ending a stuck worker, reaping it and starting a new one, on a busy machine


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture(scope="module")
def shared() -> Iterator[Camera]:
    with Camera(BrowserSettings(deadline=DEADLINE), "9.9") as camera:
        yield camera


@pytest.fixture
def camera(shared: Camera) -> Camera:
    """The camera that the test before may have left without a worker."""
    shared._ready_worker()
    return shared


def page_then_record(camera: Camera, site: Site, into: Path) -> tuple[Capture, Capture]:
    """Capture ``/comment``, then a record; both within the time there is."""
    begun = time.monotonic()
    first = camera.capture(standing_at(f"{site.url}/comment"), ("page",), into / "first", now=NOON)
    assert time.monotonic() - begun < DEADLINE + RECOVERY
    second = camera.capture(a_subject(), ("record",), into / "second", now=NOON)
    assert time.monotonic() - begun < DEADLINE + 2 * RECOVERY
    return first, second


def processes_of(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


FOR_EVER = "{ while (true); }"
PAGES = {
    "never answers": "/hang",
    "redirects for ever": "/round",
    "reloads for ever": "<script>setTimeout(() => location.reload(), 20)</script>",
    "computes while it loads": article(TEXT, extra=f"<script>{FOR_EVER}</script>"),
    "computes once it has loaded": article(
        TEXT, extra=f"<script>onload = () => setTimeout(() => {FOR_EVER}, 20)</script>"
    ),
}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_a_page_that_hangs_is_partial_in_time_and_the_next_is_full(
    camera: Camera, site: Site, tmp_path: Path, page: str
) -> None:
    site.pages |= {"/hang": site.hang, "/round": redirect("/comment"), "/comment": page}
    if page in site.pages:
        site.pages["/comment"] = site.pages[page]
    first, second = page_then_record(camera, site, tmp_path)
    assert first.quality is Quality.PARTIAL
    assert any(not step.ok and step.detail for step in first.steps)
    assert first.conditions["url"] == f"{site.url}/comment"
    assert first.conditions["signed_in"] == "no"
    assert second.quality is Quality.FULL


def worker(camera: Camera) -> list[psutil.Process]:
    assert camera._worker is not None
    return [psutil.Process(camera._worker.pid)]


def arguments(process: psutil.Process) -> str:
    """Its command line; empty for one that has just ended: Chromium starts and loses helpers all the time."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def browser(camera: Camera) -> list[psutil.Process]:
    assert camera._worker is not None
    everything = [(one, arguments(one)) for one in processes_of(camera._worker.pid)]
    return [one for one, words in everything if "--headless" in words and "--type=" not in words]


def renderers(camera: Camera) -> list[psutil.Process]:
    assert camera._worker is not None
    return [one for one in processes_of(camera._worker.pid) if "--type=renderer" in arguments(one)]


@pytest.mark.parametrize(
    ("victims", "blow"),
    [
        (renderers, signal.SIGKILL),
        (browser, signal.SIGKILL),
        (worker, signal.SIGKILL),
        (renderers, signal.SIGSTOP),
        (browser, signal.SIGSTOP),
        (worker, signal.SIGSTOP),
    ],
)
def test_a_process_that_dies_or_stops_in_the_middle(
    camera: Camera,
    site: Site,
    tmp_path: Path,
    victims: Callable[[Camera], list[psutil.Process]],
    blow: signal.Signals,
) -> None:
    """The page's picture never comes; while the browser waits for it, the blow falls."""
    site.pages["/comment"] = article(TEXT, extra="<img src='/never.png'>")
    site.pages["/never.png"] = site.hang
    assert camera._worker is not None
    everything = [psutil.Process(camera._worker.pid), *processes_of(camera._worker.pid)]
    struck = []

    def strike() -> None:
        site.reached.wait(DEADLINE)
        for victim in victims(camera):
            victim.send_signal(blow)
            struck.append(victim)

    striker = threading.Thread(target=strike)
    striker.start()
    first, second = page_then_record(camera, site, tmp_path)
    striker.join()
    assert struck
    assert first.quality is Quality.PARTIAL
    assert second.quality is Quality.FULL
    if victims is not renderers:
        assert not [one for one in everything if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize(("victims", "blow"), [(worker, signal.SIGSTOP), (browser, signal.SIGKILL)])
def test_a_process_struck_while_idle_is_replaced_within_the_capture(
    tmp_path: Path, victims: Callable[[Camera], list[psutil.Process]], blow: signal.Signals
) -> None:
    with Camera(BrowserSettings(deadline=8), "9.9") as camera:
        camera._ready_worker()
        for victim in victims(camera):
            victim.send_signal(blow)
        assert camera.capture(a_subject(), ("record",), tmp_path, now=NOON).quality is Quality.FULL


def test_the_worker_is_recycled_and_leaves_nothing(tmp_path: Path) -> None:
    with Camera(BrowserSettings(recycle_after=1), "9.9") as camera:
        pids, folders = [], []
        for number in range(2):
            capture = camera.capture(a_subject(), ("record",), tmp_path / str(number), now=NOON)
            assert capture.quality is Quality.FULL
            assert camera._worker is not None
            pids.append(camera._worker.pid)
            folders.append(camera._worker._folder)
    assert pids[0] != pids[1]
    assert not any(folder.exists() for folder in folders)
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_a_browser_with_nothing_to_do_is_closed_and_comes_back(tmp_path: Path) -> None:
    with Camera(BrowserSettings(idle=0.5), "9.9") as camera:
        for number in range(2):
            capture = camera.capture(a_subject(), ("record",), tmp_path / str(number), now=NOON)
            assert capture.quality is Quality.FULL
            assert camera._worker is not None
            family = [*worker(camera), *browser(camera)]
            _, alive = psutil.wait_procs(family, timeout=15)
            assert [one for one in alive if one.status() != psutil.STATUS_ZOMBIE] == []
            with camera._lock:  # held until all is closed
                assert camera._worker is None


def test_a_page_that_eats_memory_is_partial_and_the_next_is_full(tmp_path: Path, site: Site) -> None:
    hog = "const kept = []; setInterval(() => kept.push(new Uint8Array(64 << 20).fill(1)), 1)"
    site.pages["/comment"] = article("Something else", extra=f"<script>{hog}</script>")
    with Camera(BrowserSettings(deadline=20, memory=500 * 1024**2), "9.9") as camera:
        first = camera.capture(standing_at(f"{site.url}/comment"), ("page",), tmp_path / "first", now=NOON)
        second = camera.capture(a_subject(), ("record",), tmp_path / "second", now=NOON)
    assert first.quality is Quality.PARTIAL
    assert "MiB, more than it may" in first.steps[-1].detail
    assert second.quality is Quality.FULL


def test_a_page_made_ready_for_the_next_card_may_die(tmp_path: Path) -> None:
    with Camera(BrowserSettings(deadline=12), "9.9") as camera:
        camera.capture(a_subject(), ("record",), tmp_path / "first", now=NOON)
        time.sleep(1)
        for victim in renderers(camera):
            victim.kill()
        capture = camera.capture(a_subject(), ("record",), tmp_path / "second", now=NOON)
    assert capture.quality is Quality.FULL


def test_nothing_survives_the_death_of_the_program(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from archive.capture_process import Worker;"
        "worker = Worker(Path(sys.argv[1])); print(worker.pid, worker._folder, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(find_browser())], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid, folder = parent.stdout.readline().split()
        family = [psutil.Process(int(pid)), *processes_of(int(pid))]
        parent.kill()
    assert len(family) > 3
    _, alive = psutil.wait_procs(family, timeout=10)
    assert [one for one in alive if one.status() != psutil.STATUS_ZOMBIE] == []
    assert not os.path.exists(folder)  # noqa: PTH110  a name printed by another process


def test_the_browser_is_told_no_secret() -> None:
    os.environ["CITYMOD_TOKEN_OF_A_TEST"] = "secret"
    try:
        with Camera(BrowserSettings(), "9.9") as camera:
            camera._ready_worker()
            family = [*worker(camera), *browser(camera)]
            assert len(family) == 2
            assert not any("CITYMOD_TOKEN_OF_A_TEST" in one.environ() for one in family)
    finally:
        del os.environ["CITYMOD_TOKEN_OF_A_TEST"]


def test_the_browser_is_found_and_fit(tmp_path: Path) -> None:
    found = find_browser()
    assert found is not None
    assert "Chrom" in browser_version(found)
    assert check_browser() == []
    assert "does not run" in check_browser(tmp_path / "nothing")[0]
