"""The commands on sealed evidence: `citymod evidence show` and `citymod evidence open`. They change nothing."""

from __future__ import annotations

import tempfile
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.terminal import DEFAULT_CONFIG, Config, fail, out, reading, settings_from

if TYPE_CHECKING:
    from bot.exhibit import Exhibit

evidence = typer.Typer(help="What was captured and sealed.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Evidence, as mails and `citymod review show` name it; or a case.")]


@evidence.command("show")
def evidence_show(name: Name, config: Config = DEFAULT_CONFIG) -> None:
    """Say what a piece of evidence holds and how it was taken, and check every file against what was sealed."""
    exhibit = _exhibit(name, config)
    for line in exhibit.lines():
        out.print(line, markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(1 if exhibit.problems else 0)


@evidence.command("open")
def evidence_open(
    name: Name,
    config: Config = DEFAULT_CONFIG,
    page: Annotated[
        Path | None, typer.Option("--page", help="Write the page here and open nothing.", dir_okay=False)
    ] = None,
) -> None:
    """Show a piece of evidence as one page in your browser; where there is none, say where the page lies."""
    exhibit = _exhibit(name, config)
    if page is None:
        place = Path(tempfile.mkdtemp(prefix="citymod-evidence-"))  # for this user's eyes alone
        page = place / f"{exhibit.sealed.id}.html"
    page.touch(mode=0o600)
    page.write_text(exhibit.page(), encoding="utf-8", errors="backslashreplace")
    out.print(f"The page: {page}", markup=False, highlight=False, soft_wrap=True)
    if page.parent.name.startswith("citymod-evidence-") and not webbrowser.open(page.as_uri()):
        out.print("There is no browser here to open it with.")
    raise typer.Exit(1 if exhibit.problems else 0)


def _exhibit(name: str, config: Path) -> Exhibit:
    from archive import withheld
    from archive.evidence import named
    from bot.exhibit import exhibit

    settings = settings_from(config)
    with reading(settings) as tx:
        sealed = named(tx, name)
        hidden = sealed is not None and withheld.is_withheld(tx, sealed.ref)
    if sealed is None:
        fail(f"There is no evidence {name}; `citymod review show CASE` names what there is.", 2)
    if hidden:
        fail(f"Evidence {name} is not shown: {withheld.WHY_NOT}.", 2)
    try:
        return exhibit(settings, sealed)
    except OSError as error:
        fail(f"Evidence {name} is on record, and its files cannot be read: {error}. Run citymod verify.", 1)
