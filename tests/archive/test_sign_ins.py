"""A stored sign-in is used for its own account alone, lies nowhere in the clear, and leaves nothing in the evidence."""

from __future__ import annotations

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from builders import NOON, an_account
from pages import TEXT, Site, article, standing_at

from archive import sign_ins
from archive.capture import BrowserSettings, Camera
from archive.sign_ins import NotOpened, SignIn, file_of
from bot.domain.types import Quality

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.server import BaseHTTPRequestHandler

    from archive.capture import Capture

SECRET = "s3ss10n-0f-the-city"
KEY = bytes(range(32))
COOKIE = {"name": "session", "value": SECRET, "domain": "127.0.0.1", "path": "/", "expires": -1}
STATE = json.dumps(
    {"cookies": [COOKIE | {"httpOnly": True, "secure": False, "sameSite": "Lax"}], "origins": []}
).encode()


@pytest.fixture
def stored(tmp_path: Path) -> SignIn:
    account = an_account().key
    sign_in = SignIn(account=account, file=file_of(tmp_path / "sign-ins", account), key=KEY)
    sign_ins.store(sign_in, STATE)
    return sign_in


@pytest.fixture
def site() -> Iterator[Site]:
    """A site that shows the comment to who is signed in, and says its token in the page as some do."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        came = SECRET in (handler.headers["cookie"] or "")
        page = article(TEXT, extra=f"<script>var csrf = '{SECRET}'</script>") if came else "You must log in to continue"
        body = page.encode()
        handler.send_response(200)
        handler.send_header("content-type", "text/html; charset=utf-8")
        handler.send_header("set-cookie", f"session={SECRET}")
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    with Site() as site:
        site.pages["/comment"] = answer
        yield site


def capture(site: Site, into: Path, sign_in: SignIn, account: str = "UCcity") -> tuple[Capture, list[Path]]:
    """Capture a comment on that account; give the files in which the secret stood while the browser was at work."""
    subject = replace(standing_at(f"{site.url}/comment"), account=an_account(id=account))
    with Camera(BrowserSettings(deadline=12, sign_ins={sign_in.account: sign_in}), "9.9") as camera:
        done = camera.capture(subject, ("page",), into, now=NOON)
        places = [into, sign_in.file.parent, *Path(tempfile.gettempdir()).glob("citymod-camera-*")]
        files = [path for place in places for path in place.rglob("*") if path.is_file()]
        telling = (SECRET.encode(), KEY.hex().encode(), KEY)
        return done, [path for path in files if any(word in path.read_bytes() for word in telling)]


def test_a_page_is_pictured_signed_in_and_the_secret_lies_nowhere(tmp_path: Path, site: Site, stored: SignIn) -> None:
    done, leaks = capture(site, tmp_path / "shot", stored)
    assert [(step.name, step.detail) for step in done.steps if not step.ok] == []
    assert done.quality is Quality.FULL
    assert leaks == []
    assert done.conditions["signed_in"] == "yes: as stored for youtube:UCcity"
    assert done.conditions["rendition"] == "Page as shown to somebody who was signed in for the City"
    assert {path.name for path in (tmp_path / "shot").iterdir()} == {"comment.png", "page.png"}


def test_another_account_is_looked_at_signed_out(tmp_path: Path, site: Site, stored: SignIn) -> None:
    done, _ = capture(site, tmp_path / "shot", stored, account="UCother")
    assert done.quality is Quality.PARTIAL
    assert done.conditions["signed_in"] == "no"
    assert any("shown is a login page" in step.detail for step in done.steps)


def test_a_sign_in_that_does_not_open_is_partial_and_says_so(tmp_path: Path, site: Site, stored: SignIn) -> None:
    done, _ = capture(site, tmp_path / "shot", replace(stored, key=bytes(32)))
    assert done.quality is Quality.PARTIAL
    assert "does not open with this key" in done.steps[0].detail
    assert site.asked == []


def test_a_file_in_another_accounts_place_does_not_open(stored: SignIn) -> None:
    assert sign_ins.read(stored)["cookies"][0]["value"] == SECRET
    with pytest.raises(NotOpened, match="another account's"):
        sign_ins.read(replace(stored, account="youtube:UCother"))
    damaged = bytearray(stored.file.read_bytes())
    damaged[-1] ^= 1
    stored.file.write_bytes(damaged)
    with pytest.raises(NotOpened):
        sign_ins.read(stored)
    sign_ins.forget(stored)
    with pytest.raises(NotOpened, match="can be read"):
        sign_ins.read(stored)


def test_it_lies_encrypted_for_its_owner_alone(stored: SignIn) -> None:
    assert SECRET.encode() not in stored.file.read_bytes()
    assert b"cookies" not in stored.file.read_bytes()
    assert stored.file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in stored.file.parent.iterdir()] == [stored.file.name]
    assert KEY.hex() not in repr(stored)
    assert repr(KEY) not in repr(stored)


@pytest.mark.parametrize("state", [b"", b"[]", b"{}", b'{"cookies": []}', b"\xff"])
def test_what_is_no_storage_state_is_refused(stored: SignIn, state: bytes) -> None:
    with pytest.raises(ValueError, match="storage state"):
        sign_ins.store(stored, state)
    assert sign_ins.read(stored)["cookies"], "what was stored before stays"
