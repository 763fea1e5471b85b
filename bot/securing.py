"""Captures a marked comment, seals what was captured, and places the order: the verbs capture and secure."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

from archive import cases, evidence, ledger, media, orders, records, uploads, withheld
from archive.capture_process import NoBrowser
from archive.evidence import SealBroken
from archive.ledger import DAEMON
from archive.subject import Attached, Finding, Subject
from bot import attachments, intake, letters
from bot.alarms import alarm
from bot.domain.states import Event
from bot.domain.types import Action, Agent, AgentKind, Quality
from bot.log import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from archive.cases import Case
    from archive.database import Tx
    from bot.domain.types import Comment, Evidence, Verdict
    from bot.parts import Parts

log = logger("securing")


def secure(parts: Parts, case: Case, clock: Callable[[], datetime]) -> bool:
    """Capture a marked comment and seal what was captured; place the order only if the evidence is full (P1).

    Gives whether there is an order now. Whatever prevents it ends in review; a case that moved meanwhile is left alone.
    """
    with parts.database.read() as tx:
        hands_off = withheld.is_withheld(tx, case.ref)
    if hands_off:
        _leave_alone(parts, case, clock())
        return False
    try:
        attachments.fetch_of(parts, case.account_key, case.ref, case.revision, clock)
        subject, name, anchor = _prepared(parts, case)
        sealed, gaps = _captured(parts, case, subject, name, anchor, clock)
    except (NoBrowser, SealBroken, LookupError) as error:
        _give_up(parts, case, str(error), clock())
        return False
    now = clock()
    with parts.database.begin() as tx:
        evidence.record(tx, sealed, now)
        current = cases.case(tx, case.ref)
        if current is None or (current.state, current.revision) != (case.state, case.revision):
            # Edited, deleted or dismissed while the shutter was open: the new state has its own next step.
            log.info("moved meanwhile", ref=str(case.ref))
            return False
        if sealed.quality is not Quality.FULL:
            why = f"the capture is not full: {gaps}"
            cases.advance(tx, case.ref, Event.CAPTURE_FAILED, agent=DAEMON, now=now, why=why)
            return False
        _place_order(parts, tx, case, subject, sealed, now)
    log.info("secured", ref=str(case.ref), evidence=sealed.id)
    return True


def deciding_rule(verdict: Verdict) -> Agent:
    """The rules that a verdict rests on, as the agent of what follows from it."""
    return Agent(kind=AgentKind.RULE, name=", ".join(dict.fromkeys(m.rule for m in verdict.matches if not m.shadow)))


def _prepared(parts: Parts, case: Case) -> tuple[Subject, str, str | None]:
    """What is to be captured, under which name, and the ledger's last line for the manifest."""
    with parts.database.read() as tx:
        head = ledger.head(tx)
        return _subject(parts, tx, case), _evidence_name(tx, case), head.anchor if head else None


def _captured(  # noqa: PLR0913  what is captured, and everything that goes into the manifest
    parts: Parts, case: Case, subject: Subject, name: str, anchor: str | None, clock: Callable[[], datetime]
) -> tuple[Evidence, str]:
    """Take the picture and seal it; give the evidence and the steps that failed, in words."""
    spool = parts.spool / name
    shutil.rmtree(spool, ignore_errors=True)
    spool.mkdir(parents=True)
    entry = parts.settings.entry(case.account_key)
    if entry.by_hand is None:
        capture = parts.camera.capture(subject, entry.evidence, spool, now=clock())
    else:
        with parts.database.read() as tx:
            pictures = uploads.of(tx, case.ref, case.revision)
        capture = uploads.lay_beside(parts.camera.capture(subject, ("record",), spool, now=clock()), pictures, spool)
    store = parts.settings.evidence_folder
    sealed = evidence.seal(spool, store, id=name, subject=subject, capture=capture, now=clock(), head=anchor)
    return sealed, "; ".join(f"{step.source} {step.name}: {step.detail}" for step in capture.steps if not step.ok)


