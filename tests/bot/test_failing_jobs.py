"""A job of the daemon that fails is on record, and told in the e-mail digest, even if the archive was out of order."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from archive import ledger
from archive.database import Database
from bot import log
from bot.daemon import Daemon
from bot.mishaps import Lock
from bot.simulation import Rounds

if TYPE_CHECKING:
    from city import City

    from archive.ledger import Entry

pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket.*family=1:ResourceWarning")  # sdnotify's own


def failures(city: City) -> list[Entry]:
    with city.parts.database.read() as tx:
        return list(ledger.entries(tx, kinds=("daemon.failed",)))


def test_what_failed_while_the_database_was_locked_is_told_as_soon_as_it_is_free(city: City) -> None:
    rounds = Rounds()
    Daemon(city.parts, city.clock, rounds).begin()
    jobs = {job.name: job for job in rounds.due(city.clock())}
    lock = Lock(city.settings.data / "citymod.db")
    city.parts.database.close()
    with Database.open(city.settings.database_url, patience=1) as hasty, log.into(io.StringIO()):
        object.__setattr__(city.parts, "database", hasty)
        lock.take()
        began = city.clock()
        for _ in range(3):
            city.clock.move(seconds=60)
            jobs["troubles"].run()
        lock.give()
        assert failures(city) == []
        jobs["heartbeat"].run()
        [line] = failures(city)
        assert (line.detail["job"], line.detail["times"]) == ("troubles", 3)
        assert "locked" in line.detail["why"]
        assert line.detail["since"] < (began + timedelta(seconds=90)).isoformat()
        jobs["heartbeat"].run()
        assert failures(city) == [line], "it is told once"
        city.make_digests()
    mails = "".join(path.read_text(errors="replace") for path in city.sink.folder.glob("*.eml"))
    assert "A part of the program failed" in mails
