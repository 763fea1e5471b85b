"""A server that does exactly what a test's script says, for answers no stand-in would give."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Script = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Does whatever the server's script says; remembers what was asked and over how many connections."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Any

    def setup(self) -> None:
        self.server.connections += 1
        super().setup()

    def do_GET(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        self.server.asked.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
        self.server.script(self)

    do_POST = do_PUT = do_GET  # noqa: N815  names that http.server asks for

    def reply(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.begin(len(body), status, **headers)
        self.wfile.write(body)

    def begin(self, length: int, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("content-length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def trickle(self, body: bytes, pause: float) -> None:
        for byte in body:
            try:
                self.wfile.write(bytes([byte]))
            except OSError:
                return
            time.sleep(pause)

    def log_message(self, *_: object) -> None:
        pass


class Scripted(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script = script
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.connections = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def serving(script: Script) -> Iterator[Scripted]:
    with Scripted(script) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
