"""The full-text index: which words stand in which wording of a post or comment, and in its author's names.

An index of its own on each engine (FTS5 on SQLite, tsvector with GIN on PostgreSQL), of the same words: both are handed
the words as archive/words.py cuts them and cut nothing themselves. A wording is known in it by the ledger line that it
was recorded with, which numbers wordings of all kinds in the order of their recording. Written in the transaction that
records the wording; it holds nothing that cannot be told from the record again (`rebuild`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    MetaData,
    Table,
    Text,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import TSQUERY

from archive import tables
from archive.words import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Connection

    from bot.domain.types import Author

NAME = "full_text"
PAGE = 500
_WORDINGS = (tables.post, tables.revision)
_LAST_PLACE, _MOST_PLACES = 16_383, 255  # PostgreSQL's own limits; what is beyond them is found, but not as a phrase

index = Table(
    NAME, MetaData(), Column("rowid", Integer, primary_key=True), Column("words", Text), Column("author", Text)
)
"""Apart from the other tables, since on SQLite it is a virtual one with tables of its own behind it."""

# The tokenizer `ascii` parts at ASCII spaces and takes every other character as it is; `content=''`: no second copy of
# the words is kept.
_SQLITE = [f"CREATE VIRTUAL TABLE {NAME} USING fts5(words, author, content='', tokenize='ascii')"]
_POSTGRESQL = [
    f"CREATE TABLE {NAME} (rowid integer PRIMARY KEY REFERENCES ledger (seq), words tsvector, author tsvector)",
    f"CREATE INDEX ix_{NAME}_words ON {NAME} USING gin (words)",
    f"CREATE INDEX ix_{NAME}_author ON {NAME} USING gin (author)",
]
_INSERT = {
    "sqlite": f"INSERT INTO {NAME} (rowid, words, author) VALUES (?, ?, ?)",  # noqa: S608 - a name of ours
    "postgresql": f"INSERT INTO {NAME} (rowid, words, author) VALUES (%s, %s::tsvector, %s::tsvector)",  # noqa: S608
}

_FORGET = f"INSERT INTO {NAME} ({NAME}, rowid, words, author) VALUES ('delete', ?, ?, ?)"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Term:
    """Words that must stand one after the other; with `prefix`, the last may go on."""

    words: tuple[str, ...]
    prefix: bool = False


def create(tx: Connection) -> None:
    """Make the index. Raises sqlalchemy's OperationalError where SQLite was built without FTS5."""
    for statement in _SQLITE if tx.dialect.name == "sqlite" else _POSTGRESQL:
        tx.execute(text(statement))


def add(tx: Connection, wordings: Iterable[tuple[int, str, Author]]) -> None:
    """Index wordings that were just recorded: each with its ledger line, its text and its author."""
    _add(tx, [(entry, said, names_of(author)) for entry, said, author in wordings])


def forget(tx: Connection, entries: Sequence[int]) -> None:
    """Take the words of these comments' wordings out of the index, before they are destroyed on record.

    What is destroyed must not lie on in an old part of the index, so SQLite's is written anew, which takes time.
    """
    wordings = _wordings(tx, entries)
    if not wordings:
        return
    if tx.dialect.name == "sqlite":
        tx.exec_driver_sql(_FORGET, [(entry, *cut) for entry, *cut in _cut("sqlite", wordings)])
        tx.exec_driver_sql(f"INSERT INTO {NAME} ({NAME}) VALUES ('optimize')")  # noqa: S608 - a name of ours
        return
    emptied: dict[str, Any] = {"words": literal_column("''::tsvector"), "author": literal_column("''::tsvector")}
    tx.execute(update(index).where(index.c.rowid.in_([row[0] for row in wordings])).values(emptied))


def index_again(tx: Connection, entries: Sequence[int]) -> None:
    """Index what the record says of these wordings now, after `forget`."""
    if tx.dialect.name == "sqlite":
        _add(tx, _wordings(tx, entries))


