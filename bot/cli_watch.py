"""The commands by which an administrator sees how the program is: `citymod status`, `doctor` and `canary`."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.terminal import DEFAULT_CONFIG, Config, Who, clock, fail, opened, out, reading, say, settings_from

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

watch = typer.Typer()
AsJson = Annotated[bool, typer.Option("--json", help="As one object.")]


@watch.command()
def status(
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,
    everything: Annotated[
        bool, typer.Option("--all", help="More than one screen: every account, every detail.")
    ] = False,
) -> None:
    """Show on one screen how everything stands: accounts, queue, daily work, timers, mail, pauses, disk."""
    from bot.overview import screen
    from bot.status import status_of

    settings = settings_from(config)
    with reading(settings) as tx:
        found = status_of(tx, settings, clock())
    if as_json:
        out.print_json(json.dumps(found))
        return
    size = shutil.get_terminal_size()
    whole = everything or not out.is_terminal
    for line in screen(found, size.columns, None if whole else size.lines):
        say(line)
    for line in _besides(found) if whole else ():
        say(line)


def _besides(found: Mapping[str, Any]) -> Iterator[str]:
    """What has no room on the screen."""
    for account in found["accounts"]:
        yield f"{account['name']} ({account['key']}): {account['standing']}" + (
            f"; {account['page']}" if account.get("page") else ""
        )
    yield "Cost:  " + ("; ".join(found["cost"]) or "nothing yet") + " (this month)"
    yield from found["requests"]
    if found["bucket"]:
        yield f"Bucket: {found['bucket']}"
    if found["tasks"]:
        yield f"By hand: {found['tasks']} task(s) wait: citymod tasks list"
    yield from found["proof"]
    yield from found["daemons"]
    yield "Acting is " + ("paused: " + "; ".join(found["paused"]) if found["paused"] else "not paused")


@watch.command()
def doctor(config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Check everything the program needs: settings, credentials, database, browser, fonts, mail, platforms."""
    from bot.doctor import examine

    settings = settings_from(config)
    findings = []
    for finding in examine(settings, clock()):
        findings.append(finding)
        if as_json:
            continue
        mark = "[green]ok  [/green]" if finding.ok else "[red]BAD [/red]"
        out.print(mark, finding.what, highlight=False, soft_wrap=True)
        for line in finding.details:
            say("      " + line)
    well = all(finding.ok for finding in findings)
    if as_json:
        listed = [{"ok": one.ok, "what": one.what, "details": list(one.details)} for one in findings]
        out.print_json(json.dumps({"well": well, "findings": listed}))
    raise typer.Exit(0 if well else 1)


@watch.command()
def canary(who: Who, config: Config = DEFAULT_CONFIG) -> None:
    """Send a harmless comment the whole line now, on a stand-in, as is done daily; nothing real is touched."""
    from bot import canary as canaries
    from bot.review import person
    from bot.settings import Canary

    settings = settings_from(config)
    outcome = canaries.walk(settings, (settings.canary or Canary()).seconds)
    with opened(settings) as database, database.begin() as tx:
        canaries.record(tx, settings, outcome, agent=person(who), now=clock())
    for step, seconds in outcome.steps.items():
        say(f"{step:<12} {seconds:6.2f} s")
    if outcome.broken:
        fail(f"It did not come through: {outcome.broken}. On-call staff is called.", 1)
    out.print("It came through. It is on record, and told in status and digest.")
