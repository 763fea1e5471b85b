"""The commands about proof: `citymod witness`, `certificate`, `backup`, `restore`, and `csam` about what has none."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from bot.terminal import (
    DEFAULT_CONFIG,
    Config,
    Reason,
    clock,
    day,
    err,
    fail,
    opened,
    out,
    reading,
    say,
    settings_from,
    writing,
)

proof = typer.Typer()
witness = typer.Typer(help="What vouches for the ledger from outside.", no_args_is_help=True)
proof.add_typer(witness, name="witness")
csam = typer.Typer(help="Comments suspected to show the sexual abuse of a child.", no_args_is_help=True)
proof.add_typer(csam, name="csam")

ByWhom = Annotated[
    str, typer.Option("--who", "--by", help="Your name, for the record.", default_factory=getpass.getuser)
]
Backups = Annotated[Path, typer.Argument(help="The folder of the backup; best on another disk.", file_okay=False)]


@witness.command("list")
def witness_list(config: Config = DEFAULT_CONFIG) -> None:
    """List the roots of the days, newest last, with the time stamps that they have."""
    from archive import witnesses
    from bot.witnessing import told

    settings = settings_from(config)
    with reading(settings) as tx:
        for root in witnesses.roots(tx):
            out.print(f"{root.day} {root.root}", highlight=False, soft_wrap=True)
            for stamp in witnesses.stamps(tx, root.subject):
                at = f"{stamp.stamped_at:%Y-%m-%d %H:%M:%S} UTC"
                say(f"  stamped {at} by {stamp.authority}")
        for line in told(tx, settings):
            say(line)


@witness.command("export")
def witness_export(
    of: Annotated[str, typer.Argument(metavar="DAY", help="The day (UTC), such as 2026-11-28.")],
    folder: Annotated[Path, typer.Argument(help="A new folder for the files.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Write what an outsider needs to check a day of the ledger with sha256sum and openssl alone."""
    from archive.witness_folder import InTheWay, export

    settings = settings_from(config)
    try:
        with reading(settings) as tx:
            names = export(tx, day(of), folder, store=settings.evidence_folder, trusted=settings.trusted)
    except (InTheWay, OSError) as error:
        fail(f"{error}.", 2)
    out.print(
        f"Wrote {len(names)} files and SHA256SUMS to {folder}; README.txt says how to check them.", soft_wrap=True
    )


@csam.command("mark")
def csam_mark(
    case: Annotated[str, typer.Argument(help="The comment: platform:account:item.")],
    reason: Reason,
    who: ByWhom,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Withhold a comment at once and for good: no copies, identifiers only; on-call staff is called."""
    from bot.abuse import WHAT_TO_DO, suspect
    from bot.domain.types import Ref

    settings = settings_from(config)
    try:
        ref = Ref.parse(case)
    except ValueError as error:
        fail(f"{error}; `citymod review list` prints cases as they are written.", 2)
    with writing(settings) as tx:
        new = suspect(tx, settings, ref, who=who, why=reason, now=clock())
    out.print("Withheld, and on-call staff is called." if new else "It was withheld before.")
    for line in WHAT_TO_DO:
        say(f"- {line}")


@csam.command("list")
def csam_list(config: Config = DEFAULT_CONFIG) -> None:
    """List what is withheld, by identifiers alone."""
    from archive import withheld

    settings = settings_from(config)
    with reading(settings) as tx:
        found = withheld.every(tx)
    for one in found:
        at = f"{one.at.astimezone(settings.zone):%Y-%m-%d %H:%M}"
        say(f"{one.ref}  since {at} by {one.agent.name}")
    out.print(f"{len(found)} withheld.", highlight=False)


@proof.command()
def certificate(
    case: Annotated[str, typer.Argument(help="The comment: platform:account:item.")],
    file: Annotated[Path, typer.Argument(help="A new file for the drafts (HTML, to be printed).", dir_okay=False)],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Draft the FRE 902(13)/(14) certification and the RSMo 490.692 affidavit about a case, for a person to sign."""
    from bot.certificates import drafts
    from bot.domain.types import Ref

    settings = settings_from(config)
    try:
        ref = Ref.parse(case)
    except ValueError as error:
        fail(f"{error}; `citymod review list` prints cases as they are written.", 2)
    with reading(settings) as tx:
        text = drafts(tx, settings, ref, clock())
    try:
        with file.open("x", encoding="utf-8") as target:
            target.write(text)
        file.chmod(0o600)
    except OSError as error:
        fail(f"{error}.", 2)
    out.print(
        f"Wrote drafts to {file}. They certify nothing until a person has checked and signed them.", soft_wrap=True
    )


@proof.command()
def backup(folder: Backups, who: ByWhom, config: Config = DEFAULT_CONFIG) -> None:
    """Copy database, evidence and media while the daemon works, check the copy, and record it."""
    from archive.backup import NotBackedUp, take
    from bot.backups import place
    from bot.review import person

    settings = settings_from(config)
    try:
        with opened(settings) as database:
            done = take(database, place(settings), folder.resolve(), agent=person(who), now=clock())
    except (NotBackedUp, OSError) as error:
        fail(f"No backup was made: {error}.", 1)
    for gap in done.not_checked:
        err.print(f"not checked: {gap}", style="yellow", markup=False, highlight=False, soft_wrap=True)
    size = done.bytes_copied / 1_000_000
    out.print(
        f"Backed up and checked: {done.files} files in {folder}, {done.copied} of evidence and media copied this time "
        f"({size:.1f} MB). Settings, approvals and credentials are not in it; keep those yourself.",
        highlight=False,
        soft_wrap=True,
    )


@proof.command()
def restore(folder: Backups, config: Config = DEFAULT_CONFIG) -> None:
    """Put a backup back where the settings say and nothing is yet, and check it. Stop the daemon first."""
    from archive.backup import NotBackedUp
    from archive.backup import restore as put_back
    from bot.backups import place
    from bot.lock import sole

    settings = settings_from(config)
    try:
        with sole(settings.data):
            report = put_back(folder.resolve(), place(settings), now=clock())
    except (NotBackedUp, OSError) as error:
        fail(f"Not restored: {error}.", 1)
    lines = report.checked.get("ledger lines", 0)
    out.print(f"Restored from {folder} and checked: {lines} ledger lines.", highlight=False, soft_wrap=True)
