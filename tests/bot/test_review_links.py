"""Links in the e-mail digest that decide a case: one press, once, for a while, no more than their addressee may."""

from __future__ import annotations

import html
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from city import VIOLATION, City, for_review
from looked_at import LOOKS, faults, in_look, keep
from served import ADMINISTRATOR, Served, console_settings

from archive import access, cases, claims, ledger, orders, pauses, staff
from bot import abuse, appeals, digest, links, review, review_link_words
from bot.domain.states import State
from bot.domain.types import Role
from bot.links import Link
from bot.promises import ref_of
from bot.review import NotPossible, person
from bot.review_links import HOLDS
from bot.settings import ConsoleSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx
    from playwright.sync_api import Browser

    from archive.capture import Camera
    from archive.cases import Decision
    from bot.digest_items import Item
    from connectors.standin.world import WorldComment

HIDE, STAND, AGAIN = "Hide it", "Let it stand", "Show it again"


@pytest.fixture
def console(tmp_path: Path, camera: Camera) -> Iterator[Served]:
    """A console in which the digest's addressee may decide."""
    with City(tmp_path, camera, console=console_settings(tmp_path)) as city, Served(city) as console:
        console.add(pio(city), Role.PIO)
        yield console


def pio(city: City) -> str:
    return city.settings.pios[0].email


def told(city: City) -> digest.Digest:
    with city.parts.database.begin() as tx:
        return digest.fold(tx, city.settings, city.settings.pios[0], city.clock())


def waits(console: Served, text: str | None = None, platform: str = "youtube") -> WorldComment:
    comment = console.city.write(platform, text or for_review())
    console.city.poll()
    console.city.judge()
    assert console.city.state(comment) is State.IN_REVIEW
    return comment


def hidden(console: Served, text: str = VIOLATION) -> WorldComment:
    comment = console.city.write("facebook", text)
    console.city.up_to_secured()
    console.city.enforce()
    assert console.city.state(comment) is State.ENFORCED
    return comment


def item_of(console: Served, comment: WorldComment) -> Item:
    said = told(console.city)
    return next(item for item in (*said.waiting, *said.hidden) if item.ref == ref_of(comment))


def links_of(console: Served, comment: WorldComment) -> dict[str, str]:
    """Path and query of each link that the digest has for a comment, by what it says."""
    ways = item_of(console, comment).ways
    assert all(way.link == "" or way.link.startswith("http://localhost:1/case/link?link=") for way in ways)
    return {way.label: way.link.removeprefix("http://localhost:1") for way in ways if way.link}


def press(client: httpx.Client, path: str, **form: str) -> httpx.Response:
    return client.post("/case/link", data={"link": parse_qs(urlsplit(path).query)["link"][0], **form})


def decision_on(console: Served, comment: WorldComment) -> Decision | None:
    with console.city.parts.database.read() as tx:
        return cases.latest_decision(tx, ref_of(comment), console.city.case(comment).revision)


# What a link does -----------------------------------------------------------------------------------------------------


def test_looking_at_a_link_changes_nothing_and_one_press_decides_as_the_addressee(console: Served) -> None:
    comment = waits(console)
    path = links_of(console, comment)[STAND]
    with console.client() as client:
        page = client.get(path).text
        assert "Let this comment stand?" in page
        assert html.escape(comment.text) in page
        assert "C5" in page, "the clause is quoted"
        assert "solicitation of commerce" in page
        assert decision_on(console, comment) is None, "mail programs look at links by themselves"
        assert "It stands" in press(client, path).text
    decided = decision_on(console, comment)
    assert decided is not None
    assert (decided.kind, decided.agent) == ("dismiss", person(pio(console.city)))
    assert "by link" in decided.why
    assert console.city.state(comment) is State.CLEARED
    with console.city.parts.database.read() as tx:
        (line,) = ledger.entries(tx, ref=ref_of(comment), kinds=("decision.recorded",))
        assert "by link" in line.detail["why"]
        (looked,) = access.latest(tx, 9, ref=ref_of(comment))
    assert (looked.login, looked.what) == (pio(console.city), "dismiss by link")


def test_what_is_to_be_hidden_is_pictured_first_and_then_hidden(console: Served) -> None:
    comment = waits(console)
    with console.client() as client:
        assert "It will be hidden" in press(client, links_of(console, comment)[HIDE]).text
    assert console.city.state(comment) is State.MARKED
    console.city.run()
    assert console.city.state(comment) is State.ENFORCED
    assert console.city.broken_promises() == []


def test_what_was_hidden_is_shown_again(console: Served) -> None:
    comment = hidden(console)
    paths = links_of(console, comment)
    assert list(paths) == [AGAIN]
    with console.client() as client:
        assert "It will be shown again" in press(client, paths[AGAIN]).text
    console.city.run()
    assert console.city.state(comment) is State.RESTORED
    assert console.city.broken_promises() == []


