"""The evidence mail to the Social Media Manager, and what all mails of the program have in common.

Mails are composed inside the transaction that makes them necessary and put into the outbox there; `bot.mail` delivers
them. The e-mail digest and the alarms have modules of their own.
"""

from __future__ import annotations

import mimetypes
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING

import jinja2
from css_inline import CSSInliner

from archive import card, outbox
from archive.card import alternative, platform_name
from archive.evidence import picture, staff_pictures, transcript

if TYPE_CHECKING:
    from datetime import datetime, tzinfo
    from pathlib import Path

    from archive.database import Tx
    from archive.subject import Subject
    from bot.domain.types import Evidence, Order
    from bot.settings import Settings

TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("bot"),
    autoescape=jinja2.select_autoescape(["html", "html.j2"]),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

MOST_ATTACHED = 12 * 1024 * 1024
"""Bytes of pictures in one mail; in transit they grow by a third, and many servers stop at 20 or 25 MB."""

STYLES = CSSInliner(keep_at_rules=True)
"""Writes styles into the elements, for mail programs that drop style sheets; what dark mode needs stays in the head."""


def when(settings: Settings, at: datetime) -> str:
    """A moment as the City's staff would say it."""
    return f"{at.astimezone(settings.zone):%b %d, %Y, %I:%M %p %Z}"


def evidence_key(evidence_id: str) -> str:
    """The outbox's name for the mail that carries one piece of evidence."""
    return f"evidence:{evidence_id}"


def evidence(  # noqa: PLR0913  the mail is about all of these
    tx: Tx, settings: Settings, *, subject: Subject, sealed: Evidence, order: Order, now: datetime
) -> None:
    """Queue the screenshot for the Social Media Manager, before anything is hidden (AR 1-27 5.C.1.f)."""
    facts = _facts(settings, subject, sealed, order)
    said = card.decided(subject.ground) if subject.ground else ""
    named = [subject.ground.title] if subject.ground else []
    clauses = ", ".join(dict.fromkeys((*named, *(finding.clause for finding in subject.findings))))
    title = f"Evidence: comment on {subject.account.name} ({platform_name(subject.account.platform)}), {clauses}"
    words = transcript(settings.evidence_folder, sealed)
    message = compose(settings, (settings.mail.social_media_manager,), title, now)
    message.set_content(
        TEMPLATES.get_template("evidence.txt.j2").render(facts=facts, subject=subject, words=words, decided=said)
    )
    html = TEMPLATES.get_template("evidence.html.j2").render(
        facts=facts,
        subject=subject,
        decided=said,
        words=alternative(subject),
        title=title,
        picture="cid:evidence",
        city=settings.city.name,
    )
    message.add_alternative(STYLES.inline(html), subtype="html")
    embed(message, picture(settings.evidence_folder, sealed), cid="evidence")
    _attach(message, staff_pictures(settings.evidence_folder, sealed))
    outbox.put(
        tx,
        kind="evidence",
        key=evidence_key(sealed.id),
        to=(settings.mail.social_media_manager,),
        subject=title,
        message=bytes(message),
        now=now,
    )


def _attach(message: EmailMessage, pictures: list[Path]) -> None:
    """Attach what staff photographed, as far as mail servers take it; all of it is sealed in the evidence folder."""
    size = 0
    for path in pictures:
        size += path.stat().st_size
        if size <= MOST_ATTACHED:
            kind, _, subtype = (mimetypes.guess_type(path.name)[0] or "application/octet-stream").partition("/")
            message.add_attachment(path.read_bytes(), kind, subtype, filename=f"staff-{path.name}")


def embed(message: EmailMessage, image: Path, *, cid: str) -> None:
    """Put a PNG into the HTML part of a mail, where ``cid:`` and its name show it."""
    html = message.get_body(("html",))
    if html is None:
        reason = "a mail without an HTML part cannot show a picture"
        raise ValueError(reason)
    html.add_related(image.read_bytes(), "image", "png", cid=f"<{cid}>", filename=f"{cid}.png", disposition="inline")


def compose(settings: Settings, to: tuple[str, ...], subject: str, now: datetime) -> EmailMessage:
    """An empty mail from the program. Its Message-ID is added when it goes out, the same each time it does."""
    message = EmailMessage()
    message["From"] = f"citymod <{settings.mail.sender}>"
    message["To"] = ", ".join(to)
    message["Subject"] = " ".join(subject.split())
    message["Date"] = format_datetime(now)
    message["Auto-Submitted"] = "auto-generated"
    return message


def _facts(settings: Settings, subject: Subject, sealed: Evidence, order: Order) -> list[tuple[str, str]]:
    """What AR 1-27 5.C.1.f asks to be kept, and what proves it, as label and text."""
    comment = subject.comment
    author = comment.author
    identity = " · ".join(filter(None, (author.name, author.handle and f"@{author.handle}", author.id)))
    zone = settings.zone
    by_hand = " (staff do it by hand)" if settings.entry(subject.account.key).by_hand else ""
    return [
        ("Account", f"{subject.account.name} on {platform_name(subject.account.platform)}"),
        ("Written by", identity or "not available from the platform"),
        ("Written at", _moment(comment.posted_at, zone)),
        ("Captured at", _moment(sealed.captured_at, zone)),
        ("What follows", f"{order.action}{by_hand}, decided by {order.agent.kind} {order.agent.name}"),
        ("Address", comment.url),
        ("Comment", str(comment.ref)),
        ("Wording (SHA-256)", comment.revision),
        ("Evidence", sealed.id),
        ("Order", order.id),
        ("Manifest (SHA-256)", sealed.manifest),
    ]


def _moment(at: datetime, zone: tzinfo) -> str:
    local = at.astimezone(zone)
    return f"{local:%A, %B %d, %Y, %I:%M:%S %p %Z} ({at:%Y-%m-%d %H:%M:%S} UTC)"
