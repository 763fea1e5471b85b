"""What breaks in a simulation: the process dies at any step, the disk is full, the database is locked, mail is down.

A step is whatever the world outside could notice: a transaction, a change in the file system, something sent to a
platform or to the mail server. Python tells of files and mail by itself (PEP 578), the database and the wire are asked
to. A process that dies does so by an exception that nothing of the program catches; from then on each further step
raises it again, so that whatever still runs while the stack unwinds changes nothing, and transactions roll back.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import struct
import sys
import threading
import zlib
from collections import Counter
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from archive.capture import BrowserSettings, Camera, Capture, Step
from archive.capture_job import PICTURE
from archive.capture_process import NoBrowser
from archive.card import rendition, transcript
from archive.database import Database, Unavailable
from bot.domain.types import Quality
from bot.parts import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path
    from random import Random

    from archive.database import Tx
    from archive.subject import Subject

CHANGES = frozenset({"os.chmod", "os.mkdir", "os.remove", "os.rename", "os.rmdir"})
NEEDS_ROOM = frozenset({"open", "os.mkdir"})
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_NO_ROOM, _ROOM = 1, 2**30
"""How many pages the database may have: no more than it has (SQLite takes the least possible), and any number."""
PATIENCE = 1
"""How long the program waits for a locked database (ms): nobody gives way while it waits."""


class Killed(BaseException):
    """The process is dead. No part of the program catches this."""


class Machine:
    """The computer on which the program runs; it counts steps, and a process on it dies at one.

    `broken` holds what is broken now: ``disk`` (it is full), ``mail``, ``browser``. `met` counts how often the program
    ran into it, or into a locked ``database``.
    """

    def __init__(self, folder: Path) -> None:
        """Watch what happens in `folder`. Nothing is broken, nobody dies, and steps count only while `running`."""
        self._folder = f"{folder.resolve()}{os.sep}"
        self._thread = threading.get_ident()
        self._runs = False
        self._left: int | None = None
        self.dead = False
        self.steps = 0
        self.broken: set[str] = set()
        self.met: Counter[str] = Counter()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Within this, the program runs; what is done outside of it is the world's doing and is never broken."""
        was, self._runs = self._runs, True
        try:
            yield
        finally:
            self._runs = was

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """Within this, somebody else does something in the middle of the program's step."""
        was, self._runs = self._runs, False
        try:
            yield
        finally:
            self._runs = was

    def die_after(self, steps: int) -> None:
        """Let the process die before that many steps more are done."""
        self._left = steps

    def start_again(self) -> None:
        """A new process, or one that has got away with its life."""
        self.dead, self._left = False, None

    def step(self) -> None:
        """Something is about to be noticed outside. Raises Killed when the time has come."""
        if not self._runs:
            return
        if self.dead:
            raise Killed
        self.steps += 1
        if self._left is not None:
            self._left -= 1
            if self._left <= 0:
                self.dead = True
                raise Killed

    def heard(self, name: str, values: tuple[Any, ...]) -> None:
        """Python tells what is about to be done (an audit event); what is raised here comes of it instead."""
        if not self._runs or threading.get_ident() != self._thread:
            return
        if name == "smtplib.connect":
            self.step()
            if "mail" in self.broken:
                self.met["mail"] += 1
                raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
        elif name == "smtplib.send":
            self.step()
        elif (name in CHANGES or (name == "open" and values[2] & _WRITING)) and self._is_here(values[0]):
            self.step()
            if "disk" in self.broken and name in NEEDS_ROOM:
                self.met["disk"] += 1
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), values[0])

    def _is_here(self, path: object) -> bool:
        if not isinstance(path, (str, bytes, os.PathLike)):
            return False  # a descriptor that is open already
        return os.path.abspath(os.fsdecode(path)).startswith(self._folder)  # noqa: PTH100  links are not followed


_machine: Machine | None = None


def _hear(name: str, values: tuple[Any, ...]) -> None:
    if _machine is not None:
        _machine.heard(name, values)


_hooked = False


@contextmanager
def switched_on(machine: Machine) -> Iterator[None]:
    """Let a machine hear what Python is about to do. The hook itself stays in the process, since it cannot be taken."""
    global _machine, _hooked  # noqa: PLW0603  Python hands its events to functions, not to objects
    if not _hooked:
        sys.addaudithook(_hear)
        _hooked = True
    _machine = machine
    try:
        yield
    finally:
        _machine = None


class Fragile(Database):
    """The program's own way to the database, which breaks when its machine does."""

    machine: Machine

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """As always; the process may die before the transaction begins, before it commits, and right after."""
        self.machine.step()
        full = "disk" in self.machine.broken
        try:
            with super().begin() as tx:
                tx.exec_driver_sql(f"PRAGMA max_page_count={_NO_ROOM if full else _ROOM}")
                yield tx
                self.machine.step()
        except Unavailable:
            self.machine.met["disk" if full else "database"] += 1
            raise
        self.machine.step()

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """As always; the dead read nothing."""
        if self.machine.dead:
            raise Killed
        with super().read() as tx:
            yield tx


class Lock:
    """Somebody else who has the database to themselves: a copying program, a hand with `sqlite3`."""

    def __init__(self, file: Path) -> None:
        """Nothing is locked yet."""
        self._file = file
        self._held: sqlite3.Connection | None = None

    @property
    def held(self) -> bool:
        """Whether the database is locked now."""
        return self._held is not None

    def take(self) -> None:
        """Lock everybody out."""
        if self._held is None:
            self._held = sqlite3.connect(self._file, isolation_level=None)
            self._held.execute("BEGIN EXCLUSIVE")

    def give(self) -> None:
        """Let the others in again."""
        if self._held is not None:
            with closing(self._held):
                self._held.execute("ROLLBACK")
            self._held = None


class Sketcher(Camera):
    """Stands in for the browser, and for nothing else: it leaves a picture, and sealing goes on as always.

    Now and then a picture is only half of one, as of a page that changed meanwhile.
    """

    def __init__(self, machine: Machine, chance: Random, noticed: Callable[[], None]) -> None:
        """`noticed` is told while the shutter is open."""
        super().__init__(BrowserSettings(), VERSION)
        self._machine = machine
        self._chance = chance
        self._noticed = noticed
        self.failed = 0

    def capture(self, subject: Subject, sources: Sequence[str], into: Path, *, now: datetime) -> Capture:
        """Draw a picture in one colour that says in its own text what it shows. Raises NoBrowser where it is gone."""
        if "browser" in self._machine.broken:
            self.failed += 1
            message = "no browser was found; see: citymod doctor"
            raise NoBrowser(message)
        self._noticed()
        said = rendition("record", subject)
        full = self._chance.random() > 0.03  # noqa: PLR2004
        self.failed += not full
        (into / PICTURE).write_bytes(_png(transcript(subject, said=said, now=now)))
        step = Step(source=sources[-1], name="picture", ok=full, seconds=0.0, detail="drawn" if full else "cut off")
        conditions = {"source": sources[-1], "rendition": said, "tool": f"citymod {VERSION}"}
        quality = Quality.FULL if full else Quality.PARTIAL
        return Capture(quality=quality, source=sources[-1], steps=(step,), conditions=conditions, captured_at=now)


def _png(text: str) -> bytes:
    """A picture of one grey dot (PNG, second edition) that carries a text."""
    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    said = b"Description\0\0\0\0\0" + text.encode("utf-8", "replace")
    parts = ((b"IHDR", header), (b"iTXt", said), (b"IDAT", zlib.compress(b"\0\x80")), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
