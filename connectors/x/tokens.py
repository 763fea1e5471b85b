"""OAuth 2.0 tokens of one account: an access token for two hours, and a refresh token that may be used once.

X gives a new pair for each refresh token and, if one is used a second time, takes back everything that came of it.
So only one process may renew, it writes down that it is about to before it asks, and what it is given is safe on disk
before anybody uses it. If the answer is lost on the way, nobody can know whether the token was used: a person signs in
again. (docs.x.com, fundamentals/authentication/oauth-2-0, as of 22 August 2026; that reuse ends the family is told by
others, see README, Unsure.)
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import requests
from urllib3.exceptions import NewConnectionError

from connectors.contract import RateLimited, Transient, Unauthorised
from connectors.x import problems

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connectors.transport import Exchange, Transport

ADDRESS = "https://api.x.com/2/oauth2/token"
EARLY = timedelta(minutes=10)
"""A token is renewed so long before its end: clocks disagree."""
WHAT_TO_DO = "a person has to sign in again: connectors/x/README.md, Credentials, OAuth 2.0"
LOST = f"the answer to a renewal of the tokens was lost, and X takes no token twice; {WHAT_TO_DO}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What is kept on disk. `spent`: the refresh token was or is being used, and must never be used again."""

    access: str = ""
    refresh: str
    ends: datetime | None = None
    spent: bool = False

    def good(self, now: datetime) -> bool:
        """Whether the access token can be used for some minutes more."""
        return bool(self.access) and self.ends is not None and now < self.ends - EARLY


