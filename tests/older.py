"""Databases of earlier versions, made from one of this version.

Its rows are copied into the tables that the old version made, as far as that version knew their tables and columns.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, select

from archive import database, full_text, tables

MIGRATIONS = Path(database.__file__).with_name("migrations")
_LAST = ("approval", "tombstone", "certificate")  # no guard takes a tombstone but in this order


def scripts() -> ScriptDirectory:
    """The migrations there are."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return ScriptDirectory.from_config(config)


def take_back(old: str, owner: str, revision: str) -> list[str]:
    """Make the tables of a version at `old` and fill them from the database at `owner`; give their names."""
    source, target = create_engine(owner), create_engine(old)
    with source.connect() as now, target.begin() as then:
        config = Config(attributes={"connection": then})
        config.set_main_option("script_location", str(MIGRATIONS))
        command.upgrade(config, revision)
        known = [table for table in tables.metadata.sorted_tables if inspect(then).has_table(table.name)]
        known.sort(key=lambda table: _LAST.index(table.name) if table.name in _LAST else -1)
        for table in known:
            if table is tables.ledger_head:
                continue
            _copy(now, then, table.name)
        if inspect(then).has_table(full_text.NAME):
            full_text.rebuild(then)
        head = now.execute(select(tables.ledger_head)).one()
        then.execute(tables.ledger_head.update().values(seq=head.seq, hash=head.hash))
    source.dispose()
    target.dispose()
    return [table.name for table in known]


def _copy(now: Connection, then: Connection, table: str) -> None:
    columns = [column["name"] for column in inspect(then).get_columns(table)]
    names = ", ".join(f'"{name}"' for name in columns)
    rows = [tuple(row) for row in now.exec_driver_sql(f'SELECT {names} FROM "{table}"')]
    mark = "?" if then.dialect.name == "sqlite" else "%s"
    places = ", ".join([mark] * len(columns))
    if rows:
        then.exec_driver_sql(f'INSERT INTO "{table}" ({names}) VALUES ({places})', rows)
