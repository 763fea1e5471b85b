"""When things run: the timers of a daemon that a City leaves alone, and the one place that reads the clock.

Timers only wake work; what there is to do is asked of the archive each time, so a missed or doubled timer does no
harm. Who does it, where several daemons share an archive, a lease decides (bot/sharing.py). A job that fails
unexpectedly is recorded, told to on-call staff once a day, and run again at its next time.
"""

from __future__ import annotations

import signal
import threading
import time
from concurrent import futures
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import sdnotify
from apscheduler.events import EVENT_JOB_MAX_INSTANCES, EVENT_JOB_SUBMITTED, JobSubmissionEvent
from apscheduler.executors.pool import BasePoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

from archive import accounts, dispositions, evidence, gaps, gauges, jobs, ledger, spending
from archive.database import Unavailable
from archive.leases import LeaseLost
from bot import (
    backups,
    canary,
    consistency,
    copying,
    digest,
    dropped,
    export_spool,
    heard,
    homepages,
    mail,
    mailbox,
    nightly,
    pipeline,
    registry,
    streams,
    tokens,
    troubles,
    webhook,
    witnessing,
)
from bot.alarms import alarm
from bot.ending import Ending
from bot.jobs import LEAST_LATE, Book
from bot.log import logger
from bot.memory import keep_small
from bot.metrics import Health
from bot.pausing import Watch
from bot.punctuality import Punctuality
from bot.push import Receiver
from bot.sharing import ACCOUNT, JOB, LINE
from connectors.contract import FORBIDDEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from archive.database import Tx
    from archive.stored import Json
    from bot.parts import Parts

LEASE_SECONDS = 5
"""How often a daemon says that it lives, and looks what of the work is its own; see archive.leases.LEASE."""
WORK_SECONDS = 0.5
REST = timedelta(seconds=5)
"""How long cases are left alone when nothing was written since nothing was to do: what waits for a time comes then."""
MAIL_SECONDS = 2
SWITCH_SECONDS = 1
DIGEST_SECONDS = 60
DROP_SECONDS = 15
HEARTBEAT_SECONDS = 10
TROUBLE_SECONDS = 60
COPY_SECONDS = 30
PUSH_SECONDS = 600
WITNESS_SECONDS = 60
NIGHT_SECONDS = 60
COST_SECONDS = 600
CONSISTENCY_SECONDS = 3600
POLLS_APART = 0.5
"""How many seconds lie at most between the first polls of two accounts, so that not all are read at one moment."""
POLL = "poll "
"""How the names of polls begin."""
WOKEN_APART = timedelta(seconds=5)
"""The least time between the beginnings of two polls that platforms asked for."""

log = logger("daemon")


def utc_now() -> datetime:
    """The real time, aware and in UTC."""
    return datetime.now(UTC)


def make_ready(parts: Parts, now: datetime) -> None:
    """Enter the settings' accounts in the archive, so that a change is on record, and sweep what a crash left over.

    Accounts that lack an approval are stopped (bot/registry.py).

    Then take a share of the work. Raises `archive.leases.NotTogether` if daemons that are alive do not allow it.
    """
    parts.share.enter(now)
    with parts.database.begin() as tx:
        parts.share.see_file(tx, parts.switch.file_says())
    evidence.sweep(parts.spool, now)
    export_spool.sweep(parts.settings.data)
    dispositions.finish(parts.database, parts.settings.media_folder, now)
    with parts.database.begin() as tx:
        for entry in parts.settings.accounts:
            accounts.register(tx, entry.account, now)
            registry.hold(tx, parts.settings, entry.account.key, ledger.DAEMON, now)


def single_pass(parts: Parts, clock: Callable[[], datetime] = utc_now) -> None:
    """Poll every account once, bring every case as far as it goes now, deliver mail and digests that are due."""
    make_ready(parts, clock())
    for entry in parts.settings.accounts:
        pipeline.poll(parts, entry.account.key, clock)
        homepages.look(parts, entry.account.key, clock)
    alone(parts, "mailbox", partial(mailbox.read, parts, clock))
    alone(parts, "drop folder", lambda: dropped.take_in(parts, clock()))
    while pipeline.one_pass(parts, clock).total():
        pass
    alone(parts, "witnesses", partial(witnessing.witness, parts, clock))
    alone(parts, "bucket", partial(copying.copy, parts.settings, parts.database, clock))
    alone(parts, "digest", lambda: digest.make_due(parts, clock()))
    while alone(parts, "mail", partial(mail.deliver, parts, clock)):
        pass
    while alone(parts, "webhook", partial(webhook.deliver, parts, clock)):
        pass


