"""What is wrong with the installation itself, looked for each minute: told to on-call staff once, and again when over.

An account that stops, a job that fails and a pause that ends call people by themselves, the moment it happens. Looked
for here is what nobody notices because nothing happens: a mail server that takes nothing, a disk that fills, comments
that pile up, pictures that cannot be taken, digests that are not made, an account that is not read.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from archive import accounts, cases, copies, ledger, orders, outbox, pauses
from bot import alarm_words, digest_times, export_spool, heard
from bot.alarms import alarm
from bot.copying import place
from bot.digest_words import EN, IN, moment
from bot.domain.states import State
from bot.lines import English
from bot.pause import Switch
from rules.passed import Passed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from archive.database import Tx
    from archive.ledger import Entry
    from bot.digest_words import Words
    from bot.settings import Settings

BEGAN, OVER = "trouble.began", "trouble.over"

LEAST_FREE_BYTES = 2 * 1024**3
MAIL_WAITS = timedelta(minutes=30)
UNREAD_FOR = timedelta(minutes=15)
"""Or ten times an account's polling interval, if that is longer."""
STANDS_STILL = timedelta(minutes=30)
"""How long a comment may be recorded and not judged, or decided and not captured, or ordered and not tried."""
DIGEST_LATE = timedelta(hours=2)
COPY_FAILS = timedelta(minutes=30)
STUCK_TRIES = 3
"""So many tries of one folder or file that failed are no accident."""
CAPTURES = 5
"""So many captures in a row that failed are no accident."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that is wrong. `key` stays the same as long as it lasts, and begins with what names its words.

    `about`: what is filled into them (bot/alarm_words.py).
    """

    key: str
    about: Mapping[str, object] = field(default_factory=dict)


def watch(tx: Tx, settings: Settings, now: datetime) -> None:
    """Tell what has begun since the last look, and what is over."""
    words = IN[settings.mail.language]
    found = {trouble.key: trouble for trouble in look(tx, settings, now, words)}
    known = lasting(tx)
    for key in sorted(found.keys() - known.keys()):
        trouble = found[key]
        entry = _note(tx, BEGAN, key, _called(settings, key, "", EN), now)
        about = {**_named(settings, key), **trouble.about}
        alarm(tx, settings, _what(key), key=f"trouble:{key}:{entry}", now=now, **about)
    for key in sorted(known.keys() - found.keys()):
        entry = _note(tx, OVER, key, known[key], now)
        alarm(
            tx, settings, "over", key=f"trouble:{key}:{entry}", now=now, what=_called(settings, key, known[key], words)
        )


def lasting(tx: Tx) -> dict[str, str]:
    """Give the troubles that were told and are not over, with their subjects, by key."""
    lasts: dict[str, str] = {}
    for line in ledger.entries(tx, kinds=(BEGAN, OVER)):
        lasts.pop(str(line.detail["trouble"]), None)
        if line.kind == BEGAN:
            lasts[str(line.detail["trouble"])] = str(line.detail["why"])
    return lasts


def lasting_in_words(tx: Tx, settings: Settings, words: Words) -> Iterator[str]:
    """Say what is wrong and was told."""
    return (_called(settings, key, subject, words) for key, subject in lasting(tx).items())


def in_words(settings: Settings, line: Entry, words: Words) -> str:
    """Say what a line of the ledger says that has begun or is over."""
    return _called(settings, str(line.detail["trouble"]), str(line.detail["why"]), words)


def _called(settings: Settings, key: str, subject: str, words: Words) -> str:
    """What a trouble is called; one that there are no words for any more, as the record has it."""
    what = _what(key)
    if what not in alarm_words.EN:
        return English(subject)
    return alarm_words.called(what, words["lang"], _named(settings, key))


def _what(key: str) -> str:
    return key if key in alarm_words.EN else key.partition(":")[0]


