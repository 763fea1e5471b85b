"""What is wrong with the installation itself, looked for each minute: told to on-call staff once, and again when over.

An account that stops, a job that fails and a pause that ends call people by themselves, the moment it happens. Looked
for here is what nobody notices because nothing happens: a mail server that takes nothing, a disk that fills, comments
that pile up, pictures that cannot be taken, digests that are not made, an account that is not read.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from archive import accounts, cases, copies, ledger, orders, outbox, pauses
from bot import digest_times, export_spool, heard
from bot.alarms import alarm
from bot.copying import place
from bot.domain.states import State
from bot.letters import when
from bot.pause import Switch
from rules.passed import Passed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from archive.database import Tx
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
    """One thing that is wrong. `key` stays the same as long as it lasts; `lines` say what it is and what to do."""

    key: str
    subject: str
    lines: tuple[str, ...]


def watch(tx: Tx, settings: Settings, now: datetime) -> None:
    """Tell what has begun since the last look, and what is over."""
    found = {trouble.key: trouble for trouble in look(tx, settings, now)}
    known = lasting(tx)
    for key in sorted(found.keys() - known.keys()):
        trouble = found[key]
        entry = _note(tx, BEGAN, key, trouble.subject, now)
        alarm(tx, settings, key=f"trouble:{key}:{entry}", subject=trouble.subject, lines=trouble.lines, now=now)
    for key in sorted(known.keys() - found.keys()):
        entry = _note(tx, OVER, key, known[key], now)
        lines = (f"What was told before is over: {known[key]}.",)
        alarm(tx, settings, key=f"trouble:{key}:{entry}", subject=f"over: {known[key]}", lines=lines, now=now)


def lasting(tx: Tx) -> dict[str, str]:
    """Give the troubles that were told and are not over, with their subjects, by key."""
    lasts: dict[str, str] = {}
    for line in ledger.entries(tx, kinds=(BEGAN, OVER)):
        lasts.pop(str(line.detail["trouble"]), None)
        if line.kind == BEGAN:
            lasts[str(line.detail["trouble"])] = str(line.detail["why"])
    return lasts


def look(tx: Tx, settings: Settings, now: datetime) -> Iterator[Trouble]:
    """Look at everything that can stand still in silence; give what is wrong now."""
    yield from _disk(settings)
    yield from _files(settings)
    yield from _mail(tx, settings, now)
    yield from _webhook(tx, settings, now)
    yield from _unread(tx, settings, now)
    yield from _backlog(tx, settings, now)
    yield from _captures(tx)
    yield from _digests(tx, settings, now)
    yield from _quotas(tx, settings, now)
    yield from _clock(tx, now)
    yield from _bucket(tx, settings, now)


def _disk(settings: Settings) -> Iterator[Trouble]:
    free = shutil.disk_usage(settings.data).free
    if free < LEAST_FREE_BYTES:
        said = f"{free / 1024**3:.1f} GiB are free at {settings.data}, less than {LEAST_FREE_BYTES // 1024**3} GiB."
        remedy = "Make room there. When it is full nothing can be recorded, and comments stay visible."
        yield Trouble(key="disk", subject="the disk is nearly full", lines=(said, remedy))


def _files(settings: Settings) -> Iterator[Trouble]:
    """Files of our own that cannot be handled as they should."""
    if why := Passed(settings.packs_passed).why:
        remedy = "Nothing else is the matter: put the file right or remove it, and starting is quick again."
        yield Trouble(key="packs-passed", subject="starting takes longer than it needs", lines=(f"{why}.", remedy))
    for folder in export_spool.left(settings.data):
        said = f"An export was cut off, and the copies that it had made by then cannot be removed: {folder}."
        yield Trouble(key=f"export:{folder}", subject="copies of an export lie about", lines=(said, "Remove them."))


def _mail(tx: Tx, settings: Settings, now: datetime) -> Iterator[Trouble]:
    oldest = outbox.oldest_waiting(tx)
    if oldest and now - oldest > MAIL_WAITS:
        waiting = outbox.tally(tx)["waiting"]
        said = f"{waiting} mails wait, the oldest since {when(settings, oldest)}; this one waits behind them."
        remedy = f"Look at the mail server {settings.mail.host}, and run: citymod doctor. No mail is lost."
        yield Trouble(key="mail", subject="mail does not go out", lines=(said, remedy))


def _webhook(tx: Tx, settings: Settings, now: datetime) -> Iterator[Trouble]:
    oldest = outbox.oldest_waiting(tx, webhooks=True) if settings.webhook else None
    if oldest and now - oldest > MAIL_WAITS:
        said = (
            f"Since {when(settings, oldest)} no alarm could be handed over; each is tried again, and came by mail, too."
        )
        remedy = "Look at what receives them, and run: citymod doctor"
        yield Trouble(key="webhook", subject="alarms do not reach the webhook", lines=(said, remedy))


def _unread(tx: Tx, settings: Settings, now: datetime) -> Iterator[Trouble]:
    """Accounts that were not read for long. One that has stopped was told of when it stopped."""
    for standing in accounts.all_standing(tx):
        entry = next((entry for entry in settings.accounts if entry.account.key == standing.account.key), None)
        if entry is None or not entry.is_read or standing.stopped_why or standing.polled_at is None:
            continue
        patience = max(UNREAD_FOR, timedelta(seconds=10 * entry.poll_seconds))
        if now - standing.polled_at > patience:
            subject = f"{entry.name} on {entry.platform} is not read"
            said = (
                f"It was read last at {when(settings, standing.polled_at)}, and {standing.failures} tries have failed."
            )
            remedy = (
                "What is written there meanwhile is read later. citymod status says why; citymod doctor tries again."
            )
            yield Trouble(key=f"unread:{standing.account.key}", subject=subject, lines=(said, remedy))


def _backlog(tx: Tx, settings: Settings, now: datetime) -> Iterator[Trouble]:
    read = [entry.account.key for entry in settings.accounts if entry.by_hand is None]
    for state, undone in ((State.OBSERVED, "judged"), (State.MARKED, "captured")):
        oldest = cases.standing_at(tx, state, limit=1, accounts=read)
        if oldest and now - oldest[0].since > STANDS_STILL:
            said = f"The oldest waits since {when(settings, oldest[0].since)}; {cases.tally(tx)[state]} wait in all."
            remedy = "Comments stay visible meanwhile. The daemon's log says what keeps it: journalctl --unit citymod"
            yield Trouble(key=f"backlog:{state}", subject=f"comments are not {undone}", lines=(said, remedy))
    if not pauses.in_force(tx, now) and Switch(settings.switch_file).files_say(tx) is None:
        yield from _orders(tx, settings, read, now)


def _orders(tx: Tx, settings: Settings, read: list[str], now: datetime) -> Iterator[Trouble]:
    """Orders that could be tried and are not. A stopped account and a platform's limit are told of by themselves."""
    free = [
        standing.account.key
        for standing in accounts.all_standing(tx)
        if standing.account.key in read and not standing.stopped_why and not standing.act_not_before
    ]
    for order in orders.waiting(tx, now=now, limit=1, accounts=free):
        since = orders.placed_at(tx, order)
        if order.attempts == 0 and now - since > STANDS_STILL:
            said = f"The oldest order, on {order.ref}, waits since {when(settings, since)} and was never tried."
            remedy = "The comment stays visible meanwhile. The daemon's log says what keeps it."
            yield Trouble(key="backlog:orders", subject="orders are not carried out", lines=(said, remedy))


