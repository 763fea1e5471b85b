"""The place where platforms push: on real sockets, hostile clients included, and what it makes the daemon do."""

from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive import cases, ledger
from archive.database import Database
from bot import push
from bot.daemon import WOKEN_APART, Woken
from bot.domain.types import Account
from bot.promises import ref_of
from bot.push import Receiver
from bot.settings import load
from bot.standins import StandIns
from bot.trial import MailSink, lay_out
from connectors import find
from connectors.contract import FORBIDDEN
from connectors.facebook.standin import StandIn
from connectors.facebook.standin_hooks import Hooks
from connectors.standin.world import Person, World
from connectors.transport import Transport
from connectors.x.standin_auth import APP_TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bot.settings import Settings
    from connectors.standin.world import WorldAccount, WorldComment

PAT = Person(id="7000000001", name="Pat Resident", handle="pat")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Place:
    """A receiver for two Pages, of which one is not in the same app."""

    def __init__(self, stack: ExitStack) -> None:
        self.woken: list[str] = []
        self.world = World()
        self.standin = StandIn(self.world)
        self.page = self._page("1020000000000001")
        self.other = self._page("1020000000000002")
        connectors = {
            f"facebook:{page.id}": find.connect(
                Account(platform="facebook", id=page.id, name=page.name),
                self.standin.credentials(page) | more,
                Transport(),
            )
            for page, more in ((self.other, {"app_secret": "another app's"}), (self.page, {}))
        }
        self.receiver = stack.enter_context(Receiver("127.0.0.1", 0, connectors, self.woken.append))
        self.address = f"http://127.0.0.1:{self.receiver.port}/push/facebook"
        self.hooks = Hooks(self.standin, self.page)

    def _page(self, ident: str) -> WorldAccount:
        return self.world.add_account("facebook", ident, "City of Example", f"city{ident}")

    def write(self) -> None:
        self.world.add_comment(self.world.add_post(self.page, "post"), "ä/👍", author=PAT)

    def asked(self, method: str, path: str, body: bytes | None = None, **headers: str) -> int:
        line = http.client.HTTPConnection("127.0.0.1", self.receiver.port, timeout=5)
        try:
            line.request(method, path, body, headers)
            return line.getresponse().status
        finally:
            line.close()


@pytest.fixture
def place() -> Iterator[Place]:
    with ExitStack() as stack:
        yield Place(stack)


def test_a_subscription_is_proved(place: Place) -> None:
    assert place.hooks.subscribe(place.address)
    assert not place.hooks.subscribe(place.address, "another word")
    assert place.receiver.counts == {200: 1, FORBIDDEN: 1}


def test_what_happens_on_a_page_wakes_that_page(place: Place) -> None:
    place.write()
    assert place.hooks.push(place.address) == [200]
    assert place.woken == [f"facebook:{place.page.id}"]


def test_a_bad_signature_is_answered_with_403_and_counted(place: Place) -> None:
    place.standin.switch(["hooks_unsigned"])
    place.write()
    place.write()
    assert place.hooks.push(place.address) == [FORBIDDEN, FORBIDDEN]
    assert place.receiver.counts[FORBIDDEN] == 2
    assert place.woken == []


def test_an_account_that_nobody_works_wakes_nobody(place: Place) -> None:
    stranger = place.world.add_account("facebook", "1020000000000003", "Another city", "other")
    hooks = Hooks(place.standin, stranger)
    place.world.add_comment(place.world.add_post(stranger, "post"), "words", author=PAT)
    assert hooks.push(place.address) == [200]
    assert place.woken == []


@pytest.mark.parametrize("path", ["/", "/push/", "/push/nextdoor", "/push/youtube", "/push/facebook/x"])
def test_other_places_are_not_there(place: Place, path: str) -> None:
    assert place.asked("POST", path, b"{}") == 404


@pytest.mark.parametrize(
    ("length", "status"), [(str(push.MOST + 1), 413), ("-1", 400), ("x", 400), ("1" * 30, 413), ("²", 400)]
)
def test_a_body_is_not_read_beyond_a_limit(place: Place, length: str, status: int) -> None:
    with socket.create_connection(("127.0.0.1", place.receiver.port), timeout=5) as line:
        head = f"POST /push/facebook HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n"
        line.sendall(head.encode("latin-1", "replace"))
        assert line.recv(100).split()[1] == str(status).encode()


def test_only_so_many_are_answered_at_one_time(place: Place) -> None:
    with ExitStack() as stack:
        for taken in range(1, push.AT_ONCE + 1):
            assert place.asked("GET", "/push/facebook") == FORBIDDEN
            settled(place, push.AT_ONCE - taken + 1)
            stack.enter_context(socket.create_connection(("127.0.0.1", place.receiver.port)))
            settled(place, push.AT_ONCE - taken)
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            place.asked("GET", "/push/facebook")
    settled(place, push.AT_ONCE)
    assert place.asked("GET", "/push/facebook") == FORBIDDEN


def settled(place: Place, free: int) -> None:
    """Wait until so many more can be answered."""
    end = time.monotonic() + 20
    while place.receiver._http._free._value != free:
        assert time.monotonic() < end, "places are neither taken nor given back"
        time.sleep(0.01)


