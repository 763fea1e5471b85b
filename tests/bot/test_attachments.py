"""Pictures that came with comments: fetched at once, in the evidence, and missed only with a reason that people see."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from archive import evidence, media, records
from bot.attachments import MOST_ATTEMPTS
from bot.domain.states import State
from bot.domain.types import Quality
from bot.promises import ref_of

if TYPE_CHECKING:
    from pathlib import Path

    from city import City

    from archive.media import Kept
    from bot.domain.types import Evidence
    from connectors.standin.world import WorldComment


def a_pictured(city: City) -> WorldComment:
    """A comment that is to be hidden, with a photo."""
    comment = city.write("facebook")
    city.standins.servers["facebook"].standin.attached[comment.id] = "photo"  # type: ignore[attr-defined]
    return comment


def kept(city: City, comment: WorldComment) -> list[Kept]:
    with city.parts.database.read() as tx:
        return list(media.of(tx, ref_of(comment), records.comment(tx, ref_of(comment)).revision).values())


def sealed(city: City, comment: WorldComment) -> tuple[Evidence, Path]:
    with city.parts.database.read() as tx:
        found = evidence.latest(tx, ref_of(comment))
    assert found
    return found, city.settings.evidence_folder / found.folder


def requests_for_pictures(city: City) -> int:
    return sum("/media/" in exchange.request.path for exchange in city.standins.servers["facebook"].log)


def test_a_picture_is_fetched_with_the_poll_that_recorded_its_comment(city: City) -> None:
    comment = a_pictured(city)
    city.poll()
    (one,) = kept(city, comment)
    assert one.sha256
    assert (one.kind, one.why) == ("image/png", None)
    body = media.file_of(city.settings.media_folder, one.sha256).read_bytes()
    assert len(body) == one.size
    city.poll()
    assert requests_for_pictures(city) == 1


def test_it_is_in_the_evidence_byte_for_byte_and_on_the_card(city: City) -> None:
    comment = a_pictured(city)
    city.run()
    assert city.state(comment) is State.ENFORCED
    (one,) = kept(city, comment)
    found, folder = sealed(city, comment)
    assert found.quality is Quality.FULL
    said = json.loads((folder / "comment.json").read_text())
    assert [file["file"] for file in said["files"]] == ["attachment-1.png"]
    assert one.sha256
    assert (folder / "attachment-1.png").read_bytes() == media.file_of(
        city.settings.media_folder, one.sha256
    ).read_bytes()
    assert city.broken_promises() == []


def test_one_that_the_platform_no_longer_has_is_told_and_holds_nothing_up(city: City) -> None:
    comment = a_pictured(city)
    city.standins.servers["facebook"].standin.switch(["media_expired"])  # type: ignore[attr-defined]
    city.run()
    assert city.state(comment) is State.ENFORCED
    (one,) = kept(city, comment)
    assert one.sha256 is None
    assert "any more" in str(one.why)
    found, folder = sealed(city, comment)
    assert found.quality is Quality.FULL
    said = json.loads((folder / "comment.json").read_text())
    assert said["files"][0]["file"].startswith("none: ")
    city.make_digests()
    mails = [path.read_text(errors="replace") for path in city.sink.folder.glob("*.eml")]
    assert any("could not be fetched" in text for text in mails)


def test_one_that_fails_is_tried_again_and_given_up_with_a_reason(city: City) -> None:
    comment = city.write("facebook", "A broken swing in the park.")
    city.standins.servers["facebook"].standin.attached[comment.id] = "photo"  # type: ignore[attr-defined]
    city.standins.servers["facebook"].standin.switch(["media_down"])  # type: ignore[attr-defined]
    city.poll()
    assert kept(city, comment) == []
    for _ in range(MOST_ATTEMPTS):
        city.clock.move(hours=2)
        city.poll()
    (one,) = kept(city, comment)
    assert f"given up after {MOST_ATTEMPTS} attempts" in str(one.why)
    assert requests_for_pictures(city) == MOST_ATTEMPTS


def test_one_that_failed_is_tried_once_more_before_the_comment_is_captured(city: City) -> None:
    comment = a_pictured(city)
    city.standins.servers["facebook"].standin.switch(["media_down"])  # type: ignore[attr-defined]
    city.poll()
    assert kept(city, comment) == []
    city.standins.servers["facebook"].standin.switch([])  # type: ignore[attr-defined]
    city.judge()
    city.secure()
    (one,) = kept(city, comment)
    assert one.sha256
    assert (sealed(city, comment)[1] / "attachment-1.png").is_file()


def test_a_kept_file_that_was_changed_does_not_get_into_evidence(city: City) -> None:
    comment = a_pictured(city)
    city.poll()
    (one,) = kept(city, comment)
    assert one.sha256
    file = media.file_of(city.settings.media_folder, one.sha256)
    file.chmod(0o600)
    file.write_bytes(b"something else")
    city.judge()
    city.secure()
    assert city.state(comment) is State.IN_REVIEW
    with city.parts.database.read() as tx:
        assert evidence.latest(tx, ref_of(comment)) is None


@pytest.mark.parametrize("platform", ["youtube", "x"])
def test_comments_without_files_ask_for_none(city: City, platform: str) -> None:
    comment = city.write(platform, "Nothing but words.")
    city.poll()
    assert kept(city, comment) == []
