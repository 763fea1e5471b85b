"""Takes the pictures of the guides from a run of the demo: made-up data, a real browser. `make screenshots` runs it."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image
from playwright.sync_api import ViewportSize, sync_playwright

from archive.browser import find_browser
from bot.corpus import shipped_comments
from bot.judging import rulebook_for_judging
from rules.load import shipped_packs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from bot.corpus import Line

PICTURES = Path(__file__).parent / "pictures"
DESKTOP = ViewportSize(width=1100, height=720)
TABLET = ViewportSize(width=760, height=900)
PHONE = ViewportSize(width=390, height=700)
OUTSPOKEN = {"C2", "C4"}
"""Clauses of comments that no guide shows."""
LINK = re.compile(r"Look around: (http://localhost:\d+/\S+)")
HIDDEN = "/search?words=card&state=enforced"
MOST_WAITS = 120
COLOURS = 128
LARGEST = 150_000  # bytes


def main() -> None:
    """Take all pictures."""
    with tempfile.TemporaryDirectory() as name, demo(Path(name)) as link, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), chromium_sandbox=os.geteuid() != 0)
        page = browser.new_context(viewport=DESKTOP, color_scheme="light").new_page()
        page.goto(link)
        until_something_is_hidden(page)
        case = review(page)
        look_up(page)
        records(page)
        rules(page, Path(name))
        on_a_phone(browser, page, case)
        browser.close()


@contextmanager
def demo(folder: Path) -> Iterator[str]:
    """Run the demo; give its link."""
    said = folder / "said"
    texts = folder / "comments.jsonl"
    texts.write_text("".join(json.dumps(asdict(line)) + "\n" for line in mild_comments()), encoding="utf-8")
    options = ["--seconds", "60", "--comments", str(texts), "--folder", str(folder / "demo")]
    command = [sys.executable, "-m", "bot.cli", "demo", *options]
    with said.open("wb") as file, subprocess.Popen(command, stdout=file, stderr=file) as running:  # noqa: S603  ours
        try:
            yield link_in(said)
        finally:
            running.send_signal(signal.SIGINT)


def mild_comments() -> Iterator[Line]:
    """The demo's comments, but for those that are profane or sexual."""
    engine = rulebook_for_judging(None).engine
    for line in shipped_comments():
        if not OUTSPOKEN & {str(match.clause) for match in engine.evaluate(line.text)}:
            yield line


def link_in(said: Path) -> str:
    """Wait until the demo has printed its link."""
    for _ in range(240):
        found = LINK.search(said.read_text(encoding="utf-8"))
        if found:
            return found[1]
        time.sleep(0.5)
    message = f"the demo printed no link:\n{said.read_text(encoding='utf-8')}"
    raise RuntimeError(message)


def until_something_is_hidden(page: Page) -> None:
    """Wait until the demo has gone so far. Raises RuntimeError if it never does."""
    for _ in range(MOST_WAITS):
        page.goto(address(page, HIDDEN))
        if page.get_by_role("link", name="Open the case").count():
            return
        time.sleep(2)
    message = "the demo hid nothing that could be pictured"
    raise RuntimeError(message)


def review(page: Page) -> str:
    """The queue, and a case that waits; give its address."""
    page.goto(address(page, "/queue"))
    keep(page, "queue")
    page.get_by_role("button", name="Take the next one").click()
    keep(page, "case")
    return page.url


def look_up(page: Page) -> None:
    """What was found, and the sealed picture of a comment that was hidden."""
    page.goto(address(page, HIDDEN))
    keep(page, "search")
    page.get_by_role("link", name="Open the case").first.click()
    page.set_viewport_size(TABLET)
    evidence = page.get_by_role("region", name="Evidence")
    for veil in evidence.get_by_label("Show this picture").all():
        veil.check()
    evidence.evaluate("one => one.scrollIntoView()")
    evidence.locator("img").evaluate("one => one.decode()")
    keep(page, "evidence")
    page.set_viewport_size(DESKTOP)


def records(page: Page) -> None:
    """A request for records, counted."""
    page.goto(address(page, "/requests"))
    page.get_by_role("link", name=re.compile("^PRR-")).click()
    page.get_by_label("Only what was hidden").check()
    page.get_by_role("button", name="Count them").click()
    keep(page, "request")


def rules(page: Page, folder: Path) -> None:
    """A pack with a rule fewer, before it takes effect."""
    (shipped,) = [path for path in shipped_packs() if path.name == "c6-illegal-activity.yaml"]
    head, _, rest = shipped.read_text(encoding="utf-8").partition("  - id: ")
    _, _, others = rest.partition("  - id: ")
    changed = folder / shipped.name
    changed.write_text(f"{head}  - id: {others}", encoding="utf-8")
    page.goto(address(page, "/policy"))
    page.get_by_label("The file of a policy or pack").set_input_files(changed)
    page.get_by_role("button", name="Try it").click()
    keep(page, "pack")


def on_a_phone(browser: Browser, page: Page, case: str) -> None:
    """The decision, and the pause page."""
    signed_in = page.context.storage_state()
    phone = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True, storage_state=signed_in).new_page()
    phone.goto(case)
    phone.get_by_role("region", name="Your decision").evaluate("one => one.scrollIntoView()")
    keep(phone, "decision-phone")
    phone.goto(address(page, "/pause"))
    keep(phone, "pause-phone")


def address(page: Page, path: str) -> str:
    """Where a page of the same console is."""
    return re.sub(r"(https?://[^/]+).*", r"\1", page.url) + path


def keep(page: Page, name: str) -> None:
    """Save what is seen, in few colours. Raises ValueError if that is too large for a guide."""
    picture = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    target = PICTURES / f"{name}.png"
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)
    if target.stat().st_size > LARGEST:
        message = f"{target} has {target.stat().st_size} bytes"
        raise ValueError(message)


if __name__ == "__main__":
    main()
