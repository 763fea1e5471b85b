"""Watches a simulation from outside and says at once when a promise is broken (the promises are in ARCHITECTURE.md).

What the platforms see of each act is held against the archive at that very moment, so no clock needs to be believed.
What only shows later (everything recorded, the chain whole, every failure told) is asked after each day and at the end;
what can be asked of any installation is in `bot.promises`.
"""

from __future__ import annotations

import re
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from http.client import BAD_REQUEST
from typing import TYPE_CHECKING, Any, cast

from archive import accounts, cases, ledger, orders, outbox, pauses, records
from archive.database import Unavailable
from archive.verify import verify
from bot import promises
from bot.digest import TROUBLE, told_as
from bot.domain.types import Action, AgentKind, OrderStatus, Ref
from connectors.standin.server import PAGE
from connectors.standin.world import APP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from archive.accounts import AccountStanding
    from archive.database import Database, Tx
    from archive.ledger import Entry
    from bot.domain.types import Batch, Cursor, Order
    from bot.mishaps import Machine
    from bot.settings import Settings
    from bot.standins import StandIns
    from connectors.contract import Connector
    from connectors.standin.server import Desk, Exchange
    from connectors.standin.world import Effect

TOKEN = re.compile(rb"w\d{6}z")
"""Stands in most wordings that people write in a simulation, no two the same."""
ACTS = frozenset({"hide", "unhide", "delete"})
MORE = re.compile(r"\b[Aa]nd (\d+) more\b")
"""How a digest says that a list goes on."""
EVER = datetime.max.replace(tzinfo=UTC)
_ACTION = {"hide": Action.HIDE, "unhide": Action.RESTORE, "delete": Action.DELETE}
_REF = re.compile(r"\b[a-z]+:[^\s:]+:\S*[^\s:,]")


@dataclass(frozen=True, slots=True)
class Breach:
    """A promise that was broken, in words, and the comment that it was broken on, if it was on one."""

    said: str
    ref: Ref | None = None

    @classmethod
    def of(cls, said: str) -> Breach:
        """The breach that a sentence tells, with the first comment that it names."""
        named = _REF.search(said)
        return cls(said, Ref.parse(named[0]) if named else None)


