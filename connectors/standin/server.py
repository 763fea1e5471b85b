"""A real HTTP server on loopback that shows the world as one platform would, and keeps a log of every exchange."""

from __future__ import annotations

import json
import threading
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar, Protocol
from urllib.parse import parse_qs, urlsplit

from connectors.listening import Listener
from connectors.standin import faults

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from connectors.standin.world import World, WorldAccount, WorldComment, WorldPost

HTML = "text/html; charset=utf-8"
PAGE = "page"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client sent. Header names are in lower case; `path` is decoded no further than the server got it."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    def one(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        return self.query.get(name, [default])[0]

    @classmethod
    def of(cls, method: str, address: str, headers: Mapping[str, str], body: bytes) -> Request:
        """What a client sent to an address, whole or without its host."""
        split = urlsplit(address)
        return cls(
            method=method,
            path=split.path,
            query=parse_qs(split.query, keep_blank_values=True),
            headers={name.lower(): value for name, value in headers.items()},
            body=body,
        )

    @property
    def form(self) -> dict[str, list[str]]:
        """The body as a form."""
        return parse_qs(self.body.decode("utf-8", "replace"), keep_blank_values=True)

    @property
    def json(self) -> Any:
        """The body as JSON, None if it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What the stand-in answers. `pieces`, if any, take the place of the body and are sent one by one as they come."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    pieces: Iterable[bytes] | None = field(default=None, compare=False)

    @classmethod
    def of(cls, payload: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        """Answer with JSON, in the escaped spelling most platforms send."""
        kind = {"content-type": "application/json; charset=utf-8"}
        return cls(status=status, body=json.dumps(payload).encode(), headers={**kind, **(headers or {})})

    @classmethod
    def page(cls, html: str, *, status: int = 200) -> Response:
        """Answer with a web page."""
        return cls(status=status, body=html.encode(), headers={"content-type": HTML})


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One line of the log. `verb` is the stand-in's word for the kind of request; `fault` names what was done to it."""

    at: datetime
    verb: str
    request: Request
    response: Response
    fault: str | None = None


class StandIn(Protocol):
    """One platform's API and public pages over the shared world.

    The class in each platform folder's standin.py is called `StandIn`, takes the world, and registers itself there as
    the platform's minter. `base` is set by the server before the first request. It may also have `own_faults` (names of
    faults beside those of `faults.NAMES`), `pitfalls` (a faults.Pitfalls), `switch` (which pitfalls are on, by which
    seed) and `ledger` (what was asked and spent, by name).
    """

    platform: ClassVar[str]
    world: World
    base: str

    def handle(self, request: Request) -> Response:
        """Answer as the platform would."""

    def verb(self, request: Request) -> str:
        """Name the kind of request: ``list``, ``look``, ``hide``, ``unhide``, ``delete``, ``page`` or another word."""

    def fault(self, name: str, request: Request) -> Response:
        """Answer as the platform does when that goes wrong."""

    def credentials(self, account: WorldAccount) -> dict[str, str]:
        """What the platform's connector needs to work this account."""

    def post_url(self, post: WorldPost) -> str:
        """The public address of a post."""

    def comment_url(self, comment: WorldComment) -> str:
        """The public address of a comment."""


class Desk:
    """Answers for one stand-in, faults included, and keeps the log; `url` is where it is to be found."""

    def __init__(self, standin: StandIn, url: str) -> None:
        """Nothing goes wrong yet, and nothing was asked."""
        self.standin = standin
        self.faults = faults.Faults(names=(*faults.NAMES, *getattr(standin, "own_faults", ())))
        self.log: list[Exchange] = []
        self._log_lock = threading.Lock()
        self.url = url
        standin.base = url

    def ledger(self) -> dict[str, Any]:
        """What was asked of the stand-in: requests by kind, faults and pitfalls met, and what the platform counts."""
        with self._log_lock:
            lines = list(self.log)
        pitfalls = getattr(self.standin, "pitfalls", None)
        own = getattr(self.standin, "ledger", None)
        return {
            "requests": dict(Counter(line.verb for line in lines)),
            "faults": dict(Counter(line.fault for line in lines if line.fault)),
            "pitfalls": dict(pitfalls.met) if pitfalls else {},
            **(own() if callable(own) else {}),
        }

    def answer(self, request: Request) -> Response | None:
        """Answer a request, faults included, and log the exchange. None: the connection breaks without an answer."""
        verb = self.standin.verb(request)
        fault = None if verb == PAGE else self.faults.take(verb)
        if fault == faults.SERVER_ERROR_HTML:
            response = Response.page("<html><body><h1>500 Internal Server Error</h1></body></html>", status=500)
        elif fault in (None, faults.ANSWER_LOST):
            response = self.standin.handle(request)
        elif fault == faults.GARBLED:
            response = Response(status=200, body=b'{"data": [{"id": "1', headers={"content-type": "application/json"})
        elif fault == faults.CONNECTION_RESET:
            response = Response(status=0)
        else:
            response = self.standin.fault(fault or "", request)
        line = Exchange(at=self.standin.world.clock(), verb=verb, request=request, response=response, fault=fault)
        with self._log_lock:
            self.log.append(line)
        return None if fault in (faults.ANSWER_LOST, faults.CONNECTION_RESET) else response


class Server(Desk, Listener):
    """Runs one stand-in on loopback: ``with Server(standin) as server: server.url``."""

    def __init__(self, standin: StandIn, port: int = 0) -> None:
        """Bind to the port (0: any free one). OSError if it is taken."""
        server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        server.daemon_threads = True
        Desk.__init__(self, standin, f"http://127.0.0.1:{server.server_address[1]}")
        Listener.__init__(self, server, f"standin-{standin.platform}", notices_after=0.02)


def _handler(server: Desk) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # head and body go out apart; waiting for the first's receipt costs 40 ms

        def _serve(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(length)
            if len(body) < length:  # the client died in the middle, and nobody acts on half a request
                self.close_connection = True
                return
            response = server.answer(Request.of(self.command, self.path, dict(self.headers), body))
            if response is None:
                self.close_connection = True
                return
            self.send_response(response.status)
            for name, value in response.headers.items():
                self.send_header(name, value)
            if response.pieces is not None:
                _send_pieces(self, response.pieces)
                return
            if response.status != 204:  # noqa: PLR2004  "No Content" has no body and no length
                self.send_header("content-length", str(len(response.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(response.body)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _serve  # noqa: N815  names that http.server asks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the exchange log takes its place
            pass

    return Handler


def _send_pieces(handler: BaseHTTPRequestHandler, pieces: Iterable[bytes]) -> None:
    """Send in chunks until there are no more or the client has left."""
    handler.send_header("transfer-encoding", "chunked")
    handler.end_headers()
    handler.close_connection = True
    try:
        for piece in pieces:
            handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        handler.wfile.write(b"0\r\n\r\n")
    except OSError:
        return
