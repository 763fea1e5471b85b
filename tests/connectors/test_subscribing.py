"""Whether Meta pushes: `citymod push subscribe` subscribes a Page to the City's app, and the doctor says if none is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import facebook_town
import instagram_town
import pytest

from bot import doctor, settings
from bot.cli import app
from connectors import find
from connectors.contract import Refused, Subscribes, Unauthorised
from connectors.meter import Meter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Town = facebook_town.Town | instagram_town.Town
TOWNS: dict[str, Any] = {"facebook": facebook_town.a_town, "instagram": instagram_town.a_town}
NOT_SUBSCRIBED = "not subscribed to the app's web hooks"


@pytest.fixture(params=TOWNS)
def town(request: pytest.FixtureRequest) -> Iterator[Town]:
    with TOWNS[request.param]() as running:
        running.standin.apps.fields = {page_of(running): []}
        yield running


def page_of(town: Town) -> str:
    """The Page by which an account is subscribed."""
    return town.page.id if town.page.platform == "facebook" else instagram_town.keys.page_id(town.page)


def fields(town: Town) -> list[str]:
    return town.standin.apps.fields[page_of(town)]


def notes(town: Town) -> str:
    return " ".join(town.connector.check(now=town.clock.now).notes)


# ------------------------------------------------------------------------------------------------------ the connector


def test_a_page_is_subscribed_once_however_often_it_is_asked_for(town: Town) -> None:
    assert isinstance(town.connector, Subscribes)
    assert town.connector.subscribed(now=town.clock.now) == frozenset()
    assert NOT_SUBSCRIBED in notes(town)
    assert f"citymod push subscribe {town.account.key}" in notes(town)
    for _ in range(2):
        assert town.connector.subscribe(now=town.clock.now) == {"feed"}
    assert fields(town) == ["feed"]
    assert NOT_SUBSCRIBED not in notes(town)


def test_what_the_app_is_told_of_already_stays(town: Town) -> None:
    town.standin.apps.fields[page_of(town)] = ["messages", "ratings"]
    assert NOT_SUBSCRIBED in notes(town)
    assert town.connector.subscribe(now=town.clock.now) == {"feed", "messages", "ratings"}


def test_a_token_that_may_not_is_said(town: Town) -> None:
    town.standin.switch(["hooks_not_permitted"])
    with pytest.raises(Unauthorised, match="pages_manage_metadata"):
        town.connector.subscribe(now=town.clock.now)
    assert "pages_manage_metadata" in notes(town)
    assert fields(town) == []


def test_what_was_taken_and_not_done_is_seen(town: Town) -> None:
    town.standin.switch(["not_subscribed"])
    assert town.connector.subscribe(now=town.clock.now) == frozenset()


def test_another_app_that_is_subscribed_is_not_ours(town: Town) -> None:
    town.standin.switch(["another_app"])
    assert NOT_SUBSCRIBED in notes(town)
    assert town.connector.subscribe(now=town.clock.now) == {"feed"}


def test_without_the_apps_number_nobody_knows_which_app_it_is(town: Town) -> None:
    town.connector = town.connect(app_id="")
    assert town.connector.lacking == ("app_id",)
    with pytest.raises(Refused, match="app_id"):
        town.connector.subscribe(now=town.clock.now)
    assert NOT_SUBSCRIBED not in notes(town)


# ------------------------------------------------------------------------------------- the command, and the doctor


@pytest.fixture
def ask(town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """Run a command with settings in which this town's account stands; `without` are credentials left out."""
    from typer.testing import CliRunner

    def run(*words: str, listens: bool = True, without: str = "") -> tuple[int, str]:
        secrets = {name: value for name, value in town.standin.credentials(town.page).items() if name != without}
        monkeypatch.setenv("CITYMOD_CREDENTIAL_KEYS", json.dumps(secrets))
        found = CliRunner().invoke(app, [*words, "--config", str(written(town, tmp_path, listens=listens))])
        assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
        return found.exit_code, " ".join(found.output.split())

    return run


