"""The ledger's witnesses at work: roots, time stamps, digests, and an outsider with stock tools."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from city import City

from archive import ledger, witnesses
from archive.verify import verify
from bot import nightly, witnessing
from connectors.standin.authority import Authority

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archive.capture import Camera

Run = "Callable[..., tuple[int, str, str]]"


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Authority, Authority]]:
    folder = tmp_path_factory.mktemp("authorities")
    with Authority(folder / "one") as one, Authority(folder / "two") as two:
        yield one, two


@pytest.fixture
def stamped(tmp_path: Path, camera: Camera, authorities: tuple[Authority, Authority]) -> Iterator[City]:
    """A city whose ledger and evidence two authorities stamp; a comment was hidden yesterday."""
    named = [{"url": one.url, "certificate": str(one.certificate)} for one in authorities]
    with City(tmp_path, camera, timestamps={"authorities": named, "each_manifest": True}) as city:
        for one in authorities:
            one.down = False
        city.write("youtube")
        city.up_to_secured()
        city.clock.move(days=1)
        yield city


def _witness(city: City) -> int:
    return witnessing.witness(city.parts, city.clock)


def _tool(folder: Path, *words: str) -> str:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_an_outsider_checks_a_day_with_stock_tools(stamped: City, citymod: Run, tmp_path: Path) -> None:
    assert _witness(stamped) == 4, "a day and a manifest, by two authorities each"
    day = f"{stamped.clock.now.date().replace(day=20)}"
    target = tmp_path / "for the court"
    code, out, err = citymod("witness", "export", day, target, "--config", stamped.file)
    assert (code, err) == (0, ""), out
    _tool(target, "sha256sum", "--strict", "--quiet", "-c", "SHA256SUMS")
    assert "lines.txt: OK" in _tool(target, "sha256sum", "--strict", "-c", "root.txt")
    commands = [line.split() for line in (target / "README.txt").read_text().splitlines() if "openssl ts" in line]
    assert len(commands) == 4
    for command in commands:
        assert "Verification: OK" in _tool(target, *command)
    chain = (target / "README.txt").read_text().split("To follow the chain:")[1].split("The Merkle root")[0]
    assert _tool(target, "sh", "-c", chain) == ""
    lines = (target / "lines.txt").read_text().splitlines()
    (target / "lines.txt").write_text("\n".join(lines[:3] + lines[4:]) + "\n")
    assert "broken at" in _tool(target, "sh", "-c", chain)
    failed = subprocess.run(("sha256sum", "-c", "root.txt"), cwd=target, capture_output=True, check=False)
    assert failed.returncode == 1


def test_an_altered_root_no_longer_fits_its_stamp(stamped: City, citymod: Run, tmp_path: Path) -> None:
    _witness(stamped)
    target = tmp_path / "out"
    citymod("witness", "export", "2026-11-20", target, "--config", stamped.file)
    document = (target / "root.txt").read_text()
    (target / "root.txt").write_text(document.replace("merkle root ", "merkle root 0"))
    words = ("openssl", "ts", "-verify", "-data", "root.txt", "-in", "stamp-1.tsr", "-CAfile", "stamp-1.pem")
    assert subprocess.run(words, cwd=target, capture_output=True, check=False).returncode != 0


def test_verify_checks_roots_and_stamps(stamped: City, citymod: Run) -> None:
    _witness(stamped)
    code, out, _ = citymod("verify", "--json", "--config", stamped.file)
    report = json.loads(out)
    assert (code, report["problems"], report["not_checked"]) == (0, [], [])
    assert (report["checked"]["days"], report["checked"]["time stamps"]) == (1, 4)
    authority = stamped.settings.timestamps.authorities[1] if stamped.settings.timestamps else None
    assert authority
    swapped = {
        **stamped.settings.trusted,
        authority.url: stamped.settings.trusted[next(iter(stamped.settings.trusted))],
    }
    report_ = verify(
        stamped.parts.database,
        stamped.settings.evidence_folder,
        stamped.settings.media_folder,
        now=stamped.clock(),
        trusted=swapped,
    )
    assert len(report_.problems) == 2, "the other authority's root did not sign these"


def test_an_authority_that_fails_is_told_and_asked_again(
    stamped: City, authorities: tuple[Authority, Authority], citymod: Run
) -> None:
    authorities[1].down = True
    assert _witness(stamped) == 2
    assert _witness(stamped) == 0
    asked = authorities[1].answered
    said = citymod("status", "--config", stamped.file)[1]
    assert f"Time stamps by {authorities[0].url}: all there" in said
    assert f"Time stamps by {authorities[1].url}: 2 still to come; FAILED 1 time(s), asked again at" in said
    assert "HTTP 503" in said
    text = citymod("digest", "--preview", "--config", stamped.file)[1]
    assert f"* Time stamps by {authorities[1].url}: 2 still to come; FAILED" in text
    assert "A time-stamping authority gave no stamp" in text
    authorities[1].down = False
    assert _witness(stamped) == 0, "it is asked again, but not at once"
    assert authorities[1].answered == asked
    stamped.clock.move(minutes=6)
    assert _witness(stamped) == 2
    assert "FAILED" not in citymod("status", "--config", stamped.file)[1]
    with stamped.parts.database.read() as tx:
        assert ledger.last(tx, ["stamp.answers"]) is not None


def test_a_stamp_by_somebody_else_is_not_kept(
    tmp_path: Path, camera: Camera, authorities: tuple[Authority, Authority]
) -> None:
    one, two = authorities
    named = [{"url": one.url, "certificate": str(two.certificate)}]
    with City(tmp_path, camera, timestamps={"authorities": named}) as city:
        one.down = False
        city.clock.move(days=1)
        assert _witness(city) == 0
        with city.parts.database.read() as tx:
            standing = witnesses.standing(tx, one.url)
        assert standing is not None
        assert "no time stamp of these bytes by a trusted authority" in standing.why


def test_the_root_is_printed_in_both_forms_of_the_digest(stamped: City) -> None:
    _witness(stamped)
    stamped.make_digests()
    with stamped.parts.database.read() as tx:
        root = witnesses.last_root(tx)
    assert root is not None
    mails = [path.read_text() for path in stamped.sink.folder.glob("*.eml") if "digest no." in path.read_text()]
    flat = "".join(mails).replace("=\n", "")
    assert flat.count(root.root) == 2
    assert flat.count("stamped by") == 2


def test_without_an_authority_roots_are_taken_all_the_same(city: City, citymod: Run) -> None:
    city.clock.move(days=1)
    assert _witness(city) == 0
    said = citymod("status", "--config", city.file)[1]
    assert "Root of the ledger: 2026-11-20 " in said
    assert "the settings name no authority" in said
    assert "2026-11-20" in citymod("witness", "list", "--config", city.file)[1]
    code, _, err = citymod("witness", "export", "2026-11-29", city.settings.data / "x", "--config", city.file)
    assert (code, "has no root" in err) == (2, True)


# Each night -----------------------------------------------------------------------------------------------------------


def test_the_archive_is_checked_once_a_night_and_status_says_so(city: City, citymod: Run) -> None:
    assert not nightly.check_due(city.parts, city.clock), "nothing is a night old yet"
    city.clock.move(days=1)
    assert nightly.check_due(city.parts, city.clock)
    assert not nightly.check_due(city.parts, city.clock)
    said = citymod("status", "--config", city.file)[1]
    assert "from 2026-11-19 on: passed" in said
    city.clock.move(days=1)
    assert nightly.check_due(city.parts, city.clock)
    assert "all of it: passed" in citymod("status", "--config", city.file)[1], "the 22nd is a Sunday"


def test_a_night_that_finds_something_is_not_to_be_missed(city: City, citymod: Run) -> None:
    city.write("youtube")
    city.up_to_secured()
    folder = next(city.settings.evidence_folder.glob("*/*/*"))
    shutil.copy(folder / "comment.png", city.settings.data / "kept.png")
    (folder / "comment.png").chmod(0o600)
    (folder / "comment.png").write_bytes(b"another picture")
    city.clock.move(days=1)
    nightly.check_due(city.parts, city.clock)
    (alarm,) = city.alarms()
    assert "The archive is not as it was written" in alarm
    assert "comment.png is not as it was sealed" in alarm.replace("=\n", "")
    assert (
        "* THE ARCHIVE IS NOT AS IT WAS WRITTEN (1 problem(s))"
        in citymod("digest", "--preview", "--config", city.file)[1]
    )
    assert "FAILED: evidence" in citymod("status", "--config", city.file)[1]
