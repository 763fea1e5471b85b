"""Drafts that a person may sign about one case: FRE 902(13) and (14) certification, and the affidavit of RSMo 490.692.

Every field comes from the record and says from where (ledger line, file and hash). What the program cannot know, as
who signs, in what office, from what knowledge, and whether it is true, is a blank. It states what was done and with
what outcome, and concludes nothing: authenticity is for the signer to certify and for a court to find.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archive import card, cases, evidence, ledger, orders, records, withheld, witnesses
from archive.copies import BucketUnavailable
from archive.files import sha256_of
from bot.copying import at_hand
from bot.letters import TEMPLATES
from bot.review import NotPossible

if TYPE_CHECKING:
    from datetime import datetime

    from archive.database import Database, Tx
    from bot.domain.types import Evidence, Ref
    from bot.settings import Settings

NOT_RECORDED = "not recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One field: what it is, what the record says, and where the record says so."""

    label: str
    value: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """One sealed file, with its size in bytes and its SHA-256 (hex) as the manifest has it."""

    name: str
    size: int
    sha256: str


def drafts(database: Database, settings: Settings, ref: Ref, now: datetime) -> str:
    """Give both drafts as one HTML page that prints well.

    Evidence that is no longer on this disk is fetched from the bucket for it. Raises NotPossible for a case that there
    is not, that has no sealed evidence, that is withheld, or whose evidence is not as it was sealed or not to be had.
    """
    with database.read() as tx:
        sealed = _sealed(tx, ref)
    with tempfile.TemporaryDirectory(prefix="citymod-evidence-") as into:
        exhibits = _exhibits(_checked(database, settings, sealed, Path(into)))
    with database.read() as tx:
        return _drawn(tx, settings, sealed, exhibits, now)


def _sealed(tx: Tx, ref: Ref) -> Evidence:
    """The evidence to certify. Raises NotPossible."""
    if withheld.is_withheld(tx, ref):
        message = f"there is no certificate about {ref}: {withheld.WHY_NOT}. Ask the City Attorney"
        raise NotPossible(message)
    sealed = evidence.latest(tx, ref)
    if sealed is None:
        message = f"there is nothing to certify about {ref}: no evidence of it was sealed"
        raise NotPossible(message)
    return sealed


def _drawn(tx: Tx, settings: Settings, sealed: Evidence, exhibits: list[Exhibit], now: datetime) -> str:
    head, ref = ledger.head(tx), sealed.ref
    return TEMPLATES.get_template("certificate.html.j2").render(
        city=settings.city.name,
        ref=str(ref),
        facts=_facts(tx, settings, sealed),
        exhibits=exhibits,
        history=[_told(settings, entry) for entry in cases.history(tx, ref)],
        by_hand=bool(settings.entry(f"{ref.platform}:{ref.account}").by_hand),
        prepared=_when(settings, now),
        head=head.anchor if head else NOT_RECORDED,
        tool=sealed.conditions.get("tool", NOT_RECORDED),
        rendition=sealed.conditions.get("rendition", NOT_RECORDED),
    )


def _checked(database: Database, settings: Settings, sealed: Evidence, into: Path) -> Path:
    """The sealed folder, wherever it lies, after every file was checked. Raises NotPossible."""
    try:
        store = at_hand(settings, database, sealed, into)
    except (BucketUnavailable, evidence.SealBroken) as error:
        message = f"nothing can be certified about {sealed.ref}: {error}"
        raise NotPossible(message) from error
    if problems := evidence.check(store, sealed):
        message = f"nothing can be certified about {sealed.ref}: {'; '.join(problems)}"
        raise NotPossible(message)
    return store / sealed.folder


def _facts(tx: Tx, settings: Settings, sealed: Evidence) -> list[Fact]:
    comment = records.comment(tx, sealed.ref, sealed.revision)
    manifest = f"{sealed.folder}/{evidence.MANIFEST}, SHA-256 {sealed.manifest}"
    entries = {entry.kind: entry for entry in cases.history(tx, sealed.ref)}
    recorded, kept = entries.get("comment.recorded"), _sealing(tx, sealed)
    account = settings.entry(f"{sealed.ref.platform}:{sealed.ref.account}")
    facts = [
        Fact(
            label="Account of the City",
            value=f"{account.name} on {card.platform_name(sealed.ref.platform)}",
            source="settings",
        ),
        Fact(label="Comment", value=str(sealed.ref), source=_line(recorded)),
        Fact(label="Address", value=comment.url, source=f"{sealed.folder}/comment.json"),
        Fact(
            label="First recorded",
            value=_when(settings, recorded.at) if recorded else NOT_RECORDED,
            source=_line(recorded),
        ),
        Fact(label="Wording (SHA-256 of text and attachments)", value=sealed.revision, source=manifest),
        Fact(label="Captured", value=_when(settings, sealed.captured_at), source=manifest),
        Fact(label="Quality of the capture", value=str(sealed.quality), source=manifest),
        Fact(label="Sealed and recorded", value=_when(settings, kept.at) if kept else NOT_RECORDED, source=_line(kept)),
    ]
    facts += [
        Fact(label=f"Condition of the capture: {name}", value=str(value), source=f"{sealed.folder}/capture.json")
        for name, value in sorted(sealed.conditions.items())
    ]
    order = orders.latest(tx, sealed.ref)
    if order is not None:
        facts.append(
            Fact(
                label="Order",
                value=f"{order.action}, {order.status}, decided by {order.agent}",
                source=f"order {order.id}",
            )
        )
    return [*facts, *_witnesses(tx, sealed, kept)]


def _witnesses(tx: Tx, sealed: Evidence, kept: ledger.Entry | None) -> list[Fact]:
    """The root of the day on which it was sealed, and the time stamps over root and manifest."""
    root = next((each for each in witnesses.roots(tx) if kept and each.first <= kept.seq <= each.last), None)
    facts = (
        [Fact(label="Root of the ledger of that day", value=root.root, source=f"ledger line {root.entry}")]
        if root
        else []
    )
    for subject in (root.subject if root else "", f"evidence:{sealed.id}"):
        facts += [
            Fact(
                label=f"Time stamp (RFC 3161) over {subject}",
                value=f"{one.stamped_at:%Y-%m-%d %H:%M:%S} UTC",
                source=one.authority,
            )
            for one in witnesses.stamps(tx, subject)
        ]
    return facts


def _sealing(tx: Tx, sealed: Evidence) -> ledger.Entry | None:
    lines = ledger.entries(tx, kinds=["evidence.sealed"], ref=sealed.ref)
    return next((line for line in lines if line.detail.get("evidence") == sealed.id), None)


def _exhibits(folder: Path) -> list[Exhibit]:
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [
        Exhibit(name=path.relative_to(folder).as_posix(), size=path.stat().st_size, sha256=sha256_of(path))
        for path in paths
    ]


def _told(settings: Settings, entry: ledger.Entry) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "at": _when(settings, entry.at),
        "kind": entry.kind,
        "agent": str(entry.agent),
        "hash": entry.hash,
    }


def _line(entry: ledger.Entry | None) -> str:
    return f"ledger line {entry.seq}, hash {entry.hash}" if entry else NOT_RECORDED


def _when(settings: Settings, at: datetime) -> str:
    return f"{at.astimezone(settings.zone):%Y-%m-%d %H:%M:%S %Z} ({at:%Y-%m-%d %H:%M:%S} UTC)"
