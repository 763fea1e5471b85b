"""Starts, hears and ends the worker process that holds the browser. Whatever hangs or dies there, this side goes on.

A browser can hang where no time limit of its own reaches it, and a stopped browser outlives the process that started
it. So the worker gets a temporary folder of its own, and ending it means: every process that descends from it or
carries that folder in its command line or environment.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from archive.capture_job import Job

READY_SECONDS = 75  # longer than the worker gives the browser, so that the worker's reason is heard
CLOSE_SECONDS = 5
DEATH_SECONDS = 5
KEPT_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "PYTHONHOME", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


class NoBrowser(Exception):
    """No browser can be started at all, so nothing can be captured. The text says why and what to do."""


class Worker:
    """One worker process, from start to end. Not safe to share between threads."""

    def __init__(self, executable: Path) -> None:
        """Start the process and wait until its browser is there; NoBrowser if it does not come."""
        self.captures = 0
        self._heard = b""
        self._folder = Path(tempfile.mkdtemp(prefix="citymod-camera-"))
        self._log = self._folder / "worker.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603  our own module
                [sys.executable, "-P", "-m", "archive.capture_worker", str(executable)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=self._folder,
                env=self._environment(),
                start_new_session=True,
            )
        ready = self.hear(READY_SECONDS)
        if ready is None or "ready" not in ready:
            why = self._why_not(ready)
            self.end()
            message = f"no browser can be started from {executable}: {why}; see: citymod doctor"
            raise NoBrowser(message)
        self.version = str(ready["ready"])

    @property
    def pid(self) -> int:
        """The process id of the worker."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    def memory(self) -> int:
        """Bytes that the worker and everything it started have for themselves; pages that are shared are left out.

        A browser's processes share most of their code and pictures, so adding up what is resident would count it often.
        """
        return sum(map(_own_memory, self._family()))

    def _family(self) -> list[psutil.Process]:
        with contextlib.suppress(psutil.NoSuchProcess):
            worker = psutil.Process(self.pid)
            return [worker, *worker.children(recursive=True)]
        return []

    def give(self, job: Job, key: bytes = b"") -> None:
        """Hand over a job, and the key of its sign-in, which goes through the pipe alone and lies in no file.

        A worker that has just died is noticed by hearing nothing from it.
        """
        path = self._folder / "job.json"
        job.write(path)
        self.captures += 1
        with contextlib.suppress(BrokenPipeError):
            _pipe(self._process.stdin).write(f"{key.hex()} {path}\n".encode())
            _pipe(self._process.stdin).flush()

    def hear(self, seconds: float) -> dict[str, Any] | None:
        """The worker's next word, None if it says nothing for that long or has ended."""
        patience = time.monotonic() + seconds
        out = _pipe(self._process.stdout).fileno()
        while b"\n" not in self._heard:
            readable, _, _ = select.select([out], [], [], max(0.0, patience - time.monotonic()))
            said = os.read(out, 65536) if readable else b""
            if not said:
                return None
            self._heard += said
        line, _, self._heard = self._heard.partition(b"\n")
        word: dict[str, Any] = json.loads(line)
        return word

    def close(self) -> None:
        """Let the worker end by itself, and end it if it does not."""
        with contextlib.suppress(BrokenPipeError):
            _pipe(self._process.stdin).close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(CLOSE_SECONDS)
        self.end()

    def end(self) -> None:
        """End the worker and everything it started, whatever state that is in, and remove its folder."""
        doomed = self._everything()
        for process in doomed:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait()
        _await_death(doomed)
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(BrokenPipeError):
                _pipe(pipe).close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _everything(self) -> list[psutil.Process]:
        """The worker's descendants, and those that lost their parent but carry the worker's folder."""
        roots = [process for process in psutil.process_iter() if self._is_ours(process)]
        everything = set(roots)
        for process in roots:
            with contextlib.suppress(psutil.NoSuchProcess):
                everything |= set(process.children(recursive=True))
        return list(everything)

    def _is_ours(self, process: psutil.Process) -> bool:
        if process.pid == self._process.pid:
            return True
        with contextlib.suppress(psutil.Error):
            return any(str(self._folder) in word for word in (*process.cmdline(), *process.environ().values()))
        return False

    def _environment(self) -> dict[str, str]:
        """What the browser may know of ours: no credential that came by environment reaches it (P12)."""
        kept = {name: value for name in KEPT_ENVIRONMENT if (value := os.environ.get(name)) is not None}
        return {**kept, "TMPDIR": str(self._folder), "HOME": str(self._folder), "PYTHONIOENCODING": "utf-8"}

    def _why_not(self, said: dict[str, Any] | None) -> str:
        if said is not None and "failed" in said:
            return str(said["failed"])
        log = self._log.read_text(errors="replace").strip().splitlines()
        return log[-1] if log else f"no answer in {READY_SECONDS} seconds"


def _own_memory(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.NoSuchProcess):
        held = process.memory_info()
        return max(0, int(held.rss - held.shared))
    return 0


def _await_death(processes: list[psutil.Process]) -> None:
    """Wait until all are dead. Those whose parent died are collected by the system in its own time; no need to wait."""
    patience = time.monotonic() + DEATH_SECONDS
    while any(_lives(process) for process in processes) and time.monotonic() < patience:
        time.sleep(0.01)


def _lives(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _pipe(stream: Any) -> Any:
    """A pipe that was asked for at the start is there."""
    return stream
