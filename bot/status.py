"""What stands where: the figures of `citymod status`, and one case told in plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archive import accounts, cases, copies, evidence, gaps, orders, outbox, pages, pauses, records, withheld
from archive.card import decided
from archive.requests import every as every_request
from bot import nightly, requests, spending, tasks, witnessing
from bot.copying import place
from bot.homepages import acting_held
from bot.pause import Switch

if TYPE_CHECKING:
    from datetime import datetime

    from archive.accounts import AccountStanding
    from archive.database import Tx
    from bot.domain.types import Match, Order, Ref
    from bot.settings import Settings


def status_of(tx: Tx, settings: Settings, now: datetime) -> dict[str, Any]:
    """Accounts, cases by state, mail by state, why acting is paused if it is, and what this month has cost."""
    paused = [f"{pause.what} by {pause.who}: {pause.why}" for pause in pauses.in_force(tx, now)]
    file_says = Switch(settings.switch_file).file_says()
    if file_says:
        paused.append(file_says)
    return {
        "city": settings.city.name,
        "at": now.isoformat(),
        "accounts": accounts_of(tx, settings, now),
        "requests": list(requests.lines(every_request(tx), settings.zone, now)),
        "tasks": len(tasks.waiting(tx, settings, now)),
        "cases": {str(state): number for state, number in cases.tally(tx).items()},
        "records": records.counts(tx),
        "mail": outbox.tally(tx),
        "paused": paused,
        "proof": [*witnessing.told(tx, settings), *nightly.told(tx, settings)],
        "cost": [*spending.in_words(spending.this_month(tx, now))],
        "bucket": _bucket(tx, settings),
    }


def accounts_of(tx: Tx, settings: Settings, now: datetime) -> list[dict[str, Any]]:
    """Each account by itself: its mode, when it was read last, how it stands, and what is known of its page."""
    return [_account(tx, settings, standing, now) for standing in accounts.all_standing(tx)]


def _bucket(tx: Tx, settings: Settings) -> str | None:
    """How copying to the bucket stands, in words; None if the settings name none."""
    if settings.evidence_store is None:
        return None
    name = place(settings.evidence_store).name
    stands = copies.standing(tx, name)
    files, size, _ = copies.tally(tx, name)
    said = f"{files} files ({size / 1e6:.1f} MB) in {name}, {stands.waiting} folders or media files wait"
    failing = [f"NOTHING IS TAKEN since {stands.failing_since:%Y-%m-%d %H:%M} UTC: {stands.why}"] if stands.why else []
    failing += [f"{len(stands.stuck)} could not be copied, such as {stands.stuck[0].name}"] if stands.stuck else []
    return "; ".join([said, *failing])


def _account(tx: Tx, settings: Settings, standing: AccountStanding, now: datetime) -> dict[str, Any]:
    account = standing.account
    entry = next((entry for entry in settings.accounts if entry.account.key == account.key), None)
    if entry is not None and not entry.is_read:
        said = tasks.coverage(tx, settings, entry, now)
        looked = {"key": account.key, "name": account.name, "mode": str(account.mode), "read": "by no program"}
        return {**looked, "standing": said}
    return {
        "key": account.key,
        "name": account.name,
        "mode": str(account.mode),
        "read": f"{(now - standing.polled_at).total_seconds():.0f} s ago" if standing.polled_at else "never",
        "standing": _in_words(standing, now),
        "page": _page(tx, settings, account.key, now),
    }


def _page(tx: Tx, settings: Settings, key: str, now: datetime) -> str:
    """What is known of the City's own page: what holds up acting, who follows, and the gap in which the account is."""
    held = acting_held(tx, settings, key, now)
    said = [f"ACTING IS HELD: {held}"] if held else []
    gap = gaps.open_gap(tx, key, interval=settings.poll_every(key), now=now)
    said += [f"not read since {gap.since:%Y-%m-%d %H:%M} UTC: {gap.why}"] if gap else []
    count = pages.last_count(tx, key)
    if count:
        said.append(f"{count.number} followers" if count.number is not None else f"followers not known: {count.why}")
    return "; ".join(said)


def _in_words(standing: AccountStanding, now: datetime) -> str:
    if standing.stopped_why:
        return f"STOPPED: {standing.stopped_why}"
    if standing.poll_not_before and standing.poll_not_before > now:
        return f"reading waits until {standing.poll_not_before:%H:%M:%S} UTC ({standing.failures} failures)"
    if standing.act_not_before and standing.act_not_before > now:
        return f"acting waits until {standing.act_not_before:%H:%M:%S} UTC"
    return "well"


def case_as_text(tx: Tx, settings: Settings, ref: Ref) -> str:
    """Everything about one case, oldest first, for the terminal."""
    case = cases.case(tx, ref)
    if case is None:
        message = f"there is no case {ref}"
        raise LookupError(message)
    comment = records.comment(tx, ref, case.revision)
    stored = cases.latest_verdict(tx, ref)
    hands_off = withheld.is_withheld(tx, ref)
    sealed = None if hands_off else evidence.latest(tx, ref)
    order = orders.latest(tx, ref)
    lines = [
        f"Case      {ref}",
        f"State     {case.state} since {case.since.astimezone(settings.zone):%Y-%m-%d %H:%M:%S %Z}: {case.why}",
        f"Author    {comment.author.name or 'not available'}"
        + (f" (@{comment.author.handle})" if comment.author.handle else ""),
        f"Posted    {comment.posted_at.astimezone(settings.zone):%Y-%m-%d %H:%M:%S %Z}",
        f"Address   {comment.url}",
        f"Platform  shows it as {case.visibility}",
        "",
        withheld.INSTEAD if hands_off else comment.text,
        "",
    ]
    ground = cases.ground(tx, ref, case.revision)
    if ground:
        lines += [f"Raised    {ground.clause}, {ground.title}: “{ground.quoted}”", f"          {decided(ground)}"]
    if stored:
        lines.append(f"Verdict   {stored.verdict.outcome}: {stored.verdict.why}")
        lines += [
            f"  {m.clause} {m.rule}{_mark(m)}: {'(withheld)' if hands_off else repr(m.excerpt)} at {m.start}-{m.end}, "
            + m.reason
            for m in stored.verdict.matches
        ]
    if sealed:
        lines.append(f"Evidence  {sealed.id} ({sealed.quality}) in {settings.evidence_folder / sealed.folder}")
    if order:
        lines.append(
            f"Order     {order.id}: {order.action} by {order.agent}, {_ended(tx, order)}, {order.attempts} attempt(s)"
        )
    lines += ["", "What happened"]
    lines += [
        f"  {entry.at.astimezone(settings.zone):%Y-%m-%d %H:%M:%S}  {entry.kind:<16} {entry.agent}  "
        + str(entry.detail.get("why", ""))
        for entry in cases.history(tx, ref)
    ]
    return "\n".join(lines)


def _ended(tx: Tx, order: Order) -> str:
    """Where an order stands; what rests on a person's word is never called confirmed."""
    return "attested, seen by no program" if orders.basis(tx, order) == orders.ATTESTED else str(order.status)


def _mark(match: Match) -> str:
    return " (on trial)" if match.shadow else " (urgent)" if match.urgent else ""
