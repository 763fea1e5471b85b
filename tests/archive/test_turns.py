"""Who comes first writes first, and nobody who gives up keeps the others waiting."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from archive.turns import Turns


def test_in_the_order_in_which_they_came_whoever_comes_again_at_once() -> None:
    turns, order = Turns(), list[str]()
    waits = threading.Barrier(2)

    def other() -> None:
        waits.wait()
        with turns.next(5):
            order.append("other")

    with ThreadPoolExecutor(1) as threads:
        with turns.next(5):
            threads.submit(other)
            waits.wait()
            time.sleep(0.2)
            order.append("first")
        with turns.next(5):
            order.append("again")
    assert order == ["first", "other", "again"]


def test_who_gives_up_is_passed_over() -> None:
    turns = Turns()
    with ThreadPoolExecutor(1) as threads:
        with turns.next(1):
            with pytest.raises(TimeoutError), turns.next(0.05):
                pytest.fail("two at a time")
            later = threads.submit(lambda: turns.next(5).__enter__())
        later.result(5)
