"""Records: what the platforms showed, verbatim and with their own bytes, before any rule sees it (P2).

Theory of operation
-------------------
Two things come in: helpings of a poll (`observe`) and single looks (`sight`). Both say of a comment what was shown of
it at one time, and both are taken in the same way:

* a comment that was never seen is recorded in its first wording, and its case is opened;
* a wording that was never seen is recorded beside the ones before it. A comment is never changed;
* what is shown otherwise than at the last sight (words or visibility) is a new sighting;
* the case moves where that matters: `edited`, `vanished`, `reappeared`, `resurfaced`. UNKNOWN visibility says nothing
  and moves nothing; a comment that is hidden without our doing is noted and left alone, since people hide comments too.

Taking in the same again changes nothing and writes nothing, so a poll may repeat as it likes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, Row, Select, Table, bindparam, func, select, update

from archive import accounts, cases, full_text, ledger, media, orders, tables
from archive.accounts import UnknownAccount
from archive.ledger import DAEMON, Line
from bot.domain.states import Event, State, allows
from bot.domain.types import Action, Attachment, Author, Comment, Post, Sighting, Speaker, Visibility, revision_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from archive.cases import Case
    from archive.database import Tx
    from bot.domain.types import Account, Batch, Ref

_revision = tables.revision.c
_ON_THE_WAY_OUT = {State.MARKED, State.SECURED, State.ENFORCED}


class Unrecorded(LookupError):
    """No such post, comment or wording was ever recorded."""

    def __init__(self, what: object) -> None:
        """Name what was asked for."""
        super().__init__(f"{what} was never recorded")


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What a batch brought: comments by what was new about them. `repeated`: known and in nothing different."""

    new: int
    edited: int
    vanished: int
    reappeared: int
    resurfaced: int
    repeated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Who wrote a comment or post, where it stands (`url`), and when it was read."""

    ref: Ref
    author: Author
    url: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Something else that an account wrote, in its present wording.

    `answers`: in answer to somebody else's comment. `shown`: the public can see it, and nothing is about to hide it.
    """

    ref: Ref
    text: str
    posted_at: datetime
    attachments: tuple[Attachment, ...]
    answers: bool
    shown: bool


# Taking in ------------------------------------------------------------------------------------------------------------


def observe(tx: Tx, batch: Batch, *, account: Account, now: datetime, read_at: datetime | None = None) -> Observed:
    """Record a batch and the cursor that covers it, together. The same batch again is a no-op.

    `read_at` is when the platform was asked, if that is worth telling from `now`: what it showed before an order of
    ours was confirmed is then not mistaken for somebody undoing it. Raises `UnknownAccount` for an account that is not
    registered, ValueError for comments or posts of another account. Nothing is recorded then.
    """
    standing = accounts.standing(tx, account.key)
    if standing is None:
        raise UnknownAccount(account.key)
    _all_of(account, [*batch.posts, *batch.comments])
    _record_posts(tx, batch.posts, account, now)
    known = cases.several(tx, {comment.ref for comment in batch.comments})
    fresh: dict[Ref, Comment] = {}
    again: list[Comment] = []
    for comment in batch.comments:
        if comment.ref in known or comment.ref in fresh:
            again.append(comment)
        else:
            fresh[comment.ref] = comment
    _record_new(tx, list(fresh.values()), account, now)
    known |= cases.several(tx, [comment.ref for comment in again if comment.ref in fresh])
    happened = _take_again(tx, again, known, read_at or now, now)
    for comment in fresh.values():
        if comment.visibility is Visibility.GONE:
            happened.update(_take(tx, _case(tx, comment.ref), _as_sighting(comment, read_at or now), now))
    for case in cases.several(tx, batch.gone).values():
        missed = Sighting(ref=case.ref, visibility=Visibility.GONE, seen_at=read_at or now)
        happened.update(_take(tx, case, missed, now))
    counted = {post.ref: post.counts for post in batch.posts} | {each.ref: each.counts for each in batch.comments}
    count(tx, {ref: figures for ref, figures in counted.items() if figures}, now)
    if standing.cursor != batch.cursor:
        accounts.move_cursor(tx, account.key, batch.cursor)
    return Observed(
        new=len(fresh),
        edited=happened[Event.EDITED],
        vanished=happened[Event.VANISHED],
        reappeared=happened[Event.REAPPEARED],
        resurfaced=happened[Event.RESURFACED],
        repeated=happened[None],
    )