def written(town: Town, folder: Path, *, listens: bool) -> Path:
    example = (find.HERE.parent / "config" / "citymod.example.yaml").read_text(encoding="utf-8")
    entry = {"platform": town.page.platform, "id": town.page.id, "name": town.page.name, "credential": "keys"}
    accounts = json.dumps([entry | {"api": town.server.url, "web": town.server.url}])
    listening = "push: {port: 8090}\n" if listens else ""
    text = example.partition("\naccounts:")[0].partition("  - name: Water")[0]
    text = text.replace("data: /var/lib/citymod", f"data: {folder / 'data'}")
    file = folder / "citymod.yaml"
    file.write_text(f"{text}\n{listening}accounts: {accounts}\n", encoding="utf-8")
    return file


def test_the_command_subscribes_says_what_is_subscribed_and_leaves_a_line_in_the_ledger(
    town: Town, ask: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    key = town.account.key
    assert ask("push", "show", key) == (1, f"{key} is not subscribed.")
    assert ask("push", "subscribe", key, "--who", "Dana Clerk") == (0, f"{key} is subscribed: feed.")
    assert ask("push", "show", key) == (0, f"{key} is subscribed: feed.")
    assert fields(town) == ["feed"]
    assert recorded(tmp_path) == [("push.subscribed", "Dana Clerk", {"account": key, "fields": ["feed"]})]


def recorded(folder: Path) -> list[tuple[str, str, Any]]:
    from archive import ledger
    from archive.database import Database

    with Database.open(f"sqlite:///{folder / 'data' / 'citymod.db'}") as database, database.read() as tx:
        lines = [line for line in ledger.entries(tx) if line.kind.startswith("push.")]
        return [(line.kind, line.agent.name, dict(line.detail)) for line in lines]


def test_the_command_says_that_nothing_listens(town: Town, ask: Callable[..., tuple[int, str]]) -> None:
    code, said = ask("push", "subscribe", town.account.key, listens=False)
    assert code == 0
    assert "Nothing listens yet" in said


def test_the_command_does_not_subscribe_to_what_could_not_be_believed(
    town: Town, ask: Callable[..., tuple[int, str]]
) -> None:
    code, said = ask("push", "subscribe", town.account.key, without="verify_token")
    assert code == 2
    assert "verify_token" in said
    assert fields(town) == []


@pytest.mark.parametrize(
    ("pitfall", "said"), [("hooks_not_permitted", "pages_manage_metadata"), ("not_subscribed", "shows none")]
)
def test_the_command_says_what_went_wrong(
    town: Town, ask: Callable[..., tuple[int, str]], tmp_path: Path, pitfall: str, said: str
) -> None:
    town.standin.switch([pitfall])
    code, output = ask("push", "subscribe", town.account.key)
    assert code == 1
    assert said in output
    assert not (tmp_path / "data" / "citymod.db").exists() or recorded(tmp_path) == []


def test_other_accounts_are_named(ask: Callable[..., tuple[int, str]], town: Town) -> None:
    code, said = ask("push", "show", "facebook:1")
    assert code == 2
    assert town.account.key in said


@pytest.mark.parametrize(("without", "listens"), [("", True), ("verify_token", True), ("verify_token", False)])
def test_the_doctor_says_when_push_is_set_and_nothing_can_come(
    town: Town, ask: Callable[..., tuple[int, str]], tmp_path: Path, *, without: str, listens: bool
) -> None:
    ask("push", "show", town.account.key, without=without)  # leaves the credentials in the environment
    found = settings.load(written(town, tmp_path, listens=listens))
    finding = doctor._account(found, found.accounts[0], Meter(), town.clock.now)  # all else is browser and fonts
    said = " ".join(finding.details)
    assert (NOT_SUBSCRIBED in said) == (not without)
    assert ("cannot be used here: the credential lacks verify_token" in said) == (bool(without) and listens)
