"""The process with the warm browser: takes one job a line, pictures it, and says what it is doing as it does it.

It is started by `archive.capture_process`, which trusts it with nothing: it may hang or die at any step, and is then
ended from outside. So every step is announced before it begins, with the seconds it may last. What the browser can
bound itself (loading a page, running a script) is bounded here too, so that the usual trouble ends in a reason and not
in a killed process.

Playwright opens browser and pages and goes to addresses; pictures are taken over the DevTools protocol, because
Playwright's own screenshot waits for web fonts that may never come.
"""

from __future__ import annotations

import base64
import contextlib
import fnmatch
import html
import json
import math
import os
import queue
import shutil
import sys
import tempfile
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast
from urllib.parse import urlsplit

import psutil
from playwright.sync_api import Error as BrowserError
from playwright.sync_api import TimeoutError as TooLong
from playwright.sync_api import sync_playwright

from archive import sign_ins, wacz
from archive.capture_answers import Answers
from archive.capture_job import PAGE_ARCHIVE, PAGE_PICTURE, PAGE_SNAPSHOT, PICTURE, Job
from archive.sign_ins import SignIn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from playwright.sync_api import (
        Browser,
        BrowserContext,
        CDPSession,
        Dialog,
        Page,
        Playwright,
        Response,
        Route,
        StorageState,
    )

LAST_SECONDS = 3  # for closing, once the parent has gone
LAUNCH_MILLISECONDS = 60_000  # a browser whose files are not in the page cache takes many seconds
WINDOWS = {"page": (1024, 1366), "embed": (600, 1366), "record": (480, 800)}  # CSS pixels
MARGIN = {"page": 16, "embed": 8, "record": 0}  # around the comment, CSS pixels
TALLEST = 15_000  # picture pixels; from about 16,000 on, Chromium leaves the bottom white without a word
MOST_PARTS = 24
ROUND_MILLISECONDS = 250  # between two looks for the comment
WALL_ROUNDS = 6  # how often a login page and the like is seen before it is believed
CARD_ADDRESS = "https://record.citymod.invalid/"  # RFC 2606: a name that nobody can have
SCRIPT = Path(__file__).with_name("capture_page.js")
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
)
JOINED = (
    "--disable-site-isolation-trials",
    "--disable-features=IsolateOrigins,site-per-process,LocalNetworkAccessChecks",
)
"""For embeds: what is in a frame of our page is read, pictured and archived with it. Our page has nothing to hide, and
whom it may ask is our own list's business, in which a stand-in on this machine may stand."""
MOST_FRAMES = 12
LEFT_OUT = "left out: what servers send to somebody who is signed in may sign others in, too"


class NotDone(Exception):
    """A step did not do what it is for; the text says why."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A piece of the document, in CSS pixels from its top left corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Part:
    """What one picture of the comment shows: from `top` to `top + height` below the upper edge, in CSS pixels."""

    top: int
    height: int


def main() -> int:
    """Work until standard input closes. The only argument is the browser's executable."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing but answers may reach the parent

    def say(**words: object) -> None:
        answers.write(json.dumps(words) + "\n")

    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(lines,), daemon=True).start()
    with sync_playwright() as playwright:
        try:
            studio = Studio(playwright, sys.argv[1])
        except BrowserError as error:
            say(failed=_first_line(error))
            return 1
        say(ready=studio.browser.version)
        while (line := lines.get()) is not None:
            key, _, path = line.partition(" ")
            studio.shoot(Job.read(Path(path)), bytes.fromhex(key), say)
        studio.close()
    shutil.rmtree(tempfile.gettempdir(), ignore_errors=True)  # ours alone
    return 0


def _listen(lines: queue.SimpleQueue[str | None]) -> None:
    """Pass on what the parent says; when it has gone, leave nothing behind, however stuck the browser may be."""
    for line in sys.stdin:
        lines.put(line.rstrip("\n"))
    lines.put(None)
    threading.main_thread().join(timeout=LAST_SECONDS)
    if threading.main_thread().is_alive():
        _leave()


