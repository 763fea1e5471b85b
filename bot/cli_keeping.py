"""The commands of records officers: `citymod gaps`, `citymod hold` and `citymod retention`."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.terminal import (
    DEFAULT_CONFIG,
    Config,
    Reason,
    Who,
    clock,
    fail,
    opened,
    out,
    reading,
    say,
    settings_from,
    writing,
)

if TYPE_CHECKING:
    from archive.dispositions import Disposition
    from archive.retention import Standing
    from bot.settings import Settings

gaps = typer.Typer(help="From when to when accounts were not read, and why.", no_args_is_help=True)
hold = typer.Typer(help="Legal holds: they win over every retention schedule.", no_args_is_help=True)
retention = typer.Typer(
    help="What may be destroyed when, and destroying it as two people approve.", no_args_is_help=True
)

AsJson = Annotated[bool, typer.Option("--json", help="As one object.")]
Name = Annotated[str, typer.Argument(help="The disposition, as `citymod retention list` prints it.")]
Day = Annotated[str, typer.Option(help="A day, such as 2026-11-28 (the City's clock).")]


@gaps.command("list")
def gaps_list(
    config: Config = DEFAULT_CONFIG, since: Day = "", until: Day = "", account: str = "", as_json: AsJson = False
) -> None:
    """List the gaps of a period (default: the last 30 days), also those that are still open."""
    from archive import gaps as kept

    settings = settings_from(config)
    now = clock()
    begin = _day(settings, since) or now - timedelta(days=30)
    end = _day(settings, until, last=True) or now
    keys = [entry.account.key for entry in settings.accounts if entry.is_read]
    if account and account not in keys:
        fail(f"There is no account {account} that a program reads; there are: {', '.join(keys)}.", 2)
    with reading(settings) as tx:
        found = [
            gap
            for key in ([account] if account else keys)
            for gap in kept.of_period(tx, key, begin, end, interval=settings.poll_every(key), now=now)
        ]
    if as_json:
        told = [
            {
                "account": gap.account,
                "since": gap.since.isoformat(),
                "until": None if gap.open else gap.until.isoformat(),
                "why": gap.why,
            }
            for gap in found
        ]
        out.print_json(json.dumps({"gaps": told}))
        return
    for gap in found:
        until_ = "now" if gap.open else _when(settings, gap.until)
        say(f"{gap.account}: {_when(settings, gap.since)} to {until_}: {gap.why}")
    unread = [entry.account.key for entry in settings.accounts if not entry.is_read]
    if unread:
        say(f"Read by no program at all, only by people: {', '.join(unread)}")
    say(f"{len(found)} gap(s)." if found else "No gaps.")


@hold.command("add")
def hold_add(  # noqa: PLR0913  each is an option
    matter: Annotated[str, typer.Option("--matter", help="The number under which the attorneys know it.")],
    reason: Reason,
    who: Who,
    config: Config = DEFAULT_CONFIG,
    case: Annotated[str, typer.Option("--case", help="One comment: platform:account:item.")] = "",
    account: Annotated[str, typer.Option("--account", help="One account: platform:id.")] = "",
    author: Annotated[str, typer.Option("--author", help="Identifier, name or handle.")] = "",
    words: Annotated[str, typer.Option("--words", help="Characters that stand in the text.")] = "",
    since: Day = "",
    until: Day = "",
    everything: Annotated[bool, typer.Option("--everything", help="All records, if nothing else is said.")] = False,
) -> None:
    """Put a legal hold on records; whatever meets all that is said stays until the hold is released."""
    from archive import holds
    from bot.domain.types import Ref
    from bot.review import person

    settings = settings_from(config)
    try:
        scope = holds.Scope(
            case=Ref.parse(case) if case else None,
            account=account or None,
            author=author or None,
            words=words or None,
            since=_day(settings, since),
            until=_day(settings, until, last=True),
        )
    except ValueError as error:
        fail(f"{error}; `citymod review list` prints cases as they are written.", 2)
    if account and account not in {entry.account.key for entry in settings.accounts}:
        fail(f"There is no account {account} in the settings, so the hold would cover nothing.", 2)
    if bool(scope.as_json()) == everything:
        fail("Say what the hold covers (--case, --account, --author, --words, --since, --until), or --everything.", 2)
    with writing(settings) as tx:
        added = holds.add(tx, scope, matter=matter, why=reason, agent=person(who), now=clock())
    say(f"Hold {added.id} (matter {matter}) is in force on: {scope}.")


@hold.command("release")
def hold_release(
    name: Annotated[str, typer.Argument(help="The hold, as `citymod hold list` prints it.")],
    reason: Reason,
    who: Who,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Release a legal hold; what it covered goes by the retention schedule again."""
    from archive import holds
    from bot.review import person

    with writing(settings_from(config)) as tx:
        released = holds.release(tx, name, why=reason, agent=person(who), now=clock())
    say(f"Hold {name} (matter {released.matter}) is released.")


