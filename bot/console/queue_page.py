"""The review queue: what waits for a person, urgent cases first, and who has what in hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.responses import Response

from archive import cases, claims, records, withheld
from archive.card import platform_name
from bot.console.door import Refused
from bot.domain.states import State
from bot.domain.types import Ref

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from archive.cases import Case
    from archive.claims import Claim
    from archive.database import Tx
    from bot.console.desk import Visit

SHOWN = 20
LETTERS = 280
FEW = 8
"""Cases that are looked at for one that is free; others may take some of them in the meantime."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One case in the list: `clauses` are titles of the policy; `held` says who has it in hand."""

    ref: Ref
    account: str
    since: datetime
    author: str
    text: str
    clauses: tuple[str, ...]
    urgent: bool
    held: Claim | None


def queue(visit: Visit) -> Response:
    """List what waits."""
    with visit.desk.database.read() as tx:
        number = cases.count_at(tx, State.IN_REVIEW, visit.accounts())
        found = cases.in_review(tx, SHOWN, accounts=visit.accounts())
        listed = list(_listed(tx, visit, found))
    return visit.page("queue.html.j2", waiting=listed, number=number)


def next_one(visit: Visit) -> Response:
    """Take the next free case in hand, and go there."""
    with visit.desk.database.begin() as tx:
        found = take_next(tx, visit)
    visit.about = found
    return visit.go("/case", ref=str(found)) if found else visit.go("/queue", done="none")


def take_next(tx: Tx, visit: Visit) -> Ref | None:
    """Take the first waiting case that nobody else has in hand; None if there is none."""
    claims.sweep(tx, visit.now)
    login = visit.someone.login
    for case in cases.in_review(tx, FEW, accounts=visit.accounts(), free_for=(login, visit.now)):
        if claims.take(tx, case.ref, login, visit.now).login == login:
            return case.ref
    return None


def keep(visit: Visit) -> Response:
    """Keep a case in hand while its page is open."""
    ref = ref_of(visit, visit.said("ref"))
    with visit.desk.database.begin() as tx:
        held = claims.take(tx, ref, visit.someone.login, visit.now)
    return Response(status_code=204 if held.login == visit.someone.login else 409)


def give_back(visit: Visit) -> Response:
    """Give a case back undecided."""
    visit.about = ref_of(visit, visit.said("ref"))
    with visit.desk.database.begin() as tx:
        claims.give_back(tx, visit.about, visit.someone.login)
    return visit.go("/queue", done="given-back")


def ref_of(visit: Visit, text: str) -> Ref:
    """Read the name of a case that whoever is signed in works with. Raises Refused, with the same words for both."""
    try:
        ref = Ref.parse(text)
    except ValueError:
        ref = None
    if ref is None or f"{ref.platform}:{ref.account}" not in visit.accounts():
        raise Refused(404, "There is no such case among those that you work with.")
    return ref


def _listed(tx: Tx, visit: Visit, found: list[Case]) -> Iterator[Waiting]:
    refs = [case.ref for case in found]
    comments, hands_off = records.comments(tx, refs), withheld.among(tx, refs)
    verdicts, grounds, held = cases.verdicts_on(tx, found), cases.grounds(tx, found), claims.among(tx, refs, visit.now)
    for case in found:
        comment, stored, ground = comments[case.ref], verdicts.get(case.ref), grounds.get(case.ref)
        counting = [match for match in stored.verdict.matches if not match.shadow] if stored else []
        codes = dict.fromkeys([*([ground.clause] if ground else []), *(match.clause for match in counting)])
        entry = visit.desk.settings.entry(case.account_key)
        yield Waiting(
            ref=case.ref,
            account=f"{entry.name} on {platform_name(entry.platform)}",
            since=case.since,
            author=comment.author.name or comment.author.handle or "name not available",
            text=withheld.INSTEAD if case.ref in hands_off else comment.text,
            clauses=tuple(f"{code} {visit.desk.policy.categories[code].title}" for code in codes),
            urgent=any(match.urgent for match in counting),
            held=held.get(case.ref),
        )