def rebuild(tx: Connection) -> int:
    """Index every wording of every post and comment on record that is not yet; give how many."""
    done = 0
    for page in _recorded(tx):
        known = set(tx.execute(select(index.c.rowid).where(index.c.rowid.in_([row[0] for row in page]))).scalars())
        fresh = [row for row in page if row[0] not in known]
        _add(tx, fresh)
        done += len(fresh)
    return done


def missing(tx: Connection) -> int:
    """Count the wordings on record that are not in the index."""
    entries = (select(table.c.entry).where(table.c.entry.not_in(select(index.c.rowid))) for table in _WORDINGS)
    return sum(int(tx.execute(select(func.count()).select_from(one.subquery())).scalar_one()) for one in entries)


def names_of(author: Author) -> str:
    """What an author is found by: identifier, name and handle."""
    return " ".join(name for name in (author.id, author.name, author.handle) if name)


def met(dialect: str, *, text: Sequence[Term], author: Sequence[Term]) -> ColumnElement[bool]:
    """The condition that all these terms stand in a wording's text, and in its author's names; one at least is given.

    The engines' own query languages are spoken here alone, and only with words that hold none of their signs.
    """
    asked = [(column, terms) for column, terms in (("words", text), ("author", author)) if terms]
    if dialect == "sqlite":
        parts = [f"{column} : {_fts5(term)}" for column, terms in asked for term in terms]
        return literal_column(NAME).op("MATCH", is_comparison=True)(" AND ".join(parts))
    return and_(
        *(index.c[column].op("@@", is_comparison=True)(_tsquery(terms)) for column, terms in asked),
    )


def _fts5(term: Term) -> str:
    return f'"{" ".join(term.words)}"' + (" *" if term.prefix else "")


def _tsquery(terms: Sequence[Term]) -> ColumnElement[Any]:
    phrases = [" <-> ".join(f"'{word}'" for word in term.words) + (":*" if term.prefix else "") for term in terms]
    return cast(bindparam(None, " & ".join(f"({phrase})" for phrase in phrases), Text), TSQUERY)


def _tsvector(found: Sequence[str]) -> str:
    """The words with their places, as PostgreSQL writes them; beyond its last place it knows no order."""
    stand: dict[str, list[str]] = {}
    for place, word in enumerate(found, start=1):
        stand.setdefault(word, []).append(str(min(place, _LAST_PLACE)))
    return " ".join(f"'{word}':{','.join(at[:_MOST_PLACES])}" for word, at in stand.items())


def _add(tx: Connection, rows: Sequence[tuple[int, str, str]]) -> None:
    dialect = tx.dialect.name
    if rows:
        tx.exec_driver_sql(_INSERT[dialect], _cut(dialect, rows))


def _cut(dialect: str, rows: Sequence[tuple[int, str, str]]) -> list[tuple[int, str, str]]:
    write = " ".join if dialect == "sqlite" else _tsvector
    return [(entry, write(words(said)), write(words(names))) for entry, said, names in rows]


def _wordings(tx: Connection, entries: Sequence[int]) -> list[tuple[int, str, str]]:
    row = tables.revision.c
    query = select(row.entry, row.text, row.author_id, row.author_name, row.author_handle)
    return [_wording(one) for one in tx.execute(query.where(row.entry.in_(entries)).order_by(row.entry))]


def _wording(row: Sequence[Any]) -> tuple[int, str, str]:
    """A row of line, text and the author's names, with the names in one."""
    return row[0], row[1], " ".join(name for name in row[2:] if name)


def _recorded(tx: Connection) -> Iterator[list[tuple[int, str, str]]]:
    """Every wording on record, in pages."""
    for table in _WORDINGS:
        row = table.c
        query = select(row.entry, row.text, row.author_id, row.author_name, row.author_handle).order_by(row.entry)
        after = 0
        while page := tx.execute(query.where(row.entry > after).limit(PAGE)).all():
            yield [_wording(one) for one in page]
            after = page[-1].entry
