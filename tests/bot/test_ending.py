"""A daemon that is told to end does, whatever its jobs are about at that moment."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from archive import ledger
from bot.daemon import Daemon

if TYPE_CHECKING:
    from collections.abc import Iterator

    from city import City

pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket.*family=1:ResourceWarning")  # sdnotify's own


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


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