def test_who_else_presses_is_named_beside_the_addressee_who_then_decides_no_appeal_of_it(console: Served) -> None:
    comment = waits(console, platform="facebook")
    with console.client() as client:
        press(client, links_of(console, comment)[HIDE], name="Kim <b>Clerk</b>")
    console.city.secure()
    console.city.enforce()
    decided = decision_on(console, comment)
    assert decided is not None
    assert decided.agent == person(pio(console.city))
    assert decided.why.endswith("by link in the e-mail digest, pressed by Kim <b>Clerk</b>")
    city = console.city
    with city.parts.database.begin() as tx:
        order = orders.carried_out(tx, ref_of(comment))
        assert order is not None
        asked = {"who": "Pat", "says": "why?", "source": "staff", "agent": person("desk"), "now": city.clock()}
        name = appeals.open_(tx, city.settings, order, **asked)
        with pytest.raises(NotPossible, match="had the comment hidden"):
            appeals.decide(tx, name, overturn=False, who=pio(city), why="x", now=city.clock())


@pytest.mark.both_engines
def test_pressed_four_times_at_the_same_time_it_decides_once(city: City, tmp_path: Path) -> None:
    asked = ConsoleSettings(**console_settings(tmp_path))
    city.settings = city.settings.model_copy(update={"console": asked})
    with Served(city) as console:
        console.add(pio(city), Role.PIO)
        comment = hidden(console)
        path = links_of(console, comment)[AGAIN]
        with console.client() as client, ThreadPoolExecutor(4) as four:
            answers = list(four.map(lambda _: press(client, path).status_code, range(4)))
        assert sorted(answers) == [200, 409, 409, 409]
        with city.parts.database.read() as tx:
            assert len(list(ledger.entries(tx, ref=ref_of(comment), kinds=("decision.recorded",)))) == 1


# What it does not -----------------------------------------------------------------------------------------------------


def test_a_link_holds_once_and_says_when_it_was_used(console: Served) -> None:
    comment = hidden(console)
    path = links_of(console, comment)[AGAIN]
    with console.client() as client:
        assert press(client, path).status_code == 200
        assert "This link was used on Nov 20, 2026" in client.get(path).text
        answer = press(client, path)
        assert (answer.status_code, "was used" in answer.text) == (409, True)


def test_a_link_ends_by_itself(console: Served) -> None:
    comment = waits(console)
    path = links_of(console, comment)[STAND]
    console.city.clock.now += HOLDS - timedelta(minutes=1)
    with console.client() as client:
        assert client.get(path).status_code == 200
        console.city.clock.move(minutes=2)
        for answer in (client.get(path), press(client, path)):
            assert answer.status_code == 403
            assert "has ended" in answer.text
    assert decision_on(console, comment) is None


def test_what_was_edited_or_decided_since_is_refused_with_what_happened(console: Served) -> None:
    more = ("Ask us", "Anywhere", "Since 1990")
    edited, decided, judged = (waits(console, f"{for_review()} {words}", "facebook") for words in more)
    paths = [links_of(console, comment)[HIDE] for comment in (edited, decided, judged)]
    city = console.city
    city.world.edit(edited, f"{for_review()} Call today")
    city.clock.move(hours=2)
    city.poll()
    city.judge()
    assert city.state(edited) is State.IN_REVIEW, "it waits again, in other words"
    with city.parts.database.begin() as tx:
        review.dismiss(tx, ref_of(decided), who="kim@city.example", why="fine", now=city.clock())
        policy = city.parts.rulebook.policy.categories["C9"]
        review.refer(tx, ref_of(judged), category=policy, who="kim@city.example", why="bulk", now=city.clock())
    with console.client() as client:
        for path, why in zip(paths, ("was edited", "somebody decided it", "somebody named a clause"), strict=True):
            assert why in client.get(path).text
            assert "<button" not in client.get(path).text
            answer = press(client, path)
            assert answer.status_code == 409
            assert f"{why} on Nov" in answer.text
            assert "Nothing was decided" in answer.text
    assert city.state(edited) is State.IN_REVIEW
    assert city.state(judged) is State.IN_REVIEW


def test_what_waits_again_under_the_same_words_is_not_decided_by_an_old_link(console: Served) -> None:
    comment = waits(console)
    path = links_of(console, comment)[HIDE]
    city = console.city
    with city.parts.database.begin() as tx:
        review.dismiss(tx, ref_of(comment), who="kim@city.example", why="fine", now=city.clock())
        policy = city.parts.rulebook.policy.categories["C5"]
        review.refer(tx, ref_of(comment), category=policy, who="kim@city.example", why="or not", now=city.clock())
    assert city.state(comment) is State.IN_REVIEW
    with console.client() as client:
        assert press(client, path).status_code == 409
    assert city.state(comment) is State.IN_REVIEW


