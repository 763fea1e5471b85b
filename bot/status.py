"""What stands where: the figures of `citymod status`, and one case told in plain text."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from archive import (
    accounts,
    cases,
    copies,
    evidence,
    gaps,
    jobs,
    ledger,
    orders,
    outbox,
    pages,
    pauses,
    records,
    withheld,
)
from archive.card import decided
from archive.requests import every as every_request
from bot import (
    backups,
    canary,
    coverage,
    digest_times,
    heard,
    homepages,
    nightly,
    registry,
    requests,
    sharing,
    spending,
    tasks,
    tokens,
    troubles,
    witnessing,
)
from bot.copying import place
from bot.domain.schedule import next_time
from bot.domain.states import State
from bot.homepages import acting_held
from bot.jobs import is_running, last_word
from bot.pause import Switch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from archive.accounts import AccountStanding
    from archive.database import Tx
    from archive.gauges import Gauge
    from archive.jobs import Run
    from bot.domain.types import Match, Order, Ref
    from bot.settings import Settings


def status_of(tx: Tx, settings: Settings, now: datetime) -> dict[str, Any]:
    """Everything that `citymod status` shows, as JSON has it; times are in UTC."""
    paused = [f"{pause.what} by {pause.who}: {pause.why}" for pause in pauses.in_force(tx, now)]
    file_says = Switch(settings.switch_file).files_say(tx)
    if file_says:
        paused.append(file_says)
    runs = jobs.every(tx)
    used = heard.used(tx, now, brief=True)
    spoken = last_word(runs)
    off = heard.clock_offset(tx, now)
    return {
        "city": settings.city.name,
        "at": now.isoformat(),
        "time_zone": settings.city.time_zone,
        "daemon": {"running": is_running(runs, now), "last_word": _iso(spoken)},
        "troubles": list(troubles.lasting(tx).values()),
        "disk_free_bytes": shutil.disk_usage(settings.data).free,
        "clock_offset_seconds": off,
        "clock": heard.clock_in_words(off),
        "oldest_review": _oldest(tx),
        "orders": [
            {"account": each.account, "action": str(each.action), "number": each.number, "oldest": _iso(each.oldest)}
            for each in orders.tally_waiting(tx)
        ],
        "duties": list(_duties(tx, settings, {run.name: run for run in runs}, now)),
        "jobs": [_job(run) for run in runs if not run.name.startswith(tokens.name_of(""))],
        "accounts": accounts_of(tx, settings, used, now),
        "requests": list(requests.lines(every_request(tx), settings.zone, now)),
        "tasks": len(tasks.waiting(tx, settings, now)),
        "cases": {str(state): number for state, number in cases.tally(tx).items()},
        "records": records.counts(tx),
        "mail": outbox.tally(tx),
        "paused": paused,
        "proof": [*witnessing.told(tx, settings), *nightly.told(tx, settings)],
        "cost": [*spending.in_words(spending.this_month(tx, now))],
        "bucket": _bucket(tx, settings),
        "daemons": [*sharing.told(tx, now)],
    }


def accounts_of(tx: Tx, settings: Settings, used: Mapping[str, Gauge], now: datetime) -> list[dict[str, Any]]:
    """Each account by itself: mode, when it was read last and is next, how it stands, what is known of its page."""
    every = accounts.all_standing(tx)
    unapproved = registry.unapproved(tx, settings, [standing.account.key for standing in every])
    return [
        _account(tx, settings, standing, now)
        | _lag(settings, standing, used, now)
        | {"unapproved": unapproved.get(standing.account.key)}
        for standing in every
    ]


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _oldest(tx: Tx) -> dict[str, str] | None:
    """The case that has waited longest for a person."""
    return next(
        (
            {"case": str(case.ref), "since": case.since.isoformat()}
            for case in cases.standing_at(tx, State.IN_REVIEW, limit=1)
        ),
        None,
    )


def _job(run: Run) -> dict[str, Any]:
    return {
        "name": run.name,
        "every_seconds": run.every,
        "last": run.began_at.isoformat(),
        "ended": _iso(run.ended_at),
        "next": _iso(run.next_at),
        "failed": run.why,
    }


def _lag(settings: Settings, standing: AccountStanding, used: Mapping[str, Gauge], now: datetime) -> dict[str, Any]:
    """How far behind an account is, when it is read next, and how much of the platform's limit was used."""
    key = standing.account.key
    named = any(entry.account.key == key for entry in settings.accounts)
    read = standing.polled_at if named else None
    soon = read + settings.poll_every(key) if read else None
    waits = max(filter(None, (soon, standing.poll_not_before)), default=None)
    limit = used.get(key)
    return {
        "named": named,
        "lag_seconds": (now - read).total_seconds() if read else None,
        "next": None if standing.stopped_why or not named else _iso(waits),
        "limit_used": limit.value if limit else None,
        "limit": limit.said if limit else None,
    }


