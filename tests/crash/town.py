"""An installation whose program lives and dies in a process of its own, while platforms and mail server live here."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import policy
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from ruamel.yaml import YAML

from archive.database import Database
from archive.stored import utc_text
from archive.verify import verify
from bot.domain.states import State
from bot.promises import Witness, broken, ref_of
from bot.settings import load
from bot.sharing import THE_ONLY_ONE
from bot.standins import StandIns
from bot.trial import MailSink, lay_out
from connectors.standin.world import APP, Person, World

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from email.message import Message

    from connectors.standin.world import Effect, WorldComment

ROOT = Path(__file__).resolve().parents[2]
SECONDS_A_LIFE = 60
"""How far the clock jumps from one life to the next, so that what was put off is due again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One life of the program: the steps it took, and whether it was killed (or else ended by itself)."""

    steps: Sequence[str]
    killed: bool


class Town:
    """``with Town(folder) as town``: stand-ins with posts, a mail server, settings, and a program to be started."""

    REST = timedelta(hours=2)

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ahead = timedelta()
        self.lives = 0
        self.world = World(clock=self.now)
        with ExitStack() as stack:
            self.sink = stack.enter_context(MailSink(folder / "mails"))
            self.standins = stack.enter_context(StandIns(self.world))
            self.accounts = self.standins.open_accounts()
            self._posts = {
                platform: self.world.add_post(account, "The council meets on Thursday at nine.")
                for platform, account in self.accounts.items()
            }
            file = lay_out(folder / "city", self.standins, self.accounts, self.sink.port)
            _quicker(file)
            self.settings = load(file)
            self._zygote = stack.enter_context(self._start(file))
            stack.callback(self._end)
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def now(self) -> datetime:
        """What time it is in this town, for platforms and program alike."""
        return datetime.now(UTC) + self.ahead

    # ------------------------------------------------------------------------------------------------- what happens

    def write(self, platform: str, text: str) -> WorldComment:
        """Let a resident write a comment."""
        named = f"UCresident{1:014}" if platform == "youtube" else "7000000001"
        return self.world.add_comment(
            self._posts[platform], text, author=Person(id=named, name="Pat Resident", handle="pat"), at=self.now()
        )

    def live(self, last: int | str | None = None, *, since: str = "", seconds: int = 0, linger: bool = False) -> Life:
        """Start the program; it is killed right after step `last`, or lives until all is done that there is to do.

        `last` is a number, counted from the first step whose name holds `since`, or a name. With `seconds` it is the
        daemon that lives, and is asked to stop after that time. Its timers know the real time only, so that the clock
        cannot jump then.
        """
        self.lives += 1
        self.ahead += timedelta(seconds=0 if seconds else SECONDS_A_LIFE)
        ahead = self.ahead.total_seconds()
        asked = {"last": last, "since": since, "seconds": seconds, "linger": linger, "ahead": ahead}
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.write(f"{json.dumps(asked)}\n".encode())
        self._zygote.stdin.flush()
        told = json.loads(self._zygote.stdout.readline())
        with (self.folder / "lives.txt").open("a", encoding="utf-8") as diary:
            diary.write(f"{self.lives}: {told['status']} after {len(told['steps'])} steps, {told['steps'][-1:]}\n")
        assert told["status"] in (0, -9), f"the program failed by itself:\n{self._complaints()}"
        assert not told["stayed"], f"these outlived a killed program: {told['stayed']}"
        return Life(steps=told["steps"], killed=told["status"] == -9)

    def _start(self, file: Path) -> subprocess.Popen[bytes]:
        temporary = self.folder / "tmp"
        temporary.mkdir()
        paths = os.pathsep.join(str(path) for path in (ROOT, ROOT / "tests", Path(__file__).parent))
        changed = {"PYTHONPATH": paths, "TMPDIR": str(temporary)}
        with (self.folder / "complaints.txt").open("wb") as complaints:
            return subprocess.Popen(
                [sys.executable, Path(__file__).with_name("zygote.py"), file, self.folder],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                env={**os.environ, **changed},
            )

    def _end(self) -> None:
        assert self._zygote.stdin is not None
        self._zygote.stdin.close()
        self._zygote.wait(60)

    def _complaints(self) -> str:
        return (self.folder / "complaints.txt").read_text(errors="replace")

    # ------------------------------------------------------------------------------------------------- what can be seen

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What the archive's tables say, read past the program; nothing while there are none."""
        path = self.settings.data / "citymod.db"
        if not path.exists():
            return []
        with closing(sqlite3.connect(path, timeout=10)) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'outbox'").fetchone():
                return []
            return connection.execute(query, values).fetchall()

    def states(self) -> dict[str, str]:
        """Where each case stands."""
        return dict(self.ask("SELECT ref, state FROM case_"))

    def state(self, comment: WorldComment) -> str:
        """Where the case of one comment stands; ``unknown`` if it was never recorded."""
        return self.states().get(str(ref_of(comment)), "unknown")

    def sealed(self) -> set[str]:
        """The names of the sealed folders, on record or not."""
        return {path.parent.name for path in self.settings.evidence_folder.glob("*/*/*/manifest.json")}

    def leftovers(self) -> list[str]:
        """What is in the spool."""
        return sorted(path.name for path in (self.settings.spool_folder / THE_ONLY_ONE).iterdir())

    def effects(self) -> list[Effect]:
        """What the program has done to comments."""
        return self.world.effects_by((APP,))

    def hides(self, platform: str) -> int:
        """How many requests to hide something have reached a platform."""
        return sum(exchange.verb == "hide" for exchange in self.standins.servers[platform].log)

    def mails(self) -> dict[str, list[str]]:
        """The subjects of all copies that arrived of each mail, by its Message-ID, in the order in which they came."""
        arrived: dict[str, list[str]] = {}
        for path in sorted(self.sink.folder.glob("*.eml")):
            mail = _header(path.read_bytes())
            arrived.setdefault(mail["Message-ID"], []).append(mail["Subject"])
        return arrived

    def at_rest(self) -> bool:
        """Whether every case is where it can stay, and every mail out."""
        owed = self.ask("SELECT id FROM outbox WHERE sent_at IS NULL")
        states = set(self.states().values())
        return bool(states) and not owed and not states & {State.OBSERVED, State.MARKED, State.SECURED}

    def progress(self) -> object:
        """All that a later life does not have to do again."""
        return (
            self.sealed(),
            self.ask("SELECT ref, state, revision FROM case_ ORDER BY ref"),
            self.ask("SELECT id, status FROM order_ ORDER BY id"),
            self.ask("SELECT id FROM outbox WHERE sent_at IS NOT NULL ORDER BY id"),
        )

    # ------------------------------------------------------------------------------------------------- what is wrong

    def unproven(self, effects: Sequence[Effect]) -> list[str]:
        """Acts that were done without sealed, recorded evidence of the words that the comment had then."""
        return [f"{each.platform} {each.comment}" for each in effects if not self._proven(each)]

    def _proven(self, effect: Effect) -> bool:
        rows = self.ask(
            "SELECT e.folder, e.manifest FROM evidence e JOIN revision r ON r.ref = e.ref AND r.revision = e.revision"
            " JOIN order_ o ON o.evidence = e.id"
            " WHERE e.ref = ? AND r.text = ? AND e.quality = 'full' AND e.captured_at <= ?",
            f"{effect.platform}:{effect.account}:{effect.comment}",
            effect.text,
            utc_text(effect.at),
        )
        manifests = [(self.settings.evidence_folder / folder / "manifest.json", sha256) for folder, sha256 in rows]
        return any(
            path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256 for path, sha256 in manifests
        )

    def damage(self) -> list[str]:
        """What verifying the whole archive finds."""
        with Database.open(self.settings.database_url, migrate=False) as database:
            report = verify(database, self.settings.evidence_folder, self.settings.media_folder, now=self.now())
        return [*report.problems, *report.not_checked]

    def broken_promises(self) -> list[str]:
        """Every promise that was broken, seen from outside."""
        with Database.open(self.settings.database_url, migrate=False) as database:
            witness = Witness(
                database=database,
                settings=self.settings,
                world=self.world,
                mails=self.sink.folder,
                secrets=self.standins.secrets(),
            )
            return broken(witness, self.now())

    def silent_copies(self) -> list[str]:
        """Mails of which a second copy arrived that does not say so."""
        return [
            f"{name}: {subject}"
            for name, subjects in self.mails().items()
            for subject in subjects[1:]
            if "second copy" not in subject
        ]

    def lost_mails(self) -> list[str]:
        """Mails that are owed and did not arrive."""
        arrived = self.mails()
        owed = self.ask("SELECT key, message FROM outbox")
        return [key for key, message in owed if _header(message)["Message-ID"] not in arrived]


def _header(mail: bytes) -> Message:
    return BytesHeaderParser(policy=policy.default).parsebytes(mail)


def _quicker(file: Path) -> None:
    """Draw evidence from the record alone and read one pack of rules: fewer seconds a life, and the same steps."""
    yaml = YAML()
    settings = yaml.load(file)
    settings["rules"]["packs"] = [pack for pack in settings["rules"]["packs"] if "profanity" in pack]
    for account in settings["accounts"]:
        account["evidence"] = ["record"]
    yaml.dump(settings, file)


def by_kind(steps: Iterable[str]) -> Counter[str]:
    """Count steps by the first word of their names."""
    return Counter(step.partition(" ")[0] for step in steps)
