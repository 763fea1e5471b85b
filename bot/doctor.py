"""Checks everything the program needs before a person relies on it, and says for each what to do."""

from __future__ import annotations

import json
import shutil
import stat
import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from archive import leases, pauses, roles, stamps
from archive.browser import check_browser
from archive.copies import BucketUnavailable
from archive.database import Database, Unavailable, WrongDatabase
from archive.files import REMOTE, filesystem
from archive.stamps import NotProven
from bot import heard, mail, mailbox, registry, schedules, spending, webhook, workdays
from bot.copying import open_bucket, place
from bot.parts import Rulebook, connector, moderation_server
from bot.pause import Switch
from bot.settings import MissingCredential, credential
from connectors import authority
from connectors.contract import ConnectorError, Subscribes
from connectors.meter import Meter
from connectors.transport import Transport
from rules.source import FileProblems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from archive.database import Tx
    from archive.roles import Role
    from bot.settings import AccountSettings, Settings

FREE_BYTES = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `details` say what was seen, or what is wrong and what to do."""

    ok: bool
    what: str
    details: tuple[str, ...] = ()


def examine(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Look at everything in turn. Nothing is changed but that the data folder is made if it is not there.

    What asking the platforms costs is booked. The webhook is sent a test, and each time-stamping authority a question.
    """
    began = time.monotonic()
    book = Rulebook.read(settings.rules)
    yield _rulebook(book)
    yield from _lists(book, settings)
    yield _disk(settings)
    yield from _folders(settings)
    yield _credentials(settings)
    yield _holidays(settings)
    yield from _database(settings, now)
    problems = tuple(check_browser(settings.browser))
    yield Finding(not problems, "browser and fonts", problems)
    yield _mail(settings)
    yield from _model_server(settings)
    yield from _mailbox(settings)
    yield from _webhook(settings, now)
    yield from _authorities(settings)
    yield from _keeping(settings)
    meters = {entry.account.key: Meter() for entry in settings.accounts}
    yield from _bucket(settings)
    for entry in settings.accounts:
        yield _account(settings, entry, meters[entry.account.key], now)
    yield _clock(meters, now, began)
    yield from _cost(settings, meters, now)


def _keeping(settings: Settings) -> Iterator[Finding]:
    """The link that pages must show, and the retention schedule."""
    said = settings.city.comment_policy or (
        "no address is set (city: comment_policy: …), so nobody looks whether the City's pages link it (AR 5.C.1.f)"
    )
    yield Finding(True, "comment policy", (said,))  # noqa: FBT003
    if settings.retention is None:
        yield Finding(True, "retention", ("no schedule is named, so everything is kept for ever",))  # noqa: FBT003
        return
    try:
        schedule = schedules.load(settings)
    except (FileProblems, LookupError) as error:
        yield Finding(False, "retention", (str(error),))  # noqa: FBT003
        return
    destroys = "on, as two people approve" if settings.retention.destroy else "off"
    yield Finding(True, "retention", (f"{len(schedule.series)} series; destroying is {destroys}",))  # noqa: FBT003


def _bucket(settings: Settings) -> Iterator[Finding]:
    """Whether the bucket answers, lets us in and locks what it is given."""
    store = settings.evidence_store
    if store is None:
        return
    where = place(store)
    try:
        open_bucket(settings, store).check()
    except BucketUnavailable as error:
        yield Finding(False, "bucket", (str(error), "Evidence is sealed on the disk all the same, and copied later."))  # noqa: FBT003
        return
    yield Finding(True, "bucket", (f"{where.name} answers; copies are locked ({store.mode}) {store.retain_days} days",))  # noqa: FBT003


def _rulebook(book: Rulebook) -> Finding:
    inert = [f"pack {each.pack.label} has no effect: {each.reason}" for each in book.engine.inert]
    if book.ballot and not book.ballot.in_force:
        inert.append(f"ballot list {book.ballot.name} is not approved in this wording (sha256 {book.ballot.sha256})")
    if not book.policy.in_force:
        inert.insert(0, f"policy {book.policy.id} is not approved in this wording (sha256 {book.policy.sha256})")
    if inert:
        return Finding(False, "policy and packs", (*inert, "Add an entry to the approvals file, with name and date."))  # noqa: FBT003
    detail = f"{book.policy.id}, approved by {book.policy.approved_by} on {book.policy.approved_on}"
    return Finding(True, "policy and packs", (detail, _ballot(book)))  # noqa: FBT003


