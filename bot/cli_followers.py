"""The command `citymod followers`: who followed an account of the City on a day, and who joined and left since."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Annotated

import typer

from bot.terminal import DEFAULT_CONFIG, Config, clock, fail, out, reading, say, settings_from

if TYPE_CHECKING:
    from bot.domain.types import Author
    from bot.settings import Settings


def followers(
    account: Annotated[str, typer.Argument(help="The account: platform:id.")],
    config: Config = DEFAULT_CONFIG,
    on: Annotated[str, typer.Option("--on", help="A day, such as 2026-11-28 (the City's clock); default: now.")] = "",
    since: Annotated[str, typer.Option("--since", help="Only who joined and left since the end of this day.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="As one object.")] = False,
) -> None:
    """List who followed an account on a day, as far as the platform tells programs."""
    from archive import pages

    settings = settings_from(config)
    at = _end_of(settings, on) if on else clock()
    with reading(settings) as tx:
        then = pages.followers_on(tx, account, at)
        before = pages.followers_on(tx, account, _end_of(settings, since)) if since else None
        count = pages.last_count(tx, account)
    if then is None or (since and before is None):
        why = f" What is known: {count.why}." if count and count.why else ""
        fail(f"There is no list of who followed {account} on that day.{why}", 1)
    joined = [person for name, person in then.people.items() if before is None or name not in before.people]
    left = [person for name, person in before.people.items() if name not in then.people] if before else []
    if as_json:
        told = {"account": account, "listed_at": then.seen_at.isoformat(), "people": [_named(each) for each in joined]}
        out.print_json(json.dumps(told | ({"left": [_named(each) for each in left]} if before else {})))
        return
    for sign, people in (("+ " if before else "", joined), ("- ", left)):
        for person in people:
            say(f"{sign}{_named(person)}")
    listed = f"listed {then.seen_at.astimezone(settings.zone):%Y-%m-%d %H:%M %Z}"
    say(f"{len(joined)} joined, {len(left)} left; {listed}." if before else f"{len(joined)} followers, {listed}.")


def _named(person: Author) -> str:
    parts = (person.name, f"@{person.handle.removeprefix('@')}" if person.handle else None, person.id)
    return ", ".join(part for part in parts if part)


def _end_of(settings: Settings, text: str) -> datetime:
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - the zone comes in the next line
    except ValueError:
        fail(f"{text!r} is no day; write one such as 2026-11-28.", 2)
    return datetime.combine(day, time.max, settings.zone).astimezone(UTC)
