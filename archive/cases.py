"""Cases: the one door through which they move, the verdicts and decisions that move them, and who waits where."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, select, update

from archive import ledger, tables
from archive.stored import new_id
from bot.domain import states
from bot.domain.states import State
from bot.domain.types import AgentKind, Match, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    from archive.database import Tx
    from archive.ledger import Entry
    from archive.stored import Json
    from bot.domain.states import Event
    from bot.domain.types import Agent, Ref, Visibility

GROUND_NAMED = "ground.named"
"""The ledger line in which a person names a clause."""
PAGE = 500

_case = tables.case_.c


class CaseMoved(Exception):
    """The case is no longer where the caller saw it. Nothing has changed; the next pass sees it where it is now."""

    def __init__(self, ref: Ref, why: str = "it moved in the meantime") -> None:
        """Name the case, and what is otherwise than expected."""
        super().__init__(f"{ref}: {why}")
        self.ref = ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Where the moderation of one comment stands, `since` when, who moved it there and `why`."""

    ref: Ref
    account_key: str
    state: State
    revision: str
    visibility: Visibility
    since: datetime
    agent: Agent
    why: str
    looked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVerdict:
    """A verdict with what it was given on: the wording, the policy and the packs (name to SHA-256) of that time.

    `entry` is the ledger line that it was recorded with: what was recorded before that line, it could know.
    """

    id: str
    ref: Ref
    entry: int
    revision: str
    verdict: Verdict
    policy_sha256: str
    packs: Mapping[str, str]
    judged_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The clause under which a person refers or upholds one wording, quoted as the policy had it at that time.

    `counsel`: who in the City Attorney's office agreed, where the City asks for that.
    """

    clause: str
    title: str
    quoted: str
    agent: Agent
    why: str
    at: datetime
    counsel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person decided on one wording: ``uphold``, ``dismiss`` or ``restore``."""

    kind: str
    agent: Agent
    why: str
    at: datetime


# Moving ---------------------------------------------------------------------------------------------------------------


def advance(  # noqa: PLR0913 - who, when and why belong to every move
    tx: Tx,
    ref: Ref,
    event: Event,
    *,
    agent: Agent,
    now: datetime,
    why: str,
    detail: Mapping[str, Json] | None = None,
    seen: Case | None = None,
) -> State:
    """Move a case as the table of states says, and write it down; give the new state.

    With `seen`, only if state and wording are still as the caller saw them. Raises `CaseMoved` if another was faster,
    `IllegalEvent` if the table has no such way, LookupError if there is no such case. Nothing has changed then.
    """
    present = case(tx, ref)
    if present is None:
        message = f"there is no case {ref}"
        raise LookupError(message)
    if seen is not None and (seen.state, seen.revision) != (present.state, present.revision):
        raise CaseMoved(ref, f"it was {seen.state} and is {present.state}, or was edited")
    state = states.advance(present.state, event)
    moved = tx.execute(
        update(tables.case_)
        .where(_case.ref == ref, _case.state == present.state)
        .values(state=state, since=now, agent=agent, why=why)
    )
    if moved.rowcount != 1:
        raise CaseMoved(ref)
    move = {"from": present.state, "to": state, "revision": present.revision, "why": why}
    ledger.append(tx, kind=f"case.{event}", ref=ref, agent=agent, at=now, detail={**(detail or {}), **move})
    return state


def record_verdict(  # noqa: PLR0913 - a verdict without its policy and packs cannot be replayed
    tx: Tx,
    ref: Ref,
    revision: str,
    verdict: Verdict,
    *,
    policy_sha256: str,
    packs: Mapping[str, str],
    now: datetime,
    standing: Mapping[str, Json] | None = None,
) -> str:
    """Write a verdict down with all its matches; give its identifier. Raises `CaseMoved` if the wording is another.

    `standing`: what else the verdict depended on (mode, budget, …), so that it can be replayed; see `standing_of`.
    """
    present = case(tx, ref)
    if present is None or present.revision != revision:
        raise CaseMoved(ref, "the comment was edited after this wording was judged")
    id_ = new_id(now)
    row = {
        "id": id_,
        "ref": ref,
        "revision": revision,
        "outcome": verdict.outcome,
        "action": verdict.action,
        "why": verdict.why,
        "policy_sha256": policy_sha256,
        "packs": dict(packs),
        "judged_at": now,
    }
    matches = [_match_row(id_, number, match) for number, match in enumerate(verdict.matches, start=1)]
    ledger.append(
        tx,
        kind="verdict.recorded",
        ref=ref,
        agent=ledger.DAEMON,
        at=now,
        detail={"verdict": id_, "outcome": verdict.outcome, "action": verdict.action, "why": verdict.why}
        | ({"standing": standing} if standing else {}),
        rows=[(tables.verdict, row), *((tables.match_, match) for match in matches)],
    )
    return id_