def test_a_link_decides_what_it_says_on_the_case_it_names_and_nothing_else(console: Served) -> None:
    first, second = waits(console), waits(console)
    with console.client() as client:
        press(client, links_of(console, first)[STAND], decision="uphold", ref=str(ref_of(second)))
        assert console.city.state(first) is State.CLEARED
        assert console.city.state(second) is State.IN_REVIEW
        for page in ("/queue", f"/case?ref={ref_of(second)}", "/you"):
            assert client.get(page).status_code == 303, "it lets nobody in"


def test_a_link_for_something_else_or_changed_is_none(console: Served) -> None:
    comment = waits(console)
    until = console.city.clock() + timedelta(days=1)
    pausing = links.write(console.city.settings, Link(purpose="pause", id="1", to=pio(console.city), until=until))
    good = parse_qs(urlsplit(links_of(console, comment)[STAND]).query)["link"][0]
    with console.client() as client:
        for text in (pausing, good[:-6] + "AAAAA=", good[:50], "", "<script>alert(1)</script>"):
            answer = client.post("/case/link", data={"link": text})
            assert answer.status_code == 403
            assert "<script>alert" not in answer.text
        assert client.post("/pause/link", data={"link": good}).status_code == 403, "nor does it pause"
    assert decision_on(console, comment) is None


def test_what_somebody_has_in_hand_is_left_to_them(console: Served) -> None:
    comment = waits(console)
    path = links_of(console, comment)[STAND]
    city = console.city
    console.add("kim@city.example", Role.REVIEWER)
    with city.parts.database.begin() as tx:
        claims.take(tx, ref_of(comment), "kim@city.example", city.clock())
    with console.client() as client:
        answer = press(client, path)
        assert answer.status_code == 409
        assert "kim@city.example has this comment in hand" in answer.text
        city.clock.move(minutes=11)
        assert press(client, path).status_code == 200, "the refused press did not use the link up"


def test_a_link_says_nothing_of_whom_and_what_it_is_about(console: Served) -> None:
    comment = waits(console)
    for path in links_of(console, comment).values():
        assert "pio" not in path
        assert comment.id not in path


# Who has links, and for what ------------------------------------------------------------------------------------------


def test_a_link_decides_no_more_than_its_addressee_may_at_that_moment(console: Served) -> None:
    comment = waits(console)
    path = links_of(console, comment)[STAND]
    city = console.city
    other = next(entry.account.key for entry in city.settings.accounts if entry.platform != "youtube")
    changes = (
        lambda tx: staff.set_roles(
            tx, pio(city), roles=[Role.VIEWER], accounts=[], agent=ADMINISTRATOR, now=city.clock()
        ),
        lambda tx: staff.set_roles(
            tx, pio(city), roles=[Role.PIO], accounts=[other], agent=ADMINISTRATOR, now=city.clock()
        ),
        lambda tx: staff.disable(tx, pio(city), why="left", agent=ADMINISTRATOR, now=city.clock()),
    )
    for change in changes:
        with city.parts.database.begin() as tx:
            change(tx)
        with console.client() as client:
            assert comment.text not in client.get(path).text
            answer = press(client, path)
            assert (answer.status_code, "does not decide" in answer.text) == (409, True)
        assert links_of(console, comment) == {}, "nor are new ones sent"
    assert decision_on(console, comment) is None


def test_who_has_no_login_has_commands_and_no_links(tmp_path: Path, camera: Camera) -> None:
    with City(tmp_path, camera, console=console_settings(tmp_path)) as city, Served(city) as console:
        comment = waits(console)
        assert links_of(console, comment) == {}
        text = told(city).as_text()
        assert f"Let it stand: citymod review dismiss {ref_of(comment)}" in text
        assert f"Open the case: http://localhost:1/case?ref={str(ref_of(comment)).replace(':', '%3A')}" in text
        assert "Links that decide" not in text


def test_what_no_mail_shows_and_what_needs_more_than_a_press_has_no_link(console: Served) -> None:
    city = console.city
    number = hidden(console, "my card is 4111 1111 1111 1111")
    counsel, suspected = waits(console), waits(console)
    offered = links_of(console, suspected)
    with city.parts.database.begin() as tx:
        policy = city.parts.rulebook.policy.categories["C8"]
        review.refer(tx, ref_of(counsel), category=policy, who="kim@city.example", why="a photo", now=city.clock())
        abuse.suspect(tx, city.settings, ref_of(suspected), who="kim@city.example", why="x", now=city.clock())
    assert links_of(console, number) == {}
    assert list(links_of(console, counsel)) == [STAND], "hiding it needs the City Attorney's word"
    assert links_of(console, suspected) == {}
    with console.client() as client:
        for path in offered.values():
            page = client.get(path).text
            assert suspected.text not in page
            assert "it was withheld" in page
            assert press(client, path).status_code == 409
    assert decision_on(console, suspected) is None


