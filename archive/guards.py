"""Triggers that make tables append-only and fixed columns fixed, for SQLite and PostgreSQL.

They stop accidents and bugs of ours, in any program that opens the database. They do not stop an administrator, who can
drop them; what an administrator changes is found by the hashes (archive/verify.py), which also misses dropped triggers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from archive import tables

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

_PG_FUNCTION = """CREATE OR REPLACE FUNCTION citymod_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation'; END $$"""


def setting_up(dialect: str) -> list[str]:
    """Statements that every other guard needs first."""
    return [_PG_FUNCTION] if dialect == "postgresql" else []


def append_only(dialect: str, table: str) -> list[str]:
    """Statements that refuse to change or delete any row of `table`."""
    return [
        _guard(dialect, table, "update", f"{table} is append-only: its rows are never changed"),
        *never_deleted(dialect, table),
    ]


def never_deleted(dialect: str, table: str) -> list[str]:
    """Statements that refuse to delete any row of `table`."""
    message = f"rows of {table} are never deleted"
    guards = [_guard(dialect, table, "delete", message)]
    if dialect == "postgresql":
        guards.append(
            f'CREATE TRIGGER "{table}_no_truncate" BEFORE TRUNCATE ON "{table}" '
            f"FOR EACH STATEMENT EXECUTE FUNCTION citymod_refuse('{message}')"
        )
    return guards


def fixed(dialect: str, table: str, columns: Iterable[str]) -> list[str]:
    """Statements that refuse to change these columns of `table`, or to delete its rows."""
    names = list(columns)
    different = "IS DISTINCT FROM" if dialect == "postgresql" else "IS NOT"
    condition = " OR ".join(f'NEW."{name}" {different} OLD."{name}"' for name in names)
    message = f"{table}: {', '.join(names)} never change once written"
    return [_guard(dialect, table, "update", message, when=condition), *never_deleted(dialect, table)]


def forward_only(dialect: str, table: str, column: str) -> list[str]:
    """Statements that refuse to set `column` of `table` to anything that is not greater, or to delete its rows."""
    condition = f'NEW."{column}" <= OLD."{column}"'
    message = f"{table}.{column} only grows"
    return [_guard(dialect, table, "update", message, when=condition), *never_deleted(dialect, table)]


def all_of_them(dialect: str) -> list[str]:
    """Every guard that the tables of this version have."""
    return [
        *setting_up(dialect),
        *append_only(dialect, "ledger"),
        *forward_only(dialect, "ledger_head", "seq"),
        *(line for table in tables.APPEND_ONLY for line in append_only(dialect, table.name)),
        *(line for table, columns in tables.FIXED.items() for line in fixed(dialect, table.name, columns)),
    ]


def missing(tx: Connection) -> list[str]:
    """Name the guards that the database ought to have and has not, or has in another wording."""
    dialect = tx.dialect.name
    if dialect == "postgresql":
        query = "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
    else:
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    present = {str(row[0]): row[1] for row in tx.execute(text(query))}
    expected = {_name(sql): sql for sql in all_of_them(dialect) if sql.startswith("CREATE TRIGGER")}
    return [
        name for name, sql in expected.items() if name not in present or (dialect == "sqlite" and present[name] != sql)
    ]


def _guard(dialect: str, table: str, attack: str, message: str, when: str = "") -> str:
    """One trigger. SQLite names the trigger's own message; PostgreSQL calls the function that raises it."""
    condition = f"WHEN ({when}) " if when else ""
    opening = f'CREATE TRIGGER "{table}_no_{attack}" BEFORE {attack.upper()} ON "{table}" FOR EACH ROW {condition}'
    if dialect == "postgresql":
        return f"{opening}EXECUTE FUNCTION citymod_refuse('{message}')"
    return f"{opening}BEGIN SELECT RAISE(ABORT, '{message}'); END"


def _name(sql: str) -> str:
    return sql.split('"', 2)[1]
