"""Finds what was recorded by its words: every wording of every comment and post of the City, the newest first.

What is asked for are words, never a query language: nothing that somebody types can be more than words to look for. A
word that is written in several (``don't``, ``#FixIt2026``, a web address, Chinese) stands for all of them in a row; one
that ends in ``*`` for all that begin so. All words must be there, in any order, or as one phrase. How words are cut and
compared, and what is therefore not found, is told in archive/words.py.

The order is that of recording, newest first, and pages follow one another by the ledger line of the last one found: so
nothing is skipped or shown twice, whatever is recorded meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, literal, or_, select

from archive import full_text, ledger, tables
from archive.cases import GROUND_NAMED
from archive.full_text import Term
from archive.stored import canonical
from archive.words import places, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from archive.database import Tx
    from archive.words import Place
    from bot.domain.states import State
    from bot.domain.types import Ref, Visibility

WIDTH = 160
"""Characters of a text that a snippet shows, more or less."""
_SOON = 20
MOST = 1_000
"""As many at most are found at once."""
_BEFORE_WRITTEN = timedelta(days=7)
"""Nobody records a comment before it was written; clocks of platforms may be off by so much at most."""

_PLAIN = ("ref", "revision", "number", "author_id", "author_name", "author_handle", "url", "seen_at")
_ELSE = ("key", "post", "account", "posted_at", "state", "visibility")

_revision, _comment, _case, _post = tables.revision.c, tables.comment.c, tables.case_.c, tables.post.c


class NothingToFind(Exception):
    """There are no words to look for. The text says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is looked for: `words` in the text and `author` in the author's names (one of both at least), and limits.

    `phrase`: the words stand in a row, as given. `account` is a key (``platform:id``), `accounts` are those
    that whoever asks may see. `clause`: some rule, not on
    trial, met that very wording under this clause, or a person named it. `state` and `visibility` are the case's
    present ones. `since` and `until` (not included) are about when it was written. `before` is the key of the last one
    on the page before. With `clause`, `state` or `visibility` posts are left out, since nobody moderates them.
    """

    words: str = ""
    phrase: bool = False
    author: str = ""
    account: str | None = None
    accounts: frozenset[str] | None = None
    clause: str | None = None
    state: State | None = None
    visibility: Visibility | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """A part of a text, verbatim, with the `places` in it that matched (start, end). `cut`: more before, more after."""

    text: str
    places: tuple[tuple[int, int], ...]
    cut: tuple[bool, bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One wording that was found. `key` is the ledger line it was recorded with; `number` counts wordings from 1.

    `case` is None for a post of the City. `present`: it has these words now, as far as is known. `asked`: what it was
    found by.
    """

    key: int
    ref: Ref
    post: Ref
    revision: str
    number: int
    present: bool
    account: str
    author_id: str | None
    author_name: str | None
    author_handle: str | None
    url: str
    text: str
    asked: tuple[Term, ...]
    posted_at: datetime
    seen_at: datetime
    state: State | None
    visibility: Visibility | None

    @property
    def is_post(self) -> bool:
        """Whether it is a post of the City, and no comment."""
        return self.state is None

    @property
    def snippet(self) -> Snippet:
        """The part of the text to be shown, worked out each time."""
        return snippet(self.text, self.asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What was found, newest first; `next` is the `Query.before` of the next page, None if there is none."""

    found: tuple[Found, ...]
    next: int | None


def search(tx: Tx, query: Query) -> Page:
    """Find one page. Raises `NothingToFind` if the query holds no word, ValueError for a limit out of bounds."""
    if not 0 < query.limit <= MOST:
        message = f"{query.limit} is no limit; between 1 and {MOST} are found at once"
        raise ValueError(message)
    text = terms(query.words, phrase=query.phrase)
    author = terms(query.author)
    if not text and not author:
        message = "name words to look for, or an author: letters, figures, characters or signs, not punctuation alone"
        raise NothingToFind(message)
    rows = tx.execute(_question(tx, query, text, author).limit(query.limit + 1)).all()
    found = tuple(_found(row, text) for row in rows[: query.limit])
    return Page(found=found, next=found[-1].key if len(rows) > query.limit else None)


def terms(asked: str, *, phrase: bool = False) -> tuple[Term, ...]:
    """Cut what is asked for into terms. A ``*`` at the end of a word lets its last part go on; any other is nothing."""
    parts = [asked] if phrase else asked.split()
    cut = (Term(tuple(words(part)), prefix=part.rstrip().endswith("*")) for part in parts)
    return tuple(dict.fromkeys(term for term in cut if term.words))


# Asking ---------------------------------------------------------------------------------------------------------------


def _question(tx: Tx, query: Query, text: Sequence[Term], author: Sequence[Term]) -> Select[Any]:
    index = full_text.index.c
    hits = select(index.rowid).where(full_text.met(tx.dialect.name, text=text, author=author))
    if query.before is not None:
        hits = hits.where(index.rowid < query.before)
    if query.since is not None:
        hits = hits.where(index.rowid >= ledger.first_since(tx, query.since - _BEFORE_WRITTEN))
    # PostgreSQL would rather walk the whole record, newest first, than ask the index for a word that is rare.
    hit = hits.cte("hit").prefix_with("MATERIALIZED", dialect="postgresql")
    columns = [func.coalesce(_revision[name], _post[name]).label(name) for name in (*_PLAIN, "text")]
    return (
        select(
            hit.c.rowid.label("key"),
            *columns,
            func.coalesce(_comment.post, _post.ref).label("post"),
            func.coalesce(_comment.account, _post.account).label("account"),
            func.coalesce(_comment.posted_at, _post.posted_at).label("posted_at"),
            _case.state,
            _case.visibility,
            _present().label("present"),
        )
        .select_from(hit)
        .join(tables.revision, _revision.entry == hit.c.rowid, isouter=True)
        .join(tables.comment, _comment.ref == _revision.ref, isouter=True)
        .join(tables.case_, _case.ref == _revision.ref, isouter=True)
        .join(tables.post, _post.entry == hit.c.rowid, isouter=True)
        .where(*_limits(query))
        .order_by(hit.c.rowid.desc())
    )


def _present() -> ColumnElement[bool]:
    """The condition that a comment, or a post, has these words now."""
    other = tables.post.alias("other")
    later = select(1).where(other.c.ref == _post.ref, other.c.number > _post.number).exists()
    return or_(_case.revision == _revision.revision, and_(_post.ref.is_not(None), ~later))


def _limits(query: Query) -> Iterator[ColumnElement[bool]]:
    posted_at = func.coalesce(_comment.posted_at, _post.posted_at)
    yield ~select(1).where(tables.withheld.c.ref == _revision.ref).exists()  # nobody may be shown it; see withheld.py
    if query.account is not None:
        yield func.coalesce(_comment.account, _post.account) == query.account
    if query.accounts is not None:
        yield func.coalesce(_comment.account, _post.account).in_(query.accounts)
    if query.since is not None:
        yield posted_at >= query.since
    if query.until is not None:
        yield posted_at < query.until
    if query.state is not None:
        yield _case.state == query.state
    if query.visibility is not None:
        yield _case.visibility == query.visibility
    if query.clause is not None:
        yield or_(_met_under(query.clause), _named_under(query.clause))


def _met_under(clause: str) -> ColumnElement[bool]:
    verdict, match = tables.verdict.c, tables.match_.c
    on_it = select(1).join_from(tables.verdict, tables.match_, match.verdict == verdict.id)
    about = on_it.where(verdict.ref == _revision.ref, verdict.revision == _revision.revision)
    return about.where(match.clause == clause, match.shadow == False).exists()  # noqa: E712 - a column's condition


def _named_under(clause: str) -> ColumnElement[bool]:
    """A person named the clause. The ledger's detail is canonical JSON, in which no text can look like a member."""
    line = tables.ledger.c
    named = select(1).where(line.ref == _revision.ref, line.kind == GROUND_NAMED)
    revision = literal('"revision":"') + _revision.revision + '"'
    return named.where(
        line.detail.contains(f'"clause":{canonical(clause)}', autoescape=True), line.detail.contains(revision)
    ).exists()


def _found(row: Row[Any], asked: tuple[Term, ...]) -> Found:
    values = {name: getattr(row, name) for name in (*_PLAIN, *_ELSE)}
    return Found(present=bool(row.present), text=row.text, asked=asked, **values)


# Showing --------------------------------------------------------------------------------------------------------------


def snippet(text: str, asked: Sequence[Term], width: int = WIDTH) -> Snippet:
    """Cut a text around the first place that matched, at its beginning if none did; a short one is given whole."""
    matched = matching(text, asked)
    if len(text) <= width:
        return Snippet(text=text, places=matched, cut=(False, False))
    first, last = matched[0] if matched else (0, 0)
    start = max(0, min(first - width // 3, len(text) - width))
    start = min(start and _after_space(text, start), first)
    end = max(_before_space(text, min(start + width, len(text))), last)
    shown = tuple((at - start, min(to, end) - start) for at, to in matched if start <= at < end)
    return Snippet(text=text[start:end], places=shown, cut=(start > 0, end < len(text)))


def _after_space(text: str, at: int) -> int:
    """Where a word begins, at `at` or soon after it; `at` itself in a script without spaces."""
    return next((here + 1 for here in range(at, min(at + _SOON, len(text))) if text[here].isspace()), at)


def _before_space(text: str, at: int) -> int:
    """Where a word ends, at `at` or soon before it."""
    if at >= len(text):
        return len(text)
    return next((here for here in range(at, max(at - _SOON, 0), -1) if text[here].isspace()), at)


def matching(text: str, asked: Sequence[Term]) -> tuple[tuple[int, int], ...]:
    """Give every place of a text where one of the terms stands (start, end), in order, those that touch as one."""
    stand = places(text)
    found = sorted(span for term in asked for span in _standing(stand, term))
    merged: list[tuple[int, int]] = []
    for start, end in found:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def _standing(stand: Sequence[Place], term: Term) -> Iterator[tuple[int, int]]:
    *firsts, last = term.words
    for at in range(len(stand) - len(firsts)):
        if any(stand[at + number].word != word for number, word in enumerate(firsts)):
            continue
        end = stand[at + len(firsts)]
        if end.word == last or (term.prefix and end.word.startswith(last)):
            yield stand[at].start, end.end
