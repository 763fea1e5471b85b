"""Eleven versions of the program that break a promise, made on purpose: the simulation catches each of them."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from archive import accounts, ledger, records
from bot import daemon, enforcing, letters, pipeline, securing, simulation, townspeople, verdicts
from bot.corpus import shipped_comments
from bot.domain.judge import judge
from bot.domain.states import State
from bot.judging import ENFORCING
from bot.pause import Switch
from bot.settings import credential

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from bot.domain.types import Batch
    from bot.parts import Parts

    Break = Callable[[pytest.MonkeyPatch], None]

pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket.*family=1:ResourceWarning")  # sdnotify's own
SEEDS = (3, 5, 10, *range(11, 20))
"""The first three are known to bring what is rare: a death between two certain steps, words that are taken back."""
DAYS = 1


def evidence_skipped(patch: pytest.MonkeyPatch) -> None:
    """Evidence is on record and mailed, and its files are nowhere."""
    mailed = letters.evidence

    def mail(*args: Any, settings: Any = None, sealed: Any, **others: Any) -> None:
        mailed(*args, sealed=sealed, **others)
        shutil.rmtree(args[1].evidence_folder / sealed.folder)

    patch.setattr(securing.letters, "evidence", mail)


def act_before_commit(patch: pytest.MonkeyPatch) -> None:
    """The platform is called, and that an attempt begins is not written down before."""
    patch.setattr(enforcing, "_begun", enforcing._may_begin)


def cursor_before_data(patch: pytest.MonkeyPatch) -> None:
    """How far a platform was read is written down before what was read."""
    read = pipeline._poll

    def poll(parts: Parts, key: str, clock: Any) -> int:
        reader = parts.readers[key]

        def early(cursor: Any, *, now: datetime) -> Iterator[Batch]:
            for batch in type(reader).poll(reader, cursor, now=now):
                with parts.database.begin() as tx:
                    accounts.move_cursor(tx, key, batch.cursor)
                yield batch

        with pytest.MonkeyPatch.context() as within:
            within.setattr(reader, "poll", early)
            return read(parts, key, clock)

    patch.setattr(pipeline, "_poll", poll)
    patch.setattr(simulation, "DIES", 0.9)


def staff_overridden(patch: pytest.MonkeyPatch) -> None:
    """That a person let these words stand is not asked when they are judged again. Rules act on all that is written."""
    patch.setattr(verdicts.cases, "dismissed", lambda *_: False)
    patch.setattr(simulation, "WORKS", 0.9)
    patch.setattr(townspeople, "INSIST", 0.9)
    rulebook = simulation.the_rulebook()
    told = [judge(rulebook.engine.evaluate(line.text), rulebook.policy, ENFORCING) for line in shipped_comments()]
    lines = [line for line, verdict in zip(shipped_comments(), told, strict=True) if verdict.action]
    patch.setattr(townspeople, "shipped_comments", lambda: lines)


def pause_unread(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks at the switch."""
    patch.setattr(Switch, "pulled", lambda *_: None)
    patch.setattr(Switch, "clause_says", staticmethod(lambda *_: None))
    patch.setattr(Switch, "file_says", lambda *_: None)
    patch.setattr(simulation, "PAUSES", 0.5)


def double_act(patch: pytest.MonkeyPatch) -> None:
    """Each call is made twice, to be on the safe side."""
    once = enforcing._answers

    def twice(*args: Any) -> Any:
        once(*args)
        return once(*args)

    patch.setattr(enforcing, "_answers", twice)


def lost_edit(patch: pytest.MonkeyPatch) -> None:
    """A comment that is known is not looked at again."""
    patch.setattr(records, "_same", lambda case, _: case.state is not State.GONE)


def ledger_gap(patch: pytest.MonkeyPatch) -> None:
    """A number of the ledger is left out."""
    kept = ledger.kept_head

    def leap(tx: Any) -> tuple[str, int]:
        head, seq = kept(tx)
        return head, seq + (seq == 150)

    patch.setattr(ledger, "kept_head", leap)


def poll_error_swallowed(patch: pytest.MonkeyPatch) -> None:
    """That an account could not be read is written nowhere."""
    patch.setattr(accounts, "poll_failed", lambda *_, **__: None)
    patch.setattr(simulation, "FAULT", 0.9)


def job_error_swallowed(patch: pytest.MonkeyPatch) -> None:
    """That a job failed is written into the log alone."""
    patch.setattr(daemon.Daemon, "_failed", lambda *_: None)
    patch.setattr(simulation, "SPELL", 0.2)
    patch.setattr(simulation, "DIES", 0)


def secret_logged(patch: pytest.MonkeyPatch) -> None:
    """What an account is worked with stands in the log."""
    read = pipeline.poll

    def talkative(parts: Parts, key: str, clock: Any) -> int:
        pipeline.log.info("reading", using=credential(parts.settings, key.partition(":")[0]))
        return read(parts, key, clock)

    patch.setattr(pipeline, "poll", talkative)


BROKEN: dict[Break, str | tuple[str, ...]] = {
    evidence_skipped: ("P1", "P8"),
    act_before_commit: "P2",
    cursor_before_data: "P2",
    staff_overridden: "P6",
    pause_unread: "P4",
    double_act: "P2",
    lost_edit: "P",
    ledger_gap: "P8",
    poll_error_swallowed: "P11",
    job_error_swallowed: "P11",
    secret_logged: "P12",
}


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_it_is_caught(broken: Break, monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch)
    for seed in SEEDS:
        if breach := simulation.simulate(seed, DAYS).breach:
            assert breach.said.startswith(BROKEN[broken]), breach
            return
    pytest.fail("no seed has caught it")
