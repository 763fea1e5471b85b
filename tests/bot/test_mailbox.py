"""The intake mailbox, on a real IMAP server: staff's forms become comments, all else tasks, and nothing is dropped."""

from __future__ import annotations

import json
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import pytest
from city import VIOLATION, City
from imap import PASSWORD, USER, ImapServer
from PIL import Image

from archive import cases, handwork, ledger, records, uploads
from bot import letterbox, mailbox, tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from archive.capture import Camera

    Run = Callable[..., tuple[int, str, str]]

KIM = "kim@fountains.example"
SERVER = "mx.fountains.example"
DOMAINS = {"nextdoor": ("nextdoor.com",), "pinterest": ("pinterest.com",)}
LINK = "https://nextdoor.com/p/AbC/?s=mne&auto_token=SECRETSECRET&token=SECRETSECRET#x"
FORM = (
    f"account: pinterest:cityoffountains\nurl: {LINK}\nauthor: pat\nseen: 2020-11-20 08:00\ntext:\n{VIOLATION}\nend:\n"
)


def a_mail(text: str = "hello", **headers: Any) -> EmailMessage:
    message = EmailMessage()
    results = headers.pop("results", None)
    if results:
        message["Authentication-Results"] = results
    values = {"From": KIM, "To": "intake@fountains.example", "Subject": "a comment", "Message-ID": "<1@f.example>"}
    for name, value in (values | headers).items():
        message[name] = value
    message.set_content(text)
    return message


