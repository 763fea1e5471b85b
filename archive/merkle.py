"""The one hash of many: a Merkle tree as RFC 6962 (section 2.1) has it, so that a leaf can never pass for a node.

A leaf's hash is SHA-256 of a zero byte and the leaf, a node's SHA-256 of a one byte and the hashes below it. A last
node without a partner goes up as it is, which gives the RFC's tree: split at the largest power of two below the number.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LEAF = b"\x00"
_NODE = b"\x01"


def root(leaves: Iterable[bytes]) -> str:
    """Give the root (hex) over these leaves in their order; of none, the SHA-256 of nothing."""
    level = [sha256(_LEAF + leaf).digest() for leaf in leaves]
    if not level:
        return sha256().hexdigest()
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        above = [sha256(_NODE + left + right).digest() for left, right in pairs]
        level = above + level[-1:] if len(level) % 2 else above
    return level[0].hex()
