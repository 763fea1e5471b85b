"""A real IMAP server for tests: pymap, in a process of its own, with one mailbox in memory."""

from __future__ import annotations

import imaplib
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

USER, PASSWORD = "intake", "mailbox-password-for-tests"
PATIENCE = 20.0


class ImapServer:
    """``with ImapServer() as server: server.port``."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        program = Path(sys.executable).with_name("pymap")
        words = [program, "--host", "127.0.0.1", "--port", str(self.port), "dict"]
        words += ["--demo-user", USER, "--demo-password", PASSWORD]
        self._process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                self._client().logout()
            except OSError:
                time.sleep(0.05)
            else:
                return
        message = "pymap did not start"
        raise TimeoutError(message)

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(PATIENCE)
            self._process = None

    def deliver(self, raw: bytes, folder: str = "INBOX") -> None:
        client = self._client()
        status, said = client.append(folder, "", "", raw)
        assert status == "OK", said
        client.logout()

    def holds(self, folder: str) -> list[bytes]:
        """Every mail in a folder, byte for byte."""
        client = self._client()
        client.select(folder, readonly=True)
        _, found = client.uid("SEARCH", "ALL")
        mails = [client.uid("FETCH", uid.decode(), "(BODY.PEEK[])")[1][0][1] for uid in found[0].split()]
        client.logout()
        return mails

    def _client(self) -> imaplib.IMAP4:
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=5)
        client.login(USER, PASSWORD)
        return client
