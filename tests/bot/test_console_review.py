"""Review queue and case page: what is shown, that nobody decides twice, and that strangers' words are only words."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

import pytest
from city import HARMLESS, VIOLATION, City, for_review
from served import Served, console_settings, post

from archive import access, cases, ledger, withheld
from bot.domain.states import State
from bot.domain.types import Agent, AgentKind, Role
from bot.promises import ref_of
from bot.review import dismiss
from connectors.standin.world import Person

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from archive.capture import Camera
    from connectors.standin.world import WorldComment

NASTY = '<script>alert(1)</script><img src=x onerror="alert(2)">\u202e{{ 7*7 }} " onmouseover="x'
PERSON = Agent(kind=AgentKind.PERSON, name="pio@city.example")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, camera: Camera) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("review")
    with City(folder, camera, console=console_settings(folder)) as city, Served(city) as console:
        yield console


@pytest.fixture
def console(served: Served) -> Served:
    """The city of the test before, with nothing left to decide or in anybody's hands."""
    served.city.clock.move(hours=13)
    with served.city.parts.database.begin() as tx:
        for case in cases.in_review(tx, 1000):
            dismiss(tx, case.ref, who="nobody", why="the test before", now=served.city.clock())
    return served


def waiting(console: Served, *texts: str, platform: str = "youtube") -> list[WorldComment]:
    """Comments that wait for a person."""
    written = [written_by_another(console, platform, text) for text in texts or (for_review(),)]
    console.city.poll()
    console.city.judge()
    for one in written:
        assert console.city.state(one) is State.IN_REVIEW
    return written


def written_by_another(console: Served, platform: str, text: str, name: str = "Pat Resident") -> WorldComment:
    """Somebody who has written nothing yet: who says the same again and again is another matter."""
    city = console.city
    number = len(city.world.comments)
    person = Person(
        id=f"UCresident{number:014}" if platform == "youtube" else f"70{number:08}", name=name, handle="pat"
    )
    city.resident[platform] = person
    return city.write(platform, text)


def page_of(client: httpx.Client, comment: WorldComment) -> httpx.Response:
    return client.get("/case", params={"ref": str(ref_of(comment))})


def hidden_in(page: httpx.Response) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="(csrf|ref|state|revision)" value="([^"]*)"', page.text))


def decide(client: httpx.Client, comment: WorldComment, what: str, **other: str) -> httpx.Response:
    """As the form on the case's page does."""
    return client.post("/case", data=hidden_in(page_of(client, comment)) | {"decision": what, "why": "because"} | other)


# What is shown --------------------------------------------------------------------------------------------------------


def test_the_queue_shows_urgent_cases_first_and_whose_hands_they_are_in(console: Served) -> None:
    ordinary, threat = waiting(console, for_review(), "I will kill you, you will see")
    with console.as_("kim@city.example", Role.REVIEWER) as kim, console.as_("lee@city.example", Role.VIEWER) as lee:
        page_of(kim, ordinary)
        text = html.unescape(lee.get("/queue").text)
        assert "2 comments wait for a decision" in text
        assert text.index(threat.text) < text.index(ordinary.text)
        assert text.count("in the hands of kim@city.example") == 1
        assert "Take the next one" not in text, "a viewer decides nothing"


def test_a_case_shows_the_thread_the_words_that_matched_and_the_clause(console: Served) -> None:
    (comment,) = waiting(console)
    with console.as_("kim@city.example", Role.REVIEWER) as client:
        page = page_of(client, comment).text
    with console.city.parts.database.read() as tx:
        stored = cases.latest_verdict(tx, ref_of(comment))
    assert stored is not None
    match = stored.verdict.matches[0]
    marked = "".join(html.unescape(one) for one in re.findall(r"<mark>(.*?)</mark>", page))
    assert comment.text[match.start : match.end] in marked
    said = html.unescape(page)
    assert "The council meets on Thursday at nine." in said
    assert "Solicitation of commerce" in said
    assert console.city.parts.rulebook.policy.categories["C5"].text in said
    assert match.reason in said


def test_a_case_shows_how_others_that_say_nearly_the_same_were_decided(console: Served) -> None:
    one, other = waiting(console, for_review(), for_review() + "!")
    with console.as_("kim@city.example", Role.REVIEWER) as client:
        decide(client, one, "dismiss", why="it is a school fair")
        page = html.unescape(page_of(client, other).text)
    assert "Others that say nearly the same" in page
    assert "let stand" in page
    assert "it is a school fair" in page


