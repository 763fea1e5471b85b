"""What of the work is this daemon's: accounts and jobs, shared fairly among the daemons that work on one archive.

Theory of operation
-------------------
`beat`, every few seconds, renews this daemon's leases, takes its share of what is free, and hands over what is too
much for it, at rest. Timers only wake work: whoever does anything does it in ``with share.holding(name):``, which does
nothing where the lease is another's, and within which every writing transaction asks first whether it still is ours.
If not, the transaction is refused (`archive.leases.LeaseLost`) and the work ends there: the other daemon goes on from
what is on record, as after a crash. There is no other way for one daemon alone: it holds everything.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from archive import leases
from archive.database import Unavailable, fenced
from archive.leases import LeaseLost
from bot.log import logger

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from archive.database import Database, Tx

ACCOUNT, JOB, LINE = "account ", "job ", "line "
"""How the names of leases begin."""
JOBS = (
    *("mail", "digest", "witnesses", "nightly check", "mailbox", "drop folder", "troubles", "what it cost", "bucket"),
    *("advice", "notices", "consistency", "webhook", "backup", "canary"),
)
"""What one daemon at a time does, whatever the account."""
THE_ONLY_ONE = "citymod"
"""What a daemon is called that is given no name."""
NAMES = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,39}")
FOLDER_FILE = "folder-id"
"""The file by which daemons on several machines know that they see the same data folder."""

log = logger("sharing")


class Share:
    """One daemon's part of the work. Nothing is its own before the first `beat`."""

    def __init__(self, database: Database, *, daemon: str, folder: Path, names: Iterable[str]) -> None:
        """Take the daemon's name, the data folder, and the names of all that is to be shared."""
        self.daemon = daemon
        self._database = database
        self._folder = folder
        self._names = _in_kinds(names)
        self._run = ""
        self._tokens: dict[str, int] = {}
        self._asked: dict[str, int] = {}
        self._busy: Counter[str] = Counter()
        self._leaving: set[str] = set()
        self._beating = threading.Lock()
        self._lock = threading.RLock()  # of what is remembered here; never held while the database is waited for

    def enter(self, now: datetime) -> None:
        """Begin, as a new running process of this daemon, and take the first share.

        Raises `archive.leases.NotTogether` if daemons that are alive work on another data folder.
        """
        with self._beating:
            self._run = secrets.token_hex(8)
            with self._lock:
                self._tokens = {}
            with self._database.begin() as tx:
                leases.enter(
                    tx,
                    name=self.daemon,
                    run=self._run,
                    host=socket.gethostname(),
                    pid=os.getpid(),
                    folder=_folder_id(self._folder),
                    now=now,
                )
        self.beat(now)

    def beat(self, now: datetime) -> list[str]:
        """Renew, share anew, and give the accounts (keys) that another daemon was asked to poll and that are ours.

        Raises `LeaseLost` if another process has begun under this daemon's name: then this one is to end.
        """
        with self._beating:
            with self._lock:
                ready = {name for name in self._leaving if self._busy[name] == 0}  # and nobody begins on it any more
            with self._database.begin() as tx:
                if not leases.renew(tx, self._run):
                    raise LeaseLost([f"the name {self.daemon}"])
                leaving = [leases.share(tx, self._run, names, ready) for names in self._names]
                gone = leases.tell_gone(tx, now)
                held = leases.held(tx)
            ours = {name: lease for name, lease in held.items() if lease.run == self._run}
            self._take_over(ours, {name for names in leaving for name in names})
            for other in gone:
                log.warning("daemon gone", daemon=other.name, host=other.host)
            woken = [name for name, lease in ours.items() if lease.asked != self._asked.get(name, lease.asked)]
            self._asked = {name: lease.asked for name, lease in ours.items()}
        return [name.removeprefix(ACCOUNT) for name in woken if name.startswith(ACCOUNT)]

    def _take_over(self, ours: Mapping[str, leases.Held], leaving: set[str]) -> None:
        """Remember what is ours. What is under way keeps the token it began with, and is refused if that is old."""
        with self._lock:
            before = self._tokens
            self._tokens = {name: lease.token for name, lease in ours.items()}
            self._tokens |= {name: token for name, token in before.items() if self._busy[name] > 0}
            self._leaving = leaving
            more, less = sorted(self._tokens.keys() - before.keys()), sorted(before.keys() - self._tokens.keys())
        if more or less:
            log.info("shared", daemon=self.daemon, more=more, less=less)

    def leave(self) -> None:
        """Give everything up, since this daemon ends and its work is at rest."""
        with self._beating:
            with self._lock:
                self._tokens = {}
            if self._run:
                with self._database.begin() as tx:
                    leases.leave(tx, self._run)

    def ask(self, key: str) -> None:
        """Let the daemon that reads an account know that there is something new: it polls within some seconds."""
        with self._database.begin() as tx:
            leases.ask(tx, f"{ACCOUNT}{key}")

    def see_file(self, tx: Tx, why: str | None) -> None:
        """Let all daemons know that this one sees a pause file, or that it is gone."""
        leases.say(tx, self._run, why)

    def accounts(self) -> list[str]:
        """The keys of the accounts that are ours, as far as we know."""
        with self._lock:
            ours = self._tokens.keys() - self._leaving
            return sorted(name.removeprefix(ACCOUNT) for name in ours if name.startswith(ACCOUNT))

    def has(self, *names: str) -> bool:
        """Whether all of these are ours, as far as we know."""
        with self._lock:
            return self._tokens.keys() - self._leaving >= set(names)

    @contextmanager
    def holding(self, *names: str) -> Iterator[bool]:
        """Work on what is ours; gives False where it is not, and then nothing may be done.

        It stays ours until the end, unless this process sleeps so long that others think it dead. Then whatever it
        wants to write is refused, and the work ends here, without an error: others do it by now.
        """
        with self._lock:
            ours = self.has(*names)
            tokens = {name: self._tokens[name] for name in names} if ours else {}
            self._busy.update(tokens.keys())
        if not ours:
            yield False
            return
        try:
            with fenced(lambda tx: leases.guard(tx, self._run, tokens)):
                yield True
        except LeaseLost as lost:
            log.warning("lease lost", what=str(lost))
            with self._lock:
                for name in lost.names:
                    self._tokens.pop(name, None)
        finally:
            with self._lock:
                self._busy.subtract(names)


