"""A short storm over a running daemon: everything is recorded, judged and acted on, and nothing fails.

How punctual polls are is measured by `make storm`, on a machine that has nothing else to do.
"""

from __future__ import annotations

import pytest
from bench_storm import storm


@pytest.mark.timeout(400)
def test_the_busiest_seconds_that_are_known_lose_nothing() -> None:
    told = storm(15, poll=3, patience=240)
    told["kept"].pop("polls on time")
    assert all(told["kept"].values()), told
    assert told["violations"] >= 1
    assert told["polls"] > 0
