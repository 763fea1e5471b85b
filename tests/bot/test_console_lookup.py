"""Search, accounts, tasks, health, policy and audit of the console; and the commands that let people in."""

from __future__ import annotations

import html
import io
import re
from typing import TYPE_CHECKING

import pytest
from city import HARMLESS, VIOLATION, City
from PIL import Image
from served import Served, console_settings, csrf, post

from archive import access, accounts, cases, handwork, ledger, staff
from bot.domain.states import State
from bot.domain.types import OrderStatus, Role
from bot.intake import Seen, add

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

    from archive.capture import Camera
    from bot.domain.types import Ref


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory, camera: Camera) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("lookup")
    with City(folder, camera, by_hand=True, console=console_settings(folder)) as city, Served(city) as console:
        city.write("youtube", HARMLESS)
        city.write("facebook", "The street light at 5th <b>is</b> out")
        city.write("youtube", VIOLATION)
        city.run()
        yield console


def said(answer: httpx.Response) -> str:
    return html.unescape(answer.text)


def a_picture() -> bytes:
    body = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(body, "PNG")
    return body.getvalue()


def test_words_are_found_and_marked_and_the_search_is_written_down(console: Served) -> None:
    with console.as_("clerk@city.example", Role.RECORDS_OFFICER) as client:
        page = client.get("/search", params={"words": "street light", "from": "2026-11-01"})
        assert page.text.count("Open the case") == 2
        assert "<mark>street</mark>" in page.text
        assert "<b>is</b>" not in page.text
        assert "Nothing on record has these words" in client.get("/search", params={"words": "zebra"}).text
        assert "Nothing to look for" in client.get("/search", params={"words": "!!!"}).text
        assert client.get("/search", params={"words": "x", "from": "no day"}).status_code == 409
        assert client.get("/search", params={"words": "x", "state": "nowhere"}).status_code == 404
        assert client.get("/search", params={"words": "x", "before": "9" * 40}).status_code == 200
    with console.city.parts.database.read() as tx:
        noted = [one.said for one in access.latest(tx, 9, login="clerk@city.example")]
    assert noted[-1] == "words: street light; from: 2026-11-01"
    assert "words: zebra" in noted


def test_a_search_finds_nothing_on_other_people_s_accounts(console: Served) -> None:
    key = next(e.account.key for e in console.city.settings.accounts if e.platform == "facebook")
    other = next(e.account.key for e in console.city.settings.accounts if e.platform == "youtube")
    with console.as_("water@city.example", Role.VIEWER, accounts=[key]) as client:
        assert client.get("/search", params={"words": "street"}).text.count("Open the case") == 1
        assert client.get("/search", params={"words": "street", "account": other}).text.count("Open the case") == 0
        assert other not in client.get("/accounts").text


@pytest.mark.parametrize("words", ["<script>alert(1)</script>", '" onfocus="alert(1)', "{{ 7*7 }}", "a' OR '1'='1"])
def test_what_somebody_searches_for_is_only_words(console: Served, words: str) -> None:
    with console.as_("clerk@city.example", Role.RECORDS_OFFICER) as client:
        page = client.get("/search", params={"words": words, "author": words, "clause": words, "account": words}).text
        assert "<script>alert" not in page
        assert 'onfocus="alert' not in page
    with console.as_("audit@city.example", Role.AUDITOR) as client:
        page = client.get("/audit", params={"login": words, "ref": words}).text
        assert "<script>alert" not in page
        assert 'onfocus="alert' not in page


def test_accounts_say_their_mode_and_why_they_stopped(console: Served) -> None:
    key = next(e.account.key for e in console.city.settings.accounts if e.platform == "x")
    with console.city.parts.database.begin() as tx:
        accounts.stop(tx, key, "Unauthorised: the token is not good", console.city.clock())
    with console.as_("clerk@city.example", Role.VIEWER) as client:
        assert "STOPPED: Unauthorised: the token is not good" in said(client.get("/accounts"))
        assert "enforce: what the policy lets rules do is done" in said(client.get("/accounts"))
        assert "Something is wrong" in said(client.get("/health"))


