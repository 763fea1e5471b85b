"""The Social Media Manager gets each piece of evidence alone or several in one mail, and says that it has arrived."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest

from archive import acknowledged, cases, evidence, handwork, ledger, outbox
from bot import mailbox
from bot.domain.states import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from city import City

    from archive.database import Tx
    from bot.domain.types import Evidence


def received(city: City) -> list[EmailMessage]:
    files = sorted(city.sink.folder.glob("*.eml"))
    found = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]
    return [message for message in found if "Evidence" in str(message["Subject"])]


def bundling(city: City) -> None:
    mail = city.settings.mail.model_copy(
        update={"evidence": "bundle", "bundle_minutes": 60, "reply_to": "intake@fountains.example"}
    )
    city.settings = city.settings.model_copy(update={"mail": mail})
    city.parts = replace(city.parts, settings=city.settings)


def sealed(tx: Tx) -> list[Evidence]:
    return [one for case in cases.every(tx) for one in evidence.all_of(tx, case.ref)]


def answer(city: City, to: EmailMessage, **headers: str) -> EmailMessage:
    message = EmailMessage()
    values = {
        "From": city.settings.mail.social_media_manager,
        "Subject": f"Re: {to['Subject']}",
        "Message-ID": "<reply@fountains.example>",
        "In-Reply-To": str(to["Message-ID"]),
    }
    for name, value in (values | headers).items():
        message[name] = value
    message.set_content("Filed, thank you.")
    return message


def take(city: City, message: EmailMessage) -> None:
    with city.parts.database.begin() as tx:
        mailbox.take(tx, city.settings, bytes(message), city.clock())


def acknowledgements(city: City) -> list[tuple[str, str, str]]:
    with city.parts.database.read() as tx:
        lines = ledger.entries(tx, kinds=(acknowledged.ACKNOWLEDGED,))
        return [(str(line.detail["evidence"]), line.agent.name, str(line.detail["how"])) for line in lines]


def test_one_mail_for_all_that_came_within_an_hour_and_one_answer_for_all_of_it(city: City) -> None:
    bundling(city)
    comments = [city.write("facebook"), city.write("youtube")]
    city.run()
    assert [city.state(comment) for comment in comments] == [State.ENFORCED] * 2, "hiding waits for no mail"
    assert received(city) == []
    city.clock.move(hours=1)
    city.deliver()
    (bundle,) = received(city)
    assert bundle["Subject"] == "Evidence of 2 comments"
    attached = [part.get_content() for part in bundle.iter_attachments()]
    with city.parts.database.read() as tx:
        both = sealed(tx)
        letters = {outbox.kept(tx, f"evidence:{one.id}") for one in both}
        sent = [
            line.detail for line in ledger.entries(tx, kinds=("mail.sent",)) if line.detail["mail_kind"] == "evidence"
        ]
        assert all(outbox.accepted(tx, f"evidence:{one.id}") for one in both)
    subjects = {str(message_from_bytes(letter or b"", policy=policy.default)["Subject"]) for letter in letters}
    assert {str(each["Subject"]) for each in attached} == subjects
    for each in attached:
        assert any(part.get_content_type() == "image/png" for part in each.walk()), "each is whole"
    (path,) = [path for path in city.sink.folder.glob("*.eml") if b"Evidence of 2" in path.read_bytes()]
    assert {detail["sha256"] for detail in sent} == {hashlib.sha256(path.read_bytes()).hexdigest()}
    assert bundle["Reply-To"] == "intake@fountains.example"
    take(city, answer(city, bundle))
    who = city.settings.mail.social_media_manager
    assert sorted(acknowledgements(city)) == sorted((one.id, who, "by mail") for one in both)
    with city.parts.database.read() as tx:
        assert handwork.unattended(tx) == [], "nobody has to look into that answer"
        assert acknowledged.tally(tx) == (2, 2)


@pytest.fixture
def told(city: City) -> tuple[City, EmailMessage]:
    city.write("facebook")
    city.run()
    (message,) = received(city)
    return city, message


def test_the_mail_says_how_to_check_it_and_how_to_acknowledge(told: tuple[City, EmailMessage]) -> None:
    city, message = told
    with city.parts.database.read() as tx:
        (one,) = sealed(tx)
    for kind in ("plain", "html"):
        body = message.get_body((kind,))
        assert body is not None
        text = " ".join(body.get_content().split())
        assert f"citymod evidence show {one.id}" in text
        assert f"citymod evidence acknowledge {one.id}" in text
        assert "sha256sum -c SHA256SUMS" in text
        assert one.manifest in text
        assert one.folder in text
    manifest = city.settings.evidence_folder / one.folder / "manifest.json"
    assert hashlib.sha256(manifest.read_bytes()).hexdigest() == one.manifest, "what the mail tells people to compare"


@pytest.mark.parametrize(
    "headers",
    [
        {"From": "stranger@example.org"},
        {"Auto-Submitted": "auto-replied"},
        {"Precedence": "bulk"},
        {"In-Reply-To": "<evidence.0.000000000000@fountains.example>"},
        {"In-Reply-To": ""},
    ],
)
def test_only_an_answer_that_a_known_person_wrote_acknowledges(
    told: tuple[City, EmailMessage], headers: dict[str, str]
) -> None:
    city, message = told
    take(city, answer(city, message, **headers))
    assert acknowledgements(city) == []
    with city.parts.database.read() as tx:
        assert len(handwork.unattended(tx)) == 1, "somebody looks into it"


def test_a_command_acknowledges_too_and_the_first_word_counts(
    told: tuple[City, EmailMessage], citymod: Callable[..., tuple[int, str, str]]
) -> None:
    city, message = told
    with city.parts.database.read() as tx:
        (one,) = sealed(tx)
    call = ("evidence", "acknowledge", one.id, "--config", city.file)
    assert citymod(*call, "--who", "Sam")[0] == 0
    assert "Sam acknowledged" in citymod(*call, "--who", "Kim")[1]
    take(city, answer(city, message))
    assert acknowledgements(city) == [(one.id, "Sam", "by command")]
    city.make_digests()
    digests = [path.read_bytes() for path in sorted(city.sink.folder.glob("*.eml"))]
    assert b"Evidence mails sent so far: 1; acknowledged: 1" in digests[-1]
