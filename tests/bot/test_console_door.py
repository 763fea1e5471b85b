"""The one door of the console: who is let in, who may do what, and what is written down about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from city import City
from served import PASSWORD, Served, console_settings, csrf, post

from archive import access, ledger, staff
from bot.console import app
from bot.console.may import MAY
from bot.domain.types import Agent, AgentKind, Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archive.access import Access
    from archive.capture import Camera
    from bot.settings import Settings

PERSON = Agent(kind=AgentKind.PERSON, name="admin")


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory, camera: Camera) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("console")
    with City(folder, camera, console=console_settings(folder)) as city, Served(city) as console:
        yield console


def noted(console: Served, login: str) -> list[Access]:
    with console.city.parts.database.read() as tx:
        return access.latest(tx, 50, login=login)


def other_settings(console: Served, **other: Any) -> Settings:
    """The city's settings with another console."""
    settings = console.city.settings
    assert settings.console is not None
    return settings.model_copy(update={"console": settings.console.model_copy(update=other)})


# Who may what ---------------------------------------------------------------------------------------------------------


def test_every_route_has_its_entry_and_every_entry_its_route() -> None:
    assert {name for name, *_ in app.PAGES} == MAY.keys()


@pytest.mark.parametrize("role", Role)
def test_every_role_is_let_in_where_the_table_says_so_and_nowhere_else(console: Served, role: Role) -> None:
    with console.as_(f"{role.value.replace(' ', '-')}@city.example", role) as client:
        page = client.get("/you")
        told = {"csrf": csrf(page)}
        for name, method, path, _ in app.PAGES:
            if name == "sign-out":  # would end what the other routes need; see below
                continue
            answer = client.request(method, path, data=told if method == "POST" else None)
            roles = MAY[name].roles
            if roles is None or role in roles:
                assert answer.status_code != 401, (name, answer.text)
                assert "Your roles" not in answer.text, name
            else:
                assert answer.status_code == 403, name
                assert "Your roles" in answer.text, name
        assert post(client, "/sign-out", {}).status_code == 303
        assert client.get("/you").status_code == 303


def test_nobody_is_let_in_without_signing_in(console: Served) -> None:
    with console.client() as client:
        for name, method, path, _ in app.PAGES:
            if MAY[name].roles is not None:
                answer = client.request(method, path, data={"csrf": "0"} if method == "POST" else None)
                assert answer.status_code == 303, name
                assert answer.headers["location"].startswith("/sign-in"), name


