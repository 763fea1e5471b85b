"""Reads what a records request asks for: comments by filter, each with everything on record about it.

What is read is plain (texts, numbers, lists), in a fixed order, with times from the record alone: the same filter on
the same record gives the same. It is read in helpings, since a request may be for everything.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from archive import full_text, ledger, tables
from archive.search import NothingToFind, terms
from archive.stored import utc_text
from bot.domain.types import Action, OrderStatus, Ref

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from sqlalchemy import Row

    from archive.database import Tx
    from bot.domain.types import Agent

PAGE = 400
_c, _r, _k = tables.comment.c, tables.revision.c, tables.case_.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which comments: all conditions must hold, an empty one holds for all. `start` and `end` bound `posted_at`.

    `author` is a name, a handle or an identifier as the platform gives it; `clause` a category of the policy (C1 to
    C10) that a rule or a person named; `removed`: those that were hidden or deleted by order, restored since or not;
    `words` stand in one of its wordings, found as archive/search.py finds them.
    """

    account: str = ""
    post: str = ""
    author: str = ""
    clause: str = ""
    state: str = ""
    words: str = ""
    removed: bool = False
    start: datetime | None = None
    end: datetime | None = None
    comments: tuple[str, ...] = ()

    def in_words(self) -> dict[str, str]:
        """The conditions that are set, by name."""
        said = {
            "account": self.account,
            "post": self.post,
            "author": self.author,
            "clause": self.clause,
            "state": self.state,
            "words": self.words,
            "removed only": "yes" if self.removed else "",
            "from": utc_text(self.start) if self.start else "",
            "to": utc_text(self.end) if self.end else "",
            "comments": ", ".join(self.comments),
        }
        return {name: value for name, value in said.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """One comment: `said` is what can be told, `raws` the platform's own bytes by wording.

    `folders` are sealed evidence, each with the wording that it shows; `related` the refs of what the comment stands
    under; `post_raws` the platform's own bytes of the City's post, by wording.
    """

    ref: str
    said: dict[str, Any]
    related: tuple[str, ...]
    raws: dict[str, bytes] = field(repr=False)
    folders: tuple[tuple[str, str], ...] = ()
    post_raws: tuple[bytes, ...] = field(default=(), repr=False)


def selected(tx: Tx, wanted: Filter, *, with_raw: bool = False) -> Iterator[Selected]:
    """Give the comments that the filter asks for, oldest first, ties by ref.

    Raises archive.search.NothingToFind if it names words and there is none among them.
    """
    refs = list(tx.execute(_query(tx, wanted)).scalars())
    names = {row.key: row.name for row in tx.execute(select(tables.account.c.key, tables.account.c.name))}
    for start in range(0, len(refs), PAGE):
        page = refs[start : start + PAGE]
        for one in _helping(tx, page, names, with_raw=with_raw):
            if not wanted.clause or wanted.clause in one.said["clauses"]:
                yield one


def at_most(tx: Tx, wanted: Filter) -> int:
    """How many comments the filter asks for; more than that, if it names a clause, which only reading them tells.

    Raises archive.search.NothingToFind if it names words and there is none among them.
    """
    return int(tx.execute(select(func.count()).select_from(_query(tx, wanted).subquery())).scalar_one())


def _query(tx: Tx, wanted: Filter) -> Any:
    query = select(_c.ref).join_from(tables.comment, tables.case_, _k.ref == _c.ref)
    query = query.where(_c.ref.not_in(select(tables.withheld.c.ref)))  # nobody may be handed a copy; see withheld.py
    if wanted.account:
        query = query.where(_c.account == wanted.account)
    if wanted.post:
        query = query.where(_c.post == Ref.parse(wanted.post))
    if wanted.comments:
        query = query.where(_c.ref.in_([Ref.parse(name) for name in wanted.comments]))
    if wanted.state:
        query = query.where(_k.state == wanted.state)
    if wanted.start:
        query = query.where(_c.posted_at >= wanted.start)
    if wanted.end:
        query = query.where(_c.posted_at < wanted.end)
    if wanted.words:
        query = query.where(select(1).where(_r.ref == _c.ref, _r.entry.in_(_having(tx, wanted.words))).exists())
    if wanted.author:
        handle = wanted.author.removeprefix("@")
        columns = (_r.author_id, _r.author_name, _r.author_handle)
        same = or_(*(column.in_([wanted.author, handle, f"@{handle}"]) for column in columns))
        query = query.where(select(1).where(_r.ref == _c.ref, same).exists())
    if wanted.removed:
        order = tables.order_.c
        taken = (Action.HIDE, Action.DELETE)
        done = select(1).where(order.ref == _c.ref, order.action.in_(taken), order.status == OrderStatus.CONFIRMED)
        query = query.where(done.exists())
    return query.order_by(_c.posted_at, _c.ref)


def _having(tx: Tx, words: str) -> Any:
    """The ledger lines of all wordings in which the words stand."""
    asked = terms(words)
    if not asked:
        message = f"there is no word in {words!r} to look for"
        raise NothingToFind(message)
    return select(full_text.index.c.rowid).where(full_text.met(tx.dialect.name, text=asked, author=()))


def _helping(tx: Tx, refs: list[Ref], names: dict[str, str], *, with_raw: bool) -> Iterator[Selected]:
    wordings, media = _wordings(tx, refs, with_raw=with_raw), _by_ref(tx, tables.media, refs, "attachment")
    verdicts, decisions = _verdicts(tx, refs), _by_ref(tx, tables.decision, refs, "entry")
    orders, sealed = _by_ref(tx, tables.order_, refs, "placed_by"), _by_ref(tx, tables.evidence, refs, "entry")
    history = _history(tx, refs)
    query = select(tables.comment, _k.state, _k.visibility, _k.revision).join_from(
        tables.comment, tables.case_, _k.ref == _c.ref
    )
    rows = {row.ref: row for row in tx.execute(query.where(_c.ref.in_(refs)))}
    posts = _posts(tx, {row.post for row in rows.values()})
    post_raws = _post_raws(tx, set(posts)) if with_raw else {}
    for ref in refs:
        row, words = rows[ref], wordings[ref]
        now = next(one for one in words if one.revision == row.revision)
        files = {(one.revision, one.attachment): one for one in media[ref]}
        lines = history[str(ref)]
        named = [line["clause"] for line in lines if line["clause"]]
        matched = [match["clause"] for verdict in verdicts[ref] for match in verdict["matches"]]
        yield Selected(
            ref=str(ref),
            related=tuple(str(other) for other in (row.post, row.parent) if other),
            raws={one.revision: one.raw for one in words} if with_raw else {},
            folders=tuple((one.folder, one.revision) for one in sealed[ref]),
            post_raws=post_raws.get(row.post, ()),
            said={
                "ref": str(ref),
                "platform": row.platform,
                "account": row.account,
                "account_name": names[row.account],
                "post": str(row.post),
                "post_text": posts.get(row.post, ""),
                "parent": str(row.parent) if row.parent else "",
                "speaker": str(row.speaker),
                "author": _author(now),
                "text": now.text,
                "url": now.url,
                "revision": row.revision,
                "posted_at": utc_text(row.posted_at),
                "first_seen_at": utc_text(row.first_seen_at),
                "state": str(row.state),
                "visibility": str(row.visibility),
                "clauses": sorted({*matched, *named}),
                "attachments": [_attachment(one, files.get((now.revision, one["id"]))) for one in now.attachments],
                "wordings": [_wording(one) for one in words],
                "verdicts": verdicts[ref],
                "decisions": [
                    {"at": utc_text(one.at), "kind": one.kind, "by": _who(one.agent), "why": one.why}
                    for one in decisions[ref]
                ],
                "orders": [_order(one) for one in orders[ref]],
                "evidence": [
                    {"id": one.id, "captured_at": utc_text(one.captured_at), "quality": str(one.quality)}
                    for one in sealed[ref]
                ],
                "history": [{name: line[name] for name in ("entry", "at", "kind", "by", "why")} for line in lines],
            },
        )


def _by_ref(tx: Tx, table: Any, refs: list[Ref], order: str) -> dict[Ref, list[Row[Any]]]:
    found: dict[Ref, list[Row[Any]]] = defaultdict(list)
    for row in tx.execute(select(table).where(table.c.ref.in_(refs)).order_by(table.c.ref, table.c[order])):
        found[row.ref].append(row)
    return found


def _wordings(tx: Tx, refs: list[Ref], *, with_raw: bool) -> dict[Ref, list[Row[Any]]]:
    columns = [column for column in tables.revision.c if with_raw or column.name != "raw"]
    found: dict[Ref, list[Row[Any]]] = defaultdict(list)
    for row in tx.execute(select(*columns).where(_r.ref.in_(refs)).order_by(_r.ref, _r.number)):
        found[row.ref].append(row)
    return found


def _verdicts(tx: Tx, refs: list[Ref]) -> dict[Ref, list[dict[str, Any]]]:
    verdict, match = tables.verdict.c, tables.match_.c
    matches: dict[str, list[dict[str, Any]]] = defaultdict(list)
    names = select(verdict.id).where(verdict.ref.in_(refs))
    for row in tx.execute(select(tables.match_).where(match.verdict.in_(names)).order_by(match.verdict, match.number)):
        shown = ("rule", "clause", "pack", "start", "end", "excerpt", "matcher", "reason", "shadow")
        matches[row.verdict].append({name: getattr(row, name) for name in shown})
    found: dict[Ref, list[dict[str, Any]]] = defaultdict(list)
    for row in tx.execute(select(tables.verdict).where(verdict.ref.in_(refs)).order_by(verdict.ref, verdict.entry)):
        told = {"at": utc_text(row.judged_at), "outcome": str(row.outcome), "action": str(row.action or "")}
        found[row.ref].append(told | {"why": row.why, "revision": row.revision, "matches": matches[row.id]})
    return found


def _history(tx: Tx, refs: list[Ref]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in ledger.about(tx, refs):
        clause = str(line.detail.get("clause", "")) if line.kind == "ground.named" else ""
        why = str(line.detail.get("why", ""))
        told = {"entry": line.seq, "at": utc_text(line.at), "kind": line.kind, "by": _who(line.agent), "why": why}
        found[str(line.ref)].append(told | {"clause": clause})
    return found


def _posts(tx: Tx, refs: set[Ref]) -> dict[Ref, str]:
    post = tables.post.c
    query = select(post.ref, post.text).where(post.ref.in_(refs)).order_by(post.ref, post.number)
    return {row.ref: row.text for row in tx.execute(query)}  # the last wording stands


def _post_raws(tx: Tx, refs: set[Ref]) -> dict[Ref, tuple[bytes, ...]]:
    post = tables.post.c
    found: dict[Ref, tuple[bytes, ...]] = {}
    for row in tx.execute(select(post.ref, post.raw).where(post.ref.in_(refs)).order_by(post.ref, post.number)):
        found[row.ref] = (*found.get(row.ref, ()), row.raw)
    return found


def _author(row: Any) -> dict[str, str]:
    return {name: getattr(row, f"author_{name}") or "" for name in ("name", "handle", "id", "url")}


def _wording(row: Any) -> dict[str, Any]:
    seen = utc_text(row.seen_at)
    return {"number": row.number, "revision": row.revision, "seen_at": seen, "author": _author(row), "text": row.text}


def _attachment(one: dict[str, Any], kept: Any) -> dict[str, Any]:
    told = {"id": one["id"], "kind": one["kind"], "url": one.get("url") or "", "alt": one.get("alt") or ""}
    if kept is None:
        return told | {"sha256": "", "type": "", "why": "not fetched"}
    return told | {"sha256": kept.sha256 or "", "type": kept.kind or "", "why": kept.why or ""}


def _order(row: Row[Any]) -> dict[str, Any]:
    return {
        "id": row.id,
        "action": str(row.action),
        "by": _who(row.agent),
        "placed_at": utc_text(row.placed_at),
        "status": str(row.status),
        "ended_at": utc_text(row.ended_at) if row.ended_at else "",
        "basis": row.basis or "",
        "why": row.why or "",
        "evidence": row.evidence,
    }


def _who(agent: Agent) -> str:
    return f"{agent.kind}: {agent.name}"
