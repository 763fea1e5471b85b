"""Every value that the database holds, as it is stored: for looking for what must not be there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from archive import full_text, tables

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archive.database import Tx


def values(tx: Tx) -> Iterator[tuple[str, bytes]]:
    """Give each text and each run of bytes of every table, with the name of its column: ``table.column``."""
    for name in (*(table.name for table in tables.metadata.sorted_tables), full_text.NAME):
        found = tx.execute(text(f'SELECT * FROM "{name}"'))  # noqa: S608 - names of ours
        columns = list(found.keys())
        for row in found:
            for column, value in zip(columns, row, strict=True):
                if isinstance(value, str):
                    yield f"{name}.{column}", value.encode("utf-8", "surrogatepass")
                elif isinstance(value, bytes | memoryview):
                    yield f"{name}.{column}", bytes(value)