def alone(parts: Parts, name: str, job: Callable[[], object]) -> object:
    """Do a job that one daemon at a time does, if it is ours; give what it gives, None if it is not."""
    gave = None
    with parts.share.holding(f"{JOB}{name}") as ours:
        if ours:
            gave = job()
    return gave


class Woken:
    """Which accounts are to be polled because a platform said so: each once, however often it is said.

    What is said while an account is being polled may have come too late for that poll, so it is polled once more.
    """

    def __init__(self) -> None:
        """Nothing is asked for yet."""
        self._asked: set[str] = set()
        self._began: dict[str, datetime] = {}
        self._running: set[str] = set()
        self._lock = threading.Lock()

    def ask(self, key: str, now: datetime) -> datetime | None:
        """Ask for a poll; give when it is to begin, None if it is asked for already or another one runs."""
        with self._lock:
            if key in self._asked:
                return None
            self._asked.add(key)
            return None if key in self._running else max(now, self._earliest(key, now))

    def begin(self, key: str, now: datetime) -> None:
        """A poll begins; whatever was asked for before is answered by it."""
        with self._lock:
            self._running.add(key)
            self._asked.discard(key)
            self._began[key] = now

    def end(self, key: str) -> datetime | None:
        """A poll has ended; give when the next is to begin, if one was asked for meanwhile."""
        with self._lock:
            self._running.discard(key)
            return self._began[key] + WOKEN_APART if key in self._asked else None

    def _earliest(self, key: str, now: datetime) -> datetime:
        return self._began[key] + WOKEN_APART if key in self._began else now


class Scheduler(Protocol):
    """What the daemon asks of a scheduler: APScheduler's own words."""

    def add_job(  # noqa: PLR0913  APScheduler's signature
        self,
        func: Callable[[], object],
        trigger: str,
        *,
        id: str,  # noqa: A002
        seconds: float,
        next_run_time: datetime,
        name: str,
    ) -> object:
        """Run `func` each so many seconds, first at `next_run_time`."""

    def modify_job(self, job_id: str, *, next_run_time: datetime) -> object:
        """Let the next run be then."""

    def get_job(self, job_id: str) -> Any:
        """Give the job with its `next_run_time`, or None."""

    def start(self) -> None:
        """Begin."""

    def shutdown(self, *, wait: bool) -> None:
        """End; with `wait`, when the jobs that run have ended."""


class _Workers(BasePoolExecutor):  # type: ignore[misc]  # APScheduler has no types
    """Runs APScheduler's jobs in threads that are ours, so that we can wait for them ourselves."""

    def __init__(self, threads: futures.ThreadPoolExecutor) -> None:
        super().__init__(threads)