def _place_order(  # noqa: PLR0913  all of it must go into one transaction
    parts: Parts, tx: Tx, case: Case, subject: Subject, sealed: Evidence, now: datetime
) -> None:
    action, agent = _decided(tx, case)
    by_hand = parts.settings.entry(case.account_key).by_hand
    by_person = agent.kind is AgentKind.PERSON
    if by_hand is not None and by_person and not by_hand.can(action) and by_hand.can(Action.DELETE):
        action = Action.DELETE  # all that the platform lets people do; a second person must agree to it
    detail = {"evidence": sealed.id}
    cases.advance(tx, case.ref, Event.CAPTURED, agent=DAEMON, now=now, why="evidence sealed", detail=detail)
    order = orders.place(
        tx, ref=case.ref, revision=case.revision, evidence_id=sealed.id, action=action, agent=agent, now=now
    )
    letters.evidence(tx, parts.settings, subject=subject, sealed=sealed, order=order, now=now)


def _decided(tx: Tx, case: Case) -> tuple[Action, Agent]:
    """What was decided for this revision and by whom: a person's word, where there is one, before the rules'."""
    decision = cases.latest_decision(tx, case.ref, case.revision)
    if decision is not None and decision.kind == "uphold":
        return Action.HIDE, decision.agent
    stored = cases.latest_verdict(tx, case.ref)
    if stored is None or stored.verdict.action is None:
        message = f"{case.ref} is marked and neither a rule nor a person says for what; run citymod verify"
        raise LookupError(message)
    return stored.verdict.action, deciding_rule(stored.verdict)


def _subject(parts: Parts, tx: Tx, case: Case) -> Subject:
    comment = records.comment(tx, case.ref, case.revision)
    stored = cases.latest_verdict(tx, case.ref)
    ground = cases.ground(tx, case.ref, case.revision)
    matches = [
        match
        for match in (stored.verdict.matches if stored and stored.revision == case.revision else ())
        if not match.shadow and (ground is None or match.clause == ground.clause)
    ]
    categories = parts.rulebook.policy.categories
    return Subject(
        comment=comment,
        post=records.post(tx, comment.post),
        thread=tuple(one for one in records.thread(tx, case.ref) if not withheld.is_withheld(tx, one.ref)),
        account=parts.settings.entry(case.account_key).account,
        findings=tuple(
            Finding(
                rule=match.rule,
                clause=categories[match.clause].clause,
                clause_text=categories[match.clause].text,
                start=match.start,
                end=match.end,
                excerpt=match.excerpt,
                matcher=match.matcher,
            )
            for match in matches
        ),
        zone=parts.settings.city.time_zone,
        first_seen_at=records.first_seen(tx, case.ref),
        ground=ground,
        attached=tuple(_attached(parts, tx, comment)),
        entered=intake.is_entered(comment.raw),
    )


def _attached(parts: Parts, tx: Tx, comment: Comment) -> Iterator[Attached]:
    """What became of the files that came with the comment; where there is none, why."""
    kept = media.of(tx, comment.ref, comment.revision)
    for attachment in comment.attachments:
        one = kept.get(attachment.id)
        if one is not None and one.sha256:
            file = media.file_of(parts.settings.media_folder, one.sha256)
            yield Attached(attachment=attachment, file=file, sha256=one.sha256, kind=one.kind or "")
        else:
            yield Attached(attachment=attachment, why=one.why if one and one.why else "not fetched")


def _evidence_name(tx: Tx, case: Case) -> str:
    """Name a capture so that one killed half-way is made again under the same name."""
    number = evidence.count(tx, case.ref, case.revision)
    return hashlib.sha256(f"{case.ref}\n{case.revision}\n{number}".encode()).hexdigest()[:24]


def _leave_alone(parts: Parts, case: Case, now: datetime) -> None:
    """A withheld comment is never captured: it goes to a person, whatever a rule or a person asked for."""
    with parts.database.begin() as tx:
        cases.advance(tx, case.ref, Event.CAPTURE_FAILED, agent=DAEMON, now=now, why=withheld.WHY_NOT, seen=case)


def _give_up(parts: Parts, case: Case, why: str, now: datetime) -> None:
    """Leave a comment that cannot be captured or sealed at all to a person, and call on-call staff once a day."""
    with parts.database.begin() as tx:
        cases.advance(tx, case.ref, Event.CAPTURE_FAILED, agent=DAEMON, now=now, why=why, seen=case)
        alarm(
            tx,
            parts.settings,
            "uncaptured",
            key=f"capture:{now.date()}",
            now=now,
            why=why,
        )
    log.error("not captured", ref=str(case.ref), why=why)
