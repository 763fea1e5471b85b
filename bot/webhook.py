"""Alarms by a webhook, besides mail: owed in the same transaction, kept until they were taken, tried again for ever.

They wait in the outbox like mails and are delivered by a job of their own, so that neither holds up the other. A call
that may have been taken before (the program was killed in between) comes again under the same X-Citymod-Delivery.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from archive import outbox
from bot.domain.schedule import retry_at
from bot.log import logger
from bot.settings import MissingCredential, credential
from connectors import webhook
from connectors.contract import Refused, Transient
from connectors.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from archive.database import Tx
    from archive.outbox import Mail
    from bot.parts import Parts
    from bot.settings import Settings, Webhook

AT_ONCE = 20
MOST = 64 * 1024
"""Of an answer nothing is read but its status."""

log = logger("webhook")


def owe(tx: Tx, settings: Settings, *, key: str, subject: str, lines: Sequence[str], now: datetime) -> None:  # noqa: PLR0913  as an alarm
    """Queue a call, if the settings name a webhook. The same `key` is queued once."""
    if settings.webhook is None:
        return
    told = {
        "what": "alarm",
        "key": key,
        "city": settings.city.name,
        "subject": subject,
        "lines": list(lines),
        "at": now.isoformat(),
    }
    body = json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")
    outbox.put(
        tx, kind=outbox.WEBHOOK, key=f"webhook:{key}", to=(outbox.WEBHOOK,), subject=subject, message=body, now=now
    )


def deliver(parts: Parts, clock: Callable[[], datetime], stop: Callable[[], bool] = lambda: False) -> int:
    """Call what is due, oldest first; give how many calls were taken. What is not taken is tried again later."""
    wanted = parts.settings.webhook
    if wanted is None:
        return 0
    with parts.database.read() as tx:
        due = outbox.due(tx, clock(), AT_ONCE, webhooks=True)
    return sum(_call(parts, wanted, one, clock) for one in due if not stop())


def _call(parts: Parts, wanted: Webhook, one: Mail, clock: Callable[[], datetime]) -> bool:
    with parts.database.begin() as tx:
        outbox.begin(tx, one.id, clock())
    try:
        said = send(parts.settings, wanted, one.message, delivery=one.id, attempt=one.attempts + 1, now=clock())
    except (Transient, Refused, MissingCredential, LookupError) as error:
        now, why = clock(), f"{type(error).__name__}: {error}"
        with parts.database.begin() as tx:
            outbox.failed(tx, one.id, now, until=retry_at(one.attempts + 1, now), why=why)
        log.warning("not taken", key=one.key, why=why)
        return False
    with parts.database.begin() as tx:
        outbox.sent(tx, one.id, clock(), said, one.message)
    log.info("taken", key=one.key, attempts=one.attempts + 1)
    return True


def send(settings: Settings, wanted: Webhook, body: bytes, *, delivery: str, attempt: int, now: datetime) -> str:  # noqa: PLR0913  a call is all of this
    """Make one call now; give what was answered. Raises Transient, Refused, MissingCredential, and LookupError."""
    secrets = credential(settings, wanted.credential)
    if "secret" not in secrets:
        message = f"credential {wanted.credential!r} of the webhook lacks 'secret'"
        raise LookupError(message)
    seconds = wanted.timeout_seconds
    transport = Transport(connect=seconds, read=seconds, total=seconds, most=MOST, secrets=tuple(secrets.values()))
    return webhook.post(
        transport, wanted.url, body, secret=secrets["secret"], delivery=delivery, attempt=attempt, now=now
    )
