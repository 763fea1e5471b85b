"""Hostile pages: each capture ends in time, FULL or PARTIAL with a reason that is true, and the browser does not grow.

Comments in every script follow: a card must be FULL whatever is written on it.
"""

from __future__ import annotations

import random
import shutil
import time
import unicodedata
from typing import TYPE_CHECKING

import pytest
from builders import NOON
from hostile import KINDS, pages, put
from pages import Site, a_subject, standing_at

from archive.capture import BrowserSettings, Camera
from bot.domain.types import Quality

if TYPE_CHECKING:
    from pathlib import Path

    from archive.capture import Capture

DEADLINE = 4.0
RECOVERY = 12.0  # ending a stuck browser and starting a new one, on a busy machine
MEMORY = 600 * 1024**2
NEVER_FULL = {
    "never answers", "endless scroll without it", "a download for a page", "reloads for ever", "redirects for ever",
    "redirects to a stranger", "a login wall", "not html",
}  # fmt: skip
SCRIPTS = (
    (0x41, 0x7A), (0xC0, 0x24F), (0x370, 0x3FF), (0x400, 0x4FF), (0x531, 0x586), (0x5D0, 0x5EA), (0x620, 0x64A),
    (0x904, 0x939), (0x985, 0x9B9), (0xE01, 0xE2E), (0x10D0, 0x10FA), (0x1F300, 0x1F5FF), (0x1F600, 0x1F64F),
    (0x3041, 0x3096), (0x30A1, 0x30FA), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0x1200, 0x1248), (0x300, 0x36F),
)  # fmt: skip


def take(camera: Camera, site: Site, name: str, seed: int, into: Path) -> tuple[Capture, float]:
    put(site, name, seed)
    begun = time.monotonic()
    capture = camera.capture(standing_at(f"{site.url}/comment"), ("page",), into, now=NOON)
    seconds = time.monotonic() - begun
    shutil.rmtree(into)
    return capture, seconds


def check(name: str, seed: int, capture: Capture, seconds: float) -> None:
    """The reason must be there, and where the comment cannot be had, the picture must not be called full."""
    said = f"{name} ({seed}): {[(step.name, step.detail) for step in capture.steps if not step.ok]}"
    assert seconds < DEADLINE + RECOVERY, said
    failed = [step for step in capture.steps if not step.ok]
    assert (capture.quality is Quality.FULL) == (not failed), said
    assert all(step.detail.strip() for step in failed), said
    if capture.quality is Quality.FULL:
        assert name not in NEVER_FULL, said


def own_memory(camera: Camera) -> int:
    camera._ready_worker()
    assert camera._worker is not None
    return camera._worker.memory()


def run(count: int, tmp_path: Path, *, seed: int) -> None:
    grown = []
    with Site() as site, Camera(BrowserSettings(deadline=DEADLINE, memory=MEMORY), "9.9") as camera:
        for name, variation in pages(count, seed):
            check(name, variation, *take(camera, site, name, variation, tmp_path / "page"))
            grown.append(own_memory(camera))
        capture = camera.capture(a_subject(), ("record",), tmp_path / "after", now=NOON)
    assert capture.quality is Quality.FULL
    assert max(grown) <= MEMORY


@pytest.mark.parametrize("name", ["alert boxes for ever", "pop ups", "eats memory", "a very tall page", "downloads"])
def test_a_hostile_page_ends_in_time_with_a_true_reason(name: str, tmp_path: Path) -> None:
    with Site() as site, Camera(BrowserSettings(deadline=DEADLINE, memory=MEMORY), "9.9") as camera:
        check(name, 7, *take(camera, site, name, 7, tmp_path / "page"))
        assert own_memory(camera) <= MEMORY


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_two_hundred_hostile_pages(tmp_path: Path) -> None:
    assert len(KINDS) >= 24
    run(200, tmp_path, seed=20261122)


def a_text(dice: random.Random) -> str:
    """A few words of one or two scripts, with marks, emoji and spaces between."""
    words = []
    for first, last in dice.choices(SCRIPTS, k=dice.randint(2, 8)):
        letters = [chr(code) for code in range(first, last + 1) if unicodedata.category(chr(code)) not in {"Cn", "Cc"}]
        words.append("".join(dice.choices(letters, k=dice.randint(1, 9))))
    return dice.choice([" ", "\n", " \u200f", " 👩‍👩‍👧‍👦 "]).join(words)


def cards(count: int, tmp_path: Path, *, seed: int) -> None:
    used = []
    with Camera(BrowserSettings(), "9.9") as camera:
        for number in range(count):
            text = a_text(random.Random(seed + number))
            capture = camera.capture(a_subject(text, text[:4]), ("record",), tmp_path / "card", now=NOON)
            failed = [(step.name, step.detail) for step in capture.steps if not step.ok]
            assert capture.quality is Quality.FULL, f"{text!r}: {failed}"
            shutil.rmtree(tmp_path / "card")
            used.append(own_memory(camera))
    assert max(used) <= 1.5 * used[min(9, count - 1)], f"memory grew: {[one // 1024**2 for one in used]} MiB"


def test_cards_in_every_script_are_full(tmp_path: Path) -> None:
    cards(12, tmp_path, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_hundred_cards_in_every_script_are_full_and_memory_stays_flat(tmp_path: Path) -> None:
    cards(100, tmp_path, seed=100)
