"""Takes requests to stand-ins without a network: what a client sends is handed over within the process."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from connectors.standin.server import Request

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connectors.standin.server import Desk


class Noticed(Protocol):
    """Who is told that a request is about to arrive, and again that it was answered."""

    def __call__(self, desk: Desk, *, answered: bool) -> None:
        """Take note."""


class Wire(HTTPAdapter):
    """Reaches every desk by its address."""

    def __init__(self, desks: Iterable[Desk], noticed: Noticed) -> None:
        """What `noticed` raises, whoever asked meets."""
        super().__init__(max_retries=0)
        self._desks = {desk.url: desk for desk in desks}
        self._noticed = noticed

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Ask the stand-in. Raises requests.ConnectionError where none is, or where it breaks the connection."""
        split = urlsplit(request.url or "")
        desk = self._desks.get(f"{split.scheme}://{split.netloc}")
        if desk is None:
            message = f"nobody is at {split.netloc}"
            raise requests.ConnectionError(message)
        body = request.body or b""
        sent = Request.of(
            request.method or "GET",
            request.url or "",
            dict(request.headers),
            body.encode() if isinstance(body, str) else bytes(body),
        )
        self._noticed(desk, answered=False)
        answer = desk.answer(sent)
        self._noticed(desk, answered=True)
        if answer is None:
            message = "the connection was broken off"
            raise requests.ConnectionError(message)
        content = answer.body if answer.pieces is None else b"".join(answer.pieces)
        raw = HTTPResponse(
            body=io.BytesIO(b"" if sent.method == "HEAD" else content),
            headers=dict(answer.headers),
            status=answer.status,
            preload_content=False,
        )
        return self.build_response(request, raw)
