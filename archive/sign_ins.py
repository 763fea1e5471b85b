"""Keeps what a browser needs to be signed in (Playwright's storage state), each for one account, never in the clear.

AES-256 in Galois/Counter mode (NIST SP 800-38D). The account's name is sealed with it, so that a file put in another's
place does not open. The key is a credential; it and what it opens are only ever in the memory of two processes.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from pathlib import Path

KEY_BYTES = 32
_NONCE_BYTES = 12
_FORMAT = b"citymod-sign-in-1\n"


class NotOpened(Exception):
    """A stored sign-in that is not there or does not open. The message says what to do and tells nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """Where the state of an account lies, and the key that opens it."""

    account: str
    file: Path
    key: bytes = field(repr=False)


def file_of(folder: Path, account: str) -> Path:
    """Where the state of an account is kept."""
    return folder / f"{hashlib.sha256(account.encode()).hexdigest()[:24]}.sealed"


def store(sign_in: SignIn, state: bytes) -> None:
    """Seal a state (JSON with `cookies` and `origins`) and keep it. ValueError if it is none."""
    try:
        said = json.loads(state)
    except ValueError:
        said = None
    if not isinstance(said, dict) or not said.get("cookies") or not isinstance(said["cookies"], list):
        message = "this is no storage state with cookies, as `playwright open --save-storage` writes it"
        raise ValueError(message)
    nonce = os.urandom(_NONCE_BYTES)
    sealed = nonce + AESGCM(sign_in.key).encrypt(nonce, state, _bound(sign_in.account))
    sign_in.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = sign_in.file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_bytes(_FORMAT + sealed)
    draft.rename(sign_in.file)


def read(sign_in: SignIn) -> dict[str, Any]:
    """Open the state of an account. Raises NotOpened."""
    again = "store it anew: citymod evidence sign-in"
    try:
        sealed = sign_in.file.read_bytes()
    except OSError as error:
        message = f"no sign-in of {sign_in.account} can be read ({error.strerror}); {again}"
        raise NotOpened(message) from error
    body = sealed.removeprefix(_FORMAT)
    try:
        state = AESGCM(sign_in.key).decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], _bound(sign_in.account))
    except (InvalidTag, ValueError) as error:
        message = f"the sign-in of {sign_in.account} does not open with this key, or is another account's; {again}"
        raise NotOpened(message) from error
    opened: dict[str, Any] = json.loads(state)
    return opened


def forget(sign_in: SignIn) -> None:
    """Remove the state of an account, if there is one."""
    sign_in.file.unlink(missing_ok=True)


def _bound(account: str) -> bytes:
    return _FORMAT + account.encode()
