"""Days of a City in minutes: the real program on stand-ins, a clock that is turned, and everything going wrong.

One thread does everything in an order drawn from a seed: people write, staff work, things break, the daemon's own jobs
run when the clock says so, and the process dies at any of its steps and is started again. The browser alone is
replaced. The same seed gives the same ledger, line by line and hash by hash.
"""

from __future__ import annotations

import atexit
import os
import random
import shutil
from collections import Counter
from contextlib import ExitStack, chdir
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Self

from archive import ledger, records
from archive.database import Database, Unavailable
from archive.stored import ids_drawn_from
from bot import log
from bot.daemon import Daemon
from bot.judging import rulebook_for_judging
from bot.mishaps import PATIENCE, Fragile, Killed, Lock, Machine, Sketcher, switched_on
from bot.onlooker import Onlooker
from bot.parts import Parts, Rulebook
from bot.settings import load
from bot.standins import StandIns, worked
from bot.townspeople import Townspeople
from bot.trial import MailSink, lay_out
from connectors.standin.blinding import LEFT_OUT
from connectors.standin.wire import Wire
from connectors.standin.world import APP, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from archive.ledger import Entry
    from bot.onlooker import Breach
    from bot.settings import Settings
    from connectors.standin.server import Desk

POLL_SECONDS = 600
DIES, FAULT, SPELL, STORM = 0.12, 0.3, 0.03, 0.004
"""How likely it is in a round that the process dies, a platform fails, something else breaks, a storm comes."""
WORKS, PAUSES, RESUMES, INTERRUPTED = 0.3, 0.03, 0.15, 0.01
"""How likely it is in a round that staff work, pause, resume; and in the middle of a request that somebody acts."""
ROUNDS_AT_REST = 2
BEGINNINGS = tuple(
    datetime(2030, month, day, 15, tzinfo=UTC) for month, day in ((1, 14), (2, 27), (3, 9), (7, 3), (11, 2), (12, 30))
)
"""In the future, so that no file is older than the program's clock; at the ends of months and of summer time."""
MOST_LINES = 40
ASLEEP = timedelta(days=2)
"""Rounds come so far apart that every job would be late; only who sleeps for longer has missed something."""
REST_HOURS = (0.2, 1, 4, 9, 13, 25)
"""When everything was mended: how many hours later it is looked whether all has come right."""


class Clock:
    """The world's time, which stands still until it is moved, but for a microsecond at each look.

    The program's is off by `skew`.
    """

    def __init__(self, now: datetime) -> None:
        """Begin then."""
        self.now = now
        self.skew = timedelta()

    def __call__(self) -> datetime:
        """Tell the time."""
        self.now += timedelta(microseconds=1)
        return self.now

    def of_program(self) -> datetime:
        """Tell the time as the program's computer has it."""
        return self() + self.skew


@dataclass(slots=True)
class _Job:
    name: str
    run: Callable[[], object]
    every: timedelta
    due: datetime

    @property
    def next_run_time(self) -> datetime:
        """As APScheduler calls it."""
        return self.due


class Rounds:
    """Runs the daemon's jobs when the clock says so, one after the other."""

    def __init__(self) -> None:
        """No jobs yet."""
        self._jobs: dict[str, _Job] = {}

    def add_job(  # noqa: PLR0913  APScheduler's signature
        self,
        func: Callable[[], object],
        trigger: str,  # noqa: ARG002
        *,
        id: str,  # noqa: A002
        seconds: float,
        next_run_time: datetime,
        name: str,  # noqa: ARG002
    ) -> None:
        """Take a job."""
        self._jobs[id] = _Job(id, func, timedelta(seconds=seconds), next_run_time)

    def modify_job(self, job_id: str, *, next_run_time: datetime) -> None:
        """Let the next run be then."""
        self._jobs[job_id].due = next_run_time

    def get_job(self, job_id: str) -> _Job | None:
        """Give a job."""
        return self._jobs.get(job_id)

    def start(self) -> None:
        """There is nothing to start."""

    def shutdown(self, *, wait: bool) -> None:
        """There is nothing to end."""

    def due(self, now: datetime) -> list[_Job]:
        """The jobs whose time has come; missed runs are made up for once. A clock set back lets none wait longer."""
        due = [job for job in self._jobs.values() if job.due <= now or job.due > now + job.every]
        for job in due:
            job.due = now + job.every
        return due


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one simulation. `head` is the hash of the ledger's last line."""

    seed: int
    days: int
    head: str
    figures: dict[str, int]
    day: int
    breach: Breach | None = None
    lines: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Spell:
    """Something that is broken until then. `since`: the ledger's last line; `met`: how often the program had met it."""

    what: str
    ends: datetime
    since: int
    met: int
    deaths: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Life:
    """One life of the program, from its start to its death."""

    rounds: Rounds
    began: datetime


