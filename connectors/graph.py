"""Speaks to Meta's Graph API through facebook-sdk, which stopped in 2018: what has changed since is put right here.

Facebook Pages and Instagram share it. facebook-sdk is given a session of ours (its documented `session=`) and its
`version` attribute is set; nothing in it is patched. The token travels in a header, never in an address; every failure
comes out as one of the five errors of `connectors.contract`, decided by Graph's error code rather than by HTTP status,
which varies (error codes: Graph API guides, "Handling Errors" and "Rate Limiting").
"""

from __future__ import annotations

import hashlib
import hmac
import json
import warnings
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import requests

from connectors.contract import ConnectorError, Malformed, Refused, Transient
from connectors.graph_errors import Failure, Kind, figures, throttled
from connectors.meter import Used
from connectors.transport import MASK

with warnings.catch_warnings():
    # facebook-sdk 3.1.0 has an invalid escape sequence, which Python 3.12 and later warn of at first import.
    warnings.simplefilter("ignore", SyntaxWarning)
    warnings.simplefilter("ignore", DeprecationWarning)
    import facebook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from connectors.transport import Exchange, Transport

VERSION = "v26.0"
"""The Graph version we were written against (2026-07-29). An expired one is silently served by the oldest living."""

PRESSED = 95
"""From how many percent of what we may ask reading ends, so that something is left for acting."""

PRESSED_WAIT = timedelta(minutes=15)
"""How long reading then stays away: Graph counts over a sliding hour, so a quarter of it is free again."""

BATCH_MOST = 50
"""How many requests one batch takes ("Batch Requests", Graph API guides)."""

_OK = 200
_SHOWN = 200  # characters of Graph's own error message that are shown
_PLACES = frozenset({"after", "until", "since", "__paging_token"})  # what of a `next` address leads on