def sight(tx: Tx, sighting: Sighting, *, account: Account, now: datetime) -> None:
    """Record one look at a comment that is known. Raises `Unrecorded` for one that is not, ValueError as `observe`."""
    _all_of(account, [sighting])
    case = _case(tx, sighting.ref)
    _take(tx, case, sighting, now)
    tx.execute(update(tables.case_).where(tables.case_.c.ref == sighting.ref).values(looked_at=sighting.seen_at))


def count(tx: Tx, counts: Mapping[Ref, Mapping[str, int]], now: datetime) -> int:
    """Record reactions and replies as the platform counts them, where a figure is another than at the last time.

    Gives how many posts and comments have other figures now. What is counted as before is written nowhere, nor is it
    that nobody has reacted yet.
    """
    known = last_counts(tx, counts) if counts else {}
    nobody = {ref: dict.fromkeys(figures, 0) for ref, figures in counts.items()}
    changed = {ref: dict(figures) for ref, figures in counts.items() if figures != known.get(ref, nobody[ref])}
    if changed:
        rows = [(tables.counted, {"ref": ref, "counts": figures, "seen_at": now}) for ref, figures in changed.items()]
        detail = {"items": len(changed)}
        ledger.append(tx, kind="counts.recorded", agent=DAEMON, at=now, detail=detail, rows=rows)
    return len(changed)


def last_counts(tx: Tx, refs: Iterable[Ref]) -> dict[Ref, dict[str, int]]:
    """Give the last figures of these posts and comments, of those that have any."""
    table = tables.counted
    names = list(refs)
    newest = select(table.c.ref, func.max(table.c.entry).label("entry")).where(table.c.ref.in_(names))
    last = newest.group_by(table.c.ref).subquery()
    query = select(table.c.ref, table.c.counts).join(
        last, (table.c.ref == last.c.ref) & (table.c.entry == last.c.entry)
    )
    return {row.ref: row.counts for row in tx.execute(query)} if names else {}


def _all_of(account: Account, found: Iterable[Post | Comment | Sighting]) -> None:
    for each in found:
        if (each.ref.platform, each.ref.account) != (account.platform, account.id):
            message = f"{each.ref} does not belong to the account {account.key} that was read"
            raise ValueError(message)


def _record_posts(tx: Tx, posts: Sequence[Post], account: Account, now: datetime) -> None:
    """Record the wordings of posts that are new."""
    known: dict[Ref, set[str]] = {}
    for ref in dict.fromkeys(post.ref for post in posts):
        query = select(tables.post.c.revision).where(tables.post.c.ref == ref)
        known[ref] = set(tx.execute(query).scalars())
    lines: list[Line] = []
    fresh: list[tuple[Post, str]] = []
    for post in posts:
        wording = revision_of(post.text, post.attachments)
        if wording in known[post.ref]:
            continue
        known[post.ref].add(wording)
        fresh.append((post, wording))
        number = len(known[post.ref])
        row = {
            **_wording(post, wording, number, now),
            "account": account.key,
            "posted_at": post.posted_at,
        }
        lines.append(
            Line(
                kind="post.recorded",
                ref=post.ref,
                agent=DAEMON,
                at=now,
                detail={"number": number},
                rows=[(tables.post, row)],
            )
        )
    written = ledger.append_all(tx, lines)
    full_text.add(tx, _as_written(written, [post for post, _ in fresh]))
    for post, wording in fresh:
        media.expect(tx, account.key, post.ref, wording, post.attachments)


def _record_new(tx: Tx, comments: Sequence[Comment], account: Account, now: datetime) -> None:
    """Record comments that were never seen, and open their cases."""
    if not comments:
        return
    wordings = [comment.revision for comment in comments]
    lines = [_first_line(*one, account, now) for one in zip(comments, wordings, strict=True)]
    written = ledger.append_all(tx, lines)
    full_text.add(tx, _as_written(written, comments))
    opened = [
        {
            "ref": comment.ref,
            "platform": account.platform,
            "account": account.key,
            "state": State.OBSERVED,
            "revision": wording,
            "visibility": comment.visibility,
            "since": now,
            "agent": DAEMON,
            "why": "seen for the first time",
            "looked_at": now,
            "author_id": comment.author.id,
            "posted_at": comment.posted_at,
        }
        for comment, wording in zip(comments, wordings, strict=True)
    ]
    tables.insert_stored(tx, tables.case_, [tables.stored_row(tables.case_, row) for row in opened])
    for comment, wording in zip(comments, wordings, strict=True):
        media.expect(tx, account.key, comment.ref, wording, comment.attachments)


