"""No question that the daemon, its digest, `citymod status` or a search asks reads a table from end to end.

Every statement of a whole day is collected as it is asked, and SQLite is asked how it would answer it. A table that
grows with the archive must be searched by an index; what is counted over all of it is named here, with the reason.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from city import HARMLESS, VIOLATION, City, for_review
from sqlalchemy import Engine, event

from archive.search import Query, search
from bot.domain.states import State
from bot.domain.types import Visibility
from bot.status import status_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archive.capture import Camera

GROWS = {
    *("ledger", "post", "comment", "revision", "sighting", "media", "verdict", "match_", "decision", "case_"),
    *("evidence", "order_", "attempt", "outbox", "upload", "attestation", "received", "attended", "full_text"),
}
KNOWN = {
    r"SELECT case_\.state, count\(\*\) AS count_1 FROM case_ GROUP BY case_\.state": "counts all, for `citymod status`",
    r"SELECT count\(\S+\) AS count_1 FROM \w+": "counts all there are, for `citymod status`",
    r"SELECT .* FROM ledger ORDER BY ledger\.seq DESC LIMIT \? OFFSET \?": "reads the last line alone",
    r"SELECT .* FROM received WHERE .* ORDER BY received\.at, received\.id": "reads what staff sent, a few a day",
}
"""Statements that read a whole index (or only seem to), and why they may. The first two are asked by nobody else."""


@contextmanager
def listening() -> Iterator[dict[str, Any]]:
    """Collect the statements that are asked, each with parameters that it was once asked with."""
    asked: dict[str, Any] = {}

    def note(_c: object, _cursor: object, statement: str, parameters: Any, _context: object, many: bool) -> None:
        if re.match(r"(SELECT|UPDATE|DELETE|WITH)\b", statement):
            asked.setdefault(statement, parameters[0] if many else parameters)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def scans(city: City, asked: dict[str, Any]) -> list[str]:
    """The statements that would read a growing table from end to end."""
    found = []
    with city.parts.database.read() as tx:
        for statement, parameters in asked.items():
            if any(re.fullmatch(known, " ".join(statement.split())) for known in KNOWN):
                continue
            plan = [row[3] for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            for step in plan:
                scanned = re.match(r"SCAN (\S+)", step)
                matched = re.search(
                    r"VIRTUAL TABLE INDEX \d+:\S*M", step
                )  # FTS5's way of saying that it was asked for words
                if scanned and scanned[1] in GROWS and not matched:
                    found.append(f"{step}: {' '.join(statement.split())}")
    return found


@pytest.fixture
def busy(tmp_path: Path, camera: Camera) -> Iterator[City]:
    with City(tmp_path, camera) as city:
        yield city


def a_day(city: City) -> None:
    """Comments of every kind, edits, hidden ones that come back, a digest: on every platform that is read."""
    for platform in city.accounts:
        city.write(platform, HARMLESS)
        city.write(platform, for_review())
    bad = city.write("youtube", VIOLATION)
    city.poll()
    city.run()
    city.run()
    city.world.unhide(bad, "somebody")
    city.world.edit(city.write("facebook"), "other words")
    city.poll()
    city.run()
    city.make_digests()


def test_a_day_of_the_daemon_reads_no_table_from_end_to_end(busy: City) -> None:
    with listening() as asked:
        a_day(busy)
    by_the_daemon = len(asked)
    assert not [statement for statement in asked if "count(*) AS count_1 \nFROM comment" in statement]
    with listening() as more, busy.parts.database.read() as tx:
        status_of(tx, busy.settings, busy.clock())
    assert by_the_daemon > 50
    assert "\n".join(scans(busy, asked | more)) == ""


def test_a_search_reads_no_table_from_end_to_end(busy: City) -> None:
    busy.write("youtube")
    busy.poll()
    now = busy.clock()
    everything = {"clause": "C4", "state": State.OBSERVED, "visibility": Visibility.VISIBLE, "account": "youtube:x"}
    with listening() as asked:
        for query in (
            Query(words="street"),
            Query(words="str*", before=1000),
            Query(author="pat"),
            Query(words="street", since=now, until=now, **everything),
        ):
            with busy.parts.database.read() as tx:
                search(tx, query)
    assert len(asked) > 4
    assert scans(busy, asked) == []


def test_a_statement_without_an_index_is_seen(busy: City) -> None:
    """The check itself can fail."""
    asked = {"SELECT ref FROM revision WHERE text = ?": ("x",), "SELECT rowid FROM full_text ORDER BY rowid": ()}
    assert len(scans(busy, asked)) == 2
