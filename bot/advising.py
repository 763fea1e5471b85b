"""Looks at what the City itself posts and advises its authors: in the e-mail digest, and at once on campaign words.

Nothing is ever done about a City post. Each wording is looked at once, and the same advice is not given again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from archive import ledger, records
from archive.card import platform_name
from bot.domain.types import revision_of
from bot.letters import compose, put
from bot.log import logger
from bot.masking import masked
from rules.advice import CAMPAIGN, advise

if TYPE_CHECKING:
    from datetime import datetime

    from archive.database import Tx
    from bot.domain.types import Post
    from bot.parts import Parts
    from bot.settings import AccountSettings
    from rules.advice import Advice

AT_ONCE = 50
ADVISED, LOOKED = "post.advised", "posts.looked_at"
OLD = timedelta(days=7)
"""A post that is older when it is first seen is history: nobody is advised on it."""
TELL_ALTERNATIVES = frozenset({"x", "bluesky"})
"""Where a program is told whether the pictures of a post are described."""

log = logger("advising")


def look(parts: Parts, now: datetime) -> int:
    """Look at the City's posts that are new or edited; give how many were looked at."""
    with parts.database.read() as tx:
        if not list(ledger.entries(tx, after=_seen(tx), kinds=("post.recorded",), limit=1)):
            return 0
    with parts.database.begin() as tx:
        lines = list(ledger.entries(tx, after=_seen(tx), kinds=("post.recorded",), limit=AT_ONCE))
        for ref in dict.fromkeys(line.ref for line in lines if line.ref):
            post = records.post(tx, ref)
            entry = _entry(parts, post)
            if entry and post.author.id == entry.id and now - post.posted_at <= OLD:
                _advise(parts, tx, entry, post, now)
        if lines:
            ledger.append(tx, kind=LOOKED, agent=ledger.DAEMON, at=now, detail={"through": lines[-1].seq})
    return len(lines)


def _seen(tx: Tx) -> int:
    last = ledger.last(tx, (LOOKED,))
    return int(last.detail["through"]) if last else 0


def _entry(parts: Parts, post: Post) -> AccountSettings | None:
    key = f"{post.ref.platform}:{post.ref.account}"
    return next((entry for entry in parts.settings.accounts if entry.account.key == key), None)


def _advise(parts: Parts, tx: Tx, entry: AccountSettings, post: Post, now: datetime) -> None:
    found = list(
        advise(
            post,
            parts.rulebook.engine.evaluate(post.text),
            sites=parts.settings.city.sites,
            tells_alternatives=entry.platform in TELL_ALTERNATIVES,
        )
    )
    before = list(ledger.entries(tx, ref=post.ref, kinds=(ADVISED,)))
    codes = [one.code for one in found]
    if codes == (before[-1].detail["codes"] if before else []):
        return
    detail = {"codes": codes, "says": [one.says for one in found], "url": post.url}
    ledger.append(tx, kind=ADVISED, ref=post.ref, agent=ledger.DAEMON, at=now, detail=detail)
    for one in found:
        if one.code == CAMPAIGN:
            _tell_at_once(parts, tx, entry, post, one, now)
    log.info("advised", ref=str(post.ref), codes=", ".join(codes))


def _tell_at_once(  # noqa: PLR0913  who is told what about which post
    parts: Parts, tx: Tx, entry: AccountSettings, post: Post, advice: Advice, now: datetime
) -> None:
    settings = parts.settings
    key = entry.account.key
    to = tuple(pio.email for pio in settings.pios if not pio.accounts or key in pio.accounts)
    message = compose(settings, to, f"A City post may campaign: {entry.name} on {platform_name(entry.platform)}", now)
    message["X-Priority"] = "1"
    message.set_content(
        f"{masked(post.text)}\n\n{post.url}\n\n{masked(advice.says)}.\n\n"
        "This is advice. The program does nothing about posts of the City; whoever answers for the page decides.\n"
    )
    wording = revision_of(post.text, post.attachments)
    put(tx, message, kind="advice", key=f"advice:{post.ref}:{wording}", to=to, now=now)
