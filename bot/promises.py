"""Checks from outside whether the promises were kept: what the platforms' own logs say, against what the archive says.

The program is not asked. The stand-ins know what they showed and what was done to them; the mail server knows what it
accepted; the archive is read as anybody could read it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from email import message_from_bytes, policy
from typing import TYPE_CHECKING

from archive import evidence, ledger, orders, records
from archive.verify import verify
from bot.domain.types import Action, AgentKind, OrderStatus, Quality, Ref, Speaker
from bot.letters import evidence_key
from connectors.standin.world import APP

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from archive.database import Database, Tx
    from bot.settings import Settings
    from connectors.standin.world import Effect, World, WorldComment


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """What was there to see: the installation, the world it worked on, the mails that arrived, and its secrets.

    `by_clock`: whether the program's clock was the world's all the time. Where it was not, what only their times can
    tell must have been seen while it happened.
    """

    database: Database
    settings: Settings
    world: World
    mails: Path
    secrets: tuple[str, ...]
    by_clock: bool = True


def broken(witness: Witness, now: datetime) -> list[str]:
    """Every promise that was broken, in plain words with its number; an empty list is the only pass."""
    with witness.database.read() as tx:
        found = list(_recorded(tx, witness.world))
        if witness.by_clock:
            found += [*_evidence_first(tx, witness), *_paused(tx, witness.world)]
        found += _read_back(tx, witness.world)
    settings = witness.settings
    report = verify(
        witness.database, settings.evidence_folder, settings.media_folder, now=now, trusted=settings.trusted
    )
    found += [f"P8: {problem}" for problem in (*report.problems, *report.not_checked)]
    return [*found, *at_any_time(witness)]


def at_any_time(witness: Witness) -> list[str]:
    """Of the same, what must hold at any moment, whatever work is still in hand."""
    with witness.database.read() as tx:
        over = list(_within_budget(tx, witness.settings))
    return [*over, *_mailed_twice(witness.mails), *_leaked(witness)]


def ref_of(comment: WorldComment) -> Ref:
    """How the archive names a comment of the world."""
    account = comment.account
    return Ref(platform=account.platform, account=account.id, item=comment.id)


def acted_on(effect: Effect) -> Ref:
    """What an effect was on, as the archive names it."""
    return Ref(platform=effect.platform, account=effect.account, item=effect.comment)


def _recorded(tx: Tx, world: World) -> Iterator[str]:
    """P2: whatever the public sees on the platforms, or saw until we hid it, was recorded, letter by letter."""
    with world.lock:
        standing = [comment for comment in world.comments.values() if _in_sight(comment)]
    for comment in standing:
        ref = ref_of(comment)
        try:
            recorded = records.comment(tx, ref)
        except LookupError:
            yield f"P2: {ref} was never recorded"
            continue
        if comment.text not in (recorded.text, *records.wordings(tx, ref)):
            yield f"P2: {ref} was recorded with other words than it has"


def _in_sight(comment: WorldComment) -> bool:
    """Whether the public can read it where it stands, but for what we hid: what it answers is there, too."""
    above = comment.parent
    stands = comment.deleted_by is None and comment.hidden_by in (None, APP)
    return stands and comment.post.deleted_by is None and (above is None or _in_sight(above))


def _evidence_first(tx: Tx, witness: Witness) -> Iterator[str]:
    """P1, P5, P7, P9 of everything that was done."""
    for effect in witness.world.effects_by((APP,)):
        yield from unproven(tx, witness.settings, effect, effect.at)


def unproven(tx: Tx, settings: Settings, effect: Effect, at: datetime) -> Iterator[str]:
    """P1, P5, P7, P9: an act had full evidence of those very words before it, a reason, and a mail on its way.

    `at`: the time of the act by the program's clock.
    """
    if effect.what == "unhide":
        return
    ref = acted_on(effect)
    if effect.what == "delete":
        yield f"P7: {ref} was deleted, which no policy here allows"
    earlier = [sealed for sealed in evidence.all_of(tx, ref) if sealed.captured_at <= at]
    fitting = [sealed for sealed in earlier if records.comment(tx, ref, sealed.revision).text == effect.text]
    if not any(sealed.quality is Quality.FULL for sealed in fitting):
        yield f"P1: {ref} was hidden without full evidence of the words it had then"
        return
    for sealed in fitting:
        yield from (f"P1: {ref}: {problem}" for problem in evidence.check(settings.evidence_folder, sealed))
    queued = {line.detail.get("key"): line.at for line in ledger.entries(tx, kinds=("mail.queued",))}
    mailed = (queued.get(evidence_key(sealed.id)) for sealed in fitting)
    if not any(when is not None and when <= at for when in mailed):
        yield f"P1: {ref} was hidden before its screenshot was on its way to the Social Media Manager"
    if records.comment(tx, ref).speaker is Speaker.CITY:
        yield f"P9: {ref} was written by the City and was acted on"
    if not any(reasons.matches or reasons.decided for reasons in orders.reasons(tx, ref)):
        yield f"P5: {ref} was acted on without a recorded reason"


def _read_back(tx: Tx, world: World) -> Iterator[str]:
    """P10: what is called enforced is hidden on the platform, and what the program hid is on record as its order."""
    with world.lock:
        comments = {ref_of(comment): comment for comment in world.comments.values()}
        shown_again = {acted_on(effect) for effect in world.effects if effect.what == "unhide"}
    ordered = orders.all_with(tx)
    for order in ordered:
        if order.status is not OrderStatus.CONFIRMED or order.action is Action.RESTORE or order.ref in shown_again:
            continue
        comment = comments.get(order.ref)
        if comment is None or comment.public:
            yield f"P10: {order.ref} is called enforced and the platform shows it"
    known = {order.ref for order in ordered}
    for effect in world.effects_by((APP,)):
        if acted_on(effect) not in known:
            yield f"P1: {acted_on(effect)} was acted on without an order"


def _paused(tx: Tx, world: World) -> Iterator[str]:
    """P4: nothing was done while everything was paused."""
    began: datetime | None = None
    spans: list[tuple[datetime, datetime | None]] = []
    for line in ledger.entries(tx, kinds=("pause.begun", "pause.ended", "pause.expired")):
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
            yield f"P4: {acted_on(effect)} was acted on during a pause"


def _within_budget(tx: Tx, settings: Settings) -> Iterator[str]:
    """The budget of acts by rules holds on every account and every day of the City."""
    placed = Counter(
        (f"{line.ref.platform}:{line.ref.account}", line.at.astimezone(settings.zone).date())
        for line in ledger.entries(tx, kinds=("order.placed",))
        if line.ref and line.agent.kind is AgentKind.RULE
    )
    for (key, day), number in placed.items():
        if number > settings.acts_a_day:
            yield f"budget: {number} acts by rules on {key} on {day}, and {settings.acts_a_day} a day are allowed"


def _mailed_twice(mails: Path) -> Iterator[str]:
    """P2, P11: a mail that arrived more than once says so in each copy but the first."""
    silent = Counter[str]()
    for path in sorted(mails.glob("*.eml")):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        if "X-Citymod-Copy" not in message:
            silent[str(message["Message-ID"])] += 1
    for name, times in silent.items():
        if times > 1:
            yield f"P11: the mail {name} arrived {times} times without saying so"


def _leaked(witness: Witness) -> Iterator[str]:
    """P12: no credential in anything that was written or mailed."""
    needles = [secret.encode() for secret in witness.secrets if len(secret) > 5]  # noqa: PLR2004  shorter ones occur by chance
    for folder in (witness.settings.data, witness.mails):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and any(needle in path.read_bytes() for needle in needles):
                yield f"P12: a credential stands in {path}"
