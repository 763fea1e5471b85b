"""What is sealed stays as it was: every change is found, by stock tools too, and a kill at any point loses nothing."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from builders import NOON, a_batch, a_comment, an_account, an_attachment, an_author, later
from pages import CLAUSE, TEXT, a_subject

from archive import evidence, ledger, records
from archive.capture import BrowserSettings, Camera, Capture, Step
from archive.evidence import SealBroken
from bot.domain.types import Author, Quality

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archive.database import Database
    from archive.subject import Subject
    from bot.domain.types import Evidence

FILES = {
    "comment.png",
    "page.mhtml",
    "page/page.png",
    "comment.json",
    "raw.json",
    "raw-post.json",
    "raw-parent-1.json",
    "transcript.txt",
    "capture.json",
    "manifest.json",
    "SHA256SUMS",
}


def a_capture(**other: object) -> Capture:
    step = Step(source="record", name="render", ok=True, seconds=0.05, detail="drawn from the record")
    conditions = {"rendition": "Rendered from the platform’s API record", "tool": "citymod 9.9", "signed_in": "no"}
    capture = Capture(
        quality=Quality.FULL, source="record", steps=(step,), conditions=conditions, captured_at=later(30)
    )
    return replace(capture, **other)


def a_spool(root: Path, name: str = "ev1") -> Path:
    """What a camera leaves: the files of the source that counts, and those of one that did not do."""
    spool = root / "spool" / name
    (spool / "page").mkdir(parents=True)
    (spool / "comment.png").write_bytes(b"\x89PNG picture")
    (spool / "page.mhtml").write_bytes(b"From: <Saved by Blink>")
    (spool / "page" / "page.png").write_bytes(b"\x89PNG a login page")
    return spool


PARENT = a_comment("c0", text="And the west side?", raw=b'{"id": "c0"}')
SUBJECT = a_subject(TEXT, "Call 555-0100", thread=(PARENT,), parent="c0", raw=b'{"id":\t"c1", "text": "\\u0043heap"}\n')


def sealed_in(root: Path, subject: Subject = SUBJECT, capture: Capture | None = None, name: str = "ev1") -> Evidence:
    capture = capture or a_capture()
    return evidence.seal(
        a_spool(root, name), root / "store", id=name, subject=subject, capture=capture, now=later(60), head="7:ab"
    )


def loosen(folder: Path) -> None:
    """Make a sealed folder writable, as somebody who means to change it would."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o700)