@dataclass(frozen=True, slots=True)
class Answer:
    """A JSON answer: decoded, and the bytes it came as, but for our own token."""

    value: Any
    body: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: the bytes it came as, and whether another follows."""

    body: bytes
    more: bool


class Graph:
    """One token's way to the Graph API. Every method may raise the five errors and `Missing`, and nothing else."""

    def __init__(
        self, transport: Transport, token: str, *, app_secret: str | None = None, version: str = VERSION
    ) -> None:
        """Take the token, which is not empty, and the app's secret, where each call is to be proved (appsecret_proof).

        Both are made known to the transport, so that it masks them in whatever is shown.
        """
        self.version = version
        self.served: str | None = None
        self._transport = transport
        transport.secrets = (*transport.secrets, token, *([app_secret] if app_secret else []))
        self._sdk: Any = facebook.GraphAPI(token, session=_Session(transport.session(), app_secret))
        self._sdk.version = version  # the constructor takes no version above 3.1
        self._heard: Exchange | None = None  # the transport's last answer may be to another token

    def get(self, node: str, *, now: datetime, **params: str) -> Answer:
        """Read one object."""
        return self._read(
            lambda: self._sdk.get_object(quote(node, safe="", errors="replace"), **params), Kind.READ, now
        )

    def pages(self, node: str, edge: str, *, now: datetime, **params: str) -> Iterator[Page]:
        """Read the list `edge` of an object page by page, until Graph names no next one; a page may well be empty.

        Feeds page by time and comments by cursor, so the place is taken from `next`, and from it nothing else: it
        carries the token. A cursor lives only as long as its item; when it is dead, this raises LostPlace.
        """
        kind = Kind.READ
        place: dict[str, str] = {}
        been: list[dict[str, str]] = []
        while True:
            answer = self._list(node, edge, params | place, kind, now)
            been.append(place)
            place = _next_place(answer)
            yield Page(answer.body, more=bool(place))
            if not place:
                return
            if place in been:
                message = f"the list {edge} of {node} leads back to a page already read"
                raise Malformed(message, payload=answer.body)
            kind = Kind.FURTHER_PAGE

    def write(self, node: str, *, now: datetime, **params: bool) -> None:
        """Change an object; done when this returns. Raises Refused where Graph answers that it did not succeed."""
        path = f"{self.version}/{quote(node, safe='', errors='replace')}"
        self._write(lambda: self._sdk.request(path, post_args=dict(params), method="POST"), now)

    def delete(self, node: str, *, now: datetime) -> None:
        """Delete an object; done when this returns. Raises Refused where Graph answers that it did not succeed."""
        self._write(lambda: self._sdk.delete_object(quote(node, safe="", errors="replace")), now)

    def inspect(self, app_id: str, app_secret: str, *, now: datetime) -> Mapping[str, Any]:
        """What Graph says of our own token (`debug_token`): scopes, expiry.

        Asked as a batch of one, because a batch carries the address of its parts, and so the token, in its body.
        """
        asked = (
            f"debug_token?input_token={quote(self._sdk.access_token)}&access_token={quote(f'{app_id}|{app_secret}')}"
        )
        [found] = self._batch([asked], now)
        if isinstance(found, ConnectorError):
            raise found
        if not isinstance(found.value.get("data"), dict):
            message = "the answer about the token has no data"
            raise Malformed(message, payload=found.body)
        return dict(found.value["data"])

    def many(self, nodes: Sequence[str], *, now: datetime, fields: str) -> Mapping[str, Answer | ConnectorError]:
        """Read up to `BATCH_MOST` objects in one request, each counted by Graph as a call of its own.

        One that cannot be read comes with its error and does not stop the others; one that Graph had no time for
        (a null in its place) comes as Transient.
        """
        asked = [f"{quote(node, safe='')}?{urlencode({'fields': fields})}" for node in nodes]
        return dict(zip(nodes, self._batch(asked, now), strict=True))

    def send(self, node: str, edge: str, *, now: datetime, **params: str) -> Answer:
        """Make something new below an object. Not idempotent. Raises Refused where Graph will not make it."""
        path = f"{self.version}/{quote(node, safe='')}/{edge}"
        answer = self._call(lambda: self._sdk.request(path, post_args=dict(params), method="POST"), Kind.WRITE, now)
        if not isinstance(answer.value, dict):
            message = "the answer does not say what was made"
            raise Malformed(message, payload=answer.body)
        return answer

    def relent(self, *, now: datetime) -> None:
        """Raise RateLimited where the last answer says that nearly all we may ask is used; for readers only."""
        used = self.usage()
        if used >= PRESSED:
            message = f"{used} % of the calls we may make are used; the rest is for acting"
            raise throttled(message, self._heard.headers if self._heard else {}, now, PRESSED_WAIT)

    def usage(self) -> int:
        """How much of what we may ask is used, in percent, as far as the last answer says; 0 if it does not."""
        last = self._heard
        names = ("call_count", "total_time", "total_cputime")
        return int(max(figures(last.headers, *names), default=0)) if last else 0

    def _batch(self, asked: Sequence[str], now: datetime) -> list[Answer | ConnectorError]:
        """Read several addresses in one request, and give their answers in order."""
        batch = json.dumps([{"method": "GET", "relative_url": f"{self.version}/{one}"} for one in asked])
        answer = self._call(
            lambda: self._sdk.request("", post_args={"batch": batch, "include_headers": False}, method="POST"),
            Kind.READ,
            now,
        )
        if not isinstance(answer.value, list) or len(answer.value) != len(asked):
            message = "the answer to a batch is not a list of as many answers"
            raise Malformed(message, payload=answer.body)
        return [self._unpacked(one, answer.body, now) for one in answer.value]

    def _unpacked(self, one: object, whole: bytes, now: datetime) -> Answer | ConnectorError:
        """One answer out of a batch: an object, as JSON within a JSON text. Its own bytes are those of the text."""
        if one is None:
            return Transient("Facebook had no time for one of several requests")
        text = one.get("body") if isinstance(one, dict) else None
        body = self._clean(str(text).encode("utf-8", "surrogatepass"))
        try:
            value = json.loads(body) if isinstance(text, str) else None
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            return Malformed("an answer within a batch is not an object", payload=whole)
        error = value.get("error")
        return self._classified(error, Kind.READ, now) if isinstance(error, dict) else Answer(value, body)

    def _list(self, node: str, edge: str, params: Mapping[str, str], kind: Kind, now: datetime) -> Answer:
        answer = self._read(
            lambda: self._sdk.get_connections(quote(node, safe="", errors="replace"), edge, **params), kind, now
        )
        if not isinstance(answer.value.get("data"), list):
            message = f"the list {edge} of {node} came without its items"
            raise Malformed(message, payload=answer.body)
        return answer

    def _read(self, ask: Callable[[], object], kind: Kind, now: datetime) -> Answer:
        answer = self._call(ask, kind, now)
        if not isinstance(answer.value, dict):
            message = "the answer is not an object"
            raise Malformed(message, payload=answer.body)
        return answer

    def _write(self, ask: Callable[[], object], now: datetime) -> None:
        answer = self._call(ask, Kind.WRITE, now)
        success = answer.value.get("success") if isinstance(answer.value, dict) else answer.value
        if success is False:
            message = "Facebook answered that it did not do it"
            raise Refused(message)
        if success is not True:
            message = "the answer does not say whether it was done"
            raise Malformed(message, payload=answer.body)

    def _call(self, ask: Callable[[], object], kind: Kind, now: datetime) -> Answer:
        """Ask through the SDK and sort what comes: an Answer for a 200 in JSON, else one of the five errors."""
        try:
            value = ask()
        except facebook.GraphAPIError as error:
            raise self._failed(error.result, kind, now) from None
        except (requests.exceptions.JSONDecodeError, RecursionError):
            raise self._failed(None, kind, now) from None
        except UnicodeError:
            message = "an identifier or a place in a list that Facebook gave cannot be asked for: it is no proper text"
            given = self._transport.last
            raise Malformed(message, payload=self._clean(given.body) if given else b"") from None
        except requests.RequestException as error:
            # Its text holds the address that was asked; its name says enough.
            message = f"no answer from Facebook: {type(error).__name__}"
            raise Transient(message) from None
        except ValueError:  # JSON, with a number of more digits than Python reads
            raise self._failed(None, kind, now) from None
        last = self._last()
        self._transport.meter.used = Used(self.usage() / 100, "of an hour's calls")
        if last.status != _OK or "json" not in last.headers.get("content-type", ""):
            raise self._failed(value, kind, now)
        return Answer(value, self._clean(last.body))

    def _last(self) -> Exchange:
        last = self._transport.last
        if last is None:
            message = "an answer came that did not pass the transport; give facebook-sdk no session of its own"
            raise RuntimeError(message)
        self.served = last.headers.get("facebook-api-version", self.served)
        self._heard = last
        return last

    def _clean(self, body: bytes) -> bytes:
        """An answer without our token, which Graph repeats in the address of the next page; it may be kept for ever."""
        return body.replace(self._sdk.access_token.encode(), MASK.encode())

    def _failed(self, result: object, kind: Kind, now: datetime) -> ConnectorError:
        """Turn an answer that is none into an error: by Graph's own error, else by HTTP status."""
        error = result.get("error") if isinstance(result, dict) else None
        if isinstance(error, dict):
            return self._classified(error, kind, now)
        return self._failure().unnamed(now)

    def _classified(self, error: Mapping[str, Any], kind: Kind, now: datetime) -> ConnectorError:
        return self._failure().named(error, self._worded(error), kind, now)

    def _failure(self) -> Failure:
        last = self._last()
        return Failure(last.status, last.headers, self._clean(last.body))

    def _worded(self, error: Mapping[str, Any]) -> str:
        """Graph's error in one line that may be shown: some of its messages repeat the token they complain of."""
        codes = "/".join(str(error[name]) for name in ("code", "error_subcode") if name in error)
        trace = f" (fbtrace_id {error['fbtrace_id']})" if error.get("fbtrace_id") else ""
        return self._transport.mask(f"Facebook error {codes}: {str(error.get('message'))[:_SHOWN]}{trace}")


