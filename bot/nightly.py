"""Checks the archive each night, and says aloud what is wrong or that it could not be done.

Each night what was written in the last days is checked, once a week everything. The outcome is a line of the ledger:
``archive.verified``, or ``archive.failed``, which calls on-call staff and stays the first line of each e-mail digest
until a check of the same or a longer reach passes.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from archive import ledger
from archive.verify import verify
from bot.alarms import alarm
from bot.digest_words import EN
from bot.domain.schedule import last_time
from bot.lines import English, say
from bot.log import logger
from bot.settings import WEEK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from archive.database import Tx
    from archive.verify import Report
    from bot.digest_words import Words
    from bot.parts import Parts
    from bot.settings import Settings

ENDED = ("archive.verified", "archive.failed")
BACKED_UP = ("archive.backed_up",)
MOST_TOLD = 10

log = logger("nightly")


def check_due(parts: Parts, clock: Callable[[], datetime]) -> bool:
    """Check the archive if this night's check is due and has not been made; give whether it was made now."""
    now = clock()
    settings = parts.settings
    with parts.database.read() as tx:
        last = ledger.last(tx, ENDED)
        begun = next(ledger.entries(tx, limit=1), None)
    since_when = last.at if last else begun.at if begun else now
    night = last_time(settings.nightly.at, now, settings.zone)
    if since_when >= night:
        return False
    local = night.astimezone(settings.zone)
    whole = WEEK[local.weekday()] == settings.nightly.whole_on
    since = None if whole else (local - timedelta(days=settings.nightly.days)).date()
    check(parts, since, clock)
    return True


def check(parts: Parts, since: date | None, clock: Callable[[], datetime]) -> Report:
    """Check the archive from that day (UTC) on, or all of it; record the outcome, and alarm if something is wrong."""
    settings = parts.settings
    report = verify(
        parts.database,
        settings.evidence_folder,
        settings.media_folder,
        now=clock(),
        since=since,
        trusted=settings.trusted,
    )
    now = clock()
    with parts.database.begin() as tx:
        _record(tx, report, now)
        if not report.passed:
            alarm(
                tx,
                settings,
                "archive",
                key=f"verify:{now.isoformat()}",
                now=now,
                number=len(report.problems),
                problems="\n\n".join(report.problems[:MOST_TOLD]),
            )
    log.info("checked", passed=report.passed, since=str(since), problems=len(report.problems))
    return report


def _record(tx: Tx, report: Report, now: datetime) -> None:
    kind = "archive.verified" if report.passed else "archive.failed"
    detail = {
        "since": str(report.since) if report.since else None,
        "lines": report.checked.get("ledger lines", 0),
        "why": "; ".join(report.problems[:MOST_TOLD]),
        "problems": len(report.problems),
        "not_checked": len(report.not_checked),
    }
    ledger.append(tx, kind=kind, agent=ledger.DAEMON, at=now, detail=detail)


# What people are told -------------------------------------------------------------------------------------------------


def headlines(tx: Tx, words: Words = EN) -> Iterator[str]:
    """That a check found something, as long as none that reaches as far back has passed since."""
    bad = ledger.last(tx, ["archive.failed"])
    if bad is None:
        return
    passed = ledger.entries(tx, after=bad.seq, kinds=["archive.verified"])
    if not any(_reaches(good.detail["since"], bad.detail["since"]) for good in passed):
        yield say(words["archive_wrong"], problems=bad.detail["problems"], why=English(bad.detail["why"]))


def _reaches(since: str | None, as_far_as: str | None) -> bool:
    """Whether a check from `since` on covers one from `as_far_as` on; None: from the beginning."""
    return since is None or (as_far_as is not None and since <= as_far_as)


def told(tx: Tx, settings: Settings) -> Iterator[str]:
    """When the archive was last checked and last backed up, for `citymod status`."""
    last = ledger.last(tx, ENDED)
    if last is None:
        yield "Checked: never yet (each night; or run: citymod verify)"
    else:
        reach = f"from {last.detail['since']} on" if last.detail["since"] else "all of it"
        outcome = "passed" if last.kind == "archive.verified" else f"FAILED: {last.detail['why']}"
        yield f"Checked: {_when(settings, last.at)}, {reach}: {outcome}"
    kept = ledger.last(tx, BACKED_UP)
    yield "Backed up: " + (f"{_when(settings, kept.at)}, to {kept.detail['folder']}" if kept else "never")


def _when(settings: Settings, at: datetime) -> str:
    return f"{at.astimezone(settings.zone):%Y-%m-%d %H:%M %Z}"
