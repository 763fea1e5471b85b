"""Sends one harmless comment down the whole line, on a stand-in, in an archive of its own that is thrown away.

Run as a process of its own (``python -m bot.canary_line FOLDER``) by bot/canary.py. It is handed rules and browser as
the City has them, and no credential; the only platform that it can reach is the stand-in that it starts itself. So it
cannot touch a comment that anybody wrote, and nothing of it is in the City's archive, figures, budget or exports.

Standard input is one JSON object of settings that take the place of the trial's own; standard output is one, too:
``{"steps": {name: seconds, …}, "broken": null or why}``.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archive import cases, evidence
from archive.verify import verify
from bot import log, pipeline, review
from bot.daemon import make_ready, utc_now
from bot.domain.states import State
from bot.domain.types import Quality
from bot.parts import Parts
from bot.promises import ref_of
from bot.securing import secure
from bot.settings import load
from bot.standins import ACCOUNTS, StandIns
from bot.trial import lay_out
from connectors.standin.world import APP, Person, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from connectors.standin.world import WorldComment

PLATFORM = "facebook"
WORDS = "Good morning. This is the daily test of the record of comments, and nothing is meant by it."
WHY = "the daily test of the whole line"
NO_MAIL = 9
"""The port of a mail server that is not there: no mail of a test goes out."""


class Broken(Exception):
    """A step of the line did not do what it is there for. The text says what was found instead."""


class Line:
    """One walk of one comment. Each step is a method; `walk` gives their names as they come to their end."""

    def __init__(self, parts: Parts, comment: WorldComment) -> None:
        """Take the parts of the trial installation and the comment, which is written already."""
        self._parts = parts
        self._comment = comment
        self._ref = ref_of(comment)
        self._key = f"{PLATFORM}:{comment.account.id}"

    def walk(self) -> Iterator[str]:
        """Do everything in turn. Raises Broken."""
        steps: tuple[Callable[[], None], ...] = (
            self.recorded,
            self.judged,
            self.captured,
            self.hidden,
            self.restored,
            self.verified,
        )
        for step in steps:
            step()
            yield step.__name__

    def recorded(self) -> None:
        """The comment is read and stored."""
        pipeline.poll(self._parts, self._key, utc_now)
        self._is(State.OBSERVED)

    def judged(self) -> None:
        """The City's own rules let it stand; then it is decided, as a person would, that it is to be hidden."""
        pipeline.one_pass(self._parts, utc_now)
        self._is(State.CLEARED)
        category = next(c for c in self._parts.rulebook.policy.categories.values() if c.code not in review.WITH_COUNSEL)
        with self._parts.database.begin() as tx:
            review.uphold(tx, self._ref, who="canary", why=WHY, now=utc_now(), category=category)
        self._is(State.MARKED)

    def captured(self) -> None:
        """It is pictured and sealed in full, and every file is as it was sealed."""
        with self._parts.database.read() as tx:
            case = cases.case(tx, self._ref)
        if case is not None:
            secure(self._parts, case, utc_now)
        self._is(State.SECURED)
        with self._parts.database.read() as tx:
            sealed = evidence.latest(tx, self._ref)
        if sealed is None or sealed.quality is not Quality.FULL:
            message = "there is no full evidence of it"
            raise Broken(message)
        if problems := evidence.check(self._parts.settings.evidence_folder, sealed):
            raise Broken("; ".join(problems))

    def hidden(self) -> None:
        """It is hidden, and the platform was seen to show it hidden."""
        pipeline.one_pass(self._parts, utc_now)
        self._is(State.ENFORCED)
        if self._comment.public or self._comment.hidden_by != APP:
            message = "it is called hidden and the platform shows it"
            raise Broken(message)

    def restored(self) -> None:
        """It is shown again, and the platform was seen to show it."""
        with self._parts.database.begin() as tx:
            review.restore(tx, self._ref, who="canary", why=WHY, now=utc_now())
        pipeline.one_pass(self._parts, utc_now)
        self._is(State.RESTORED)
        if not self._comment.public:
            message = "it is called shown and the platform hides it"
            raise Broken(message)

    def verified(self) -> None:
        """The record of all this passes its check."""
        settings = self._parts.settings
        report = verify(self._parts.database, settings.evidence_folder, settings.media_folder, now=utc_now())
        if not report.passed:
            raise Broken("; ".join(report.problems[:3]))

    def _is(self, state: State) -> None:
        with self._parts.database.read() as tx:
            case = cases.case(tx, self._ref)
        if case is None or case.state is not state:
            found = f"it is {case.state} ({case.why})" if case else "it was never recorded"
            message = f"it should be {state} now; {found}"
            raise Broken(message)


def run(folder: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """Walk the line in `folder`, with the City's settings for rules and browser in `given`; give how it went."""
    steps: dict[str, float] = {}
    began = time.monotonic()
    with StandIns(World()) as standins:
        account = standins.world.add_account(PLATFORM, *ACCOUNTS[PLATFORM])
        parts = Parts.assemble(load(lay_out(folder, standins, {PLATFORM: account}, NO_MAIL, **given)))
        try:
            make_ready(parts, utc_now())
            post = standins.world.add_post(account, "The daily test.")
            author = Person(id="7000000001", name="Canary", handle="canary")
            line = Line(parts, standins.world.add_comment(post, WORDS, author=author))
            steps["made ready"], began = round(time.monotonic() - began, 2), time.monotonic()
            for name in line.walk():
                steps[name], began = round(time.monotonic() - began, 2), time.monotonic()
        except Broken as broken:
            return {"steps": steps, "broken": f"after {list(steps)[-1]}: {broken}"}
        finally:
            parts.close()
    return {"steps": steps, "broken": None}


if __name__ == "__main__":
    log.start(level="error")
    sys.stdout.write(json.dumps(run(Path(sys.argv[1]), json.load(sys.stdin))) + "\n")
