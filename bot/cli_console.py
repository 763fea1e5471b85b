"""The commands of the console: `citymod console` serves it, `citymod console user` says who may sign in."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Annotated

import typer

from bot import log
from bot.domain.types import Role
from bot.terminal import (
    DEFAULT_CONFIG,
    Config,
    Reason,
    Who,
    clock,
    fail,
    opened,
    out,
    reading,
    say,
    settings_from,
    writing,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.settings import Settings

console = typer.Typer(help="Where people decide in a browser.", invoke_without_command=True)
user = typer.Typer(help="Who may sign in to the console, and what they may do there.", no_args_is_help=True)
console.add_typer(user, name="user")

Login = Annotated[str, typer.Argument(help="How they sign in and are named in the record, such as kim@example.gov.")]
Roles = Annotated[list[Role], typer.Option("--role", help="What they may do; may be given more than once.")]
Accounts = Annotated[
    list[str] | None, typer.Option("--account", help="Only this account (platform:id); default: all of them.")
]


@console.callback()
def run(context: typer.Context, config: Config = DEFAULT_CONFIG, log_level: str = "info") -> None:
    """Serve the console until it is told to stop (SIGTERM, Ctrl-C)."""
    if context.invoked_subcommand is not None:
        return
    from bot.console.app import start

    log.start(level=log_level)
    settings = settings_from(config)
    if settings.console is None:
        fail("The settings name no `console`: add one with `port` and `address`.", 2)
    with opened(settings) as database:
        start(settings, database, clock)


@console.command("key")
def new_key() -> None:
    """Make the key that the console needs, as its credential is to hold it; nothing is kept."""
    out.print_json(data={"key": secrets.token_urlsafe(48)})


@user.command("add")
def user_add(  # noqa: PLR0913  each is an option
    login: Login,
    role: Roles,
    name: Annotated[str, typer.Option("--name", help="Their name.")],
    who: Who,
    config: Config = DEFAULT_CONFIG,
    account: Accounts = None,
    by_service: Annotated[
        bool, typer.Option("--by-sign-in-service", help="They sign in with the City's own service alone.")
    ] = False,
) -> None:
    """Let somebody sign in. What proves who they are is shown here, once."""
    from archive import staff
    from bot.review import person

    settings = settings_from(config)
    if not login.strip() or not login.isprintable() or login != login.strip():
        fail("A login is a text such as kim@example.gov.", 2)
    password, shown = _proofs(settings, login) if not by_service else (_NONE, [])
    with writing(settings) as tx:
        staff.add(
            tx,
            login,
            name=name,
            roles=role,
            accounts=_known(settings, account or ()),
            password=password[0],
            totp=password[1],
            agent=person(who),
            now=clock(),
        )
    say(f"{login} may sign in as {', '.join(role)}.")
    for line in shown:
        say(line)


@user.command("list")
def user_list(config: Config = DEFAULT_CONFIG) -> None:
    """List who may sign in, who no longer may, and what they may do."""
    from archive import staff

    settings = settings_from(config)
    with reading(settings) as tx:
        found = staff.every(tx)
    for one in found:
        stands = "disabled" if one.disabled_at else "locked" if one.is_locked(clock()) else "may sign in"
        scope = ", ".join(sorted(one.accounts)) or "all accounts"
        say(f"{one.login} ({one.name}): {', '.join(sorted(one.roles))}; {scope}; {stands}")
    if not found:
        out.print("Nobody may sign in yet: citymod console user add.")


@user.command("role")
def user_role(login: Login, role: Roles, who: Who, config: Config = DEFAULT_CONFIG, account: Accounts = None) -> None:
    """Say anew what somebody may do, and on which accounts; it holds from their next click on."""
    from archive import staff
    from bot.review import person

    settings = settings_from(config)
    accounts = _known(settings, account or ())
    with writing(settings) as tx:
        staff.set_roles(tx, login, roles=role, accounts=accounts, agent=person(who), now=clock())
    say(f"{login} is {', '.join(role)} from now on, on {', '.join(accounts) or 'all accounts'}.")


@user.command("reset")
def user_reset(login: Login, who: Who, config: Config = DEFAULT_CONFIG) -> None:
    """Give somebody another password and another generator of codes; they are signed out everywhere."""
    from archive import staff
    from bot.review import person

    settings = settings_from(config)
    (password, totp), shown = _proofs(settings, login)
    with writing(settings) as tx:
        staff.set_proofs(tx, login, password=password, totp=totp, agent=person(who), now=clock())
    for line in shown:
        say(line)


@user.command("disable")
def user_disable(login: Login, reason: Reason, who: Who, config: Config = DEFAULT_CONFIG) -> None:
    """Let somebody in no more: they are signed out everywhere, at once."""
    from archive import staff
    from bot.review import person

    with writing(settings_from(config)) as tx:
        staff.disable(tx, login, why=reason, agent=person(who), now=clock())
    say(f"{login} is signed out everywhere and cannot sign in any more.")


@user.command("enable")
def user_enable(login: Login, reason: Reason, who: Who, config: Config = DEFAULT_CONFIG) -> None:
    """Let somebody in again who was disabled or locked out."""
    from archive import staff
    from bot.review import person

    with writing(settings_from(config)) as tx:
        staff.enable(tx, login, why=reason, agent=person(who), now=clock())
    say(f"{login} can sign in again.")


_NONE: tuple[str | None, str | None] = (None, None)


def _proofs(settings: Settings, login: str) -> tuple[tuple[str | None, str | None], list[str]]:
    """Make a password and a generator of codes: as they are kept, and what the person is told."""
    from bot.console import proofs

    password = secrets.token_urlsafe(12)
    secret, kept = proofs.new_generator(settings)
    told = [
        "Hand these over in person; they are shown only now. The password can be changed after signing in.",
        f"  password    {password}",
        f"  codes       {secret} (enter it by hand into a generator such as FreeOTP, or open the next line there)",
        f"              {proofs.address(secret, login, settings.city.name)}",
    ]
    return (proofs.hashed(password), kept), told


def _known(settings: Settings, accounts: Sequence[str]) -> list[str]:
    keys = [entry.account.key for entry in settings.accounts]
    for account in accounts:
        if account not in keys:
            fail(f"There is no account {account}; there are: {', '.join(keys)}.", 2)
    return sorted(accounts)
