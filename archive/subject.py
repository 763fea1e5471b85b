"""What a picture is of: a comment with everything that the picture must say about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from archive.cases import Ground
    from bot.domain.types import Account, Attachment, Comment, Post


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one rule found: ``text[start:end]`` is `excerpt`; `clause_text` is the policy's clause, word for word."""

    rule: str
    clause: str
    clause_text: str
    start: int
    end: int
    excerpt: str
    matcher: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A file that came with the comment: where it was kept, its hash and media type; or `why` there is none."""

    attachment: Attachment
    file: Path | None = None
    sha256: str = ""
    kind: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The comment to be captured, with everything the picture must say about it.

    `thread`: the comments it replies to, oldest first. `zone`: the City's time zone, as in ``America/Chicago``.
    `ground`: the clause under which a person decided, if a person named one. `attached`: its attachments, in their
    order, with their files. `entered`: the record is what staff saw and entered by hand, not what a platform gave.
    ValueError if a finding does not fit the text: a picture must not mark other characters than those that matched.
    """

    comment: Comment
    post: Post
    thread: tuple[Comment, ...]
    account: Account
    findings: tuple[Finding, ...]
    zone: str
    first_seen_at: datetime | None = None
    ground: Ground | None = None
    attached: tuple[Attached, ...] = ()
    entered: bool = False

    def __post_init__(self) -> None:
        """Refuse findings that belong to another wording."""
        for finding in self.findings:
            if self.comment.text[finding.start : finding.end] != finding.excerpt:
                message = f"finding of rule {finding.rule} is not in this wording of {self.comment.ref}"
                raise ValueError(message)
