"""No client of the program talks to a server that it cannot tell from an impostor: each is shown a self-signed one.

Each is also shown the same server with its certificate trusted, so that a refusal is known to be about the certificate.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from archive.bucket import Bucket
from archive.copies import BucketUnavailable, Place
from bot import mail, mailbox, webhook
from bot.domain.types import Account, Mode
from bot.settings import Mailbox, Webhook, load
from bot.standins import StandIns
from connectors import authority, find
from connectors.contract import Transient
from connectors.moderation import ModerationServer
from connectors.standin.world import World
from connectors.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = datetime.now(UTC)
EXAMPLE = Path(__file__).parent.parent / "config" / "citymod.example.yaml"
SECRET = "in the clear to nobody"


@dataclass(slots=True)
class Impostor:
    """A server on loopback that nobody vouches for. `told` is what it was told after the handshake."""

    port: int
    certificate: Path
    told: list[bytes]

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"


def self_signed(folder: Path) -> Path:
    """Key and certificate in one file, for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "self-signed.pem"
    file.write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
    return file


IN_THE_CLEAR = {
    "": (),
    "smtp": (b"220 mail ESMTP\r\n", b"250-mail\r\n250 STARTTLS\r\n", b"220 go on\r\n"),
    "imap": (b"* OK ready\r\n", b"* CAPABILITY IMAP4rev1 STARTTLS\r\n%s OK done\r\n", b"%s OK go on\r\n"),
}
"""What a server says before TLS begins: a greeting, then an answer to each line (%s: the line's first word)."""


