"""What happens when a person suspects that a comment shows the sexual abuse of a child.

Nothing of it is fetched, captured, mailed or shown from then on, and on-call staff is told at once what to do. The
program orders nothing about it any more: an act needs a sealed picture (P1), and there must be none. Staff use the
platform's own way of reporting it. Only an order to hide it that waits already, on evidence sealed before, goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive import cases, media, orders, withheld
from archive.media import Kept
from bot import alarm_words
from bot.alarms import alarm
from bot.domain.states import Event, State, allows
from bot.enforcing import leave_to_a_person
from bot.review import NotPossible, person

if TYPE_CHECKING:
    from datetime import datetime

    from archive.database import Tx
    from bot.domain.types import Ref
    from bot.settings import Settings

WHAT_TO_DO = alarm_words.EN["withheld"][2:]


def suspect(  # noqa: PLR0913  who says what about which comment, when
    tx: Tx, settings: Settings, ref: Ref, *, who: str, why: str, now: datetime
) -> bool:
    """Withhold a comment and call on-call staff; give whether that is new. Raises NotPossible if there is no such case.

    What waits to be fetched of it is given up. A comment on its way to be captured goes to a person instead, and so
    does one whose order must not be carried out any more (`withheld.forbids`).
    """
    case = cases.case(tx, ref)
    if case is None:
        message = f"there is no case {ref}; write it as `citymod review list` does"
        raise NotPossible(message)
    if not withheld.withhold(tx, ref, agent=person(who), why=why, now=now):
        return False
    for one in media.due_of(tx, ref, case.revision):
        media.conclude(tx, one, Kept(why=withheld.WHY_NOT, tried=False), now)
    order = orders.waiting_for(tx, ref)
    if order and withheld.forbids(tx, order, by_hand=settings.entry(case.account_key).by_hand is not None):
        leave_to_a_person(tx, order, withheld.NOT_CARRIED_OUT, now)
    event = Event.CAPTURE_FAILED if case.state is State.MARKED else Event.REFERRED
    if allows(case.state, event):
        cases.advance(tx, ref, event, agent=person(who), now=now, why=withheld.WHY_NOT)
    alarm(tx, settings, "withheld", key=f"withheld:{ref}", now=now, who=who, ref=ref)
    return True
