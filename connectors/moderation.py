"""Asks the City's own model server what it makes of comments; the server speaks the OpenAI moderation format.

That format is ``POST …/v1/moderations`` with ``{"model": …, "input": [texts]}``, answered by ``{"model": …, "results":
[{"category_scores": {category: 0 to 1}, …}]}``, a result for each text in the same order (OpenAI API reference, Create
moderation). Only the scores are read: where a score becomes a question for a person is said by the City's rules, not by
a server's `flagged`.

Comments go to the server that the settings name and nowhere else: no proxy, and no redirect is followed. Nothing is
retried here, and nothing comes out but errors of `connectors.contract`, in which no comment is quoted.
"""

from __future__ import annotations

import json
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import requests

from connectors.contract import Malformed, Refused, Transient, Unauthorised

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from connectors.transport import Transport

TEXTS_A_CALL = 50
PATH = "/v1/moderations"
_SOMEWHERE = "https://model-server.invalid"  # the transport puts the server's address in its place
_OK = 200
_NOT_LET_IN = frozenset({401, 403})
_TRY_LATER = frozenset({408, 425, 429})
_SERVER_ERROR = 500


class Scores(NamedTuple):
    """What the server made of one text: category to a number from 0 to 1. `version` is the model it says it used."""

    version: str
    categories: Mapping[str, float]


class ModerationServer:
    """The City's own model server. Used by one thread."""

    def __init__(
        self, transport: Transport, *, model: str, token: str | None = None, categories: Sequence[str] = ()
    ) -> None:
        """Take the way to the server, and which model to ask for.

        `transport.api` is the server's address; without one nothing is ever sent to anybody. `categories` are those
        that every answer must have. The token, if there is one, travels in a header and is made known to the transport,
        so that it masks it in whatever is shown.
        """
        self.model = model
        self._categories = tuple(categories)
        self._session = transport.session()
        if token:
            transport.secrets = (*transport.secrets, token)
            self._session.headers["Authorization"] = f"Bearer {token}"

    def scores(self, texts: Sequence[str]) -> Iterator[Scores]:
        """Give what the server makes of each text, in order, in few calls; may raise between two of them.

        Raises Transient where it may work later, Unauthorised where the token does not work, Refused where the server
        will not, and Malformed where the answer is not in the format, lacks a category or has a score beyond 0 to 1.
        """
        for at in range(0, len(texts), TEXTS_A_CALL):
            yield from self._asked(texts[at : at + TEXTS_A_CALL])

    def _asked(self, texts: Sequence[str]) -> list[Scores]:
        sent = {"model": self.model, "input": [_sendable(text) for text in texts]}
        try:
            answer = self._session.post(_SOMEWHERE + PATH, json=sent, allow_redirects=False)
        except requests.RequestException as error:
            message = f"no answer from the model server: {type(error).__name__}"
            raise Transient(message) from None
        if answer.status_code != _OK:
            raise _failed(answer.status_code)
        try:
            found = json.loads(answer.content)
        except (ValueError, RecursionError):
            message = "the model server's answer is not JSON"
            raise Malformed(message, payload=answer.content) from None
        try:
            return self._read(found, len(texts))
        except _Unreadable as error:
            message = f"the model server's answer is not in the moderation format: {error}"
            raise Malformed(message, payload=answer.content) from None

    def _read(self, found: Any, count: int) -> list[Scores]:
        results = found.get("results") if isinstance(found, dict) else None
        if not isinstance(results, list) or len(results) != count:
            got = len(results) if isinstance(results, list) else "no"
            message = f"{got} results for {count} texts"
            raise _Unreadable(message)
        version = found.get("model")
        if not isinstance(version, str):
            message = "it does not name its model"
            raise _Unreadable(message)
        return [Scores(version, self._categories_of(result)) for result in results]

    def _categories_of(self, result: Any) -> Mapping[str, float]:
        found = result.get("category_scores") if isinstance(result, dict) else None
        if not isinstance(found, dict):
            message = "a result without category_scores"
            raise _Unreadable(message)
        for category in self._categories:
            if category not in found:
                message = f"the category {category!r} is missing"
                raise _Unreadable(message)
        return {category: _score(category, found[category]) for category in self._categories or found}


class _Unreadable(Exception):
    """The answer is JSON and not what the format says."""


def is_own(address: str) -> bool:
    """Tell whether comments may be sent to an address: encrypted, or to this very machine; no secret stands in it."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
        _ = parts.port  # raises for one that is none
    except ValueError:
        return False
    if not host or parts.username is not None or parts.query or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _failed(status: int) -> Transient | Unauthorised | Refused:
    message = f"the model server answered with HTTP {status}"
    if status in _NOT_LET_IN:
        return Unauthorised(message)
    return Transient(message) if status >= _SERVER_ERROR or status in _TRY_LATER else Refused(message)


def _score(category: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:  # nor NaN
        message = f"the score of {str(category)[:40]!r} is not a number from 0 to 1"
        raise _Unreadable(message)
    return float(value)


def _sendable(text: str) -> str:
    """Put a question mark for half a character, which no UTF-8 can carry."""
    return text.encode("utf-8", "replace").decode("utf-8")
