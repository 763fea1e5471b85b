"""The outbox: mails that are owed, written in the transaction of what they tell, and kept until a server took them.

Alarms by a webhook wait here, too (kind `WEBHOOK`), under the same rules; whoever asks for mails gets none of them.

A mail waits, is begun, and is then sent or failed. Begun and neither is a mail that the server may or may not have
taken when the program was killed; whoever sends it again says that it may be a second copy.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, and_, case, func, insert, or_, select, update

from archive import ledger, tables
from archive.stored import new_id

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from archive.database import Tx
    from archive.stored import Json

TOLD_EACH = 10
"""Of a mail's failures, the first and then each tenth gets a ledger line; the number of all is kept."""

WEBHOOK = "webhook"

_mail = tables.outbox.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail that waits. `attempts` were begun before; `unfinished`: the last of them may have succeeded."""

    id: str
    kind: str
    key: str
    to: tuple[str, ...]
    subject: str
    message: bytes
    attempts: int
    unfinished: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestMark:
    """How far the last e-mail digest to somebody reached: its running number, and the last ledger line it told."""

    number: int
    through_seq: int
    at: datetime


def put(  # noqa: PLR0913 - a mail is all of this
    tx: Tx,
    *,
    kind: str,
    key: str,
    to: tuple[str, ...],
    subject: str,
    message: bytes,
    now: datetime,
    not_before: datetime | None = None,
) -> str:
    """Owe a mail, not to be sent before a time; give its identifier.

    `key` says what it tells: a mail of that key that is there already stays.
    """
    known = tx.execute(select(_mail.id).where(_mail.key == key)).scalar_one_or_none()
    if known is not None:
        return str(known)
    id_ = new_id(now)
    tx.execute(
        insert(tables.outbox).values(
            id=id_,
            key=key,
            kind=kind,
            to=list(to),
            subject=subject,
            message=message,
            queued_at=now,
            not_before=not_before,
            attempts=0,
            failures=0,
        )
    )
    detail = {"mail": id_, "mail_kind": kind, "key": key, "to": list(to), "sha256": hashlib.sha256(message).hexdigest()}
    queued = f"{WEBHOOK if kind == WEBHOOK else 'mail'}.queued"
    ledger.append(tx, kind=queued, agent=ledger.DAEMON, at=now, detail=detail)
    return id_


def due(tx: Tx, now: datetime, limit: int, *, webhooks: bool = False) -> list[Mail]:
    """Give up to `limit` mails (or calls of the webhook) that may be sent now, oldest first."""
    query = select(tables.outbox).where(
        _of(webhooks=webhooks),
        _mail.sent_at.is_(None),
        or_(_mail.not_before.is_(None), _mail.not_before <= now),
        _mail.key.not_in(_hidden(tx)),
    )
    return [_read(row) for row in tx.execute(query.order_by(_mail.queued_at, _mail.id).limit(limit))]


def _hidden(tx: Tx) -> list[str]:
    """Mails that carry a picture of a comment which was withheld after they were queued: they never go out."""
    refs = tx.execute(select(tables.withheld.c.ref)).scalars().all()
    sealed = tx.execute(select(tables.evidence.c.id).where(tables.evidence.c.ref.in_(refs))).scalars() if refs else ()
    return [f"evidence:{id_}" for id_ in sealed]


def _of(*, webhooks: bool) -> ColumnElement[bool]:
    return _mail.kind == WEBHOOK if webhooks else _mail.kind != WEBHOOK


def begin(tx: Tx, id: str, now: datetime) -> None:  # noqa: A002 - the noun's own word
    """Note that a mail is about to be handed over. Commit before handing it over."""
    _set(tx, id, begun_at=now, attempts=_mail.attempts + 1)


def sent(tx: Tx, id: str, now: datetime, response: str, handed_over: bytes) -> None:  # noqa: A002 - the noun's own word
    """Note that a server took a mail, what it said, and by its hash the very bytes that it was handed.

    They are those that are kept, unless the mail may have come twice and says so.
    """
    row = _set(tx, id, sent_at=now, begun_at=None, not_before=None, response=response)
    sha256 = hashlib.sha256(handed_over).hexdigest()
    _note(tx, row, "sent", now, attempts=row.attempts, response=response, sha256=sha256)


def failed(tx: Tx, id: str, now: datetime, *, until: datetime, why: str) -> None:  # noqa: A002 - the noun's own word
    """Note that a mail was not taken (or could not even be offered), and is not to be tried again before `until`."""
    row = tx.execute(select(tables.outbox).where(_mail.id == id)).one_or_none()
    offered = row is not None and row.begun_at is not None
    attempts = _mail.attempts if offered else _mail.attempts + 1
    row = _set(tx, id, not_before=until, begun_at=None, attempts=attempts, failures=_mail.failures + 1, failed_why=why)
    if row.failures == 1 or row.failures % TOLD_EACH == 0:
        _note(tx, row, "failed", now, failures=row.failures, why=why, until=until.isoformat())


def kept(tx: Tx, key: str) -> bytes | None:
    """Give the bytes of the mail of that key, as they were or will be sent; None if there is none."""
    message: bytes | None = tx.execute(select(_mail.message).where(_mail.key == key)).scalar_one_or_none()
    return message


def answered(tx: Tx, response: str) -> list[str]:
    """Give the keys of the mails at which the server's answer was noted in these very words."""
    return list(tx.execute(select(_mail.key).where(_mail.response == response).order_by(_mail.queued_at)).scalars())