class Simulation:
    """``with Simulation(seed, days, folder) as simulation: simulation.run()``. Everything it makes is in `folder`."""

    def __init__(self, seed: int, days: int, folder: Path) -> None:
        """Lay out a City whose accounts, limits and time the seed chooses; nothing runs yet."""
        self._seed, self._days = seed, days
        self._chance = random.Random(seed)  # noqa: S311  events of a simulation, not secrets
        self._clock = Clock(self._chance.choice(BEGINNINGS))
        self._begun = self._clock.now
        self._down_until = self._begun
        self._peace = False
        self._spells: list[_Spell] = []
        self._over: list[_Spell] = []
        self._life: _Life | None = None
        self._count: Counter[str] = Counter()
        random.seed(seed)  # the library that writes mails draws boundaries from it
        with ExitStack() as stack:
            stack.enter_context(ids_drawn_from(random.Random(seed)))  # noqa: S311
            self._lay_out(folder, stack)
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        """Use as a context, so that servers and files are given back."""
        return self

    def __exit__(self, *_: object) -> None:
        """Give everything back."""
        self._end_life()
        self._lock.give()
        self._stack.close()

    def _lay_out(self, folder: Path, stack: ExitStack) -> None:
        chance = self._chance
        self._world = World(clock=self._clock)
        sink = stack.enter_context(MailSink(folder / "mails"))
        self._standins = stack.enter_context(StandIns(self._world, port=None))
        chosen = sorted(chance.sample(worked(), chance.choice((1, 2, 2, 3))))
        accounts = {name: account for name, account in self._standins.open_accounts().items() if name in chosen}
        stack.enter_context(chdir(folder))  # so that no record names a folder
        self._settings = _settings(lay_out(folder, self._standins, accounts, sink.port), chance)
        data = self._settings.data
        data.mkdir()
        shutil.copy(_empty_database(), data / "citymod.db")
        stack.enter_context(log.into(stack.enter_context((data / "citymod.log").open("w", encoding="utf-8"))))
        self._machine = Machine(folder)
        stack.enter_context(switched_on(self._machine))
        self._database = stack.enter_context(Fragile.open(self._settings.database_url, patience=PATIENCE))
        self._database.machine = self._machine
        self._lock = Lock(data / "citymod.db")
        self._office = stack.enter_context(Database.open(self._settings.database_url, patience=PATIENCE))
        self._onlooker = Onlooker(self._standins, self._settings, self._office, sink.folder, self._machine)
        self._people = Townspeople(
            self._world,
            accounts,
            chance,
            onlooker=self._onlooker,
            office=self._office,
            settings=self._settings,
            policy=the_rulebook().policy,
        )
        self._camera = Sketcher(self._machine, chance, self._interrupt)
        for name in chosen:
            self._set_pitfalls(name)
        self._wire = Wire(self._standins.servers.values(), self._on_the_wire)

    # Days -------------------------------------------------------------------------------------------------------------

    def run(self) -> Outcome:
        """Live through the days, mend everything, let a day pass in peace; stop at the first promise that is broken."""
        for day in range(1, self._days + 1):
            while self._clock.now < self._begun + timedelta(days=day) and not self._onlooker.breaches:
                self._tick()
            if not self._onlooker.breaches:
                self._lock.give()  # nobody could look otherwise
                self._onlooker.end_of_day(self._clock.of_program())
            if self._onlooker.breaches:
                return self._outcome(day)
        self._come_to_rest()
        return self._outcome(self._days)

    def _tick(self) -> None:
        """Some minutes pass; people do things, something may break, and the program does what is due."""
        self._clock.now += timedelta(minutes=self._chance.choice((0.2, 2, 8, 15, 30, 45, 60)))
        self._live_in_town()
        self._break_something()
        if self._clock.now >= self._down_until:
            if self._chance.random() < DIES:
                self._machine.die_after(int(10 ** self._chance.uniform(0, 2.7)))
            self._work()

    def _live_in_town(self) -> None:
        chance = self._chance
        for _ in range(chance.choice((0, 1, 1, 2, 3))):
            self._clock.now += timedelta(seconds=chance.uniform(1, 40))
            self._people.do_something()
        if chance.random() < STORM:
            self._people.storm(40)
        now = self._clock.of_program()
        for share, deed in ((WORKS, self._people.work), (PAUSES, self._people.pause), (RESUMES, self._people.resume)):
            if chance.random() < share:
                deed(now)

    def _come_to_rest(self) -> None:
        """Mend everything, and see a day later that all has come right."""
        self._mend(everything=True)
        self._peace = True
        mended = self._onlooker.head()
        for hours in REST_HOURS:
            self._clock.now = max(self._clock.now, self._down_until) + timedelta(hours=hours)
            self._people.resume(self._clock.of_program())
            for _ in range(ROUNDS_AT_REST):
                self._clock.now += timedelta(minutes=11)
                self._work()
            if self._onlooker.breaches:
                return
        self._onlooker.end_of_day(self._clock.of_program())
        self._onlooker.end(mended, self._clock.of_program())

    # What breaks ------------------------------------------------------------------------------------------------------

    def _break_something(self) -> None:
        """Mend what is due, and break something now and then."""
        self._mend(everything=False)
        chance = self._chance
        if chance.random() < FAULT:
            desk = self._standins.servers[chance.choice([entry.platform for entry in self._settings.accounts])]
            desk.faults.add(
                chance.choice(desk.faults.names), times=chance.choice((1, 1, 2, 5)), after=chance.randrange(9)
            )
            self._count["faults"] += 1
        if chance.random() < SPELL:
            self._begin_spell(chance.choice(("disk", "database", "mail", "browser", "clock")))

    def _set_pitfalls(self, platform: str, most: int = 3) -> None:
        """Let a platform be awkward in some of its own ways from now on, in place of others; often in none."""
        standin: Any = self._standins.servers[platform].standin
        known = [name for name in standin.pitfalls.names if name not in LEFT_OUT[platform]]
        chosen = self._chance.sample(known, min(len(known), most, self._chance.choice((0, 0, 1, 3))))
        standin.switch(chosen, seed=self._chance.randrange(1000))
        self._count["pitfalls"] += len(chosen)

    def _begin_spell(self, what: str) -> None:
        """Break something for a while, if it is not broken."""
        if any(spell.what == what for spell in self._spells):
            return
        spell = _Spell(
            what=what,
            ends=self._clock.now + timedelta(minutes=self._chance.choice((3, 40, 120, 300))),
            since=self._onlooker.head(),
            met=self._machine.met[what],
            deaths=self._count["deaths"],
        )
        self._spells.append(spell)
        self._count[f"spells: {what}"] += 1
        self._switch(what, broken=True)

    def _switch(self, what: str, *, broken: bool) -> None:
        if what == "clock":
            minutes = self._chance.choice((-180, -20, -2, 5, 90, 600))
            self._clock.skew = timedelta(minutes=minutes if broken else 0)
        elif what == "database":
            (self._lock.take if broken else self._lock.give)()
        else:
            (self._machine.broken.add if broken else self._machine.broken.discard)(what)

    def _mend(self, *, everything: bool) -> None:
        for spell in [each for each in self._spells if everything or each.ends <= self._clock.now]:
            self._switch(spell.what, broken=False)
            self._spells.remove(spell)
            self._over.append(spell)
        if everything:
            for entry in self._settings.accounts:
                self._standins.servers[entry.platform].faults.clear()
                self._set_pitfalls(entry.platform, most=0)

    def _told(self) -> None:
        """After a round in which the archive could be written, what had been met before must be on record.

        What a process did not come to say before it died, nobody can ask of it.
        """
        for spell in self._over:
            if self._machine.met[spell.what] > spell.met and self._count["deaths"] == spell.deaths:
                self._onlooker.spell(spell.what, spell.since)
        self._over.clear()

    def _on_the_wire(self, desk: Desk, *, answered: bool) -> None:
        """A request is under way: the process may die before it and after it, and people do something meanwhile."""
        if answered:
            self._onlooker.answered(desk)
        elif not self._machine.dead:
            self._interrupt(INTERRUPTED)
        self._machine.step()

    def _interrupt(self, share: float = 0.1) -> None:
        """Let people do something in the middle of what the program does."""
        if self._peace or self._chance.random() >= share:
            return
        self._count["interruptions"] += 1
        with self._machine.standing_still():
            self._chance.choice((self._people.do_something, self._staff_works, self._staff_pauses))()

    def _staff_works(self) -> None:
        self._people.work(self._clock.of_program())

    def _staff_pauses(self) -> None:
        self._people.pause(self._clock.of_program())

    # The program ------------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        """The program does what is due; it is started first if it does not run. It may die of it."""
        try:
            with self._machine.running():
                self._do_what_is_due(self._life or self._start_life())
        except Unavailable:
            self._end_life()  # it could not start; who starts it tries again
        except OSError:
            if "disk" not in self._machine.broken or self._life:
                raise
            self._end_life()  # nor where there is no room for its folders
        except Killed:
            self._count["deaths"] += 1
            self._end_life()
            self._down_until = self._clock.now + timedelta(minutes=self._chance.choice((0, 0, 0, 5, 60, 400)))
        self._machine.start_again()

    def _do_what_is_due(self, life: _Life) -> None:
        due = life.rounds.due(self._clock.of_program())
        self._chance.shuffle(due)
        for job in due:
            with self._onlooker.at_job(job.name, life.began):
                job.run()
            if self._onlooker.breaches:
                return
        if not {"disk", "database"} & {spell.what for spell in self._spells}:
            self._told()

    def _start_life(self) -> _Life:
        parts = Parts.assemble(
            self._settings, rulebook=the_rulebook(), camera=self._camera, database=self._database, wire=self._wire
        )
        parts = replace(parts, readers={key: self._onlooker.follow(key, one) for key, one in parts.readers.items()})
        self._life = _Life(rounds=Rounds(), began=self._clock.of_program())
        self._count["lives"] += 1
        Daemon(parts, self._clock.of_program, self._life.rounds, ASLEEP).begin()
        return self._life

    def _end_life(self) -> None:
        """Nothing of the process is left; what it had begun in the database is rolled back with its connections."""
        self._life = None
        self._database.close()

    # What came of it --------------------------------------------------------------------------------------------------

    def _outcome(self, day: int) -> Outcome:
        self._lock.give()
        breach = next(iter(self._onlooker.breaches), None)
        with self._office.read() as tx:
            head = ledger.head(tx)
            about = list(ledger.entries(tx, ref=breach.ref)) if breach and breach.ref else []
            about = about or list(ledger.entries(tx, after=max(0, head.seq - MOST_LINES) if head else 0))
            recorded = records.counts(tx)
            figures = {
                "comments": len(self._world.comments),
                "acts": len(self._world.effects_by((APP,))),
                "steps": self._machine.steps,
                **{what: recorded[what] for what in ("evidence", "orders", "ledger")},
                **dict(sorted(self._count.items())),
            }
        return Outcome(
            seed=self._seed,
            days=self._days,
            day=day,
            head=head.anchor if head else "",
            figures=figures,
            breach=breach,
            lines=tuple(_line(entry) for entry in about[-MOST_LINES:]) if breach else (),
        )


