"""A city with three daemons on one PostgreSQL server, in processes that are killed and put to sleep at random."""

from __future__ import annotations

import heapq
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from email import policy
from email.parser import BytesHeaderParser
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import psutil
from city import HARMLESS, VIOLATION
from ruamel.yaml import YAML

from archive.database import Database
from bot import sharing
from bot.domain.states import State
from bot.promises import Witness, broken, ref_of
from bot.settings import load
from bot.standins import StandIns
from bot.trial import MailSink, lay_out
from connectors.standin.world import APP, Person, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from postgres import Postgres

    from connectors.standin.world import WorldComment

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("one", "two", "three")
LEASE_SECONDS = 3.0
POLL_SECONDS = 1
SLEEPS = 0.15
"""Which share of the daemons that are struck is put to sleep, for up to two leases, and not killed."""
ON_RECORD = """
CREATE TABLE heard (n bigserial, account text, cursor text);
GRANT INSERT ON heard TO PUBLIC; GRANT USAGE ON SEQUENCE heard_n_seq TO PUBLIC;
CREATE FUNCTION hear() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO heard (account, cursor) VALUES (NEW.key, NEW.cursor); RETURN NEW; END $$;
CREATE TRIGGER hear AFTER UPDATE OF cursor ON account FOR EACH ROW EXECUTE FUNCTION hear();
"""
"""Writes down each cursor that is ever stored, past the program."""


