"""Calls on-call staff: alarms by mail and by webhook, and accounts that stop until a person has looked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archive import accounts
from bot import webhook
from bot.letters import compose, names, put
from bot.links import pause_link_in_mail
from bot.log import logger
from bot.masking import masked
from connectors.contract import Malformed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from archive.database import Tx
    from bot.domain.types import Account
    from bot.parts import Parts
    from bot.settings import Settings

log = logger("alarms")


def alarm(  # noqa: PLR0913  an alarm says what, why and what to do
    tx: Tx, settings: Settings, *, key: str, subject: str, lines: Sequence[str], now: datetime
) -> None:
    """Queue a call to on-call staff. The same `key` is sent once, however often the trouble is met."""
    subject, *lines = (masked(line, names(settings, line)) for line in (subject, *lines))
    message = compose(settings, settings.mail.on_call, f"citymod: {subject}", now)
    message["X-Priority"] = "1"
    link = pause_link_in_mail(settings, ", ".join(settings.mail.on_call), now)
    stop = [f"Pause all acting at once, without signing in (holds once, for three days):\n{link}"] if link else []
    message.set_content("\n\n".join([f"{settings.city.name}: {subject}.", *lines, *stop]) + "\n")
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
            key=f"stopped:{account.key}:{now.isoformat()}",
            subject=f"{account.name} on {account.platform} has stopped",
            lines=(
                f"The account {account.key} is no longer polled or acted on, since: {why}.",
                "Comments stay visible. Nothing that was recorded is lost.",
                f"When it is mended, run: citymod resume --account {account.key} --reason '…'",
            ),
            now=now,
        )
    log.error("account stopped", account=account.key, why=why)