def test_no_form_is_taken_that_a_page_of_ours_did_not_send(console: Served) -> None:
    everything = tuple(Role)
    login = "everything@city.example"
    with console.as_(login, *everything) as client, console.as_(login) as other:
        for sent in ({}, {"csrf": ""}, {"csrf": "0" * 64}, {"csrf": csrf(other.get("/you"))}):
            for name, method, path, _ in app.PAGES:
                if method == "POST" and not MAY[name].proves and name != "sign-in":
                    answer = client.post(path, data=sent)
                    assert (answer.status_code, "came from elsewhere" in answer.text) == (403, True), name
        mine = {"csrf": csrf(client.get("/you"))}
        answer = client.post("/pause", data=mine, headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403
        assert client.get("/you").status_code == 200, "nor was this session ended"


def test_a_console_with_a_route_of_which_nobody_said_who_may_use_it_does_not_start(
    console: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(MAY, "pausing")  # type: ignore[arg-type]
    with pytest.raises(LookupError, match="who may use pausing is not said"):
        app.build(console.city.settings, console.city.parts.database, console.city.clock)


# Signing in -----------------------------------------------------------------------------------------------------------


def test_somebody_signs_in_with_password_and_code_and_comes_to_where_they_were_going(console: Served) -> None:
    login = console.add("kim@city.example", Role.REVIEWER)
    with console.client() as client:
        assert client.get("/pause?x=1").headers["location"] == "/sign-in?then=%2Fpause%3Fx%3D1"
        answer = console.sign_in(client, login, then="/pause?x=1")
        assert (answer.status_code, answer.headers["location"]) == (303, "/pause?x=1")
        assert client.get("/pause").status_code == 200
    assert [one.what for one in noted(console, login)] == ["pause", "signed in"]


@pytest.mark.parametrize("then", ["https://evil.example", "//evil.example", "/\\evil.example", "evil", "/a\r\nX: y"])
def test_nobody_is_sent_elsewhere_after_signing_in(console: Served, then: str) -> None:
    login = console.add(f"then{abs(hash(then))}@city.example", Role.REVIEWER)
    with console.client() as client:
        assert console.sign_in(client, login, then=then).headers["location"] == "/"


@pytest.mark.parametrize("wrong", [{"password": "wrong horse battery"}, {"code": "000000"}, {"login": "nobody"}])
def test_what_does_not_fit_lets_nobody_in_and_says_no_more(console: Served, wrong: dict[str, str]) -> None:
    login = console.add(f"{next(iter(wrong))}@city.example", Role.REVIEWER)
    with console.client() as client:
        answer = console.sign_in(client, login, **wrong)
        assert answer.status_code == 403
        assert "do not fit together" in answer.text
        assert "set-cookie" not in answer.headers or "citymod=" not in answer.headers["set-cookie"]
        assert client.get("/pause").status_code == 303
    assert [one.what for one in noted(console, wrong.get("login", login))] == ["sign-in, refused"]


def test_a_code_is_taken_once(console: Served) -> None:
    login = console.add("once@city.example", Role.REVIEWER)
    with console.client() as client:
        code = console.code(login)
        assert console.sign_in(client, login, code=code).status_code == 303
    with console.client() as client:
        assert console.sign_in(client, login, code=code).status_code == 403
        console.city.clock.move(seconds=60)
        assert console.sign_in(client, login).status_code == 303


def test_who_fails_five_times_is_locked_out_for_a_while(console: Served) -> None:
    login = console.add("brute@city.example", Role.REVIEWER)
    console.city.clock.move(minutes=11)  # so that tries of other tests from the same address count no more
    with console.client() as client:
        for _ in range(5):
            assert console.sign_in(client, login, password="x" * 12).status_code == 403
        assert console.sign_in(client, login).status_code == 403, "the right password does not help then"
        with console.city.parts.database.read() as tx:
            assert [line.detail["login"] for line in ledger.entries(tx, kinds=("staff.locked",))] == [login]
        console.city.clock.move(minutes=16)
        assert console.sign_in(client, login).status_code == 303


def test_a_network_that_tries_on_and_on_is_turned_away(console: Served) -> None:
    with Served(console.city, other_settings(console, tries_in_ten_minutes=3)) as strict, strict.client() as client:
        form = {"csrf": csrf(client.get("/sign-in")), "login": "x", "password": "y", "code": "1"}
        answers = [client.post("/sign-in", data=form).status_code for _ in range(4)]
        assert answers == [403] * 3 + [429]
        console.city.clock.move(minutes=11)
        assert client.post("/sign-in", data=form).status_code == 403


def test_signing_in_begins_a_session_that_nobody_could_know_before(console: Served) -> None:
    login = console.add("fixed@city.example", Role.REVIEWER)
    with console.client() as client:
        client.cookies.set("citymod", "chosen-by-somebody-else", domain="localhost.local")
        answer = console.sign_in(client, login)
        assert answer.status_code == 303
        assert client.cookies.get("citymod") != "chosen-by-somebody-else"
        first = client.cookies.get("citymod")
        console.city.clock.move(seconds=60)
        with console.client() as again:
            console.sign_in(again, login)
            assert again.cookies.get("citymod") != first


def test_a_session_ends_when_it_lies_idle_and_after_a_day_s_work(console: Served) -> None:
    with console.as_("idle@city.example", Role.VIEWER) as client:
        console.city.clock.move(minutes=29)
        assert client.get("/you").status_code == 200
        console.city.clock.move(minutes=31)
        assert client.get("/you").status_code == 303
    with console.as_("idle@city.example") as client:
        for _ in range(25):
            assert client.get("/you").status_code == 200
            console.city.clock.move(minutes=29)
        assert client.get("/you").status_code == 303


def test_whoever_is_disabled_is_out_at_once(console: Served) -> None:
    login = "leaves@city.example"
    with console.as_(login, Role.REVIEWER) as client, console.as_(login) as phone:
        assert client.get("/you").status_code == 200
        with console.city.parts.database.begin() as tx:
            staff.disable(tx, login, why="left the City", agent=PERSON, now=console.city.clock())
        assert client.get("/you").status_code == 303
        assert phone.get("/you").status_code == 303
        assert console.sign_in(client, login).status_code == 403


def test_other_roles_hold_from_the_next_click(console: Served) -> None:
    login = "moves@city.example"
    with console.as_(login, Role.REVIEWER) as client:
        assert post(client, "/pause/resume", {"why": "x"}).status_code == 403
        with console.city.parts.database.begin() as tx:
            staff.set_roles(tx, login, roles=[Role.ON_CALL], accounts=[], agent=PERSON, now=console.city.clock())
        assert post(client, "/pause/resume", {"why": "x"}).status_code == 303


def test_a_new_password_signs_out_everywhere_else(console: Served) -> None:
    login = "changes@city.example"
    form = {"password": PASSWORD, "new": "another horse battery", "again": "another horse battery"}
    with console.as_(login, Role.VIEWER) as client, console.as_(login) as phone:
        assert post(client, "/you", form | {"code": "000000"}).status_code == 403
        assert post(client, "/you", form | {"code": console.code(login), "again": "x"}).status_code == 409
        assert post(client, "/you", form | {"code": console.code(login), "new": "short", "again": "short"}).status_code
        console.city.clock.move(seconds=60)
        assert post(client, "/you", form | {"code": console.code(login)}).status_code == 303
        assert client.get("/you").status_code == 200
        assert phone.get("/you").status_code == 303


# What every answer carries --------------------------------------------------------------------------------------------


def test_every_answer_keeps_other_sites_and_strangers_scripts_out(console: Served) -> None:
    with console.as_("headers@city.example", Role.VIEWER) as client:
        for path in ("/you", "/sign-in", "/pause", "/nowhere", "/static/console.css", "/pause/link?link=x"):
            headers = client.get(path).headers
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]
            assert headers["x-frame-options"] == "DENY"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["cache-control"] == ("max-age=3600" if "static" in path else "no-store")
            assert "server" not in headers


def test_pages_hold_no_script_and_no_style_of_their_own(console: Served) -> None:
    with console.as_("plain@city.example", *Role) as client:
        for name, method, path, _ in app.PAGES:
            if method == "GET":
                text = client.get(path, follow_redirects=True).text
                assert "<style" not in text, name
                assert " style=" not in text, name
                assert text.count("<script") == text.count("<script src="), name
                assert " onclick" not in text, name


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd"]
)
def test_no_file_is_given_out_but_those_of_the_pages(console: Served, path: str) -> None:
    with console.client() as client:
        answer = client.send(httpx.Request("GET", f"{console.url}{path}"))
        assert answer.status_code in {303, 404}
        assert "import" not in answer.text


