"""The evidence mail to the Social Media Manager, and what all mails of the program have in common.

Mails are composed inside the transaction that makes them necessary and put into the outbox there; `bot.mail` delivers
them. The e-mail digest and the alarms have modules of their own.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING

import jinja2
from css_inline import CSSInliner
from markupsafe import Markup, escape

from archive import card, cases, outbox, records
from archive.card import alternative, platform_name
from archive.evidence import picture, staff_pictures, transcript
from bot import digest_words, evidence_words
from bot.digest_words import when_due
from bot.domain.schedule import next_round
from bot.domain.types import Action
from bot.lines import marked
from bot.masking import INSTEAD, closed, masked, masked_excerpt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path
    from zoneinfo import ZoneInfo

    from archive.cases import Ground
    from archive.database import Tx
    from archive.outbox import Mail
    from archive.subject import Subject
    from bot.digest_words import Words
    from bot.domain.types import Comment, Evidence, Order, Post, Ref
    from bot.settings import Settings

TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("bot"),
    autoescape=jinja2.select_autoescape(["html", "html.j2"]),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

TEMPLATES.filters["lines"] = lambda text: Markup("<br>\n").join(escape(text).splitlines())  # Outlook knows no pre-wrap
TEMPLATES.filters["marked"] = marked
MAIL = policy.SMTP.clone(cte_type="7bit")
"""How mails are written: in the bytes that go over the wire, with no sign in them that a server may want to recode."""

MOST_ATTACHED = 12 * 1024 * 1024
"""Bytes of pictures in one mail; in transit they grow by a third, and many servers stop at 20 or 25 MB."""

STYLES = CSSInliner(keep_at_rules=True)
"""Writes styles into the elements, for mail programs that drop style sheets; what dark mode needs stays in the head."""


def when(settings: Settings, at: datetime) -> str:
    """A moment as the City's staff would say it."""
    return f"{at.astimezone(settings.zone):%b %d, %Y, %I:%M %p %Z}"


def names(settings: Settings, text: str) -> tuple[str, ...]:
    """The accounts and cases that a text of ours names: they stay readable although some look like a card's number."""
    keys = "|".join(re.escape(entry.account.key) for entry in settings.accounts)
    return tuple(found[0] for found in re.finditer(rf"\b(?:{keys})(?::[\w.-]+)?", text))


def evidence_key(evidence_id: str) -> str:
    """The outbox's name for the mail that carries one piece of evidence."""
    return f"evidence:{evidence_id}"


def evidence(  # noqa: PLR0913  the mail is about all of these
    tx: Tx, settings: Settings, *, subject: Subject, sealed: Evidence, order: Order, now: datetime
) -> None:
    """Queue the screenshot for the Social Media Manager, before anything is hidden (AR 1-27 5.C.1.f)."""
    named = [subject.ground.title] if subject.ground else []
    clauses = ", ".join(dict.fromkeys((*named, *(finding.clause for finding in subject.findings))))
    w, said = evidence_words.IN[settings.mail.language], digest_words.IN[settings.mail.language]
    platform = platform_name(subject.account.platform)
    title = w["subject"].format(name=subject.account.name, platform=platform, clauses=clauses)
    hidden = why_closed(tx, sealed.ref, sealed.revision)
    keep = _names(subject)
    told = {
        "w": w,
        "text": masked(subject.comment.text, keep, instead=said[INSTEAD]),
        "facts": _facts(settings, subject, sealed, order),
        "ground": subject.ground,
        "decided": masked(decided(subject.ground, said), keep, instead=said[INSTEAD]) if subject.ground else "",
        "findings": [
            (one, masked_excerpt(subject.comment.text, one.start, one.end, instead=said[INSTEAD]))
            for one in subject.findings
        ],
        "closed": said[hidden] if hidden else "",
        "evidence": sealed,
        "city": settings.city.name,
        "answers": settings.mail.reply_to is not None,
    }
    message = compose(settings, (settings.mail.social_media_manager,), title, now)
    if settings.mail.reply_to:
        message["Reply-To"] = settings.mail.reply_to
    words = masked(transcript(settings.evidence_folder, sealed), keep)
    message.set_content(TEMPLATES.get_template("evidence.txt.j2").render(told, words=words))
    words = masked(alternative(subject), keep)
    html = TEMPLATES.get_template("evidence.html.j2").render(told, words=words, title=title, picture="cid:evidence")
    message.add_alternative(STYLES.inline(html), subtype="html")
    if not hidden:
        embed(message, picture(settings.evidence_folder, sealed).read_bytes(), "png", cid="evidence")
        _attach(message, staff_pictures(settings.evidence_folder, sealed))
    message["Content-Language"] = w["lang"]
    to = (settings.mail.social_media_manager,)
    not_before = None
    if settings.mail.evidence == "bundle" and order.action is not Action.DELETE:  # deleting waits for the mail
        not_before = next_round(now, timedelta(minutes=settings.mail.bundle_minutes))
    put(tx, message, kind="evidence", key=evidence_key(sealed.id), to=to, now=now, not_before=not_before)


