"""The commands of City Communications and of departments that ask it for a site: `citymod registry`."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  typer reads annotations at run time
from typing import TYPE_CHECKING, Annotated

import typer

from bot.domain.types import Capacity, Document  # noqa: TC001  typer reads annotations at run time
from bot.terminal import DEFAULT_CONFIG, Config, Reason, Who, clock, day, fail, reading, say, settings_from, writing

if TYPE_CHECKING:
    from archive.registry import Plan

registry = typer.Typer(
    help="The City's social media sites (AR 1-27 5.A.1, 6.A.1): asked for, approved, whose they are.",
    no_args_is_help=True,
)

Site = Annotated[str, typer.Argument(help="The site, as `citymod registry list` prints it.")]
Account = Annotated[str, typer.Option("--account", help="The account on its platform: platform:id.")]
Name = Annotated[str, typer.Option("--name", help="What the site is called.")]
Purpose = Annotated[str, typer.Option("--purpose", help="What the site is for.")]


@registry.command("ask")
def registry_ask(  # noqa: PLR0913  each is an option
    platform: Annotated[str, typer.Option("--platform", help="One of the approved tools, such as facebook.")],
    name: Name,
    department: Annotated[str, typer.Option("--department", help="Whose it is.")],
    purpose: Purpose,
    form: Annotated[
        Path, typer.Option("--form", help="The completed Social Media Action Plan form.", exists=True, dir_okay=False)
    ],
    who: Who,
    config: Config = DEFAULT_CONFIG,
    account: Account = "",
) -> None:
    """Ask City Communications for a site, or for one that is there already (with --account)."""
    from bot.registry import ask

    settings = settings_from(config)
    plan = _plan(form)
    with writing(settings) as tx:
        site = ask(
            tx,
            settings,
            platform=platform.strip().lower(),
            name=name.strip(),
            department=department.strip(),
            purpose=purpose.strip(),
            account=account,
            plan=plan,
            who=who,
            now=clock(),
        )
    say(site)
    say("City Communications approves, modifies or denies it: citymod registry approve, modify, deny.")


@registry.command("approve")
def registry_approve(site: Site, reason: Reason, who: Who, config: Config = DEFAULT_CONFIG) -> None:
    """Approve a site, as City Communications. Its account is read and acted on from now on, as its mode says."""
    from bot.registry import approve

    settings = settings_from(config)
    with writing(settings) as tx:
        approve(tx, settings, site, who=who, why=reason, now=clock())
    say(f"{site} is approved.")


@registry.command("modify")
def registry_modify(  # noqa: PLR0913  each is an option
    site: Site, reason: Reason, who: Who, config: Config = DEFAULT_CONFIG, name: Name = "", purpose: Purpose = ""
) -> None:
    """Change what a site that waits is to be called or for; then approve it so, or deny it."""
    from bot.registry import modify

    with writing(settings_from(config)) as tx:
        modify(tx, site, who=who, why=reason, now=clock(), name=name.strip(), purpose=purpose.strip())
    say(f"{site} is modified, and waits to be approved so or denied.")


@registry.command("deny")
def registry_deny(site: Site, reason: Reason, who: Who, config: Config = DEFAULT_CONFIG) -> None:
    """Deny a site, as City Communications."""
    from bot.registry import deny

    settings = settings_from(config)
    with writing(settings) as tx:
        deny(tx, settings, site, who=who, why=reason, now=clock())
    say(f"{site} is denied.")


@registry.command("revoke")
def registry_revoke(site: Site, reason: Reason, who: Who, config: Config = DEFAULT_CONFIG) -> None:
    """Take an approval back, as City Communications."""
    from bot.registry import revoke

    settings = settings_from(config)
    with writing(settings) as tx:
        revoke(tx, settings, site, who=who, why=reason, now=clock())
    say(f"{site} is approved no more.")


@registry.command("launch")
def registry_launch(
    site: Site,
    account: Annotated[str, typer.Option("--account", help="The account on its platform: platform:id.")],
    who: Who,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Say which account an approved site is, now that it was made."""
    from bot.registry import launch

    settings = settings_from(config)
    with writing(settings) as tx:
        launch(tx, settings, site, account, who=who, now=clock())
    say(f"{site} is {account}.")


@registry.command("name")
def registry_name(  # noqa: PLR0913  each is an option
    site: Site,
    person: Annotated[str, typer.Option("--person", help="Who, as they sign in to the console, or their address.")],
    capacity: Annotated[Capacity, typer.Option("--as", case_sensitive=False, help="What they are to the site.")],
    who: Who,
    config: Config = DEFAULT_CONFIG,
    trained_on: Annotated[str, typer.Option("--trained-on", help="The day a designee was trained and approved.")] = "",
) -> None:
    """Say who answers for a site: its PIO or trained designee, and a back-up; on Facebook a back-up administrator."""
    from bot.registry import name_person

    trained = day(trained_on) if trained_on else None
    with writing(settings_from(config)) as tx:
        name_person(tx, site, person.strip(), capacity, who=who, now=clock(), trained_on=trained)
    say(f"{person} is {capacity} of {site}.")