def _leave() -> NoReturn:
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    shutil.rmtree(tempfile.gettempdir(), ignore_errors=True)
    os._exit(1)


class Studio:
    """A warm browser that may reach named hosts only."""

    def __init__(self, playwright: Playwright, executable: str) -> None:
        """Start the browser; `BrowserError` if it does not start."""
        self._chromium = playwright.chromium
        self._executable = executable
        self._hosts: frozenset[str] = frozenset()
        self._joined = False
        self._spare: tuple[str, Stage] | None = None
        self.browser = self._launch()

    def _launch(self) -> Browser:
        """Start a browser that can look up no other host than those named, wherever a page sends it."""
        rules = ", ".join(["MAP * ~NOTFOUND", *(f"EXCLUDE {host}" for host in sorted(self._hosts))])
        return self._chromium.launch(
            executable_path=self._executable,
            args=[*FLAGS, *(JOINED if self._joined else ()), f"--host-resolver-rules={rules}"],
            chromium_sandbox=os.geteuid() != 0,  # Chromium refuses its own sandbox to root
            timeout=LAUNCH_MILLISECONDS,
        )

    def shoot(self, job: Job, key: bytes, say: Callable[..., None]) -> None:
        """Do one job, telling each step; close its pages only after the answer, and make ready for the next card.

        `key` opens the stored sign-in that the job names, if it names one.
        """
        shot = Shot(job, key, say, self._take_stage)
        shot.run(self._browser_for)
        say(done=shot.conditions)
        shot.close()
        if job.html is not None:
            with contextlib.suppress(BrowserError):  # the next capture will meet it, and say it
                self._spare = job.zone, Stage(self.browser, job.source, job.zone, own=True)

    def _take_stage(self, job: Job) -> Stage | None:
        """The page that was made ready for a card, used once; None if it is for another time zone or has died."""
        spare, self._spare = self._spare, None
        if spare is None:
            return None
        zone, stage = spare
        if zone == job.zone and stage.context.browser is self.browser and stage.answers():
            return stage
        with contextlib.suppress(BrowserError):
            stage.context.close()
        return None

    def _browser_for(self, job: Job) -> Browser:
        joined = job.frame is not None
        if not set(job.hosts) <= self._hosts or (job.html is None and joined is not self._joined):
            self._hosts |= set(job.hosts)
            self._joined = joined
            self.browser.close()
            self.browser = self._launch()
        return self.browser

    def close(self) -> None:
        """End the browser."""
        self.browser.close()


class Stage:
    """A fresh context with one empty page, never used before; `own`: for a page of ours, kept off the network.

    `state`: what signs in, kept in this context's memory and gone with it.
    """

    def __init__(
        self, browser: Browser, source: str, zone: str, *, own: bool, state: dict[str, Any] | None = None
    ) -> None:
        """Open it; `BrowserError` if that fails."""
        width, height = WINDOWS[source]
        self.context: BrowserContext = browser.new_context(
            viewport={"width": width, "height": height},
            device_scale_factor=1,
            locale="en-US",
            timezone_id=zone,
            reduced_motion="reduce",
            color_scheme="light",
            accept_downloads=False,
            service_workers="block",
            java_script_enabled=not own,
            offline=own,
            storage_state=cast("StorageState | None", state),
        )
        self.page: Page = self.context.new_page()
        self.devtools: CDPSession = self.context.new_cdp_session(self.page)

    def answers(self) -> bool:
        """Whether browser and page are still alive."""
        try:
            self.devtools.send("Page.getFrameTree")
        except BrowserError:
            return False
        return True


