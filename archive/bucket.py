"""The one door to an S3-compatible bucket with object lock: a file goes in, is read back, and cannot be removed.

What a bucket says about a file proves little: some servers give back whatever checksum they were sent. So a copy counts
only when its bytes have been fetched again and hash to what was sealed, and when the bucket says that this very version
is locked (S3 User Guide, "Locking objects with Object Lock"). The connection is encrypted and the server's certificate
checked, unless the server is this very machine. Nothing is retried here.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from archive.copies import BucketUnavailable, Held, NotAsSent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archive.copies import Place

LARGEST = 5 * 1024**3
"""Bytes that one PutObject takes (S3 API reference)."""
SLACK = timedelta(days=1)
"""A copy that was made before, and locked this much shorter than one made now would be, is as good."""
CHUNK = 1024 * 1024


class Bucket:
    """One bucket, opened with one credential. Used by one thread."""

    def __init__(self, place: Place, *, access_key: str, secret_key: str) -> None:
        """Take the way to the bucket; nothing is asked yet."""
        self.place = place
        self._s3: Any = boto3.session.Session().client(
            "s3",
            endpoint_url=place.endpoint,
            region_name=place.region,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            verify=str(place.ca_file) if place.ca_file else True,
            config=Config(
                connect_timeout=place.timeout,
                read_timeout=place.timeout,
                retries={"total_max_attempts": 1},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                s3={"addressing_style": "path" if place.endpoint else "auto"},
            ),
        )

    def check(self) -> None:
        """See whether the bucket answers, lets us in and locks objects. Raises BucketUnavailable."""
        said = self._ask("get_object_lock_configuration")
        if said.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") != "Enabled":
            raise BucketUnavailable(self._no_lock())

    def store(self, file: Path, path: str, *, sha256: str, now: datetime) -> Held:
        """Put a file under `path`, locked, unless it lies there already; read it back. Give the version that counts.

        Raises BucketUnavailable, and NotAsSent if what comes back does not hash to `sha256`.
        """
        size = file.stat().st_size
        if size > LARGEST:
            message = f"{path} has {size} bytes, more than a bucket takes at once"
            raise NotAsSent(message)
        key = self.place.prefix + path
        there = self.look(key)
        if there and there.size == size and self._locks(there, now) and self.sha256_of(there) == sha256:
            return there
        version = self._put(file, key, sha256, now + self.place.retain)
        held = self.look(key, version) if version else None
        if held is None or not self._locks(held, now):
            raise BucketUnavailable(self._no_lock())
        if held.size != size or self.sha256_of(held) != sha256:
            message = f"{path} came back from {self.place.name} otherwise than it was sent"
            raise NotAsSent(message)
        return held

    def look(self, key: str, version: str | None = None) -> Held | None:
        """Give the newest version of what lies under `key`, or the one named; None if there is none."""
        which = {"Key": key} | ({"VersionId": version} if version else {})
        try:
            said = self._call("head_object", ChecksumMode="ENABLED", **which)
        except ClientError as error:
            if _status(error) in {400, 404, 405}:  # 400: no version is called so; 405: it is but a mark of deletion
                return None
            raise BucketUnavailable(self._why(error)) from error
        return Held(
            key=key,
            version=str(said.get("VersionId", "")),
            size=int(said["ContentLength"]),
            sha256=base64.b64decode(said["ChecksumSHA256"]).hex() if "ChecksumSHA256" in said else None,
            mode=said.get("ObjectLockMode"),
            retain_until=said["ObjectLockRetainUntilDate"].astimezone(UTC)
            if "ObjectLockRetainUntilDate" in said
            else None,
        )

    def sha256_of(self, held: Held) -> str:
        """Fetch a version whole and hash it (hex)."""
        digest = hashlib.sha256()
        for chunk in self._chunks(held):
            digest.update(chunk)
        return digest.hexdigest()

    def fetch(self, held: Held, target: Path) -> None:
        """Write a version into a file."""
        with target.open("wb") as file:
            for chunk in self._chunks(held):
                file.write(chunk)

    def _chunks(self, held: Held) -> Iterator[bytes]:
        body = self._ask("get_object", Key=held.key, VersionId=held.version)["Body"]
        try:
            yield from body.iter_chunks(CHUNK)
        except BotoCoreError as error:
            raise BucketUnavailable(self._why(error)) from error
        finally:
            body.close()

    def _put(self, file: Path, key: str, sha256: str, until: datetime) -> str | None:
        with file.open("rb") as body:
            said = self._ask(
                "put_object",
                Key=key,
                Body=body,
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=base64.b64encode(bytes.fromhex(sha256)).decode(),
                ObjectLockMode=self.place.mode,
                ObjectLockRetainUntilDate=until,
            )
        version = said.get("VersionId")
        return None if version in {None, "null"} else str(version)

    def _locks(self, held: Held, now: datetime) -> bool:
        """Whether a version is locked as strictly as is wanted, and about as long."""
        strict = held.mode in {self.place.mode, "COMPLIANCE"}
        wanted = now + self.place.retain - SLACK
        return strict and held.retain_until is not None and held.retain_until >= wanted

    def _ask(self, operation: str, **words: Any) -> dict[str, Any]:
        try:
            return self._call(operation, **words)
        except ClientError as error:
            raise BucketUnavailable(self._why(error)) from error

    def _call(self, operation: str, **words: Any) -> dict[str, Any]:
        try:
            said: dict[str, Any] = getattr(self._s3, operation)(Bucket=self.place.bucket, **words)
        except BotoCoreError as error:
            raise BucketUnavailable(self._why(error)) from error
        return said

    def _why(self, error: Exception) -> str:
        if isinstance(error, ClientError):
            said = error.response.get("Error", {})
            if "lock" in said.get("Code", "").lower() or "objectlock" in said.get("Message", "").lower():
                return self._no_lock()
            return f"{self.place.name} answers {said.get('Code')}: {said.get('Message')}"
        return f"{self.place.name} cannot be reached: {error}"

    def _no_lock(self) -> str:
        return (
            f"{self.place.name} does not lock objects ({self.place.mode}), so nothing there would be safe; "
            "object lock can only be switched on for the bucket by its administrator"
        )


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
