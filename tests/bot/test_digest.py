"""The e-mail digest: complete in plain text, true to the ledger, and sent on quiet days too."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes, policy
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from city import HARMLESS, City, for_review

from archive import accounts, cases, evidence, outbox, pauses
from archive.card import platform_name
from bot import digest
from bot.promises import ref_of
from bot.review import person
from bot.trial import approve_accounts
from connectors.standin.faults import UNAUTHORISED

if TYPE_CHECKING:
    from collections.abc import Callable
    from email.message import EmailMessage
    from pathlib import Path

    from archive.capture import Camera

pytestmark = pytest.mark.both_engines


def digests(city: City) -> list[EmailMessage]:
    mails = [message_from_bytes(f.read_bytes(), policy=policy.default) for f in sorted(city.sink.folder.glob("*.eml"))]
    return [message for message in mails if "digest no." in str(message["Subject"])]


def text_of(message: EmailMessage, kind: str = "plain") -> str:
    body = message.get_body((kind,))
    assert body is not None
    return body.get_content()


def test_a_quiet_day_sends_a_digest_too(city: City) -> None:
    with city.parts.database.begin() as tx:
        approve_accounts(tx, city.settings, city.clock())
    city.poll()
    city.make_digests()
    (message,) = digests(city)
    assert "Nothing needs you today" in text_of(message)
    assert "NOT READ YET" not in text_of(message)
    assert "digest no. 1, 0 hidden, 0 waiting" in str(message["Subject"])


def test_it_tells_what_was_hidden_and_why_and_what_waits(city: City) -> None:
    hidden, waits = city.write("facebook"), city.write("youtube", for_review())
    city.write("x", HARMLESS)
    city.run()
    (message,) = digests(city)
    for kind in ("plain", "html"):
        text = text_of(message, kind)
        assert hidden.text in text
        assert waits.text in text
        assert HARMLESS not in text
        assert "C2, rule" in text
        assert f"citymod review uphold {ref_of(waits)} --reason" in text
        assert f"citymod review dismiss {ref_of(waits)} --reason" in text
        assert f"citymod review restore {ref_of(hidden)} --reason" in text
    (picture,) = [part for part in message.walk() if part.get_content_maintype() == "image"]
    assert len(picture.get_content()) < 30_000, "small: to be recognised, not read"


def test_each_digest_begins_where_the_last_one_ended(city: City) -> None:
    hidden = city.write("facebook")
    city.run()
    city.make_digests()
    first, second = map(text_of, digests(city))
    assert hidden.text in first
    assert hidden.text not in second
    assert "digest no. 2, 0 hidden" in str(digests(city)[1]["Subject"])


def test_pauses_and_stopped_accounts_come_first(city: City) -> None:
    with city.parts.database.begin() as tx:
        pauses.pause(tx, "*", person("on-call"), "a storm of bots", None, city.clock())
    city.fault("x", UNAUTHORISED, times=9)
    city.run()
    text = text_of(digests(city)[-1])
    assert "has STOPPED" in text
    assert "Acting is paused" in text
    assert "a storm of bots" in text
    assert text.index("has STOPPED") < text.index("IN FIGURES")


def test_a_spent_budget_is_said_at_the_top(tmp_path: Path, camera: Camera) -> None:
    with City(tmp_path, camera, acts_a_day=1) as city:
        for _ in range(3):
            city.write("facebook")
        city.run()
        text = text_of(digests(city)[-1])
        assert "The budget of 1 acts a day was spent" in text
        assert text.index("budget of 1") < text.index("IN FIGURES")
        assert "2 comments wait for a decision" in text
        assert city.broken_promises() == []


def test_the_first_digest_waits_until_every_account_was_tried(city: City) -> None:
    assert digest.make_due(city.parts, city.clock()) == 0, "it would only say that nothing was read yet"
    city.fault("youtube", "server_error_html")
    city.poll()
    assert digest.make_due(city.parts, city.clock()) == 1, "what cannot be read is told, too"


def test_digests_are_numbered_and_made_once_a_day(city: City) -> None:
    city.poll()
    assert digest.make_due(city.parts, city.clock()) == 1
    assert digest.make_due(city.parts, city.clock()) == 0
    city.clock.move(hours=25)
    assert digest.make_due(city.parts, city.clock()) == 1
    with city.parts.database.read() as tx:
        mark = outbox.last_digest(tx, city.settings.pios[0].email)
    assert mark is not None
    assert mark.number == 2


def test_before_anything_was_read_nobody_is_told_that_nothing_needs_them(city: City) -> None:
    city.make_digests()
    text = text_of(digests(city)[-1])
    assert "Nothing needs you today" not in text
    for entry in city.settings.accounts:
        assert f"* {entry.name} on {platform_name(entry.platform)}: automated, NOT READ YET." in text


def test_an_account_that_was_never_read_is_told_beside_one_that_stopped_and_has_a_longer_name(city: City) -> None:
    longer, *others = city.settings.accounts
    one = next(entry for entry in others if entry.platform == "x")
    named = one.model_copy(update={"platform": longer.platform, "id": "999", "name": "Fountains"})
    settings = city.settings.model_copy(update={"accounts": (longer, named)})
    with city.parts.database.begin() as tx:
        accounts.stop(tx, longer.account.key, "Unauthorised: the token is gone", city.clock())
        told = digest.fold(tx, settings, settings.pios[0].model_copy(update={"accounts": ()}), city.clock())
    assert [line for line in told.headlines if line.startswith("Fountains on ")], told.headlines


def test_what_ends_soon_is_told_before_it_ends(city: City) -> None:
    until = city.clock() + timedelta(days=2)
    with city.parts.database.begin() as tx:
        pauses.pause(tx, "*", person("on-call"), "a storm of bots", until, city.clock())
    city.make_digests()
    text = text_of(digests(city)[-1])
    assert "ENDS OR FALLS DUE SOON (1)" in text
    assert "The pause of everything ends Nov 22" in text
    city.clock.move(days=5)
    city.make_digests()
    assert "ENDS OR FALLS DUE SOON" not in text_of(digests(city)[-1])


def test_evidence_that_is_not_on_the_disk_keeps_no_digest_from_going(city: City) -> None:
    city.write("facebook")
    city.run()
    with city.parts.database.read() as tx:
        (sealed,) = evidence.all_of(tx, next(cases.every(tx)).ref)
    folder = city.settings.evidence_folder / sealed.folder
    folder.chmod(0o755)
    (folder / "comment.png").unlink()
    with city.parts.database.begin() as tx:
        number = outbox.last_digest(tx, city.settings.pios[0].email)
        outbox.mark_digest(tx, city.settings.pios[0].email, number.number if number else 0, 0, city.clock())
    city.make_digests()
    assert f"citymod evidence show {sealed.id}" in text_of(digests(city)[-1], "html")


def test_a_digest_can_be_had_again_as_it_was_sent(
    city: City, citymod: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    city.poll()
    city.make_digests()
    (sent,) = city.sink.folder.glob("*.eml")
    file, to = tmp_path / "again.eml", ("--to", city.settings.pios[0].email, "--config", city.file)
    assert citymod("digest", "--number", 1, "--file", file, *to)[0] == 0
    assert file.read_bytes() == sent.read_bytes()
    assert citymod("digest", "--number", 2, "--file", file, *to)[0] == 2


class Images(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.alternatives: list[str | None] = []
        self.language: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.alternatives.append(dict(attrs).get("alt"))
        if tag == "html":
            self.language = dict(attrs).get("lang")


def test_every_picture_has_its_words_and_the_page_its_language(city: City) -> None:
    comment = city.write("facebook")
    city.run()
    seen = Images()
    seen.feed(text_of(digests(city)[-1], "html"))
    assert seen.language == "en"
    assert len(seen.alternatives) == 1
    assert comment.text in (seen.alternatives[0] or "")
