"""Makes the copies for a records request: one folder (or ZIP) with everything, and nothing that is withheld.

The same filter with the same redactions on the same record gives the same bytes: order and times come from the record,
none from the export. Everything told goes through the `Blotter` before it is written anywhere.
"""

from __future__ import annotations

import hashlib
import json
import mimetypes
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archive import evidence, media, requests
from archive.capture_job import PICTURE
from archive.printing import NoBrowser, press, print_all
from archive.selection import selected
from bot.export_gaps import gaps
from bot.export_pages import PART, REDRAWN, Heading, acts, draw, redraw
from bot.export_spool import spool
from bot.export_tables import COLUMNS, Table, flat, json_line, pack, write_sums, write_table
from bot.redaction import Blotter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from archive.database import Tx
    from archive.requests import Withheld
    from archive.selection import Filter, Selected
    from bot.domain.types import Agent
    from bot.settings import Settings

REDRAWN_PICTURE = "redrawn.png"
REDRAWN_WORDS = "redrawn.txt"
_READ_ME = """{title}
{city}

What is here
  comments.html      all comments for reading, complete in itself
  comments-….pdf     the same in print (tagged PDF, {part} comments a file at most)
  comments.csv       one line a comment, for spreadsheets. A cell that a spreadsheet could take for a formula has an
                     apostrophe in front, and the last column names it; without it the text is verbatim
  comments.jsonl     one JSON object a comment, verbatim, with every wording, verdict, order and line of its history
  completeness.txt   when accounts were not read and what could not be fetched; gaps.csv says the same as a table
  withheld.csv       what is withheld, under which statute and why; [WITHHELD 3] stands wherever number 3 was
  media/             the files that came with comments
  evidence/          the sealed evidence of comments that were acted on, each with its own SHA256SUMS
  raw/               the platform's own bytes, if they were asked for
  SHA256SUMS         the SHA-256 of every file here

How to check it, with tools that any system has
  On Linux or macOS, in this folder:      sha256sum -c SHA256SUMS     (macOS: shasum -a 256 -c SHA256SUMS)
  A file of sealed evidence, in its folder under evidence/:   sha256sum -c SHA256SUMS
  On Windows, for one file:               certutil -hashfile comments.csv SHA256
  The SHA-256 of SHA256SUMS itself is what the City put on record when it made this export; ask the custodian for it:
                                          sha256sum SHA256SUMS
  Times are UTC (RFC 3339) unless a time zone is named.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How an export is made. `raw`: with the platform's own bytes; `pdf`: with PDF; `request`: its name, if any.

    `redraws`: pictures that show what is withheld may be drawn anew, which takes a browser as PDF does.
    """

    raw: bool = False
    pdf: bool = True
    redraws: bool = True
    request: str = ""
    places: tuple[Withheld, ...] = ()


@dataclass(slots=True, kw_only=True)
class Made:
    """What was made: how many comments, the hash (SHA-256) of its sums, and what was withheld."""

    comments: int = 0
    sha256: str = ""
    withheld: list[dict[str, str]] = field(default_factory=list)


def on_record(  # noqa: PLR0913  what is copied from where to where, how, and who does it why
    reading: Callable[[], AbstractContextManager[Tx]],
    writing: Callable[[], AbstractContextManager[Tx]],
    settings: Settings,
    wanted: Filter,
    target: Path,
    options: Options,
    *,
    why: str,
    agent: Agent,
    clock: Callable[[], datetime],
) -> Made:
    """Make an export that somebody asked for: that it begins and what was made are on record before copies can leave.

    What the request of `options` withholds is left out. Raises what `export` raises, LookupError if there is no such
    request, and archive.search.NothingToFind.
    """
    name = options.request or None
    if target.exists():
        raise _is_there(target)
    with writing() as tx:
        places = requests.request(tx, name).withheld if name else ()
        requests.export_begun(tx, name, target.name, why, agent, clock())

    def record(made: Made) -> None:
        told: dict[str, Any] = {
            "target": target.name,
            "filter": wanted.in_words(),
            "comments": made.comments,
            "sha256": made.sha256,
        }
        with writing() as tx:
            requests.exported(tx, name, told | {"why": why}, agent, clock())

    return export(reading, settings, wanted, target, replace(options, places=places), record)