def test_both_forms_of_the_digest_have_the_same_links_and_say_what_they_are(console: Served) -> None:
    waits(console)
    hidden(console)
    said = told(console.city)
    plain, page = said.as_text(), html.unescape(said.as_html())
    found = [re.findall(r"http://localhost:1/case/link\?link=[\w%.=-]+", text) for text in (plain, page)]
    assert len(found[0]) == 3
    assert found[0] == found[1]
    for text in (plain, page):
        assert "do not forward this mail" in text
        assert re.search(rf"{STAND}(:\n|</a>)", text)


def test_a_pause_is_said_and_the_decision_waits_for_its_end(console: Served) -> None:
    comment = hidden(console)
    path = links_of(console, comment)[AGAIN]
    city = console.city
    with city.parts.database.begin() as tx:
        pauses.pause(tx, "*", person("oncall@city.example"), "a storm", None, city.clock())
    with console.client() as client:
        assert "Acting is paused" in client.get(path).text
        assert press(client, path).status_code == 200
    city.run()
    assert city.state(comment) is State.ENFORCED


# As people meet it ----------------------------------------------------------------------------------------------------


def test_axe_finds_nothing_and_the_button_is_pressed_by_keyboard(console: Served, browser: Browser) -> None:
    comments = {
        HIDE: waits(console, for_review() + " " + "and so on " * 60 + "unbroken" * 30),
        STAND: waits(console),
        AGAIN: hidden(console, f"{VIOLATION}\nand a second line"),
    }
    paths = {label: links_of(console, comment)[label] for label, comment in comments.items()}
    wrong: list[tuple[str, str, list[str]]] = []
    for look, told_of in LOOKS.items():
        context = browser.new_context(bypass_csp=True, **told_of)
        page = context.new_page()
        for label, path in paths.items():
            page.goto(console.url + path)
            in_look(page, look)
            keep(page, f"link-{label}-{look}")
            wrong += [(f"{label} {look}", *fault) for fault in faults(page)]
            assert page.get_by_role("button").count() == 1, "one press, and nothing else to choose"
        context.close()
    page = browser.new_context(bypass_csp=True, java_script_enabled=True).new_page()
    for label, path in paths.items():
        page.goto(console.url + path)
        page.get_by_role("button", name=label).press("Enter")
        page.get_by_role("status").wait_for()
        keep(page, f"link-{label}-done")
        wrong += [(f"{label} done", *fault) for fault in faults(page, looked_for=10)]
        page.goto(console.url + path)
        keep(page, f"link-{label}-used")
        wrong += [(f"{label} used", *fault) for fault in faults(page, looked_for=10)]
    page.context.close()
    assert wrong == []


def test_who_reads_a_spanish_digest_is_asked_in_spanish(tmp_path: Path, camera: Camera, browser: Browser) -> None:
    pios = [{"name": "PIO", "email": "pio@fountains.example", "language": "es"}]
    with City(tmp_path, camera, console=console_settings(tmp_path), pios=pios) as city, Served(city) as console:
        console.add(pio(city), Role.PIO)
        comment, other = waits(console, "se vende: " + for_review()), waits(console)
        path, gone = (links_of(console, one)["Ocultarlo"] for one in (comment, other))
        with city.parts.database.begin() as tx:
            review.dismiss(tx, ref_of(other), who="kim@city.example", why="fine", now=city.clock())
        page = browser.new_context(bypass_csp=True, **LOOKS["narrow"]).new_page()
        seen: dict[str, str] = {}
        for name, where, button in (("ask", path, ""), ("done", path, "Ocultarlo"), ("over", gone, "")):
            page.goto(console.url + where)
            if button:
                page.get_by_role("button", name=button).press("Enter")
                page.get_by_role("status").wait_for()
            keep(page, f"link-es-{name}")
            assert faults(page, looked_for=10) == []
            assert page.locator("html").get_attribute("lang") == "es"
            seen[name] = page.locator("body").inner_text()
        page.context.close()
    assert "¿Ocultar este comentario?" in seen["ask"]
    assert "Ofertas comerciales" in seen["ask"]
    assert "“Content that is a solicitation of commerce”" in seen["ask"], "the clause as it is"
    assert "Quedó registrado como decisión de pio@fountains.example" in seen["done"]
    assert "alguien lo decidió el 20 nov 2026" in seen["over"]
    for text in seen.values():
        for phrase in review_link_words.EN.values():
            assert len(phrase) < 15 or "{" in phrase or phrase not in text, phrase