def _captures(tx: Tx) -> Iterator[Trouble]:
    """Captures fail one by one and each ends with a person; that all do needs somebody who looks at the browser."""
    lines = ledger.latest(tx, ("case.captured", "case.capture_failed"), CAPTURES)
    if len(lines) == CAPTURES and all(line.kind == "case.capture_failed" for line in lines):
        said = (
            f"The last {CAPTURES} comments could not be captured in full, so none was hidden: {lines[0].detail['why']}"
        )
        remedy = "Run citymod doctor: it tries the browser and the fonts."
        yield Trouble(key="captures", subject="pictures cannot be taken", lines=(said, remedy))


def _digests(tx: Tx, settings: Settings, now: datetime) -> Iterator[Trouble]:
    begun = next(ledger.entries(tx, limit=1), None)
    for pio in settings.pios:
        mark = outbox.last_digest(tx, pio.email)
        since = mark.at if mark else begun.at if begun else now
        due = digest_times.last_due(settings, pio, now)
        if since < due and now - due > DIGEST_LATE:
            last = f"The last one was made at {when(settings, mark.at)}." if mark else "None was ever made."
            said = f"A digest for {pio.name} was due at {when(settings, due)}. {last}"
            remedy = "Look at the daemon's log: journalctl --unit citymod. citymod digest makes one at once."
            yield Trouble(key=f"digest:{pio.email}", subject=f"{pio.name} gets no digest", lines=(said, remedy))


