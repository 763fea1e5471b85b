"""Backups each night: checked, next to the ones before, thinned out by the rule, and a failure calls people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from city import City
from hypothesis import given
from hypothesis import strategies as st

from archive import ledger
from archive.backup import restore
from bot import backups, digest
from bot.settings import Backup

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archive.capture import Camera


@pytest.fixture
def kept(tmp_path: Path, camera: Camera) -> Iterator[City]:
    rule = {"folder": str(tmp_path / "backups"), "days": 3, "weeks": 0, "months": 0}
    with City(tmp_path / "city", camera, backup=rule) as city:
        city.write("facebook")
        city.run()
        yield city


def night(city: City) -> bool:
    city.clock.move(hours=24)
    return backups.back_up_due(city.parts, city.clock)


def folders(city: City) -> list[Path]:
    assert city.settings.backup is not None
    return backups.finished(city.settings.backup.folder)


def test_one_a_night_and_each_can_be_put_back(kept: City, tmp_path: Path) -> None:
    assert not backups.back_up_due(kept.parts, kept.clock), "the first night is still to come"
    assert night(kept)
    assert not backups.back_up_due(kept.parts, kept.clock)
    kept.write("youtube")
    kept.run()
    assert night(kept)
    first, second = folders(kept)
    picture = next((first / "evidence").rglob("comment.png"))
    assert picture.stat().st_ino == (second / picture.relative_to(first)).stat().st_ino, "what is there is not copied"
    new = tmp_path / "new"
    place = backups.place(kept.settings.model_copy(update={"data": new}))
    assert restore(second, place, now=kept.clock()).passed
    assert len(list((new / "evidence").rglob("comment.png"))) == 2


def test_old_ones_go_and_that_is_told(kept: City) -> None:
    for _ in range(6):
        night(kept)
    assert len(folders(kept)) == 4, "those of the last three days, and today's"
    with kept.parts.database.read() as tx:
        gone = [line.detail["backups"] for line in ledger.entries(tx, kinds=(backups.THINNED,))]
        said = digest.fold(tx, kept.settings, kept.settings.pios[0], kept.clock())
    assert [len(names) for names in gone] == [1, 1]
    assert any("Old backups were let go" in line for line in said.keeping)


def test_what_is_not_a_finished_backup_is_left_alone(kept: City) -> None:
    assert kept.settings.backup is not None
    other = kept.settings.backup.folder / "2020-01-01T000000Z"
    other.mkdir(parents=True)
    (other / "diary.txt").write_text("not ours")
    unfinished = kept.settings.backup.folder / "2026-11-01T000000Z.part"
    unfinished.mkdir()
    assert night(kept)
    assert (other / "diary.txt").exists()
    assert not unfinished.exists(), "what a kill left over"


def test_a_damaged_file_fails_the_backup_keeps_the_others_and_calls_people(kept: City) -> None:
    for _ in range(4):
        night(kept)
    before = folders(kept)
    picture = next(kept.settings.evidence_folder.rglob("comment.png"))
    inside = before[-1] / "evidence" / picture.relative_to(kept.settings.evidence_folder)
    body = bytearray(inside.read_bytes())
    body[-1] ^= 1
    inside.write_bytes(body)
    assert night(kept), "it was tried"
    assert folders(kept) == before, "nothing is let go on such a night"
    assert any("tonight's backup failed" in mail and "comment.png" in mail for mail in kept.alarms())
    with kept.parts.database.read() as tx:
        assert "FAILED" in next(backups.told(tx, kept.settings))
    assert not backups.back_up_due(kept.parts, kept.clock), "it is tried again tomorrow"


NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


@given(days=st.integers(1, 9), weeks=st.integers(0, 6), months=st.integers(0, 13), count=st.integers(1, 500))
def test_the_rule(days: int, weeks: int, months: int, count: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    wanted = Backup.model_validate({"folder": "/b", "days": days, "weeks": weeks, "months": months})
    made = [NOW - timedelta(days=back) for back in range(count)]
    kept = sorted(set(made) - backups.superfluous(made, wanted, NOW))
    assert made[0] in kept
    assert {at for at in made if NOW - at <= timedelta(days=days)} <= set(kept)
    assert len(kept) <= days + 1 + weeks + 1 + months + 1
    firsts = {(at.year, at.month): at for at in made}  # the oldest of each month, since the newest come first
    for (year, month), first in firsts.items():
        if (NOW.year - year) * 12 + NOW.month - month <= months:
            assert first in kept
    assert backups.superfluous(kept, wanted, NOW) == set(), "thinning twice is thinning once"
