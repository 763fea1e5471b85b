"""What the City's own pages show of themselves: name, text, links, picture, and who follows (AR 1-27 5.C.1.c).

Each day brings a row for each account, also where nothing could be read: then the row says why.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from archive import ledger, tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from archive.database import Tx
    from bot.domain.types import Author

_profile = tables.profile.c
_followers = tables.followers.c
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
    listed: int
    why: str


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
    """Write down how many follow an account and who, as far as the platform says."""
    listed = [asdict(person) for person in people]
    row = {"account": key, "number": number, "people": listed, "why": why, "raw": raw, "seen_at": now}
    said = {"account": key, "number": number, "listed": len(listed), "why": why}
    rows = [(tables.followers, row)]
    ledger.append(tx, kind="followers.counted", agent=ledger.DAEMON, at=now, detail=said, rows=rows)


def last_count(tx: Tx, key: str) -> Following | None:
    """Give the last count of who follows an account, or None if nobody ever counted."""
    query = select(tables.followers).where(_followers.account == key).order_by(_followers.entry.desc()).limit(1)
    row = tx.execute(query).one_or_none()
    if row is None:
        return None
    return Following(account=key, seen_at=row.seen_at, number=row.number, listed=len(row.people), why=row.why)
