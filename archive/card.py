"""The record card: a comment as the platform's API gave it, drawn by us, with what is needed to understand it.

The card never depends on a platform's web page, and it says itself that it is no picture of one. Everything that came
from outside is text in it: nothing is loaded, nothing runs.
"""

from __future__ import annotations

import unicodedata
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from archive.subject import Attached

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from archive.cases import Ground
    from archive.subject import Finding, Subject
    from bot.domain.types import Attachment, Author, Comment, Post

RENDITION = {
    "record": "Rendered from the platform’s API record",
    "page": "Public page, signed out",
    "embed": "The platform’s own embed, on a page of ours, signed out",
}
SIGNED_IN = "Page as shown to somebody who was signed in for the City"
ENTERED = "Rendered from what City staff saw and entered by hand"
NO_NAME = "name not available"
PICTURES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
LARGEST_PICTURE = 8 * 1024 * 1024  # bytes
MOST_UNSEEN = 8  # kinds of unseen characters that are named on the card
FILLERS = "\u034f\u115f\u1160\u2800\u3164\uffa0"  # letters and signs by category, drawn as nothing
CONTEXT_CHARACTERS = 600  # of a post or parent; the comment itself is always shown whole
PLATFORMS = {"x": "X", "youtube": "YouTube", "facebook": "Facebook", "instagram": "Instagram"}
_TEMPLATES = Environment(
    loader=PackageLoader("archive"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of the comment's text that is marked as a whole or not at all."""

    text: str
    marked: bool


def render(subject: Subject, *, version: str, now: datetime) -> str:
    """Draw the card as one page of HTML that needs nothing else. `now`: the time of the capture."""
    zone = ZoneInfo(subject.zone)
    comment = subject.comment
    return _TEMPLATES.get_template("record.html.j2").render(
        caption=caption("record", subject, version=version, now=now),
        platform=platform_name(comment.ref.platform),
        subject=subject,
        comment=comment,
        post=subject.post,
        pieces=pieces(comment.text, subject.findings),
        blank=is_blank(comment.text),
        unseen=unseen(comment.text),
        clauses=by_clause(subject.findings),
        ground=subject.ground,
        times=list(times(subject, now)),
        identifiers=list(identifiers(subject)),
        moment=lambda at: moment(at, zone),
        name=lambda author: author.name or NO_NAME.capitalize(),
        identity=_identity,
        attachment=describe,
        attached=[(one, picture_of(one)) for one in subject.attached] or [(one, None) for one in unfetched(comment)],
        decided=decided,
        at_handle=at_handle,
        shortened=_shortened,
    )


def caption(source: str, subject: Subject, *, version: str, now: datetime, signed_in: bool = False) -> tuple[str, ...]:
    """The lines that every picture carries: what it is a picture of, when it was made and by what."""
    said = rendition(source, subject, signed_in=signed_in)
    first = said if source == "record" else f"{said} · {platform_name(subject.account.platform)}"
    made = (f"Captured {moment(now, ZoneInfo(subject.zone))}", f"{utc(now)} · citymod {version}")
    return (first, *made) if source == "record" else (first, subject.comment.url, *made)


def rendition(source: str, subject: Subject, *, signed_in: bool = False) -> str:
    """What a picture from that source is a picture of."""
    if signed_in:
        return SIGNED_IN
    return ENTERED if source == "record" and subject.entered else RENDITION[source]


def alternative(subject: Subject) -> str:
    """Say in words what the picture shows, for people who cannot see it."""
    comment = subject.comment
    described = "; ".join(map(describe, comment.attachments))
    count = len(comment.attachments)
    attached = f" {count} attachment{'s' if count > 1 else ''}: {described}." if count else ""
    place = f"{subject.account.name} ({platform_name(comment.ref.platform)}), post {comment.post.item}"
    at = moment(comment.posted_at, ZoneInfo(subject.zone))
    return f"Comment by {identity(comment.author)} on {place}, {at}: {shown(comment.text)}{attached}"


def transcript(subject: Subject, *, said: str, now: datetime) -> str:
    """Give everything the picture says as plain text. `said`: what it is a picture of; `now`: time of the capture."""
    zone = ZoneInfo(subject.zone)
    sections = [
        alternative(subject),
        f"This is the transcript of a picture. What was pictured: {said}.",
        *(f"{label}, {_context(item, zone)}" for label, item in _surroundings(subject)),
        *([f"{subject.ground.title}: “{subject.ground.quoted}”\n{decided(subject.ground)}"] if subject.ground else []),
        *(f"{clause}: “{text}”\n{_found(found)}" for clause, text, found in by_clause(subject.findings)),
        "\n".join(f"{label}: {local} ({universal})" for label, local, universal in times(subject, now)),
        "\n".join(f"{label}: {shown(text)}" for label, text in identifiers(subject)),
    ]
    if notes := unseen(subject.comment.text):
        sections.insert(1, f"In the text but not visible: {'; '.join(notes)}.")
    return "\n\n".join(sections) + "\n"


def platform_name(platform: str) -> str:
    """How a platform writes its own name."""
    return PLATFORMS.get(platform, platform.title())


def moment(at: datetime, zone: ZoneInfo) -> str:
    """A time on the City's clock: ``Sun, Nov 22, 2026, 9:45:10 AM CST``."""
    local = at.astimezone(zone)
    return f"{local:%a, %b} {local.day}, {local.year}, {local.hour % 12 or 12}:{local:%M:%S %p %Z}"


def utc(at: datetime) -> str:
    """A time in UTC, to the second: ``2026-11-22 15:45:10 UTC``."""
    return f"{at.astimezone(ZoneInfo('UTC')):%Y-%m-%d %H:%M:%S} UTC"


def identity(author: Author) -> str:
    """Who wrote it, as far as the platform says; a missing name is said (AR 1-27 5.C.1.f)."""
    return " · ".join([author.name or NO_NAME, *_identity(author)])


def decided(ground: Ground) -> str:
    """Who found that a comment falls under a clause, why, and with whose agreement."""
    agreed = f", with {ground.counsel} for the City Attorney" if ground.counsel else ""
    return f"Found by {ground.agent.name}{agreed}: {ground.why}"


def at_handle(handle: str) -> str:
    """A handle with its sign, which some platforms count as part of it."""
    return f"@{handle.removeprefix('@')}"


def describe(attachment: Attachment) -> str:
    """An attachment in words: its kind and the platform's own description."""
    return f"{attachment.kind}: {attachment.alt or 'no description available'}"


def unfetched(comment: Comment) -> Iterator[Attached]:
    """The attachments of a comment whose files nobody fetched."""
    return (Attached(attachment=one, why="not fetched") for one in comment.attachments)


def picture_of(one: Attached) -> str | None:
    """The file as an address that holds it (RFC 2397), if it is a picture that the card can show whole."""
    if one.file is None or one.kind not in PICTURES or one.file.stat().st_size > LARGEST_PICTURE:
        return None
    return f"data:{one.kind};base64,{b64encode(one.file.read_bytes()).decode('ascii')}"


def shown(text: str) -> str:
    """The text as a page can carry it: what is no character at all (half a pair, NUL) becomes U+FFFD."""
    return "".join("\ufffd" if sign == "\0" or "\ud800" <= sign <= "\udfff" else sign for sign in text)


def is_blank(text: str) -> bool:
    """Whether there is nothing in the text that a reader could see."""
    return all(sign.isspace() or _is_unseen(sign) for sign in text)


def pieces(text: str, findings: tuple[Finding, ...]) -> list[Piece]:
    """Cut the text where marking begins or ends. Findings that touch or overlap are marked as one."""
    runs: list[tuple[int, int]] = []
    for start, end in sorted((finding.start, _whole(text, finding.end)) for finding in findings):
        if runs and start <= runs[-1][1]:
            runs[-1] = (runs[-1][0], max(runs[-1][1], end))
        else:
            runs.append((start, end))
    edges = sorted({0, len(text), *(edge for run in runs for edge in run)})
    return [
        Piece(shown(text[start:end]), any(first <= start < last for first, last in runs))
        for start, end in pairwise(edges)
    ]


def unseen(text: str) -> list[str]:
    """Name the characters that no picture can show, with their count; a joiner within an emoji is part of a sign."""
    counted = Counter(sign for before, sign in pairwise(f" {text}") if _is_unseen(sign) and not _joins(before, sign))
    named = [f"{times} × U+{ord(sign):04X} {_sign_name(sign)}" for sign, times in counted.most_common(MOST_UNSEEN)]
    left = len(counted) - len(named)
    return [*named, *([f"and {left} other kinds"] if left else [])]


def _whole(text: str, end: int) -> int:
    """Go on to the end of what is drawn as one sign, so that marking does not tear it apart."""
    while 0 < end < len(text) and (unicodedata.combining(text[end]) or "\ufe00" <= text[end] <= "\ufe0f"):
        end += 1
    return end


def _is_unseen(sign: str) -> bool:
    """Whether a character is drawn as nothing: format and control characters, half characters, fillers."""
    if sign in "\n\r\t" or unicodedata.name(sign, "").startswith(("ARABIC NUMBER", "ARABIC END", "SYRIAC")):
        return False
    return sign in FILLERS or unicodedata.category(sign) in {"Cf", "Cc", "Cs"}


def _joins(before: str, sign: str) -> bool:
    return sign == "\u200d" and unicodedata.category(before) in {"So", "Sk", "Mn"}


def _sign_name(sign: str) -> str:
    if "\ud800" <= sign <= "\udfff":
        return "half of a pair, no character (shown as \ufffd)"
    return unicodedata.name(sign, "control character" + (" (shown as \ufffd)" if sign == "\0" else "")).lower()


def _verbatim(text: str) -> Markup:
    """Text as HTML that a browser reads back to the letter: it would otherwise turn a carriage return into a line."""
    return Markup(str(escape(text)).replace("\r", "&#13;"))  # noqa: S704  escaped on this very line


def _excerpt(text: str) -> str:
    """A matched excerpt on one line, with signs in place of what would not be seen."""
    signs = {"\n": "⏎", "\r": "␍", "\t": "⇥"}
    return "".join(signs.get(sign, f"[U+{ord(sign):04X}]" if _is_unseen(sign) else sign) for sign in text)


def _shortened(text: str) -> tuple[str, bool]:
    text = shown(text)
    if len(text) <= CONTEXT_CHARACTERS:
        return text, False
    return text[:CONTEXT_CHARACTERS].rstrip(), True


def _identity(author: Author) -> list[str]:
    """Handle and identifier of an author, as far as given."""
    return [*([at_handle(author.handle)] if author.handle else []), *([f"id\u00a0{author.id}"] if author.id else [])]


def _surroundings(subject: Subject) -> Iterator[tuple[str, Post | Comment]]:
    yield "Under the post", subject.post
    for parent in subject.thread:
        yield "In reply to the comment", parent


def _context(item: Post | Comment, zone: ZoneInfo) -> str:
    return f"by {identity(item.author)}, {moment(item.posted_at, zone)}:\n{shown(item.text)}"


def _found(findings: list[Finding]) -> str:
    return "\n".join(
        f"{one.rule} matched “{_excerpt(shown(one.excerpt))}”, characters {one.start + 1} to {one.end} ({one.matcher})"
        for one in findings
    )


def by_clause(findings: tuple[Finding, ...]) -> list[tuple[str, str, list[Finding]]]:
    """Each clause once, quoted, with the findings that cite it."""
    clauses: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        clauses.setdefault((finding.clause, finding.clause_text), []).append(finding)
    return [(clause, text, found) for (clause, text), found in clauses.items()]


def times(subject: Subject, now: datetime) -> Iterator[tuple[str, str, str]]:
    """Give each time that matters: what happened then, the City's clock, UTC. `now`: the time of the capture."""
    zone = ZoneInfo(subject.zone)
    for label, at in (("Posted", subject.comment.posted_at), ("First seen", subject.first_seen_at), ("Captured", now)):
        if at is not None:
            yield label, moment(at, zone), utc(at)


def identifiers(subject: Subject) -> Iterator[tuple[str, str]]:
    """Give what names the comment, its place and its author, label and value."""
    comment = subject.comment
    yield "Address", comment.url
    yield "Comment", str(comment.ref)
    yield "Under post", str(comment.post)
    if comment.parent:
        yield "In reply to", str(comment.parent)
    yield "Account", f"{subject.account.name} ({subject.account.id})"
    yield "Author", identity(comment.author)
    yield "Wording", f"SHA-256 {comment.revision}"


_TEMPLATES.filters.update(shown=shown, verbatim=_verbatim, excerpt=_excerpt)