class Borough:
    """``with Borough(folder, server) as borough``: stand-ins, mail server, database, and daemons to be started."""

    def __init__(self, folder: Path, server: Postgres, *, plain: bool = False) -> None:
        """With `plain`, evidence is drawn without a browser."""
        self.folder = folder
        self.world = World()
        self.kills = 0
        self.sleeps = 0
        self.running: dict[str, psutil.Process] = {}
        self.written: list[WorldComment] = []
        self._server = server
        self._database = server.prepared()
        with server.admin(self._database) as admin:
            admin.execute(ON_RECORD)
        with ExitStack() as stack:
            self.sink = stack.enter_context(MailSink(folder / "mails"))
            self.standins = stack.enter_context(StandIns(self.world))
            self.accounts = self.standins.open_accounts()
            self._posts = {
                platform: self.world.add_post(account, "The council meets on Thursday at nine.")
                for platform, account in self.accounts.items()
            }
            url = server.url(self._database)
            self.file = lay_out(folder / "city", self.standins, self.accounts, self.sink.port, database=url)
            _quicker(self.file)
            self.settings = load(self.file)
            self._archive = stack.enter_context(Database.open(url))
            self._nursery = stack.enter_context(self._start_nursery(plain=plain))
            stack.callback(self._end)
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    # ------------------------------------------------------------------------------------------------- what happens

    def write(self, platform: str, text: str) -> WorldComment:
        """Let a resident write a comment."""
        named = f"UCresident{1:014}" if platform == "youtube" else "7000000001"
        said = f"{text}, no. {len(self.written)}"
        author = Person(id=named, name="Pat Resident", handle="pat")
        self.written.append(self.world.add_comment(self._posts[platform], said, author=author))
        return self.written[-1]

    def start(self, name: str) -> None:
        """Start a daemon."""
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        self._nursery.stdin.write(f"{name}\n")
        self._nursery.stdin.flush()
        self.running[name] = psutil.Process(int(self._nursery.stdout.readline()))

    def kill(self, name: str) -> None:
        """Kill a daemon, and wait until it is gone."""
        process = self.running.pop(name)
        process.send_signal(signal.SIGKILL)
        psutil.wait_procs([process], timeout=30)
        self.kills += 1

    def stop(self) -> None:
        """Ask all daemons to end, and wait until they have, well."""
        for process in self.running.values():
            process.send_signal(signal.SIGTERM)
        psutil.wait_procs(list(self.running.values()), timeout=90)
        ended = {name: self.folder / "city" / f"ended-{each.pid}" for name, each in self.running.items()}
        told = {name: file.read_text() if file.exists() else "not yet" for name, file in ended.items()}
        assert set(told.values()) <= {"0"}, told
        self.running.clear()

    def strike(self, kills: int, *, every: float, seed: int, write_every: float) -> None:
        """Kill daemons at random moments, `every` so many seconds, and start them again after up to two leases.

        Some are not killed and sleep. Meanwhile people write. Returns after so many kills, with all daemons running.
        """
        dice = random.Random(seed)
        waiting: list[tuple[float, int, Callable[[], object]]] = []
        number = 0

        def later(seconds: float, what: Callable[[], object]) -> None:
            nonlocal number
            number += 1
            heapq.heappush(waiting, (time.monotonic() + seconds, number, what))

        def write() -> None:
            platform = dice.choice(sorted(self.accounts))
            self.write(platform, VIOLATION if dice.random() < 0.5 else HARMLESS)
            later(write_every, write)

        def wake(name: str, process: psutil.Process) -> None:
            process.send_signal(signal.SIGCONT)
            self.running[name] = process

        def strike() -> None:
            later(dice.uniform(0, 2 * every), strike)
            if not self.running:
                return
            name = dice.choice(sorted(self.running))
            pause = dice.uniform(0, 2 * LEASE_SECONDS)
            if dice.random() < SLEEPS:
                process = self.running.pop(name)
                process.send_signal(signal.SIGSTOP)
                self.sleeps += 1
                later(pause, lambda: wake(name, process))
            else:
                self.kill(name)
                later(pause, lambda: self.start(name))

        write()
        strike()
        goal = self.kills + kills
        while self.kills < goal:
            due, _, what = heapq.heappop(waiting)
            time.sleep(max(0.0, due - time.monotonic()))
            what()
        for _, _, what in waiting:
            if what not in (write, strike):
                what()

    # ------------------------------------------------------------------------------------------------- what can be seen

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What the archive's tables say, read past the program."""
        with self._server.admin(self._database) as admin:
            return admin.execute(query, values).fetchall()  # type: ignore[arg-type]

    def state(self, comment: WorldComment) -> str:
        """Where the case of one comment stands; ``unknown`` if it was never recorded."""
        found = self.ask("SELECT state FROM case_ WHERE ref = %s", str(ref_of(comment)))
        return str(found[0][0]) if found else "unknown"

    def holder(self, platform: str) -> str | None:
        """Which daemon, of those that are alive, works an account."""
        with self._archive.read() as tx:
            found = sharing.holders(tx).get(f"{platform}:{self.accounts[platform].id}")
        return found if found in self.running else None

    def wait(self, until: Callable[[], bool], seconds: float, what: str) -> float:
        """Wait until something is so; give how many seconds that took."""
        begun = time.monotonic()
        while not until():
            assert time.monotonic() - begun < seconds, f"after {seconds} s: {what}"
            time.sleep(0.1)
        return time.monotonic() - begun

    def at_rest(self) -> bool:
        """Whether every comment is on record and where it can stay, and every mail is out."""
        states = dict(self.ask("SELECT ref, state FROM case_"))
        moving = {State.OBSERVED, State.MARKED, State.SECURED} & set(states.values())
        owed = self.ask("SELECT id FROM outbox WHERE sent_at IS NULL")
        return not moving and not owed and all(str(ref_of(one)) in states for one in self.written)

    # ------------------------------------------------------------------------------------------------- what is wrong

    def wrong(self) -> list[str]:
        """Every promise that was broken, seen from outside. All daemons must have ended."""
        witness = Witness(
            database=self._archive,
            settings=self.settings,
            world=self.world,
            mails=self.sink.folder,
            secrets=self.standins.secrets(),
        )
        found = broken(witness, datetime.now(UTC))
        return [*found, *self._acts(), *self._twice(), *self._backwards(), *self._failures(), *self._digests()]

    def _acts(self) -> list[str]:
        """Each violation is hidden by exactly one call, and nothing else is."""
        done = Counter(effect.comment for effect in self.world.effects_by((APP,)))
        wanted = {one.id: int(one.text.startswith(VIOLATION)) for one in self.written}
        wrong = [f"{id_} was hidden {done[id_]} times" for id_, times in wanted.items() if done[id_] != times]
        logs = [exchange for server in self.standins.servers.values() for exchange in server.log]
        asked = [repr(exchange.request) for exchange in logs if exchange.verb == "hide"]
        for id_, times in wanted.items():
            if (calls := sum(id_ in request for request in asked)) != times:
                wrong.append(f"{calls} calls to hide {id_}")
        taken = self.ask('SELECT "order" FROM attempt WHERE outcome = \'taken\' GROUP BY "order" HAVING count(*) > 1')
        return wrong + [f"order {order} was carried out more than once" for (order,) in taken]

    def _twice(self) -> list[str]:
        lines = "SELECT ref FROM ledger WHERE kind = 'comment.recorded' GROUP BY ref HAVING count(*) > 1"
        sealed = "SELECT ref FROM evidence GROUP BY ref, revision HAVING count(*) > 1"
        return [f"{ref} was recorded twice" for (ref,) in self.ask(lines)] + [
            f"{ref} was sealed and recorded twice" for (ref,) in self.ask(sealed)
        ]

    def _backwards(self) -> list[str]:
        """Cursors that came back after another one had taken their place."""
        wrong, seen, last = [], set(), {}
        for account, cursor in self.ask("SELECT account, cursor FROM heard ORDER BY n"):
            if last.get(account) != cursor and (account, cursor) in seen:
                wrong.append(f"the cursor of {account} moved back to {cursor}")
            last[account] = cursor
            seen.add((account, cursor))
        return wrong

    def _failures(self) -> list[str]:
        found = self.ask("SELECT detail FROM ledger WHERE kind IN ('daemon.failed', 'case.capture_failed')")
        return [f"failed: {detail}" for (detail,) in found]

    def _digests(self) -> list[str]:
        told = [
            number
            for (number,) in self.ask(
                "SELECT (detail::json->>'number')::int FROM ledger WHERE kind = 'digest.marked' ORDER BY seq"
            )
        ]
        wrong = [f"digest {after} came after {before}" for before, after in pairwise(told) if after != before + 1]
        for path in sorted(self.sink.folder.glob("*.eml")):
            mail = BytesHeaderParser(policy=policy.default).parsebytes(path.read_bytes())
            self._arrived.setdefault(mail["Message-ID"], []).append(mail["Subject"])
        return wrong + [
            f"came twice in silence: {subject}"
            for subjects in self._arrived.values()
            for subject in subjects[1:]
            if "second copy" not in subject
        ]

    # ------------------------------------------------------------------------------------------------- how it is made

    def _start_nursery(self, *, plain: bool) -> subprocess.Popen[str]:
        self._arrived: dict[str, list[str]] = {}
        temporary = self.folder / "tmp"
        temporary.mkdir()
        paths = os.pathsep.join(str(path) for path in (ROOT, ROOT / "tests", Path(__file__).parent))
        with (self.folder / "daemons.log").open("wb") as log:
            return subprocess.Popen(
                [
                    sys.executable,
                    Path(__file__).with_name("nursery.py"),
                    self.file,
                    str(LEASE_SECONDS),
                    "plain" if plain else "",
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, "PYTHONPATH": paths, "TMPDIR": str(temporary)},
            )

    def _end(self) -> None:
        for process in self.running.values():
            process.send_signal(signal.SIGKILL)
        assert self._nursery.stdin is not None
        self._nursery.stdin.close()
        self._nursery.wait(60)


def _quicker(file: Path) -> None:
    """Draw evidence from the record alone, read one pack of rules, and read the accounts each second."""
    yaml = YAML()
    settings = yaml.load(file)
    settings["rules"]["packs"] = [pack for pack in settings["rules"]["packs"] if "profanity" in pack]
    settings["acts_a_day"] = 100_000
    for account in settings["accounts"]:
        account["evidence"] = ["record"]
        account["poll_seconds"] = POLL_SECONDS
    yaml.dump(settings, file)
