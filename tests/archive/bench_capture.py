"""Prints one JSON object that says how fast records are captured, against a floor measured in the same run.

    make bench-capture                        the medians, less than a minute
    make bench-capture ARGS="--minutes 5"     how many a minute it keeps up, too

The floor is a script that speaks the DevTools protocol itself, over the browser's pipe, and does no more than it must:
a new context, the card, the words looked for, the same picture of the same element, snapshot, archive, transcript. The
two take turns. shot-scraper (extra `bench`) takes the same picture alone; it is left out where it is not there.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import playwright
from builders import NOON
from pages import TEXT, a_subject

from archive import card, wacz
from archive.browser import find_browser
from archive.capture import BrowserSettings, Camera
from archive.capture_worker import CARD_ADDRESS, FLAGS, _card_answer
from bot.domain.types import Quality

if TYPE_CHECKING:
    from collections.abc import Callable

VERSION = "9.9"


class Floor:
    """A browser and nothing between it and us but its pipe (``--remote-debugging-pipe``)."""

    def __init__(self, folder: Path) -> None:
        self._number = 0
        self._rest = b""
        to_read, to_write = os.pipe(), os.pipe()
        browser = str(find_browser())
        flags = [*FLAGS, "--remote-debugging-pipe", f"--user-data-dir={folder}", "--hide-scrollbars"]
        flags += ["--no-sandbox"] if os.geteuid() == 0 else []

        def wire() -> None:  # the browser reads from 3 and writes to 4
            os.dup2(to_read[0], 13)
            os.dup2(to_write[1], 14)
            os.dup2(13, 3)
            os.dup2(14, 4)

        self._process = subprocess.Popen(
            [browser, "--headless", *flags],
            preexec_fn=wire,  # noqa: PLW1509  no thread runs yet
            pass_fds=(3, 4),
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read[0])
        os.close(to_write[1])
        self._out, self._in = to_read[1], to_write[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def call(self, method: str, session: str | None = None, **words: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": words} | ({"sessionId": session} if session else {})
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self._rest:
                self._rest += os.read(self._in, 1 << 20)
            line, _, self._rest = self._rest.partition(b"\0")
            said = json.loads(line)
            if said.get("id") == self._number:
                return said["result"]

    def capture(self, into: Path) -> None:
        subject = a_subject(TEXT, "gutter")
        page = card.render(subject, version=VERSION, now=NOON)
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        tab = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Emulation.setDeviceMetricsOverride", tab, width=480, height=800, deviceScaleFactor=1, mobile=False)
        frame = self.call("Page.getFrameTree", tab)["frameTree"]["frame"]["id"]
        self.call("Page.setDocumentContent", tab, frameId=frame, html=page)
        where = "(() => { const b = document.querySelector('main').getBoundingClientRect();"
        where += f" return document.body.innerText.includes({json.dumps(TEXT)}) ? [b.width, b.height] : null }})()"
        width, height = self.call("Runtime.evaluate", tab, expression=where, returnByValue=True)["result"]["value"]
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 2}
        shot = self.call("Page.captureScreenshot", tab, format="png", clip=clip, captureBeyondViewport=True)["data"]
        (into / "comment.png").write_bytes(base64.b64decode(shot))
        snapshot = self.call("Page.captureSnapshot", tab, format="mhtml")["data"]
        (into / "page.mhtml").write_text(snapshot)
        archive = wacz.write([_card_answer(page)], page=CARD_ADDRESS, title="Record card", tool=VERSION, at=NOON)
        (into / "page.wacz").write_bytes(archive)
        words = card.transcript(subject, said=card.rendition("record", subject), now=NOON)
        (into / "transcript.txt").write_text(words)
        self.call("Target.disposeBrowserContext", browserContextId=context)


def ours(camera: Camera, into: Path) -> None:
    subject = a_subject(TEXT, "gutter")
    capture = camera.capture(subject, ("record",), into, now=NOON)
    if capture.quality is not Quality.FULL:
        message = f"not full: {capture.steps}"
        raise AssertionError(message)
    words = card.transcript(subject, said=capture.conditions["rendition"], now=NOON)
    (into / "transcript.txt").write_text(words)


def shot_scraper(folder: Path) -> float | None:
    """Seconds for one picture of the card's element with shot-scraper, None if it is not there or does not do it."""
    tool = Path(sys.executable).with_name("shot-scraper")
    if not tool.exists():
        return None
    page = folder / "card.html"
    page.write_text(card.render(a_subject(TEXT, "gutter"), version=VERSION, now=NOON))
    command = [str(tool), str(page), "-s", "main", "--retina", "-w", "480", "-o", str(folder / "shot.png")]
    command += ["--browser-arg", "--no-sandbox"]
    begun = time.monotonic()
    done = subprocess.run(command, env=_browsers(folder), capture_output=True, text=True, check=False)
    seconds = time.monotonic() - begun
    if done.returncode:
        print("shot-scraper:", done.stderr.strip(), file=sys.stderr)  # noqa: T201
        return None
    return seconds