def test_the_policy_says_who_approved_what(console: Served) -> None:
    with console.as_("clerk@city.example", Role.VIEWER) as client:
        page = said(client.get("/policy"))
    assert page.count("Approved by Demo Administrator") == 1 + len(console.city.parts.rulebook.packs)
    for category in console.city.parts.rulebook.policy.categories.values():
        assert category.text in page
    for rule in (rule for pack in console.city.parts.rulebook.packs for rule in pack.rules):
        assert rule.reason in page


def test_an_auditor_sees_who_looked_and_who_decided(console: Served) -> None:
    with console.as_("looks@city.example", Role.VIEWER) as client:
        client.get("/accounts")
    with console.as_("audit@city.example", Role.AUDITOR) as client:
        seen = said(client.get("/audit", params={"login": "looks@city.example"}))
        assert re.search(r"looks@city\.example</td><td>accounts</td>", seen)
        done = said(client.get("/audit", params={"show": "done"}))
        assert "staff.added" in done


# Tasks ----------------------------------------------------------------------------------------------------------------


def marked_by_hand(console: Served, text: str) -> Ref:
    """A comment that staff saw, and that is to be hidden."""
    city = console.city
    key = next(e.account.key for e in city.settings.accounts if e.platform == "nextdoor")
    seen = Seen(url="https://nextdoor.com/p/abc", author="Pat", text=text, seen_at=city.clock())
    with city.parts.database.begin() as tx:
        ref = add(tx, city.settings, key, seen, who="smm", now=city.clock()).ref
    city.judge()
    with city.parts.database.read() as tx:
        present = cases.case(tx, ref)
    assert present is not None
    assert present.state is State.MARKED
    return ref


def send(client: httpx.Client, form: dict[str, str], *files: tuple[str, bytes]) -> httpx.Response:
    told = {"csrf": csrf(client.get("/tasks"))} | form
    return client.post("/tasks", data=told, files=[("pictures", (name, body)) for name, body in files])


def test_a_task_goes_from_picture_to_deed(console: Served) -> None:
    ref = marked_by_hand(console, "what a fucking mess, neighbours")
    with console.as_("smm@city.example", Role.SOCIAL_MEDIA_MANAGER) as client:
        page = said(client.get("/tasks"))
        assert "Take a screenshot of a comment" in page
        assert "citymod intake" not in page, "commands are for the command line"
        picture = {"task": f"picture:{ref}"}
        for name, body in (("x.png", b"<svg onload=alert(1)>"), ("../../x.png", b"MZ\x90"), ("x.html", b"<html>")):
            refused = send(client, picture, (name, body))
            assert refused.status_code == 409
            assert "is no PNG, JPEG, GIF or WebP picture" in refused.text
        assert send(client, picture).status_code == 409, "without any"
        assert send(client, picture, ("../../../etc/<b>x.png", a_picture())).status_code == 303
        console.city.secure()
        console.city.deliver()
        with console.city.parts.database.read() as tx:
            (order,) = handwork.waiting(tx, [f"{ref.platform}:{ref.account}"])
        page = said(client.get("/tasks"))
        assert f"act:{order.id}" in page
        deed = re.search(r'name="did" value="(\w+)"', page)
        assert deed is not None
        act = {"task": f"act:{order.id}", "did": deed[1], "why": ""}
        assert send(client, act | {"done_at": "2026-11-01T10:00"}).status_code == 409, "before the evidence was made"
        answer = send(client, act | {"second": "Lee"}, ("after.png", a_picture()))
        assert answer.status_code == 303, said(answer)
    with console.city.parts.database.read() as tx:
        lines = [line for line in ledger.about(tx, [ref]) if line.kind == "task.attested"]
        present = cases.case(tx, ref)
    assert [line.agent.name for line in lines] == ["smm@city.example"]
    assert present is not None
    assert present.state in {State.ENFORCED, State.SECURED}


