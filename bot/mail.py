"""Delivers the outbox by SMTP, and says so when a mail may arrive twice.

A mail is marked as begun before it is handed over. Killed in between, nobody can know whether the server took it, so
it is sent again, with the same Message-ID and with a subject that says it is a second copy. Nothing is mailed twice in
silence, and nothing is lost.
"""

from __future__ import annotations

import smtplib
import ssl
from email import message_from_bytes
from typing import TYPE_CHECKING

from archive import outbox
from bot.domain.schedule import retry_at
from bot.letters import MAIL, MOST_ATTACHED, bundle, taken_in
from bot.log import logger
from bot.settings import credential

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from archive.outbox import Mail
    from bot.parts import Parts
    from bot.settings import Settings

AT_ONCE = 20
TROUBLE = (OSError, smtplib.SMTPException)
"""What a mail server, or the way to it, may fail with."""

log = logger("mail")


def deliver(parts: Parts, clock: Callable[[], datetime], stop: Callable[[], bool] = lambda: False) -> int:
    """Send what is due, oldest first; give how many were accepted. What is not accepted is tried again later."""
    with parts.database.read() as tx:
        due = outbox.due(tx, clock(), AT_ONCE)
    if not due:
        return 0
    accepted = 0
    try:
        server = connect(parts.settings)
    except TROUBLE as error:
        for mail in due:
            _failed(parts, mail, error, clock())
        return 0
    with server:
        for some in _together(parts.settings, due):
            if stop():
                break
            accepted += _send(parts, server, some, clock)
    return accepted


def _together(settings: Settings, due: list[Mail]) -> Iterator[list[Mail]]:
    """What goes in one mail: each by itself, but evidence together where the City wants it so, as far as mails hold it.

    What may have arrived before goes alone, since it must say so.
    """
    some: list[Mail] = []
    for mail in due:
        if settings.mail.evidence != "bundle" or mail.kind != "evidence" or mail.unfinished:
            yield [mail]
            continue
        if some and (mail.to != some[0].to or sum(len(each.message) for each in (*some, mail)) > MOST_ATTACHED):
            yield some
            some = []
        some.append(mail)
    if some:
        yield some


def _send(parts: Parts, server: smtplib.SMTP, mails: list[Mail], clock: Callable[[], datetime]) -> int:
    """Send what goes in one mail; give how many of the outbox's mails were accepted by that."""
    with parts.database.begin() as tx:
        for mail in mails:
            outbox.begin(tx, mail.id, clock())
    bundled = bundle(parts.settings, mails, clock()) if len(mails) > 1 else None
    handed_over = bytes(bundled) if bundled else as_sent(mails[0])
    try:
        refused = server.sendmail(parts.settings.mail.sender, list(mails[0].to), handed_over)
    except TROUBLE as error:
        for mail in mails:
            _failed(parts, mail, error, clock())
        return 0
    response = taken_in(str(bundled["Message-ID"])) if bundled else "accepted"
    response += f", but refused for {', '.join(refused)}" if refused else ""
    with parts.database.begin() as tx:
        for mail in mails:
            outbox.sent(tx, mail.id, clock(), response, handed_over)
    for mail in mails:
        log.info("mail accepted", kind=mail.kind, key=mail.key, attempts=mail.attempts + 1)
    return len(mails)


def as_sent(mail: Mail) -> bytes:
    """The bytes that are handed over: those that are kept, or, if it may be a second copy, those with that said."""
    if not mail.unfinished:
        return mail.message
    message = message_from_bytes(mail.message, policy=MAIL)
    subject = str(message["Subject"])
    del message["Subject"]
    message["Subject"] = f"{subject} (second copy: the first may have reached you)"
    message["X-Citymod-Copy"] = str(mail.attempts + 1)
    return bytes(message)


def connect(settings: Settings) -> smtplib.SMTP:
    """Open a connection to the City's mail server, encrypted and signed in as the settings say."""
    mail = settings.mail
    if mail.tls == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            mail.host, mail.port, timeout=mail.timeout_seconds, context=ssl.create_default_context()
        )
    else:
        server = smtplib.SMTP(mail.host, mail.port, timeout=mail.timeout_seconds)
    try:
        if mail.tls == "starttls":
            server.starttls(context=ssl.create_default_context())
        if mail.credential:
            login = credential(settings, mail.credential)
            server.login(login["user"], login["password"])
    except BaseException:
        server.close()
        raise
    return server


def _failed(parts: Parts, mail: Mail, error: Exception, now: datetime) -> None:
    why = f"{type(error).__name__}: {error}"
    with parts.database.begin() as tx:
        outbox.failed(tx, mail.id, now, until=retry_at(mail.attempts + 1, now), why=why)
    log.warning("mail not accepted", kind=mail.kind, key=mail.key, why=why)