def _as_written(lines: Sequence[int], wordings: Sequence[Post | Comment]) -> list[tuple[int, str, Author]]:
    """What the full-text index is told of wordings that these lines recorded."""
    return [(line, each.text, each.author) for line, each in zip(lines, wordings, strict=True)]


def _first_line(comment: Comment, revision: str, account: Account, now: datetime) -> Line:
    row = {
        "ref": comment.ref,
        "platform": account.platform,
        "account": account.key,
        "post": comment.post,
        "parent": comment.parent,
        "speaker": comment.speaker,
        "posted_at": comment.posted_at,
        "first_seen_at": now,
    }
    seen = {"ref": comment.ref, "visibility": comment.visibility, "revision": revision, "seen_at": now}
    return Line(
        kind="comment.recorded",
        ref=comment.ref,
        agent=DAEMON,
        at=now,
        detail={"to": State.OBSERVED, "revision": revision},
        rows=[
            (tables.comment, row),
            (tables.revision, _wording(comment, revision, 1, now)),
            (tables.sighting, seen),
        ],
    )


def _take_again(
    tx: Tx, comments: Sequence[Comment], known: dict[Ref, Case], seen_at: datetime, now: datetime
) -> Counter[Event | None]:
    """Take in comments that are known already; count what happened, None for nothing. The unchanged cost nothing."""
    happened: Counter[Event | None] = Counter()
    for comment in comments:
        case = known[comment.ref]
        if _same(case, comment):
            happened[None] += 1
            continue
        events = _take(tx, case, _as_sighting(comment, seen_at), now)
        happened.update(events)
        happened[None] += not events
        known[comment.ref] = _case(tx, comment.ref)
    return happened


def _same(case: Case, comment: Comment) -> bool:
    """Whether there is nothing to do: same words, same visibility, and a state in which being seen means nothing."""
    return (
        comment.revision == case.revision
        and comment.visibility in {case.visibility, Visibility.UNKNOWN}
        and case.state not in {State.GONE, State.ENFORCED}
    )


def _take(tx: Tx, case: Case, sighting: Sighting, now: datetime) -> list[Event]:
    """Record what was shown of a known comment, then move its case; give what happened to it."""
    if sighting.visibility is Visibility.GONE:
        sighting = replace(sighting, comment=None)  # what stands in its place is not the author's words
    events = list(_events(tx, case, sighting))
    _record_sighting(tx, case, sighting, now)
    for event, why in events:
        cases.advance(tx, case.ref, event, agent=DAEMON, now=now, why=why)
        if event is Event.EDITED:
            against = (Action.HIDE, Action.DELETE)
            orders.cancel_waiting(tx, case.ref, "the comment was edited", now, actions=against)
        elif event is Event.VANISHED:
            orders.cancel_waiting(tx, case.ref, "the comment is gone", now)
    return [event for event, _ in events]


def _events(tx: Tx, case: Case, sighting: Sighting) -> Iterator[tuple[Event, str]]:
    """What a sighting means for a case, in the order in which it is to be told."""
    if sighting.visibility is Visibility.GONE:
        if allows(case.state, Event.VANISHED) and not _deleted_by_us(tx, case.ref):
            yield Event.VANISHED, "the platform no longer has it"
        return
    if case.state is State.GONE and _shown(sighting):
        yield Event.REAPPEARED, "the platform shows it again"
    if sighting.revision not in {None, case.revision}:
        yield Event.EDITED, "it has other words now"
    elif case.state is State.ENFORCED and _undone(tx, case, sighting):
        yield Event.RESURFACED, "someone on the platform made it visible again"


def _shown(sighting: Sighting) -> bool:
    """Whether the comment is there, hidden or not: the platform says so, or gives its words."""
    return sighting.comment is not None or sighting.visibility in {Visibility.VISIBLE, Visibility.HIDDEN}


def _deleted_by_us(tx: Tx, ref: Ref) -> bool:
    """Whether it is gone because of an order of ours: carried out, or begun and about to be confirmed."""
    last = orders.carried_out(tx, ref)
    waits = orders.waiting_for(tx, ref)
    begun = waits is not None and waits.action is Action.DELETE and waits.attempts > 0
    return begun or (last is not None and last.action is Action.DELETE)


