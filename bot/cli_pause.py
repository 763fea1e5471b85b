"""The commands of on-call staff: `citymod pause` and `citymod resume`."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from bot.terminal import DEFAULT_CONFIG, Config, Who, clock, fail, opened, out, settings_from, writing

if TYPE_CHECKING:
    from bot.domain.types import Agent
    from bot.settings import Settings

_CLAUSE = re.compile(r"C([1-9]|10)")

Clause = Annotated[str, typer.Option("--clause", help="Only what is done under this clause of the policy: C1 to C10.")]
Why = Annotated[str, typer.Option("--reason", help="Why; it goes into the record. A drill needs none.")]


def pause(  # noqa: PLR0913  each is an option
    who: Who,
    reason: Why = "",
    config: Config = DEFAULT_CONFIG,
    duration: Annotated[
        str, typer.Option("--for", help="How long, such as 30m, 4h or 2d. Without it: until resumed.")
    ] = "",
    account: Annotated[str, typer.Option("--account", help="Only this account (platform:id).")] = "",
    clause: Clause = "",
    drill: Annotated[
        bool, typer.Option("--drill", help="Pull the switch, measure until the daemon obeys, let go again.")
    ] = False,
) -> None:
    """Stop all acting at once, or on one account, or under one clause. Recording goes on."""
    from archive import pauses
    from bot.review import person

    settings = settings_from(config)
    now = clock()
    if drill:
        _drill(settings, person(who))
        return
    if not reason.strip():
        fail("Say why, for the record: citymod pause --reason '…'", 2)
    scope = _scope(settings, account, clause)
    until = now + _duration(duration) if duration else None
    with writing(settings) as tx:
        paused = pauses.pause(tx, scope, person(who), reason, until, now)
    end = f"until {until.astimezone(settings.zone):%Y-%m-%d %H:%M %Z}" if until else "until `citymod resume`"
    what = "every account" if scope == pauses.EVERYTHING else paused.what
    preposition = "under" if clause else "on"
    said = f"Paused: nothing is hidden or deleted {preposition} {what} {end}. Recording goes on."
    out.print(said, highlight=False)


def resume(
    who: Who,
    reason: Annotated[str, typer.Option("--reason", help="Why; it goes into the record.")],
    config: Config = DEFAULT_CONFIG,
    account: Annotated[str, typer.Option("--account", help="Only this account; also starts one that stopped.")] = "",
    clause: Clause = "",
) -> None:
    """End a pause; with --account also start an account again that stopped by itself."""
    from archive import accounts, leases, pauses
    from bot.pausing import held
    from bot.registry import barred
    from bot.review import person

    settings = settings_from(config)
    scope = _scope(settings, account, clause)
    agent, now = person(who), clock()
    with writing(settings) as tx:
        ended = pauses.resume(tx, scope, agent, reason, now)
        standing = accounts.standing(tx, account) if account else None
        unapproved = barred(tx, settings, account) if account else None
        started = bool(standing and standing.stopped_why and not unapproved)
        if started:
            accounts.resume(tx, account, agent, now)
        if scope == pauses.EVERYTHING:
            ended += leases.forget_said(tx)
        left = pauses.in_force(tx, now)
        elsewhere = leases.files_say(tx)
        waits = list(held(tx, settings))
    if scope == pauses.EVERYTHING and settings.switch_file.exists():
        settings.switch_file.unlink()
        ended += 1
        out.print(f"Removed the pause file {settings.switch_file}.", highlight=False)
    out.print(f"{ended} pause(s) ended." + (f" {account} is started again." if started else ""), highlight=False)
    if unapproved:
        out.print(f"{account} stays stopped: {unapproved}.", highlight=False, markup=False)
    for other in left:
        out.print(f"Still paused: {other.what} by {other.who}: {other.why}", highlight=False, markup=False)
    if elsewhere and not settings.switch_file.exists():
        out.print(f"Still paused: {elsewhere}; remove that file there.", highlight=False, markup=False)
    if waits:
        out.print("What waits; each is looked at, and judged by today's rules, before anything is done:")
    for line in waits:
        out.print(f"  {line}", highlight=False, markup=False)
    if not ended and not started:
        raise typer.Exit(1)


def _drill(settings: Settings, agent: Agent) -> None:
    from bot.pausing import DRILL_SECONDS, drill

    out.print("Drill: the switch is pulled for everything, and let go again as soon as the daemon obeys.")
    with opened(settings) as database:
        seconds = drill(database, agent, clock, time.sleep)
    if seconds is None:
        fail(
            f"NOT OBEYED: within {DRILL_SECONDS} s no running daemon said that it obeys. Look whether it runs: "
            "systemctl status citymod. The drill's pause is ended; the failure is on record.",
            1,
        )
    out.print(
        f"Obeyed after {seconds:.1f} s: from then on no call that hides or deletes was under way or begun. "
        "The drill's pause is ended; how long it took is on record.",
        highlight=False,
    )


def _scope(settings: Settings, account: str, clause: str) -> str:
    """What is to be paused, as the archive names it; ends the program if there is no such."""
    from archive import pauses

    if account and clause:
        fail("Name an account or a clause, not both; two pauses can stand side by side.", 2)
    if clause:
        if not _CLAUSE.fullmatch(clause.strip().upper()):
            fail(f"There is no clause {clause}; there are C1 to C10.", 2)
        return pauses.on_clause(clause.strip().upper())
    keys = [entry.account.key for entry in settings.accounts]
    if account and account not in keys:
        fail(f"There is no account {account}; there are: {', '.join(keys)}.", 2)
    return account or pauses.EVERYTHING


def _duration(text: str) -> timedelta:
    found = re.fullmatch(r"(\d+)\s*([mhd])", text.strip().lower())
    if not found:
        fail(f"--for {text}: write a number and m, h or d, such as 30m, 4h or 2d.", 2)
    unit = {"m": "minutes", "h": "hours", "d": "days"}[found[2]]
    return timedelta(**{unit: int(found[1])})
