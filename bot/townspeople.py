"""What people do in a simulation: strangers write, edit and delete; staff work on the platforms and with the program.

Staff use the program as the command line does, from a process of their own: what they do is never killed half-way, and
they try again later where the database is not to be had.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from archive import accounts, cases, orders, pauses
from archive.database import Unavailable
from bot import review
from bot.corpus import Crowd, Line, shipped_comments
from bot.domain.states import State
from bot.promises import ref_of
from connectors.standin.world import AUTHOR, PLATFORM, STAFF

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from random import Random

    from archive.database import Database, Tx
    from bot.domain.types import Policy, Ref
    from bot.onlooker import Onlooker
    from bot.settings import Settings
    from connectors.standin.world import World, WorldAccount, WorldComment

WHO = "Robin Staff"
YOUNG = timedelta(days=4)
"""People write under posts not older than this: X searches a week, and can be down for a day."""
INSIST, THINKS_BETTER = 0.3, 0.5
"""How likely it is that who edits was let stand by staff, and that who edits again goes back to the words before."""
RECENT = 60
"""How many of the newest comments people still do something about."""


class Townspeople:
    """Everybody who does something, in an order drawn from the seed."""

    def __init__(  # noqa: PLR0913  the town, its City, and what staff work with
        self,
        world: World,
        city: Mapping[str, WorldAccount],
        chance: Random,
        *,
        onlooker: Onlooker,
        office: Database,
        settings: Settings,
        policy: Policy,
    ) -> None:
        """The City has published already; nobody has answered. `office` is the staff's own way to the database."""
        self._world = world
        self._onlooker = onlooker
        self._office = office
        self._settings = settings
        self._policy = policy
        self._chance = chance
        self._crowd = Crowd(world, city, chance.randrange(2**32))
        self._city = city
        self._lines = shipped_comments()
        self._written: list[WorldComment] = []
        self._let_stand: set[Ref] = set()
        self._number = 0
        self._strangers: tuple[tuple[int, Callable[[], None]], ...] = (
            (60, self._write),
            (14, self._edit),
            (8, self._delete),
            (4, self._hide_by_hand),
            (2, self._repeat),
            (2, self._publish),
        )

    # Strangers, and staff on the platforms ---------------------------------------------------------------------------

    def do_something(self) -> None:
        """One more thing happens on the platforms."""
        weights, deeds = zip(*self._strangers, strict=True)
        self._chance.choices(deeds, weights)[0]()

    def storm(self, number: int) -> None:
        """So many comments at once."""
        for _ in range(number):
            self._write()

    def _write(self) -> None:
        line = self._chance.choice(self._lines)
        self._crowd.since = self._world.clock() - YOUNG
        self._written.append(self._crowd.write(Line(self._marked(line.text), line.author, self._chance.random() < 0.3)))  # noqa: PLR2004

    def _repeat(self) -> None:
        """One person says the same thing again and again."""
        line = self._chance.choice(self._lines)
        for _ in range(self._chance.randint(2, 4)):
            self._written.append(self._crowd.write(Line(line.text, "Sam Again")))

    def _marked(self, text: str) -> str:
        """Mark a wording, so that it can be told whether it was shown and whether it was recorded."""
        self._number += 1
        return f"{text} w{self._number:06}z"

    def _edit(self) -> None:
        insists = self._chance.random() < INSIST
        comment = self._somewhere(
            lambda each: each.author is not None and (not insists or ref_of(each) in self._let_stand)
        )
        if comment and comment.account.platform != "instagram":  # where nobody can
            self._world.edit(comment, self._other_words(comment))

    def _other_words(self, comment: WorldComment) -> str:
        """New words, or those that somebody thought better of."""
        if comment.edited and self._chance.random() < THINKS_BETTER:
            return comment.wordings[-2].text
        return self._marked(self._chance.choice(self._lines).text)

    def _delete(self) -> None:
        if comment := self._somewhere():
            self._world.delete(comment, self._chance.choice((AUTHOR, AUTHOR, PLATFORM, STAFF)))

    def _hide_by_hand(self) -> None:
        if comment := self._somewhere():
            self._world.hide(comment, self._chance.choice((STAFF, PLATFORM)))

    def _publish(self) -> None:
        self._crowd.publish(self._chance.choice(sorted(self._city)), self._marked("The library opens at nine."))

    def _somewhere(self, fits: Callable[[WorldComment], bool] = lambda _: True) -> WorldComment | None:
        found = [each for each in self._written[-RECENT:] if each.public and fits(each)]
        return self._chance.choice(found) if found else None

    # Staff with the program -------------------------------------------------------------------------------------------

    def work(self, now: datetime) -> None:
        """Staff do one thing with the program, if the archive can be had."""
        deed = self._chance.choice((self._decide, self._decide, self._decide, self._raise, self._restore, self._show))
        try:
            with self._office.begin() as tx:
                deed(tx, now)
        except (Unavailable, review.NotPossible):
            return  # they are told why, and come again

    def _decide(self, tx: Tx, now: datetime) -> None:
        waiting = review.waiting(tx, 50)
        if not waiting:
            return
        case = self._chance.choice(waiting)
        if self._chance.random() < 0.5:  # noqa: PLR2004
            review.dismiss(tx, case.ref, who=WHO, why="it may stand", now=now)
            self._let_stand.add(case.ref)
            return
        category = self._policy.categories[self._chance.choice(("C2", "C5", "C9"))]
        review.uphold(tx, case.ref, who=WHO, why="it is as the clause says", now=now, category=category)

    def _raise(self, tx: Tx, now: datetime) -> None:
        cleared = cases.standing_at(tx, State.CLEARED, limit=50)
        if cleared:
            category = self._policy.categories["C3"]
            review.refer(
                tx, self._chance.choice(cleared).ref, category=category, who=WHO, why="a citizen asked", now=now
            )

    def _restore(self, tx: Tx, now: datetime) -> None:
        enforced = cases.standing_at(tx, State.ENFORCED, limit=50)
        if enforced:
            case = self._chance.choice(enforced)
            review.restore(tx, case.ref, who=WHO, why="it was a mistake", now=now)
            self._let_stand.add(case.ref)

    def _show(self, tx: Tx, _: datetime) -> None:
        """Show again on the platform itself what the program has hidden, and say so to nobody."""
        hidden = {case.ref for case in cases.standing_at(tx, State.ENFORCED, limit=50)}
        found = [each for each in self._written[-RECENT:] if each.hidden_by and ref_of(each) in hidden]
        for comment in found[:1]:
            ref = ref_of(comment)
            if orders.waiting_for(tx, ref) is None:
                self._world.unhide(comment, STAFF)
                self._onlooker.staff_showed(ref, comment.text)

    def pause(self, now: datetime) -> None:
        """Pull the switch: the file, or for everything, an account or a clause; with an end or without."""
        keys = [entry.account.key for entry in self._settings.accounts]
        scope = self._chance.choice((pauses.EVERYTHING, pauses.on_clause("C2"), self._chance.choice(keys)))
        until = self._chance.choice((None, now + timedelta(hours=self._chance.uniform(0.5, 5))))
        if self._chance.random() < 0.3:  # noqa: PLR2004
            self._pull_file()
            return
        try:
            with self._office.begin() as tx:
                pauses.pause(tx, scope, review.person(WHO), "something looks odd", until, now)
        except Unavailable:
            self._pull_file()  # as the handbook says

    def _pull_file(self) -> None:
        if not self._settings.switch_file.exists():
            self._settings.switch_file.touch()
            self._onlooker.pause_file()

    def resume(self, now: datetime) -> None:
        """Let everything go on: pauses end, and accounts that stopped are started again."""
        self._settings.switch_file.unlink(missing_ok=True)
        try:
            with self._office.begin() as tx:
                for scope in dict.fromkeys(pause.scope for pause in pauses.in_force(tx, now)):
                    pauses.resume(tx, scope, review.person(WHO), "all is well", now)
                for standing in accounts.all_standing(tx):
                    accounts.resume(tx, standing.account.key, review.person(WHO), now)
        except Unavailable:
            return
