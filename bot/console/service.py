"""The City's own sign-in service (OpenID Connect): who it says somebody is, and whether it still welcomes them.

The way there and back is the authorization code flow with PKCE, state and nonce. What is remembered between both is
encrypted in a cookie. With the refresh token, which is kept encrypted, the service is asked again every few minutes: it
refuses for somebody whose account was disabled, so that access ends soon after a person leaves the City.
"""

from __future__ import annotations

import json
import secrets
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from cryptography.fernet import InvalidToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from bot.keys import cipher
from bot.settings import MissingCredential, credential

if TYPE_CHECKING:
    from datetime import datetime

    from bot.settings import Settings, SignIn

ASKED_EACH = timedelta(minutes=4)
"""How often the service is asked whether somebody is still welcome."""
LASTS = timedelta(minutes=10)
"""How long somebody may take to sign in there."""
SIGNED_BY = ["RS256", "PS256", "ES256", "EdDSA"]
SKEW = 60  # seconds that two clocks may differ by


class NotWelcome(Exception):
    """The service does not let this person in, or what came back is not what it was asked for."""


class Silent(Exception):
    """The service cannot be reached, or answers nonsense. Nothing is known about the person then."""

    def __init__(self, why: object) -> None:
        """Take what went wrong."""
        super().__init__(f"{type(why).__name__}: {why}" if isinstance(why, Exception) else str(why))


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """Who the service says somebody is: their login here, its own name for them, and what it is asked with next."""

    login: str
    subject: str
    grant: str


class Service:
    """One sign-in service, as the settings name it."""

    def __init__(self, settings: Settings, wanted: SignIn, address: str) -> None:
        """Take the settings and the console's address; the service is not asked yet. Raises MissingCredential."""
        self._wanted = wanted
        self._back = f"{address}/sign-in/return"
        self._secret = credential(settings, wanted.credential).get("client_secret", "")
        if not self._secret:
            message = f"credential {wanted.credential!r} of the sign-in service lacks 'client_secret'"
            raise MissingCredential(message)
        self._cipher = cipher(settings, "sign-in service")
        self._metadata: dict[str, Any] = {}
        self._turn = threading.Lock()

    def away(self, then: str, now: datetime) -> tuple[str, str]:
        """Give the address to send a browser to, and what it is to hold meanwhile. Raises Silent."""
        kept = {name: secrets.token_urlsafe(32) for name in ("state", "nonce", "verifier")} | {"then": then}
        url, _ = self._session(self._wanted.scope).create_authorization_url(
            self._known("authorization_endpoint"),
            state=kept["state"],
            nonce=kept["nonce"],
            code_verifier=kept["verifier"],
        )
        return str(url), self._cipher.encrypt_at_time(json.dumps(kept).encode(), int(now.timestamp())).decode("ascii")

    def back(self, held: str, state: str, code: str, now: datetime) -> tuple[Welcome, str]:
        """Take what the browser came back with; give who it is and where they were going. Raises NotWelcome, Silent."""
        try:
            said = self._cipher.decrypt_at_time(held.encode(), int(LASTS.total_seconds()), int(now.timestamp()))
        except InvalidToken as error:
            message = "signing in took too long, or began in another browser; begin again"
            raise NotWelcome(message) from error
        kept = json.loads(said)
        if not code or not secrets.compare_digest(kept["state"].encode(), state.encode()):
            message = "the sign-in service let nobody in, or this answer is not to what was asked; begin again"
            raise NotWelcome(message)
        told = self._tokens(code=code, code_verifier=kept["verifier"], grant_type="authorization_code")
        claims = self._claims(str(told.get("id_token", "")), kept["nonce"], now)
        return self._welcome(claims, told), str(kept["then"])

    def still(self, grant: str) -> str:
        """Ask whether a person is still welcome; give what to ask with the next time. Raises NotWelcome, Silent."""
        try:
            token = self._cipher.decrypt(grant.encode()).decode()
        except InvalidToken as error:
            message = "the key of the console is another one now; sign in again"
            raise NotWelcome(message) from error
        told = self._tokens(refresh_token=token, grant_type="refresh_token")
        return self._kept(str(told.get("refresh_token") or token))

    def one_at_a_time(self) -> threading.Lock:
        """Held while a session is asked about: a refresh token that is used twice is taken for stolen."""
        return self._turn

    def _session(self, scope: str | None = None) -> OAuth2Session:
        return OAuth2Session(
            self._wanted.client_id,
            self._secret,
            scope=scope,
            redirect_uri=self._back,
            code_challenge_method="S256",
            default_timeout=self._wanted.timeout_seconds,
        )

    def _tokens(self, **asked: str) -> dict[str, Any]:
        """Ask for tokens. What the service refuses is NotWelcome, everything else that goes wrong is Silent."""
        try:
            with self._session() as session:
                if asked["grant_type"] == "refresh_token":
                    told = session.refresh_token(self._known("token_endpoint"), asked["refresh_token"])
                else:
                    told = session.fetch_token(self._known("token_endpoint"), **asked)
        except AuthlibBaseError as error:
            message = f"the sign-in service says no ({error.error})"
            raise NotWelcome(message) from error
        except (OSError, ValueError) as error:
            raise Silent(error) from error
        return dict(told)

    def _claims(self, id_token: str, nonce: str, now: datetime) -> dict[str, Any]:
        """Read what the service signed: for us, just now, in answer to what we asked."""
        registry = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=SKEW,
            iss={"essential": True, "value": self._known("issuer")},
            aud={"essential": True, "value": self._wanted.client_id},
            nonce={"essential": True, "value": nonce},
            sub={"essential": True},
            exp={"essential": True},
        )
        try:
            keys = KeySet.import_key_set(self._fetched(self._known("jwks_uri")))
            claims = jwt.decode(id_token, keys, algorithms=SIGNED_BY).claims
            registry.validate(claims)
        except (JoseError, ValueError, KeyError) as error:
            message = f"what the sign-in service signed does not hold ({type(error).__name__})"
            raise NotWelcome(message) from error
        return dict(claims)

    def _welcome(self, claims: dict[str, Any], told: dict[str, Any]) -> Welcome:
        login = str(claims.get(self._wanted.claim) or "")
        if not login or (self._wanted.claim == "email" and claims.get("email_verified") is False):
            message = f"the sign-in service says no (verified) {self._wanted.claim} of this person"
            raise NotWelcome(message)
        if not told.get("refresh_token"):
            message = "the sign-in service gives no refresh token, so it could not be asked again; see `scope`"
            raise NotWelcome(message)
        return Welcome(login=login, subject=str(claims["sub"]), grant=self._kept(str(told["refresh_token"])))

    def _kept(self, token: str) -> str:
        return self._cipher.encrypt(token.encode()).decode("ascii")

    def _known(self, name: str) -> str:
        """What the service says of itself, fetched when it is needed first."""
        if not self._metadata:
            found = self._fetched(f"{self._wanted.issuer}/.well-known/openid-configuration")
            if str(found.get("issuer", "")).rstrip("/") != self._wanted.issuer:
                message = "it calls itself by another name than the settings"
                raise Silent(message)
            self._metadata = found
        try:
            return str(self._metadata[name])
        except KeyError as error:
            raise Silent(name) from error

    def _fetched(self, url: str) -> Any:
        try:
            with self._session() as session:
                answer = session.get(url, withhold_token=True, timeout=self._wanted.timeout_seconds)
                answer.raise_for_status()
                return answer.json()
        except (OSError, ValueError) as error:  # the library's own errors are OSErrors
            raise Silent(error) from error
