"""A whole installation in a folder, over stand-ins on loopback, with a clock that the test turns."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from functools import cache
from typing import TYPE_CHECKING, Any, Self

from archive import cases, outbox
from bot import daemon, digest, enforcing, mail, pipeline, securing, verdicts
from bot.domain.states import State
from bot.judging import rulebook_for_judging
from bot.parts import Parts, Rulebook
from bot.promises import Witness, broken, ref_of
from bot.settings import load
from bot.standins import StandIns
from bot.trial import MailSink, lay_out
from connectors.standin.world import APP, Person, World

if TYPE_CHECKING:
    from pathlib import Path

    from archive.capture import Camera
    from archive.cases import Case
    from connectors.standin.world import Effect, WorldComment, WorldPost

VIOLATION = "what the fuck is wrong with this street"
HARMLESS = "Thank you for fixing the street light so quickly."


@cache
def the_rulebook() -> Rulebook:
    """The shipped rules, read once for all tests: compiling them is most of what starting takes."""
    return rulebook_for_judging(None)


def for_review() -> str:
    """A text that the shipped rules send to a person: the first example of the first rule on commerce."""
    rules = (rule for pack in the_rulebook().engine.packs for rule in pack.rules if rule.clause == "C5")
    return next(rules).examples.match[0]


class Clock:
    """Time that stands still until it is moved, but for a microsecond at each look, so that order stays visible."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


class City:
    """``with City(folder) as city``: stand-ins, mail server, parts, all real; nothing runs but what the test calls."""

    def __init__(self, folder: Path, camera: Camera | None = None, *, by_hand: bool = False, **changes: Any) -> None:
        self.clock = Clock()
        self.world = World(clock=self.clock)
        self._stack = ExitStack()
        self.sink = self._stack.enter_context(MailSink(folder / "mails"))
        self.standins = self._stack.enter_context(StandIns(self.world))
        self.accounts = self.standins.open_accounts(by_hand=by_hand)
        self.file = lay_out(folder, self.standins, self.accounts, self.sink.port, **changes)
        self.settings = load(self.file)
        self.parts = Parts.assemble(self.settings, rulebook=the_rulebook(), camera=camera)
        self._stack.callback(self.parts.database.close if camera else self.parts.close)
        daemon.make_ready(self.parts, self.clock())
        self.posts = {
            name: self.world.add_post(account, "The council meets on Thursday at nine.")
            for name, account in self.accounts.items()
        }
        self.resident = {
            name: Person(
                id=f"UCresident{1:014}" if name == "youtube" else "7000000001", name="Pat Resident", handle="pat"
            )
            for name in self.accounts
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def write(
        self, platform: str, text: str = VIOLATION, *, post: WorldPost | None = None, **other: Any
    ) -> WorldComment:
        """Let a resident write a comment, a second after whatever was last."""
        self.clock.move(seconds=1)
        return self.world.add_comment(post or self.posts[platform], text, author=self.resident[platform], **other)

    def poll(self) -> None:
        self.clock.move(minutes=2)
        for key in self.parts.readers:
            pipeline.poll(self.parts, key, self.clock)

    def judge(self) -> None:
        while verdicts.judge_standing(self.parts, self.clock()):
            pass

    def secure(self) -> None:
        with self.parts.database.read() as tx:
            marked = cases.standing_at(tx, State.MARKED, limit=100)
        for case in marked:
            securing.secure(self.parts, case, self.clock)

    def enforce(self) -> None:
        for group in enforcing.together(self.parts, enforcing.waiting(self.parts, self.clock())):
            enforcing.enforce(self.parts, group, self.clock)

    def up_to_secured(self) -> None:
        self.poll()
        self.judge()
        self.secure()

    def run(self) -> None:
        """Everything there is to do now, once."""
        self.clock.move(minutes=2)
        daemon.single_pass(self.parts, self.clock)

    def deliver(self) -> None:
        while mail.deliver(self.parts, self.clock):
            pass

    def make_digests(self) -> None:
        for pio in self.settings.pios:
            with self.parts.database.begin() as tx:
                digest.make(tx, self.settings, pio, self.clock())
        self.deliver()

    def case(self, comment: WorldComment) -> Case:
        with self.parts.database.read() as tx:
            found = cases.case(tx, ref_of(comment))
        assert found is not None, f"{ref_of(comment)} was never recorded"
        return found

    def state(self, comment: WorldComment) -> State:
        return self.case(comment).state

    def done_by_us(self, comment: WorldComment) -> list[Effect]:
        return [effect for effect in self.world.effects_by((APP,)) if effect.comment == comment.id]

    def fault(self, platform: str, name: str, **where: Any) -> None:
        self.standins.servers[platform].faults.add(name, **where)

    def alarms(self) -> list[str]:
        self.deliver()
        mails = [
            message_from_bytes(path.read_bytes(), policy=policy.default)
            for path in sorted(self.sink.folder.glob("*.eml"))
        ]
        called = [message for message in mails if "oncall@" in str(message["To"])]
        return [f"{message['Subject']}\n\n{message.get_content()}" for message in called]

    def queued(self) -> dict[str, int]:
        with self.parts.database.read() as tx:
            return outbox.tally(tx)

    def broken_promises(self) -> list[str]:
        witness = Witness(
            database=self.parts.database,
            settings=self.settings,
            world=self.world,
            mails=self.sink.folder,
            secrets=self.standins.secrets(),
        )
        return broken(witness, self.clock())
