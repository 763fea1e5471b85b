"""The pause page and the link in mails: one click stops all acting, and the record says who, why and how."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from email import message_from_bytes, policy
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from city import City
from served import Served, console_settings, post

from archive import ledger, outbox, pauses
from bot import alarms, digest, links
from bot.domain.types import Role
from bot.links import Link, pause_link

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx

    from archive.capture import Camera
    from archive.pauses import Pause


@pytest.fixture
def console(tmp_path: Path, camera: Camera) -> Iterator[Served]:
    with City(tmp_path, camera, console=console_settings(tmp_path)) as city, Served(city) as console:
        yield console


def standing(console: Served) -> list[Pause]:
    with console.city.parts.database.read() as tx:
        return pauses.in_force(tx, console.city.clock())


def link_of(console: Served, to: str = "oncall@city.example") -> str:
    """Path and query of a link."""
    made = pause_link(console.city.settings, to, console.city.clock())
    assert made is not None
    assert made.startswith("http://localhost:1/pause/link?")
    assert "oncall" not in made, "a forwarded link tells nobody's address"
    return made.removeprefix("http://localhost:1")


def press(client: httpx.Client, path: str, **form: str) -> httpx.Response:
    return client.post("/pause/link", data={"link": parse_qs(urlsplit(path).query)["link"][0], **form})


def test_one_click_stops_everything_and_says_so_on_every_page(console: Served) -> None:
    with console.as_("oncall@city.example", Role.ON_CALL) as client:
        page = client.get("/pause").text
        assert "Acting is on" in page
        for words in ("What stops", "Hiding, deleting", "What goes on", "Reading, recording, judging"):
            assert words in page
        answer = post(client, "/pause", {"why": "it hides praise"}, page="/pause")
        assert answer.headers["location"] == "/pause?done=paused"
        assert "Everything is paused" in client.get("/pause").text
        assert "it hides praise" in client.get("/you").text
    (paused,) = standing(console)
    assert (paused.scope, str(paused.who), paused.why, paused.until) == (
        "*",
        "person:oncall@city.example",
        "it hides praise",
        None,
    )
    bad = console.city.write("youtube")
    console.city.run()
    assert console.city.done_by_us(bad) == [], "the daemon obeys"


def test_it_goes_on_when_somebody_says_why(console: Served) -> None:
    with console.as_("smm@city.example", Role.SOCIAL_MEDIA_MANAGER) as client:
        post(client, "/pause", {"why": "x"}, page="/pause")
        assert post(client, "/pause/resume", {"why": "  "}, page="/pause").status_code == 409
        assert len(standing(console)) == 1
        post(client, "/pause/resume", {"why": "looked into"}, page="/pause")
        assert standing(console) == []
        again = post(client, "/pause/resume", {"why": "again"}, page="/pause")
        assert again.headers["location"] == "/pause?done=resumed-nothing"
    with console.city.parts.database.read() as tx:
        ended = list(ledger.entries(tx, kinds=("pause.ended",)))
    assert [(str(line.agent), line.detail["why"]) for line in ended] == [
        ("person:smm@city.example", "looked into"),
        ("person:smm@city.example", "again"),
    ]


def test_a_part_can_be_paused_for_a_while(console: Served) -> None:
    key = console.city.settings.accounts[0].account.key
    with console.as_("pio@city.example", Role.PIO) as client:
        post(client, "/pause", {"why": "x", "scope": key, "hours": "4"}, page="/pause")
        post(client, "/pause", {"why": "y", "scope": "clause:C2"}, page="/pause")
        assert post(client, "/pause", {"why": "z", "scope": "clause:C99"}, page="/pause").status_code == 403
        assert post(client, "/pause", {"why": "z", "hours": "999"}, page="/pause").status_code == 409
        assert "Paused in part" in client.get("/pause").text
    first, second = standing(console)
    assert (first.scope, second.scope) == (key, "clause:C2")
    assert first.until == first.since + timedelta(hours=4)


def test_who_works_with_one_account_stops_that_one_alone(console: Served) -> None:
    mine, other = (entry.account.key for entry in console.city.settings.accounts[:2])
    with console.as_("water@city.example", Role.PIO, accounts=[mine]) as client:
        for scope in ("*", other, "clause:C2"):
            assert post(client, "/pause", {"why": "x", "scope": scope}, page="/pause").status_code == 403
        post(client, "/pause", {"why": "x"}, page="/pause")
    assert [pause.scope for pause in standing(console)] == [mine]


def test_the_pause_file_is_told_and_goes_when_everything_goes_on(console: Served) -> None:
    console.city.settings.switch_file.touch()
    with console.as_("oncall@city.example", Role.ON_CALL) as client:
        assert "the pause file" in client.get("/pause").text.lower()
        assert post(client, "/pause/resume", {"why": "over", "scope": "*"}, page="/pause").status_code == 303
    assert not console.city.settings.switch_file.exists()


# The link in mails ----------------------------------------------------------------------------------------------------


def test_looking_at_a_link_does_nothing_and_pressing_the_button_pauses(console: Served) -> None:
    path = link_of(console)
    with console.client() as client:
        assert "Pause everything now" in client.get(path).text
        assert standing(console) == [], "mail programs look at links by themselves"
        answer = press(client, path, name="Kim", why="it hides praise")
        assert "Everything is paused" in answer.text
    (paused,) = standing(console)
    assert (paused.scope, paused.who.name) == ("*", "Kim, by the link sent to oncall@city.example")
    assert paused.why == "it hides praise"


def test_every_digest_and_every_alarm_carries_such_a_link(console: Served) -> None:
    city = console.city
    with city.parts.database.begin() as tx:
        alarms.alarm(tx, city.settings, "disk", key="k", now=city.clock(), free=1, folder="data", least=2)
        told = digest.fold(tx, city.settings, city.settings.pios[0], city.clock())
        kept = outbox.kept(tx, "alarm:k")
    assert kept is not None
    alarm = message_from_bytes(kept, policy=policy.default).get_body()
    assert alarm is not None
    for text in (alarm.get_content(), told.as_text(), html.unescape(told.as_html())):
        (address,) = re.findall(r"http://localhost:1(/pause/link\?link=[\w%.=-]+)", text)
        with console.client() as client:
            assert "Everything is paused" in press(client, address).text or len(standing(console)) > 1
    assert len(standing(console)) == 2, "the digest's two forms carry one link, the alarm another"


def test_mails_go_out_where_no_link_can_be_made(console: Served, tmp_path: Path) -> None:
    city = console.city
    keyless = city.settings.model_copy(update={"credentials": tmp_path / "nowhere"})
    with city.parts.database.begin() as tx:
        told = digest.fold(tx, keyless, keyless.pios[0], city.clock())
    assert "Pause all acting" not in told.as_text() + told.as_html()


def test_a_link_holds_once(console: Served) -> None:
    path = link_of(console)
    with console.client() as client:
        press(client, path)
        assert press(client, path).status_code == 409
        assert "This link was used" in client.get(path).text
    assert len(standing(console)) == 1


def test_a_link_ends_by_itself(console: Served) -> None:
    path = link_of(console)
    console.city.clock.move(days=3, seconds=-60)
    with console.client() as client:
        assert client.get(path).status_code == 200
        console.city.clock.move(minutes=2)
        for answer in (client.get(path), press(client, path)):
            assert answer.status_code == 403
            assert "has ended" in answer.text
    assert standing(console) == []


def test_a_link_for_something_else_does_not_pause(console: Served) -> None:
    until = console.city.clock() + timedelta(days=1)
    other = links.write(console.city.settings, Link(purpose="uphold", id="1", to="x@city.example", until=until))
    with console.client() as client:
        assert press(client, f"/pause/link?link={other}").status_code == 403
    assert standing(console) == []


@pytest.mark.parametrize(
    "change", [lambda t: t[:-5] + "AAAAA", lambda t: t[:40], lambda _: "<script>alert(1)</script>"]
)
def test_a_link_that_was_changed_is_none(console: Served, change: object) -> None:
    text = parse_qs(urlsplit(link_of(console)).query)["link"][0]
    with console.client() as client:
        answer = client.post("/pause/link", data={"link": change(text)})  # type: ignore[operator]
        assert answer.status_code == 403
        assert "<script>alert" not in answer.text
    assert standing(console) == []


def test_a_link_lets_nobody_in_anywhere_else(console: Served) -> None:
    path = link_of(console)
    with console.client() as client:
        press(client, path)
        for page in ("/pause", "/you"):
            assert client.get(page).status_code == 303
        assert client.post("/pause/resume", data={"link": path}).status_code == 303
    assert len(standing(console)) == 1


def test_words_of_whoever_pauses_are_only_words(console: Served) -> None:
    nasty = "<img src=x onerror=alert(1)> & “x”"
    with console.as_("oncall@city.example", Role.ON_CALL) as client:
        press(client, link_of(console), name=nasty, why=nasty)
        for page in ("/pause", "/you"):
            text = client.get(page).text
            assert "<img src=x" not in text
            assert re.search(r"&lt;img src=x", text)


def test_without_a_console_there_is_no_link(tmp_path: Path, camera: Camera) -> None:
    with City(tmp_path, camera) as city:
        assert pause_link(city.settings, "oncall@city.example", city.clock()) is None
