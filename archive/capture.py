"""What a capture is, and the camera that makes one: a comment pictured, with proof that it is in the picture.

A capture is a list of named steps, each bounded in time. It is FULL if every step of one source succeeded, and PARTIAL
otherwise, with the reasons. The camera never raises for what a page does. It holds a worker process with a warm browser
(`archive.capture_process`) to its limits from outside: a step that outlasts its limit ends the worker with everything
it started, and the next capture begins with a new one.

Sources: ``page`` is the comment's public address, looked at without signing in unless a sign-in is stored
for that very account (`archive.sign_ins`); ``embed`` is what the platform offers
to show a comment elsewhere, on a page of ours (`archive.embeds`); ``record`` is a card that we draw from what the
platform's API gave (`archive.card`), which depends on nobody's web page.
"""

from __future__ import annotations

import shutil
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from archive import card
from archive.browser import find_browser
from archive.capture_job import PICTURE, Job
from archive.capture_process import NoBrowser, Worker
from archive.embeds import ADDRESS, EMBEDS, shell
from archive.stored import utc_text
from bot.domain.types import Quality

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from archive.embeds import Embed
    from archive.sign_ins import SignIn
    from archive.subject import Subject

SOURCES = ("page", "embed", "record")
WATCH_SECONDS = 0.5  # between two looks at how much memory a busy browser uses
ACCEPT_SECONDS = 5.0  # for a worker to begin with a job it was given


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserSettings:
    """`deadline`: seconds for one capture, all its sources together. `hosts`: what a page may load besides its own.

    `embeds`: by platform; `sign_ins`: by account. `executable` None: the first of Playwright's own, Debian's headless
    shell, any Chromium. Hosts may have a star, as in ``*.example.org``. After `recycle_after` captures the browser is
    started anew.
    """

    executable: str | None = None
    deadline: float = 45.0
    recycle_after: int = 200
    hosts: tuple[str, ...] = ()
    embeds: Mapping[str, Embed] = field(default_factory=lambda: EMBEDS)
    sign_ins: Mapping[str, SignIn] = field(default_factory=dict)
    memory: int = 2 * 1024**3
    idle: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a capture: what was done, whether it succeeded, how long it took, and the reason or result."""

    source: str
    name: str
    ok: bool
    seconds: float
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """What came of it. `source` is the one whose files lie in the folder itself; others have a folder of their own."""

    quality: Quality
    source: str
    steps: tuple[Step, ...]
    conditions: Mapping[str, str]
    captured_at: datetime


@dataclass(slots=True)
class _Take:
    """One source tried."""

    source: str
    folder: Path
    steps: list[Step] = field(default_factory=list)
    conditions: dict[str, str] = field(default_factory=dict)
    done: bool = False

    @property
    def full(self) -> bool:
        return self.done and all(step.ok for step in self.steps)

    @property
    def never_opened(self) -> bool:
        """Whether the browser failed before anything of the page could play a part."""
        return not any(step.ok for step in self.steps)

    @property
    def trouble(self) -> str:
        return "; ".join(f"{step.name}: {step.detail}" for step in self.steps if not step.ok)


class Camera:
    """Makes captures, one at a time, whichever thread asks. Starts its worker when it is first needed."""

    def __init__(self, browser: BrowserSettings, version: str) -> None:
        """`version`: the program's own, which every picture names."""
        self._settings = browser
        self._version = version
        self._worker: Worker | None = None
        self._lock = threading.Lock()
        self._rest: threading.Timer | None = None

    def __enter__(self) -> Self:
        """Use as a context, so that no browser is left."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """End worker and browser. Safe to call twice; a capture asked for later starts them again."""
        with self._lock:
            self._wake()
            self._close_worker()

    def _close_worker(self) -> None:
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def _wake(self) -> None:
        """Nobody is to be sent home for doing nothing now."""
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None

    def _go_idle(self) -> None:
        """From now on there is nothing to do; if that stays so, browser and worker need not be kept."""
        self._rest = threading.Timer(self._settings.idle, self._close_if_idle)
        self._rest.daemon = True
        self._rest.start()

    def _close_if_idle(self) -> None:
        with self._lock:
            if self._rest is threading.current_thread():
                self._rest = None
                self._close_worker()

    def capture(self, subject: Subject, sources: Sequence[str], into: Path, *, now: datetime) -> Capture:
        """Try the sources in order until one is FULL, and leave its files in the folder `into`.

        Files of sources that failed stay in sub-folders named for them. Without a FULL one, the last that has a picture
        counts, or else the last. Raises NoBrowser if none can be started, ValueError for sources there are not.
        """
        if not sources or not set(sources) <= set(SOURCES):
            message = (
                f"sources to capture from must be some of {', '.join(SOURCES)}, not {', '.join(sources) or 'none'}"
            )
            raise ValueError(message)
        left = self._settings.deadline
        takes: list[_Take] = []
        with self._lock:
            self._wake()
            try:
                for number, source in enumerate(sources):
                    self._ready_worker()
                    begun = time.monotonic()
                    takes.append(self._take(subject, source, into, now, left / (len(sources) - number)))
                    left -= time.monotonic() - begun
                    if takes[-1].full:
                        break
            finally:
                self._go_idle()
        return self._conclude(subject, takes, into, now)

    def _take(self, subject: Subject, source: str, into: Path, now: datetime, seconds: float) -> _Take:
        """Try one source, and once more with a new worker if the browser failed before it saw the page."""
        take = _Take(source, into / source)
        if why := self._impossible(subject, source):
            take.steps.append(_failed(source, "render", why))
            return take
        job = self._job(subject, source, take.folder, now, seconds)
        for _ in range(2):
            take = _Take(source, into / source, conditions=self._given(job))
            take.folder.mkdir(parents=True, exist_ok=True)
            self._follow(take, job)
            if not take.never_opened:
                break
        return take

    def _impossible(self, subject: Subject, source: str) -> str:
        """Why a comment cannot be pictured from a source at all, if so."""
        if source == "page" and urlsplit(subject.comment.url).scheme not in {"http", "https"}:
            return "the comment has no web address"
        if source == "embed" and subject.comment.ref.platform not in self._settings.embeds:
            return f"{card.platform_name(subject.comment.ref.platform)} has no embed that shows one comment"
        return ""

    def _job(self, subject: Subject, source: str, folder: Path, now: datetime, seconds: float) -> Job:
        comment = subject.comment
        own = source == "record"
        embed = self._settings.embeds[comment.ref.platform] if source == "embed" else None
        sign_in = self._sign_in(subject, source)
        author = comment.author
        names = tuple(card.shown(name) for name in (author.name, (author.handle or "").removeprefix("@")) if name)
        marks = tuple(piece.text for piece in card.pieces(comment.text, subject.findings) if piece.marked)
        return Job(
            source=source,
            url=None if own else ADDRESS if embed else comment.url,
            html=card.render(subject, version=self._version, now=now) if own else None,
            frame=shell(embed, comment.ref.item) if embed else None,
            item=card.shown(comment.ref.item),
            text=card.shown(comment.text),
            blank=card.is_blank(comment.text),
            names=names,
            marks=marks if own else (),
            hosts=()
            if own
            else embed.hosts
            if embed
            else (urlsplit(comment.url).hostname or "", *self._settings.hosts),
            caption=card.caption(source, subject, version=self._version, now=now, signed_in=sign_in is not None),
            folder=str(folder.absolute()),
            zone=subject.zone,
            at=utc_text(now),
            tool=f"citymod {self._version}",
            seconds=seconds,
            account=sign_in.account if sign_in else "",
            sealed=str(sign_in.file.absolute()) if sign_in else "",
        )

    def _sign_in(self, subject: Subject, source: str) -> SignIn | None:
        """The sign-in stored for the account that the comment was written to, and for no other."""
        return self._settings.sign_ins.get(subject.account.key) if source == "page" else None

    @staticmethod
    def _given(job: Job) -> dict[str, str]:
        """The conditions that are known beforehand, whatever becomes of it."""
        own = job.html is not None
        return {
            "url": "none: the platform's embed on a page of ours"
            if job.frame
            else job.url or "none: drawn from the record",
            "signed_in": f"yes: as stored for {job.account}" if job.account else "no",
            "network": "none" if own else ", ".join(job.hosts),
            "time_zone": job.zone,
            "clock_offset": "not checked",
        }

    def _follow(self, take: _Take, job: Job) -> None:
        """Write down the steps as the worker does them; end it if it says nothing for longer than a step may last.

        Starting a worker is not part of the time there is: an old machine may need long for it, once.
        """
        worker = self._ready_worker()
        worker.give(job, self._settings.sign_ins[job.account].key if job.account else b"")
        begun = time.monotonic()
        end = begun + job.seconds
        name, limit = "open", min(ACCEPT_SECONDS, job.seconds / 4)
        while not take.done:
            said = self._hear(worker, min(begun + limit, end))
            seconds = round(time.monotonic() - begun, 3)
            if said is None:
                why = self._why_silent(worker, seconds)
                take.steps.append(_failed(take.source, name, f"{why}; the browser was replaced", seconds))
                self._end_worker()
                return
            if "begin" in said:
                name, limit, begun = said["begin"], float(said["limit"]), time.monotonic()
            elif "end" in said:
                step = Step(source=take.source, name=name, ok=said["ok"], seconds=seconds, detail=said["detail"])
                take.steps.append(step)
            else:
                take.conditions |= said["done"]
                take.done = True
        if take.never_opened:
            self._end_worker()

    def _hear(self, worker: Worker, until: float) -> dict[str, Any] | None:
        """The worker's next word; None if none came by then (monotonic seconds), or it died or swells meanwhile."""
        while (left := until - time.monotonic()) > 0:
            said = worker.hear(min(left, WATCH_SECONDS))
            if said is not None or not worker.alive or worker.memory() > self._settings.memory:
                return said
        return worker.hear(0)

    def _why_silent(self, worker: Worker, seconds: float) -> str:
        if not worker.alive:
            return "the browser's process died"
        if (used := worker.memory()) > self._settings.memory:
            return f"the browser used {used // 1024**2} MiB, more than it may"
        return f"did not end within {seconds:.0f} seconds"

    def _ready_worker(self) -> Worker:
        """The worker, a new one if there is none, it died, has made its share of captures or grown too large."""
        worker = self._worker
        fit = worker is not None and worker.alive and worker.captures < self._settings.recycle_after
        if worker is not None and fit and worker.memory() <= self._settings.memory:
            return worker
        if worker is not None:
            self._worker = None
            worker.close()
        named = self._settings.executable
        executable = Path(named) if named else find_browser()
        if executable is None:
            message = "no browser was found; see: citymod doctor"
            raise NoBrowser(message)
        self._worker = Worker(executable)
        return self._worker

    def _end_worker(self) -> None:
        if self._worker is not None:
            self._worker.end()
            self._worker = None

    def _conclude(self, subject: Subject, takes: list[_Take], into: Path, now: datetime) -> Capture:
        """Choose the source that counts, bring its files up and say what became of the others."""
        pictured = [take for take in takes if take.full or (take.folder / PICTURE).exists()]
        counts = takes[-1] if takes[-1].full or not pictured else pictured[-1]
        for path in sorted(counts.folder.iterdir()) if counts.folder.exists() else ():
            path.rename(into / path.name)
        for take in takes:
            if take.folder.exists() and not any(take.folder.iterdir()):
                shutil.rmtree(take.folder)
        others = {f"other_source_{take.source}": self._outcome(take) for take in takes if take is not counts}
        signed_in = self._sign_in(subject, counts.source) is not None
        own = {"source": counts.source, "rendition": card.rendition(counts.source, subject, signed_in=signed_in)}
        own["tool"] = f"citymod {self._version}"
        return Capture(
            quality=Quality.FULL if counts.full else Quality.PARTIAL,
            source=counts.source,
            steps=tuple(step for take in takes for step in take.steps),
            conditions={**own, **counts.conditions, **others},
            captured_at=now,
        )

    def _outcome(self, take: _Take) -> str:
        files = f"files in {take.source}/" if take.folder.exists() else "no files"
        return f"not full ({take.trouble}); {files}"


def _failed(source: str, name: str, why: str, seconds: float = 0.0) -> Step:
    return Step(source=source, name=name, ok=False, seconds=seconds, detail=why)