def _ballot(book: Rulebook) -> str:
    if book.ballot is None:
        return f"no ballot list loaded: {', '.join(book.waiting) or 'no rule'} waits for one and matches nothing"
    return f"ballot list {book.ballot.label}: {book.ballot.election}, {book.ballot.date}"


def _lists(book: Rulebook, settings: Settings) -> Iterator[Finding]:
    """Tell of every domain list that a pack names which bytes of it count, or that it is missing.

    A folder that lacks a list is a mistake; a city that has no folder yet only has fewer sites to go by.
    """
    packs = [*book.engine.packs, *(each.pack for each in book.engine.inert)]
    folder = settings.rules.lists
    for listed in {name: listed for pack in packs for name, listed in sorted(pack.lists.items())}.values():
        changed = datetime.fromtimestamp(((folder or Path()) / listed.name).stat().st_mtime, settings.zone)
        size = f"{len(listed)} entries, {len(listed.body)} bytes, changed {changed:%Y-%m-%d %H:%M %Z}"
        yield Finding(True, f"domain list {listed.name}", (f"{size}, SHA-256 {listed.sha256}",))  # noqa: FBT003
    for name in sorted({name for pack in packs for name in pack.missing}):
        where = f"put it into {folder}" if folder else "name a folder as rules.lists in the settings, put it there"
        without = ", ".join(f"{pack.id}" for pack in packs if name in pack.missing)
        what = f"MISSING, so rules of {without} do without it; {where}, and run: sha256sum {name} > {name}.sha256"
        yield Finding(folder is None, f"domain list {name}", (what,))


def _disk(settings: Settings) -> Finding:
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    free = shutil.disk_usage(settings.data).free
    return Finding(free > FREE_BYTES, f"disk at {settings.data}", (f"{free / 1024**3:.1f} GiB free",))


def _folders(settings: Settings) -> Iterator[Finding]:
    """Whether everything can be written that has to be, and whether nobody else can look into it."""
    wanted = {"data": settings.data, "evidence": settings.evidence_folder, "media": settings.media_folder}
    if settings.backup:
        wanted["backups"] = settings.backup.folder
    if settings.drop_folder:
        wanted["drop folder"] = settings.drop_folder
    for name, folder in wanted.items():
        if name in {"evidence", "media"} and not folder.exists():
            continue  # made when there is something to put there
        yield _folder(name, folder, private=name != "drop folder")


def _folder(name: str, folder: Path, *, private: bool) -> Finding:
    what = f"folder {folder} ({name})"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Finding(False, what, (f"cannot be written: {error}", "Give it to the user that runs citymod."))  # noqa: FBT003
    mode = stat.S_IMODE(folder.stat().st_mode)
    if private and mode & 0o027:
        remedy = f"mode {mode:o} lets others in; run: chmod 700 {folder}"
        return Finding(False, what, (remedy,))  # noqa: FBT003
    return Finding(True, what, (f"can be written; mode {mode:o}",))  # noqa: FBT003


def _credentials(settings: Settings) -> Finding:
    """Whether every credential that the settings name is there, readable, and private."""
    named = [entry.credential for entry in settings.accounts]
    parts = (settings.mail, settings.mailbox, settings.moderation, settings.evidence_store, settings.webhook)
    named += [part.credential for part in parts if part]
    named.append(settings.database_credential)
    names = sorted({name for name in named if name})
    wrong = []
    for name in names:
        try:
            credential(settings, name)
        except (MissingCredential, OSError) as error:
            wrong.append(str(error))
    return Finding(not wrong, "credentials", tuple(wrong) or (f"{len(names)} named, all there: {', '.join(names)}",))


def _holidays(settings: Settings) -> Finding:
    if settings.holidays is None:
        said = "no file is named, so only weekends count as closed (requests and digests on business days)"
        return Finding(True, "holidays", (said,))  # noqa: FBT003
    try:
        calendar = workdays.read(settings.holidays)
    except (FileProblems, LookupError, OSError) as error:
        return Finding(False, "holidays", (str(error),))  # noqa: FBT003
    return Finding(True, "holidays", (f"{len(calendar.closed)} holidays in {settings.holidays}",))  # noqa: FBT003


