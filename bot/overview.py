"""Lays the figures of `citymod status` out as one screen of a terminal: in each part, what is wrong stands first.

Where there is not room for all, what is well is summed up in a line.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rich.cells import cell_len, set_cell_size

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LEAST_WIDTH = 60
_GIB = 1024**3
_MOST_TIMERS = 5
_TIMER_WIDTH = 26


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of a table; `wrong` ones come first."""

    cells: tuple[str, ...]
    wrong: bool = False


def screen(found: Mapping[str, Any], width: int, height: int | None = None) -> list[str]:
    """The lines of one screen, none wider than `width`. `height` None: as many as it takes."""
    width = max(width, LEAST_WIDTH)
    now = datetime.fromisoformat(found["at"])
    zone = ZoneInfo(found["time_zone"])
    head = [_cut(line, width) for line in _head(found, now, zone)]
    duties = [_duty(duty, now, zone) for duty in found["duties"]]
    timers = _in_columns(list(_timers(found, now)), width)
    accounts = [_account(account, now) for account in found["accounts"]]
    if height is not None:
        room = height - 1 - len(head) - 3  # the prompt, and three titles
        timers = timers[: min(_MOST_TIMERS, max(1, room // 3))]
        room -= len(timers)
        duties = _fit(duties, max(min(len(duties), room // 2), room - len(accounts)), "duties")
        accounts = _fit(accounts, room - len(duties), "accounts")
    return [
        *head,
        *_table(("ACCOUNT", "MODE", "LAG", "NEXT", "LIMIT", "STANDING"), accounts, (0, 8, 8, 8, 6, 24), width),
        *_table(("DAILY", "LAST", "NEXT", ""), duties, (0, 16, 16, 24), width),
        "TIMERS (last run, next run)",
        *timers,
    ]


def _head(found: Mapping[str, Any], now: datetime, zone: ZoneInfo) -> Iterator[str]:
    daemon = found["daemon"]
    spoken = f"it last spoke {_ago(daemon['last_word'], now)}" if daemon["last_word"] else "it never ran"
    runs = "the daemon works" if daemon["running"] else f"THE DAEMON DOES NOT RUN ({spoken})"
    yield f"{found['city']}, {now.astimezone(zone):%Y-%m-%d %H:%M %Z}: {runs}"
    yield "Acting is " + ("PAUSED: " + "; ".join(found["paused"]) if found["paused"] else "not paused")
    if found["troubles"]:
        yield f"WRONG: {'; '.join(found['troubles'])}"
    yield f"Disk   {found['disk_free_bytes'] / _GIB:.1f} GiB free; the clock {found['clock']}"
    yield "Queue  " + (", ".join(f"{n:,} {state.replace('_', ' ')}" for state, n in found["cases"].items()) or "empty")
    oldest = found["oldest_review"]
    yield "Review " + (
        f"the oldest waits {_span(oldest['since'], now)}: {oldest['case']}" if oldest else "nothing waits"
    )
    orders = ", ".join(
        f"{one['number']} to {one['action']} on {one['account']} (since {_span(one['oldest'], now)})"
        for one in found["orders"]
    )
    yield f"Orders {orders or 'none wait'}"
    unapproved = [one["key"] for one in found["accounts"] if one["named"] and one["unapproved"]]
    if unapproved:
        yield f"NOT APPROVED in the registry: {', '.join(unapproved)}"
    if len(found["daemons"]) > 1:
        yield from found["daemons"]
    yield "Mail   " + ", ".join(f"{n:,} {state}" for state, n in found["mail"].items())


def _account(account: Mapping[str, Any], now: datetime) -> _Row:
    used = account["limit_used"]
    words = account["standing"] + (f"; {account['page']}" if account.get("page") else "")
    read = _length(account["lag_seconds"]) if account["lag_seconds"] is not None else "never"
    cells = (
        account["key"],
        account["mode"],
        read,
        _in(account["next"], now),
        f"{used:.0%}" if used is not None else "–",
        words,
    )
    return _Row(cells, wrong=account["named"] and not account["well"])


def _duty(duty: Mapping[str, Any], now: datetime, zone: ZoneInfo) -> _Row:
    cells = (duty["name"], _clock(duty["last"], now, zone), _clock(duty["next"], now, zone), duty["said"])
    return _Row(cells, wrong=duty["failed"])


def _timers(found: Mapping[str, Any], now: datetime) -> Iterator[_Row]:
    for job in found["jobs"]:
        if job["name"].startswith("poll "):
            continue  # its account says it
        if job["failed"]:
            yield _Row((f"{job['name']} FAILED: {job['failed']}",), wrong=True)
        last, soon = _ago(job["last"], now, short=True), _in(job["next"], now, short=True)
        yield _Row((f"{job['name']} {last}, {soon}",))


def _in_columns(rows: Sequence[_Row], width: int) -> list[str]:
    """Lines for what failed, then all others side by side."""
    failed = [_cut(row.cells[0], width) for row in rows if row.wrong]
    words = [row.cells[0] for row in rows if not row.wrong]
    columns = max(1, width // _TIMER_WIDTH)
    cell = width // columns
    lines = [words[at : at + columns] for at in range(0, len(words), columns)]
    return failed + ["".join(set_cell_size(word, cell - 1) + " " for word in line).rstrip() for line in lines]


def _fit(rows: Sequence[_Row], most: int, what: str) -> list[_Row]:
    """At most so many rows, what is wrong first; the rest in a line."""
    ordered = sorted(rows, key=lambda row: not row.wrong)
    if len(ordered) <= most:
        return ordered
    kept, rest = ordered[: most - 1], ordered[most - 1 :]
    wrong = sum(row.wrong for row in rest)
    said = f"{wrong} of them NOT WELL" if wrong else "all well"
    return [*kept, _Row((f"and {len(rest)} more {what}, {said}: citymod status --all",))]


def _table(titles: Sequence[str], rows: Sequence[_Row], widths: Sequence[int], width: int) -> Iterator[str]:
    """A title and rows in columns: the first takes a third, the last whatever is left, the others as they are given."""
    given = sum(widths[1:-1]) + len(widths) - 1
    first = min(max((len(row.cells[0]) for row in rows if len(row.cells) > 1), default=0), (width - given) * 6 // 10)
    first = max(first, len(titles[0]))
    sizes = (first, *widths[1:-1], max(8, width - given - first))
    for cells in (titles, *(row.cells for row in rows)):
        yield _cut(
            " ".join(_sized(cell, size) for cell, size in zip(cells, sizes, strict=False))
            if len(cells) > 1
            else cells[0],
            width,
        )


def _sized(text: str, size: int) -> str:
    """A text on one line, as wide as that: filled up, or cut off with a sign that it was."""
    plain = "".join(" " if sign.isspace() else sign for sign in text)
    return set_cell_size(plain, size) if cell_len(plain) <= size else set_cell_size(plain, size - 1) + "…"


def _cut(text: str, width: int) -> str:
    return _sized(text, width).rstrip()


def _ago(moment: str, now: datetime, *, short: bool = False) -> str:
    return _length((now - datetime.fromisoformat(moment)).total_seconds(), short=short) + ("" if short else " ago")


def _span(moment: str, now: datetime) -> str:
    return _length((now - datetime.fromisoformat(moment)).total_seconds())


def _in(moment: str | None, now: datetime, *, short: bool = False) -> str:
    if moment is None:
        return "–"
    seconds = (datetime.fromisoformat(moment) - now).total_seconds()
    return "now" if seconds <= 0 else _length(seconds, short=short)


def _clock(moment: str | None, now: datetime, zone: ZoneInfo) -> str:
    """The time of day where it is near, else the day as well."""
    if moment is None:
        return "–"
    local = datetime.fromisoformat(moment).astimezone(zone)
    return f"{local:%H:%M} today" if local.date() == now.astimezone(zone).date() else f"{local:%a %m-%d %H:%M}"


def _length(seconds: float, *, short: bool = False) -> str:
    """A length of time in one unit."""
    gap = "" if short else " "
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min" if not short else "m")):
        if abs(seconds) >= 2 * size:
            return f"{seconds / size:.0f}{gap}{unit}"
    return f"{max(seconds, 0):.0f}{gap}s"
