"""Rows of append-only tables as the database holds them, many at once: read through the driver, and hashed.

The hash is that of `tables.stored_sha256`, which says what it means. Here it is taken without a dictionary for each row
and without the library that would make one: checking an archive is mostly this.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from json.encoder import encode_basestring as _quoted
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, select, type_coerce

from archive import tables
from archive.stored import Stored, canonical

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Select, Table


class Form:
    """How the rows of one append-only table are read and hashed."""

    def __init__(self, table: Table) -> None:
        """Work out, once for each table, what every one of its rows has in common."""
        self.table = table
        self.columns = tuple(sorted(column.name for column in table.c if column.name != "entry"))
        """The columns of a row as it is read, in the order of canonical JSON, without the line that comes first."""
        names = ", ".join(f'"{name}"' for name in ("entry", *self.columns))
        self._query = f'SELECT {names} FROM "{table.name}" WHERE entry BETWEEN {{}} AND {{}} ORDER BY entry'  # noqa: S608 - names of ours
        members = ",".join(f'"{name}":%s' for name in self.columns)
        self._text = f'["{table.name}",{{{members}}}]'
        self._later = [at for at, name in enumerate(self.columns, start=1) if table.c[name].info == tables.LATER]

    def read(self, tx: Connection, first: int, last: int) -> Sequence[Sequence[Any]]:
        """Give the rows written with the ledger lines from `first` to `last`: the line, then the `columns`."""
        return fetch(tx, self._query.format(int(first), int(last)))

    def hashes(self, rows: Sequence[Sequence[Any]]) -> list[str]:
        """Give the hash (hex) of each row, as it was read."""
        if self._later and any(row[at] is None for row in rows for at in self._later):
            return [self._plainly(row) for row in rows]  # from before the column was there
        texts = [
            self._text % tuple([_quoted(value) if value.__class__ is str else _other(value) for value in row[1:]])
            for row in rows
        ]
        try:
            return [sha256(text.encode()).hexdigest() for text in texts]
        except UnicodeEncodeError:  # half a surrogate pair, which canonical JSON writes in another way
            return [self._plainly(row) for row in rows]

    def _plainly(self, row: Sequence[Any]) -> str:
        return tables.stored_sha256(self.table, dict(zip(self.columns, row[1:], strict=True)))


@cache
def form(table: Table) -> Form:
    """Give the form of a table."""
    return Form(table)


def as_it_lies(table: Table) -> Select[Any]:
    """Ask for the rows of a table with their values as the database holds them, read as nothing but text."""
    columns = (
        type_coerce(column, Text).label(column.name) if isinstance(column.type, Stored) else column
        for column in table.c
    )
    return select(*columns)


def fetch(tx: Connection, query: str, values: Sequence[Any] = ()) -> Sequence[Sequence[Any]]:
    """Ask, and give what the driver gives: what the library makes of rows would cost more than all checks of them.

    `values` stand where the query has a question mark.
    """
    query = query if tx.dialect.name == "sqlite" else query.replace("?", "%s")
    cursor = tx.exec_driver_sql(query, tuple(values) or None).cursor
    try:
        return list(cursor.fetchall()) if cursor else []
    except tx.dialect.loaded_dbapi.Error:
        return tx.exec_driver_sql(query, tuple(values) or None).all()  # fails again, in the library's own words


def _other(value: Any) -> str:
    """Write what is no text as canonical JSON has it; bytes count by their own hash."""
    if value is None:
        return "null"
    if isinstance(value, bytes):
        return f'"{sha256(value).hexdigest()}"'
    return canonical(value)