class Shot:
    """One job: its page, its steps, its files."""

    def __init__(self, job: Job, key: bytes, say: Callable[..., None], stage: Callable[[Job], Stage | None]) -> None:
        """Prepare; nothing is opened yet. `stage` gives one that was made ready for a card, if there is one."""
        self._stage = stage
        self._key = key
        self.conditions: dict[str, str] = {}
        self._job = job
        self._say = say
        self._folder = Path(job.folder)
        self._refused: dict[str, int] = {}
        self._contexts: list[BrowserContext] = []
        self._status: int | None = None
        self._judged: Mapping[str, Any] = {}
        self._inner: str | None = None

    def run(self, browser: Callable[[Job], Browser]) -> None:
        """Go through the steps. Where one fails, those that can still be done are done, for what they are worth."""
        if not (
            self._step("open", 20, lambda: self._open(browser(self._job))) and self._step("render", 20, self._render)
        ):
            return
        if self._step("find the comment", 10, self._find):
            self._step("prove", 10, self._prove)
            self._step("highlight", 5, self._highlight)
            self._step("comment picture", 30, self._picture)
        self._step("page picture", 10, self._page_picture)
        self._step("page snapshot", 10, self._snapshot)
        self._step("page archive", 10, self._archive)
        self._step("conditions", 5, self._note_conditions)

    def _step(self, name: str, limit: float, do: Callable[[], str]) -> bool:
        self._say(begin=name, limit=limit)
        try:
            detail, ok = do(), True
        except NotDone as error:
            detail, ok = str(error), False
        except (BrowserError, OSError) as error:
            detail, ok = _first_line(error), False
        self._say(end=name, ok=ok, detail=detail)
        return ok

    # ------------------------------------------------------------------------------------------------ open, render

    def _open(self, browser: Browser) -> str:
        self._window = WINDOWS[self._job.source]
        own = self._job.html is not None
        stage = self._stage(self._job) if own else None
        stage = stage or Stage(browser, self._job.source, self._job.zone, own=own, state=self._state())
        self._contexts.append(stage.context)
        self._page, self._devtools = stage.page, stage.devtools
        if not own:  # our own page is offline and may load nothing, by its own word and the browser's
            stage.context.route("**/*", self._admit)
        self._page.on("dialog", _dismiss)
        self._page.on("response", self._remember_status)
        self._answers = None if own or self._job.account else Answers(self._devtools)
        if self._job.frame is not None:
            self._devtools.send("DOM.enable")
        self._browser = browser
        return f"{browser.browser_type.name} {browser.version}"

    def _state(self) -> dict[str, Any] | None:
        """What signs in for the account of the job, if it names one."""
        if not self._job.account:
            return None
        try:
            return sign_ins.read(SignIn(account=self._job.account, file=Path(self._job.sealed), key=self._key))
        except sign_ins.NotOpened as error:
            raise NotDone(str(error)) from error

    def _admit(self, route: Route) -> None:
        """Let a request pass if its host is on the list; count the others."""
        host = urlsplit(route.request.url).hostname or ""
        if self._job.frame is not None and route.request.url == self._job.url:
            route.fulfill(body=self._job.frame, content_type="text/html; charset=utf-8")
            return
        if self._job.html is None and any(fnmatch.fnmatchcase(host, pattern) for pattern in self._job.hosts):
            route.continue_()
            return
        self._refused[host] = self._refused.get(host, 0) + 1
        route.abort("blockedbyclient")

    def _remember_status(self, response: Response) -> None:
        if response.request.is_navigation_request() and response.frame == self._page.main_frame:
            self._status = response.status

    def _render(self) -> str:
        if self._job.html is not None:
            self._page.set_content(self._job.html, timeout=self._milliseconds(10), wait_until="load")
            self._settle()
            return "drawn from the record, without network"
        response = self._page.goto(self._job.url or "", timeout=self._milliseconds(12), wait_until="domcontentloaded")
        with contextlib.suppress(TooLong):  # a picture that never ends to load is no reason to wait
            self._page.wait_for_load_state("load", timeout=self._milliseconds(3))
        fonts = self._settle()
        return f"HTTP {response.status if response else 'status unknown'}{'' if fonts else ', web fonts did not come'}"

    def _settle(self) -> bool:
        """Make the page hold still; begin again if it goes elsewhere meanwhile, as some do at first."""
        for _ in range(2):
            with contextlib.suppress(BrowserError):
                return self._still()
            self._page.wait_for_timeout(ROUND_MILLISECONDS)
        return self._still()

    def _still(self) -> bool:
        """Stop what moves and wait for fonts; give whether they came. Our own page loads none and is not asked."""
        self._enter()
        self._call("still")
        return self._job.html is not None or bool(self._call("fonts", 3.5))

    def _milliseconds(self, seconds: float) -> float:
        """A limit that leaves room for the other steps when time is short."""
        return 1000 * min(seconds, self._job.seconds / 3)

    def _enter(self, frame: str | None = None) -> None:
        """Put our script into a world of its own in the page or a frame, out of reach of the page's scripts."""
        frame = frame or self._devtools.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
        world = self._devtools.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": "citymod"})
        self._world: int = world["executionContextId"]
        if self._evaluate("typeof citymod") == "undefined":
            self._evaluate(SCRIPT.read_text(encoding="utf-8"))

    def _call(self, name: str, *words: object) -> Any:
        return self._evaluate(f"citymod.{name}({', '.join(json.dumps(word) for word in words)})")

    def _evaluate(self, expression: str) -> Any:
        answer = self._devtools.send(
            "Runtime.evaluate",
            {
                "expression": expression,
                "contextId": self._world,
                "returnByValue": True,
                "awaitPromise": True,
                "timeout": self._milliseconds(5),
            },
        )
        if "exceptionDetails" in answer:
            thrown = answer["exceptionDetails"]
            raise NotDone(thrown.get("exception", {}).get("description", thrown["text"]).splitlines()[0])
        return answer["result"].get("value")

    # ------------------------------------------------------------------------------------------------- find, prove

    def _find(self) -> str:
        """Look for the comment until it is there, going down the page, since many load comments only then."""
        spec = {"item": self._job.item, "text": self._job.text, "blank": self._job.blank, "names": self._job.names}
        rounds = max(1, int(self._milliseconds(5) / ROUND_MILLISECONDS))
        why = "the comment is not on the page"
        for number in range(1, rounds + 1):
            try:
                answer, wall = self._look(spec)
                if answer["ok"]:
                    return str(answer["why"])
                why = answer["why"]
                hopeless = self._job.html is not None or (self._status or 0) >= 400  # noqa: PLR2004  HTTP: an error
                if hopeless or number == rounds or (wall and number >= WALL_ROUNDS):
                    raise NotDone(f"{why}; shown is {wall}" if wall else why)
                self._call("onward")
            except BrowserError as error:  # the page went somewhere else while we looked
                why = _first_line(error)
            self._page.wait_for_timeout(ROUND_MILLISECONDS)
            self._reenter()
        raise NotDone(why)

    def _look(self, spec: dict[str, object]) -> tuple[Mapping[str, Any], str]:
        """Look once, in the page or the frames that an embed opened; give what was found, and which wall is there."""
        answer, wall = {"ok": False, "why": "the comment is not on the page"}, ""
        for number, frame in enumerate(self._frames()):
            if self._job.frame is not None:
                self._enter(frame)
            answer = self._call("find", spec)
            if answer["ok"]:
                self._inner = frame if number else None
                if self._inner:
                    self._call("still")
                break
            wall = wall or self._call("wall")
        return answer, wall

    def _frames(self) -> list[str]:
        """The page and, of an embed, the frames in it, outer ones first."""
        waiting = [self._devtools.send("Page.getFrameTree")["frameTree"]]
        found: list[str] = []
        while waiting:
            tree = waiting.pop(0)
            found.append(tree["frame"]["id"])
            waiting += tree.get("childFrames", ())
        return found[:MOST_FRAMES] if self._job.frame is not None else found[:1]

    def _placed(self, at: Mapping[str, Any]) -> Mapping[str, Any]:
        """A place in the frame that holds the comment as a place in the window; of a page itself it is one."""
        if self._inner is None:
            return at
        owner = self._devtools.send("DOM.getFrameOwner", {"frameId": self._inner})["backendNodeId"]
        box = self._devtools.send("DOM.getBoxModel", {"backendNodeId": owner})["model"]["content"]
        left, top, right, bottom = box[0], box[1], box[4], box[5]
        seen = self._devtools.send("Page.getLayoutMetrics")["cssVisualViewport"]
        return {
            **at,
            "left": at["left"] + left,
            "top": at["top"] + top,
            "scrollX": seen["pageX"],
            "scrollY": seen["pageY"],
            "windowWidth": min(right, seen["clientWidth"]),
            "windowHeight": min(bottom, seen["clientHeight"]),
        }

    def _reenter(self) -> None:
        """Our script is lost when the page goes somewhere else; put it there too."""
        with contextlib.suppress(BrowserError):
            if self._evaluate("typeof citymod") == "undefined":
                self._enter()
            return
        with contextlib.suppress(BrowserError):
            self._enter()

    def _prove(self) -> str:
        """Show that text and author can be read in the very pieces that will be pictured."""
        self._parts = self._frame()
        judged = self._judged = self._call("judge")
        words = names = 0
        for part in self._parts:
            self._bring(part)
            top, bottom = self._within(part)
            probed = self._call("probe", top, bottom)
            _require(not probed["covered"], "the text is covered or cut off on the page")
            _require(not probed["namesCovered"], "the author's name is covered or cut off on the page")
            words += probed["words"]
            names += probed["names"]
        self._call("endProbe")
        self._insist(judged, words=words, names=names)
        author = "author named" if judged["author"] else "no author's name on record"
        return f"{judged['agreement']}; {words} words in the picture, none covered; {author}"

    def _insist(self, judged: Mapping[str, Any], *, words: int, names: int) -> None:
        wanted = bool(self._job.names)
        _require(judged["agreement"], "the text is not the text on record")
        _require(not judged["faint"], f"the text {judged['faint']}")
        _require(not judged["outside"], "the text reaches beyond the piece that is pictured")
        _require(words == judged["words"], f"{judged['words'] - words} words are outside the picture")
        _require(words or self._job.blank, "the text takes no room on the page")
        _require(judged["author"] or not wanted, "the author's name does not stand with the text")
        _require(not judged["authorFaint"], f"the author's name {judged['authorFaint']}")
        _require(names or not wanted, "the author's name is outside the picture")

    def _frame(self) -> list[Part]:
        """Make the window as tall as the comment, so that what is tested is what is pictured; cut it in parts if tall.

        Pictures are drawn with two pixels for one, or one for one where the comment is very long.
        """
        margin = MARGIN[self._job.source]
        width, height = WINDOWS[self._job.source]
        whole = math.ceil(self._call("bring", 0)["height"]) + 2 * margin
        self._scale = 2 if whole <= TALLEST else 1
        tallest = TALLEST // self._scale
        around = self._devtools.send("Page.getLayoutMetrics")["cssContentSize"]["height"] if self._inner else 0
        self._resize(width, max(height, min(max(whole, math.ceil(around)), tallest)))
        whole = math.ceil(self._call("bring", 0)["height"]) + 2 * margin
        return [Part(top - margin, min(tallest, whole - top)) for top in range(0, whole, tallest)]

    def _resize(self, width: int, height: int) -> None:
        """Give the window that size; a window that has it is left alone, since each resizing draws everything anew."""
        if self._window != (width, height):
            self._page.set_viewport_size({"width": width, "height": height})
            self._window = (width, height)

    def _bring(self, part: Part) -> Clip:
        """Scroll to a part and give its place in the document; NotDone if it is not wholly in the window.

        Of the margin there may be less: a comment can stand at the very top or end of a page.
        """
        at = self._placed(self._call("bring", part.top))
        margin = MARGIN[self._job.source]
        top, bottom = at["top"] + part.top, at["top"] + part.top + part.height
        in_height = max(top, at["top"]) >= -1 and min(bottom, at["top"] + at["height"]) <= at["windowHeight"] + 1
        in_width = at["left"] >= -1 and at["left"] + at["width"] <= at["windowWidth"] + 1
        _require(in_height, "the comment cannot be brought wholly into the window")
        _require(in_width, "the comment reaches beyond the side of the window")
        left, right = max(0, at["left"] - margin), min(at["windowWidth"], at["left"] + at["width"] + margin)
        top, bottom = max(0, top), min(at["windowHeight"], bottom)
        x, y = math.floor(left + at["scrollX"]), math.floor(top + at["scrollY"])
        return Clip(x, y, math.ceil(right + at["scrollX"]) - x, math.ceil(bottom + at["scrollY"]) - y)

    def _within(self, part: Part) -> tuple[float, float]:
        at = self._call("measure")
        return at["top"] + part.top, at["top"] + part.top + part.height

    # --------------------------------------------------------------------------------------------------- highlight

    def _highlight(self) -> str:
        if self._job.html is not None:
            _require(
                tuple(self._call("marked")) == self._job.marks, "other characters are marked than those that matched"
            )
            return f"{len(self._job.marks)} pieces of the text are marked"
        _require(self._call("highlight"), "the comment could not be outlined")
        return "the comment is outlined; nothing else on the page was touched"

    # ---------------------------------------------------------------------------------------------------- pictures

    def _picture(self) -> str:
        """Picture the comment part by part, then make sure that it did not change meanwhile."""
        parts = self._frame()
        _require(len(parts) <= MOST_PARTS, f"the comment is too tall for {MOST_PARTS} pictures")
        for number, part in enumerate(parts, start=1):
            picture = self._shoot(self._bring(part), self._scale)
            if self._job.html is None or len(parts) > 1:
                picture = self._captioned(picture, number, len(parts))
            self._keep(_numbered(PICTURE, number), picture)
        same = parts == self._frame() and self._judged == self._call("judge")
        _require(same, "the page changed while it was pictured")
        size = f"{self._scale} picture pixel{'s' if self._scale > 1 else ''} for one of the page"
        return f"{len(parts)} picture{'s' if len(parts) > 1 else ''}, {size}"

    def _shoot(self, clip: Clip, scale: float, *, beyond: bool = False) -> bytes:
        answer = self._devtools.send("Page.captureScreenshot", _screenshot(clip, scale, beyond=beyond))
        return base64.b64decode(answer["data"])

    def _captioned(self, picture: bytes, number: int, parts: int) -> bytes:
        """Set a caption above a picture, on a page of our own, so that the pictured page is not touched."""
        width, height = _png_size(picture)
        lines = [*self._job.caption, *([f"Part {number} of {parts}"] if parts > 1 else [])]
        context = self._browser.new_context(
            viewport={"width": width, "height": 100}, java_script_enabled=False, offline=True
        )
        self._contexts.append(context)
        page = context.new_page()
        page.set_content(_band(lines, picture, width, height, self._scale), timeout=self._milliseconds(10))
        devtools = context.new_cdp_session(page)
        whole = devtools.send("Page.getLayoutMetrics")["cssContentSize"]["height"]
        page.set_viewport_size({"width": width, "height": whole})
        answer = devtools.send("Page.captureScreenshot", _screenshot(Clip(0, 0, width, whole), 1, beyond=False))
        context.close()
        return base64.b64decode(answer["data"])

    def _page_picture(self) -> str:
        """Picture the whole page as it was shown, outline and caption away."""
        if self._job.html is not None:
            return f"the card is the whole page: {PICTURE}"
        self._call("unhighlight")
        width, height = WINDOWS[self._job.source]
        self._resize(width, height)
        self._call("toTop")
        size = self._devtools.send("Page.getLayoutMetrics")["cssContentSize"]
        tall = min(size["height"], TALLEST)
        self._keep(PAGE_PICTURE, self._shoot(Clip(0, 0, width, max(tall, 1)), 1, beyond=True))
        cut = f"; the first {TALLEST} of {size['height']:.0f} pixels" if size["height"] > TALLEST else ""
        return f"{width} x {tall:.0f} pixels{cut}"

    def _snapshot(self) -> str:
        """Keep the page as it stood there, after all its scripts did."""
        if self._job.account:
            return LEFT_OUT
        data = self._devtools.send("Page.captureSnapshot", {"format": "mhtml"})["data"].encode()
        self._keep(PAGE_SNAPSHOT, data)
        return f"MHTML, {len(data)} bytes"

    def _archive(self) -> str:
        """Keep what servers answered, to be replayed; of the card, which no server gave, the card."""
        if self._job.account:
            return LEFT_OUT
        if self._answers is None:
            page, title, answers, missing = CARD_ADDRESS, "Record card", [_card_answer(self._job.html or "")], ""
        else:
            page, title = self._page.url, self._page.title()
            answers, missing = self._answers.collect()
        at = datetime.fromisoformat(self._job.at)
        data = wacz.write(answers, page=page, title=title, tool=self._job.tool, at=at)
        self._keep(PAGE_ARCHIVE, data)
        return f"WACZ, {len(data)} bytes; {len(answers)} answers{missing}"

    def _keep(self, name: str, data: bytes) -> None:
        (self._folder / name).write_bytes(data)

    def _note_conditions(self) -> str:
        width, height = WINDOWS[self._job.source]
        refused = ", ".join(f"{host} ({times})" for host, times in sorted(self._refused.items()))
        agent = self._devtools.send("Browser.getVersion")
        frames = [frame.url for frame in self._page.frames[1:MOST_FRAMES]] if self._job.frame is not None else []
        self.conditions = {
            "url_shown": self._page.url.partition("?")[0] if self._job.account else self._page.url,
            **({"frames_shown": ", ".join(frames) or "none"} if self._job.frame is not None else {}),
            "http_status": str(self._status or "none"),
            "browser": agent["product"],
            "user_agent": agent["userAgent"],
            "viewport": f"{width} x {height}",
            "requests_refused": refused or "none",
            "locale": "en-US",
        }
        return f"{len(self.conditions)} conditions noted"

    def close(self) -> None:
        """Close what was opened. A page that cannot be closed is left to the parent, which replaces a stuck worker."""
        for context in self._contexts:
            with contextlib.suppress(BrowserError):
                context.close()


