"""The commands `citymod push show` and `subscribe`: whether platforms tell the City's app what is new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from bot.terminal import DEFAULT_CONFIG, Config, Who, clock, fail, say, settings_from, writing

if TYPE_CHECKING:
    from bot.settings import Settings
    from connectors.contract import Subscribes

push = typer.Typer(help="Whether platforms tell the City's app what is new.", no_args_is_help=True)

Account = Annotated[str, typer.Argument(help="The account: platform:id.")]


@push.command("show")
def push_show(account: Account, config: Config = DEFAULT_CONFIG) -> None:
    """Say of what the platform tells the City's app now."""
    from connectors.contract import ConnectorError

    settings = settings_from(config)
    try:
        told = _account(settings, account).subscribed(now=clock())
    except ConnectorError as error:
        fail(f"{account}: what is subscribed could not be read: {type(error).__name__}: {error}", 1)
    say(_said(account, told))
    raise typer.Exit(0 if told else 1)


@push.command("subscribe")
def push_subscribe(account: Account, who: Who, config: Config = DEFAULT_CONFIG) -> None:
    """Have the platform tell the City's app what is new on an account; what it is told of already stays."""
    from archive import ledger
    from bot.review import person
    from connectors.contract import ConnectorError

    settings = settings_from(config)
    connector = _account(settings, account)
    if connector.lacking:
        fail(f"{account}: nothing that is pushed could be believed: the credential lacks {_listed(connector)}.", 2)
    try:
        told = connector.subscribe(now=clock())
    except ConnectorError as error:
        fail(f"{account} could not be subscribed: {type(error).__name__}: {error}", 1)
    say(_said(account, told))
    if not told:
        fail(f"{account}: the platform took the subscription and shows none; try again, and see its README.", 1)
    with writing(settings) as tx:
        detail = {"account": account, "fields": sorted(told)}
        ledger.append(tx, kind="push.subscribed", agent=person(who), at=clock(), detail=detail)
    if settings.push is None:
        say("Nothing listens yet: set push in the settings, and let the City's web server pass /push/ on to it.")


def _account(settings: Settings, key: str) -> Subscribes:
    """The account's connector, if its platform lets an app be subscribed."""
    from bot.parts import connector
    from bot.settings import MissingCredential
    from connectors.contract import Subscribes
    from connectors.meter import Meter

    try:
        entry = settings.entry(key)
    except KeyError:
        fail(f"There is no account {key}; there are: {', '.join(each.account.key for each in settings.accounts)}.", 2)
    try:
        made = connector(settings, entry, Meter())
    except (MissingCredential, LookupError) as error:
        fail(str(error), 2)
    if not isinstance(made, Subscribes):
        fail(f"{entry.platform} has nothing to subscribe to by account; see connectors/{entry.platform}/README.md.", 2)
    return made


def _said(account: str, told: frozenset[str]) -> str:
    return f"{account} is subscribed: {', '.join(sorted(told))}." if told else f"{account} is not subscribed."


def _listed(connector: Subscribes) -> str:
    return ", ".join(connector.lacking)