def test_a_case_shows_the_sealed_picture_with_its_words(console: Served) -> None:
    bad = console.city.write("youtube")
    console.city.run()
    with console.as_("kim@city.example", Role.VIEWER) as client:
        page = page_of(client, bad).text
        source = re.search(r'<img class="shot" src="(/evidence[^"]+)" alt="([^"]+)"', page)
        assert source is not None
        assert VIOLATION in html.unescape(source[2])
        picture = client.get(html.unescape(source[1]))
        assert picture.headers["content-type"] == "image/png"
        assert picture.content.startswith(b"\x89PNG")
        assert "sandbox" in picture.headers["content-security-policy"]
        for wrong in ("../../../etc/passwd", "2026/11/../..", "nothing", ""):
            assert client.get("/evidence", params={"id": wrong}).status_code == 404


@pytest.mark.parametrize("platform", ["youtube", "facebook"])
def test_words_and_names_of_strangers_are_only_words(console: Served, platform: str) -> None:
    comment = written_by_another(console, platform, f"{for_review()} {NASTY}", name=NASTY)
    console.city.poll()
    console.city.judge()
    assert console.city.state(comment) is State.IN_REVIEW
    with console.as_("kim@city.example", Role.REVIEWER) as client:
        for page in (page_of(client, comment), client.get("/queue")):
            assert "<script>alert" not in page.text
            assert "<img src=x" not in page.text
            assert 'onmouseover="x' not in page.text
            assert "{{ 7*7 }}" in html.unescape(page.text), "nothing in it is worked out"
        assert "&lt;script&gt;alert(1)" in page_of(client, comment).text


def test_a_withheld_comment_is_not_shown(console: Served) -> None:
    (comment,) = waiting(console, f"{for_review()} unspeakable")
    with console.city.parts.database.begin() as tx:
        withheld.withhold(tx, ref_of(comment), agent=PERSON, why="x", now=console.city.clock())
    with console.as_("kim@city.example", Role.REVIEWER) as client:
        for page in (page_of(client, comment), client.get("/queue")):
            assert "unspeakable" not in page.text
            assert "must not be shown" in page.text
        assert client.get("/attached", params={"ref": str(ref_of(comment)), "number": "0"}).status_code == 404


def test_who_works_with_one_account_sees_no_other(console: Served) -> None:
    here, there = waiting(console)[0], waiting(console, platform="facebook")[0]
    mine = console.city.case(here).account_key
    with console.as_("water@city.example", Role.PIO, accounts=[mine]) as client:
        queue = client.get("/queue").text
        assert "1 comment waits" in queue
        assert page_of(client, here).status_code == 200
        assert page_of(client, there).status_code == 404
        page = page_of(client, here)
        hidden = dict(re.findall(r'type="hidden" name="(csrf|state|revision)" value="([^"]*)"', page.text))
        form = hidden | {"ref": str(ref_of(there)), "decision": "dismiss", "why": "x"}
        assert client.post("/case", data=form).status_code == 404
        for path in ("/attached", "/case"):
            assert client.get(path, params={"ref": str(ref_of(there)), "number": "0"}).status_code == 404
    assert console.city.state(there) is State.IN_REVIEW


# Deciding -------------------------------------------------------------------------------------------------------------


def test_a_decision_is_recorded_with_name_and_reason_and_the_next_case_follows(console: Served) -> None:
    first, second = waiting(console, for_review(), for_review() + " Now!")
    with console.as_("decides@city.example", Role.REVIEWER) as client:
        answer = decide(client, first, "dismiss", why="a school fair")
        assert answer.headers["location"].startswith("/case?ref=")
        assert "done=dismiss" in answer.headers["location"]
        answer = decide(client, second, "uphold", why="an advertisement")
        assert answer.headers["location"].startswith("/queue?done=uphold&last=")
        assert "See what becomes of it" in client.get(answer.headers["location"]).text
    assert (console.city.state(first), console.city.state(second)) == (State.CLEARED, State.MARKED)
    with console.city.parts.database.read() as tx:
        lines = list(ledger.entries(tx, kinds=("decision.recorded",)))
        lines = [line for line in lines if line.agent.name == "decides@city.example"]
        seen = access.latest(tx, 50, ref=ref_of(first))
    assert [(line.agent.name, line.detail["decision"], line.detail["why"]) for line in lines] == [
        ("decides@city.example", "dismiss", "a school fair"),
        ("decides@city.example", "uphold", "an advertisement"),
    ]
    assert [(one.login, one.what, one.said) for one in seen] == [
        ("decides@city.example", "decide", "dismiss"),
        ("decides@city.example", "case", None),
    ]
    console.city.run()
    assert console.city.state(second) is State.ENFORCED
    with console.as_("decides@city.example") as client:
        assert "Show it again" in page_of(client, second).text
        decide(client, second, "restore", why="it was one of ours")
    console.city.run()
    assert console.city.state(second) is State.RESTORED
    assert console.city.broken_promises() == []


def test_no_decision_without_a_reason(console: Served) -> None:
    (comment,) = waiting(console)
    with console.as_("kim@city.example", Role.REVIEWER) as client:
        assert decide(client, comment, "dismiss", why="  ").status_code == 409
        assert decide(client, comment, "ban", why="x").status_code == 409
    assert console.city.state(comment) is State.IN_REVIEW


