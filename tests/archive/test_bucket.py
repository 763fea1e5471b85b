"""The bucket: what goes in is read back byte for byte and locked, or it does not count. Against a real S3 server."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from s3 import ACCESS, REGION, S3, SECRET, a_certificate

from archive.bucket import Bucket
from archive.copies import BucketUnavailable, NotAsSent, Place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime.now(UTC)
BODY = b"a picture of a comment" * 1000
SHA256 = hashlib.sha256(BODY).hexdigest()


@pytest.fixture(scope="module")
def server() -> Iterator[S3]:
    with S3() as s3:
        yield s3


@pytest.fixture
def s3(server: S3, request: pytest.FixtureRequest) -> Iterator[S3]:
    """The server, with a bucket of the test's own."""
    server.requests.clear()
    yield server
    server.before = lambda _method, _path, body: body


@pytest.fixture
def name(s3: S3, request: pytest.FixtureRequest) -> str:
    return s3.make_bucket("b" + hashlib.sha256(request.node.name.encode()).hexdigest()[:20])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "comment.png"
    path.write_bytes(BODY)
    return path


def opened(s3: S3, name: str, **other: Any) -> Bucket:
    words = {"bucket": name, "region": REGION, "mode": "COMPLIANCE", "retain": timedelta(days=30), "endpoint": s3.url}
    return Bucket(Place(**words | {"timeout": 5} | other), access_key=ACCESS, secret_key=SECRET)


def store(bucket: Bucket, file: Path, path: str = "evidence/a.png") -> Any:
    return bucket.store(file, path, sha256=SHA256, now=NOW)


def test_a_file_is_stored_whole_and_locked_so_that_nobody_removes_it(s3: S3, name: str, file: Path) -> None:
    bucket = opened(s3, name)
    bucket.check()
    held = store(bucket, file)
    assert (held.key, held.size, held.mode) == ("evidence/a.png", len(BODY), "COMPLIANCE")
    assert abs(held.retain_until - (NOW + timedelta(days=30))) < timedelta(seconds=2)
    assert bucket.sha256_of(held) == SHA256
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.admin.delete_object(Bucket=name, Key=held.key, VersionId=held.version)


def test_what_lies_there_already_is_not_sent_again(s3: S3, name: str, file: Path) -> None:
    bucket = opened(s3, name)
    assert store(bucket, file) == store(bucket, file)
    assert s3.versions(name) == {"evidence/a.png": 1}


@pytest.mark.parametrize("other", [{"mode": "GOVERNANCE"}, {"retain": timedelta(days=3)}])
def test_but_it_is_if_it_is_locked_less_than_is_wanted(s3: S3, name: str, file: Path, other: dict[str, Any]) -> None:
    store(opened(s3, name, **other), file)
    assert store(opened(s3, name), file).mode == "COMPLIANCE"
    assert s3.versions(name) == {"evidence/a.png": 2}


def test_a_checksum_alone_is_not_believed(s3: S3, name: str, file: Path) -> None:
    """The server repeats whatever checksum it was sent; the bytes that come back say otherwise."""
    s3.before = lambda method, _path, body: body.replace(b"comment", b"conment") if method == "PUT" else body
    with pytest.raises(NotAsSent, match="otherwise than it was sent"):
        store(opened(s3, name), file)


def test_nor_is_a_file_of_another_content_under_the_same_name(s3: S3, name: str, file: Path) -> None:
    other = file.with_name("other")
    other.write_bytes(BODY[::-1])
    bucket = opened(s3, name)
    bucket.store(other, "evidence/a.png", sha256=hashlib.sha256(BODY[::-1]).hexdigest(), now=NOW)
    assert bucket.sha256_of(store(bucket, file)) == SHA256


def test_a_bucket_that_does_not_lock_is_refused(s3: S3, file: Path, name: str) -> None:
    plain = s3.make_bucket(f"plain{name}", lock=False)
    with pytest.raises(BucketUnavailable, match="does not lock objects"):
        opened(s3, plain).check()
    with pytest.raises(BucketUnavailable, match="does not lock objects"):
        store(opened(s3, plain), file)


def test_so_is_one_that_is_not_there(s3: S3, file: Path) -> None:
    with pytest.raises(BucketUnavailable, match="NoSuchBucket"):
        store(opened(s3, "there-is-none"), file)


def test_a_prefix_stands_before_every_key(s3: S3, name: str, file: Path) -> None:
    assert store(opened(s3, name, prefix="city/"), file).key == "city/evidence/a.png"


def test_a_server_that_is_away_is_said(name: str, s3: S3, file: Path) -> None:
    bucket = opened(s3, name)
    s3.stop()
    try:
        with pytest.raises(BucketUnavailable, match="cannot be reached"):
            store(bucket, file)
    finally:
        s3.start()
    store(bucket, file)


def test_a_wrong_credential_is_said_and_stands_in_no_error(s3: S3, name: str, file: Path) -> None:
    pair = s3.let_in_only()
    try:
        with pytest.raises(BucketUnavailable, match=r"InvalidAccessKeyId|403") as said:
            store(opened(s3, name), file)
        assert SECRET not in str(said.value)
        place = opened(s3, name).place
        store(Bucket(place, access_key=pair[0], secret_key=pair[1]), file)
        with pytest.raises(BucketUnavailable, match=r"SignatureDoesNotMatch|403"):
            store(Bucket(place, access_key=pair[0], secret_key=SECRET), file)
    finally:
        s3.let_everybody_in()


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path, file: Path) -> None:
    certificate, key = a_certificate(tmp_path)
    with S3(tls=(certificate, key)) as s3:
        with pytest.raises(BucketUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
            store(opened(s3, "evidence"), file)
        assert s3.requests == []
        with pytest.raises(BucketUnavailable, match="NoSuchBucket"):
            store(opened(s3, "never-made", ca_file=certificate), file)