def record_decision(  # noqa: PLR0913 - a decision is all of this
    tx: Tx, ref: Ref, revision: str, kind: str, agent: Agent, why: str, now: datetime
) -> None:
    """Write down what a person decided on one wording: ``uphold``, ``dismiss`` or ``restore``."""
    row = {"ref": ref, "revision": revision, "kind": kind, "agent": agent, "why": why, "at": now}
    ledger.append(
        tx,
        kind="decision.recorded",
        ref=ref,
        agent=agent,
        at=now,
        detail={"decision": kind, "revision": revision, "why": why},
        rows=[(tables.decision, row)],
    )


def name_ground(tx: Tx, ref: Ref, revision: str, ground: Ground) -> None:
    """Write down under which clause a person refers or upholds one wording; the last one named counts."""
    ledger.append(
        tx,
        kind=GROUND_NAMED,
        ref=ref,
        agent=ground.agent,
        at=ground.at,
        detail={
            "revision": revision,
            "clause": ground.clause,
            "title": ground.title,
            "quoted": ground.quoted,
            "counsel": ground.counsel,
            "why": ground.why,
        },
    )


def ground(tx: Tx, ref: Ref, revision: str) -> Ground | None:
    """Give the clause that a person named last for one very wording, or None: if nobody has, or let it stand since."""
    lines = [line for line in ledger.entries(tx, ref=ref, kinds=(GROUND_NAMED,)) if line.detail["revision"] == revision]
    if not lines:
        return None
    decision = latest_decision(tx, ref, revision)
    if decision and decision.kind in {"dismiss", "restore"} and decision.at > lines[-1].at:
        return None
    said = {name: str(lines[-1].detail[name]) for name in ("clause", "title", "quoted", "counsel", "why")}
    return Ground(agent=lines[-1].agent, at=lines[-1].at, **said)


def grounds(tx: Tx, found: Collection[Case]) -> dict[Ref, Ground]:
    """Give for each of these cases the clause that a person named for its wording; without one, it is left out."""
    line = tables.ledger.c
    query = select(line.ref, line.kind).where(line.ref.in_([str(case.ref) for case in found]))  # few lines are of one
    named = {row.ref for row in tx.execute(query) if row.kind == GROUND_NAMED}
    grounds_ = ((case.ref, ground(tx, case.ref, case.revision)) for case in found if str(case.ref) in named)
    return {ref: ground_ for ref, ground_ in grounds_ if ground_}


def keep_document(tx: Tx, sha256: str, name: str, text: str, *, now: datetime) -> None:
    """Keep a policy or pack that verdicts cite, under the SHA-256 that they cite. Kept once; again is a no-op."""
    if document(tx, sha256) is not None:
        return
    row = {"sha256": sha256, "name": name, "text": text, "kept_at": now}
    detail = {"document": sha256, "name": name}
    ledger.append(tx, kind="document.kept", agent=ledger.DAEMON, at=now, detail=detail, rows=[(tables.document, row)])


# Asking ---------------------------------------------------------------------------------------------------------------


def case(tx: Tx, ref: Ref) -> Case | None:
    """Give the case of a comment, or None if that comment was never recorded."""
    row = tx.execute(select(tables.case_).where(_case.ref == ref)).one_or_none()
    return _read(row) if row else None


def standing_at(tx: Tx, state: State, *, limit: int, accounts: Collection[str] | None = None) -> list[Case]:
    """Give up to `limit` cases that stand at `state`, longest there first; only those of these account keys."""
    return _cases(tx, _of(accounts).where(_case.state == state).order_by(_case.since, _case.ref).limit(limit))


def count_at(tx: Tx, state: State, accounts: Collection[str]) -> int:
    """Count the cases of these account keys that stand at `state`."""
    return int(tx.execute(select(func.count()).where(_case.state == state, _case.account.in_(accounts))).scalar_one())


def in_review(
    tx: Tx, limit: int, *, accounts: Collection[str] | None = None, free_for: tuple[str, datetime] | None = None
) -> list[Case]:
    """Give up to `limit` cases that wait for a person: urgent ones before all others, then longest waiting first.

    Only those of these account keys; with `free_for` (a login and the time now) only those that nobody else has in
    hand then.
    """
    query = _of(accounts).where(_case.state == State.IN_REVIEW)
    if free_for is not None:
        claim, (login, now) = tables.claim.c, free_for
        elsewhere = select(1).where(claim.ref == _case.ref, claim.login != login, claim.until > now)
        query = query.where(~elsewhere.exists())
    return _cases(tx, query.order_by(_is_urgent().desc(), _case.since, _case.ref).limit(limit))