@registry.command("adopt")
def registry_adopt(  # noqa: PLR0913  each is an option
    site: Site,
    document: Annotated[Document, typer.Option("--document", help="Which of the three (AR 1-27 4.0).")],
    where: Annotated[str, typer.Option("--where", help="Where the document is.")],
    on: Annotated[str, typer.Option("--on", help="The day on which it was adopted, such as 2026-11-28.")],
    who: Who,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Say that a document of a site was adopted."""
    from bot.registry import adopt

    with writing(settings_from(config)) as tx:
        adopt(tx, site, document, where=where.strip(), adopted_on=day(on), who=who, now=clock())
    say(f"Recorded: {document} of {site}.")


@registry.command("credentials")
def registry_credentials(
    site: Site,
    kept: Annotated[str, typer.Option("--kept", help="Where, in plain words; never the secret itself.")],
    who: Who,
    config: Config = DEFAULT_CONFIG,
    known_to: Annotated[list[str] | None, typer.Option("--known-to", help="Who else knows; repeatable.")] = None,
) -> None:
    """Say where the credentials of a site are kept, and that you have verified that they are there and work."""
    from bot.registry import keep_credentials

    with writing(settings_from(config)) as tx:
        keep_credentials(tx, site, where=kept.strip(), known_to=known_to or [], who=who, now=clock())
    say(f"Recorded, as verified by {who}.")


@registry.command("list")
def registry_list(config: Config = DEFAULT_CONFIG) -> None:
    """List approved tools, sites, what each lacks, and accounts of the settings that are not approved; 1 if any is."""
    from archive import registry as record
    from bot.registry import in_words, lacks, unapproved

    settings = settings_from(config)
    with reading(settings) as tx:
        sites = record.every(tx)
        keys = [entry.account.key for entry in settings.accounts]
        lacking = unapproved(tx, settings, keys)
    say(f"Approved tools: {', '.join(settings.registry.tools)}")
    for site in sites:
        by = f" by {site.decided_by}: {site.why}" if site.decided_by else f" for by {site.asked_by}"
        say(f"{in_words(site)}{f' {site.account}' if site.account else ''}: {site.standing}{by}")
        missing = ", ".join(lacks(site)) if site.standing is record.Standing.APPROVED else ""
        if missing:
            say(f"  lacks {missing}")
    for key, why in lacking.items():
        say(f"NOT APPROVED {key}: {why}")
    raise typer.Exit(1 if lacking else 0)


@registry.command("form")
def registry_form(
    site: Site,
    file: Annotated[Path, typer.Argument(help="A new file for the Social Media Action Plan form.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Write out the form that came with a request, as it came."""
    from archive import registry as record

    with reading(settings_from(config)) as tx:
        plan = record.plan(tx, site)
    _write(file, plan.body)
    say(f"Written: {file} (handed in as {plan.name})")


@registry.command("export")
def registry_export(
    file: Annotated[Path, typer.Argument(help="A new file whose name ends in .csv or .html.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Write the list of tools and sites: as CSV for spreadsheets, or as an accessible page."""
    from bot.registry_list import as_csv, as_html

    settings = settings_from(config)
    if file.suffix not in (".csv", ".html"):
        fail(f"{file} ends neither in .csv nor in .html.", 2)
    with reading(settings) as tx:
        body = as_csv(tx, settings) if file.suffix == ".csv" else as_html(tx, settings, clock()).encode()
    _write(file, body)
    say(f"Written: {file}")


@registry.command("off-board")
def registry_off_board(
    person: Annotated[str, typer.Argument(help="Who leaves: as they sign in, or as the registry names them.")],
    reason: Reason,
    who: Who,
    config: Config = DEFAULT_CONFIG,
    knew: Annotated[
        list[str] | None, typer.Option("--knew", help="An account whose credentials they knew; repeatable.")
    ] = None,
) -> None:
    """End a person's access to the console at once, and open tasks for tokens, passwords and who takes over."""
    from bot.off_boarding import off_board

    settings = settings_from(config)
    with writing(settings) as tx:
        errands = off_board(tx, settings, person, who=who, why=reason, now=clock(), knew=knew or ())
    say(f"{person} is signed out everywhere and cannot sign in any more. Tasks opened: {errands} (citymod tasks list).")


def _plan(file: Path) -> Plan:
    from archive.registry import NoPlan, Plan

    try:
        return Plan.of(file.name, file.read_bytes())
    except (NoPlan, OSError) as error:
        fail(f"{error}.", 2)


def _write(file: Path, body: bytes) -> None:
    try:
        with file.open("xb") as new:
            new.write(body)
    except OSError as error:
        fail(f"{file} cannot be written: {error.strerror}.", 2)
