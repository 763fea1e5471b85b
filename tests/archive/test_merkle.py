"""The tree is that of RFC 6962: what its definition says, written out, gives the same root for any number of leaves."""

from __future__ import annotations

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from archive import merkle


def _as_the_rfc_defines_it(leaves: list[bytes]) -> bytes:
    """Section 2.1, word for word: split at the largest power of two smaller than the number of leaves."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    left, right = _as_the_rfc_defines_it(leaves[:half]), _as_the_rfc_defines_it(leaves[half:])
    return sha256(b"\x01" + left + right).digest()


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_the_root_is_the_one_that_the_rfc_defines(leaves: list[bytes]) -> None:
    assert merkle.root(leaves) == _as_the_rfc_defines_it(leaves).hex()


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=20), st.data())
def test_another_leaf_or_order_gives_another_root(leaves: list[bytes], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(leaves) - 1))
    altered = [*leaves[:at], leaves[at] + b"x", *leaves[at + 1 :]]
    assert merkle.root(altered) != merkle.root(leaves)
    assert merkle.root([*leaves, leaves[-1]]) != merkle.root(leaves)


def test_a_node_cannot_be_passed_off_as_a_leaf() -> None:
    hashes = b"".join(sha256(b"\x00" + leaf).digest() for leaf in (b"a", b"b"))
    assert merkle.root([hashes]) != merkle.root([b"a", b"b"])
