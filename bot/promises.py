"""Checks from outside whether the promises were kept: what the platforms' own logs say, against what the archive says.

The program is not asked. The stand-ins know what they showed and what was done to them; the mail server knows what it
accepted; the archive is read as anybody could read it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from archive import evidence, ledger, orders, records
from archive.verify import verify
from bot.domain.states import State
from bot.domain.types import Action, OrderStatus, Quality, Ref, Speaker
from bot.letters import evidence_key
from connectors.standin.world import APP

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from archive.database import Database, Tx
    from bot.settings import Settings
    from connectors.standin.world import Effect, World, WorldComment


def broken(database: Database, settings: Settings, world: World, secrets: list[str], now: datetime) -> list[str]:
    """Every promise that was broken, in plain words with its number; an empty list is the only pass."""
    with database.read() as tx:
        found = [
            *_recorded(tx, world),
            *_evidence_first(tx, settings, world),
            *_read_back(tx, world),
            *_paused(tx, world),
            *_within_budget(tx, settings, world),
        ]
    report = verify(database, settings.evidence_folder, now=now)
    found += [f"P8: {problem}" for problem in (*report.problems, *report.not_checked)]
    found += list(_leaked(settings, secrets))
    return found


def ref_of(comment: WorldComment) -> Ref:
    """How the archive names a comment of the world."""
    account = comment.account
    return Ref(platform=account.platform, account=account.id, item=comment.id)


def _recorded(tx: Tx, world: World) -> Iterator[str]:
    """P2: whatever still stands on the platforms was recorded, letter by letter."""
    with world.lock:
        standing = [comment for comment in world.comments.values() if comment.deleted_by is None]
    for comment in standing:
        ref = ref_of(comment)
        try:
            recorded = records.comment(tx, ref)
        except LookupError:
            yield f"P2: {ref} was never recorded"
            continue
        if comment.text not in (recorded.text, *records.wordings(tx, ref)):
            yield f"P2: {ref} was recorded with other words than it has"


def _evidence_first(tx: Tx, settings: Settings, world: World) -> Iterator[str]:
    """P1, P5, P7, P9: each act had full evidence of those very words before it, a reason, and a mail on its way."""
    for effect in world.effects_by((APP,)):
        ref = Ref(platform=effect.platform, account=effect.account, item=effect.comment)
        if effect.what == "unhide":
            continue
        if effect.what == "delete":
            yield f"P7: {ref} was deleted, which no policy here allows"
        sealed = [found for found in evidence.all_of(tx, ref) if _proves(found.captured_at, effect)]
        fitting = [found for found in sealed if _words(tx, ref, found.revision) == effect.text]
        if not fitting:
            yield f"P1: {ref} was hidden without evidence of the words it had then"
            continue
        if all(found.quality is not Quality.FULL for found in fitting):
            yield f"P1: {ref} was hidden on evidence that is not full"
        for found in fitting:
            yield from (f"P1: {ref}: {problem}" for problem in evidence.check(settings.evidence_folder, found))
        if not any(_mailed_before(tx, found.id, effect.at) for found in fitting):
            yield f"P1: {ref} was hidden before its screenshot was on its way to the Social Media Manager"
        if records.comment(tx, ref).speaker is Speaker.CITY:
            yield f"P9: {ref} was written by the City and was acted on"
        if not any(found.matches or found.decided for found in orders.reasons(tx, ref)):
            yield f"P5: {ref} was acted on without a recorded reason"


def _proves(captured_at: datetime, effect: Effect) -> bool:
    return captured_at <= effect.at


def _words(tx: Tx, ref: Ref, revision: str) -> str:
    return records.comment(tx, ref, revision).text


def _mailed_before(tx: Tx, evidence_id: str, at: datetime) -> bool:
    lines = ledger.entries(tx, kinds=("mail.queued",))
    return any(line.detail.get("key") == evidence_key(evidence_id) and line.at <= at for line in lines)


def _read_back(tx: Tx, world: World) -> Iterator[str]:
    """P10: what is called enforced is hidden on the platform, and what the program hid is on record as its order."""
    with world.lock:
        comments = {ref_of(comment): comment for comment in world.comments.values()}
    confirmed = {
        order.ref for order in orders.all_with(tx, OrderStatus.CONFIRMED) if order.action is not Action.RESTORE
    }
    for ref in confirmed:
        comment = comments.get(ref)
        if comment is None or (comment.public and not _shown_again(world, ref)):
            yield f"P10: {ref} is called enforced and the platform shows it"
    ordered = {order.ref for order in orders.all_with(tx)}
    for effect in world.effects_by((APP,)):
        ref = Ref(platform=effect.platform, account=effect.account, item=effect.comment)
        if ref not in ordered:
            yield f"P1: {ref} was hidden without an order"


def _shown_again(world: World, ref: Ref) -> bool:
    with world.lock:
        return any(effect.comment == ref.item and effect.what == "unhide" for effect in world.effects)


def _paused(tx: Tx, world: World) -> Iterator[str]:
    """P4: nothing was done while everything was paused."""
    began: datetime | None = None
    spans: list[tuple[datetime, datetime | None]] = []
    for line in ledger.entries(tx, kinds=("pause.begun", "pause.ended")):
        if line.detail.get("scope") != "*":
            continue
        if line.kind == "pause.begun":
            began = began or line.at
        elif began:
            spans.append((began, line.at))
            began = None
    if began:
        spans.append((began, None))
    for effect in world.effects_by((APP,)):
        if any(start < effect.at and (end is None or effect.at < end) for start, end in spans):
            yield f"P4: {effect.platform}:{effect.account}:{effect.comment} was acted on during a pause"


def _within_budget(tx: Tx, settings: Settings, world: World) -> Iterator[str]:
    """The daily budget of acts by rules holds on every account."""
    for key, number in orders.by_rules(tx).items():
        if number > settings.acts_a_day:
            yield f"budget: {number} acts by rules on {key}, and {settings.acts_a_day} a day are allowed"
    _ = world


def _leaked(settings: Settings, secrets: list[str]) -> Iterator[str]:
    """P12: no credential in anything that was written."""
    needles = [secret.encode() for secret in secrets if len(secret) > 5]  # noqa: PLR2004  shorter ones occur by chance
    for path in sorted(settings.data.rglob("*")):
        if path.is_file() and any(needle in path.read_bytes() for needle in needles):
            yield f"P12: a credential stands in {path}"


def digest_of(path: Path) -> str:
    """The SHA-256 (hex) of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def at_rest(state: State) -> bool:
    """Whether nothing more will happen to a case in this state by itself."""
    return state in (State.CLEARED, State.IN_REVIEW, State.ENFORCED, State.RESTORED, State.GONE)
