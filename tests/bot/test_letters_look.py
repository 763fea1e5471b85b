"""Digest and evidence mail as people meet them: axe-core finds nothing, nothing is wider than a phone.

A busy day of 500 acts is one that nobody would want to read whole.
"""

from __future__ import annotations

import re
from base64 import b64encode
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

import looked_at
import pytest
from builders import PERSON, a_batch, a_comment, a_match, a_verdict, an_evidence
from city import VIOLATION, City, for_review
from served import console_settings

from archive import accounts, cases, evidence, orders, outbox, pauses, records, staff
from bot import digest
from bot.domain.states import Event
from bot.domain.types import Action, Role
from bot.review import person

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path

    from playwright.sync_api import Browser

    from archive.capture import Camera

LOOKS: dict[str, dict[str, Any]] = {
    **{look: looked_at.LOOKS[look] for look in ("light", "dark", "narrow")},
    "narrow-dark": looked_at.LOOKS["narrow"] | looked_at.LOOKS["dark"],
    "tablet": {"viewport": {"width": 800, "height": 900}},
}
LONG = "unbrokenwordsthatgoonandon" * 12
ACTS = 500


def page_of(message: EmailMessage, *, pictures: bool = True) -> str:
    """The HTML of a mail with its pictures in it, as a mail program shows it."""
    body = message.get_body(("html",))
    assert body is not None
    html: str = body.get_content()
    for part in message.walk() if pictures else ():
        if part.get_content_maintype() == "image" and part["Content-ID"]:
            data = f"data:{part.get_content_type()};base64,{b64encode(part.get_content()).decode()}"
            html = html.replace(f"cid:{part['Content-ID'].strip('<>')}", data)
    return html


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory, camera: Camera) -> dict[str, EmailMessage]:
    with City(tmp_path_factory.mktemp("letters"), camera) as city:
        city.write("facebook", f"{VIOLATION} {LONG}\nand a second line")
        city.write("instagram", "my card is 4111 1111 1111 1111")
        city.write("youtube", for_review())
        with city.parts.database.begin() as tx:
            accounts.stop(tx, city.settings.accounts[-1].account.key, "Unauthorised: the token is gone", city.clock())
        city.run()
        with city.parts.database.begin() as tx:
            pauses.pause(tx, "clause:C5", person("Kim"), "in doubt", city.clock(), city.clock())
            pauses.pause(tx, "clause:C2", person("Kim"), f"in doubt {LONG}", None, city.clock())
        city.make_digests()
        found = [message_from_bytes(f.read_bytes(), policy=policy.default) for f in city.sink.folder.glob("*.eml")]
    told = {}
    for message in sorted(found, key=lambda each: str(each["Date"])):
        name = (
            "digest" if "digest no. 1" in str(message["Subject"]) else "quiet" if "digest" in message["Subject"] else ""
        )
        if message["Subject"].startswith("Evidence"):
            name = "evidence" if any(part.get_content_maintype() == "image" for part in message.walk()) else "closed"
        told[name] = message
    return told


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", ["digest", "quiet", "evidence", "closed"])
def test_axe_finds_nothing_and_nothing_is_too_wide(
    letters: dict[str, EmailMessage], browser: Browser, name: str, look: str
) -> None:
    page = browser.new_page(**LOOKS[look])
    page.set_content(page_of(letters[name]))
    assert looked_at.faults(page, looked_for=10) == []
    looked_at.keep(page, f"{name}-{look}")
    page.close()


@pytest.mark.parametrize("name", ["digest", "quiet", "evidence", "closed"])
def test_it_is_written_as_old_mail_programs_take_it(letters: dict[str, EmailMessage], name: str) -> None:
    html = page_of(letters[name], pictures=False)
    assert not re.search(r"display:\s*(flex|grid)|position:|<script|<link|url\(", html)
    assert '<p style="' in html, "styles stand in the elements"
    assert "<!--[if mso]>" in html
    for image in re.findall(r"<img[^>]*>", html):
        assert re.search(r'width="\d+"', image)
        assert re.search(r'alt="[^"]+"', image), "it can be read with pictures off"
    assert all(len(line) < 999 for line in bytes(letters[name]).splitlines()), "RFC 5321, 4.5.3.1.6"
    assert all(byte < 128 for byte in bytes(letters[name]))


@pytest.fixture
def busy(tmp_path: Path, camera: Camera) -> Iterator[City]:
    """A day with 500 hidden comments of 5,000 characters, and 500 more that wait; their pictures are elsewhere.

    Each can be decided by a link.
    """
    with City(tmp_path, camera, console=console_settings(tmp_path)) as city:
        account = city.settings.accounts[0].account
        now = city.clock()
        pio = city.settings.pios[0]
        with city.parts.database.begin() as tx:
            told = {"password": None, "totp": None, "agent": PERSON, "now": now}
            staff.add(tx, pio.email, name=pio.name, roles=[Role.PIO], accounts=[], **told)
        comments = [a_comment(f"c{n}", account=account, text=f"{n} é&<" + "wörd & " * 700) for n in range(2 * ACTS)]
        with city.parts.database.begin() as tx:
            records.observe(tx, a_batch(*comments), account=account, now=now)
            for number, comment in enumerate(comments):
                verdict = a_verdict(matches=(a_match(clause="C5"),))
                given = {"policy_sha256": "ab" * 32, "packs": {}, "now": now}
                cases.record_verdict(tx, comment.ref, comment.revision, verdict, **given)
                if number >= ACTS:
                    cases.advance(tx, comment.ref, Event.REFERRED, agent=PERSON, now=now, why="asked")
                    continue
                cases.advance(tx, comment.ref, Event.MARKED, agent=PERSON, now=now, why="asked")
                sealed = an_evidence(comment, captured_at=now)
                evidence.record(tx, sealed, now)
                cases.advance(tx, comment.ref, Event.CAPTURED, agent=PERSON, now=now, why="sealed")
                asked = {"evidence_id": sealed.id, "action": Action.HIDE, "agent": PERSON, "now": now}
                order = orders.place(tx, ref=comment.ref, revision=comment.revision, **asked)
                orders.confirm(tx, order, basis="look", now=now)
                cases.advance(tx, comment.ref, Event.ENFORCED, agent=PERSON, now=now, why="shown so")
        yield city


def test_a_day_of_500_acts_stays_readable_and_counts_what_it_leaves_out(busy: City) -> None:
    pio = busy.settings.pios[0]
    with busy.parts.database.begin() as tx:
        number = digest.make(tx, busy.settings, pio, busy.clock())
        raw = outbox.kept(tx, digest.key_of(pio, number))
    message = message_from_bytes(raw or b"", policy=policy.default)
    assert "500 hidden, 500 waiting" in str(message["Subject"])
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        assert body is not None
        text = re.sub(r"<[^>]+>", "", body.get_content())
        left_out = [int(number) for number in re.findall(r"And (\d+) more", text)]
        assert len(left_out) == 2
        assert min(left_out) >= 470
        assert text.count("characters)") == sum(ACTS - number for number in left_out)
        assert "citymod review list" in text
        assert body.get_content().count("/case/link?link=") >= 10, "what is shown can be decided by a link"
        assert len(body.get_content().encode()) < 100_000