class Onlooker:
    """Sees everything and changes nothing. `breaches` are what it found so far."""

    def __init__(self, standins: StandIns, settings: Settings, office: Database, mails: Path, machine: Machine) -> None:
        """Read the archive by a way of its own (`office`), as anybody could."""
        self.breaches: list[Breach] = []
        self.shown_by_staff: dict[tuple[Ref, str], int] = {}
        self._standins = standins
        self._world = standins.world
        self._settings = settings
        self._office = office
        self._mails = mails
        self._machine = machine
        self._judged = 0
        self._owed: dict[str, set[bytes]] = {}
        self._read: dict[str, _Read] = {}
        self._calls: dict[str, int] = {}
        self._pause_file_since = 0
        self._last = 0

    def say(self, said: str, ref: Ref | None = None) -> None:
        """Note a breach."""
        self.breaches.append(Breach(said, ref) if ref else Breach.of(said))

    # While it happens -------------------------------------------------------------------------------------------------

    def staff_showed(self, ref: Ref, text: str) -> None:
        """Staff showed a comment again on the platform itself."""
        self.shown_by_staff[ref, text] = self.head()

    def pause_file(self) -> None:
        """The pause file was put there, or taken away."""
        self._pause_file_since = self.head()

    def answered(self, desk: Desk) -> None:
        """A platform has answered; look at what it did because of us."""
        exchange = desk.log[-1]
        if exchange.verb in ACTS:
            with self._office.read() as tx:
                self._count_call(tx, desk.standin.platform, refused=exchange.response.status >= BAD_REQUEST)
        effects = self._world.effects
        new, self._judged = effects[self._judged :], len(effects)
        for effect in new:
            if effect.by == APP:
                with self._office.read() as tx:
                    self._judge(tx, effect)

    def _count_call(self, tx: Tx, platform: str, *, refused: bool) -> None:
        """P2: for each call an attempt was written down before, and no call is made twice for one.

        One that was refused did nothing: of a group in which one is gone, the others are asked for again.
        """
        open_attempts = {
            order.id: order.attempts
            for order in orders.all_with(tx)
            if order.ref.platform == platform and orders.unfinished(tx, order)
        }
        if not open_attempts:
            self.say(f"P2: {platform} was asked to act, and no attempt had been written down")
        if refused:
            return
        for id_, number in open_attempts.items():
            key = f"{id_} {number}"
            self._calls[key] = self._calls.get(key, 0) + 1
        if open_attempts and min(self._calls[f"{id_} {number}"] for id_, number in open_attempts.items()) > 1:
            order = orders.order(tx, next(iter(open_attempts)))
            self.say(f"P2: {platform} was asked twice for one attempt", order.ref if order else None)

    def _judge(self, tx: Tx, effect: Effect) -> None:
        """Whether this act may be, by what is on record at this moment."""
        ref = promises.acted_on(effect)
        for said in promises.unproven(tx, self._settings, effect, EVER):
            self.say(said, ref)
        order = orders.waiting_for(tx, ref)
        if order is None or order.action is not _ACTION[effect.what]:
            self.say(f"P1: {ref} was acted on without an order", ref)
            return
        begun = _line_of(tx, ref, "attempt.begun")
        # Some platforms do late what they were asked, when the attempt has ended; `_count_call` looks at the very call.
        if begun is None or not (orders.unfinished(tx, order) or _was_taken(tx, ref)):
            self.say(f"P2: {ref} was acted on, and the attempt was not written down before", ref)
            return
        if why := self._pulled_before(tx, order, begun):
            self.say(f"P4: {ref} was acted on during a pause: {why}", ref)
        if order.agent.kind is AgentKind.RULE and effect.what != "unhide":
            self._judge_people(tx, order, effect, begun)

    def _pulled_before(self, tx: Tx, order: Order, begun: Entry) -> str | None:
        """Which pause was in force before an attempt began and still is."""
        if self._settings.switch_file.exists() and self._pause_file_since < begun.seq:
            return "the pause file is there"
        key = f"{order.ref.platform}:{order.ref.account}"
        clauses = orders.clauses(tx, order) if order.action is not Action.RESTORE else ()
        for pause in pauses.in_force(tx, begun.at):
            stops = pause.scope in (pauses.EVERYTHING, key) or pause.clause in clauses
            line = next(each for each in ledger.entries(tx, kinds=("pause.begun",)) if each.detail["pause"] == pause.id)
            if stops and line.seq < begun.seq:
                return f"{pause.what} paused by {pause.who}"
        return None

    def _judge_people(self, tx: Tx, order: Order, effect: Effect, begun: Entry) -> None:
        """P6: what a person decided on these words is not undone by a rule."""
        decision = cases.latest_decision(tx, order.ref, order.revision)
        if decision is not None and decision.kind in {"dismiss", "restore"} and decision.at < begun.at:
            self.say(f"P6: {order.ref} was hidden by a rule, and {decision.agent} had let it stand", order.ref)
        if self.shown_by_staff.get((order.ref, effect.text), begun.seq) < begun.seq:
            self.say(f"P6: {order.ref} was hidden by a rule after staff had shown it again", order.ref)

    @contextmanager
    def at_job(self, name: str, life: datetime) -> Iterator[None]:
        """Watch one job of a daemon that began its life then; what a death cuts short is not judged."""
        verb, _, key = name.partition(" ")
        with self._at_poll(key) if verb == "poll" else self._at_work(life) if verb == "work" else nullcontext():
            yield

    def follow(self, key: str, reader: Connector) -> Connector:
        """Watch what a reader gives; use what comes back in its place."""
        log = self._standins.servers[key.partition(":")[0]].log
        return cast("Connector", _Followed(reader, self._read.setdefault(key, _Read()), log))

    @contextmanager
    def _at_work(self, life: datetime) -> Iterator[None]:
        """P11: no attempt is left without its end, unless the job itself is on record as failed."""
        before, met = self._failures(), self._machine.met.total()
        yield
        if self._failures() == before and self._machine.met.total() == met:
            with self._office.read() as tx:
                for order in orders.all_with(tx, OrderStatus.WAITING):
                    begun = _line_of(tx, order.ref, "attempt.begun")
                    if begun and begun.at >= life and orders.unfinished(tx, order):
                        self.say(f"P11: an attempt on {order.ref} has no end on record", order.ref)

    @contextmanager
    def _at_poll(self, key: str) -> Iterator[None]:
        """P2, P11: a poll that nobody kills ends well, or it is on record why not; what it was shown is recorded."""
        desk = self._standins.servers[key.partition(":")[0]]
        first, met = len(desk.log), self._machine.met.total()
        before, failed = self._standing(key), self._failures()
        read = self._read[key]
        read.begin(first)
        try:
            yield
        except BaseException:
            self._owed.setdefault(key, set()).update(_shown(desk.log[first:]))
            raise
        finally:
            self._hold_cursor(key, before)
        asked = [each for each in desk.log[first : read.until] if each.verb != PAGE]
        after = self._standing(key)
        if before is None or after is None or self._machine.met.total() != met:
            self._owed.setdefault(key, set()).update(_shown(asked))
            return  # what cannot be written down now must be told later (`spell`)
        ended = after.polled_at != before.polled_at
        faulty = [each.fault for each in asked if each.fault]
        if ended:
            owed = set() if faulty else self._owed.pop(key, set())
            self._hold_shown(desk.standin.platform, _shown(asked), owed)
            return
        self._owed.setdefault(key, set()).update(_shown(asked))
        if faulty and self._failures() == failed and _same_standing(before, after):
            self.say(f"P11: reading {key} met {faulty[0]}, did not end, and nothing on record says so")

    def _hold_cursor(self, key: str, before: AccountStanding | None) -> None:
        """P2: the cursor on record covers no comment that is not on record, whatever became of the poll."""
        after = self._standing(key)
        if before is None or after is None or after.cursor == before.cursor:
            return
        given = self._read[key].batches
        last = next((n for n, batch in enumerate(given) if batch.cursor == after.cursor), -1)
        covered = {comment.ref for batch in given[: last + 1] for comment in batch.comments}
        with self._office.read() as tx:
            for ref in sorted(covered - set(cases.several(tx, covered)), key=str):
                self.say(f"P2: {ref} is not on record, and the cursor of {key} has passed it", ref)

    def _standing(self, key: str) -> AccountStanding | None:
        with suppress(Unavailable), self._office.read() as tx:
            return accounts.standing(tx, key)
        return None

    def _failures(self) -> int:
        with suppress(Unavailable), self._office.read() as tx:
            return sum(1 for _ in ledger.entries(tx, kinds=("daemon.failed",)))
        return 0

    def _hold_shown(self, platform: str, shown: set[bytes], owed: set[bytes]) -> None:
        """P2: every wording that a poll was shown is on record after it; `owed`, too, unless it has gone since.

        Owed is what was shown to polls before that did not come to their end: they are to be made again.
        """
        if not shown | owed:
            return
        with self._office.read() as tx:
            for comment in self._world.comments.values():
                texts = {wording.text for wording in comment.wordings if _tokens(wording.text) & shown}
                due = comment.public and _tokens(comment.text) & owed
                if comment.account.platform != platform or not (texts or due):
                    continue
                ref = promises.ref_of(comment)
                known = records.wordings(tx, ref)
                # X shows earlier wordings beside what answers them; the comment is then on record in the one it has.
                if texts and (not known or (platform != "x" and not texts <= set(known))):
                    self.say(f"P2: {ref} was shown to a poll that ended well, and is not on record as it was", ref)
                elif due and not known:
                    self.say(f"P2: {ref} was shown to a poll that was cut off, and the next one passed it over", ref)

    # After a day, and at the end --------------------------------------------------------------------------------------

    def end_of_day(self, now: datetime) -> None:
        """What must hold at any time: the archive is whole, and no secret stands anywhere."""
        report = verify(self._office, self._settings.evidence_folder, self._settings.media_folder, now=now)
        for problem in (*report.problems, *report.not_checked):
            self.say(f"P8: {problem}")
        with self._office.read() as tx:
            self._hold_digests(tx)
        for said in promises.at_any_time(self._witness()):
            self.say(said)

    def end(self, mended: int, now: datetime) -> None:
        """What must hold a day after everything was mended, which was at that line of the ledger."""
        for said in promises.broken(self._witness(), now):
            self.say(said)
        with self._office.read() as tx:
            untold = [
                line
                for pio in self._settings.pios
                for line in ledger.entries(tx, after=_told_through(tx, pio.email))
                if line.kind in TROUBLE and line.seq <= mended
            ]
            for line in untold:
                self.say(f"P11: line {line.seq}, {line.kind}, is in no digest", line.ref)
            oldest = outbox.oldest_waiting(tx, now)
        if oldest and oldest < now - timedelta(hours=12):
            self.say(f"P11: a mail of {oldest} never went out")

    def spell(self, what: str, since: int) -> None:
        """Something was broken from that line of the ledger on, the program met it, and has run since."""
        first = 0 if what == "mail" else since  # of a mail's failures, only some have a line
        with self._office.read() as tx:
            if not any(line.kind in TROUBLE for line in ledger.entries(tx, after=first)):
                self.say(
                    f"P11: {what} was out of order, the program met it, and no line of the ledger tells of a failure"
                )

    def _hold_digests(self, tx: Tx) -> None:
        """P11: each failure on record stands in the digest that covers it, or is counted there."""
        texts = dict(self._digests())
        for pio in self._settings.pios:
            since, wanted = 0, 1
            for mark in ledger.entries(tx, kinds=("digest.marked",)):
                if mark.detail["recipient"] != pio.email:
                    continue
                number, through = int(mark.detail["number"]), int(mark.detail["through_seq"])
                if number != wanted:
                    self.say(f"P11: digest no. {number} to {pio.email} follows no. {wanted - 1}")
                lines = [line for line in ledger.entries(tx, after=since) if line.seq <= through]
                trouble = [line for line in lines if line.kind in TROUBLE]
                text = texts.get((pio.email, number))
                if text is not None:
                    missing = [each for each in trouble if told_as(self._settings, each) not in text]
                    if len(missing) > sum(map(int, MORE.findall(text))):
                        self.say(f"P11: digest no. {number} leaves out line {missing[0].seq}, {missing[0].kind}")
                since, wanted = through, number + 1

    def _digests(self) -> Iterator[tuple[tuple[str, int], str]]:
        """The text of every digest that arrived, by recipient and number."""
        for path in sorted(self._mails.glob("*.eml")):
            message = message_from_bytes(path.read_bytes(), policy=policy.default)
            number = re.search(r"digest no\. (\d+)", str(message["Subject"]))
            body = message.get_body(("plain",))
            if number and body:
                yield (str(message["To"]), int(number[1])), body.get_content()

    def _witness(self) -> promises.Witness:
        return promises.Witness(
            database=self._office,
            settings=self._settings,
            world=self._world,
            mails=self._mails,
            secrets=self._standins.secrets(),
            by_clock=False,
        )

    def head(self) -> int:
        """The number of the ledger's last line; while nobody can read it, of the last that could be read."""
        with suppress(Unavailable), self._office.read() as tx:
            last = ledger.head(tx)
            self._last = last.seq if last else 0
        return self._last


