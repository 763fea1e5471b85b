"""Reads the City's own pages once a day: profile, picture, followers; and whether the comment policy is linked there.

AR 1-27 5.C.1.f lets the City remove comments only where its guidelines are displayed or linked. So where the settings
name the policy's address, an account whose page does not link it is not acted on (comments stay visible), and people
are told. The same holds when nobody could look for two days. Showing a comment again is never held up by this.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from archive import accounts, pages
from archive.pages import Page
from bot.alarms import alarm
from bot.digest_words import EN, IN
from bot.domain.types import Attachment
from bot.sharing import ACCOUNT
from connectors.contract import ConnectorError, HasFollowers, HasMedia, HasProfile, Malformed

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from archive.database import Tx
    from bot.digest_words import Words
    from bot.domain.types import Author
    from bot.parts import Parts
    from bot.settings import Settings
    from connectors.contract import Connector

DAILY = timedelta(hours=24)
AGAIN = timedelta(hours=1)
"""How soon it is tried again where it failed."""
STALE = timedelta(hours=48)


def look(parts: Parts, key: str, clock: Callable[[], datetime]) -> bool:
    """Read an account's page and followers if a day has gone by; give whether it was time. Raises nothing of theirs.

    A stopped account is not asked; that it is stopped is then the reason on record. One that another daemon works is
    left to it. Call it in the thread that polls the account: it uses the same connector.
    """
    looked = False
    with parts.share.holding(f"{ACCOUNT}{key}") as ours:
        if ours:
            looked = _look(parts, key, clock)
    return looked


def _look(parts: Parts, key: str, clock: Callable[[], datetime]) -> bool:
    now = clock()
    with parts.database.read() as tx:
        standing = accounts.standing(tx, key)
        last, counted = pages.last(tx, key), pages.last_count(tx, key)
    if standing is None or (standing.poll_not_before and standing.poll_not_before > now):
        return False
    stopped = f"the account is stopped: {standing.stopped_why}" if standing.stopped_why else None
    page_due = _due(last.seen_at if last else None, failed=bool(last and last.why), now=now)
    if page_due:
        _look_at_page(parts, key, stopped, now)
    if _due(counted.seen_at if counted else None, failed=bool(counted and counted.number is None), now=now):
        _count_followers(parts, key, stopped, now)
    return page_due


def acting_held(tx: Tx, settings: Settings, key: str, now: datetime, words: Words = EN) -> str | None:
    """Why nothing may be hidden or deleted on an account for want of a link to the policy; None if it may be."""
    wanted = settings.city.comment_policy
    if wanted is None or settings.entry(key).by_hand:
        return None  # staff look at such pages; no program can
    page = pages.last(tx, key, read=True)
    if page is None:
        return words["unseen_link"]
    if now - page.seen_at > STALE:
        return words["stale_link"].format(at=f"{page.seen_at:%Y-%m-%d %H:%M}")
    return None if links(page, wanted) else words["no_link"].format(address=wanted)


def links(page: Page, address: str) -> bool:
    """Whether a page shows this address, among its links or in its text; http or https, with or without a slash."""
    told = {_plain(link) for link in (*page.links, *(page.text or "").split())}
    return _plain(address) in told


def _plain(address: str) -> str:
    split = urlsplit(address.strip(".,;:!?()[]<>\"'") if "//" in address else f"https://{address.strip('.,;:!?()')}")
    query = f"?{split.query}" if split.query else ""
    return f"{split.netloc.lower().removeprefix('www.')}{split.path.rstrip('/')}{query}"


def _due(last: datetime | None, *, failed: bool, now: datetime) -> bool:
    return last is None or now - last >= (AGAIN if failed else DAILY)


def _look_at_page(parts: Parts, key: str, stopped: str | None, now: datetime) -> None:
    page, raw = _read(parts.readers[key], key, stopped, now)
    with parts.database.begin() as tx:
        previous = pages.last(tx, key)
        repeated = page.why and previous and previous.why == page.why and now - previous.seen_at < DAILY
        drift = [] if repeated else pages.record(tx, page, raw)
        held = acting_held(tx, parts.settings, key, now, IN[parts.settings.mail.language])
        if held:
            _tell_held(tx, parts.settings, key, held, now)
        if drift:
            _tell_drift(tx, parts.settings, key, drift, now)


def _read(connector: Connector, key: str, stopped: str | None, now: datetime) -> tuple[Page, bytes]:
    """One reading of the page, or why there is none."""
    if stopped:
        return Page(account=key, seen_at=now, why=stopped), b""
    if not isinstance(connector, HasProfile):
        return Page(account=key, seen_at=now, why="the platform gives no program the City's own page"), b""
    try:
        found = connector.profile(now=now)
    except ConnectorError as error:
        payload = error.payload if isinstance(error, Malformed) else b""
        return Page(account=key, seen_at=now, why=f"{type(error).__name__}: {error}"), payload
    page = Page(
        account=key,
        seen_at=now,
        name=found.name,
        handle=found.handle,
        text=found.text,
        links=found.links,
        picture=found.picture,
        picture_sha256=_picture(connector, found.picture, now),
    )
    return page, found.raw


def _picture(connector: Connector, address: str | None, now: datetime) -> str | None:
    """The hash of the account's picture; None where it cannot be fetched, which is no reason to lose the rest."""
    if address is None or not isinstance(connector, HasMedia):
        return None
    try:
        media = connector.media(Attachment(id="picture", kind="photo", url=address), now=now)
    except ConnectorError:
        return None  # the row has an address and no hash, which says so
    return hashlib.sha256(media.body).hexdigest()


def _count_followers(parts: Parts, key: str, stopped: str | None, now: datetime) -> None:
    connector = parts.readers[key]
    with parts.database.read() as tx:
        last = pages.last_count(tx, key)
    number: int | None = None
    people: tuple[Author, ...] = ()
    raw = b""
    if stopped:
        why = stopped
    elif not isinstance(connector, HasFollowers):
        why = "the platform gives no program the number or the list of followers"
    else:
        try:
            found = connector.followers(now=now)
            number, people, why, raw = found.count, found.people, found.why, found.raw
        except ConnectorError as error:
            why, raw = f"{type(error).__name__}: {error}", error.payload if isinstance(error, Malformed) else b""
    if number is None and last and last.number is None and last.why == why and now - last.seen_at < DAILY:
        return
    with parts.database.begin() as tx:
        pages.count_followers(tx, key, number=number, people=people, why=why, raw=raw, now=now)


def _tell_held(tx: Tx, settings: Settings, key: str, why: str, now: datetime) -> None:
    alarm(
        tx,
        settings,
        "held",
        key=f"policy-link:{key}:{now.date()}",
        now=now,
        name=settings.entry(key).name,
        account=key,
        why=why,
    )


def _tell_drift(tx: Tx, settings: Settings, key: str, drift: list[str], now: datetime) -> None:
    alarm(
        tx,
        settings,
        "drift",
        key=f"profile:{key}:{now.date()}",
        now=now,
        name=settings.entry(key).name,
        account=key,
        drift="; ".join(drift),
    )
