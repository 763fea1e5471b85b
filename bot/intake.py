"""Takes in what staff saw with their own eyes, on platforms that no program may read: it becomes a comment on record.

What they enter is recorded as a platform's answer would be: verbatim, before any rule sees it, with `raw` being the
canonical JSON of what was entered, by whom and when. Entering the same comment again changes nothing. Addresses are
kept without their query strings: Nextdoor's carry login tokens.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from archive import accounts, cases, ledger, orders, records, uploads
from archive.stored import canonical, utc_text
from bot.domain.types import (
    Agent,
    AgentKind,
    Author,
    Batch,
    Comment,
    Cursor,
    Post,
    Ref,
    Sighting,
    Speaker,
    Visibility,
)
from connectors.assisted import without_query

if TYPE_CHECKING:
    from datetime import datetime

    from archive.database import Tx
    from archive.stored import Json
    from archive.uploads import Picture
    from bot.settings import AccountSettings, Settings

FORMAT = "citymod intake 1"
_ADDRESS = re.compile(r"https?://[^\s<>\"'\])]+", re.IGNORECASE)


class NotTaken(Exception):
    """What was entered cannot be taken in. The text says why and what to do; nothing was recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A comment as somebody saw it at `seen_at` under the post at `url`, and the pictures they took.

    `case`: the comment on record of which this is the present wording, if it was edited. `how` it came in: ``command``,
    ``mail`` or ``folder``.
    """

    url: str
    author: str
    text: str
    seen_at: datetime
    pictures: tuple[Picture, ...] = ()
    post_text: str = ""
    posted_at: datetime | None = None
    case: Ref | None = None
    how: str = "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of it: the comment on record, whether it was new, and how many pictures were."""

    ref: Ref
    new: bool
    edited: bool
    pictures: int


def add(  # noqa: PLR0913  what was seen where, by whom, and when it is told
    tx: Tx, settings: Settings, key: str, seen: Seen, *, who: str, now: datetime
) -> Taken:
    """Record a comment that somebody saw, with their pictures of it. Raises `NotTaken`."""
    entry = _worked_by_hand(settings, key)
    _sensible(seen, key, now)
    person = Agent(kind=AgentKind.PERSON, name=who)
    comment = _comment(tx, entry, seen, who, now)
    accounts.register(tx, entry.account, now)
    standing = accounts.standing(tx, key)
    cursor = (standing.cursor if standing else None) or Cursor(text="")
    batch = Batch(posts=tuple(_posts(tx, entry, comment, seen)), comments=(comment,), cursor=cursor)
    observed = records.observe(tx, batch, account=entry.account, now=now, read_at=seen.seen_at)
    revision = comment.revision
    kept = uploads.keep(
        tx,
        comment.ref,
        revision,
        seen.pictures,
        purpose=uploads.BEFORE,
        seen_at=seen.seen_at,
        agent=person,
        now=now,
    )
    said: dict[str, Json] = {
        "revision": revision,
        "how": seen.how,
        "seen_at": utc_text(seen.seen_at),
        "new": bool(observed.new),
    }
    ledger.append(tx, kind="intake.entered", ref=comment.ref, agent=person, at=now, detail=said)
    return Taken(ref=comment.ref, new=bool(observed.new), edited=bool(observed.edited), pictures=kept)


def add_pictures(  # noqa: PLR0913  of what, what, taken when, by whom
    tx: Tx, settings: Settings, ref: Ref, pictures: tuple[Picture, ...], *, seen_at: datetime, who: str, now: datetime
) -> str:
    """Keep pictures of a comment on record; give for what: ``before`` anything is done, or ``after`` it was.

    They show its present wording. Raises `NotTaken`.
    """
    _worked_by_hand(settings, f"{ref.platform}:{ref.account}")
    case = cases.case(tx, ref)
    if case is None:
        message = f"there is no case {ref}; enter the comment first with citymod intake add"
        raise NotTaken(message)
    if seen_at > now:
        message = f"--seen-at {seen_at:%Y-%m-%d %H:%M} UTC lies ahead"
        raise NotTaken(message)
    done = orders.carried_out(tx, ref)
    attested = done is not None and done.revision == case.revision and orders.basis(tx, done) == orders.ATTESTED
    purpose = uploads.AFTER if attested else uploads.BEFORE
    person = Agent(kind=AgentKind.PERSON, name=who)
    uploads.keep(tx, ref, case.revision, pictures, purpose=purpose, seen_at=seen_at, agent=person, now=now)
    return purpose


