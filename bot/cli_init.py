"""The command `citymod init`: a newcomer's questions, each answer checked as it is typed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import BaseModel, TypeAdapter, ValidationError

from bot.settings import AccountSettings, City, Mail, Pio
from bot.terminal import err, fail, out, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.newcomer import Answers

Secrets = dict[str, dict[str, str]]


def init(
    folder: Annotated[Path, typer.Argument(help="Where the settings are to be.", file_okay=False)] = Path(
        "/etc/citymod"
    ),
    answers: Annotated[
        Path | None,
        typer.Option(
            "--answers", help="Ask nothing; take the answers from this YAML file.", exists=True, dir_okay=False
        ),
    ] = None,
) -> None:
    """Write settings for a new city: asks what it needs to know, overwrites nothing, acts on nothing."""
    from bot.newcomer import SETTINGS_FILE, Answers, Exists, credential_names, write
    from rules.source import read_typed

    settings = folder / SETTINGS_FILE
    if settings.exists():
        fail(f"{settings} is there already and stays as it is; name another folder, or change that file.", 1)
    if answers is None and not sys.stdin.isatty():
        fail("Nobody is at the terminal to answer; write the answers into a file and name it with --answers.", 2)
    given, secrets = (read_typed(answers, Answers), {}) if answers else _asked()
    try:
        written = write(folder, given, secrets)
    except (Exists, OSError) as error:
        fail(f"The settings could not be written: {error}", 1)
    out.print("\nWritten:", highlight=False)
    for path in written:
        say(f"  {path}")
    _what_next(settings, {name: told for name, told in credential_names(given).items() if name not in secrets})


def _what_next(settings: Path, missing: dict[str, str]) -> None:
    named = f"--config {settings}"
    steps = []
    for name, told in missing.items():
        file = settings.parent / "credentials" / name
        steps.append(f"Put the keys that {told} tells of into {file} (chmod 600), or hand them over by systemd.")
    approve = f'citymod rules approve FILE --by "Name" {named}'
    steps.append(
        f"Let a named person read {settings.parent / 'policy'} and the rule packs, and approve each: {approve}\n"
        "     Until then no rule has any effect."
    )
    steps.append(f"Let the program look at everything: citymod doctor {named}")
    steps.append(
        "Let City Communications approve each account: citymod registry ask, then citymod registry approve.\n"
        "     Until then it is neither read nor acted on."
    )
    steps.append("Start the daemon. Every account is in observe mode: it is recorded, and nothing is hidden.")
    steps.append("Read the digests of some days before you change a mode to review, and later to enforce.")
    out.print("\nWhat comes next:", highlight=False)
    for number, step in enumerate(steps, 1):
        say(f"  {number}. {step}")


# The questions -------------------------------------------------------------------------------------------------------


def _asked() -> tuple[Answers, Secrets]:
    from bot.newcomer import Answers

    out.print("A few questions; press Enter to take what stands in brackets, Ctrl-C to leave with nothing written.\n")
    city = {
        "name": _ask("What is the city called?", City, "name"),
        "time_zone": _ask("In which time zone is it?", City, "time_zone", default="America/Chicago"),
    }
    data = _ask("In which folder are records and evidence to be kept?", Answers, "data", default="/var/lib/citymod")
    mail, secrets = _mail()
    accounts = _accounts()
    pios = _pios([f"{entry['platform']}:{entry['id']}" for entry in accounts])
    given = {"city": city, "data": data, "mail": mail, "accounts": accounts, "pios": pios}
    return Answers.model_validate(given), secrets


def _mail() -> tuple[dict[str, Any], Secrets]:
    out.print("\nMail: the evidence, the daily digest and calls to on-call staff go out through your mail server.")
    mail = {
        "host": _ask("Which mail server?", Mail, "host"),
        "port": _ask("Which port?", Mail, "port", default="587"),
        "tls": _ask("Encrypted how? starttls, tls or none", Mail, "tls", default="starttls"),
        "sender": _ask("From which address is the program to write?", Mail, "sender"),
        "social_media_manager": _ask(
            "Who is to get the evidence (Social Media Manager)?", Mail, "social_media_manager"
        ),
        "on_call": _ask("Who is on call? One address, or several with commas", Mail, "on_call", read=_several),
    }
    secrets: Secrets = {}
    user = typer.prompt("User name at the mail server (Enter: it asks for none)", default="", show_default=False)
    if user.strip():
        secrets["mail"] = {"user": user.strip(), "password": typer.prompt("Its password (not shown)", hide_input=True)}
        mail["credential"] = "mail"
    return mail, secrets


def _accounts() -> list[dict[str, Any]]:
    from connectors import find

    out.print("\nAccounts: those that the City has approved (AR 1-27 5.0.A.1.a).")
    out.print(f"Platforms: {', '.join(find.platforms())}", highlight=False)
    accounts: list[dict[str, Any]] = []
    while True:
        platform = _platform(last=bool(accounts))
        if not platform:
            return accounts
        where = f"its id, as connectors/{platform}/README.md says"
        key = _ask(f"Which account? Give {where}", AccountSettings, "id")
        if any((entry["platform"], entry["id"]) == (platform, key) for entry in accounts):
            err.print("That account is on the list already.", style="red")
            continue
        entry = {"platform": platform, "id": key, "name": _ask("What is it called?", AccountSettings, "name")}
        accounts.append(entry if find.by_hand(platform) else {**entry, "credential": _credential(platform, accounts)})


def _platform(*, last: bool) -> str:
    """A platform, or nothing once there is an account."""
    if not last:
        return str(_ask("On which platform is the first account?", AccountSettings, "platform"))
    while True:
        text = typer.prompt("Another platform (Enter: that is all)", default="", show_default=False).strip()
        if not text:
            return ""
        try:
            return str(_checked(AccountSettings, "platform", text))
        except ValueError as error:
            err.print(str(error), style="red", highlight=False, markup=False)


def _credential(platform: str, accounts: list[dict[str, Any]]) -> str:
    """The name of the file of its keys; a second account of a platform has keys of its own."""
    number = 1 + sum(entry["platform"] == platform for entry in accounts)
    return platform if number == 1 else f"{platform}-{number}"


def _pios(accounts: list[str]) -> list[dict[str, Any]]:
    out.print("\nDigest: each public information officer gets a mail a day, also on a quiet one.")
    pios: list[dict[str, Any]] = []
    while not pios or typer.confirm("Another public information officer?", default=False):
        name = _ask("What is the officer called, or the office?", Pio, "name")
        email = _ask("At which address?", Pio, "email")
        hour = _ask("At what hour of the day (0 to 23)?", Pio, "hour", default="7")
        pios.append({"name": name, "email": email, "hour": hour})
    out.print(f"They get the digest of {'the account' if len(accounts) == 1 else f'all {len(accounts)} accounts'}.")
    return pios


def _ask(
    question: str, model: type[BaseModel], field: str, *, default: str | None = None, read: Callable[[str], Any] = str
) -> Any:
    """Ask until the answer is one that the settings would take."""
    while True:
        text = typer.prompt(question, default=default).strip()
        try:
            return _checked(model, field, read(text))
        except ValueError as error:
            err.print(str(error), style="red", highlight=False, markup=False)


def _checked(model: type[BaseModel], field: str, value: Any) -> Any:
    """What the settings make of an answer. Raises ValueError, in the words of the settings."""
    if value in ("", ()):
        message = "There has to be an answer."
        raise ValueError(message)
    known = model.model_fields[field]
    try:
        kind: Any = Annotated[known.annotation, field, *known.metadata]
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise ValueError("; ".join(str(each["msg"]).removeprefix("Value error, ") for each in error.errors())) from None


def _several(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
