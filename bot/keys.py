"""The console's one secret, and the keys made of it: one for each purpose, so that none does another's work."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.settings import MissingCredential, credential

if TYPE_CHECKING:
    from bot.settings import Settings

SHORTEST = 32  # characters


def key(settings: Settings, purpose: str) -> bytes:
    """Derive the 32 bytes for one purpose (RFC 5869). Raises MissingCredential if there is no console, or no secret."""
    if settings.console is None:
        message = "the settings name no `console`"
        raise MissingCredential(message)
    secret = credential(settings, settings.console.credential).get("key", "")
    if len(secret) < SHORTEST:
        message = (
            f"credential {settings.console.credential!r} needs a 'key' of {SHORTEST} characters or more; "
            "`citymod console key` makes one"
        )
        raise MissingCredential(message)
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"citymod {purpose}".encode()).derive(secret.encode())


def cipher(settings: Settings, purpose: str) -> Fernet:
    """What encrypts and signs for one purpose. Raises MissingCredential."""
    return Fernet(urlsafe_b64encode(key(settings, purpose)))
