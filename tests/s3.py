"""A bucket on a socket: moto's S3, with or without TLS, that can be stopped, spoilt in transit and watched."""

from __future__ import annotations

import io
import threading
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

import boto3
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from moto.core import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import s3_backends
from werkzeug.serving import WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

REGION = "us-east-2"
ACCESS, SECRET = "AKIAEXAMPLEEXAMPLE00", "not-a-secret-but-an-example-of-one-00000"


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: Any, **__: Any) -> None:
        """Nobody reads it."""


class S3:
    """``with S3() as s3``: an S3 server; `make_bucket` makes one with object lock, or without.

    `before` is called with method and path of each request and may change the body it is given.
    """

    def __init__(self, tls: tuple[Path, Path] | None = None) -> None:
        self._tls = tls
        self._app = DomainDispatcherApplication(create_backend_app)
        self._port = 0
        self.before: Callable[[str, str, bytes], bytes] = lambda _method, _path, body: body
        self.requests: list[str] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        context = (str(self._tls[0]), str(self._tls[1])) if self._tls else None
        self._http = make_server(
            "127.0.0.1", self._port, self._answer, threaded=True, request_handler=_Quiet, ssl_context=context
        )
        self._http.daemon_threads = True
        self._port = self._http.server_port
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Go away, with what is stored; `start` brings it back."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"

    def make_bucket(self, name: str, *, lock: bool = True) -> str:
        where = {"LocationConstraint": REGION}
        self.admin.create_bucket(Bucket=name, ObjectLockEnabledForBucket=lock, CreateBucketConfiguration=where)
        return name

    @property
    def admin(self) -> Any:
        """What an administrator of the bucket can do to it."""
        return self._client("s3")

    def let_in_only(self) -> tuple[str, str]:
        """From now on ask for credentials; give the one pair that is let in."""
        iam, user = self._client("iam"), uuid4().hex  # moto keeps users for the whole process
        iam.create_user(UserName=user)
        pair = iam.create_access_key(UserName=user)["AccessKey"]
        document = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
        iam.put_user_policy(UserName=user, PolicyName="all", PolicyDocument=document)
        self._reset_auth(b"0")
        return pair["AccessKeyId"], pair["SecretAccessKey"]

    def let_everybody_in(self) -> None:
        self._reset_auth(b"inf")

    def versions(self, bucket: str) -> dict[str, int]:
        """How many versions there are of each key."""
        said = self.admin.list_object_versions(Bucket=bucket).get("Versions", [])
        keys = [each["Key"] for each in said]
        return {key: keys.count(key) for key in keys}

    def spoil(self, bucket: str, key: str) -> None:
        """Let what is stored rot: the same version, with another byte in it."""
        stored = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].get_object(bucket, key)
        stored.value = b"x" + stored.value[1:]

    def _client(self, service: str) -> Any:
        words = {"aws_access_key_id": ACCESS, "aws_secret_access_key": SECRET, "region_name": REGION}
        return boto3.session.Session().client(service, endpoint_url=self.url, **words)

    def _reset_auth(self, count: bytes) -> None:
        requests.post(f"{self.url}/moto-api/reset-auth", data=count, timeout=10).raise_for_status()

    def _answer(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length)
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.requests.append(f"{method} {path}")
        environ["wsgi.input"] = io.BytesIO(self.before(method, path, body))
        answer: Iterable[bytes] = self._app(environ, start)
        return answer


def a_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that nobody else vouches for, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "server.pem", folder / "server.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    secret.write_bytes(key.private_bytes(*form))
    return certificate, secret
