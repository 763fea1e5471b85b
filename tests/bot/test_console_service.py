"""Signing in by the City's own service: a real OpenID Connect provider answers on loopback."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from city import City
from served import ADMINISTRATOR, Served, console_settings

from archive import access, staff
from bot.domain.types import Role

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archive.capture import Camera

LOGIN = "kim@city.example"
# The provider warns of what it is made of itself, in the thread in which it answers.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::ResourceWarning")


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the provider's own making
        import oidc_provider_mock

    with oidc_provider_mock.run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def console(tmp_path: Path, camera: Camera, provider: str) -> Iterator[Served]:
    sign_in = {"issuer": provider, "client_id": "citymod", "credential": "console-sign-in"}
    settings = console_settings(tmp_path, sign_in=sign_in)
    file = tmp_path / "credentials" / "console-sign-in"
    file.touch(mode=0o600)
    file.write_text(json.dumps({"client_secret": "s" * 20}))
    with City(tmp_path, camera, console=settings) as city:
        city.clock.now = datetime.now(UTC)  # the provider signs by the machine's clock
        with Served(city) as console:
            yield console


def add(console: Served, login: str = LOGIN) -> None:
    with console.city.parts.database.begin() as tx:
        told = {"name": "Kim", "roles": [Role.VIEWER], "accounts": [], "password": None, "totp": None}
        staff.add(tx, login, **told, agent=ADMINISTRATOR, now=console.city.clock())


def at_the_provider(address: str, subject: str, email: str = LOGIN) -> str:
    """Sign in there as somebody; give the address to which the browser is sent back."""
    issuer = f"{urlsplit(address).scheme}://{urlsplit(address).netloc}"
    httpx.put(f"{issuer}/users/{subject}", json={"email": email, "email_verified": True}).raise_for_status()
    return httpx.post(address, data={"sub": subject}).headers["location"]


def come_back(client: httpx.Client, subject: str = "kim-1", email: str = LOGIN, then: str = "/pause") -> httpx.Response:
    away = client.get("/sign-in/service", params={"then": then}).headers["location"]
    back = at_the_provider(away, subject, email)
    return client.get(f"/sign-in/return?{urlsplit(back).query}")


def test_whom_the_service_vouches_for_is_let_in(console: Served) -> None:
    add(console)
    with console.client() as client:
        assert "/sign-in/service?then=" in client.get("/sign-in").text
        answer = come_back(client)
        assert (answer.status_code, answer.headers["location"]) == (303, "/pause"), answer.text
        assert client.get("/pause").status_code == 200
    with console.city.parts.database.read() as tx:
        known = staff.by_login(tx, LOGIN)
        assert [one.what for one in access.latest(tx, 9, login=LOGIN)] == ["pause", "signed in by the service"]
        kept = tx.exec_driver_sql('SELECT "grant" FROM session_').scalar_one()
    assert known is not None
    assert known.subject == "kim-1"
    assert len(kept) > 100, "encrypted"


def test_whoever_is_gone_there_is_out_here_within_five_minutes(console: Served, provider: str) -> None:
    add(console)
    with console.client() as client:
        come_back(client)
        console.city.clock.move(minutes=4, seconds=1)
        assert client.get("/pause").status_code == 200, "asked, and still welcome"
        httpx.post(f"{provider}/users/kim-1/revoke-tokens").raise_for_status()
        console.city.clock.move(minutes=3)
        assert client.get("/pause").status_code == 200, "asked a while ago"
        console.city.clock.move(minutes=1, seconds=59)
        assert client.get("/pause").status_code == 303
        assert client.get("/pause").status_code == 303


def test_while_the_service_is_silent_nobody_is_let_in_nor_taken_for_somebody_who_left(
    console: Served, provider: str
) -> None:
    add(console)
    with console.client() as client:
        come_back(client)
        service = console.app.state.desk.service
        service._metadata["token_endpoint"] = "http://localhost:1/token"
        console.city.clock.move(minutes=4, seconds=1)
        answer = client.get("/pause")
        assert answer.status_code == 503
        assert "does not answer" in answer.text
        service._metadata["token_endpoint"] = f"{provider}/oauth2/token"
        assert client.get("/pause").status_code == 200


def test_who_is_not_known_here_is_not_let_in(console: Served) -> None:
    add(console)
    with console.client() as client:
        answer = come_back(client, "stranger", "stranger@city.example")
        assert answer.status_code == 403
        assert "nobody of that name" in answer.text
        assert client.get("/pause").status_code == 303


def test_another_person_does_not_get_a_login_by_its_address_alone(console: Served) -> None:
    add(console)
    with console.client() as client, console.client() as other:
        come_back(client)
        assert come_back(other, "somebody-else").status_code == 403


def test_whoever_was_disabled_here_is_not_let_in_by_the_service(console: Served) -> None:
    add(console)
    with console.city.parts.database.begin() as tx:
        staff.disable(tx, LOGIN, why="left", agent=ADMINISTRATOR, now=console.city.clock())
    with console.client() as client:
        assert come_back(client).status_code == 403


def test_an_answer_to_what_another_browser_asked_lets_nobody_in(console: Served) -> None:
    add(console)
    with console.client() as mine, console.client() as theirs, console.client() as another:
        away = theirs.get("/sign-in/service").headers["location"]
        query = urlsplit(at_the_provider(away, "kim-1")).query
        mine.get("/sign-in/service")
        for client in (mine, another):
            assert client.get(f"/sign-in/return?{query}").status_code == 403
        state = parse_qs(query)["state"][0]
        assert theirs.get("/sign-in/return", params={"state": state, "code": "guessed"}).status_code == 403
        assert theirs.get("/sign-in/return", params={"state": state, "error": "access_denied"}).status_code == 403
        console.city.clock.move(minutes=11)
        assert theirs.get(f"/sign-in/return?{query}").status_code == 403, "it took too long"


def test_a_password_does_not_help_who_signs_in_by_the_service(console: Served) -> None:
    add(console)
    console.secrets[LOGIN] = "A" * 32
    with console.client() as client:
        assert console.sign_in(client, LOGIN).status_code == 403