@dataclass(slots=True)
class _Read:
    """What one poll was given, and where in the log of exchanges its reading ends: other things are asked after it."""

    batches: list[Batch] = field(default_factory=list)
    until: int = 0

    def begin(self, until: int) -> None:
        self.batches.clear()
        self.until = until


class _Followed:
    """A reader that is watched while it reads."""

    def __init__(self, reader: Connector, read: _Read, log: list[Exchange]) -> None:
        self._reader = reader
        self._read = read
        self._log = log

    def poll(self, cursor: Cursor | None, *, now: datetime) -> Iterator[Batch]:
        try:
            for batch in self._reader.poll(cursor, now=now):
                self._read.batches.append(batch)
                yield batch
        finally:
            self._read.until = len(self._log)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)


def _tokens(text: str) -> set[bytes]:
    return set(TOKEN.findall(text.encode("utf-8", "replace")))


def _shown(exchanges: Iterable[Exchange]) -> set[bytes]:
    """The marks of all wordings in what was answered well."""
    return {token for each in exchanges if not each.fault for token in TOKEN.findall(each.response.body)}


def _was_taken(tx: Tx, ref: Ref) -> bool:
    """Whether the last attempt that ended was taken by the platform, which may take its time."""
    ended = _line_of(tx, ref, "attempt.ended")
    return ended is not None and ended.detail["outcome"] == "taken"


def _line_of(tx: Tx, ref: Ref, kind: str) -> Entry | None:
    return next(reversed(list(ledger.entries(tx, kinds=(kind,), ref=ref))), None)


def _told_through(tx: Tx, recipient: str) -> int:
    mark = outbox.last_digest(tx, recipient)
    return mark.through_seq if mark else 0


def _same_standing(before: AccountStanding, after: AccountStanding) -> bool:
    """Whether nothing says that a poll failed: no failure counted, no time to wait for, not stopped."""
    told = (after.failures, after.poll_not_before, after.stopped_why)
    return told == (before.failures, before.poll_not_before, before.stopped_why)
