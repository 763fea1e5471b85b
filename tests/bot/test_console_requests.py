"""Records requests in the console: put on record, copied by filter, answered; each with who and why."""

from __future__ import annotations

import csv
import hashlib
import html
import io
import re
import zipfile
from typing import TYPE_CHECKING

import pytest
from city import HARMLESS, VIOLATION, City
from served import Served, console_settings, post

from archive import access, ledger, requests
from archive.requests import Withheld
from archive.selection import Filter, at_most, selected
from bot.console import requests_page
from bot.domain.types import Agent, AgentKind, Role
from bot.promises import ref_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from archive.capture import Camera

CLERK = "clerk@city.example"
KIM = Agent(kind=AgentKind.PERSON, name="kim")


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory, camera: Camera) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("requests")
    with City(folder, camera, console=console_settings(folder)) as city, Served(city) as console:
        city.write("youtube", HARMLESS)
        city.write("youtube", VIOLATION)
        city.write("facebook", "The street light at 5th is out")
        city.run()
        yield console


@pytest.fixture
def client(console: Served) -> Iterator[httpx.Client]:
    with console.as_(CLERK, Role.RECORDS_OFFICER) as client:
        yield client


def opened(client: httpx.Client, wanted: str = "all about street lights") -> str:
    """Put a request on record; give its name."""
    answer = post(client, "/requests", {"wanted": wanted, "asker": "Lee Reporter"})
    assert answer.status_code == 303, answer.text
    return re.search(r"name=(PRR-[\d-]+)", answer.headers["location"])[1]  # type: ignore[index]


def said(answer: httpx.Response) -> str:
    return html.unescape(answer.text)


def copies(client: httpx.Client, name: str, **asked: str) -> httpx.Response:
    return post(client, "/request/export", {"name": name, "why": "asked for", **asked})


def rows(answer: httpx.Response) -> list[str]:
    """The texts of the comments in a ZIP that came."""
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        table = packed.read("export/comments.csv").decode("utf-8-sig")
    return [row["text"] for row in csv.DictReader(io.StringIO(table, newline=""))]


def test_a_request_is_due_on_the_third_business_day_and_listed_first_due_first(
    console: Served, client: httpx.Client
) -> None:
    name = opened(client)  # on a Friday: Monday, Tuesday, Wednesday
    assert "due Wed 2026-11-25 17:00 CST" in client.get("/requests").text
    late = post(client, "/requests", {"wanted": "older", "received": "2026-11-02T09:00"}).headers["location"]
    listed = client.get("/requests").text
    assert "OVERDUE since Thu 2026-11-05 17:00 CST" in listed
    assert listed.index("OVERDUE") < listed.index(name)
    assert "Lee Reporter" in client.get("/request", params={"name": name}).text
    assert "older" in client.get(late).text


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"wanted": " "}, "Say what is asked for"),
        ({"wanted": "x", "received": "2027-01-02T09:00"}, "later than now"),
        ({"wanted": "x", "received": "soon"}, "is no time"),
        ({"wanted": "x", "referred_by": "Water"}, "both who did, and when"),
    ],
)
def test_half_a_request_is_not_recorded(client: httpx.Client, form: dict[str, str], sentence: str) -> None:
    before = client.get("/requests?show=all").text.count("<li>")
    answer = post(client, "/requests", form)
    assert (answer.status_code, sentence in said(answer)) == (409, True), said(answer)
    assert client.get("/requests?show=all").text.count("<li>") == before


def test_the_copies_are_those_that_were_counted_and_who_made_them_why_is_on_record(
    console: Served, client: httpx.Client
) -> None:
    name = opened(client)
    page = client.get("/request", params={"name": name, "count": "yes", "words": "street light", "from": "2026-11-20"})
    assert "<strong>2 comments</strong>" in page.text
    assert f"citymod export {name}.zip --request {name} --words 'street light' --from 2026-11-20T00:00" in said(page)
    answer = copies(client, name, words="street light")
    assert sorted(rows(answer)) == sorted([HARMLESS, "The street light at 5th is out"])
    assert f'filename="{name}-20261120-' in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        sums = hashlib.sha256(packed.read("export/SHA256SUMS")).hexdigest()
    with console.city.parts.database.read() as tx:
        step = requests.steps(tx, name)[-1]
        begun = [line for line in ledger.entries(tx, kinds=("export.begun",)) if line.detail["request"] == name]
        noted = access.latest(tx, 1, login=CLERK)[0].said
    assert (step.step, step.agent.name, step.detail["why"]) == ("exported", CLERK, "asked for")
    assert (step.detail["sha256"], step.detail["filter"]) == (sums, {"words": "street light"})
    assert begun
    assert begun[0].agent.name == CLERK
    assert sums in str(noted)


@pytest.mark.parametrize(
    ("asked", "texts"),
    [
        ({}, {HARMLESS, VIOLATION, "The street light at 5th is out"}),
        ({"removed": "yes"}, {VIOLATION}),
        ({"clause": "C2"}, {VIOLATION}),
        ({"state": "cleared", "words": "fixing"}, {HARMLESS}),
        ({"author": "pat", "to": "2026-11-19"}, set()),
        ({"words": "zebra"}, set()),
    ],
)
def test_every_part_of_the_filter_counts(client: httpx.Client, asked: dict[str, str], texts: set[str]) -> None:
    assert set(rows(copies(client, opened(client), **asked))) == texts