def _is_urgent() -> ColumnElement[bool]:
    """The condition that an urgent rule, not on trial, matched the wording that a case is about."""
    verdict, match = tables.verdict, tables.match_
    met = select(match.c.number).join(verdict, verdict.c.id == match.c.verdict)
    about = met.where(verdict.c.ref == _case.ref, verdict.c.revision == _case.revision)
    return about.where(match.c.urgent == True, match.c.shadow == False).exists()  # noqa: E712 - a column's condition


def not_looked_at_since(
    tx: Tx, before: datetime, standing: Collection[State], *, limit: int, accounts: Collection[str] | None = None
) -> list[Case]:
    """Give up to `limit` cases in these states at which nobody has looked since `before`, longest ago first."""
    query = _of(accounts).where(_case.state.in_(standing), _case.looked_at < before)
    return _cases(tx, query.order_by(_case.looked_at, _case.ref).limit(limit))


def latest_moves(tx: Tx, limit: int, accounts: Collection[str] | None = None) -> list[Case]:
    """Give the `limit` cases that moved last, the very last first; only those of these account keys."""
    return _cases(tx, _of(accounts).order_by(_case.since.desc(), _case.ref).limit(limit))


def marked_by_rules(tx: Tx, account_key: str) -> int:
    """Count cases of an account that a rule marked and that have no order yet."""
    query = select(func.count()).where(
        _case.account == account_key, _case.state == State.MARKED, by_kind(tables.case_, AgentKind.RULE)
    )
    return int(tx.execute(query).scalar_one())


def tally(tx: Tx) -> dict[State, int]:
    """Count cases by state, in the order of a case's life; states in which none stands are left out."""
    rows = tx.execute(select(_case.state, func.count()).group_by(_case.state)).all()
    counted: dict[State, int] = dict(rows)
    return {state: counted[state] for state in State if state in counted}


def history(tx: Tx, ref: Ref) -> list[Entry]:
    """Give everything that was written down about a comment, oldest first."""
    return list(ledger.entries(tx, ref=ref))


def latest_verdict(tx: Tx, ref: Ref) -> StoredVerdict | None:
    """Give the last verdict on a comment with its matches, whatever wording it was given on."""
    verdict = tables.verdict
    row = tx.execute(
        select(verdict).where(verdict.c.ref == ref).order_by(verdict.c.entry.desc()).limit(1)
    ).one_or_none()
    return next(_stored(tx, [row])) if row else None


def verdict_on(tx: Tx, ref: Ref, revision: str) -> StoredVerdict | None:
    """Give the last verdict on one very wording."""
    verdict = tables.verdict
    query = select(verdict).where(verdict.c.ref == ref, verdict.c.revision == revision)
    row = tx.execute(query.order_by(verdict.c.entry.desc()).limit(1)).one_or_none()
    return next(_stored(tx, [row])) if row else None


def verdicts_on(tx: Tx, found: Collection[Case]) -> dict[Ref, StoredVerdict]:
    """Give for each of these cases the last verdict on the wording that it is about; without one, it is left out."""
    about = {case.ref: case.revision for case in found}
    query = select(tables.verdict).where(tables.verdict.c.ref.in_(about)).order_by(tables.verdict.c.entry)
    last = {row.ref: row for row in tx.execute(query) if row.revision == about[row.ref]}
    return {stored.ref: stored for stored in _stored(tx, last.values())}


def verdicts(tx: Tx, *, since: datetime | None = None) -> Iterator[StoredVerdict]:
    """Give every verdict that was ever given (or since then), oldest first."""
    verdict, after = tables.verdict, 0
    query = select(verdict).order_by(verdict.c.entry).limit(PAGE)
    if since is not None:
        query = query.where(verdict.c.judged_at >= since)
    while rows := tx.execute(query.where(verdict.c.entry > after)).all():
        yield from _stored(tx, rows)
        after = rows[-1].entry


def standing_of(tx: Tx, verdict: StoredVerdict) -> Mapping[str, Any] | None:
    """Give what else a verdict depended on, as it was recorded with it; None if that was not recorded."""
    line = next(ledger.entries(tx, after=verdict.entry - 1, limit=1), None)
    found = line.detail.get("standing") if line else None
    return found if isinstance(found, dict) else None


def every(tx: Tx) -> Iterator[Case]:
    """Give every case there is, by name."""
    query = select(tables.case_).order_by(_case.ref).limit(PAGE)
    page = _cases(tx, query)
    while page:
        yield from page
        page = _cases(tx, query.where(_case.ref > page[-1].ref))


