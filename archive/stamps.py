"""Time stamps as RFC 3161 has them: what an authority is asked, and whether its answer proves what it should.

The whole answer is kept, not only the token in it, since that is what ``openssl ts -verify -in`` reads. The library is
large, so it is imported where a city has an authority to ask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampRequest


class NotProven(Exception):
    """An answer that proves nothing: no time stamp, of other bytes, or signed by nobody who is trusted."""


def certificates(path: Path) -> list[Certificate]:
    """Read the trusted certificates (PEM). Raises NotProven if there is no file of that name, or none in it."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        message = f"no certificate of a time-stamping authority can be read from {path}: {error}"
        raise NotProven(message) from error


def question(data: bytes) -> TimeStampRequest:
    """Ask for a stamp over the SHA-256 of `data`, with a number used once and the authority's certificate."""
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    return TimestampRequestBuilder(data=data, hash_algorithm=HashAlgorithm.SHA256).build()


def stamped_at(answer: bytes, sha256: str, trusted: Sequence[Certificate], nonce: int | None = None) -> datetime:
    """Give the time that `answer` proves for the bytes with that SHA-256 (hex).

    `nonce` is the question's, where it is at hand. Raises NotProven.
    """
    from rfc3161_client import VerificationError, decode_timestamp_response
    from rfc3161_client.verify import VerifierBuilder

    try:
        response = decode_timestamp_response(answer)
        verifier = VerifierBuilder(roots=list(trusted), nonce=nonce).build()
        verifier.verify(response, bytes.fromhex(sha256))
    except (VerificationError, ValueError) as error:
        message = f"the answer is no time stamp of these bytes by a trusted authority: {error}"
        raise NotProven(message) from error
    return response.tst_info.gen_time
