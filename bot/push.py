"""Listens where platforms push, and says which accounts had better be polled now. Off unless the settings say where.

A platform's push is only ever a reason to poll; what is recorded is what the poll reads. So a push that is lost, comes
twice, late, or was made up costs at most a poll. Requests that do not prove that a platform sent them are answered with
403 and counted. The City's own web server stands in front: it has the certificate, and passes on
``/push/<platform>`` alone.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from bot.log import logger
from connectors.contract import FORBIDDEN, Delivery, Heard, Pushes
from connectors.listening import Listener

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping
    from typing import Any

    from connectors.contract import Connector

PATH = "/push/"
MOST = 1024 * 1024
"""Bytes of a body that are taken. Meta sends up to 1,000 changes at once, which is less (unsure)."""

PATIENCE = 10
"""Seconds that a client may be silent."""

AT_ONCE = 16
"""Requests that are answered at one time; more are turned away, and platforms send again."""

_NOT_FOUND = 404
_TOO_LARGE = 413
_BAD_REQUEST = 400

log = logger("push")


class Receiver(Listener):
    """The place where platforms push: ``with Receiver(…): …``. `counts` says how often which status was answered."""

    def __init__(
        self, host: str, port: int, connectors: Mapping[str, Connector], wake: Callable[[str], object]
    ) -> None:
        """Bind to the address (port 0: any free one); OSError if it is taken.

        `wake` is called with the key of each account to be polled, from the threads that answer.
        """
        self.counts: Counter[int] = Counter()
        self._connectors = connectors
        self._wake = wake
        self._lock = threading.Lock()
        server = _Server((host, port), _handler(self))
        self.port = int(server.server_address[1])
        super().__init__(server, "push")

    def heard(self, path: str, delivery: Delivery) -> Heard:
        """Answer a delivery to a path, count it, and wake whom it is about."""
        found = self._answered(path, delivery)
        with self._lock:
            self.counts[found.status] += 1
        for key in sorted(found.polls & self._connectors.keys()):
            self._wake(key)
        return found

    def _answered(self, path: str, delivery: Delivery) -> Heard:
        """Let each account of the platform hear it, since each may belong to an app of its own."""
        platform = path.removeprefix(PATH) if path.startswith(PATH) else ""
        listeners = [
            connector
            for connector in self._connectors.values()
            if connector.platform == platform and isinstance(connector, Pushes)
        ]
        if not listeners:
            return Heard(status=_NOT_FOUND)
        answers = [listener.hear(delivery) for listener in listeners]
        return next((answer for answer in answers if answer.status != FORBIDDEN), Heard(status=FORBIDDEN))


class _Server(ThreadingHTTPServer):
    """Answers a bounded number of requests at a time."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._free = threading.BoundedSemaphore(AT_ONCE)
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: socket.socket | tuple[bytes, socket.socket], client_address: Any) -> None:  # noqa: ARG002  the names are the server's
        """A client that broke off is no event, and an error of ours is told without what was sent."""
        log.warning("a request was not answered", why=type(sys.exc_info()[1]).__name__)


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        server_version = "citymod"
        sys_version = ""
        timeout = PATIENCE

        def _serve(self) -> None:
            split = urlsplit(self.path)
            length = self.headers.get("content-length") or "0"
            if not length.isascii() or not length.isdigit():
                self._say(Heard(status=_BAD_REQUEST))
            elif int(length) > MOST:
                self._say(Heard(status=_TOO_LARGE))
            else:
                delivery = Delivery(
                    method=self.command,
                    query=dict(parse_qsl(split.query, keep_blank_values=True)),
                    headers={name.lower(): value for name, value in self.headers.items()},
                    body=self.rfile.read(int(length)),
                )
                self._say(receiver.heard(split.path, delivery))

        def _say(self, heard: Heard) -> None:
            self.send_response(heard.status)
            self.send_header("content-type", heard.kind)
            self.send_header("content-length", str(len(heard.body)))
            self.end_headers()
            self.wfile.write(heard.body)

        do_GET = do_POST = _serve  # noqa: N815  names that http.server asks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  queries hold the verify token
            pass

    return Handler
