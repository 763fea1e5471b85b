"""The command `citymod publish`: the City's public account of its moderation."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  typer reads annotations at run time
from typing import Annotated

import typer

from bot.terminal import DEFAULT_CONFIG, Config, fail, reading, say, settings_from


def publish(
    folder: Annotated[Path, typer.Argument(help="Where; written anew if it was written by this before.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Write pages (English, Spanish) and CSV files for the public: acts, appeals, pauses, rules; no names, no words."""
    from bot.parts import Rulebook
    from bot.publishing import NotOurs
    from bot.publishing import publish as write

    settings = settings_from(config)
    rulebook = Rulebook.read(settings.rules, passed=settings.data / "packs-passed")
    try:
        with reading(settings) as tx:
            sums = write(tx, settings, rulebook, folder)
    except NotOurs as error:
        fail(f"{error}.", 1)
    say(f"Written: {folder / 'index.html'}")
    say(f"SHA-256 of SHA256SUMS: {sums}")
