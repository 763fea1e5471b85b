"""The whole product on stand-in platforms: no keys, no questions, and everything it makes is left in a folder."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from archive import cases, ledger, outbox, records, sessions, staff
from archive.database import Database
from bot import corpus, promises, requests
from bot.console import proofs
from bot.demo_link import DemoLink
from bot.domain.states import State
from bot.domain.types import Agent, AgentKind, Role
from bot.ending import Ending
from bot.settings import load
from bot.standins import StandIns
from bot.trial import SETTINGS, MailSink, approve_accounts, enter_what_is_asked_for, lay_out
from connectors.standin.authority import Authority
from connectors.standin.world import APP, World

if TYPE_CHECKING:
    from archive.database import Tx
    from bot.domain.types import Ref
    from bot.settings import Settings

FEEDING_SHARE = 0.45
MOST_SHOWN = 12
VISITOR, PASSWORD = "visitor", "demonstration only"
"""Who may look around in the demo's console; the code changes and stands below the table."""
TOUR = """
Look around: {link}
It opens the console once, signed in as somebody who may do everything. In this order:
  1. Review    Comments wait here because no rule may decide them. Take the next one, read why it is here, and let it
               stand or hide it, each with a sentence for the record.
  2. Search    Look for “card”. Open one that is enforced (hidden): its sealed picture, the clause, every step.
  3. Requests  A reporter has asked for copies. Count them, and download them.
  4. Policy    The ten clauses, every rule in plain words, and a pack can be tried before it takes effect.
  5. Pause     The red button stops all acting. Pause, see what waits, and resume.
  6. Audit     Everything that you just looked at and did.
Ctrl-C ends it and tells whether every promise was kept.
"""
QUIET = (State.OBSERVED, State.CLEARED)
"""States of comments that nothing follows from; the table shows the others."""


