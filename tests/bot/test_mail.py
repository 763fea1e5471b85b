"""The outbox over a real mail server: nothing lost, nothing twice in silence, nothing garbled."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from email import message_from_bytes, policy
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from city import VIOLATION, City

from archive import ledger, outbox
from bot import mail
from bot.domain.states import State

if TYPE_CHECKING:
    from email.message import EmailMessage


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)


def received(city: City) -> list[EmailMessage]:
    files = sorted(city.sink.folder.glob("*.eml"))
    return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]


def evidence_mails(city: City) -> list[EmailMessage]:
    return [message for message in received(city) if "Evidence" in str(message["Subject"])]


def test_the_social_media_manager_gets_the_picture_and_everything_known_in_words(city: City) -> None:
    comment = city.write("facebook", VIOLATION + " 🚧 «¡qué calle!»")
    city.run()
    (message,) = evidence_mails(city)
    assert message["To"] == city.settings.mail.social_media_manager
    plain = message.get_body(("plain",))
    html = message.get_body(("html",))
    assert plain is not None
    assert html is not None
    for part in (plain.get_content(), html.get_content()):
        assert comment.text in part
        assert "AR 1-27" in part
        assert "Pat Resident" in part
        assert city.case(comment).revision in part
    pictures = [part for part in message.walk() if part.get_content_type() == "image/png"]
    assert len(pictures) == 1
    assert pictures[0].get_content().startswith(b"\x89PNG")
    assert f"cid:{pictures[0]['Content-ID'].strip('<>')}" in html.get_content()


def test_hostile_words_stay_words(city: City) -> None:
    city.write("youtube", "<script>alert(1)</script> fuck </blockquote> <img src=x>")
    city.run()
    (message,) = evidence_mails(city)
    html = message.get_body(("html",))
    assert html is not None
    seen = Tags()
    seen.feed(html.get_content())
    assert "script" not in seen.tags
    assert seen.tags.count("img") == 1
    assert seen.tags.count("blockquote") == 1


def test_a_mail_server_that_is_down_delays_mail_and_loses_none(city: City) -> None:
    comment = city.write("youtube")
    working = city.parts
    nowhere = city.settings.mail.model_copy(update={"port": 9})
    city.parts = replace(working, settings=city.settings.model_copy(update={"mail": nowhere}))
    city.run()
    assert city.state(comment) is State.ENFORCED, "the mail is on its way, which is enough for hiding"
    assert city.queued()["sent"] == 0
    assert city.queued()["failing"] == 2
    city.parts = working
    city.clock.move(hours=2)
    city.deliver()
    assert len(evidence_mails(city)) == 1
    assert city.queued() == {"sent": len(received(city)), "waiting": 0, "failing": 0}


def test_killed_between_handing_over_and_writing_it_down_sends_again_and_says_so(city: City) -> None:
    city.write("facebook")
    city.poll()
    city.judge()
    city.secure()
    with city.parts.database.begin() as tx:
        (queued,) = [each for each in outbox.due(tx, city.clock(), 10) if each.kind == "evidence"]
        outbox.begin(tx, queued.id, city.clock())
    first = message_from_bytes(mail.as_sent(queued), policy=policy.default)
    city.clock.move(hours=2)
    city.deliver()
    (again,) = evidence_mails(city)
    assert "second copy" in str(again["Subject"])
    assert again["Message-ID"] == first["Message-ID"]
    assert "second copy" not in str(first["Subject"])


def test_each_mail_goes_out_once(city: City) -> None:
    for platform in city.accounts:
        city.write(platform)
    for _ in range(3):
        city.run()
    identifiers = [message["Message-ID"] for message in received(city)]
    assert len(identifiers) == len(set(identifiers))
    assert len(evidence_mails(city)) == len(city.accounts)


def test_what_is_kept_is_what_was_sent_to_the_byte(city: City) -> None:
    city.write("youtube", f"{VIOLATION} 🚧 «¡qué calle!» \r\n.\r\n" + "long " * 500)
    city.run()
    arrived = {path.read_bytes() for path in city.sink.folder.glob("*.eml")}
    with city.parts.database.read() as tx:
        sent = [line.detail for line in ledger.entries(tx, kinds=("mail.sent",))]
        kept = {detail["key"]: outbox.kept(tx, detail["key"]) for detail in sent}
        queued = {line.detail["key"]: line.detail["sha256"] for line in ledger.entries(tx, kinds=("mail.queued",))}
    assert len(sent) == len(arrived) == 2
    assert arrived == set(kept.values())
    for detail in sent:
        assert hashlib.sha256(kept[detail["key"]] or b"").hexdigest() == detail["sha256"] == queued[detail["key"]]
