"""Fetches the files that came with posts and comments: soon after they were recorded, and again before they are shown.

A file that cannot be had is recorded with the reason, and the e-mail digest tells it. Nothing waits for a file: a
comment is judged, captured and hidden without it, and the evidence then says that it is missing and why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive import media, withheld
from archive.media import Kept
from bot.domain.schedule import retry_at
from bot.log import logger
from connectors.contract import HasMedia, Malformed, RateLimited, Refused, Transient, Unauthorised

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from archive.media import Due
    from bot.domain.types import Ref
    from bot.parts import Parts
    from connectors.contract import Connector

AT_ONCE = 20  # files of one account after one poll, so that the next poll is on time
MOST_ATTEMPTS = 8

log = logger("attachments")


def fetch(parts: Parts, key: str, clock: Callable[[], datetime]) -> int:
    """Fetch what is due on one account; give how many files were kept. Called by the thread that polls the account."""
    with parts.database.read() as tx:
        due = media.due(tx, key, clock(), AT_ONCE)
    return _fetch(parts, parts.readers[key], due, clock)


def fetch_of(parts: Parts, key: str, ref: Ref, revision: str, clock: Callable[[], datetime]) -> None:
    """Try once more for the files of a comment that is about to be captured, whatever was tried before."""
    with parts.database.read() as tx:
        due = media.due_of(tx, ref, revision)
    _fetch(parts, parts.actors[key], due, clock)


def _fetch(parts: Parts, connector: Connector, due: Iterable[Due], clock: Callable[[], datetime]) -> int:
    kept = 0
    for one in due:
        try:
            kept += _fetch_one(parts, connector, one, clock)
        except Unauthorised:
            break  # the next poll or act meets the same and stops the account
        except RateLimited as error:
            with parts.database.begin() as tx:
                media.later(tx, one, error.until)
            break
    return kept


def _fetch_one(parts: Parts, connector: Connector, one: Due, clock: Callable[[], datetime]) -> bool:
    """Fetch one file, or record why there is none; raises what keeps the others from being fetched, too."""
    with parts.database.read() as tx:
        hands_off = withheld.is_withheld(tx, one.ref)
    if hands_off:
        _conclude(parts, one, Kept(why=withheld.WHY_NOT, tried=False), clock())
        return False
    if not isinstance(connector, HasMedia):
        _conclude(parts, one, Kept(why=f"citymod cannot fetch files from {connector.platform}", tried=False), clock())
        return False
    try:
        found = connector.media(one.attachment, now=clock())
        sha256 = media.store(parts.settings.media_folder, found.body)
    except (Transient, OSError) as error:
        _try_again(parts, one, str(error), clock())
        return False
    except (Refused, Malformed) as error:
        _conclude(parts, one, Kept(why=str(error)), clock())
        return False
    _conclude(parts, one, Kept(sha256=sha256, kind=found.kind, size=len(found.body)), clock())
    return True


def _conclude(parts: Parts, one: Due, kept: Kept, now: datetime) -> None:
    with parts.database.begin() as tx:
        media.conclude(tx, one, kept, now)


def _try_again(parts: Parts, one: Due, why: str, now: datetime) -> None:
    attempts = one.attempts + 1
    log.info("not fetched", ref=str(one.ref), attempts=attempts)
    if attempts >= MOST_ATTEMPTS:
        _conclude(parts, one, Kept(why=f"given up after {attempts} attempts: {why}"), now)
        return
    with parts.database.begin() as tx:
        media.later(tx, one, retry_at(attempts, now))
