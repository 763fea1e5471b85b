"""The one PostgreSQL server of a test run (one for each worker), started when the first test asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from postgres import NoPostgres, Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    try:
        server = Postgres()
    except NoPostgres as missing:
        pytest.fail(str(missing))
    with server:
        yield server
