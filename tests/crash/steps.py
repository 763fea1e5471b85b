"""Counts the steps of a process from outside its code, and kills it right after the one that it is told.

A step is whatever another process could notice: a commit, a change in the file system, something sent to a platform or
to the mail server, a process started. Python itself reports all but the commits (PEP 578), SQLAlchemy those; nothing
of the program is changed or named. Between two steps there is only computation and waiting for answers, so that
"right after a step" and "right before the next" are the same moment, and that moment is where the process dies.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, event

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from sqlalchemy import Connection

COMMIT, FILE, HTTP, MAIL, PROCESS = "commit", "file", "http", "mail", "process"
KINDS = (COMMIT, FILE, HTTP, MAIL, PROCESS)

ROOT = Path(__file__).resolve().parents[2]
OURS = tuple(f"{ROOT / name}{os.sep}" for name in ("archive", "bot", "connectors", "rules"))
CHANGES = frozenset({"os.chmod", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink"})
SENDS = {"http.client.connect": HTTP, "http.client.send": HTTP, "smtplib.connect": MAIL, "smtplib.send": MAIL}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
NUMBERED = re.compile(r"\d+")


class Steps:
    """Counts from its making on, tells each step, and dies right after the one it is told, if it is told one."""

    def __init__(self, *, folder: Path, tell: Callable[[str], object], last: int | str | None, since: str) -> None:
        """Count what happens in `folder` and on the network. There is no way to stop it but to end the process.

        `last`: the number of the step to die after, counted from the first whose name holds `since`; or its name.
        """
        self._folder = f"{folder}{os.sep}"
        self._tell = tell
        self._last = last
        self._since = since
        self._taken = 0
        self._dying = False
        self._turn = threading.Lock()
        event.listen(Engine, "commit", self._on_commit)
        sys.addaudithook(self._on_audit)

    def at_end(self) -> None:
        """Die if the last step was the one; to be called when the process is about to end by itself."""
        if self._dying:
            os.kill(os.getpid(), signal.SIGKILL)

    def _on_commit(self, connection: Connection) -> None:
        """Count commits that can have written something; those of a connection that may only read cannot."""
        info = connection.info
        if "read_only" not in info:
            driver = connection.connection.driver_connection
            assert driver is not None
            info["read_only"] = bool(driver.execute("PRAGMA query_only").fetchone()[0])
        if not info["read_only"]:
            self._step(COMMIT, "")

    def _on_audit(self, name: str, values: tuple[Any, ...]) -> None:
        if name == "open":
            path, _, flags = values
            if flags & WRITING:
                self._change(path)
        elif name in CHANGES and _does_something(name, values):
            self._change(values[0], name)
        elif name in SENDS:
            detail = "connect" if name.endswith("connect") else _first_word(values[1])
            self._step(SENDS[name], detail)
        elif name == "subprocess.Popen":
            self._step(PROCESS, "")

    def _change(self, path: object, how: str = "open") -> None:
        if not isinstance(path, (str, bytes, os.PathLike)):
            return  # a descriptor that is open already
        text = os.fsdecode(path)
        if text.startswith(self._folder) or not Path(text).is_absolute():
            name = NUMBERED.sub("#", Path(text).name)
            self._step(FILE, f"{how} {name}" if Path(text).suffix else how)

    def _step(self, kind: str, detail: str) -> None:
        with self._turn:
            self.at_end()
            name = f"{kind} {detail} in {_place()}"
            self._taken += bool(self._taken) or self._since in name
            self._dying = self._last in (self._taken, name)
            self._tell(name)


def _does_something(name: str, values: tuple[Any, ...]) -> bool:
    """Whether a call changes anything: removing what is not there, or making a folder that is, does not."""
    if name not in {"os.mkdir", "os.remove", "os.rmdir"} or isinstance(values[0], int):
        return True
    folder = values[-1]  # an open one that the path counts from, or -1
    try:
        os.stat(values[0], dir_fd=None if folder == -1 else folder, follow_symlinks=False)
    except OSError:
        return name == "os.mkdir"
    return name != "os.mkdir"


def _place() -> str:
    """Where in our code that is, from outside to inside."""
    found: list[str] = []
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_filename.startswith(OURS):
            module = frame.f_code.co_filename.removeprefix(f"{ROOT}{os.sep}").removesuffix(".py").replace(os.sep, ".")
            found.append(f"{module}.{frame.f_code.co_name}:{frame.f_lineno}")
        frame = frame.f_back
    return " > ".join(reversed(found))


def _first_word(sent: object) -> str:
    """``GET``, ``EHLO``, or nothing for what is not the beginning of a request or command."""
    word = bytes(sent[:12]).split(maxsplit=1)[:1] if isinstance(sent, (bytes, bytearray)) else []
    return word[0].decode() if word and word[0].isalpha() else ""
