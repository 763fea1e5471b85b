"""The pages of the console in a real browser: used by keyboard alone, and nothing for axe-core to find."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from city import HARMLESS, VIOLATION, City, for_review
from looked_at import LOOKS, faults, in_look, keep, opened
from PIL import Image
from playwright.sync_api import expect
from served import PASSWORD, Served, console_settings

from archive import cases, pauses, requests
from archive.requests import Withheld
from bot.domain.states import State
from bot.domain.types import Agent, AgentKind, Role
from bot.links import pause_link
from bot.new_wordings import bring
from bot.promises import ref_of
from bot.requests import begin
from connectors.standin.world import Person
from rules.load import shipped_packs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from archive.capture import Camera

EVERYTHING = "kim@city.example"


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory, camera: Camera) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("pages")
    with City(folder, camera, by_hand=True, console=console_settings(folder)) as city, Served(city) as console:
        fill(city)
        console.add(EVERYTHING, *Role)
        yield console


def fill(city: City) -> None:
    """Something of everything."""
    texts = {
        "youtube": (VIOLATION, HARMLESS, for_review(), for_review() + " Today!", "I will kill you, you will see"),
        "facebook": (for_review() + " مرحبا 👋", HARMLESS),
    }
    for platform, said in texts.items():
        for number, text in enumerate(said):
            id_ = f"UCresident{number:014}" if platform == "youtube" else f"70{number:08}"
            city.resident[platform] = Person(id=id_, name=f"Pat Resident {number}", handle="pat")
            city.write(platform, text)
    city.run()


def waiting(console: Served) -> list[str]:
    with console.city.parts.database.read() as tx:
        return [str(case.ref) for case in cases.in_review(tx, 50)]


def request_of(console: Served) -> str:
    """A request for records that waits."""
    agent = Agent(kind=AgentKind.PERSON, name=EVERYTHING)
    city, now = console.city, console.city.clock()
    with city.parts.database.begin() as tx:
        for one in requests.every(tx):
            return one.id
        wanted = "All comments that were hidden in November, and why"
        said = {"who": "Lee Reporter", "contact": "lee@paper.example", "wanted": wanted}
        one = begin(tx, city.settings, **said, received_at=now, agent=agent, now=now)
        place = Withheld(number=0, comment=waiting(console)[0], field="author", authority="RSMo 610.021(14)", why="age")
        requests.withhold(tx, one.id, place, agent, now)
        return one.id


def pack_of(console: Served) -> str:
    """A pack that somebody brought: with one rule fewer than what it takes the place of."""
    (path,) = [path for path in shipped_packs() if path.name == "c5-commerce.yaml"]
    head, _, rest = path.read_text("utf-8").partition("  - id: ")
    _, _, others = rest.partition("  - id: ")
    return bring(console.city.settings, path.name, f"{head}  - id: {others}".encode()).sha256


def pages_of(console: Served) -> dict[str, str]:
    """Every page, by a name for it, and where it is."""
    hidden = next(c for c in console.city.world.comments.values() if c.text == VIOLATION)
    return {
        "queue": "/queue",
        "case": f"/case?ref={waiting(console)[0]}",
        "hidden": f"/case?ref={ref_of(hidden)}",
        "search": "/search?words=street",
        "tasks": "/tasks",
        "requests": "/requests",
        "request": f"/request?name={request_of(console)}&count=yes",
        "accounts": "/accounts",
        "registry": "/registry",
        "health": "/health",
        "policy": "/policy",
        "wording": f"/policy/wording?sha256={pack_of(console)}",
        "audit": "/audit",
        "decided": "/audit?show=done",
        "pause": "/pause",
        "you": "/you",
        "sorry": "/case?ref=nothing",
    }


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_on_any_page(console: Served, browser: Browser, look: str) -> None:
    page = opened(browser, console, EVERYTHING, **LOOKS[look])
    link = pause_link(console.city.settings, "oncall@city.example", console.city.clock())
    assert link is not None
    places = pages_of(console) | {"link": link.removeprefix("http://localhost:1"), "sign-in": "/sign-in"}
    wrong: list[tuple[str, str, list[str]]] = []
    for name, path in places.items():
        if name == "sign-in":
            page.context.clear_cookies()
        page.goto(console.url + path)
        in_look(page, look)
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        keep(page, f"{name}-{look}")
        wrong += [(name, *fault) for fault in faults(page)]
    assert wrong == []
    page.context.close()


@pytest.mark.parametrize(("width", "height"), [(390, 844), (320, 640)])
def test_the_pause_page_is_one_screen_on_a_phone(console: Served, browser: Browser, width: int, height: int) -> None:
    page = opened(browser, console, EVERYTHING, viewport={"width": width, "height": height})
    page.goto(f"{console.url}/pause")
    box = page.get_by_role("button", name="Pause everything now").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= height, box
    assert box["width"] >= width * 0.75
    assert box["height"] >= 48
    page.context.close()


def test_the_pause_page_is_two_tab_stops_away_from_every_page(console: Served, browser: Browser) -> None:
    page = opened(browser, console, EVERYTHING)
    for name, path in pages_of(console).items():
        page.goto(console.url + path)
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.getAttribute('href')")
        assert focused == "/pause", name
    page.context.close()


def standing(console: Served) -> list[str]:
    with console.city.parts.database.read() as tx:
        return [pause.why for pause in pauses.in_force(tx, console.city.clock())]


def tab_to(page: Page, name: str) -> None:
    """Go on with the tabulator until a control has the focus whose label or words begin so."""
    for _ in range(80):
        page.keyboard.press("Tab")
        told = page.evaluate(
            "(() => { const e = document.activeElement; "
            "return (e.labels && e.labels[0] ? e.labels[0].innerText : e.innerText || '').trim() })()"
        )
        if told.startswith(name):
            return
    pytest.fail(f"the tabulator never comes to {name}")


def test_somebody_signs_in_pauses_and_resumes_by_keyboard_alone(console: Served, browser: Browser) -> None:
    login = console.add("oncall@city.example", Role.ON_CALL)
    page = browser.new_context().new_page()
    page.goto(f"{console.url}/pause")
    tab_to(page, "Name")
    page.keyboard.type(login)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Tab")
    page.keyboard.type(console.code(login))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Acting is on")
    tab_to(page, "Pause everything now")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Everything is paused")
    assert standing(console) == ["Something looks wrong; paused while we look"]
    tab_to(page, "Why acting goes on")
    page.keyboard.type("it was praise")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Acting is on")
    assert standing(console) == []
    page.context.close()


def test_cases_are_decided_by_single_keys(console: Served, browser: Browser) -> None:
    page = opened(browser, console, EVERYTHING)
    page.goto(f"{console.url}/queue")
    before = waiting(console)
    page.keyboard.press("n")
    expect(page.get_by_role("heading", name="Your decision")).to_be_visible()
    assert before[0] in page.url.replace("%3A", ":")
    page.keyboard.press("s")
    assert waiting(console) == before, "nothing is decided without a reason"
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("w")
    page.keyboard.type("he speaks of a film; shush")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**done=dismiss*")
    assert waiting(console) == before[1:]
    page.keyboard.press("?")
    expect(page.get_by_text("One key does what a button with its letter does")).to_be_visible()
    tab_to(page, "Single keys do something")
    page.keyboard.press("Space")
    page.locator("h1").click()
    page.keyboard.press("g")
    expect(page.get_by_role("heading", name="Your decision")).to_be_visible()
    page.context.close()


def test_everything_is_done_without_any_script(console: Served, browser: Browser) -> None:
    page = opened(browser, console, EVERYTHING, java_script_enabled=False)
    page.goto(f"{console.url}/queue")
    before = waiting(console)
    page.get_by_role("button", name="Take the next one").press("Enter")
    page.get_by_role("textbox", name="Why").fill("it may stand")
    page.get_by_role("button", name="Let it stand").press("Enter")
    page.wait_for_url("**done=dismiss*")
    assert len(waiting(console)) == len(before) - 1
    page.get_by_role("link", name="Search").press("Enter")
    page.get_by_label("Words", exact=False).first.fill("street")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Found, the last recorded first")).to_be_visible()
    page.context.close()


def test_an_open_page_keeps_its_case_in_hand(console: Served, browser: Browser) -> None:
    page = opened(browser, console, EVERYTHING)
    ref = waiting(console)[0]
    page.goto(f"{console.url}/case?ref={ref}")
    with page.expect_response("**/case/keep") as answer:
        page.evaluate("htmx.trigger(document.querySelector('[hx-post]'), 'poll:1')")
        page.evaluate(
            "htmx.ajax('POST', '/case/keep', {source: document.querySelector('[hx-post]'), swap: 'none', "
            "values: JSON.parse(document.querySelector('[hx-post]').getAttribute('hx-vals'))})"
        )
    assert answer.value.status == 204
    page.context.close()


def test_a_comment_is_entered_with_a_picture_and_a_hostile_file_is_refused(
    console: Served, browser: Browser, tmp_path: Any
) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(picture, "PNG")
    good, bad = tmp_path / "seen.png", tmp_path / "seen.html.png"
    good.write_bytes(picture.getvalue())
    bad.write_bytes(b"<html><script>alert(1)</script>")
    page = opened(browser, console, EVERYTHING)
    for file, works in ((bad, False), (good, True)):
        page.goto(f"{console.url}/tasks")
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
        form = page.locator("form[action='/tasks/enter']")
        account = next(e.account.key for e in console.city.settings.accounts if e.platform == "nextdoor")
        form.get_by_label("Account").select_option(account)
        form.get_by_label("Address of the post").fill("https://nextdoor.com/p/abcdef")
        form.get_by_label("Who wrote it").fill("Pat Q.")
        form.get_by_label("What it says").fill("Where does one report a pothole?")
        form.get_by_label("Screenshots").set_input_files(file)
        form.get_by_role("button", name="Enter it").press("Enter")
        if works:
            page.wait_for_url("**done=entered*")
        else:
            expect(page.get_by_text("is no PNG, JPEG, GIF or WebP picture")).to_be_visible()
    with console.city.parts.database.read() as tx:
        entered = [case for case in cases.standing_at(tx, State.OBSERVED, limit=50) if case.account_key == account]
    assert len(entered) == 1
    page.context.close()


def test_words_of_strangers_run_nothing(console: Served, browser: Browser) -> None:
    nasty = "<script>window.hit=1</script><img src=x onerror='window.hit=1'>"
    city = console.city
    city.resident["youtube"] = Person(id=f"UCresident{99:014}", name=nasty, handle="x")
    comment = city.write("youtube", f"{for_review()} {nasty}")
    city.poll()
    city.judge()
    page = opened(browser, console, EVERYTHING)
    for path in ("/queue", f"/case?ref={ref_of(comment)}", "/search?words=script", f"/search?words={nasty}"):
        page.goto(console.url + path)
        assert page.evaluate("window.hit") is None, path
    page.context.close()