def _named(settings: Settings, key: str) -> dict[str, object]:
    """What a trouble is about, by its key: an account, or somebody who gets the e-mail digest."""
    about = key.partition(":")[2]
    for entry in settings.accounts:
        if entry.account.key == about:
            return {"name": entry.name, "platform": entry.platform}
    name = next((pio.name for pio in settings.pios if pio.email == about), about)
    return {"name": name, "platform": about.partition(":")[0]}


def look(tx: Tx, settings: Settings, now: datetime, words: Words = EN) -> Iterator[Trouble]:
    """Look at everything that can stand still in silence; give what is wrong now, with times as `words` have them."""
    yield from _disk(settings)
    yield from _files(settings)
    yield from _mail(tx, settings, now, words)
    yield from _webhook(tx, settings, now, words)
    yield from _unread(tx, settings, now, words)
    yield from _backlog(tx, settings, now, words)
    yield from _captures(tx)
    yield from _digests(tx, settings, now, words)
    yield from _quotas(tx, settings, now, words)
    yield from _clock(tx, now, words)
    yield from _bucket(tx, settings, now, words)


def _disk(settings: Settings) -> Iterator[Trouble]:
    free = shutil.disk_usage(settings.data).free
    if free < LEAST_FREE_BYTES:
        about = {"free": f"{free / 1024**3:.1f}", "folder": settings.data, "least": LEAST_FREE_BYTES // 1024**3}
        yield Trouble(key="disk", about=about)


def _files(settings: Settings) -> Iterator[Trouble]:
    """Files of our own that cannot be handled as they should."""
    if why := Passed(settings.packs_passed).why:
        yield Trouble(key="packs-passed", about={"why": why})
    for folder in export_spool.left(settings.data):
        yield Trouble(key=f"export:{folder}", about={"folder": folder})


def _mail(tx: Tx, settings: Settings, now: datetime, words: Words) -> Iterator[Trouble]:
    oldest = outbox.oldest_waiting(tx, now)
    if oldest and now - oldest > MAIL_WAITS:
        waiting, since = outbox.tally(tx)["waiting"], moment(words, settings.zone, oldest)
        yield Trouble(key="mail", about={"waiting": waiting, "since": since, "host": settings.mail.host})


def _webhook(tx: Tx, settings: Settings, now: datetime, words: Words) -> Iterator[Trouble]:
    oldest = outbox.oldest_waiting(tx, now, webhooks=True) if settings.webhook else None
    if oldest and now - oldest > MAIL_WAITS:
        yield Trouble(key="webhook", about={"since": moment(words, settings.zone, oldest)})


def _unread(tx: Tx, settings: Settings, now: datetime, words: Words) -> Iterator[Trouble]:
    """Accounts that were not read for long. One that has stopped was told of when it stopped."""
    for standing in accounts.all_standing(tx):
        entry = next((entry for entry in settings.accounts if entry.account.key == standing.account.key), None)
        if entry is None or not entry.is_read or standing.stopped_why or standing.polled_at is None:
            continue
        patience = max(UNREAD_FOR, timedelta(seconds=10 * entry.poll_seconds))
        if now - standing.polled_at > patience:
            at = moment(words, settings.zone, standing.polled_at)
            yield Trouble(key=f"unread:{standing.account.key}", about={"at": at, "failures": standing.failures})


def _backlog(tx: Tx, settings: Settings, now: datetime, words: Words) -> Iterator[Trouble]:
    read = [entry.account.key for entry in settings.accounts if entry.by_hand is None]
    for state in (State.OBSERVED, State.MARKED):
        oldest = cases.standing_at(tx, state, limit=1, accounts=read)
        if oldest and now - oldest[0].since > STANDS_STILL:
            about = {"since": moment(words, settings.zone, oldest[0].since), "waiting": cases.tally(tx)[state]}
            yield Trouble(key=f"backlog:{state}", about=about)
    if not pauses.in_force(tx, now) and Switch(settings.switch_file).files_say(tx) is None:
        yield from _orders(tx, settings, read, now, words)


def _orders(tx: Tx, settings: Settings, read: list[str], now: datetime, words: Words) -> Iterator[Trouble]:
    """Orders that could be tried and are not. A stopped account and a platform's limit are told of by themselves."""
    free = [
        standing.account.key
        for standing in accounts.all_standing(tx)
        if standing.account.key in read and not standing.stopped_why and not standing.act_not_before
    ]
    for order in orders.waiting(tx, now=now, limit=1, accounts=free):
        since = orders.placed_at(tx, order)
        if order.attempts == 0 and now - since > STANDS_STILL:
            about = {"ref": order.ref, "since": moment(words, settings.zone, since)}
            yield Trouble(key="backlog:orders", about=about)


def _captures(tx: Tx) -> Iterator[Trouble]:
    """Captures fail one by one and each ends with a person; that all do needs somebody who looks at the browser."""
    lines = ledger.latest(tx, ("case.captured", "case.capture_failed"), CAPTURES)
    if len(lines) == CAPTURES and all(line.kind == "case.capture_failed" for line in lines):
        yield Trouble(key="captures", about={"number": CAPTURES, "why": lines[0].detail["why"]})


def _digests(tx: Tx, settings: Settings, now: datetime, words: Words) -> Iterator[Trouble]:
    begun = next(ledger.entries(tx, limit=1), None)
    for pio in settings.pios:
        mark = outbox.last_digest(tx, pio.email)
        since = mark.at if mark else begun.at if begun else now
        due = digest_times.last_due(settings, pio, now)
        if since < due and now - due > DIGEST_LATE:
            made = (
                words["digest_made"].format(at=moment(words, settings.zone, mark.at)) if mark else words["digest_never"]
            )
            yield Trouble(key=f"digest:{pio.email}", about={"due": moment(words, settings.zone, due), "last": made})


def _quotas(tx: Tx, settings: Settings, now: datetime, words: Words) -> Iterator[Trouble]:
    """Limits of platforms of which nearly all is used, so that acting may soon have to wait, too."""
    for key, used in heard.used(tx, now).items():
        entry = next((entry for entry in settings.accounts if entry.account.key == key), None)
        if entry and used.value >= heard.NEAR_END:
            about = {"share": f"{used.value:.0%}", "said": used.said, "at": moment(words, settings.zone, used.at)}
            yield Trouble(key=f"quota:{key}", about=about)


def _clock(tx: Tx, now: datetime, words: Words) -> Iterator[Trouble]:
    """A clock that is off makes wrong times in records, and lets signatures and time stamps fail."""
    off = heard.clock_offset(tx, now)
    if off is not None and abs(off) > heard.MOST_OFF:
        yield Trouble(key="clock", about={"off": heard.clock_in_words(off, words)})


def _bucket(tx: Tx, settings: Settings, now: datetime, words: Words) -> Iterator[Trouble]:
    """A bucket that takes nothing for long, and what alone cannot be copied: that is damaged on the disk."""
    if settings.evidence_store is None:
        return
    name = place(settings.evidence_store).name
    stands = copies.standing(tx, name)
    if stands.failing_since and now - stands.failing_since > COPY_FAILS:
        since = moment(words, settings.zone, stands.failing_since)
        yield Trouble(key="bucket", about={"since": since, "waiting": stands.waiting, "why": stands.why})
    stuck = [each for each in stands.stuck if each.attempts >= STUCK_TRIES]
    if stuck:
        about = {"number": len(stuck), "bucket": name, "first": stuck[0].name, "why": stuck[0].why}
        yield Trouble(key="bucket:stuck", about=about)


def _note(tx: Tx, kind: str, key: str, subject: str, now: datetime) -> int:
    detail = {"trouble": key, "why": subject}
    return ledger.append(tx, kind=kind, agent=ledger.DAEMON, at=now, detail=detail).seq