def altered(tx: Tx, kind: str, first: int) -> tuple[list[str], int]:
    """Name the mails of a kind, queued on line `first` of the ledger or later, that are not kept as they were queued.

    Gives how many there are besides.
    """
    lines = ledger.entries(tx, after=first - 1, kinds=("mail.queued",))
    queued = [line.detail for line in lines if line.detail["mail_kind"] == kind]
    problems = []
    for told in queued:
        message = kept(tx, str(told["key"]))
        if message is None or hashlib.sha256(message).hexdigest() != told["sha256"]:
            problems.append(f"mail {told['key']}: it is {'missing' if message is None else 'not as it was sent'}")
    return problems, len(queued)


def accepted(tx: Tx, key: str) -> bool:
    """Whether a server has taken the mail of that key."""
    return tx.execute(select(1).where(_mail.key == key, _mail.sent_at.is_not(None))).first() is not None


def tally(tx: Tx) -> dict[str, int]:
    """Count mails: ``waiting`` (of which ``failing`` were refused at least once) and ``sent``."""
    mails, waiting, gone = _of(webhooks=False), _mail.sent_at.is_(None), _mail.sent_at.is_not(None)
    calls = and_(_mail.key >= f"{WEBHOOK}:", _mail.key < f"{WEBHOOK};")  # by the index of keys; kinds have none
    return {
        "waiting": _count(tx, mails, waiting),
        "failing": _count(tx, mails, waiting, _mail.failures > 0),
        "sent": _count(tx, gone) - _count(tx, calls, gone),
    }


def _count(tx: Tx, *those: ColumnElement[bool]) -> int:
    return int(tx.execute(select(func.count()).select_from(tables.outbox).where(*those)).scalar_one())


def oldest_waiting(tx: Tx, now: datetime, *, webhooks: bool = False) -> datetime | None:
    """Give since when the mail (or call of the webhook) is owed that waits longest, or None if none is.

    One that is not to go yet is not owed.
    """
    held = and_(_mail.attempts == 0, _mail.not_before.is_not(None))
    query = select(func.min(case((held, _mail.not_before), else_=_mail.queued_at)))
    query = query.where(_of(webhooks=webhooks), _mail.sent_at.is_(None), or_(~held, _mail.not_before <= now))
    since: datetime | None = tx.execute(query).scalar_one()
    return since


def last_digest(tx: Tx, recipient: str) -> DigestMark | None:
    """Give how far the last digest to `recipient` reached, or None if there was none."""
    mark = tables.digest_mark
    row = tx.execute(select(mark).where(mark.c.recipient == recipient)).one_or_none()
    return DigestMark(number=row.number, through_seq=row.through_seq, at=row.at) if row else None


def mark_digest(tx: Tx, recipient: str, number: int, through_seq: int, now: datetime) -> None:
    """Note how far a digest reaches, in the transaction that queues it."""
    mark = tables.digest_mark
    values = {"number": number, "through_seq": through_seq, "at": now}
    if last_digest(tx, recipient) is None:
        tx.execute(insert(mark).values(recipient=recipient, **values))
    else:
        tx.execute(update(mark).where(mark.c.recipient == recipient).values(**values))
    said: dict[str, Json] = {"recipient": recipient, "number": number, "through_seq": through_seq}
    ledger.append(tx, kind="digest.marked", agent=ledger.DAEMON, at=now, detail=said)


def _set(tx: Tx, id_: str, **values: Any) -> Row[Any]:
    """Change where a mail stands; give it as it is then. Raises LookupError if there is none."""
    tx.execute(update(tables.outbox).where(_mail.id == id_).values(**values))
    row = tx.execute(select(tables.outbox).where(_mail.id == id_)).one_or_none()
    if row is None:
        message = f"there is no mail {id_} in the outbox"
        raise LookupError(message)
    return row


def _note(tx: Tx, row: Row[Any], what: str, now: datetime, **detail: Any) -> None:
    said = {"mail": row.id, "mail_kind": row.kind, "key": row.key, "to": row.to, **detail}
    family = WEBHOOK if row.kind == WEBHOOK else "mail"
    ledger.append(tx, kind=f"{family}.{what}", agent=ledger.DAEMON, at=now, detail=said)


def _read(row: Row[Any]) -> Mail:
    return Mail(
        id=row.id,
        kind=row.kind,
        key=row.key,
        to=tuple(row.to),
        subject=row.subject,
        message=row.message,
        attempts=row.attempts,
        unfinished=row.begun_at is not None,
    )
