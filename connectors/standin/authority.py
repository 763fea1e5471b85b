"""A time-stamping authority for trials: OpenSSL's own (``openssl ts``), over HTTP on loopback as RFC 3161 has it.

``with Authority(folder) as authority:`` makes a root certificate and a signer in `folder`; whoever trusts
``authority.certificate`` can check what it stamps. `down` makes it answer like one that is out of order.
"""

from __future__ import annotations

import subprocess
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from connectors.listening import Listener

if TYPE_CHECKING:
    from pathlib import Path

MOST = 64 * 1024
_CONFIG = """
[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[signer]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
authorityKeyIdentifier = keyid
[tsa]
default_tsa = stamps
[stamps]
serial = {folder}/serial
signer_cert = {folder}/signer.pem
signer_key = {folder}/signer.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


class Authority(Listener):
    """The authority. `url` is where it is asked, `certificate` the file that whoever checks its stamps trusts."""

    def __init__(self, folder: Path) -> None:
        """Make its certificates in `folder` (unless they are there) and take a free port."""
        self._folder = folder
        self.certificate = folder / "root.pem"
        self.down = False
        self.answered = 0
        self._one_at_a_time = threading.Lock()
        if not self.certificate.is_file():
            self._set_up()
        server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{server.server_port}/"
        super().__init__(server, "authority", notices_after=0.05)

    def stamp(self, question: bytes) -> bytes:
        """Answer one question (both DER)."""
        with self._one_at_a_time:
            asked, answer = self._folder / "question.tsq", self._folder / "answer.tsr"
            asked.write_bytes(question)
            where = ("-config", "openssl.cnf", "-section", "stamps")
            self._run("ts", "-reply", *where, "-queryfile", asked.name, "-out", answer.name)
            self.answered += 1
            return answer.read_bytes()

    def _set_up(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self._folder / "openssl.cnf").write_text(_CONFIG.format(folder=self._folder.resolve()), encoding="utf-8")
        (self._folder / "serial").write_text("01\n", encoding="utf-8")
        for name in ("root", "signer"):
            self._run("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")
        new = ("req", "-new", "-config", "openssl.cnf", "-sha256")
        self._run(
            *(*new, "-x509", "-days", "3650", "-subj", "/CN=Stand-in time-stamping root"),
            *("-key", "root.key", "-extensions", "root", "-out", "root.pem"),
        )
        self._run(*new, "-subj", "/CN=Stand-in time-stamping signer", "-key", "signer.key", "-out", "signer.csr")
        self._run(
            *("x509", "-req", "-in", "signer.csr", "-CA", "root.pem", "-CAkey", "root.key", "-set_serial", "2"),
            *("-days", "3650", "-sha256", "-extfile", "openssl.cnf", "-extensions", "signer", "-out", "signer.pem"),
        )

    def _run(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self._folder, check=True, capture_output=True, timeout=30)  # noqa: S603, S607 - our own words; OpenSSL is where the system has it

    def _handler(authority) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - two selves meet here
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", "0"))
                question = self.rfile.read(min(length, MOST))
                if authority.down:
                    self.send_error(HTTPStatus.SERVICE_UNAVAILABLE)
                    return
                answer = authority.stamp(question)
                self.send_response(HTTPStatus.OK)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler
