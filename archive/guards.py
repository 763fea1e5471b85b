"""Triggers that make tables append-only and fixed columns fixed, for SQLite and PostgreSQL.

They stop accidents and bugs of ours, in any program that opens the database. They do not stop an administrator, who can
drop them; what an administrator changes is found by the hashes (archive/verify.py), which also misses dropped triggers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from archive import tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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


def disposable(
    dialect: str, table: str, kept: Iterable[str], blank: Mapping[str, str | int | bytes | None]
) -> list[str]:
    """Statements that refuse to change or delete any row of `table`, but for one thing: to make a tombstone of it.

    That is to say: the row's line is named by a tombstone, the columns `kept` stay as they are, and the others become
    exactly what `blank` says (values as stored).
    """
    same = "IS NOT DISTINCT FROM" if dialect == "postgresql" else "IS"
    lawful = [f'NEW."{name}" {same} OLD."{name}"' for name in kept]
    lawful += [f'NEW."{name}" {same} {_literal(dialect, value)}' for name, value in blank.items()]
    lawful.append(f"EXISTS (SELECT 1 FROM tombstone WHERE place = '{table}' AND line = OLD.entry)")  # noqa: S608
    message = f"{table} is append-only: its rows are never changed"
    return [*_unless(dialect, table, "update", message, " AND ".join(lawful)), *never_deleted(dialect, table)]


def approved(dialect: str) -> list[str]:
    """Statements that refuse a tombstone where two people besides the proposer have not approved, or all is over."""
    lawful = (
        "(SELECT count(*) FROM approval JOIN disposition ON disposition.id = approval.disposition"
        " WHERE approval.disposition = NEW.disposition AND approval.agent <> disposition.agent) >= 2"
        " AND NOT EXISTS (SELECT 1 FROM certificate WHERE certificate.disposition = NEW.disposition)"
    )
    message = "two people have not approved this disposition, or it was carried out before"
    return _unless(dialect, "tombstone", "insert", message, lawful)


def all_disposable(dialect: str) -> list[str]:
    """The guards of everything that may be destroyed under a retention schedule."""
    return [
        line
        for table, blank in tables.DISPOSABLE.items()
        for line in disposable(dialect, table.name, [each.name for each in table.c if each.name not in blank], blank)
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
        *(
            line
            for table in tables.APPEND_ONLY
            if table not in tables.DISPOSABLE
            for line in append_only(dialect, table.name)
        ),
        *(line for table in tables.ADDED_TO for line in append_only(dialect, table.name)),
        *all_disposable(dialect),
        *approved(dialect),
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


def _unless(dialect: str, table: str, attack: str, message: str, lawful: str) -> list[str]:
    """A trigger that lets pass what is lawful. PostgreSQL's conditions may not look elsewhere, its functions may."""
    if dialect != "postgresql":
        return [_guard(dialect, table, attack, message, when=f"NOT ({lawful})")]
    function = f"citymod_refuse_{attack}_{table}"
    refusal = f"RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation'"
    body = f"BEGIN IF NOT ({lawful}) THEN {refusal}; END IF; RETURN NEW; END"
    trigger = f'CREATE TRIGGER "{table}_no_{attack}" BEFORE {attack.upper()} ON "{table}"'
    return [
        f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$",
        f"{trigger} FOR EACH ROW EXECUTE FUNCTION {function}()",
    ]


def _literal(dialect: str, value: str | int | bytes | None) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, bytes):
        return f"'\\x{value.hex()}'::bytea" if dialect == "postgresql" else f"X'{value.hex()}'"
    return f"'{value}'"


def _name(sql: str) -> str:
    return sql.split('"', 2)[1]
