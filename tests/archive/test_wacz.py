"""A page archive passes the validator of those who keep the format, holds what servers answered, and no cookie."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest
from builders import NOON
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import TEXT, Site, a_subject, article, redirect, standing_at
from warcio.archiveiterator import ArchiveIterator

from archive import wacz
from archive.capture import BrowserSettings, Camera
from bot.domain.types import Quality

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

HTML = {"Content-Type": "text/html; charset=utf-8"}


@pytest.fixture(scope="module")
def camera() -> Iterator[Camera]:
    with Camera(BrowserSettings(deadline=24), "9.9") as camera:
        yield camera


def an_answer(url: str = "https://city.example/post/1", body: bytes = b"<p>Hello", **other: object) -> wacz.Answer:
    return wacz.Answer(**({"url": url, "status": 200, "reason": "OK", "headers": HTML, "body": body} | other))


def write(*answers: wacz.Answer) -> bytes:
    page = answers[0].url if answers else "https://city.example/"
    return wacz.write(answers, page=page, title="A page", tool="citymod 9.9", at=NOON)


def validated(path: Path) -> tuple[int, str]:
    """What `wacz validate` says, the tool of those who keep the format."""
    program = "import sys; from wacz.main import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-W", "ignore", "-c", program, "validate", "-f", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def answers_in(data: bytes) -> dict[str, tuple[str, dict[str, str], bytes]]:
    """Each answer by its address: status, headers, content; digests checked by warcio."""
    warc = zipfile.ZipFile(io.BytesIO(data)).read(wacz.WARC)
    found = {}
    for record in ArchiveIterator(io.BytesIO(warc), check_digests="raise"):
        if record.rec_type == "response":
            content = record.content_stream().read()
            headers = {name.lower(): value for name, value in record.http_headers.headers}
            found[record.rec_headers["WARC-Target-URI"]] = (record.http_headers.statusline, headers, content)
    return found


def test_it_passes_the_validator_and_one_changed_byte_does_not(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.wacz", tmp_path / "bad.wacz"
    good.write_bytes(write(an_answer(), an_answer("https://city.example/a.png", b"\x89PNG")))
    assert validated(good)[0] == 0, validated(good)[1]
    with zipfile.ZipFile(good) as whole, zipfile.ZipFile(bad, "w") as broken:
        for name in whole.namelist():
            broken.writestr(name, whole.read(name).replace(b"A page", b"B page"))
    assert validated(bad)[0] != 0


def test_the_index_leads_to_each_answer() -> None:
    first, second = an_answer(), an_answer("https://cdn.example:8443/A?b=C d#part", b"x" * 5000)
    archive = zipfile.ZipFile(io.BytesIO(write(first, second)))
    warc, lines = archive.read(wacz.WARC), archive.read(wacz.INDEX).decode().splitlines()
    assert lines == sorted(lines)
    for line in lines:
        _, stamp, fields = line.split(" ", 2)
        place = json.loads(fields)
        piece = warc[int(place["offset"]) :][: int(place["length"])]
        record = next(iter(ArchiveIterator(io.BytesIO(piece))))
        assert record.rec_headers["WARC-Target-URI"] == place["url"]
        assert {"#", " "}.isdisjoint(place["url"])
        assert stamp == "20261102120000"


def test_no_cookie_is_in_it_and_headers_fit_the_decoded_body() -> None:
    headers = HTML | {"Set-Cookie": "session=abc", "Content-Encoding": "br", "X-Two": "one\ntwo"}
    data = write(an_answer(headers=headers, body=b"decoded"))
    ((_, kept, body),) = answers_in(data).values()
    assert b"session=abc" not in data
    assert body == b"decoded"
    assert kept["x-orig-content-encoding"] == "br"
    assert "content-encoding" not in kept
    assert kept["content-length"] == "7"
    assert kept["x-two"] == "one, two"


@given(
    bodies=st.lists(st.binary(max_size=300), max_size=4),
    reason=st.text(max_size=20),
    value=st.text(max_size=40),
    status=st.sampled_from([200, 204, 301, 304, 404, 500]),
)
@settings(max_examples=60, deadline=None)
def test_whatever_servers_answer_is_kept_and_the_same_twice(
    bodies: list[bytes], reason: str, value: str, status: int
) -> None:
    answers = [
        an_answer(f"https://city.example/{number}", body, status=status, reason=reason, headers={"x-odd": value})
        for number, body in enumerate(bodies)
    ]
    data = write(*answers)
    assert data == write(*answers)
    kept = [b"" if status in wacz.BODILESS else body for body in bodies]
    assert [content for _, _, content in answers_in(data).values()] == kept


def test_the_archive_of_a_page_holds_what_the_page_was_made_of(camera: Camera, tmp_path: Path) -> None:
    def old_text(handler: BaseHTTPRequestHandler) -> None:
        body = (
            article(TEXT, extra="<img src='/own.png'><p>Café").replace('<meta charset="utf-8">', "").encode("latin-1")
        )
        handler.send_response(200)
        handler.send_header("content-type", "text/html; charset=iso-8859-1")
        handler.send_header("set-cookie", "session=abc")
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    with Site() as site:
        site.pages |= {"/moved": redirect("/comment"), "/comment": old_text}
        capture = camera.capture(standing_at(f"{site.url}/moved"), ("page",), tmp_path, now=NOON)
        assert capture.quality is Quality.FULL
        data = (tmp_path / "page.wacz").read_bytes()
        answers = answers_in(data)
        assert answers[f"{site.url}/moved"][0].startswith("302")
        assert answers[f"{site.url}/own.png"][0].startswith("404")
        _, headers, body = answers[f"{site.url}/comment"]
    assert "Café" in body.decode()
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["x-orig-content-type"] == "text/html; charset=iso-8859-1"
    assert b"session=abc" not in data
    assert validated(tmp_path / "page.wacz")[0] == 0


def test_the_archive_of_a_record_is_the_card(camera: Camera, tmp_path: Path) -> None:
    camera.capture(a_subject(TEXT, "gutter"), ("record",), tmp_path, now=NOON)
    ((_, _, body),) = answers_in((tmp_path / "page.wacz").read_bytes()).values()
    assert "<mark>gutter</mark>" in body.decode()
    assert validated(tmp_path / "page.wacz")[0] == 0
