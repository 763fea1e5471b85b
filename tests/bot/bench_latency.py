"""Measures how long it takes from posting until a comment is confirmed as hidden; prints one JSON object.

Run by `make latency`. Platforms answer after 200 ms. Comments are polled for, and then pushed as well (Facebook).
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bench_place import Place, free_port
from city import VIOLATION

from archive import cases
from bot.domain.states import State
from bot.promises import ref_of
from connectors.facebook.standin_hooks import Hooks

if TYPE_CHECKING:
    from connectors.standin.world import WorldComment

ANSWERS_AFTER = 0.2
SLACK, PUSHED_WITHIN = 5.0, 10.0
PATIENCE = 300


def seconds(place: Place, written: list[WorldComment]) -> list[float]:
    """Wait until all are hidden; give how long each took, by the time in the ledger."""
    end = time.monotonic() + PATIENCE
    took: dict[str, float] = {}
    while len(took) < len(written) and time.monotonic() < end:
        with place.database.read() as tx:
            for comment in written:
                case = cases.case(tx, ref_of(comment))
                if case and case.state is State.ENFORCED:
                    took[comment.id] = (case.since - comment.at) / timedelta(seconds=1)
        time.sleep(0.5)
    return sorted(took.get(comment.id, float("inf")) for comment in written)


def p95(values: list[float]) -> float:
    """The value that nineteen of twenty do not exceed."""
    return round(values[min(len(values) - 1, int(len(values) * 0.95))], 2)


def main(number: int, poll: float, apart: float) -> None:
    """Write `number` comments, so many seconds apart on average, polled for; and then as many that are pushed."""
    dice = random.Random(1)
    port = free_port()
    general = {"push": {"port": port}}
    with (
        tempfile.TemporaryDirectory() as name,
        Place(Path(name), answers_after=ANSWERS_AFTER, general=general, poll_seconds=poll) as place,
    ):
        place.started()
        posts = list(place.posts.values())
        seconds(place, [place.write(posts[0], VIOLATION, author=9)])  # the browser is warm from here on
        polled = []
        for n in range(number):
            polled.append(place.write(dice.choice(posts), f"{VIOLATION} {n}", author=n + 10))
            time.sleep(dice.uniform(0, 2 * apart))
        by_poll = seconds(place, polled)
        page = next(post for key, post in place.posts.items() if key.startswith("facebook"))
        hooks = Hooks(place.standins.servers["facebook"].standin, page.account)  # type: ignore[arg-type]
        hooks.push(f"http://127.0.0.1:{port}/push/facebook")  # what was written until now
        pushed = []
        for n in range(number):
            pushed.append(place.write(page, f"{VIOLATION} again {n}", author=n + 10))
            hooks.push(f"http://127.0.0.1:{port}/push/facebook")
            time.sleep(dice.uniform(0, 2 * apart))
        by_push = seconds(place, pushed)
    told = {
        "answers_after_seconds": ANSWERS_AFTER,
        "poll_seconds": poll,
        "comments": 2 * number,
        "polled_p50": round(by_poll[len(by_poll) // 2], 2),
        "polled_p95": p95(by_poll),
        "pushed_p50": round(by_push[len(by_push) // 2], 2),
        "pushed_p95": p95(by_push),
        "pushed_most": round(by_push[-1], 2),
    }
    told["as_promised"] = p95(by_poll) <= poll + SLACK and by_push[-1] <= PUSHED_WITHIN
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--comments", type=int, default=40)
    words.add_argument("--poll", type=float, default=30)
    words.add_argument("--apart", type=float, default=3)
    said = words.parse_args()
    main(said.comments, said.poll, said.apart)