def _undone(tx: Tx, case: Case, sighting: Sighting) -> bool:
    """Whether somebody undid what we did: seen after we did it, and not while our own order to show it waits."""
    last = orders.carried_out(tx, case.ref)
    if last is None or sighting.seen_at < case.since or orders.waiting_for(tx, case.ref) is not None:
        return False
    if last.action is Action.DELETE:
        return _shown(sighting)
    return last.action is Action.HIDE and sighting.visibility is Visibility.VISIBLE


def _record_sighting(tx: Tx, case: Case, sighting: Sighting, now: datetime) -> None:
    """Record a wording that is new, and the sighting if it differs from what was seen last."""
    revision = sighting.revision or case.revision
    visibility = case.visibility if sighting.visibility is Visibility.UNKNOWN else sighting.visibility
    if (revision, visibility) == (case.revision, case.visibility):
        return
    seen = {
        "ref": case.ref,
        "visibility": sighting.visibility,
        "revision": sighting.revision,
        "seen_at": sighting.seen_at,
    }
    rows: list[tuple[Any, dict[str, Any]]] = [(tables.sighting, seen)]
    numbers = _numbers(tx, case.ref)
    fresh = sighting.comment is not None and revision not in numbers
    if sighting.comment is not None and fresh:
        rows.insert(0, (tables.revision, _wording(sighting.comment, revision, len(numbers) + 1, now)))
    line = ledger.append(
        tx,
        kind="revision.recorded" if fresh else "sighting.recorded",
        ref=case.ref,
        agent=DAEMON,
        at=now,
        detail={"visibility": sighting.visibility, "revision": revision},
        rows=rows,
    )
    if sighting.comment is not None and fresh:
        full_text.add(tx, _as_written([line.seq], [sighting.comment]))
        media.expect(tx, case.account_key, case.ref, revision, sighting.comment.attachments)
    shown: dict[str, Any] = {"revision": revision, "visibility": visibility}
    if sighting.comment is not None:
        shown["author_id"] = sighting.comment.author.id
    tx.execute(update(tables.case_).where(tables.case_.c.ref == case.ref).values(shown))


# Asking ---------------------------------------------------------------------------------------------------------------


def comment(tx: Tx, ref: Ref, revision: str | None = None) -> Comment:
    """Give a comment in one wording (the present one, if none is named), with the platform's bytes.

    Its visibility is what was last seen, whatever the wording. Raises `Unrecorded`.
    """
    wording = tables.case_.c.revision if revision is None else revision
    row = tx.execute(_wordings().where(_revision.ref == ref, _revision.revision == wording)).one_or_none()
    if row is None:
        raise Unrecorded(ref if revision is None else f"{ref} in wording {revision}")
    return _comment(row)


def comments(tx: Tx, refs: Iterable[Ref]) -> dict[Ref, Comment]:
    """Give these comments in their present wordings; what was never recorded is left out."""
    query = _wordings().where(_revision.ref.in_(list(refs)), _revision.revision == tables.case_.c.revision)
    return {row.ref: _comment(row) for row in tx.execute(query)}


def _wordings() -> Select[Any]:
    """Every wording with its comment, and the visibility that was last seen."""
    case = tables.case_
    return (
        select(tables.revision, tables.comment, case.c.visibility)
        .join(tables.comment, tables.comment.c.ref == _revision.ref)
        .join(case, case.c.ref == _revision.ref)
    )


def _comment(row: Row[Any]) -> Comment:
    return Comment(
        ref=row.ref,
        post=row.post,
        parent=row.parent,
        author=_author(row),
        speaker=row.speaker,
        text=row.text,
        posted_at=row.posted_at,
        url=row.url,
        visibility=row.visibility,
        attachments=_attachments(row),
        raw=row.raw,
    )


def first_seen(tx: Tx, ref: Ref) -> datetime:
    """Give when a comment was first recorded (UTC). Raises `Unrecorded`."""
    query = select(tables.comment.c.first_seen_at).where(tables.comment.c.ref == ref)
    seen: datetime | None = tx.execute(query).scalar_one_or_none()
    if seen is None:
        raise Unrecorded(ref)
    return seen


