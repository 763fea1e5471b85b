"""What evidence and media ask of the disk: the hash of a file, that what was written is there, and what disk it is."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

REMOTE = frozenset({"nfs", "nfs4", "cifs", "smb3", "ceph", "fuse.sshfs", "fuse.glusterfs", "9p"})
"""File systems that lie on another machine, as Linux calls them."""


def filesystem(path: Path) -> str:
    """Give the kind of file system on which a path lies, as the system calls it; ``unknown`` where it does not say."""
    whole = path.resolve()
    mounted = [part for part in psutil.disk_partitions(all=True) if whole.is_relative_to(part.mountpoint)]
    return max(mounted, key=lambda part: len(part.mountpoint)).fstype if mounted else "unknown"


def sha256_of(path: Path) -> str:
    """Give the SHA-256 (hex) of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Have the system put a file's bytes, or a folder's names, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sums(named: Iterable[tuple[str, str]]) -> str:
    """What ``sha256sum -c`` reads, for files by their names and SHA-256 (hex)."""
    return "".join(f"{sha256}  {name}\n" for name, sha256 in named)