def test_nothing_of_the_copies_stays_behind(console: Served, client: httpx.Client) -> None:
    data = console.city.settings.data
    name = opened(client)
    rows(copies(client, name))
    assert not list(data.rglob("*.zip"))
    assert not list(data.glob(".export-*"))
    assert not list((data / "exports").iterdir())


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"words": "!!!"}, "no word"),
        ({"account": "youtube:another"}, "no such account"),
        ({"state": "NOWHERE"}, "no such state"),
        ({"from": "no day"}, "is no day"),
        ({"why": ""}, "Say why"),
        ({"name": "PRR-1999-001"}, "no such request"),
    ],
)
def test_what_makes_no_sense_makes_no_copies(client: httpx.Client, asked: dict[str, str], sentence: str) -> None:
    answer = copies(client, **{"name": opened(client), **asked})
    assert answer.status_code in {404, 409}
    assert sentence in said(answer)


def test_too_many_are_left_to_the_command(
    console: Served, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(vars(requests_page), "MOST", 2)
    name = opened(client)
    page = said(client.get("/request", params={"name": name, "count": "yes"}))
    assert "Download the copies" not in page
    answer = copies(client, name)
    assert answer.status_code == 409
    assert f"citymod export {name}.zip --request {name} --who Clerk" in said(answer)
    with console.city.parts.database.read() as tx:
        assert [step.step for step in requests.steps(tx, name)] == ["opened"]


def test_one_export_waits_for_another(client: httpx.Client) -> None:
    name = opened(client)
    with requests_page._one_at_a_time:
        assert copies(client, name).status_code == 409
    assert copies(client, name).status_code == 200


def test_what_is_withheld_is_not_in_the_copies(console: Served, client: httpx.Client) -> None:
    name = opened(client)
    comment = next(c for c in console.city.world.comments.values() if c.text == HARMLESS)
    place = Withheld(number=0, comment=str(ref_of(comment)), field="text", authority="RSMo 610.021(14)", why="closed")
    with console.city.parts.database.begin() as tx:
        requests.withhold(tx, name, place, KIM, console.city.clock())
    assert "RSMo 610.021(14)" in client.get("/request", params={"name": name}).text
    texts = rows(copies(client, name, words="street light"))
    assert HARMLESS not in texts
    assert len(texts) == 2


def test_a_picture_that_must_be_drawn_anew_is_left_to_the_command(console: Served, client: httpx.Client) -> None:
    name = opened(client)
    comment = next(c for c in console.city.world.comments.values() if c.text == VIOLATION)
    place = Withheld(number=0, comment=str(ref_of(comment)), field="text", authority="RSMo 610.021(14)", why="closed")
    with console.city.parts.database.begin() as tx:
        requests.withhold(tx, name, place, KIM, console.city.clock())
    answer = copies(client, name)
    assert answer.status_code == 409
    assert "drawn anew by a browser" in said(answer)
    assert "citymod export" in said(answer)


def test_a_delay_has_a_cause_and_an_answer_ends_it(console: Served, client: httpx.Client) -> None:
    name = opened(client)
    late = post(client, "/request/extend", {"name": name, "until": "2026-12-04T12:00", "why": "many pictures"})
    assert late.headers["location"] == f"/request?name={name}&done=request-extended"
    assert "due Fri 2026-12-04 12:00 CST (delayed: many pictures)" in client.get(f"/request?name={name}").text
    past = {"name": name, "until": "2026-11-04T12:00", "why": "x"}
    assert post(client, "/request/extend", past).status_code == 409
    ended = {"name": name, "outcome": "granted in part", "why": "complete", "delivered": "by mail"}
    assert post(client, "/request/close", ended | {"outcome": "perhaps"}).status_code == 409
    assert post(client, "/request/close", ended).status_code == 303
    assert post(client, "/request/close", ended).status_code == 409, "closed once only"
    assert post(client, "/request/extend", past | {"until": "2026-12-09T12:00"}).status_code == 409
    assert name not in client.get("/requests").text
    assert name in client.get("/requests?show=all").text
    with console.city.parts.database.read() as tx:
        told = [(step.step, step.agent.name, step.detail.get("why")) for step in requests.steps(tx, name)]
    assert told[1:] == [("extended", CLERK, "many pictures"), ("closed", CLERK, "complete")]


def test_whoever_works_with_one_account_copies_from_that_one(console: Served) -> None:
    key = next(e.account.key for e in console.city.settings.accounts if e.platform == "facebook")
    with console.as_("water@city.example", Role.CUSTODIAN, accounts=[key]) as client:
        name = opened(client)
        assert "Choose one of the accounts" in said(copies(client, name))
        assert rows(copies(client, name, account=key)) == ["The street light at 5th is out"]


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.CUSTODIAN, Role.RECORDS_OFFICER}))
def test_nobody_else_carries_copies_out(console: Served, role: Role) -> None:
    with console.as_(f"{role.replace(' ', '-')}@city.example", role) as client:
        assert client.get("/requests").status_code == 403
        assert copies(client, "PRR-2026-001").status_code == 403
        assert "Requests</a>" not in client.get("/health").text


@pytest.mark.both_engines
def test_words_are_looked_for_in_every_wording(city: City) -> None:
    comment = city.write("youtube", "The hydrant leaks")
    city.write("youtube", HARMLESS)
    city.run()
    city.world.edit(comment, "Never mind")
    city.clock.move(hours=2)
    city.run()
    with city.parts.database.read() as tx:
        found = [one.said["text"] for one in selected(tx, Filter(words="leaks hydrant"))]
        assert at_most(tx, Filter(words="hydrant")) == 1
    assert found == ["Never mind"]
