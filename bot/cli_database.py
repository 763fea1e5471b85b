"""The commands of the database's administrator: `citymod database`."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  typer reads annotations at run time
from typing import Annotated

import typer

from bot.terminal import DEFAULT_CONFIG, Config, fail, out, settings_from, writing

database = typer.Typer(help="What the administrator of the database does.", no_args_is_help=True)


@database.command("prepare")
def prepare(config: Config = DEFAULT_CONFIG) -> None:
    """Make or bring up the tables as their owner, and grant the working role what the program needs.

    Needed once on a PostgreSQL server, and after each update of the program; stop the daemon before.
    """
    from archive import roles

    settings = settings_from(config)
    worker = settings.database_worker
    owner = roles.prepare(settings.database_owner_url, worker=worker)
    out.print(
        f"The tables are those of this version. {owner} owns them; {worker} works in them.",
        highlight=False,
        soft_wrap=True,
    )


@database.command("check")
def check(config: Config = DEFAULT_CONFIG) -> None:
    """Say how the database's version stands to this program's: none, older, same or newer. Changes nothing."""
    from archive.database import compare

    out.print(compare(settings_from(config).database_url), highlight=False)


@database.command("copy")
def copy(
    file: Annotated[Path, typer.Argument(help="A new file for the copy.", dir_okay=False)],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Copy the database alone, whatever version it is of: what `systemd/install.sh` does before it changes tables."""
    from archive.backup import NotBackedUp, copy_database

    if file.exists():
        fail(f"{file} is there already; name a new file.", 2)
    try:
        copy_database(settings_from(config).database_url, file)
    except (NotBackedUp, OSError) as error:
        fail(f"Not copied: {error}.", 1)
    out.print(f"Copied to {file}. Evidence and media are not in it.", highlight=False, soft_wrap=True)


@database.command("upgrade")
def upgrade(config: Config = DEFAULT_CONFIG) -> None:
    """Bring the tables to this version's, as any writing command does. On a PostgreSQL server: `prepare`."""
    from archive.database import Database

    Database.open(settings_from(config).database_url).close()
    out.print("The tables are those of this version.", highlight=False)


@database.command("index")
def index(config: Config = DEFAULT_CONFIG) -> None:
    """Put into the full-text index whatever on record is not in it; nothing ought to be missing."""
    from archive import full_text

    with writing(settings_from(config)) as tx:
        done = full_text.rebuild(tx)
        left = full_text.missing(tx)
    if left:
        fail(f"{left} wordings cannot be put into the index; run `citymod verify`.", 1)
    out.print(f"{done} wordings were missing in the index and are found now." if done else "Nothing was missing.")