def post(tx: Tx, ref: Ref, *, before: int | None = None) -> Post:
    """Give a post in its newest wording, or as it was before that line of the ledger. Raises `Unrecorded`."""
    post = tables.post
    query = select(post).where(post.c.ref == ref).order_by(post.c.number.desc()).limit(1)
    row = tx.execute(query if before is None else query.where(post.c.entry < before)).one_or_none()
    if row is None:
        raise Unrecorded(ref)
    return Post(
        ref=row.ref,
        author=_author(row),
        text=row.text,
        posted_at=row.posted_at,
        url=row.url,
        attachments=_attachments(row),
        raw=row.raw,
    )


def thread(tx: Tx, ref: Ref, *, before: int | None = None) -> list[Comment]:
    """Give the comments above this one, the first of the thread first. Those never recorded are left out.

    With `before`, as they were before that line of the ledger.
    """
    above: list[Comment] = []
    passed = {ref}
    parent = comment(tx, ref).parent
    while parent is not None and parent not in passed:
        revision = wording(tx, parent, before=before)
        if revision is None:
            break
        passed.add(parent)
        above.append(comment(tx, parent, revision))
        parent = above[-1].parent
    return above[::-1]


def wording(tx: Tx, ref: Ref, *, before: int | None = None) -> str | None:
    """Give which wording a comment has, or had before that line of the ledger; None if it was not recorded yet."""
    if before is None:
        case = cases.case(tx, ref)
        return case.revision if case else None
    seen = tables.sighting.c
    sightings = select(seen.revision).where(seen.ref == ref, seen.revision.is_not(None), seen.entry < before)
    first = select(_revision.revision).where(_revision.ref == ref, _revision.number == 1, _revision.entry < before)
    found: str | None = tx.execute(sightings.order_by(seen.entry.desc()).limit(1)).scalar_one_or_none()
    return found or tx.execute(first).scalar_one_or_none()


def authors_since(tx: Tx, after: int, accounts: Collection[str]) -> Iterator[Seen]:
    """Give who of the public wrote what was recorded after that line of the ledger, first comments and then posts.

    Only under these accounts of the City; once for each wording, oldest first.
    """
    said, post = tables.comment.c, tables.post
    comments: Select[Any] = select(
        _revision.ref, *_identity(tables.revision), _revision.url, _revision.seen_at
    ).join_from(tables.revision, tables.comment, said.ref == _revision.ref)
    comments = comments.where(_revision.entry > after, said.speaker == Speaker.PUBLIC, said.account.in_(accounts))
    posts: Select[Any] = select(post.c.ref, *_identity(post), post.c.url, post.c.seen_at).where(
        post.c.entry > after, post.c.account.in_(accounts)
    )
    for query in (comments.order_by(_revision.entry), posts.order_by(post.c.entry)):
        for row in tx.execute(query):
            yield Seen(ref=row.ref, author=_author(row), url=row.url, at=row.seen_at)


def _identity(table: Table) -> list[Column[Any]]:
    return [table.c[f"author_{name}"] for name in ("id", "name", "handle", "url")]


def same_author(tx: Tx, of: Comment, within: timedelta, *, most: int) -> list[Said]:
    """Give what the account that wrote a comment wrote besides within that time before it and after it, in order.

    On all accounts of the City on that platform. No more than `most` before and `most` after, the nearest; nothing
    where the platform does not say who wrote. What is gone is left out.
    """
    if of.author.id is None:
        return []
    asked = {"platform": of.ref.platform, "author": of.author.id, "own": of.ref, "most": most, "at": of.posted_at}
    before = tx.execute(_BEFORE, asked | {"earliest": of.posted_at - within}).all()
    after = tx.execute(_AFTER, asked | {"latest": of.posted_at + within}).all()
    return [
        Said(
            ref=row.ref,
            text=row.text,
            posted_at=row.posted_at,
            attachments=_attachments(row),
            answers=row.parent is not None and row.answered != of.author.id,
            shown=row.visibility is not Visibility.HIDDEN and row.state not in _ON_THE_WAY_OUT,
        )
        for row in (*reversed(before), *after)
    ]


def is_shown(tx: Tx, ref: Ref) -> bool:
    """Whether, as far as is on record, the public can see a comment and nothing is about to hide it."""
    case = _case(tx, ref)
    seen = case.state is not State.GONE and case.visibility not in (Visibility.HIDDEN, Visibility.GONE)
    return seen and case.state not in _ON_THE_WAY_OUT


