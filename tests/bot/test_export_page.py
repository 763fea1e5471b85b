"""The page of an export can be used by everybody: axe-core finds nothing, and nothing has to be scrolled sideways."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from city import HARMLESS, VIOLATION, City
from looked_at import LOOKS, faults, in_look

from archive.requests import Withheld
from archive.selection import Filter, selected
from bot.exporting import Options, export

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

    from archive.capture import Camera


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


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing(page_file: Path, browser: Browser, look: str) -> None:
    page = browser.new_page(**LOOKS[look], bypass_csp=True)
    page.goto(page_file.as_uri())
    in_look(page, look)
    assert faults(page) == []
    page.close()