def _quotas(tx: Tx, settings: Settings, now: datetime) -> Iterator[Trouble]:
    """Limits of platforms of which nearly all is used, so that acting may soon have to wait, too."""
    for key, used in heard.used(tx, now).items():
        entry = next((entry for entry in settings.accounts if entry.account.key == key), None)
        if entry and used.value >= heard.NEAR_END:
            said = f"{used.value:.0%} {used.said} are used, as the platform said at {when(settings, used.at)}."
            remedy = (
                "Reading stops by itself; acting goes on as long as anything is left. citymod plan says what is used."
            )
            subject = f"the limit of {entry.name} on {entry.platform} is nearly used up"
            yield Trouble(key=f"quota:{key}", subject=subject, lines=(said, remedy))


def _clock(tx: Tx, now: datetime) -> Iterator[Trouble]:
    """A clock that is off makes wrong times in records, and lets signatures and time stamps fail."""
    off = heard.clock_offset(tx, now)
    if off is not None and abs(off) > heard.MOST_OFF:
        said = f"This machine's clock is {heard.clock_in_words(off)} (by their Date headers)."
        remedy = "Let it be set by the network: timedatectl set-ntp true. Times on record stay as they were taken."
        yield Trouble(key="clock", subject="the clock is wrong", lines=(said, remedy))


def _bucket(tx: Tx, settings: Settings, now: datetime) -> Iterator[Trouble]:
    """A bucket that takes nothing for long, and what alone cannot be copied: that is damaged on the disk."""
    if settings.evidence_store is None:
        return
    name = place(settings.evidence_store).name
    stands = copies.standing(tx, name)
    if stands.failing_since and now - stands.failing_since > COPY_FAILS:
        said = (
            f"Since {when(settings, stands.failing_since)} nothing could be copied, {stands.waiting} wait: {stands.why}"
        )
        remedy = "Evidence is safe on the disk meanwhile. citymod doctor tries the bucket; citymod bucket push copies."
        yield Trouble(key="bucket", subject="evidence is not copied to the bucket", lines=(said, remedy))
    stuck = [each for each in stands.stuck if each.attempts >= STUCK_TRIES]
    if stuck:
        said = f"{len(stuck)} cannot be copied to {name}, first of all {stuck[0].name}: {stuck[0].why}"
        remedy = "Run citymod verify: it names what is not on the disk as it was sealed. It is tried again each hour."
        yield Trouble(key="bucket:stuck", subject="some evidence or media cannot be copied", lines=(said, remedy))


def _note(tx: Tx, kind: str, key: str, subject: str, now: datetime) -> int:
    detail = {"trouble": key, "why": subject}
    return ledger.append(tx, kind=kind, agent=ledger.DAEMON, at=now, detail=detail).seq
