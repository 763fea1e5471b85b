"""The daemon as its own process: it works, obeys the switch within seconds, refuses a twin, and ends when told."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

import pytest
from city import VIOLATION

from archive import cases, gauges, jobs, ledger, pauses
from archive.backup import Place, restore
from archive.database import Database
from bot import heard
from bot.domain.states import State
from bot.promises import ref_of
from bot.settings import load
from bot.standins import StandIns
from bot.trial import MailSink, lay_out
from connectors.standin.world import Person, World, WorldComment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAT = Person(id="7000000001", name="Pat Resident", handle="pat")


class Running:
    """A daemon on stand-ins, in real time."""

    def __init__(self, folder: Path) -> None:
        self.world = World()
        self._stack = ExitStack()
        sink = self._stack.enter_context(MailSink(folder / "mails"))
        standins = self._stack.enter_context(StandIns(self.world))
        accounts = standins.open_accounts()
        self.file = lay_out(folder, standins, accounts, sink.port)
        self.settings = load(self.file)
        self._post = self.world.add_post(accounts["facebook"], "The pool opens on Friday.")
        self.command = [sys.executable, "-m", "bot.cli", "run", "--config", str(self.file)]
        log = self._stack.enter_context((folder / "daemon.log").open("wb"))
        self.process = subprocess.Popen(self.command, stderr=log)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self._stack.close()

    def write(self) -> WorldComment:
        return self.world.add_comment(self._post, VIOLATION, author=PAT)

    def state(self, comment: WorldComment) -> State | None:
        if not (self.settings.data / "citymod.db").exists():
            return None
        with Database.open(self.settings.database_url) as database, database.read() as tx:
            case = cases.case(tx, ref_of(comment))
        return case.state if case else None

    def wait_for(self, comment: WorldComment, state: State, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while self.state(comment) is not state:
            assert time.monotonic() < end, f"it is {self.state(comment)} and not {state} after {seconds} s"
            assert self.process.poll() is None, "the daemon has ended"
            time.sleep(0.2)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path) as running:
        yield running


def test_it_hides_stops_for_the_switch_goes_on_and_ends_when_told(running: Running) -> None:
    first = running.write()
    running.wait_for(first, State.ENFORCED)

    running.settings.switch_file.touch()
    second = running.write()
    running.wait_for(second, State.SECURED)
    time.sleep(5)
    assert second.public, "nothing is hidden while the file is there"

    twin = subprocess.run(running.command, capture_output=True, text=True, timeout=60, check=False)
    assert twin.returncode == 1
    assert "another citymod works on" in twin.stderr

    running.settings.switch_file.unlink()
    running.wait_for(second, State.ENFORCED)
    assert not second.public

    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(timeout=60) == 0
    with Database.open(running.settings.database_url) as database, database.read() as tx:
        runs = {run.name: run for run in jobs.every(tx)}
        clocks = gauges.of_kind(tx, heard.CLOCK)
    assert {"work", "mail", "digest", "pause switch", "book of jobs"} <= runs.keys()
    assert sum(name.startswith("poll ") for name in runs) == len(running.settings.accounts)
    assert sum(name.startswith("token check ") for name in runs) == len(running.settings.accounts)
    assert all(run.why is None for run in runs.values()), runs
    assert clocks, "the stand-ins' answers carry a date"
    assert all(abs(one.value) < 2 for one in clocks.values()), "and it is this machine's own"


def test_a_drill_says_how_long_the_switch_takes_and_lets_go_again(running: Running) -> None:
    first = running.write()
    running.wait_for(first, State.ENFORCED)
    drill = [sys.executable, "-m", "bot.cli", "pause", "--drill", "--who", "Kim On-Call", "--config", str(running.file)]
    went = subprocess.run(drill, capture_output=True, text=True, timeout=90, check=False)
    assert went.returncode == 0, went.stderr
    seconds = re.search(r"Obeyed after ([0-9.]+) s", went.stdout)
    assert seconds is not None
    assert float(seconds[1]) <= 5
    second = running.write()
    running.wait_for(second, State.ENFORCED)

    running.process.kill()
    running.process.wait()
    went = subprocess.run(drill, capture_output=True, text=True, timeout=90, check=False)
    assert went.returncode == 1
    assert "NOT OBEYED" in went.stderr
    with Database.open(running.settings.database_url) as database, database.read() as tx:
        drills = [line.detail["seconds"] for line in ledger.entries(tx, kinds=(pauses.DRILLED,))]
        assert pauses.in_force(tx, datetime.now(UTC)) == []
    assert drills[0] is not None
    assert drills[1] is None


def test_a_backup_is_taken_while_the_daemon_works(running: Running, tmp_path: Path) -> None:
    """The backup holds one moment of a ledger that grew on, and what is put back stands on its own."""
    running.wait_for(running.write(), State.ENFORCED)
    comments = [running.write() for _ in range(20)]
    words = ("backup", str(tmp_path / "backup"), "--config", str(running.file))
    done = subprocess.run([sys.executable, "-m", "bot.cli", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    running.wait_for(comments[-1], State.ENFORCED)
    new = tmp_path / "new"
    place = Place(url=f"sqlite:///{new}/citymod.db", evidence=new / "evidence", media=new / "media", trusted={})
    assert restore(tmp_path / "backup", place, now=datetime.now(UTC)).passed