def _webhook(settings: Settings, now: datetime) -> Iterator[Finding]:
    if settings.webhook is None:
        return
    body = json.dumps({"what": "test", "city": settings.city.name, "at": now.isoformat()}).encode()
    name = f"doctor-{now:%Y%m%dT%H%M%S}"
    try:
        said = webhook.send(settings, settings.webhook, body, delivery=name, attempt=1, now=now)
    except (MissingCredential, LookupError, ConnectorError) as error:
        remedy = "Check url, credential and what receives it; alarms come by mail meanwhile."
        yield Finding(False, "webhook", (f"{type(error).__name__}: {error}", remedy))  # noqa: FBT003
        return
    yield Finding(True, "webhook", (f"{said} to a signed test",))  # noqa: FBT003


def _authorities(settings: Settings) -> Iterator[Finding]:
    """Whether each time-stamping authority stamps, and its stamp can be checked by the certificates that are named."""
    for one in settings.timestamps.authorities if settings.timestamps else ():
        what = f"time-stamping authority {one.url}"
        seconds = one.timeout_seconds
        try:
            trusted = stamps.certificates(one.certificate)
            question = stamps.question(b"citymod doctor")
            transport = Transport(connect=seconds, read=seconds, total=seconds)
            answer = authority.ask(transport, one.url, question.as_bytes())
            digest = sha256(b"citymod doctor").hexdigest()
            at = stamps.stamped_at(answer, digest, trusted, nonce=question.nonce)
        except (ConnectorError, NotProven, OSError, ValueError) as error:
            remedy = "Check url and certificate; days are rooted all the same, and stamped when it answers."
            yield Finding(False, what, (f"{type(error).__name__}: {error}", remedy))  # noqa: FBT003
            continue
        yield Finding(True, what, (f"stamped at {at:%Y-%m-%d %H:%M:%S} UTC, and the stamp holds",))  # noqa: FBT003


def _clock(meters: Mapping[str, Meter], now: datetime, began: float) -> Finding:
    """Whether our clock agrees with the platforms' that have just answered. `began`: the monotonic clock (s) then."""
    later = time.monotonic()
    ours = now + timedelta(seconds=later - began)
    offsets = [heard.offset(meter.dated, ours, later)[0] for meter in meters.values() if meter.dated]
    off = statistics.median(offsets) if offsets else None
    said = heard.clock_in_words(off)
    if off is not None and abs(off) > heard.MOST_OFF:
        return Finding(False, "clock", (said, "Let it be set by the network: timedatectl set-ntp true"))  # noqa: FBT003
    return Finding(True, "clock", (said,))  # noqa: FBT003


def _database(settings: Settings, now: datetime) -> Iterator[Finding]:
    try:
        database = Database.open(settings.database_url)
    except (WrongDatabase, Unavailable, MissingCredential) as error:
        yield Finding(False, "database", (str(error),))  # noqa: FBT003
        return
    try:
        yield Finding(True, "database", (f"journal mode {database.journal_mode}: {database.journal_reason}",))  # noqa: FBT003
        with database.read() as tx:
            role = roles.of(tx)
            paused = [f"paused: {pause.what} by {pause.who}: {pause.why}" for pause in pauses.in_force(tx, now)]
            file_says = Switch(settings.switch_file).files_say(tx)
            yield from _daemons(tx, settings)
            yield _registry(tx, settings)
    finally:
        database.close()
    if role is not None:
        yield _role(role)
    yield Finding(True, "pause switch", (*paused, *([file_says] if file_says else [])) or ("not paused",))  # noqa: FBT003


def _registry(tx: Tx, settings: Settings) -> Finding:
    """Whether each account is approved; one that is not is no failure where the settings let that pass."""
    keys = [entry.account.key for entry in settings.accounts]
    lacking = [f"{key} is not approved: {why}" for key, why in registry.unapproved(tx, settings, keys).items()]
    well = (f"all {len(keys)} accounts are approved",)
    return Finding(not lacking or not settings.registry.required, "registry", tuple(lacking) or well)


