"""One case: the comment in its thread, why it is here, what was sealed, what others decided; and the decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archive import cases, claims, evidence, media, orders, records, withheld
from archive.card import PICTURES, Piece, decided, pieces, platform_name, unseen
from archive.subject import Finding
from bot.console.door import Refused
from bot.console.queue_page import ref_of, take_next
from bot.console.similar import alike
from bot.domain.states import State
from bot.review import WITH_COUNSEL, dismiss, refer, restore, uphold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.responses import Response

    from archive.cases import Case
    from archive.claims import Claim
    from archive.database import Tx
    from bot.console.desk import Visit
    from bot.domain.types import Category, Comment, Evidence, Match, Ref

STRONG = frozenset({"C4", "C6", "C7"})
"""Clauses under which pictures are veiled until somebody asks to see them: sex, crime, harm."""
DECISIONS = ("uphold", "dismiss", "restore")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One clause with what was found under it: quoted, and the rules' reasons with the characters they met."""

    category: Category
    matches: tuple[Match, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A file that came with the comment. `number` is None if it cannot be shown, for the reason in `why`."""

    number: int | None
    alt: str
    kind: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What was sealed of the comment, with everything its picture says in words; `there` unless the folder is gone."""

    evidence: Evidence
    words: str
    there: bool


def case(visit: Visit) -> Response:
    """Show a case; for somebody who decides, one that waits is then in their hands."""
    visit.about = ref = ref_of(visit, visit.asked("ref"))
    if visit.may("decide"):
        _take(visit, ref)
    with visit.desk.database.read() as tx:
        found = cases.case(tx, ref)
        if found is None:
            raise Refused(404, "There is no such case among those that you work with.")
        told = _told(tx, visit, found, claims.of(tx, ref, visit.now))
    return visit.page("case.html.j2", **told)


def _take(visit: Visit, ref: Ref) -> None:
    """Take a waiting case in hand, if nobody has it; who came by their last decision has it already."""
    login, now = visit.someone.login, visit.now
    with visit.desk.database.read() as tx:
        if not _waits(tx, ref) or claims.is_settled(claims.of(tx, ref, now), login, now):
            return
    with visit.desk.database.begin() as tx:
        if _waits(tx, ref):
            claims.take(tx, ref, login, now)


def _waits(tx: Tx, ref: Ref) -> bool:
    found = cases.case(tx, ref)
    return found is not None and found.state is State.IN_REVIEW


def _told(tx: Tx, visit: Visit, found: Case, held: Claim | None) -> dict[str, Any]:
    """Everything that the page says. It is drawn afterwards: who holds a reading transaction must not begin another."""
    ref, settings = found.ref, visit.desk.settings
    hands_off = withheld.is_withheld(tx, ref)
    comment = records.comment(tx, ref, found.revision)
    matches = _matches(tx, found)
    ground = cases.ground(tx, ref, found.revision)
    entry = settings.entry(found.account_key)
    codes = {match.clause for match in matches} | ({ground.clause} if ground else set())
    others = held is not None and held.login != visit.someone.login
    return {
        "case": found,
        "account": f"{entry.name} on {platform_name(entry.platform)}",
        "comment": comment,
        "pieces": [Piece(withheld.INSTEAD, marked=False)] if hands_off else _pieces(comment, matches),
        "unseen": [] if hands_off else unseen(comment.text),
        "post": records.post(tx, comment.post),
        "thread": [one for one in records.thread(tx, ref) if not withheld.is_withheld(tx, one.ref)],
        "reasons": list(_reasons(visit, matches)),
        "ground": ground,
        "decided": decided(ground) if ground else "",
        "urgent": any(match.urgent for match in matches),
        "hands_off": hands_off,
        "attached": [] if hands_off else list(_attached(tx, comment)),
        "veiled": bool(codes & STRONG),
        "sealed": None if hands_off else _sealed(tx, visit, ref),
        "alike": [] if hands_off else alike(tx, comment, visit.accounts()),
        "decision": cases.latest_decision(tx, ref, found.revision),
        "history": cases.history(tx, ref),
        "held": held,
        "others": others,
        "decides": visit.may("decide") and not others,
        "waits": found.state is State.IN_REVIEW,
        "can_restore": found.state is State.ENFORCED and orders.hidden_by_us(tx, ref),
        "categories": visit.desk.policy.categories,
        "needs_clause": not codes,
        "codes": sorted(codes, key=lambda code: int(code[1:])),
        "with_counsel": sorted(WITH_COUNSEL, key=lambda code: int(code[1:])),
        "counsel_asked": bool(ground and ground.clause in WITH_COUNSEL),
    }


def decide(visit: Visit) -> Response:
    """Uphold, dismiss or restore; then the next waiting case. Nobody's decision falls on words they did not see."""
    visit.about = ref = ref_of(visit, visit.said("ref"))
    what, why = visit.said("decision"), visit.said("why")
    if what not in DECISIONS:
        raise Refused(409, "Say what you decide. Nothing was changed.")
    if not why:
        raise Refused(409, "Say why you decide so; it goes into the record. Nothing was changed.")
    who, now = visit.someone.login, visit.now
    with visit.desk.database.begin() as tx:
        _as_it_was_seen(tx, visit, ref)
        if what == "uphold":
            category, counsel = _category(visit, visit.said("clause")), visit.said("counsel")
            uphold(tx, ref, who=who, why=why, now=now, category=category, counsel=counsel)
        elif what == "dismiss":
            dismiss(tx, ref, who=who, why=why, now=now)
        else:
            restore(tx, ref, who=who, why=why, now=now)
        claims.give_back(tx, ref, who)
        after = take_next(tx, visit) if what != "restore" else ref
    visit.words = what
    told = {"done": what, "last": str(ref)}
    return visit.go("/case", ref=str(after), **told) if after else visit.go("/queue", **told)


def raise_(visit: Visit) -> Response:
    """Ask for a decision on any comment, under a clause."""
    visit.about = ref = ref_of(visit, visit.said("ref"))
    category, why = _category(visit, visit.said("clause")), visit.said("why")
    if category is None or not why:
        raise Refused(409, "Say under which clause, and why. Nothing was changed.")
    with visit.desk.database.begin() as tx:
        refer(tx, ref, category=category, who=visit.someone.login, why=why, now=visit.now)
    return visit.go("/case", ref=str(ref), done="raised")


def _as_it_was_seen(tx: Tx, visit: Visit, ref: Ref) -> None:
    """Refuse to decide what is in another's hands, or is not any more what the page showed. Raises Refused."""
    held = claims.of(tx, ref, visit.now)
    if held is not None and held.login != visit.someone.login:
        message = f"{held.login} has this comment in hand until {visit.when(held.until)}. Yours was not recorded."
        raise Refused(409, message)
    present = cases.case(tx, ref)
    if present is None:
        raise Refused(404, "There is no such case among those that you work with.")
    if (str(present.state), present.revision) != (visit.said("state"), visit.said("revision")):
        message = f"Since you opened it, this comment was edited or decided ({present.why}). Look at it again."
        raise Refused(409, message)


def _category(visit: Visit, code: str) -> Category | None:
    if not code:
        return None
    if code not in visit.desk.policy.categories:
        raise Refused(409, "The policy has no such clause. Nothing was changed.")
    return visit.desk.policy.categories[code]


def _matches(tx: Tx, found: Case) -> list[Match]:
    stored = cases.verdict_on(tx, found.ref, found.revision)
    return [match for match in stored.verdict.matches if not match.shadow] if stored else []


def _pieces(comment: Comment, matches: list[Match]) -> list[Piece]:
    """The words, cut where what the rules met begins and ends."""
    found = [
        Finding(
            rule=match.rule,
            clause=match.clause,
            clause_text="",
            start=match.start,
            end=match.end,
            excerpt=match.excerpt,
            matcher=match.matcher,
        )
        for match in matches
    ]
    return pieces(comment.text, tuple(found))


def _reasons(visit: Visit, matches: list[Match]) -> Iterator[Reason]:
    for code in dict.fromkeys(match.clause for match in matches):
        met = tuple(match for match in matches if match.clause == code)
        yield Reason(category=visit.desk.policy.categories[code], matches=met)


def _attached(tx: Tx, comment: Comment) -> Iterator[Attached]:
    kept = media.of(tx, comment.ref, comment.revision)
    for number, attachment in enumerate(comment.attachments):
        one = kept.get(attachment.id)
        alt = attachment.alt or f"{attachment.kind} that came with the comment; nobody described it"
        if one is not None and one.sha256 and one.kind in PICTURES:
            yield Attached(number=number, alt=alt, kind=attachment.kind, why="")
        else:
            why = (one.why if one else None) or "not fetched, or no picture that can be shown here"
            yield Attached(number=None, alt=alt, kind=attachment.kind, why=why)


def _sealed(tx: Tx, visit: Visit, ref: Ref) -> Sealed | None:
    latest = evidence.latest(tx, ref)
    if latest is None:
        return None
    try:
        words = evidence.transcript(visit.desk.settings.evidence_folder, latest)
    except OSError:
        return Sealed(evidence=latest, words="", there=False)
    return Sealed(evidence=latest, words=words, there=True)
