"""Nine things that may go wrong call people: each by mail and by the signed webhook; neither waits for the other."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from city import City
from scripted import Handler, Scripted, serving

from archive import gauges, ledger, outbox
from archive.capture import BrowserSettings, Camera
from archive.gauges import Gauge
from bot import digest, heard, nightly, pipeline, troubles, webhook
from bot.parts import VERSION
from connectors.standin.faults import UNAUTHORISED
from connectors.webhook import signature

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SECRET = "a long random secret of the receiver"


@dataclass(slots=True)
class Alarmed:
    """A city whose alarms also go to a receiver that the test runs."""

    city: City
    receiver: Scripted

    @property
    def calls(self) -> list[dict[str, Any]]:
        """What was received, by signature or not at all."""
        return [json.loads(body) for _, _, headers, body in self.receiver.asked if is_signed(headers, body)]

    def queued(self) -> list[str]:
        with self.city.parts.database.read() as tx:
            return [line.detail["key"] for line in ledger.entries(tx, kinds=("webhook.queued",))]


def is_signed(headers: dict[str, str], body: bytes) -> bool:
    """As a receiver would check it, written from its description alone."""
    lower = {name.lower(): value for name, value in headers.items()}
    stamped = lower["x-citymod-timestamp"].encode() + b"." + body
    expected = "v1=" + hmac.digest(SECRET.encode(), stamped, hashlib.sha256).hex()
    return hmac.compare_digest(expected, lower["x-citymod-signature"])


def fine(handler: Handler) -> None:
    handler.reply(b"", 204)


def laid_out(folder: Path, camera: Camera, url: str) -> City:
    folder.mkdir()
    credentials = folder / "credentials"
    credentials.mkdir(mode=0o700)
    secret = credentials / "webhook"
    secret.touch(mode=0o600)
    secret.write_text(json.dumps({"secret": SECRET}))
    return City(folder, camera, webhook={"url": url, "credential": "webhook"})


@pytest.fixture
def alarmed(tmp_path: Path, camera: Camera) -> Iterator[Alarmed]:
    with serving(fine) as receiver, laid_out(tmp_path / "city", camera, receiver.url) as city:
        yield Alarmed(city, receiver)


def watch(city: City) -> None:
    with city.parts.database.begin() as tx:
        troubles.watch(tx, city.settings, city.clock())


def hear(city: City, kind: str, value: float) -> None:
    with city.parts.database.begin() as tx:
        heard_ = [
            Gauge(name=f"{kind}:{key}", value=value, said="of them", at=city.clock()) for key in city.parts.readers
        ]
        gauges.keep(tx, heard_)


def stop(city: City, _: pytest.MonkeyPatch, __: Path) -> None:
    city.fault("x", UNAUTHORISED, times=9)
    city.poll()


def break_browser(city: City, _: pytest.MonkeyPatch, folder: Path) -> None:
    comments = [city.write("x", f"what the fuck, number {number}") for number in range(troubles.CAPTURES)]
    city.poll()
    city.judge()
    with Camera(BrowserSettings(executable=str(folder / "no-chromium")), VERSION) as camera:
        for comment in comments:
            pipeline.one_pass(replace(city.parts, camera=camera), city.clock)
            assert city.case(comment)


def hold_mail(city: City, _: pytest.MonkeyPatch, __: Path) -> None:
    city.write("facebook")
    city.up_to_secured()
    city.clock.move(minutes=31)


def fill_disk(_: City, patch: pytest.MonkeyPatch, __: Path) -> None:
    patch.setattr(troubles, "LEAST_FREE_BYTES", 1 << 60)


def pile_up(city: City, _: pytest.MonkeyPatch, __: Path) -> None:
    city.write("facebook")
    city.poll()
    city.clock.move(minutes=31)


def use_up(city: City, _: pytest.MonkeyPatch, __: Path) -> None:
    hear(city, heard.QUOTA, 0.97)


def break_chain(city: City, _: pytest.MonkeyPatch, __: Path) -> None:
    city.write("facebook")
    city.run()
    picture = next(city.settings.evidence_folder.rglob("comment.png"))
    picture.chmod(0o600)
    picture.write_bytes(b"another picture")
    nightly.check(city.parts, None, city.clock)


def put_clock_wrong(city: City, _: pytest.MonkeyPatch, __: Path) -> None:
    hear(city, heard.CLOCK, 600)


def make_no_digest(city: City, _: pytest.MonkeyPatch, __: Path) -> None:
    city.make_digests()
    city.clock.move(hours=25)


NINE: dict[str, tuple[Callable[[City, pytest.MonkeyPatch, Path], None], str]] = {
    "account stopped": (stop, "City of Fountains on x has stopped"),
    "capture failing": (break_browser, "pictures cannot be taken"),
    "outbox stuck": (hold_mail, "mail does not go out"),
    "disk low": (fill_disk, "the disk is nearly full"),
    "backlog": (pile_up, "comments are not judged"),
    "quota near its end": (use_up, "is nearly used up"),
    "chain broken": (break_chain, "The archive is not as it was written"),
    "clock offset": (put_clock_wrong, "the clock is wrong"),
    "no digest sent": (make_no_digest, "gets no digest"),
}


@pytest.mark.parametrize("what", NINE)
def test_each_calls_people_by_mail_and_by_webhook(
    alarmed: Alarmed, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = alarmed.city
    provoke, subject = NINE[what]
    watch(city)
    assert alarmed.queued() == [], "before that, all is well"
    provoke(city, monkeypatch, tmp_path)
    watch(city)
    assert any(subject in " ".join(mail.split()) for mail in city.alarms())
    while webhook.deliver(city.parts, city.clock):
        pass
    assert any(subject in call["subject"] for call in alarmed.calls)
    assert all(call["lines"] and call["city"] == "City of Fountains" for call in alarmed.calls)


def test_a_receiver_that_is_down_loses_nothing_and_holds_up_no_mail(alarmed: Alarmed) -> None:
    city = alarmed.city
    alarmed.receiver.script = lambda handler: handler.reply(b"", 503)
    hear(city, heard.CLOCK, 600)
    watch(city)
    assert webhook.deliver(city.parts, city.clock) == 0
    assert len(city.alarms()) == 1
    assert webhook.deliver(city.parts, city.clock) == 0
    assert len(alarmed.receiver.asked) == 1, "it is not asked again at once"
    with city.parts.database.begin() as tx:
        said = digest.fold(tx, city.settings, city.settings.pios[0], city.clock())
        assert outbox.tally(tx)["waiting"] == 0, "no mail waits"
    assert any("could not be handed to the webhook" in line for line in said.trouble)
    alarmed.receiver.script = fine
    city.clock.move(seconds=3)
    assert webhook.deliver(city.parts, city.clock) == 1
    first, second = ({name.lower(): value for name, value in asked[2].items()} for asked in alarmed.receiver.asked)
    assert first["x-citymod-delivery"] == second["x-citymod-delivery"], "the receiver can tell that it is the same"
    assert (first["x-citymod-attempt"], second["x-citymod-attempt"]) == ("1", "2")


def test_one_that_stays_down_is_a_trouble_that_mail_tells(alarmed: Alarmed) -> None:
    city = alarmed.city
    alarmed.receiver.script = lambda handler: handler.reply(b"", 500)
    hear(city, heard.CLOCK, 600)
    watch(city)
    city.clock.move(minutes=31)
    city.deliver()
    watch(city)
    assert any("alarms do not reach the webhook" in mail for mail in city.alarms())


def test_the_secret_is_in_nothing_that_is_kept_or_sent(alarmed: Alarmed) -> None:
    city = alarmed.city
    hear(city, heard.CLOCK, 600)
    watch(city)
    webhook.deliver(city.parts, city.clock)
    for path in city.settings.data.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes()
    assert SECRET not in json.dumps([asked[2] for asked in alarmed.receiver.asked])


def test_a_signature_is_of_body_and_time() -> None:
    body = b'{"what": "alarm"}'
    signed = signature("s", 1_764_000_000, body)
    assert signed == "v1=" + hmac.new(b"s", b"1764000000." + body, "sha256").hexdigest()
    assert signature("s", 1_764_000_001, body) != signed
    assert signature("s", 1_764_000_000, body + b" ") != signed
    assert signature("t", 1_764_000_000, body) != signed
