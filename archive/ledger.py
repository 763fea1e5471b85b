"""The diary: every change of anything, one line each, chained by hash, written with the rows it vouches for.

A line's hash is the SHA-256 (hex) of the previous line's hash followed by the line's canonical JSON
``{"agent":…,"at":…,"detail":…,"kind":…,"ref":…,"seq":…}`` in UTF-8, so that the chain can be followed with
``sha256sum`` alone. The first line follows sixty-four zeros. Rows of append-only tables are written by `append` and by
nothing else: the line's detail says under ``rows`` which tables, with each row's own hash, and each row names the line.

Kinds of lines, by what writes them:

==========================================  ===========================================================================
``account.``                                registered changed polling_failed polling_recovered limited stopped resumed
``post.`` ``comment.`` ``revision.``        recorded (a comment's first line also opens its case)
``sighting.``                               recorded (the platform shows it otherwise than before)
``case.`` + event                           the event's name as in bot/domain/states.py: cleared, referred, marked, …
``verdict.`` ``decision.``                  recorded
``comment.withheld``                        (suspected to show the sexual abuse of a child)
``ground.``                                 named (the clause under which a person refers or upholds)
``document.``                               kept
``media.``                                  kept missed left (a file that came with a post or comment)
``evidence.``                               sealed acknowledged (as received for the City's files)
``order.``                                  placed confirmed attested refused cancelled
``attempt.``                                begun ended
``intake.``                                 entered gone (what staff saw; by whom)
``upload.`` ``received.``                   kept
``task.``                                   attested (what staff say they did) attended (that they looked)
``request.``                                opened extended redacted unredacted exported closed (records requests)
``registry.``                               asked modified approved denied revoked launched named adopted credentials
                                            left (the City's sites, and who answered for them and has left)
``pause.``                                  begun ended expired
``mailbox.`` ``dropped.``                   failed; answers (the mailbox again)
``mail.``                                   queued sent failed (the first failure and each tenth)
``webhook.``                                queued sent failed (alarms by the webhook, likewise)
``digest.``                                 marked
``push.``                                   refused (how many since the last such line)
``daemon.failed`` ``pause.file``            written by the daemon itself
``day.rooted`` ``stamp.``                   kept failed answers (roots of days; authorities' time stamps)
``archive.``                                verified failed (checks of it) backed_up
``stream.broken``                           likewise, if a platform's line of news does not hold
``daemon.started`` ``daemon.gone``          a daemon begins; is not heard of any more, say the others
``gap.``                                    recorded (an account was not read for longer than its interval allows)
``profile.``                                recorded changed failed (the City's own page)
``followers.`` ``counts.``                  counted; recorded (reactions and replies that changed)
``hold.``                                   added released
``disposition.``                            proposed approved carried_out finished (what a kill left over)
``staff.``                                  added changed proofs_changed disabled enabled locked bound (the console's)
``post.advised`` ``posts.looked_at``        what the City's own posts lack, for their authors
``notice.`` ``notices.looked_at``           begun sent refused unknown (to authors whose comment was hidden)
``appeal.``                                 opened decided
``review.second`` ``consistency.reported``  a second opinion; each week's report on decisions that differ
``jobs.missed``                             written by the daemon: what did not run when it should have
``canary.``                                 passed failed skipped (the daily test of the whole line, on a stand-in)
``token.``                                  checked failed (the daily check of an account's credential)
``backup.``                                 failed thinned (nightly; one that was made is archive.backed_up)
``copy.``                                   stored failed answers (evidence and media in the bucket; see copies.py)
==========================================  ===========================================================================
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from hashlib import sha256
from json.encoder import encode_basestring as _quoted
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from archive import tables
from archive.rows import fetch
from archive.stored import canonical, read_agent, read_utc, utc_text
from bot.domain.types import Agent, AgentKind, Ref

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Table

    from archive.stored import Json

GENESIS = "0" * 64
DAEMON = Agent(kind=AgentKind.DAEMON, name="citymod")
"""Who notes what nobody decided: what a platform showed, that a time ran out."""
PAGE = 1000
_COLUMNS = ("seq", "at", "kind", "ref", "agent", "detail", "previous", "hash")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line to be written, with the `rows` of append-only tables (values by column name) that come with it."""

    kind: str
    agent: Agent
    at: datetime
    ref: Ref | None = None
    detail: Mapping[str, Json] = field(default_factory=dict)
    rows: Sequence[tuple[Table, Mapping[str, Any]]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A written line. `previous` and `hash` are SHA-256 in hex."""

    seq: int
    at: datetime
    kind: str
    ref: Ref | None
    agent: Agent
    detail: Mapping[str, Any]
    previous: str
    hash: str

    @property
    def anchor(self) -> str:
        """The line's number and hash in one word, for keeping outside the database: ``1234:ab12…``."""
        return f"{self.seq}:{self.hash}"


def append(  # noqa: PLR0913 - one word for each part of a line
    tx: Connection,
    *,
    kind: str,
    agent: Agent,
    at: datetime,
    ref: Ref | None = None,
    detail: Mapping[str, Json] | None = None,
    rows: Sequence[tuple[Table, Mapping[str, Any]]] = (),
) -> Entry:
    """Write one line, and with it the `rows` that it vouches for. See `append_all`."""
    return _entry(_write(tx, [Line(kind=kind, ref=ref, agent=agent, at=at, detail=detail or {}, rows=rows)])[0])


def append_all(tx: Connection, lines: Sequence[Line]) -> list[int]:
    """Write lines in their order, then the rows that come with them, and move the head; give the lines' numbers.

    Raises sqlalchemy's IntegrityError where a row exists already or points to nothing; the transaction is then lost.
    """
    return [values["seq"] for values in _write(tx, lines)]


def _write(tx: Connection, lines: Sequence[Line]) -> list[dict[str, Any]]:
    if not lines:
        return []
    previous, seq = kept_head(tx)
    written: list[dict[str, Any]] = []
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for seq, line in enumerate(lines, start=seq + 1):  # noqa: B020 - the count goes on from the head's
        stored = [(table, tables.stored_row(table, row)) for table, row in line.rows]
        values = _values(seq, line, stored, previous)
        previous = values["hash"]
        written.append(values)
        for table, row in stored:
            row["entry"] = seq
            rows[table.name].append(row)
    tables.insert_stored(tx, tables.ledger, written)
    for table in tables.APPEND_ONLY:
        tables.insert_stored(tx, table, rows[table.name])
    tx.execute(update(tables.ledger_head).values(seq=seq, hash=previous))
    return written


def kept_head(tx: Connection) -> tuple[str, int]:
    """Give hash and number of the last line as they are kept beside the chain, which may have been cut since."""
    head = tx.execute(select(tables.ledger_head.c.hash, tables.ledger_head.c.seq)).one()
    return head.hash, head.seq


def head(tx: Connection) -> Entry | None:
    """Give the last line, or None if nothing has been written yet."""
    row = tx.execute(select(tables.ledger).order_by(tables.ledger.c.seq.desc()).limit(1)).mappings().one_or_none()
    return _entry(row) if row else None


def entries(
    tx: Connection,
    *,
    after: int = 0,
    limit: int | None = None,
    kinds: Collection[str] | None = None,
    ref: Ref | None = None,
) -> Iterator[Entry]:
    """Give the lines after number `after`, in order; only those of these `kinds`, only those of `ref`."""
    ledger = tables.ledger
    query = select(ledger).order_by(ledger.c.seq)
    if kinds is not None:
        query = query.where(ledger.c.kind.in_(kinds))
    if ref is not None:
        query = query.where(ledger.c.ref == str(ref))
    while limit is None or limit > 0:
        size = PAGE if limit is None else min(PAGE, limit)
        page = tx.execute(query.where(ledger.c.seq > after).limit(size)).mappings().all()
        yield from map(_entry, page)
        if len(page) < size:
            return
        after = page[-1]["seq"]
        limit = None if limit is None else limit - size


def last(tx: Connection, kinds: Collection[str]) -> Entry | None:
    """Give the last line of these kinds, or None if there is none."""
    return next(iter(latest(tx, kinds, 1)), None)


def latest(tx: Connection, kinds: Collection[str], limit: int) -> list[Entry]:
    """Give up to `limit` lines of these kinds, the last one first."""
    ledger = tables.ledger
    query = select(ledger).where(ledger.c.kind.in_(kinds)).order_by(ledger.c.seq.desc()).limit(limit)
    return [_entry(row) for row in tx.execute(query).mappings()]


def tally(tx: Connection, after: int, through: int) -> dict[str, int]:
    """Count the lines after number `after`, up to and with `through`, by kind."""
    ledger = tables.ledger
    query = select(ledger.c.kind, func.count()).where(ledger.c.seq > after, ledger.c.seq <= through)
    return {kind: number for kind, number in tx.execute(query.group_by(ledger.c.kind))}  # noqa: C416  typed so


def first_since(tx: Connection, moment: datetime) -> int:
    """Give the number of the first line written at that time or later; one more than the last, if there is none.

    Lines are numbered in the order of their times, so a few looks find it, also where lines were removed. After a
    clock was put back, it may be a later line than the very first one, by as much as the clock was off.
    """
    seq = tables.ledger.c.seq
    low, high = 1, kept_head(tx)[1] + 1
    while low < high:
        middle = (low + high) // 2
        here = select(tables.ledger.c.at).where(seq >= middle).order_by(seq).limit(1)
        at = tx.execute(here).scalar_one_or_none()
        if at is not None and str(at) < utc_text(moment):
            low = middle + 1
        else:
            high = middle
    return low


def about(tx: Connection, refs: Iterable[Ref]) -> list[Entry]:
    """Give every line about these posts or comments, in order."""
    ledger = tables.ledger
    names = [str(ref) for ref in dict.fromkeys(refs)]
    query = select(ledger).where(ledger.c.ref.in_(names)).order_by(ledger.c.seq)
    return [_entry(row) for row in tx.execute(query).mappings()]


def verify_chain(tx: Connection) -> list[str]:
    """Follow the whole chain to the head; give what is wrong, in plain words. Empty: it is whole."""
    chain = Chain()
    for row in stored(tx):
        chain.follow(row)
    chain.end(*kept_head(tx))
    return chain.problems


def stored(tx: Connection, after: int = 0, last: int | None = None) -> Iterator[Sequence[Any]]:
    """Give the lines after number `after` (to `last`) as the database holds them, for checking: see `rows_after`."""
    while page := rows_after(tx, after):
        for row in page:
            if last is not None and row[0] > last:
                return
            yield row
        after = page[-1][0]


def rows_after(tx: Connection, after: int, limit: int = PAGE) -> Sequence[Sequence[Any]]:
    """Give the next lines as the database holds them, with their columns in the order of `_COLUMNS`."""
    columns = ", ".join(_COLUMNS)
    query = f"SELECT {columns} FROM ledger WHERE seq > {int(after)} ORDER BY seq LIMIT {int(limit)}"  # noqa: S608 - numbers
    return fetch(tx, query)


def hashed_text(row: Sequence[Any]) -> str:
    """The text whose SHA-256 is a stored line's hash: the hash before it and its canonical JSON.

    The detail is set in as stored, so that a changed space in it is found, too. `row` is in the order of `_COLUMNS`.
    """
    seq, at, kind, ref, agent, detail, previous, _ = row
    about = "null" if ref is None else _quoted(ref)
    return (
        f'{previous}{{"agent":{_quoted(agent)},"at":{_quoted(at)},"detail":{detail},'
        f'"kind":{_quoted(kind)},"ref":{about},"seq":{seq}}}'
    )


class Chain:
    """Follows the chain line by line and collects what is wrong with it. One bad line is reported once."""

    def __init__(self, seq: int = 0, hash: str = GENESIS) -> None:  # noqa: A002 - a line's own word
        """Begin after line `seq` with that hash; before the first line, if nothing else is said."""
        self.problems: list[str] = []
        self.text = ""  # of the line that was followed last: see `hashed_text`
        self.seq = seq
        self.hash = hash

    def follow(self, row: Sequence[Any]) -> bool:
        """Take the next line as stored (see `rows_after`); give whether it is as it was written."""
        seq, previous, said = row[0], row[6], row[7]
        self.text = _text(row)
        if seq == self.seq + 1 and previous == self.hash and _hash(self.text) == said:
            self.seq, self.hash = seq, said
            return True
        self._complain(row)
        self.seq, self.hash = seq, said
        return False

    def follow_page(self, page: Sequence[Sequence[Any]]) -> tuple[list[bytes], set[int]]:
        """Take the next lines at one go; give the bytes that each one's hash is of, and which are not as written.

        Only where something is wrong with a page is each of its lines looked at by itself.
        """
        texts = [_text(row).encode("utf-8", "surrogatepass") for row in page]
        said = [row[7] for row in page]
        whole = (
            [row[0] for row in page] == list(range(self.seq + 1, self.seq + 1 + len(page)))
            and [row[6] for row in page] == [self.hash, *said[:-1]]
            and [sha256(text).hexdigest() for text in texts] == said
        )
        if not whole:
            return texts, {row[0] for row in page if not self.follow(row)}
        if page:
            self.seq, self.hash = page[-1][0], said[-1]
        return texts, set()

    def _complain(self, row: Sequence[Any]) -> None:
        seq, previous, said = row[0], row[6], row[7]
        if seq != self.seq + 1:
            missing = f"line {self.seq + 1}" if seq == self.seq + 2 else f"lines {self.seq + 1} to {seq - 1}"
            self.problems.append(f"ledger: {missing} missing before line {seq}")
        elif previous != self.hash:
            self.problems.append(f"ledger: line {seq} does not follow line {self.seq}: altered or out of order")
        if _hash(self.text) != said:
            self.problems.append(f"ledger: line {seq} has been altered")

    def end(self, head_hash: str, head_seq: int) -> None:
        """Compare the end of the chain with the head that was kept beside it."""
        if head_seq > self.seq:
            self.problems.append(f"ledger: it ends at line {self.seq}, but {head_seq} lines were written")
        elif (head_seq, head_hash) != (self.seq, self.hash):
            self.problems.append(f"ledger: its end (line {self.seq}) is not the head that was kept (line {head_seq})")


def _values(seq: int, line: Line, rows: Iterable[tuple[Table, Mapping[str, Any]]], previous: str) -> dict[str, Any]:
    detail = dict(line.detail)
    if line.rows:
        detail["rows"] = _vouched(rows)
    values = {
        "seq": seq,
        "at": utc_text(line.at),
        "kind": line.kind,
        "ref": str(line.ref) if line.ref else None,
        "agent": str(line.agent),
        "detail": canonical(detail),
        "previous": previous,
    }
    text = hashed_text([values.get(name) for name in _COLUMNS])
    return values | {"hash": sha256(text.encode()).hexdigest()}


def _vouched(rows: Iterable[tuple[Table, Mapping[str, Any]]]) -> dict[str, list[str]]:
    """Name what a line vouches for: for each table the hashes of its rows, in their order."""
    vouched: dict[str, list[str]] = defaultdict(list)
    for table, row in rows:
        vouched[table.name].append(tables.stored_sha256(table, row))
    return vouched


def _text(row: Sequence[Any]) -> str:
    """The text that a stored line's hash is of; nothing where a text has become something that is no text."""
    try:
        return hashed_text(row)
    except TypeError:
        return ""


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _entry(row: Mapping[Any, Any]) -> Entry:
    """Read a stored line. Raises ValueError for one that was never written like that."""
    detail = json.loads(row["detail"])
    if not isinstance(detail, dict):
        message = f"the detail of ledger line {row['seq']} is not an object"
        raise ValueError(message)  # noqa: TRY004 - whatever is wrong with a stored line is one kind of error
    return Entry(
        seq=row["seq"],
        at=read_utc(row["at"]),
        kind=row["kind"],
        ref=Ref.parse(row["ref"]) if row["ref"] else None,
        agent=read_agent(row["agent"]),
        detail=detail,
        previous=row["previous"],
        hash=row["hash"],
    )
