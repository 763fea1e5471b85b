"""Sealed evidence and media are copied to a bucket and read back; what fails waits, is told, and holds nothing up."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from city import City
from s3 import ACCESS, REGION, S3, SECRET
from test_digest import digests, text_of

from archive import copies, evidence, ledger, media
from archive.files import sha256_of
from archive.verify import verify
from bot import copying, troubles
from bot.copying import place
from bot.status import status_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from archive.capture import Camera
    from archive.verify import Report
    from bot.domain.types import Evidence

    Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def server() -> Iterator[S3]:
    with S3() as s3:
        yield s3


@pytest.fixture
def s3(server: S3) -> Iterator[S3]:
    yield server
    server.before = lambda _method, _path, body: body


@pytest.fixture
def name(s3: S3, tmp_path: Path) -> str:
    """A bucket of the test's own."""
    return s3.make_bucket(f"evidence-{abs(hash(tmp_path))}")


@pytest.fixture
def city(tmp_path: Path, camera: Camera, s3: S3, name: str) -> Iterator[City]:
    """A city in which one comment is captured and sealed, and nothing copied yet."""
    store = {"bucket": name, "region": REGION, "endpoint": s3.url, "credential": "bucket", "mode": "COMPLIANCE"}
    store |= {"media": False}
    with City(tmp_path, camera, evidence_store=store | {"retain_days": 3650, "timeout_seconds": 5}) as city:
        file = tmp_path / "credentials" / "bucket"
        file.touch(mode=0o600)
        file.write_text(json.dumps({"access_key": ACCESS, "secret_key": SECRET}))
        comment = city.write("youtube")
        city.up_to_secured()
        assert city.state(comment) == "secured"
        yield city


def copy(city: City) -> int:
    return copying.copy(city.settings, city.parts.database, city.clock)


def sealed(city: City) -> Evidence:
    with city.parts.database.read() as tx:
        ref = next(ledger.entries(tx, kinds=["evidence.sealed"])).ref
        assert ref
        found = evidence.latest(tx, ref)
    assert found
    return found


def folder(city: City) -> Path:
    return city.settings.evidence_folder / sealed(city).folder


def stands(city: City) -> copies.Standing:
    assert city.settings.evidence_store
    with city.parts.database.read() as tx:
        return copies.standing(tx, place(city.settings.evidence_store).name)


def lines(city: City, *kinds: str) -> list[ledger.Entry]:
    with city.parts.database.read() as tx:
        return list(ledger.entries(tx, kinds=kinds))


def check(city: City, *, read: bool = False, bucket: bool = True) -> Report:
    store = city.settings.evidence_store
    assert store
    found = copying.open_bucket(city.settings, store) if bucket else None
    folders = (city.settings.evidence_folder, city.settings.media_folder)
    return verify(city.parts.database, *folders, now=city.clock(), bucket=found, read_bucket=read)


def remove(path: Path) -> None:
    """As the administrator may, to make room."""
    for each in [path, *path.rglob("*")]:
        each.chmod(0o700)
    shutil.rmtree(path)


# What goes well -------------------------------------------------------------------------------------------------------


def test_every_file_of_a_sealed_folder_is_copied_and_recorded(city: City, s3: S3, name: str) -> None:
    assert copy(city) == 1
    files = {path.relative_to(folder(city)).as_posix() for path in folder(city).rglob("*") if path.is_file()}
    assert set(s3.versions(name)) == {f"evidence/{sealed(city).folder}/{file}" for file in files}
    (line,) = lines(city, "copy.stored")
    assert (line.ref, line.detail["files"]) == (sealed(city).ref, len(files))
    assert (stands(city).waiting, copy(city)) == (0, 0)
    report = check(city, read=True)
    assert (report.problems, report.not_checked) == ([], [])
    assert report.checked["files in the bucket"] == len(files)


def test_media_is_copied_once_however_many_comments_came_with_it(city: City, s3: S3, name: str) -> None:
    assert city.settings.evidence_store
    store = city.settings.evidence_store.model_copy(update={"media": True})
    settings = city.settings.model_copy(update={"evidence_store": store})
    sha256 = media.store(city.settings.media_folder, b"one picture")
    for item in ("one", "two"):
        keep(city, item, sha256)
        copying.copy(settings, city.parts.database, city.clock)
    assert s3.versions(name)[f"media/{sha256[:2]}/{sha256}"] == 1
    assert [line.detail["unit"] for line in lines(city, "copy.stored")].count(f"media/{sha256}") == 1
    media.file_of(city.settings.media_folder, sha256).unlink()
    assert check(city).checked["media only in the bucket"] == 1