def _duties(tx: Tx, settings: Settings, runs: Mapping[str, Run], now: datetime) -> Iterator[dict[str, Any]]:
    """What is to be done once a day or so: when it was done last, when it is due next, and how it went."""
    for pio in settings.pios:
        mark = outbox.last_digest(tx, pio.email)
        said = f"no. {mark.number}" if mark else "none yet"
        yield _duty(f"digest {pio.name}", mark.at if mark else None, digest_times.next_due(settings, pio, now), said)
    checked = ledger.last(tx, nightly.ENDED)
    bad = checked is not None and checked.kind != "archive.verified"
    passed = "" if checked is None else "FAILED" if bad else "passed"
    due = next_time(settings.nightly.at, now, settings.zone)
    yield _duty("archive check", checked.at if checked else None, due, passed, failed=bad)
    kept = ledger.last(tx, nightly.BACKED_UP)
    said = "; ".join(backups.told(tx, settings)) or ("by hand" if settings.backup is None else "")
    yield _duty(
        "backup", kept.at if kept else None, backups.next_at(settings, now), said, failed=backups.failed(tx, settings)
    )
    if settings.canary:
        bad, soon = canary.failed(tx), canary.next_at(settings, now)
        yield _duty("test of the line", canary.last_at(tx), soon, canary.told(tx), failed=bad)
    yield _all_accounts("token check", {key: runs.get(tokens.name_of(key)) for key in _keys(settings)})
    seen = {key: pages.last(tx, key) for key in _keys(settings)}
    oldest = min((page.seen_at for page in seen.values() if page), default=None)
    failed = sum(1 for page in seen.values() if page and page.why)
    said = f"{failed} of {len(seen)} could not be read" if failed else ""
    yield _duty("pages, followers", oldest, oldest + homepages.DAILY if oldest else None, said)


def _all_accounts(name: str, runs: Mapping[str, Run | None]) -> dict[str, Any]:
    """What is done for each account by itself, as one duty: the one that was done longest ago, and what failed."""
    done = [run for run in runs.values() if run]
    bad = [key for key, run in runs.items() if run and run.why]
    soon = min((run.next_at for run in done if run.next_at), default=None)
    said = f"FAILED: {', '.join(bad)}" if bad else f"{len(done)} of {len(runs)} accounts"
    return _duty(name, min((run.began_at for run in done), default=None), soon, said, failed=bool(bad))


def _keys(settings: Settings) -> list[str]:
    """The accounts that the program reads with a credential."""
    return [entry.account.key for entry in settings.accounts if entry.is_read and entry.credential]


def _duty(name: str, last: datetime | None, due: datetime | None, said: str, *, failed: bool = False) -> dict[str, Any]:
    return {"name": name, "last": _iso(last), "next": _iso(due), "said": said, "failed": failed}


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
        how = coverage.of(tx, settings, entry, now)
        looked = {"key": account.key, "name": account.name, "mode": str(account.mode), "read": "by no program"}
        said = coverage.in_words(how, settings.zone)
        return {**looked, "standing": said, "stopped": how.is_barred, "well": not (how.is_barred or how.is_unchecked)}
    held = acting_held(tx, settings, account.key, now)
    said = _in_words(standing, now)
    return {
        "key": account.key,
        "name": account.name,
        "mode": str(account.mode),
        "read": f"{(now - standing.polled_at).total_seconds():.0f} s ago" if standing.polled_at else "never",
        "standing": said or "well",
        "stopped": standing.stopped_why is not None,
        "well": not (said or held),
        "page": _page(tx, settings, account.key, held, now),
    }


def _page(tx: Tx, settings: Settings, key: str, held: str | None, now: datetime) -> str:
    """What is known of the City's own page: what holds up acting, who follows, and the gap in which the account is."""
    said = [f"ACTING IS HELD: {held}"] if held else []
    gap = gaps.open_gap(tx, key, interval=settings.poll_every(key), now=now)
    said += [f"not read since {gap.since:%Y-%m-%d %H:%M} UTC: {gap.why}"] if gap else []
    count = pages.last_count(tx, key)
    if count:
        said.append(f"{count.number} followers" if count.number is not None else f"followers not known: {count.why}")
    return "; ".join(said)


def _in_words(standing: AccountStanding, now: datetime) -> str:
    """What is not well with an account, or nothing."""
    if standing.stopped_why:
        return f"STOPPED: {standing.stopped_why}"
    if standing.poll_not_before and standing.poll_not_before > now:
        return f"reading waits until {standing.poll_not_before:%H:%M:%S} UTC ({standing.failures} failures)"
    if standing.act_not_before and standing.act_not_before > now:
        return f"acting waits until {standing.act_not_before:%H:%M:%S} UTC"
    return ""


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