def test_behind_tls_cookies_never_travel_without_it(console: Served) -> None:
    settings = other_settings(console, address="https://moderation.city.example")
    with Served(console.city, settings) as behind_tls, behind_tls.client() as client:
        answer = client.get("/sign-in")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-citymod-visitor=")
    for word in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"):
        assert word in cookie
    assert "Domain" not in cookie
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")


def test_who_asks_on_and_on_is_told_to_wait(console: Served) -> None:
    with (
        Served(console.city, other_settings(console, requests_a_minute=10)) as strict,
        strict.as_("busy@city.example", Role.VIEWER) as client,
    ):
        answers = [client.get("/you").status_code for _ in range(11)]
        assert answers == [200] * 10 + [429]
        console.city.clock.move(minutes=2)
        assert client.get("/you").status_code == 200


def test_a_form_that_is_too_large_or_of_unsaid_length_is_refused(console: Served) -> None:
    with console.as_("large@city.example", Role.VIEWER) as client:
        assert client.post("/you", data={"x": "y" * 70_000}).status_code == 413
        assert client.post("/you", content=iter([b"x=y"])).status_code == 411


def test_each_view_is_written_down_with_who_what_and_when(console: Served) -> None:
    login = "seen@city.example"
    with console.as_(login, Role.VIEWER) as client:
        client.get("/you")
        post(client, "/pause", {"why": "x"}, page="/pause")
    last, page, first = noted(console, login)
    assert (first.what, page.what, last.what) == ("you", "pause", "pausing, refused (403)")
    assert first.at <= page.at <= last.at <= console.city.clock()
    assert last.origin in {"127.0.0.1", "::1"}
