"""Measures a daemon with 40 accounts on which nothing happens; prints one JSON object. Run by `make idle`."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from bench_place import Place

MOST_BYTES, MOST_OF_A_CORE = 150 * 10**6, 0.02


def main(seconds: float, settle: float, poll: float) -> None:
    """Let it settle, watch it for so many seconds, and tell."""
    with tempfile.TemporaryDirectory() as name, Place(Path(name), each=10, poll_seconds=poll) as place:
        while sum(1 for _ in place.events("started")) == 0:
            time.sleep(0.5)
        time.sleep(settle)
        used, begun = place.own_cpu_seconds(), time.monotonic()
        written = place.process.io_counters().write_bytes
        memory = []
        while time.monotonic() - begun < seconds:
            time.sleep(1)
            memory.append(place.memory())
        core = (place.own_cpu_seconds() - used) / (time.monotonic() - begun)
        told = {
            "accounts": len(place.settings.accounts),
            "poll_seconds": poll,
            "seconds": seconds,
            "megabytes": round(max(memory) / 1e6, 1),
            "of_a_core": round(core, 4),
            "kilobytes_written_a_second": round(
                (place.process.io_counters().write_bytes - written) / 1000 / seconds, 1
            ),
            "browser_processes": place.others(),
        }
    told["as_promised"] = max(memory) <= MOST_BYTES and core <= MOST_OF_A_CORE and not told["browser_processes"]
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--seconds", type=float, default=180)
    words.add_argument("--settle", type=float, default=90)
    words.add_argument("--poll", type=float, default=60)
    told = words.parse_args()
    main(told.seconds, told.settle, told.poll)
