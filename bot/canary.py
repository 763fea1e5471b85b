"""The canary: once a day a harmless comment goes the whole line, and people are called if it does not come through.

It is recorded, judged, captured, hidden, seen to be hidden, shown again and seen to be shown: by a child process, on a
stand-in of a platform and in an archive that is thrown away (bot/canary_line.py). The child has the City's rules,
browser and time limits, and none of its credentials. While acting is paused nothing runs, and that is said.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archive import ledger, pauses
from bot.alarms import alarm
from bot.digest_words import EN, IN, moment
from bot.domain.schedule import last_time, next_time
from bot.lines import English, joined, say
from bot.log import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from archive.database import Tx
    from bot.digest_words import Words
    from bot.domain.types import Agent
    from bot.parts import Parts
    from bot.settings import Settings

PASSED, FAILED, SKIPPED = "canary.passed", "canary.failed", "canary.skipped"
_SECRET = ("CREDENTIALS_DIRECTORY", "CITYMOD_CREDENTIAL_", "NOTIFY_SOCKET", "WATCHDOG_", "PG")

log = logger("canary")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a walk went: seconds by step, and why it did not come through (None if it did)."""

    steps: dict[str, float]
    broken: str | None


def sing_due(parts: Parts, clock: Callable[[], datetime]) -> bool:
    """Send the day's canary if it is due and was not sent; give whether its turn was now."""
    settings, now = parts.settings, clock()
    if settings.canary is None:
        return False
    with parts.database.read() as tx:
        last = ledger.last(tx, (PASSED, FAILED, SKIPPED))
        begun = next(ledger.entries(tx, limit=1), None)
        held = _held(tx, parts, now)
    since_when = last.at if last else begun.at if begun else now
    if since_when >= last_time(settings.canary.at, now, settings.zone):
        return False
    if held:
        with parts.database.begin() as tx:
            ledger.append(tx, kind=SKIPPED, agent=ledger.DAEMON, at=now, detail={"why": f"paused: {held}"})
        return True
    outcome = walk(settings, settings.canary.seconds)
    with parts.database.begin() as tx:
        record(tx, settings, outcome, agent=ledger.DAEMON, now=clock())
    return True


def _held(tx: Tx, parts: Parts, now: datetime) -> str | None:
    """Why everything is paused, or None."""
    whole = (f"by {pause.who}: {pause.why}" for pause in pauses.in_force(tx, now) if pause.scope == pauses.EVERYTHING)
    return parts.switch.files_say(tx) or next(whole, None)


def walk(settings: Settings, seconds: float) -> Outcome:
    """Let a child walk the line, for so many seconds at most. Raises nothing: whatever happens is an outcome."""
    with ExitStack() as stack:
        kept = tempfile.TemporaryDirectory(prefix="citymod-canary-", ignore_cleanup_errors=True)
        child = subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-m", "bot.canary_line", stack.enter_context(kept)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={name: value for name, value in os.environ.items() if not name.startswith(_SECRET)},
            start_new_session=True,  # so that its browser ends with it
        )
        stack.enter_context(child)
        stack.callback(_end, child)
        try:
            said, complaint = child.communicate(json.dumps(_handed(settings)).encode(), timeout=seconds)
        except subprocess.TimeoutExpired:
            return Outcome({}, f"it did not come through within {seconds:g} s")
    try:
        found = json.loads(said)
        return Outcome(dict(found["steps"]), found["broken"])
    except (ValueError, KeyError, TypeError):
        lines = complaint.decode(errors="replace").strip().splitlines()
        return Outcome({}, f"it ended with status {child.returncode}: {lines[-1] if lines else 'it said nothing'}")


def _handed(settings: Settings) -> dict[str, Any]:
    """What the child is to know of the settings: rules and browser, with whole paths; no credential and no address."""
    rules = settings.rules.model_dump(mode="json", exclude_defaults=True)
    browser = {"browser": str(settings.browser)} if settings.browser else {}
    return {"rules": rules, "capture_seconds": settings.capture_seconds, **browser}


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the child with all that it started."""
    with suppress(ProcessLookupError):  # all of it has ended by itself
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def record(tx: Tx, settings: Settings, outcome: Outcome, *, agent: Agent, now: datetime) -> None:
    """Write down how it went; call on-call staff if it did not come through."""
    if outcome.broken is None:
        ledger.append(tx, kind=PASSED, agent=agent, at=now, detail={"steps": dict(outcome.steps)})
        log.info("came through", seconds=round(sum(outcome.steps.values()), 1))
        return
    ledger.append(tx, kind=FAILED, agent=agent, at=now, detail={"why": outcome.broken, "steps": dict(outcome.steps)})
    alarm(
        tx,
        settings,
        "canary",
        key=f"canary:{now.isoformat()}",
        now=now,
        why=outcome.broken,
        steps=", ".join(outcome.steps) or IN[settings.mail.language]["found_nothing"],
    )
    log.error("did not come through", why=outcome.broken)


# What people are told -------------------------------------------------------------------------------------------------


def next_at(settings: Settings, now: datetime) -> datetime | None:
    """When the next one is due; None if it is switched off."""
    return next_time(settings.canary.at, now, settings.zone) if settings.canary else None


def last_at(tx: Tx) -> datetime | None:
    """When the last one was sent or skipped."""
    last = ledger.last(tx, (PASSED, FAILED, SKIPPED))
    return last.at if last else None


def told(tx: Tx, words: Words = EN) -> str:
    """How the last one went, in a few words."""
    last = ledger.last(tx, (PASSED, FAILED, SKIPPED))
    if last is None:
        return words["canary_unsent"]
    if last.kind == PASSED:
        return words["canary_passed"].format(seconds=f"{sum(last.detail['steps'].values()):.0f}")
    form = words["canary_broken" if last.kind == FAILED else "canary_skipped"]
    return say(form, why=English(last.detail["why"]))


def failed(tx: Tx) -> bool:
    """Whether the last one did not come through."""
    last = ledger.last(tx, (PASSED, FAILED))
    return last is not None and last.kind == FAILED


def headlines(tx: Tx, words: Words = EN) -> Iterator[str]:
    """That the last one did not come through."""
    last = ledger.last(tx, (PASSED, FAILED))
    if last and last.kind == FAILED:
        yield say(words["canary_failed"], why=English(last.detail["why"]))


def in_digest(tx: Tx, settings: Settings, words: Words = EN) -> str:
    """The digest's line about it."""
    at = last_at(tx)
    said = say(words["canary"], told=told(tx, words))
    return joined(", ", [said, moment(words, settings.zone, at)]) if at else said
