"""What the City's own pages show of themselves: name, text, links, picture, and who follows (AR 1-27 5.C.1.c).

Each day brings a row for each account, also where nothing could be read: then the row says why.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, and_, or_, select, type_coerce

from archive import ledger, tables
from bot.domain.types import Author

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from archive.database import Tx
    from archive.stored import Json

_profile = tables.profile.c
_followers = tables.followers.c
WHOLE_AGAIN = timedelta(days=91)
"""How long lists of followers rest on one whole list: they can only be destroyed together (archive/retention.py)."""
WATCHED = {"name": "name", "handle": "handle", "text": "description", "picture_sha256": "picture"}
"""What is told when it changes. The picture's address is not: many platforms sign it anew each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One reading of an account's own page. Either `name` is there, or `why` says why nothing could be read.

    `picture_sha256` is None where the picture could not be fetched.
    """

    account: str
    seen_at: datetime
    name: str | None = None
    handle: str | None = None
    text: str | None = None
    links: tuple[str, ...] = ()
    picture: str | None = None
    picture_sha256: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """One count of who follows an account: None where the platform gives none. `why` says what is missing."""

    account: str
    seen_at: datetime
    number: int | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowerList:
    """Who followed an account when it was listed. `base`: the ledger line of the whole list that this rests on."""

    base: int
    seen_at: datetime
    people: Mapping[str, Author]


def record(tx: Tx, page: Page, raw: bytes) -> list[str]:
    """Write down one reading of a page; give in words what is otherwise than at the last reading that succeeded."""
    drift = _drift(last(tx, page.account, read=True), page) if page.why is None else []
    row: dict[str, Any] = {name: value for name, value in asdict(page).items() if name != "links"}
    row |= {"links": list(page.links), "raw": raw}
    kind = "profile.failed" if page.why else "profile.changed" if drift else "profile.recorded"
    said = {"account": page.account} | ({"why": page.why or "; ".join(drift)} if page.why or drift else {})
    rows = [(tables.profile, row)]
    ledger.append(tx, kind=kind, agent=ledger.DAEMON, at=page.seen_at, detail=said, rows=rows)
    return drift


def _drift(before: Page | None, page: Page) -> list[str]:
    if before is None:
        return []
    pairs = [(label, getattr(before, field), getattr(page, field)) for field, label in WATCHED.items()]
    return [
        f"{label} was {was!r} and is {is_!r}" if label != "picture" else "the picture is another"
        for label, was, is_ in pairs
        if was != is_ and not (label == "picture" and None in {was, is_})
    ]


def last(tx: Tx, key: str, *, read: bool = False) -> Page | None:
    """Give the last reading of an account's page, or None; with `read` the last one that succeeded."""
    query = select(tables.profile).where(_profile.account == key).order_by(_profile.entry.desc()).limit(1)
    row = tx.execute(query.where(_profile.why.is_(None)) if read else query).mappings().one_or_none()
    if row is None:
        return None
    fields = {name: value for name, value in row.items() if name not in {"entry", "links", "raw"}}
    return Page(**fields, links=tuple(row["links"]))


def count_followers(  # noqa: PLR0913 - a count is all of this
    tx: Tx, key: str, *, number: int | None, people: Sequence[Author], why: str, raw: bytes, now: datetime
) -> None:
    """Write down how many follow an account and who, as far as the platform says (`why` says what is missing).

    A list is written whole at first and each quarter; in between only who joined (or goes by another name) and who
    left. The platform's own bytes are then kept as their hash alone, since they would be the whole list again.
    """
    row: dict[str, Any] = {"account": key, "number": number, "why": why, "raw": raw, "seen_at": now}
    said: dict[str, Json] = {"account": key, "number": number, "listed": len(people), "why": why}
    listed = _listed(people)
    before = _rests_on(tx, key, now) if listed is not None and not why else None
    if before is None or listed is None:
        row |= {"people": [asdict(person) for person in people]}
    else:
        joined = [asdict(person) for name, person in listed.items() if before.people.get(name) != person]
        gone = [name for name in before.people if name not in listed]
        row |= {"people": joined, "gone": gone, "base": before.base, "raw": b""}
        said |= {"joined": len(joined), "left": len(gone), "raw_sha256": hashlib.sha256(raw).hexdigest()}
    rows = [(tables.followers, row)]
    ledger.append(tx, kind="followers.counted", agent=ledger.DAEMON, at=now, detail=said, rows=rows)


def last_count(tx: Tx, key: str) -> Following | None:
    """Give the last count of who follows an account, or None if nobody ever counted."""
    query = select(_followers.seen_at, _followers.number, _followers.why).where(_followers.account == key)
    row = tx.execute(query.order_by(_followers.entry.desc()).limit(1)).one_or_none()
    return Following(account=key, seen_at=row.seen_at, number=row.number, why=row.why) if row else None


def followers_on(tx: Tx, key: str, at: datetime) -> FollowerList | None:
    """Give who followed an account as it was last listed by `at`; None if it was not, or the list was destroyed."""
    base = select(_followers.entry).where(_followers.account == key, _followers.seen_at <= at, _WHOLE)
    entry = tx.execute(base.order_by(_followers.entry.desc()).limit(1)).scalar_one_or_none()
    if entry is None:
        return None
    chain = select(tables.followers).where(or_(_followers.entry == entry, _followers.base == entry))
    people: dict[str, Author] = {}
    seen_at = at
    for row in tx.execute(chain.where(_followers.seen_at <= at).order_by(_followers.entry)):
        for name in row.gone or ():
            people.pop(name, None)
        people |= {_name(person): person for person in (Author(**each) for each in row.people)}
        seen_at = row.seen_at
    return FollowerList(base=entry, seen_at=seen_at, people=people)


def _rests_on(tx: Tx, key: str, now: datetime) -> FollowerList | None:
    """The list from which the next one may differ; None if that is to be written whole."""
    before = followers_on(tx, key, now)
    if before is None:
        return None
    begun = tx.execute(select(_followers.seen_at).where(_followers.entry == before.base)).scalar_one()
    return before if now - begun < WHOLE_AGAIN else None


def _listed(people: Sequence[Author]) -> dict[str, Author] | None:
    """A list by what tells people apart; None if that is the same for some, so that only the whole list is true."""
    listed = {_name(person): person for person in people}
    return listed if len(listed) == len(people) and "" not in listed else None


def _name(person: Author) -> str:
    return person.id or person.handle or ""


_WHOLE = and_(_followers.base.is_(None), type_coerce(_followers.people, Text) != "[]")
"""A row that is a list in itself: where nobody is listed, there is none, or it was destroyed."""
