"""Links in the e-mail digest by which its addressee decides one case with one press, without signing in.

A link is for one decision of one person on one wording, as the digest told it; once the case has moved on it is
refused. It never does more than that person could in the console, and what needs more than a press (a clause, the
City Attorney's word) or is not for mails (`bot.masking`, `archive.withheld`) has none: whoever holds the mail holds
its links.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from archive import cases, claims, ledger, links_used, orders, staff, withheld
from bot import links
from bot.domain.states import State
from bot.domain.types import Ref
from bot.letters import when, why_closed
from bot.links import Link
from bot.log import logger
from bot.review import DECIDERS, WITH_COUNSEL, NotPossible, clauses_for, dismiss, person, restore, uphold
from bot.settings import MissingCredential

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from archive.cases import Case
    from archive.database import Tx
    from bot.settings import Settings

REVIEW = "review"
HOLDS = timedelta(hours=36)
"""Longer than until the next daily digest, in which whatever still waits has new links."""
STANDS_AT = {"uphold": State.IN_REVIEW, "dismiss": State.IN_REVIEW, "restore": State.ENFORCED}
"""What can be decided by a link, and where the case must stand for it."""
WHY = {
    "uphold": "to be hidden, decided by link in the e-mail digest",
    "dismiss": "it may stand, decided by link in the e-mail digest",
    "restore": "to be shown again, decided by link in the e-mail digest",
}
"""The reason that goes into the record: the digest quoted the clause and the words, and the link asks for no more."""
MOVES = ("decision.recorded", cases.GROUND_NAMED, "verdict.recorded", "comment.withheld")
"""Lines of the ledger, besides every ``case.``, after which a case is not what the digest told any more."""

log = logger("review_links")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What one link decides, and on which wording; `told`: the ledger's last line when its reader was told."""

    decision: str
    ref: Ref
    revision: str
    told: int


def offered(tx: Tx, settings: Settings, to: str, now: datetime) -> Callable[[str, Ref], str]:
    """Give what makes the addresses for one digest, of a decision and a case; empty where no link may be offered.

    `to`: the addressee, who has links only if that is their login in the console, with a role that decides.
    """
    head = ledger.head(tx)
    told = head.seq if head else 0

    def link(decision: str, ref: Ref) -> str:
        case = cases.case(tx, ref)
        if settings.console is None or case is None or obstacle(tx, settings, to, decision, case):
            return ""
        about = {"decision": decision, "ref": str(ref), "revision": case.revision, "told": told}
        made = Link(purpose=REVIEW, id=links.new_id(), to=to, until=now + HOLDS, about=about)
        try:
            return f"{settings.console.address}/case/link?{urlencode({'link': links.write(settings, made)})}"
        except MissingCredential as error:
            log.warning("a digest goes without a link that decides", why=str(error))
            return ""

    return link


def choice(link: Link) -> Choice:
    """Read what a link decides."""
    said = link.about
    return Choice(
        decision=said["decision"], ref=Ref.parse(said["ref"]), revision=said["revision"], told=int(said["told"])
    )


def obstacle(tx: Tx, settings: Settings, login: str, decision: str, case: Case) -> str:
    """Why this person cannot decide so by a link at this moment, in a sentence; nothing if they can."""
    who = staff.by_login(tx, login)
    if who is None or who.disabled_at or not who.roles & DECIDERS or not who.may_see(case.account_key):
        return f"{login} does not decide on this account, so no link of theirs does."
    if withheld.is_withheld(tx, case.ref) or why_closed(tx, case.ref, case.revision):
        return "This is not decided from a mail, since no mail may show it."
    if case.state is not STANDS_AT[decision]:
        return f"The case is {str(case.state).replace('_', ' ')} since {when(settings, case.since)}."
    if decision == "restore" and (not orders.hidden_by_us(tx, case.ref) or _let_stand(tx, case)):
        return "It is not hidden by this program, or ordered shown again already."
    if decision == "uphold":
        clauses = clauses_for(tx, case)
        if not clauses or clauses & WITH_COUNSEL:
            return "To hide it, a clause or the City Attorney’s word is needed, which a link cannot give."
    return ""


def _let_stand(tx: Tx, case: Case) -> bool:
    return cases.dismissed(tx, case.ref, case.revision)


def refusal(tx: Tx, settings: Settings, link: Link) -> str:
    """Why a link that is whole and has not ended decides nothing (any more); nothing if it does."""
    asked = choice(link)
    used = links_used.used_at(tx, link.id)
    if used is not None:
        return f"This link was used on {when(settings, used)}, and each holds once."
    case = cases.case(tx, asked.ref)
    if case is None or f"{asked.ref.platform}:{asked.ref.account}" not in {
        entry.account.key for entry in settings.accounts
    }:
        return "There is no such case any more."
    moved = next((line for line in ledger.entries(tx, after=asked.told, ref=asked.ref) if _moves(line.kind)), None)
    if moved is not None or case.revision != asked.revision:
        since = f" on {when(settings, moved.at)}" if moved else ""
        what = _said_of(moved.kind if moved else "case.edited")
        return f"The case has moved on since this mail was written: {what}{since}."
    return obstacle(tx, settings, link.to, asked.decision, case)


def _moves(kind: str) -> bool:
    return kind in MOVES or kind.startswith("case.")


def _said_of(kind: str) -> str:
    return {
        "decision.recorded": "somebody decided it",
        cases.GROUND_NAMED: "somebody named a clause",
        "verdict.recorded": "the rules judged it again",
        "comment.withheld": "it was withheld",
        "case.edited": "the comment was edited",
        "case.vanished": "the comment is gone",
    }.get(kind, f"it was {kind.partition('.')[2].replace('_', ' ')}")


def decide(tx: Tx, settings: Settings, link: Link, *, pressed_by: str, now: datetime) -> None:
    """Record the decision as its addressee's, and use the link up. Raises `NotPossible`, with nothing changed.

    `pressed_by`: the name that somebody else than the addressee gave; it goes into the reason. The decision is the
    addressee's all the same: so they cannot also be the other person who decides an appeal.
    """
    asked = choice(link)
    why_not = refusal(tx, settings, link) or _in_hand(tx, settings, asked.ref, link.to, now)
    if why_not:
        message = f"{why_not} Nothing was changed."
        raise NotPossible(message)
    why = WHY[asked.decision] + (f", pressed by {pressed_by}" if pressed_by else "")
    links_used.use(tx, link.id, REVIEW, person(link.to), now)
    {"uphold": uphold, "dismiss": dismiss, "restore": restore}[asked.decision](
        tx, asked.ref, who=link.to, why=why, now=now
    )
    claims.give_back(tx, asked.ref, link.to)


def _in_hand(tx: Tx, settings: Settings, ref: Ref, login: str, now: datetime) -> str:
    held = claims.of(tx, ref, now)
    if held is None or held.login == login:
        return ""
    return f"{held.login} has this comment in hand until {when(settings, held.until)}."
