"""The one place through which every request to a platform goes: where it goes, how long, how much, and what is masked.

The platforms' SDKs bring no time-outs, put tokens into addresses and have their hosts built in. All of them can be
given a `requests` session (or, for Google's, something that behaves like an httplib2 one), so that is where this
module sits. It never retries and never sleeps.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus, urlsplit, urlunsplit

import httplib2
import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from connectors.meter import Dated, Meter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MASK = "[masked]"
Wire = HTTPAdapter
"""What carries a request and gives the answer; the library's own goes over the network."""
_CHUNK = 64 * 1024


class TooMuch(requests.RequestException):
    """The answer was larger or slower than we are willing to take."""


class TooLarge(TooMuch):
    """The answer was larger, and will be the next time."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """The last answer as it came: status, headers (lower-case names) and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Transport:
    """How one account reaches its platform.

    `api` and `web` replace the platform's own API and web addresses (a stand-in, a proxy); None keeps them.
    `wire` takes requests there another way than over the network.
    `connect`, `read` (between two pieces) and `total` (until the body has ended) are seconds; `most` is bytes, counted
    after decompression. `secrets` are never shown by `mask`. `meter` counts requests and what else they cost.
    """

    api: str | None = None
    web: str | None = None
    connect: float = 5
    read: float = 20
    total: float = 60
    most: int = 8 * 1024 * 1024
    secrets: tuple[str, ...] = field(default=(), repr=False)
    last: Exchange | None = field(default=None, repr=False)
    meter: Meter = field(default_factory=Meter, repr=False)
    wire: HTTPAdapter | None = field(default=None, repr=False)

    def session(self) -> requests.Session:
        """A session for tweepy and facebook-sdk: bounded in time and size, sent to `api` where one is set."""
        session = requests.Session()
        session.trust_env = False
        for scheme in ("https://", "http://"):
            session.mount(scheme, _Bounded(self))
        return session

    def google(self) -> _Httplib2Like:
        """The same for google-api-python-client, which speaks httplib2."""
        return _Httplib2Like(self.session())

    @contextmanager
    def endless(self, url: str, headers: Mapping[str, str], *, silence: float) -> Iterator[requests.Response]:
        """An answer that goes on for ever: bounded by the silence (s) between two pieces, not as a whole.

        To be read piece by piece with `pieces`.
        """
        with requests.Session() as session:
            session.trust_env = False
            to = _rebase(url, self.api) if self.api else url
            self.meter.add(calls=1)
            with session.get(
                to, headers=dict(headers), stream=True, timeout=(self.connect, silence), allow_redirects=False
            ) as response:
                yield response

    def mask(self, text: str) -> str:
        """Take every secret out of a text that may be shown or logged, also where it stands in an address."""
        spelt = {form for secret in self.secrets for form in (secret, quote(secret, safe=""), quote_plus(secret))}
        for form in sorted(spelt - {""}, key=len, reverse=True):
            text = text.replace(form, MASK)
        return text


class _Bounded(HTTPAdapter):
    """Sends a request within the limits of its transport and reads the whole answer before giving it on."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        super().__init__(max_retries=0)

    def send(self, request: requests.PreparedRequest, *_: Any, **kwargs: Any) -> requests.Response:
        limits = self._transport
        limits.last = None
        limits.meter.add(calls=1)
        asked = time.monotonic()
        deadline = asked + limits.total
        if limits.api:
            request.url = _rebase(request.url or "", limits.api)
        carry = limits.wire.send if limits.wire else super().send
        response = carry(
            request,
            stream=True,
            timeout=(limits.connect, limits.read),
            verify=kwargs.get("verify", True),
            cert=kwargs.get("cert"),
            proxies=None,
        )
        if dated := _dated(response.headers, asked):
            limits.meter.dated = dated
        body = _read(response, deadline, limits)
        response._content = body  # noqa: SLF001  requests offers no other way to hand over a body read elsewhere
        response._content_consumed = True  # type: ignore[attr-defined]  # noqa: SLF001
        headers = {name.lower(): value for name, value in response.headers.items()}
        limits.last = Exchange(response.status_code, headers, body)
        return response


def _dated(headers: Mapping[str, str], asked: float) -> Dated | None:
    """What time it is at the server; None where it does not say, or where a cache in between answered."""
    if "Age" in headers:
        return None
    try:
        date = parsedate_to_datetime(headers.get("Date", ""))
    except ValueError:
        return None
    return Dated(date, asked, time.monotonic()) if date.tzinfo else None


def _read(response: requests.Response, deadline: float, limits: Transport) -> bytes:
    """Read to the end, or raise TooMuch: a socket's own time-out does not bound an answer that trickles."""
    parts: list[bytes] = []
    size = 0
    try:
        while chunk := _piece(response):
            parts.append(chunk)
            size += len(chunk)
            if size > limits.most:
                message = f"the answer is larger than {limits.most} bytes"
                raise TooLarge(message)
            if time.monotonic() > deadline:
                message = f"the answer took longer than {limits.total:g} s"
                raise TooMuch(message)
    finally:
        response.close()
    return b"".join(parts)


def pieces(response: requests.Response) -> Iterator[bytes]:
    """What comes of an endless answer, as it comes. Raises requests.RequestException where it breaks off."""
    while piece := _piece(response):
        yield piece


def _piece(response: requests.Response) -> bytes:
    """What has come by now; nothing at the end."""
    try:
        piece: bytes = response.raw.read1(_CHUNK, decode_content=True)
    except (HTTPError, OSError) as error:
        message = f"the answer broke off: {type(error).__name__}"
        raise requests.ConnectionError(message) from error
    return piece


def _rebase(url: str, base: str) -> str:
    """Send `url` to the host of `base`, keeping its path and query."""
    asked, to = urlsplit(url), urlsplit(base)
    return urlunsplit((to.scheme, to.netloc, to.path.rstrip("/") + asked.path, asked.query, ""))


class _Httplib2Like:
    """Behaves towards google-api-python-client and google-auth as an httplib2.Http does."""

    redirect_codes: Iterable[int] = ()
    timeout = None

    def __init__(self, session: requests.Session) -> None:
        self._session = session

    def request(  # noqa: PLR0913  the signature is httplib2's
        self,
        uri: str,
        method: str = "GET",
        body: str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        redirections: int = 0,  # noqa: ARG002
        connection_type: object = None,  # noqa: ARG002
    ) -> tuple[httplib2.Response, bytes]:
        answer = self._session.request(method, uri, data=body, headers=dict(headers or {}), allow_redirects=False)
        info = {name.lower(): value for name, value in answer.headers.items()}
        info["status"] = str(answer.status_code)
        response = httplib2.Response(info)
        response.reason = answer.reason or ""
        return response, answer.content

    def close(self) -> None:
        self._session.close()
