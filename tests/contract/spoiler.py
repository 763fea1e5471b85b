"""A server between a connector and a stand-in that spoils what the stand-in truly answers, on a real socket."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qs, urlsplit

from connectors.standin.server import Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from connectors.standin.server import StandIn

WHOLE, DRIP, RESET = "whole", "drip", "reset"
DRIP_SECONDS = 0.05


def honest(_: int, response: Response) -> Response:
    """Spoil nothing."""
    return response


@dataclass
class Spoiler:
    """Answers as `standin` does, but for what `spoil` makes of the number-th answer, and for how it is sent."""

    standin: StandIn | None = None
    spoil: Callable[[int, Response], Response] = honest
    manner: str = WHOLE
    answers: list[Response] = field(default_factory=list)
    empty: bool = False  # whether an answer was sent with nothing in it

    def __enter__(self) -> Self:
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def begin(self, standin: StandIn) -> None:
        """Stand before another stand-in, honestly, and count from nothing."""
        standin.base = self.url
        self.standin = standin
        self.honestly()

    def honestly(self) -> None:
        """Spoil nothing from now on, and count from nothing."""
        self.spoil, self.manner, self.answers, self.empty = honest, WHOLE, [], False


def _handler(spoiler: Spoiler) -> type[BaseHTTPRequestHandler]:  # noqa: C901  a class inside is no branching
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            split = urlsplit(self.path)
            assert spoiler.standin
            response = spoiler.standin.handle(
                Request(
                    method=self.command,
                    path=split.path,
                    query=parse_qs(split.query, keep_blank_values=True),
                    headers={name.lower(): value for name, value in self.headers.items()},
                    body=self.rfile.read(int(self.headers.get("content-length") or 0)),
                )
            )
            spoiler.answers.append(response)
            response = spoiler.spoil(len(spoiler.answers) - 1, response)
            spoiler.empty |= not response.body
            self.send_response(response.status)
            for name, value in response.headers.items():
                self.send_header(name, value)
            if response.status != 204:
                self.send_header("content-length", str(len(response.body)))
            self.end_headers()
            try:
                self._send(response.body)
            except OSError:  # the client has had enough, as it should
                self.close_connection = True

        def _send(self, body: bytes) -> None:
            if spoiler.manner == WHOLE:
                self.wfile.write(body)
            elif spoiler.manner == DRIP:
                for at in range(len(body)):
                    self.wfile.write(body[at : at + 1])
                    time.sleep(DRIP_SECONDS)
            else:
                self.wfile.write(body[: len(body) // 2])
                linger = struct.pack("ii", 1, 0)  # closing sends a reset
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.connection.close()
                self.close_connection = True

        do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815  names that http.server asks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

        def finish(self) -> None:
            with contextlib.suppress(OSError, ValueError):  # closed already, on purpose
                super().finish()

    return Handler
