"""Says what an export may lack: when accounts were not read, and what could not be fetched, as the ledger knows it.

A failure lasts until the account is next read through, a stop until a person resumes. Gaps, and what the daemon says
of itself, are told as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from archive import ledger
from archive.stored import utc_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archive.database import Tx
    from archive.ledger import Entry
    from archive.selection import Filter

BEGINS = {"account.polling_failed": "account.polling_recovered", "account.stopped": "account.resumed"}
_ENDS = {end: begin for begin, end in BEGINS.items()}
_SAID = {
    "account.registered": "Nothing before this was read live; what stood there then was read as far as it was shown",
    "account.polling_failed": "Reading failed",
    "account.stopped": "The account was stopped",
    "gap.recorded": "The account was not read for longer than its interval allows",
    "media.missed": "A file that came with a comment could not be fetched",
}
_AS_THEY_ARE = ("daemon.started", "daemon.failed")
_KINDS = frozenset((*BEGINS, *_ENDS, *_SAID, *_AS_THEY_ARE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One time of which something may be missing. `until` is empty if it lasts or has no length."""

    account: str
    since: str
    until: str
    what: str
    why: str


def gaps(tx: Tx, wanted: Filter) -> list[Gap]:
    """Tell what may be missing for a filter, oldest first; never fewer than there are, so the author plays no part."""
    found = sorted(_all(tx), key=lambda gap: (gap.since, gap.account, gap.what, gap.why))
    start, end = (utc_text(at) if at else "" for at in (wanted.start, wanted.end))
    return [
        gap
        for gap in found
        if (not wanted.account or gap.account in ("", wanted.account))
        and (not end or gap.since < end)
        and (not start or not gap.until or gap.until >= start)
    ]


def _all(tx: Tx) -> Iterator[Gap]:
    begun: dict[tuple[str, str], Entry] = {}
    for line in ledger.entries(tx, kinds=_KINDS):
        account = _account(line)
        if line.kind in BEGINS:
            begun.setdefault((line.kind, account), line)
        elif line.kind in _ENDS:
            first = begun.pop((_ENDS[line.kind], account), None)
            if first:
                yield _gap(first, account, utc_text(line.at))
        else:
            yield _gap(line, account, str(line.detail.get("until") or ""))
    for (_, account), line in begun.items():
        yield _gap(line, account, "")


def _account(line: Entry) -> str:
    named = line.detail.get("account")
    return str(named) if named else f"{line.ref.platform}:{line.ref.account}" if line.ref else ""


def _gap(line: Entry, account: str, until: str) -> Gap:
    """One line as a gap; a line that tells of a time before itself says since when."""
    what = _SAID.get(line.kind, line.kind)
    why = str(line.detail.get("why") or line.detail.get("error") or "")
    return Gap(
        account=account, since=str(line.detail.get("since") or utc_text(line.at)), until=until, what=what, why=why
    )
