"""The scanner finds a credential however it was written down, and a whole run leaves none anywhere."""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
import subprocess
import sys
import zipfile
from email.message import EmailMessage
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive import ledger
from bot.leaks import Scanner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from city import City

SECRET = "EAA/b+c=\"d&e<é>\\f'g0123"


def in_zip(secret: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("archive/data.warc.gz", gzip.compress(f"GET /?{urlencode({'access_token': secret})}".encode()))
    return packed.getvalue()


def in_mail(secret: str) -> bytes:
    message = EmailMessage()
    message["Subject"] = "a very long line " * 9
    message.set_content("x" * 100 + secret + "y" * 100)
    message.add_attachment(f"{'z' * 61}{secret}".encode(), maintype="application", subtype="octet-stream")
    return bytes(message)


WAYS: dict[str, Callable[[str], bytes]] = {
    "as it is": str.encode,
    "in an address": lambda secret: quote(secret, safe="").encode(),
    "in an address, slashes kept": lambda secret: quote(secret).encode(),
    "in a form": lambda secret: urlencode({"t": secret}).encode(),
    "in JSON": lambda secret: json.dumps({"t": secret}).encode(),
    "in JSON within JSON's slashes": lambda secret: json.dumps({"t": secret}).replace("/", "\\/").encode(),
    "in a page": lambda secret: html.escape(secret).encode(),
    "in a traceback": lambda secret: repr(secret).encode(),
    "in hex": lambda secret: secret.encode().hex().encode(),
    "in base64 for addresses": lambda secret: base64.urlsafe_b64encode(b"x" + secret.encode()),
    "for HTTP's basic scheme": lambda secret: base64.b64encode(f"user:{secret}".encode()),
    "compressed": lambda secret: gzip.compress(secret.encode()),
    "in an archive in an archive": in_zip,
    "in a mail that is wrapped": in_mail,
}


@pytest.mark.parametrize("way", WAYS)
def test_it_is_found(way: str) -> None:
    scanner = Scanner([SECRET])
    assert scanner.holds(WAYS[way](SECRET))
    assert not scanner.holds(WAYS[way]("something else entirely"))


@given(before=st.binary(max_size=9), after=st.binary(max_size=9), secret=st.text(min_size=8, max_size=60))
def test_in_base64_at_any_place(before: bytes, after: bytes, secret: str) -> None:
    secret = secret.encode("utf-8", "ignore").decode() + "12345678"
    assert Scanner([secret]).holds(base64.b64encode(before + secret.encode() + after))
    assert Scanner([secret]).holds(base64.urlsafe_b64encode(before + secret.encode() + after))


@given(data=st.binary(max_size=300))
def test_no_bytes_trip_it(data: bytes) -> None:
    for beginning in (b"", b"PK\x03\x04", b"\x1f\x8b", b"x\nMIME-Version: 1.0\n"):
        Scanner([SECRET]).holds(beginning + data)
    assert not Scanner([]).holds(data)


def test_names_and_bytes_of_files_are_looked_at(tmp_path: Path) -> None:
    plain = "abcdefgh12345678"
    (tmp_path / f"log-{plain}.txt").write_text("well")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "well.txt").write_text("well")
    assert [path.name for path in Scanner([plain]).in_folder(tmp_path)] == [f"log-{plain}.txt"]


def test_the_database_is_read_value_by_value(city: City) -> None:
    """Where it lies in the file's pages is not looked at alone: a long value is cut up there."""
    secret = city.standins.secrets()[0]
    with city.parts.database.begin() as tx:
        ledger.append(tx, kind="x", agent=ledger.DAEMON, at=city.clock(), detail={"why": quote(secret, safe="") + "…"})
    assert any("in the database, in ledger.detail" in broken for broken in city.broken_promises())


@pytest.mark.slow
def test_a_full_demo_leaves_none(tmp_path: Path) -> None:
    words = ("demo", "--seconds", "45", "--exit", "--json", "--folder", str(tmp_path / "demo"))
    done = subprocess.run([sys.executable, "-m", "bot.cli", *words], capture_output=True, text=True, check=False)
    assert json.loads(done.stdout)["broken_promises"] == [], done.stderr
    with (tmp_path / "demo" / "daemon.log").open("a") as log:
        log.write(
            "token=" + next(iter(json.loads((tmp_path / "demo" / "credentials" / "facebook").read_text()).values()))
        )
    secrets = [
        value
        for file in (tmp_path / "demo" / "credentials").iterdir()
        for value in json.loads(file.read_text()).values()
    ]
    found = [path.name for path in Scanner(secrets).in_folder(tmp_path / "demo") if path.parent.name != "credentials"]
    assert found == ["daemon.log"], "and it would be found there"
