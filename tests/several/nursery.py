"""A process that has imported the program once and forks a daemon whenever it is told: starting one costs little.

    python nursery.py SETTINGS LEASE_SECONDS [plain]

takes names of daemons from standard input, one a line, and answers each with the number of a new process, which is
what ``citymod run --name NAME`` is, with leases that last as long as is told here. With `plain`, pictures are drawn
without a browser: hundreds of daemons that each start one would keep a small machine busy with that alone.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import traceback
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import googleapiclient.discovery  # noqa: F401
import psycopg  # noqa: F401
from PIL import Image, ImageDraw

import archive.verify  # noqa: F401  everything that a daemon may import, it finds imported
from archive import leases
from archive.capture import BrowserSettings, Camera, Capture, Step
from archive.capture_job import PICTURE
from bot import daemon, lock, log
from bot.domain.types import Quality
from bot.parts import VERSION, Parts, Rulebook
from bot.settings import load
from connectors.find import automated

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from archive.subject import Subject

BEATS_A_LEASE = 6  # as many as in earnest
PR_SET_PDEATHSIG = 1  # prctl(2): nothing that was started here outlives the test


class PlainCamera(Camera):
    """Draws what is recorded of a comment as letters on white: a full picture, and no browser."""

    def capture(self, subject: Subject, sources: Sequence[str], into: Path, *, now: datetime) -> Capture:
        """Draw it, whatever `sources` say."""
        del sources
        picture = Image.new("L", (640, 80), 255)
        ImageDraw.Draw(picture).text((5, 5), f"{subject.comment.ref}: {subject.comment.text}")
        picture.save(into / PICTURE)
        step = Step(source="record", name="render", ok=True, seconds=0.0, detail="drawn plainly")
        said = {"rendition": "a record, drawn plainly", "tool": f"citymod {VERSION}"}
        return Capture(quality=Quality.FULL, source="record", steps=(step,), conditions=said, captured_at=now)


def main(settings: Path, lease: float, *, plain: bool) -> None:
    """Serve until standard input ends."""
    rulebook = Rulebook.read(load(settings).rules)
    log.start(level="info")
    for platform in automated():
        __import__(f"connectors.{platform}.connector")
    leases.LEASE = timedelta(seconds=lease)
    daemon.LEASE_SECONDS = lease / BEATS_A_LEASE  # type: ignore[assignment]
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who dies is buried at once
    for line in sys.stdin:
        assert threading.active_count() == 1, "forking a process with threads would copy their locks"
        child = os.fork()
        if child == 0:
            live(settings, line.strip(), rulebook, plain=plain)
        print(child, flush=True)  # noqa: T201


def live(settings: Path, name: str, rulebook: Rulebook, *, plain: bool) -> NoReturn:
    """Be the daemon of that name, from its start to its end. Never returns."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    ended = 0
    try:
        loaded = load(settings)
        with lock.one_of(loaded.data, name):
            camera = PlainCamera(BrowserSettings(), VERSION) if plain else None
            parts = Parts.assemble(loaded, daemon=name, rulebook=rulebook, camera=camera)
            try:
                daemon.Daemon(parts).run()
            finally:
                parts.close()
    except BaseException:  # noqa: BLE001  whatever it is, it must be told, and this process must not go on
        traceback.print_exc()
        ended = 1
    Path(settings.parent / f"ended-{os.getpid()}").write_text(str(ended), encoding="ascii")
    os._exit(ended)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), plain="plain" in sys.argv[3:])
