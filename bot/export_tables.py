"""Writes what an export says as CSV and JSON Lines, its sums, and the whole as one file that is always the same."""

from __future__ import annotations

import csv
import json
import zipfile
from typing import TYPE_CHECKING, Any

from archive.card import shown
from archive.files import sha256_of, sums

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

SUMS = "SHA256SUMS"
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the first moment that the format of ZIP knows (APPNOTE.TXT, 4.4.6)
_STORED = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".mp4", ".pdf", ".zip"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

COLUMNS = (
    *("number", "ref", "platform", "account", "post", "parent", "speaker"),
    *("author_name", "author_handle", "author_id", "author_url", "text", "url"),
    *("posted_at", "first_seen_at", "state", "visibility", "clauses", "wordings", "revision"),
    *("verdict", "verdict_why", "orders", "attachments", "files", "evidence"),
)
DEFUSED = "defused"


def flat(said: dict[str, Any]) -> dict[str, str]:
    """One comment as one line of a table."""
    last = said["verdicts"][-1] if said["verdicts"] else {"outcome": "", "action": "", "why": ""}
    joined = {
        "clauses": " ".join(said["clauses"]),
        "wordings": str(len(said["wordings"])),
        "verdict": f"{last['outcome']} {last['action']}".strip(),
        "verdict_why": last["why"],
        "orders": "; ".join(
            f"{one['action']} {one['status']} {one['ended_at']} by {one['by']}" for one in said["orders"]
        ),
        "attachments": "; ".join(f"{one['kind']}: {one['alt']}" for one in said["attachments"]),
        "files": "; ".join(one["file"] or one["why"] for one in said["attachments"]),
        "evidence": "; ".join(one["folder"] for one in said["evidence"]),
    }
    author = {f"author_{name}": value for name, value in said["author"].items()}
    return {name: str((said | author | joined)[name]) for name in COLUMNS}


class Table:
    """A CSV file (RFC 4180, UTF-8 with a mark for spreadsheets) in which no cell is a formula.

    A cell that a spreadsheet could take for one gets an apostrophe in front, and the last column names it: without that
    apostrophe it is the verbatim text again.
    """

    def __init__(self, file: Any, columns: Sequence[str]) -> None:
        """Begin with the names of the columns."""
        self._columns = columns
        self._csv = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        self._csv.writerow([*columns, DEFUSED])

    def add(self, row: Mapping[str, str]) -> None:
        """Write one line."""
        cells = {name: shown(row[name]) for name in self._columns}
        defused = [name for name, cell in cells.items() if cell.lstrip(" ").startswith(_FORMULA)]
        self._csv.writerow([*(f"'{cells[n]}" if n in defused else cells[n] for n in cells), " ".join(defused)])


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> None:
    """Write a whole table."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = Table(file, columns)
        for row in rows:
            table.add(row)


def json_line(said: Mapping[str, Any]) -> str:
    """One comment as one line, verbatim; what UTF-8 does not have (half a pair) stays a JSON escape."""
    line = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return line.encode("utf-8", "backslashreplace").decode() + "\n"


def write_sums(folder: Path, known: Mapping[str, str]) -> str:
    """Write what ``sha256sum -c`` reads, by name; give the SHA-256 (hex) of that file, which stands for the whole.

    `known` has the sums of files that were hashed as they were written.
    """
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    listed = ((name, known.get(name) or sha256_of(folder / name)) for name in names if name != SUMS)
    (folder / SUMS).write_text(sums(listed), encoding="utf-8")
    return sha256_of(folder / SUMS)


def pack(folder: Path, target: Path) -> None:
    """Put a folder into one ZIP file, by name, without the times and owners of this machine."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(f"export/{path.relative_to(folder).as_posix()}", LONG_AGO)
            entry.external_attr = 0o100600 << 16
            entry.compress_type = zipfile.ZIP_STORED if path.suffix in _STORED else zipfile.ZIP_DEFLATED
            with path.open("rb") as source, archive.open(entry, "w", force_zip64=True) as copy:
                while block := source.read(1 << 20):
                    copy.write(block)