def _said_by_one() -> tuple[Select[Any], Select[Any]]:
    """The questions of `same_author`: before and after. Built once, since they are asked of every comment."""
    case, comment, above = tables.case_.c, tables.comment.c, tables.case_.alias("above")
    columns = (case.ref, case.state, case.visibility, case.posted_at, _revision.text, _revision.attachments)
    query = (
        select(*columns, comment.parent, above.c.author_id.label("answered"))
        .join_from(tables.case_, tables.revision, (_revision.ref == case.ref) & (_revision.revision == case.revision))
        .join(tables.comment, comment.ref == case.ref)
        .join(above, above.c.ref == comment.parent, isouter=True)
        .where(case.platform == bindparam("platform"), case.author_id == bindparam("author"))
        .where(case.ref != bindparam("own"), case.state != State.GONE, case.visibility != Visibility.GONE)
        .limit(bindparam("most"))
    )
    before = query.where(case.posted_at.between(bindparam("earliest"), bindparam("at")))
    after = query.where(case.posted_at > bindparam("at"), case.posted_at <= bindparam("latest"))
    return before.order_by(case.posted_at.desc()), after.order_by(case.posted_at)


_BEFORE, _AFTER = _said_by_one()


def answers_another(tx: Tx, of: Comment) -> bool:
    """Whether a comment was written in answer to somebody else's comment; if that was never recorded, it was."""
    if of.parent is None:
        return False
    case = tables.case_.c
    answered = tx.execute(select(case.author_id).where(case.ref == of.parent)).scalar_one_or_none()
    return answered is None or answered != of.author.id


def wordings(tx: Tx, ref: Ref) -> list[str]:
    """Give every text that a comment ever had, oldest first."""
    query = select(_revision.text).where(_revision.ref == ref).order_by(_revision.number)
    return list(tx.execute(query).scalars())


def history(tx: Tx, ref: Ref) -> list[Comment]:
    """Give a comment in every wording that it ever had, oldest first. Raises `Unrecorded`."""
    query = select(_revision.revision).where(_revision.ref == ref).order_by(_revision.number)
    found = [comment(tx, ref, revision) for revision in tx.execute(query).scalars()]
    if not found:
        raise Unrecorded(ref)
    return found


def counts(tx: Tx) -> dict[str, int]:
    """Count what has been recorded, by what it is."""
    counted = {
        "posts": select(func.count(func.distinct(tables.post.c.ref))),
        "comments": select(func.count()).select_from(tables.comment),
        "revisions": select(func.count()).select_from(tables.revision),
        "sightings": select(func.count()).select_from(tables.sighting),
        "verdicts": select(func.count()).select_from(tables.verdict),
        "evidence": select(func.count()).select_from(tables.evidence),
        "orders": select(func.count()).select_from(tables.order_),
        "ledger": select(tables.ledger_head.c.seq),  # every line has its number
    }
    return {what: int(tx.execute(query).scalar_one()) for what, query in counted.items()}


# Nouns and rows -------------------------------------------------------------------------------------------------------


def _case(tx: Tx, ref: Ref) -> Case:
    found = cases.case(tx, ref)
    if found is None:
        raise Unrecorded(ref)
    return found


def _as_sighting(comment: Comment, seen_at: datetime) -> Sighting:
    return Sighting(ref=comment.ref, visibility=comment.visibility, seen_at=seen_at, comment=comment)


def _numbers(tx: Tx, ref: Ref) -> set[str]:
    return set(tx.execute(select(_revision.revision).where(_revision.ref == ref)).scalars())


def _wording(of: Post | Comment, revision: str, number: int, now: datetime) -> dict[str, Any]:
    """The columns in which posts and comments keep one wording of theirs."""
    return {
        "ref": of.ref,
        "revision": revision,
        "number": number,
        "author_id": of.author.id,
        "author_name": of.author.name,
        "author_handle": of.author.handle,
        "author_url": of.author.url,
        "text": of.text,
        "url": of.url,
        "attachments": [{"id": a.id, "kind": a.kind, "url": a.url, "alt": a.alt} for a in of.attachments],
        "raw": of.raw,
        "seen_at": now,
    }


def _author(row: Row[Any]) -> Author:
    return Author(id=row.author_id, name=row.author_name, handle=row.author_handle, url=row.author_url)


def _attachments(row: Row[Any]) -> tuple[Attachment, ...]:
    return tuple(Attachment(**each) for each in row.attachments)