def test_many_at_once_are_all_counted(place: Place) -> None:
    threads = [threading.Thread(target=place.asked, args=("GET", "/push/facebook")) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert place.receiver.counts[FORBIDDEN] == 10


# ------------------------------------------------------------------------------------------------- when it polls


def test_a_poll_that_is_asked_for_begins_at_once_and_once() -> None:
    woken = Woken()
    assert woken.ask("a", NOON) == NOON
    assert woken.ask("a", NOON) is None
    woken.begin("a", NOON)
    assert woken.end("a") is None


def test_what_is_asked_while_polling_is_polled_for_afterwards() -> None:
    woken = Woken()
    woken.begin("a", NOON)
    assert woken.ask("a", NOON + timedelta(seconds=1)) is None
    assert woken.end("a") == NOON + WOKEN_APART
    woken.begin("a", NOON + WOKEN_APART)
    assert woken.end("a") is None


@given(st.lists(st.tuples(st.sampled_from(["ask", "run"]), st.integers(0, 20)), max_size=60))
def test_whoever_asks_is_polled_for_and_never_more_often_than_allowed(steps: list[tuple[str, int]]) -> None:
    """Steps of seconds; a poll that is due is begun when its time has come, and lasts until the next `run`."""
    woken, now = Woken(), NOON
    due: datetime | None = None
    running = False
    begun: list[datetime] = []
    unanswered: datetime | None = None
    for what, seconds in steps:
        now += timedelta(seconds=seconds)
        if running:
            due, running = woken.end("a") or due, False
        if due and due <= now:
            woken.begin("a", now)
            begun.append(now)
            due, running, unanswered = None, True, None
        if what == "ask":
            unanswered = now
            due = woken.ask("a", now) or due
    if running:
        due = woken.end("a") or due
    assert due is not None or unanswered is None
    assert all(later - earlier >= WOKEN_APART for earlier, later in pairwise(begun))


# --------------------------------------------------------------------------------------------- with a whole daemon


def test_a_daemon_that_polls_once_an_hour_reads_what_is_pushed_within_seconds(tmp_path: Path) -> None:
    with ExitStack() as stack:
        world = World()
        standins = stack.enter_context(StandIns(world))
        page = standins.open_accounts()["facebook"]
        server = standins.servers["facebook"]
        sink = stack.enter_context(MailSink(tmp_path / "mails"))
        port = free_port()
        file = lay_out(tmp_path, standins, {"facebook": page}, sink.port, push={"port": port})
        file.write_text(re.sub(r"poll_seconds: .*", "poll_seconds: 3600", file.read_text(encoding="utf-8")))
        settings = load(file)
        post = world.add_post(page, "The pool opens on Friday.")
        log = stack.enter_context((tmp_path / "daemon.log").open("wb"))
        command = [sys.executable, "-m", "bot.cli", "run", "--config", str(file)]
        process = stack.enter_context(subprocess.Popen(command, stderr=log))
        stack.callback(process.kill)
        wait_for(lambda: b"listening" in (tmp_path / "daemon.log").read_bytes(), process)
        wait_for(lambda: any(line.verb == "list" for line in server.log), process)
        time.sleep(1)

        hooks = Hooks(server.standin, page)
        comment = world.add_comment(post, "Lovely!", author=PAT)
        address = f"http://127.0.0.1:{port}/push/facebook"
        assert hooks.push(address) == [200]
        wait_for(lambda: recorded(settings, comment), process)

        server.standin.switch(["hooks_unsigned"])
        world.edit(comment, "Lovely?")
        assert hooks.push(address) == [FORBIDDEN]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
        with Database.open(settings.database_url) as database, database.read() as tx:
            [line] = [line for line in ledger.entries(tx) if line.kind == "push.refused"]
        assert "1 requests" in str(line.detail["why"])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def recorded(settings: Settings, comment: WorldComment) -> bool:
    if not (settings.data / "citymod.db").exists():
        return False
    with Database.open(settings.database_url) as database, database.read() as tx:
        return cases.case(tx, ref_of(comment)) is not None


def wait_for(there: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end
        assert process.poll() is None, "the daemon has ended"
        time.sleep(0.2)


def test_a_daemon_that_polls_once_an_hour_reads_what_xs_stream_tells_of_within_seconds(tmp_path: Path) -> None:
    with ExitStack() as stack:
        world = World()
        standins = stack.enter_context(StandIns(world))
        page = standins.open_accounts()["x"]
        activity = standins.servers["x"].standin.activity  # type: ignore[attr-defined]
        activity.keep_alive = 0.2
        stack.callback(activity.closing.set)
        sink = stack.enter_context(MailSink(tmp_path / "mails"))
        file = lay_out(tmp_path, standins, {"x": page}, sink.port)
        file.write_text(re.sub(r"poll_seconds: .*", "poll_seconds: 3600", file.read_text(encoding="utf-8")))
        keys = tmp_path / "credentials" / "x"
        keys.write_text(json.dumps(json.loads(keys.read_text()) | {"stream_token": APP_TOKEN}))
        settings = load(file)
        post = world.add_post(page, "The pool opens on Friday.")
        log = stack.enter_context((tmp_path / "daemon.log").open("wb"))
        command = [sys.executable, "-m", "bot.cli", "run", "--config", str(file)]
        process = stack.enter_context(subprocess.Popen(command, stderr=log))
        stack.callback(process.kill)
        wait_for(lambda: activity.connections > 0, process)
        time.sleep(2)
        comment = world.add_comment(post, "Lovely!", author=PAT)
        wait_for(lambda: recorded(settings, comment), process)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