def keep(city: City, item: str, sha256: str) -> None:
    """Record a file that came with a comment, as the daemon does when it has fetched it."""
    from archive import tables

    row = {"ref": sealed(city).ref, "revision": item, "attachment": item, "sha256": sha256, "kind": "image/png"}
    row |= {"size": 11, "at": city.clock()}
    with city.parts.database.begin() as tx:
        ledger.append(tx, kind="media.kept", agent=ledger.DAEMON, at=city.clock(), rows=[(tables.media, row)])


def test_the_daemon_copies_by_itself(city: City) -> None:
    city.run()
    assert len(lines(city, "copy.stored")) == 1


def test_another_bucket_begins_at_the_beginning(city: City, s3: S3) -> None:
    assert copy(city) == 1
    assert city.settings.evidence_store
    other = s3.make_bucket("another-bucket")
    store = city.settings.evidence_store.model_copy(update={"bucket": other})
    assert (
        copying.copy(city.settings.model_copy(update={"evidence_store": store}), city.parts.database, city.clock) == 1
    )
    assert s3.versions(other)


# What goes wrong ------------------------------------------------------------------------------------------------------


def test_while_the_server_is_down_acting_goes_on_and_copying_waits(city: City, s3: S3) -> None:
    s3.stop()
    try:
        assert copy(city) == 0
        city.enforce()
        assert [str(line.kind) for line in lines(city, "case.enforced", "copy.failed")] == [
            "copy.failed",
            "case.enforced",
        ]
        assert copy(city) == 0  # not yet due
        assert stands(city).failures == 1
        for number in range(12):
            city.clock.move(hours=2)
            assert copy(city) == 0
            assert stands(city).failures == number + 2
        assert len(lines(city, "copy.failed")) == 2  # the first and the eleventh
    finally:
        s3.start()
    assert copy(city) == 0
    city.clock.move(hours=2)
    assert copy(city) == 1
    assert stands(city).why is None
    assert len(lines(city, "copy.answers")) == 1


def test_it_is_told_in_status_and_digest_and_to_on_call_staff_when_it_lasts(city: City, s3: S3) -> None:
    s3.stop()
    try:
        copy(city)
        assert watch(city) == []
        city.clock.move(minutes=31)
        copy(city)
        assert watch(city) == ["bucket"]
        with city.parts.database.read() as tx:
            said = status_of(tx, city.settings, city.clock())["bucket"]
        assert "NOTHING IS TAKEN" in said
        assert "1 folders or media files wait" in said
        assert any("evidence is not copied to the bucket" in text for text in city.alarms())
        city.make_digests()
        (told,) = digests(city)
        assert "Evidence could not be copied to the bucket" in text_of(told)
        assert "Something is wrong: evidence is not copied to the bucket" in text_of(told)
    finally:
        s3.start()
    city.clock.move(hours=2)
    copy(city)
    assert watch(city) == []


def watch(city: City) -> list[str]:
    with city.parts.database.begin() as tx:
        troubles.watch(tx, city.settings, city.clock())
        return [key for key in troubles.lasting(tx) if key.startswith("bucket")]


@pytest.mark.parametrize("told", ["{}", "not json", None])
def test_a_credential_that_does_not_do_is_told_and_waited_for(city: City, tmp_path: Path, told: str | None) -> None:
    file = tmp_path / "credentials" / "bucket"
    good = file.read_text()
    file.unlink() if told is None else file.write_text(told)
    assert copy(city) == 0
    assert "credential 'bucket'" in (stands(city).why or "")
    file.touch(mode=0o600)
    file.write_text(good)
    city.clock.move(minutes=1)
    assert copy(city) == 1


def test_a_wrong_credential_is_told_and_waited_for(city: City, s3: S3) -> None:
    s3.let_in_only()
    try:
        assert copy(city) == 0
        assert "InvalidAccessKeyId" in (stands(city).why or "")
    finally:
        s3.let_everybody_in()
    city.clock.move(minutes=1)
    assert copy(city) == 1


def test_a_bucket_without_object_lock_gets_nothing(city: City, s3: S3) -> None:
    assert city.settings.evidence_store
    plain = s3.make_bucket("a-plain-bucket", lock=False)
    store = city.settings.evidence_store.model_copy(update={"bucket": plain})
    settings = city.settings.model_copy(update={"evidence_store": store})
    assert copying.copy(settings, city.parts.database, city.clock) == 0
    assert s3.versions(plain) == {}
    (line,) = lines(city, "copy.failed")
    assert "does not lock objects" in line.detail["why"]


