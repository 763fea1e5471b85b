"""The commands `citymod evidence list`, `show`, `open`, `acknowledge` and `sign-in`. None changes what is sealed."""

from __future__ import annotations

import json
import sys
import tempfile
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.terminal import DEFAULT_CONFIG, Config, Reason, Who, clock, fail, out, reading, say, settings_from, writing

if TYPE_CHECKING:
    from bot.exhibit import Exhibit

evidence = typer.Typer(help="What was captured and sealed.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Evidence, as mails and `citymod review show` name it; or a case.")]

AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]


@evidence.command("show")
def evidence_show(name: Name, config: Config = DEFAULT_CONFIG, *, as_json: AsJson = False) -> None:
    """Say what a piece of evidence holds and how it was taken, and check every file against what was sealed."""
    exhibit = _exhibit(name, config)
    for line in [json.dumps(exhibit.fields(), indent=2)] if as_json else exhibit.lines():
        say(line)
    raise typer.Exit(1 if exhibit.problems else 0)


@evidence.command("list")
def evidence_list(
    case: Annotated[str, typer.Argument(help="The case, as `citymod review list` names it.")],
    config: Config = DEFAULT_CONFIG,
    *,
    as_json: AsJson = False,
) -> None:
    """List everything that was ever sealed of a case, oldest first."""
    from archive.evidence import all_of
    from bot.domain.types import Ref
    from bot.letters import when

    try:
        ref = Ref.parse(case)
    except ValueError as error:
        fail(f"{case} names no case: {error}", 2)
    settings = settings_from(config)
    with reading(settings) as tx:
        sealed = all_of(tx, ref)
    if not sealed:
        fail(f"There is no evidence of {case}; `citymod review show CASE` says what became of it.", 2)
    if as_json:
        listed = [
            {
                "id": each.id,
                "quality": each.quality,
                "captured_at": each.captured_at.isoformat(),
                "revision": each.revision,
                "folder": each.folder,
            }
            for each in sealed
        ]
        say(json.dumps(listed, indent=2))
        return
    for each in sealed:
        line = f"{each.id}  {each.quality:<8} {when(settings, each.captured_at)}  wording {each.revision[:12]}"
        say(line)


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
    to_open = page is None
    if page is None:
        page = Path(tempfile.mkdtemp(prefix="citymod-evidence-")) / f"{exhibit.sealed.id}.html"  # for this user alone
    page.touch(mode=0o600)
    page.write_text(exhibit.page(), encoding="utf-8", errors="backslashreplace")
    say(f"The page: {page}")
    if to_open and not webbrowser.open(page.as_uri()):
        out.print("There is no browser here to open it with.")
    raise typer.Exit(1 if exhibit.problems else 0)


@evidence.command("acknowledge")
def evidence_acknowledge(name: Name, who: Who, config: Config = DEFAULT_CONFIG) -> None:
    """Say that you have received a piece of evidence, as the Social Media Manager does for the City's files."""
    from archive import acknowledged
    from archive.evidence import named
    from bot.review import person

    settings = settings_from(config)
    with writing(settings) as tx:
        sealed = named(tx, name)
        if sealed is None:
            fail(f"There is no evidence {name}; `citymod review show CASE` names what there is.", 2)
        is_new = acknowledged.acknowledge(tx, sealed, agent=person(who), how="by command", now=clock())
        line = acknowledged.of(tx, sealed)
    if not is_new and line:
        say(f"{line.agent.name} acknowledged evidence {sealed.id} already, {line.at:%Y-%m-%d %H:%M} UTC.")
    else:
        say(f"Evidence {sealed.id} is acknowledged by {who}.")


@evidence.command("sign-in")
def evidence_sign_in(
    account: Annotated[str, typer.Argument(help="The account: platform:id.")],
    who: Who,
    reason: Reason,
    config: Config = DEFAULT_CONFIG,
    *,
    forget: Annotated[bool, typer.Option("--forget", help="Remove what is stored.")] = False,
) -> None:
    """Store, encrypted, what signs in to picture one account's pages: Playwright's storage state, on standard input.

    Where somebody can sign in: playwright open --save-storage=/dev/stdout ADDRESS | citymod evidence sign-in ACCOUNT …
    """
    from archive import ledger, sign_ins
    from bot.parts import sign_in
    from bot.review import person

    settings = settings_from(config)
    entry = next((entry for entry in settings.accounts if entry.account.key == account), None)
    if entry is None:
        fail(f"There is no account {account} in the settings.", 2)
    try:
        place = sign_in(settings, entry)
        there = place.file.exists()
        if forget:
            sign_ins.forget(place)
        else:
            sign_ins.store(place, sys.stdin.buffer.read())
    except (LookupError, ValueError) as error:
        fail(f"Nothing was stored: {error}.", 2)
    kind = "sign_in.forgotten" if forget else "sign_in.stored"
    with writing(settings) as tx:
        ledger.append(tx, kind=kind, agent=person(who), at=clock(), detail={"account": account, "why": reason})
    said = "Stored, encrypted, for this account alone." if not forget else "Removed." if there else "None was stored."
    out.print(said)


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