@pytest.fixture(scope="session")
def shot(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("shots") / "shot.png"
    Image.new("RGB", (40, 30), "white").save(path)
    return path.read_bytes()


@pytest.fixture
def server() -> Iterator[ImapServer]:
    with ImapServer() as server:
        yield server


@pytest.fixture
def town(tmp_path: Path, camera: Camera, server: ImapServer) -> Iterator[City]:
    accounts = [
        {"platform": name, "id": "cityoffountains", "name": "City of Fountains", "mode": "review"}
        for name in ("nextdoor", "pinterest")
    ]
    box = {
        "host": "127.0.0.1",
        "port": server.port,
        "tls": "none",
        "credential": "mailbox",
        "staff": [KIM],
        "mail_server": SERVER,
        "timeout_seconds": 5,
    }
    secret = tmp_path / "credentials" / "mailbox"
    secret.parent.mkdir()
    secret.touch(mode=0o600)
    secret.write_text(json.dumps({"user": USER, "password": PASSWORD}), encoding="utf-8")
    with City(tmp_path, camera, accounts=accounts, mailbox=box) as city:
        yield city


def waiting(city: City) -> list[tasks.Task]:
    with city.parts.database.read() as tx:
        return [task for task in tasks.waiting(tx, city.settings, city.clock()) if task.name.startswith("mail:")]


# On a real server -----------------------------------------------------------------------------------------------------


def test_a_form_of_staff_becomes_a_comment_with_its_picture(town: City, server: ImapServer, shot: bytes) -> None:
    message = a_mail(FORM)
    message.add_attachment(shot, "image", "png", filename="shot.png")
    server.deliver(bytes(message))
    assert mailbox.read(town.parts, town.clock) == 1
    with town.parts.database.read() as tx:
        (case,) = list(cases.every(tx))
        comment = records.comment(tx, case.ref)
        (picture,) = uploads.of(tx, case.ref, case.revision)
    assert (comment.text, comment.author.name, comment.url) == (VIOLATION, "pat", "https://nextdoor.com/p/AbC/")
    assert json.loads(comment.raw)["entered_by"] == KIM
    assert picture.picture.body == shot
    assert waiting(town) == []


def test_a_picture_that_cannot_be_used_is_told_and_the_comment_entered(town: City, server: ImapServer) -> None:
    message = a_mail(FORM)
    message.add_attachment(b"\x00\x00\x00 ftypheic", "image", "heic", filename="photo.heic")
    server.deliver(bytes(message))
    mailbox.read(town.parts, town.clock)
    (task,) = waiting(town)
    assert "Entered as pinterest:cityoffountains:h" in task.steps[0]
    assert "photo.heic is no PNG, JPEG, GIF or WebP picture" in task.steps[0]
    with town.parts.database.read() as tx:
        assert records.counts(tx)["comments"] == 1


@pytest.mark.parametrize(
    ("sender", "subject", "said"),
    [
        (
            "no-reply@is.email.nextdoor.com",
            "New from Kim and other neighbors in San Francisco",
            "something new from Kim and other neighbors in San Francisco: look at https://nextdoor.com/p/AbC/",
        ),
        ("reply@ss.email.nextdoor.com", "FERRIS PARK USERS -", "the post that begins “FERRIS PARK USERS -”: look at"),
        ("no-reply@rs.email.nextdoor.com", "New from Kim in Waldo", None),
        ("no-reply@is.email.nextdoor.com", "Confirm your address", None),
    ],
)
def test_a_notification_says_who_wrote_where(
    town: City, server: ImapServer, sender: str, subject: str, said: str | None
) -> None:
    results = f"{SERVER}; dmarc=pass header.from=nextdoor.com"
    server.deliver(bytes(a_mail(f"See what you missed: {LINK}", results=results, From=sender, Subject=subject)))
    mailbox.read(town.parts, town.clock)
    (task,) = waiting(town)
    words = "\n".join(task.steps)
    assert "SECRETSECRET" not in words
    if said is None:
        assert "Nextdoor tells" not in words
    else:
        assert said in words


def test_a_stranger_s_mail_of_the_same_shape_says_nothing(town: City, server: ImapServer) -> None:
    server.deliver(bytes(a_mail("x", From="a@is.email.nextdoor.com", Subject="New from Kim in Waldo")))
    mailbox.read(town.parts, town.clock)
    (task,) = waiting(town)
    assert "Nextdoor tells" not in "\n".join(task.steps)


def test_tokens_in_links_are_in_no_file_of_the_archive(town: City, server: ImapServer) -> None:
    server.deliver(bytes(a_mail(f"See what you missed: {LINK}", From="Nextdoor <no-reply@is.email.nextdoor.com>")))
    server.deliver(bytes(a_mail(FORM)))
    assert mailbox.read(town.parts, town.clock) == 2
    town.parts.database.close()
    files = [path for path in town.settings.data.rglob("*") if path.is_file()]
    assert files
    assert not [path.name for path in files if b"SECRETSECRET" in path.read_bytes()]


def test_every_mail_is_kept_byte_for_byte_and_moved(town: City, server: ImapServer) -> None:
    raws = [
        bytes(a_mail(FORM.replace(LINK, "https://nextdoor.com/p/AbC/"))),
        b"garbage \xff\xfe without any header\r\n\r\n\x00",
        bytes(a_mail(From="x@y.example")),
    ]
    for raw in raws:
        server.deliver(raw)
    assert mailbox.read(town.parts, town.clock) == 3
    assert server.holds("INBOX") == []
    kept = server.holds("Taken")
    with town.parts.database.read() as tx:
        ids = [line.detail["received"] for line in ledger.entries(tx, kinds=("received.kept",))]
        assert [handwork.body_of(tx, id_) for id_ in ids] == kept
    assert [raw.replace(b"\r\n", b"\n") for raw in kept] == [raw.replace(b"\r\n", b"\n") for raw in raws]
    assert len(waiting(town)) == 2


def test_an_unknown_sender_makes_a_task_and_never_a_comment(town: City, server: ImapServer) -> None:
    server.deliver(bytes(a_mail(FORM, From="Kim <stranger@example.org>", Subject=f"see {LINK}")))
    mailbox.read(town.parts, town.clock)
    (task,) = waiting(town)
    assert "nobody vouches for the sender" in task.what
    assert "see https://nextdoor.com/p/AbC/" in task.what
    assert "SECRETSECRET" not in task.what + "".join(task.steps)
    with town.parts.database.read() as tx:
        assert records.counts(tx)["comments"] == 0


def test_a_platforms_own_mail_asks_for_a_look(town: City, server: ImapServer) -> None:
    results = f"{SERVER}; dkim=pass header.d=nextdoor.com; dmarc=pass header.from=ss.email.nextdoor.com"
    sender = {"From": "Nextdoor <reply@ss.email.nextdoor.com>", "Subject": "New comment"}
    server.deliver(bytes(a_mail(f"See what you missed: {LINK}", results=results, **sender)))
    mailbox.read(town.parts, town.clock)
    (task,) = waiting(town)
    assert (task.account, "nobody vouches" in task.what) == ("nextdoor:cityoffountains", False)
    assert "Address: https://nextdoor.com/p/AbC/" in task.steps
    assert "SECRETSECRET" not in task.what + "".join(task.steps)


def test_the_same_mail_twice_is_one_task_and_one_comment(town: City, server: ImapServer) -> None:
    for _ in range(2):
        server.deliver(bytes(a_mail(FORM)))
        server.deliver(bytes(a_mail("not a form", **{"Message-ID": "<2@f.example>"})))
        mailbox.read(town.parts, town.clock)
    assert len(waiting(town)) == 1
    with town.parts.database.read() as tx:
        assert records.counts(tx)["revisions"] == 1


def test_nobody_makes_a_mail_known_by_using_its_message_id(town: City, server: ImapServer) -> None:
    server.deliver(bytes(a_mail("first", From="stranger@example.org")))
    server.deliver(bytes(a_mail("second", From="stranger@example.org")))
    server.deliver(bytes(a_mail(FORM)))
    mailbox.read(town.parts, town.clock)
    assert len(waiting(town)) == 2
    with town.parts.database.read() as tx:
        assert records.counts(tx)["comments"] == 1


def test_killed_before_it_is_moved_a_mail_is_known_next_time(town: City, server: ImapServer) -> None:
    raw = bytes(a_mail("not a form"))
    with town.parts.database.begin() as tx:
        mailbox.take(tx, town.settings, raw, town.clock())
    server.deliver(raw)
    mailbox.read(town.parts, town.clock)
    # The server gives every line its CRLF; by its Message-ID a vouched mail is the same all the same.
    assert len(waiting(town)) == 1
    assert server.holds("INBOX") == []


def test_a_form_that_cannot_be_entered_is_a_task_that_says_why(town: City, server: ImapServer) -> None:
    server.deliver(bytes(a_mail(FORM.replace("pinterest:cityoffountains", "x:1"))))
    server.deliver(bytes(a_mail(FORM.replace("end:\n", ""), **{"Message-ID": "<2@f.example>"})))
    mailbox.read(town.parts, town.clock)
    told = "\n".join(step for task in waiting(town) for step in task.steps)
    assert "Not entered as a comment: there is no account x:1" in told
    assert "there is no line “end:” below the text" in told


def test_a_task_that_was_dealt_with_is_on_record(town: City, server: ImapServer) -> None:
    server.deliver(bytes(a_mail("please look")))
    mailbox.read(town.parts, town.clock)
    (task,) = waiting(town)
    with town.parts.database.begin() as tx:
        tasks.dealt_with(tx, task.name, who="Kim", why="nothing to do with us", now=town.clock())
    assert waiting(town) == []
    with town.parts.database.read() as tx:
        done = handwork.last_attended(tx, task.name)
    assert done is not None
    assert (done.agent.name, done.why) == ("Kim", "nothing to do with us")


def test_a_mailbox_that_does_not_answer_is_told_once_and_again_when_it_does(town: City, server: ImapServer) -> None:
    server.stop()
    for _ in range(3):
        assert mailbox.read(town.parts, town.clock) == 0
    server.start()
    server.deliver(bytes(a_mail("please look")))
    assert mailbox.read(town.parts, town.clock) == 1
    with town.parts.database.read() as tx:
        told = [line.kind for line in ledger.entries(tx, kinds=("mailbox.failed", "mailbox.answers"))]
    assert told == ["mailbox.failed", "mailbox.answers"]
    assert ["The intake mailbox cannot be read" in mail for mail in town.alarms()] == [True]


def test_doctor_signs_in_and_says_what_is_wrong(town: City, server: ImapServer, citymod: Run) -> None:
    server.deliver(bytes(a_mail()))
    code, out, err = citymod("doctor", "--config", town.file)
    assert code == 0, out + err
    assert "1 mail(s) wait in INBOX" in out
    server.stop()
    code, out, _ = citymod("doctor", "--config", town.file)
    assert code == 1
    assert "BAD  mailbox 127.0.0.1" in out


def test_a_wrong_password_is_told_and_not_shown(town: City) -> None:
    secret = town.file.parent / "credentials" / "mailbox"
    secret.write_text(json.dumps({"user": USER, "password": "another-password"}), encoding="utf-8")
    assert mailbox.read(town.parts, town.clock) == 0
    with town.parts.database.read() as tx:
        line = ledger.last(tx, ("mailbox.failed",))
    assert line is not None
    assert "another-password" not in str(line.detail)


# Who vouches for a mail -----------------------------------------------------------------------------------------------

NEXTDOOR = {"From": "Nextdoor <reply@ss.email.nextdoor.com>"}
PASS = f"{SERVER}; dmarc=pass (p=reject) header.from=ss.email.nextdoor.com"


@pytest.mark.parametrize(
    ("results", "sender", "platform"),
    [
        (PASS, "reply@ss.email.nextdoor.com", "nextdoor"),
        (f"{SERVER} 1; spf=pass; dmarc=pass", "no-reply@nextdoor.com", "nextdoor"),
        (PASS, "reply@nextdoor.com.evil.example", None),
        (PASS, "reply@evilnextdoor.com", None),
        (f"{SERVER}; dmarc=pass header.from=evil.example", "reply@nextdoor.com", None),
        (f"{SERVER}; dmarc=fail header.from=nextdoor.com", "reply@nextdoor.com", None),
        (f"{SERVER}; spf=pass (dmarc=pass) smtp.mailfrom=x", "reply@nextdoor.com", None),
        (f'{SERVER}; dmarc=fail reason="x"; x=y dmarc=pass', "reply@nextdoor.com", None),
        ("mx.evil.example; dmarc=pass header.from=nextdoor.com", "reply@nextdoor.com", None),
        (None, "reply@nextdoor.com", None),
    ],
)
def test_only_the_citys_own_mail_server_vouches_for_a_platform(
    results: str | None, sender: str, platform: str | None
) -> None:
    raw = bytes(a_mail(results=results, From=sender))
    assert letterbox.understand(raw, staff=(), platforms=DOMAINS, server=SERVER).platform == platform
    assert letterbox.understand(raw, staff=(), platforms=DOMAINS, server=None).platform is None


def test_only_the_topmost_results_count() -> None:
    forged = f"Authentication-Results: {SERVER}; dmarc=fail\r\nAuthentication-Results: {PASS}\r\n".encode()
    raw = forged + bytes(a_mail(**NEXTDOOR))
    assert letterbox.understand(raw, staff=(), platforms=DOMAINS, server=SERVER).platform is None


@pytest.mark.parametrize(
    ("headers", "staff"),
    [
        ({}, KIM),
        ({"From": "Kim <KIM@Fountains.example>"}, KIM),
        ({"results": f"{SERVER}; dmarc=fail header.from=fountains.example"}, None),
        ({"results": f"{SERVER}; spf=fail"}, None),
        ({"From": f"{KIM} <stranger@example.org>"}, None),
        ({"From": "other@fountains.example"}, None),
    ],
)
def test_staff_are_known_by_their_address_unless_something_speaks_against_it(
    headers: dict[str, str], staff: str | None
) -> None:
    found = letterbox.understand(bytes(a_mail(**headers)), staff=[KIM], platforms={}, server=SERVER)
    assert found.staff == staff


def test_two_senders_are_none() -> None:
    raw = b"From: stranger@example.org\r\n" + bytes(a_mail())
    assert letterbox.understand(raw, staff=[KIM], platforms={}, server=SERVER).staff is None


def test_an_attached_file_is_the_form_whatever_the_mail_program_did_to_the_text() -> None:
    message = a_mail("see attachment\n-- \nKim")
    message.add_attachment(FORM.encode(), "text", "plain", filename="comment.txt")
    assert letterbox.understand(bytes(message), staff=[KIM], platforms={}, server=SERVER).form == FORM


def test_of_a_web_page_only_the_words_are_shown() -> None:
    message = a_mail()
    message.set_content(f"<style>p {{}}</style><p>Kim &amp; Pat</p><a href='{LINK}'>see</a>", subtype="html")
    says = letterbox.understand(bytes(message), staff=(), platforms={}, server=SERVER).says
    assert says == "Kim & Pat\nsee"
