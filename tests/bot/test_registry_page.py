"""The registry in a real browser: by keyboard alone, with the form attached; and who is off-boarded is out at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from city import City
from looked_at import LOOKS, faults, in_look, keep, opened
from playwright.sync_api import expect
from served import Served, console_settings, csrf, post

from archive import registry
from archive.registry import Standing
from bot.domain.types import Capacity, Role
from bot.registry import approve, ask, keep_credentials, name_person
from bot.registry_list import as_html

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from archive.capture import Camera

PIO = "lee@city.example"
MANAGER = "sam@city.example"
FORM = registry.Plan.of("Action Plan – Water.pdf", b"%PDF-1.7 of the Water Department")


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory, camera: Camera) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("registry")
    with City(folder, camera, console=console_settings(folder)) as city, Served(city) as console:
        console.add(PIO, Role.PIO)
        console.add(MANAGER, Role.SOCIAL_MEDIA_MANAGER)
        yield console


def asked(console: Served, name: str, platform: str = "youtube", account: str = "") -> str:
    city = console.city
    said = {"name": name, "department": "Water", "purpose": "main breaks and bills", "account": account}
    with city.parts.database.begin() as tx:
        return ask(tx, city.settings, platform=platform, plan=FORM, who=PIO, now=city.clock(), **said)


def approved(console: Served, name: str, platform: str = "youtube", account: str = "") -> str:
    site, city = asked(console, name, platform, account), console.city
    with city.parts.database.begin() as tx:
        approve(tx, city.settings, site, who=MANAGER, why="the plan is sound", now=city.clock())
    return site


def site_of(console: Served, site: str) -> registry.Site:
    with console.city.parts.database.read() as tx:
        return registry.site(tx, site)


def filled(console: Served) -> None:
    """Sites that wait, that lack much, that lack little."""
    city, now = console.city, console.city.clock()
    asked(console, "Parks and Recreation on Nextdoor, for neighbours north of the river", "nextdoor")
    approved(console, "KC Water")
    full = approved(console, "KC Alerts", "x", "x:1")
    with city.parts.database.begin() as tx:
        name_person(tx, full, PIO, Capacity.PIO, who=MANAGER, now=now)
        keep_credentials(tx, full, where="the vault of City Communications", known_to=[PIO], who=MANAGER, now=now)


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_on_the_page_and_on_the_list(console: Served, browser: Browser, look: str) -> None:
    with console.city.parts.database.read() as tx:
        there = bool(registry.every(tx))
    if not there:
        filled(console)
    page = opened(browser, console, MANAGER, **LOOKS[look])
    page.goto(f"{console.url}/registry")
    in_look(page, look)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    keep(page, f"registry-{look}")
    wrong = faults(page)
    with console.city.parts.database.read() as tx:
        page.set_content(as_html(tx, console.city.settings, console.city.clock()))
    in_look(page, look)
    keep(page, f"registry-list-{look}")
    assert [*wrong, *faults(page, looked_for=10)] == []
    page.context.close()


def tab_to(page: Page, name: str, within: str = "") -> None:
    """Go on with the tabulator to a control whose label or words begin so, `within` the form of that action."""
    for _ in range(150):
        page.keyboard.press("Tab")
        told, action = page.evaluate(
            "(() => { const e = document.activeElement; const form = e.closest('form'); "
            "return [(e.labels && e.labels[0] ? e.labels[0].innerText : e.innerText || '').trim(), "
            "form ? form.getAttribute('action') : ''] })()"
        )
        if told.startswith(name) and (not within or action == within):
            return
    pytest.fail(f"the tabulator never comes to {name}")


def test_a_site_is_asked_for_and_approved_by_keyboard_alone(console: Served, browser: Browser, tmp_path: Path) -> None:
    form = tmp_path / "form.pdf"
    form.write_bytes(FORM.body)
    page = opened(browser, console, PIO)
    page.goto(f"{console.url}/registry")
    tab_to(page, "Ask for a site")
    if not page.get_by_label("Department").is_visible():
        page.keyboard.press("Enter")
    tab_to(page, "Tool")
    page.keyboard.type("Facebook")
    for label, text in (("What it is called", "KC Fire"), ("Department", "Fire"), ("What it is for", "to recruit")):
        tab_to(page, label)
        page.keyboard.type(text)
    page.locator("#form").set_input_files(form)  # the file dialog is the system's own
    tab_to(page, "Ask City Communications")
    page.keyboard.press("Enter")
    page.wait_for_url("**done=asked*")
    expect(page.get_by_role("heading", name="KC Fire")).to_be_visible()
    assert page.get_by_role("button", name="Record the decision").count() == 0, "who asks does not decide"
    page.context.close()
    page = opened(browser, console, MANAGER)
    page.goto(f"{console.url}/registry")
    fire = page.locator("section", has=page.get_by_role("heading", name="KC Fire"))
    fire.get_by_role("link", name="Social Media Action Plan").focus()
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.path().read_bytes() == FORM.body
    tab_to(page, "Approve", "/registry/decide")
    page.keyboard.press("Space")
    tab_to(page, "Why", "/registry/decide")
    page.keyboard.type("it may recruit")
    page.keyboard.press("Enter")
    page.wait_for_url("**done=site-decided*")
    with console.city.parts.database.read() as tx:
        (site,) = [site for site in registry.every(tx) if site.name == "KC Fire"]
    assert (site.standing, site.decided_by, site.why) == (Standing.APPROVED, MANAGER, "it may recruit")
    page.context.close()


def test_only_city_communications_decides_and_keeps_the_list(console: Served) -> None:
    site = asked(console, "KC Streets", "x")
    form = {"site": site, "decision": "approve", "why": "mine"}
    for role in set(Role) - {Role.SOCIAL_MEDIA_MANAGER}:
        with console.as_(f"{role.value.replace(' ', '-')}@city.example", role) as client:
            assert post(client, "/registry/decide", form).status_code == 403, role
            assert post(client, "/registry/record", {"site": site, "what": "account"}).status_code == 403, role
    assert site_of(console, site).standing is Standing.ASKED


def test_a_request_is_modified_denied_and_taken_back_over_the_page(console: Served) -> None:
    site = asked(console, "KC Trees", "pinterest")
    with console.as_(MANAGER) as client:
        answer = post(client, "/registry/decide", {"site": site, "decision": "deny", "why": ""})
        assert (answer.status_code, "say why" in answer.text) == (409, True)
        said = {"site": site, "decision": "modify", "name": "KC Parks", "why": "one for all parks"}
        assert post(client, "/registry/decide", said | {"decision": "approve"}).status_code == 409
        assert post(client, "/registry/decide", said).status_code == 303
        assert (site_of(console, site).name, site_of(console, site).standing) == ("KC Parks", Standing.MODIFIED)
        for decision in ("approve", "revoke"):
            assert (
                post(client, "/registry/decide", {"site": site, "decision": decision, "why": "so"}).status_code == 303
            )
        assert site_of(console, site).standing is Standing.REVOKED
        assert post(client, "/registry/decide", {"site": "SITE-1", "decision": "deny", "why": "x"}).status_code == 404


def test_what_there_is_of_a_site_is_recorded_over_the_page_and_no_secret_is(console: Served) -> None:
    site = approved(console, "KC Health", "snapchat")
    with console.as_(MANAGER) as client:

        def record(**said: str) -> int:
            return post(client, "/registry/record", {"site": site, **said}).status_code

        assert record(what="person", person="jo@city.example", capacity="designee") == 409
        assert record(what="person", person="jo@city.example", capacity="designee", trained_on="2026-10-01") == 303
        assert record(what="document", document="branding standards", where="myKC", adopted_on="2026-13-01") == 409
        assert record(what="document", document="branding standards", where="myKC", adopted_on="2026-11-01") == 303
        assert record(what="credentials", where="pw: fountain") == 409
        assert record(what="credentials", where="the vault", known_to="lee@city.example, bo") == 303
        assert record(what="account", account="x:1") == 409
        assert record(what="account", account="snapchat:kchealth") == 303
        assert record(what="anything") == 409
    found = site_of(console, site)
    assert found.account == "snapchat:kchealth"
    assert [one.person for one in found.people] == ["jo@city.example"]
    assert found.credentials is not None
    assert found.credentials.known_to == ("bo", "lee@city.example")


def test_a_form_goes_out_as_a_file_and_never_as_a_page(console: Served) -> None:
    site = asked(console, "KC Zoo", "x")
    with console.as_(MANAGER) as client:
        answer = client.get(f"/registry/form?site={site}")
        listed = client.get("/registry/csv")
        page = client.get("/registry")
        bad = client.post("/registry", data={"csrf": csrf(page)}, files={"form": ("x.pdf", b"<script>")})
    assert answer.content == FORM.body
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''Action%20Plan%20")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert listed.headers["content-type"] == "text/csv; charset=utf-8"
    assert "KC Zoo" in listed.text
    assert (bad.status_code, "is no PDF" in bad.text) == (409, True)


def test_who_works_with_some_accounts_sees_the_sites_of_those_alone(console: Served) -> None:
    key = next(entry.account.key for entry in console.city.settings.accounts if entry.platform == "instagram")
    other = approved(console, "Not mine", "youtube")
    approved(console, "Mine indeed", "instagram", key)
    with console.as_("few@city.example", Role.PIO, accounts=[key]) as client:
        page = client.get("/registry").text
        assert ("Mine indeed" in page, "Not mine" in page) == (True, False)
        assert client.get(f"/registry/form?site={other}").status_code == 404
        assert client.get("/registry/csv").status_code == 403


def test_whoever_is_off_boarded_is_refused_in_a_browser_that_is_signed_in(console: Served, browser: Browser) -> None:
    leaver = console.add("jo@city.example", Role.PIO)
    key = next(entry.account.key for entry in console.city.settings.accounts if entry.platform == "x")
    theirs = opened(browser, console, leaver)
    theirs.goto(f"{console.url}/registry")
    expect(theirs.get_by_role("heading", level=1)).to_have_text("Registry")
    page = opened(browser, console, MANAGER)
    page.goto(f"{console.url}/registry")
    tab_to(page, "Somebody leaves")
    page.keyboard.press("Enter")
    tab_to(page, "Who", "/registry/off-board")
    page.keyboard.type(leaver.upper())
    tab_to(page, key, "/registry/off-board")
    page.keyboard.press("Space")
    tab_to(page, "Why", "/registry/off-board")
    page.keyboard.type("left the City")
    page.keyboard.press("Enter")
    page.wait_for_url("**done=off-boarded*")
    theirs.goto(f"{console.url}/registry")
    expect(theirs).to_have_url(f"{console.url}/sign-in?then=%2Fregistry")
    with console.client() as client:
        assert console.sign_in(client, leaver).status_code == 403
    page.goto(f"{console.url}/tasks")
    task = page.locator("section", has=page.get_by_role("heading", name=f"has left: see to {key}"))
    expect(task.get_by_text("Change the password, end all sessions on the platform")).to_be_visible()
    keep(page, "registry-task")
    task.get_by_label("What else is to be on record").fill("new token")
    task.get_by_role("button", name="I did it").press("Enter")
    page.wait_for_url("**done=task*")
    expect(page.get_by_role("heading", name=f"has left: see to {key}")).to_have_count(0)
    theirs.context.close()
    page.context.close()


@pytest.mark.parametrize("role", [Role.PIO, Role.CUSTODIAN, Role.AUDITOR])
def test_nobody_else_ends_somebody_s_access(console: Served, role: Role) -> None:
    with console.as_(f"{role}-ends@city.example", role) as client:
        form = {"person": MANAGER, "why": "mine"}
        assert post(client, "/registry/off-board", form).status_code == 403
