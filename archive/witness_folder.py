"""Writes what an outsider needs to check a day of the ledger with ``sha256sum`` and ``openssl`` alone.

=====================  ================================================================================================
``root.txt``           the day's root (archive/witnesses.py), which the authorities stamped, in the form of SHA256SUMS
``lines.txt``          each ledger line of the day: the hash before it and its canonical JSON
``stamp-1.tsr`` …      the authorities' answers; ``stamp-1.pem`` … the certificates they are checked by
``manifests/`` …       the manifest of each piece of evidence sealed that day, and its stamps, if it has any
``README.txt``         how to check all of it
``SHA256SUMS``         the hash of every file above
=====================  ================================================================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from archive import evidence, tables, witnesses
from archive.files import sha256_of, sums

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date
    from pathlib import Path

    from archive.database import Tx
    from archive.witnesses import Root
    from bot.domain.types import Evidence

FILE_MODE = 0o600
FOLDER_MODE = 0o700
_HOW = """A day of the ledger, {day} (UTC), lines {first} to {last}

Every file is as it was written (each line must end with OK):

    sha256sum -c SHA256SUMS

The ledger lines are those over which the day's root was taken:

    sha256sum -c root.txt

{stamps}
Each line of lines.txt is the hash of the line before it (64 figures) and then the line itself. The SHA-256 of such a
line, without its line break, is the hash with which the next line begins. To follow the chain:

    while IFS= read -r line; do
        test -z "$hash" || test "${{line%%\\{{*}}" = "$hash" || echo "broken at: $line"
        hash=$(printf %s "$line" | sha256sum | cut -d ' ' -f 1)
    done < lines.txt

The Merkle root in root.txt is that of RFC 6962, section 2.1: the leaves are the hashes of the lines, each written as 64
hexadecimal figures; a leaf's hash is the SHA-256 of a zero byte and the leaf, a node's that of a one byte and the two
hashes below it. The City's e-mail digest of the following day shows the same root.
"""


class InTheWay(Exception):
    """The folder that was named holds something already."""


def export(tx: Tx, day: date, folder: Path, *, store: Path, trusted: Mapping[str, Path]) -> list[str]:
    """Write the files into a new or empty folder; give their names. Raises InTheWay, LookupError, OSError."""
    root = witnesses.root_on_record(tx, str(day))
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        message = f"{folder} is there already; name a new or empty folder"
        raise InTheWay(message)
    folder.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
    (folder / "root.txt").write_bytes(root.document)
    with (folder / "lines.txt").open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in witnesses.lines(tx, root))
    checks = list(_stamps(tx, folder, root.subject, "root.txt", "stamp", trusted))
    for one in _sealed_in(tx, root):
        (folder / "manifests").mkdir(exist_ok=True, mode=FOLDER_MODE)
        name = f"manifests/{one.id}.json"
        (folder / name).write_bytes((store / one.folder / evidence.MANIFEST).read_bytes())
        checks += _stamps(tx, folder, f"evidence:{one.id}", name, f"manifests/{one.id}-stamp", trusted)
    said = "These bytes were there when the authorities stamped them (each must say: Verification: OK):\n\n"
    stamps = said + "".join(f"    {check}\n" for check in checks) if checks else "No authority has stamped this day.\n"
    how = _HOW.format(day=root.day, first=root.first, last=root.last, stamps=stamps)
    (folder / "README.txt").write_text(how, encoding="utf-8")
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    told = sums((name, sha256_of(folder / name)) for name in names)
    (folder / "SHA256SUMS").write_text(told, encoding="utf-8")
    for path in folder.rglob("*"):
        path.chmod(FOLDER_MODE if path.is_dir() else FILE_MODE)
    return names


def _stamps(  # noqa: PLR0913 - what is stamped, where its stamps go, and who is trusted
    tx: Tx, folder: Path, subject: str, data: str, name: str, trusted: Mapping[str, Path]
) -> Iterator[str]:
    """Write the stamps of a subject; give for each the command that checks it."""
    for number, stamp in enumerate(witnesses.stamps(tx, subject), start=1):
        answer, certificate = f"{name}-{number}.tsr", f"{name}-{number}.pem"
        (folder / answer).write_bytes(stamp.answer)
        trust = certificate
        if stamp.authority in trusted:
            (folder / certificate).write_bytes(trusted[stamp.authority].read_bytes())
        else:
            trust = f"the certificates of {stamp.authority}"
        yield f"openssl ts -verify -data {data} -in {answer} -CAfile {trust}"


def _sealed_in(tx: Tx, root: Root) -> Iterator[Evidence]:
    """The evidence that was recorded with these lines."""
    table = tables.evidence.c
    for id_ in tx.execute(select(table.id).where(table.entry.between(root.first, root.last))).scalars().all():
        yield evidence.by_id(tx, id_)
