"""Figures for a monitoring system, and whether the daemon is well: one local port, off unless the settings name it.

``/metrics`` in Prometheus' text format (prometheus.io/docs/instrumenting/exposition_formats), ``/healthz`` (the archive
answers), ``/readyz`` (and nothing is wrong that people were told of). Every figure is read from the archive when it is
asked for, so it is true after a restart, too. No figure holds a comment's words or a person's name.
"""

from __future__ import annotations

import shutil
import threading
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from archive import accounts, cases, jobs, ledger, orders, outbox, pauses
from archive.database import Unavailable
from bot import canary, heard, troubles
from bot.domain.states import State
from bot.log import logger
from connectors.listening import Listener

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime
    from wsgiref.types import StartResponse, WSGIEnvironment

    from prometheus_client.metrics_core import Metric

    from archive.database import Tx
    from bot.parts import Parts

PATIENCE = 10
"""Seconds that a client may be silent."""

log = logger("metrics")


class Figures(Collector):
    """What Prometheus is told."""

    def __init__(self, parts: Parts, clock: Callable[[], datetime]) -> None:
        """Nothing is counted yet."""
        self._parts = parts
        self._clock = clock
        self._lines: dict[str, int] = {}
        self._counted = 0
        self._lock = threading.Lock()

    def collect(self) -> Iterator[Metric]:
        """Read every figure, in one view of the archive."""
        now = self._clock()
        with self._parts.database.read() as tx:
            yield from self._accounts(tx, now)
            yield from _work(tx, now)
            yield from self._ledger(tx)
            yield from self._switch(tx, now)
            yield from self._outside(tx, now)
            lasting = troubles.lasting(tx)
        yield _gauge("citymod_troubles", "What is wrong, as people were told", ["trouble"], ((k, 1) for k in lasting))
        free = shutil.disk_usage(self._parts.settings.data).free
        yield _gauge("citymod_disk_free_bytes", "Free bytes where the records lie", [], [("", free)])

    def _accounts(self, tx: Tx, now: datetime) -> Iterator[Metric]:
        named = {entry.account.key for entry in self._parts.settings.accounts}
        standing = [each for each in accounts.all_standing(tx) if each.account.key in named]
        read = ((e.account.key, (now - e.polled_at).total_seconds()) for e in standing if e.polled_at)
        yield _gauge("citymod_account_lag_seconds", "Time since an account was read to its end", ["account"], read)
        stopped = ((each.account.key, each.stopped_why is not None) for each in standing)
        yield _gauge("citymod_account_stopped", "1 if an account waits for a person", ["account"], stopped)
        failures = ((each.account.key, each.failures) for each in standing)
        yield _gauge("citymod_account_failures", "Readings in a row that failed", ["account"], failures)

    def _outside(self, tx: Tx, now: datetime) -> Iterator[Metric]:
        used = ((key, one.value) for key, one in heard.used(tx, now).items())
        yield _gauge("citymod_limit_used_ratio", "Share of a platform's limit that is used", ["account"], used)
        off = heard.clock_offset(tx, now)
        ahead = [("", off)] if off is not None else []
        yield _gauge("citymod_clock_offset_seconds", "How far this clock is ahead of the platforms'", [], ahead)
        owed = outbox.oldest_waiting(tx, webhooks=True)
        since = (now - owed).total_seconds() if owed else 0
        yield _gauge(
            "citymod_webhook_oldest_seconds", "How long the oldest call of the webhook waits", [], [("", since)]
        )
        last = ledger.last(tx, (canary.PASSED, canary.FAILED))
        failed = [("", last.kind == canary.FAILED)] if last else []
        yield _gauge("citymod_canary_failed", "1 if the last test of the whole line did not come through", [], failed)
        late = ((run.name, (now - run.began_at).total_seconds()) for run in jobs.every(tx))
        yield _gauge("citymod_job_age_seconds", "Time since a job last began", ["job"], late)

    def _switch(self, tx: Tx, now: datetime) -> Iterator[Metric]:
        paused = {pause.scope for pause in pauses.in_force(tx, now)}
        if self._parts.switch.files_say(tx):
            paused.add(pauses.EVERYTHING)
        yield _gauge(
            "citymod_paused", "1 for each thing on which acting is paused", ["scope"], ((s, 1) for s in paused)
        )

    def _ledger(self, tx: Tx) -> Iterator[Metric]:
        """Lines by kind since the archive began: all are counted once, and then only those that came since."""
        with self._lock:
            _, through = ledger.kept_head(tx)
            for kind, number in ledger.tally(tx, self._counted, through).items():
                self._lines[kind] = self._lines.get(kind, 0) + number
            self._counted = through
            counted = dict(self._lines)
        lines = CounterMetricFamily("citymod_ledger_lines", "Lines of the ledger by kind", labels=["kind"])
        for kind, number in sorted(counted.items()):
            lines.add_metric([kind], number)
        yield lines


def _work(tx: Tx, now: datetime) -> Iterator[Metric]:
    tally = cases.tally(tx)
    yield _gauge("citymod_cases", "Cases by state", ["state"], ((str(state), tally.get(state, 0)) for state in State))
    oldest = cases.standing_at(tx, State.IN_REVIEW, limit=1)
    waits = (now - oldest[0].since).total_seconds() if oldest else 0
    yield _gauge("citymod_review_oldest_seconds", "How long the oldest case waits for a person", [], [("", waits)])
    waiting = {(w.account, str(w.action)): w.number for w in orders.tally_waiting(tx)}
    family = GaugeMetricFamily("citymod_orders_waiting", "Orders that wait", labels=["account", "action"])
    for labels, number in waiting.items():
        family.add_metric(labels, number)
    yield family
    mails = outbox.tally(tx)
    yield _gauge("citymod_mails", "Mails by standing", ["standing"], mails.items())
    owed = outbox.oldest_waiting(tx)
    since = (now - owed).total_seconds() if owed else 0
    yield _gauge("citymod_mail_oldest_seconds", "How long the oldest mail waits", [], [("", since)])


def _gauge(name: str, about: str, labels: list[str], values: Iterable[tuple[str, float]]) -> Metric:
    family = GaugeMetricFamily(name, about, labels=labels)
    for label, value in values:
        family.add_metric([label] if labels else [], float(value))
    return family


class Health(Listener):
    """The local port: ``with Health(…): …``."""

    def __init__(self, host: str, port: int, parts: Parts, clock: Callable[[], datetime]) -> None:
        """Bind to the address (port 0: any free one); OSError if it is taken."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(Figures(parts, clock))
        self._metrics = make_wsgi_app(registry)
        self._parts = parts
        server = make_server(host, port, self._answer, server_class=_Server, handler_class=_Handler)
        self.port = int(server.server_port)
        super().__init__(server, "health")

    def _answer(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        try:
            if path == "/metrics":
                told: Iterable[bytes] = self._metrics(environ, start)
                return told
            if path in {"/healthz", "/readyz"}:
                with self._parts.database.read() as tx:
                    wrong = list(troubles.lasting(tx).values()) if path == "/readyz" else []
                return _said(start, "503 Service Unavailable" if wrong else "200 OK", "\n".join(wrong) or "well")
        except Unavailable as error:
            return _said(start, "503 Service Unavailable", str(error))
        return _said(start, "404 Not Found", "there are /metrics, /healthz and /readyz")


def _said(start: StartResponse, status: str, text: str) -> list[bytes]:
    start(status, [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")])
    return [f"{text}\n".encode()]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    timeout = PATIENCE

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is the server's
        """Who asks is of no interest."""