def _line(entry: Entry) -> str:
    detail = ", ".join(f"{name}={value}" for name, value in entry.detail.items() if name != "rows")
    return f"{entry.seq} {entry.at:%Y-%m-%d %H:%M:%S.%f} {entry.kind} {entry.ref or ''} {entry.agent} {detail}"


def _settings(file: Path, chance: random.Random) -> Settings:
    """The settings of a trial, with a budget that the seed chooses, and read no more often than a small city would."""
    settings = load(file)
    accounts = tuple(entry.model_copy(update={"poll_seconds": POLL_SECONDS}) for entry in settings.accounts)
    return settings.model_copy(
        update={
            "accounts": accounts,
            "data": Path("data"),
            "acts_a_day": chance.choice((3, 10, 50, 1000)),
            "canary": None,  # a process of its own, which no clock of ours turns
        }
    )


@cache
def the_rulebook() -> Rulebook:
    """The shipped rules as if approved, read once: compiling them is most of what starting takes."""
    return rulebook_for_judging(None)


@cache
def _empty_database() -> Path:
    """A database with all tables and nothing in them, made once and copied for each simulation."""
    folder = TemporaryDirectory()
    atexit.register(folder.cleanup)
    file = Path(folder.name) / "empty.db"
    Database.open(f"sqlite:///{file}").close()
    return file


def simulate(seed: int, days: int, folder: Path | None = None) -> Outcome:
    """Run one simulation, in a folder that stays if it is named, else in memory where the system has such a place."""
    if folder is not None:
        with Simulation(seed, days, folder.resolve()) as simulation:
            return simulation.run()
    shared = Path("/dev/shm")  # noqa: S108  Linux keeps it in memory; what is written is synced a thousand times a day
    where = shared if os.access(shared, os.W_OK) else None
    with TemporaryDirectory(dir=where) as temporary, Simulation(seed, days, Path(temporary)) as simulation:
        return simulation.run()
