"""Prints pages as tagged PDF and as pictures, with a browser that can reach nothing.

What is printed is the same, byte for byte, for the same page: dates and random identifiers are taken out of the PDF.
"""

from __future__ import annotations

import asyncio
import io
import os
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pikepdf
from playwright.async_api import async_playwright
from playwright.sync_api import sync_playwright

from archive.browser import find_browser
from archive.capture_worker import FLAGS, LAUNCH_MILLISECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from playwright.async_api import Browser as AsyncBrowser
    from playwright.sync_api import Browser

PRINT_MILLISECONDS = 300_000
AT_ONCE = max(2, min(4, os.cpu_count() or 2))  # pages: each takes a processor and some hundred megabytes
PICTURE_WIDTH = 720  # CSS pixels
CELL = re.compile(rb"\(node(\d+)\)")  # what Chromium calls a table's cell: its number among all nodes of the process
FOOTER = (
    '<div style="font:8px sans-serif;width:100%;text-align:center;color:#444">'
    'Page <span class="pageNumber"></span> of <span class="totalPages"></span></div>'
)


class NoBrowser(Exception):
    """There is no browser to print with."""


class Press:
    """A warm browser that draws."""

    def __init__(self, browser: Browser) -> None:
        """Take a running browser."""
        self._browser = browser

    def picture(self, html: str, target: Path) -> None:
        """Draw a page as one PNG."""
        page = self._browser.new_page(java_script_enabled=False, viewport={"width": PICTURE_WIDTH, "height": 400})
        page.set_content(html, wait_until="load")
        page.screenshot(path=target, full_page=True, animations="disabled")
        page.close()


def print_all(pages: Sequence[Path], folder: Path, executable: Path | None = None) -> None:
    """Print pages (HTML) as tagged PDF (ISO 32000-1, 14.8) on US Letter, several at once, into a folder.

    A page says language and title; the PDF has its name. Raises NoBrowser if there is no browser.
    """
    with ThreadPoolExecutor(1) as aside:  # the caller's thread may have an event loop of its own
        aside.submit(asyncio.run, _print_all(pages, folder, executable)).result()


async def _print_all(pages: Sequence[Path], folder: Path, executable: Path | None) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(**_launch(executable))
        waiting = iter(pages)  # shared: each hand takes the next
        hands = (_print(waiting, browser, folder) for _ in range(min(len(pages), AT_ONCE)))
        try:
            await asyncio.gather(*hands)
        finally:
            await browser.close()


async def _print(waiting: Iterator[Path], browser: AsyncBrowser, folder: Path) -> None:
    for file in waiting:
        page = await browser.new_page(java_script_enabled=False)
        page.set_default_timeout(PRINT_MILLISECONDS)
        await page.goto(file.resolve().as_uri(), wait_until="load")
        printed = await page.pdf(
            format="Letter",
            tagged=True,
            outline=True,
            print_background=True,
            display_header_footer=True,
            header_template="<span></span>",
            footer_template=FOOTER,
            margin={"top": "16mm", "bottom": "18mm", "left": "16mm", "right": "16mm"},
        )
        await page.close()
        await asyncio.to_thread(_settle, printed, folder / f"{file.stem}.pdf")


@contextmanager
def press(executable: Path | None = None) -> Iterator[Press]:
    """Start a browser for printing and end it. Raises NoBrowser if there is none."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**_launch(executable))
        try:
            yield Press(browser)
        finally:
            browser.close()


def _launch(executable: Path | None) -> dict[str, Any]:
    """How the browser is started. Raises NoBrowser if there is none."""
    found = executable or find_browser()
    if found is None:
        message = "no browser was found to print with: install the package chromium-headless-shell"
        raise NoBrowser(message)
    return {
        "executable_path": found,
        "args": [*FLAGS, "--host-resolver-rules=MAP * ~NOTFOUND"],
        "chromium_sandbox": os.geteuid() != 0,  # Chromium refuses its own sandbox to root
        "timeout": LAUNCH_MILLISECONDS,
    }


def _settle(printed: bytes, target: Path) -> None:
    """Write the PDF without what differs from one printing to the next: dates, identifiers at random, cells' names."""
    with pikepdf.open(io.BytesIO(renumbered(printed))) as pdf:
        for key in ("/CreationDate", "/ModDate"):
            if key in pdf.docinfo:
                del pdf.docinfo[key]
        pdf.save(target, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)


def renumbered(printed: bytes) -> bytes:
    """Give a PDF's table cells their place among all cells for a name, in names of the same length.

    Chromium counts nodes by the process, not by the page, so the same page gets other names when the browser did
    something else before. A name tree must stay sorted and every object where the file says that it is (ISO 32000-1,
    7.9.6 and 7.5.4): the order and the length of names do not change.
    """
    names = sorted(set(CELL.findall(printed)))
    places = {name: b"(node%0*d)" % (len(name), place) for place, name in enumerate(names)}
    return CELL.sub(lambda found: places[found[1]], printed)
