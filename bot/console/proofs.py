"""How people prove who they are: a password that argon2 hashes, and a code that a generator in their hand shows."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from bot.keys import cipher

if TYPE_CHECKING:
    from datetime import datetime

    from archive.staff import Person
    from bot.settings import Settings

SHORTEST = 12
"""Characters of a password, besides which a code is always asked for (NIST SP 800-63B asks for 8 then)."""
LONGEST = 1024
STEP = 30  # seconds that a code is shown (RFC 6238)
_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash(secrets.token_urlsafe(16))


@dataclass(frozen=True, slots=True)
class Proved:
    """That somebody is who they say: by the code of which time step; the password hashed anew, if that is due."""

    step: int
    rehashed: str | None


def hashed(password: str) -> str:
    """Hash a password. Raises ValueError for one that is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        message = f"a password has {SHORTEST} characters or more"
        raise ValueError(message)
    return _HASHER.hash(password)


def new_generator(settings: Settings) -> tuple[str, str]:
    """Make the secret of a generator of codes: as the person enters it, and encrypted as it is kept."""
    secret = pyotp.random_base32()
    return secret, cipher(settings, "totp").encrypt(secret.encode()).decode("ascii")


def code(secret: str, now: datetime) -> str:
    """What a generator with that secret shows now."""
    return str(pyotp.TOTP(secret).at(now))


def address(secret: str, login: str, city: str) -> str:
    """What a generator reads from a picture: the secret, and whose it is."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=f"citymod {city}")


def prove(settings: Settings, person: Person | None, password: str, code: str, now: datetime) -> Proved | None:
    """Say whether password and code are this person's. It takes as long for somebody who does not exist."""
    kept = person.password if person is not None and person.password else _NOBODY
    if not _fits(kept, password) or person is None or not person.password or not person.totp:
        return None
    step = _step(cipher(settings, "totp").decrypt(person.totp).decode(), code, now, person.totp_used or 0)
    if step is None:
        return None
    return Proved(step, _HASHER.hash(password) if _HASHER.check_needs_rehash(person.password) else None)


def _fits(kept: str, password: str) -> bool:
    try:
        return _HASHER.verify(kept, password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False


def _step(secret: str, code: str, now: datetime, used: int) -> int | None:
    """The time step of which this is the code, now or one step to either side; none that was used already."""
    generator = pyotp.TOTP(secret)
    present = int(now.timestamp()) // STEP
    digits = "".join(code.split())
    for step in (present - 1, present, present + 1):
        if step > used and hmac.compare_digest(generator.generate_otp(step).encode(), digits.encode()):
            return step
    return None