def why_closed(tx: Tx, ref: Ref, revision: str) -> str:
    """Why the picture of one wording of a comment is not mailed, or nothing.

    It shows the post and the comments above as well, so their words count, too; and so does each clause that a rule or
    a person named.
    """
    comment = records.comment(tx, ref, revision)
    shown: tuple[Post | Comment, ...] = (comment, records.post(tx, comment.post), *records.thread(tx, ref))
    stored, ground = cases.verdict_on(tx, ref, revision), cases.ground(tx, ref, revision)
    clauses = {match.clause for match in stored.verdict.matches if not match.shadow} if stored else set()
    said = [text for item in shown for text in _texts(item)] + ([ground.why] if ground else [])
    return closed(said, clauses | ({ground.clause} if ground else set()))


def _texts(item: Post | Comment) -> Iterator[str]:
    """What strangers say in a post or comment, as far as a picture of it shows it."""
    yield from (item.text, item.author.name or "", item.author.handle or "")
    yield from (attachment.alt or "" for attachment in item.attachments)


def _names(subject: Subject) -> tuple[str, ...]:
    """Identifiers that stay as they are, though many a one of them looks like the number of a card."""
    items: tuple[Post | Comment, ...] = (subject.comment, subject.post, *subject.thread)
    authors = [each for item in items for each in (item.author.id, item.author.url) if each]
    return (*(str(item.ref) for item in items), *(item.url for item in items), *authors, subject.account.id)


def _attach(message: EmailMessage, pictures: list[Path]) -> None:
    """Attach what staff photographed, as far as mail servers take it; all of it is sealed in the evidence folder."""
    size = 0
    for path in pictures:
        size += path.stat().st_size
        if size <= MOST_ATTACHED:
            kind, _, subtype = (mimetypes.guess_type(path.name)[0] or "application/octet-stream").partition("/")
            message.add_attachment(path.read_bytes(), kind, subtype, filename=f"staff-{path.name}")


def embed(message: EmailMessage, image: bytes, kind: str, *, cid: str) -> None:
    """Put a picture (``png``, ``jpeg``) into the HTML part of a mail, where ``cid:`` and its name show it."""
    html = message.get_body(("html",))
    if html is None:
        reason = "a mail without an HTML part cannot show a picture"
        raise ValueError(reason)
    html.add_related(image, "image", kind, cid=f"<{cid}>", filename=f"{cid}.{kind}", disposition="inline")


def compose(settings: Settings, to: tuple[str, ...], subject: str, now: datetime) -> EmailMessage:
    """An empty mail from the program. Its Message-ID is added when it is put into the outbox (`put`)."""
    message = EmailMessage(MAIL)
    message["From"] = f"citymod <{settings.mail.sender}>"
    message["To"] = ", ".join(to)
    message["Subject"] = " ".join(subject.split())
    message["Date"] = format_datetime(now)
    message["Auto-Submitted"] = "auto-generated"
    return message


def put(  # noqa: PLR0913  a mail is all of this
    tx: Tx,
    message: EmailMessage,
    *,
    kind: str,
    key: str,
    to: tuple[str, ...],
    now: datetime,
    not_before: datetime | None = None,
) -> str:
    """Put a mail into the outbox, in the very bytes that will be sent; give its identifier.

    Its Message-ID follows from its key, so that it is the same however often it is sent.
    """
    message["Message-ID"] = f"<{_plain(key)}.{hashlib.sha256(key.encode()).hexdigest()[:12]}@{_domain(message)}>"
    return outbox.put(
        tx,
        kind=kind,
        key=key,
        to=to,
        subject=str(message["Subject"]),
        message=bytes(message),
        now=now,
        not_before=not_before,
    )


