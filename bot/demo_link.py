"""One link that lets somebody into the demo's console, once; on a port of its own, since the console has no such door.

Browsers keep cookies by host and not by port. So what is given out here is what the console takes for a sign-in.
"""

from __future__ import annotations

import secrets
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from bot.console.door import SIGNED_IN
from connectors.listening import Listener

if TYPE_CHECKING:
    from collections.abc import Callable

USED = "This link has been used. Sign in at {address} with what stands in the terminal."


class DemoLink(Listener):
    """``with DemoLink(…) as link``: `url` takes whoever opens it first to the console, signed in."""

    def __init__(self, address: str, begin: Callable[[], str]) -> None:
        """Take the console's address, and what begins a session and gives its token."""
        self._path = f"/{secrets.token_urlsafe(16)}"
        self._address, self._begin = address, begin
        self._lock = threading.Lock()
        self.used = False
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        super().__init__(server, "demo link")
        self.url = f"http://localhost:{server.server_address[1]}{self._path}"

    def answer(self, path: str) -> tuple[int, dict[str, str], str]:
        """Give status, headers and text for a path: a new session for whoever knows it, the first time alone."""
        with self._lock:
            if self.used or not secrets.compare_digest(path.encode(), self._path.encode()):
                return 410, {}, USED.format(address=self._address)
            self.used = True
        cookie = f"{SIGNED_IN}={self._begin()}; Path=/; HttpOnly; SameSite=Lax"
        return 303, {"Set-Cookie": cookie, "Location": f"{self._address}/queue"}, ""


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, link: DemoLink, *args: Any) -> None:
        self._link = link
        super().__init__(*args)

    def do_GET(self) -> None:
        status, headers, text = self._link.answer(self.path)
        self.send_response(status)
        for name, value in ({"Content-Type": "text/plain", "Content-Length": str(len(text))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's names
        """Say nothing: the terminal shows the demo, and the path is a secret."""