def gone(  # noqa: PLR0913  what, who saw it, when and why
    tx: Tx, settings: Settings, ref: Ref, *, who: str, why: str, seen_at: datetime, now: datetime
) -> None:
    """Record that a comment is not there any more, as somebody saw who looked for it. Raises `NotTaken`."""
    entry = _worked_by_hand(settings, f"{ref.platform}:{ref.account}")
    if cases.case(tx, ref) is None:
        message = f"there is no case {ref}"
        raise NotTaken(message)
    if seen_at > now:
        message = f"--seen-at {seen_at:%Y-%m-%d %H:%M} UTC lies ahead"
        raise NotTaken(message)
    person = Agent(kind=AgentKind.PERSON, name=who)
    detail = {"why": why, "seen_at": utc_text(seen_at)}
    ledger.append(tx, kind="intake.gone", ref=ref, agent=person, at=now, detail=detail)
    records.sight(tx, Sighting(ref=ref, visibility=Visibility.GONE, seen_at=seen_at), account=entry.account, now=now)


def is_entered(raw: bytes) -> bool:
    """Whether a comment's record is what a person entered, not what a platform gave."""
    try:
        said = json.loads(raw)
    except ValueError:
        return False
    return isinstance(said, dict) and said.get("format") == FORMAT


def addresses(text: str) -> list[str]:
    """The web addresses in a text, without their query strings, each once."""
    return list(dict.fromkeys(_short(found) for found in _ADDRESS.findall(text)))


def cleaned(text: str) -> str:
    """A text of a mail or of the program with every web address in it cut short as `without_query` does."""
    return _ADDRESS.sub(lambda found: _short(found[0]), text)


def _short(address: str) -> str:
    try:
        return without_query(address)
    except ValueError:
        return "[an address that is none]"


def _worked_by_hand(settings: Settings, key: str) -> AccountSettings:
    try:
        entry = settings.entry(key)
    except KeyError:
        known = ", ".join(entry.account.key for entry in settings.accounts if entry.by_hand) or "none"
        message = f"there is no account {key}; those that people look at are: {known}"
        raise NotTaken(message) from None
    if entry.by_hand is None:
        message = f"{key} is read and worked by the program; a comment there is raised with citymod review raise"
        raise NotTaken(message)
    return entry


def _sensible(seen: Seen, key: str, now: datetime) -> None:
    if seen.case and f"{seen.case.platform}:{seen.case.account}" != key:
        message = f"{seen.case} is not on the account {key}"
        raise NotTaken(message)
    short = _short(seen.url)
    if urlsplit(short).scheme not in {"http", "https"} or not urlsplit(short).netloc:
        message = f"{short!r} is no web address of a post; copy it from the browser or the app"
        raise NotTaken(message)
    if not seen.text.strip():
        message = "the text of the comment is empty; write down what it says, word for word"
        raise NotTaken(message)
    if seen.seen_at > now:
        message = f"it was seen at {seen.seen_at:%Y-%m-%d %H:%M} UTC, which lies ahead"
        raise NotTaken(message)


def _comment(tx: Tx, entry: AccountSettings, seen: Seen, who: str, now: datetime) -> Comment:
    url = without_query(seen.url)
    author = seen.author.strip()
    known = records.comment(tx, seen.case) if seen.case else None
    post = known.post if known else _ref(entry, "p", url)
    entered = {
        "format": FORMAT,
        "account": entry.account.key,
        "url": url,
        "author": author or None,
        "text": seen.text,
        "posted_at": utc_text(seen.posted_at) if seen.posted_at else None,
        "seen_at": utc_text(seen.seen_at),
        "entered_at": utc_text(now),
        "entered_by": who,
        "how": seen.how,
        "pictures": [{"name": each.name, "sha256": each.sha256, "bytes": len(each.body)} for each in seen.pictures],
    }
    return Comment(
        ref=seen.case or _ref(entry, "h", url, author, seen.text.strip()),
        post=post,
        parent=known.parent if known else None,
        author=Author(name=author or None),
        speaker=Speaker.PUBLIC,
        text=seen.text,
        posted_at=known.posted_at if known else (seen.posted_at or seen.seen_at),
        url=url,
        visibility=Visibility.VISIBLE,
        raw=canonical(entered).encode(),
    )


def _posts(tx: Tx, entry: AccountSettings, comment: Comment, seen: Seen) -> list[Post]:
    """The post, if it is not on record yet or if staff entered its words."""
    try:
        records.post(tx, comment.post)
    except records.Unrecorded:
        pass
    else:
        if not seen.post_text:
            return []
    said = {"format": FORMAT, "url": comment.url, "post_text": seen.post_text, "seen_at": utc_text(seen.seen_at)}
    return [
        Post(
            ref=comment.post,
            author=Author(name=entry.name),
            text=seen.post_text,
            posted_at=seen.seen_at,
            url=comment.url,
            raw=canonical(said).encode(),
        )
    ]


def _ref(entry: AccountSettings, letter: str, *parts: str) -> Ref:
    """Name what has no identifier that anybody could read off a screen, always the same for the same."""
    name = hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:24]
    return Ref(platform=entry.platform, account=entry.id, item=f"{letter}{name}")
