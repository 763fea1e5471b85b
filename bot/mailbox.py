"""Reads the intake mailbox by IMAP: what staff enter by mail becomes a comment, all else a task. Nothing is dropped.

Each mail is kept whole but for the tokens in its links (bot/without_tokens.py), in one transaction with what follows
from it, and only then moved to another folder of the mailbox; so it does not matter whether somebody opens mails there
besides. Killed in between, the mail is read again and found to be known.
"""

from __future__ import annotations

import hashlib
import imaplib
import ssl
from typing import TYPE_CHECKING

from imap_tools import BaseMailBox, ImapToolsError, MailBox, MailBoxStartTls, MailBoxUnencrypted

from archive import evidence, handwork, ledger
from archive.acknowledged import acknowledge
from bot import appeals, forms, intake, letterbox, letters, notices
from bot.alarms import alarm
from bot.log import logger
from bot.review import NotPossible, person
from bot.settings import MissingCredential, credential
from bot.without_tokens import without_tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from archive.database import Tx
    from bot.letterbox import Letter
    from bot.parts import Parts
    from bot.settings import Mailbox, Settings

AT_ONCE = 50
TROUBLE = (OSError, imaplib.IMAP4.error, ImapToolsError)

log = logger("mailbox")


def read(parts: Parts, clock: Callable[[], datetime]) -> int:
    """Take in what is new in the mailbox; give how many mails. A mailbox that does not answer is told, not raised."""
    wanted = parts.settings.mailbox
    if wanted is None:
        return 0
    taken = 0
    try:
        with _opened(parts.settings, wanted) as box:
            if not box.folder.exists(wanted.taken):
                box.folder.create(wanted.taken)
            for uid in box.uids()[:AT_ONCE]:
                raw = _raw(box, uid)
                with parts.database.begin() as tx:
                    take(tx, parts.settings, raw, clock())
                box.move(uid, wanted.taken)
                taken += 1
    except (*TROUBLE, MissingCredential, KeyError) as error:
        _tell(parts, f"{type(error).__name__}: {error}"[:300], clock())
        return taken
    _tell(parts, None, clock())
    if taken:
        log.info("mails taken in", mails=taken)
    return taken


def waiting(settings: Settings) -> int:
    """How many mails lie in the mailbox. Raises `TROUBLE`, MissingCredential, LookupError."""
    if settings.mailbox is None:
        return 0
    with _opened(settings, settings.mailbox) as box:
        return len(box.uids())


def take(tx: Tx, settings: Settings, raw: bytes, now: datetime) -> None:
    """Put one mail on record, and what follows from it: a comment that staff enter, or else a task."""
    wanted = settings.mailbox
    staff = wanted.staff if wanted else ()
    letter = letterbox.understand(
        raw,
        staff=(*staff, settings.mail.social_media_manager),
        platforms=dict(_platforms(settings)),
        server=wanted.mail_server if wanted else None,
    )
    key = _key(letter, raw)
    if handwork.known(tx, key):
        return
    received = _acknowledged(tx, letter, now) if letter.staff else []
    may_enter = letter.staff in {each.lower() for each in staff} and not received
    ref, why = _enter(tx, settings, letter, now) if may_enter else ("", "")
    if ref and letter.unusable:
        why = f"Entered as {ref}, but {'; '.join(letter.unusable)}."
    if not letter.staff and not letter.platform:
        ref, why = _appealed(tx, settings, letter, now)
    shape = _notice(settings, letter)
    id_ = handwork.receive(
        tx,
        key=key,
        source="mail",
        account=_account(settings, letter),
        sender=letter.sender or None,
        title=letter.title,
        says="\n".join(filter(None, (why, shape, letter.says))),
        trusted=bool(letter.staff or letter.platform),
        body=without_tokens(raw),
        now=now,
    )
    if id_ and received:
        said = f"as received: {', '.join(received)}"
        handwork.attend(tx, f"mail:{id_}", outcome="acknowledged", agent=ledger.DAEMON, why=said, now=now)
    if id_ and ref and not why:
        outcome = "entered" if letter.staff else "opened"
        handwork.attend(tx, f"mail:{id_}", outcome=outcome, agent=ledger.DAEMON, why=f"as {ref}", now=now)


def _acknowledged(tx: Tx, letter: Letter, now: datetime) -> list[str]:
    """Write down that a member of staff received the evidence whose mail this one answers; give what."""
    sealed = [evidence.named(tx, name) for name in letters.evidence_named(tx, letter.answers)]
    found = [one for one in sealed if one is not None]
    for one in found:
        acknowledge(tx, one, agent=person(letter.staff or ""), how="by mail", now=now)
    return [one.id for one in found]