@hold.command("list")
def hold_list(config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """List the legal holds in force."""
    from archive import holds

    settings = settings_from(config)
    with reading(settings) as tx:
        found = holds.in_force(tx)
    if as_json:
        told = [
            {"hold": h.id, "matter": h.matter, "scope": h.scope.as_json(), "why": h.why, "by": h.agent.name}
            for h in found
        ]
        out.print_json(json.dumps({"holds": told}))
        return
    for each in found:
        say(f"{each.id}  matter {each.matter}, since {_when(settings, each.at)} by {each.agent.name}")
        say(f"  covers {each.scope}: {each.why}")
    say(f"{len(found)} hold(s) in force." if found else "No hold is in force.")


@retention.command("show")
def retention_show(config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Show for each series what is due, under which authority, and what a hold keeps."""
    from archive import retention as rules
    from bot import schedules

    settings = settings_from(config)
    schedule = schedules.load(settings)
    now = clock()
    with reading(settings) as tx:
        found = [rules.standing(tx, series, now) for series in schedule.series]
    if as_json:
        out.print_json(json.dumps({"schedule": schedule.sha256, "series": [_as_json(each, now) for each in found]}))
        return
    for each in found:
        series = each.series
        say(f"{series.id}: {series.title} ({series.covers})")
        period = f"{series.period}, counted from when it was {series.trigger}" if series.period else "kept for ever"
        say(f"  Period     {period}")
        say(f"  Authority  {series.authority}")
        say(f"  Now        {each.due} due, {each.held} under a legal hold, {each.not_due} not due yet")
        if each.next_from and series.period:
            say(f"  Next due   {_next_due(each, now):%Y-%m-%d}")
    say("All else is kept for ever: no series maps it, or it was matched, referred, decided or acted on.")
    off = settings.retention is None or not settings.retention.destroy
    say("Destroying is switched " + ("OFF (retention: destroy: false)." if off else "ON."))


@retention.command("propose")
def retention_propose(
    series: Annotated[str, typer.Argument(help="The series, as `citymod retention show` names it.")],
    who: Who,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Propose to destroy what is due of a series. Nothing is destroyed by this."""
    from archive import cases, dispositions
    from bot import schedules
    from bot.review import person

    settings = settings_from(config)
    schedule = schedules.load(settings)
    wanted, now = schedule.get(series), clock()
    with writing(settings) as tx:
        cases.keep_document(tx, schedule.sha256, "retention schedule", schedule.text, now=now)
        made = dispositions.propose(tx, wanted, schedule=schedule.sha256, agent=person(who), now=now)
    say(made.id)
    say(f"Proposed: {len(made.units)} record(s) of {series}. Two people look at them and approve:")
    say(f"  citymod retention list {made.id}")
    say(f"  citymod retention approve {made.id} --reason '…'")


@retention.command("list")
def retention_list(
    config: Config = DEFAULT_CONFIG,
    name: Annotated[str, typer.Argument(help="One disposition: its records are listed.")] = "",
) -> None:
    """List dispositions and how far they are, or the records of one."""
    from archive import dispositions

    settings = settings_from(config)
    with reading(settings) as tx:
        found = [dispositions.get(tx, name)] if name else dispositions.all_of(tx)
    for each in found:
        say(f"{each.id}  {each.series}, {len(each.units)} record(s), {_stage(each)}")
        for unit, since in each.units if name else ():
            say(f"  {unit}, counted from {since[:10]}")
    if not found:
        say("No disposition was ever proposed.")


@retention.command("approve")
def retention_approve(name: Name, reason: Reason, who: Who, config: Config = DEFAULT_CONFIG) -> None:
    """Approve a disposition, as one of two people."""
    from archive import dispositions
    from bot.review import person

    with writing(settings_from(config)) as tx:
        found = dispositions.approve(tx, name, why=reason, agent=person(who), now=clock())
    say(f"Disposition {name}: {_stage(found)}.")


@retention.command("carry-out")
def retention_carry_out(name: Name, who: Who, config: Config = DEFAULT_CONFIG) -> None:
    """Destroy what two people approved, and print the certificate of destruction."""
    from archive import dispositions, media
    from bot import schedules
    from bot.review import person

    settings = settings_from(config)
    if settings.retention is None or not settings.retention.destroy:
        fail("Destroying is switched off in the settings (retention: destroy: false); nothing was destroyed.", 1)
    schedule = schedules.load(settings)
    with opened(settings) as database:
        left = dispositions.finish(database, settings.media_folder, clock())
        if left:
            say(f"{left} file(s) of earlier dispositions were still on the disk, and went.")
        with database.begin() as tx:
            series = schedule.get(dispositions.get(tx, name).series)
            done = dispositions.carry_out(tx, name, series, schedule=schedule.sha256, agent=person(who), now=clock())
        media.remove(settings.media_folder, done.files)
    say(done.certificate)


@retention.command("certificate")
def retention_certificate(name: Name, config: Config = DEFAULT_CONFIG) -> None:
    """Print the certificate of destruction of a disposition that was carried out."""
    from archive import dispositions

    with reading(settings_from(config)) as tx:
        found = dispositions.get(tx, name)
    if found.certificate is None:
        fail(f"Disposition {name} was not carried out: {_stage(found)}.", 1)
    say(found.certificate)


def _stage(found: Disposition) -> str:
    if found.certificate:
        return "carried out"
    names = ", ".join(agent.name for agent in found.approved_by)
    return f"approved by {names}" if names else f"proposed by {found.agent.name}, approved by nobody yet"


def _next_due(found: Standing, now: datetime) -> datetime:
    """When the oldest record that is not due will be: the first day on which its period is over."""
    period, first = found.series.period, found.next_from
    if period is None or first is None:
        message = "nothing of this series will ever be due"
        raise ValueError(message)
    day = now
    while period.before(day) < first:
        day += max(timedelta(days=1), (first - period.before(day)) * 0.9)
    return day


def _as_json(found: Standing, now: datetime) -> dict[str, Any]:
    series = found.series
    return {
        "series": series.id,
        "covers": series.covers,
        "period": str(series.period) if series.period else None,
        "trigger": series.trigger,
        "authority": series.authority,
        "due": found.due,
        "held": found.held,
        "not_due": found.not_due,
        "next_due": f"{_next_due(found, now):%Y-%m-%d}" if found.next_from and series.period else None,
    }


def _day(settings: Settings, text: str, *, last: bool = False) -> datetime | None:
    """A day's beginning or end by the City's clock; None where nothing is said."""
    if not text:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - the zone comes in the next line
    except ValueError:
        fail(f"{text!r} is no day; write one such as 2026-11-28.", 2)
    return datetime.combine(day, time.max if last else time.min, settings.zone).astimezone(UTC)


def _when(settings: Settings, at: datetime) -> str:
    return f"{at.astimezone(settings.zone):%Y-%m-%d %H:%M %Z}"