class Demo:
    """One demonstration. `run` gives the summary; `broken_promises` in it is empty or the demo has failed."""

    def __init__(  # noqa: PLR0913  each is an option of the command
        self, *, comments: Path | None, seconds: float, ends: bool, quiet: bool, folder: Path | None, seed: int
    ) -> None:
        """Take the options; nothing is started yet. `ends` False: run on after `seconds` until Ctrl-C."""
        self._lines = corpus.comments_of(comments) if comments else corpus.shipped_comments()
        self._seconds = seconds
        self._ends = ends
        self._quiet = quiet
        self._seed = seed
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        self._folder = (folder or Path("demo-output") / stamp).resolve()
        self._console = Console(stderr=quiet)
        self._daemon: subprocess.Popen[bytes] | None = None
        self._console_process: subprocess.Popen[bytes] | None = None
        self._generator = ""  # of the codes for the console
        self._link: DemoLink | None = None
        self._toured = False

    def run(self) -> dict[str, Any]:
        """Start everything, feed it, watch it, stop it, and check from outside whether the promises were kept."""
        with (
            MailSink(self._folder / "mails") as sink,
            StandIns(World()) as standins,
            Authority(self._folder / "authority") as authority,
        ):
            accounts = standins.open_accounts()
            stamps = [{"url": authority.url, "certificate": str(authority.certificate)}]
            timestamps = {"authorities": stamps, "each_manifest": True}
            lay_out(
                self._folder, standins, accounts, sink.port, timestamps=timestamps, console=self._console_settings()
            )
            settings = load(self._folder / SETTINGS)
            self._say(f"A made-up city on stand-ins of {', '.join(sorted(accounts))}. All is left in {self._folder}")
            crowd = corpus.Crowd(standins.world, accounts, self._seed)
            with (self._folder / "daemon.log").open("wb") as log:
                self._start_daemon(log)
                try:
                    self._feed_and_watch(crowd, settings)
                finally:
                    self._stop_console()
                    self._stop_daemon()
                self._daemon_once("digest")
                self._daemon_once("pass")
            return self._sum_up(standins, settings)

    # ------------------------------------------------------------------------------------------------- starting

    def _start_daemon(self, log: Any) -> None:
        command = [sys.executable, "-m", "bot.cli", "run", "--config", str(self._folder / SETTINGS)]
        self._daemon = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ)  # noqa: S603  our own program

    def _stop_daemon(self) -> None:
        if self._daemon:
            self._daemon.terminate()
            self._daemon.wait(timeout=120)

    def _console_settings(self) -> dict[str, Any]:
        """The console is for people who look around: nobody does in a run that ends by itself."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = int(free.getsockname()[1])
        key = self._folder / "credentials" / "console"
        key.parent.mkdir(parents=True, exist_ok=True)
        key.touch(mode=0o600)
        key.write_text(json.dumps({"key": secrets.token_urlsafe(48)}), encoding="utf-8")
        return {"port": port, "address": f"http://localhost:{port}"}

    def _start_console(self, database: Database, settings: Settings) -> None:
        """Let somebody in who may do everything, and serve the console."""
        self._generator, kept = proofs.new_generator(settings)
        with database.begin() as tx:
            staff.add(
                tx,
                VISITOR,
                name="Visitor",
                roles=list(Role),
                accounts=[],
                password=proofs.hashed(PASSWORD),
                totp=kept,
                agent=Agent(kind=AgentKind.PERSON, name="demonstration"),
                now=datetime.now(UTC),
            )
            *whole, _ = approve_accounts(tx, settings, datetime.now(UTC))  # the last lacks it all
            for site in whole:
                enter_what_is_asked_for(tx, site, datetime.now(UTC))
            self._ask_for_records(tx, settings)
        command = [sys.executable, "-m", "bot.cli", "console", "--config", str(self._folder / SETTINGS)]
        with (self._folder / "console.log").open("wb") as log:
            self._console_process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ)  # noqa: S603  ours

        address = settings.console.address if settings.console else ""
        self._link = DemoLink(address, lambda: self._session(settings))
        self._link.__enter__()

    def _ask_for_records(self, tx: Tx, settings: Settings) -> None:
        requests.begin(
            tx,
            settings,
            who="Lee Reporter",
            contact="lee@paper.example",
            wanted="Copies of all comments that the City has hidden this week, and why.",
            received_at=datetime.now(UTC),
            agent=Agent(kind=AgentKind.PERSON, name="demonstration"),
            now=datetime.now(UTC),
        )

    def _session(self, settings: Settings) -> str:
        """Begin a session for whoever looks around; give its token."""
        database = Database.open(settings.database_url)
        try:
            with database.begin() as tx:
                return sessions.begin(tx, VISITOR, datetime.now(UTC))
        finally:
            database.close()

    def _stop_console(self) -> None:
        if self._link:
            self._link.__exit__()
        if self._console_process:
            self._console_process.terminate()
            self._console_process.wait(timeout=30)

    def _where(self, settings: Settings) -> str:
        """Where the console is, and what one signs in with at this moment."""
        if self._link is None or settings.console is None or not self._toured:
            return ""
        if not self._link.used:
            return f"\nLook around: {self._link.url}"
        code = proofs.code(self._generator, datetime.now(UTC))
        return f"\nConsole: {settings.console.address}  name {VISITOR}  password {PASSWORD}  code {code}"

    def _daemon_once(self, command: str) -> None:
        with (self._folder / "daemon.log").open("ab") as log:
            subprocess.run(  # noqa: S603  our own program
                [sys.executable, "-m", "bot.cli", command, "--config", str(self._folder / SETTINGS)],
                stdout=log,
                stderr=log,
                check=False,
            )

    # ------------------------------------------------------------------------------------------ feeding, watching

    def _feed_and_watch(self, crowd: corpus.Crowd, settings: Settings) -> None:
        """Write the comments evenly over the first part of the time, and show what becomes of them."""
        begin = time.monotonic()
        feeding = self._seconds * FEEDING_SHARE
        written = 0
        database: Database | None = None
        asked = Ending()
        try:
            with (
                asked.by(signal.SIGINT),  # it interrupts nothing: a reading cut off would keep the daemon from writing
                Live(console=self._console, refresh_per_second=2, transient=False) as live,
            ):
                while not self._over(begin) and not asked.wait(0.25):
                    due = min(len(self._lines), int(len(self._lines) * (time.monotonic() - begin) / feeding) + 1)
                    for line in self._lines[written:due]:
                        crowd.write(line)
                    written = max(written, due)
                    if database is None and (settings.data / "citymod.db").exists():
                        database = Database.open(settings.database_url)
                        if not self._ends and not self._quiet:
                            self._start_console(database, settings)
                    if database is not None and not self._quiet:
                        self._offer_the_tour(database, settings)
                        live.update(self._table(database, written, self._where(settings)))
                    if not asked.said():  # a terminal's Ctrl-C ends the daemon, too
                        self._look_after_daemon()
            if asked.said():
                self._say("Stopping.")
        finally:
            if database:
                database.close()

    def _offer_the_tour(self, database: Database, settings: Settings) -> None:
        """Tell where to look around, as soon as the console answers and something waits there."""
        if self._toured or self._link is None or settings.console is None:
            return
        with database.read() as tx:
            waits = cases.tally(tx).get(State.IN_REVIEW, 0)
        if waits and _answers(settings.console.port):
            self._toured = True
            self._say(TOUR.format(link=self._link.url))

    def _over(self, begin: float) -> bool:
        return self._ends and time.monotonic() - begin >= self._seconds

    def _look_after_daemon(self) -> None:
        if self._daemon and self._daemon.poll() is not None:
            tail = (self._folder / "daemon.log").read_text(encoding="utf-8", errors="replace")[-2000:]
            message = f"the daemon ended by itself with status {self._daemon.returncode}; its log ends with:\n{tail}"
            raise RuntimeError(message)

    def _table(self, database: Database, written: int, where: str) -> Table:
        with database.read() as tx:
            tally = cases.tally(tx)
            mails = outbox.tally(tx)
            latest = [case for case in cases.latest_moves(tx, 500) if case.state not in QUIET][:MOST_SHOWN]
            texts = [(case, records.comment(tx, case.ref, case.revision).text) for case in latest]
        counts = ", ".join(f"{number} {state}" for state, number in tally.items())
        table = Table(
            "Account",
            "State",
            "Comment",
            "Why",
            title=f"{written} of {len(self._lines)} written · {counts}",
            expand=True,
        )
        for case, text in texts:
            short = " ".join(text.split())
            table.add_row(case.account_key.partition(":")[0], str(case.state), short[:60], case.why[:60])
        table.caption = (
            "Mail: " + (", ".join(f"{number} {state}" for state, number in mails.items()) or "none yet") + where
        )
        return table

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    # ------------------------------------------------------------------------------------------------- summing up

    def _sum_up(self, standins: StandIns, settings: Settings) -> dict[str, Any]:
        database = Database.open(settings.database_url)
        try:
            with database.read() as tx:
                summary = self._figures(tx, standins.world)
            witness = promises.Witness(
                database=database,
                settings=settings,
                world=standins.world,
                mails=self._folder / "mails",
                secrets=standins.secrets(),
                besides=tuple(path for path in self._folder.iterdir() if path.name != "credentials"),
            )
            summary["broken_promises"] = promises.broken(witness, datetime.now(UTC))
        finally:
            database.close()
        if not self._quiet:
            self._report(summary)
        return summary

    def _figures(self, tx: Tx, world: World) -> dict[str, Any]:
        tally = cases.tally(tx)
        kinds = Counter(entry.kind for entry in ledger.entries(tx))
        posted_at = {promises.ref_of(comment): comment.at for comment in world.comments.values()}
        waits = sorted(_waits(tx, posted_at))
        return {
            "comments_posted": len(world.comments),
            "recorded": records.counts(tx)["comments"],
            "judged": sum(tally.values()) - tally.get(State.OBSERVED, 0),
            "in_review": tally.get(State.IN_REVIEW, 0),
            "captured": kinds["evidence.sealed"],
            "hidden": sum(effect.what == "hide" for effect in world.effects_by((APP,))),
            "confirmed": kinds["order.confirmed"],
            "waiting": tally.get(State.MARKED, 0) + tally.get(State.SECURED, 0),
            "mails_sent": outbox.tally(tx).get("sent", 0),
            "median_seconds_to_confirmed": round(statistics.median(waits), 2) if waits else None,
            "p95_seconds_to_confirmed": round(waits[int(len(waits) * 0.95)], 2) if waits else None,
            "folder": str(self._folder),
        }

    def _report(self, summary: dict[str, Any]) -> None:
        table = Table(title="What happened", show_header=False)
        for name, value in summary.items():
            if name not in ("broken_promises", "folder"):
                table.add_row(name.replace("_", " "), str(value))
        self._console.print(table)
        broken = summary["broken_promises"]
        for line in broken:
            self._say(f"BROKEN  {line}")
        self._say("Every promise was kept." if not broken else f"{len(broken)} promise(s) broken.")
        self._say(f"Evidence, mails, database and settings: {self._folder}")
        self._say(f"Look around: citymod status --config {self._folder / 'citymod.yaml'}")


def _answers(port: int) -> bool:
    with socket.socket() as door:
        return door.connect_ex(("127.0.0.1", port)) == 0


def _waits(tx: Tx, posted_at: dict[Ref, datetime]) -> list[float]:
    """Seconds from posting to confirmed, for every confirmed order."""
    lines = ledger.entries(tx, kinds=("order.confirmed",))
    return [(line.at - posted_at[line.ref]).total_seconds() for line in lines if line.ref in posted_at]
