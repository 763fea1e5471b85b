"""Who calls X's stand-in: OAuth 1.0a signatures (RFC 5849, HMAC-SHA1) are truly checked, bearer tokens looked up.

OAuth 2.0 user tokens last two hours. A refresh token gives a new pair once; used again, it ends the whole family.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from connectors.standin.server import Response

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connectors.standin.server import Request
    from connectors.standin.world import WorldAccount

API_KEY = "standin-api-key"
API_SECRET = "standin-api-secret"  # noqa: S105  opens nothing but the stand-in
APP_TOKEN = "standin-app-only-bearer"  # noqa: S105  opens nothing but the stand-in
CLIENT = "standin-client-id"
LASTS = timedelta(hours=2)
HOSTS = ("https://api.twitter.com", "https://api.x.com")
"""The addresses a client may have signed for when it was sent here instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody let in: by which of X's three ways (`oauth1`, `oauth2`, `app`), and for which account, if for one."""

    way: str
    account: WorldAccount | None


def access_token(account: WorldAccount) -> str:
    """The OAuth 1.0a token of an account; begins with the account's identifier, as X's do."""
    return f"{account.id}-{_made('token', account)}"


def access_secret(account: WorldAccount) -> str:
    """The secret to it."""
    return _made("secret", account)


def user_token(account: WorldAccount) -> str:
    """An OAuth 2.0 user token of an account."""
    return _made("oauth2", account)


@dataclass(slots=True)
class Grants:
    """The OAuth 2.0 tokens that were given out, by family: everything that came of one sign-in."""

    access: dict[str, tuple[WorldAccount, datetime]] = field(default_factory=dict)
    refresh: dict[str, tuple[WorldAccount, int]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    dead: set[int] = field(default_factory=set)
    families: dict[str, int] = field(default_factory=dict)

    def sign_in(self, account: WorldAccount) -> str:
        """What a person's sign-in ends with: the first refresh token of a new family."""
        number = len(set(self.families.values()))
        return self._refresh(account, number, 0)

    def renew(self, token: str, now: datetime) -> tuple[str, str] | None:
        """A new pair for a refresh token, None if it is none, was used or belongs to a family that was ended."""
        if token not in self.refresh:
            return None
        account, family = self.refresh[token]
        if token in self.used:
            self.dead.add(family)
        if family in self.dead:
            return None
        self.used.add(token)
        access = _made(f"access after {token}", account)
        self.access[access] = (account, now + LASTS)
        self.families[access] = family
        return access, self._refresh(account, family, len(self.used))

    def account(self, access: str, now: datetime) -> WorldAccount | None:
        """Whose access token this is, None if it is nobody's any more."""
        account, ends = self.access.get(access, (None, now))
        return account if ends > now and self.families[access] not in self.dead else None

    def _refresh(self, account: WorldAccount, family: int, number: int) -> str:
        token = _made(f"refresh {family} {number}", account)
        self.refresh[token] = (account, family)
        self.families[token] = family
        return token


def renewed(grants: Grants, request: Request, now: datetime, *, lost: bool) -> Response:
    """Renew tokens, if a public client asks for it with a token that is still good; `lost`: and let nobody know."""
    form = {name: values[0] for name, values in request.form.items()}
    if form.get("grant_type") != "refresh_token" or form.get("client_id") != CLIENT:
        body = {"error": "unauthorized_client", "error_description": "Missing valid authorization header"}
        return Response.of(body, status=401)
    pair = grants.renew(form.get("refresh_token", ""), now)
    if pair is None:
        body = {"error": "invalid_request", "error_description": "Value passed for the token was invalid."}
        return Response.of(body, status=400)
    if lost:
        return Response(status=502)
    seconds = int(LASTS.total_seconds())
    given = {"token_type": "bearer", "expires_in": seconds, "access_token": pair[0], "refresh_token": pair[1]}
    return Response.of(given)


def caller(
    request: Request, accounts: Iterable[WorldAccount], bases: Iterable[str], grants: Grants, now: datetime
) -> Caller | None:
    """Whoever the request proves to come from, None if it proves nothing. `bases` may be signed for as HOSTS may."""
    way, _, rest = request.headers.get("authorization", "").partition(" ")
    if way.lower() == "bearer":
        return _bearer(rest.strip(), accounts, grants, now)
    if way.lower() == "oauth":
        return _signed(request, _oauth_parameters(rest), accounts, (*HOSTS, *bases))
    return None


def _bearer(token: str, accounts: Iterable[WorldAccount], grants: Grants, now: datetime) -> Caller | None:
    if token == APP_TOKEN:
        return Caller(way="app", account=None)
    granted = grants.account(token, now)
    for account in accounts:
        if account is granted or token == user_token(account):
            return Caller(way="oauth2", account=account)
    return None


def _signed(
    request: Request, oauth: Mapping[str, str], accounts: Iterable[WorldAccount], bases: Iterable[str]
) -> Caller | None:
    if oauth.get("oauth_consumer_key") != API_KEY or oauth.get("oauth_signature_method") != "HMAC-SHA1":
        return None
    for account in accounts:
        if oauth.get("oauth_token") == access_token(account):
            given = oauth.get("oauth_signature", "")
            expected = (_signature(request, oauth, base, access_secret(account)) for base in bases)
            if any(hmac.compare_digest(given, signature) for signature in expected):
                return Caller(way="oauth1", account=account)
    return None


def _signature(request: Request, oauth: Mapping[str, str], base: str, secret: str) -> str:
    """RFC 5849 §3.4: method, address and sorted parameters, under both secrets. A JSON body is not signed."""
    pairs = [(name, value) for name, values in request.query.items() for value in values]
    pairs += [(name, value) for name, value in oauth.items() if name != "oauth_signature"]
    encoded = sorted((_percent(name), _percent(value)) for name, value in pairs)
    parameters = "&".join(f"{name}={value}" for name, value in encoded)
    text = "&".join(map(_percent, (request.method.upper(), base + request.path, parameters)))
    key = f"{_percent(API_SECRET)}&{_percent(secret)}"
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha1).digest()).decode()


def _oauth_parameters(header: str) -> dict[str, str]:
    """Read the ``name="value"`` list of an Authorization header; `realm` is not signed and left out."""
    found = {}
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        if name != "realm":
            found[unquote(name)] = unquote(value.strip('"'))
    return found


def _percent(text: str) -> str:
    return quote(text, safe="~")


def _made(what: str, account: WorldAccount) -> str:
    return hashlib.sha256(f"standin {what} {account.id}".encode()).hexdigest()[:40]