def _in_kinds(names: Iterable[str]) -> list[Sequence[str]]:
    """Accounts, jobs and lines are each shared for themselves."""
    kinds: dict[str, list[str]] = {}
    for name in names:
        kinds.setdefault(name.partition(" ")[0], []).append(name)
    return list(kinds.values())


def _folder_id(folder: Path) -> str:
    """What names a data folder, wherever it is mounted: some letters in a file in it, made by whoever comes first.

    The file appears whole or not at all. Raises `Unavailable` if it cannot be made.
    """
    file = folder / FOLDER_FILE
    if not file.exists():
        draft = folder / f"{FOLDER_FILE}.{secrets.token_hex(4)}"
        try:
            with draft.open("x", encoding="ascii") as new:
                new.write(secrets.token_hex(8))
                new.flush()
                os.fsync(new.fileno())
            with suppress(FileExistsError):  # another one came first
                os.link(draft, file)
        except OSError as error:
            message = f"the data folder {folder} cannot be written to: {error.strerror}"
            raise Unavailable(message) from error
        finally:
            draft.unlink(missing_ok=True)
    return file.read_text(encoding="ascii")


def holders(tx: Tx) -> dict[str, str]:
    """Give which daemon, alive, works each account, by the accounts' keys."""
    held = leases.held(tx).items()
    return {name.removeprefix(ACCOUNT): lease.daemon for name, lease in held if name.startswith(ACCOUNT)}


def told(tx: Tx, now: datetime) -> Iterator[str]:
    """Which daemons there are and what each of them works on, for `citymod status`."""
    held = leases.held(tx)
    for one in leases.daemons(tx):
        where = f"Daemon {one.name} ({one.host}, process {one.pid})"
        if one.ended:
            yield f"{where}: ended"
            continue
        if not one.alive:
            yield f"{where}: NOT HEARD OF for {leases.LEASE.seconds} s or more; others do its work"
            continue
        ours = [name for name, lease in held.items() if lease.run == one.run]
        keys = sorted(name.removeprefix(ACCOUNT) for name in ours if name.startswith(ACCOUNT))
        jobs = sorted(name.removeprefix(JOB) for name in ours if name.startswith(JOB))
        up = f"up since {one.since:%Y-%m-%d %H:%M} UTC" if one.since <= now else "up"
        yield f"{where}: {up}; works {', '.join(keys) or 'no account'}; does {', '.join(jobs) or 'no job'}"
