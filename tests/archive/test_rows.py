"""Rows hashed many at once have the very hashes that rows hashed one by one have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive import tables
from archive.rows import form

TEXTS = st.text(st.characters(exclude_categories=()), max_size=12)  # halves of surrogate pairs, too
VALUES = st.none() | TEXTS | st.integers() | st.binary(max_size=8) | st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize("table", tables.APPEND_ONLY, ids=lambda table: table.name)
@given(data=st.data())
def test_a_row_has_the_same_hash_either_way(table: tables.Table, data: st.DataObject) -> None:
    columns = form(table).columns
    rows = data.draw(st.lists(st.tuples(st.integers(), *[VALUES for _ in columns]), min_size=1, max_size=3))
    one_by_one = [tables.stored_sha256(table, dict(zip(("entry", *columns), row, strict=True))) for row in rows]
    assert form(table).hashes(rows) == one_by_one