def export(  # noqa: PLR0913  what is copied from where to where, how, and who is told before
    reading: Callable[[], AbstractContextManager[Tx]],
    settings: Settings,
    wanted: Filter,
    target: Path,
    options: Options,
    record: Callable[[Made], None],
) -> Made:
    """Make the export at `target`, a folder, or one file if its name ends in .zip.

    `reading` opens the archive. `record` puts on record what was made; only when it has returned do the copies get
    their name and can leave.

    Raises FileExistsError if something is there already, archive.printing.NoBrowser if one is needed and missing (or
    not allowed), and archive.evidence.SealBroken if a file on record is not what it was.
    """
    if target.exists():
        raise _is_there(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with spool(settings.data, target.parent) as place:
        folder = place / "export"
        folder.mkdir(mode=0o700)
        with reading() as tx:
            made = _Export(tx, settings, wanted, folder, options).make()
        for path in folder.rglob("*"):
            path.chmod(0o700 if path.is_dir() else 0o600)
        if target.suffix == ".zip":
            packed = place / "export.zip"
            pack(folder, packed)
            packed.chmod(0o600)
            record(made)
            packed.rename(target)
        else:
            record(made)
            folder.rename(target)
    return made


def _is_there(target: Path) -> FileExistsError:
    return FileExistsError(f"{target} is there already; name another place")


class _Export:
    """One export in the making."""

    def __init__(self, tx: Tx, settings: Settings, wanted: Filter, folder: Path, options: Options) -> None:
        self._tx, self._settings, self._wanted, self._folder, self._options = tx, settings, wanted, folder, options
        self._blotter = Blotter.of(tx, options.places)
        self._made = Made()
        self._redraw: list[tuple[dict[str, Any], str]] = []
        self._sums: dict[str, str] = {}
        self._posts: dict[str, int] = {}

    def make(self) -> Made:
        self._write_comments()
        self._write_withheld()
        heading = self._heading()
        if self._redraw and not self._options.redraws:
            message = f"{len(self._redraw)} picture(s) show what is withheld and have to be drawn anew by a browser"
            raise NoBrowser(message)
        if self._redraw:
            with press(self._settings.browser) as printer:
                for said, name in self._redraw:
                    redraw(heading, said, printer, self._folder, self._folder / name)
        if self._options.pdf:
            with tempfile.TemporaryDirectory(dir=self._folder.parent, prefix="parts-") as parts:
                pages = draw(self._folder, heading, self._told(), Path(parts))
                print_all(pages, self._folder, self._settings.browser)
        else:
            draw(self._folder, heading, self._told(), None)
        self._write_completeness()
        self._write_read_me(heading)
        self._made.sha256 = write_sums(self._folder, self._sums)
        return self._made

    def _heading(self) -> Heading:
        return Heading(
            title="Comments on the City’s social media",
            city=self._settings.city.name,
            conditions=self._blotter.anything(self._wanted.in_words()),
            count=self._made.comments,
            request=self._options.request,
            withheld=[row for row in self._made.withheld if row["number"]],
        )

    def _write_comments(self) -> None:
        with (
            (self._folder / "comments.jsonl").open("w", encoding="utf-8") as lines,
            (self._folder / "comments.csv").open("w", encoding="utf-8-sig", newline="") as file,
        ):
            table = Table(file, COLUMNS)
            for number, one in enumerate(selected(self._tx, self._wanted, with_raw=self._options.raw), start=1):
                said = self._tell(number, one)
                lines.write(json_line(said))
                table.add(flat(said))
                self._made.comments = number

    def _told(self) -> Iterator[dict[str, Any]]:
        """The comments again, as they were written: pages say what the table says."""
        with (self._folder / "comments.jsonl").open(encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)

    def _tell(self, number: int, one: Selected) -> dict[str, Any]:
        said, touched = self._blotter.comment(one.said)
        spared = self._blotter.spared(one.said, said, one.related)
        said = said | {"number": number, "withheld": touched}
        said["attachments"] = [
            file | {"file": self._media(f"media/{number:06}-{place}", file)}
            for place, file in enumerate(said["attachments"], start=1)
        ]
        for file in said["attachments"]:
            if file["sha256"] and not file["file"]:
                file.update(sha256="", why="withheld")
        said["evidence"] = [
            sealed | self._evidence(f"evidence/{number:06}-{place}", folder, said, spared=revision in spared)
            for place, (sealed, (folder, revision)) in enumerate(
                zip(said["evidence"], one.folders, strict=True), start=1
            )
        ]
        for place, (revision, raw) in enumerate(one.raws.items(), start=1):
            self._raw(f"raw/{number:06}-{place}.json", raw, spared=revision in spared)
        for place, raw in enumerate(one.post_raws, start=1):
            self._post_raw(said["post"], place, raw)
        return said

    def _media(self, name: str, file: dict[str, Any]) -> str:
        """Copy a file that came with the comment; give its place, or nothing if there is none or it is withheld."""
        if not file["sha256"]:
            return ""
        source = media.file_of(self._settings.media_folder, file["sha256"])
        data = source.read_bytes() if source.is_file() else b""
        if hashlib.sha256(data).hexdigest() != file["sha256"]:
            message = f"the kept file {file['sha256']} is not as it was fetched; run citymod verify"
            raise evidence.SealBroken(message)
        name += mimetypes.guess_extension(file["type"]) or ".bin"
        if self._blotter.in_bytes(data):
            self._withhold(name, "withheld words are in the file")
            return ""
        self._write(name, data)
        return name

    def _evidence(self, name: str, folder: str, said: dict[str, Any], *, spared: bool) -> dict[str, Any]:
        """Copy sealed evidence whole, or, if it shows what is withheld, draw its picture anew from what is left."""
        source = self._settings.evidence_folder / folder
        if not source.is_dir():
            message = f"the evidence {source} is not there; run citymod verify"
            raise evidence.SealBroken(message)
        files = sorted(path for path in source.rglob("*") if path.is_file())
        if not spared or self._is_closed(files):
            for path in files:
                self._withhold(f"{name}/{path.relative_to(source).as_posix()}", "it shows what is withheld")
            return self._redrawn(name, said)
        for path in files:
            self._write(f"{name}/{path.relative_to(source).as_posix()}", path.read_bytes())
        picture = f"{name}/{PICTURE}" if (source / PICTURE).is_file() else ""
        return {"folder": name, "picture": picture, "redrawn": False}

    def _redrawn(self, name: str, said: dict[str, Any]) -> dict[str, Any]:
        """Have the picture of a comment drawn from what may be told, and write what it says."""
        without = [sealed | {"folder": "", "picture": "", "redrawn": False} for sealed in said["evidence"]]
        told = said | {"evidence": without, "attachments": [a | {"file": ""} for a in said["attachments"]]}
        self._redraw.append((told, f"{name}/{REDRAWN_PICTURE}"))
        author = said["author"]["name"] or "somebody whose name is not available"
        words = [
            REDRAWN,
            f"{said['ref']}, by {author}, posted {said['posted_at'][:19]} UTC:\n{said['text'] or '(no text)'}",
            *(f"Wording {one['number']}, seen {one['seen_at'][:19]} UTC:\n{one['text']}" for one in said["wordings"]),
            *(f"{act['at'][:19]} UTC, {act['what']}, by {act['by']}: {act['why']}" for act in acts(said)),
        ]
        self._write(f"{name}/{REDRAWN_WORDS}", ("\n\n".join(words) + "\n").encode("utf-8", "replace"))
        return {"folder": name, "picture": f"{name}/{REDRAWN_PICTURE}", "redrawn": True}

    def _is_closed(self, files: Sequence[Path]) -> bool:
        """Whether sealed files may show something withheld: in their words, or on a whole page.

        A page archive shows other people's comments in ways that no search can read for certain. The picture of a
        record is searched by its transcript, which has all its words.
        """
        if not self._options.places:
            return False
        conditions = next((path for path in files if path.name == "capture.json"), None)
        whole_page = conditions is None or json.loads(conditions.read_bytes())["source"] != "record"
        return whole_page or any(self._blotter.in_bytes(path.read_bytes()) for path in files)

    def _raw(self, name: str, raw: bytes, *, spared: bool) -> None:
        if not spared or self._blotter.in_bytes(raw):
            self._withhold(name, "it has the words that are withheld")
        elif raw:
            self._write(name, raw)

    def _post_raw(self, post: str, place: int, raw: bytes) -> None:
        """Write the platform's bytes of a City post, once for all comments under it."""
        self._posts.setdefault(post, len(self._posts) + 1)
        name = f"raw/post-{self._posts[post]:06}-{place}.json"
        if raw and name not in self._sums:
            self._raw(name, raw, spared=True)

    def _withhold(self, name: str, why: str) -> None:
        self._made.withheld.append({"number": "", "comment": "", "what": name, "authority": "as above", "why": why})

    def _write_withheld(self) -> None:
        named = [
            {
                "number": str(place.number),
                "comment": self._blotter.text(place.comment),
                "what": f"{place.field}, characters {place.start + 1} to {place.end}" if place.end else place.field,
                "authority": self._blotter.text(place.authority),
                "why": self._blotter.text(place.why),
            }
            for place in self._options.places
        ]
        self._made.withheld[:0] = named
        columns = ("number", "comment", "what", "authority", "why")
        write_table(self._folder / "withheld.csv", columns, self._made.withheld)

    def _write_completeness(self) -> None:
        found = [
            {name: self._blotter.text(getattr(gap, name)) for name in ("account", "since", "until", "what", "why")}
            for gap in gaps(self._tx, self._wanted)
        ]
        write_table(self._folder / "gaps.csv", ("account", "since", "until", "what", "why"), found)
        lines = [
            "What this export may lack. Accounts are read again and again through the platforms' official interfaces;",
            "what was written and gone between two readings was never seen. Beyond that, the record knows of:",
            "",
            *(
                f"- {gap['since']} to {gap['until'] or '(open)'} {gap['account']}: {gap['what']}. {gap['why']}"
                for gap in found
            ),
            *([] if found else ["- nothing."]),
        ]
        (self._folder / "completeness.txt").write_text("\n".join(lines) + "\n", encoding="utf-8", errors="replace")

    def _write_read_me(self, heading: Heading) -> None:
        text = _READ_ME.format(title=heading.title, city=heading.city, part=PART)
        asked = "".join(f"  {name}: {value}\n" for name, value in heading.conditions.items()) or "  all comments\n"
        (self._folder / "README.txt").write_text(f"{text}\nWhat was asked for\n{asked}", encoding="utf-8")

    def _write(self, name: str, data: bytes) -> None:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self._sums[name] = hashlib.sha256(data).hexdigest()
