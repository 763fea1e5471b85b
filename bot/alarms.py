"""Calls on-call staff: alarms by mail and by webhook, and accounts that stop until a person has looked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive import accounts
from bot import alarm_words, webhook
from bot.digest_words import IN
from bot.letters import compose, names, put
from bot.links import pause_link_in_mail
from bot.log import logger
from bot.masking import INSTEAD, masked
from connectors.contract import Malformed

if TYPE_CHECKING:
    from datetime import datetime

    from archive.database import Tx
    from bot.domain.types import Account
    from bot.parts import Parts
    from bot.settings import Settings

log = logger("alarms")


def alarm(tx: Tx, settings: Settings, what: str, /, *, key: str, now: datetime, **about: object) -> None:
    """Queue a call to on-call staff. The same `key` is sent once, however often the trouble is met.

    `what` names its words (bot/alarm_words.py), into which `about` is filled.
    """
    words = IN[settings.mail.language]
    said = alarm_words.in_words(what, settings, about)
    subject, *lines = (masked(line, names(settings, line), instead=words[INSTEAD]) for line in said)
    message = compose(settings, settings.mail.on_call, f"citymod: {subject}", now)
    message["X-Priority"] = "1"
    link = pause_link_in_mail(settings, ", ".join(settings.mail.on_call), now)
    stop = [words["stop_in_alarm"].format(link=link)] if link else []
    message.set_content("\n\n".join([f"{settings.city.name}: {subject}.", *lines, *stop]) + "\n")
    message["Content-Language"] = settings.mail.language
    put(tx, message, kind="alarm", key=f"alarm:{key}", to=settings.mail.on_call, now=now)
    webhook.owe(tx, settings, key=key, subject=subject, lines=lines, now=now)


def stop_account(parts: Parts, account: Account, error: Exception, now: datetime) -> None:
    """Stop polling and acting on an account until a person has looked, and call that person."""
    why = f"{type(error).__name__}: {error}"
    payload = error.payload if isinstance(error, Malformed) else None
    with parts.database.begin() as tx:
        accounts.stop(tx, account.key, why, now, payload=payload)
        alarm(
            tx,
            parts.settings,
            "stopped",
            key=f"stopped:{account.key}:{now.isoformat()}",
            now=now,
            name=account.name,
            platform=account.platform,
            account=account.key,
            why=why,
        )
    log.error("account stopped", account=account.key, why=why)
