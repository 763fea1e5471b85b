"""A daemon that is told to end does, whatever its jobs are about at that moment."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from archive import ledger
from bot.daemon import Daemon
from bot.ending import Ending

if TYPE_CHECKING:
    from types import FrameType

    from city import City

pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket.*family=1:ResourceWarning")  # sdnotify's own


@pytest.mark.timeout(60)
def test_jobs_may_ask_the_scheduler_while_the_daemon_ends(city: City) -> None:
    """They asked for locks that the scheduler held until all jobs had ended."""
    daemon = Daemon(city.parts)
    ended = threading.Event()

    def job() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(1)  # the daemon is waiting for this job now
        daemon._keep_book()
        daemon._poll_again(city.settings.accounts[0].account.key, city.clock())
        ended.set()

    daemon._every(3600, "a slow job", job)
    daemon.run()
    assert ended.is_set(), "what was begun is brought to its end"
    with city.parts.database.read() as tx:
        assert not list(ledger.entries(tx, kinds=("daemon.failed",)))


class AtLine:
    """Sends a signal to this process just before the number-th line that runs, and counts the lines."""

    def __init__(self, number: int) -> None:
        self.number, self.lines = number, 0

    def __call__(self, _frame: FrameType, event: str, _: object) -> AtLine:
        if event == "line":
            self.lines += 1
            if self.lines == self.number:
                os.kill(os.getpid(), signal.SIGTERM)
        return self


@pytest.mark.timeout(30)
def test_the_word_may_come_at_any_line_of_waiting_for_it() -> None:
    """With an event in its place, this hangs where the event's own lock is held."""
    number = 0
    while True:
        number += 1
        ending, lines = Ending(), AtLine(number)
        later = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM))  # comes where no line is left
        before = sys.gettrace()
        with ending.by(signal.SIGTERM):
            later.start()
            sys.settrace(lines)
            try:
                said = ending.wait()
            finally:
                sys.settrace(before)
            later.cancel()
            later.join()
        assert said
        assert ending.said()
        if lines.lines < number:
            break
    assert number > 3


@pytest.mark.timeout(60)
def test_no_signal_is_slept_through() -> None:
    """Sent by another thread at about the moment at which the main thread goes to sleep."""
    for number in range(2_000):
        ending = Ending()
        with ending.by(signal.SIGTERM):
            sender = threading.Thread(target=_after, args=(number % 100 * 2e-6,))
            sender.start()
            assert ending.wait(20)
            sender.join()


def _after(seconds: float) -> None:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def test_whoever_waits_for_some_time_is_told_that_nothing_was_said() -> None:
    ending = Ending()
    with ending.by(signal.SIGTERM):
        assert not ending.wait(0.05)
        ending.say()
        assert ending.wait(0.05)
        assert ending.wait()
