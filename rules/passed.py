"""Remembers on disk which packs have passed all checks, so that they are not tried out again at every start.

What is remembered is one SHA-256 over all that the checks rest on: this very program and the packages it decides with,
the policy, the pack, its domain lists and models, each in their exact bytes. Where any of it differs, or the file is
missing, old or damaged, or cannot be read or written, the checks are run, which costs time and nothing else; `why`
says so to whoever starts the program. No approval is remembered here: a pack
that nobody approved is as inert as ever.
"""

from __future__ import annotations

import hashlib
import os
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.domain.types import Policy
    from rules.lists import DomainList
    from rules.match.score import Model

_PROGRAM = Path(__file__).parent, Path(__file__).parents[1] / "bot" / "domain"
_PACKAGES = ("ahocorasick-rs", "google-re2", "pydantic", "rapidfuzz", "ruamel.yaml", "tldextract")


class Passed:
    """The packs that are known to have passed, by `key_of`; kept in a file, or in memory alone without one."""

    def __init__(self, file: Path | None = None) -> None:
        """Read what is remembered: nothing, if the file is not there or cannot be read."""
        self._file = file
        self._why: list[str] = []
        self._kept = self._read()
        self._known = frozenset(self._kept.split(b"\n"))
        self._used: dict[bytes, None] = {}

    @property
    def why(self) -> str:
        """Why packs are tried out again although they may have passed, in plain words; empty if nothing is wrong."""
        return "; ".join(dict.fromkeys(self._why))

    def has(self, key: bytes) -> bool:
        """Tell whether the checks were passed under this key."""
        if key not in self._known:
            return False
        self._used[key] = None
        return True

    def add(self, key: bytes) -> None:
        """Note that the checks were passed under this key."""
        self._used[key] = None

    def save(self) -> None:
        """Write down what was asked for or added, and forget the rest; if that cannot be done, `why` says so."""
        now = b"".join(key + b"\n" for key in sorted(self._used))
        if self._file is None or now == self._kept:
            return
        whole = self._file.with_name(f"{self._file.name}.{os.getpid()}")  # never half a file, whoever else writes one
        try:
            whole.touch(mode=0o600)
            whole.write_bytes(now)
            whole.replace(self._file)
        except OSError as error:
            whole.unlink(missing_ok=True)
            self._failed(error, "written")
        else:
            self._kept = now

    def _read(self) -> bytes:
        try:
            return self._file.read_bytes() if self._file and self._file.exists() else b""
        except OSError as error:
            self._failed(error, "read")
            return b""

    def _failed(self, error: OSError, deed: str) -> None:
        said = f"{self._file} cannot be {deed} ({error.strerror}), so rule packs are tried out again at each start"
        self._why.append(said)


def key_of(body: bytes, policy: Policy, lists: Mapping[str, DomainList], models: Mapping[str, Model]) -> bytes:
    """Give the key of a pack: the SHA-256 (hex) of all that its checks rest on. `body` are the bytes of its file."""
    rests_on = hashlib.sha256(_program())
    for piece in _pieces(body, policy, lists, models):
        rests_on.update(hashlib.sha256(piece).digest())  # so that no piece can pass for the end of another
    return rests_on.hexdigest().encode()


def _pieces(
    body: bytes, policy: Policy, lists: Mapping[str, DomainList], models: Mapping[str, Model]
) -> Iterable[bytes]:
    yield body
    yield repr(policy).encode()
    yield repr([(name, listed.sha256) for name, listed in sorted(lists.items())]).encode()
    yield repr([(name, model.sha256) for name, model in sorted(models.items())]).encode()


@cache
def _program() -> bytes:
    """Give what tells this program from any other version of it, those that nobody gave a number as well."""
    told = hashlib.sha256(sys.version.encode())
    for name in _PACKAGES:
        told.update(f"{name} {version(name)}\n".encode())
    for path in sorted(path for folder in _PROGRAM for path in folder.rglob("*.py")):
        told.update(hashlib.sha256(path.read_bytes()).digest())
    return told.digest()
