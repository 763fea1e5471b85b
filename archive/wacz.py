"""Writes a page archive: what servers answered while a page was looked at, as one WACZ file that ReplayWeb.page shows.

Formats: WACZ 1.1.1 (specs.webrecorder.net/wacz/1.1.1), WARC 1.1 (ISO 28500:2017) and CDXJ for the index. The same
answers give the same bytes. Nothing that was sent to a server is in it, so no cookie of ours can be.
"""

from __future__ import annotations

import hashlib
import io
import json
import uuid
import zipfile
from base64 import b32encode
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

WACZ_VERSION = "1.1.1"
WARC = "archive/data.warc.gz"
INDEX = "indexes/index.cdx"
PAGES = "pages/pages.jsonl"
PACKAGE = "datapackage.json"
NOT_KEPT = frozenset({"set-cookie", "set-cookie2"})
UNDONE = frozenset({"content-encoding", "content-length", "transfer-encoding"})  # the browser gave bodies decoded
BODILESS = frozenset({204, 205, 304})  # RFC 9110: such an answer has no content


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server answered to one GET. `headers` are as the browser told them, `body` is decoded content."""

    url: str
    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one answer lies in the WARC file, in bytes."""

    answer: Answer
    digest: str
    offset: int
    length: int


def write(answers: Sequence[Answer], *, page: str, title: str, tool: str, at: datetime) -> bytes:
    """Give the WACZ file with these answers. `page` is the address of the one to be shown first, `at` when it was."""
    at = at.replace(microsecond=0)
    warc, places = _warc(answers, tool, at)
    parts = {WARC: warc, INDEX: _index(places, at), PAGES: _pages(page, title, at)}
    parts[PACKAGE] = _package(parts, page, title, tool, at)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:  # stored, not packed: replaying reads parts of it where they lie
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name, at.timetuple()[:6]), data)
    return file.getvalue()


def _warc(answers: Sequence[Answer], tool: str, at: datetime) -> tuple[bytes, list[_Place]]:
    file = io.BytesIO()
    writer = WARCWriter(file, gzip=True, warc_version="1.1")
    said = {"software": tool, "format": "WARC File Format 1.1"}
    about = "".join(f"{name}: {value}\r\n" for name, value in said.items()).encode()
    head = _head("warcinfo", WARC, about, at) | {"WARC-Filename": WARC.rpartition("/")[2]}
    record = writer.create_warc_record(
        "", "warcinfo", payload=io.BytesIO(about), length=len(about), warc_headers_dict=head
    )
    writer.write_record(record)
    places = []
    for answer in answers:
        body = b"" if answer.status in BODILESS else answer.body
        lines = [(name, _one_line(value)) for name, value in _headers(answer, body)]
        record = writer.create_warc_record(
            _plain(answer.url),
            "response",
            payload=io.BytesIO(body),
            length=len(body),
            http_headers=StatusAndHeaders(_status(answer), lines, "HTTP/1.1"),
            warc_headers_dict=_head("response", answer.url, body, at),
        )
        offset = file.tell()
        writer.write_record(record)
        digest = b32encode(hashlib.sha1(body, usedforsecurity=False).digest()).decode()
        places.append(_Place(answer, f"sha1:{digest}", offset, file.tell() - offset))
    return file.getvalue(), places


def _head(kind: str, url: str, body: bytes, at: datetime) -> dict[str, str]:
    """The record's name is made from what it holds, so that the same page gives the same file."""
    name = uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}\n{url}\n{at.isoformat()}\n{hashlib.sha256(body).hexdigest()}")
    return {"WARC-Record-ID": f"<urn:uuid:{name}>", "WARC-Date": f"{at:%Y-%m-%dT%H:%M:%SZ}"}


def _headers(answer: Answer, body: bytes) -> Iterator[tuple[str, str]]:
    """Headers as they came, those that no longer fit the decoded body under another name, cookies left out."""
    for name, value in answer.headers.items():
        if name.lower() not in NOT_KEPT:
            yield (f"x-orig-{name}" if name.lower() in UNDONE else name), value
    yield "content-length", str(len(body))


def _status(answer: Answer) -> str:
    """Status and reason; of a reason only what the first line of an answer may hold is kept."""
    reason = _one_line(answer.reason).encode("ascii", "replace").decode("ascii")
    return f"{answer.status} {reason}".strip()


def _one_line(value: str) -> str:
    """A header's value on one line, as it must be; the browser joins several of one name with line breaks."""
    return ", ".join(value.splitlines()).encode("latin-1", "replace").decode("latin-1")


def _plain(url: str) -> str:
    """An address without its fragment, which no server ever sees, and without spaces, which no address may hold."""
    return url.partition("#")[0].replace(" ", "%20")


def _index(places: Sequence[_Place], at: datetime) -> bytes:
    lines = []
    for place in places:
        kind = next((value for name, value in place.answer.headers.items() if name.lower() == "content-type"), "")
        fields = {
            "url": _plain(place.answer.url),
            "mime": kind.partition(";")[0].strip() or "unk",
            "status": str(place.answer.status),
            "digest": place.digest,
            "length": str(place.length),
            "offset": str(place.offset),
            "filename": WARC.rpartition("/")[2],
        }
        lines.append(f"{_sorting_key(place.answer.url)} {at:%Y%m%d%H%M%S} {json.dumps(fields)}\n")
    return "".join(sorted(lines)).encode()


def _sorting_key(url: str) -> str:
    """The address with its host turned round, so that what belongs together stands together: ``org,example)/path``."""
    parts = urlsplit(_plain(url).lower())
    host = ",".join(reversed((parts.hostname or "").split(".")))
    port = f":{parts.port}" if parts.port else ""
    return f"{host}{port}){parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"


def _pages(page: str, title: str, at: datetime) -> bytes:
    name = uuid.uuid5(uuid.NAMESPACE_URL, page).hex
    listed = {"id": name, "url": _plain(page), "ts": _stamp(at), "title": title or page}
    about = {"format": "json-pages-1.0", "id": "pages", "title": "All pages"}
    return (json.dumps(about) + "\n" + json.dumps(listed) + "\n").encode()


def _package(parts: Mapping[str, bytes], page: str, title: str, tool: str, at: datetime) -> bytes:
    resources = [
        {
            "name": path.rpartition("/")[2],
            "path": path,
            "hash": f"sha256:{hashlib.sha256(data).hexdigest()}",
            "bytes": len(data),
        }
        for path, data in parts.items()
    ]
    package = {
        "profile": "data-package",
        "wacz_version": WACZ_VERSION,
        "software": tool,
        "title": title or page,
        "created": _stamp(at),
        "mainPageUrl": _plain(page),
        "mainPageDate": _stamp(at),
        "resources": resources,
    }
    return (json.dumps(package, indent=2) + "\n").encode()


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
