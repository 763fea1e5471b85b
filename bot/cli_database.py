"""The commands of the database's administrator: `citymod database`."""

from __future__ import annotations

import typer

from bot.terminal import DEFAULT_CONFIG, Config, fail, out, settings_from, writing

database = typer.Typer(help="What the administrator of a PostgreSQL server does.", no_args_is_help=True)


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