def _browsers(folder: Path) -> dict[str, str]:
    """An environment in which Playwright takes the browser that we use for its own, since shot-scraper names none."""
    listed = json.loads((Path(playwright.__file__).parent / "driver/package/browsers.json").read_bytes())["browsers"]
    revision = next(each["revision"] for each in listed if each["name"] == "chromium-headless-shell")
    place = folder / f"chromium_headless_shell-{revision}/chrome-headless-shell-linux64/chrome-headless-shell"
    place.parent.mkdir(parents=True, exist_ok=True)
    if not place.exists():
        place.symlink_to(str(find_browser()))
    (place.parents[1] / "INSTALLATION_COMPLETE").touch()
    return dict(os.environ) | {"PLAYWRIGHT_BROWSERS_PATH": str(folder)}


def timed(do: Callable[[Path], None], folder: Path) -> float:
    into = Path(tempfile.mkdtemp(dir=folder))
    begun = time.monotonic()
    do(into)
    seconds = time.monotonic() - begun
    shutil.rmtree(into)
    return seconds


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=30, help="captures of each kind")
    parser.add_argument("--minutes", type=float, default=0, help="how long each keeps on, for the rate")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, Camera(BrowserSettings(), VERSION) as camera:
        folder = Path(name)
        with Floor(folder / "profile") as floor:
            both: dict[str, Callable[[Path], None]] = {
                "ours": lambda into: ours(camera, into),
                "floor": floor.capture,
            }
            for do in both.values():
                timed(do, folder)  # the first starts a browser
            taken: dict[str, list[float]] = {kind: [] for kind in both}
            for _ in range(asked.count):
                for kind, do in both.items():
                    taken[kind].append(timed(do, folder))
            rates = {kind: _rate(do, folder, asked.minutes * 60) for kind, do in both.items()} if asked.minutes else {}
        shots = [seconds for _ in range(3) if (seconds := shot_scraper(folder)) is not None]
    medians = {kind: statistics.median(seconds) for kind, seconds in taken.items()}
    figures: dict[str, Any] = {
        "captures": asked.count,
        "median_ms": {kind: round(1000 * seconds) for kind, seconds in medians.items()},
        "ratio": round(medians["ours"] / medians["floor"], 2),
        "target": 1.3,
    }
    if rates:
        figures["per_minute"] = {kind: round(60 * rate, 1) for kind, rate in rates.items()}
        figures["rate_ratio"] = round(rates["ours"] / rates["floor"], 2)
    if shots:
        figures["shot_scraper_ms"] = round(1000 * statistics.median(shots))
        figures["shot_scraper_ratio"] = round(statistics.median(shots) / medians["ours"], 1)
    print(json.dumps(figures, indent=2))  # noqa: T201
    return 0


def _rate(do: Callable[[Path], None], folder: Path, seconds: float) -> float:
    """Captures a second, kept up for that long."""
    begun, count = time.monotonic(), 0
    while time.monotonic() - begun < seconds:
        timed(do, folder)
        count += 1
    return count / (time.monotonic() - begun)


if __name__ == "__main__":
    sys.exit(main())
