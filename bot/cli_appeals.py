"""The commands on appeals: `citymod appeal open`, `list` and `decide`."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from bot.terminal import DEFAULT_CONFIG, Config, Reason, Who, clock, fail, out, reading, say, settings_from, writing

appeal = typer.Typer(help="Appeals against the hiding of comments.", no_args_is_help=True)


@appeal.command("open")
def appeal_open(
    case: Annotated[str, typer.Argument(help="The case: its number (CM-…), or as `citymod review list` prints it.")],
    who: Who,
    author: Annotated[str, typer.Option("--from", help="Who appeals, and how to reach them.")],
    says: Annotated[str, typer.Option("--says", help="What they say.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Open an appeal that came by telephone, letter or at the counter."""
    from archive import orders
    from bot import appeals
    from bot.domain.types import Action, Ref
    from bot.review import person

    settings = settings_from(config)
    with writing(settings) as tx:
        order = appeals.numbered(tx, case)
        if order is None and not case.upper().startswith("CM-"):
            try:
                order = orders.carried_out(tx, Ref.parse(case))
            except ValueError as error:
                fail(f"{case} names no case: {error}", 2)
        if order is None or order.action is Action.RESTORE:
            fail(f"There is no case {case} in which a comment is hidden.", 2)
        told = {"who": author, "says": says, "source": "staff"}
        name = appeals.open_(tx, settings, order, agent=person(who), now=clock(), **told)
        due = next(
            one.due_at for one in appeals.waiting(tx, [f"{order.ref.platform}:{order.ref.account}"]) if one.id == name
        )
    out.print(f"Opened {name}.", highlight=False)
    out.print(f"To be decided by {due.astimezone(settings.zone):%A, %Y-%m-%d %H:%M %Z}.", highlight=False)


@appeal.command("list")
def appeal_list(
    config: Config = DEFAULT_CONFIG,
    every: Annotated[bool, typer.Option("--all", help="Also those that are decided.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """List appeals that wait, due first; ends with 1 if one is overdue."""
    from dataclasses import asdict

    from archive import appeals as kept
    from bot.appeals import number_of

    settings = settings_from(config)
    now = clock()
    with reading(settings) as tx:
        found = [one for one in kept.every(tx) if every or one.decided_at is None]
    if as_json:
        say(json.dumps([asdict(one) | {"ref": str(one.ref)} for one in found], default=str, indent=2))
    else:
        for one in sorted(found, key=lambda one: one.due_at):
            due = f"{one.due_at.astimezone(settings.zone):%Y-%m-%d %H:%M}"
            stands = one.outcome or (f"OVERDUE since {due}" if one.is_overdue(now) else f"due {due}")
            say(f"{one.id}  {number_of(one.order)}  {stands}  {one.ref}  from {one.who}")
            say(f"    {' '.join(one.says.split())}")
        if not found:
            say("No appeal waits.")
    raise typer.Exit(1 if any(one.is_overdue(now) for one in found) else 0)


@appeal.command("decide")
def appeal_decide(
    name: Annotated[str, typer.Argument(help="The appeal, as `citymod appeal list` prints it.")],
    reason: Reason,
    who: Who,
    overturn: Annotated[
        bool,
        typer.Option("--overturn/--uphold", help="Show it again, or leave it hidden.", show_default=False),
    ],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Decide an appeal, as somebody else than had the comment hidden; tell whoever appealed yourself."""
    from bot import appeals

    settings = settings_from(config)
    with writing(settings) as tx:
        decided = appeals.decide(tx, name, overturn=overturn, who=who, why=reason, now=clock())
    then = f" The comment is ordered shown again ({decided.restored_by})." if decided.restored_by else ""
    say(f"{decided.id} is {decided.outcome}.{then} Tell {decided.who}.")
