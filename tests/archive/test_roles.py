"""On PostgreSQL the program works as a role that cannot take away what was written, whatever it tries by mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from builders import NOON
from postgres import OWNER, WORKER
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from archive import full_text, guards, roles, tables
from archive.database import Database, WrongDatabase
from archive.verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import Place
    from postgres import Postgres

    from archive.database import Tx

pytestmark = pytest.mark.server

GROWS = ["ledger", *(table.name for table in (*tables.APPEND_ONLY, *tables.ADDED_TO))]
ALL = [*tables.metadata.tables, full_text.NAME, "alembic_version"]
KEPT = [name for name in ALL if name not in roles.EMPTIED]
FIXED = [(table.name, column) for table, columns in tables.FIXED.items() for column in columns]


@pytest.fixture
def working(full: Database) -> Iterator[Tx]:
    """A transaction as the program has it."""
    with full.begin() as tx:
        yield tx


def refuses(tx: Tx, attack: str, why: str = "permission denied|must be (owner|superuser)") -> None:
    with pytest.raises(DBAPIError, match=why), tx.begin_nested():
        tx.execute(text(attack))


def columns_of(tx: Tx, table: str) -> list[str]:
    asked = text("SELECT attname FROM pg_attribute WHERE attrelid = CAST(:t AS regclass) AND attnum > 0")
    return list(tx.execute(asked, {"t": f'"{table}"'}).scalars())


def test_no_row_of_what_only_grows_is_changed(working: Tx) -> None:
    tried = [(table, column) for table in GROWS for column in columns_of(working, table)]
    assert len(tried) > 100
    for table, column in tried:
        refuses(working, f'UPDATE "{table}" SET "{column}" = "{column}"', "permission denied|append-only")


@pytest.mark.parametrize("how", ['DELETE FROM "{}"', 'TRUNCATE "{}" CASCADE'])
def test_no_row_is_deleted_and_no_table_emptied(working: Tx, how: str) -> None:
    for table in KEPT:
        refuses(working, how.format(table))


@pytest.mark.parametrize(
    "how",
    [
        'DROP TABLE "{}" CASCADE',
        'ALTER TABLE "{}" RENAME TO other',
        'ALTER TABLE "{}" ADD COLUMN more text',
        'ALTER TABLE "{}" DISABLE TRIGGER ALL',
        f'ALTER TABLE "{{}}" OWNER TO {WORKER}',
        "CREATE TRIGGER t BEFORE INSERT ON \"{}\" FOR EACH ROW EXECUTE FUNCTION citymod_refuse('x')",
        'CREATE RULE r AS ON INSERT TO "{}" DO INSTEAD NOTHING',
        'TRUNCATE "{}" CASCADE',
    ],
)
def test_no_table_is_altered_dropped_or_unguarded(working: Tx, how: str) -> None:
    assert len(ALL) > 20
    for table in ALL:
        refuses(working, how.format(table))


def test_no_fixed_column_is_changed(working: Tx) -> None:
    assert FIXED
    for table, column in FIXED:
        refuses(working, f'UPDATE "{table}" SET "{column}" = "{column}"')


@pytest.mark.parametrize(
    "attack",
    [
        "SET session_replication_role = replica",
        "CREATE TABLE more (x integer)",
        "CREATE OR REPLACE FUNCTION citymod_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
        "DROP FUNCTION citymod_refuse() CASCADE",
        "DROP SCHEMA public CASCADE",
        "ALTER ROLE citymod SUPERUSER",
        f"SET ROLE {OWNER}",
        "DROP INDEX ix_full_text_words",
        "UPDATE alembic_version SET version_num = 'other'",
        "INSERT INTO ledger_head VALUES (2, 0, '')",
        "UPDATE pg_trigger SET tgenabled = 'D'",
    ],
)
def test_no_guard_is_switched_off(working: Tx, attack: str) -> None:
    refuses(working, attack)


def test_every_guard_is_left_when_all_that_was_tried(full: Database, store: Path) -> None:
    with full.read() as tx:
        assert guards.missing(tx) == []
    assert verify(full, store, store.parent / "media", now=NOON).problems == []


# Making it so ---------------------------------------------------------------------------------------------------------


def test_the_role_knows_what_it_is(place: Place, full: Database) -> None:
    with full.read() as tx:
        assert roles.of(tx) == roles.Role(name=WORKER, alters=(), superuser=False)
    with Database.open(place.owner) as owned, owned.read() as tx:
        owner = roles.of(tx)
    assert owner is not None
    assert not owner.safe
    assert set(owner.alters) == set(ALL)


@pytest.fixture
def bare(postgres: Postgres) -> Iterator[str]:
    """A database without tables, made as the administrator is told to make it."""
    name = postgres.create()
    with postgres.admin(name) as admin:
        admin.execute(f"ALTER SCHEMA public OWNER TO {OWNER}")
    yield name
    postgres.drop(name)


def test_a_worker_makes_no_tables_and_says_who_does(engine: str, postgres: Postgres, bare: str) -> None:
    with pytest.raises(WrongDatabase, match=r"version none.*citymod database prepare"):
        Database.open(postgres.url(bare))
    assert roles.prepare(postgres.url(bare, OWNER), worker=WORKER) == OWNER
    with Database.open(postgres.url(bare)) as db, db.begin() as tx:
        assert roles.of(tx) == roles.Role(name=WORKER, alters=(), superuser=False)


def test_preparing_again_takes_back_what_was_granted_besides(engine: str, postgres: Postgres, place: Place) -> None:
    name = place.url.split("@/")[1].split("?")[0]
    with postgres.admin(name) as admin:
        admin.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {WORKER}")
        admin.execute(f"GRANT ALL ON SCHEMA public TO {WORKER}")
    roles.prepare(place.owner, worker=WORKER)
    with Database.open(place.url) as db, db.begin() as tx:
        refuses(tx, "TRUNCATE ledger CASCADE")
        refuses(tx, "CREATE TABLE more (x integer)")
        refuses(tx, "DELETE FROM pause")


def test_nobody_works_as_the_owner_of_the_tables(engine: str, postgres: Postgres, place: Place) -> None:
    with pytest.raises(WrongDatabase, match="could alter tables"):
        roles.prepare(place.owner, worker=OWNER)
    with pytest.raises(WrongDatabase, match="knows no role nobody_here"):
        roles.prepare(place.owner, worker="nobody_here")
    with postgres.admin() as admin:
        admin.execute("CREATE ROLE helper LOGIN")
        admin.execute(f"GRANT {OWNER} TO helper")
    with pytest.raises(WrongDatabase, match="could alter tables"):
        roles.prepare(place.owner, worker="helper")


def test_a_role_whose_name_is_a_trap_is_only_a_name(engine: str, postgres: Postgres, place: Place) -> None:
    with postgres.admin() as admin:
        admin.execute('CREATE ROLE "x""; DROP TABLE pause; --" LOGIN')
    roles.prepare(place.owner, worker='x"; DROP TABLE pause; --')
    with Database.open(place.url) as db, db.begin() as tx:
        refuses(tx, "DELETE FROM pause")


def test_a_file_has_no_roles(engine: str, tmp_path: Path) -> None:
    with Database.open(f"sqlite:///{tmp_path}/x.db") as db, db.read() as tx:
        assert roles.of(tx) is None
    with pytest.raises(WrongDatabase, match="only a PostgreSQL server"):
        roles.prepare(f"sqlite:///{tmp_path}/x.db", worker=WORKER)
