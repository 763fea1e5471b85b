"""What happens when a person suspects that a comment shows the sexual abuse of a child.

Nothing of it is fetched, captured, mailed or shown from then on, and on-call staff is told at once what to do. The
program orders nothing about it any more: an act needs a sealed picture (P1), and there must be none. Staff use the
platform's own way of reporting it. Only an order to hide it that waits already, on evidence sealed before, goes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive import cases, media, orders, withheld
from archive.media import Kept
from bot.alarms import alarm
from bot.domain.states import Event, State, allows
from bot.enforcing import leave_to_a_person
from bot.review import NotPossible, person

if TYPE_CHECKING:
    from datetime import datetime

    from archive.database import Tx
    from bot.domain.types import Ref
    from bot.settings import Settings

WHAT_TO_DO = tuple(
    """\
Do not open, copy, photograph, print or forward it, not even to show it to a colleague: having or sending it is a \
crime, for staff too (18 U.S.C. 2252A). Delete nothing that is there already, and let nobody else look.
Call the City Attorney, and report it now, by identifiers and address alone: to the CyberTipline of the National \
Center for Missing and Exploited Children (report.cybertip.org, 1-800-843-5678) and to the FBI (tips.fbi.gov, \
1-800-225-5324); if a child is in danger at this moment, call 911 first.
Report it on the platform with the platform's own button for child safety, which may also take it down. citymod does \
not hide it, since it may not make the picture that every act of its own rests on.
Write down who looked at it, when, and who was called. Leave everything else to the police.""".splitlines()
)


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
    alarm(
        tx,
        settings,
        key=f"withheld:{ref}",
        subject="URGENT: suspected sexual abuse of a child, act now",
        lines=(f"{who} marked the comment {ref}. Its words and pictures are not in this mail.", *WHAT_TO_DO),
        now=now,
    )
    return True
