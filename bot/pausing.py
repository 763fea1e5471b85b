"""Watches the pause switch for a running daemon, and tells people: a pause is obeyed, is about to end, has ended.

That it is obeyed is recorded only when no call to a platform is under way any more which the pause is to stop, so that
`citymod pause --drill` can say how long that took.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from archive import ledger, orders, pauses
from bot.alarms import alarm
from bot.digest_words import EN, IN, moment
from bot.pause import what_is_paused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from archive.database import Database, Tx
    from archive.pauses import Pause
    from bot.digest_words import Words
    from bot.domain.types import Agent
    from bot.parts import Parts
    from bot.settings import Settings

TOLD_BEFORE = timedelta(minutes=15)
"""How long before its end a pause that ends by itself is announced; a short one at half its time."""
DRILL_SECONDS = 15
"""How long a drill waits for a daemon to obey."""


class Watch:
    """One daemon's eye on both switches. `look` is called every second or so."""

    def __init__(self, parts: Parts, clock: Callable[[], datetime]) -> None:
        """Nothing is known yet; what calls began before this daemon did is not its own."""
        self._parts = parts
        self._clock = clock
        self._since = clock()
        self._file_said: str | None = None
        self._obeyed: set[str] = set()

    def look(self) -> None:
        """Record what changed since the last look, and queue the mails about it."""
        says = self._parts.switch.file_says()
        now = self._clock()
        with self._parts.database.read() as tx:
            standing = pauses.not_ended(tx)
            news = any(self._is_new(pause) or _is_over(pause, now) or _ends_soon(pause, now) for pause in standing)
        if not news and says == self._file_said:
            return  # which is how it is nearly always: looking costs no commit
        with self._parts.database.begin() as tx:
            for ended in pauses.expire(tx, now):
                _tell_ended(tx, self._parts.settings, ended, now)
            standing = pauses.in_force(tx, now)
            for pause in standing:
                if _ends_soon(pause, now):
                    _tell_ending(tx, self._parts.settings, pause, now)
            self._obey(tx, standing, now)
            if says != self._file_said:
                detail = {"says": says or "the pause file is gone"}
                ledger.append(tx, kind="pause.file", ref=None, agent=ledger.DAEMON, at=now, detail=detail)
                self._parts.share.see_file(tx, says)
        self._file_said = says

    def _is_new(self, pause: Pause) -> bool:
        return pause.id not in self._obeyed and pause.since >= self._since

    def _obey(self, tx: Tx, standing: list[Pause], now: datetime) -> None:
        """Record that new pauses are obeyed, by whichever daemon sees first that no call is under way, of any."""
        new = [pause for pause in standing if self._is_new(pause)]
        if not new or orders.under_way(tx, self._since):
            return
        for pause in new:
            if pauses.seconds_to_effect(tx, pause) is None:
                pauses.obeyed(tx, pause, now)
        self._obeyed |= {pause.id for pause in new}


def drill(
    database: Database, agent: Agent, clock: Callable[[], datetime], wait: Callable[[float], None]
) -> float | None:
    """Pull the switch for everything, wait until a running daemon obeys, let go again; record how it went.

    Gives the seconds that it took, None if no daemon obeyed within `DRILL_SECONDS`. `wait` waits some seconds.
    """
    until = clock() + timedelta(seconds=2 * DRILL_SECONDS)  # should this process die, the drill ends by itself
    with database.begin() as tx:
        pulled = pauses.pause(tx, pauses.EVERYTHING, agent, "a drill of the pause switch", until, clock())
    seconds = None
    while seconds is None and (clock() - pulled.since).total_seconds() < DRILL_SECONDS:
        wait(0.1)
        with database.read() as tx:
            seconds = pauses.seconds_to_effect(tx, pulled)
    with database.begin() as tx:
        pauses.end(tx, pulled, agent, "the drill is over", clock())
        pauses.drilled(tx, pulled, seconds, agent, clock())
    return seconds


def held(tx: Tx, settings: Settings, words: Words = EN) -> Iterator[str]:
    """Say what waits to be carried out: a line for each account and action, with how many, and since when."""
    for waits in orders.tally_waiting(tx):
        form = words["held_one" if waits.number == 1 else "held_many"]
        since, action = moment(words, settings.zone, waits.oldest), words[f"to_{waits.action}"]
        yield form.format(account=waits.account, number=waits.number, action=action, since=since)


def _is_over(pause: Pause, now: datetime) -> bool:
    return pause.until is not None and pause.until <= now


def _ends_soon(pause: Pause, now: datetime) -> bool:
    if pause.until is None:
        return False
    return now >= pause.until - min(TOLD_BEFORE, (pause.until - pause.since) / 2)


def _tell_ending(tx: Tx, settings: Settings, pause: Pause, now: datetime) -> None:
    if pause.until is None:
        return
    words = IN[settings.mail.language]
    until = moment(words, settings.zone, pause.until)
    alarm(
        tx,
        settings,
        "pause_ends",
        key=f"pause-ends:{pause.id}",
        now=now,
        until=until,
        **_about(tx, settings, pause, words),
    )


def _tell_ended(tx: Tx, settings: Settings, pause: Pause, now: datetime) -> None:
    alarm(
        tx,
        settings,
        "pause_ended",
        key=f"pause-ended:{pause.id}",
        now=now,
        **_about(tx, settings, pause, IN[settings.mail.language]),
    )


def _about(tx: Tx, settings: Settings, pause: Pause, words: Words) -> dict[str, str]:
    lines = list(held(tx, settings, words))
    waiting = [words["what_waits"], *lines] if lines else [words["nothing_waits"]]
    what, option = what_is_paused(pause, words), _option(pause)
    return {"what": what, "who": pause.who.name, "why": pause.why, "waiting": "\n\n".join(waiting), "option": option}


def _option(pause: Pause) -> str:
    if pause.scope == pauses.EVERYTHING:
        return ""
    return f"--clause {pause.clause} " if pause.clause else f"--account {pause.scope} "
