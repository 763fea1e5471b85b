"""A process that has imported the program once and forks a life of it whenever it is told: starting it costs nothing.

    python zygote.py SETTINGS FOLDER

takes one JSON object a line from standard input and answers each with one. A life is what ``citymod pass`` does, or
``citymod run`` for some seconds, with the real parts and the real browser. When it has ended, everything that it
started is ended too, as a service manager ends all processes of a service; with ``linger`` they are given time to
notice by themselves that they are alone.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
import threading
import time
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import googleapiclient.discovery  # noqa: F401
import psutil
from steps import Steps

import archive.verify  # noqa: F401  everything that a life may import, it finds imported
from bot import daemon, lock, log, sharing
from bot.parts import Parts
from bot.settings import load
from connectors.find import automated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PR_SET_CHILD_SUBREAPER = 36  # prctl(2): orphans come to us, so that none is lost from sight
LINGER_SECONDS = 10


def main(settings: Path, folder: Path) -> None:
    """Serve until standard input ends."""
    log.start(level="critical")
    for platform in automated():
        __import__(f"connectors.{platform}.connector")
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for line in sys.stdin:
        print(json.dumps(one_life(settings, folder, json.loads(line))), flush=True)  # noqa: T201


def one_life(settings: Path, folder: Path, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Live once; tell each step, how it ended, and which processes outlived it although they had time."""
    assert threading.active_count() == 1, "forking a process with threads would copy their locks"
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        live(settings, folder, asked, writing)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as told:
        steps = told.read().splitlines()
    _, status = os.waitpid(child, 0)
    stayed = outlived() if asked["linger"] else []
    end_orphans()
    return {"steps": steps, "status": os.waitstatus_to_exitcode(status), "stayed": stayed}


def live(settings: Path, folder: Path, asked: Mapping[str, Any], told: int) -> NoReturn:
    """Be the program, from its start to its end. Never returns: what is above us belongs to the zygote."""
    ahead = timedelta(seconds=asked["ahead"])
    steps = Steps(
        folder=folder,
        tell=lambda name: os.write(told, f"{name}\n".encode()),
        last=asked["last"],
        since=asked["since"],
    )
    try:
        loaded = load(settings)
        with lock.one_of(loaded.data, sharing.THE_ONLY_ONE):
            parts = Parts.assemble(loaded)
            try:
                work(parts, lambda: datetime.now(UTC) + ahead, asked["seconds"])
            finally:
                parts.close()
        steps.at_end()
    except BaseException:  # noqa: BLE001  whatever it is, it must be told, and this process must not go on
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def work(parts: Parts, clock: Callable[[], datetime], seconds: int) -> None:
    """Make one pass, or be the daemon with its timers and threads for so many seconds."""
    if not seconds:
        daemon.single_pass(parts, clock)
        return
    signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    signal.alarm(seconds)
    daemon.Daemon(parts, clock).run()


def outlived() -> list[str]:
    """What is still there of a life after it had time to go."""
    patience = time.monotonic() + LINGER_SECONDS
    while (left := alive()) and time.monotonic() < patience:
        time.sleep(0.05)
    return [str(process) for process in left]


def alive() -> list[psutil.Process]:
    """Our descendants; those that have ended are buried first."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    return psutil.Process().children(recursive=True)


def end_orphans() -> None:
    """End what a life left behind, until nothing is left."""
    while left := alive():
        for process in left:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        time.sleep(0.005)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