class Tokens:
    """The tokens of one account in one file (mode 600), shared by every process that works the account."""

    def __init__(self, path: Path, transport: Transport, *, client: str, secret: str | None, first: str | None) -> None:
        """`client` and, for a confidential client, `secret` are the app's; `first` is what a person signed in for.

        `first` counts if there is no file yet, or if it is another one than the file began with: then a person has
        signed in again.
        """
        self._path = path
        self._transport = transport
        self._client = client
        self._secret = secret
        self._first = first
        self._pair: Pair | None = None
        self._secrets = transport.secrets

    def access(self, now: datetime) -> str:
        """A token that is good for some minutes more. Raises Transient, RateLimited, Unauthorised."""
        pair = self._pair
        if pair is None or not pair.good(now):
            pair = self._kept()
        if not pair.good(now):
            with self._alone() as free:
                pair = self._kept()
                if not pair.good(now):
                    if not free:
                        message = "another process is renewing the tokens of this account"
                        raise Transient(message)
                    pair = self._renewed(pair, now)
        self._hide(pair)
        self._pair = pair
        return pair.access

    def _renewed(self, pair: Pair, now: datetime) -> Pair:
        """A new pair from X, on disk already."""
        if pair.spent:
            raise Unauthorised(LOST)
        self._hide(pair)
        self._keep(replace(pair, spent=True))
        answer = self._asked(pair)
        if answer.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
            self._keep(pair)  # X says that it did nothing
            if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
                message = "X renews no tokens for now"
                raise RateLimited(message, until=problems.until(answer.headers, now))
            message = "X renews no tokens for now: it is not available"
            raise Transient(message)
        if answer.status != HTTPStatus.OK:
            words = self._transport.mask(_words(answer.body))
            message = f"X would not renew the tokens (answer {answer.status}{words}); {WHAT_TO_DO}"
            raise Unauthorised(message)
        new = _granted(answer.body, now)
        self._hide(new)
        self._keep(new)
        return new

    def _asked(self, pair: Pair) -> Exchange:
        """What X answers to the one use of a refresh token."""
        form = {"grant_type": "refresh_token", "refresh_token": pair.refresh, "client_id": self._client}
        basic = (self._client, self._secret) if self._secret else None
        with self._transport.session() as session:
            try:
                session.post(ADDRESS, data=form, auth=basic, allow_redirects=False)
            except requests.RequestException as error:
                if _never_left(error):
                    self._keep(pair)
                    message = self._transport.mask(f"X could not be reached: {error}")
                    raise Transient(message) from error
                raise Unauthorised(LOST) from error
        answer = self._transport.last
        if answer is None:
            raise Unauthorised(LOST)
        return answer

    def _kept(self) -> Pair:
        """The pair on disk, or the first one. Raises Unauthorised if neither can be read."""
        try:
            if stat.S_IMODE(self._path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
                message = f"{self._path} may be read by others than its owner; run: chmod 600 {self._path}"
                raise Unauthorised(message)
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            pair, began = _pair(kept["pair"]), str(kept["first"])
        except FileNotFoundError:
            pair, began = None, ""
        except (OSError, KeyError, TypeError, ValueError) as error:
            message = f"the kept tokens in {self._path} cannot be read ({type(error).__name__}); {WHAT_TO_DO}"
            raise Unauthorised(message) from error
        if self._first and self._first != began:
            return Pair(refresh=self._first)
        if pair is None:
            message = f"there are no tokens in {self._path} yet; {WHAT_TO_DO}"
            raise Unauthorised(message)
        return pair

    def _keep(self, pair: Pair) -> None:
        """Write, so that after any crash there is the old file or the new one, whole, and only the owner reads it."""
        beside = self._path.with_name(f"{self._path.name}.new")
        whole = {"first": self._first or self._began(), "pair": asdict(pair)}
        try:
            beside.unlink(missing_ok=True)
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                json.dump(whole, file, default=datetime.isoformat)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path)
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            message = f"the tokens cannot be kept in {self._path} ({error.strerror}); see to that, then {WHAT_TO_DO}"
            raise Unauthorised(message) from error

    def _began(self) -> str:
        try:
            return str(json.loads(self._path.read_text(encoding="utf-8"))["first"])
        except (OSError, KeyError, TypeError, ValueError):
            return ""

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Hold the lock that only one can hold; give whether we do. It ends with the process, however that ends."""
        try:
            handle = os.open(self._path.with_name(f"{self._path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            message = f"no lock can be made beside {self._path}: {error.strerror}"
            raise Unauthorised(message) from error
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(handle)

    def _hide(self, pair: Pair) -> None:
        """See to it that no error shows these tokens, nor those before them."""
        before = (self._pair.access, self._pair.refresh) if self._pair else ()
        shown = (*self._secrets, *before, pair.access, pair.refresh)
        self._transport.secrets = tuple(dict.fromkeys(filter(None, shown)))


def _pair(kept: Any) -> Pair:
    ends = datetime.fromisoformat(kept["ends"]) if kept["ends"] else None
    return Pair(access=str(kept["access"]), refresh=str(kept["refresh"]), ends=ends, spent=bool(kept["spent"]))


def _granted(body: bytes, now: datetime) -> Pair:
    """Read X's answer. Raises Unauthorised: what came in its place is not worth keeping, and the token is used up."""
    try:
        given = json.loads(body)
        access, refresh, lasts = given["access_token"], given["refresh_token"], given["expires_in"]
        if not (isinstance(access, str) and isinstance(refresh, str) and access and refresh):
            raise TypeError  # noqa: TRY301  the same as any other answer that is none
        return Pair(access=access, refresh=refresh, ends=now + timedelta(seconds=float(lasts)))
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        message = f"X's answer to the renewal of the tokens cannot be read ({type(error).__name__}); {WHAT_TO_DO}"
        raise Unauthorised(message) from error


def _words(body: bytes) -> str:
    """X's own words for why not, if it gives any."""
    try:
        given = json.loads(body)
        return f": {given['error']}: {given['error_description']}"[:200]
    except (KeyError, TypeError, ValueError, RecursionError):
        return ""


def _never_left(error: requests.RequestException) -> bool:
    """Whether the request surely did not reach X: no connection came about."""
    cause = error.args[0] if error.args else None
    return isinstance(error, requests.ConnectTimeout) or isinstance(getattr(cause, "reason", None), NewConnectionError)