class Daemon:
    """The running program. `run` returns after SIGTERM or SIGINT, when the work in hand is done."""

    def __init__(
        self,
        parts: Parts,
        clock: Callable[[], datetime] = utc_now,
        scheduler: Scheduler | None = None,
        least_late: timedelta = LEAST_LATE,
    ) -> None:
        """Take the parts; nothing starts yet. A `scheduler` other than the usual one makes time as it likes.

        `least_late`: by how much a job must at least be late to have missed runs; see bot/jobs.py.
        """
        self._parts = parts
        self._clock = clock
        self._ending = Ending()
        self._untold: dict[tuple[str, str], tuple[datetime, int]] = {}
        self._telling = threading.Lock()
        self._watch = Watch(parts, clock)
        self._woken = Woken()
        self._punctuality = Punctuality()
        self._receiver: Receiver | None = None
        self._turned_away = 0
        self._superseded = False
        with parts.database.read() as tx:
            self._book = Book(jobs.every(tx), least_late)
        self._rested: object = None
        self._rested_at = clock()
        self._systemd = sdnotify.SystemdNotifier()
        self._threads = futures.ThreadPoolExecutor(len(parts.settings.accounts) + 10)
        self._scheduler: Scheduler = scheduler or self._own_scheduler()

    def _own_scheduler(self) -> BackgroundScheduler:
        scheduler = BackgroundScheduler(
            executors={"default": _Workers(self._threads)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone=UTC,
        )
        scheduler.add_listener(self._note_due, EVENT_JOB_SUBMITTED | EVENT_JOB_MAX_INSTANCES)
        return scheduler

    def run(self) -> None:
        """Work until told to stop."""
        keep_small()
        with self._ending.by(signal.SIGTERM, signal.SIGINT):
            self._run()

    def _run(self) -> None:
        self.begin()
        self._scheduler.start()
        with ExitStack() as listening:
            self._listen(listening)
            self._systemd.notify("READY=1")
            log.info("started", accounts=len(self._parts.settings.accounts), data=str(self._parts.settings.data))
            self._ending.wait()
            self._systemd.notify("STOPPING=1")
        log.info("stopping")
        self._scheduler.shutdown(wait=False)  # to wait there holds locks that jobs need in order to end
        self._threads.shutdown(wait=True)
        self._count_pushes()
        self._keep_book()
        self._parts.share.leave()
        if self._superseded:
            message = f"the name {self._parts.share.daemon}"
            raise LeaseLost([message])

    def begin(self) -> None:
        """Make ready, write down that the program starts, and lay down what is to run when."""
        make_ready(self._parts, self._clock())
        self._note_start()
        self._schedule()

    def _note_start(self) -> None:
        """Write down that the program starts, so that a gap before it has its reason."""
        with self._parts.database.begin() as tx:
            detail = {"daemon": self._parts.share.daemon}
            ledger.append(tx, kind=gaps.STARTED, agent=ledger.DAEMON, at=self._clock(), detail=detail)

    def _schedule(self) -> None:
        for number, entry in enumerate(self._parts.settings.accounts):
            key = entry.account.key
            first = min(POLLS_APART, entry.poll_seconds / len(self._parts.settings.accounts)) * number
            poll = partial(self._poll, key)
            self._every(entry.poll_seconds, f"{POLL}{key}", poll, whose=f"{ACCOUNT}{key}", first=first)
        if self._parts.settings.mailbox:
            every = self._parts.settings.mailbox.poll_seconds
            self._alone(every, "mailbox", partial(mailbox.read, self._parts, self._clock))
        if self._parts.settings.drop_folder:
            self._alone(DROP_SECONDS, "drop folder", lambda: dropped.take_in(self._parts, self._clock()))
        if self._parts.settings.evidence_store:
            self._alone(COPY_SECONDS, "bucket", self._copy)
        self._every(LEASE_SECONDS, "leases", self._beat)
        self._every(WORK_SECONDS, "work", self._work)
        self._alone(MAIL_SECONDS, "mail", partial(mail.deliver, self._parts, self._clock, self._ending.said))
        if self._parts.settings.webhook:
            self._alone(MAIL_SECONDS, "webhook", partial(webhook.deliver, self._parts, self._clock, self._ending.said))
        self._every(SWITCH_SECONDS, "pause switch", self._watch.look)
        self._alone(DIGEST_SECONDS, "digest", lambda: digest.make_due(self._parts, self._clock()))
        self._alone(TROUBLE_SECONDS, "troubles", self._watch_troubles)
        self._alone(WITNESS_SECONDS, "witnesses", partial(witnessing.witness, self._parts, self._clock))
        self._alone(NIGHT_SECONDS, "nightly check", partial(nightly.check_due, self._parts, self._clock))
        if self._parts.settings.backup:
            self._alone(NIGHT_SECONDS, "backup", partial(backups.back_up_due, self._parts, self._clock))
        if self._parts.settings.canary:
            self._alone(NIGHT_SECONDS, "canary", partial(canary.sing_due, self._parts, self._clock))
        self._alone(CONSISTENCY_SECONDS, "consistency", lambda: consistency.report_due(self._parts, self._clock()))
        self._alone(COST_SECONDS, "what it cost", self._tell_cost)
        self._every(HEARTBEAT_SECONDS, "book of jobs", self._keep_book)
        self._every(HEARTBEAT_SECONDS, "heartbeat", self._heartbeat)

    def _listen(self, listening: ExitStack) -> None:
        """Listen where platforms push, if the settings say where, and on the lines that they keep open."""
        push = self._parts.settings.push
        if push:
            receiver = Receiver(push.host, push.port, self._parts.readers, self.wake)
            self._receiver = listening.enter_context(receiver)
            self._every(PUSH_SECONDS, "push", self._count_pushes)
            log.info("listening", host=push.host, port=receiver.port)
        health = self._parts.settings.health
        if health:
            answering = listening.enter_context(
                Health(health.host, health.port, self._parts, self._clock, self._punctuality)
            )
            log.info("health", host=health.host, port=answering.port)
        for connector, keys in streams.lines(self._parts.listeners):
            ours = partial(self._parts.share.has, f"{LINE}{next(iter(keys.values()))}")
            listening.enter_context(streams.Line(connector, keys, self.wake, self._line_failed, self._clock, ours))

    def _line_failed(self, why: str) -> None:
        """Record that a line does not hold; the e-mail digest tells it."""
        self._guarded("stream", partial(self._note_line, why))

    def _note_line(self, why: str) -> None:
        with self._parts.database.begin() as tx:
            ledger.append(tx, kind="stream.broken", agent=ledger.DAEMON, at=self._clock(), detail={"why": why})

    def wake(self, key: str) -> None:
        """Let the next poll of an account begin at once, or when the one that runs has ended; by whoever works it."""
        if not self._parts.share.has(f"{ACCOUNT}{key}"):
            self._guarded("waking", partial(self._parts.share.ask, key))
            return
        at = self._woken.ask(key, self._clock())
        if at:
            self._poll_again(key, at)

    def _note_due(self, event: JobSubmissionEvent) -> None:
        """Count how punctual polls are; what else there is has no time of its own."""
        if not event.job_id.startswith(POLL):
            return
        if event.code == EVENT_JOB_MAX_INSTANCES:
            self._punctuality.left_out()
        else:
            self._punctuality.due(event.job_id, event.scheduled_run_times[0])

    def _poll(self, key: str) -> None:
        self._woken.begin(key, self._clock())
        try:
            with self._parts.share.holding(f"{ACCOUNT}{key}") as ours:
                if ours:
                    pipeline.poll(self._parts, key, self._clock)
                    homepages.look(self._parts, key, self._clock)
                    tokens.look(self._parts, key, self._clock)
        finally:
            at = self._woken.end(key)
            if at:
                self._poll_again(key, at)

    def _poll_again(self, key: str, at: datetime) -> None:
        """Let the next poll of an account be then, or none where the daemon ends meanwhile."""
        with suppress(JobLookupError):
            self._scheduler.modify_job(f"{POLL}{key}", next_run_time=at)

    def _count_pushes(self) -> None:
        """Record how many requests did not prove that a platform sent them: somebody tries, or a secret is wrong."""
        turned_away = self._receiver.counts[FORBIDDEN] if self._receiver else 0
        more, self._turned_away = turned_away - self._turned_away, turned_away
        if more:
            why = f"{more} requests to the place where platforms push were not signed by a platform, and were refused"
            with self._parts.database.begin() as tx:
                ledger.append(tx, kind="push.refused", agent=ledger.DAEMON, at=self._clock(), detail={"why": why})

    def _beat(self) -> None:
        """Renew what is ours, share anew, and poll what other daemons were asked to have polled."""
        try:
            woken = self._parts.share.beat(self._clock())
        except LeaseLost:
            self._superseded = True
            self._ending.say()
            return
        for key in woken:
            self.wake(key)

    def _alone(self, seconds: float, name: str, job: Callable[[], object]) -> None:
        """Let a job be done that one daemon at a time does."""
        self._every(seconds, name, partial(alone, self._parts, name, job), whose=f"{JOB}{name}")

    def _every(
        self, seconds: float, name: str, job: Callable[[], object], *, whose: str | None = None, first: float = 0.0
    ) -> None:
        """Do a job every so many seconds, first after `first`, where the lease `whose` (if any) is this daemon's."""
        self._scheduler.add_job(
            partial(self._timed, name, job, seconds, whose),
            "interval",
            id=name,
            seconds=seconds,
            next_run_time=self._clock() + timedelta(seconds=first),
            name=name,
        )

    def _timed(self, name: str, job: Callable[[], object], every: float, whose: str | None) -> None:
        if name.startswith(POLL):
            self._punctuality.begins(name, self._clock())
        if whose and not self._parts.share.has(whose):
            self._book.elsewhere(name)
        else:
            self._guarded(name, job, every)

    def _guarded(self, name: str, job: Callable[[], object], every: float = 0) -> None:
        """Run a job; whatever it raises is recorded and told. This is the top of every loop the daemon has."""
        if self._ending.said():
            return
        self._book.began(name, every, self._clock())
        why = None
        try:
            job()
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            log.exception("job failed", job=name)
            self._failed(name, why)
        finally:
            self._book.ended(name, self._clock(), why)
        self._tell_failures()

    def _keep_book(self) -> None:
        """Write down how the jobs stand and what platforms told besides, for `citymod status` and the next start."""
        with self._parts.database.begin() as tx:
            gauges.keep(tx, heard.gauges_of(self._parts.meters, self._clock(), time.monotonic()))
            self._book.keep(tx, self._next_run, self._clock())

    def _next_run(self, name: str) -> datetime | None:
        job = self._scheduler.get_job(name)
        return job.next_run_time if job else None

    def _failed(self, name: str, why: str) -> None:
        with self._telling:
            since, times = self._untold.get((name, why), (self._clock(), 0))
            self._untold[name, why] = (since, times + 1)

    def _tell_failures(self) -> None:
        """Put unexpected failures where people see them; what the archive does not take now is told with a later job.

        While it takes nothing, the heartbeat stays away as well.
        """
        with self._telling:
            if not self._untold:
                return
            try:
                with self._parts.database.begin() as tx:
                    for (name, why), (since, times) in self._untold.items():
                        self._tell(tx, name, why, since, times)
            except Unavailable as error:
                log.error("a failure cannot be told yet", why=str(error))  # noqa: TRY400  it was logged itself
                return
            self._untold.clear()

    def _tell(self, tx: Tx, name: str, why: str, since: datetime, times: int) -> None:
        now = self._clock()
        detail: dict[str, Json] = {"job": name, "why": why, "since": since.isoformat(), "times": times}
        ledger.append(tx, kind="daemon.failed", ref=None, agent=ledger.DAEMON, at=now, detail=detail)
        alarm(
            tx,
            self._parts.settings,
            "job",
            key=f"job:{name}:{now.date()}",
            now=now,
            name=name,
            why=why,
        )

    def _work(self) -> None:
        """Bring every case as far as it goes, if anything has happened since that led nowhere, or time has gone by."""
        with self._parts.database.read() as tx:
            stands: object = (ledger.kept_head(tx), self._parts.share.accounts())
        now = self._clock()
        if stands == self._rested and timedelta() <= now - self._rested_at < REST:
            return
        while not self._ending.said() and pipeline.one_pass(self._parts, self._clock, self._ending.said).total():
            stands = None
        self._rested, self._rested_at = stands, now

    def _copy(self) -> None:
        """Bring what was sealed and fetched into the bucket."""
        copying.copy(self._parts.settings, self._parts.database, self._clock, self._ending.said)

    def _watch_troubles(self) -> None:
        export_spool.sweep(self._parts.settings.data)
        with self._parts.database.begin() as tx:
            troubles.watch(tx, self._parts.settings, self._clock())

    def _tell_cost(self) -> None:
        """Put into the ledger what the days that have passed cost."""
        with self._parts.database.begin() as tx:
            spending.tell_days(tx, self._clock())

    def _heartbeat(self) -> None:
        """Tell systemd that we live, but only if the archive answers."""
        with self._parts.database.read() as tx:
            ledger.kept_head(tx)
        self._systemd.notify("WATCHDOG=1")