def latest_decision(tx: Tx, ref: Ref, revision: str) -> Decision | None:
    """Give what a person last decided on one very wording, or None if nobody has."""
    decision = tables.decision
    query = select(decision).where(decision.c.ref == ref, decision.c.revision == revision)
    row = tx.execute(query.order_by(decision.c.entry.desc()).limit(1)).one_or_none()
    return Decision(kind=row.kind, agent=row.agent, why=row.why, at=row.at) if row else None


def dismissed(tx: Tx, ref: Ref, revision: str) -> bool:
    """Whether a person let this very wording stand: their last word on it is dismiss or restore."""
    latest = latest_decision(tx, ref, revision)
    return latest is not None and latest.kind in {"dismiss", "restore"}


def matched_by(tx: Tx, refs: Collection[Ref], beginning: str) -> set[tuple[Ref, str]]:
    """Give those comments and wordings of which some verdict has a match whose matcher begins with these letters."""
    verdict, match = tables.verdict.c, tables.match_.c
    query = select(verdict.ref, verdict.revision).join_from(
        tables.verdict, tables.match_, and_(match.verdict == verdict.id, match.matcher.startswith(beginning))
    )
    return {
        (row.ref, row.revision) for chunk in _chunks(refs) for row in tx.execute(query.where(verdict.ref.in_(chunk)))
    }


def document(tx: Tx, sha256: str) -> tuple[str, str] | None:
    """Give name and text of a kept document, or None if it was never kept."""
    kept = tables.document.c
    row = tx.execute(select(kept.name, kept.text).where(kept.sha256 == sha256)).one_or_none()
    return (row.name, row.text) if row else None


def by_kind(table: Any, kind: AgentKind) -> ColumnElement[bool]:
    """The condition that `table.agent` is of this kind. Agents are stored as ``kind:name``."""
    return func.substr(table.c.agent, 1, len(kind) + 1) == f"{kind}:"


def _of(accounts: Collection[str] | None) -> Select[Any]:
    query = select(tables.case_)
    return query if accounts is None else query.where(_case.account.in_(accounts))


def _cases(tx: Tx, query: Select[Any]) -> list[Case]:
    return [_read(row) for row in tx.execute(query)]


def several(tx: Tx, refs: Collection[Ref]) -> dict[Ref, Case]:
    """Give the cases of these comments, as far as there are any, in few questions."""
    found: dict[Ref, Case] = {}
    for chunk in _chunks(refs):
        found |= {case.ref: case for case in _cases(tx, select(tables.case_).where(_case.ref.in_(chunk)))}
    return found


def _chunks(refs: Collection[Ref]) -> Iterator[list[Ref]]:
    """Give so many at a time as one question takes well."""
    wanted = list(refs)
    for start in range(0, len(wanted), 500):
        yield wanted[start : start + 500]


def _read(row: Row[Any]) -> Case:
    return Case(
        ref=row.ref,
        account_key=row.account,
        state=row.state,
        revision=row.revision,
        visibility=row.visibility,
        since=row.since,
        agent=row.agent,
        why=row.why,
        looked_at=row.looked_at,
    )


def _stored(tx: Tx, rows: Collection[Row[Any]]) -> Iterator[StoredVerdict]:
    """Read verdicts with their matches."""
    match, matches = tables.match_, defaultdict[str, list[Match]](list)
    query = select(match).where(match.c.verdict.in_([row.id for row in rows])).order_by(match.c.verdict, match.c.number)
    for found in tx.execute(query):
        matches[found.verdict].append(_match(found))
    for row in rows:
        yield StoredVerdict(
            id=row.id,
            ref=row.ref,
            entry=row.entry,
            revision=row.revision,
            verdict=Verdict(outcome=row.outcome, action=row.action, matches=tuple(matches[row.id]), why=row.why),
            policy_sha256=row.policy_sha256,
            packs=row.packs,
            judged_at=row.judged_at,
        )


_MATCH = ("rule", "clause", "pack", "start", "end", "excerpt", "matcher", "ask", "reason", "shadow", "urgent")


def _match_row(verdict: str, number: int, match: Match) -> dict[str, Any]:
    values = {name: getattr(match, name) for name in _MATCH}
    return {"verdict": verdict, "number": number} | values | {"urgent": match.urgent or None}


def _match(row: Row[Any]) -> Match:
    values = {name: row._mapping[name] for name in _MATCH}  # noqa: SLF001 - the public name of that view
    return Match(**values | {"urgent": row.urgent is True})