def files_of(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def sealed(tmp_path: Path) -> Evidence:
    return sealed_in(tmp_path)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


# -------------------------------------------------------------------------------------------------------- what is in it


def test_a_sealed_folder_holds_everything_and_lies_under_its_month(sealed: Evidence, store: Path) -> None:
    assert sealed.folder == "2026/11/ev1"
    assert files_of(store / sealed.folder).keys() == FILES
    assert (sealed.ref, sealed.revision) == (SUBJECT.comment.ref, SUBJECT.comment.revision)
    assert (sealed.quality, sealed.captured_at) == (Quality.FULL, later(30))
    assert sealed.conditions == a_capture().conditions
    assert not (store.parent / "spool" / "ev1").exists()
    assert evidence.check(store, sealed) == []
    assert evidence.picture(store, sealed).read_bytes() == b"\x89PNG picture"


def test_the_platforms_bytes_are_kept_as_they_came(sealed: Evidence, store: Path) -> None:
    folder = store / sealed.folder
    assert (folder / "raw.json").read_bytes() == SUBJECT.comment.raw
    assert (folder / "raw-post.json").read_bytes() == SUBJECT.post.raw
    assert (folder / "raw-parent-1.json").read_bytes() == PARENT.raw


def test_the_manifest_names_every_file_and_what_it_belongs_to(sealed: Evidence, store: Path) -> None:
    folder = store / sealed.folder
    manifest = json.loads((folder / "manifest.json").read_text())
    assert {entry["name"] for entry in manifest["files"]} == FILES - {"manifest.json", "SHA256SUMS"}
    for entry in manifest["files"]:
        data = (folder / entry["name"]).read_bytes()
        assert (entry["bytes"], entry["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    assert sealed.manifest == hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    del manifest["files"]
    assert manifest == {
        "format": "citymod evidence 1",
        "id": "ev1",
        "ref": "youtube:UCcity:c1",
        "revision": SUBJECT.comment.revision,
        "captured_at": "2026-11-02T12:00:30.000000Z",
        "sealed_at": "2026-11-02T12:01:00.000000Z",
        "quality": "full",
        "source": "record",
        "tool": "citymod 9.9",
        "ledger_head": "7:ab",
    }


def test_the_record_says_who_what_when_and_why(sealed: Evidence, store: Path) -> None:
    said = json.loads((store / sealed.folder / "comment.json").read_text())
    assert said["text"] == TEXT
    assert said["author"] == {
        "id": "UCpat",
        "name": "Pat Q. Public",
        "handle": "@pat",
        "url": "https://platform.example/@pat",
    }
    assert said["account"] == {"id": "UCcity", "name": "City of Example"}
    assert said["times"][0] == {
        "what": "Posted",
        "city": "Mon, Nov 2, 2026, 5:00:00 AM CST",
        "utc": "2026-11-02 11:00:00 UTC",
    }
    assert [time["what"] for time in said["times"]] == ["Posted", "First seen", "Captured"]
    assert said["thread"][0]["text"] == PARENT.text
    assert said["findings"][0]["clause_text"] == CLAUSE
    assert TEXT[said["findings"][0]["start"] : said["findings"][0]["end"]] == "Call 555-0100"


def test_what_the_platform_does_not_say_is_said_to_be_missing(tmp_path: Path) -> None:
    subject = a_subject(TEXT, author=Author(), attachments=(an_attachment(alt=None),), raw=b"")
    sealed = sealed_in(tmp_path, subject)
    folder = tmp_path / "store" / sealed.folder
    said = json.loads((folder / "comment.json").read_text())
    assert set(said["author"].values()) == {"not available"}
    assert said["attachments"][0]["alt"] == "not available"
    assert said["raw"] == "not available"
    assert not (folder / "raw.json").exists()
    words = evidence.transcript(tmp_path / "store", sealed)
    assert words.startswith("Comment by name not available on City of Example (YouTube), post p1, Mon, Nov 2, 2026,")
    assert "1 attachment: image: no description available." in words


def test_the_transcript_says_all_that_the_picture_says(sealed: Evidence, store: Path) -> None:
    words = evidence.transcript(store, sealed)
    for piece in (
        TEXT,
        "Pat Q. Public",
        "Rendered from the platform’s API record",
        "Leaf collection starts on Monday.",
        "And the west side?",
        f"5.0.A.2.e C5: “{CLAUSE}”",
        "matched “Call 555-0100”, characters 24 to 36",
        "Captured: Mon, Nov 2, 2026, 6:00:30 AM CST (2026-11-02 12:00:30 UTC)",
        SUBJECT.comment.revision,
    ):
        assert piece in words


def test_words_that_no_encoding_takes_are_kept(tmp_path: Path) -> None:
    text = "half \ud83d, NUL \x00, \u202ereversed"
    sealed = sealed_in(tmp_path, a_subject(text))
    folder = tmp_path / "store" / sealed.folder
    assert json.loads((folder / "comment.json").read_text())["text"] == text
    assert "In the text but not visible" in evidence.transcript(tmp_path / "store", sealed)


# ------------------------------------------------------------------------------------------------------- what is found


def test_stock_tools_agree(sealed: Evidence, store: Path) -> None:
    command = ["sha256sum", "--strict", "-c", "SHA256SUMS"]
    said = subprocess.run(command, cwd=store / sealed.folder, capture_output=True, text=True, check=True)
    assert said.stdout.count(": OK") == len(FILES) - 1


@pytest.mark.parametrize("name", sorted(FILES))
def test_one_flipped_bit_is_found_in_every_file(sealed: Evidence, store: Path, name: str) -> None:
    folder = store / sealed.folder
    loosen(folder)
    data = bytearray((folder / name).read_bytes())
    for at in (0, len(data) // 2, len(data) - 1):
        changed = data.copy()
        changed[at] ^= 1
        (folder / name).write_bytes(changed)
        problems = evidence.check(store, sealed)
        assert len(problems) == 1
        assert name in problems[0]
    (folder / name).write_bytes(data)
    assert evidence.check(store, sealed) == []


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_missing_file_is_found(sealed: Evidence, store: Path, name: str) -> None:
    loosen(store / sealed.folder)
    (store / sealed.folder / name).unlink()
    problems = evidence.check(store, sealed)
    assert len(problems) == 1
    assert f"{name} is missing" in problems[0]


def test_an_extra_file_a_longer_file_and_a_link_are_found(sealed: Evidence, store: Path) -> None:
    folder = store / sealed.folder
    loosen(folder)
    (folder / "page" / "note.txt").write_text("I was never here.")
    with (folder / "raw.json").open("ab") as raw:
        raw.write(b"\n")
    (folder / "page.mhtml").rename(store / "elsewhere")
    (folder / "page.mhtml").symlink_to(store / "elsewhere")
    assert [problem.removeprefix("evidence ev1: ") for problem in evidence.check(store, sealed)] == [
        "page/note.txt does not belong to it",
        "page.mhtml is not as it was sealed",
        "raw.json is not as it was sealed",
    ]


def test_a_folder_that_is_gone_or_another_is_found(sealed: Evidence, store: Path) -> None:
    assert "quality" in evidence.check(store, replace(sealed, quality=Quality.PARTIAL))[0]
    other = sealed_in(store.parent, name="ev2")
    assert "not the one that was sealed" in evidence.check(store, replace(sealed, folder=other.folder))[0]
    loosen(store)
    shutil.rmtree(store / sealed.folder)
    assert "missing" in evidence.check(store, sealed)[0]


def test_sealed_files_and_folders_are_read_only(sealed: Evidence, store: Path) -> None:
    for path in [store / sealed.folder, *(store / sealed.folder).rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o222 == 0


# ------------------------------------------------------------------------------------------------------ killed midway

SEAL_AND_DIE = """
import os, sys
from pathlib import Path
sys.path[:0] = sys.argv[1:3]
import test_evidence

EVENTS = ("open", "os.rename", "os.chmod", "os.remove", "os.mkdir")
touches, deadly = 0, None

def touched(event, args):
    global touches
    if deadly is not None and event in EVENTS and root in repr(args):
        touches += 1
        if touches == deadly:
            os._exit(9)

sys.addaudithook(touched)
for number in range(1, 500, 3):
    root = str(Path(sys.argv[3], str(number)))
    if not (child := os.fork()):
        deadly = number
        test_evidence.sealed_in(Path(root))
        os._exit(0)
    if os.waitpid(child, 0)[1] == 0:
        break
"""


def test_killed_at_any_touch_of_the_disk_it_seals_again(tmp_path: Path) -> None:
    """A process of its own seals again and again, each time dying three touches of the disk later, until it lives."""
    here = Path(__file__).parent
    subprocess.run([sys.executable, "-c", SEAL_AND_DIE, here, here.parent, tmp_path], check=True)
    roots = sorted(tmp_path.iterdir(), key=lambda path: int(path.name))
    assert len(roots) > 20
    left = [root for root in roots if list(root.glob("store/*/*/ev1"))]
    assert 1 < len(left) < len(roots)
    for root in roots:
        shutil.rmtree(root / "spool", ignore_errors=True)
        sealed = sealed_in(root)
        assert evidence.check(root / "store", sealed) == []
        assert [stat.S_IMODE(path.stat().st_mode) for path in root.glob("store/*/*/*")] == [0o500]


def test_half_sealed_files_in_the_spool_are_replaced(tmp_path: Path) -> None:
    spool = a_spool(tmp_path)
    for name in ("manifest.json", "SHA256SUMS", "comment.json", "transcript.txt"):
        (spool / name).write_text("half")
        (spool / name).chmod(0o400)
    sealed = evidence.seal(spool, tmp_path / "store", id="ev1", subject=SUBJECT, capture=a_capture(), now=later(60))
    assert evidence.check(tmp_path / "store", sealed) == []


def test_sealing_again_gives_back_what_was_sealed(sealed: Evidence, store: Path, tmp_path: Path) -> None:
    """Also in another month, before it was made read-only, and whatever the later capture came to: the first counts."""
    (store / sealed.folder).chmod(0o750)
    later_capture = a_capture(quality=Quality.PARTIAL, captured_at=NOON + timedelta(days=40))
    assert sealed_in(tmp_path, capture=later_capture) == sealed
    assert stat.S_IMODE((store / sealed.folder).stat().st_mode) == 0o500
    assert not (tmp_path / "spool" / "ev1").exists()
    assert evidence.check(store, sealed) == []


def test_a_name_is_never_given_to_other_words_nor_to_changed_files(
    sealed: Evidence, store: Path, tmp_path: Path
) -> None:
    with pytest.raises(SealBroken, match="another wording"):
        sealed_in(tmp_path, a_subject("Other words."))
    loosen(store / sealed.folder)
    (store / sealed.folder / "raw.json").write_bytes(b"{}")
    with pytest.raises(SealBroken, match="has been changed"):
        sealed_in(tmp_path)


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "*", "new\nline"])
def test_a_name_is_a_plain_word(tmp_path: Path, name: str) -> None:
    with pytest.raises(SealBroken, match="cannot be called"):
        evidence.seal(
            a_spool(tmp_path), tmp_path / "store", id=name, subject=SUBJECT, capture=a_capture(), now=later(60)
        )


def test_links_are_not_sealed(tmp_path: Path) -> None:
    spool = a_spool(tmp_path)
    (spool / "passwd").symlink_to("/etc/passwd")
    with pytest.raises(SealBroken, match="neither a file nor a folder"):
        evidence.seal(spool, tmp_path / "store", id="ev1", subject=SUBJECT, capture=a_capture(), now=later(60))


def test_old_leftovers_are_swept_and_young_ones_stay(tmp_path: Path) -> None:
    old, young = a_spool(tmp_path, "old"), a_spool(tmp_path, "young")
    (tmp_path / "spool" / "stray").write_text("x")
    for path in (old, tmp_path / "spool" / "stray"):
        os.utime(path, (NOON.timestamp(), NOON.timestamp()))
    os.utime(young, (later(3000).timestamp(), later(3000).timestamp()))
    assert evidence.sweep(tmp_path / "spool", later(3601)) == ["old", "stray"]
    assert [path.name for path in (tmp_path / "spool").iterdir()] == ["young"]
    assert evidence.sweep(tmp_path / "nowhere", later(3601)) == []


# ------------------------------------------------------------------------------------------------------ in the database


def test_recorded_evidence_has_its_row_and_its_line(db: Database, sealed: Evidence) -> None:
    subject = SUBJECT.comment
    with db.begin() as tx:
        records.observe(tx, a_batch(PARENT, subject), account=an_account(), now=NOON)
        assert evidence.count(tx, subject.ref, subject.revision) == 0
        evidence.record(tx, sealed, later(90))
    with db.read() as tx:
        line = next(iter(ledger.entries(tx, kinds=["evidence.sealed"])))
        assert line.ref == subject.ref
        assert line.detail["manifest"] == sealed.manifest
        assert evidence.count(tx, subject.ref, subject.revision) == 1
        assert evidence.count(tx, subject.ref, "00" * 32) == 0
        assert ledger.verify_chain(tx) == []


# --------------------------------------------------------------------------------------------------- with a real camera


@pytest.fixture(scope="module")
def camera() -> Iterator[Camera]:
    with Camera(BrowserSettings(), "9.9") as camera:
        yield camera


def test_a_real_capture_is_sealed_whole(camera: Camera, tmp_path: Path) -> None:
    subject = a_subject(TEXT, "Call 555-0100", author=an_author(name="مستخدم تجريبي"))
    spool = tmp_path / "spool" / "real"
    capture = camera.capture(subject, ("record",), spool, now=NOON)
    sealed = evidence.seal(spool, tmp_path / "store", id="real", subject=subject, capture=capture, now=later(1))
    assert sealed.quality is Quality.FULL
    assert evidence.check(tmp_path / "store", sealed) == []
    assert evidence.picture(tmp_path / "store", sealed).read_bytes().startswith(b"\x89PNG\r\n")
    steps = json.loads((tmp_path / "store" / sealed.folder / "capture.json").read_text())["steps"]
    assert [step["step"] for step in steps][:4] == ["open", "render", "find the comment", "prove"]