def test_ownership_and_false_statements_need_counsel_s_name(console: Served) -> None:
    comment = console.city.write("youtube", HARMLESS)
    console.city.poll()
    console.city.judge()
    with console.as_("kim@city.example", Role.REVIEWER) as client:
        page = page_of(client, comment)
        assert "Ask for a decision on it" in page.text
        form = {"ref": str(ref_of(comment)), "clause": "C10", "why": "the mayor says it is false"}
        assert post(client, "/case/raise", form).headers["location"].endswith("done=raised")
        assert console.city.state(comment) is State.IN_REVIEW
        refused = decide(client, comment, "uphold")
        assert refused.status_code == 409
        assert "City Attorney" in refused.text
        decide(client, comment, "uphold", counsel="A. Attorney")
    assert console.city.state(comment) is State.MARKED
    with console.city.parts.database.read() as tx:
        ground = cases.ground(tx, ref_of(comment), console.city.case(comment).revision)
    assert ground is not None
    assert (ground.clause, ground.counsel) == ("C10", "A. Attorney")


def test_what_one_person_has_in_hand_another_does_not_get(console: Served) -> None:
    first, _ = waiting(console, for_review(), for_review() + " Now!")
    with (
        console.as_("kim@city.example", Role.REVIEWER) as kim,
        console.as_("lee@city.example", Role.REVIEWER) as lee,
        console.as_("max@city.example", Role.REVIEWER) as third,
    ):
        places = [post(client, "/queue/next", {}).headers["location"] for client in (kim, lee, third)]
        assert len(set(places)) == 3
        assert places[2] == "/queue?done=none"
        assert str(ref_of(first)) in html.unescape(places[0]).replace("%3A", ":")
        told = page_of(lee, first)
        assert "kim@city.example has this comment in hand until" in told.text
        assert 'name="decision"' not in told.text
        answer = lee.post(
            "/case",
            data={
                "csrf": re.search(r'name="csrf" value="(\w+)"', told.text)[1],  # type: ignore[index]
                "ref": str(ref_of(first)),
                "state": "in_review",
                "revision": console.city.case(first).revision,
                "decision": "uphold",
                "why": "x",
            },
        )
        assert answer.status_code == 409
        assert "kim@city.example has this comment in hand" in answer.text
        assert console.city.state(first) is State.IN_REVIEW
        console.city.clock.move(minutes=9)
        ref = {"ref": str(ref_of(first))}
        assert post(kim, "/case/keep", ref).status_code == 204
        assert post(lee, "/case/keep", ref).status_code == 409
        console.city.clock.move(minutes=9)
        assert "has this comment in hand" in page_of(lee, first).text, "the open page keeps it"
        post(kim, "/case/give-back", ref)
        assert "has this comment in hand" not in page_of(lee, first).text


def test_what_is_in_nobody_s_hands_any_more_goes_to_the_next(console: Served) -> None:
    (comment,) = waiting(console)
    with console.as_("kim@city.example", Role.REVIEWER) as kim, console.as_("lee@city.example", Role.PIO) as lee:
        hidden = hidden_in(page_of(kim, comment))
        console.city.clock.move(minutes=11)
        assert "/case?ref=" in post(lee, "/queue/next", {}).headers["location"]
        assert kim.post("/case", data=hidden | {"decision": "uphold", "why": "x"}).status_code == 409


@pytest.mark.parametrize("happens", ["edited", "decided"])
def test_nobody_decides_on_words_that_they_did_not_see(console: Served, happens: str) -> None:
    (comment,) = waiting(console, platform="facebook")
    seen = console.city.case(comment).revision
    with console.as_("kim@city.example", Role.REVIEWER) as kim, console.as_("lee@city.example", Role.PIO) as lee:
        hidden = hidden_in(page_of(kim, comment))
        console.city.clock.move(minutes=11)
        if happens == "edited":
            console.city.world.edit(comment, for_review() + " and more")
            console.city.poll()
            console.city.judge()
            assert console.city.case(comment).revision != seen
        else:
            decide(lee, comment, "dismiss")
        answer = kim.post("/case", data=hidden | {"decision": "uphold", "why": "x"})
        assert answer.status_code == 409
        assert "edited or decided" in answer.text
    assert console.city.state(comment) in {State.IN_REVIEW, State.CLEARED}


def test_a_name_that_is_none_is_not_there(console: Served) -> None:
    with console.as_("kim@city.example", Role.REVIEWER) as client:
        for wrong in ("", "x", "youtube:UC:..", "../../etc/passwd", "youtube:" + "9" * 5000 + ":c"):
            assert client.get("/case", params={"ref": wrong}).status_code == 404
        key = console.city.settings.accounts[0].account.key
        assert client.get("/case", params={"ref": f"{key}:nothing"}).status_code == 404
