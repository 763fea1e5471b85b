"""Looks at what the City itself posts and advises its authors: in the e-mail digest, and at once on campaign words.

Nothing is ever done about a City post. Each wording is looked at once, and the same advice is not given again.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING

from archive import ledger, records
from archive.card import platform_name
from bot.digest_words import EN, IN
from bot.domain.types import revision_of
from bot.letters import compose, put
from bot.lines import English, say
from bot.log import logger
from bot.masking import INSTEAD, masked
from rules.advice import ALTERNATIVE, CAMPAIGN, CREDIT, LINK, Advice, advise

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from archive.database import Tx
    from archive.ledger import Entry
    from archive.stored import Json
    from bot.digest_words import Words
    from bot.domain.types import Post
    from bot.parts import Parts
    from bot.settings import AccountSettings

AT_ONCE = 50
ADVISED, LOOKED = "post.advised", "posts.looked_at"
OLD = timedelta(days=7)
"""A post that is older when it is first seen is history: nobody is advised on it."""
TELL_ALTERNATIVES = frozenset({"x", "bluesky"})
"""Where a program is told whether the pictures of a post are described."""
_CODES = frozenset({CAMPAIGN, LINK, CREDIT, ALTERNATIVE})
"""Those that are no clauses."""

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
    advice = [asdict(one) | {"words": list(one.words)} for one in found]
    detail: dict[str, Json] = {"codes": [*codes], "says": list(map(in_words, found)), "advice": advice, "url": post.url}
    ledger.append(tx, kind=ADVISED, ref=post.ref, agent=ledger.DAEMON, at=now, detail=detail)
    for one in found:
        if one.code == CAMPAIGN:
            _tell_at_once(parts, tx, entry, post, one, now)
    log.info("advised", ref=str(post.ref), codes=", ".join(codes))


def in_words(one: Advice, words: Words = EN) -> str:
    """Say what the author of a post should know."""
    form = words[f"advice_{one.code}" if one.code in _CODES else "advice_clause"]
    return form.format(words=words["or"].join(one.words), rule=one.rule, clause=one.code)


def lines(advised: Entry, words: Words = EN) -> Iterator[str]:
    """What a line of the ledger says that a post was advised, in these words; a line of earlier versions in English."""
    if "advice" in advised.detail:
        found = [Advice(**one | {"words": tuple(one["words"])}) for one in advised.detail["advice"]]
        says = "; ".join(in_words(one, words) for one in found)
    else:
        says = English("; ".join(advised.detail["says"]))
    if says:
        yield say(words["advice_line"], url=advised.detail["url"], says=says)


def _tell_at_once(  # noqa: PLR0913  who is told what about which post
    parts: Parts, tx: Tx, entry: AccountSettings, post: Post, advice: Advice, now: datetime
) -> None:
    settings = parts.settings
    key = entry.account.key
    told = [pio for pio in settings.pios if not pio.accounts or key in pio.accounts]
    for language in dict.fromkeys(pio.language for pio in told):
        words = IN[language]
        to = tuple(pio.email for pio in told if pio.language == language)
        subject = words["may_campaign"].format(name=entry.name, platform=platform_name(entry.platform))
        message = compose(settings, to, subject, now)
        message["X-Priority"] = "1"
        text, says = (masked(said, instead=words[INSTEAD]) for said in (post.text, in_words(advice, words)))
        message.set_content(f"{text}\n\n{post.url}\n\n{says}.\n\n{words['only_advice']}\n")
        message["Content-Language"] = language
        wording = revision_of(post.text, post.attachments)
        more = "" if language == "en" else f":{language}"
        put(tx, message, kind="advice", key=f"advice:{post.ref}:{wording}{more}", to=to, now=now)