def _appealed(tx: Tx, settings: Settings, letter: Letter, now: datetime) -> tuple[str, str]:
    """Open the appeal that a stranger's mail is if it names one case; give its name, or why it is a task instead."""
    order = appeals.numbered(tx, f"{letter.title}\n{letter.says}")
    if order is None:
        return "", ""
    says = f"{letter.title}\n{letter.says}"
    told = {"who": letter.sender or "somebody", "says": says, "source": "mail"}
    try:
        return appeals.open_(tx, settings, order, agent=ledger.DAEMON, now=now, **told), ""
    except NotPossible as error:
        return "", f"It names a case, and no appeal was opened: {error}."


def _enter(tx: Tx, settings: Settings, letter: Letter, now: datetime) -> tuple[str, str]:
    """Enter the comment that a member of staff sent; give its name, or why it is a task instead."""
    try:
        form = forms.read(letter.form, settings.zone)
        seen = intake.Seen(
            url=form.url,
            author=form.author,
            text=form.text,
            seen_at=form.seen_at or now,
            pictures=letter.pictures,
            how="mail",
        )
        taken = intake.add(tx, settings, form.account, seen, who=letter.staff or "", now=now)
    except (forms.NoForm, intake.NotTaken) as error:
        return "", f"Not entered as a comment: {error}."
    return str(taken.ref), ""


def _key(letter: Letter, raw: bytes) -> str:
    """What makes a mail the same as another: its Message-ID, but only among senders whom somebody vouches for.

    Anybody could send a mail under the Message-ID of another and so have that one taken for known.
    """
    vouched = letter.staff or letter.platform
    if letter.message_id and vouched:
        return f"{vouched} {letter.message_id}"
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def _account(settings: Settings, letter: Letter) -> str | None:
    return next((entry.account.key for entry in settings.accounts if entry.platform == letter.platform), None)


def _notice(settings: Settings, letter: Letter) -> str | None:
    """What a mail says that a platform is vouched for to have sent, if it is of a known shape."""
    by_hand = next((one.by_hand for one in settings.accounts if one.platform == letter.platform), None)
    if by_hand is None:
        return None
    return notices.told(by_hand.notices, sender=letter.sender, title=letter.title, words=letter.says)


def _platforms(settings: Settings) -> Iterator[tuple[str, tuple[str, ...]]]:
    for entry in settings.accounts:
        if entry.by_hand:
            yield entry.platform, entry.by_hand.senders


def _opened(settings: Settings, wanted: Mailbox) -> BaseMailBox:
    """Sign in to the mailbox; a certificate that does not fit is refused."""
    login = credential(settings, wanted.credential)
    place = {"host": wanted.host, "port": wanted.port, "timeout": wanted.timeout_seconds}
    if wanted.tls == "none":
        box: BaseMailBox = MailBoxUnencrypted(**place)
    else:
        kind = MailBox if wanted.tls == "tls" else MailBoxStartTls
        box = kind(**place, ssl_context=ssl.create_default_context())
    try:
        return box.login(login["user"], login["password"], initial_folder=wanted.folder)
    except BaseException:
        box.client.shutdown()
        raise


def _raw(box: BaseMailBox, uid: str) -> bytes:
    """The bytes of a mail as they are, without marking it as read."""
    status, answer = box.client.uid("FETCH", uid, "(BODY.PEEK[])")
    found = next((part[1] for part in answer if isinstance(part, tuple)), None) if status == "OK" else None
    if not isinstance(found, bytes):
        message = f"the server did not give mail {uid}"
        raise imaplib.IMAP4.error(message)
    return found


def _tell(parts: Parts, why: str | None, now: datetime) -> None:
    """Put it on record that the mailbox cannot be read, and that it can be read again: when that changes."""
    with parts.database.read() as tx:
        last = ledger.last(tx, ("mailbox.failed", "mailbox.answers"))
    failing = last is not None and last.kind == "mailbox.failed"
    if failing is (why is not None):
        return
    kind = "mailbox.failed" if why else "mailbox.answers"
    with parts.database.begin() as tx:
        ledger.append(tx, kind=kind, agent=ledger.DAEMON, at=now, detail={"why": why} if why else {})
        if why:
            alarm(
                tx,
                parts.settings,
                "mailbox",
                key=f"mailbox:{now.isoformat()}",
                now=now,
                why=why,
            )
    log.log(40 if why else 20, "mailbox", why=why or "answers again")