def _plain(key: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", ".", key)[:60].strip(".")


def _domain(message: EmailMessage) -> str:
    return str(message["From"].addresses[0].domain)


# Several in one, and who received them --------------------------------------------------------------------------------


def bundle(settings: Settings, letters: Sequence[Mail], now: datetime) -> EmailMessage:
    """Put several evidence mails into one, each whole as it is kept (message/rfc822, RFC 2046 5.2.1), with a list."""
    whole = [message_from_bytes(letter.message, policy=MAIL) for letter in letters]
    w = evidence_words.IN[settings.mail.language]
    title = w["several"].format(number=len(whole))
    message = compose(settings, letters[0].to, title, now)
    if settings.mail.reply_to:
        message["Reply-To"] = settings.mail.reply_to
    told = {
        "w": w,
        "city": settings.city.name,
        "title": title,
        "letters": [(str(each["Subject"]), str(each["Date"])) for each in whole],
        "answers": settings.mail.reply_to is not None,
    }
    message.set_content(TEMPLATES.get_template("bundle.txt.j2").render(told))
    html = STYLES.inline(TEMPLATES.get_template("bundle.html.j2").render(told))
    message.add_alternative(html, subtype="html")
    for number, each in enumerate(whole, start=1):
        message.add_attachment(each, filename=f"evidence-{number:02}.eml")
    names = hashlib.sha256("\n".join(letter.key for letter in letters).encode()).hexdigest()
    message["Content-Language"] = w["lang"]
    message["Message-ID"] = f"<bundle.{names[:40]}@{_domain(message)}>"
    return message


def taken_in(bundled: str) -> str:
    """How the outbox says of an evidence mail that a server took it within a bundle, by the bundle's Message-ID."""
    return f"accepted within {bundled}"


def evidence_named(tx: Tx, message_ids: Iterable[str]) -> list[str]:
    """Give the evidence that was sent in mails with these Message-IDs, alone or in a bundle."""
    found: list[str] = []
    for name in message_ids:
        alone = re.fullmatch(r"<evidence\.([0-9A-Za-z-]+)\.[0-9a-f]{12}@[^>]+>", name)
        found += [alone[1]] if alone else [key.removeprefix("evidence:") for key in outbox.answered(tx, taken_in(name))]
    return list(dict.fromkeys(found))


def _facts(settings: Settings, subject: Subject, sealed: Evidence, order: Order) -> list[tuple[str, str]]:
    """What AR 1-27 5.C.1.f asks to be kept, and what proves it, as label and text."""
    w, said = evidence_words.IN[settings.mail.language], digest_words.IN[settings.mail.language]
    comment = subject.comment
    author = comment.author
    names = (author.name, author.handle and card.at_handle(author.handle))
    instead = said[INSTEAD]
    identity = " · ".join(filter(None, (*(masked(name, instead=instead) for name in names if name), author.id)))
    zone = settings.zone
    by_hand = w["by_hand"] if settings.entry(subject.account.key).by_hand else ""
    follows = w[order.action].format(hand=by_hand, kind=w[order.agent.kind], name=order.agent.name)
    return [
        (w["account"], w["on"].format(name=subject.account.name, platform=platform_name(subject.account.platform))),
        (w["by"], identity or w["nobody"]),
        (w["written"], _moment(comment.posted_at, zone, said)),
        (w["captured"], _moment(sealed.captured_at, zone, said)),
        (w["follows"], follows),
        (w["address"], comment.url),
        (w["name"], str(comment.ref)),
        (w["wording"], comment.revision),
        (w["evidence"], sealed.id),
        (w["order"], order.id),
        (w["manifest"], sealed.manifest),
    ]


def decided(ground: Ground, words: Words) -> str:
    """Who found that a comment falls under a clause, why, and with whose agreement."""
    agreed = words["agreed"].format(who=ground.counsel) if ground.counsel else ""
    return words["decided"].format(who=ground.agent.name, agreed=agreed, why=ground.why)


def _moment(at: datetime, zone: ZoneInfo, words: Words) -> str:
    local = at.astimezone(zone)
    if words["lang"] == "en":
        return f"{local:%A, %B %d, %Y, %I:%M:%S %p %Z} ({at:%Y-%m-%d %H:%M:%S} UTC)"
    return f"{when_due(words, zone, at)} ({at:%Y-%m-%d %H:%M:%S} UTC)"
