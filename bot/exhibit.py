"""One piece of evidence for a person: what it is, how it was taken, whether every file is as it was sealed.

As lines for the terminal and as one page that shows the pictures where they lie. Nothing of the sealed folder is
changed by looking.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from archive import evidence
from archive.card import platform_name
from bot.letters import TEMPLATES, when

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bot.domain.types import Evidence
    from bot.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One sealed file: where it lies, its size in bytes, its SHA-256 (hex), and whether a page can show it."""

    name: str
    path: Path
    bytes: int
    sha256: str

    @property
    def is_picture(self) -> bool:
        """Whether it is a picture."""
        return self.path.suffix.lower() in {".png", ".jpg", ".jpeg", ".gif", ".webp"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """Everything there is to say about one piece of evidence. `problems` is empty if all is as it was sealed."""

    sealed: Evidence
    account: str
    captured_at: str
    facts: tuple[tuple[str, str], ...]
    steps: tuple[dict[str, Any], ...]
    files: tuple[File, ...]
    words: str
    problems: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """Say it at the terminal."""
        yield f"Evidence {self.sealed.id}: {self.sealed.quality}, of {self.sealed.ref}"
        yield from (f"  {label}: {value}" for label, value in self.facts)
        yield "How it was taken:"
        for step in self.steps:
            yield f"  {'ok    ' if step['ok'] else 'FAILED'} {step['source']}, {step['step']}: {step['detail']}"
        yield "Files:"
        yield from (f"  {file.sha256}  {file.bytes:>9,}  {file.name}" for file in self.files)
        yield "Checked: " + ("every file is as it was sealed." if not self.problems else "NOT as it was sealed:")
        yield from (f"  {problem}" for problem in self.problems)

    def fields(self) -> dict[str, Any]:
        """Say it to a program: plain values for JSON."""
        return {
            "id": self.sealed.id,
            "case": str(self.sealed.ref),
            "revision": self.sealed.revision,
            "quality": self.sealed.quality,
            "captured_at": self.sealed.captured_at.isoformat(),
            "account": self.account,
            "facts": dict(self.facts),
            "steps": list(self.steps),
            "files": [{"name": file.name, "bytes": file.bytes, "sha256": file.sha256} for file in self.files],
            "transcript": self.words,
            "problems": list(self.problems),
        }

    def page(self) -> str:
        """Show it as one page; pictures are taken from where they lie."""
        return TEMPLATES.get_template("exhibit.html.j2").render(exhibit=self)


def exhibit(settings: Settings, sealed: Evidence, store: Path | None = None) -> Exhibit:
    """Read a sealed folder and check it. Raises OSError if the folder is not there at all.

    `store`: where it lies, if not on its place on this disk (`bot.copying.at_hand`).
    """
    store = store or settings.evidence_folder
    folder = store / sealed.folder
    fetched = "" if store == settings.evidence_folder else " (not on this disk: fetched from the bucket)"
    manifest = json.loads((folder / evidence.MANIFEST).read_bytes())
    capture = json.loads((folder / "capture.json").read_bytes())
    files = [
        File(name=each["name"], path=folder / each["name"], bytes=each["bytes"], sha256=each["sha256"])
        for each in manifest["files"]
    ]
    account = settings.entry(f"{sealed.ref.platform}:{sealed.ref.account}").name
    return Exhibit(
        sealed=sealed,
        account=f"{account} on {platform_name(sealed.ref.platform)}",
        captured_at=when(settings, sealed.captured_at),
        facts=(
            ("Wording (SHA-256)", sealed.revision),
            ("Folder", f"{folder}{fetched}"),
            ("Manifest (SHA-256)", sealed.manifest),
            ("Sealed at", manifest["sealed_at"]),
            ("Ledger before it", manifest["ledger_head"]),
            *((name.replace("_", " ").capitalize(), str(value)) for name, value in capture["conditions"].items()),
        ),
        steps=tuple(capture["steps"]),
        files=tuple(files),
        words=evidence.transcript(store, sealed),
        problems=tuple(evidence.check(store, sealed)),
    )
