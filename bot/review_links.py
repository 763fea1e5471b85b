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
from bot.digest_words import moment
from bot.domain.states import State
from bot.domain.types import Ref
from bot.letters import why_closed
from bot.links import Link
from bot.log import logger
from bot.review import DECIDERS, WITH_COUNSEL, NotPossible, clauses_for, dismiss, person, restore, uphold
from bot.review_link_words import IN
from bot.settings import MissingCredential

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from archive.cases import Case
    from archive.database import Tx
    from bot.review_link_words import Words
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


def words_for(settings: Settings, to: str) -> Words:
    """The words for whoever got a link: in the language of their digest."""
    return IN[next((pio.language for pio in settings.pios if pio.email == to), "en")]


def obstacle(tx: Tx, settings: Settings, login: str, decision: str, case: Case) -> str:
    """Why this person cannot decide so by a link at this moment, in a sentence for them; nothing if they can."""
    who, words = staff.by_login(tx, login), words_for(settings, login)
    if who is None or who.disabled_at or not who.roles & DECIDERS or not who.may_see(case.account_key):
        return words["not_yours"].format(to=login)
    if withheld.is_withheld(tx, case.ref) or why_closed(tx, case.ref, case.revision):
        return words["not_by_mail"]
    if case.state is not STANDS_AT[decision]:
        return words["stands"].format(state=words[case.state], at=moment(words, settings.zone, case.since))
    let_stand = cases.dismissed(tx, case.ref, case.revision)
    if decision == "restore" and (let_stand or not orders.hidden_by_us(tx, case.ref)):
        return words["not_hidden"]
    clauses = clauses_for(tx, case)
    if decision == "uphold" and (not clauses or clauses & WITH_COUNSEL):
        return words["needs_more"]
    return ""


def refusal(tx: Tx, settings: Settings, link: Link) -> str:
    """Why a link that is whole and has not ended decides nothing, in a sentence for its addressee; else nothing."""
    asked, words = choice(link), words_for(settings, link.to)
    used = links_used.used_at(tx, link.id)
    if used is not None:
        return words["used"].format(at=moment(words, settings.zone, used))
    case = cases.case(tx, asked.ref)
    if case is None or case.account_key not in {entry.account.key for entry in settings.accounts}:
        return words["no_case"]
    moved = next((line for line in ledger.entries(tx, after=asked.told, ref=asked.ref) if _moves(line.kind)), None)
    if moved is not None or case.revision != asked.revision:
        what, at = (moved.kind, moved.at) if moved else ("case.edited", case.since)
        said = words.get(what, words["case."])
        return words["moved"].format(what=said, at=moment(words, settings.zone, at))
    return obstacle(tx, settings, link.to, asked.decision, case)


def _moves(kind: str) -> bool:
    return kind in MOVES or kind.startswith("case.")


def decide(tx: Tx, settings: Settings, link: Link, *, pressed_by: str, now: datetime) -> None:
    """Record the decision as its addressee's, and use the link up. Raises `NotPossible`, with nothing changed.

    `pressed_by`: the name that somebody else than the addressee gave; it goes into the reason. The decision is the
    addressee's all the same: so they cannot also be the other person who decides an appeal.
    """
    asked = choice(link)
    why_not = refusal(tx, settings, link) or _in_hand(tx, settings, asked.ref, link.to, now)
    if why_not:
        raise NotPossible(why_not)
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
    words = words_for(settings, login)
    return words["in_hand"].format(who=held.login, until=moment(words, settings.zone, held.until))