def test_what_is_spoilt_on_the_way_does_not_count(city: City, s3: S3) -> None:
    s3.before = lambda method, path, body: b"x" + body[1:] if method == "PUT" and path.endswith("comment.png") else body
    assert copy(city) == 0
    (stuck,) = stands(city).stuck
    assert "otherwise than it was sent" in stuck.why
    s3.before = lambda _method, _path, body: body
    city.clock.move(minutes=1)
    assert copy(city) == 1
    assert check(city, read=True).problems == []


def test_what_was_altered_on_the_disk_is_not_copied_and_told(city: City) -> None:
    picture = folder(city) / "comment.png"
    picture.chmod(0o600)
    picture.write_bytes(b"another picture")
    for number in range(1, 4):
        assert copy(city) == 0
        assert [(each.attempts, "as it was sealed" in each.why) for each in stands(city).stuck] == [(number, True)]
        assert stands(city).failures == 0  # the bucket itself is well
        assert watch(city) == (["bucket:stuck"] if number == 3 else [])
        city.clock.move(hours=1)


def test_killed_between_storing_and_recording_nothing_is_lost_or_stored_twice(city: City, s3: S3, name: str) -> None:
    """A real kill -9 while the last files are read back: they are stored, and nothing is recorded."""
    total = len([path for path in folder(city).rglob("*") if path.is_file()])
    for files in (total - 1, total):
        push_and_kill(city, s3, gets=1 + files)  # the first asks whether the bucket locks
        assert lines(city, "copy.stored") == []
    assert len(s3.versions(name)) == total
    assert copy(city) == 1
    assert set(s3.versions(name).values()) == {1}
    assert len(lines(city, "copy.stored")) == 1


def push_and_kill(city: City, s3: S3, *, gets: int) -> None:
    """Run `citymod bucket push` and kill it while the server answers the last of so many requests that fetch."""
    asked: list[str] = []
    program = f"from bot.cli import main; main(['bucket', 'push', '-c', {str(city.file)!r}])"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.DEVNULL) as process:

        def kill(method: str, path: str, body: bytes) -> bytes:
            asked.extend([path] if method == "GET" else [])
            if len(asked) == gets:
                process.kill()
            return body

        s3.before = kill
        assert process.wait(60) == -signal.SIGKILL
    s3.before = lambda _method, _path, body: body


# What verify finds ----------------------------------------------------------------------------------------------------


def behind_our_back(s3: S3, name: str, deed: str) -> str:
    key = next(key for key in s3.versions(name) if key.endswith("comment.png"))
    if deed == "overwritten":
        s3.admin.put_object(Bucket=name, Key=key, Body=b"another", ChecksumAlgorithm="SHA256")
    else:
        s3.admin.delete_object(Bucket=name, Key=key)
    return key


@pytest.mark.parametrize(
    ("deed", "said"), [("overwritten", "laid another version"), ("deleted", "marked it as deleted")]
)
def test_what_is_done_behind_our_back_is_told(city: City, s3: S3, name: str, deed: str, said: str) -> None:
    copy(city)
    assert check(city).problems == []
    key = behind_our_back(s3, name, deed)
    (problem,) = check(city).problems
    assert key in problem
    assert said in problem
    assert check(city, bucket=False).problems == []  # who does not ask the bucket does not hear of it


def test_a_version_that_is_gone_for_good_is_told(city: City, s3: S3, name: str) -> None:
    """Under GOVERNANCE whoever has the right to can remove a version."""
    assert city.settings.evidence_store
    store = city.settings.evidence_store.model_copy(update={"mode": "GOVERNANCE"})
    copying.copy(city.settings.model_copy(update={"evidence_store": store}), city.parts.database, city.clock)
    key = next(key for key in s3.versions(name) if key.endswith("raw.json"))
    version = s3.admin.head_object(Bucket=name, Key=key)["VersionId"]
    s3.admin.delete_object(Bucket=name, Key=key, VersionId=version, BypassGovernanceRetention=True)
    (problem,) = check(city).problems
    assert problem.endswith("raw.json: it is not there any more")


def test_what_was_removed_from_the_disk_is_told_as_only_in_the_bucket(city: City, tmp_path: Path) -> None:
    copy(city)
    remove(folder(city))
    report = check(city, bucket=False)
    assert report.problems == []
    (said,) = report.not_checked
    assert said == f"evidence: 1 only in the bucket, no longer on this disk: {sealed(city).id}"
    looked = check(city)
    assert (looked.problems, looked.not_checked) == ([], [])
    assert looked.checked["evidence only in the bucket"] == 1


def test_but_what_was_removed_in_part_or_never_copied_is_missing(city: City) -> None:
    picture = folder(city) / "comment.png"
    aside = folder(city).with_name("aside")
    folder(city).rename(aside)
    (problem,) = check(city, bucket=False).problems
    assert problem.endswith("manifest.json is missing")
    aside.rename(folder(city))
    copy(city)
    folder(city).chmod(0o700)
    picture.unlink()
    (problem,) = check(city, bucket=False).problems
    assert problem.endswith("comment.png is missing")


