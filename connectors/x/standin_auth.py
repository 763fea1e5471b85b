"""Who calls X's stand-in: OAuth 1.0a signatures (RFC 5849, HMAC-SHA1) are truly checked, bearer tokens looked up."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connectors.standin.server import Request
    from connectors.standin.world import WorldAccount

API_KEY = "standin-api-key"
API_SECRET = "standin-api-secret"  # noqa: S105  opens nothing but the stand-in
APP_TOKEN = "standin-app-only-bearer"  # noqa: S105  opens nothing but the stand-in
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


def caller(request: Request, accounts: Iterable[WorldAccount], bases: Iterable[str]) -> Caller | None:
    """Whoever the request proves to come from, None if it proves nothing. `bases` may be signed for as HOSTS may."""
    way, _, rest = request.headers.get("authorization", "").partition(" ")
    if way.lower() == "bearer":
        return _bearer(rest.strip(), accounts)
    if way.lower() == "oauth":
        return _signed(request, _oauth_parameters(rest), accounts, (*HOSTS, *bases))
    return None


def _bearer(token: str, accounts: Iterable[WorldAccount]) -> Caller | None:
    if token == APP_TOKEN:
        return Caller(way="app", account=None)
    for account in accounts:
        if token == user_token(account):
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
