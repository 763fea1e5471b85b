"""The page of an export can be used by everybody: axe-core finds nothing, and nothing has to be scrolled sideways."""

from __future__ import annotations

import os
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest
from city import HARMLESS, VIOLATION, City
from playwright.sync_api import sync_playwright

from archive.browser import find_browser
from archive.requests import Withheld
from archive.selection import Filter, selected
from bot.exporting import Options, export

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from archive.capture import Camera

AXE = (files("axe_core_python") / "axe.min.js").read_text("utf-8")
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "narrow": {"viewport": {"width": 320, "height": 640}},
    "large": {"viewport": {"width": 1024, "height": 768}},
}


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory, camera: Camera) -> Path:
    folder = tmp_path_factory.mktemp("page")
    with City(folder / "city", camera) as city:
        city.write("youtube", VIOLATION)
        city.write("youtube", HARMLESS)
        city.run()
        with city.parts.database.read() as tx:
            ref = next(iter(selected(tx, Filter()))).ref
            place = Withheld(number=1, comment=ref, field="author", authority="RSMo 610.021(27)", why="a minor")
        options = Options(pdf=False, places=(place,))
        export(city.parts.database.read, city.settings, Filter(), folder / "copies", options, lambda _: None)
    return folder / "copies" / "comments.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = find_browser()
        browser = playwright.chromium.launch(executable_path=path, chromium_sandbox=os.geteuid() != 0)
        yield browser
        browser.close()


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing(page_file: Path, browser: Browser, look: str) -> None:
    page = browser.new_page(**LOOKS[look], bypass_csp=True)
    page.goto(page_file.as_uri())
    if look == "large":
        page.add_style_tag(content="html { font-size: 200% }")
    page.evaluate(AXE)
    found = page.evaluate("() => axe.run()")
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]] == []
    assert len(found["passes"]) > 15
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.close()