# Commands -------------------------------------------------------------------------------------------------------------


def test_push_show_and_fetch(city: City, citymod: Run, tmp_path: Path) -> None:
    code, said, _ = citymod("bucket", "show", "-c", city.file)
    assert (code, "Waiting  0" in said) == (0, True)  # nothing was taken in yet
    code, said, _ = citymod("bucket", "push", "-c", city.file)
    assert (code, said) == (0, "1 evidence folders and media files were copied and read back; 0 wait.\n")
    before = {path.name: sha256_of(path) for path in folder(city).rglob("*") if path.is_file()}
    remove(folder(city))
    target = tmp_path / "fetched"
    code, said, _ = citymod("bucket", "fetch", sealed(city).id, "--to", target, "-c", city.file)
    assert (code, said.strip().endswith("as they were sealed.")) == (0, True)
    assert {path.name: sha256_of(path) for path in target.rglob("*") if path.is_file()} == before
    assert subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=target, check=False).returncode == 0
    assert {path.stat().st_mode & 0o077 for path in [target, *target.rglob("*")]} == {0}


def test_verify_asks_the_bucket_if_told_to(city: City, citymod: Run, s3: S3, name: str) -> None:
    citymod("bucket", "push", "-c", city.file)
    code, said, _ = citymod("verify", "--bucket", "read", "-c", city.file)
    assert (code, "files in the bucket" in said) == (0, True)
    behind_our_back(s3, name, "deleted")
    code, _, told = citymod("verify", "--bucket", "look", "-c", city.file)
    assert (code, "marked it as deleted" in told) == (1, True)
    s3.stop()
    try:
        code, said, told = citymod("verify", "--bucket", "look", "-c", city.file)
        assert "not checked: bucket: " in told
    finally:
        s3.start()


def test_what_is_only_in_the_bucket_is_shown_and_certified_from_there(city: City, citymod: Run, tmp_path: Path) -> None:
    copy(city)
    kept = sealed(city)
    remove(folder(city))
    config = ("--config", city.file)
    code, said, problem = citymod("evidence", "show", kept.id, *config)
    assert code == 0, said + problem
    assert "fetched from the bucket" in said
    assert "every file is as it was sealed" in said
    assert citymod("evidence", "list", kept.ref, *config)[0] == 0
    assert citymod("evidence", "open", kept.id, "--page", tmp_path / "page.html", *config)[0] == 0
    picture = re.search(r'src="([^"]*comment.png)"', (tmp_path / "page.html").read_text())
    assert picture is not None
    assert Path(picture[1].removeprefix("file://")).is_file(), "the page shows what was fetched"
    code, said, problem = citymod("certificate", kept.ref, tmp_path / "drafts.html", *config)
    assert code == 0, said + problem
    assert kept.manifest in (tmp_path / "drafts.html").read_text()
    assert not folder(city).exists(), "the archive itself stays as it is"


def test_what_comes_back_from_the_bucket_otherwise_is_neither_shown_nor_certified(
    city: City, citymod: Run, s3: S3, name: str, tmp_path: Path
) -> None:
    copy(city)
    kept = sealed(city)
    remove(folder(city))
    with city.parts.database.read() as tx:
        row = next(row for row in copies.of_unit(tx, copies.of_evidence(kept.id)) if "transcript" in row.path)
    s3.spoil(name, row.key)
    config = ("--config", city.file)
    for words in (
        ("evidence", "show", kept.id),
        ("evidence", "open", kept.id, "--page", tmp_path / "page.html"),
        ("certificate", kept.ref, tmp_path / "drafts.html"),
    ):
        code, _, problem = citymod(*words, *config)
        assert code != 0
        assert "not as it was sealed" in problem
    assert list(tmp_path.glob("*.html")) == []


def test_push_says_what_is_wrong(city: City, citymod: Run, s3: S3) -> None:
    s3.stop()
    try:
        code, _, told = citymod("bucket", "push", "-c", city.file)
        assert (code, "cannot be reached" in told) == (1, True)
        code, said, _ = citymod("bucket", "show", "-c", city.file)
        assert (code, "FAILING" in said) == (1, True)
    finally:
        s3.start()


def test_without_a_bucket_the_commands_say_so(tmp_path: Path, camera: Camera, citymod: Run) -> None:
    with City(tmp_path, camera) as city:
        for words in (("bucket", "show"), ("bucket", "push"), ("verify", "--bucket", "look")):
            code, _, told = citymod(*words, "-c", city.file)
            assert (code, "name no bucket" in told) == (2, True)