def _daemons(tx: Tx, settings: Settings) -> Iterator[Finding]:
    """Whether those who work on the archive may do so together, and whether a SQLite file lies where it may."""
    kind = filesystem(settings.data)
    remote = kind in REMOTE
    if settings.database is None and remote:
        said = f"{settings.data} is on a network file system ({kind}), where SQLite can lose or damage records"
        yield Finding(False, "place of the database", (said, "Let `data` be a local disk, or use PostgreSQL."))  # noqa: FBT003
    alive = [one for one in leases.daemons(tx) if one.alive]
    if len(alive) > 1:
        names = ", ".join(f"{one.name} on {one.host}" for one in alive)
        where = f"evidence and media are in {settings.data} ({kind})"
        fits = len({one.folder for one in alive}) == 1
        remedy = () if fits else ("Several machines need one shared folder as `data`, mounted on each of them.",)
        yield Finding(fits, f"{len(alive)} daemons", (names, where, *remedy))


def _role(role: Role) -> Finding:
    """Say whether the server itself keeps the program from altering the record."""
    what = f"database role {role.name}"
    if role.safe:
        return Finding(True, what, ("owns no table, so no mistake of the program can alter or drop one",))  # noqa: FBT003
    could = "is a superuser" if role.superuser else f"could alter or drop {len(role.alters)} tables"
    remedy = "let another role own the tables (README, PostgreSQL), and run `citymod database prepare`"
    return Finding(False, what, (f"{could}; {remedy}",))  # noqa: FBT003


def _mail(settings: Settings) -> Finding:
    what = f"mail server {settings.mail.host}:{settings.mail.port}"
    try:
        with mail.connect(settings) as server:
            code, _ = server.noop()
    except (*mail.TROUBLE, MissingCredential) as error:
        return Finding(False, what, (f"{type(error).__name__}: {error}", "Check host, port, tls and credential."))  # noqa: FBT003
    return Finding(True, what, (f"answers ({code})",))  # noqa: FBT003


def _model_server(settings: Settings) -> Iterator[Finding]:
    if settings.moderation is None:
        return
    what = f"model server {settings.moderation.url}"
    try:
        server = moderation_server(settings)
        found = list(server.scores(["When is the next council meeting?"])) if server else []
    except (MissingCredential, LookupError, ConnectorError) as error:
        yield Finding(False, what, (f"{type(error).__name__}: {error}", "Comments are judged without it."))  # noqa: FBT003
        return
    yield Finding(True, what, tuple(f"{each.version} scores {', '.join(each.categories)}" for each in found))  # noqa: FBT003


def _mailbox(settings: Settings) -> Iterator[Finding]:
    if settings.mailbox is None:
        return
    what = f"mailbox {settings.mailbox.host}:{settings.mailbox.port}"
    try:
        waiting = mailbox.waiting(settings)
    except (*mailbox.TROUBLE, MissingCredential, LookupError) as error:
        remedy = "Check host, port, tls, folder and credential."
        yield Finding(False, what, (f"{type(error).__name__}: {error}", remedy))  # noqa: FBT003
        return
    details = [f"{waiting} mail(s) wait in {settings.mailbox.folder}"]
    if settings.mailbox.mail_server is None:
        details.append("mail_server is not set, so no mail counts as a platform's own")
    yield Finding(True, what, tuple(details))  # noqa: FBT003


def _account(settings: Settings, entry: AccountSettings, meter: Meter, now: datetime) -> Finding:
    what = f"account {entry.account.key} ({entry.name}), {entry.mode} mode"
    try:
        made = connector(settings, entry, meter)
        health = made.check(now=now)
    except (MissingCredential, LookupError, ConnectorError) as error:
        return Finding(False, what, (f"{type(error).__name__}: {error}",))  # noqa: FBT003
    unheard = made.lacking if settings.push and isinstance(made, Subscribes) else ()
    why = (f"push is set, and cannot be used here: the credential lacks {', '.join(unheard)}",) if unheard else ()
    return Finding(health.ok, what, (health.identity, *health.notes, *why))


def _cost(settings: Settings, meters: Mapping[str, Meter], now: datetime) -> Iterator[Finding]:
    """What this month has cost, this very check included."""
    try:
        database = Database.open(settings.database_url)
    except (WrongDatabase, Unavailable, MissingCredential):
        return  # told already
    try:
        with database.begin() as tx:
            spending.book_checks(tx, meters, now)
            spent = tuple(spending.in_words(spending.this_month(tx, now)))
            near = spending.nearly_spent(tx, settings, now)
    finally:
        database.close()
    limit = f"${settings.dollars_a_month:,.2f}" if settings.dollars_a_month else "not set (dollars_a_month)"
    yield Finding(near is None, "cost of this month", (*([near] if near else []), *spent, f"limit: {limit}"))
