"""Lets a storm of comments come over a running daemon; prints one JSON object. Run by `make storm`.

The heaviest day that is known had 76,000 comments. Here the rate of an hour ten times as busy as that day's mean is
kept up for some minutes, on four platforms, over sockets, with the daemon in a process of its own. Two thirds are
written on one account, one in a hundred breaks a rule. Afterwards the daemon has time to catch up with acting.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench_place import Place, free_port
from city import HARMLESS, VIOLATION

from archive import ledger
from archive.verify import verify
from bot.daemon import utc_now
from bot.domain.states import State

if TYPE_CHECKING:
    from connectors.standin.world import WorldPost

A_DAY, PEAK = 76_000, 10
A_SECOND = A_DAY / 86_400 * PEAK
ON_TIME_UP_TO = 1.0
"""Seconds within which a poll begins on time."""
GROWS_AT_MOST = 1.2
"""By which factor memory may grow from the second third of the storm to the last."""


def weather(place: Place, seconds: float) -> list[tuple[float, int]]:
    """Write comments for so many seconds; give the daemon's memory as it went."""
    dice = random.Random(20260601)
    posts: list[WorldPost] = list(place.posts.values())
    begun, written = time.monotonic(), 0
    memory: list[tuple[float, int]] = []
    while (gone := time.monotonic() - begun) < seconds:
        while written < gone * A_SECOND:
            post = posts[0] if dice.random() < 2 / 3 else dice.choice(posts[1:])
            text = f"{VIOLATION if written % 100 == 99 else HARMLESS} {dice.getrandbits(40):x}"
            place.write(post, text, author=dice.randrange(5000))
            written += 1
        memory.append((gone, place.memory()))
        time.sleep(0.2)
    return memory


def polls(port: int) -> dict[float, int]:
    """How many polls began late by up to so many seconds, as the daemon's own figures say."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        told = answer.read().decode()
    found = re.findall(r'citymod_polls_total{up_to="([^"]+)"} ([0-9.]+)', told)
    return {float(step): int(float(number)) for step, number in found}


def catching_up(place: Place, number: int, patience: float) -> tuple[float | None, float | None]:
    """Wait until all is judged and done; give after how many seconds each was, None if it was not."""
    begun, judged = time.monotonic(), None
    while (gone := time.monotonic() - begun) < patience:
        tally = place.tally()
        if judged is None and sum(tally.values()) == number and not tally.get(State.OBSERVED):
            judged = round(gone, 1)
        if judged is not None and not (tally.get(State.MARKED) or tally.get(State.SECURED)):
            return judged, round(gone, 1)
        time.sleep(0.5)
    return judged, None


def storm(seconds: float, poll: float, patience: float) -> dict[str, Any]:
    """Let it come, wait until all is done, and tell."""
    port = free_port()
    general = {"health": {"port": port}}
    with tempfile.TemporaryDirectory() as name, Place(Path(name), general=general, poll_seconds=poll) as place:
        place.started()
        before = polls(port)
        memory = weather(place, seconds)
        number, during = len(place.world.comments), sum(place.tally().values())
        judged, done = catching_up(place, number, patience)
        late = {step: count - before.get(step, 0) for step, count in polls(port).items()}
        tally, bad = place.tally(), sum(VIOLATION in one.text for one in place.world.comments.values())
        with place.database.read() as tx:
            failed = [str(line.detail["why"]) for line in ledger.entries(tx, kinds=("daemon.failed",))]
        settings = place.settings
        report = verify(place.database, settings.evidence_folder, settings.media_folder, now=utc_now())
    total, on_time = sum(late.values()), sum(count for step, count in late.items() if step <= ON_TIME_UP_TO)
    thirds = [most(memory, seconds * part / 3, seconds * (part + 1) / 3) for part in range(3)]
    hidden, recorded = tally.get(State.ENFORCED, 0), sum(tally.values())
    kept = {
        "all recorded and judged": recorded == number and judged is not None,
        "all acted on": hidden == bad,
        "polls on time": on_time >= 0.999 * total,
        "memory flat": thirds[2] <= GROWS_AT_MOST * thirds[1],
        "nothing failed": not failed and not report.problems,
    }
    return {
        "comments": number,
        "a_second": round(number / seconds, 2),
        "seconds": seconds,
        "recorded": recorded,
        "recorded_while_it_lasted": during,
        "all_judged_after": judged,
        "all_done_after": done,
        "violations": bad,
        "hidden": hidden,
        "polls": total,
        "polls_late_by_up_to": {str(step): count for step, count in late.items()},
        "polls_on_time": round(on_time / total, 5) if total else None,
        "megabytes_by_thirds": [round(each / 1e6, 1) for each in thirds],
        "failed": failed[:5],
        "archive_problems": report.problems[:5],
        "kept": kept,
        "as_promised": all(kept.values()),
    }


def most(memory: list[tuple[float, int]], since: float, until: float) -> int:
    """The most memory that was held between two moments."""
    return max((held for at, held in memory if since <= at < until), default=0)


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--seconds", type=float, default=300)
    words.add_argument("--poll", type=float, default=10)
    words.add_argument("--patience", type=float, default=600)
    said = words.parse_args()
    sys.stdout.write(json.dumps(storm(said.seconds, said.poll, said.patience)) + "\n")