def test_a_task_that_cannot_be_done_goes_back_for_a_decision(console: Served) -> None:
    ref = marked_by_hand(console, "another fucking mess, neighbours")
    with console.as_("smm@city.example", Role.SOCIAL_MEDIA_MANAGER) as client:
        send(client, {"task": f"picture:{ref}"}, ("x.png", a_picture()))
        console.city.secure()
        with console.city.parts.database.read() as tx:
            order = handwork.waiting(tx, [f"{ref.platform}:{ref.account}"])[-1]
        task = {"task": f"act:{order.id}"}
        assert post(client, "/tasks/refuse", task).status_code == 409, "without a reason"
        assert post(client, "/tasks/refuse", task | {"why": "no such button"}).status_code == 303
        assert post(client, "/tasks/refuse", task | {"why": "again"}).status_code == 409
    with console.city.parts.database.read() as tx:
        present = cases.case(tx, ref)
    assert present is not None
    assert present.state is State.IN_REVIEW
    assert order.status is OrderStatus.WAITING


def test_nobody_does_tasks_on_accounts_that_are_not_theirs(console: Served) -> None:
    ref = marked_by_hand(console, "a third fucking mess, neighbours")
    mine = next(e.account.key for e in console.city.settings.accounts if e.platform == "youtube")
    with console.as_("water@city.example", Role.PIO, accounts=[mine]) as client:
        assert str(ref) not in client.get("/tasks").text
        assert send(client, {"task": f"picture:{ref}"}, ("x.png", a_picture())).status_code == 409
        form = {"account": f"{ref.platform}:{ref.account}", "url": "https://x", "author": "x", "text": "x"}
        assert post(client, "/tasks/enter", form, page="/tasks").status_code == 404


# Letting people in by the command line --------------------------------------------------------------------------------


def test_people_are_let_in_changed_and_sent_away_by_command(
    console: Served, citymod: Callable[..., tuple[int, str, str]]
) -> None:
    config = console.city.file
    login = "new@city.example"
    key = console.city.settings.accounts[0].account.key
    told = ("-c", config, "--who", "admin")
    code, out, _ = citymod(
        *("console", "user", "add", login, "--name", "New", "--role", "reviewer", "--account", key), *told
    )
    assert code == 0
    password = re.search(r"^  password +(\S+)", out, re.MULTILINE)
    secret = re.search(r"^  codes +([A-Z2-7]+)", out, re.MULTILINE)
    assert password is not None
    assert secret is not None
    console.secrets[login] = secret[1]
    with console.client() as client:
        assert console.sign_in(client, login, password=password[1]).status_code == 303
        assert citymod("console", "user", "add", login, "--name", "x", "--role", "viewer", *told)[0] == 1
        assert citymod("console", "user", "role", login, "--role", "auditor", "--account", "x:1", *told)[0] == 2
        assert citymod("console", "user", "role", login, "--role", "auditor", *told)[0] == 0
        assert client.get("/audit").status_code == 200
        assert citymod("console", "user", "disable", login, "--reason", "left", *told)[0] == 0
        assert client.get("/audit").status_code == 303
    assert "auditor; all accounts; disabled" in citymod("console", "user", "list", "-c", config)[1]
    assert citymod("console", "user", "enable", login, "--reason", "is back", *told)[0] == 0
    code, out, _ = citymod("console", "user", "reset", login, *told)
    assert code == 0
    assert password[1] not in out
    assert citymod("console", "user", "disable", "nobody", "--reason", "x", *told)[0] == 2
    with console.city.parts.database.read() as tx:
        kinds = [one.kind for one in ledger.entries(tx) if one.detail.get("login") == login]
        known = staff.by_login(tx, login)
    assert kinds == [f"staff.{what}" for what in ("added", "changed", "disabled", "enabled", "proofs_changed")]
    assert known is not None
    assert known.password is not None
    assert "argon2" in known.password


def test_a_key_is_made_and_a_console_without_one_is_refused(
    console: Served, citymod: Callable[..., tuple[int, str, str]]
) -> None:
    code, out, _ = citymod("console", "key")
    assert code == 0
    assert re.search(r'"key": "[\w-]{64}"', out)
    bare = console.city.file.with_name("bare.yaml")
    bare.write_text(re.sub(r"\nconsole:\n(  .*\n)+", "\n", console.city.file.read_text()))
    code, _, err = citymod("console", "-c", bare)
    assert code == 2
    assert "name no `console`" in err
