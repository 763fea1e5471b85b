"""A process that has imported the program once and forks a daemon whenever it is told: starting one costs little.

    python nursery.py SETTINGS LEASE_SECONDS

takes names of daemons from standard input, one a line, and answers each with the number of a new process, which is what
``citymod run --name NAME`` is, with leases that last as long as is told here.
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
from typing import NoReturn

import googleapiclient.discovery  # noqa: F401
import psycopg  # noqa: F401

import archive.verify  # noqa: F401  everything that a daemon may import, it finds imported
from archive import leases
from bot import daemon, lock, log
from bot.parts import Parts
from bot.settings import load
from connectors.find import automated

BEATS_A_LEASE = 6  # as many as in earnest
PR_SET_PDEATHSIG = 1  # prctl(2): nothing that was started here outlives the test


def main(settings: Path, lease: float) -> None:
    """Serve until standard input ends."""
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
            live(settings, line.strip())
        print(child, flush=True)  # noqa: T201


def live(settings: Path, name: str) -> NoReturn:
    """Be the daemon of that name, from its start to its end. Never returns."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    ended = 0
    try:
        loaded = load(settings)
        with lock.one_of(loaded.data, name):
            parts = Parts.assemble(loaded, daemon=name)
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
    main(Path(sys.argv[1]), float(sys.argv[2]))
