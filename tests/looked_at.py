"""A page as people meet it: in the dark, on a phone, in large letters; and what is wrong with it there."""

from __future__ import annotations

import os
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from served import Served

AXE = (files("axe_core_python") / "axe.min.js").read_text("utf-8")
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "narrow": {"viewport": {"width": 320, "height": 640}},
    "large": {"viewport": {"width": 1024, "height": 768}},
}
"""What a browser is told of whom it shows a page to; `in_look` does the rest."""
SHOTS = os.environ.get("CITYMOD_LOOK_AT")
"""A folder: with it, a picture of each page in each look is left there, to be looked at."""


def opened(browser: Browser, console: Served, login: str, **look: Any) -> Page:
    """A page in which somebody is signed in."""
    with console.as_(login) as client:
        token = client.cookies.get("citymod")
    context = browser.new_context(bypass_csp=True, **look)
    context.add_cookies([{"name": "citymod", "value": str(token), "url": console.url}])
    page = context.new_page()
    page.set_default_timeout(30_000)
    return page


def in_look(page: Page, look: str) -> None:
    """Give an opened page the letters that its look has."""
    if look == "large":
        page.add_style_tag(content="html { font-size: 200% }")


def keep(page: Page, name: str) -> None:
    """Leave a picture of a page, if somebody wants to look at it."""
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def faults(page: Page, *, looked_for: int = 15) -> list[tuple[str, list[str]]]:
    """Give what axe-core finds and where, and whether the page has to be scrolled sideways.

    Fails unless axe-core found more than so many things to be as they should: an empty page has no faults either.
    """
    page.evaluate(AXE)
    found = page.evaluate("() => axe.run()")
    assert len(found["passes"]) > looked_for, page.url
    wrong = [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]]
    if not page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"):
        wrong.append(("has to be scrolled sideways", []))
    return wrong
