"""What has passed all checks is not tried out again; whatever differs, or is not surely known, is."""

from __future__ import annotations

import stat
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from build import a_rule, write_pack
from shipped import APPROVED_ON, policy

from rules import passed as module
from rules.load import Approvals, FileProblems, load_pack, shipped_models
from rules.passed import Passed, key_of

if TYPE_CHECKING:
    from pathlib import Path

    from rules.model import Pack

UNMET = {"match": ["never met", "nor this"], "near_miss": ["zyzzy"], "no_match": ["one", "two"]}


def good() -> dict[str, Any]:
    return a_rule([{"phrase": ["zyzzyvas"]}])


def bad() -> dict[str, Any]:
    return a_rule([{"phrase": ["zyzzyvas"]}], id="b-rule", examples=UNMET)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "packs-passed"


def load(path: Path, file: Path, approvals: Approvals | None = None) -> Pack:
    known = Passed(file)
    pack = load_pack(path, policy(), None, approvals, passed=known)
    known.save()
    return pack


def key(path: Path) -> bytes:
    return key_of(path.read_bytes(), policy(), {}, shipped_models())


def test_the_checks_of_a_known_pack_are_left_out(tmp_path: Path, file: Path) -> None:
    path = write_pack(tmp_path, bad(), id="bad")
    with pytest.raises(FileProblems, match="does not match"):
        load(path, file)
    known = Passed(file)
    known.add(key(path))
    known.save()
    assert load(path, file).id == "bad"


def test_a_pack_that_fails_is_not_remembered(tmp_path: Path, file: Path) -> None:
    path = write_pack(tmp_path, bad())
    for _ in range(2):
        with pytest.raises(FileProblems, match="does not match"):
            load(path, file)
    assert not file.exists()


def test_a_pack_that_passed_is_remembered_for_its_owner_alone(tmp_path: Path, file: Path) -> None:
    load(write_pack(tmp_path, good()), file)
    assert len(file.read_bytes().split()) == 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_an_altered_pack_is_tried_out_again(tmp_path: Path, file: Path) -> None:
    load(write_pack(tmp_path, good()), file)
    with pytest.raises(FileProblems, match="does not match"):
        load(write_pack(tmp_path, good(), bad()), file)


@pytest.mark.parametrize("damage", [bytes.upper, lambda kept: kept[1:], lambda _: b"\xff\0\n" * 9, lambda _: b""])
def test_a_damaged_file_costs_time_alone(tmp_path: Path, file: Path, damage: Any) -> None:
    path = write_pack(tmp_path, bad())
    known = Passed(file)
    known.add(key(path))
    known.save()
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(FileProblems, match="does not match"):
        load(path, file)


def test_a_file_that_cannot_be_read_or_written_costs_time_alone_and_is_told(tmp_path: Path, file: Path) -> None:
    file.mkdir()
    path = write_pack(tmp_path, good())
    known = Passed(file)
    assert "cannot be read" in known.why
    assert load_pack(path, policy(), None, None, passed=known).rules
    known.save()
    assert "cannot be written" in known.why
    assert [left.name for left in tmp_path.iterdir() if left.name.startswith(file.name)] == [file.name]
    file.rmdir()
    load(path, file)
    assert not Passed(file).why


def test_what_is_remembered_approves_nothing(tmp_path: Path, file: Path) -> None:
    path = write_pack(tmp_path, good())
    load(path, file, Approvals.assume("a tester", APPROVED_ON, [path]))
    assert load(path, file, Approvals.assume("a tester", APPROVED_ON, [path])).in_force
    assert not load(path, file, Approvals()).in_force


def test_what_is_no_longer_used_is_forgotten(tmp_path: Path, file: Path) -> None:
    one = write_pack(tmp_path, good(), id="one")
    other = write_pack(tmp_path, good(), id="other")
    load(one, file)
    load(other, file)
    known = Passed(file)
    assert (known.has(key(one)), known.has(key(other))) == (False, True)


def test_another_policy_makes_another_key(tmp_path: Path) -> None:
    body = write_pack(tmp_path, good()).read_bytes()
    assert key_of(body, policy(), {}, {}) != key_of(body, replace(policy(), never_named=()), {}, {})


def test_another_program_makes_another_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "engine.py"
    source.write_text("one = 1\n", "utf-8")
    monkeypatch.setattr(module, "_PROGRAM", (tmp_path,))
    monkeypatch.setattr(module, "_program", module._program.__wrapped__)
    before = key_of(b"", policy(), {}, {})
    assert before == key_of(b"", policy(), {}, {})
    source.write_text("one = 2\n", "utf-8")
    assert before != key_of(b"", policy(), {}, {})
