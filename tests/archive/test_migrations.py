"""A filled database of every released version comes up, loses nothing, and is still vouched for: on both engines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from builders import NOON, a_batch, a_comment, an_account, later
from older import scripts, take_back
from postgres import OWNER, WORKER
from sqlalchemy import create_engine, select, text

from archive import full_text, guards, records, roles, tables
from archive.database import Database
from archive.migrations import NEWEST
from archive.search import Query, search
from archive.verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Place
    from postgres import Postgres

REVISIONS = [script.revision for script in scripts().walk_revisions()][::-1]
EARLIER = REVISIONS[:-1]


@pytest.fixture
def old_place(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Where an old database is to be, as its owner reaches it."""
    if engine == "sqlite":
        yield f"sqlite:///{tmp_path}/old.db"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = server.create()
    with server.admin(name) as admin:
        admin.execute(f"ALTER SCHEMA public OWNER TO {OWNER}")
    yield server.url(name, OWNER)
    server.drop(name)


def bring_up(engine: str, url: str, request: pytest.FixtureRequest) -> str:
    """As a city does it; give the URL that the program works with afterwards."""
    if engine == "sqlite":
        Database.open(url).close()
        return url
    assert roles.prepare(url, worker=WORKER) == OWNER
    server: Postgres = request.getfixturevalue("postgres")
    return server.url(url.split("@/")[1].split("?", maxsplit=1)[0])


def test_there_are_versions_to_come_from() -> None:
    assert EARLIER[0] == "0001"
    assert len(EARLIER) >= 5
    assert scripts().get_heads() == [REVISIONS[-1]] == [NEWEST]


@pytest.mark.parametrize("revision", EARLIER)
def test_a_filled_database_of_every_version_is_brought_up(
    engine: str, old_place: str, past: Place, store: Path, revision: str, request: pytest.FixtureRequest
) -> None:
    known = take_back(old_place, past.owner, revision)
    url = bring_up(engine, old_place, request)
    with Database.open(url, migrate=False) as db, Database.open(past.url) as now:
        with db.read() as tx, now.read() as present:
            assert guards.missing(tx) == []
            for table in known:
                rows = text(f'SELECT count(*) FROM "{table}"')
                assert tx.execute(rows).scalar_one() == present.execute(rows).scalar_one(), table
            assert full_text.missing(tx) == 0
            found = [one.ref.item for one in search(tx, Query(words="street due")).found]
            # c4 is withheld in versions that know what that is
            assert found == (["c2", "c1"] if "withheld" in known else ["c4", "c2", "c1"])
            case = tx.execute(select(tables.case_).where(tables.case_.c.ref == "youtube:UCcity:c1")).one()
            assert (case.author_id, case.posted_at) == ("UCpat", records.comment(tx, case.ref).posted_at)
        problems = verify(db, store, store.parent / "media", now=later(3600)).problems
        with now.read() as present:
            buried = [f"ledger line {line} " for line in present.execute(select(tables.tombstone.c.line)).scalars()]
    if "tombstone" not in known:  # nothing could be destroyed then, so what stands there blank is told
        problems = [problem for problem in problems if not any(line in problem for line in buried)]
    missing = {table.name for table in tables.APPEND_ONLY} - set(known)
    assert [problem for problem in problems if problem.split(":")[0] not in {*missing, "match_"}] == []
    if not missing:
        assert problems == []
    with Database.open(url, migrate=False) as db:
        with db.begin() as tx:
            records.observe(tx, a_batch(a_comment("new", text="brand new")), account=an_account(), now=NOON)
        with db.read() as tx:
            assert [one.ref.item for one in search(tx, Query(words="brand")).found] == ["new"]


@pytest.mark.server
def test_guards_of_an_old_server_speak_the_new_wording(engine: str, old_place: str, past: Place) -> None:
    """Until this version they raised what is taken for a failure of the server, and not for a refusal."""
    take_back(old_place, past.owner, "0006")
    engine_ = create_engine(old_place)
    with engine_.begin() as tx:
        tx.exec_driver_sql(
            "CREATE OR REPLACE FUNCTION citymod_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '%%', TG_ARGV[0]; END $$"
        )
    engine_.dispose()
    roles.prepare(old_place, worker=WORKER)
    with Database.open(old_place) as db, db.read() as tx:
        body = tx.exec_driver_sql("SELECT prosrc FROM pg_proc WHERE proname = 'citymod_refuse'").scalar_one()
    assert "integrity_constraint_violation" in body