def _card_answer(card: str) -> wacz.Answer:
    headers = {"content-type": "text/html; charset=utf-8"}
    body = card.encode("utf-8", "replace")
    return wacz.Answer(url=CARD_ADDRESS, status=200, reason="OK", headers=headers, body=body)


def _require(holds: object, why: str) -> None:
    if not holds:
        raise NotDone(why)


def _dismiss(dialog: Dialog) -> None:
    with contextlib.suppress(BrowserError):  # gone already
        dialog.dismiss()


def _screenshot(clip: Clip, scale: float, *, beyond: bool) -> dict[str, Any]:
    area = {"x": clip.x, "y": clip.y, "width": clip.width, "height": clip.height, "scale": scale}
    return {"format": "png", "clip": area, "captureBeyondViewport": beyond}


def _band(lines: list[str], picture: bytes, width: int, height: int, scale: int) -> str:
    """A page with a dark band that says what the picture below it is, and the picture pixel for pixel."""
    said = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
    return f"""<!doctype html><meta charset="utf-8"><style>
html, body {{ margin: 0; background: #fff; width: {width}px }}
header {{ background: #1b1f24; color: #fff; padding: {9 * scale}px {16 * scale}px; box-sizing: border-box;
  font: {13 * scale}px/1.4 "Noto Sans", "Liberation Sans", sans-serif; overflow-wrap: anywhere }}
p {{ margin: 0 }} p:first-child {{ font-weight: 700 }}
img {{ display: block; width: {width}px; height: {height}px }}
</style><header>{said}</header><img src="data:image/png;base64,{base64.b64encode(picture).decode()}">"""


def _png_size(picture: bytes) -> tuple[int, int]:
    """Width and height from the header of a PNG file (ISO/IEC 15948, 11.2.2)."""
    return int.from_bytes(picture[16:20], "big"), int.from_bytes(picture[20:24], "big")


def _numbered(name: str, number: int) -> str:
    """``comment.png``, ``comment-2.png``, ``comment-3.png``."""
    stem, dot, end = name.rpartition(".")
    return name if number == 1 else f"{stem}-{number}{dot}{end}"


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__


if __name__ == "__main__":
    sys.exit(main())