class _Session:
    """Behaves towards facebook-sdk as a requests session does, and puts each request into today's form."""

    def __init__(self, session: requests.Session, app_secret: str | None) -> None:
        self._session = session
        self._app_secret = app_secret

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> requests.Response:
        """Send; the SDK's time-out, proxies and files are not used: the transport has its own limits."""
        query, form = _spelled(params), _spelled(data)
        holder = form if "access_token" in form else query
        token = holder.pop("access_token")
        if self._app_secret:
            holder["appsecret_proof"] = proof(token, self._app_secret)
        response = self._session.request(
            method,
            url,
            params=query,
            data=form or None,
            headers={"authorization": f"Bearer {token}"},
            allow_redirects=False,
        )
        response.headers.setdefault("content-type", "text/plain")  # the SDK takes it to be there
        return response


def proof(token: str, app_secret: str) -> str:
    """The appsecret_proof of a token: its HMAC-SHA256 under the app's secret, in hex ("Secure Graph API Calls")."""
    return hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()


def _spelled(params: Mapping[str, Any] | None) -> dict[str, str]:
    """Write parameters as Graph reads them: the SDK would send Python's True."""
    return {
        name: ("true" if value else "false") if isinstance(value, bool) else str(value)
        for name, value in (params or {}).items()
    }


def _next_place(answer: Answer) -> dict[str, str]:
    """Where the next page begins; nothing after the last page, which has cursors too, but no `next`."""
    paging = answer.value.get("paging")
    following = paging.get("next") if isinstance(paging, dict) else None
    if not following:
        return {}
    place = {name: value for name, value in parse_qsl(urlsplit(str(following)).query) if name in _PLACES}
    if not place:
        message = "a list goes on, but does not say where"
        raise Malformed(message, payload=answer.body)
    return place
