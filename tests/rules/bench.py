"""Prints one JSON object that says what the shipped rules do and how fast: figures, targets, and what to read.

    make bench-rules                              everything, some minutes
    make bench-rules ARGS=--quick                 what the tests assert, less than a minute
    make bench-rules ARGS="--section speech"      one section, or several
    make bench-rules ARGS=--brief                 without the comments to read

Real comments are looked for where the environment variable CITYMOD_DEV_DATA says, or beside the project; they are no
part of it, and a section that misses them says so. Ends with 1 if a target that is no matter of speed is missed and
``--strict`` is given.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench_figures import Section


def main() -> int:
    """Do what the command line says."""
    asked = _arguments()
    if asked.first_verdict is not None:
        from bench_speed import first_verdict

        print(first_verdict(asked.first_verdict, asked.passed))  # noqa: T201
        return 0
    if asked.digest:
        from bench_right import digest_of_matches

        print(digest_of_matches(quick=asked.quick))  # noqa: T201
        return 0
    report = bench(quick=asked.quick, only=asked.section)
    if asked.brief:
        for section in report["sections"].values():
            del section["read"]
    print(json.dumps(report, indent=1, ensure_ascii=False))  # noqa: T201
    return int(asked.strict and bool(report["missed"]))


def bench(*, quick: bool, only: list[str] | None = None) -> dict[str, Any]:
    """Measure; gives the object that is printed. Raises SystemExit for a section that there is not."""
    asking = _sections(quick=quick)
    unknown = set(only or ()) - asking.keys()
    if unknown:
        sys.exit(f"no section {', '.join(sorted(unknown))}; there are {', '.join(asking)}")
    sections: dict[str, Section] = {}
    seconds: dict[str, float] = {}
    for name in only or asking:
        began = time.monotonic()
        sections[name] = asking[name]()
        seconds[name] = time.monotonic() - began
    figures = [(name, figure) for name, section in sections.items() for figure in section.figures]
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "quick": quick,
        "missed": [f"{name}: {f.name}" for name, f in figures if f.held is False and not f.speed],
        "too_slow": [f"{name}: {f.name}" for name, f in figures if f.held is False and f.speed],
        "sections": {name: {"seconds": round(seconds[name], 1), **one.told()} for name, one in sections.items()},
    }


def _sections(*, quick: bool) -> dict[str, Callable[[], Section]]:
    """Everything there is to measure, in the order of the report. Imported here so that a child starts at once."""
    from bench_right import PLAIN, exactness
    from bench_speed import hostile, readiness, speed

    graded = {"exactness": exactness, "speed": speed, "hostile": hostile, "readiness": readiness}
    return PLAIN | {name: partial(measure, quick=quick) for name, measure in graded.items()}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure the shipped rules.")
    parser.add_argument("--quick", action="store_true", help="fewer comments to time, less than a minute")
    parser.add_argument("--brief", action="store_true", help="figures only, without the comments to read")
    parser.add_argument("--strict", action="store_true", help="end with 1 if a target is missed")
    parser.add_argument("--section", action="append", help="this section only; may be given more than once")
    parser.add_argument("--digest", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--first-verdict", type=int, nargs="?", const=0, help=argparse.SUPPRESS)
    parser.add_argument("--passed", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