@contextmanager
def serving(certificate: Path, clear: str = "") -> Iterator[Impostor]:
    """Serve TLS, at once or after what is said in the clear; each connection is closed after its first words."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        told: list[bytes] = []
        thread = threading.Thread(target=_serve, args=(listening, context, IN_THE_CLEAR[clear], told), daemon=True)
        thread.start()
        yield Impostor(listening.getsockname()[1], certificate, told)
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=10)


def _serve(listening: socket.socket, context: ssl.SSLContext, clear: tuple[bytes, ...], told: list[bytes]) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        connection.settimeout(5)
        with connection:
            try:
                for number, line in enumerate(clear):
                    connection.sendall(line.replace(b"%s", connection.recv(4096).split(b" ")[0]) if number else line)
                with context.wrap_socket(connection, server_side=True) as secure:
                    secure.settimeout(1)
                    told.append(b"the handshake was completed")
                    told.append(secure.recv(4096))
            except OSError:
                continue  # the client would not go on, or had nothing to say first


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("impostor"))


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    """A folder with what is needed to sign in."""
    folder = tmp_path / "credentials"
    folder.mkdir(mode=0o700)
    for name, secret in (("mail", {"user": "u", "password": SECRET}), ("webhook", {"secret": SECRET})):
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(json.dumps(secret))
    return folder


def by_mail(impostor: Impostor, folder: Path, tls: str) -> None:
    settings = load(EXAMPLE)
    place = {"host": "127.0.0.1", "port": impostor.port, "tls": tls, "timeout_seconds": 5}
    changed = {"credentials": folder, "mail": settings.mail.model_copy(update=place)}
    mail.connect(settings.model_copy(update=changed)).close()


def by_imap(impostor: Impostor, folder: Path, tls: str) -> None:
    place = {"host": "127.0.0.1", "port": impostor.port, "tls": tls, "timeout_seconds": 5, "credential": "mail"}
    changed = {"credentials": folder, "mailbox": Mailbox.model_validate(place)}
    mailbox.waiting(load(EXAMPLE).model_copy(update=changed))


def by_bucket(impostor: Impostor, _: Path, ca_file: Path | None = None) -> None:
    place = Place(
        bucket="evidence",
        region="us-east-2",
        mode="GOVERNANCE",
        retain=timedelta(days=1),
        endpoint=impostor.url,
        prefix="",
        ca_file=ca_file,
        timeout=5,
    )
    Bucket(place, access_key="AKIAEXAMPLEEXAMPLE00", secret_key=SECRET).check()


def by_authority(impostor: Impostor, _: Path) -> None:
    authority.ask(Transport(connect=5, read=5, total=5), impostor.url, b"question")


def by_model_server(impostor: Impostor, _: Path) -> None:
    list(ModerationServer(Transport(api=impostor.url), model="m", token=SECRET).scores(["words"]))


def by_webhook(impostor: Impostor, folder: Path) -> None:
    settings = load(EXAMPLE).model_copy(update={"credentials": folder})
    wanted = Webhook(url=impostor.url, credential="webhook")
    webhook.send(settings, wanted, b"{}", delivery="1", attempt=1, now=NOW)


def by_open_line(impostor: Impostor, _: Path) -> None:
    with Transport().endless(impostor.url, {"Authorization": SECRET}, silence=5):
        pass


CLIENTS: dict[str, tuple[Callable[[Impostor, Path], None], str, type[Exception]]] = {
    "SMTP over TLS": (partial(by_mail, tls="tls"), "", ssl.SSLCertVerificationError),
    "SMTP that turns to TLS": (partial(by_mail, tls="starttls"), "smtp", ssl.SSLCertVerificationError),
    "IMAP over TLS": (partial(by_imap, tls="tls"), "", ssl.SSLCertVerificationError),
    "IMAP that turns to TLS": (partial(by_imap, tls="starttls"), "imap", ssl.SSLCertVerificationError),
    "the bucket": (by_bucket, "", BucketUnavailable),
    "time-stamping authority": (by_authority, "", Transient),
    "model server": (by_model_server, "", Transient),
    "webhook": (by_webhook, "", Transient),
    "a platform's open line": (by_open_line, "", requests.exceptions.SSLError),
}


@pytest.mark.parametrize("client", CLIENTS)
def test_nothing_is_said_to_a_server_that_nobody_vouches_for(client: str, certificate: Path, credentials: Path) -> None:
    ask, clear, refusal = CLIENTS[client]
    with serving(certificate, clear) as impostor, pytest.raises(refusal):
        ask(impostor, credentials)
    assert impostor.told == []


@pytest.mark.parametrize("platform", find.with_api())
def test_no_platforms_client_says_anything_to_an_impostor(platform: str, certificate: Path) -> None:
    with StandIns(World()) as standins, serving(certificate) as impostor:
        account = standins.world.add_account(platform, "4100000001", "City of Fountains", "CityOfFountains")
        noun = Account(platform=platform, id=account.id, name=account.name, mode=Mode.OBSERVE)
        secrets = standins.credentials(account)
        reader = find.connect(noun, secrets, Transport(api=impostor.url, secrets=tuple(secrets.values())))
        with pytest.raises(Transient):
            reader.check(now=NOW)
        with pytest.raises(Transient):
            list(reader.poll(None, now=NOW))
    assert impostor.told == []


# Not IMAP that turns to TLS: Python's own client leaves a socket open where its server goes away right after that.
@pytest.mark.parametrize("client", ["SMTP over TLS", "SMTP that turns to TLS", "IMAP over TLS"])
def test_with_the_certificate_trusted_the_same_client_goes_on(
    client: str, certificate: Path, credentials: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it was the certificate, and nothing else, that was refused."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    ask, clear, _ = CLIENTS[client]
    with serving(certificate, clear) as server, pytest.raises((OSError, *mail.TROUBLE, *mailbox.TROUBLE)):
        ask(server, credentials)
    assert server.told[:1] == [b"the handshake was completed"]


def test_so_do_those_that_speak_http(certificate: Path, credentials: Path) -> None:
    with serving(certificate) as server, pytest.raises(BucketUnavailable):
        by_bucket(server, credentials, ca_file=certificate)
    assert server.told[0] == b"the handshake was completed"
    with serving(certificate) as server, Transport().session() as session:
        session.verify = str(certificate)
        with pytest.raises(requests.RequestException):
            session.get(server.url)
    assert server.told[0] == b"the handshake was completed"
