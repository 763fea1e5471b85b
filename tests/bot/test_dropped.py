"""The drop folder: what lies there becomes a comment or a task, and is never lost."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import TYPE_CHECKING

import pytest
from city import HARMLESS, City
from PIL import Image

from archive import cases, handwork, ledger, records, uploads
from bot import digest, dropped, tasks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from archive.capture import Camera

HEAD = "account: snapchat:city\nurl: https://snapchat.com/p/1\nauthor: pat\nseen: 2020-11-20 08:00\n"
FORM = f"{HEAD}text:\n{HARMLESS}\nend:\n"


@pytest.fixture
def town(tmp_path: Path, camera: Camera) -> Iterator[City]:
    account = {"platform": "snapchat", "id": "city", "name": "City of Fountains", "mode": "review"}
    with City(tmp_path, camera, accounts=[account], drop_folder="drop") as city:
        (tmp_path / "drop").mkdir()
        yield city


@pytest.fixture
def drop(town: City) -> Path:
    folder = town.settings.drop_folder
    assert folder is not None
    return folder


def settle(city: City, folder: Path, seconds: float = 60) -> None:
    """Let everything in the folder have been left alone for that long."""
    at = city.clock().timestamp() - seconds
    for path in [*folder.rglob("*")]:
        os.utime(path, (at, at), follow_symlinks=False)


def waiting(city: City) -> list[tasks.Task]:
    with city.parts.database.read() as tx:
        return [task for task in tasks.waiting(tx, city.settings, city.clock()) if task.name.startswith("file:")]


def a_comment(folder: Path, form: str = FORM) -> Path:
    folder.mkdir()
    (folder / "comment.txt").write_text(form, encoding="utf-8")
    Image.new("RGB", (40, 30), "white").save(folder / "shot.png")
    return folder


def test_a_folder_with_a_form_is_a_comment_with_its_pictures(town: City, drop: Path) -> None:
    shot = (a_comment(drop / "first") / "shot.png").read_bytes()
    settle(town, drop)
    assert dropped.take_in(town.parts, town.clock()) == 1
    with town.parts.database.read() as tx:
        (case,) = list(cases.every(tx))
        assert records.comment(tx, case.ref).text == HARMLESS
        assert [each.picture.body for each in uploads.of(tx, case.ref, case.revision)] == [shot]
    assert waiting(town) == []
    assert [path.name for path in drop.iterdir()] == ["taken"]
    assert len(list((drop / "taken").rglob("shot.png"))) == 1


def test_whatever_else_lies_there_is_kept_and_becomes_a_task(town: City, drop: Path) -> None:
    (drop / "mydata.zip").write_bytes(b"PK\x03\x04")
    (drop / "more" / "deep").mkdir(parents=True)
    (drop / "more" / "deep" / "note.txt").write_text("look at this", encoding="utf-8")
    (drop / "link").symlink_to("/etc/hostname")
    elsewhere = drop.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "secret.txt").write_text("not to be read", encoding="utf-8")
    (drop / "more" / "place").symlink_to(elsewhere)
    settle(town, drop)
    assert dropped.take_in(town.parts, town.clock()) == 3
    found = waiting(town)
    names = {task.what.partition(": ")[2] for task in found}
    assert names == {"mydata.zip", "more/deep/note.txt", "more/place", "link"}
    with town.parts.database.read() as tx:
        bodies = {each.title: handwork.body_of(tx, each.id) for each in handwork.unattended(tx)}
    assert bodies == {
        "mydata.zip": b"PK\x03\x04",
        "more/deep/note.txt": b"look at this",
        "more/place": str(elsewhere).encode(),
        "link": b"/etc/hostname",
    }
    assert [path.name for path in drop.iterdir()] == ["taken"]


@pytest.mark.parametrize("form", ["hello", FORM.replace("snapchat:city", "x:1"), FORM.replace("end:", "")])
def test_a_form_that_cannot_be_entered_is_a_task_with_all_its_files(town: City, drop: Path, form: str) -> None:
    a_comment(drop / "first", form)
    settle(town, drop)
    dropped.take_in(town.parts, town.clock())
    found = waiting(town)
    assert len(found) == 2
    assert all(task.steps[0].startswith("Not entered as a comment: ") for task in found)


def test_what_is_still_being_copied_is_left_alone(town: City, drop: Path) -> None:
    a_comment(drop / "first")
    settle(town, drop)
    at = town.clock().timestamp() - 1
    os.utime(drop / "first" / "shot.png", (at, at))
    assert dropped.take_in(town.parts, town.clock()) == 0
    town.clock.move(seconds=30)
    assert dropped.take_in(town.parts, town.clock()) == 1


def test_killed_before_it_is_moved_it_is_known_next_time(town: City, drop: Path) -> None:
    for _ in range(2):
        (drop / "export.json").write_text("{}", encoding="utf-8")
        a_comment(drop / "first")
        settle(town, drop)
        dropped.take_in(town.parts, town.clock())
    assert len(waiting(town)) == 1
    with town.parts.database.read() as tx:
        assert records.counts(tx)["revisions"] == 1
    assert len(list((drop / "taken").iterdir())) == 4


def test_a_large_file_stays_where_its_hash_says(town: City, drop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dropped, "MOST_KEPT", 3)
    (drop / "export.zip").write_bytes(b"four")
    settle(town, drop)
    dropped.take_in(town.parts, town.clock())
    (task,) = waiting(town)
    assert "too large, kept in taken/" in task.steps[0]
    (kept,) = (drop / "taken").iterdir()
    assert kept.read_bytes() == b"four"


def test_what_cannot_be_read_is_told_and_holds_up_nothing(town: City, drop: Path) -> None:
    with socket.socket(socket.AF_UNIX) as socket_, contextlib.chdir(drop):
        socket_.bind("a")  # looks like a file and cannot be opened, not even by root
    (drop / "b.txt").write_text("x", encoding="utf-8")
    settle(town, drop)
    assert dropped.take_in(town.parts, town.clock()) == 1
    assert dropped.take_in(town.parts, town.clock()) == 0
    assert len(waiting(town)) == 1
    with town.parts.database.read() as tx:
        (line,) = ledger.entries(tx, kinds=("dropped.failed",))
        told = digest.fold(tx, town.settings, town.settings.pios[0], town.clock()).trouble
    assert line.detail["why"] == "a: No such device or address"
    assert len(told) == 1
