"""Finds the browser that pictures are taken with, and says what is missing for pictures that can be relied on."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

DEBIAN = (
    Path("/usr/lib/chromium/chromium-headless-shell"),
    Path("/usr/lib/chromium/chromium"),
    Path("/usr/bin/chromium-headless-shell"),
)
NAMES = ("chromium", "chromium-browser", "google-chrome")
PLAYWRIGHTS_OWN = (
    "chromium_headless_shell-*/chrome-*/*headless*shell",
    "chromium-*/chrome-*/chrome",
)
SAMPLES = (
    ("emoji", "color=true:charset=1f600", "fonts-noto-color-emoji"),
    ("Chinese, Japanese and Korean", "charset=6f22", "fonts-noto-cjk"),
    ("Arabic", "charset=0645", "fonts-noto-core"),
    ("Hebrew", "charset=05d0", "fonts-noto-core"),
    ("Devanagari", "charset=0939", "fonts-noto-core"),
    ("Thai", "charset=0e01", "fonts-noto-core"),
)
ANSWER_SECONDS = 30  # a browser whose files are not in the page cache takes many seconds


def find_browser() -> Path | None:
    """The browser that CITYMOD_BROWSER names, else Playwright's own, Debian's headless shell, or any Chromium."""
    chosen = (Path(path) for path in (os.environ.get("CITYMOD_BROWSER"),) if path)
    named = (Path(found) for name in NAMES if (found := shutil.which(name)))
    return next((path for path in (*chosen, *_playwrights(), *DEBIAN, *named) if os.access(path, os.X_OK)), None)


def check_browser(executable: Path | None = None) -> list[str]:
    """Name everything that stands in the way of good pictures, each with what to do; an empty list: nothing does."""
    path = executable or find_browser()
    if path is None:
        return [
            "no browser was found: install the package chromium-headless-shell, or run: playwright install chromium"
        ]
    return [*_browser_problems(path), *_font_problems()]


def browser_version(executable: Path) -> str:
    """What the browser calls itself: ``Chromium 156.0.8078.79``. OSError or SubprocessError if it does not say."""
    return _said(str(executable), "--version")


def _playwrights() -> list[Path]:
    """Browsers that `playwright install` left, newest first."""
    folder = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache/ms-playwright")
    return [path for pattern in PLAYWRIGHTS_OWN for path in sorted(folder.glob(pattern), reverse=True)]


def _browser_problems(path: Path) -> list[str]:
    try:
        version = browser_version(path)
    except (OSError, subprocess.SubprocessError) as error:
        return [f"the browser {path} does not run: {error}"]
    return [] if version else [f"the browser {path} does not say its version"]


def _font_problems() -> list[str]:
    """Scripts for which no font is there: their letters would be archived as empty boxes."""
    try:
        missing = [(script, package) for script, pattern, package in SAMPLES if not _said("fc-list", f":{pattern}")]
    except (OSError, subprocess.SubprocessError) as error:
        return [f"fonts were not checked: install the package fontconfig ({error})"]
    return [f"no font can draw {script}: install the package {package}" for script, package in missing]


def _said(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, check=True, timeout=ANSWER_SECONDS, text=True)  # noqa: S603  fixed words
    return done.stdout.strip()
